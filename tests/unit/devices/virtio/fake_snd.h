/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_SND_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_SND_H

#include <linux/virtio_snd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/virtio/snd.h"
#include "tests/unit/devices/fake_audio.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "vmm/base/error.h"

/*
 * A sound card between a driver and a host that are both the test. A test that uses it links:
 *
 *	LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *	LINK: devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *	LINK: devices/virtio/virtqueue.c audio/format.c vmm/mem/ vmm/kvm/
 *	LINK: tests/unit/devices/fake_audio.c tests/unit/devices/virtio/fake_snd.c
 *	LINK: tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c
 */
#define FAKE_SND_RING_SIZE 16

/* Of the default options. */
#define FAKE_SND_PLAYBACK 0u
#define FAKE_SND_SECOND	  1u
#define FAKE_SND_CAPTURE  2u

/* Parameters that the tests use where others don't matter: stereo, S16. */
#define FAKE_SND_FRAME_BYTES   4u
#define FAKE_SND_PERIOD_FRAMES 64u
#define FAKE_SND_PERIOD_BYTES  (FAKE_SND_PERIOD_FRAMES * FAKE_SND_FRAME_BYTES)
#define FAKE_SND_BUFFER_BYTES  (4 * FAKE_SND_PERIOD_BYTES)

extern struct fake_snd {
	struct guest_mem *mem;
	struct loop *loop;
	struct fake_ring rings[VIRTIO_SND_VQ_MAX];
	void *card;
	struct error err; /* of fake_snd_make */
	uint64_t free_gpa;
	uint64_t status_gpa[VIRTIO_SND_VQ_MAX][FAKE_SND_RING_SIZE]; /* by chain */
	uint32_t stream[VIRTIO_SND_VQ_MAX][FAKE_SND_RING_SIZE];	    /* the same */
} fake_snd;

/* For each test: a card with default options, and a driver that knows it. */
void fake_snd_set_up(void);
void fake_snd_tear_down(void);
/* As device_type.init with the options of `text`; the one before must be finished. */
int fake_snd_make(const char *text);
void fake_snd_finish(void);
/* DRIVER_OK, with empty queues. */
void fake_snd_start(void);

/* Guest memory, zeroed. */
uint64_t fake_snd_alloc(size_t bytes);
void *fake_snd_at(uint64_t gpa, size_t bytes);
void fake_snd_notify(unsigned queue);

/* A control request; returns the bytes of the answer. */
uint32_t fake_snd_request(const void *request, uint32_t length, void *answer, uint32_t room);
/* One without more than a stream's number; returns VIRTIO_SND_S_*. */
uint32_t fake_snd_command(uint32_t code, uint32_t stream);
/* The parameters above, changed by the test. */
struct virtio_snd_pcm_set_params fake_snd_params(uint32_t stream);
uint32_t fake_snd_set(const struct virtio_snd_pcm_set_params *params);
/* Parameters (above, with these features), and prepared. */
void fake_snd_prepare(uint32_t stream, uint32_t features);

/* Gives a buffer and rings; returns its chain, and where its sound is in guest memory. */
uint16_t fake_snd_play(uint32_t stream, const void *sound, uint32_t bytes);
uint16_t fake_snd_record(uint32_t stream, uint32_t bytes, uint64_t *sound_gpa);
/* As fake_snd_play, but rings only if the card asks for it; returns whether it did. */
bool fake_snd_offer(uint32_t stream, const void *sound, uint32_t bytes);

struct fake_snd_done {
	uint32_t stream;
	uint32_t head, written;
	uint32_t status, latency_bytes;
};
/* The next buffer that came back; false: none did. */
bool fake_snd_take(unsigned queue, struct fake_snd_done *out);

/* Gives the device a buffer for an event; takes the next one that came back. */
void fake_snd_want_event(void);
bool fake_snd_take_event(uint32_t *code, uint32_t *data);

#endif
