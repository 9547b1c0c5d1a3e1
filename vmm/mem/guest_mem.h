/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_MEM_GUEST_MEM_H
#define THUNDERLAKE_VMM_MEM_GUEST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct kvm;

/*
 * The guest's RAM: mapped once, aligned for huge pages with MADV_HUGEPAGE, split at the PCI hole. A
 * memfd where the host gives huge pages to shared memory, else private memory, which is touched
 * four times as fast as a memfd of small pages. The guest changes it while we look: copy once,
 * check the copy, use the copy. All functions from any thread unless said.
 */
struct guest_mem;

struct guest_mem_region {
	uint64_t gpa;
	uint64_t size;
	uint8_t *hva;
};

#define GUEST_MEM_MIN_BYTES  (16u << 20)
#define GUEST_MEM_PAGE_BYTES 4096u

/* RAM lies below the PCI hole and goes on after it; vmm/boot/layout.h has the same numbers. */
#define GUEST_MEM_LOW_END   0xc0000000u
#define GUEST_MEM_HIGH_GPA  UINT64_C(0x100000000)
#define GUEST_MEM_HIGH_END  UINT64_C(0x4000000000)
#define GUEST_MEM_MAX_BYTES (GUEST_MEM_LOW_END + GUEST_MEM_HIGH_END - GUEST_MEM_HIGH_GPA)

/* `size` in bytes, a multiple of 1 MiB, GUEST_MEM_MIN_BYTES to GUEST_MEM_MAX_BYTES. `kvm` is
 * borrowed; NULL (unit tests, fuzz targets) gives memory without a VM. -EINVAL, -ENOMEM, -errno of
 * the host. */
int guest_mem_create(struct kvm *kvm, uint64_t size, struct guest_mem **out, struct error *err);
void guest_mem_destroy(struct guest_mem *mem);

uint64_t guest_mem_size(const struct guest_mem *mem);

/* The memory regions by rising gpa. */
const struct guest_mem_region *guest_mem_regions(const struct guest_mem *mem, size_t *count);

/* Host address of [gpa, gpa+length), valid as long as `mem`; NULL if any of it is not RAM. Never
 * partial; length 0 gives NULL. */
void *guest_mem_slice(const struct guest_mem *mem, uint64_t gpa, uint64_t length);

/* Copies, marked dirty when written. -EFAULT if any byte is not RAM, with nothing copied. */
int guest_mem_read(const struct guest_mem *mem, uint64_t gpa, void *buffer, size_t length);
int guest_mem_write(struct guest_mem *mem, uint64_t gpa, const void *buffer, size_t length);

/* Gives the pages back to the host; they read as zeros afterwards. Page-aligned. -EINVAL, -EFAULT.
 */
int guest_mem_discard(struct guest_mem *mem, uint64_t gpa, uint64_t length);

/* Forgets all contents, as a power cycle does. Processors paused, devices quiesced. */
int guest_mem_clear(struct guest_mem *mem);

/* Dirty logging of writes by the guest's processors; what devices write is marked by
 * guest_mem_mark_dirty. To be switched by the main thread while devices are quiesced. */
int guest_mem_log_dirty(struct guest_mem *mem, bool on);
/* To be called after writing through a slice; next to nothing while logging is off. Any thread. */
void guest_mem_mark_dirty(struct guest_mem *mem, uint64_t gpa, uint64_t length);
/* Whether marking has an effect: for who would have to look up first what to mark. Any thread. */
bool guest_mem_is_logging(const struct guest_mem *mem);
/* Bitmap of region `index` since the last call, one bit a page, rounded up to 64. -EINVAL when
 * logging is off. */
int guest_mem_dirty_pages(struct guest_mem *mem, size_t index, uint64_t *bitmap);

/* For mem_window.h: the VM, NULL without one, and the number of a memory slot that nobody has. */
struct kvm *guest_mem_kvm(const struct guest_mem *mem);
uint32_t guest_mem_new_slot(struct guest_mem *mem);

#endif
