/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/input_stream.c */
#include "devices/virtio/input_stream.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct input_stream stream;

static void set_up(void)
{
	memset(&stream, 0, sizeof(stream));
}

TestSuite(input_stream, .init = set_up, .timeout = 10);

static void put(uint16_t type, uint16_t code, int32_t value)
{
	const struct input_event event = { type, code, value };

	input_stream_put(&stream, &event, 1);
}

/* All that waits, as text: "1:1e=1" is key 0x1e down, "|" ends a report. */
static char *take(void)
{
	static char text[16384];
	struct input_event events[INPUT_STREAM_EVENTS];
	const size_t count = input_stream_peek(&stream, events, INPUT_STREAM_EVENTS);
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		used += (size_t)(events[i].type == EV_SYN
					 ? snprintf(text + used, sizeof(text) - used, "|")
					 : snprintf(text + used, sizeof(text) - used, "%x:%x=%d ",
						    (unsigned)events[i].type,
						    (unsigned)events[i].code, events[i].value));
	}
	input_stream_drop(&stream, count);
	return text;
}

/* 512 movements of two events each fill it to the last place. */
static void fill(void)
{
	for (unsigned i = 0; i < INPUT_STREAM_EVENTS / 2; i++) {
		put(EV_REL, REL_X, 1);
	}
}

Test(input_stream, reports_end_with_syn)
{
	const struct input_event place[] = { { EV_ABS, ABS_X, 5 }, { EV_ABS, ABS_Y, 6 } };

	input_stream_put(&stream, place, 2);
	put(EV_KEY, BTN_LEFT, 1);
	cr_assert(eq(str, take(), "3:0=5 3:1=6 |1:110=1 |"));
	cr_assert(eq(str, take(), ""));
}

Test(input_stream, parts_are_taken_in_order)
{
	struct input_event event;

	for (int32_t i = 1; i < 5000; i++) {
		put(EV_REL, REL_Y, i);
		cr_assert(eq(sz, input_stream_peek(&stream, &event, 1), 1));
		cr_assert(eq(i32, event.value, i));
		input_stream_drop(&stream, 1);
		cr_assert(eq(sz, input_stream_peek(&stream, &event, 1), 1));
		cr_assert(eq(u16, event.type, EV_SYN));
		input_stream_drop(&stream, 1);
	}
}

Test(input_stream, release_survives_a_full_queue)
{
	put(EV_KEY, KEY_A, 1);
	put(EV_KEY, KEY_LEFTSHIFT, 1);
	(void)take();
	fill();
	put(EV_KEY, KEY_A, 0);
	put(EV_KEY, KEY_B, 1);
	put(EV_KEY, KEY_B, 0);
	put(EV_KEY, KEY_C, 1);
	put(EV_REL, REL_WHEEL, 1);
	cr_assert(eq(sz, strlen(take()), 512 * strlen("2:0=1 |")));
	/* What came and went is forgotten, as is the wheel; what is held is told. */
	cr_assert(eq(str, take(), "1:1e=0 1:2e=1 |"));
	cr_assert(eq(str, take(), ""));
}

Test(input_stream, place_survives_a_full_queue)
{
	fill();
	put(EV_ABS, ABS_X, 100);
	put(EV_ABS, ABS_X, 200);
	put(EV_ABS, ABS_Y, 300);
	(void)take();
	cr_assert(eq(str, take(), "3:0=200 3:1=300 |"));
}

Test(input_stream, touches_survive_a_full_queue)
{
	put(EV_ABS, ABS_MT_SLOT, 1);
	put(EV_ABS, ABS_MT_TRACKING_ID, 0);
	(void)take();
	fill();
	put(EV_ABS, ABS_MT_TRACKING_ID, -1);
	put(EV_ABS, ABS_MT_SLOT, 2);
	put(EV_ABS, ABS_MT_TRACKING_ID, 9);
	put(EV_ABS, ABS_MT_POSITION_X, 7);
	put(EV_ABS, ABS_MT_SLOT, 0);
	(void)take();
	cr_assert(eq(str, take(),
		     "3:2f=1 3:39=-1 3:35=0 3:36=0 3:2f=2 3:39=9 3:35=7 3:36=0 3:2f=0 |"));
}

