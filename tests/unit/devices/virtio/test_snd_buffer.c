/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *       devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *       devices/virtio/virtqueue.c audio/format.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/fake_audio.c tests/unit/devices/virtio/fake_snd.c
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/* Sound cards: playing and recording, pauses, and drivers that give wrong buffers. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sched.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_snd.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "tests/unit/devices/virtio/snd_driver.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

TestSuite(virtio_snd_buffer, .init = fake_snd_set_up, .fini = fake_snd_tear_down, .timeout = 10);

static void begin(uint32_t stream)
{
	fake_snd_prepare(stream, 0);
	expect(START, stream);
}

static void advance(uint32_t stream, uint64_t frames)
{
	fake_audio_advance(fake_audio_stream(stream), frames);
}

/* How many buffers came back with this status. */
static unsigned take_all(unsigned queue, uint32_t status)
{
	struct fake_snd_done done;
	unsigned count = 0;

	while (fake_snd_take(queue, &done)) {
		cr_assert(eq(u32, done.status, status));
		count++;
	}
	return count;
}

/* --- playing --- */

Test(virtio_snd_buffer, what_is_played_is_what_was_written)
{
	uint8_t heard[3 * BYTES];
	struct audio_stream *stream;

	fake_snd_prepare(PLAYBACK, 0);
	(void)fake_snd_play(PLAYBACK, samples(0), BYTES);
	(void)fake_snd_play(PLAYBACK, samples(1000), BYTES);
	stream = fake_audio_stream(PLAYBACK);
	cr_assert(eq(u64, stream->written, 2 * PERIOD));
	expect(START, PLAYBACK);
	/* Pieces that end amid the first buffer and amid the second. */
	cr_assert(eq(sz, fake_audio_pull(stream, heard, 50), 50));
	cr_assert(eq(sz, fake_audio_pull(stream, heard + 50 * 4, 50), 50));
	(void)fake_snd_play(PLAYBACK, samples(2000), BYTES);
	cr_assert(eq(sz, fake_audio_pull(stream, heard + 100 * 4, 500), 3 * PERIOD - 100));
	cr_assert(zero(int, memcmp(heard, samples(0), BYTES)));
	cr_assert(zero(int, memcmp(heard + BYTES, samples(1000), BYTES)));
	cr_assert(zero(int, memcmp(heard + 2 * (size_t)BYTES, samples(2000), BYTES)));
	cr_assert(zero(sz, fake_audio_pull(stream, heard, 1)));
}

Test(virtio_snd_buffer, buffer_comes_back_when_its_last_frame_was_consumed)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	play_period(PLAYBACK);
	cr_assert(eq(u64, fake_audio_stream(PLAYBACK)->wake_at, PERIOD));
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
	fake_audio_stream(PLAYBACK)->latency = 480;
	advance(PLAYBACK, PERIOD - 1);
	cr_assert(not(fake_snd_take(TX, &done)));
	fake_transport.signals = 0;
	advance(PLAYBACK, 1);
	cr_assert(fake_snd_take(TX, &done));
	cr_assert(eq(u32, done.status, OK));
	cr_assert(eq(u32, done.latency_bytes, 480 * FAKE_SND_FRAME_BYTES));
	cr_assert(eq(u32, done.written, sizeof(struct virtio_snd_pcm_status)));
	cr_assert(eq(u32, fake_transport.signals, 1));
}

/* Four periods at once, of which the driver has taken none. */
static void play_a_round(void)
{
	begin(PLAYBACK);
	for (unsigned i = 0; i < 4; i++) {
		play_period(PLAYBACK);
	}
	cr_assert(eq(sz, pull(PLAYBACK, 4 * PERIOD), 4 * PERIOD));
	advance(PLAYBACK, 4 * PERIOD);
}

Test(virtio_snd_buffer, last_of_a_round_waits_until_the_driver_has_taken_others)
{
	struct fake_snd_done done;

	play_a_round();
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(fake_snd_take(TX, &done));
	}
	cr_assert(not(fake_snd_take(TX, &done)));
	play_period(PLAYBACK); /* its doorbell */
	cr_assert(fake_snd_take(TX, &done));
	cr_assert(eq(u32, done.status, OK));
	cr_assert(not(fake_snd_take(TX, &done)));
}

