/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/acpi_pm.c devices/legacy/isa.c vmm/bus/ vmm/kvm/ vmm/mem/
 *       tests/unit/devices/legacy/fake_pc.c */
#include "devices/legacy/acpi_pm.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/unit/devices/legacy/fake_pc.h"
#include "vmm/boot/layout.h"

#define STATUS	LAYOUT_ACPI_PM_PORT
#define ENABLE	(LAYOUT_ACPI_PM_PORT + 2)
#define CONTROL (LAYOUT_ACPI_PM_PORT + LAYOUT_ACPI_PM1_CONTROL)
#define TIMER	(LAYOUT_ACPI_PM_PORT + LAYOUT_ACPI_PM_TIMER)
#define GPE0	(LAYOUT_ACPI_PM_PORT + LAYOUT_ACPI_GPE0)
#define PWRBTN	0x0100
#define SLPBTN	0x0200
#define SLP_EN	0x2000
#define S5	(LAYOUT_ACPI_S5_SLEEP_TYPE << 10)

static struct fake_pc pc;
static struct acpi_pm *pm;

static void set_up(void)
{
	fake_pc_init(&pc, false);
	pm = fake_pc_add(&pc, &acpi_pm_type, "");
}

static void tear_down(void)
{
	fake_pc_remove(&acpi_pm_type, pm);
	fake_pc_finish(&pc);
}

static bool has(uint64_t value, uint64_t bits)
{
	return value & bits;
}

TestSuite(acpi_pm, .init = set_up, .fini = tear_down, .timeout = 10);

static bool sci(void)
{
	return fake_pc_irq(&pc, LAYOUT_SCI_IRQ);
}

Test(acpi_pm, power_button_interrupts_until_its_bit_is_written)
{
	fake_pc_write(&pc, ENABLE, 2, PWRBTN);
	cr_assert(acpi_pm_press_power_button(pm));
	cr_assert(sci());
	cr_assert(has(fake_pc_read(&pc, STATUS, 2), PWRBTN));
	fake_pc_write(&pc, STATUS, 2, SLPBTN); /* another bit */
	cr_assert(sci());
	fake_pc_write(&pc, STATUS, 2, PWRBTN);
	cr_assert(not(sci()));
}

Test(acpi_pm, button_nobody_listens_to_waits)
{
	cr_assert(not(acpi_pm_press_sleep_button(pm)));
	cr_assert(not(sci()));
	fake_pc_write(&pc, ENABLE, 2, SLPBTN);
	cr_assert(sci());
}

Test(acpi_pm, status_and_enable_are_one_word_too)
{
	fake_pc_write(&pc, STATUS, 4, (uint32_t)PWRBTN << 16);
	cr_assert(eq(u64, fake_pc_read(&pc, ENABLE, 2), PWRBTN));
	(void)acpi_pm_press_power_button(pm);
	cr_assert(eq(u64, fake_pc_read(&pc, STATUS, 4) & 0x1000100, 0x1000100));
}

Test(acpi_pm, acpi_is_always_on)
{
	fake_pc_write(&pc, CONTROL, 2, 0);
	cr_assert(eq(u64, fake_pc_read(&pc, CONTROL, 2), 1));
}

Test(acpi_pm, s5_powers_off_once_it_is_enabled)
{
	fake_pc_write(&pc, CONTROL, 2, S5);
	cr_assert(eq(u32, pc.power_offs, 0));
	fake_pc_write(&pc, CONTROL, 2, S5 | SLP_EN);
	cr_assert(eq(u32, pc.power_offs, 1));
	cr_assert(not(has(fake_pc_read(&pc, CONTROL, 2), SLP_EN))); /* reads as zero */
}

Test(acpi_pm, other_sleep_types_do_nothing)
{
	for (uint32_t type = 0; type < 8; type++) {
		if (type != LAYOUT_ACPI_S5_SLEEP_TYPE) {
			fake_pc_write(&pc, CONTROL, 2, type << 10 | SLP_EN);
		}
	}
	cr_assert(eq(u32, pc.power_offs, 0));
}

Test(acpi_pm, timer_counts_24_bits_upwards)
{
	uint64_t before = fake_pc_read(&pc, TIMER, 4);
	uint64_t after;

	do { /* 280 ns a tick */
		after = fake_pc_read(&pc, TIMER, 4);
	} while (after == before);
	cr_assert(lt(u64, after, 1u << 24));
	cr_assert(lt(u64, (after - before) & 0xffffff, 1u << 23));
}

Test(acpi_pm, gpe_enable_is_kept_and_status_cleared_by_ones)
{
	fake_pc_write(&pc, GPE0 + 8, 4, 0x12345678);
	fake_pc_write(&pc, GPE0, 4, 0xffffffff);
	cr_assert(eq(u64, fake_pc_read(&pc, GPE0 + 8, 4), 0x12345678));
	cr_assert(eq(u64, fake_pc_read(&pc, GPE0, 4), 0));
}

Test(acpi_pm, firmware_finds_no_smm_to_set_up)
{
	cr_assert(eq(u64, fake_pc_read(&pc, LAYOUT_ACPI_PM_PORT + 0x30, 4), 0x20));
}

Test(acpi_pm, every_offset_and_size_is_safe)
{
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (unsigned offset = 0; offset + size <= LAYOUT_ACPI_PM_LENGTH; offset++) {
			uint16_t port = (uint16_t)(LAYOUT_ACPI_PM_PORT + offset);

			fake_pc_write(&pc, port, size, UINT64_MAX);
			(void)fake_pc_read(&pc, port, size);
		}
	}
	cr_assert(true); /* no sanitizer complained */
}

Test(acpi_pm, reset_lowers_the_interrupt)
{
	fake_pc_write(&pc, ENABLE, 2, PWRBTN);
	(void)acpi_pm_press_power_button(pm);
	acpi_pm_type.reset(pm);
	cr_assert(not(sci()));
	cr_assert(eq(u64, fake_pc_read(&pc, ENABLE, 2), 0));
}

Test(acpi_pm, press_while_paused_is_heard_after_resume)
{
	fake_pc_write(&pc, ENABLE, 2, PWRBTN);
	acpi_pm_type.quiesce(pm);
	(void)acpi_pm_press_power_button(pm);
	cr_assert(not(sci()));
	acpi_pm_type.resume(pm);
	cr_assert(sci());
}
