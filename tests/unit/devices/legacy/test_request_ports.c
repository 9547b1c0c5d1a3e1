/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/debug_exit.c devices/legacy/pvpanic.c devices/legacy/reset_port.c
 *       devices/legacy/isa.c vmm/bus/ vmm/kvm/ vmm/mem/ tests/unit/devices/legacy/fake_pc.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "devices/legacy/debug_exit.h"
#include "devices/legacy/pvpanic.h"
#include "devices/legacy/reset_port.h"
#include "tests/unit/devices/legacy/fake_pc.h"
#include "vmm/boot/layout.h"

static struct fake_pc pc;

static void set_up(void)
{
	fake_pc_init(&pc, false);
}

static void tear_down(void)
{
	fake_pc_finish(&pc);
}

TestSuite(request_ports, .init = set_up, .fini = tear_down, .timeout = 10);

Test(request_ports, debug_exit_doubles_and_adds_one)
{
	void *state = fake_pc_add(&pc, &debug_exit_type, "");

	fake_pc_write(&pc, LAYOUT_DEBUG_EXIT_PORT, 4, 0x10);
	cr_assert(eq(u32, pc.exits, 1));
	cr_assert(eq(int, pc.exit_code, 0x21));
	fake_pc_remove(&debug_exit_type, state);
}

Test(request_ports, debug_exit_sits_where_it_is_told)
{
	void *state = fake_pc_add(&pc, &debug_exit_type, "iobase=0x501,iosize=2");

	fake_pc_out(&pc, 0x502, 0);
	cr_assert(eq(int, pc.exit_code, 1));
	fake_pc_remove(&debug_exit_type, state);
}

Test(request_ports, pvpanic_tells_crash_from_loaded_crash_kernel)
{
	void *state = fake_pc_add(&pc, &pvpanic_type, "");

	cr_assert(eq(u8, fake_pc_in(&pc, LAYOUT_PVPANIC_PORT), 3));
	fake_pc_out(&pc, LAYOUT_PVPANIC_PORT, 0);
	fake_pc_out(&pc, LAYOUT_PVPANIC_PORT, 1);
	fake_pc_out(&pc, LAYOUT_PVPANIC_PORT, 2);
	cr_assert(eq(u32, pc.panics, 1));
	cr_assert(eq(u32, pc.crash_loads, 1));
	fake_pc_remove(&pvpanic_type, state);
}

Test(request_ports, reset_port_resets_on_a_rising_bit)
{
	struct reset_port port;

	reset_port_init(&port, &pc.requests);
	reset_port_write(&port, 0x02); /* only chooses a hard reset */
	cr_assert(eq(u32, pc.resets, 0));
	cr_assert(eq(u8, reset_port_read(&port), 0x02));
	reset_port_write(&port, LAYOUT_RESET_VALUE);
	cr_assert(eq(u32, pc.resets, 1));
	reset_port_write(&port, LAYOUT_RESET_VALUE);
	cr_assert(eq(u32, pc.resets, 2));
}

Test(request_ports, nobody_listening_is_fine)
{
	struct reset_port port;
	void *state;

	pc.env.requests = NULL;
	state = fake_pc_add(&pc, &pvpanic_type, "");
	fake_pc_out(&pc, LAYOUT_PVPANIC_PORT, 1);
	fake_pc_remove(&pvpanic_type, state);
	reset_port_init(&port, NULL);
	reset_port_write(&port, LAYOUT_RESET_VALUE);
	cr_assert(eq(u32, pc.panics + pc.resets, 0));
}
