/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_FILM_H
#define THUNDERLAKE_DISPLAY_FILM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct film;
struct image;

/* A file of frames of one size at one rate. One thread at a time. */
struct film_config {
	const char *path; /* valid while it is being opened */
	uint32_t width, height;
	uint32_t rate_mhz;
	bool has_sound; /* write_sound is called */
};

struct film_type {
	const char *ending; /* of the file's name: ".y4m" */
	const char *help;
	/* Whether this host can make one; NULL: always. */
	int (*check)(struct error *err);
	int (*open)(const struct film_config *config, struct film **out, struct error *err);
	/* One frame, of the film's size. `is_changed` false: the same pixels as last time. 0 or
	 * -errno; nothing but close comes after an error. */
	int (*write)(struct film *film, const struct image *image, bool is_changed);
	/* Some of the sound that goes with the frames, as record.h has it: it is written up to a
	 * frame before that frame is. 0 or -errno, as write. */
	int (*write_sound)(struct film *film, const int16_t *samples, size_t frames);
	/* Finishes and frees, also after an error: what was written plays. */
	int (*close)(struct film *film, struct error *err);
};

/* First member of each type's state. */
struct film {
	const struct film_type *type;
};

extern const struct film_type y4m_film_type;
extern const struct film_type ffmpeg_film_type;

/* By the ending of the name; NULL, with a text that names the endings. */
const struct film_type *film_type_find(const char *path, struct error *err);

#endif
