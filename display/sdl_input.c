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
	in->has_tablet = input_has(input, INPUT_TABLET);
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

void sdl_input_focus(struct sdl_input *in, struct sdl_window *w, bool has_focus)
{
	if (has_focus) {
		hold_keyboard(in, w);
		return;
	}
	let_go(in);
	chord_reset(&in->chord);
	input_release_all(in->input);
}

/* --- pointer --- */

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

	if (button == KEY_RESERVED) {
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
