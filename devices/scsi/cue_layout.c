/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/cue.h"

/* Where the next sector goes, on the disc and in the present file. */
struct builder {
	const struct cue_sheet *sheet;
	struct disc_layout *layout;
	uint32_t lba;
	uint64_t offset;
	uint32_t frame; /* sectors of the file so far */
	struct error *err;
};

static int too_long(const struct builder *b, unsigned line)
{
	return error_set(b->err, -E2BIG,
			 "cue sheet %s, line %u: beyond 99:59:74, more than a CD holds",
			 b->sheet->path, line);
}

/* Appends `sectors` to the disc: of the present file, or silent ones. */
static int add_extent(struct builder *b, const struct cue_point *point, uint32_t sectors,
		      bool stored)
{
	const struct cue_track *track = &b->sheet->tracks[point->track];

	if (sectors == 0) {
		return 0;
	}
	if (sectors > DISC_CD_SECTORS_MAX - b->lba) {
		return too_long(b, point->line);
	}
	b->layout->extents[b->layout->extent_count++] = (struct disc_extent){
		.lba = b->lba,
		.sectors = sectors,
		.offset = stored ? b->offset : 0,
		.sector_bytes = track->sector_bytes,
		.file = stored ? point->file : DISC_NO_FILE,
		.track = track->track.number,
		.index = point->index,
	};
	b->lba += sectors;
	if (stored) {
		b->offset += (uint64_t)sectors * track->sector_bytes;
		b->frame += sectors;
	}
	return 0;
}

static int behind_end(const struct builder *b, unsigned line, const struct cue_file *file)
{
	return error_set(b->err, -EINVAL,
			 "cue sheet %s, line %u: lies behind the end of %s; is the file complete?",
			 b->sheet->path, line, file->name);
}

/* The rest of a file belongs to its last INDEX. */
static int sectors_left(const struct builder *b, const struct cue_point *point, uint32_t *sectors)
{
	const struct cue_file *file = &b->sheet->files[point->file];
	unsigned sector_bytes = b->sheet->tracks[point->track].sector_bytes;
	uint64_t left = file->bytes > b->offset ? file->bytes - b->offset : 0;

	if (left == 0) {
		return behind_end(b, point->line, file);
	}
	if (left % sector_bytes != 0) {
		return error_set(b->err, -EINVAL,
				 "cue sheet %s, line %u: what is left of %s, %llu bytes, is not a "
				 "multiple of the track's sectors of %u; is the file complete?",
				 b->sheet->path, point->line, file->name, (unsigned long long)left,
				 sector_bytes);
	}
	if (left / sector_bytes > DISC_CD_SECTORS_MAX) {
		return too_long(b, point->line);
	}
	*sectors = (uint32_t)(left / sector_bytes);
	return 0;
}

/* `sectors` of the file, which must have them; `line` is where they end. */
static int add_stored(struct builder *b, const struct cue_point *point, uint32_t sectors,
		      unsigned line)
{
	const struct cue_file *file = &b->sheet->files[point->file];
	unsigned sector_bytes = b->sheet->tracks[point->track].sector_bytes;

	if (b->offset + (uint64_t)sectors * sector_bytes > file->bytes) {
		return behind_end(b, line, file);
	}
	return add_extent(b, point, sectors, true);
}

/* From this INDEX to the next one of the same file. */
static int add_point(struct builder *b, const struct cue_point *point)
{
	const struct cue_point *next = point + 1;
	bool is_last = next == b->sheet->points + b->sheet->point_count;
	uint32_t sectors = 0;
	int code;

	if (!is_last && next->file == point->file) {
		return add_stored(b, point, next->frame - b->frame, next->line);
	}
	code = sectors_left(b, point, &sectors);
	return code < 0 ? code : add_extent(b, point, sectors, true);
}

/* What a file has before its first INDEX is the track's pregap. */
static int start_file(struct builder *b, const struct cue_point *point)
{
	struct cue_point lead = *point;

	b->offset = 0;
	b->frame = 0;
	lead.index = point->index > 1 ? (uint8_t)(point->index - 1) : 0;
	return add_stored(b, &lead, point->frame, point->line);
}

/* Between sessions lie a lead-out and a lead-in, which no image has. */
static int start_session(struct builder *b, const struct cue_track *track)
{
	struct disc_layout *layout = b->layout;

	if (layout->session_count == track->track.session) {
		return 0;
	}
	if (layout->session_count > 0) {
		uint32_t gap = layout->session_count == 1 ? DISC_FIRST_SESSION_GAP
							  : DISC_LATER_SESSION_GAP;

		if (gap > DISC_CD_SECTORS_MAX - b->lba) {
			return too_long(b, track->line);
		}
		b->lba += gap;
	}
	layout->sessions[layout->session_count++].first_track = track->track.number;
	return 0;
}

static int start_track(struct builder *b, const struct cue_point *point)
{
	const struct cue_track *track = &b->sheet->tracks[point->track];
	struct disc_track *out = &b->layout->tracks[point->track];
	struct cue_point pause = *point;
	int code = start_session(b, track);

	if (code < 0) {
		return code;
	}
	*out = track->track;
	out->pregap_lba = b->lba;
	b->layout->track_count++;
	pause.index = 0;
	return add_extent(b, &pause, track->pregap, false);
}

static int end_track(struct builder *b, const struct cue_point *point)
{
	const struct cue_track *track = &b->sheet->tracks[point->track];
	struct disc_track *out = &b->layout->tracks[point->track];
	struct disc_session *session = &b->layout->sessions[b->layout->session_count - 1];
	int code = add_extent(b, point, track->postgap, false);

	if (code < 0) {
		return code;
	}
	if (b->lba == out->start_lba) {
		return error_set(b->err, -EINVAL, "cue sheet %s, line %u: track %u is empty",
				 b->sheet->path, track->line, track->track.number);
	}
	out->end_lba = b->lba;
	session->last_track = track->track.number;
	session->lead_out_lba = b->lba;
	return 0;
}

static int build(struct builder *b)
{
	const struct cue_point *points = b->sheet->points;
	unsigned count = b->sheet->point_count;
	int code = 0;

	for (unsigned i = 0; code == 0 && i < count; i++) {
		const struct cue_point *point = &points[i];

		if (i == 0 || points[i - 1].track != point->track) {
			code = start_track(b, point);
		}
		if (code == 0 && (i == 0 || points[i - 1].file != point->file)) {
			code = start_file(b, point);
		}
		if (point->index == 1) {
			b->layout->tracks[point->track].start_lba = b->lba;
		}
		if (code == 0) {
			code = add_point(b, point);
		}
		if (code == 0 && (i + 1 == count || points[i + 1].track != point->track)) {
			code = end_track(b, point);
		}
	}
	return code;
}

int cue_layout(const struct cue_sheet *sheet, struct disc_layout *layout, struct error *err)
{
	/* Each INDEX makes one extent and, at the start of a file, one before it. */
	size_t extents_max = (size_t)sheet->point_count * 2 + (size_t)sheet->track_count * 2;
	struct builder b = { .sheet = sheet, .layout = layout, .err = err };
	int code;

	memset(layout, 0, sizeof(*layout));
	layout->extents = calloc(extents_max, sizeof(*layout->extents));
	if (!layout->extents) {
		return error_set_errno(err, -ENOMEM, "cue sheet %s", sheet->path);
	}
	memcpy(layout->catalog, sheet->catalog, sizeof(layout->catalog));
	code = build(&b);
	if (code < 0) {
		disc_layout_finish(layout);
	}
	return code;
}
