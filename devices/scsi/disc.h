/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DISC_H
#define THUNDERLAKE_DEVICES_SCSI_DISC_H

#include "devices/block/block.h"
#include "devices/scsi/disc_layout.h"
#include "devices/scsi/disc_sector.h"

struct loop;

/*
 * A disc, as it lies in a drive: read-only, from an image of 2048-byte sectors (ISO, UDF, raw) or
 * from a cue sheet and its files. A disc belongs to one loop, as its back ends do.
 */
enum disc_kind {
	DISC_CD_ROM,
	DISC_DVD_ROM,
	DISC_DVD_R,
	DISC_BY_CONTENT, /* in struct disc_config: a DVD if it is larger than a CD, or has UDF or a
			    VIDEO_TS folder */
};

struct disc_config {
	const char *path; /* an image, or a cue sheet by its name's end, ".cue" */
	enum disc_kind kind;
};

struct disc {
	enum disc_kind kind; /* never DISC_BY_CONTENT */
	struct disc_layout layout;
	uint32_t sectors; /* disc_layout_sectors */
	bool has_udf;
	bool has_iso9660;
	bool has_video;
	char *path;
	struct block_backend *files[DISC_FILES_MAX];
	unsigned file_count;
	unsigned reads; /* in flight */
};

/* Opens on the loop or while it does not run; reads a few sectors meanwhile. Texts name the path
 * and say what to do: missing, a directory, no permission, odd length, compressed, not an image.
 * -errno of the host, -EINVAL, -EFBIG, -EOPNOTSUPP, -ENOMEM. */
int disc_open(struct loop *loop, const struct disc_config *config, struct disc **out,
	      struct error *err);

/* Waits for the reads in flight; their done callbacks run. NULL is fine. */
void disc_close(struct disc *disc);

/* --- reading --- */

enum disc_subchannel {
	DISC_SUBCHANNEL_NONE,
	DISC_SUBCHANNEL_RAW, /* DISC_SUBCHANNEL_BYTES, P to W */
	DISC_SUBCHANNEL_Q,   /* 16 bytes: Q with its CRC, three zeros, P in bit 7 of the last */
};

#define DISC_SUBCHANNEL_Q_BYTES 16u
#define DISC_ALL_PARTS_MAX	(DISC_RAW_BYTES + DISC_SUBCHANNEL_BYTES)

/* Sectors to guest memory. Straight there if what is stored is what is wanted. */
struct disc_read {
	uint32_t lba; /* the next sector: after a failure, the one that failed */
	uint32_t sectors;
	uint8_t fields;	     /* DISC_FIELD_* */
	enum disc_form form; /* any other sector fails the read, unless DISC_FORM_ANY */
	enum disc_subchannel subchannel;
	/* Borrowed until done, array included, which changes. Sectors beyond its end are not read.
	 */
	struct iovec *iov;
	unsigned iov_count;
	/* On the loop; may be called from inside disc_read_start. 0; -EIO: cannot be read;
	 * -EMEDIUMTYPE: a sector of another form; -ERANGE: no such sector; -EINVAL: fields that do
	 * not follow each other; -ENOSPC: the memory was full before; -ENOMEM. `bytes` were
	 * written. */
	void (*done)(struct disc_read *read, int result);
	uint64_t bytes;

	/* The disc's. */
	struct disc *disc;
	struct block_request block;
	struct iovec bounce_iov;
	uint8_t *bounce;
	const struct disc_extent *extent;
	uint32_t step;
	bool in_step;
	bool has_more;
	bool has_ended;
	int result;
};

void disc_read_start(struct disc *disc, struct disc_read *read);

/* After a batch of starts: hands queued reads to the host. */
void disc_kick(struct disc *disc);
/* `on_batch` is called after each batch of done callbacks that did not run inside disc_read_start.
 */
void disc_on_batch(struct disc *disc, void (*on_batch)(void *owner), void *owner);
/* Looks for completions without blocking; whether there were any. */
bool disc_poll(struct disc *disc);
/* Returns when no read is in flight. */
void disc_drain(struct disc *disc);

#endif
