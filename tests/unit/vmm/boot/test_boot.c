/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ tests/unit/vmm/boot/fake_kernel.c */
#include "vmm/boot/boot.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/vmm/boot/fake_kernel.h"
#include "vmm/base/bytes.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/layout.h"
#include "vmm/mem/guest_mem.h"

#define MIB	     (1u << 20)
#define INITRD_BYTES 5000u /* not a multiple of a page */

static struct fake_bzimage bzimage;
static struct fake_elf elf;
static uint8_t initrd[INITRD_BYTES];
static struct guest_mem *mem;
static struct boot_files files;
static struct boot_config config;
static struct cpu_entry entry;
static struct error err;

static void setup(void)
{
	fake_bzimage_init(&bzimage);
	fake_elf_init(&elf);
	memset(initrd, 0x5a, sizeof(initrd));
	config = (struct boot_config){
		.files = &files,
		.command_line = "console=ttyS0",
		.cpu_count = 1,
		.rng_seed = { 1, 2, 3, 4 },
	};
	files = (struct boot_files){ .kernel_fd = -1, .initrd_fd = -1 };
}

static void teardown(void)
{
	boot_files_close(&files);
	guest_mem_destroy(mem);
}

static int load(const void *kernel, size_t length, uint64_t ram)
{
	cr_assert(eq(int, guest_mem_create(NULL, ram, &mem, &err), 0), "%s", err.text);
	fake_files_open(kernel, length, initrd, sizeof(initrd), &files);
	return boot_load(&config, mem, &entry, &err);
}

static const struct boot_params *zero_page(void)
{
	return guest_mem_slice(mem, LAYOUT_BOOT_PARAMS_GPA, sizeof(struct boot_params));
}

TestSuite(boot, .init = setup, .fini = teardown, .timeout = 30);

Test(boot, bzimage_enters_in_long_mode)
{
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0), "%s", err.text);
	cr_assert(eq(int, (int)entry.mode, CPU_ENTRY_LONG));
	cr_assert(eq(u64, entry.rip, 0x1000200));
	cr_assert(eq(u64, entry.argument, LAYOUT_BOOT_PARAMS_GPA));
	cr_assert(eq(u64, entry.page_table_gpa, LAYOUT_PAGE_TABLES_GPA));
	cr_assert(eq(u64, entry.gdt_gpa, LAYOUT_GDT_GPA));
}

Test(boot, linux_gets_command_line_and_initrd)
{
	const struct setup_header *header;

	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0));
	header = &zero_page()->hdr;
	cr_assert(eq(str, (char *)guest_mem_slice(mem, header->cmd_line_ptr, 14), "console=ttyS0"));
	/* The highest pages below the end of memory. */
	cr_assert(eq(u32, header->ramdisk_image, 64 * MIB - 8192));
	cr_assert(eq(u32, header->ramdisk_size, INITRD_BYTES));
	cr_assert(zero(int, memcmp(guest_mem_slice(mem, header->ramdisk_image, INITRD_BYTES),
				   initrd, INITRD_BYTES)));
	cr_assert(eq(u8, header->type_of_loader, 0xff));
	cr_assert(eq(u64, zero_page()->acpi_rsdp_addr, LAYOUT_BIOS_TABLES_GPA));
}

Test(boot, linux_gets_rng_seed)
{
	const struct setup_data *node;

	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0));
	node = guest_mem_slice(mem, zero_page()->hdr.setup_data, sizeof(*node) + 32);
	cr_assert(eq(u32, node->type, SETUP_RNG_SEED));
	cr_assert(eq(u32, node->len, 32));
	cr_assert(eq(u64, node->next, 0));
	cr_assert(zero(int, memcmp(node->data, config.rng_seed, 32)));
}

Test(boot, linux_hears_of_a_framebuffer)
{
	const struct boot_framebuffer framebuffer = {
		.gpa = 0xc1000000, .width = 1280, .height = 800, .stride = 5120
	};
	const struct screen_info *info;

	config.framebuffer = &framebuffer;
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0));
	info = &zero_page()->screen_info;
	cr_assert(eq(u8, info->orig_video_isVGA, VIDEO_TYPE_EFI));
	cr_assert(eq(u32, info->lfb_base, 0xc1000000));
	cr_assert(eq(u32, info->lfb_size, 5120 * 800));
	cr_assert(eq(u16, info->lfb_width, 1280));
	cr_assert(eq(u16, info->lfb_linelength, 5120));
	cr_assert(eq(u8, info->red_pos, 16));
}

