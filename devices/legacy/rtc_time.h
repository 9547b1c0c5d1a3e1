/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_RTC_TIME_H
#define THUNDERLAKE_DEVICES_LEGACY_RTC_TIME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A date and time as the registers of an MC146818 hold it, in the format that register B chooses:
 * BCD or binary, 12 or 24 hours. The guest can write any byte; what makes no date is taken as far
 * as it goes, never refused.
 */
#define RTC_B_24H    0x02u
#define RTC_B_BINARY 0x04u

struct rtc_date {
	uint8_t second, minute, hour;
	uint8_t weekday; /* 1 is Sunday */
	uint8_t day;	 /* 1 to 31 */
	uint8_t month;	 /* 1 to 12 */
	uint8_t year;	 /* of the century */
	uint8_t century;
};

/* Seconds since 1970 and the registers, both UTC. */
void rtc_date_from_seconds(struct rtc_date *date, int64_t seconds, uint8_t register_b);
int64_t rtc_date_to_seconds(const struct rtc_date *date, uint8_t register_b);

/* Whether an alarm's registers mean this time of day; 0xc0 and above mean any. */
bool rtc_alarm_matches(uint8_t alarm_second, uint8_t alarm_minute, uint8_t alarm_hour,
		       const struct rtc_date *date);

#endif
