/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_FILM_WAVE_H
#define THUNDERLAKE_DISPLAY_FILM_WAVE_H

#include <stddef.h>
#include <stdint.h>

/* The sound of a film that can't hold it: a file of PCM as record.h has it, beside the film. */
struct film_wave {
	int fd; /* -1: none */
	uint32_t data_bytes;
};

/* FILE.wav for FILE.y4m, overwritten. -errno. */
int film_wave_open(struct film_wave *wave, const char *film_path);
/* -errno; -EFBIG: the format holds 4 GiB, six hours. */
int film_wave_write(struct film_wave *wave, const int16_t *samples, size_t frames);
/* Harmless without a file. -errno. */
int film_wave_close(struct film_wave *wave);

#endif
