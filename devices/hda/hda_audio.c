/* SPDX-License-Identifier: MIT */
#include "audio/audio.h"
#include "devices/hda/hda_state.h"
#include "vmm/base/clock.h"

/* How far DMA may be before the host's position (what waits in the FIFO and in the host): this part
 * of a second. */
#define LEAD_PART 4u
/* After the start, `lead` grows by a small part of the time until the host has all it wants; only
 * at the start it may jump. */
#define START_NS    UINT64_C(5000000)
#define GROWTH_PART 16u
#define CREDIT_PART 1000u /* of a second */
/* The guest's periods can be long; the host need not know of them. */
#define PERIOD_PART 100u
/* How finely the position buffer, that the guest reads without us, is kept: each time wakes us. */
#define POSITION_PART 500u
/* How soon DMA that waits for room in the FIFO is looked after again. */
#define RETRY_PART  1000u
#define HUNGER_PART 500u
#define NUDGE_NS    UINT64_C(5000000)
#define CATCH_UP_NS UINT64_C(1000000)

static bool is_position_told(struct hda *hda) REQUIRES(hda->lock)
{
	return *hda_register(hda, HDA_DPBASE) & HDA_DPBASE_ENABLE;
}

/* --- the clock ------------------------------------------------------------------------------- */

/* A clock that has not moved yet stands: the host has not begun. */
static void see_clock(struct hda_stream *stream, uint64_t position, uint64_t now_ns)
	REQUIRES(stream->hda->lock)
{
	struct hda_clock *clock = &stream->clock;

	if (position != clock->frames) {
		clock->rate_hz = stream->open_format.rate_hz;
	}
	clock->frames = position;
	clock->at_ns = now_ns;
}

/* The position at which there is something to do; 0: there is none. */
static uint64_t next_wake(struct hda_stream *stream) REQUIRES(stream->hda->lock)
{
	const uint64_t position = stream->clock.frames, rate_hz = stream->format.rate_hz;
	const uint64_t to_interrupt = hda_buffer_to_interrupt(&stream->buffer);
	uint64_t wake = UINT64_MAX;

	if (to_interrupt > 0) {
		/* Rounded up: the frame in which the piece ends has passed. */
		wake = stream->done - (uint64_t)stream->lead +
		       (to_interrupt + stream->frame_bytes - 1) / stream->frame_bytes;
		/* Not yet, although it is time: the FIFO is full. */
		wake = wake > position ? wake : position + rate_hz / RETRY_PART;
	}
	if (stream->is_starved) {
		const uint64_t more = MIN(rate_hz / HUNGER_PART, (uint64_t)stream->lead / 4);

		wake = MIN(wake, position + MAX(more, 1));
	}
	if (is_position_told(stream->hda)) {
		wake = MIN(wake, position + rate_hz / POSITION_PART);
	}
	if (stream->clock.rate_hz == 0) {
		wake = MIN(wake, position + 1);
	}
	return wake == UINT64_MAX ? 0 : wake;
}

/* In `ns`, unless it is due already; 0: not at all. */
static void keep_timer(struct loop *loop, struct loop_timer *timer, uint64_t ns)
{
	if (ns == 0) {
		loop_timer_disarm(timer);
	} else if (!timer->loop) {
		loop_timer_arm(loop, timer, clock_now_ns() + ns);
	}
}

static void plan(struct hda_stream *stream)
{
	uint64_t wake = 0;
	bool is_stuck = false, is_behind = false;

	mutex_lock(&stream->hda->lock);
	if (stream->is_live) {
		wake = next_wake(stream);
		is_stuck = stream->is_starved && stream->clock.rate_hz == 0;
		is_behind = stream->is_behind;
	}
	mutex_unlock(&stream->hda->lock);
	if (wake > 0) {
		audio_stream_wake_at(stream->audio, wake);
	}
	keep_timer(stream->hda->loop, &stream->nudge, is_stuck ? NUDGE_NS : 0);
	keep_timer(stream->hda->loop, &stream->catch_up, is_behind ? CATCH_UP_NS : 0);
}

/* --- what the engine asks -------------------------------------------------------------------- */

/* The host has room for `count`: lets DMA move further before the position. */
static void grow_lead(struct hda_stream *stream, size_t count, uint64_t now_ns)
	REQUIRES(stream->hda->lock)
{
	const uint64_t rate_hz = stream->format.rate_hz;
	const size_t ready = stream->fifo.count / stream->frame_bytes;
	const int64_t room = (int64_t)(rate_hz / LEAD_PART) - stream->lead;
	uint64_t more;

	if (now_ns - stream->live_ns > START_NS) {
		const uint64_t grown =
			(now_ns - stream->credit_ns) / GROWTH_PART * rate_hz / NS_PER_SECOND;

		stream->credit = MIN(stream->credit + grown, rate_hz / CREDIT_PART);
		stream->credit_ns = now_ns;
	}
	if (ready >= count || room <= 0 || stream->is_behind) {
		return;
	}
	more = MIN(MIN(count - ready, stream->credit), (uint64_t)room);
	stream->credit -= more;
	stream->lead += (int64_t)more;
	hda_stream_move(stream, now_ns);
}

