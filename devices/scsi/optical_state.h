/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_OPTICAL_STATE_H
#define THUNDERLAKE_DEVICES_SCSI_OPTICAL_STATE_H

#include "devices/scsi/optical.h"
#include "vmm/base/bytes.h"
#include "vmm/base/loop.h"

/* What the files of the optical drive share. */

/* Profiles (MMC-6 §5.3.1). */
#define PROFILE_CD_ROM	0x0008u
#define PROFILE_DVD_ROM 0x0010u
#define PROFILE_DVD_R	0x0011u

/* Media events (MMC-6 §6.6.3.5). */
enum media_event {
	MEDIA_NO_CHANGE,
	MEDIA_EJECT_REQUEST,
	MEDIA_NEW,
	MEDIA_REMOVAL,
};

#define MEDIA_EVENTS_MAX 4u

/* Current values of the mode pages, one after the other (optical_mode.c). */
#define OPTICAL_MODE_BYTES 128u

/* 1× of a DVD is 1385 kB/s. */
#define OPTICAL_SPEED_MAX_KBS 22160u

struct optical_transfer {
	struct optical *drive;
	struct scsi_command *command; /* NULL: unused */
	uint64_t start_ns;
	struct disc_read read;

	/* What the model says of it. */
	uint64_t end_ns;
	bool is_bad; /* bad_lba, behind the last sector of `read` */
	uint32_t bad_lba;
	bool waits; /* it is done, but not told before end_ns */
	int result;
	struct loop_timer timer;
};

struct optical {
	struct scsi_unit unit;
	struct scsi_identity identity;
	struct optical_config config;
	struct disc *disc;
	bool tray_open;
	bool is_prevented;
	bool is_prevented_persistently;

	enum media_event media_events[MEDIA_EVENTS_MAX]; /* the oldest first */
	unsigned media_event_count;
	bool has_changed_features; /* operational change to be told */

	uint8_t mode[OPTICAL_MODE_BYTES];
	uint32_t speed_kbs;
	uint32_t head_lba; /* behind the sector read last */
	bool has_model;
	bool is_stuck;
	struct disc_model_config model_config;
	struct disc_model model; /* of the disc in the drive */
	struct loop_timer ready; /* armed while a disc that came spins up */
	struct drive_counters counters;
	struct optical_transfer transfers[SCSI_COMMANDS_MAX]; /* by slot */
};

/* The disc that can be read; NULL: none, or the tray is open. */
static inline struct disc *optical_disc(const struct optical *o)
{
	return o->tray_open ? NULL : o->disc;
}

static inline bool optical_has_dvd(const struct optical *o)
{
	return optical_disc(o) && o->disc->kind != DISC_CD_ROM;
}

/* The profile of the disc in the drive (MMC-6 §5.3.1); 0: none. */
uint16_t optical_profile(const struct optical *o);

/* NO MEDIUM, as the tray stands. */
uint16_t optical_no_medium(const struct optical *o);

/* Whether the disc, which there is, still spins up; if so, fills `sense`, which may be NULL. */
bool optical_spins_up(const struct optical *o, struct scsi_sense *sense);

/* A disc has been loaded: tells the guest, when it has spun up (MMC-6 §6.6.3.5: new and ready). */
void optical_model_load(struct optical *o);
/* It goes, told or not. */
void optical_model_unload(struct optical *o);
/* There is a new disc to be read. */
void optical_tell_new_disc(struct optical *o);
/* The read is about to start: cuts it at a bad sector, says when it ends. */
void optical_model_read(struct optical *o, struct optical_transfer *t);
/* Whether the command of a read that is done has to wait; it ends later, by optical_end_read. */
bool optical_model_holds(struct optical_transfer *t, int result);
void optical_end_read(struct optical_transfer *t, int result);
/* Ends what waits: of one command, or all (NULL). */
void optical_model_release(struct optical *o, const struct scsi_command *c);

/* To defaults. */
void optical_mode_reset(struct optical *o);