/* One period at a time, as a driver does that does not fill the buffer. */
Test(virtio_snd_buffer, nothing_is_withheld_from_a_buffer_that_was_not_full)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	for (unsigned i = 0; i < 8; i++) {
		play_period(PLAYBACK);
		cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
		advance(PLAYBACK, PERIOD);
		cr_assert(fake_snd_take(TX, &done), "%u", i);
	}
}

Test(virtio_snd_buffer, last_of_a_round_comes_without_a_doorbell)
{
	struct fake_snd_done done;

	play_a_round();
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(fake_snd_take(TX, &done));
	}
	cr_assert(eq(int, loop_start(fake_snd.loop), 0));
	while (!fake_snd_take(TX, &done)) {
		sched_yield();
	}
	cr_assert(eq(u32, done.status, OK));
}

Test(virtio_snd_buffer, last_of_a_round_comes_to_a_driver_that_takes_none)
{
	const uint64_t start_ns = clock_now_ns();

	play_a_round();
	cr_assert(eq(int, fake_snd.rings[TX].used->idx, 3));
	cr_assert(eq(int, loop_start(fake_snd.loop), 0));
	while (__atomic_load_n(&fake_snd.rings[TX].used->idx, __ATOMIC_ACQUIRE) < 4) {
		sched_yield();
	}
	cr_assert(ge(u64, clock_now_ns() - start_ns, NS_PER_SECOND / 25));
}

Test(virtio_snd_buffer, what_is_withheld_comes_back_as_played_when_the_stream_is_released)
{
	play_a_round();
	expect(STOP, PLAYBACK);
	expect(RELEASE, PLAYBACK);
	cr_assert(eq(u32, take_all(TX, OK), 4));
}

Test(virtio_snd_buffer, latency_beyond_four_gigabytes_is_the_most_there_is)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	play_period(PLAYBACK);
	(void)pull(PLAYBACK, PERIOD);
	fake_audio_stream(PLAYBACK)->latency = UINT32_MAX;
	advance(PLAYBACK, PERIOD);
	cr_assert(fake_snd_take(TX, &done));
	cr_assert(eq(u32, done.latency_bytes, UINT32_MAX));
}

Test(virtio_snd_buffer, stream_goes_on_beyond_two_to_the_32_frames)
{
	struct audio_stream *stream;
	const uint64_t gpa = fake_snd_alloc(1u << 20);
	const struct fake_buffer buffers[] = { { fake_snd_alloc(4), 4, false },
					       { gpa, 1u << 20, false },
					       { fake_snd_alloc(8), 8, true } };
	struct virtio_snd_pcm_set_params params = fake_snd_params(PLAYBACK);
	static uint8_t heard[1u << 20];
	uint32_t head, written;

	params.format = VIRTIO_SND_PCM_FMT_U8;
	params.channels = 1;
	cr_assert(eq(u32, fake_snd_set(&params), OK));
	expect(PREPARE, PLAYBACK);
	expect(START, PLAYBACK);
	stream = fake_audio_stream(PLAYBACK);
	for (uint64_t i = 1; i <= 4100; i++) { /* of 2^20 frames each */
		(void)fake_ring_add(&fake_snd.rings[TX], buffers, 3);
		fake_snd_notify(TX);
		cr_assert(eq(sz, fake_audio_pull(stream, heard, sizeof(heard)), sizeof(heard)));
		cr_assert(eq(u64, stream->wake_at, i << 20));
		fake_audio_advance(stream, 1u << 20);
		cr_assert(fake_ring_take(&fake_snd.rings[TX], &head, &written));
		*fake_ring_used_event(&fake_snd.rings[TX]) = fake_snd.rings[TX].last_used;
	}
	cr_assert(eq(u64, stream->written, UINT64_C(4100) << 20));
}

