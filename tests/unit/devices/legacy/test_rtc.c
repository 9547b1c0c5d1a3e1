/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/rtc.c devices/legacy/rtc_time.c devices/legacy/isa.c vmm/bus/ vmm/kvm/
 *       vmm/mem/ tests/unit/devices/legacy/fake_pc.c */
#include "devices/legacy/rtc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/unit/devices/legacy/fake_pc.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/boot/layout.h"

#define SECONDS	 0x00
#define MINUTES	 0x02
#define HOURS	 0x04
#define DAY	 0x07
#define MONTH	 0x08
#define YEAR	 0x09
#define A	 0x0a
#define B	 0x0b
#define C	 0x0c
#define D	 0x0d
#define B_24H	 0x02
#define B_UIE	 0x10
#define B_AIE	 0x20
#define B_PIE	 0x40
#define B_SET	 0x80
#define NS_PER_S UINT64_C(1000000000)

/* 2024-02-29 12:34:56 UTC. */
#define LEAP_DAY_NS (UINT64_C(1709210096) * NS_PER_S)

static struct fake_pc pc;
static struct rtc *rtc;
static uint64_t now_ns;

static uint64_t fake_now(void *arg)
{
	(void)arg;
	return now_ns;
}

static void set_up(void)
{
	fake_pc_init(&pc, true);
	rtc = fake_pc_add(&pc, &rtc_type, "");
	now_ns = LEAP_DAY_NS;
	rtc_set_clock(rtc, fake_now, NULL);
}

static void tear_down(void)
{
	fake_pc_remove(&rtc_type, rtc);
	fake_pc_finish(&pc);
}

static bool has(uint64_t value, uint64_t bits)
{
	return value & bits;
}

TestSuite(rtc, .init = set_up, .fini = tear_down, .timeout = 10);

static uint8_t get(uint8_t index)
{
	fake_pc_out(&pc, LAYOUT_RTC_PORT, index);
	return fake_pc_in(&pc, LAYOUT_RTC_PORT + 1);
}

static void set(uint8_t index, uint8_t value)
{
	fake_pc_out(&pc, LAYOUT_RTC_PORT, index);
	fake_pc_out(&pc, LAYOUT_RTC_PORT + 1, value);
}

Test(rtc, shows_the_hosts_time_in_bcd)
{
	cr_assert(eq(u8, get(SECONDS), 0x56));
	cr_assert(eq(u8, get(MINUTES), 0x34));
	cr_assert(eq(u8, get(HOURS), 0x12));
	cr_assert(eq(u8, get(YEAR), 0x24));
	cr_assert(eq(u8, get(LAYOUT_RTC_CENTURY), 0x20));
	cr_assert(eq(u8, get(D), 0x80));
	now_ns += NS_PER_S;
	cr_assert(eq(u8, get(SECONDS), 0x57));
}

Test(rtc, tells_of_an_update_just_before_it)
{
	cr_assert(not(has(get(A), 0x80)));
	now_ns += NS_PER_S - 100000;
	cr_assert(has(get(A), 0x80));
}

Test(rtc, time_set_under_set_bit_runs_on_from_there)
{
	set(B, B_24H | B_SET);
	set(SECONDS, 0x58);
	set(MINUTES, 0x59);
	set(HOURS, 0x23);
	set(DAY, 0x31);
	set(MONTH, 0x12);
	set(YEAR, 0x99);
	set(LAYOUT_RTC_CENTURY, 0x19);
	now_ns += 5 * NS_PER_S; /* it stands still meanwhile */
	cr_assert(eq(u8, get(SECONDS), 0x58));
	set(B, B_24H);
	now_ns += 2 * NS_PER_S;
	cr_assert(eq(u8, get(SECONDS), 0));
	cr_assert(eq(u8, get(DAY), 1));
	cr_assert(eq(u8, get(YEAR), 0));
	cr_assert(eq(u8, get(LAYOUT_RTC_CENTURY), 0x20));
}

