/* SPDX-License-Identifier: MIT */
#include "devices/legacy/acpi_pm.h"

#include "devices/legacy/isa.h"
#include "devices/legacy/request.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"

#define PM1_STATUS  LAYOUT_ACPI_PM1_EVENT
#define PM1_ENABLE  (LAYOUT_ACPI_PM1_EVENT + 2u)
#define PM1_CONTROL LAYOUT_ACPI_PM1_CONTROL
#define GPE0_STATUS LAYOUT_ACPI_GPE0
#define GPE0_ENABLE (LAYOUT_ACPI_GPE0 + LAYOUT_ACPI_GPE0_LENGTH / 2u)
#define SMI_ENABLE  0x30u /* as in the ICH9; the FADT does not know it */

/* PM1 status and enable (ACPI 6.4 §4.8.3.1). */
#define TMR_BIT	   0x0001u
#define GBL_BIT	   0x0020u
#define PWRBTN_BIT 0x0100u
#define SLPBTN_BIT 0x0200u
#define RTC_BIT	   0x0400u
#define EVENT_BITS (TMR_BIT | GBL_BIT | PWRBTN_BIT | SLPBTN_BIT | RTC_BIT)

/* PM1 control (§4.8.3.2). */
#define SCI_EN	      0x0001u
#define SLP_TYP_SHIFT 10
#define SLP_TYP	      (7u << SLP_TYP_SHIFT)
#define SLP_EN	      0x2000u

/* SMIs by the APM port count as set up: firmware then leaves system management mode alone, for
 * there is none. */
#define APMC_EN 0x20u

#define TIMER_HZ     3579545u
#define TIMER_BITS   24u
#define TIMER_MASK   ((1u << TIMER_BITS) - 1)
#define TOGGLE_TICKS (UINT64_C(1) << (TIMER_BITS - 1)) /* between changes of the highest bit */
#define NS_PER_S     UINT64_C(1000000000)

struct acpi_pm {
	struct io_region region;
	struct loop *loop;			 /* borrowed */
	const struct machine_requests *requests; /* borrowed */
	struct loop_task timer_task;

	struct mutex lock; /* guards all below */
	struct irq_line sci;
	bool quiet; /* between quiesce and resume */
	uint16_t status, enable, control;
	uint8_t gpe_status[LAYOUT_ACPI_GPE0_LENGTH / 2], gpe_enable[LAYOUT_ACPI_GPE0_LENGTH / 2];
	uint64_t seen_toggles; /* changes of the timer's highest bit that TMR_STS knows of */

	struct loop_timer timer; /* the loop's: fires at the next change while TMR_EN is set */
};

/* --- timer --- */

static uint64_t timer_ticks(void)
{
	return (uint64_t)((unsigned __int128)clock_now_ns() * TIMER_HZ / NS_PER_S);
}

/* TMR_STS is set by every change of the timer's highest bit. */
static void run_timer_locked(struct acpi_pm *pm) REQUIRES(pm->lock)
{
	uint64_t toggles = timer_ticks() / TOGGLE_TICKS;

	if (toggles != pm->seen_toggles) {
		pm->seen_toggles = toggles;
		pm->status |= TMR_BIT;
	}
}

static void update_sci_locked(struct acpi_pm *pm) REQUIRES(pm->lock)
{
	bool level = pm->status & pm->enable;

	for (size_t i = 0; i < sizeof(pm->gpe_status); i++) {
		level |= (pm->gpe_status[i] & pm->gpe_enable[i]) != 0;
	}
	if (!pm->quiet) {
		irq_line_set(&pm->sci, level);
	}
}

/* On the loop. */
static void on_timer(void *arg)
{
	struct acpi_pm *pm = arg;
	uint64_t next_tick;
	bool wanted;

	mutex_lock(&pm->lock);
	run_timer_locked(pm);
	update_sci_locked(pm);
	wanted = (pm->enable & TMR_BIT) && !pm->quiet;
	next_tick = (pm->seen_toggles + 1) * TOGGLE_TICKS;
	mutex_unlock(&pm->lock);
	if (wanted) {
		loop_timer_arm(pm->loop, &pm->timer,
			       (uint64_t)((unsigned __int128)next_tick * NS_PER_S / TIMER_HZ) + 1);
	} else {
		loop_timer_disarm(&pm->timer);
	}
}

