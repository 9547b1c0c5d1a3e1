/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc_input.c display/vnc_keys.c display/input.c display/input_sinks.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c */
/* Keys and pointer of a VNC viewer who sends anything: what went down comes up again. */
#include <stdlib.h>
#include <string.h>

#include "display/keymap.h"
#include "display/vnc_input.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define MESSAGE 9u /* kind, two numbers */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t is_down[KEY_CNT];
static unsigned down;

static void on_report(void *arg UNUSED, const struct input_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct input_event *event = &events[i];

		if (event->type == EV_ABS && (event->value < 0 || event->value > INPUT_ABS_MAX)) {
			abort();
		}
		if (event->type == EV_KEY) {
			if (event->code >= KEY_CNT || is_down[event->code] == event->value) {
				abort();
			}
			is_down[event->code] = (uint8_t)event->value;
			down += event->value ? 1 : -1u;
		}
	}
}

static void send(struct vnc_input *in, const uint8_t *message)
{
	uint32_t first = load_le32(message + 1), second = load_le32(message + 5);

	switch (message[0] % 5) {
	case 0:
		vnc_input_keysym(in, first, second & 1);
		break;
	case 1: /* characters are rare among all keysyms */
		vnc_input_keysym(in, first & 0xff, second & 1);
		break;
	case 2:
		vnc_input_keysym(in, 0xfe00 | (first & 0x1ff), second & 1);
		break;
	case 3:
		vnc_input_scancode(in, first, second & 1);
		break;
	default:
		vnc_input_pointer(in, first, second & 0xffff, second >> 16, first >> 8 & 0xfff,
				  first >> 20);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keymap *keymap;
	struct input_sink keyboard = { .kind = INPUT_KEYBOARD, .on_report = on_report };
	struct input_sink tablet = { .kind = INPUT_TABLET, .on_report = on_report };
	struct input *input;
	struct vnc_input in;

	if ((!keymap && keymap_create("us", &keymap, NULL) < 0) || input_create(&input) < 0) {
		abort();
	}
	input_add_sink(input, &keyboard);
	input_add_sink(input, &tablet);
	input_set_ready(input, &keyboard, true);
	input_set_ready(input, &tablet, true);
	vnc_input_init(&in, input, keymap, 0, NULL, NULL);
	for (size_t i = 0; i + MESSAGE <= size; i += MESSAGE) {
		send(&in, data + i);
	}
	vnc_input_finish(&in);
	if (down != 0) {
		abort();
	}
	input_remove_sink(input, &keyboard);
	input_remove_sink(input, &tablet);
	input_destroy(input);
	return 0;
}
