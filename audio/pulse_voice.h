/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PULSE_VOICE_H
#define THUNDERLAKE_AUDIO_PULSE_VOICE_H

#include <pulse/stream.h>
#include <pulse/volume.h>
#include <stdbool.h>

#include "audio/backend.h"
#include "vmm/base/list.h"
#include "vmm/base/loop.h"

struct pulse_backend;

/* One stream at the server. */
struct pulse_voice {
	struct audio_voice base; /* .stream is NULL when it plays its rest */
	struct pulse_backend *backend;
	struct list node;
	pa_stream *stream;
	enum audio_direction direction;
	struct audio_format format;
	uint32_t frame_bytes;

	bool is_ready;	 /* the server knows it */
	bool is_started; /* frames are moved */
	bool is_corked;	 /* the server was told to hold it */
	bool is_doubted; /* it has not answered for long */
	pa_cvolume volume, told_volume;
	/* What the server was asked for and has not answered yet; NULL: nothing. */
	pa_operation *asking;  /* for the position */
	pa_operation *setting; /* the volume */
	pa_operation *draining;
	struct loop_timer limit; /* how long a rest may take, or a device stand */

	uint32_t step;	   /* frames that the server takes at once */
	uint64_t moved;	   /* frames pulled or pushed */
	uint64_t short_at; /* of those pulled: where the guest had no more */
	uint64_t
		consumed; /* as last reported, at at_ns, with `latency` frames to the loudspeaker */
	uint64_t at_ns;
	uint64_t told_ns;    /* when the server told last */
	uint64_t settled_ns; /* until then it is asked often */
	uint32_t latency;
	double usual_latency; /* frames; negative: not known */
};

/* --- pulse_voice.c: as struct audio_backend_type says --- */

int pulse_voice_open(struct audio_backend *backend, struct audio_stream *stream,
		     struct audio_voice **out, struct error *err);
void pulse_voice_close(struct audio_voice *voice);
void pulse_voice_start(struct audio_voice *voice);
void pulse_voice_stop(struct audio_voice *voice, bool drain);
void pulse_voice_kick(struct audio_voice *voice);
void pulse_voice_set_volume(struct audio_voice *voice, const uint32_t *volumes, unsigned count);

/* The connection is gone, and all that had to do with it. */
void pulse_voices_lose(struct pulse_backend *backend);

/* --- pulse_flow.c: frames and their position --- */

/* Lets the server call for what is played or recorded. */
void pulse_flow_attach(struct pulse_voice *voice);
/* Gives the server as many frames as it wants and the guest has. */
void pulse_flow_fill(struct pulse_voice *voice);
/* Asks the server how far it is; the report comes when it has told. */
void pulse_flow_ask(struct pulse_voice *voice);
/* The same, and often for a while: the stream begins, or has stood. */
void pulse_flow_settle(struct pulse_voice *voice);

#endif
