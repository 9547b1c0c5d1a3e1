/* SPDX-License-Identifier: MIT */
#include "audio/silence.h"

#include "audio/audio.h"
#include "audio/backend.h"
#include "audio/format.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define CHUNK_BYTES 4096u
/* How far it pulls ahead, unless the guest's periods are longer: a part of a second. */
#define AHEAD_PART 50u
/* It ticks no more often, however small those are. */
#define TICK_PART 1000u

static void tick(void *arg);

void silence_init(struct silence *silence, struct audio_stream *stream, struct loop *loop)
{
	*silence = (struct silence){ .stream = stream, .loop = loop };
	loop_timer_init(&silence->tick, tick, silence);
}

static const struct audio_format *format_of(const struct silence *silence)
{
	return &audio_stream_config(silence->stream)->format;
}

/* The first moment at which `frames` have been consumed. */
static uint64_t time_of(const struct silence *silence, uint64_t frames)
{
	return silence->start_ns +
	       audio_frames_to_ns(frames - silence->done, format_of(silence)->rate_hz) + 1;
}

static uint64_t consumed_at(const struct silence *silence, uint64_t now_ns)
{
	return silence->done +
	       audio_ns_to_frames(now_ns - silence->start_ns, format_of(silence)->rate_hz);
}

static uint64_t part_of_second(const struct silence *silence, uint64_t part)
{
	return format_of(silence)->rate_hz / part;
}

/* Frames that are pulled ahead of time. */
static uint64_t ahead_of(const struct silence *silence)
{
	const struct audio_stream_config *config = audio_stream_config(silence->stream);
	uint64_t ahead = MAX(config->period_frames, part_of_second(silence, AHEAD_PART));

	return MIN(ahead, config->buffer_frames);
}

/* Frames that are pushed at a time. */
static uint64_t step_of(const struct silence *silence)
{
	const struct audio_stream_config *config = audio_stream_config(silence->stream);
	uint64_t step = MIN(config->period_frames, part_of_second(silence, AHEAD_PART));

	return MAX(step, part_of_second(silence, TICK_PART));
}

/* What was pulled is consumed, and what follows begins now. */
static void restart(struct silence *silence, uint64_t now_ns)
{
	silence->is_dry = false;
	silence->done = silence->moved;
	silence->start_ns = now_ns;
}

static void pull_until(struct silence *silence, uint64_t end)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t most = sizeof(chunk) / audio_frame_bytes(format_of(silence));

	while (silence->moved < end) {
		size_t want = MIN(most, end - silence->moved);
		size_t got = audio_stream_pull(silence->stream, chunk, want,
					       time_of(silence, silence->moved));

		silence->moved += got;
		if (got < want) {
			return;
		}
	}
}

static void report(struct silence *silence, uint64_t consumed)
{
	const struct audio_report report = { .at_ns = time_of(silence, consumed),
					     .consumed = consumed };

	audio_stream_report(silence->stream, &report);
}

static void play(struct silence *silence, uint64_t now_ns)
{
	uint64_t consumed = consumed_at(silence, now_ns);
	uint64_t ahead = ahead_of(silence);
	uint64_t next;

	pull_until(silence, consumed + ahead);
	if (!silence->is_running) {
		return; /* the card stopped instead of giving more */
	}
	if (consumed >= silence->moved) {
		report(silence, silence->moved);
		silence->is_dry = true;
		audio_stream_underrun(silence->stream, 0);
		return;
	}
	report(silence, consumed);
	next = MAX(MIN(consumed + ahead / 2, silence->moved),
		   consumed + part_of_second(silence, TICK_PART));
	loop_timer_arm(silence->loop, &silence->tick, time_of(silence, next));
}

static void capture(struct silence *silence, uint64_t now_ns)
{
	uint8_t chunk[CHUNK_BYTES];
	const struct audio_format *format = format_of(silence);
	uint64_t end = consumed_at(silence, now_ns);
	size_t most = sizeof(chunk) / audio_frame_bytes(format);

	audio_silence(format, chunk, most);
	while (silence->moved < end) {
		size_t count = MIN(most, end - silence->moved);

		audio_stream_push(silence->stream, chunk, count);
		silence->moved += count;
	}
	if (!silence->is_running) {
		return;
	}
	loop_timer_arm(silence->loop, &silence->tick,
		       time_of(silence, silence->moved + step_of(silence)));
}

static void tick(void *arg)
{
	struct silence *silence = arg;
	uint64_t now_ns = clock_now_ns();

	if (consumed_at(silence, now_ns) > silence->moved + format_of(silence)->rate_hz) {
		/* The process was stopped for a second or more: that is not made up for. */
		restart(silence, now_ns);
	}
	if (audio_stream_config(silence->stream)->direction == AUDIO_PLAYBACK) {
		play(silence, now_ns);
	} else {
		capture(silence, now_ns);
	}
}

void silence_start(struct silence *silence, uint64_t ahead)
{
	silence->is_running = true;
	silence->is_dry = false;
	silence->start_ns = clock_now_ns();
	silence->done = 0;
	silence->moved = ahead;
	tick(silence);
}

void silence_stop(struct silence *silence)
{
	silence->is_running = false;
	loop_timer_disarm(&silence->tick);
}

void silence_kick(struct silence *silence)
{
	if (!silence->is_running) {
		return;
	}
	if (silence->is_dry) {
		restart(silence, clock_now_ns());
	}
	tick(silence);
}
