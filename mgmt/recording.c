/* SPDX-License-Identifier: MIT */
#include "mgmt/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/film_sound.h"
#include "vmm/base/log.h"

#define TAG "record"

struct recording {
	struct display *display;
	struct audio *audio;
	struct record *record;	  /* NULL: none */
	struct film_sound *sound; /* of the film; NULL: none */
	char *file;
};

int recording_create(struct display *display, struct recording **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		return -ENOMEM;
	}
	(*out)->display = display;
	return 0;
}

void recording_set_audio(struct recording *recording, struct audio *audio)
{
	recording->audio = audio;
}

void recording_destroy(struct recording *recording)
{
	struct error err;

	if (!recording) {
		return;
	}
	if (recording->record && recording_stop(recording, NULL, &err) < 0) {
		log_warn(TAG, "%s", err.text);
	}
	free(recording);
}

static int parse(const char *text, struct record_options *out, struct error *err)
{
	int code = options_parse(&record_option_table, text, out, err);

	if (code < 0) {
		error_prefix(err, "record");
		return code;
	}
	code = record_check(out, err);
	if (code < 0) {
		options_finish(&record_option_table, out);
	}
	return code;
}

int recording_check(const char *text, struct error *err)
{
	struct record_options options = { 0 };
	int code = parse(text, &options, err);

	if (code == 0) {
		options_finish(&record_option_table, &options);
	}
	return code;
}

/* No film any more. */
static void forget(struct recording *recording)
{
	recording->record = NULL;
	film_sound_destroy(recording->sound);
	recording->sound = NULL;
	free(recording->file);
	recording->file = NULL;
}

static int start(struct recording *recording, struct record_options *options, struct error *err)
{
	int code = 0;

	if (recording->audio) {
		code = film_sound_create(recording->audio, &recording->sound);
	}
	if (code < 0) {
		return error_set_errno(err, code, "record");
	}
	options->sound = recording->sound ? film_sound_source(recording->sound) : NULL;
	recording->file = strdup(options->file);
	if (!recording->file) {
		forget(recording);
		return error_set_errno(err, -ENOMEM, "record");
	}
	code = record_start(recording->display, options, &recording->record, err);
	if (code < 0) {
		forget(recording);
	}
	return code;
}

int recording_start(struct recording *recording, const char *text, struct error *err)
{
	struct record_options options = { 0 };
	struct record_status status = { 0 };
	int code;

	if (!recording->display) {
		return error_set(err, -ENODEV, "record: the machine has no screen (--display off)");
	}
	if (recording_file(recording, &status) && status.code == 0) {
		return error_set(err, -EBUSY, "record: %s is being recorded; stop that first",
				 recording->file);
	}
	code = parse(text, &options, err);
	if (code < 0) {
		return code;
	}
	if (recording->record) {
		(void)recording_stop(recording, NULL, NULL); /* it has ended, and been told of */
	}
	code = start(recording, &options, err);
	options_finish(&record_option_table, &options);
	return code;
}

static void tell(const char *file, const struct record_status *status)
{
	if (status->frames == 0) {
		log_info(TAG, "%s: no picture came, there is no film", file);
		return;
	}
	log_info(TAG, "%s: %u × %u, %" PRIu64 " frames, %.1f seconds", file, status->width,
		 status->height, status->frames,
		 (double)status->frames * 1000 / (double)status->rate_mhz);
}

int recording_stop(struct recording *recording, struct record_status *last, struct error *err)
{
	struct record_status status;
	int code;

	if (!recording->record) {
		return error_set(err, -ENOENT, "record: nothing is being recorded");
	}
	code = record_stop(recording->record, &status, err);
	if (code == 0) {
		tell(recording->file, &status);
	}
	forget(recording);
	if (last) {
		*last = status;
	}
	return code;
}

const char *recording_file(struct recording *recording, struct record_status *out)
{
	if (recording->record) {
		record_status(recording->record, out);
	}
	return recording->file;
}
