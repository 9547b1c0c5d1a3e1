/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

/* Intel SDM 3A §4.5, §3.4.5. */
#define PAGE_PRESENT	 0x01u
#define PAGE_WRITABLE	 0x02u
#define PAGE_LARGE	 0x80u /* 2 MiB */
#define TABLE_ENTRIES	 512u
#define LARGE_PAGE_BYTES (2u << 20)
#define DIRECTORIES	 4u /* of 1 GiB each */
#define TABLES		 (2u + DIRECTORIES)

#define SEGMENT_CODE64 0x00af9b000000ffffu
#define SEGMENT_DATA   0x00cf93000000ffffu
#define SEGMENT_CODE32 0x00cf9b000000ffffu
#define SEGMENT_TSS    0x00008b0000000067u /* 64-bit TSS at 0, busy; its second half is zero */

static le64 table_entry(unsigned table)
{
	return le64_of((LAYOUT_PAGE_TABLES_GPA + table * GUEST_MEM_PAGE_BYTES) | PAGE_PRESENT |
		       PAGE_WRITABLE);
}

static int write_page_tables(struct guest_mem *mem)
{
	le64(*tables)[TABLE_ENTRIES] =
		guest_mem_slice(mem, LAYOUT_PAGE_TABLES_GPA, sizeof(*tables) * TABLES);

	if (!tables) {
		return -EFAULT;
	}
	memset(tables, 0, sizeof(*tables) * TABLES);
	tables[0][0] = table_entry(1);
	for (unsigned d = 0; d < DIRECTORIES; d++) {
		tables[1][d] = table_entry(2 + d);
		for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
			uint64_t gpa = (uint64_t)(d * TABLE_ENTRIES + i) * LARGE_PAGE_BYTES;

			tables[2 + d][i] = le64_of(gpa | PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE);
		}
	}
	return 0;
}

int paging_write(struct guest_mem *mem)
{
	const le64 gdt[] = {
		[LAYOUT_GDT_CODE64 / 8] = le64_of(SEGMENT_CODE64),
		[LAYOUT_GDT_DATA / 8] = le64_of(SEGMENT_DATA),
		[LAYOUT_GDT_CODE32 / 8] = le64_of(SEGMENT_CODE32),
		[LAYOUT_GDT_TSS / 8] = le64_of(SEGMENT_TSS),
		[LAYOUT_GDT_TSS / 8 + 1] = le64_of(0),
	};
	int rc = guest_mem_write(mem, LAYOUT_GDT_GPA, gdt, sizeof(gdt));

	return rc ? rc : write_page_tables(mem);
}
