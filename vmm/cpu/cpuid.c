/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/cpuid.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vmm/base/compiler.h"

/* Intel SDM volume 2 "CPUID" and AMD APM volume 3 appendix E; leaves by number, as there. */
#define LEAF_1_ECX_VMX		(1u << 5)
#define LEAF_1_ECX_X2APIC	(1u << 21)
#define LEAF_1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF_1_ECX_HYPERVISOR	(1u << 31)
#define LEAF_1_EDX_HTT		(1u << 28)
#define LEAF_7_EBX_SGX		(1u << 2)
#define LEAF_7_ECX_SGX_LC	(1u << 30)
#define EXT_1_ECX_CMP_LEGACY	(1u << 1)
#define EXT_1_ECX_SVM		(1u << 2)
#define EXT_1_ECX_TOPOEXT	(1u << 22)
#define TOPOLOGY_LEVEL_SMT	1u
#define TOPOLOGY_LEVEL_CORE	2u
#define AMD_EBX			0x68747541u /* "Auth", the first letters of "AuthenticAMD" */
#define HYGON_EBX		0x6f677948u
#define LAST_LEVEL_CACHE	3u
#define TOPOLOGY_SUBLEAVES	3u
#define AMD_TOPOLOGY_LEAF	0x8000001eu
#define ADDED_ENTRIES_MAX	(2 * TOPOLOGY_SUBLEAVES + 1)

/* What this machine is to tell a processor of itself. */
struct placement {
	const struct topology *topology;
	unsigned apic_id;
	unsigned index;
	unsigned logical;	/* processors of a socket */
	unsigned package_slots; /* APIC ids of a socket */
	unsigned thread_slots;	/* APIC ids of a core */
	bool is_amd;
	bool has_tsc_deadline;
};

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *table, uint32_t leaf)
{
	for (uint32_t i = 0; i < table->nent; i++) {
		if (table->entries[i].function == leaf) {
			return &table->entries[i];
		}
	}
	return NULL;
}

static uint32_t max_leaf(const struct kvm_cpuid2 *table)
{
	const struct kvm_cpuid_entry2 *entry = find(table, 0);

	return entry ? entry->eax : 0;
}

static bool is_amd(const struct kvm_cpuid2 *table)
{
	const struct kvm_cpuid_entry2 *entry = find(table, 0);

	return entry && (entry->ebx == AMD_EBX || entry->ebx == HYGON_EBX);
}

/* Leaves that say where the host's processors are, or that have no meaning without what is hidden:
 * topology (made anew), SGX, SVM, AMD's newer topology. */
static bool is_dropped(uint32_t leaf)
{
	return leaf == 0xb || leaf == 0x1f || leaf == 0x12 || leaf == 0x8000000a ||
	       leaf == 0x80000026;
}

static void patch_features(struct kvm_cpuid_entry2 *entry, const struct placement *place)
{
	entry->ebx = (entry->ebx & 0x0000ffff) | MIN(place->package_slots, 255u) << 16 |
		     place->apic_id << 24;
	entry->ecx &= ~(LEAF_1_ECX_VMX | LEAF_1_ECX_TSC_DEADLINE);
	entry->ecx |= LEAF_1_ECX_HYPERVISOR | LEAF_1_ECX_X2APIC;
	if (place->has_tsc_deadline) {
		entry->ecx |= LEAF_1_ECX_TSC_DEADLINE;
	}
	entry->edx &= ~LEAF_1_EDX_HTT;
	if (place->logical > 1) {
		entry->edx |= LEAF_1_EDX_HTT;
	}
}

/* How many processors share a cache: its core's, or for the last level all of the socket. */
static void patch_cache(struct kvm_cpuid_entry2 *entry, const struct placement *place)
{
	uint32_t type = entry->eax & 0x1f;
	uint32_t level = entry->eax >> 5 & 7;
	uint32_t sharing = level >= LAST_LEVEL_CACHE ? place->package_slots : place->thread_slots;

	if (type == 0) {
		return;
	}
	entry->eax = (entry->eax & ~(0xfffu << 14)) | (sharing - 1) << 14;
	if (entry->function == 4) {
		uint32_t core_slots = place->package_slots / place->thread_slots;

		entry->eax = (entry->eax & 0x03ffffff) | MIN(core_slots - 1, 63u) << 26;
	}
}

static void patch_amd_topology(struct kvm_cpuid_entry2 *entry, const struct placement *place)
{
	const struct topology *topology = place->topology;
	unsigned core = place->index / topology->threads;

	entry->eax = place->apic_id;
	entry->ebx = core % topology->cores | (topology->threads - 1) << 8;
	entry->ecx = core / topology->cores; /* one node a socket */
	entry->edx = 0;
}

