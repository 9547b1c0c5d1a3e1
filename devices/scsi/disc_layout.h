/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DISC_LAYOUT_H
#define THUNDERLAKE_DEVICES_SCSI_DISC_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/error.h"

/*
 * What lies where on a disc: sessions, tracks, and for each stretch of sectors the bytes of an
 * image file that hold them. Sectors are counted as drives count them (LBA): 0 is minute 0, second
 * 2, frame 0; a second has 75 frames. Knows no file and no guest.
 */
#define DISC_DATA_BYTES	       2048u /* user data of a data sector */
#define DISC_RAW_BYTES	       2352u /* a CD's whole sector */
#define DISC_FRAMES_PER_SECOND 75u
#define DISC_MSF_OFFSET	       150u	/* frames before LBA 0 */
#define DISC_CD_SECTORS_MAX    449850u	/* 99:59:74 as MSF is the last one */
#define DISC_CD_SECTORS_USUAL  360000u	/* 80 minutes: more is taken for a DVD */
#define DISC_SECTORS_MAX       4173824u /* a DVD of two layers, 8.5 GB */
#define DISC_TRACKS_MAX	       99u
#define DISC_FILES_MAX	       99u
#define DISC_SESSIONS_MAX      99u
#define DISC_NO_FILE	       UINT8_MAX /* sectors that read as zeros */

/* Lead-out of the first and of later sessions, and a lead-in with its pause, in sectors. */
#define DISC_FIRST_SESSION_GAP 11400u
#define DISC_LATER_SESSION_GAP 6900u

enum disc_mode {
	DISC_AUDIO,
	DISC_MODE1,
	DISC_MODE2, /* each sector says by itself whether it is of form 1 or 2 */
};

/* Bits of the control field of sub-channel Q (ECMA-130 §22.3.1). */
#define DISC_CONTROL_PRE_EMPHASIS  0x1u
#define DISC_CONTROL_COPY_ALLOWED  0x2u
#define DISC_CONTROL_DATA	   0x4u
#define DISC_CONTROL_FOUR_CHANNELS 0x8u

struct disc_track {
	uint8_t number; /* 1 to 99 */
	uint8_t session;
	uint8_t control; /* DISC_CONTROL_* */
	enum disc_mode mode;
	uint32_t pregap_lba; /* where index 0 starts; start_lba without one */
	uint32_t start_lba;  /* index 1 */
	uint32_t end_lba;    /* first sector behind it */
	char isrc[13];	     /* empty: none */
};

struct disc_session {
	uint8_t first_track;
	uint8_t last_track;
	uint32_t lead_out_lba;
};

/* Sectors of one track and index that lie one after the other in one file, or in none. */
struct disc_extent {
	uint32_t lba;
	uint32_t sectors;
	uint64_t offset;       /* in the file */
	uint16_t sector_bytes; /* as stored: 2048, 2336 or 2352 */
	uint8_t file;	       /* or DISC_NO_FILE */
	uint8_t track;
	uint8_t index;
};

struct disc_layout {
	struct disc_track tracks[DISC_TRACKS_MAX];
	unsigned track_count;
	struct disc_session sessions[DISC_SESSIONS_MAX];
	unsigned session_count;
	struct disc_extent *extents; /* by rising lba; gaps only between sessions */
	unsigned extent_count;
	char catalog[14]; /* media catalog number; empty: none */
};

struct disc_msf {
	uint8_t minute;
	uint8_t second;
	uint8_t frame;
};

struct disc_msf disc_msf_of(uint32_t lba);

/* -EINVAL: no such time, or before LBA 0. */
int disc_lba_of(struct disc_msf msf, uint32_t *lba);

/* One data track of `sectors` of 2048 bytes in file 0: what an ISO image is. -ENOMEM. */
int disc_layout_init_image(struct disc_layout *layout, uint32_t sectors);
void disc_layout_finish(struct disc_layout *layout);

/* The lead-out of the last session: how many sectors the disc has. */
uint32_t disc_layout_sectors(const struct disc_layout *layout);

/* NULL: no such sector (beyond the end, or between sessions), no such track. */
const struct disc_extent *disc_layout_extent(const struct disc_layout *layout, uint32_t lba);
const struct disc_track *disc_layout_track(const struct disc_layout *layout, unsigned number);
const struct disc_track *disc_layout_track_at(const struct disc_layout *layout, uint32_t lba);

#endif