Test(virtio_snd_buffer, buffers_before_start_are_kept_and_those_before_prepare_are_not)
{
	play_period(PLAYBACK);
	expect(SET_PARAMS, PLAYBACK);
	play_period(PLAYBACK);
	cr_assert(eq(u32, take_all(TX, IO_ERR), 2));
	expect(PREPARE, PLAYBACK);
	play_period(PLAYBACK);
	cr_assert(zero(u32, take_all(TX, 0)));
	cr_assert(zero(sz, pull(PLAYBACK, PERIOD)));
	expect(PREPARE, PLAYBACK);
	expect(START, PLAYBACK);
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
}

/* The doorbell of the queue comes behind the request. */
Test(virtio_snd_buffer, request_sees_the_buffers_that_were_there_before_it)
{
	const uint64_t gpa = fake_snd_alloc(4 + BYTES + 8);
	const struct fake_buffer buffers[] = { { gpa, 4 + BYTES, false },
					       { gpa + 4 + BYTES, 8, true } };

	fake_snd_prepare(PLAYBACK, 0);
	(void)fake_ring_add(&fake_snd.rings[TX], buffers, 2);
	expect(START, PLAYBACK);
	cr_assert(eq(u64, fake_audio_stream(PLAYBACK)->written, PERIOD));
	expect(STOP, PLAYBACK);
	(void)fake_ring_add(&fake_snd.rings[TX], buffers, 2);
	expect(RELEASE, PLAYBACK);
	cr_assert(eq(u32, fake_snd.rings[TX].used->idx, 2));
}

Test(virtio_snd_buffer, stopped_stream_goes_on_where_it_was)
{
	begin(PLAYBACK);
	play_period(PLAYBACK);
	play_period(PLAYBACK);
	(void)pull(PLAYBACK, PERIOD + 10);
	expect(STOP, PLAYBACK);
	fake_audio_wake(fake_audio_stream(PLAYBACK));
	cr_assert(zero(u32, take_all(TX, 0))); /* the driver hears of it when it starts */
	play_period(PLAYBACK);
	cr_assert(zero(u32, take_all(TX, 0)));
	expect(START, PLAYBACK);
	cr_assert(eq(u32, take_all(TX, OK), 1));
	cr_assert(eq(sz, pull(PLAYBACK, 1000), 2 * PERIOD - 10));
	advance(PLAYBACK, 1000);
	cr_assert(eq(u32, take_all(TX, OK), 2));
}

Test(virtio_snd_buffer, release_returns_what_was_played_and_what_was_not)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	for (unsigned i = 0; i < 3; i++) {
		play_period(PLAYBACK);
	}
	(void)pull(PLAYBACK, PERIOD + 1);
	expect(STOP, PLAYBACK);
	expect(RELEASE, PLAYBACK);
	cr_assert(fake_snd_take(TX, &done));
	cr_assert(eq(u32, done.status, OK));
	cr_assert(eq(u32, take_all(TX, IO_ERR), 2));
}

Test(virtio_snd_buffer, streams_play_side_by_side)
{
	struct fake_snd_done done;

	begin(PLAYBACK);
	begin(SECOND);
	(void)fake_snd_play(PLAYBACK, samples(0), BYTES);
	const uint16_t second = fake_snd_play(SECOND, samples(0), BYTES);
	(void)pull(PLAYBACK, PERIOD);
	(void)pull(SECOND, PERIOD);
	advance(SECOND, PERIOD);
	cr_assert(fake_snd_take(TX, &done));
	cr_assert(eq(u32, done.head, second));
	expect(STOP, SECOND);
	expect(RELEASE, SECOND);
	advance(PLAYBACK, PERIOD);
	cr_assert(eq(u32, take_all(TX, OK), 1));
}

