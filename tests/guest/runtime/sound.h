/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_RUNTIME_SOUND_H
#define THUNDERLAKE_TESTS_GUEST_RUNTIME_SOUND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The smallest driver of a virtio sound card (virtio 1.2 §5.14): the first stream for playback, at
 * 48 kHz, stereo, S16, without interrupts.
 */
#define SOUND_SLOTS	  16u /* periods in flight at most */
#define SOUND_FRAME_BYTES 4u

/* On PCI bus 0; false: there is none. */
bool sound_find(void);

/* A stream of that many periods of so many bytes, ready to start. Whether the card agrees; so do
 * the two below. */
bool sound_prepare(uint32_t period_bytes, uint32_t periods);
bool sound_start(void);
/* Ends the stream, once all that was written came back. */
bool sound_stop(void);

/* Gives the device the frames of a period, which stay as they are until the slot comes back. */
void sound_write(unsigned slot, const void *frames, uint32_t bytes);

/* The slot of a period that came back, or -1; -2 when the card failed to play it. */
int sound_reap(void);

#endif
