/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define NS_PER_MS UINT64_C(1000000)

/* --- the end of a read --- */

/* Key and code of what disc_read returns. */
static struct scsi_sense sense_of(int result, uint32_t lba)
{
	struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST };

	switch (result) {
	case -EMEDIUMTYPE:
		sense.code = SCSI_CODE_ILLEGAL_MODE_FOR_TRACK;
		break;
	case -ERANGE:
		sense.code = SCSI_CODE_LBA_OUT_OF_RANGE;
		break;
	case -EINVAL: /* fields of READ CD that do not follow each other */
		sense.code = SCSI_CODE_INVALID_FIELD_IN_CDB;
		scsi_sense_point(&sense, true, 9, -1);
		return sense;
	case -ENOMEM:
		sense.key = SCSI_HARDWARE_ERROR;
		sense.code = SCSI_CODE_INTERNAL_FAILURE;
		return sense;
	default:
		sense.key = SCSI_MEDIUM_ERROR;
		sense.code = SCSI_CODE_UNRECOVERED_READ_ERROR;
		break;
	}
	sense.has_information = true;
	sense.information = lba;
	return sense;
}

void optical_end_read(struct optical_transfer *t, int result)
{
	struct scsi_command *c = t->command;
	struct optical *o = t->drive;
	struct scsi_sense sense;

	o->counters.stalls += clock_now_ns() - t->start_ns > DRIVE_STALL_MS * NS_PER_MS;
	o->counters.errors += result == -EIO || result == -ENOMEM;
	t->command = NULL;
	if (result == 0) {
		scsi_command_end(c, SCSI_GOOD, t->read.bytes);
	} else if (result == -ENOSPC) {
		scsi_command_break(c, SCSI_OVERRUN);
	} else {
		sense = sense_of(result, t->read.lba);
		scsi_command_check(c, &sense, t->read.bytes);
	}
}

static void on_read(struct disc_read *read, int result)
{
	struct optical_transfer *t = container_of(read, struct optical_transfer, read);

	if (t->is_bad && result == 0) {
		read->lba = t->bad_lba;
		result = -EIO;
	}
	if (!optical_model_holds(t, result)) {
		optical_end_read(t, result);
	}
}

/* --- its start --- */

static void fail_range(struct scsi_command *c, uint64_t lba)
{
	const struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
					  .code = SCSI_CODE_LBA_OUT_OF_RANGE,
					  .has_information = true,
					  .information = lba };

	scsi_command_check(c, &sense, 0);
}

/* Whether the disc has these sectors; if not, has ended the command. */
static bool check_range(const struct optical *o, struct scsi_command *c, uint64_t lba,
			uint64_t sectors)
{
	if (lba >= o->disc->sectors || sectors > o->disc->sectors - lba) {
		fail_range(c, MAX(lba, o->disc->sectors));
		return false;
	}
	return true;
}

static struct disc_read *new_read(struct optical *o, struct scsi_command *c, uint32_t lba,
				  uint32_t sectors)
{
	struct optical_transfer *t = &o->transfers[c->slot];

	*t = (struct optical_transfer){
		.drive = o,
		.command = c,
		.start_ns = clock_now_ns(),
		.read = { .lba = lba,
			  .sectors = sectors,
			  .fields = DISC_FIELD_DATA,
			  .form = DISC_FORM_BLOCK,
			  .iov = c->in.iov,
			  .iov_count = c->in.count,
			  .done = on_read },
	};
	return &t->read;
}

static void start(struct optical *o, struct disc_read *read)
{
	o->counters.reads++;
	o->counters.sectors += read->sectors;
	o->counters.seeks += read->lba != o->head_lba;
	o->head_lba = read->lba + read->sectors;
	optical_model_read(o, container_of(read, struct optical_transfer, read));
	disc_read_start(o->disc, read);
}

/* No sectors is no error, wherever (MMC-6 §6.14.2.5). */
static void read_blocks(struct optical *o, struct scsi_command *c, uint64_t lba, uint32_t sectors)
{
	if (!check_range(o, c, lba, sectors)) {
		return;
	}
	if (sectors == 0) {
		scsi_command_end(c, SCSI_GOOD, 0);
	} else if (scsi_command_fit_in(c, (size_t)sectors * DISC_DATA_BYTES)) {
		start(o, new_read(o, c, (uint32_t)lba, sectors));
	}
}

