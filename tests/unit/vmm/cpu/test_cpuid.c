/* SPDX-License-Identifier: MIT */
/* LINK: vmm/cpu/cpuid.c vmm/cpu/topology.c */
#include "vmm/cpu/cpuid.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"

TestSuite(cpuid, .timeout = 10);

#define INTEL_EBX 0x756e6547u
#define AMD_EBX	  0x68747541u

/* A host of many processors, in what KVM says of it. */
static struct {
	struct kvm_cpuid2 header;
	struct kvm_cpuid_entry2 entries[16];
} host;

static struct topology topology;
static struct kvm_cpuid2 *result;

static void add(uint32_t leaf, uint32_t index, struct kvm_cpuid_entry2 words)
{
	words.function = leaf;
	words.index = index;
	host.entries[host.header.nent++] = words;
}

static void set_host(uint32_t vendor_ebx)
{
	host.header.nent = 0;
	add(0, 0, (struct kvm_cpuid_entry2){ .eax = 0x1f, .ebx = vendor_ebx });
	/* APIC id 7, 64 processors, CLFLUSH 8; VMX; HTT. */
	add(1, 0, (struct kvm_cpuid_entry2){ .ebx = 0x07400800, .ecx = 1u << 5, .edx = 1u << 28 });
	/* A first-level data cache of 2, a third-level one of 64, no more. */
	add(4, 0, (struct kvm_cpuid_entry2){ .eax = 0xfc000000 | 1 << 14 | 1 << 5 | 1 });
	add(4, 1, (struct kvm_cpuid_entry2){ .eax = 0xfc000000 | 63 << 14 | 3 << 5 | 3 });
	add(4, 2, (struct kvm_cpuid_entry2){ 0 });
	add(7, 0, (struct kvm_cpuid_entry2){ .ebx = 0xffffffff, .ecx = 0xffffffff });
	add(0xb, 0, (struct kvm_cpuid_entry2){ .eax = 1, .ebx = 2, .ecx = 0x100, .edx = 7 });
	add(0xb, 1, (struct kvm_cpuid_entry2){ .eax = 6, .ebx = 64, .ecx = 0x201, .edx = 7 });
	add(0x12, 0, (struct kvm_cpuid_entry2){ .eax = 1 });
	add(0x40000000, 0, (struct kvm_cpuid_entry2){ .eax = 0x40000001, .ebx = 0x4b4d564b });
	add(0x40000001, 0, (struct kvm_cpuid_entry2){ .eax = 0x01007afb });
	add(0x80000001, 0, (struct kvm_cpuid_entry2){ .ecx = 1u << 2 | 1u << 22 });
	add(0x80000008, 0, (struct kvm_cpuid_entry2){ .eax = 0x3030, .ecx = 0x603f });
	add(0x8000001d, 0, (struct kvm_cpuid_entry2){ .eax = 63 << 14 | 3 << 5 | 3 });
	add(0x8000001e, 0, (struct kvm_cpuid_entry2){ .eax = 7, .ebx = 0x103, .ecx = 0x305 });
}

static void make(unsigned count, unsigned sockets, unsigned cores, unsigned threads, unsigned index)
{
	const struct cpuid_config config = { &host.header, &topology, true };

	cr_assert(topology_init(&topology, count, sockets, cores, threads));
	cr_assert(eq(int, cpuid_make(&config, index, &result), 0));
}

/* Leaf and subleaf of the result; fails the test where it is missing. */
static const struct kvm_cpuid_entry2 *leaf(uint32_t number, uint32_t index)
{
	for (uint32_t i = 0; i < result->nent; i++) {
		if (result->entries[i].function == number && result->entries[i].index == index) {
			return &result->entries[i];
		}
	}
	cr_fatal("no leaf %x.%u", number, index);
}

static unsigned count_leaf(uint32_t number)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < result->nent; i++) {
		count += result->entries[i].function == number;
	}
	return count;
}

static void finish(void)
{
	free(result);
}

Test(cpuid, leaf_1_tells_the_machine_not_the_host, .fini = finish)
{
	set_host(INTEL_EBX);
	make(6, 2, 3, 1, 5);
	/* APIC id 6; four ids a socket; CLFLUSH kept. */
	cr_assert(eq(u32, leaf(1, 0)->ebx, 0x06040800));
	/* Hypervisor, TSC deadline, x2APIC; no VMX. */
	cr_assert(eq(u32, leaf(1, 0)->ecx, 0x81200000));
	cr_assert(eq(u32, leaf(1, 0)->edx, 1u << 28));
}

Test(cpuid, single_processor_has_no_siblings, .fini = finish)
{
	set_host(INTEL_EBX);
	make(1, 0, 0, 0, 0);
	cr_assert(eq(u32, leaf(1, 0)->ebx, 0x00010800));
	cr_assert(eq(u32, leaf(1, 0)->edx, 0));
	cr_assert(eq(u32, leaf(0xb, 0)->eax, 0));
	cr_assert(eq(u32, leaf(0xb, 0)->ebx, 1));
	cr_assert(eq(u32, leaf(4, 1)->eax, 3 << 5 | 3));
}

