/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_HDA_HDA_BUFFER_H
#define THUNDERLAKE_DEVICES_HDA_HDA_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_mem;

/*
 * A stream's cyclic buffer: pieces of guest memory, as the buffer descriptor list tells (Intel HDA
 * 1.0a §3.6), and where in them DMA is. Pieces may have any address and length; the list is copied
 * once, when DMA starts.
 */
#define HDA_BDL_ENTRIES_MAX 256u
#define HDA_BDL_ENTRY_BYTES 16u

struct hda_buffer_piece {
	uint64_t gpa;
	uint32_t length;
	bool interrupts; /* when DMA has passed its end */
};

struct hda_buffer {
	struct hda_buffer_piece pieces[HDA_BDL_ENTRIES_MAX];
	unsigned count;
	uint64_t bytes; /* of a whole turn */
	unsigned piece; /* where DMA is */
	uint32_t offset;
};

/* Reads `count` (1 to HDA_BDL_ENTRIES_MAX) entries at `list_gpa`; DMA is at the start. -EFAULT: the
 * list is not in memory; -EINVAL: its pieces have no bytes at all. */
int hda_buffer_load(struct hda_buffer *buffer, const struct guest_mem *mem, uint64_t list_gpa,
		    unsigned count);

/* DMA goes on at `position` bytes of the turn. */
void hda_buffer_seek(struct hda_buffer *buffer, uint64_t position);

/* The longest run at which DMA stays in one piece, up to `length` (not 0): its address and length.
 * Pieces without bytes are passed over. */
uint32_t hda_buffer_run(const struct hda_buffer *buffer, size_t length, uint64_t *gpa);

/* DMA moves by a run, or less. Returns whether that ends a piece that interrupts. */
bool hda_buffer_advance(struct hda_buffer *buffer, uint32_t length);

/* Bytes until DMA has passed the end of a piece that interrupts; 0: no piece does. */
uint64_t hda_buffer_to_interrupt(const struct hda_buffer *buffer);

/* The most bytes between one interrupt and the next; 0: none. */
uint64_t hda_buffer_period(const struct hda_buffer *buffer);

#endif
