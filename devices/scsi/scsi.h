/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_SCSI_H
#define THUNDERLAKE_DEVICES_SCSI_SCSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/scsi/sense.h"
#include "vmm/base/list.h"

struct scsi_bus;
struct scsi_unit;

/*
 * The contract of a SCSI logical unit (SAM-5, SPC-4): what a drive is to the bus (bus.h) by which
 * guests reach it. There is one initiator, the guest.
 *
 * Threads: a unit belongs to the bus's loop (scsi_bus_loop). All functions and callbacks here run
 * on it, one at a time, so a unit needs no lock. Nothing may block there: what waits for the host
 * goes to a block back end, or to threads of the unit's own that come back by loop_post. Who comes
 * from the main thread (insert, eject) uses loop_call.
 *
 * Life: fill the first members of a zeroed struct scsi_unit, scsi_bus_attach, … scsi_bus_detach,
 * free. After detach has returned, no command of the unit is left and no callback comes.
 */
#define SCSI_CDB_MAX 32u
/* Commands that a unit has at a time; the bus answers more with TASK SET FULL. */
#define SCSI_COMMANDS_MAX    64u
#define SCSI_ATTENTIONS_MAX  8u
#define SCSI_INQUIRY_VENDOR  8u
#define SCSI_INQUIRY_PRODUCT 16u

enum scsi_status { /* SAM-5 §5.3 */
	SCSI_GOOD = 0x00,
	SCSI_CHECK_CONDITION = 0x02,
	SCSI_CONDITION_MET = 0x04,
	SCSI_BUSY = 0x08,
	SCSI_RESERVATION_CONFLICT = 0x18,
	SCSI_TASK_SET_FULL = 0x28,
};

/* Whether the command got as far as a status. */
enum scsi_delivery {
	SCSI_DELIVERED,
	SCSI_OVERRUN,	 /* the CDB moves more than the initiator gave room or data for */
	SCSI_NO_TARGET,	 /* the bus's: nobody has this address */
	SCSI_ABORTED,	 /* the bus's: by a task management function */
	SCSI_RESET,	 /* the bus's: by a reset, or the unit went away */
	SCSI_DISCONNECT, /* the link to the real device is gone */
};

/* Peripheral device types (SPC-4 §6.6.2). */
enum scsi_type {
	SCSI_TYPE_DISK = 0x00,
	SCSI_TYPE_OPTICAL = 0x05,
	SCSI_TYPE_WELL_KNOWN = 0x1e,
	SCSI_TYPE_NONE = 0x1f,
};

/* Bytes that a command moves, as slices, mostly of guest memory. The array is the command's: a unit
 * may shorten it and lend it to a block request. */
struct scsi_data {
	struct iovec *iov;
	unsigned count;
	size_t bytes; /* of all slices */
};

/*
 * One command. Its memory is the transport's from `done` on, at the latest when a function that
 * ends it (below) has returned.
 */
struct scsi_command {
	/* Filled by the transport. */
	uint8_t cdb[SCSI_CDB_MAX]; /* our copy; zeros behind what the guest sent */
	uint64_t tag;		   /* the guest's name for it */
	/* From and to the guest; at most one of them has bytes. Both lie in guest memory, which the
	 * guest changes at any time: copy (scsi_command_take) what is to be checked. */
	struct scsi_data out;
	struct scsi_data in;
	void (*done)(struct scsi_command *command); /* on the loop */

	/* The bus's, for the unit to read: its commands have different ones, below
	 * SCSI_COMMANDS_MAX, so that what it needs for each can be an array of its own. */
	unsigned slot;

	/* What became of it, for the transport. */
	enum scsi_delivery delivery;
	uint8_t status; /* enum scsi_status; valid if delivered */
	size_t moved;	/* bytes of `out` or `in` that were transferred */
	uint8_t sense[SCSI_SENSE_MAX];
	unsigned sense_bytes; /* 0: none */