Test(virtio_snd_buffer, periods_are_told_to_who_asked)
{
	uint32_t code, data;

	fake_snd_prepare(PLAYBACK, 1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS);
	fake_snd_want_event();
	fake_snd_want_event();
	/* One buffer of two periods. */
	(void)fake_snd_play(PLAYBACK, (uint8_t[2 * BYTES]){ 0 }, 2 * BYTES);
	expect(START, PLAYBACK);
	(void)pull(PLAYBACK, 2 * PERIOD);
	advance(PLAYBACK, PERIOD - 1);
	cr_assert(not(fake_snd_take_event(&code, &data)));
	advance(PLAYBACK, 1);
	cr_assert(fake_snd_take_event(&code, &data));
	cr_assert(eq(u32, code, VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED));
	cr_assert(eq(u32, data, PLAYBACK));
	cr_assert(zero(u32, take_all(TX, 0)));
	advance(PLAYBACK, PERIOD);
	cr_assert(fake_snd_take_event(&code, &data));
	cr_assert(eq(u32, take_all(TX, OK), 1));
}

/* --- recording --- */

Test(virtio_snd_buffer, captured_frames_fill_buffers_in_order)
{
	struct fake_snd_done done;
	uint64_t first, second;

	fake_snd_prepare(CAPTURE, 0);
	(void)fake_snd_record(CAPTURE, BYTES, &first);
	(void)fake_snd_record(CAPTURE, BYTES, &second);
	expect(START, CAPTURE);
	cr_assert(eq(sz, fake_audio_push(fake_audio_stream(CAPTURE), samples(0), 40), 40));
	cr_assert(eq(sz, fake_audio_push(fake_audio_stream(CAPTURE), samples(80), 40), 40));
	fake_audio_stream(CAPTURE)->latency = 5;
	advance(CAPTURE, PERIOD - 1);
	cr_assert(not(fake_snd_take(RX, &done)));
	advance(CAPTURE, 1);
	cr_assert(fake_snd_take(RX, &done));
	cr_assert(eq(u32, done.status, OK));
	cr_assert(eq(u32, done.written, BYTES + 8));
	cr_assert(eq(u32, done.latency_bytes, 20));
	cr_assert(zero(int, memcmp(fake_snd_at(first, BYTES), samples(0), BYTES)));
	cr_assert(not(fake_snd_take(RX, &done)));
	expect(STOP, CAPTURE);
	expect(RELEASE, CAPTURE);
	cr_assert(fake_snd_take(RX, &done));
	cr_assert(eq(u32, done.status, OK));
	cr_assert(eq(u32, done.written, 16 * 4 + 8)); /* the end of the stream */
}

Test(virtio_snd_buffer, frames_without_a_buffer_are_not_taken)
{
	struct fake_snd_done done;
	uint64_t gpa;

	begin(CAPTURE);
	cr_assert(zero(sz, fake_audio_push(fake_audio_stream(CAPTURE), samples(0), 40)));
	(void)fake_snd_record(CAPTURE, 40, &gpa);
	cr_assert(eq(sz, fake_audio_push(fake_audio_stream(CAPTURE), samples(0), 40), 10));
	advance(CAPTURE, 40);
	cr_assert(fake_snd_take(RX, &done));
	cr_assert(zero(int, memcmp(fake_snd_at(gpa, 40), samples(0), 40)));
}

/* --- reset and pause --- */

Test(virtio_snd_buffer, reset_forgets_everything_in_any_state)
{
	static const uint32_t path[] = { SET_PARAMS, PREPARE, START, STOP };

	for (size_t length = 1; length <= ARRAY_SIZE(path); length++) {
		for (size_t i = 0; i < length; i++) {
			expect(path[i], PLAYBACK);
		}
		play_period(PLAYBACK);
		virtio_snd_type.reset(fake_snd.card);
		cr_assert(eq(u32, fake_audio.count, 0));
		fake_snd_start();
		cr_assert(zero(u32, take_all(TX, 0)));
		cr_assert(eq(u32, command(PREPARE, PLAYBACK), BAD_MSG));
	}
	begin(PLAYBACK);
	play_period(PLAYBACK);
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
	advance(PLAYBACK, PERIOD);
	cr_assert(eq(u32, take_all(TX, OK), 1));
}

