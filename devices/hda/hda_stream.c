/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda_state.h"
#include "vmm/base/clock.h"
#include "vmm/mem/guest_mem.h"

#define SDCTL_TAG	     20u /* the shift */
#define FORMAT_IS_PCM(value) (!((value) >> 15))
#define POSITION_BYTES	     8u /* of a stream in the position buffer */

/* --- formats --------------------------------------------------------------------------------- */

static bool is_codec_rate(uint32_t rate_hz)
{
	static const uint32_t rates[] = { 8000,	 11025, 16000, 22050,  32000, 44100,
					  48000, 88200, 96000, 176400, 192000 };

	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		if (rates[i] == rate_hz) {
			return true;
		}
	}
	return false;
}

bool hda_parse_format(uint16_t value, struct audio_format *out)
{
	/* 20 and 24 bits lie in the upper part of 32. */
	static const enum audio_sample samples[] = { AUDIO_U8, AUDIO_S16, AUDIO_S32, AUDIO_S32,
						     AUDIO_S32 };
	const uint32_t base_hz = value & 1u << 14 ? 44100 : 48000;
	const uint32_t times = (value >> 11 & 7) + 1, parts = (value >> 8 & 7) + 1;
	const unsigned bits = value >> 4 & 7;

	out->channels = (value & 0xf) + 1;
	out->rate_hz = base_hz * times / parts;
	if (!FORMAT_IS_PCM(value) || bits >= ARRAY_SIZE(samples) ||
	    out->channels > HDA_CODEC_CHANNELS || base_hz * times % parts ||
	    !is_codec_rate(out->rate_hz)) {
		return false;
	}
	out->sample = samples[bits];
	audio_format_set_places(out);
	return true;
}

/* --- DMA ------------------------------------------------------------------------------------- */

uint64_t hda_clock_at(const struct hda_clock *clock, uint64_t now_ns, uint64_t limit)
{
	const uint64_t passed_ns = now_ns > clock->at_ns ? now_ns - clock->at_ns : 0;
	const uint64_t passed = passed_ns / NS_PER_SECOND * clock->rate_hz +
				passed_ns % NS_PER_SECOND * clock->rate_hz / NS_PER_SECOND;

	return MIN(clock->frames + passed, limit);
}

/* What was announced is there, and no more. */
static void tell_position(struct hda_stream *stream)
{
	struct hda *hda = stream->hda;
	const uint64_t base = load_le64(hda_register(hda, HDA_DPBASE));
	const le32 position = le32_of((uint32_t)(stream->position % stream->cycle_bytes));

	memcpy(hda_sd(stream, HDA_SDLPIB), &position, sizeof(position));
	if (base & HDA_DPBASE_ENABLE) {
		(void)guest_mem_write(hda->mem,
				      (base & ~UINT64_C(0x7f)) + stream->index * POSITION_BYTES,
				      &position, sizeof(position));
	}
}

static void copy_from_fifo(struct byte_ring *fifo, uint8_t *to, size_t length)
{
	while (length > 0) {
		const uint8_t *bytes;
		const size_t part = MIN(byte_ring_peek(fifo, &bytes), length);

		memcpy(to, bytes, part);
		byte_ring_drop(fifo, part);
		to += part;
		length -= part;
	}
}

/* One run; returns its length, 0 when it is not in memory. `*interrupts`: it ends a piece that
 * does. */
static uint32_t transfer_run(struct hda_stream *stream, uint64_t length, bool *interrupts)
{
	struct guest_mem *mem = stream->hda->mem;
	uint64_t gpa;
	const uint32_t run = hda_buffer_run(&stream->buffer, length, &gpa);
	uint8_t *memory = guest_mem_slice(mem, gpa, run);

	if (!memory) {
		return 0;
	}
	if (stream->is_capture) {
		copy_from_fifo(&stream->fifo, memory, run);
		guest_mem_mark_dirty(mem, gpa, run);
	} else {
		(void)byte_ring_push(&stream->fifo, memory, run);
	}
	*interrupts = hda_buffer_advance(&stream->buffer, run);
	return run;
}

/* The guest's descriptors are no good: DMA ends until it starts it anew. */
static void halt(struct hda_stream *stream)
{
	struct hda *hda = stream->hda;

	log_guest(&hda->log_limit, hda->id, "the buffer of stream %u is not in memory",
		  stream->index);
	*hda_sd(stream, HDA_SDSTS) |= HDA_SDSTS_DESE;
	stream->is_running = false;
	stream->is_live = false;
	loop_post(hda->loop, &stream->task);
}

static void transfer(struct hda_stream *stream, uint64_t frames, uint64_t now_ns)
{
	uint64_t left = frames * stream->frame_bytes;
	bool interrupts;

	while (left > 0) {
		const uint32_t run = transfer_run(stream, left, &interrupts);

		if (run == 0) {
			/* No part of a frame stays behind. */
			stream->fifo.count -= stream->fifo.count % stream->frame_bytes;
			halt(stream);
			return;
		}
		left -= run;
		if (interrupts) {
			/* Of a frame in which a piece ends, all has passed. */
			hda_pace_interrupt(
				stream, stream->done + frames - left / stream->frame_bytes, now_ns);
		}
	}
	stream->position += frames * stream->frame_bytes;
	stream->done += frames;
	tell_position(stream);
}

