/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda_buffer.h"

#include <errno.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/mem/guest_mem.h"

#define INTERRUPT_ON_COMPLETION 1u

/* As in memory. */
struct bdl_entry {
	le64 gpa;
	le32 length;
	le32 flags;
};
_Static_assert(sizeof(struct bdl_entry) == HDA_BDL_ENTRY_BYTES, "Intel HDA 1.0a §3.6.2");

/* DMA never stands at the end of a piece, unless no other has bytes. */
static bool leave_pieces(struct hda_buffer *buffer)
{
	bool interrupts = false;

	for (unsigned i = 0; i <= buffer->count; i++) {
		const struct hda_buffer_piece *piece = &buffer->pieces[buffer->piece];

		if (buffer->offset < piece->length) {
			break;
		}
		interrupts |= piece->interrupts;
		buffer->offset = 0;
		buffer->piece = (buffer->piece + 1) % buffer->count;
	}
	return interrupts;
}

int hda_buffer_load(struct hda_buffer *buffer, const struct guest_mem *mem, uint64_t list_gpa,
		    unsigned count)
{
	struct bdl_entry list[HDA_BDL_ENTRIES_MAX];
	uint64_t bytes = 0;

	if (guest_mem_read(mem, list_gpa, list, count * sizeof(list[0])) < 0) {
		return -EFAULT;
	}
	for (unsigned i = 0; i < count; i++) {
		buffer->pieces[i] =
			(struct hda_buffer_piece){ .gpa = le64_get(list[i].gpa),
						   .length = le32_get(list[i].length),
						   .interrupts = le32_get(list[i].flags) &
								 INTERRUPT_ON_COMPLETION };
		bytes += buffer->pieces[i].length;
	}
	if (bytes == 0) {
		return -EINVAL;
	}
	buffer->count = count;
	buffer->bytes = bytes;
	hda_buffer_seek(buffer, 0);
	return 0;
}

void hda_buffer_seek(struct hda_buffer *buffer, uint64_t position)
{
	position %= buffer->bytes;
	buffer->piece = 0;
	while (position > buffer->pieces[buffer->piece].length) {
		position -= buffer->pieces[buffer->piece].length;
		buffer->piece++;
	}
	buffer->offset = (uint32_t)position;
	(void)leave_pieces(buffer);
}

uint32_t hda_buffer_run(const struct hda_buffer *buffer, size_t length, uint64_t *gpa)
{
	const struct hda_buffer_piece *piece = &buffer->pieces[buffer->piece];

	*gpa = piece->gpa + buffer->offset;
	return (uint32_t)MIN(length, piece->length - buffer->offset);
}

bool hda_buffer_advance(struct hda_buffer *buffer, uint32_t length)
{
	buffer->offset += length;
	return leave_pieces(buffer);
}

uint64_t hda_buffer_to_interrupt(const struct hda_buffer *buffer)
{
	const struct hda_buffer_piece *piece = &buffer->pieces[buffer->piece];
	uint64_t bytes = piece->length - buffer->offset;

	for (unsigned i = 1; i <= buffer->count && !piece->interrupts; i++) {
		piece = &buffer->pieces[(buffer->piece + i) % buffer->count];
		bytes += piece->length;
		if (i == buffer->count) {
			return 0;
		}
	}
	return bytes;
}

uint64_t hda_buffer_period(const struct hda_buffer *buffer)
{
	uint64_t bytes = 0, most = 0;

	/* Two turns, for what lies across the end; the first one's start is too short only. */
	for (unsigned i = 0; i < buffer->count * 2; i++) {
		const struct hda_buffer_piece *piece = &buffer->pieces[i % buffer->count];

		bytes += piece->length;
		if (piece->interrupts) {
			most = MAX(most, bytes);
			bytes = 0;
		}
	}
	return most;
}