Test(virtio_snd_buffer, paused_machine_hears_nothing_and_then_all)
{
	uint64_t gpa;

	begin(PLAYBACK);
	begin(CAPTURE);
	play_period(PLAYBACK);
	play_period(PLAYBACK);
	(void)fake_snd_record(CAPTURE, BYTES, &gpa);
	(void)pull(PLAYBACK, PERIOD);
	virtio_snd_type.quiesce(fake_snd.card);
	advance(PLAYBACK, PERIOD);
	cr_assert(zero(sz, pull(PLAYBACK, PERIOD)));
	cr_assert(zero(sz, fake_audio_push(fake_audio_stream(CAPTURE), samples(0), PERIOD)));
	cr_assert(zero(u32, take_all(TX, 0)));
	virtio_snd_type.resume(fake_snd.card);
	cr_assert(eq(u32, take_all(TX, OK), 1));
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
	advance(PLAYBACK, PERIOD);
	cr_assert(eq(u32, take_all(TX, OK), 1));
	cr_assert(eq(sz, fake_audio_push(fake_audio_stream(CAPTURE), samples(0), PERIOD), PERIOD));
}

Test(virtio_snd_buffer, event_of_a_paused_machine_comes_after_it)
{
	struct audio_stream *stream;
	uint32_t code, data;

	fake_snd_prepare(PLAYBACK, 1u << VIRTIO_SND_PCM_F_EVT_XRUNS);
	fake_snd_want_event();
	stream = fake_audio_stream(PLAYBACK);
	virtio_snd_type.quiesce(fake_snd.card);
	stream->config.ops->on_xrun(stream->config.arg);
	cr_assert(not(fake_snd_take_event(&code, &data)));
	virtio_snd_type.resume(fake_snd.card);
	cr_assert(fake_snd_take_event(&code, &data));
}

/* --- hostile drivers --- */

/* A chain of the parts given; the last eight writable bytes of it are the status. */
static uint32_t give(unsigned queue, const struct fake_buffer *buffers, unsigned count)
{
	const uint32_t before = fake_snd.rings[queue].last_used;
	const struct fake_buffer *last = &buffers[count - 1];
	uint32_t head, written;

	(void)fake_ring_add(&fake_snd.rings[queue], buffers, count);
	fake_snd_notify(queue);
	if (!fake_ring_take(&fake_snd.rings[queue], &head, &written)) {
		return 0;
	}
	cr_assert(eq(u32, written, 8));
	cr_assert(eq(u32, fake_snd.rings[queue].last_used, before + 1));
	return load_le32(fake_snd_at(last->gpa + last->length - 8, 4));
}

Test(virtio_snd_buffer, header_and_status_may_be_in_pieces)
{
	const uint64_t gpa = fake_snd_alloc(64);
	const struct fake_buffer buffers[] = {
		{ gpa, 1, false },     { gpa + 1, 2, false }, { gpa + 3, 6, false },
		{ gpa + 9, 0, false }, { gpa + 9, 3, false }, { gpa + 32, 1, true },
		{ gpa + 33, 3, true }, { gpa + 36, 4, true },
	};
	uint8_t heard[8];
	uint32_t head, written;

	begin(PLAYBACK);
	memcpy(fake_snd_at(gpa + 4, 8), "soundful", 8);
	(void)fake_ring_add(&fake_snd.rings[TX], buffers, ARRAY_SIZE(buffers));
	fake_snd_notify(TX);
	cr_assert(eq(sz, fake_audio_pull(fake_audio_stream(PLAYBACK), heard, 8), 2));
	cr_assert(zero(int, memcmp(heard, "soundful", 8)));
	advance(PLAYBACK, 2);
	cr_assert(fake_ring_take(&fake_snd.rings[TX], &head, &written));
	cr_assert(eq(u32, load_le32(fake_snd_at(gpa + 32, 4)), OK));
}

