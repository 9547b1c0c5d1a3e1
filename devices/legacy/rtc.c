/* SPDX-License-Identifier: MIT */
#include "devices/legacy/rtc.h"

#include <time.h>

#include "devices/legacy/isa.h"
#include "devices/legacy/rtc_time.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"
#include "vmm/mem/guest_mem.h"

/* Registers, by the data sheet's names. */
enum {
	SECONDS = 0x00,
	SECONDS_ALARM = 0x01,
	MINUTES = 0x02,
	MINUTES_ALARM = 0x03,
	HOURS = 0x04,
	HOURS_ALARM = 0x05,
	DAY_OF_WEEK = 0x06,
	DAY_OF_MONTH = 0x07,
	MONTH = 0x08,
	YEAR = 0x09,
	REGISTER_A = 0x0a,
	REGISTER_B = 0x0b,
	REGISTER_C = 0x0c,
	REGISTER_D = 0x0d,
	CENTURY = LAYOUT_RTC_CENTURY,
};

#define A_UIP	    0x80u /* an update is about to come */
#define A_DIVIDER   0x70u
#define A_RATE	    0x0fu
#define A_POWER_ON  0x26u /* 32768 Hz crystal, 1024 Hz periodic rate */
#define DIVIDER_32K 0x20u
#define B_SET	    0x80u /* the guest is setting the time: it stands still */
#define B_PIE	    0x40u
#define B_AIE	    0x20u
#define B_UIE	    0x10u
#define C_IRQF	    0x80u
#define C_PF	    0x40u /* bits of C match the enabling bits of B */
#define C_AF	    0x20u
#define C_UF	    0x10u
#define D_VRT	    0x80u /* the battery is good */
#define INDEX_MASK  0x7fu
#define NS_PER_S    UINT64_C(1000000000)
#define UIP_NS	    UINT64_C(244000) /* UIP comes up so long before an update */
#define CRYSTAL_HZ  32768u

/* CMOS bytes that SeaBIOS and OVMF read. */
#define RAM_BASE_KB	 0x15 /* two bytes each, low first */
#define RAM_EXTENDED_KB	 0x17
#define RAM_EXTENDED2_KB 0x30
#define RAM_ABOVE_16M	 0x34 /* 64 KiB units */
#define RAM_ABOVE_4G	 0x5b /* 64 KiB units, three bytes */

struct rtc {
	struct io_region region;
	struct loop *loop; /* borrowed */
	struct loop_task schedule_task;

	struct mutex lock; /* guards all below */
	struct irq_line irq;
	bool quiet; /* between quiesce and resume */
	uint8_t index;
	uint8_t ram[RTC_RAM_BYTES]; /* also registers; the date only while B_SET */
	int64_t offset_s;	    /* guest's clock minus the host's */
	uint64_t (*now_ns)(void *arg);
	void *clock_arg;
	uint64_t last_update_s;	     /* guest's second up to which alarms were looked at */
	uint64_t next_periodic_ns;   /* of clock_now_ns; 0: none */
	uint64_t periodic_period_ns; /* that next_periodic_ns was made with */

	struct loop_timer timer; /* the loop's */
};

