/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/rtc_time.c */
#include "devices/legacy/rtc_time.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

TestSuite(rtc_time, .timeout = 10);

/* 2024-02-29 12:34:56 UTC, a Thursday. */
#define LEAP_DAY INT64_C(1709210096)

struct sample {
	uint8_t register_b;
	int64_t seconds;
	struct rtc_date date;
};

ParameterizedTestParameters(rtc_time, date_goes_both_ways)
{
	static struct sample samples[] = {
		{ RTC_B_24H, LEAP_DAY, { 0x56, 0x34, 0x12, 5, 0x29, 2, 0x24, 0x20 } },
		{ RTC_B_24H | RTC_B_BINARY, LEAP_DAY, { 56, 34, 12, 5, 29, 2, 24, 20 } },
		/* Noon and midnight are where 12 hours go wrong. */
		{ 0, LEAP_DAY, { 0x56, 0x34, 0x92, 5, 0x29, 2, 0x24, 0x20 } },
		{ 0, LEAP_DAY - 12 * 3600, { 0x56, 0x34, 0x12, 5, 0x29, 2, 0x24, 0x20 } },
		{ RTC_B_BINARY, LEAP_DAY + 3600, { 56, 34, 0x81, 5, 29, 2, 24, 20 } },
		{ RTC_B_24H, 0, { 0, 0, 0, 5, 1, 1, 0x70, 0x19 } },
		{ RTC_B_24H, INT64_C(4102444800), { 0, 0, 0, 6, 1, 1, 0, 0x21 } }, /* 2100 */
	};

	return cr_make_param_array(struct sample, samples, sizeof(samples) / sizeof(samples[0]));
}

ParameterizedTest(struct sample *sample, rtc_time, date_goes_both_ways)
{
	struct rtc_date date;

	rtc_date_from_seconds(&date, sample->seconds, sample->register_b);
	cr_assert(eq(u8, date.second, sample->date.second));
	cr_assert(eq(u8, date.minute, sample->date.minute));
	cr_assert(eq(u8, date.hour, sample->date.hour));
	cr_assert(eq(u8, date.weekday, sample->date.weekday));
	cr_assert(eq(u8, date.day, sample->date.day));
	cr_assert(eq(u8, date.month, sample->date.month));
	cr_assert(eq(u8, date.year, sample->date.year));
	cr_assert(eq(u8, date.century, sample->date.century));
	cr_assert(eq(i64, rtc_date_to_seconds(&date, sample->register_b), sample->seconds));
}

Test(rtc_time, nonsense_is_taken_as_far_as_it_goes)
{
	const struct rtc_date nonsense = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	for (unsigned b = 0; b < 8; b++) {
		struct rtc_date date;

		rtc_date_from_seconds(&date, rtc_date_to_seconds(&nonsense, (uint8_t)b),
				      (uint8_t)b);
	}
	cr_assert(true); /* no sanitizer complained */
}

Test(rtc_time, alarm_matches_exactly_or_any)
{
	const struct rtc_date date = { .second = 0x56, .minute = 0x34, .hour = 0x12 };

	cr_assert(rtc_alarm_matches(0x56, 0x34, 0x12, &date));
	cr_assert(rtc_alarm_matches(0x56, 0xff, 0xc0, &date));
	cr_assert(not(rtc_alarm_matches(0x55, 0xff, 0xff, &date)));
}
