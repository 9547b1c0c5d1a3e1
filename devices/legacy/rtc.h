/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_RTC_H
#define THUNDERLAKE_DEVICES_LEGACY_RTC_H

#include <stdint.h>

#include "devices/device.h"

/*
 * The real-time clock and CMOS RAM (MC146818) at LAYOUT_RTC_PORT. It runs on the host's UTC; a
 * guest that sets it changes its distance from the host's clock, which lasts until the process
 * ends. A few bytes tell firmware the size of memory.
 */
struct rtc;

#define RTC_RAM_BYTES 128u

extern const struct device_type rtc_type;

/* Sets a byte of CMOS RAM, for what firmware wants to know. Any thread. */
void rtc_set_byte(struct rtc *rtc, unsigned index, uint8_t value);

/* Replaces the host's clock (nanoseconds since 1970 UTC), for tests. Before any access. */
void rtc_set_clock(struct rtc *rtc, uint64_t (*now_ns)(void *arg), void *arg);

#endif
