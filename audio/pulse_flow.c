/* SPDX-License-Identifier: MIT */
#include <sys/time.h>

#include "audio/pulse_library.h"
#include "audio/pulse_voice.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* Of the latency as it is told, for the usual one; and how far it may be from that before a new
 * device is behind it. */
#define USUAL_WEIGHT  (1.0 / 32)
#define USUAL_OFF_MS  100u
#define AGE_MAX_NS    NS_PER_SECOND
#define SILENCE_BYTES 4096
/* Each question costs the server and us a round trip, so a clock that has settled is only kept
 * right; until then it is asked for whenever the server speaks. */
#define SETTLE_NS (NS_PER_SECOND / 4)
#define ASK_NS	  (NS_PER_SECOND / 10)

static uint64_t usec_to_frames(const struct pulse_voice *v, uint64_t usec)
{
	return audio_ns_to_frames(usec * 1000, v->format.rate_hz);
}

/* --- position --- */

/* The library tells the time of day. Should that have been set meanwhile, now is near enough. */
static uint64_t time_of(const struct timeval *told)
{
	struct timeval now, age;
	uint64_t age_ns;

	(void)gettimeofday(&now, NULL);
	if (timercmp(told, &now, >)) {
		return clock_now_ns();
	}
	timersub(&now, told, &age);
	age_ns = (uint64_t)age.tv_sec * NS_PER_SECOND + (uint64_t)age.tv_usec * 1000;
	return clock_now_ns() - (age_ns > AGE_MAX_NS ? 0 : age_ns);
}

/* The server takes frames from its queue by the block, and the way to the loudspeaker is longer by
 * a block right after that. Their difference knows no blocks; with the usual length of the way put
 * upon it, neither does the position. */
static void smooth(struct pulse_voice *v, int64_t read, int64_t latency)
{
	double off = (double)latency - v->usual_latency;
	double limit = (double)v->format.rate_hz * USUAL_OFF_MS / 1000;
	int64_t usual, consumed;

	if (v->usual_latency < 0 || off > limit || off < -limit) {
		v->usual_latency = (double)latency;
	} else {
		v->usual_latency += off * USUAL_WEIGHT;
	}
	usual = (int64_t)v->usual_latency;
	consumed = MIN(read - latency + usual, (int64_t)v->moved);
	consumed = MAX(consumed, (int64_t)v->consumed);
	v->latency = (uint32_t)MAX(consumed - (read - latency), 0);
	v->consumed = (uint64_t)consumed;
}

static void report_playback(struct pulse_voice *v, const pa_timing_info *info)
{
	int64_t read = info->read_index / v->frame_bytes;
	int64_t latency = (int64_t)usec_to_frames(v, info->sink_usec);
	struct audio_report report;

	v->at_ns = time_of(&info->timestamp);
	smooth(v, read, latency);
	report = (struct audio_report){ v->at_ns, v->consumed, v->latency };
	audio_stream_report(v->base.stream, &report);
}

static void on_timing(pa_stream *stream, void *arg)
{
	struct pulse_voice *v = arg;
	const pa_timing_info *info = libpulse.stream_get_timing_info(stream);

	v->told_ns = clock_now_ns();
	if (info && info->playing && !info->read_index_corrupt && v->is_started &&
	    v->direction == AUDIO_PLAYBACK) {
		report_playback(v, info);
	}
}

static void on_told(pa_stream *stream UNUSED, int success UNUSED, void *arg)
{
	struct pulse_voice *v = arg;

	libpulse.operation_unref(v->asking);
	v->asking = NULL;
}

void pulse_flow_ask(struct pulse_voice *v)
{
	if (!v->asking) {
		v->asking = libpulse.stream_update_timing_info(v->stream, on_told, v);
	}
}

void pulse_flow_settle(struct pulse_voice *v)
{
	v->settled_ns = clock_now_ns() + SETTLE_NS;
	pulse_flow_ask(v);
}

static void ask_now_and_then(struct pulse_voice *v, uint64_t now_ns)
{
	if (now_ns < v->settled_ns || now_ns - v->told_ns >= ASK_NS) {
		pulse_flow_ask(v);
	}
}

/* --- playback --- */

/* When the next frame is heard that is pulled now. */
static uint64_t heard_ns(const struct pulse_voice *v, uint64_t now_ns)
{
	uint64_t ahead = v->moved - MIN(v->consumed, v->moved) + v->latency;
	uint64_t heard = v->at_ns + audio_frames_to_ns(ahead, v->format.rate_hz);

	return MAX(heard, now_ns);
}

