/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "display/sdl_backend.h"
#include "display/sdl_library.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define LOG_TAG		"display:sdl"
#define NS_PER_MS	UINT64_C(1000000)
#define RESTLESS_NS	(250 * NS_PER_MS) /* SDL tells of a lost focus after 200 ms */
#define TICK_MS		10		  /* for drivers whose events cannot be waited for */
#define ASK_NS		(10 * NS_PER_MS)  /* how long SDL may have to wait with what it puts off */
#define SCREEN_SAVER_MS 20000		  /* how often SDL has to put it off */
#define DRIVERS		"wayland,x11"

/* --- wakes --- */

void sdl_wake(struct sdl_backend *b, unsigned wakes)
{
	if (atomic_fetch_or(&b->wakes, wakes) & SDL_WAKE_ASLEEP) {
		(void)eventfd_write(b->wake_fd, 1);
	}
}

static void wake_scanout(void *arg, unsigned scanout)
{
	sdl_wake(arg, SDL_WAKE_SCANOUT << scanout);
}

static void wake_devices(void *arg)
{
	sdl_wake(arg, SDL_WAKE_DEVICES);
}

static void note_lamps(void *arg, unsigned lamps)
{
	struct sdl_backend *b = arg;

	sdl_input_note_lamps(&b->input, lamps);
}

static void wake_clipboard(void *arg)
{
	sdl_wake(arg, SDL_WAKE_CLIPBOARD);
}

/* --- beginning and end --- */

static void tell_start(struct sdl_backend *b, int code)
{
	mutex_lock(&b->lock);
	if (!b->has_started) {
		b->has_started = true;
		b->start_code = code;
		b->start_error = NULL;
		condition_wake_all(&b->started);
	}
	mutex_unlock(&b->lock);
}

static int attach(struct sdl_backend *b)
{
	int code;

	b->viewer = (struct display_viewer){
		.name = "sdl", .wake = wake_scanout, .arg = b, .sets_pace = true
	};
	code = display_add_viewer(b->env.display, &b->viewer);
	if (code < 0) {
		return error_set_errno(b->start_error, code, "the machine's pictures");
	}
	sdl_input_open(&b->input, b->env.input, &b->chord);
	b->listener = (struct input_listener){ .on_leds = note_lamps,
					       .on_kinds = wake_devices,
					       .arg = b };
	input_listen(b->env.input, &b->listener);
	sdl_input_look_at_devices(&b->input);
	sdl_clipboard_open(&b->clipboard, b->env.clipboard, wake_clipboard, b);
	b->is_attached = true;
	return 0;
}

void sdl_detach(struct sdl_backend *b)
{
	if (!b->is_attached) {
		return;
	}
	b->is_attached = false;
	input_release_all(b->env.input);
	sdl_clipboard_close(&b->clipboard);
	input_unlisten(b->env.input, &b->listener);
	display_remove_viewer(b->env.display, &b->viewer);
}

/* The display server has gone, maybe in the middle of a call: there is no way back into SDL, and
 * this function does not return. `arg` is the back end. */
static _Noreturn void lose_server(void *arg)
{
	struct sdl_backend *b = arg;

	/* A thread of a library of SDL's: only this one may speak. */
	if (!pthread_equal(pthread_self(), b->thread)) {
		pthread_exit(NULL);
	}
	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		sdl_window_abandon(&b->windows[i]);
	}
	sdl_detach(b);
	if (!b->start_error) {
		log_error(LOG_TAG,
			  "lost the display server: the window is gone, the machine goes on");
	}
	error_set(b->start_error, 0, "lost the display server");
	tell_start(b, -EIO);
	pthread_exit(NULL);
}

