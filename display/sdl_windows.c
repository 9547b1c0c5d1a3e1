/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "display/sdl_backend.h"
#include "display/sdl_library.h"
#include "vmm/base/log.h"

#define LOG_TAG	  "display:sdl"
#define TITLE_MAX 256

struct sdl_window *sdl_find_window(struct sdl_backend *b, uint32_t id)
{
	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		if (b->windows[i].handle && b->windows[i].id == id) {
			return &b->windows[i];
		}
	}
	return NULL;
}

/* --- title --- */

static void set_title(struct sdl_backend *b, struct sdl_window *w, const char *state)
{
	char keys[CHORD_NAME_MAX];
	char monitor[24] = "";
	char title[TITLE_MAX];

	if (w->scanout > 0) {
		(void)snprintf(monitor, sizeof(monitor), " — monitor %u", w->scanout + 1);
	}
	chord_name(&b->chord, keys);
	(void)snprintf(title, sizeof(title), "%s%s%s%s%s%s%s", b->env.machine_name, monitor,
		       *state ? " — " : "", state,
		       sdl_input_is_holding(&b->input) ? " — press " : "",
		       sdl_input_is_holding(&b->input) ? keys : "",
		       sdl_input_is_holding(&b->input) ? " to release" : "");
	sdl.SetWindowTitle(w->handle, title);
}

void sdl_set_titles(struct sdl_backend *b)
{
	char state[SDL_STATE_MAX];

	mutex_lock(&b->lock);
	memcpy(state, b->state, sizeof(state));
	mutex_unlock(&b->lock);
	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		if (b->windows[i].handle) {
			set_title(b, &b->windows[i], state);
		}
	}
}

/* --- windows --- */

int sdl_open_window(struct sdl_backend *b, unsigned scanout, struct error *err)
{
	struct sdl_window *w = &b->windows[scanout];
	int code = sdl_window_open(w, &b->shared, scanout, err);

	if (code < 0) {
		return code;
	}
	sdl_set_titles(b);
	if (b->is_full_screen) {
		sdl_window_toggle_full_screen(w);
	}
	sdl.ShowWindow(w->handle);
	return 0;
}

void sdl_close_window(struct sdl_backend *b, struct sdl_window *w)
{
	sdl_input_forget(&b->input, w);
	sdl_window_close(w);
}

/* A guest uses a monitor that was connected since: it gets its window. */
static void open_more(struct sdl_backend *b, unsigned scanout)
{
	struct error why = { "" };
	uint32_t width, height;

	display_picture_size(b->env.display, scanout, &width, &height);
	if (width == 0 || !display_mode(b->env.display, scanout).is_connected) {
		return;
	}
	if (sdl_open_window(b, scanout, &why) < 0) {
		log_error(LOG_TAG, "no window for monitor %u: %s", scanout + 1, why.text);
	}
}

void sdl_draw_windows(struct sdl_backend *b, unsigned wakes)
{
	for (unsigned i = 0; i < display_scanout_count(b->env.display); i++) {
		struct sdl_window *w = &b->windows[i];
		bool with_cursor = sdl_input_draws_cursor(&b->input, w);
		bool is_woken = wakes & (SDL_WAKE_SCANOUT << i);

		if (!w->handle && is_woken) {
			open_more(b, i);
		}
		if (w->handle &&
		    (is_woken || w->is_lost || w->is_exposed || w->with_cursor != with_cursor)) {
			sdl_window_draw(w, with_cursor);
		}
		if (w->is_cursor_new) {
			w->is_cursor_new = false;
			sdl_input_show_pointer(&b->input);
		}
	}
}
