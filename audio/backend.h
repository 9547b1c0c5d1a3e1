/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_BACKEND_H
#define THUNDERLAKE_AUDIO_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio.h"
#include "vmm/base/error.h"
#include "vmm/base/options.h"

/*
 * What plays a machine's sound: `--audio NAME[,OPTION=…]`. All on the audio loop: a back end whose
 * library wants a loop of its own gives it this one. When its server dies it takes its voices back
 * with audio_voice_lost, tries again by itself, and offers them anew with audio_backend_ready; the
 * guest's clock goes on meanwhile.
 */
struct audio_backend;
struct loop;

/* What a back end is granted; everything is borrowed and outlives it. */
struct audio_backend_env {
	struct audio *audio;
	struct loop *loop;	  /* audio_loop */
	const char *machine_name; /* for mixers that show who plays */
};

/* First member of each back end's state. */
struct audio_backend {
	const struct audio_backend_type *type;
};

/* First member of a back end's part of one stream. */
struct audio_voice {
	struct audio_stream *stream; /* borrowed; filled in when open has returned */
};

struct audio_backend_type {
	const char *name; /* "pulse" */
	const char *help; /* one line */
	struct option_table options;
	size_t options_size;

	/* Whether there is what it needs, found out by connecting, not by looking for a program;
	 * may take a second. NULL: never chosen by itself. Any thread, without a loop. */
	bool (*is_available)(void);
	/* `options` is valid for the call only. -ECONNREFUSED: its server is not there. */
	int (*create)(const struct audio_backend_env *env, const void *options,
		      struct audio_backend **out, struct error *err);
	/* The voices are closed. */
	void (*destroy)(struct audio_backend *backend);

	/* A stream was opened: audio_stream_config tells of it. Stopped. -EAGAIN: the server is
	 * away now, audio_backend_ready comes; other errors are logged with `err`. NULL: no voice
	 * for any stream, and nothing below is needed. */
	int (*open)(struct audio_backend *backend, struct audio_stream *stream,
		    struct audio_voice **out, struct error *err);
	/* Stopped. Plays what it has pulled, then is gone; the stream is gone at once. */
	void (*close)(struct audio_voice *voice);
	/* From now on pulls or pushes, and reports. */
	void (*start)(struct audio_voice *voice);
	/* No more pulls or pushes. `drain`: play what was pulled; else hold it until start. */
	void (*stop)(struct audio_voice *voice, bool drain);
	/* The last pull came up short, and there is more now. */
	void (*kick)(struct audio_voice *voice);
	/* AUDIO_VOLUME_MAX: as it is. NULL: can't. */
	void (*set_volume)(struct audio_voice *voice, const uint32_t *volumes, unsigned count);
};

/* --- what a back end calls ------------------------------------------------------------------- */

const struct audio_stream_config *audio_stream_config(const struct audio_stream *stream);

/* Playback: the next frames of the stream, at most `count`; returns how many there are. They will
 * be heard from `heard_ns` on, as far as the back end can tell. */
size_t audio_stream_pull(struct audio_stream *stream, void *frames, size_t count,
			 uint64_t heard_ns);
/* Capture: these came. Frames the guest had no room for count as overrun. */
void audio_stream_push(struct audio_stream *stream, const void *frames, size_t count);

/* How far the host is, whenever it tells, and often after a start. The first report after start, an
 * underrun, or a stop sets the stream's clock going: so only while the host really plays. Later
 * ones keep it right; late, in steps or with jitter is fine. Capture: each push is a report of its
 * own, and only the latency is read here. */
struct audio_report {
	uint64_t at_ns;	   /* of clock_now_ns, when this was so */
	uint64_t consumed; /* frames since the voice was opened, of those pulled */
	uint32_t latency;  /* frames from there to the loudspeaker */
	bool stands; /* it goes no further by itself: no sound clock, but a consumer in leaps */
};
void audio_stream_report(struct audio_stream *stream, const struct audio_report *report);

/* Playback ran dry: nothing to pull when it was needed, for that many frames (0: not known). Tell
 * whenever the host says so: at the end of a stream, after all its frames, it does not count. */
void audio_stream_underrun(struct audio_stream *stream, uint64_t frames);
/* The server skipped or repeated by its own fault. */
void audio_stream_gap(struct audio_stream *stream);

/* The voice is no more (the back end frees it): its stream is consumed in silence from here on.
 * What was pulled and not reported as consumed counts as a gap. */
void audio_voice_lost(struct audio_voice *voice);
/* The server is there (again): voices are opened for all streams that have none. */
void audio_backend_ready(struct audio *audio);

/* --- choosing -------------------------------------------------------------------------------- */

/* All that were built in, NULL-terminated; those before "none" are tried in this order when nothing
 * is chosen. */
extern const struct audio_backend_type *const audio_backend_types[];

/* By name; NULL: no such back end, the nearest is suggested. */
const struct audio_backend_type *audio_backend_find(const char *name, struct error *err);

/* Whether audio_backend_create would know this name and these options. Makes nothing. -EINVAL. */
int audio_backend_check(const char *text, struct error *err);

/* Makes the audio's back end from `NAME[,OPTION=…]`, or from "auto": the first that is available. A
 * server that is not there gives "none" and one line in the log. -EINVAL: no such name or option;
 * other errors (a file that can't be written) are the back end's. Main thread, before the loop
 * runs. */
int audio_backend_create(const char *text, struct audio *audio, const char *machine_name,
			 struct error *err);
/* Streams are closed. Harmless without one. On the audio loop, or after it was stopped. */
void audio_backend_destroy(struct audio *audio);

#endif
