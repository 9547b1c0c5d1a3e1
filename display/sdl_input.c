/* SPDX-License-Identifier: MIT */
#include "display/sdl_input.h"

#include "display/fit.h"
#include "display/input.h"
#include "display/sdl_cursor.h"
#include "display/sdl_keys.h"
#include "display/sdl_library.h"
#include "display/sdl_window.h"
#include "vmm/base/compiler.h"

void sdl_input_open(struct sdl_input *in, struct input *input, const struct chord *chord)
{
	*in = (struct sdl_input){ .input = input, .chord = *chord };
}

bool sdl_input_is_holding(const struct sdl_input *in)
{
	return in->keyboard_of || in->pointer_of;
}

bool sdl_input_draws_cursor(const struct sdl_input *in, const struct sdl_window *w)
{
	return !in->has_tablet || in->over != w;
}

void sdl_input_show_pointer(const struct sdl_input *in)
{
	if (in->over && !in->pointer_of) {
		sdl_cursor_show(in->over->cursor,
				in->has_tablet ? SDL_POINTER_GUEST : SDL_POINTER_HOST);
	}
}

/* --- holding --- */

static void hold_keyboard(struct sdl_input *in, struct sdl_window *w)
{
	if (in->keyboard_of != w) {
		in->keyboard_of = w;
		sdl.SetWindowKeyboardGrab(w->handle, SDL_TRUE);
	}
}

static void hold_pointer(struct sdl_input *in, struct sdl_window *w)
{
	if (!in->has_tablet && input_has(in->input, INPUT_POINTER) &&
	    sdl.SetRelativeMouseMode(SDL_TRUE) == 0) {
		in->pointer_of = w;
	}
}

static void let_go(struct sdl_input *in)
{
	if (in->keyboard_of) {
		sdl.SetWindowKeyboardGrab(in->keyboard_of->handle, SDL_FALSE);
	}
	if (in->pointer_of) {
		(void)sdl.SetRelativeMouseMode(SDL_FALSE);
	}
	in->keyboard_of = in->pointer_of = NULL;
	sdl_input_show_pointer(in);
}

void sdl_input_look_at_devices(struct sdl_input *in)
{
	in->has_tablet = input_has(in->input, INPUT_TABLET);
	in->has_touch = input_has(in->input, INPUT_TOUCH);
	if (in->pointer_of && in->has_tablet) {
		(void)sdl.SetRelativeMouseMode(SDL_FALSE);
		in->pointer_of = NULL;
	}
	sdl_input_show_pointer(in);
}

/* --- keys --- */

enum chord_action sdl_input_key(struct sdl_input *in, struct sdl_window *w,
				const SDL_KeyboardEvent *event)
{
	unsigned key = sdl_key(event->keysym.scancode);
	unsigned letter = chord_letter_key(event->keysym.sym);
	bool down = event->state == SDL_PRESSED;
	enum chord_action action;
	bool is_guests;

	/* The guest makes repeats by itself. */
	if (key == KEY_RESERVED || event->repeat) {
		return CHORD_NONE;
	}
	action = chord_press(&in->chord, key, letter ?: key, down, &is_guests);
	if (is_guests) {
		(void)input_key(in->input, key, down);
	}
	if (action != CHORD_NONE) {
		input_release_all(in->input);
	}
	if (action == CHORD_RELEASE) {
		if (sdl_input_is_holding(in)) {
			let_go(in);
		} else {
			hold_keyboard(in, w);
			hold_pointer(in, w);
		}
	}
	return action;
}

void sdl_input_note_lamps(struct sdl_input *in, unsigned lamps)
{
	atomic_store(&in->lamps, lamps);
	atomic_store(&in->has_lamps, true);
}

/* Presses the lock keys whose lamps differ from the host's. Nothing is known of a guest that has
 * never changed a lamp. */
static void match_locks(struct sdl_input *in)
{
	static const struct {
		unsigned modifier, lamp, key;
	} locks[] = {
		{ KMOD_CAPS, 1u << LED_CAPSL, KEY_CAPSLOCK },
		{ KMOD_NUM, 1u << LED_NUML, KEY_NUMLOCK },
		{ KMOD_SCROLL, 1u << LED_SCROLLL, KEY_SCROLLLOCK },
	};
	const unsigned host = sdl.GetModState();
	const unsigned lamps = atomic_load(&in->lamps);

	for (size_t i = 0; atomic_load(&in->has_lamps) && i < ARRAY_SIZE(locks); i++) {
		if (!(host & locks[i].modifier) != !(lamps & locks[i].lamp)) {
			(void)input_key(in->input, locks[i].key, true);
			(void)input_key(in->input, locks[i].key, false);
		}
	}
}

void sdl_input_focus(struct sdl_input *in, struct sdl_window *w, bool has_focus)
{
	if (has_focus) {
		hold_keyboard(in, w);
		match_locks(in);
		return;
	}
	let_go(in);
	chord_reset(&in->chord);
	input_release_all(in->input);
}

/* --- pointer --- */