	/* The bus's. */
	struct scsi_unit *unit;
	struct list node;
	uint64_t number;		/* grows from command to command */
	enum scsi_delivery interrupted; /* other than DELIVERED: cancelled */
	size_t data_bytes;		/* of `in` and `out` at the start */
};

struct scsi_unit_ops {
	/* Starts a command, which one of the functions below ends exactly once, now or later. The
	 * bus has dealt with REPORT LUNS, REQUEST SENSE, unit attentions, the control byte, and
	 * INQUIRY where the unit has an identity; everything else comes here. */
	void (*execute)(struct scsi_unit *unit, struct scsi_command *command);
	/* The guest has lost interest: end it soon, in any way; what it said is ignored. May be
	 * called twice. May be NULL: commands then end by themselves before long. */
	void (*cancel)(struct scsi_unit *unit, struct scsi_command *command);
	/* Back to power-on as far as the guest can tell (mode pages, locks; not the medium). No
	 * command is in flight where the bus does it; those of a reset of this unit alone may still
	 * be on their way out. May be NULL. */
	void (*reset)(struct scsi_unit *unit);
	/* After a batch of execute calls. May be NULL. */
	void (*kick)(struct scsi_unit *unit);
	/* Looks for completions without blocking; whether there were any. May be NULL. */
	bool (*poll)(struct scsi_unit *unit);
	/* Returns when no command is in flight; delays that imitate a mechanism end at once. The
	 * one function that may wait for the host. NULL: execute ends all commands itself. */
	void (*drain)(struct scsi_unit *unit);
	/* REQUEST SENSE when no attention waits: the state that has to be told, such as NOT READY,
	 * becoming ready. May be NULL, or leave `sense` as it is: none. */
	void (*describe_state)(struct scsi_unit *unit, struct scsi_sense *sense);
	/* Operation codes that go to execute though an attention waits, and leave it waiting, such
	 * as GET EVENT STATUS NOTIFICATION; ends with 0. INQUIRY, REPORT LUNS and REQUEST SENSE
	 * need not be here. May be NULL. */
	const uint8_t *heedless;
};

/* What INQUIRY tells (SPC-4 §6.6, §7.8): standard data and the pages 00h, 80h and 83h. Texts are
 * printable ASCII, borrowed, padded with spaces, and cut where too long. */
struct scsi_identity {
	bool removable;
	const char *vendor;   /* SCSI_INQUIRY_VENDOR characters */
	const char *product;  /* SCSI_INQUIRY_PRODUCT characters */
	const char *revision; /* 4 characters */
	const char *serial;
	const uint16_t *standards; /* version descriptors, at most 8, ends with 0; may be NULL */
};

/* Operations of the SPC-4 that every unit meets; those of a type are in its own header. */
enum scsi_operation {
	SCSI_TEST_UNIT_READY = 0x00,
	SCSI_REQUEST_SENSE = 0x03,
	SCSI_INQUIRY = 0x12,
	SCSI_REPORT_LUNS = 0xa0,
};

/* What a unit can tell without being asked (MMC-6 §6.6, A.6; the bits of virtio 1.2 §5.6.6.2). */
enum scsi_notice {
	SCSI_NOTICE_OPERATIONAL = 1u << 1,
	SCSI_NOTICE_POWER = 1u << 2,
	SCSI_NOTICE_REQUEST = 1u << 3, /* the eject button */
	SCSI_NOTICE_MEDIA = 1u << 4,
	SCSI_NOTICE_BUSY = 1u << 6,
};

/* Unit attentions that wait to be told, the first one first. */
struct scsi_attentions {
	uint16_t codes[SCSI_ATTENTIONS_MAX]; /* enum scsi_code */
	unsigned count;
};

struct scsi_counters {
	uint64_t commands;
	uint64_t bytes_in, bytes_out; /* to and from the guest */
	uint64_t check_conditions;    /* unit attentions not among them */
	uint64_t attentions;	      /* told */
	uint64_t interrupted;	      /* aborted or reset */
	uint64_t refused;	      /* TASK SET FULL */
};