static int start_sdl(struct sdl_backend *b)
{
	static const char *const hints[][2] = {
		/* Signals are the main thread's. */
		{ SDL_HINT_NO_SIGNAL_HANDLERS, "1" },
		{ SDL_HINT_QUIT_ON_LAST_WINDOW_CLOSE, "0" },
		{ SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1" },
		{ SDL_HINT_VIDEO_MINIMIZE_ON_FOCUS_LOSS, "0" },
		/* Memory shared with the server, not OpenGL drawing on the processor. */
		{ SDL_HINT_FRAMEBUFFER_ACCELERATION, "0" },
		/* The click that brings the window to the front is a click in the guest. */
		{ SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1" },
		/* Compositors are needed by other windows. */
		{ SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0" },
		{ SDL_HINT_APP_NAME, "Thunderlake" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		(void)sdl.SetHint(hints[i][0], hints[i][1]);
	}
	/* Not what else SDL knows: a window on a bare console is for those who ask for it by
	 * SDL_VIDEODRIVER, which weighs more than a default. */
	(void)sdl.SetHintWithPriority(SDL_HINT_VIDEODRIVER, DRIVERS, SDL_HINT_DEFAULT);
	if (sdl.InitSubSystem(SDL_INIT_VIDEO) != 0) {
		return error_set(b->start_error, -EIO, "SDL does not start: %s", sdl.GetError());
	}
	sdl_connection_guard(lose_server, b);
	/* Keys are places on the board; nothing is composed. */
	sdl.StopTextInput();
	return 0;
}

static int begin(struct sdl_backend *b)
{
	int code = start_sdl(b);

	code = code ?: attach(b);
	for (unsigned i = 0; code == 0 && i < b->window_count; i++) {
		code = sdl_open_window(b, i, b->start_error);
	}
	if (code == 0) {
		sdl_connection_open(&b->connection, b->windows[0].handle);
	}
	return code;
}

static void end(struct sdl_backend *b)
{
	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		sdl_window_close(&b->windows[i]);
	}
	sdl_detach(b);
	sdl.Quit();
}

/* --- the loop --- */

/* SDL asks the server by several system calls, too many for each picture. Of X we know without them
 * that it is silent: to look for what waits in memory reads the socket, too. */
static bool may_have_events(const struct sdl_backend *b, uint64_t now_ns)
{
	return b->has_news || !b->connection.x11 || now_ns - b->asked_ns >= ASK_NS;
}

static void take_events(struct sdl_backend *b)
{
	uint64_t now_ns = clock_now_ns();
	SDL_Event event;

	if (!may_have_events(b, now_ns)) {
		return;
	}
	b->asked_ns = now_ns;
	sdl.PumpEvents();
	while (!b->is_ending &&
	       sdl.PeepEvents(&event, 1, SDL_GETEVENT, SDL_FIRSTEVENT, SDL_LASTEVENT) > 0) {
		if (!sdl_on_event(b, &event)) {
			lose_server(b);
		}
	}
}

static unsigned take_wakes(struct sdl_backend *b)
{
	unsigned wakes = atomic_exchange(&b->wakes, 0);

	if (wakes & SDL_WAKE_END) {
		b->is_ending = true;
	}
	if (wakes & SDL_WAKE_DEVICES) {
		sdl_input_look_at_devices(&b->input);
	}
	if (wakes & (SDL_WAKE_TITLE | SDL_WAKE_DEVICES)) {
		sdl_set_titles(b);
	}
	if (wakes & SDL_WAKE_CLIPBOARD) {
		sdl_clipboard_take(&b->clipboard);
	}
	return wakes;
}

/* Does what time has come for; returns how long to sleep at most, in ms, or -1. */
static int keep_time(struct sdl_backend *b)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t next_ns = b->restless_until_ns;
	int limit_ms = b->connection.fd >= 0 ? -1 : TICK_MS;

	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		struct sdl_window *w = &b->windows[i];
		uint64_t settle_ns;

		if (!w->handle) {
			continue;
		}
		settle_ns = sdl_window_settle(w, now_ns);
		if (settle_ns && (next_ns == 0 || settle_ns < next_ns)) {
			next_ns = settle_ns;
		}
		if (limit_ms < 0 && sdl_window_is_full_screen(w)) {
			limit_ms = SCREEN_SAVER_MS;
		}
	}
	if (next_ns) {
		int until_ms = next_ns > now_ns
				       ? (int)((next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS)
				       : 0;

		limit_ms = limit_ms < 0 ? until_ms : MIN(limit_ms, until_ms);
	}
	return limit_ms;
}

/* Notes whether the server has sent something. */
static bool has_work(struct sdl_backend *b)
{
	b->has_news = sdl.HasEvents(SDL_FIRSTEVENT, SDL_LASTEVENT) ||
		      !sdl_connection_is_quiet(&b->connection);
	return b->is_ending || b->has_news;
}

/* Until somebody has something to say. True: nobody had. */
static bool sleep_until(struct sdl_backend *b, int limit_ms)
{
	struct pollfd polled[] = {
		{ .fd = b->wake_fd, .events = POLLIN },
		{ .fd = b->connection.fd, .events = POLLIN },
	};
	unsigned none = 0;
	eventfd_t unused;
	bool is_quiet;

	/* Whoever comes later sees it, and writes. */
	if (!atomic_compare_exchange_strong(&b->wakes, &none, SDL_WAKE_ASLEEP)) {
		return false;
	}
	is_quiet = poll(polled, ARRAY_SIZE(polled), limit_ms) == 0;
	b->has_news = is_quiet || polled[1].revents;
	if (sdl_connection_is_lost(&b->connection, polled[1].revents)) {
		lose_server(b);
	}
	if (polled[0].revents) {
		(void)eventfd_read(b->wake_fd, &unused);
	}
	return is_quiet;
}

/* Any call into SDL may have met an event of the server's whose meaning SDL puts off: it is asked
 * once more when nothing has happened for a while. */
static void plan_next_look(struct sdl_backend *b, bool is_quiet)
{
	uint64_t now_ns = clock_now_ns();

	if (!is_quiet) {
		b->restless_until_ns = now_ns + RESTLESS_NS;
	} else if (now_ns >= b->restless_until_ns) {
		b->restless_until_ns = 0;
	}
}

void *sdl_thread_run(void *arg)
{
	struct sdl_backend *b = arg;
	int code = begin(b);
	int limit_ms;

	tell_start(b, code);
	if (code == 0) {
		while (!b->is_ending) {
			take_events(b);
			sdl_draw_windows(b, take_wakes(b));
			limit_ms = keep_time(b);
			plan_next_look(b, !has_work(b) && sleep_until(b, limit_ms));
		}
	}
	end(b);
	return NULL;
}
