/* SPDX-License-Identifier: MIT */
#include "vmm/mem/mem_window.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/base/compiler.h"
#include "vmm/kvm/kvm.h"
#include "vmm/mem/guest_mem.h"

#define PAGES_PER_WORD 64u

struct mem_window {
	struct kvm *kvm; /* borrowed, may be NULL */
	uint32_t slot;
	void *base;
	uint64_t size;
	bool is_mapped;
};

int mem_window_create(struct guest_mem *mem, uint64_t size, struct mem_window **out)
{
	struct mem_window *window = calloc(1, sizeof(*window));
	int code;

	*out = NULL;
	if (!window) {
		return -ENOMEM;
	}
	window->kvm = guest_mem_kvm(mem);
	window->size = size;
	window->base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window->base == MAP_FAILED) {
		code = -errno;
		free(window);
		return code;
	}
	(void)madvise(window->base, size, MADV_DONTFORK);
	(void)madvise(window->base, size, MADV_DONTDUMP);
	window->slot = guest_mem_new_slot(mem);
	*out = window;
	return 0;
}

void mem_window_destroy(struct mem_window *window)
{
	if (!window) {
		return;
	}
	mem_window_unmap(window);
	(void)munmap(window->base, window->size);
	free(window);
}

void *mem_window_at(struct mem_window *window)
{
	return window->base;
}

/* Size 0 removes the slot. */
static int set_slot(struct mem_window *window, uint64_t gpa, uint64_t size)
{
	const struct kvm_userspace_memory_region slot = {
		.slot = window->slot,
		.flags = size ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)window->base,
	};

	return window->kvm ? kvm_set_memory(window->kvm, &slot) : 0;
}

int mem_window_map(struct mem_window *window, uint64_t gpa)
{
	int code;

	mem_window_unmap(window);
	code = set_slot(window, gpa, window->size);
	window->is_mapped = code == 0;
	return code;
}

void mem_window_unmap(struct mem_window *window)
{
	if (window->is_mapped) {
		(void)set_slot(window, 0, 0);
		window->is_mapped = false;
	}
}

int mem_window_dirty_pages(struct mem_window *window, uint64_t *bitmap)
{
	const uint64_t pages = window->size / GUEST_MEM_PAGE_BYTES;

	if (!window->is_mapped) {
		return -EINVAL;
	}
	memset(bitmap, 0, ALIGN_UP(pages, PAGES_PER_WORD) / 8);
	return window->kvm ? kvm_get_dirty_log(window->kvm, window->slot, bitmap) : 0;
}

int mem_window_clear(struct mem_window *window)
{
	return madvise(window->base, window->size, MADV_DONTNEED) < 0 ? -errno : 0;
}