/* At most `space` bytes; each call of the library costs a system call at least. */
static void fill(struct pulse_voice *v, size_t space, uint64_t now_ns)
{
	while (v->is_started && space >= v->frame_bytes) {
		size_t bytes = space - space % v->frame_bytes;
		size_t count, got;
		void *frames;

		if (libpulse.stream_begin_write(v->stream, &frames, &bytes) < 0 ||
		    bytes < v->frame_bytes) {
			return;
		}
		count = bytes / v->frame_bytes;
		got = audio_stream_pull(v->base.stream, frames, count, heard_ns(v, now_ns));
		if (got == 0) {
			(void)libpulse.stream_cancel_write(v->stream);
		} else {
			(void)libpulse.stream_write(v->stream, frames, got * v->frame_bytes, NULL,
						    0, PA_SEEK_RELATIVE);
			v->moved += got;
		}
		if (got < count) {
			v->short_at = v->moved;
			return;
		}
		space -= got * v->frame_bytes;
	}
}

void pulse_flow_fill(struct pulse_voice *v)
{
	size_t space = libpulse.stream_writable_size(v->stream);

	if (space != (size_t)-1) {
		fill(v, space, clock_now_ns());
	}
}

static void on_room(pa_stream *stream UNUSED, size_t bytes, void *arg)
{
	struct pulse_voice *v = arg;
	uint64_t now_ns;

	if (v->is_started) {
		now_ns = clock_now_ns();
		fill(v, bytes, now_ns);
		ask_now_and_then(v, now_ns);
	}
}

/* Whose fault it was shows in where it happened: at the end of what the guest had, or before. What
 * is less than a step PipeWire does not take. */
static void on_underflow(pa_stream *stream, void *arg)
{
	struct pulse_voice *v = arg;
	int64_t index = libpulse.stream_get_underflow_index(stream);
	uint64_t dry_at = index < 0 ? v->moved : (uint64_t)index / v->frame_bytes;

	if (!v->is_started) {
		return;
	}
	if (v->short_at >= dry_at && v->short_at - dry_at < v->step) {
		audio_stream_underrun(v->base.stream, 0);
		pulse_flow_settle(v);
	} else {
		audio_stream_gap(v->base.stream);
		pulse_flow_ask(v);
	}
}

static void on_overflow(pa_stream *stream UNUSED, void *arg)
{
	struct pulse_voice *v = arg;

	if (v->base.stream) {
		audio_stream_gap(v->base.stream);
	}
}

/* --- capture --- */

static void push_silence(struct pulse_voice *v, size_t count)
{
	uint8_t frames[SILENCE_BYTES];
	size_t most = sizeof(frames) / v->frame_bytes;

	audio_silence(&v->format, frames, most);
	while (count > 0) {
		size_t step = MIN(count, most);

		audio_stream_push(v->base.stream, frames, step);
		count -= step;
	}
}

/* The time from the microphone to here. */
static uint32_t capture_latency(const struct pulse_voice *v)
{
	const pa_timing_info *info = libpulse.stream_get_timing_info(v->stream);
	uint64_t frames;

	if (!info) {
		return 0;
	}
	frames = usec_to_frames(v, info->source_usec + info->transport_usec);
	if (!info->write_index_corrupt && !info->read_index_corrupt &&
	    info->write_index > info->read_index) {
		frames += (uint64_t)(info->write_index - info->read_index) / v->frame_bytes;
	}
	return (uint32_t)MIN(frames, UINT32_MAX);
}

static void on_recorded(pa_stream *stream, size_t bytes, void *arg)
{
	struct pulse_voice *v = arg;
	struct audio_report report;
	const void *frames;

	while (libpulse.stream_peek(stream, &frames, &bytes) == 0 && bytes > 0) {
		size_t count = bytes / v->frame_bytes;

		/* A stopped stream brings what was on its way: nobody wants that. */
		if (v->is_started && frames) {
			audio_stream_push(v->base.stream, frames, count);
			v->moved += count;
		} else if (v->is_started) {
			push_silence(v, count);
			v->moved += count;
		}
		(void)libpulse.stream_drop(stream);
	}
	if (v->is_started) {
		report = (struct audio_report){ clock_now_ns(), v->moved, capture_latency(v) };
		audio_stream_report(v->base.stream, &report);
	}
}

void pulse_flow_attach(struct pulse_voice *v)
{
	libpulse.stream_set_latency_update_callback(v->stream, on_timing, v);
	if (v->direction == AUDIO_PLAYBACK) {
		libpulse.stream_set_write_callback(v->stream, on_room, v);
		libpulse.stream_set_underflow_callback(v->stream, on_underflow, v);
		libpulse.stream_set_overflow_callback(v->stream, on_overflow, v);
	} else {
		libpulse.stream_set_read_callback(v->stream, on_recorded, v);
	}
}
