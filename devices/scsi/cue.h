/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_CUE_H
#define THUNDERLAKE_DEVICES_SCSI_CUE_H

#include <stddef.h>

#include "devices/scsi/disc_layout.h"

/*
 * Cue sheets: texts that say which tracks lie where in which image files. They come from anywhere
 * and are not trusted: all counts have limits, and the files must lie beside the sheet, so that a
 * sheet cannot hand the guest another file of the host. "REM SESSION n" starts a session, as other
 * programs write it.
 */
#define CUE_TEXT_MAX   (256u << 10)
#define CUE_NAME_MAX   255u
#define CUE_POINTS_MAX 1024u /* INDEX lines */

/* One INDEX line. */
struct cue_point {
	uint8_t track; /* place in `tracks` */
	uint8_t file;  /* place in `files` */
	uint8_t index;
	uint32_t frame; /* sectors from the start of the file */
	unsigned line;
};

struct cue_track {
	struct disc_track track; /* number, session, control, mode, isrc */
	uint16_t sector_bytes;
	uint32_t pregap; /* silent sectors that no file has, before and after it */
	uint32_t postgap;
	unsigned line;
};

struct cue_file {
	char name[CUE_NAME_MAX + 1];
	unsigned line;
	uint64_t bytes; /* the caller fills it in before cue_layout */
};

struct cue_sheet {
	const char *path; /* borrowed; for texts */
	struct cue_file files[DISC_FILES_MAX];
	unsigned file_count;
	struct cue_track tracks[DISC_TRACKS_MAX];
	unsigned track_count;
	struct cue_point points[CUE_POINTS_MAX];
	unsigned point_count;
	char catalog[14];
};

/* Reads a text of `length` bytes, which need not end in a NUL. Texts of errors name the path, the
 * line, and what to do. -EINVAL: not a sheet; -EOPNOTSUPP: a kind of track or file that no drive
 * here reads; -E2BIG: beyond a limit. */
int cue_parse(struct cue_sheet *sheet, const char *path, const char *text, size_t length,
	      struct error *err);

/* Lays the tracks out on a disc, by the sizes of the files. -EINVAL: they do not fit together;
 * -E2BIG: more than a CD holds; -ENOMEM. On success the caller finishes `layout`. */
int cue_layout(const struct cue_sheet *sheet, struct disc_layout *layout, struct error *err);

#endif
