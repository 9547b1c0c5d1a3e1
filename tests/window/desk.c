/* SPDX-License-Identifier: MIT */
#include "tests/window/desk.h"

#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define STEP_MS 5

/* The libraries of the display server keep memory until the end of the process; those that OpenGL
 * loads are gone by then, and nobody can tell what was theirs. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
int __lsan_is_turned_off(void);

bool desk_has_opengl;

const char *__lsan_default_suppressions(void)
{
	return "leak:libSDL2\nleak:libX11\nleak:libXcursor\nleak:libdbus\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

int __lsan_is_turned_off(void)
{
	return desk_has_opengl;
}

/* --- programs --- */

static pid_t start(const char *const *command, int inherited)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) {
			_exit(126);
		}
		for (int fd = 3; fd < 64; fd++) {
			if (fd != inherited) {
				(void)close(fd);
			}
		}
		(void)execvp(command[0], (char *const *)(uintptr_t)command);
		_exit(127);
	}
	return pid;
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		(void)kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

static void need_program(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/usr/bin/%s", name);
	if (access(path, X_OK) != 0) {
		cr_skip_test("%s is not installed", name);
	}
}

/* The server chooses its number and tells it by a pipe. */
static void start_server(struct desk *desk)
{
	char screen[32], fd[8], number[16] = "", name[24];
	const char *command[] = { "Xvfb", "-displayfd", fd,	     "-screen", "0", screen,
				  "-dpi", "96",		"-nolisten", "tcp",	NULL };
	int ends[2];
	size_t length = 0;

	cr_assert_eq(pipe(ends), 0);
	(void)snprintf(screen, sizeof(screen), "%dx%dx24", DESK_WIDTH, DESK_HEIGHT);
	(void)snprintf(fd, sizeof(fd), "%d", ends[1]);
	desk->server = start(command, ends[1]);
	(void)close(ends[1]);
	while (length < sizeof(number) - 1 && !strchr(number, '\n')) {
		ssize_t got = read(ends[0], number + length, sizeof(number) - 1 - length);

		cr_assert_gt(got, 0, "Xvfb does not start");
		length += (size_t)got;
	}
	(void)close(ends[0]);
	number[strcspn(number, "\n")] = '\0';
	(void)snprintf(name, sizeof(name), ":%s", number);
	(void)setenv("DISPLAY", name, 1);
}

static int ignore_error(Display *display UNUSED, XErrorEvent *event UNUSED)
{
	return 0;
}

/* A new one misses windows for a moment: it has to take one that is shown again and again. */
static bool has_manager(void *arg)
{
	struct desk *desk = arg;
	Window probe = XCreateSimpleWindow(desk->display, DefaultRootWindow(desk->display), 0, 0,
					   50, 50, 0, 0, 0);
	Window root, parent = None, *children = NULL;
	unsigned count;

	(void)XMapWindow(desk->display, probe);
	(void)XSync(desk->display, False);
	desk_sleep_ms(50);
	(void)XQueryTree(desk->display, probe, &root, &parent, &children, &count);
	if (children) {
		(void)XFree(children);
	}
	(void)XDestroyWindow(desk->display, probe);
	(void)XSync(desk->display, False);
	return parent != None && parent != root;
}

void desk_start(struct desk *desk)
{
	static const char *const manager[] = { "openbox", "--sm-disable", NULL };

	memset(desk, 0, sizeof(*desk));
	need_program("Xvfb");
	need_program("openbox");
	(void)unsetenv("SDL_VIDEODRIVER");
	(void)unsetenv("WAYLAND_DISPLAY");
	start_server(desk);
	desk->display = XOpenDisplay(NULL);
	cr_assert_not_null(desk->display);
	(void)XSetErrorHandler(ignore_error);
	desk->manager = start(manager, -1);
	desk_wait("a window manager", has_manager, desk);
}

void desk_end(struct desk *desk)
{
	if (desk->display) {
		(void)XCloseDisplay(desk->display);
	}
	end(&desk->manager);
	end(&desk->server);
}

void desk_kill_server(struct desk *desk)
{
	int fd = ConnectionNumber(desk->display);

	/* Left as it is, with its memory: Xlib would end the process. */
	desk->display = NULL;
	(void)close(fd);
	end(&desk->server);
}

void desk_sleep_ms(unsigned ms)
{
	const struct timespec step = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&step, NULL);
}

void desk_wait(const char *what, bool (*is_so)(void *arg), void *arg)
{
	uint64_t limit_ns = clock_now_ns() + DESK_LIMIT_S * UINT64_C(1000000000);

	while (!is_so(arg)) {
		cr_assert_lt(clock_now_ns(), limit_ns, "waited in vain for %s", what);
		desk_sleep_ms(STEP_MS);
	}
}

/* --- looking --- */

static bool is_visible(struct desk *desk, Window window)
{
	XWindowAttributes attributes;

	return XGetWindowAttributes(desk->display, window, &attributes) &&
	       attributes.map_state == IsViewable;
}

bool desk_has_title(struct desk *desk, Window window, const char *title)
{
	Atom name = XInternAtom(desk->display, "_NET_WM_NAME", False);
	unsigned long count = 0, rest;
	unsigned char *data = NULL;
	bool is_same = false;
	int format;
	Atom type;

	(void)XGetWindowProperty(desk->display, window, name, 0, 256, False, AnyPropertyType, &type,
				 &format, &count, &rest, &data);
	if (data) {
		is_same = strncmp((const char *)data, title, strlen(title)) == 0;
		(void)XFree(data);
	}
	return is_same;
}