Test(boot, linux_without_framebuffer_hears_of_none)
{
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0));
	cr_assert(zero(u8, zero_page()->screen_info.orig_video_isVGA));
}

Test(boot, initrd_stays_below_what_the_kernel_allows)
{
	bzimage.header.initrd_addr_max = 40 * MIB - 1;
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0));
	cr_assert(eq(u32, zero_page()->hdr.ramdisk_image, 40 * MIB - 8192));
}

Test(boot, initrd_without_room_is_refused)
{
	/* One page is left behind the kernel, the initrd needs two. */
	bzimage.header.init_size = 48 * MIB - 4096;
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), -E2BIG));
	cr_assert(ne(ptr, strstr(err.text, "initrd test-initrd: it has 1 MiB"), NULL), "%s",
		  err.text);
}

Test(boot, initrd_fits_exactly)
{
	bzimage.header.init_size = 48 * MIB - 8192;
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0), "%s", err.text);
}

Test(boot, command_line_too_long_for_kernel_is_refused)
{
	bzimage.header.cmdline_size = 12;
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), -E2BIG));
	cr_assert(ne(ptr, strstr(err.text, "13 characters, this kernel takes 12"), NULL), "%s",
		  err.text);
}

Test(boot, pvh_gets_start_info)
{
	const uint8_t *info, *module, *map;

	cr_assert(eq(int, load(&elf, sizeof(elf), 16 * MIB), 0), "%s", err.text);
	cr_assert(eq(int, (int)entry.mode, CPU_ENTRY_PVH));
	cr_assert(eq(u64, entry.rip, FAKE_ELF_PVH_ENTRY));
	info = guest_mem_slice(mem, entry.argument, 56);
	cr_assert(eq(u32, load_le32(info), 0x336ec578));
	cr_assert(eq(u32, load_le32(info + 12), 1), "one module");
	cr_assert(eq(u64, load_le64(info + 24), LAYOUT_COMMAND_LINE_GPA));
	cr_assert(eq(u64, load_le64(info + 32), LAYOUT_BIOS_TABLES_GPA));
	module = guest_mem_slice(mem, load_le64(info + 16), 32);
	cr_assert(eq(u64, load_le64(module), 16 * MIB - 8192));
	cr_assert(eq(u64, load_le64(module + 8), INITRD_BYTES));
	map = guest_mem_slice(mem, load_le64(info + 40), 24);
	cr_assert(eq(u64, load_le64(map), 0));
	cr_assert(eq(u64, load_le64(map + 8), LAYOUT_LOW_RAM_END));
	cr_assert(eq(u32, load_le32(map + 16), E820_RAM));
}

Test(boot, runs_again_for_a_reset)
{
	cr_assert(eq(int, load(&bzimage, sizeof(bzimage), 64 * MIB), 0));
	memset(guest_mem_slice(mem, 0, 64 * MIB), 0xee, 64 * MIB);
	config.rng_seed[0] = 99;
	cr_assert(eq(int, boot_load(&config, mem, &entry, &err), 0));
	cr_assert(eq(u8, zero_page()->sentinel, 0));
	cr_assert(eq(u64, load_le64(guest_mem_slice(mem, LAYOUT_SETUP_DATA_GPA + 16, 8)), 99));
}

/* Walks the tables as the processor does, with 2 MiB pages. */
static uint64_t translate(uint64_t gva)
{
	uint64_t table = LAYOUT_PAGE_TABLES_GPA;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		uint64_t slot = table + ((gva >> shift) & 511) * 8;
		uint64_t value = load_le64(guest_mem_slice(mem, slot, 8));

		cr_assert(eq(u64, value & 3, 3), "present and writable at 0x%llx",
			  (unsigned long long)gva);
		table = value & ~UINT64_C(0xfff);
	}
	return table | (gva & 0x1fffff);
}

Test(boot, page_tables_map_four_gib_onto_themselves)
{
	cr_assert(eq(int, load(&elf, sizeof(elf), 16 * MIB), 0));
	cr_assert(eq(u64, translate(0x1234), 0x1234));
	cr_assert(eq(u64, translate(LAYOUT_LAPIC_GPA), LAYOUT_LAPIC_GPA));
	cr_assert(eq(u64, translate(0xffffffff), 0xffffffff));
}

