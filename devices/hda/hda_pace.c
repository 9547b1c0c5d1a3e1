/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda_state.h"
#include "vmm/base/clock.h"

/* A guest that has not answered for so long does not go by interrupts, after all. */
#define PATIENCE_NS NS_PER_SECOND

/* A part of something. */
struct part {
	unsigned times, parts;
};

/* Of a period. Interrupts are so far apart, at least: Linux takes one for none at all that comes
 * before two thirds ... */
static const struct part apart = { 3, 4 };
/* ... and so long may a guest that has answered write what it has room for. */
static const struct part writing = { 1, 4 };
/* Of time: so fast DMA catches up. */
static const struct part catching_up = { 4, 3 };

static uint64_t part_of(const struct part *part, uint64_t whole)
{
	return whole * part->times / part->parts;
}

static uint64_t elapsed_ns(uint64_t since_ns, uint64_t now_ns)
{
	return now_ns > since_ns ? now_ns - since_ns : 0;
}

/* Since then, less than this part of a period. */
static bool is_within(const struct hda_stream *stream, const struct part *part, uint64_t since_ns,
		      uint64_t now_ns)
{
	const uint64_t period_ns = stream->period_frames * NS_PER_SECOND / stream->format.rate_hz;

	return elapsed_ns(since_ns, now_ns) < part_of(part, period_ns);
}

static bool is_guest_told(struct hda_stream *stream)
{
	const uint32_t enabled = load_le32(hda_register(stream->hda, HDA_INTCTL));

	return hda_buffer_to_interrupt(&stream->buffer) > 0 && enabled & HDA_INTCTL_GIE &&
	       enabled >> stream->index & 1 && *hda_sd(stream, HDA_SDCTL) & HDA_SDSTS_BCIS;
}

/* What DMA reads at once at most when it is late, besides the leap. */
static uint32_t step_frames(const struct hda_stream *stream)
{
	return MAX(stream->period_frames, stream->buffer_frames / 4);
}

/* A ring of more than two periods bears that DMA is early by so much. */
static uint32_t leap_frames(const struct hda_stream *stream)
{
	return stream->buffer_frames - 2 * step_frames(stream);
}

/* Where DMA is that catches up since the last interrupt or its answer; without a leap, at `next`
 * it waits for the next one. */
static uint64_t line_at(const struct hda_stream *stream, uint64_t next, uint64_t now_ns)
{
	const uint64_t passed_ns = MIN(elapsed_ns(stream->paced_ns, now_ns), NS_PER_SECOND);
	const uint64_t frames =
		part_of(&catching_up, passed_ns * stream->format.rate_hz / NS_PER_SECOND);
	const uint64_t most = leap_frames(stream) > 0 ? step_frames(stream) : next - stream->paced;

	return stream->paced + MIN(frames, most);
}

/* The end of what the guest has written for sure. */
static uint64_t sure_end(struct hda_stream *stream, uint64_t now_ns)
{
	if (is_within(stream, &writing, stream->known_ns, now_ns)) {
		return stream->known_before + stream->buffer_frames;
	}
	if (*hda_sd(stream, HDA_SDSTS) & HDA_SDSTS_BCIS) {
		return stream->known + stream->buffer_frames;
	}
	return UINT64_MAX; /* it has had its time */
}

uint64_t hda_pace_frames(struct hda_stream *stream, uint64_t now_ns)
{
	const uint64_t to_end = hda_buffer_to_interrupt(&stream->buffer);
	const uint64_t next =
		stream->done + (to_end + stream->frame_bytes - 1) / stream->frame_bytes;
	uint64_t end = line_at(stream, next, now_ns) + leap_frames(stream);

	if (!is_guest_told(stream) || elapsed_ns(stream->paced_ns, now_ns) > PATIENCE_NS) {
		return UINT64_MAX;
	}
	if (leap_frames(stream) < stream->period_frames &&
	    is_within(stream, &apart, stream->paced_ns, now_ns)) {
		end = MIN(end, next - 1);
	}
	/* One frame is left: a driver takes a ring that is played to its end for an underrun. */
	end = MIN(end, sure_end(stream, now_ns) - 1);
	return end > stream->done ? end - stream->done : 0;
}

static void pace_from(struct hda_stream *stream, uint64_t end, uint64_t now_ns)
{
	stream->paced = MIN(line_at(stream, end, now_ns), end);
	stream->paced_ns = now_ns;
}

void hda_pace_interrupt(struct hda_stream *stream, uint64_t end, uint64_t now_ns)
{
	uint8_t *status = hda_sd(stream, HDA_SDSTS);

	if (!(*status & HDA_SDSTS_BCIS)) {
		*status |= HDA_SDSTS_BCIS;
		pace_from(stream, end, now_ns);
	}
}

/* What it knows now. Players write whole periods. */
static uint64_t known_now(const struct hda_stream *stream)
{
	const uint64_t frame = stream->position % stream->buffer.bytes / stream->frame_bytes;

	return stream->done - frame % stream->period_frames;
}

void hda_pace_answer(struct hda_stream *stream, uint64_t now_ns)
{
	if (!stream->is_live || *hda_sd(stream, HDA_SDSTS) & HDA_SDSTS_BCIS) {
		return;
	}
	stream->known_before = stream->known;
	stream->known = known_now(stream);
	stream->known_ns = now_ns;
	pace_from(stream, stream->done, now_ns);
	if (stream->is_behind) {
		loop_post(stream->hda->loop, &stream->task);
	}
}

void hda_pace_start(struct hda_stream *stream, uint64_t now_ns)
{
	stream->paced = stream->done + stream->credit;
	stream->paced_ns = now_ns;
	stream->known = known_now(stream);
	stream->known_before = stream->known;
	stream->known_ns = now_ns;
	stream->is_behind = false;
}
