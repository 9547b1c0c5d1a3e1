/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

#define MSF_BIT	     0x02u
#define LEAD_OUT     0xaau
#define ADR_POSITION 1u

/* Two bytes of length, then what it counts. */
#define TOC_BYTES_MAX (4 + (DISC_TRACKS_MAX + 3 * DISC_SESSIONS_MAX) * 11)

struct answer {
	uint8_t bytes[TOC_BYTES_MAX];
	unsigned length;
};

static uint8_t *append(struct answer *a, unsigned bytes)
{
	uint8_t *at = a->bytes + a->length;

	memset(at, 0, bytes);
	a->length += bytes;
	return at;
}

static void put_msf(uint8_t *out, uint32_t lba)
{
	struct disc_msf msf = disc_msf_of(lba);

	out[0] = msf.minute;
	out[1] = msf.second;
	out[2] = msf.frame;
}

/* Four bytes, as the MSF bit of the CDB wants. */
static void put_address(uint8_t *out, uint32_t lba, bool as_msf)
{
	if (as_msf) {
		out[0] = 0;
		put_msf(out + 1, lba);
	} else {
		store_be32(out, lba);
	}
}

static uint8_t adr_control(uint8_t control)
{
	return (uint8_t)(ADR_POSITION << 4 | control);
}

static void send(struct scsi_command *c, struct answer *a)
{
	store_be16(a->bytes, (uint16_t)(a->length - 2));
	scsi_command_answer(c, a->bytes, a->length, load_be16(c->cdb + 7));
}

static const struct disc_track *last_track(const struct disc_layout *layout)
{
	return &layout->tracks[layout->track_count - 1];
}

/* --- READ TOC/PMA/ATIP --- */

static void put_toc_entry(struct answer *a, uint8_t control, uint8_t number, uint32_t lba,
			  bool as_msf)
{
	uint8_t *entry = append(a, 8);

	entry[1] = adr_control(control);
	entry[2] = number;
	put_address(entry + 4, lba, as_msf);
}

/* Format 0: tracks from the wanted one on, and the lead-out (MMC-6 §6.25.3.2). */
static void send_toc(const struct disc_layout *layout, struct scsi_command *c)
{
	bool as_msf = c->cdb[1] & MSF_BIT;
	uint8_t first = c->cdb[6];
	struct answer a = { .length = 4 };

	if (first > last_track(layout)->number && first != LEAD_OUT) {
		scsi_command_bad_field(c, 6, -1);
		return;
	}
	a.bytes[2] = layout->tracks[0].number;
	a.bytes[3] = last_track(layout)->number;
	for (unsigned i = 0; i < layout->track_count; i++) {
		const struct disc_track *t = &layout->tracks[i];

		if (t->number >= first) {
			put_toc_entry(&a, t->control, t->number, t->start_lba, as_msf);
		}
	}
	put_toc_entry(&a, last_track(layout)->control, LEAD_OUT, disc_layout_sectors(layout),
		      as_msf);
	send(c, &a);
}

/* Format 1: where the last session starts (MMC-6 §6.25.3.3). */
static void send_sessions(const struct disc_layout *layout, struct scsi_command *c)
{
	const struct disc_session *last = &layout->sessions[layout->session_count - 1];
	const struct disc_track *track = disc_layout_track(layout, last->first_track);
	struct answer a = { .length = 4 };

	a.bytes[2] = 1;
	a.bytes[3] = (uint8_t)layout->session_count;
	put_toc_entry(&a, track->control, track->number, track->start_lba, c->cdb[1] & MSF_BIT);
	send(c, &a);
}

static uint8_t *put_point(struct answer *a, unsigned session, uint8_t control, uint8_t point)
{
	uint8_t *entry = append(a, 11);

	entry[0] = (uint8_t)session;
	entry[1] = adr_control(control);
	entry[3] = point;
	return entry;
}

/* The disc type of point A0h: 20h for CD-ROM XA, else 0. */
static uint8_t session_type(const struct disc_layout *layout, const struct disc_session *session)
{
	for (unsigned n = session->first_track; n <= session->last_track; n++) {
		if (disc_layout_track(layout, n)->mode == DISC_MODE2) {
			return 0x20;
		}
	}
	return 0;
}