Test(cpuid, caches_are_shared_by_core_and_socket, .fini = finish)
{
	set_host(INTEL_EBX);
	make(8, 1, 4, 2, 0);
	cr_assert(eq(u32, leaf(4, 0)->eax, 3u << 26 | 1 << 14 | 1 << 5 | 1));
	cr_assert(eq(u32, leaf(4, 1)->eax, 3u << 26 | 7 << 14 | 3 << 5 | 3));
	cr_assert(eq(u32, leaf(4, 2)->eax, 0));
	cr_assert(eq(u32, leaf(0x8000001d, 0)->eax, 7 << 14 | 3 << 5 | 3));
}

Test(cpuid, extended_topology_is_made_anew, .fini = finish)
{
	set_host(INTEL_EBX);
	make(12, 2, 3, 2, 11);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t number = i == 0 ? 0xb : 0x1f;

		cr_assert(eq(uint, count_leaf(number), 3));
		cr_assert(eq(u32, leaf(number, 0)->eax, 1));
		cr_assert(eq(u32, leaf(number, 0)->ebx, 2));
		cr_assert(eq(u32, leaf(number, 0)->ecx, 0x100));
		cr_assert(eq(u32, leaf(number, 1)->eax, 3));
		cr_assert(eq(u32, leaf(number, 1)->ebx, 6));
		cr_assert(eq(u32, leaf(number, 1)->ecx, 0x201));
		cr_assert(eq(u32, leaf(number, 2)->ecx, 2));
		/* Socket 1, core 2, thread 1. */
		cr_assert(eq(u32, leaf(number, 2)->edx, 1 << 3 | 2 << 1 | 1));
		cr_assert(eq(u32, leaf(number, 1)->flags, KVM_CPUID_FLAG_SIGNIFCANT_INDEX));
	}
}

Test(cpuid, sgx_and_nested_virtualisation_are_hidden, .fini = finish)
{
	set_host(INTEL_EBX);
	make(2, 0, 0, 0, 0);
	cr_assert(eq(u32, leaf(7, 0)->ebx, ~(1u << 2)));
	cr_assert(eq(u32, leaf(7, 0)->ecx, ~(1u << 30)));
	cr_assert(eq(uint, count_leaf(0x12), 0));
	cr_assert(eq(u32, leaf(0x80000001, 0)->ecx, 1u << 22));
}

Test(cpuid, kvm_leaves_pass_through, .fini = finish)
{
	set_host(INTEL_EBX);
	make(2, 0, 0, 0, 1);
	cr_assert(eq(u32, leaf(0x40000000, 0)->ebx, 0x4b4d564b));
	cr_assert(eq(u32, leaf(0x40000001, 0)->eax, 0x01007afb));
}

Test(cpuid, amd_topology_is_the_machine_s, .fini = finish)
{
	set_host(AMD_EBX);
	make(12, 2, 3, 2, 9);
	/* Socket 1, core 1, thread 1: id 1.01.1. */
	cr_assert(eq(u32, leaf(0x8000001e, 0)->eax, 1 << 3 | 1 << 1 | 1));
	cr_assert(eq(u32, leaf(0x8000001e, 0)->ebx, 0x101));
	cr_assert(eq(u32, leaf(0x8000001e, 0)->ecx, 1));
	/* Six processors a socket, in three bits of id. */
	cr_assert(eq(u32, leaf(0x80000008, 0)->ecx, 0x3005));
	cr_assert(eq(u32, leaf(0x80000001, 0)->ecx, 1u << 22 | 1u << 1));
}

Test(cpuid, amd_threads_are_told_where_the_host_has_no_leaf_for_them, .fini = finish)
{
	host.header.nent = 0;
	add(0, 0, (struct kvm_cpuid_entry2){ .eax = 0xd, .ebx = AMD_EBX });
	add(0x80000000, 0, (struct kvm_cpuid_entry2){ .eax = 0x80000008 });
	add(0x80000001, 0, (struct kvm_cpuid_entry2){ 0 });
	make(4, 1, 2, 2, 3);
	cr_assert(eq(u32, leaf(0x80000000, 0)->eax, 0x8000001e));
	cr_assert(eq(u32, leaf(0x80000001, 0)->ecx, 1u << 22 | 1u << 1));
	cr_assert(eq(u32, leaf(0x8000001e, 0)->ebx, 0x101));
}

Test(cpuid, intel_has_no_amd_core_count, .fini = finish)
{
	set_host(INTEL_EBX);
	make(2, 0, 0, 0, 0);
	cr_assert(eq(u32, leaf(0x80000008, 0)->ecx, 0));
}

Test(cpuid, old_host_gets_no_new_leaves, .fini = finish)
{
	host.header.nent = 0;
	add(0, 0, (struct kvm_cpuid_entry2){ .eax = 0xa, .ebx = AMD_EBX });
	make(2, 0, 0, 0, 0);
	cr_assert(eq(u32, result->nent, 1));
}
