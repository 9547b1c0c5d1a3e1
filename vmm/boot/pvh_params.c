/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "vmm/base/bytes.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

/* Xen's public header arch-x86/hvm/start_info.h, version 1. */
#define START_INFO_MAGIC   0x336ec578u
#define START_INFO_VERSION 1u

struct start_info {
	le32 magic;
	le32 version;
	le32 flags;
	le32 module_count;
	le64 modules_gpa;
	le64 command_line_gpa;
	le64 rsdp_gpa;
	le64 map_gpa;
	le32 map_count;
	le32 reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "start_info version 1");

struct start_module {
	le64 gpa;
	le64 size;
	le64 command_line_gpa;
	le64 reserved;
};
_Static_assert(sizeof(struct start_module) == 32, "start_info module");

struct start_map_entry {
	le64 gpa;
	le64 size;
	le32 type;
	le32 reserved;
};
_Static_assert(sizeof(struct start_map_entry) == 24, "start_info memory map");

/* All that lies at LAYOUT_BOOT_PARAMS_GPA. */
struct start_page {
	struct start_info info;
	struct start_module initrd;
	struct start_map_entry map[E820_ENTRIES_MAX];
};

int pvh_params_write(const struct boot_parameters *parameters, struct guest_mem *mem)
{
	const struct e820 *map = parameters->map;
	struct start_page page = {
		.info = {
			.magic = le32_of(START_INFO_MAGIC),
			.version = le32_of(START_INFO_VERSION),
			.command_line_gpa = le64_of(LAYOUT_COMMAND_LINE_GPA),
			.rsdp_gpa = le64_of(parameters->rsdp_gpa),
			.map_gpa = le64_of(LAYOUT_BOOT_PARAMS_GPA + offsetof(struct start_page, map)),
			.map_count = le32_of((uint32_t)map->count),
		},
	};

	if (parameters->initrd.size > 0) {
		page.info.module_count = le32_of(1);
		page.info.modules_gpa =
			le64_of(LAYOUT_BOOT_PARAMS_GPA + offsetof(struct start_page, initrd));
		page.initrd.gpa = le64_of(parameters->initrd.gpa);
		page.initrd.size = le64_of(parameters->initrd.size);
	}
	for (size_t i = 0; i < map->count; i++) {
		page.map[i].gpa = le64_of(map->entries[i].gpa);
		page.map[i].size = le64_of(map->entries[i].size);
		page.map[i].type = le32_of(map->entries[i].type);
	}
	return guest_mem_write(mem, LAYOUT_BOOT_PARAMS_GPA, &page, sizeof(page));
}
