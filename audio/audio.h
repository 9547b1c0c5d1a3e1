/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_AUDIO_H
#define THUNDERLAKE_AUDIO_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/format.h"
#include "vmm/base/clock.h"
#include "vmm/base/list.h"

struct loop;

/*
 * How sound leaves and enters a machine. A sound card opens streams; the back end (a sound server,
 * files; audio/backend.h) asks for playback frames when it has room and brings captured ones. In
 * between, each stream has a clock: how far the host has consumed it, steady between the host's
 * reports. A stream without a back end, or whose server died, is consumed in real time by nobody,
 * so that a guest never stands still.
 *
 * One thread: the audio loop. Everything here is called on it, and every callback comes on it,
 * unless said otherwise. A frame of the guest's is played once, in order, or stays in the guest:
 * nothing is inserted, dropped or resampled here.
 */
struct audio;

/* `loop` is borrowed; it may not run yet. -ENOMEM. */
int audio_create(struct loop *loop, struct audio **out);
/* Streams and taps are gone before. NULL is fine. */
void audio_destroy(struct audio *audio);

/* Any thread. A device that opens streams does all its work here: device_type.is_on_audio_loop. */
struct loop *audio_loop(const struct audio *audio);

/* --- the card's side ------------------------------------------------------------------------- */

enum audio_direction {
	AUDIO_PLAYBACK,
	AUDIO_CAPTURE,
};

struct audio_stream;

/* What a card has sockets for. Plugs move when the control socket says so, not when a sound server
 * comes and goes: a guest shall play on. */
enum audio_jack {
	AUDIO_JACK_LINE_OUT,
	AUDIO_JACK_MICROPHONE,
	AUDIO_JACKS,
};

/* All may call anything here; only on_reached may close the stream. */
struct audio_stream_ops {
	/* Playback: there is room. Copies the next frames to `frames`, at most `count`; returns how
	 * many there were. Fewer: the card kicks when it has more. */
	size_t (*pull)(void *arg, void *frames, size_t count);
	/* Capture: these came. Returns how many were taken; the others are lost (an overrun). */
	size_t (*push)(void *arg, const void *frames, size_t count);
	/* audio_stream_position has reached what audio_stream_wake_at asked for. */
	void (*on_reached)(void *arg);
	/* Playback ran dry and goes on now (a stream that ends, after all its frames, had no
	 * underrun), or captured frames were lost. May be NULL. */
	void (*on_xrun)(void *arg);
};

struct audio_stream_config {
	enum audio_direction direction;
	struct audio_format format;
	uint32_t buffer_frames; /* of the guest's own buffer: more can't be pulled ahead */
	uint32_t period_frames; /* how often the guest wants to hear of it; 1 to buffer_frames */
	bool needs_real_time; /* the card moves by the clock: a consumer in leaps is none for it */
	const char *name;     /* "snd0", of the card; outlives the stream */
	unsigned index;	      /* of the stream in its card */
	const struct audio_stream_ops *ops;
	void *arg;
};

#define AUDIO_STREAMS_MAX 32u

/* Stopped, at position 0. The config is copied. -EINVAL: a format or sizes that make no sense;
 * -EMFILE: AUDIO_STREAMS_MAX are open; -ENOMEM. A back end that refuses is no error: the log tells,
 * and the stream is consumed in silence. */
int audio_stream_open(struct audio *audio, const struct audio_stream_config *config,
		      struct audio_stream **out);
/* No callback comes afterwards. What was pulled is still played. NULL is fine. */
void audio_stream_close(struct audio_stream *stream);

/* The guest's trigger. From now on frames are pulled or pushed. Harmless when started. */
void audio_stream_start(struct audio_stream *stream);
/* Nothing is pulled or pushed any more and the position stands; what was pulled is still played,
 * and counts as consumed at once. Harmless when stopped. */
void audio_stream_stop(struct audio_stream *stream);

/* The machine pauses: the position stands, what was pulled waits, nothing is pulled or pushed until
 * audio_resume. Streams may be opened, started and stopped meanwhile. Both harmless when done. */
void audio_pause(struct audio *audio);
void audio_resume(struct audio *audio);