/* --- registers: bytes, as the guest may access them in any width --- */

static uint8_t read_byte_locked(struct acpi_pm *pm, unsigned offset) REQUIRES(pm->lock)
{
	switch (offset) {
	case PM1_STATUS:
	case PM1_STATUS + 1:
		run_timer_locked(pm);
		return (uint8_t)(pm->status >> (offset - PM1_STATUS) * 8);
	case PM1_ENABLE:
	case PM1_ENABLE + 1:
		return (uint8_t)(pm->enable >> (offset - PM1_ENABLE) * 8);
	case PM1_CONTROL:
	case PM1_CONTROL + 1:
		return (uint8_t)((pm->control | SCI_EN) >> (offset - PM1_CONTROL) * 8);
	case SMI_ENABLE:
		return APMC_EN;
	default:
		break;
	}
	if (offset >= GPE0_STATUS && offset < GPE0_ENABLE) {
		return pm->gpe_status[offset - GPE0_STATUS];
	}
	if (offset >= GPE0_ENABLE && offset < GPE0_STATUS + LAYOUT_ACPI_GPE0_LENGTH) {
		return pm->gpe_enable[offset - GPE0_ENABLE];
	}
	return 0;
}

/* `value` replaces the bits of `mask`. */
static void write_control_locked(struct acpi_pm *pm, uint16_t value, uint16_t mask, bool *power_off)
	REQUIRES(pm->lock)
{
	pm->control = (uint16_t)((pm->control & ~mask) | (value & mask & ~SLP_EN));
	*power_off |= (value & mask & SLP_EN) &&
		      (pm->control & SLP_TYP) >> SLP_TYP_SHIFT == LAYOUT_ACPI_S5_SLEEP_TYPE;
}

static void write_byte_locked(struct acpi_pm *pm, unsigned offset, uint8_t value, bool *power_off)
	REQUIRES(pm->lock)
{
	unsigned shift = offset % 2 * 8;
	uint16_t mask = (uint16_t)(0xffu << shift);
	uint16_t word = (uint16_t)(value << shift);

	switch (offset) {
	case PM1_STATUS:
	case PM1_STATUS + 1:
		run_timer_locked(pm);
		pm->status &= (uint16_t)~word;
		return;
	case PM1_ENABLE:
	case PM1_ENABLE + 1:
		pm->enable = (uint16_t)(((pm->enable & ~mask) | word) & EVENT_BITS);
		return;
	case PM1_CONTROL:
	case PM1_CONTROL + 1:
		write_control_locked(pm, word, mask, power_off);
		return;
	default:
		break;
	}
	if (offset >= GPE0_STATUS && offset < GPE0_ENABLE) {
		pm->gpe_status[offset - GPE0_STATUS] &= (uint8_t)~value;
	} else if (offset >= GPE0_ENABLE && offset < GPE0_STATUS + LAYOUT_ACPI_GPE0_LENGTH) {
		pm->gpe_enable[offset - GPE0_ENABLE] = value;
	}
}

static bool is_timer(uint64_t offset)
{
	return offset >= LAYOUT_ACPI_PM_TIMER &&
	       offset < LAYOUT_ACPI_PM_TIMER + LAYOUT_ACPI_PM_TIMER_LENGTH;
}

static uint64_t read_register(void *device, uint64_t offset, unsigned size)
{
	struct acpi_pm *pm = device;
	uint64_t value = 0;

	if (is_timer(offset)) { /* often read, and needs no lock */
		return (timer_ticks() & TIMER_MASK) >> (offset - LAYOUT_ACPI_PM_TIMER) * 8;
	}
	mutex_lock(&pm->lock);
	for (unsigned i = 0; i < size; i++) {
		value |= (uint64_t)read_byte_locked(pm, (unsigned)offset + i) << i * 8;
	}
	mutex_unlock(&pm->lock);
	return value;
}