struct scsi_unit {
	/* Filled by the unit; the pointers are borrowed. */
	const struct scsi_unit_ops *ops;
	const char *id; /* for texts: "cd0" */
	enum scsi_type type;
	const struct scsi_identity *identity; /* NULL: INQUIRY goes to execute */
	uint32_t notices;		      /* SCSI_NOTICE_* that it may send */
	/* D_SENSE of the control mode page: sense data are of descriptor format. */
	bool descriptor_sense;

	/* The bus's; counters are for everybody to read. */
	struct scsi_bus *bus; /* NULL: not attached */
	uint8_t target;
	uint16_t lun;
	struct list commands;
	uint64_t slots;	     /* in use, by bits */
	uint32_t subscribed; /* SCSI_NOTICE_* that the guest wants to hear of */
	struct scsi_attentions attentions;
	struct scsi_counters counters;
};

/* --- ending a command ------------------------------------------------------------------------ */

/* Each of these ends the command, but `take` and `put` if they return true. What ended outside of
 * execute, cancel and drain is told to the guest by scsi_unit_batch_done. */

/* `moved`: bytes of `in` or `out` transferred. */
void scsi_command_end(struct scsi_command *command, enum scsi_status status, size_t moved);
/* CHECK CONDITION with sense data in the unit's format. `moved` bytes before the fault count. */
void scsi_command_check(struct scsi_command *command, const struct scsi_sense *sense, size_t moved);
/* The usual case of it: no bytes moved. `code` is SCSI_CODE_*. */
void scsi_command_fail(struct scsi_command *command, enum scsi_sense_key key, uint16_t code);
/* ILLEGAL REQUEST, INVALID FIELD IN CDB, pointing at a byte and its bit (-1: no bit). */
void scsi_command_bad_field(struct scsi_command *command, unsigned byte, int bit);
/* CHECK CONDITION with sense data as a real drive gave them. */
void scsi_command_pass_sense(struct scsi_command *command, const void *sense, size_t bytes,
			     size_t moved);
/* SCSI_OVERRUN or SCSI_DISCONNECT. */
void scsi_command_break(struct scsi_command *command, enum scsi_delivery delivery);
/* GOOD with an answer of `bytes`, of which the guest gets what its allocation length allows;
 * SCSI_OVERRUN where its memory is smaller than both. */
void scsi_command_answer(struct scsi_command *command, const void *answer, size_t bytes,
			 size_t allocation_length);

/* Copies a parameter list of `bytes` out of `out`; false: there is less, the command has ended. */
bool scsi_command_take(struct scsi_command *command, void *list, size_t bytes);
/* Whether `in` has room for `bytes`, and cuts it to that; false: the command has ended. For block
 * requests whose slices are those of `in`. */
bool scsi_command_fit_in(struct scsi_command *command, size_t bytes);

/* --- what a unit tells ----------------------------------------------------------------------- */

/* Commands have ended outside of the bus's calls: one interrupt for all of them. Without it the
 * guest waits for them forever. */
void scsi_unit_batch_done(struct scsi_unit *unit);

/* A unit attention for the next command that heeds it. They are told in the order of SAM-5 §5.14:
 * resets first, of which only the weightiest is kept, then as they came; none twice. With too many
 * waiting the newest is lost. */
void scsi_unit_attention(struct scsi_unit *unit, uint16_t code);
/* The same for parameters that changed without the guest (capacity, cache): transports may have an
 * event of their own for it. */
void scsi_unit_changed(struct scsi_unit *unit, uint16_t code);
/* SCSI_NOTICE_* bits happened: an event for guests that subscribed. Most don't, but ask by commands
 * (MMC-6 GET EVENT STATUS NOTIFICATION); so this alone is never enough. */
void scsi_unit_notify(struct scsi_unit *unit, uint32_t notices);

/* --- reading CDBs ---------------------------------------------------------------------------- */

/* Bytes of a CDB by its group code (SPC-4 §4.2.5.1); 0: vendor's own or of variable length. */
unsigned scsi_cdb_bytes(uint8_t operation);

#endif
