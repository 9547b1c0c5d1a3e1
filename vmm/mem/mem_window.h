/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_MEM_MEM_WINDOW_H
#define THUNDERLAKE_VMM_MEM_MEM_WINDOW_H

#include <stdint.h>

struct guest_mem;

/*
 * Memory of a device that the guest reads and writes as it does RAM, without exits, where a BAR is:
 * a framebuffer. It is no RAM for all that: guest_mem_slice does not find it. Pages that nobody
 * touches cost nothing. What the guest's processors write is logged, and with some KVMs a page that
 * they first read. One thread at a time, but for the memory itself.
 */
struct mem_window;

/* `size` in bytes, a multiple of the page size; zeros. `mem` is borrowed. -ENOMEM, -ENOSPC. */
int mem_window_create(struct guest_mem *mem, uint64_t size, struct mem_window **out);
/* NULL is fine. Unmaps. */
void mem_window_destroy(struct mem_window *window);

/* The host's address of the memory, for the window's life. */
void *mem_window_at(struct mem_window *window);

/* Shows it to the guest at `gpa`, where no RAM is, and takes it away. The log starts empty. -errno
 * of KVM. */
int mem_window_map(struct mem_window *window, uint64_t gpa);
void mem_window_unmap(struct mem_window *window);

/* One bit for each page written since the last call, rounded up to 64; -EINVAL when not mapped. */
int mem_window_dirty_pages(struct mem_window *window, uint64_t *bitmap);

/* Zeros, and the memory goes back to the host. */
int mem_window_clear(struct mem_window *window);

#endif
