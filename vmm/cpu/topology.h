/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_TOPOLOGY_H
#define THUNDERLAKE_VMM_CPU_TOPOLOGY_H

#include <stdbool.h>

/*
 * Sockets × cores × threads = processors, and the APIC ids that tell a guest which processor is
 * where: fields of bits for thread, core and socket, each as wide as its number needs. With counts
 * that are no powers of two, ids have gaps. CPUID, MADT and SMBIOS all go by this.
 */
struct topology {
	unsigned sockets;
	unsigned cores;	  /* of a socket */
	unsigned threads; /* of a core */
};

/* The topology of `count` processors. Three zeros give one socket with `count` cores; a single zero
 * counts as one. False if the product is not `count`. */
bool topology_init(struct topology *topology, unsigned count, unsigned sockets, unsigned cores,
		   unsigned threads);

/* Width of the thread field, and of the thread and core fields together. */
unsigned topology_thread_bits(const struct topology *topology);
unsigned topology_package_bits(const struct topology *topology);

/* cpus_apic_id of processor `index`. Below 255 for up to 64 processors. */
unsigned topology_apic_id(const struct topology *topology, unsigned index);

#endif
