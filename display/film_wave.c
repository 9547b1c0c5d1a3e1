/* SPDX-License-Identifier: MIT */
#include "display/film_wave.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "display/record.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/base/write_all.h"

#define HEADER_BYTES   44u
#define FORMAT_PCM     1u
#define SAMPLE_BYTES   2u
#define FRAME_BYTES    (SAMPLE_BYTES * RECORD_SOUND_CHANNELS)
#define DATA_BYTES_MAX (UINT32_MAX - HEADER_BYTES)

/* Where the file stands. */
static int write_header(const struct film_wave *wave)
{
	uint8_t header[HEADER_BYTES] = { 'R', 'I', 'F', 'F', [8] = 'W',	 'A', 'V', 'E',
					 'f', 'm', 't', ' ', [36] = 'd', 'a', 't', 'a' };

	store_le32(header + 4, HEADER_BYTES - 8 + wave->data_bytes);
	store_le32(header + 16, 16);
	store_le16(header + 20, FORMAT_PCM);
	store_le16(header + 22, RECORD_SOUND_CHANNELS);
	store_le32(header + 24, RECORD_SOUND_HZ);
	store_le32(header + 28, RECORD_SOUND_HZ * FRAME_BYTES);
	store_le16(header + 32, FRAME_BYTES);
	store_le16(header + 34, SAMPLE_BYTES * 8);
	store_le32(header + 40, wave->data_bytes);
	return write_all(wave->fd, header, sizeof(header));
}

int film_wave_open(struct film_wave *wave, const char *film_path)
{
	const char *dot = strrchr(film_path, '.');
	AUTO_FREE char *path = NULL;
	int code;

	*wave = (struct film_wave){ .fd = -1 };
	if (asprintf(&path, "%.*s.wav", (int)(dot - film_path), film_path) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	wave->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (wave->fd < 0) {
		return -errno;
	}
	code = write_header(wave);
	if (code < 0) {
		(void)close(wave->fd);
		wave->fd = -1;
	}
	return code;
}

int film_wave_write(struct film_wave *wave, const int16_t *samples, size_t frames)
{
	const size_t bytes = frames * FRAME_BYTES;
	int code;

	if (bytes > DATA_BYTES_MAX - wave->data_bytes) {
		return -EFBIG;
	}
	code = write_all(wave->fd, samples, bytes);
	if (code == 0) {
		wave->data_bytes += (uint32_t)bytes;
	}
	return code;
}

int film_wave_close(struct film_wave *wave)
{
	int code;

	if (wave->fd < 0) {
		return 0;
	}
	code = lseek(wave->fd, 0, SEEK_SET) < 0 ? -errno : write_header(wave);
	if (close(wave->fd) < 0 && code == 0) {
		code = -errno;
	}
	wave->fd = -1;
	return code;
}
