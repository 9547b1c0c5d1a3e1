/* SPDX-License-Identifier: MIT */
#include "devices/virtio/input_stream.h"

#include <string.h>

#include "vmm/base/compiler.h"

/* One report that changes all there is fits: keys, place, four events for each touch, the slot. */
_Static_assert(KEY_CNT + 2 + 4 * INPUT_TOUCHES_MAX + 2 <= INPUT_STREAM_EVENTS, "room for all");

static void append(struct input_stream *stream, uint16_t type, uint16_t code, int32_t value)
{
	const unsigned place = (stream->first + stream->count) % INPUT_STREAM_EVENTS;

	stream->events[place] = (struct input_event){ type, code, value };
	stream->count++;
}

/* --- pictures -------------------------------------------------------------------------------- */

static void note_axis(struct input_picture *picture, uint16_t code, int32_t value)
{
	const bool has_slot = picture->slot >= 0 && picture->slot < (int32_t)INPUT_TOUCHES_MAX;

	switch (code) {
	case ABS_X:
		picture->x = value;
		break;
	case ABS_Y:
		picture->y = value;
		break;
	case ABS_MT_SLOT:
		picture->slot = value;
		break;
	case ABS_MT_TRACKING_ID:
		if (has_slot) {
			picture->touches[picture->slot].contact = (uint32_t)value + 1;
		}
		break;
	case ABS_MT_POSITION_X:
		if (has_slot) {
			picture->touches[picture->slot].x = value;
		}
		break;
	case ABS_MT_POSITION_Y:
		if (has_slot) {
			picture->touches[picture->slot].y = value;
		}
		break;
	default:
		break;
	}
}

static void note(struct input_picture *picture, const struct input_event *event)
{
	if (event->type == EV_KEY && event->code < KEY_CNT) {
		const uint8_t bit = (uint8_t)(1u << (event->code % 8));

		picture->keys[event->code / 8] &= (uint8_t)~bit;
		picture->keys[event->code / 8] |= event->value ? bit : 0;
	} else if (event->type == EV_ABS) {
		note_axis(picture, event->code, event->value);
	}
}

/* --- catching up ----------------------------------------------------------------------------- */

static void append_keys(struct input_stream *stream)
{
	for (unsigned code = 0; code < KEY_CNT; code++) {
		const unsigned bit = 1u << (code % 8);
		const unsigned is_meant = stream->meant.keys[code / 8] & bit;

		if (is_meant != (stream->told.keys[code / 8] & bit)) {
			append(stream, EV_KEY, (uint16_t)code, is_meant != 0);
		}
	}
}

static void append_touches(struct input_stream *stream)
{
	int32_t slot = stream->told.slot;

	for (unsigned i = 0; i < INPUT_TOUCHES_MAX; i++) {
		if (memcmp(&stream->meant.touches[i], &stream->told.touches[i],
			   sizeof(stream->told.touches[i])) != 0) {
			slot = (int32_t)i;
			append(stream, EV_ABS, ABS_MT_SLOT, slot);
			append(stream, EV_ABS, ABS_MT_TRACKING_ID,
			       (int32_t)(stream->meant.touches[i].contact - 1));
			append(stream, EV_ABS, ABS_MT_POSITION_X, stream->meant.touches[i].x);
			append(stream, EV_ABS, ABS_MT_POSITION_Y, stream->meant.touches[i].y);
		}
	}
	if (slot != stream->meant.slot) {
		append(stream, EV_ABS, ABS_MT_SLOT, stream->meant.slot);
	}
}

static void catch_up(struct input_stream *stream)
{
	if (!stream->is_behind || stream->is_held || stream->count > 0) {
		return;
	}
	stream->is_behind = false;
	if (stream->meant.x != stream->told.x) {
		append(stream, EV_ABS, ABS_X, stream->meant.x);
	}
	if (stream->meant.y != stream->told.y) {
		append(stream, EV_ABS, ABS_Y, stream->meant.y);
	}
	append_touches(stream);
	append_keys(stream);
	if (stream->count > 0) {
		append(stream, EV_SYN, SYN_REPORT, 0);
	}
	stream->told = stream->meant;
}

/* --- */

void input_stream_put(struct input_stream *stream, const struct input_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		note(&stream->meant, &events[i]);
	}
	if (stream->is_held || count >= INPUT_STREAM_EVENTS - stream->count) {
		stream->is_behind = true;
	}
	if (stream->is_behind) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		note(&stream->told, &events[i]);
		append(stream, events[i].type, events[i].code, events[i].value);
	}
	append(stream, EV_SYN, SYN_REPORT, 0);
}

size_t input_stream_peek(const struct input_stream *stream, struct input_event *out, size_t max)
{
	const size_t count = MIN(max, stream->count);

	for (size_t i = 0; i < count; i++) {
		out[i] = stream->events[(stream->first + i) % INPUT_STREAM_EVENTS];
	}
	return count;
}

void input_stream_drop(struct input_stream *stream, size_t count)
{
	const unsigned dropped = (unsigned)MIN(count, stream->count);

	stream->first = (stream->first + dropped) % INPUT_STREAM_EVENTS;
	stream->count -= dropped;
	catch_up(stream);
}

void input_stream_hold(struct input_stream *stream, bool held)
{
	stream->is_held = held;
	catch_up(stream);
}

void input_stream_clear(struct input_stream *stream)
{
	*stream = (struct input_stream){ .is_held = stream->is_held };
}