static void write_register(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct acpi_pm *pm = device;
	bool power_off = false;
	uint16_t enabled;

	mutex_lock(&pm->lock);
	enabled = pm->enable;
	/* SLP_TYP and SLP_EN share a byte: no write brings one before the other. */
	for (unsigned i = 0; i < size; i++) {
		write_byte_locked(pm, (unsigned)offset + i, (uint8_t)(value >> i * 8), &power_off);
	}
	update_sci_locked(pm);
	enabled ^= pm->enable;
	mutex_unlock(&pm->lock);
	if (enabled & TMR_BIT) {
		loop_post(pm->loop, &pm->timer_task);
	}
	if (power_off) {
		request_power_off(pm->requests);
	}
}

static const struct io_ops register_ops = { .read = read_register, .write = write_register };

/* --- the main thread --- */

static void reset(void *state)
{
	struct acpi_pm *pm = state;

	mutex_lock(&pm->lock);
	pm->status = 0;
	pm->enable = 0;
	pm->control = 0;
	for (size_t i = 0; i < sizeof(pm->gpe_status); i++) {
		pm->gpe_status[i] = 0;
		pm->gpe_enable[i] = 0;
	}
	pm->seen_toggles = timer_ticks() / TOGGLE_TICKS;
	update_sci_locked(pm);
	mutex_unlock(&pm->lock);
	loop_post(pm->loop, &pm->timer_task);
}

static void set_quiet(struct acpi_pm *pm, bool quiet)
{
	mutex_lock(&pm->lock);
	pm->quiet = quiet;
	update_sci_locked(pm);
	mutex_unlock(&pm->lock);
	loop_post(pm->loop, &pm->timer_task);
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
	struct acpi_pm *pm = arg;

	loop_task_cancel(pm->loop, &pm->timer_task);
	loop_timer_disarm(&pm->timer);
}

static void finish(void *state)
{
	struct acpi_pm *pm = state;

	bus_unmap(&pm->region);
	loop_call(pm->loop, disarm, pm);
	irq_line_set(&pm->sci, false);
	mutex_finish(&pm->lock);
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct acpi_pm *pm = state;
	int code;

	(void)options;
	mutex_init(&pm->lock);
	pm->loop = env->loop;
	pm->requests = env->requests;
	pm->seen_toggles = timer_ticks() / TOGGLE_TICKS;
	loop_task_init(&pm->timer_task, on_timer, pm);
	loop_timer_init(&pm->timer, on_timer, pm);
	irq_line_init(&pm->sci, env->irqs, LAYOUT_SCI_IRQ);
	pm->region = (struct io_region){ .base = LAYOUT_ACPI_PM_PORT,
					 .length = LAYOUT_ACPI_PM_LENGTH,
					 .ops = &register_ops,
					 .device = pm,
					 .name = "acpi-pm" };
	code = isa_map(env, &pm->region, err);
	if (code < 0) {
		mutex_finish(&pm->lock);
	}
	return code;
}

const struct device_type acpi_pm_type = {
	.name = "acpi-pm",
	.help = "ACPI power management: buttons, timer, power-off",
	.state_size = sizeof(struct acpi_pm),
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.resume = resume,
	.finish = finish,
};

static bool press(struct acpi_pm *pm, uint16_t button)
{
	bool heard;

	mutex_lock(&pm->lock);
	pm->status |= button;
	heard = pm->enable & button;
	update_sci_locked(pm);
	mutex_unlock(&pm->lock);
	return heard;
}

bool acpi_pm_press_power_button(struct acpi_pm *pm)
{
	return press(pm, PWRBTN_BIT);
}

bool acpi_pm_press_sleep_button(struct acpi_pm *pm)
{
	return press(pm, SLPBTN_BIT);
}