Test(virtio_snd_buffer, buffers_of_no_good_form_are_refused)
{
	const uint64_t gpa = fake_snd_alloc(256), nobody = fake_snd_alloc(4);
	const struct fake_buffer no_header[] = { { gpa + 64, 8, true } };
	const struct fake_buffer short_header[] = { { gpa, 3, false }, { gpa + 64, 8, true } };
	const struct fake_buffer no_sound[] = { { gpa, 4, false }, { gpa + 64, 8, true } };
	const struct fake_buffer half_frame[] = { { gpa, 4 + 6, false }, { gpa + 64, 8, true } };
	const struct fake_buffer unknown[] = { { nobody, 4, false },
					       { gpa, 4, false },
					       { gpa + 64, 8, true } };
	const struct fake_buffer wrong_queue[] = { { gpa, 4, false }, { gpa + 64, 16, true } };

	begin(PLAYBACK);
	begin(CAPTURE);
	store_le32(fake_snd_at(nobody, 4), 3);
	cr_assert(eq(u32, give(TX, no_header, 1), IO_ERR));
	cr_assert(eq(u32, give(TX, short_header, 2), IO_ERR));
	cr_assert(eq(u32, give(TX, no_sound, 2), IO_ERR));
	cr_assert(eq(u32, give(TX, half_frame, 2), IO_ERR));
	cr_assert(eq(u32, give(TX, unknown, 3), IO_ERR));
	cr_assert(eq(u32, give(RX, wrong_queue, 2), IO_ERR));
	store_le32(fake_snd_at(gpa, 4), CAPTURE);
	cr_assert(eq(u32, give(RX, no_sound, 2), IO_ERR));
	cr_assert(zero(u32, fake_transport.failures));
	cr_assert(zero(u64, fake_audio_stream(PLAYBACK)->written));
}

Test(virtio_snd_buffer, huge_buffer_is_refused)
{
	/* The same 4 MiB five times over. */
	const uint64_t gpa = fake_snd_alloc(4u << 20);
	const struct fake_buffer piece = { gpa, 4u << 20, false };
	const struct fake_buffer buffers[] = {
		{ fake_snd_alloc(4), 4, false }, piece, piece, piece, piece, piece,
		{ fake_snd_alloc(8), 8, true },
	};

	begin(PLAYBACK);
	cr_assert(eq(u32, give(TX, buffers, ARRAY_SIZE(buffers)), IO_ERR));
	cr_assert(zero(u64, fake_audio_stream(PLAYBACK)->written));
}

Test(virtio_snd_buffer, buffer_without_room_for_its_status_fails_the_device)
{
	const uint64_t gpa = fake_snd_alloc(64);
	const struct fake_buffer buffers[] = { { gpa, 8, false }, { gpa + 8, 7, true } };

	begin(PLAYBACK);
	cr_assert(zero(u32, give(TX, buffers, 2)));
	cr_assert(eq(u32, fake_transport.failures, 1));
	cr_assert(zero(sz, pull(PLAYBACK, 1)));
}

Test(virtio_snd_buffer, writable_before_readable_fails_the_device)
{
	const uint64_t gpa = fake_snd_alloc(64);
	const struct fake_buffer buffers[] = { { gpa, 8, true }, { gpa + 8, 8, false } };

	begin(PLAYBACK);
	play_period(PLAYBACK);
	cr_assert(zero(u32, give(TX, buffers, 2)));
	cr_assert(eq(u32, fake_transport.failures, 1));
	cr_assert(zero(sz, pull(PLAYBACK, PERIOD)));
	virtio_snd_type.reset(fake_snd.card);
	fake_snd_start();
	begin(PLAYBACK);
	play_period(PLAYBACK);
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
}

/* The same chain over and over, which the device still has. */
Test(virtio_snd_buffer, more_buffers_than_the_queue_has_fail_the_device)
{
	const uint64_t gpa = fake_snd_alloc(64);
	const struct fake_buffer buffers[] = { { gpa, 8, false }, { gpa + 8, 8, true } };
	uint16_t head;

	begin(PLAYBACK);
	head = fake_ring_add(&fake_snd.rings[TX], buffers, 2);
	fake_snd_notify(TX);
	for (unsigned i = 1; i < FAKE_SND_RING_SIZE; i++) {
		fake_ring_offer(&fake_snd.rings[TX], head);
		fake_snd_notify(TX);
	}
	cr_assert(zero(u32, fake_transport.failures));
	fake_ring_offer(&fake_snd.rings[TX], head);
	fake_snd_notify(TX);
	cr_assert(eq(u32, fake_transport.failures, 1));
}
