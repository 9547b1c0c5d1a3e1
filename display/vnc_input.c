/* SPDX-License-Identifier: MIT */
#include "display/vnc_input.h"

#include "display/vnc_keys.h"
#include "vmm/base/compiler.h"

static void note_leds(void *arg, unsigned leds)
{
	struct vnc_input *in = arg;

	atomic_store(&in->leds, leds);
	if (in->on_leds) {
		in->on_leds(in->arg);
	}
}

void vnc_input_init(struct vnc_input *in, struct input *input, unsigned scanout,
		    void (*on_leds)(void *arg), void *arg)
{
	*in = (struct vnc_input){
		.input = input, .scanout = scanout, .on_leds = on_leds, .arg = arg
	};
	in->listener = (struct input_listener){ .on_leds = note_leds, .arg = in };
	input_listen(input, &in->listener);
}

/* --- what is held --- */

static bool is_held(const struct vnc_input *in, unsigned code)
{
	return in->held[code / 64] >> code % 64 & 1;
}

static void press(struct vnc_input *in, unsigned code, bool down)
{
	uint64_t bit = UINT64_C(1) << code % 64;

	if (down) {
		in->held[code / 64] |= bit;
	} else {
		in->held[code / 64] &= ~bit;
	}
	if (code >= BTN_MISC && code < KEY_OK) {
		(void)input_button(in->input, code, down);
	} else {
		(void)input_key(in->input, code, down);
	}
}

void vnc_input_finish(struct vnc_input *in)
{
	for (unsigned code = 0; code <= KEY_MAX; code++) {
		if (is_held(in, code)) {
			press(in, code, false);
		}
	}
	input_unlisten(in->input, &in->listener);
}

/* --- keys --- */

/* Puts both shift keys where a character needs them for a moment, and back. */
static void press_with_shift(struct vnc_input *in, unsigned code, bool shift)
{
	bool left = is_held(in, KEY_LEFTSHIFT), right = is_held(in, KEY_RIGHTSHIFT);

	if (shift == (left || right)) {
		press(in, code, true);
		return;
	}
	if (shift) {
		(void)input_key(in->input, KEY_LEFTSHIFT, true);
		press(in, code, true);
		(void)input_key(in->input, KEY_LEFTSHIFT, false);
		return;
	}
	(void)(left && input_key(in->input, KEY_LEFTSHIFT, false));
	(void)(right && input_key(in->input, KEY_RIGHTSHIFT, false));
	press(in, code, true);
	(void)(left && input_key(in->input, KEY_LEFTSHIFT, true));
	(void)(right && input_key(in->input, KEY_RIGHTSHIFT, true));
}

void vnc_input_keysym(struct vnc_input *in, uint32_t keysym, bool down)
{
	struct vnc_key key;

	if (!vnc_key_from_keysym(keysym, &key)) {
		return;
	}
	if (!down || !key.is_character || is_held(in, key.code)) {
		press(in, key.code, down);
		return;
	}
	if (key.is_letter && atomic_load(&in->leds) & 1u << LED_CAPSL) {
		key.shift = !key.shift;
	}
	press_with_shift(in, key.code, key.shift);
}

void vnc_input_scancode(struct vnc_input *in, uint32_t scancode, bool down)
{
	uint16_t code = vnc_key_from_scancode(scancode);

	if (code) {
		press(in, code, down);
	}
}

/* --- pointer --- */

/* The middle of a pixel, so that no rounding of the guest's misses it. */
static int32_t place_on_axis(uint32_t pixel, uint32_t size)
{
	return (int32_t)(((uint64_t)pixel * 2 + 1) * INPUT_ABS_MAX / ((uint64_t)size * 2));
}

/* A guest without a tablet is moved by as much. */
static void move_relatively(struct vnc_input *in, uint32_t x, uint32_t y)
{
	const struct input_event events[] = {
		{ .type = EV_REL, .code = REL_X, .value = (int32_t)x - (int32_t)in->x },
		{ .type = EV_REL, .code = REL_Y, .value = (int32_t)y - (int32_t)in->y },
	};

	if (in->has_place) {
		(void)input_send(in->input, INPUT_POINTER, in->scanout, events, ARRAY_SIZE(events));
	}
}

static void move(struct vnc_input *in, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	x = MIN(x, width - 1);
	y = MIN(y, height - 1);
	if (in->has_place && in->x == x && in->y == y) {
		return;
	}
	if (input_has(in->input, INPUT_TABLET)) {
		(void)input_move_to(in->input, in->scanout, place_on_axis(x, width),
				    place_on_axis(y, height));
	} else {
		move_relatively(in, x, y);
	}
	in->has_place = true;
	in->x = x;
	in->y = y;
}

/* Each press of a wheel's button is one notch. */
static void turn_wheel(struct vnc_input *in, unsigned pressed)
{
	const int32_t click = INPUT_WHEEL_CLICK;
	int32_t vertical = (pressed & 1u << 3 ? click : 0) - (pressed & 1u << 4 ? click : 0);
	int32_t horizontal = (pressed & 1u << 6 ? click : 0) - (pressed & 1u << 5 ? click : 0);

	if (vertical || horizontal) {
		(void)input_wheel(in->input, vertical, horizontal);
	}
}

void vnc_input_pointer(struct vnc_input *in, unsigned mask, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height)
{
	static const struct {
		unsigned bit, code;
	} buttons[] = { { 0, BTN_LEFT }, { 1, BTN_MIDDLE }, { 2, BTN_RIGHT }, { 7, BTN_SIDE } };

	if (width == 0 || height == 0) {
		return;
	}
	move(in, x, y, width, height);
	for (size_t i = 0; i < ARRAY_SIZE(buttons); i++) {
		unsigned bit = 1u << buttons[i].bit;

		if ((mask ^ in->mask) & bit) {
			press(in, buttons[i].code, mask & bit);
		}
	}
	turn_wheel(in, mask & ~in->mask);
	in->mask = mask;
}
