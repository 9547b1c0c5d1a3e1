/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *       devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *       devices/virtio/virtqueue.c audio/format.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/fake_audio.c tests/unit/devices/virtio/fake_snd.c
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/* Sound cards: when a driver has to ring for what it plays, and that nothing stays behind when it
 * need not. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_snd.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "tests/unit/devices/virtio/snd_driver.h"
#include "vmm/base/clock.h"

TestSuite(virtio_snd_doorbell, .init = fake_snd_set_up, .fini = fake_snd_tear_down, .timeout = 10);

static bool offer(uint32_t stream)
{
	return fake_snd_offer(stream, samples(0), BYTES);
}

static void begin(uint32_t stream)
{
	fake_snd_prepare(stream, 0);
	expect(START, stream);
}

/* The host has more than it wants. */
static void feed(uint32_t stream)
{
	play_period(stream);
	play_period(stream);
	cr_assert(eq(sz, pull(stream, PERIOD), PERIOD));
}

Test(virtio_snd_doorbell, driver_of_a_hungry_stream_rings)
{
	begin(PLAYBACK);
	cr_assert(offer(PLAYBACK));
	cr_assert(eq(sz, pull(PLAYBACK, 2 * PERIOD), PERIOD));
	cr_assert(offer(PLAYBACK));
	cr_assert(eq(u64, fake_audio_stream(PLAYBACK)->written, 2 * PERIOD));
}

Test(virtio_snd_doorbell, driver_of_a_fed_stream_need_not_ring)
{
	begin(PLAYBACK);
	feed(PLAYBACK);
	cr_assert(not(offer(PLAYBACK)));
	cr_assert(not(offer(PLAYBACK)));
	cr_assert(eq(u64, fake_audio_stream(PLAYBACK)->written, 2 * PERIOD));
	cr_assert(eq(sz, pull(PLAYBACK, 3 * PERIOD), 3 * PERIOD));
	cr_assert(eq(u64, fake_audio_stream(PLAYBACK)->written, 4 * PERIOD));
	/* All that there was: only the next pull tells that it is too little. */
	cr_assert(not(offer(PLAYBACK)));
	cr_assert(eq(sz, pull(PLAYBACK, 2 * PERIOD), PERIOD));
	cr_assert(offer(PLAYBACK));
}

Test(virtio_snd_doorbell, buffers_come_back_without_rings)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	feed(PLAYBACK);
	for (unsigned i = 0; i < 3 * FAKE_SND_RING_SIZE; i++) {
		cr_assert(not(offer(PLAYBACK)), "%u", i);
		cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
		fake_audio_advance(fake_audio_stream(PLAYBACK), PERIOD);
		cr_assert(fake_snd_take(TX, &done));
		cr_assert(eq(u32, done.status, OK));
	}
}

Test(virtio_snd_doorbell, one_hungry_stream_is_enough_to_ring_for)
{
	begin(PLAYBACK);
	begin(SECOND);
	feed(PLAYBACK);
	cr_assert(offer(PLAYBACK));
	feed(SECOND);
	cr_assert(not(offer(PLAYBACK)));
	cr_assert(not(offer(SECOND)));
	/* What the other one gave is found too. */
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
	cr_assert(eq(u64, fake_audio_stream(SECOND)->written, 3 * PERIOD));
}

Test(virtio_snd_doorbell, driver_of_a_stopped_stream_rings)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	feed(PLAYBACK);
	cr_assert(not(offer(PLAYBACK)));
	expect(STOP, PLAYBACK);
	cr_assert(eq(u64, fake_audio_stream(PLAYBACK)->written, 3 * PERIOD));
	cr_assert(offer(PLAYBACK));
	expect(RELEASE, PLAYBACK);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert(fake_snd_take(TX, &done));
	}
}

Test(virtio_snd_doorbell, after_a_reset_the_driver_rings)
{
	begin(PLAYBACK);
	feed(PLAYBACK);
	cr_assert(not(offer(PLAYBACK)));
	virtio_reset(fake_transport.device);
	fake_snd_start();
	begin(PLAYBACK);
	cr_assert(offer(PLAYBACK));
}

/* A frame that was found late may have been given right after the last look. */
Test(virtio_snd_doorbell, latency_is_counted_from_the_last_look)
{
	const struct audio_stream *stream;
	uint64_t before_ns, looked_ns;

	begin(PLAYBACK);
	stream = fake_audio_stream(PLAYBACK);
	before_ns = clock_now_ns();
	feed(PLAYBACK);
	cr_assert(ge(u64, stream->since_ns, before_ns));
	fake_audio_advance(fake_audio_stream(PLAYBACK), PERIOD);
	looked_ns = clock_now_ns();
	cr_assert(not(offer(PLAYBACK)));
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
	cr_assert(ge(u64, stream->since_ns, before_ns));
	cr_assert(le(u64, stream->since_ns, looked_ns));
}