Test(input_stream, slots_out_of_range_are_no_touches)
{
	fill();
	put(EV_ABS, ABS_MT_SLOT, INPUT_TOUCHES_MAX);
	put(EV_ABS, ABS_MT_TRACKING_ID, 1);
	put(EV_ABS, ABS_MT_SLOT, -1);
	put(EV_ABS, ABS_MT_POSITION_X, 1);
	put(EV_ABS, ABS_MT_SLOT, 0);
	(void)take();
	cr_assert(eq(str, take(), ""));
}

/* All keys there are, at once. */
Test(input_stream, everything_at_once_fits)
{
	fill();
	for (uint16_t code = 0; code < KEY_CNT; code++) {
		put(EV_KEY, code, 1);
	}
	(void)take();
	cr_assert(eq(u32, stream.count, KEY_CNT + 1));
}

Test(input_stream, held_keeps_the_state_alone)
{
	put(EV_KEY, KEY_A, 1);
	input_stream_hold(&stream, true);
	put(EV_KEY, KEY_A, 0);
	put(EV_KEY, KEY_B, 1);
	cr_assert(eq(str, take(), "1:1e=1 |"), "what waits goes on waiting");
	cr_assert(eq(str, take(), ""));
	input_stream_hold(&stream, false);
	cr_assert(eq(str, take(), "1:1e=0 1:30=1 |"));
}

Test(input_stream, clear_forgets_what_was_pressed)
{
	put(EV_KEY, KEY_A, 1);
	input_stream_hold(&stream, true);
	input_stream_clear(&stream);
	put(EV_KEY, KEY_B, 1);
	input_stream_hold(&stream, false);
	cr_assert(eq(str, take(), "1:30=1 |"));
}

/* --- what a guest ends up with --- */

struct guest {
	bool keys[KEY_CNT];
	int32_t x;
	int32_t slot;
	int32_t contacts[INPUT_TOUCHES_MAX];
};

static void apply(struct guest *guest, const struct input_event *event)
{
	if (event->type == EV_KEY) {
		guest->keys[event->code] = event->value;
	} else if (event->type == EV_SYN) {
		return;
	} else if (event->code == ABS_X) {
		guest->x = event->value;
	} else if (event->code == ABS_MT_SLOT) {
		guest->slot = event->value;
	} else if (event->code == ABS_MT_TRACKING_ID) {
		guest->contacts[guest->slot] = event->value + 1;
	}
}

static struct input_event make_event(uint32_t random)
{
	static const uint16_t axes[] = { ABS_X, ABS_MT_SLOT, ABS_MT_TRACKING_ID };
	const uint16_t axis = axes[random / 4 % 3];

	if (random % 4) {
		return (struct input_event){ EV_KEY, random / 8 % 100, random / 4 % 2 };
	}
	return (struct input_event){ EV_ABS, axis,
				     (int32_t)(random / 16 % 10) - (axis == axes[2]) };
}

/* Many more events than fit, taken and held at random: in the end the guest knows all that was
 * meant. A slot is meant before its contact, as senders do. */
Test(input_stream, guest_ends_up_right)
{
	static struct guest meant, told;
	struct input_event events[64];
	uint32_t random = 1;
	size_t count;

	for (unsigned i = 0; i < 200000; i++) {
		random = random * 1664525u + 1013904223u;
		const struct input_event event = make_event(random >> 8);

		apply(&meant, &event);
		input_stream_put(&stream, &event, 1);
		if (random >> 28 == 0) {
			input_stream_hold(&stream, random & 0x8000);
		}
		count = input_stream_peek(&stream, events, random >> 24 & 3);
		for (size_t k = 0; k < count; k++) {
			apply(&told, &events[k]);
		}
		input_stream_drop(&stream, count);
	}
	input_stream_hold(&stream, false);
	while ((count = input_stream_peek(&stream, events, 64)) > 0) {
		for (size_t k = 0; k < count; k++) {
			apply(&told, &events[k]);
		}
		input_stream_drop(&stream, count);
	}
	cr_assert(zero(int, memcmp(&meant, &told, sizeof(meant))));
}
