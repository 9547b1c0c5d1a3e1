/* SPDX-License-Identifier: MIT */
#include "audio/pacer.h"

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

void pacer_init(struct pacer *pacer, struct audio_stream *stream, struct loop *loop,
		const struct pacer_ops *ops, void *arg)
{
	static const struct pacer_ops nobody = { 0 };

	*pacer = (struct pacer){
		.stream = stream, .loop = loop, .ops = ops ? ops : &nobody, .arg = arg
	};
	loop_timer_init(&pacer->tick, tick, pacer);
}

static const struct audio_stream_config *config_of(const struct pacer *pacer)
{
	return audio_stream_config(pacer->stream);
}

static bool is_playback(const struct pacer *pacer)
{
	return config_of(pacer)->direction == AUDIO_PLAYBACK;
}

/* The first moment at which `frames` have been consumed. */
static uint64_t time_of(const struct pacer *pacer, uint64_t frames)
{
	return pacer->start_ns +
	       audio_frames_to_ns(frames - pacer->done, config_of(pacer)->format.rate_hz) + 1;
}

static uint64_t consumed_at(const struct pacer *pacer, uint64_t now_ns)
{
	return pacer->done +
	       audio_ns_to_frames(now_ns - pacer->start_ns, config_of(pacer)->format.rate_hz);
}

static uint64_t part_of_second(const struct pacer *pacer, uint64_t part)
{
	return config_of(pacer)->format.rate_hz / part;
}

/* Frames that are pulled ahead of time. */
static uint64_t ahead_of(const struct pacer *pacer)
{
	const struct audio_stream_config *config = config_of(pacer);
	uint64_t ahead = MAX(config->period_frames, part_of_second(pacer, AHEAD_PART));

	return MIN(ahead, config->buffer_frames);
}

/* Frames that are pushed at a time. */
static uint64_t step_of(const struct pacer *pacer)
{
	uint64_t step = MIN(config_of(pacer)->period_frames, part_of_second(pacer, AHEAD_PART));

	return MAX(step, part_of_second(pacer, TICK_PART));
}

/* What was pulled is consumed, and what follows begins now. */
static void restart(struct pacer *pacer, uint64_t now_ns)
{
	pacer->is_dry = false;
	pacer->done = pacer->moved;
	pacer->start_ns = now_ns;
}

/* --- playback --- */

static void pull_until(struct pacer *pacer, uint64_t end)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t most = sizeof(chunk) / audio_frame_bytes(&config_of(pacer)->format);

	while (pacer->moved < end) {
		size_t want = MIN(most, end - pacer->moved);
		size_t got =
			audio_stream_pull(pacer->stream, chunk, want, time_of(pacer, pacer->moved));

		if (got > 0 && pacer->ops->take) {
			pacer->ops->take(pacer->arg, chunk, got);
		}
		pacer->moved += got;
		if (got < want) {
			return;
		}
	}
}

static void report(struct pacer *pacer, uint64_t consumed, bool stands)
{
	const struct audio_report report = { .at_ns = time_of(pacer, consumed),
					     .consumed = consumed,
					     .stands = stands };

	audio_stream_report(pacer->stream, &report);
}

/* Each round of the loop takes a little, so that others have their turn. */
static void play_fast(struct pacer *pacer, uint64_t now_ns)
{
	uint64_t before;

	restart(pacer, now_ns);
	before = pacer->moved;
	pull_until(pacer, before + ahead_of(pacer));
	if (!pacer->is_running) {
		return;
	}
	restart(pacer, now_ns);
	report(pacer, pacer->moved, true);
	if (pacer->moved > before) {
		loop_timer_arm(pacer->loop, &pacer->tick, now_ns);
	}
}

static void play(struct pacer *pacer, uint64_t now_ns)
{
	uint64_t consumed = consumed_at(pacer, now_ns);
	uint64_t ahead = ahead_of(pacer);
	uint64_t next;

	pull_until(pacer, consumed + ahead);
	if (!pacer->is_running) {
		return; /* the card stopped instead of giving more */
	}
	if (consumed >= pacer->moved) {
		report(pacer, pacer->moved, false);
		pacer->is_dry = true;
		audio_stream_underrun(pacer->stream, 0);
		return;
	}
	report(pacer, consumed, false);
	next = MAX(MIN(consumed + ahead / 2, pacer->moved),
		   consumed + part_of_second(pacer, TICK_PART));
	loop_timer_arm(pacer->loop, &pacer->tick, time_of(pacer, next));
}

/* --- capture --- */

static void capture(struct pacer *pacer, uint64_t now_ns)
{
	const struct audio_format *format = &config_of(pacer)->format;
	uint64_t end = consumed_at(pacer, now_ns);
	uint8_t chunk[CHUNK_BYTES];
	size_t most = sizeof(chunk) / audio_frame_bytes(format);

	while (pacer->moved < end && pacer->is_running) {
		size_t count = MIN(most, end - pacer->moved);

		if (pacer->ops->give) {
			pacer->ops->give(pacer->arg, chunk, count);
		} else {
			audio_silence(format, chunk, count);
		}
		pacer->moved += count;
		audio_stream_push(pacer->stream, chunk, count);
	}
	if (pacer->is_running) {
		loop_timer_arm(pacer->loop, &pacer->tick,
			       time_of(pacer, pacer->moved + step_of(pacer)));
	}
}

/* --- time --- */

static void tick(void *arg)
{
	struct pacer *pacer = arg;
	uint64_t now_ns = clock_now_ns();

	if (consumed_at(pacer, now_ns) > pacer->moved + config_of(pacer)->format.rate_hz) {
		/* The process was stopped for a second or more: that is not made up for. */
		restart(pacer, now_ns);
	}
	if (!is_playback(pacer)) {
		capture(pacer, now_ns);
	} else if (pacer->is_fast && !config_of(pacer)->needs_real_time) {
		play_fast(pacer, now_ns);
	} else {
		play(pacer, now_ns);
	}
}

void pacer_reset(struct pacer *pacer, uint64_t ahead)
{
	pacer->done = 0;
	pacer->moved = ahead;
}

void pacer_start(struct pacer *pacer)
{
	pacer->is_running = true;
	pacer->is_dry = false;
	pacer->start_ns = clock_now_ns();
	tick(pacer);
}

void pacer_stop(struct pacer *pacer, bool drain)
{
	if (pacer->is_running && !pacer->is_dry) {
		pacer->done = MIN(consumed_at(pacer, clock_now_ns()), pacer->moved);
	}
	if (drain || pacer->is_dry) {
		pacer->done = pacer->moved;
	}
	pacer->is_running = false;
	loop_timer_disarm(&pacer->tick);
}

void pacer_kick(struct pacer *pacer)
{
	if (!pacer->is_running) {
		return;
	}
	if (pacer->is_dry) {
		restart(pacer, clock_now_ns());
	}
	tick(pacer);
}
