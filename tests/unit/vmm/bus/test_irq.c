/* SPDX-License-Identifier: MIT */
/* LINK: vmm/bus/ vmm/kvm/ */
#include "vmm/bus/irq.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

static struct irq_router *router;

static void set_up(void)
{
	cr_assert(eq(int, irq_router_create(NULL, &router), 0));
}

static void tear_down(void)
{
	irq_router_destroy(router);
}

TestSuite(irq, .init = set_up, .fini = tear_down, .timeout = 10);

Test(irq, destroy_accepts_null)
{
	irq_router_destroy(NULL);
}

Test(irq, wires_of_a_line_are_ored)
{
	struct irq_line first, second;

	irq_line_init(&first, router, 17);
	irq_line_init(&second, router, 17);
	irq_line_set(&first, true);
	irq_line_set(&first, true);
	irq_line_set(&second, true);
	irq_line_set(&first, false);
	cr_assert(irq_router_level(router, 17));
	irq_line_set(&second, false);
	cr_assert(not(irq_router_level(router, 17)));
	cr_assert(not(irq_router_level(router, 16)));
}

Test(irq, pulse_leaves_the_line_as_it_was)
{
	struct irq_line line, held;

	irq_line_init(&line, router, 4);
	irq_line_init(&held, router, 4);
	irq_line_pulse(&line);
	cr_assert(not(irq_router_level(router, 4)));
	irq_line_set(&held, true);
	irq_line_pulse(&line);
	cr_assert(irq_router_level(router, 4));
}

Test(irq, vectors_have_gsis_of_their_own_above_the_lines)
{
	struct msi_vector first, second;

	cr_assert(eq(int, msi_vector_init(&first, router), 0));
	cr_assert(eq(int, msi_vector_init(&second, router), 0));
	cr_assert(ge(u32, first.gsi, IRQ_LINES));
	cr_assert(ne(u32, first.gsi, second.gsi));
	msi_vector_finish(&first);
	msi_vector_finish(&second);
	msi_vector_finish(&second);
}

/* Descriptors run out before GSIs where their limit is low. */
Test(irq, vectors_run_out_and_come_back)
{
	static struct msi_vector vectors[IRQ_MSI_MAX + 1];
	unsigned made = 0;
	int code = 0;

	while (made <= IRQ_MSI_MAX && code == 0) {
		code = msi_vector_init(&vectors[made], router);
		made += code == 0;
	}
	cr_assert(code == -ENOSPC || code == -EMFILE);
	for (unsigned i = 0; i < made; i++) {
		msi_vector_finish(&vectors[i]);
	}
	cr_assert(eq(int, msi_vector_init(&vectors[0], router), 0));
	cr_assert(eq(u32, vectors[0].gsi, IRQ_LINES));
	msi_vector_finish(&vectors[0]);
}

Test(irq, signal_is_pending_until_cleared)
{
	struct msi_vector vector;

	cr_assert(eq(int, msi_vector_init(&vector, router), 0));
	cr_assert(eq(int, msi_vector_set(&vector, 0xfee00000, 0x41), 0));
	cr_assert(not(msi_vector_is_pending(&vector)));
	msi_vector_signal(&vector);
	msi_vector_signal(&vector);
	cr_assert(msi_vector_is_pending(&vector));
	msi_vector_clear_pending(&vector);
	cr_assert(not(msi_vector_is_pending(&vector)));
	msi_vector_clear_pending(&vector);
	cr_assert(eq(int, msi_vector_enable(&vector, true), 0));
	cr_assert(vector.enabled);
	cr_assert(eq(int, msi_vector_set(&vector, 0xfee00000, 0x42), 0));
	cr_assert(eq(int, msi_vector_enable(&vector, false), 0));
	cr_assert(not(vector.enabled));
	msi_vector_finish(&vector);
}
