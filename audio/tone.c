/* SPDX-License-Identifier: MIT */
#include "audio/tone.h"

#include <errno.h>
#include <stdlib.h>

#include "audio/goertzel.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/list.h"

#define CHUNK_FRAMES 256u
/* What is heard this much later or earlier than the end of what came before is another piece:
 * estimates of a server differ by less. */
#define BREAK_NS (100 * UINT64_C(1000000))

/* One channel of a stream. */
struct ear {
	struct goertzel goertzel;
	uint64_t tone_ns; /* how long the tone has lasted */
};

/* One stream. */
struct head {
	struct list node;
	unsigned stream;
	struct audio_format format;
	uint64_t end_ns; /* when the last frame that came will have been heard */
	struct ear ears[AUDIO_CHANNELS_MAX];
};

struct tone_watch {
	struct tone_wanted wanted;
	struct list heads;
	uint64_t loud_ns; /* silence may begin here, as far as is known */
	bool is_found;	  /* the tone was long enough, and will have been heard at found_ns */
	uint64_t found_ns;
	bool is_met;
	struct tone_findings findings;
};

int tone_wanted_check(const struct tone_wanted *wanted, struct error *err)
{
	if (wanted->channel != TONE_ANY_CHANNEL && wanted->channel >= AUDIO_CHANNELS_MAX) {
		return error_set(err, -ERANGE, "channel %u: there are at most %u, from 0",
				 wanted->channel, AUDIO_CHANNELS_MAX);
	}
	if (wanted->is_silence) {
		return 0;
	}
	if (wanted->hz < TONE_MIN_HZ || wanted->hz > TONE_MAX_HZ) {
		return error_set(err, -ERANGE, "tone of %u Hz: can be %u to %u", wanted->hz,
				 TONE_MIN_HZ, TONE_MAX_HZ);
	}
	if (wanted->tolerance_hz > GOERTZEL_TOLERANCE_MAX_HZ) {
		return error_set(err, -ERANGE, "tolerance of %u Hz: can be up to %u",
				 wanted->tolerance_hz, GOERTZEL_TOLERANCE_MAX_HZ);
	}
	return 0;
}

int tone_watch_create(const struct tone_wanted *wanted, uint64_t now_ns, struct tone_watch **out)
{
	struct tone_watch *watch = calloc(1, sizeof(*watch));

	*out = watch;
	if (!watch) {
		return -ENOMEM;
	}
	watch->wanted = *wanted;
	watch->loud_ns = now_ns;
	list_init(&watch->heads);
	return 0;
}

void tone_watch_destroy(struct tone_watch *watch)
{
	struct head *head;

	if (!watch) {
		return;
	}
	list_for_each (head, &watch->heads, struct head, node) {
		free(head);
	}
	free(watch);
}

/* --- streams --- */

static void begin_head(const struct tone_watch *watch, struct head *head)
{
	for (unsigned i = 0; i < head->format.channels; i++) {
		head->ears[i].tone_ns = 0;
		goertzel_init(&head->ears[i].goertzel, head->format.rate_hz, watch->wanted.hz,
			      watch->wanted.tolerance_hz);
	}
}

/* NULL: no memory, the stream is not heard. */
static struct head *head_of(struct tone_watch *watch, unsigned stream,
			    const struct audio_format *format, uint64_t heard_ns)
{
	struct head *head;

	list_for_each (head, &watch->heads, struct head, node) {
		if (head->stream == stream) {
			return head;
		}
	}
	head = calloc(1, sizeof(*head));
	if (head) {
		head->stream = stream;
		head->format = *format;
		head->end_ns = heard_ns;
		begin_head(watch, head);
		list_append(&watch->heads, &head->node);
	}
	return head;
}

static bool is_in_question(const struct tone_watch *watch, const struct head *head,
			   unsigned channel)
{
	return channel < head->format.channels &&
	       (watch->wanted.channel == TONE_ANY_CHANNEL || watch->wanted.channel == channel);
}

/* --- samples --- */