Test(boot, gdt_has_the_selectors_of_the_layout)
{
	const uint8_t *gdt;

	cr_assert(eq(int, load(&elf, sizeof(elf), 16 * MIB), 0));
	gdt = guest_mem_slice(mem, LAYOUT_GDT_GPA, LAYOUT_GDT_TSS + 16);
	cr_assert(eq(u64, load_le64(gdt), 0));
	cr_assert(eq(u8, gdt[LAYOUT_GDT_CODE64 + 6] >> 4, 0xa), "long");
	cr_assert(eq(u8, gdt[LAYOUT_GDT_CODE32 + 6] >> 4, 0xc), "32 bits");
	cr_assert(eq(u8, gdt[LAYOUT_GDT_DATA + 5], 0x93), "writable data");
}

/* --- memory map --- */

static struct e820 map_of(uint64_t ram)
{
	struct e820 map;

	cr_assert(eq(int, guest_mem_create(NULL, ram, &mem, &err), 0), "%s", err.text);
	e820_build(mem, &map);
	return map;
}

static uint64_t ram_in(const struct e820 *map)
{
	uint64_t sum = 0, end = 0;

	for (size_t i = 0; i < map->count; i++) {
		cr_assert(ge(u64, map->entries[i].gpa, end), "sorted, no overlap");
		end = map->entries[i].gpa + map->entries[i].size;
		sum += map->entries[i].type == E820_RAM ? map->entries[i].size : 0;
	}
	return sum;
}

/* What lies between the low RAM and 1 MiB is not given to the guest as RAM. */
#define HIDDEN (LAYOUT_BIOS_TABLES_END - LAYOUT_LOW_RAM_END)

Test(boot, map_of_smallest_machine)
{
	struct e820 map = map_of(16 * MIB);

	cr_assert(eq(u64, ram_in(&map), 16 * MIB - HIDDEN));
	cr_assert(eq(u64, e820_low_end(&map), 16 * MIB));
}

Test(boot, map_skips_the_pci_hole)
{
	struct e820 map = map_of(UINT64_C(5) << 30);

	cr_assert(eq(u64, ram_in(&map), (UINT64_C(5) << 30) - HIDDEN));
	cr_assert(eq(u64, e820_low_end(&map), LAYOUT_PCI_HOLE_START));
	cr_assert(eq(u64, map.entries[map.count - 1].gpa, LAYOUT_HIGH_RAM_GPA));
	cr_assert(eq(u64, map.entries[map.count - 1].size, UINT64_C(2) << 30));
}

/* --- files --- */

Test(boot, open_tells_missing_file)
{
	cr_assert(eq(int, boot_files_open("/nonexistent/vmlinuz", NULL, &files, &err), -ENOENT));
	cr_assert(eq(str, err.text, "kernel /nonexistent/vmlinuz: there is no such file"));
	cr_assert(eq(int, files.kernel_fd, -1));
}

Test(boot, open_tells_directory_and_device)
{
	cr_assert(eq(int, boot_files_open("/", NULL, &files, &err), -EISDIR));
	cr_assert(eq(int, boot_files_open("/dev/null", NULL, &files, &err), -EINVAL));
}

Test(boot, open_refuses_fifo_and_empty_file)
{
	char folder[] = "/tmp/test-boot-XXXXXX";
	char path[64];

	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	cr_assert(eq(int, mkfifo(path, 0600), 0));
	cr_assert(eq(int, boot_files_open(path, NULL, &files, &err), -EINVAL));
	(void)unlink(path);
	(void)fclose(fopen(path, "w"));
	cr_assert(eq(int, boot_files_open(path, NULL, &files, &err), -ENOEXEC));
	(void)unlink(path);
	(void)rmdir(folder);
	cr_assert(ne(ptr, strstr(err.text, "empty"), NULL));
}

Test(boot, open_names_the_missing_initrd)
{
	cr_assert(eq(int, boot_files_open("/proc/self/exe", "/nonexistent/initrd", &files, &err),
		     -ENOENT));
	cr_assert(eq(str, err.text, "initrd /nonexistent/initrd: there is no such file"));
}
