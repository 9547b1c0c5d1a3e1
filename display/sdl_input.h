/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_INPUT_H
#define THUNDERLAKE_DISPLAY_SDL_INPUT_H

#include <SDL_events.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "display/chord.h"
#include "display/input.h"

struct sdl_window;

/*
 * Keys and pointer of the host, as the guest's. A window that has the focus holds the keyboard, so
 * that the host's own shortcuts reach the guest, until the chord lets go of it. The pointer moves
 * freely where the guest has a tablet; where it has only a mouse, a click holds the pointer, too.
 * Fingers are fingers where the guest has a touch screen, else SDL makes a mouse of them. Window's
 * thread, but for what is atomic.
 */
struct sdl_input {
	struct input *input;
	struct chord chord;
	bool has_tablet, has_touch;	/* the guest listens to one */
	struct sdl_window *keyboard_of; /* the window that holds the keyboard; NULL: none */
	struct sdl_window *pointer_of;	/* the one that holds the pointer; NULL: none */
	struct sdl_window *over;	/* the one under the pointer; NULL: none */
	SDL_FingerID fingers[INPUT_TOUCHES_MAX]; /* of the slots in the next */
	unsigned fingers_down;			 /* bits of 1 << slot */
	_Atomic unsigned lamps;			 /* of the guest's keyboard */
	_Atomic bool has_lamps;			 /* the guest was seen to change them */
};

void sdl_input_open(struct sdl_input *in, struct input *input, const struct chord *chord);

/* Whether keyboard or pointer are held, so that the title says how to get them back. */
bool sdl_input_is_holding(const struct sdl_input *in);

/* Whether the guest's cursor is drawn into the window's picture: the host's pointer is elsewhere,
 * or held. */
bool sdl_input_draws_cursor(const struct sdl_input *in, const struct sdl_window *w);

/* Shows the pointer as the window under it says. */
void sdl_input_show_pointer(const struct sdl_input *in);

/* The guest's devices came or went. */
void sdl_input_look_at_devices(struct sdl_input *in);

/* The guest's lamps changed. Any thread. */
void sdl_input_note_lamps(struct sdl_input *in, unsigned lamps);

/* A key; the chord's release is done, the other actions are the caller's. */
enum chord_action sdl_input_key(struct sdl_input *in, struct sdl_window *w,
				const SDL_KeyboardEvent *event);
void sdl_input_motion(struct sdl_input *in, struct sdl_window *w,
		      const SDL_MouseMotionEvent *event);
void sdl_input_button(struct sdl_input *in, struct sdl_window *w,
		      const SDL_MouseButtonEvent *event);
void sdl_input_wheel(struct sdl_input *in, const SDL_MouseWheelEvent *event);
void sdl_input_finger(struct sdl_input *in, struct sdl_window *w,
		      const SDL_TouchFingerEvent *event);

/* The window got or lost the keyboard's focus; the pointer came over it or left. With the focus the
 * guest's locks become those of the host's keyboard, so that its lamps tell the truth. */
void sdl_input_focus(struct sdl_input *in, struct sdl_window *w, bool has_focus);
void sdl_input_cross(struct sdl_input *in, struct sdl_window *w, bool is_over);

/* The window goes away. */
void sdl_input_forget(struct sdl_input *in, struct sdl_window *w);

#endif