/* --- commands: each ends `c`, at once or later ------------------------------------------------ */

/* TEST UNIT READY (SPC-4 §6.47, MMC-6 §6.42). */
void optical_test_unit_ready(struct optical *o, struct scsi_command *c);

/* READ(6) (SPC-2's, for old systems), READ(10) (MMC-6 §6.14), READ(12) (§6.15), READ(16) (SBC-3
 * §5.13): blocks of 2048 bytes. */
void optical_read6(struct optical *o, struct scsi_command *c);
void optical_read10(struct optical *o, struct scsi_command *c);
void optical_read12(struct optical *o, struct scsi_command *c);
void optical_read16(struct optical *o, struct scsi_command *c);
/* READ CD (MMC-6 §6.19) and READ CD MSF (§6.20): any part of any sector; without C2 pointers and
 * sub-channels R to W, which the drive does not claim to have. */
void optical_read_cd(struct optical *o, struct scsi_command *c);
void optical_read_cd_msf(struct optical *o, struct scsi_command *c);
/* READ CAPACITY (MMC-6 §6.18), SEEK(10) (§6.32). */
void optical_read_capacity(struct optical *o, struct scsi_command *c);
void optical_seek(struct optical *o, struct scsi_command *c);

/* READ TOC/PMA/ATIP (MMC-6 §6.25): formats 0 to 2; a pressed disc has no PMA, ATIP or CD-TEXT. */
void optical_read_toc(struct optical *o, struct scsi_command *c);
/* READ SUB-CHANNEL (MMC-3 §6.1.21; left out of later ones, but in use): position, catalog number,
 * ISRC. */
void optical_read_subchannel(struct optical *o, struct scsi_command *c);
/* READ DISC INFORMATION (MMC-6 §6.21), READ TRACK INFORMATION (§6.26). */
void optical_read_disc_information(struct optical *o, struct scsi_command *c);
void optical_read_track_information(struct optical *o, struct scsi_command *c);

/* READ DISC STRUCTURE (MMC-6 §6.22) of DVDs: formats 00h, 01h, 04h, FFh. */
void optical_read_dvd_structure(struct optical *o, struct scsi_command *c);
/* REPORT KEY (MMC-6 §6.28): the region state of a drive without one; keys as with an unprotected
 * disc. */
void optical_report_key(struct optical *o, struct scsi_command *c);

/* GET CONFIGURATION (MMC-6 §6.5). */
void optical_get_configuration(struct optical *o, struct scsi_command *c);

/* MODE SENSE(6), (10) (SPC-4 §6.11, §6.12, MMC-6 §6.12), MODE SELECT(6), (10) (SPC-4 §6.9, §6.10).
 */
void optical_mode_sense6(struct optical *o, struct scsi_command *c);
void optical_mode_sense10(struct optical *o, struct scsi_command *c);
void optical_mode_select6(struct optical *o, struct scsi_command *c);
void optical_mode_select10(struct optical *o, struct scsi_command *c);

/* GET EVENT STATUS NOTIFICATION (MMC-6 §6.6), MECHANISM STATUS (§6.10), START STOP UNIT (§6.40),
 * PREVENT ALLOW MEDIUM REMOVAL (§6.13). */
void optical_get_event_status(struct optical *o, struct scsi_command *c);
void optical_mechanism_status(struct optical *o, struct scsi_command *c);
void optical_start_stop(struct optical *o, struct scsi_command *c);
void optical_prevent_allow(struct optical *o, struct scsi_command *c);

/* GET PERFORMANCE (MMC-6 §6.7), SET CD SPEED (§6.37), SET READ AHEAD (§6.38), SET STREAMING
 * (§6.39). */
void optical_get_performance(struct optical *o, struct scsi_command *c);
void optical_set_cd_speed(struct optical *o, struct scsi_command *c);
void optical_set_read_ahead(struct optical *o, struct scsi_command *c);
void optical_set_streaming(struct optical *o, struct scsi_command *c);

#endif
