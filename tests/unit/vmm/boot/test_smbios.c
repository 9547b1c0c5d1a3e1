/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ */
#include "vmm/boot/smbios.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/boot/boot.h"
#include "vmm/cpu/cpus.h"
#include "vmm/mem/guest_mem.h"

static struct boot_config config;
static struct guest_mem *mem;

static void setup(void)
{
	config = (struct boot_config){ .cpu_count = 4 };
}

static void teardown(void)
{
	guest_mem_destroy(mem);
}

static void write_for(uint64_t ram)
{
	cr_assert(eq(int, guest_mem_create(NULL, ram, &mem, NULL), 0));
	cr_assert(eq(int, smbios_write(&config, mem), 0));
}

/* The `nth` structure of a type, or NULL. Checks that the chain ends with type 127 where the entry
 * point says. */
static uint8_t *find(uint8_t type, unsigned nth)
{
	uint8_t *entry = guest_mem_slice(mem, SMBIOS_GPA, SMBIOS_END - SMBIOS_GPA);
	uint8_t *at = entry + (load_le64(entry + 16) - SMBIOS_GPA);
	uint8_t *end = at + load_le32(entry + 12);
	uint8_t *found = NULL;
	uint8_t last = 0;

	while (at < end) {
		last = at[0];
		if (last == type && nth-- == 0) {
			found = at;
		}
		at += at[1];
		while (at[0] || at[1]) {
			at++;
		}
		at += 2;
	}
	cr_assert(eq(ptr, at, end));
	cr_assert(eq(u8, last, 127));
	return found;
}

static char *string_of(uint8_t *structure, uint8_t number)
{
	char *text = (char *)structure + structure[1];

	while (--number > 0) {
		text += strlen(text) + 1;
	}
	return text;
}

TestSuite(smbios, .init = setup, .fini = teardown, .timeout = 20);

Test(smbios, entry_point_is_found_and_sums_to_zero)
{
	const uint8_t *entry;
	uint8_t sum = 0;

	write_for(GUEST_MEM_MIN_BYTES);
	entry = guest_mem_slice(mem, SMBIOS_GPA, 24);
	for (unsigned i = 0; i < 24; i++) {
		sum = (uint8_t)(sum + entry[i]);
	}
	cr_assert(zero(int, memcmp(entry, "_SM3_", 5)));
	cr_assert(eq(u8, sum, 0));
}

Test(smbios, system_has_the_uuid_of_the_text)
{
	/* 00112233-4455-6677-8899-aabbccddeeff: the first three fields are turned around. */
	static const uint8_t uuid[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const uint8_t want[16] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

	config.uuid = uuid;
	write_for(GUEST_MEM_MIN_BYTES);
	cr_assert(zero(int, memcmp(find(1, 0) + 8, want, 16)));
	cr_assert(eq(str, string_of(find(1, 0), 1), "Thunderlake"));
}

Test(smbios, chassis_carries_the_name)
{
	config.name = "my-vm";
	write_for(GUEST_MEM_MIN_BYTES);
	cr_assert(eq(str, string_of(find(3, 0), find(3, 0)[8]), "my-vm"));
}

Test(smbios, processors_are_listed_by_socket)
{
	config.cpu_count = 8;
	config.sockets = 2;
	config.cores = 2;
	config.threads = 2;
	write_for(GUEST_MEM_MIN_BYTES);
	cr_assert(eq(u8, find(4, 1)[0x23], 2), "cores");
	cr_assert(eq(u8, find(4, 1)[0x25], 4), "threads");
	cr_assert(eq(ptr, find(4, 2), NULL));
}

Test(smbios, most_sockets_fit)
{
	config.cpu_count = CPUS_MAX;
	config.sockets = CPUS_MAX;
	config.cores = 1;
	config.threads = 1;
	write_for(GUEST_MEM_MIN_BYTES);
	cr_assert(ne(ptr, find(4, CPUS_MAX - 1), NULL));
}

Test(smbios, memory_is_told_by_size_and_by_region)
{
	write_for(UINT64_C(5) << 30);
	cr_assert(eq(u16, load_le16(find(17, 0) + 0x0c), 5 << 10), "MiB");
	cr_assert(eq(u32, load_le32(find(19, 0) + 8), (3u << 20) - 1), "the first ends at 3 GiB");
	cr_assert(eq(u32, load_le32(find(19, 1) + 4), 4u << 20), "the second starts at 4 GiB");
}

Test(smbios, large_memory_uses_the_extended_size)
{
	write_for(UINT64_C(40) << 30);
	cr_assert(eq(u16, load_le16(find(17, 0) + 0x0c), 0x7fff));
	cr_assert(eq(u32, load_le32(find(17, 0) + 0x1c), 40u << 10));
}