/* A mouse that SDL makes of a finger which the guest gets as such. */
static bool is_finger(const struct sdl_input *in, uint32_t mouse)
{
	return in->has_touch && mouse == SDL_TOUCH_MOUSEID;
}

/* Moves the tablet to a place of the window; false: outside of the picture. */
static bool move_to(struct sdl_input *in, const struct sdl_window *w, int32_t x, int32_t y)
{
	uint32_t pixel_x, pixel_y;
	bool is_inside = sdl_window_find_pixel(w, x, y, &pixel_x, &pixel_y);

	(void)input_move_to(in->input, w->scanout, fit_absolute(pixel_x, w->fit.width),
			    fit_absolute(pixel_y, w->fit.height));
	return is_inside;
}

void sdl_input_motion(struct sdl_input *in, struct sdl_window *w, const SDL_MouseMotionEvent *event)
{
	const struct input_event moves[] = {
		{ EV_REL, REL_X, event->xrel },
		{ EV_REL, REL_Y, event->yrel },
	};

	if (is_finger(in, event->which)) {
		return;
	}
	if (in->has_tablet) {
		(void)move_to(in, w, event->x, event->y);
	} else if (in->pointer_of) {
		(void)input_send(in->input, INPUT_POINTER, w->scanout, moves, ARRAY_SIZE(moves));
	}
}

void sdl_input_button(struct sdl_input *in, struct sdl_window *w, const SDL_MouseButtonEvent *event)
{
	unsigned button = sdl_button(event->button);
	bool down = event->state == SDL_PRESSED;
	bool is_inside = true;

	if (button == KEY_RESERVED || is_finger(in, event->which)) {
		return;
	}
	if (down) {
		hold_keyboard(in, w);
	}
	if (in->has_tablet) {
		is_inside = move_to(in, w, event->x, event->y);
	} else if (!in->pointer_of) {
		if (down) {
			hold_pointer(in, w);
		}
		return;
	}
	/* What goes up must, wherever; a press on the bars is none of the guest's. */
	if (is_inside || !down) {
		(void)input_button(in->input, button, down);
	}
}

static int32_t wheel_units(float notches)
{
	return (int32_t)(notches * INPUT_WHEEL_CLICK + (notches < 0 ? -0.5f : 0.5f));
}

void sdl_input_wheel(struct sdl_input *in, const SDL_MouseWheelEvent *event)
{
	if (in->has_tablet || in->pointer_of) {
		(void)input_wheel(in->input, wheel_units(event->preciseY),
				  wheel_units(event->preciseX));
	}
}

/* --- fingers --- */

/* The finger's slot; INPUT_TOUCHES_MAX: it has none. */
static unsigned find_finger(const struct sdl_input *in, SDL_FingerID finger)
{
	unsigned slot = 0;

	while (slot < INPUT_TOUCHES_MAX &&
	       !(in->fingers_down & 1u << slot && in->fingers[slot] == finger)) {
		slot++;
	}
	return slot;
}

static unsigned find_free_slot(const struct sdl_input *in)
{
	unsigned slot = 0;

	while (slot < INPUT_TOUCHES_MAX && in->fingers_down & 1u << slot) {
		slot++;
	}
	return slot;
}

/* As with buttons, what comes down on the bars is none of the guest's. */
void sdl_input_finger(struct sdl_input *in, struct sdl_window *w, const SDL_TouchFingerEvent *event)
{
	unsigned slot = find_finger(in, event->fingerId);
	uint32_t pixel_x, pixel_y;
	int width = 0;
	int height = 0;
	bool is_inside;

	sdl.GetWindowSize(w->handle, &width, &height);
	is_inside = sdl_window_find_pixel(w, (int32_t)(event->x * (float)width),
					  (int32_t)(event->y * (float)height), &pixel_x, &pixel_y);
	if (event->type == SDL_FINGERDOWN && slot == INPUT_TOUCHES_MAX && is_inside &&
	    in->has_touch) {
		slot = find_free_slot(in);
	}
	if (slot == INPUT_TOUCHES_MAX) {
		return;
	}
	in->fingers[slot] = event->fingerId;
	in->fingers_down &= ~(1u << slot);
	in->fingers_down |= (event->type != SDL_FINGERUP ? 1u : 0u) << slot;
	(void)input_touch(in->input, w->scanout, slot, event->type != SDL_FINGERUP,
			  fit_absolute(pixel_x, w->fit.width),
			  fit_absolute(pixel_y, w->fit.height));
}

void sdl_input_cross(struct sdl_input *in, struct sdl_window *w, bool is_over)
{
	if (is_over) {
		in->over = w;
	} else if (in->over == w) {
		in->over = NULL;
	}
	sdl_input_show_pointer(in);
}

void sdl_input_forget(struct sdl_input *in, struct sdl_window *w)
{
	if (in->keyboard_of == w || in->pointer_of == w) {
		let_go(in);
		input_release_all(in->input);
	}
	if (in->over == w) {
		in->over = NULL;
	}
}
