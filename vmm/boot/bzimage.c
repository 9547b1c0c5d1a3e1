/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

/* Linux Documentation/arch/x86/boot.rst ("boot.rst"). */
#define SECTOR_BYTES	  512u
#define HEADER_OFFSET	  0x1f1u
#define HEADER_JUMP_END	  0x202u /* plus the jump's distance: where the header ends */
#define SETUP_SECTS_UNSET 4u
#define BOOT_FLAG	  0xaa55u
#define VERSION_NEEDED	  0x20cu /* 2.12: xloadflags */
#define ENTRY64_OFFSET	  0x200u /* boot.rst "64-bit boot protocol" */
#define SYSSIZE_UNIT	  16u
#define MIB		  (1u << 20)

/* The parts of the file, in bytes. */
struct parts {
	uint64_t setup;
	uint64_t kernel;
};

static int read_header(const struct boot_files *files, struct setup_header *out, struct error *err)
{
	uint8_t raw[HEADER_OFFSET + sizeof(*out)];
	size_t length;
	int rc;

	if (files->kernel_bytes < sizeof(raw)) {
		return error_set(err, -ENOEXEC,
				 "truncated: its header alone lacks %zu bytes; copy it again",
				 sizeof(raw) - (size_t)files->kernel_bytes);
	}
	rc = boot_read_file(files->kernel_fd, 0, raw, sizeof(raw));
	if (rc != 0) {
		return error_set_errno(err, rc, "cannot read it");
	}
	/* What lies behind the header's own end is code, not header. */
	length = HEADER_JUMP_END + raw[HEADER_JUMP_END - 1] - HEADER_OFFSET;
	memset(out, 0, sizeof(*out));
	memcpy(out, raw + HEADER_OFFSET, MIN(length, sizeof(*out)));
	return 0;
}

static int check_header(const struct setup_header *header, struct error *err)
{
	if (header->boot_flag != BOOT_FLAG) {
		return error_set(err, -ENOEXEC, "damaged: the boot flag is 0x%x, not 0xaa55",
				 header->boot_flag);
	}
	if (header->version < VERSION_NEEDED) {
		return error_set(err, -ENOEXEC,
				 "boot protocol %u.%02u is too old; 2.12 is needed (Linux 3.8)",
				 header->version >> 8, header->version & 0xffu);
	}
	if (!(header->loadflags & LOADED_HIGH)) {
		return error_set(err, -ENOEXEC, "a zImage, which this machine cannot load");
	}
	if (!(header->xloadflags & XLF_KERNEL_64)) {
		return error_set(err, -ENOEXEC,
				 "a 32-bit Linux kernel; a 64-bit one (x86-64) is needed");
	}
	if (header->relocatable_kernel &&
	    (header->kernel_alignment == 0 ||
	     (header->kernel_alignment & (header->kernel_alignment - 1)) != 0)) {
		return error_set(err, -ENOEXEC, "damaged: its alignment 0x%x is no power of two",
				 header->kernel_alignment);
	}
	return 0;
}

static int find_parts(const struct boot_files *files, const struct setup_header *header,
		      struct parts *out, struct error *err)
{
	uint64_t sects = header->setup_sects ? header->setup_sects : SETUP_SECTS_UNSET;
	uint64_t end;

	out->setup = (sects + 1) * SECTOR_BYTES;
	out->kernel = (uint64_t)header->syssize * SYSSIZE_UNIT;
	end = out->setup + out->kernel;
	if (header->syssize == 0) {
		return error_set(err, -ENOEXEC, "damaged: its header says that it has no code");
	}
	/* Kernels of 6.16 and later do not pad the file to a whole unit. */
	if (files->kernel_bytes + SYSSIZE_UNIT <= end) {
		return error_set(
			err, -ENOEXEC, "truncated: %llu of %llu bytes are missing; copy it again",
			(unsigned long long)(end - files->kernel_bytes), (unsigned long long)end);
	}
	out->kernel = MIN(out->kernel, files->kernel_bytes - out->setup);
	return 0;
}

/*
 * A relocatable kernel below its preferred address moves itself there, and one that is not
 * relocatable always does (boot.rst, init_size): nothing is gained by any other address.
 */
static int choose_address(const struct setup_header *header, const struct parts *parts,
			  uint64_t low_end, struct boot_kernel *out, struct error *err)
{
	uint64_t start = header->pref_address ? header->pref_address : LAYOUT_KERNEL_GPA;
	uint64_t size = MAX(header->init_size, parts->kernel);
	uint64_t end;

	if (start < LAYOUT_BIOS_TABLES_END || start >= LAYOUT_PCI_HOLE_START) {
		return error_set(err, -ENOEXEC, "damaged: it wants to be loaded at 0x%llx",
				 (unsigned long long)start);
	}
	if (header->relocatable_kernel) {
		start = ALIGN_UP(start, (uint64_t)header->kernel_alignment);
	}
	end = start + size;
	if (end > low_end) {
		return error_set(err, -E2BIG,
				 "it needs memory up to %llu MiB, the guest's ends at %llu MiB; "
				 "give it more (--memory)",
				 (unsigned long long)ALIGN_UP(end, MIB) / MIB,
				 (unsigned long long)low_end / MIB);
	}
	out->entry_gpa = start + ENTRY64_OFFSET;
	out->end_gpa = end;
	return 0;
}

int bzimage_load(const struct boot_files *files, struct guest_mem *mem, const struct e820 *map,
		 struct boot_kernel *out, struct error *err)
{
	struct parts parts;
	uint64_t start;
	void *target;
	int rc;

	*out = (struct boot_kernel){ .protocol = BOOT_LINUX64 };
	rc = read_header(files, &out->header, err);
	if (rc == 0) {
		rc = check_header(&out->header, err);
	}
	if (rc == 0) {
		rc = find_parts(files, &out->header, &parts, err);
	}
	if (rc == 0) {
		rc = choose_address(&out->header, &parts, e820_low_end(map), out, err);
	}
	if (rc != 0) {
		return rc;
	}
	start = out->entry_gpa - ENTRY64_OFFSET;
	target = guest_mem_slice(mem, start, parts.kernel);
	rc = target ? boot_read_file(files->kernel_fd, parts.setup, target, parts.kernel) : -EFAULT;
	if (rc != 0) {
		return error_set_errno(err, rc, "cannot read it into memory");
	}
	out->header.code32_start = (uint32_t)start;
	out->initrd_end_gpa = (uint64_t)out->header.initrd_addr_max + 1;
	out->command_line_max = out->header.cmdline_size;
	return 0;
}
