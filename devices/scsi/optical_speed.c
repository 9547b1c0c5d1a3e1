/* SPDX-License-Identifier: MIT */
#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

#define SPEED_MIN_KBS 150u /* 1× of a CD */

static uint32_t clamp_speed(uint64_t kbs)
{
	return (uint32_t)MIN(MAX(kbs, SPEED_MIN_KBS), OPTICAL_SPEED_MAX_KBS);
}

/* --- GET PERFORMANCE --- */

#define TYPE_PERFORMANCE   0x00u
#define TYPE_WRITE_SPEED   0x03u
#define EXCEPT_BITS	   0x03u
#define WRITE_BIT	   0x04u
#define PERFORMANCE_HEADER 8u
#define PERFORMANCE_ENTRY  16u

/* One speed from the first sector to the last (MMC-6 §6.7.3.2). */
static void send_performance(const struct optical *o, struct scsi_command *c, unsigned entries_max)
{
	const struct disc *disc = optical_disc(o);
	uint8_t answer[PERFORMANCE_HEADER + PERFORMANCE_ENTRY] = { 0 };
	bool has_entry = disc && !(c->cdb[1] & EXCEPT_BITS) && entries_max > 0;
	unsigned length = PERFORMANCE_HEADER + (has_entry ? PERFORMANCE_ENTRY : 0);

	store_be32(answer, length - 4);
	answer[4] = c->cdb[1] & EXCEPT_BITS ? 0x01 : 0;
	if (has_entry) {
		store_be32(answer + 12, o->speed_kbs);
		store_be32(answer + 16, disc->sectors - 1);
		store_be32(answer + 20, o->speed_kbs);
	}
	scsi_command_answer(c, answer, length, sizeof(answer));
}

void optical_get_performance(struct optical *o, struct scsi_command *c)
{
	unsigned entries_max = load_be16(c->cdb + 8);

	if (c->cdb[10] == TYPE_WRITE_SPEED) {
		static const uint8_t NONE[PERFORMANCE_HEADER] = { 0, 0, 0, 4 };

		scsi_command_answer(c, NONE, sizeof(NONE), sizeof(NONE));
	} else if (c->cdb[10] != TYPE_PERFORMANCE) {
		scsi_command_bad_field(c, 10, -1);
	} else if (c->cdb[1] & WRITE_BIT) {
		scsi_command_bad_field(c, 1, 2);
	} else {
		send_performance(o, c, entries_max);
	}
}

/* --- SET CD SPEED, SET STREAMING, SET READ AHEAD --- */

/* FFFFh: as fast as it goes. */
void optical_set_cd_speed(struct optical *o, struct scsi_command *c)
{
	o->speed_kbs = clamp_speed(load_be16(c->cdb + 2));
	scsi_command_end(c, SCSI_GOOD, 0);
}

void optical_set_read_ahead(struct optical *o, struct scsi_command *c)
{
	(void)o;
	scsi_command_end(c, SCSI_GOOD, 0);
}

#define STREAMING_BYTES	   28u
#define STREAMING_DEFAULTS 0x04u /* RDD */

/* So many kB in so many ms (MMC-6 §6.39.3.1). */
static void set_streaming(struct optical *o, struct scsi_command *c, const uint8_t *list)
{
	uint64_t read_kb = load_be32(list + 12);
	uint32_t read_ms = load_be32(list + 16);

	if (list[0] & STREAMING_DEFAULTS) {
		o->speed_kbs = OPTICAL_SPEED_MAX_KBS;
	} else if (read_ms == 0) {
		struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
					    .code = SCSI_CODE_INVALID_FIELD_IN_LIST };

		scsi_sense_point(&sense, false, 16, -1);
		scsi_command_check(c, &sense, 0);
		return;
	} else {
		o->speed_kbs = clamp_speed(read_kb * 1000 / read_ms);
	}
	scsi_command_end(c, SCSI_GOOD, STREAMING_BYTES);
}

void optical_set_streaming(struct optical *o, struct scsi_command *c)
{
	uint8_t list[STREAMING_BYTES];

	if (c->cdb[8] != 0) { /* other than a performance descriptor */
		scsi_command_bad_field(c, 8, -1);
	} else if (load_be16(c->cdb + 9) != STREAMING_BYTES) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_PARAMETER_LIST_LENGTH);
	} else if (scsi_command_take(c, list, sizeof(list))) {
		set_streaming(o, c, list);
	}
}