static void note_loudness(struct tone_watch *watch, const float *samples, size_t count,
			  uint64_t end_ns)
{
	float loudest = 0;

	for (size_t i = 0; i < count; i++) {
		loudest = MAX(loudest, MAX(samples[i], -samples[i]));
	}
	watch->findings.loudest = MAX(watch->findings.loudest, loudest);
	if (loudest > TONE_SILENCE_MAX) {
		watch->loud_ns = MAX(watch->loud_ns, end_ns);
	}
}

static bool has_tone(const struct tone_watch *watch, const struct goertzel_block *block)
{
	double off_hz = block->hz - watch->wanted.hz;

	return block->loudest > TONE_SILENCE_MAX && block->share >= TONE_SHARE_MIN &&
	       off_hz <= watch->wanted.tolerance_hz && -off_hz <= watch->wanted.tolerance_hz;
}

static void note_block(struct tone_watch *watch, struct ear *ear, uint32_t rate_hz,
		       const struct goertzel_block *block, uint64_t end_ns)
{
	if (block->share >= TONE_SHARE_MIN) {
		watch->findings.hz = block->hz;
	}
	if (!has_tone(watch, block)) {
		ear->tone_ns = 0;
		return;
	}
	ear->tone_ns += audio_frames_to_ns(ear->goertzel.length, rate_hz);
	watch->findings.longest_ns = MAX(watch->findings.longest_ns, ear->tone_ns);
	if (ear->tone_ns >= watch->wanted.for_ns && !watch->is_found) {
		watch->is_found = true;
		watch->found_ns = end_ns;
	}
}

static void hear_channel(struct tone_watch *watch, struct ear *ear, uint32_t rate_hz,
			 const float *samples, size_t count, uint64_t heard_ns)
{
	for (size_t done = 0; done < count;) {
		struct goertzel_block block;
		bool is_full;

		done += goertzel_add(&ear->goertzel, samples + done, count - done, &is_full,
				     &block);
		if (is_full) {
			note_block(watch, ear, rate_hz, &block,
				   heard_ns + audio_frames_to_ns(done, rate_hz));
		}
	}
}

static void hear_chunk(struct tone_watch *watch, struct head *head, const void *frames,
		       size_t count, uint64_t heard_ns)
{
	uint32_t rate_hz = head->format.rate_hz;
	float samples[CHUNK_FRAMES];

	for (unsigned i = 0; i < head->format.channels; i++) {
		if (!is_in_question(watch, head, i)) {
			continue;
		}
		audio_read_channel(&head->format, frames, count, i, samples);
		note_loudness(watch, samples, count, heard_ns + audio_frames_to_ns(count, rate_hz));
		if (!watch->wanted.is_silence && watch->wanted.hz < rate_hz / 2) {
			hear_channel(watch, &head->ears[i], rate_hz, samples, count, heard_ns);
		}
	}
}

void tone_watch_hear(void *arg, unsigned stream, const struct audio_format *format,
		     const void *frames, size_t count, uint64_t heard_ns)
{
	struct tone_watch *watch = arg;
	struct head *head = head_of(watch, stream, format, heard_ns);
	const uint8_t *bytes = frames;

	if (!head) {
		return;
	}
	if (heard_ns > head->end_ns + BREAK_NS || heard_ns + BREAK_NS < head->end_ns) {
		begin_head(watch, head);
	}
	for (size_t done = 0; done < count;) {
		size_t part = MIN(CHUNK_FRAMES, count - done);

		hear_chunk(watch, head, bytes + done * audio_frame_bytes(format), part,
			   heard_ns + audio_frames_to_ns(done, format->rate_hz));
		done += part;
	}
	watch->findings.has_frames = true;
	head->end_ns = heard_ns + audio_frames_to_ns(count, format->rate_hz);
}

/* --- the answer --- */

bool tone_watch_is_met(struct tone_watch *watch, uint64_t now_ns)
{
	if (watch->wanted.is_silence) {
		uint64_t silent_ns = now_ns - MIN(watch->loud_ns, now_ns);

		watch->findings.longest_ns = MAX(watch->findings.longest_ns, silent_ns);
		watch->is_met |= silent_ns >= watch->wanted.for_ns;
	} else {
		watch->is_met |= watch->is_found && now_ns >= watch->found_ns;
	}
	return watch->is_met;
}

void tone_watch_findings(const struct tone_watch *watch, struct tone_findings *out)
{
	*out = watch->findings;
}