static Window find_below(struct desk *desk, Window parent, const char *title)
{
	Window root, above, *children = NULL;
	Window found = None;
	unsigned count = 0;

	if (desk_has_title(desk, parent, title) && is_visible(desk, parent)) {
		return parent;
	}
	if (!XQueryTree(desk->display, parent, &root, &above, &children, &count)) {
		return None;
	}
	for (unsigned i = 0; i < count && found == None; i++) {
		found = find_below(desk, children[i], title);
	}
	if (children) {
		(void)XFree(children);
	}
	return found;
}

bool desk_is_shown(struct desk *desk, const char *title)
{
	return find_below(desk, DefaultRootWindow(desk->display), title) != None;
}

struct search {
	struct desk *desk;
	const char *title;
};

static bool is_found(void *arg)
{
	const struct search *search = arg;

	return desk_is_shown(search->desk, search->title);
}

Window desk_find(struct desk *desk, const char *title)
{
	struct search search = { desk, title };

	desk_wait(title, is_found, &search);
	return find_below(desk, DefaultRootWindow(desk->display), title);
}

void desk_size_of(struct desk *desk, Window window, unsigned *width, unsigned *height)
{
	XWindowAttributes attributes = { 0 };

	(void)XGetWindowAttributes(desk->display, window, &attributes);
	*width = (unsigned)attributes.width;
	*height = (unsigned)attributes.height;
}

void desk_see(struct desk *desk, Window window, unsigned width, unsigned height, uint32_t *pixels)
{
	XImage *image = XGetImage(desk->display, window, 0, 0, width, height, AllPlanes, ZPixmap);

	memset(pixels, 0, sizeof(*pixels) * width * height);
	if (!image) {
		return;
	}
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			pixels[y * width + x] =
				0xff000000u | (uint32_t)XGetPixel(image, (int)x, (int)y);
		}
	}
	(void)XDestroyImage(image);
}

/* --- acting --- */

void desk_resize(struct desk *desk, Window window, unsigned width, unsigned height)
{
	(void)XResizeWindow(desk->display, window, width, height);
	(void)XSync(desk->display, False);
}

void desk_minimise(struct desk *desk, Window window)
{
	(void)XIconifyWindow(desk->display, window, DefaultScreen(desk->display));
	(void)XSync(desk->display, False);
}

static void tell_manager(struct desk *desk, Window window, const char *message, long first)
{
	XEvent event = { .xclient = { .type = ClientMessage,
				      .window = window,
				      .message_type = XInternAtom(desk->display, message, False),
				      .format = 32,
				      .data.l = { first } } };

	(void)XSendEvent(desk->display, DefaultRootWindow(desk->display), False,
			 SubstructureRedirectMask | SubstructureNotifyMask, &event);
	(void)XSync(desk->display, False);
}

void desk_restore(struct desk *desk, Window window)
{
	(void)XMapWindow(desk->display, window);
	tell_manager(desk, window, "_NET_ACTIVE_WINDOW", 2);
}

struct focus {
	struct desk *desk;
	Window window;
};

static bool is_focused(void *arg)
{
	const struct focus *focus = arg;
	Window focused;
	int revert;

	(void)XGetInputFocus(focus->desk->display, &focused, &revert);
	return focused == focus->window;
}

void desk_focus(struct desk *desk, Window window)
{
	struct focus focus = { desk, window };

	tell_manager(desk, window, "_NET_ACTIVE_WINDOW", 2);
	desk_wait("the focus", is_focused, &focus);
}

void desk_close(struct desk *desk, Window window)
{
	tell_manager(desk, window, "_NET_CLOSE_WINDOW", 0);
}

void desk_move(struct desk *desk, Window window, int x, int y)
{
	int root_x = 0, root_y = 0;
	Window child;

	(void)XTranslateCoordinates(desk->display, window, DefaultRootWindow(desk->display), x, y,
				    &root_x, &root_y, &child);
	(void)XTestFakeMotionEvent(desk->display, -1, root_x, root_y, CurrentTime);
	(void)XSync(desk->display, False);
}

void desk_press(struct desk *desk, unsigned button, bool down)
{
	(void)XTestFakeButtonEvent(desk->display, button, down, CurrentTime);
	(void)XSync(desk->display, False);
}

void desk_click(struct desk *desk, Window window, int x, int y)
{
	desk_move(desk, window, x, y);
	desk_press(desk, Button1, true);
	desk_press(desk, Button1, false);
}

void desk_key(struct desk *desk, KeySym key, bool down)
{
	(void)XTestFakeKeyEvent(desk->display, XKeysymToKeycode(desk->display, key), down,
				CurrentTime);
	(void)XSync(desk->display, False);
}

void desk_chord(struct desk *desk, const KeySym *keys, unsigned count)
{
	/* SDL takes a key that comes again within 2 ms for a repeat. */
	desk_sleep_ms(5);
	for (unsigned i = 0; i < count; i++) {
		desk_key(desk, keys[i], true);
	}
	for (unsigned i = count; i-- > 0;) {
		desk_key(desk, keys[i], false);
	}
}