void optical_read6(struct optical *o, struct scsi_command *c)
{
	read_blocks(o, c, load_be24(c->cdb + 1) & 0x1fffff, c->cdb[4] ? c->cdb[4] : 256);
}

void optical_read10(struct optical *o, struct scsi_command *c)
{
	read_blocks(o, c, load_be32(c->cdb + 2), load_be16(c->cdb + 7));
}

void optical_read12(struct optical *o, struct scsi_command *c)
{
	read_blocks(o, c, load_be32(c->cdb + 2), load_be32(c->cdb + 6));
}

void optical_read16(struct optical *o, struct scsi_command *c)
{
	read_blocks(o, c, load_be64(c->cdb + 2), load_be32(c->cdb + 10));
}

/* --- READ CD --- */

#define EXPECTED_TYPE(cdb) ((cdb)[1] >> 2 & 7)
#define C2_BITS		   0x06

/* Sub-channels by byte 10 (MMC-6 §6.19.2.7). */
static int subchannel_of(uint8_t selection, enum disc_subchannel *out)
{
	switch (selection & 7) {
	case 0:
		*out = DISC_SUBCHANNEL_NONE;
		return 0;
	case 1:
		*out = DISC_SUBCHANNEL_RAW;
		return 0;
	case 2:
		*out = DISC_SUBCHANNEL_Q;
		return 0;
	default:
		return -EINVAL;
	}
}

static void read_any(struct optical *o, struct scsi_command *c, uint32_t lba, uint32_t sectors)
{
	enum disc_subchannel subchannel = DISC_SUBCHANNEL_NONE;
	struct disc_read *read;

	if (EXPECTED_TYPE(c->cdb) > DISC_FORM_XA2) {
		scsi_command_bad_field(c, 1, 4);
	} else if (c->cdb[9] & C2_BITS) {
		scsi_command_bad_field(c, 9, 2);
	} else if (subchannel_of(c->cdb[10], &subchannel) < 0) {
		scsi_command_bad_field(c, 10, 2);
	} else if (!check_range(o, c, lba, sectors)) {
		return;
	} else if (sectors == 0 ||
		   ((c->cdb[9] & DISC_FIELDS_ALL) == 0 && subchannel == DISC_SUBCHANNEL_NONE)) {
		scsi_command_end(c, SCSI_GOOD, 0);
	} else {
		read = new_read(o, c, lba, sectors);
		read->fields = c->cdb[9] & DISC_FIELDS_ALL;
		read->form = EXPECTED_TYPE(c->cdb);
		read->subchannel = subchannel;
		start(o, read);
	}
}

void optical_read_cd(struct optical *o, struct scsi_command *c)
{
	read_any(o, c, load_be32(c->cdb + 2), load_be24(c->cdb + 6));
}

static int lba_at(const uint8_t *msf, uint32_t *lba)
{
	return disc_lba_of((struct disc_msf){ msf[0], msf[1], msf[2] }, lba);
}

void optical_read_cd_msf(struct optical *o, struct scsi_command *c)
{
	uint32_t first = 0;
	uint32_t end = 0;

	if (lba_at(c->cdb + 3, &first) < 0) {
		scsi_command_bad_field(c, 3, -1);
	} else if (lba_at(c->cdb + 6, &end) < 0 || end < first) {
		scsi_command_bad_field(c, 6, -1);
	} else {
		read_any(o, c, first, end - first);
	}
}

/* --- without data --- */

void optical_read_capacity(struct optical *o, struct scsi_command *c)
{
	uint8_t answer[8];

	store_be32(answer, o->disc->sectors - 1);
	store_be32(answer + 4, DISC_DATA_BYTES);
	scsi_command_answer(c, answer, sizeof(answer), sizeof(answer));
}

void optical_seek(struct optical *o, struct scsi_command *c)
{
	uint32_t lba = load_be32(c->cdb + 2);

	if (check_range(o, c, lba, 1)) {
		o->head_lba = lba;
		scsi_command_end(c, SCSI_GOOD, 0);
	}
}
