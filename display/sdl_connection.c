/* SPDX-License-Identifier: MIT */
#include "display/sdl_connection.h"

#include <SDL_syswm.h>
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/log.h"

#define LOG_TAG "display:sdl"

/* Xlib and libwayland-client are SDL's to load; here they are borrowed. Their headers and Xlib's
 * macros stay in this file, and with them the one function of SDL that needs them. NULL: missing.
 */
static void *find(const char *library, const char *function)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);

	return handle ? dlsym(handle, function) : NULL;
}

#define FIND_SDL(name)	   ((__typeof__(name) *)find("libSDL2-2.0.so.0", #name))
#define FIND_X11(name)	   ((__typeof__(name) *)find("libX11.so.6", #name))
#define FIND_WAYLAND(name) ((__typeof__(name) *)find("libwayland-client.so.0", #name))

/* --- is there a server? --- */

static bool can_reach_x11(void)
{
	__typeof__(XOpenDisplay) *open_display = FIND_X11(XOpenDisplay);
	__typeof__(XCloseDisplay) *close_display = FIND_X11(XCloseDisplay);
	Display *display = open_display && close_display ? open_display(NULL) : NULL;

	if (!display) {
		return false;
	}
	(void)close_display(display);
	return true;
}

struct wl_display *wl_display_connect(const char *name);
void wl_display_disconnect(struct wl_display *display);
int wl_display_get_fd(struct wl_display *display);
int wl_display_flush(struct wl_display *display);
int wl_display_prepare_read(struct wl_display *display);
void wl_display_cancel_read(struct wl_display *display);

static bool can_reach_wayland(void)
{
	__typeof__(wl_display_connect) *connect = FIND_WAYLAND(wl_display_connect);
	__typeof__(wl_display_disconnect) *disconnect = FIND_WAYLAND(wl_display_disconnect);
	struct wl_display *display = connect && disconnect ? connect(NULL) : NULL;

	if (!display) {
		return false;
	}
	disconnect(display);
	return true;
}

/* Without this a start on a server host would load libraries for nothing. */
static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

bool sdl_connection_is_possible(void)
{
	const char *driver = getenv("SDL_VIDEODRIVER");

	/* Somebody wants a driver that needs no server. */
	if (driver && *driver && !strstr(driver, "x11") && !strstr(driver, "wayland")) {
		return true;
	}
	return (is_set("WAYLAND_DISPLAY") && can_reach_wayland()) ||
	       (is_set("DISPLAY") && can_reach_x11());
}

/* --- the server's death --- */

static struct {
	void (*on_lost)(void *arg);
	void *arg;
} guard;

static int on_x11_lost(Display *display)
{
	(void)display;
	guard.on_lost(guard.arg);
	return 0;
}

/* Xlib's own handler would end the process. */
static int on_x11_error(Display *display, XErrorEvent *event)
{
	(void)display;
	log_debug(LOG_TAG, "X11 error %u of request %u.%u", event->error_code, event->request_code,
		  event->minor_code);
	return 0;
}

void sdl_connection_guard(void (*on_lost)(void *arg), void *arg)
{
	__typeof__(XSetIOErrorHandler) *set_lost = FIND_X11(XSetIOErrorHandler);
	__typeof__(XSetErrorHandler) *set_error = FIND_X11(XSetErrorHandler);

	guard.on_lost = on_lost;
	guard.arg = arg;
	if (set_lost && set_error) {
		(void)set_lost(on_x11_lost);
		(void)set_error(on_x11_error);
	}
}

/* --- sleeping --- */

static struct {
	__typeof__(XConnectionNumber) *number;
	__typeof__(XPending) *pending;
	__typeof__(wl_display_get_fd) *get_fd;
	__typeof__(wl_display_flush) *flush;
	__typeof__(wl_display_prepare_read) *prepare_read;
	__typeof__(wl_display_cancel_read) *cancel_read;
} calls;

static void open_x11(struct sdl_connection *c, Display *display)
{
	calls.number = FIND_X11(XConnectionNumber);
	calls.pending = FIND_X11(XPending);
	if (calls.number && calls.pending) {
		c->x11 = display;
		c->fd = calls.number(display);
	}
}

static void open_wayland(struct sdl_connection *c, struct wl_display *display)
{
	calls.get_fd = FIND_WAYLAND(wl_display_get_fd);
	calls.flush = FIND_WAYLAND(wl_display_flush);
	calls.prepare_read = FIND_WAYLAND(wl_display_prepare_read);
	calls.cancel_read = FIND_WAYLAND(wl_display_cancel_read);
	if (calls.get_fd && calls.flush && calls.prepare_read && calls.cancel_read) {
		c->wayland = display;
		c->fd = calls.get_fd(display);
	}
}

void sdl_connection_open(struct sdl_connection *c, struct SDL_Window *window)
{
	__typeof__(SDL_GetWindowWMInfo) *get_info = FIND_SDL(SDL_GetWindowWMInfo);
	SDL_SysWMinfo info;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	SDL_VERSION(&info.version);
	if (!get_info || !get_info(window, &info)) {
		return;
	}
	if (info.subsystem == SDL_SYSWM_X11) {
		open_x11(c, info.info.x11.display);
	} else if (info.subsystem == SDL_SYSWM_WAYLAND) {
		open_wayland(c, info.info.wl.display);
	}
}

bool sdl_connection_is_quiet(struct sdl_connection *c)
{
	if (c->x11) {
		return calls.pending(c->x11) == 0;
	}
	if (c->wayland) {
		(void)calls.flush(c->wayland);
		if (calls.prepare_read(c->wayland) != 0) {
			return false;
		}
		calls.cancel_read(c->wayland);
	}
	return true;
}

bool sdl_connection_is_lost(const struct sdl_connection *c, short events)
{
	return c->fd >= 0 && (events & (POLLHUP | POLLERR | POLLNVAL));
}
