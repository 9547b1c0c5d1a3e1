/* SPDX-License-Identifier: MIT */
#include "devices/scsi/disc_probe.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define VOLUME_START	   16u /* sector of the first volume descriptor (ECMA-119 §6.2.1) */
#define VOLUMES_MAX	   16u
#define ROOT_SECTORS	   8u	/* of the root folder, in which VIDEO_TS is looked for */
#define ROOT_RECORD	   156u /* offset in the primary volume descriptor (ECMA-119 §8.4) */
#define RECORD_NAME	   33u	/* offsets in a folder's record (ECMA-119 §9.1) */
#define RECORD_NAME_LENGTH 32u
#define RECORD_EXTENT	   2u
#define RECORD_FLAGS	   25u
#define FLAG_FOLDER	   0x02u

static const char VIDEO_FOLDER[] = "VIDEO_TS";

/* Files that are taken for images by mistake. */
static const struct {
	const char *magic;
	uint8_t bytes;
	const char *what;
} FOREIGN[] = {
	{ "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 12,
	  "is a raw CD image; name its cue sheet (.cue) instead" },
	{ "\x1f\x8b", 2, "is compressed by gzip; unpack it first: gunzip" },
	{ "\xfd"
	  "7zXZ",
	  5, "is compressed by xz; unpack it first: unxz" },
	{ "PK\x03\x04", 4, "is a zip archive; unpack it first: unzip" },
	{ "QFI\xfb", 4, "is a qcow2 disk, not a disc; use it as a disk" },
	{ "FILE \"", 6, "is a cue sheet; let its name end in .cue" },
};

/* --- reading at once --- */

struct probe_read {
	struct disc_read read;
	int result;
};

static void on_read(struct disc_read *read, int result)
{
	container_of(read, struct probe_read, read)->result = result;
}

/* User data of sectors of the disc. */
static int read_sectors(struct disc *disc, uint32_t lba, uint8_t *buffer, uint32_t sectors)
{
	struct iovec iov = { buffer, (size_t)sectors * DISC_DATA_BYTES };
	struct probe_read r = {
		.read = { .lba = lba,
			  .sectors = sectors,
			  .fields = DISC_FIELD_DATA,
			  .iov = &iov,
			  .iov_count = 1,
			  .done = on_read },
	};

	disc_read_start(disc, &r.read);
	disc_drain(disc);
	return r.result;
}

/* --- file systems --- */

static bool has_id(const uint8_t *descriptor, const char *id)
{
	return memcmp(descriptor + 1, id, 5) == 0;
}

/* Whether a folder's record is the folder VIDEO_TS. */
static bool is_video_folder(const uint8_t *record)
{
	const size_t length = sizeof(VIDEO_FOLDER) - 1;

	return record[RECORD_FLAGS] & FLAG_FOLDER && record[RECORD_NAME_LENGTH] == length &&
	       memcmp(record + RECORD_NAME, VIDEO_FOLDER, length) == 0;
}

/* Records do not cross sectors; the first byte of each is its length, 0 at a sector's end. */
static bool has_video_folder(const uint8_t *sector)
{
	unsigned at = 0;

	while (at + RECORD_NAME + sizeof(VIDEO_FOLDER) <= DISC_DATA_BYTES && sector[at] != 0) {
		if (is_video_folder(sector + at)) {
			return true;
		}
		at += sector[at];
	}
	return false;
}

static void look_into_root(struct disc *disc, const uint8_t *volume)
{
	uint32_t lba = load_le32(volume + ROOT_RECORD + RECORD_EXTENT);
	uint8_t sector[DISC_DATA_BYTES];

	for (uint32_t i = 0; i < ROOT_SECTORS && lba < disc->sectors - i; i++) {
		if (read_sectors(disc, lba + i, sector, 1) < 0) {
			return;
		}
		disc->has_video |= has_video_folder(sector);
	}
}

/* The descriptors from sector 16 on: of ISO 9660, and UDF's between BEA01 and TEA01 (ECMA-167 2/9).
 */
static void find_file_systems(struct disc *disc, uint32_t start)
{
	uint8_t sector[DISC_DATA_BYTES];

	for (uint32_t i = 0; i < VOLUMES_MAX; i++) {
		if (read_sectors(disc, start + VOLUME_START + i, sector, 1) < 0) {
			return;
		}
		if (has_id(sector, "CD001")) {
			if (sector[0] == 1 && !disc->has_iso9660) {
				disc->has_iso9660 = true;
				look_into_root(disc, sector);
			}
		} else if (has_id(sector, "NSR02") || has_id(sector, "NSR03")) {
			disc->has_udf = true;
		} else if (!has_id(sector, "BEA01") && !has_id(sector, "BOOT2")) {
			return;
		}
	}
}

/* --- decisions --- */

static const struct disc_track *first_data_track(const struct disc *disc)
{
	for (unsigned i = 0; i < disc->layout.track_count; i++) {
		if (disc->layout.tracks[i].mode != DISC_AUDIO) {
			return &disc->layout.tracks[i];
		}
	}
	return NULL;
}

static int refuse_foreign(struct disc *disc, const struct disc_track *track, struct error *err)
{
	uint8_t sector[DISC_DATA_BYTES];

	if (disc->layout.extents[0].sector_bytes != DISC_DATA_BYTES ||
	    read_sectors(disc, track->start_lba, sector, 1) < 0) {
		return 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(FOREIGN); i++) {
		if (memcmp(sector, FOREIGN[i].magic, FOREIGN[i].bytes) == 0) {
			return error_set(err, -EINVAL, "disc %s: %s", disc->path, FOREIGN[i].what);
		}
	}
	return 0;
}

/* A cue sheet describes a CD; an image is what it looks like. */
static int decide_kind(struct disc *disc, enum disc_kind wish, struct error *err)
{
	const struct disc_extent *first = &disc->layout.extents[0];
	bool is_image = disc->layout.track_count == 1 && first->sector_bytes == DISC_DATA_BYTES &&
			disc->layout.tracks[0].mode == DISC_MODE1 && disc->file_count == 1;

	if (wish == DISC_BY_CONTENT) {
		bool is_dvd = is_image && (disc->has_udf || disc->has_video ||
					   disc->sectors > DISC_CD_SECTORS_USUAL);

		disc->kind = is_dvd ? DISC_DVD_ROM : DISC_CD_ROM;
		return 0;
	}
	if (wish == DISC_CD_ROM ? disc->sectors > DISC_CD_SECTORS_MAX : !is_image) {
		return error_set(err, wish == DISC_CD_ROM ? -EFBIG : -EINVAL,
				 wish == DISC_CD_ROM
					 ? "disc %s: is larger than a CD; let it be a DVD"
					 : "disc %s: has a CD's tracks; let it be a CD",
				 disc->path);
	}
	disc->kind = wish;
	return 0;
}

int disc_probe(struct disc *disc, enum disc_kind wish, struct error *err)
{
	const struct disc_track *track = first_data_track(disc);

	if (track) {
		int code = refuse_foreign(disc, track, err);

		if (code < 0) {
			return code;
		}
		find_file_systems(disc, track->start_lba);
	}
	return decide_kind(disc, wish, err);
}