void hda_stream_move(struct hda_stream *stream, uint64_t now_ns)
{
	uint64_t position, room, frames, most;
	int64_t ahead;

	stream->is_behind = false;
	if (!stream->is_live || stream->hda->is_frozen || !pci_is_bus_master(&stream->hda->pci)) {
		return;
	}
	position = hda_clock_at(&stream->clock, now_ns, stream->passed);
	ahead = (int64_t)(position - stream->done) + stream->lead;
	if (ahead <= 0) {
		return;
	}
	room = stream->is_capture ? stream->fifo.count : byte_ring_room(&stream->fifo);
	frames = MIN((uint64_t)ahead, room / stream->frame_bytes);
	most = hda_pace_frames(stream, now_ns);
	stream->is_behind = frames > most;
	if (MIN(frames, most) > 0) {
		transfer(stream, MIN(frames, most), now_ns);
	}
}

/* --- start and stop -------------------------------------------------------------------------- */

static bool load_buffer(struct hda_stream *stream)
{
	struct hda_buffer *buffer = &stream->buffer;
	const uint32_t cycle_bytes = load_le32(hda_sd(stream, HDA_SDCBL));
	uint64_t frames, period;

	if (hda_buffer_load(buffer, stream->hda->mem, load_le64(hda_sd(stream, HDA_SDBDP)),
			    *hda_sd(stream, HDA_SDLVI) + 1u) < 0 ||
	    buffer->bytes < 2 * (uint64_t)stream->frame_bytes) {
		return false;
	}
	hda_buffer_seek(buffer, stream->position);
	frames = MIN(buffer->bytes / stream->frame_bytes, UINT32_MAX);
	period = hda_buffer_period(buffer) / stream->frame_bytes;
	stream->cycle_bytes = cycle_bytes ? cycle_bytes : (uint32_t)MIN(buffer->bytes, UINT32_MAX);
	stream->buffer_frames = (uint32_t)frames;
	stream->period_frames = (uint32_t)(period > 0 ? MIN(period, frames / 2) : frames / 2);
	return true;
}

static void start(struct hda_stream *stream)
{
	struct hda *hda = stream->hda;
	const uint16_t value = load_le16(hda_sd(stream, HDA_SDFMT));
	struct audio_format format;

	if (!hda_parse_format(value, &format)) {
		log_guest(&hda->log_limit, hda->id, "stream %u has format %#x: not one of ours",
			  stream->index, value);
		return;
	}
	stream->format = format;
	stream->frame_bytes = (uint32_t)audio_frame_bytes(&stream->format);
	if (!load_buffer(stream)) {
		halt(stream);
		return;
	}
	/* DMA moves as soon as the host's side has its clock. */
	stream->is_running = true;
	loop_post(hda->loop, &stream->task);
}

static void stop(struct hda_stream *stream)
{
	hda_stream_move(stream, clock_now_ns());
	stream->is_running = false;
	stream->is_live = false;
	loop_post(stream->hda->loop, &stream->task);
}

void hda_stream_discard(struct hda_stream *stream)
{
	if (stream->is_running) {
		stop(stream);
	} else if (!stream->is_unused) {
		loop_post(stream->hda->loop, &stream->task);
	}
	stream->is_unused = true;
	stream->position = 0;
}

/* The stream's own. */
static void reset(struct hda_stream *stream)
{
	static const unsigned kept[] = { HDA_SDFIFOW, HDA_SDFIFOS };
	uint16_t values[ARRAY_SIZE(kept)];

	if (stream->is_running) {
		stop(stream);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
		values[i] = load_le16(hda_sd(stream, kept[i]));
	}
	memset(hda_sd(stream, 0), 0, HDA_SD_BYTES);
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
		store_le16(hda_sd(stream, kept[i]), values[i]);
	}
	stream->position = 0;
}

void hda_stream_update(struct hda_stream *stream)
{
	struct hda *hda = stream->hda;
	const uint32_t control = load_le32(hda_sd(stream, HDA_SDCTL));
	const bool is_held = load_le32(hda_register(hda, HDA_SSYNC)) >> stream->index & 1;
	const bool is_wanted = control & HDA_SDCTL_RUN && !is_held;
	const bool has_tag = control >> SDCTL_TAG & 0xf;

	if (control & HDA_SDCTL_SRST) {
		reset(stream);
		*hda_sd(stream, HDA_SDCTL) = HDA_SDCTL_SRST;
		return;
	}
	/* A reset takes the tag for a moment; a driver that is done takes it for good. */
	if (has_tag || stream->position > 0) {
		stream->is_unused = !has_tag;
	}
	if (is_wanted && !stream->is_running) {
		start(stream);
	} else if (!is_wanted && stream->is_running) {
		stop(stream);
	} else if (stream->is_unused) {
		loop_post(hda->loop, &stream->task);
	}
}

void hda_stream_init(struct hda_stream *stream, struct hda *hda, unsigned index)
{
	stream->hda = hda;
	stream->index = index;
	stream->is_capture = index < HDA_INPUTS;
	stream->is_unused = true;
	hda_audio_init(stream);
}