static void patch_extended_features(struct kvm_cpuid_entry2 *entry, const struct placement *place)
{
	entry->ecx &= ~(EXT_1_ECX_SVM | EXT_1_ECX_CMP_LEGACY);
	if (place->is_amd && place->logical > 1) {
		entry->ecx |= EXT_1_ECX_CMP_LEGACY;
	}
	/* Without it, guests of AMD kind do not look for threads at all. It only says that leaves
	 * 0x8000001d and 0x8000001e are there, which they are by our own making. */
	if (place->is_amd && place->topology->threads > 1) {
		entry->ecx |= EXT_1_ECX_TOPOEXT;
	}
}

static void patch(struct kvm_cpuid_entry2 *entry, const struct placement *place)
{
	switch (entry->function) {
	case 0x1:
		patch_features(entry, place);
		break;
	case 0x4:
	case 0x8000001d:
		patch_cache(entry, place);
		break;
	case 0x7:
		if (entry->index == 0) {
			entry->ebx &= ~LEAF_7_EBX_SGX;
			entry->ecx &= ~LEAF_7_ECX_SGX_LC;
		}
		break;
	case 0x80000000:
		if (place->is_amd && place->topology->threads > 1) {
			entry->eax = MAX(entry->eax, AMD_TOPOLOGY_LEAF);
		}
		break;
	case 0x80000001:
		patch_extended_features(entry, place);
		break;
	case 0x80000008:
		entry->ecx = 0;
		if (place->is_amd) {
			entry->ecx = (place->logical - 1) | topology_package_bits(place->topology)
								    << 12;
		}
		break;
	case AMD_TOPOLOGY_LEAF:
		patch_amd_topology(entry, place);
		break;
	default:
		break;
	}
}

/* Leaves 0xb and 0x1f: threads of a core, processors of a socket, end. */
static void add_topology_leaf(struct kvm_cpuid2 *table, uint32_t leaf,
			      const struct placement *place)
{
	const struct topology *topology = place->topology;
	const struct kvm_cpuid_entry2 levels[TOPOLOGY_SUBLEAVES] = {
		{ .eax = topology_thread_bits(topology),
		  .ebx = topology->threads,
		  .ecx = TOPOLOGY_LEVEL_SMT << 8 },
		{ .eax = topology_package_bits(topology),
		  .ebx = place->logical,
		  .ecx = TOPOLOGY_LEVEL_CORE << 8 },
	};

	for (uint32_t i = 0; i < TOPOLOGY_SUBLEAVES; i++) {
		struct kvm_cpuid_entry2 *entry = &table->entries[table->nent++];

		*entry = levels[i];
		entry->function = leaf;
		entry->index = i;
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		entry->ecx |= i;
		entry->edx = place->apic_id;
	}
}

static void add_amd_topology_leaf(struct kvm_cpuid2 *table, const struct placement *place)
{
	struct kvm_cpuid_entry2 *entry = &table->entries[table->nent++];

	*entry = (struct kvm_cpuid_entry2){ .function = AMD_TOPOLOGY_LEAF };
	patch_amd_topology(entry, place);
}

int cpuid_make(const struct cpuid_config *config, unsigned index, struct kvm_cpuid2 **out)
{
	const struct kvm_cpuid2 *supported = config->supported;
	const struct topology *topology = config->topology;
	const struct placement place = {
		.topology = topology,
		.apic_id = topology_apic_id(topology, index),
		.index = index,
		.logical = topology->cores * topology->threads,
		.package_slots = 1u << topology_package_bits(topology),
		.thread_slots = 1u << topology_thread_bits(topology),
		.is_amd = is_amd(supported),
		.has_tsc_deadline = config->has_tsc_deadline,
	};
	struct kvm_cpuid2 *table =
		calloc(1, sizeof(*table) + (supported->nent + ADDED_ENTRIES_MAX) *
						   sizeof(table->entries[0]));

	*out = table;
	if (!table) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < supported->nent; i++) {
		if (!is_dropped(supported->entries[i].function)) {
			table->entries[table->nent] = supported->entries[i];
			patch(&table->entries[table->nent++], &place);
		}
	}
	if (place.is_amd && topology->threads > 1 && !find(supported, AMD_TOPOLOGY_LEAF)) {
		add_amd_topology_leaf(table, &place);
	}
	if (max_leaf(supported) >= 0xb) {
		add_topology_leaf(table, 0xb, &place);
	}
	if (max_leaf(supported) >= 0x1f) {
		add_topology_leaf(table, 0x1f, &place);
	}
	return 0;
}