static uint64_t host_now_ns(void *arg)
{
	struct timespec now;

	(void)arg;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int64_t guest_seconds_locked(struct rtc *rtc) REQUIRES(rtc->lock)
{
	return (int64_t)(rtc->now_ns(rtc->clock_arg) / NS_PER_S) + rtc->offset_s;
}

/* --- interrupts --- */

static void update_irq_locked(struct rtc *rtc) REQUIRES(rtc->lock)
{
	uint8_t flags = rtc->ram[REGISTER_C] & (C_PF | C_AF | C_UF);

	if (flags & rtc->ram[REGISTER_B]) {
		rtc->ram[REGISTER_C] = flags | C_IRQF;
	}
	if (!rtc->quiet) {
		irq_line_set(&rtc->irq, rtc->ram[REGISTER_C] & C_IRQF);
	}
}

/* 0 without periodic interrupt. */
static uint64_t periodic_period_locked(const struct rtc *rtc) REQUIRES(rtc->lock)
{
	unsigned rate = rtc->ram[REGISTER_A] & A_RATE;

	if (rate == 0 || (rtc->ram[REGISTER_A] & A_DIVIDER) != DIVIDER_32K ||
	    !(rtc->ram[REGISTER_B] & B_PIE)) {
		return 0;
	}
	/* Rates 1 and 2 repeat 8 and 9 with this crystal. */
	return (NS_PER_S << ((rate <= 2 ? rate + 7 : rate) - 1)) / CRYSTAL_HZ;
}

static void run_periodic_locked(struct rtc *rtc) REQUIRES(rtc->lock)
{
	uint64_t period_ns = periodic_period_locked(rtc);
	uint64_t now_ns = clock_now_ns();

	if (period_ns != rtc->periodic_period_ns) {
		rtc->periodic_period_ns = period_ns;
		rtc->next_periodic_ns = period_ns ? now_ns + period_ns : 0;
	} else if (period_ns && now_ns >= rtc->next_periodic_ns) {
		rtc->ram[REGISTER_C] |= C_PF;
		/* Ticks that were missed are gone, as when a guest masks interrupts too long. */
		rtc->next_periodic_ns +=
			period_ns * (1 + (now_ns - rtc->next_periodic_ns) / period_ns);
	}
}

/* Looks at each second that has begun since the last time; at most a day of them. */
static void run_updates_locked(struct rtc *rtc) REQUIRES(rtc->lock)
{
	uint64_t now_s = (uint64_t)guest_seconds_locked(rtc);
	uint64_t from_s = rtc->last_update_s;

	if (now_s == from_s || (rtc->ram[REGISTER_B] & B_SET)) {
		return;
	}
	rtc->last_update_s = now_s;
	rtc->ram[REGISTER_C] |= C_UF;
	if (now_s < from_s || now_s - from_s > 86400) {
		from_s = now_s - 1;
	}
	for (uint64_t s = from_s + 1; s <= now_s && !(rtc->ram[REGISTER_C] & C_AF); s++) {
		struct rtc_date date;

		rtc_date_from_seconds(&date, (int64_t)s, rtc->ram[REGISTER_B]);
		if (rtc_alarm_matches(rtc->ram[SECONDS_ALARM], rtc->ram[MINUTES_ALARM],
				      rtc->ram[HOURS_ALARM], &date)) {
			rtc->ram[REGISTER_C] |= C_AF;
		}
	}
}

/* When the loop must look again, of clock_now_ns; 0: no interrupt is enabled. */
static uint64_t next_event_locked(struct rtc *rtc) REQUIRES(rtc->lock)
{
	uint64_t next_ns = rtc->next_periodic_ns;

	if (rtc->ram[REGISTER_B] & (B_AIE | B_UIE)) {
		uint64_t within_ns = rtc->now_ns(rtc->clock_arg) % NS_PER_S;
		uint64_t update_ns = clock_now_ns() + NS_PER_S - within_ns;

		next_ns = next_ns ? MIN(next_ns, update_ns) : update_ns;
	}
	return next_ns;
}

/* On the loop: raises what is due and sets the timer for what comes. */
static void schedule(void *arg)
{
	struct rtc *rtc = arg;
	uint64_t next_ns;

	mutex_lock(&rtc->lock);
	run_periodic_locked(rtc);
	run_updates_locked(rtc);
	update_irq_locked(rtc);
	next_ns = rtc->quiet ? 0 : next_event_locked(rtc);
	mutex_unlock(&rtc->lock);
	if (next_ns) {
		loop_timer_arm(rtc->loop, &rtc->timer, next_ns);
	} else {
		loop_timer_disarm(&rtc->timer);
	}
}

/* --- registers --- */

static uint8_t *date_register(struct rtc_date *date, uint8_t index)
{
	switch (index) {
	case SECONDS:
		return &date->second;
	case MINUTES:
		return &date->minute;
	case HOURS:
		return &date->hour;
	case DAY_OF_WEEK:
		return &date->weekday;
	case DAY_OF_MONTH:
		return &date->day;
	case MONTH:
		return &date->month;
	case YEAR:
		return &date->year;
	case CENTURY:
		return &date->century;
	default:
		return NULL;
	}
}

static const uint8_t date_indexes[] = { SECONDS,      MINUTES, HOURS, DAY_OF_WEEK,
					DAY_OF_MONTH, MONTH,   YEAR,  CENTURY };

static void load_date_locked(struct rtc *rtc, struct rtc_date *date) REQUIRES(rtc->lock)
{
	if (!(rtc->ram[REGISTER_B] & B_SET)) {
		rtc_date_from_seconds(date, guest_seconds_locked(rtc), rtc->ram[REGISTER_B]);
		return;
	}
	for (size_t i = 0; i < sizeof(date_indexes); i++) {
		*date_register(date, date_indexes[i]) = rtc->ram[date_indexes[i]];
	}
}

static void store_date_locked(struct rtc *rtc, const struct rtc_date *date) REQUIRES(rtc->lock)
{
	struct rtc_date copy = *date;

	if (!(rtc->ram[REGISTER_B] & B_SET)) {
		rtc->offset_s +=
			rtc_date_to_seconds(date, rtc->ram[REGISTER_B]) - guest_seconds_locked(rtc);
		rtc->last_update_s = (uint64_t)guest_seconds_locked(rtc);
		return;
	}
	for (size_t i = 0; i < sizeof(date_indexes); i++) {
		rtc->ram[date_indexes[i]] = *date_register(&copy, date_indexes[i]);
	}
}

static bool update_is_near_locked(struct rtc *rtc) REQUIRES(rtc->lock)
{
	uint64_t within_ns = rtc->now_ns(rtc->clock_arg) % NS_PER_S;

	return !(rtc->ram[REGISTER_B] & B_SET) && within_ns >= NS_PER_S - UIP_NS;
}

static uint8_t read_locked(struct rtc *rtc, uint8_t index) REQUIRES(rtc->lock)
{
	struct rtc_date date;
	uint8_t *field = date_register(&date, index);
	uint8_t flags;

	if (field) {
		load_date_locked(rtc, &date);
		return *field;
	}
	switch (index) {
	case REGISTER_A:
		return rtc->ram[index] | (update_is_near_locked(rtc) ? A_UIP : 0);
	case REGISTER_C:
		run_updates_locked(rtc);
		flags = rtc->ram[index];
		rtc->ram[index] = 0;
		update_irq_locked(rtc);
		return flags;
	case REGISTER_D:
		return D_VRT;
	default:
		return rtc->ram[index];
	}
}

/* The date goes into RAM when the guest begins to set it, and is taken from there at the end. */
static void write_b_locked(struct rtc *rtc, uint8_t value) REQUIRES(rtc->lock)
{
	struct rtc_date date = { 0 };
	uint8_t changed = rtc->ram[REGISTER_B] ^ value;

	if (changed & B_SET) {
		load_date_locked(rtc, &date);
	}
	rtc->ram[REGISTER_B] = value & (uint8_t)(value & B_SET ? ~B_UIE : 0xff);
	if (changed & B_SET) {
		store_date_locked(rtc, &date);
	}
	update_irq_locked(rtc);
}

static void write_locked(struct rtc *rtc, uint8_t index, uint8_t value) REQUIRES(rtc->lock)
{
	struct rtc_date date = { 0 };
	uint8_t *field = date_register(&date, index);

	if (field) {
		load_date_locked(rtc, &date);
		*field = value;
		store_date_locked(rtc, &date);
		return;
	}
	switch (index) {
	case REGISTER_A:
		rtc->ram[index] = value & (uint8_t)~A_UIP;
		break;
	case REGISTER_B:
		write_b_locked(rtc, value);
		break;
	case REGISTER_C:
	case REGISTER_D:
		break; /* read-only */
	default:
		rtc->ram[index] = value;
		break;
	}
}

static uint64_t read_port(void *device, uint64_t offset, unsigned size)
{
	struct rtc *rtc = device;
	uint8_t value;

	(void)size;
	if (offset == 0) {
		return 0xff; /* the index can't be read back */
	}
	mutex_lock(&rtc->lock);
	value = read_locked(rtc, rtc->index);
	mutex_unlock(&rtc->lock);
	return value;
}

static void write_port(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct rtc *rtc = device;
	bool reschedule = false;

	(void)size;
	mutex_lock(&rtc->lock);
	if (offset == 0) {
		rtc->index = value & INDEX_MASK; /* bit 7 masks NMIs, of which we have none */
	} else {
		write_locked(rtc, rtc->index, (uint8_t)value);
		reschedule = rtc->index <= REGISTER_B;
	}
	mutex_unlock(&rtc->lock);
	if (reschedule) {
		loop_post(rtc->loop, &rtc->schedule_task);
	}
}

static const struct io_ops port_ops = { .read = read_port, .write = write_port };

/* --- the main thread --- */

static void set_word(struct rtc *rtc, unsigned index, uint64_t value)
{
	rtc->ram[index] = (uint8_t)value;
	rtc->ram[index + 1] = (uint8_t)(value >> 8);
}

static void describe_memory(struct rtc *rtc, const struct guest_mem *mem)
{
	uint64_t bytes = mem ? guest_mem_size(mem) : 0;
	uint64_t low = MIN(bytes, (uint64_t)LAYOUT_PCI_HOLE_START);
	uint64_t high_units = (bytes - low) >> 16;
	uint64_t extended_kb = low > (1u << 20) ? (low - (1u << 20)) >> 10 : 0;
	uint64_t above_16m = low > (16u << 20) ? (low - (16u << 20)) >> 16 : 0;

	set_word(rtc, RAM_BASE_KB, 640);
	set_word(rtc, RAM_EXTENDED_KB, MIN(extended_kb, UINT64_C(0xffff)));
	set_word(rtc, RAM_EXTENDED2_KB, MIN(extended_kb, UINT64_C(0xffff)));
	set_word(rtc, RAM_ABOVE_16M, MIN(above_16m, UINT64_C(0xffff)));
	set_word(rtc, RAM_ABOVE_4G, high_units);
	rtc->ram[RAM_ABOVE_4G + 2] = (uint8_t)(high_units >> 16);
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct rtc *rtc = state;
	int code;

	(void)options;
	mutex_init(&rtc->lock);
	rtc->loop = env->loop;
	loop_task_init(&rtc->schedule_task, schedule, rtc);
	loop_timer_init(&rtc->timer, schedule, rtc);
	irq_line_init(&rtc->irq, env->irqs, LAYOUT_RTC_IRQ);
	rtc->now_ns = host_now_ns;
	rtc->ram[REGISTER_A] = A_POWER_ON;
	rtc->ram[REGISTER_B] = RTC_B_24H;
	describe_memory(rtc, env->mem);
	rtc->region = (struct io_region){
		.base = LAYOUT_RTC_PORT, .length = 2, .ops = &port_ops, .device = rtc, .name = "rtc"
	};
	code = isa_map(env, &rtc->region, err);
	if (code < 0) {
		mutex_finish(&rtc->lock);
	}
	return code;
}

/* The battery keeps time and RAM; only interrupts are switched off (data sheet, RESET). */
static void reset(void *state)
{
	struct rtc *rtc = state;

	mutex_lock(&rtc->lock);
	write_b_locked(rtc, rtc->ram[REGISTER_B] & (uint8_t) ~(B_SET | B_PIE | B_AIE | B_UIE));
	rtc->ram[REGISTER_C] = 0;
	update_irq_locked(rtc);
	mutex_unlock(&rtc->lock);
	loop_post(rtc->loop, &rtc->schedule_task);
}

static void set_quiet(struct rtc *rtc, bool quiet)
{
	mutex_lock(&rtc->lock);
	rtc->quiet = quiet;
	mutex_unlock(&rtc->lock);
	loop_post(rtc->loop, &rtc->schedule_task);
}

static void quiesce(void *state)
{
	set_quiet(state, true);
}

static void resume(void *state)
{
	set_quiet(state, false);
}

static void disarm(void *arg)
{
	struct rtc *rtc = arg;

	loop_task_cancel(rtc->loop, &rtc->schedule_task);
	loop_timer_disarm(&rtc->timer);
}

static void finish(void *state)
{
	struct rtc *rtc = state;

	bus_unmap(&rtc->region);
	loop_call(rtc->loop, disarm, rtc);
	irq_line_set(&rtc->irq, false);
	mutex_finish(&rtc->lock);
}

const struct device_type rtc_type = {
	.name = "rtc",
	.help = "real-time clock and CMOS RAM",
	.state_size = sizeof(struct rtc),
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.resume = resume,
	.finish = finish,
};

void rtc_set_byte(struct rtc *rtc, unsigned index, uint8_t value)
{
	if (index < RTC_RAM_BYTES) {
		mutex_lock(&rtc->lock);
		rtc->ram[index] = value;
		mutex_unlock(&rtc->lock);
	}
}

void rtc_set_clock(struct rtc *rtc, uint64_t (*now_ns)(void *arg), void *arg)
{
	mutex_lock(&rtc->lock);
	rtc->now_ns = now_ns;
	rtc->clock_arg = arg;
	mutex_unlock(&rtc->lock);
}