static void put_session(struct answer *a, const struct disc_layout *layout, unsigned number)
{
	const struct disc_session *session = &layout->sessions[number - 1];
	uint8_t first_control = disc_layout_track(layout, session->first_track)->control;
	uint8_t last_control = disc_layout_track(layout, session->last_track)->control;
	uint8_t *entry = put_point(a, number, first_control, 0xa0);

	entry[8] = session->first_track;
	entry[9] = session_type(layout, session);
	entry = put_point(a, number, last_control, 0xa1);
	entry[8] = session->last_track;
	put_msf(put_point(a, number, last_control, 0xa2) + 8, session->lead_out_lba);
	for (unsigned n = session->first_track; n <= session->last_track; n++) {
		const struct disc_track *t = disc_layout_track(layout, n);

		put_msf(put_point(a, number, t->control, t->number) + 8, t->start_lba);
	}
}

/* Format 2: what sub-channel Q of the lead-ins says (MMC-6 §6.25.3.4). */
static void send_raw_toc(const struct disc_layout *layout, struct scsi_command *c)
{
	unsigned first = MAX(c->cdb[6], 1);
	struct answer a = { .length = 4 };

	if (first > layout->session_count) {
		scsi_command_bad_field(c, 6, -1);
		return;
	}
	a.bytes[2] = 1;
	a.bytes[3] = (uint8_t)layout->session_count;
	for (unsigned n = first; n <= layout->session_count; n++) {
		put_session(&a, layout, n);
	}
	send(c, &a);
}

/* Format 5: no text. */
static void send_no_text(struct scsi_command *c)
{
	struct answer a = { .length = 4 };

	send(c, &a);
}

void optical_read_toc(struct optical *o, struct scsi_command *c)
{
	const struct disc_layout *layout = &o->disc->layout;
	/* Drives before MMC had it in the control byte; Linux and others still ask so. */
	unsigned format = c->cdb[2] & 0x0f ? c->cdb[2] & 0x0f : c->cdb[9] >> 6;

	if (format > 1 && o->disc->kind != DISC_CD_ROM) {
		scsi_command_bad_field(c, 2, 3);
		return;
	}
	switch (format) {
	case 0:
		send_toc(layout, c);
		break;
	case 1:
		send_sessions(layout, c);
		break;
	case 2:
		send_raw_toc(layout, c);
		break;
	case 5:
		send_no_text(c);
		break;
	default:
		scsi_command_bad_field(c, 2, 3);
		break;
	}
}

/* --- READ SUB-CHANNEL --- */

#define SUBQ_BIT	0x40u
#define NO_AUDIO_STATUS 0x15u

static void send_subchannel(struct scsi_command *c, struct answer *a)
{
	a->bytes[1] = NO_AUDIO_STATUS;
	store_be16(a->bytes + 2, (uint16_t)(a->length - 4));
	scsi_command_answer(c, a->bytes, a->length, load_be16(c->cdb + 7));
}

/* Where the drive read last. */
static void put_position(const struct optical *o, struct answer *a, bool as_msf)
{
	const struct disc_layout *layout = &o->disc->layout;
	uint32_t lba = o->head_lba > 0 ? o->head_lba - 1 : 0;
	const struct disc_extent *extent = disc_layout_extent(layout, lba);
	const struct disc_track *track = disc_layout_track_at(layout, lba);
	uint8_t *data = append(a, 12);

	data[0] = 1;
	if (!extent || !track) {
		return;
	}
	data[1] = adr_control(track->control);
	data[2] = track->number;
	data[3] = extent->index;
	put_address(data + 4, lba, as_msf);
	if (as_msf) {
		/* Within the track, without the two seconds that LBA 0 is away from the start. */
		uint32_t frames = lba > track->start_lba ? lba - track->start_lba : 0;

		data[9] = (uint8_t)(frames / (60 * DISC_FRAMES_PER_SECOND));
		data[10] = (uint8_t)(frames / DISC_FRAMES_PER_SECOND % 60);
		data[11] = (uint8_t)(frames % DISC_FRAMES_PER_SECOND);
	} else {
		store_be32(data + 8, lba - track->start_lba);
	}
}

