/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/disc.h"
#include "vmm/base/compiler.h"
#include "vmm/base/iov.h"

/* What goes through memory of our own, at a time. */
#define BOUNCE_SECTORS 32u

/* Inside a step, run still has to look: it tells afterwards. */
static void finish(struct disc_read *r, int result)
{
	if (r->in_step) {
		r->has_ended = true;
		r->result = result;
		return;
	}
	free(r->bounce);
	r->bounce = NULL;
	r->disc->reads--;
	r->done(r, result);
}

/* --- the short way --- */

static bool accepts(const struct disc_read *r, enum disc_form form)
{
	if (r->form == DISC_FORM_BLOCK) {
		return form == DISC_FORM_MODE1 || form == DISC_FORM_XA1;
	}
	return r->form == DISC_FORM_ANY || r->form == form;
}

/* Whether what is stored is, byte for byte, what is wanted. */
static bool is_plain(const struct disc_read *r)
{
	const struct disc_extent *e = r->extent;
	const struct disc_track *track = disc_layout_track(&r->disc->layout, e->track);

	if (e->file == DISC_NO_FILE || r->subchannel != DISC_SUBCHANNEL_NONE ||
	    r->sectors > e->sectors - (r->lba - e->lba)) {
		return false;
	}
	switch (track->mode) {
	case DISC_AUDIO:
		return r->fields && accepts(r, DISC_FORM_AUDIO);
	case DISC_MODE1:
		return r->fields == DISC_FIELD_DATA && e->sector_bytes == DISC_DATA_BYTES &&
		       accepts(r, DISC_FORM_MODE1);
	case DISC_MODE2:
		break;
	}
	return false;
}

static uint64_t offset_of(const struct disc_read *r)
{
	return r->extent->offset + (uint64_t)(r->lba - r->extent->lba) * r->extent->sector_bytes;
}

static void submit(struct disc_read *r, struct iovec *iov, unsigned iov_count, uint64_t bytes,
		   void (*done)(struct block_request *request, int result))
{
	struct block_backend *file = r->disc->files[r->extent->file];

	r->block.operation = BLOCK_READ;
	r->block.offset = offset_of(r);
	r->block.bytes = bytes;
	r->block.iov = iov;
	r->block.iov_count = iov_count;
	r->block.done = done;
	file->ops->submit(file, &r->block);
}

static void on_plain_done(struct block_request *block, int result)
{
	struct disc_read *r = container_of(block, struct disc_read, block);

	uint64_t wanted = (uint64_t)r->sectors * r->extent->sector_bytes;

	if (result < 0) {
		/* Which of the sectors failed is not known: those that were read count. */
		r->lba += (uint32_t)(block->progress / r->extent->sector_bytes);
		r->bytes += block->progress;
		finish(r, -EIO);
		return;
	}
	r->bytes += block->bytes;
	finish(r, block->bytes < wanted ? -ENOSPC : 0);
}

static void read_plain(struct disc_read *r)
{
	size_t wanted = (size_t)r->sectors * r->extent->sector_bytes;
	size_t bytes = iov_trim(r->iov, &r->iov_count, wanted);

	submit(r, r->iov, r->iov_count, bytes, on_plain_done);
}

/* --- sectors made of what is stored --- */

static unsigned add_subchannel(const struct disc_read *r, uint8_t *out)
{
	const struct disc_layout *layout = &r->disc->layout;

	switch (r->subchannel) {
	case DISC_SUBCHANNEL_RAW:
		disc_sector_subchannel(layout, r->lba, out);
		return DISC_SUBCHANNEL_BYTES;
	case DISC_SUBCHANNEL_Q:
		memset(out, 0, DISC_SUBCHANNEL_Q_BYTES);
		disc_sector_q(layout, r->lba, out);
		out[DISC_SUBCHANNEL_Q_BYTES - 1] = r->extent->index == 0 ? 0x80 : 0;
		return DISC_SUBCHANNEL_Q_BYTES;
	case DISC_SUBCHANNEL_NONE:
		break;
	}
	return 0;
}

