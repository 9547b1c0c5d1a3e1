/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/topology.h"

#include "vmm/base/compiler.h"
#include "vmm/cpu/cpus.h"

bool topology_init(struct topology *topology, unsigned count, unsigned sockets, unsigned cores,
		   unsigned threads)
{
	if (!sockets && !cores && !threads) {
		cores = count;
	}
	topology->sockets = MAX(sockets, 1u);
	topology->cores = MAX(cores, 1u);
	topology->threads = MAX(threads, 1u);
	/* Each factor is checked first, so that the product cannot wrap. */
	return topology->sockets <= count && topology->cores <= count &&
	       topology->threads <= count &&
	       (unsigned long long)topology->sockets * topology->cores * topology->threads == count;
}

/* Bits that numbers below `count` need. */
static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while (1u << bits < count) {
		bits++;
	}
	return bits;
}

unsigned topology_thread_bits(const struct topology *topology)
{
	return bits_for(topology->threads);
}

unsigned topology_package_bits(const struct topology *topology)
{
	return bits_for(topology->threads) + bits_for(topology->cores);
}

unsigned topology_apic_id(const struct topology *topology, unsigned index)
{
	return cpus_apic_id(index, topology->cores, topology->threads);
}
