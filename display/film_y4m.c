/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "display/film.h"
#include "display/film_wave.h"
#include "display/image.h"
#include "vmm/base/compiler.h"
#include "vmm/base/write_all.h"

/*
 * YUV4MPEG2: a line of text, then for each frame "FRAME" and three planes. The colours have the
 * full resolution (C444) since thin coloured text on a screen would be smeared by the halved one,
 * and since it knows no odd sizes to make even. The numbers are those of BT.601 with the range of
 * video, which is what players take a Y4M for.
 */
#define FRAME_HEADER "FRAME\n"

struct y4m_film {
	struct film film;
	int fd;
	struct film_wave wave;
	off_t whole; /* bytes up to the end of the last whole frame */
	size_t plane_bytes, frame_bytes;
	uint8_t frame[]; /* header and planes, as they are written */
};

/* --- colours --- */

#define BLOCK 16u /* pixels: a number that is known makes the compiler take them all at once */

static inline void convert_block(const uint32_t *pixels, uint8_t *y, uint8_t *u, uint8_t *v)
{
	int32_t red[BLOCK], green[BLOCK], blue[BLOCK];

	for (unsigned i = 0; i < BLOCK; i++) {
		red[i] = (int32_t)(pixels[i] >> 16 & 0xff);
		green[i] = (int32_t)(pixels[i] >> 8 & 0xff);
		blue[i] = (int32_t)(pixels[i] & 0xff);
	}
	for (unsigned i = 0; i < BLOCK; i++) {
		y[i] = (uint8_t)((66 * red[i] + 129 * green[i] + 25 * blue[i] + 4224) >> 8);
	}
	for (unsigned i = 0; i < BLOCK; i++) {
		u[i] = (uint8_t)((-38 * red[i] - 74 * green[i] + 112 * blue[i] + 32896) >> 8);
	}
	for (unsigned i = 0; i < BLOCK; i++) {
		v[i] = (uint8_t)((112 * red[i] - 94 * green[i] - 18 * blue[i] + 32896) >> 8);
	}
}

static void convert(struct y4m_film *film, const struct image *image)
{
	const size_t count = film->plane_bytes;
	uint8_t *y = film->frame + strlen(FRAME_HEADER);
	uint8_t *u = y + count;
	uint8_t *v = u + count;
	size_t i = 0;

	for (; i + BLOCK <= count; i += BLOCK) {
		convert_block(&image->pixels[i], y + i, u + i, v + i);
	}
	if (i < count) {
		uint32_t pixels[BLOCK] = { 0 };
		uint8_t rest[3][BLOCK];

		memcpy(pixels, &image->pixels[i], (count - i) * sizeof(pixels[0]));
		convert_block(pixels, rest[0], rest[1], rest[2]);
		memcpy(y + i, rest[0], count - i);
		memcpy(u + i, rest[1], count - i);
		memcpy(v + i, rest[2], count - i);
	}
}

/* --- the file --- */

static int write_header(struct y4m_film *film, const struct film_config *config)
{
	char text[128];
	int length = snprintf(text, sizeof(text), "YUV4MPEG2 W%u H%u F%u:1000 Ip A1:1 C444\n",
			      config->width, config->height, config->rate_mhz);
	int code = write_all(film->fd, text, (size_t)length);

	film->whole = length;
	return code;
}

static int write_frame(struct film *base, const struct image *image, bool is_changed)
{
	struct y4m_film *film = container_of(base, struct y4m_film, film);
	int code;

	if (is_changed) {
		convert(film, image);
	}
	code = write_all(film->fd, film->frame, film->frame_bytes);
	if (code == 0) {
		film->whole += (off_t)film->frame_bytes;
	}
	return code;
}

static int write_sound(struct film *base, const int16_t *samples, size_t frames)
{
	return film_wave_write(&container_of(base, struct y4m_film, film)->wave, samples, frames);
}

static int close_file(struct film *base, struct error *err)
{
	struct y4m_film *film = container_of(base, struct y4m_film, film);
	int code = film_wave_close(&film->wave);

	if (code < 0) {
		(void)error_set_errno(err, code, "finishing the sound");
	}
	/* A frame that did not fit would be a fault to players. A pipe keeps what it has. */
	if (ftruncate(film->fd, film->whole) < 0 && errno != EINVAL) {
		code = error_set_errno(err, -errno, "cutting off the last frame");
	}
	if (close(film->fd) < 0 && code == 0) {
		code = error_set_errno(err, -errno, "closing");
	}
	free(film);
	return code;
}

static int open_file(const struct film_config *config, struct film **out, struct error *err)
{
	const size_t plane_bytes = (size_t)config->width * config->height;
	struct y4m_film *film = malloc(sizeof(*film) + strlen(FRAME_HEADER) + 3 * plane_bytes);
	int code;

	*out = NULL;
	if (!film) {
		return error_set_errno(err, -ENOMEM, "opening");
	}
	film->film.type = &y4m_film_type;
	film->plane_bytes = plane_bytes;
	film->frame_bytes = strlen(FRAME_HEADER) + 3 * plane_bytes;
	memcpy(film->frame, FRAME_HEADER, strlen(FRAME_HEADER));
	film->fd = open(config->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	film->wave.fd = -1;
	code = film->fd < 0 ? -errno : write_header(film, config);
	if (code == 0 && config->has_sound) {
		code = film_wave_open(&film->wave, config->path);
	}
	if (code < 0) {
		if (film->fd >= 0) {
			(void)close(film->fd);
		}
		free(film);
		return error_set_errno(err, code, "opening");
	}
	*out = &film->film;
	return 0;
}

const struct film_type y4m_film_type = {
	.ending = ".y4m",
	.help = "raw, large",
	.open = open_file,
	.write = write_frame,
	.write_sound = write_sound,
	.close = close_file,
};
