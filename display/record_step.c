/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "display/image.h"
#include "display/record_state.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

/* What a record does on its thread: when frames are due, and what is in them. */

#define TAG "record"
/* How far writing may fall behind before frames are left out. */
#define LAG_MAX_SECONDS	   2u
#define SOUND_CHUNK_FRAMES 1024u

static void count(struct record *record, uint64_t frames, uint64_t lost)
{
	mutex_lock(&record->lock);
	record->status.frames += frames;
	record->status.lost += lost;
	mutex_unlock(&record->lock);
}

/* --- sound --- */

/* Up to where the next picture begins. */
static uint64_t sound_due(const struct record *record)
{
	unsigned __int128 thousandths = (unsigned __int128)record->passed * RECORD_SOUND_HZ * 1000;

	return (uint64_t)(thousandths / record->status.rate_mhz);
}

static int write_sound(struct record *record)
{
	const uint64_t due = record->sound.read ? sound_due(record) : 0;
	int16_t samples[SOUND_CHUNK_FRAMES * RECORD_SOUND_CHANNELS];
	int code = 0;

	while (code == 0 && record->sound_passed < due) {
		size_t frames = MIN(due - record->sound_passed, SOUND_CHUNK_FRAMES);

		record->sound.read(record->sound.arg, record->sound_passed, samples, frames);
		code = record->film->type->write_sound(record->film, samples, frames);
		record->sound_passed += frames;
	}
	return code;
}

/* --- the end --- */

void record_end(struct record *record, int code, struct error *err)
{
	int close_code = 0;

	record->has_ended = true;
	display_remove_viewer(record->display, &record->viewer);
	if (record->film) {
		code = code ?: write_sound(record); /* that of the last picture */
		close_code = record->film->type->close(record->film, err);
		record->film = NULL;
	} else if (record->has_made_file) {
		(void)unlink(record->file);
	}
	mutex_lock(&record->lock);
	record->status.code = code ? code : close_code;
	mutex_unlock(&record->lock);
	record_picture_finish(&record->picture);
}

/* By itself, since this went wrong; `why` has no text yet, or one that says more. */
static void fail(struct record *record, int code)
{
	struct error more = { "" };

	record_end(record, code, &more);
	/* A coder that is gone says itself what it died of. */
	if (code == -EPIPE && *more.text) {
		record->why = more;
	} else if (!*record->why.text) {
		(void)error_set_errno(&record->why, code, "writing");
	}
}

/* --- frames --- */

static uint64_t frames_due(const struct record *record, uint64_t now_ns)
{
	unsigned __int128 passed = now_ns - record->start_ns;

	return (uint64_t)(passed * record->status.rate_mhz / UINT64_C(1000000000000)) + 1;
}

static int write_frames(struct record *record, uint64_t until)
{
	int code = 0;

	while (code == 0 && record->passed < until) {
		code = write_sound(record);
		if (code < 0) {
			break;
		}
		code = record->film->type->write(
			record->film, record_picture_image(&record->picture), record->has_changed);
		record->has_changed = false;
		if (code == 0) {
			record->passed++;
			count(record, 1, 0);
		}
	}
	return code;
}

/* Its sound is left out as well. */
static int leave_out_what_is_late(struct record *record, uint64_t due)
{
	uint64_t most = (uint64_t)record->status.rate_mhz * LAG_MAX_SECONDS / 1000 + 1;
	uint64_t lost;
	int code;

	if (due - record->passed <= most) {
		return 0;
	}
	code = write_sound(record); /* that of the last picture before */
	lost = due - record->passed - most;
	record->passed += lost;
	record->sound_passed = sound_due(record);
	count(record, 0, lost);
	if (!record->has_lagged) {
		record->has_lagged = true;
		log_warn(TAG,
			 "%s: writing does not keep up, frames are left out: the film will be "
			 "shorter (a lower rate, or a faster disk, helps)",
			 record->file);
	}
	return code;
}

/* The picture is there: the film has its size. */
static int begin(struct record *record, uint64_t now_ns)
{
	const struct image *image = record_picture_image(&record->picture);
	const struct film_config config = {
		.path = record->file,
		.width = image->width,
		.height = image->height,
		.rate_mhz = record->status.rate_mhz,
		.has_sound = record->sound.read,
	};
	int code = record->type->open(&config, &record->film, &record->why);

	if (code < 0) {
		return code;
	}
	record->has_made_file = false;
	record->start_ns = now_ns;
	if (record->sound.begin) {
		record->sound.begin(record->sound.arg, now_ns);
	}
	mutex_lock(&record->lock);
	record->status.width = image->width;
	record->status.height = image->height;
	mutex_unlock(&record->lock);
	return write_frames(record, 1);
}

static int update(struct record *record, struct display_frame *frame)
{
	int code = record_picture_update(&record->picture, frame);

	record->has_changed = true;
	display_frame_done(record->display, &record->viewer, record->scanout, frame, 0);
	return code;
}

/* Frames that were due before a change show the picture as it was. */
static int write_due(struct record *record, uint64_t now_ns)
{
	uint64_t due = frames_due(record, now_ns);
	struct display_frame frame;
	int code, updated = 0;

	if (due <= record->passed) {
		return 0;
	}
	code = leave_out_what_is_late(record, due);
	if (display_take(record->display, &record->viewer, record->scanout, &frame)) {
		uint64_t changed_ns = frame.flushed_ns ? frame.flushed_ns : now_ns;

		if (code == 0 && changed_ns > record->start_ns) {
			code = write_frames(record, MIN(frames_due(record, changed_ns - 1), due));
		}
		updated = update(record, &frame);
	}
	if (code == 0) {
		code = updated;
	}
	return code ?: write_frames(record, due);
}

static int wait_for_picture(struct record *record, uint64_t now_ns)
{
	struct display_frame frame;
	int code = 0;

	if (display_take(record->display, &record->viewer, record->scanout, &frame)) {
		code = update(record, &frame);
	}
	if (code == 0 && record_picture_image(&record->picture)) {
		code = begin(record, now_ns);
	}
	return code;
}

bool record_step(struct record *record, uint64_t now_ns)
{
	int code;

	if (record->has_ended) {
		return false;
	}
	code = record->film ? write_due(record, now_ns) : wait_for_picture(record, now_ns);
	if (code < 0) {
		fail(record, code);
	}
	return code == 0;
}
