/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_SND_DRIVER_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_SND_DRIVER_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/unit/devices/virtio/fake_snd.h"

/* Short words for tests that play by fake_snd.h, and what they do again and again. */
#define SET_PARAMS VIRTIO_SND_R_PCM_SET_PARAMS
#define PREPARE	   VIRTIO_SND_R_PCM_PREPARE
#define RELEASE	   VIRTIO_SND_R_PCM_RELEASE
#define START	   VIRTIO_SND_R_PCM_START
#define STOP	   VIRTIO_SND_R_PCM_STOP
#define OK	   VIRTIO_SND_S_OK
#define BAD_MSG	   VIRTIO_SND_S_BAD_MSG
#define NOT_SUPP   VIRTIO_SND_S_NOT_SUPP
#define IO_ERR	   VIRTIO_SND_S_IO_ERR
#define TX	   VIRTIO_SND_VQ_TX
#define RX	   VIRTIO_SND_VQ_RX
#define PLAYBACK   FAKE_SND_PLAYBACK
#define SECOND	   FAKE_SND_SECOND
#define CAPTURE	   FAKE_SND_CAPTURE
#define PERIOD	   FAKE_SND_PERIOD_FRAMES
#define BYTES	   FAKE_SND_PERIOD_BYTES

static inline uint32_t command(uint32_t code, uint32_t stream)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(stream);

	return code == SET_PARAMS ? fake_snd_set(&params) : fake_snd_command(code, stream);
}

static inline void expect(uint32_t code, uint32_t stream)
{
	cr_assert(eq(u32, command(code, stream), OK), "request %#x", code);
}

/* A period of samples that count on from `first`. */
static inline const void *samples(uint16_t first)
{
	static uint16_t sound[BYTES / 2];

	for (size_t i = 0; i < BYTES / 2; i++) {
		sound[i] = (uint16_t)(first + i);
	}
	return sound;
}

static inline void play_period(uint32_t stream)
{
	(void)fake_snd_play(stream, samples(0), BYTES);
}

static inline size_t pull(uint32_t stream, size_t frames)
{
	uint8_t sound[4 * BYTES];

	return fake_audio_pull(fake_audio_stream(stream), sound, frames);
}

#endif