/* Playback: the guest has given `written` frames since the stream was opened, more than when this
 * was last called; those not pulled yet can be. That was after `since_ns` of clock_now_ns, from
 * which on the latency is counted (so never too short), of the first of these frames, while the
 * stream runs. A card that can't know (its guest writes into a ring and does not tell) need not
 * call this as long as its pulls never come up short. */
void audio_stream_kick(struct audio_stream *stream, uint64_t written, uint64_t since_ns);

/* Frames the host has consumed (playback) or brought (capture) since the stream was opened: as of
 * now, between the host's reports by the clock. Never goes back, never beyond what was pulled or
 * pushed. */
uint64_t audio_stream_position(struct audio_stream *stream);

/* Playback: how many frames lie between the position and the loudspeaker. Capture: between the
 * microphone and the position. */
uint32_t audio_stream_latency(struct audio_stream *stream);

/* on_reached comes once, when the position is there; at once, though never from inside this call,
 * when it is already. One at a time: a later call replaces an earlier one. */
void audio_stream_wake_at(struct audio_stream *stream, uint64_t position);

/* Loudness of each channel, 0 (mute) to AUDIO_VOLUME_MAX (as it is), set at the host so that the
 * samples stay what they are. For cards that have a mixer. */
#define AUDIO_VOLUME_MAX 65536u
void audio_stream_set_volume(struct audio_stream *stream, const uint32_t *volumes, unsigned count);

/* --- privacy --------------------------------------------------------------------------------- */

/* Until this is allowed, captured frames are silence, and the back end opens no capture stream at
 * the host. Any thread; not while audio_destroy runs. */
void audio_allow_capture(struct audio *audio, bool allowed);
bool audio_is_capture_allowed(const struct audio *audio);
/* Whether the guest is listening right now: allowed, and a capture stream runs. Any thread. */
bool audio_is_listening(const struct audio *audio);
/* `fn` comes, on the audio loop, when that may have changed; NULL: no more. Before the loop runs,
 * or on it. */
void audio_on_listening(struct audio *audio, void (*fn)(void *arg), void *arg);

/* --- who listens in: records, measurements --------------------------------------------------- */

/* Embedded in the listener's state. */
struct audio_tap {
	/* These frames of a playback stream were pulled, and will be heard from `heard_ns` of
	 * clock_now_ns on (an estimate). `stream` is a number of its own for each open stream. */
	void (*on_frames)(void *arg, unsigned stream, const struct audio_format *format,
			  const void *frames, size_t count, uint64_t heard_ns);
	void *arg;
	struct list node; /* kept by audio */
};

void audio_add_tap(struct audio *audio, struct audio_tap *tap);
void audio_remove_tap(struct audio *audio, struct audio_tap *tap);

/* --- measurement ----------------------------------------------------------------------------- */

/* Of one stream since it was opened or reset. */
struct audio_stats {
	char name[32]; /* "snd0" */
	unsigned index;
	enum audio_direction direction;
	struct audio_format format;
	const char *backend; /* "pulse"; "none" when it is consumed in silence. Static */
	bool is_running;
	uint64_t since_ns;  /* by clock_now_ns */
	uint64_t written;   /* frames the guest gave, or were brought to it */
	uint64_t played;    /* the position; equals `written` when all is played */
	uint64_t underruns; /* times that playback ran dry while it ran */
	uint64_t underrun_frames;
	uint64_t overruns; /* times that captured frames were lost */
	uint64_t overrun_frames;
	uint64_t gaps; /* breaks in what was heard that no underrun of the guest explains: the
			  server's, or its death */
	int32_t drift_ppm_q8; /* the host's sound clock against CLOCK_MONOTONIC, ppm × 256 */
	bool has_drift;	      /* after AUDIO_DRIFT_MIN_NS of play */
	/* Playback: from the guest's write to the loudspeaker, ns. */
	uint64_t latency_p50, latency_p95, latency_max;
};

#define AUDIO_DRIFT_MIN_NS (10 * NS_PER_SECOND)

/* Any thread but not under a lock that a callback takes: fills at most AUDIO_STREAMS_MAX; returns
 * how many are open. */
size_t audio_stats(struct audio *audio, struct audio_stats *out);
void audio_reset_stats(struct audio *audio);

#endif
