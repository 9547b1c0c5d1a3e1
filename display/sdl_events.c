/* SPDX-License-Identifier: MIT */
#include "display/sdl_backend.h"
#include "display/sdl_library.h"
#include "vmm/base/compiler.h"

static void keep_screen_on(struct sdl_backend *b)
{
	bool is_full = false;

	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		is_full |= b->windows[i].handle && sdl_window_is_full_screen(&b->windows[i]);
	}
	if (is_full) {
		sdl.DisableScreenSaver();
	} else {
		sdl.EnableScreenSaver();
	}
}

/* The first window is the machine; the others are monitors, which can be unplugged. */
static void on_close(struct sdl_backend *b, struct sdl_window *w)
{
	struct display_mode mode;

	if (w->scanout == 0) {
		b->env.on_close(b->env.on_close_arg);
		return;
	}
	mode = display_mode(b->env.display, w->scanout);
	mode.is_connected = false;
	(void)display_request_mode(b->env.display, w->scanout, &mode);
	sdl_close_window(b, w);
}

static void on_focus(struct sdl_backend *b, struct sdl_window *w, bool has_focus)
{
	sdl_input_focus(&b->input, w, has_focus);
	sdl_set_titles(b);
	/* What is copied elsewhere is none of the guest's before its window has the focus. */
	sdl_clipboard_focus(&b->clipboard, has_focus);
}

static void on_window_event(struct sdl_backend *b, struct sdl_window *w, unsigned event)
{
	switch (event) {
	case SDL_WINDOWEVENT_CLOSE:
		on_close(b, w);
		return;
	case SDL_WINDOWEVENT_FOCUS_GAINED:
	case SDL_WINDOWEVENT_FOCUS_LOST:
		on_focus(b, w, event == SDL_WINDOWEVENT_FOCUS_GAINED);
		break;
	case SDL_WINDOWEVENT_ENTER:
	case SDL_WINDOWEVENT_LEAVE:
		sdl_input_cross(&b->input, w, event == SDL_WINDOWEVENT_ENTER);
		break;
	case SDL_WINDOWEVENT_SIZE_CHANGED:
		keep_screen_on(b);
		break;
	default:
		break;
	}
	sdl_window_on_event(w, event);
}

static void on_key(struct sdl_backend *b, struct sdl_window *w, const SDL_KeyboardEvent *event)
{
	switch (sdl_input_key(&b->input, w, event)) {
	case CHORD_RELEASE:
		sdl_set_titles(b);
		break;
	case CHORD_FULL_SCREEN:
		sdl_window_toggle_full_screen(w);
		break;
	case CHORD_ACTUAL_SIZE:
		sdl_window_fit_picture(w);
		break;
	case CHORD_NONE:
		break;
	}
}

/* Those that belong to a window have its number at one place. */
_Static_assert(offsetof(SDL_Event, window.windowID) == offsetof(SDL_Event, key.windowID) &&
		       offsetof(SDL_Event, window.windowID) ==
			       offsetof(SDL_Event, motion.windowID) &&
		       offsetof(SDL_Event, window.windowID) ==
			       offsetof(SDL_Event, button.windowID) &&
		       offsetof(SDL_Event, window.windowID) == offsetof(SDL_Event, wheel.windowID),
	       "one place");

/* Fingers alone have it elsewhere. */
static uint32_t window_of(const SDL_Event *event)
{
	const bool is_finger = event->type == SDL_FINGERDOWN || event->type == SDL_FINGERUP ||
			       event->type == SDL_FINGERMOTION;

	return is_finger ? event->tfinger.windowID : event->window.windowID;
}

bool sdl_on_event(struct sdl_backend *b, const SDL_Event *event)
{
	struct sdl_window *w = sdl_find_window(b, window_of(event));

	if (event->type == SDL_CLIPBOARDUPDATE && sdl.GetKeyboardFocus()) {
		sdl_clipboard_give(&b->clipboard);
	}
	/* Signals and closed windows send none here, only Wayland's end does. */
	if (event->type == SDL_QUIT) {
		return false;
	}
	if (!w) {
		return true;
	}
	switch (event->type) {
	case SDL_WINDOWEVENT:
		on_window_event(b, w, event->window.event);
		break;
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		on_key(b, w, &event->key);
		break;
	case SDL_MOUSEMOTION:
		sdl_input_motion(&b->input, w, &event->motion);
		break;
	case SDL_MOUSEBUTTONDOWN:
	case SDL_MOUSEBUTTONUP:
		sdl_input_button(&b->input, w, &event->button);
		sdl_set_titles(b);
		break;
	case SDL_MOUSEWHEEL:
		sdl_input_wheel(&b->input, &event->wheel);
		break;
	case SDL_FINGERDOWN:
	case SDL_FINGERUP:
	case SDL_FINGERMOTION:
		sdl_input_finger(&b->input, w, &event->tfinger);
		break;
	default:
		break;
	}
	return true;
}
