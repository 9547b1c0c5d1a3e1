/* SPDX-License-Identifier: MIT */
#include "devices/legacy/rtc_time.h"

#include <time.h>

#define PM_BIT	   0x80u
#define ALARM_ANY  0xc0u /* "don't care" */
#define TM_CENTURY 19	 /* struct tm counts years from 1900 */

static uint8_t encode(int number, uint8_t register_b)
{
	return (uint8_t)(register_b & RTC_B_BINARY ? number : number / 10 * 16 + number % 10);
}

static int decode(uint8_t value, uint8_t register_b)
{
	return register_b & RTC_B_BINARY ? value : (value >> 4) * 10 + (value & 0x0f);
}

static uint8_t encode_hour(int hour, uint8_t register_b)
{
	if (register_b & RTC_B_24H) {
		return encode(hour, register_b);
	}
	return encode(hour % 12 ? hour % 12 : 12, register_b) | (hour >= 12 ? PM_BIT : 0);
}

static int decode_hour(uint8_t value, uint8_t register_b)
{
	if (register_b & RTC_B_24H) {
		return decode(value, register_b);
	}
	return decode(value & (uint8_t)~PM_BIT, register_b) % 12 + (value & PM_BIT ? 12 : 0);
}

void rtc_date_from_seconds(struct rtc_date *date, int64_t seconds, uint8_t register_b)
{
	const time_t t = seconds;
	struct tm tm;

	/* A guest can set the clock far away; beyond what a year number holds it wraps. */
	if (!gmtime_r(&t, &tm)) {
		tm = (struct tm){ .tm_mday = 1 };
	}
	*date = (struct rtc_date){
		.second = encode(tm.tm_sec, register_b),
		.minute = encode(tm.tm_min, register_b),
		.hour = encode_hour(tm.tm_hour, register_b),
		.weekday = encode(tm.tm_wday + 1, register_b),
		.day = encode(tm.tm_mday, register_b),
		.month = encode(tm.tm_mon + 1, register_b),
		.year = encode(tm.tm_year % 100, register_b),
		.century = encode(tm.tm_year / 100 + TM_CENTURY, register_b),
	};
}

int64_t rtc_date_to_seconds(const struct rtc_date *date, uint8_t register_b)
{
	struct tm tm = {
		.tm_sec = decode(date->second, register_b),
		.tm_min = decode(date->minute, register_b),
		.tm_hour = decode_hour(date->hour, register_b),
		.tm_mday = decode(date->day, register_b),
		.tm_mon = decode(date->month, register_b) - 1,
		.tm_year = decode(date->year, register_b) +
			   (decode(date->century, register_b) - TM_CENTURY) * 100,
	};

	return timegm(&tm);
}

static bool alarm_byte_matches(uint8_t alarm, uint8_t now)
{
	return alarm >= ALARM_ANY || alarm == now;
}

bool rtc_alarm_matches(uint8_t alarm_second, uint8_t alarm_minute, uint8_t alarm_hour,
		       const struct rtc_date *date)
{
	return alarm_byte_matches(alarm_second, date->second) &&
	       alarm_byte_matches(alarm_minute, date->minute) &&
	       alarm_byte_matches(alarm_hour, date->hour);
}
