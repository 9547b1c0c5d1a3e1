/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

/* When a feature is current (MMC-6 §5.2.1). */
enum condition {
	ALWAYS, /* and persistent */
	WITH_DISC,
	WITH_CD,
	WITH_DVD,
};

#define FEATURE_DATA_MAX  8u
#define CONFIGURATION_MAX 256u
#define HEADER_BYTES	  8u

struct feature {
	uint16_t code;
	uint8_t version;
	enum condition condition;
	uint8_t bytes; /* a multiple of 4 */
	uint8_t data[FEATURE_DATA_MAX];
};

#define FEATURE_PROFILES 0x0000u
#define FEATURE_READABLE 0x0010u
#define FEATURE_SERIAL	 0x0108u

/* By rising code (MMC-6 §5.3). */
static const struct feature FEATURES[] = {
	{ FEATURE_PROFILES, 0, ALWAYS, 0, { 0 } }, /* its data: put_profiles */
	/* Core: SCSI; tells when it is busy. */
	{ 0x0001, 2, ALWAYS, 8, { 0, 0, 0, 1, 0x01 } },
	/* Morphing: tells operational changes. */
	{ 0x0002, 1, ALWAYS, 4, { 0x02 } },
	/* Removable medium: tray, loads, ejects, locks. */
	{ 0x0003, 1, ALWAYS, 4, { 0x39 } },
	/* Random readable: blocks of 2048, so many at a time; has the error recovery page. */
	{ FEATURE_READABLE, 0, WITH_DISC, 8, { 0, 0, 0x08, 0, 0, 1, 0x01 } },
	/* Multi-read. */
	{ 0x001d, 0, WITH_CD, 0, { 0 } },
	/* CD read: no C2 pointers, no CD-TEXT. */
	{ 0x001e, 2, WITH_CD, 4, { 0 } },
	/* DVD read: to version 1.1, and recorded discs of two layers. */
	{ 0x001f, 1, WITH_DVD, 4, { 0x01, 0, 0x01 } },
	/* Power management. */
	{ 0x0100, 0, ALWAYS, 0, { 0 } },
	/* Timeout. */
	{ 0x0105, 1, ALWAYS, 4, { 0 } },
	/* Real time streaming: SET CD SPEED. */
	{ 0x0107, 4, WITH_DISC, 4, { 0x08 } },
	{ FEATURE_SERIAL, 0, ALWAYS, 0, { 0 } }, /* its data: put_serial */
};

static const uint16_t PROFILES[] = { PROFILE_DVD_R, PROFILE_DVD_ROM, PROFILE_CD_ROM };

uint16_t optical_profile(const struct optical *o)
{
	if (!optical_disc(o)) {
		return 0;
	}
	switch (o->disc->kind) {
	case DISC_DVD_ROM:
		return PROFILE_DVD_ROM;
	case DISC_DVD_R:
		return PROFILE_DVD_R;
	case DISC_CD_ROM:
	case DISC_BY_CONTENT:
		break;
	}
	return PROFILE_CD_ROM;
}

static bool is_current(const struct optical *o, enum condition condition)
{
	switch (condition) {
	case ALWAYS:
		return true;
	case WITH_DISC:
		return optical_disc(o);
	case WITH_CD:
		return optical_disc(o) && !optical_has_dvd(o);
	case WITH_DVD:
		return optical_has_dvd(o);
	}
	return false;
}

/* --- descriptors --- */

static unsigned put_profiles(const struct optical *o, uint8_t *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(PROFILES); i++) {
		store_be16(out + 4 * i, PROFILES[i]);
		out[4 * i + 2] = PROFILES[i] == optical_profile(o);
		out[4 * i + 3] = 0;
	}
	return 4 * ARRAY_SIZE(PROFILES);
}

/* Padded with spaces to a multiple of 4. */
static unsigned put_serial(const struct optical *o, uint8_t *out)
{
	size_t length = strnlen(o->identity.serial, 32);

	memset(out, ' ', ALIGN_UP(length, 4));
	memcpy(out, o->identity.serial, length);
	return (unsigned)ALIGN_UP(length, 4);
}

static unsigned put_data(const struct optical *o, const struct feature *f, uint8_t *out)
{
	switch (f->code) {
	case FEATURE_PROFILES:
		return put_profiles(o, out);
	case FEATURE_SERIAL:
		return put_serial(o, out);
	case FEATURE_READABLE:
		memcpy(out, f->data, f->bytes);
		store_be16(out + 4, optical_has_dvd(o) ? 16 : 1);
		return f->bytes;
	default:
		memcpy(out, f->data, f->bytes);
		return f->bytes;
	}
}

static unsigned put_feature(const struct optical *o, const struct feature *f, uint8_t *out)
{
	unsigned bytes = put_data(o, f, out + 4);

	store_be16(out, f->code);
	out[2] = (uint8_t)(f->version << 2 | (f->condition == ALWAYS) << 1 |
			   is_current(o, f->condition));
	out[3] = (uint8_t)bytes;
	return 4 + bytes;
}

/* --- GET CONFIGURATION --- */

enum request {
	ALL_FEATURES,
	CURRENT_FEATURES,
	ONE_FEATURE,
};

static bool is_wanted(const struct optical *o, const struct feature *f, enum request request,
		      uint16_t first)
{
	switch (request) {
	case ALL_FEATURES:
		return f->code >= first;
	case CURRENT_FEATURES:
		return f->code >= first && is_current(o, f->condition);
	case ONE_FEATURE:
		return f->code == first;
	}
	return false;
}

void optical_get_configuration(struct optical *o, struct scsi_command *c)
{
	uint8_t answer[CONFIGURATION_MAX] = { 0 };
	uint16_t first = load_be16(c->cdb + 2);
	unsigned request = c->cdb[1] & 0x03;
	unsigned length = HEADER_BYTES;

	if (request > ONE_FEATURE) {
		scsi_command_bad_field(c, 1, 1);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(FEATURES); i++) {
		if (is_wanted(o, &FEATURES[i], request, first)) {
			length += put_feature(o, &FEATURES[i], answer + length);
		}
	}
	store_be32(answer, length - 4);
	store_be16(answer + 6, optical_profile(o));
	scsi_command_answer(c, answer, length, load_be16(c->cdb + 7));
}