static int put_sector(struct disc_read *r, const uint8_t *stored)
{
	const struct disc_track *track = disc_layout_track(&r->disc->layout, r->extent->track);
	uint8_t raw[DISC_RAW_BYTES];
	uint8_t out[DISC_ALL_PARTS_MAX];
	enum disc_form form;
	size_t written;
	int bytes;

	disc_sector_build(raw, r->lba, track->mode, stored, r->extent->sector_bytes);
	form = disc_sector_form(raw, track->mode);
	if (!accepts(r, form)) {
		return -EMEDIUMTYPE;
	}
	bytes = disc_sector_copy(raw, form, r->fields, out);
	if (bytes < 0) {
		return bytes;
	}
	bytes += (int)add_subchannel(r, out + bytes);
	written = iov_write(r->iov, r->iov_count, 0, out, (size_t)bytes);
	(void)iov_skip(&r->iov, &r->iov_count, written);
	r->bytes += written;
	return written < (size_t)bytes ? -ENOSPC : 0;
}

static void run(struct disc_read *r);

static void on_step_done(struct block_request *block, int result)
{
	struct disc_read *r = container_of(block, struct disc_read, block);
	const uint8_t *stored = r->bounce;

	if (result < 0) {
		r->lba += (uint32_t)(block->progress / r->extent->sector_bytes);
		finish(r, -EIO);
		return;
	}
	for (; r->step > 0; r->step--) {
		int code = put_sector(r, stored);

		if (code < 0) {
			finish(r, code);
			return;
		}
		stored += r->extent->sector_bytes;
		r->lba++;
		r->sectors--;
	}
	run(r);
}

static void read_step(struct disc_read *r)
{
	uint32_t left = r->extent->sectors - (r->lba - r->extent->lba);
	uint64_t bytes;

	r->step = MIN(MIN(r->sectors, left), BOUNCE_SECTORS);
	bytes = (uint64_t)r->step * r->extent->sector_bytes;
	if (r->extent->file == DISC_NO_FILE) {
		memset(r->bounce, 0, bytes);
		on_step_done(&r->block, 0);
		return;
	}
	r->bounce_iov = (struct iovec){ r->bounce, bytes };
	submit(r, &r->bounce_iov, 1, bytes, on_step_done);
}

static int make_bounce(struct disc_read *r)
{
	if (!r->bounce) {
		r->bounce = malloc((size_t)BOUNCE_SECTORS * DISC_RAW_BYTES);
	}
	return r->bounce ? 0 : -ENOMEM;
}

/* The next step, or the end. */
static void run_step(struct disc_read *r)
{
	if (r->sectors == 0) {
		finish(r, 0);
		return;
	}
	r->extent = disc_layout_extent(&r->disc->layout, r->lba);
	if (!r->extent) {
		finish(r, -ERANGE);
	} else if (is_plain(r)) {
		read_plain(r);
	} else if (make_bounce(r) < 0) {
		finish(r, -ENOMEM);
	} else {
		read_step(r);
	}
}

/* Steps that complete at once do not pile up on the stack. */
static void run(struct disc_read *r)
{
	r->has_more = true;
	if (r->in_step) {
		return;
	}
	r->in_step = true;
	while (r->has_more && !r->has_ended) {
		r->has_more = false;
		run_step(r);
	}
	r->in_step = false;
	if (r->has_ended) {
		finish(r, r->result);
	}
}

void disc_read_start(struct disc *disc, struct disc_read *read)
{
	read->disc = disc;
	read->bounce = NULL;
	read->bytes = 0;
	read->in_step = false;
	read->has_ended = false;
	disc->reads++;
	run(read);
}

void disc_on_batch(struct disc *disc, void (*on_batch)(void *owner), void *owner)
{
	for (unsigned i = 0; i < disc->file_count; i++) {
		disc->files[i]->on_batch = on_batch;
		disc->files[i]->owner = owner;
	}
}

void disc_kick(struct disc *disc)
{
	for (unsigned i = 0; i < disc->file_count; i++) {
		if (disc->files[i]->ops->kick) {
			disc->files[i]->ops->kick(disc->files[i]);
		}
	}
}

bool disc_poll(struct disc *disc)
{
	bool found = false;

	for (unsigned i = 0; disc->reads > 0 && i < disc->file_count; i++) {
		const struct block_ops *ops = disc->files[i]->ops;

		found |= ops->poll && ops->poll(disc->files[i]);
	}
	return found;
}

/* A read that goes over several files may go on in one that was drained. */
void disc_drain(struct disc *disc)
{
	while (disc->reads > 0) {
		for (unsigned i = 0; i < disc->file_count; i++) {
			disc->files[i]->ops->drain(disc->files[i]);
		}
	}
}