/* The guest may have another format by now, but these are of the old one. */
static size_t take_frames(struct hda_stream *stream, uint8_t *frames, size_t count)
	REQUIRES(stream->hda->lock)
{
	const size_t bytes = MIN(count, stream->fifo.count / stream->open_frame_bytes) *
			     stream->open_frame_bytes;
	size_t done = 0;

	while (done < bytes) {
		const uint8_t *from;
		const size_t part = MIN(byte_ring_peek(&stream->fifo, &from), bytes - done);

		memcpy(frames + done, from, part);
		byte_ring_drop(&stream->fifo, part);
		done += part;
	}
	return bytes / stream->open_frame_bytes;
}

static size_t pull(void *arg, void *frames, size_t count)
{
	struct hda_stream *stream = arg;
	const uint64_t position = audio_stream_position(stream->audio);
	const uint64_t now_ns = clock_now_ns();
	size_t taken;
	bool is_over;

	mutex_lock(&stream->hda->lock);
	see_clock(stream, position, now_ns);
	hda_stream_move(stream, now_ns);
	if (stream->is_live && !stream->hda->is_frozen) {
		grow_lead(stream, count, now_ns);
	}
	taken = take_frames(stream, frames, count);
	stream->passed += taken;
	stream->is_starved = stream->is_live && taken < count;
	is_over = !stream->is_live && stream->fifo.count == 0;
	hda_update_irq(stream->hda, false);
	mutex_unlock(&stream->hda->lock);
	if (is_over) {
		loop_post(stream->hda->loop, &stream->task);
	}
	plan(stream);
	return taken;
}

static size_t push(void *arg, const void *frames, size_t count)
{
	struct hda_stream *stream = arg;
	const uint64_t position = audio_stream_position(stream->audio);
	const uint64_t now_ns = clock_now_ns();
	size_t taken = 0;

	mutex_lock(&stream->hda->lock);
	if (stream->is_live) {
		see_clock(stream, position, now_ns);
		hda_stream_move(stream, now_ns);
		taken = MIN(count, byte_ring_room(&stream->fifo) / stream->frame_bytes);
		(void)byte_ring_push(&stream->fifo, frames, taken * stream->frame_bytes);
		stream->passed += taken;
		hda_stream_move(stream, now_ns);
		hda_update_irq(stream->hda, false);
	}
	mutex_unlock(&stream->hda->lock);
	plan(stream);
	return taken;
}

static void follow_clock(struct hda_stream *stream)
{
	const uint64_t position = audio_stream_position(stream->audio);
	const uint64_t now_ns = clock_now_ns();
	uint64_t fetched;

	mutex_lock(&stream->hda->lock);
	see_clock(stream, position, now_ns);
	hda_stream_move(stream, now_ns);
	hda_update_irq(stream->hda, false);
	fetched = stream->done;
	mutex_unlock(&stream->hda->lock);
	if (!stream->is_capture) {
		audio_stream_kick(stream->audio, fetched, clock_now_ns());
	}
	plan(stream);
}

static void on_reached(void *arg)
{
	follow_clock(arg);
}

/* The host wants more before it begins than DMA would fetch before the host begins: the guest's
 * buffer is short. Time goes on all the same. */
static void on_nudge(void *arg)
{
	struct hda_stream *stream = arg;
	const uint64_t rate_hz = stream->open_format.rate_hz;

	mutex_lock(&stream->hda->lock);
	if (stream->is_live && !stream->hda->is_frozen &&
	    stream->lead < (int64_t)(rate_hz / LEAD_PART)) {
		stream->lead += (int64_t)(rate_hz * NUDGE_NS / NS_PER_SECOND);
	}
	mutex_unlock(&stream->hda->lock);
	follow_clock(stream);
}

static const struct audio_stream_ops ops = {
	.pull = pull,
	.push = push,
	.on_reached = on_reached,
};

/* --- open and close -------------------------------------------------------------------------- */

static uint32_t host_period(const struct hda_stream *stream)
{
	return MIN(stream->period_frames, stream->format.rate_hz / PERIOD_PART);
}

static bool is_open_as_wanted(const struct hda_stream *stream) REQUIRES(stream->hda->lock)
{
	return stream->audio && audio_format_is_equal(&stream->open_format, &stream->format) &&
	       stream->open_buffer_frames == stream->buffer_frames &&
	       stream->open_period_frames == host_period(stream);
}

static void disarm_timers(struct hda_stream *stream)
{
	loop_timer_disarm(&stream->nudge);
	loop_timer_disarm(&stream->catch_up);
}

void hda_audio_close(struct hda_stream *stream)
{
	disarm_timers(stream);
	audio_stream_close(stream->audio);
	stream->audio = NULL;
	mutex_lock(&stream->hda->lock);
	stream->is_live = false;
	stream->done = 0;
	stream->passed = 0;
	byte_ring_finish(&stream->fifo);
	mutex_unlock(&stream->hda->lock);
}