Test(rtc, one_register_set_by_itself_keeps_the_others)
{
	set(HOURS, 0x20);
	cr_assert(eq(u8, get(HOURS), 0x20));
	cr_assert(eq(u8, get(MINUTES), 0x34));
	cr_assert(eq(u8, get(DAY), 0x29));
}

Test(rtc, reset_keeps_time_and_memory)
{
	set(HOURS, 0x20);
	set(0x60, 0x5a);
	set(B, B_24H | B_UIE);
	rtc_type.reset(rtc);
	cr_assert(eq(u8, get(HOURS), 0x20));
	cr_assert(eq(u8, get(0x60), 0x5a));
	cr_assert(eq(u8, get(B), B_24H));
}

Test(rtc, memory_size_is_for_firmware)
{
	/* 64 MiB: 48 MiB above 16 MiB in units of 64 KiB. */
	cr_assert(eq(u32, get(0x34) + get(0x35) * 256u, 48u * 16));
	cr_assert(eq(u32, get(0x15) + get(0x16) * 256u, 640));
	cr_assert(eq(u32, get(0x5b) + get(0x5c) * 256u + get(0x5d) * 65536u, 0));
}

Test(rtc, firmware_byte_can_be_set)
{
	rtc_set_byte(rtc, 0x5f, 3);
	rtc_set_byte(rtc, RTC_RAM_BYTES, 3); /* beyond the end: ignored */
	cr_assert(eq(u8, get(0x5f), 3));
}

/* Runs the loop until the interrupt line is up: a millisecond or two, as armed by the test. */
static void stop_on_irq(void *arg)
{
	if (fake_pc_irq(&pc, LAYOUT_RTC_IRQ)) {
		loop_stop(pc.env.loop);
	} else {
		loop_timer_arm(pc.env.loop, arg, clock_now_ns() + 1000000);
	}
}

static void wait_for_irq(void)
{
	struct loop_timer check;

	loop_timer_init(&check, stop_on_irq, &check);
	loop_timer_arm(pc.env.loop, &check, clock_now_ns());
	loop_run(pc.env.loop);
}

static uint64_t run_on(void *arg)
{
	/* Follows the real clock from just before an update. */
	return LEAP_DAY_NS + NS_PER_S - 1000000 + (clock_now_ns() - *(uint64_t *)arg);
}

Test(rtc, update_interrupt_comes_with_the_second_until_c_is_read)
{
	uint64_t start_ns = clock_now_ns();

	rtc_set_clock(rtc, run_on, &start_ns);
	set(B, B_24H | B_UIE);
	wait_for_irq();
	cr_assert(eq(u8, get(C), 0x90));
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_RTC_IRQ)));
	cr_assert(eq(u8, get(C), 0));
}

Test(rtc, alarm_comes_at_its_second)
{
	uint64_t start_ns = clock_now_ns();

	(void)get(C);
	rtc_set_clock(rtc, run_on, &start_ns);
	set(0x01, 0x57);
	set(0x03, 0xff);
	set(0x05, 0xff);
	set(B, B_24H | B_AIE);
	wait_for_irq();
	cr_assert(eq(u8, get(C) & 0xa0, 0xa0));
}

Test(rtc, periodic_interrupt_comes_at_its_rate)
{
	set(A, 0x26); /* 1024 Hz */
	set(B, B_24H | B_PIE);
	wait_for_irq();
	cr_assert(eq(u8, get(C) & 0xc0, 0xc0));
}

Test(rtc, quiesced_clock_raises_nothing)
{
	set(B, B_24H | B_UIE);
	rtc_type.quiesce(rtc);
	now_ns += NS_PER_S;
	fake_pc_settle(&pc);
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_RTC_IRQ)));
	rtc_type.resume(rtc);
	fake_pc_settle(&pc);
	cr_assert(fake_pc_irq(&pc, LAYOUT_RTC_IRQ));
}
