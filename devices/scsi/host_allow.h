/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_ALLOW_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a guest may do with a drive of the host's: which commands, in which direction they move
 * data, and how much. All of it follows from the CDB and one table, none of it from what the guest
 * says beside the CDB but the room it has.
 *
 * Let through: reading, events, the tray, the region's state and the authentication of the drive;
 * writing where the user allows it. Never: firmware, vendors' own commands, setting the region, and
 * what would outlive the guest in the drive, such as mode pages (of which writing needs one) and
 * sleep.
 */
#define HOST_CDB_MAX	12u
#define HOST_ANSWER_MAX 65535u /* of what is no sector */
#define HOST_LIST_MAX	16384u /* of parameters */
#define HOST_SLICES_MAX 256u   /* of memory, that a command moves data from or to */

enum host_direction {
	HOST_NO_DATA,
	HOST_IN,
	HOST_OUT,
};

enum host_verdict {
	HOST_PASS,
	HOST_UNKNOWN,	  /* not in the table, or not without `can_write` */
	HOST_BAD_FIELD,	  /* `bad_byte` and `bad_bit` say which */
	HOST_BAD_LIST,	  /* the same, in the parameter list */
	HOST_LITTLE_ROOM, /* the guest gives less room, or less data, than the CDB moves */
};

struct host_limits {
	uint32_t transfer_bytes; /* of one command to the host; at least HOST_SECTOR_MAX */
	bool can_write;
};

/* How much longer the header of MODE SENSE(10) is than that of MODE SENSE(6). */
#define HOST_MODE_HEADERS_DIFFER 4u

/* The most that one sector of a CD can be: all its bytes, error flags, and a sub-channel. */
#define HOST_SECTOR_MAX 2744u

/* A command as the drive shall have it. */
struct host_plan {
	uint8_t cdb[HOST_CDB_MAX]; /* its allocation length is no more than `bytes` */
	unsigned cdb_bytes;
	enum host_direction direction;
	uint32_t bytes; /* to move, at most */
	uint32_t timeout_ms;
	/* Sectors go straight between drive and guest; all else is copied and looked at. */
	bool is_direct;
	/* MODE SENSE(6), which drives of today do not know, but Linux asks by it how good a drive
	 * is: goes as MODE SENSE(10), whose answer host_plan_shorten makes fit. */
	bool is_mode_sense6;
	/* What is longer than one transfer goes in several commands, of `blocks_per_step` each. */
	uint32_t blocks, blocks_per_step, block_bytes;

	/* Of HOST_BAD_FIELD and HOST_BAD_LIST. */
	unsigned bad_byte;
	int bad_bit; /* -1: the whole byte */
};

/* `cdb` has HOST_CDB_MAX bytes; `room` is what the guest gives for data: in, or out. */
enum host_verdict host_allow(const uint8_t *cdb, size_t in_room, size_t out_room,
			     const struct host_limits *limits, struct host_plan *plan);

/* The same of a parameter list of plan->bytes, for commands that have one. */
enum host_verdict host_allow_list(struct host_plan *plan, const uint8_t *list);

/* Makes an answer of `bytes` what the guest has asked for; returns its bytes. */
uint32_t host_plan_shorten(const struct host_plan *plan, uint8_t *answer, uint32_t bytes);

/* How many commands a plan is: 1, but for long transfers of sectors. */
uint32_t host_plan_steps(const struct host_plan *plan);
/* The CDB of a step, HOST_CDB_MAX bytes; returns the bytes that it moves. */
uint32_t host_plan_step(const struct host_plan *plan, uint32_t step, uint8_t *cdb);

#endif
