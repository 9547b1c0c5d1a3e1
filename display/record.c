/* SPDX-License-Identifier: MIT */
#include "display/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "display/display.h"
#include "display/film.h"
#include "display/record_picture.h"
#include "display/record_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

#define TAG	    "record"
#define RATE_MAX_HZ 240u

static const struct option options[] = {
	{ .name = "file",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct record_options, file),
	  .value_name = "FILE",
	  .required = true,
	  .help = "FILE.mkv is packed without loss by ffmpeg, FILE.y4m is raw and large" },
	{ .name = "rate",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct record_options, rate_hz),
	  .value_name = "HZ",
	  .min = 1,
	  .max = RATE_MAX_HZ,
	  .help = "frames each second; default: the screen's refresh rate" },
	{ .name = "screen",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct record_options, screen),
	  .default_text = "0",
	  .max = DISPLAY_SCANOUTS_MAX - 1,
	  .help = "which of several screens; the first is 0" },
	{ .name = "cursor",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct record_options, with_cursor),
	  .default_text = "on",
	  .help = "draw the mouse pointer" },
};

const struct option_table record_option_table = { options, ARRAY_SIZE(options), "file" };

/* --- making and its thread --- */

static uint64_t time_of(const struct record *record, uint64_t frame)
{
	unsigned __int128 thousandths = (unsigned __int128)frame * UINT64_C(1000000000000);
	uint32_t rate = record->status.rate_mhz;

	/* Rounded up, so that the frame is due then by the other rounding as well. */
	return record->start_ns + (uint64_t)((thousandths + rate - 1) / rate);
}

static void on_tick(void *arg)
{
	struct record *record = arg;
	uint64_t now_ns = clock_now_ns();

	if (record_step(record, now_ns)) {
		uint64_t next_ns = record->film ? time_of(record, record->passed)
						: now_ns + time_of(record, 1) - record->start_ns;

		loop_timer_arm(record->loop, &record->tick, next_ns);
	} else {
		log_warn(TAG, "%s: %s; the recording has ended, the guest goes on", record->file,
			 record->why.text);
	}
}

static void on_wake(void *arg UNUSED, unsigned scanout UNUSED)
{
	/* It looks at each of its ticks anyway. */
}

int record_check(const struct record_options *o, struct error *err)
{
	const struct film_type *type = film_type_find(o->file, err);
	int code = 0;

	if (!type) {
		return -EINVAL;
	}
	if (type->check) {
		code = type->check(err);
		if (code < 0) {
			error_prefix(err, "film %s", o->file);
		}
	}
	return code;
}

static void destroy(struct record *record)
{
	record_picture_finish(&record->picture);
	mutex_finish(&record->lock);
	free(record->file);
	free(record);
}

/* Finds out now whether the file can be written, without touching what is in it. */
static int try_file(struct record *record, struct error *err)
{
	int fd = open(record->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	struct stat status;
	bool is_file;

	record->has_made_file = fd >= 0;
	if (fd < 0 && errno == EEXIST) {
		fd = open(record->file, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0) {
		return error_set_errno(err, -errno, "film %s", record->file);
	}
	is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	(void)close(fd);
	return is_file ? 0 : error_set(err, -EINVAL, "film %s: is no ordinary file", record->file);
}

int record_open(struct display *display, const struct record_options *o, struct record **out,
		struct error *err)
{
	struct record *record;
	int code = record_check(o, err);

	*out = NULL;
	if (code < 0) {
		return code;
	}
	if (o->screen >= display_scanout_count(display)) {
		return error_set(err, -EINVAL, "film %s: there is no screen %u; the last is %u",
				 o->file, (unsigned)o->screen, display_scanout_count(display) - 1);
	}
	record = calloc(1, sizeof(*record));
	if (!record) {
		return error_set_errno(err, -ENOMEM, "film %s", o->file);
	}
	mutex_init(&record->lock);
	record->display = display;
	record->scanout = (unsigned)o->screen;
	record->file = strdup(o->file);
	record->type = film_type_find(o->file, NULL);
	if (o->sound) {
		record->sound = *o->sound;
	}
	record->picture.with_cursor = o->with_cursor;
	record->status.rate_mhz = o->rate_hz ? (uint32_t)o->rate_hz * 1000
					     : display_mode(display, record->scanout).refresh_mhz;
	record->viewer =
		(struct display_viewer){ .name = "record", .wake = on_wake, .arg = record };
	code = record->file ? try_file(record, err) : error_set_errno(err, -ENOMEM, "film");
	if (code < 0) {
		destroy(record);
		return code;
	}
	(void)display_add_viewer(display, &record->viewer); /* who sets no pace is always welcome */
	*out = record;
	return 0;
}

int record_start(struct display *display, const struct record_options *o, struct record **out,
		 struct error *err)
{
	struct record *record;
	int code = record_open(display, o, &record, err);

	*out = NULL;
	if (code < 0) {
		return code;
	}
	loop_timer_init(&record->tick, on_tick, record);
	code = loop_create("record", &record->loop);
	/* The first step is the caller's: what can go wrong mostly does so there. */
	if (code == 0 && !record_step(record, clock_now_ns())) {
		return record_stop(record, NULL, err);
	}
	code = code ?: loop_start(record->loop);
	if (code < 0) {
		(void)record_stop(record, NULL, NULL);
		return error_set_errno(err, code, "film %s", o->file);
	}
	loop_call(record->loop, on_tick, record);
	*out = record;
	return 0;
}

void record_status(struct record *record, struct record_status *out)
{
	mutex_lock(&record->lock);
	*out = record->status;
	mutex_unlock(&record->lock);
}

int record_stop(struct record *record, struct record_status *last, struct error *err)
{
	struct record_status status;
	bool has_thread = record && record->loop;

	if (!record) {
		return 0;
	}
	loop_destroy(record->loop); /* its thread is joined: the record is this one's now */
	if (has_thread && !record->has_ended) {
		(void)record_step(record, clock_now_ns());
	}
	if (!record->has_ended) {
		record_end(record, 0, &record->why);
	}
	record_status(record, &status);
	if (status.code < 0) {
		(void)error_set(err, status.code, "film %s: %s", record->file, record->why.text);
	}
	if (last) {
		*last = status;
	}
	destroy(record);
	return status.code;
}
