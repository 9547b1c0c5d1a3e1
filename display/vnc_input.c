/* SPDX-License-Identifier: MIT */
#include "display/vnc_input.h"

#include <assert.h>

#include "display/keymap.h"
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

void vnc_input_init(struct vnc_input *in, struct input *input, const struct keymap *keymap,
		    unsigned scanout, void (*on_leds)(void *arg), void *arg)
{
	*in = (struct vnc_input){
		.input = input, .keymap = keymap, .scanout = scanout, .on_leds = on_leds, .arg = arg
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

/* Keysyms that matter by themselves. */
#define KEYSYM_SPACE	    0x20u
#define KEYSYM_LATIN1_END   0x100u
#define KEYSYM_FUNCTIONS    0xfe00u /* from here on no characters, up to Unicode's */
#define KEYSYM_LEVEL3_SHIFT 0xfe03u
#define KEYSYM_UNICODE	    0x01000000u
#define KEYSYM_UNICODE_END  0x01110000u

/* Whether modifiers make another one of it. The space bar is the same with all. */
static bool is_character(uint32_t keysym)
{
	return (keysym > KEYSYM_SPACE && keysym < KEYSYM_FUNCTIONS) ||
	       (keysym >= KEYSYM_UNICODE && keysym < KEYSYM_UNICODE_END);
}

/* Letters of Latin-1: Caps Lock turns their shift round. */
static bool is_letter(uint32_t keysym)
{
	uint32_t lower = keysym | 0x20;

	return keysym < KEYSYM_LATIN1_END && keysym != 0xd7 && keysym != 0xf7 &&
	       ((lower >= 'a' && lower <= 'z') || lower >= 0xe0);
}

static bool is_shift(unsigned code)
{
	return code == KEY_LEFTSHIFT || code == KEY_RIGHTSHIFT;
}

/* Modifier keys that are put another way for the time of one key. */
struct detour {
	struct {
		uint16_t code;
		bool down;
	} steps[KEYMAP_KEYS_MAX + 3];
	size_t count;
};

static void step(struct vnc_input *in, struct detour *detour, unsigned code, bool down)
{
	assert(detour->count < ARRAY_SIZE(detour->steps));
	detour->steps[detour->count].code = (uint16_t)code;
	detour->steps[detour->count++].down = down;
	(void)input_key(in->input, code, down);
}

static void step_back(struct vnc_input *in, const struct detour *detour)
{
	for (size_t i = detour->count; i-- > 0;) {
		(void)input_key(in->input, detour->steps[i].code, !detour->steps[i].down);
	}
}

static bool needs(const struct keymap_stroke *stroke, unsigned code)
{
	for (unsigned i = 0; i + 1 < stroke->count; i++) {
		if (stroke->keys[i] == code || (is_shift(stroke->keys[i]) && is_shift(code))) {
			return true;
		}
	}
	return false;
}

static void let_go(struct vnc_input *in, struct detour *detour, const struct keymap_stroke *stroke,
		   unsigned code)
{
	if (is_held(in, code) && !needs(stroke, code)) {
		step(in, detour, code, false);
	}
}

/* Brings the modifiers to where the stroke needs them. */
static void set_out(struct vnc_input *in, struct detour *detour, const struct keymap_stroke *stroke)
{
	let_go(in, detour, stroke, KEY_LEFTSHIFT);
	let_go(in, detour, stroke, KEY_RIGHTSHIFT);
	if (in->holds_level3) {
		let_go(in, detour, stroke, KEY_RIGHTALT);
	}
	for (unsigned i = 0; i + 1 < stroke->count; i++) {
		unsigned code = stroke->keys[i];
		bool is_down = is_shift(code)
				       ? is_held(in, KEY_LEFTSHIFT) || is_held(in, KEY_RIGHTSHIFT)
				       : is_held(in, code);

		if (!is_down) {
			step(in, detour, code, true);
		}
	}
}

static unsigned key_of(const struct keymap_stroke *stroke)
{
	return stroke->keys[stroke->count - 1];
}

/* Turns the need for shift round. */
static void turn_shift(struct keymap_stroke *stroke)
{
	unsigned count = 0;

	if (!needs(stroke, KEY_LEFTSHIFT)) {
		if (stroke->count < KEYMAP_KEYS_MAX) {
			stroke->keys[stroke->count] = stroke->keys[stroke->count - 1];
			stroke->keys[stroke->count++ - 1] = KEY_LEFTSHIFT;
		}
		return;
	}
	for (unsigned i = 0; i < stroke->count; i++) {
		if (!is_shift(stroke->keys[i])) {
			stroke->keys[count++] = stroke->keys[i];
		}
	}
	stroke->count = (uint8_t)count;
}

static void press_character(struct vnc_input *in, const struct keymap_stroke *stroke)
{
	struct detour detour = { .count = 0 };

	set_out(in, &detour, stroke);
	press(in, key_of(stroke), true);
	step_back(in, &detour);
}

/* The keys of a character; a dead key before them is struck at once. False: it has none. */
static bool find_stroke(struct vnc_input *in, uint32_t keysym, bool down, struct keymap_stroke *out)
{
	struct keymap_stroke strokes[KEYMAP_STROKES_MAX];
	uint32_t character = keysym >= KEYSYM_UNICODE ? keysym - KEYSYM_UNICODE : keysym;

	if (keymap_find_keysym(in->keymap, keysym, out)) {
		return true;
	}
	if (!is_character(keysym) || (keysym >= KEYSYM_LATIN1_END && keysym < KEYSYM_UNICODE) ||
	    keymap_find_character(in->keymap, character, strokes) != 2) {
		return false;
	}
	if (down) {
		press_character(in, &strokes[0]);
		press(in, key_of(&strokes[0]), false);
	}
	*out = strokes[1];
	return true;
}

void vnc_input_keysym(struct vnc_input *in, uint32_t keysym, bool down)
{
	struct keymap_stroke stroke;

	if (!find_stroke(in, keysym, down, &stroke)) {
		return;
	}
	if (keysym == KEYSYM_LEVEL3_SHIFT) {
		in->holds_level3 = down;
	}
	if (!down || !is_character(keysym) || is_held(in, key_of(&stroke))) {
		press(in, key_of(&stroke), down);
		return;
	}
	if (is_letter(keysym) && atomic_load(&in->leds) & 1u << LED_CAPSL) {
		turn_shift(&stroke);
	}
	press_character(in, &stroke);
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