static int open_locked(struct hda_stream *stream, struct audio_stream_config *config)
	REQUIRES(stream->hda->lock)
{
	stream->open_format = stream->format;
	stream->open_frame_bytes = stream->frame_bytes;
	stream->open_buffer_frames = stream->buffer_frames;
	stream->open_period_frames = host_period(stream);
	*config = (struct audio_stream_config){
		.direction = stream->is_capture ? AUDIO_CAPTURE : AUDIO_PLAYBACK,
		.format = stream->open_format,
		.buffer_frames = stream->open_buffer_frames,
		.period_frames = stream->open_period_frames,
		.needs_real_time = true,
		.name = stream->hda->id,
		.index = stream->index,
		.ops = &ops,
		.arg = stream,
	};
	return byte_ring_init(&stream->fifo, (size_t)(stream->format.rate_hz / LEAD_PART) *
						     stream->open_frame_bytes);
}

static void open_stream(struct hda_stream *stream)
{
	struct audio_stream_config config;
	int code;

	mutex_lock(&stream->hda->lock);
	code = open_locked(stream, &config);
	mutex_unlock(&stream->hda->lock);
	code = code ?: audio_stream_open(stream->hda->audio, &config, &stream->audio);
	if (code < 0) {
		hda_audio_close(stream);
		log_guest(&stream->hda->log_limit, stream->hda->id, "can't open stream %u: %s",
			  stream->index, strerror(-code));
		return;
	}
	memset(stream->volumes, 0xff, sizeof(stream->volumes));
}

static void set_volumes(struct hda_stream *stream)
{
	uint32_t volumes[HDA_CODEC_CHANNELS];

	mutex_lock(&stream->hda->lock);
	hda_codec_volumes(&stream->hda->codec, *hda_sd(stream, 2) >> 4, stream->is_capture,
			  volumes);
	mutex_unlock(&stream->hda->lock);
	if (memcmp(volumes, stream->volumes, sizeof(volumes)) != 0) {
		memcpy(stream->volumes, volumes, sizeof(volumes));
		audio_stream_set_volume(stream->audio, volumes, stream->open_format.channels);
	}
}

/* --- start and stop -------------------------------------------------------------------------- */

/* How far DMA may jump when it starts, so that the host has something to begin with. The guest has
 * filled its buffer by then, but it counts interrupts, and may take one that comes too early for
 * none at all: with two periods, none may come early. */
static uint64_t first_credit(const struct hda_stream *stream)
{
	const uint32_t period = stream->period_frames, all = stream->buffer_frames;

	return MAX(MAX(period / 4, all - 2 * period), 1);
}

static void go_live(struct hda_stream *stream)
{
	const uint64_t position = audio_stream_position(stream->audio);
	const uint64_t now_ns = clock_now_ns();

	mutex_lock(&stream->hda->lock);
	if (stream->is_running && is_open_as_wanted(stream)) {
		if (stream->is_capture) {
			byte_ring_drop(&stream->fifo, stream->fifo.count);
		}
		stream->done = stream->passed + stream->fifo.count / stream->frame_bytes;
		stream->lead = (int64_t)(stream->done - position);
		stream->credit = first_credit(stream);
		stream->live_ns = now_ns;
		stream->credit_ns = now_ns;
		stream->clock = (struct hda_clock){ .frames = position, .at_ns = now_ns };
		hda_pace_start(stream, now_ns);
		stream->is_starved = false;
		stream->is_live = true;
	}
	mutex_unlock(&stream->hda->lock);
	audio_stream_start(stream->audio);
	plan(stream);
}

struct state {
	bool is_running, is_live, is_unused, is_as_wanted, is_draining;
};

static struct state look(struct hda_stream *stream)
{
	struct state state;

	mutex_lock(&stream->hda->lock);
	state = (struct state){ .is_running = stream->is_running,
				.is_live = stream->is_live,
				.is_unused = stream->is_unused,
				.is_as_wanted = is_open_as_wanted(stream) };
	/* What DMA has fetched is played before anything else is done with the stream. */
	state.is_draining = stream->audio && !stream->is_capture && stream->fifo.count > 0 &&
			    (!state.is_running || !state.is_as_wanted);
	mutex_unlock(&stream->hda->lock);
	return state;
}

void hda_audio_sync(void *arg)
{
	struct hda_stream *stream = arg;
	const struct state state = look(stream);

	if (state.is_draining) {
		follow_clock(stream); /* the last pull comes back here */
		return;
	}
	if (state.is_running && !state.is_as_wanted) {
		hda_audio_close(stream);
		open_stream(stream);
	}
	if (!stream->audio) {
		return;
	}
	set_volumes(stream);
	if (state.is_live) {
		follow_clock(stream);
	} else if (state.is_running) {
		go_live(stream);
	} else {
		disarm_timers(stream);
		audio_stream_stop(stream->audio);
	}
	if (!state.is_running && state.is_unused) {
		hda_audio_close(stream);
	}
}

void hda_audio_init(struct hda_stream *stream)
{
	loop_task_init(&stream->task, hda_audio_sync, stream);
	loop_timer_init(&stream->nudge, on_nudge, stream);
	loop_timer_init(&stream->catch_up, on_reached, stream);
}
