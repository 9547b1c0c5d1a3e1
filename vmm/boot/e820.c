/* SPDX-License-Identifier: MIT */
#include "vmm/boot/e820.h"

#include <assert.h>

#include "vmm/boot/layout.h"
#include "vmm/mem/guest_mem.h"

static void add(struct e820 *map, uint64_t start, uint64_t end, enum e820_type type)
{
	if (start >= end) {
		return;
	}
	assert(map->count < E820_ENTRIES_MAX);
	map->entries[map->count++] = (struct e820_entry){ start, end - start, type };
}

void e820_build(const struct guest_mem *mem, struct e820 *out)
{
	size_t count;
	const struct guest_mem_region *regions = guest_mem_regions(mem, &count);

	*out = (struct e820){ .count = 0 };
	/* Between the last two is the window of old graphics cards: neither RAM nor reserved. */
	add(out, 0, LAYOUT_LOW_RAM_END, E820_RAM);
	add(out, LAYOUT_LOW_RAM_END, 0xa0000, E820_RESERVED);
	add(out, LAYOUT_BIOS_TABLES_GPA, LAYOUT_BIOS_TABLES_END, E820_RESERVED);
	add(out, LAYOUT_BIOS_TABLES_END, regions[0].size, E820_RAM);
	add(out, LAYOUT_ECAM_GPA, LAYOUT_ECAM_GPA + (uint64_t)LAYOUT_ECAM_SIZE, E820_RESERVED);
	add(out, LAYOUT_IDENTITY_MAP_GPA, LAYOUT_TSS_GPA + 3u * GUEST_MEM_PAGE_BYTES,
	    E820_RESERVED);
	for (size_t i = 1; i < count; i++) {
		add(out, regions[i].gpa, regions[i].gpa + regions[i].size, E820_RAM);
	}
}

uint64_t e820_low_end(const struct e820 *map)
{
	for (size_t i = 0; i < map->count; i++) {
		if (map->entries[i].gpa == LAYOUT_BIOS_TABLES_END) {
			return map->entries[i].gpa + map->entries[i].size;
		}
	}
	return LAYOUT_BIOS_TABLES_END;
}