static void put_code(struct answer *a, uint8_t format, const char *code, size_t length)
{
	uint8_t *data = append(a, 20);

	data[0] = format;
	if (code[0]) {
		data[4] = 0x80; /* valid */
		memcpy(data + 5, code, length);
	}
}

void optical_read_subchannel(struct optical *o, struct scsi_command *c)
{
	const struct disc_layout *layout = &o->disc->layout;
	const struct disc_track *track = disc_layout_track(layout, c->cdb[6]);
	struct answer a = { .length = 4 };

	if (!(c->cdb[2] & SUBQ_BIT)) {
		send_subchannel(c, &a);
		return;
	}
	switch (c->cdb[3]) {
	case 1:
		put_position(o, &a, c->cdb[1] & MSF_BIT);
		break;
	case 2:
		put_code(&a, 2, layout->catalog, sizeof(layout->catalog) - 1);
		break;
	case 3:
		if (!track) {
			scsi_command_bad_field(c, 6, -1);
			return;
		}
		put_code(&a, 3, track->isrc, sizeof(track->isrc) - 1);
		a.bytes[5] = adr_control(track->control);
		a.bytes[6] = track->number;
		break;
	default:
		scsi_command_bad_field(c, 3, -1);
		return;
	}
	send_subchannel(c, &a);
}

/* --- READ DISC INFORMATION, READ TRACK INFORMATION --- */

void optical_read_disc_information(struct optical *o, struct scsi_command *c)
{
	const struct disc_layout *layout = &o->disc->layout;
	const struct disc_session *last = &layout->sessions[layout->session_count - 1];
	struct answer a = { .length = 34 };

	if (c->cdb[1] & 0x07) { /* only the standard kind; no resources, no POW */
		scsi_command_bad_field(c, 1, 2);
		return;
	}
	a.bytes[2] = 0x0e; /* not erasable, last session and disc complete */
	a.bytes[3] = layout->tracks[0].number;
	a.bytes[4] = (uint8_t)layout->session_count;
	a.bytes[5] = last->first_track;
	a.bytes[6] = last->last_track;
	a.bytes[7] = 0x20; /* for unrestricted use */
	a.bytes[8] = session_type(layout, &layout->sessions[0]);
	memset(a.bytes + 16, 0xff, 8); /* nothing can be appended */
	send(c, &a);
}

/* The track that the CDB names, by LBA, track or session; NULL: none. */
static const struct disc_track *track_of(const struct disc_layout *layout, const uint8_t *cdb)
{
	uint32_t address = load_be32(cdb + 2);

	switch (cdb[1] & 0x03) {
	case 0:
		return disc_layout_track_at(layout, address);
	case 1:
		return address <= DISC_TRACKS_MAX ? disc_layout_track(layout, address) : NULL;
	case 2:
		if (address == 0 || address > layout->session_count) {
			return NULL;
		}
		return disc_layout_track(layout, layout->sessions[address - 1].first_track);
	default:
		return NULL;
	}
}

static uint8_t data_mode_of(const struct disc_track *track)
{
	switch (track->mode) {
	case DISC_MODE1:
		return 1;
	case DISC_MODE2:
		return 2;
	case DISC_AUDIO:
		break;
	}
	return 0x0f; /* no data */
}

void optical_read_track_information(struct optical *o, struct scsi_command *c)
{
	const struct disc_track *track = track_of(&o->disc->layout, c->cdb);
	struct answer a = { .length = 36 };

	if (!track) {
		scsi_command_bad_field(c, 2, -1);
		return;
	}
	a.bytes[2] = track->number;
	a.bytes[3] = track->session;
	a.bytes[5] = track->control;
	a.bytes[6] = data_mode_of(track);
	store_be32(a.bytes + 8, track->start_lba);
	store_be32(a.bytes + 24, track->end_lba - track->start_lba);
	store_be32(a.bytes + 28, track->end_lba - 1);
	send(c, &a);
}
