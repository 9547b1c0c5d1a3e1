/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "vmm/base/compiler.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

#define MIB (1u << 20)

int initrd_load(const struct boot_files *files, struct guest_mem *mem, const struct e820 *map,
		const struct boot_kernel *kernel, struct boot_initrd *out, struct error *err)
{
	uint64_t end = MIN(e820_low_end(map), kernel->initrd_end_gpa);
	uint64_t size = files->initrd_bytes;
	uint64_t room;
	void *target;
	int rc;

	*out = (struct boot_initrd){ .size = 0 };
	if (files->initrd_fd < 0) {
		return 0;
	}
	end = ALIGN_DOWN(end, (uint64_t)GUEST_MEM_PAGE_BYTES);
	room = end > kernel->end_gpa ? end - kernel->end_gpa : 0;
	room = ALIGN_DOWN(room, (uint64_t)GUEST_MEM_PAGE_BYTES);
	if (size > room) {
		return error_set(err, -E2BIG,
				 "it has %llu MiB, but beside the kernel there is room for %llu "
				 "MiB; give the guest more memory (--memory)",
				 (unsigned long long)ALIGN_UP(size, MIB) / MIB,
				 (unsigned long long)room / MIB);
	}
	out->gpa = ALIGN_DOWN(end - size, (uint64_t)GUEST_MEM_PAGE_BYTES);
	out->size = size;
	target = guest_mem_slice(mem, out->gpa, size);
	rc = target ? boot_read_file(files->initrd_fd, 0, target, size) : -EFAULT;
	if (rc != 0) {
		return error_set_errno(err, rc, "cannot read it into memory");
	}
	return 0;
}
