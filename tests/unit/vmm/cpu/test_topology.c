/* SPDX-License-Identifier: MIT */
/* LINK: vmm/cpu/topology.c */
#include "vmm/cpu/topology.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "vmm/cpu/cpus.h"

TestSuite(topology, .timeout = 10);

static struct topology topology;

Test(topology, zeros_are_one_socket)
{
	cr_assert(topology_init(&topology, 6, 0, 0, 0));
	cr_assert(eq(uint, topology.sockets, 1));
	cr_assert(eq(uint, topology.cores, 6));
	cr_assert(eq(uint, topology.threads, 1));
}

Test(topology, a_zero_counts_as_one)
{
	cr_assert(topology_init(&topology, 6, 2, 3, 0));
	cr_assert(eq(uint, topology.threads, 1));
	cr_assert(topology_init(&topology, 2, 2, 0, 0));
	cr_assert(eq(uint, topology.cores, 1));
}

Test(topology, product_must_be_the_count)
{
	cr_assert(not(topology_init(&topology, 4, 2, 3, 1)));
	cr_assert(not(topology_init(&topology, 4, 1, 1, 1)));
	/* Would be 4 if it were allowed to wrap. */
	cr_assert(not(topology_init(&topology, 4, 0x80000001, 4, 2)));
}

Test(topology, powers_of_two_leave_no_gaps)
{
	cr_assert(topology_init(&topology, 16, 2, 4, 2));
	for (unsigned i = 0; i < 16; i++) {
		cr_assert(eq(uint, topology_apic_id(&topology, i), i));
	}
}

Test(topology, other_numbers_leave_gaps)
{
	/* Cores 0 to 2 in two bits, sockets above them. */
	cr_assert(topology_init(&topology, 6, 2, 3, 1));
	cr_assert(eq(uint, topology_thread_bits(&topology), 0));
	cr_assert(eq(uint, topology_package_bits(&topology), 2));
	cr_assert(eq(uint, topology_apic_id(&topology, 2), 2));
	cr_assert(eq(uint, topology_apic_id(&topology, 3), 4));
	cr_assert(eq(uint, topology_apic_id(&topology, 5), 6));
}

/* 255 is the broadcast id. */
Test(topology, no_id_reaches_255)
{
	for (unsigned sockets = 1; sockets <= CPUS_MAX; sockets++) {
		for (unsigned cores = 1; sockets * cores <= CPUS_MAX; cores++) {
			for (unsigned threads = 1; sockets * cores * threads <= CPUS_MAX;
			     threads++) {
				unsigned count = sockets * cores * threads;

				cr_assert(topology_init(&topology, count, sockets, cores, threads));
				cr_assert(lt(uint, topology_apic_id(&topology, count - 1), 255));
			}
		}
	}
}
