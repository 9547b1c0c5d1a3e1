/* SPDX-License-Identifier: MIT */
/* LINK: display/ tests/window/desk.c tests/window/stage.c */
/* LIBS: x11 xtst xfixes */
#include <X11/Xatom.h>
#include <X11/extensions/Xfixes.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/backend.h"
#include "display/sdl.h"
#include "display/surface.h"
#include "tests/window/stage.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

TestSuite(backend, .timeout = 120);

static struct stage stage;
static Window window;

static void start(unsigned scanouts, const char *text)
{
	stage_start(&stage, scanouts, text);
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	stage_expect_picture(&stage, window, 1);
}

/* --- title and close button --- */

static bool has_title(void *arg)
{
	return desk_has_title(&stage.desk, window, arg);
}

static bool was_closed_twice(void *arg UNUSED)
{
	return stage.close_count == 2;
}

Test(backend, title_tells_name_and_state)
{
	char with_state[] = STAGE_NAME " — paused — press Ctrl+Shift+F5 to release";

	start(1, "sdl,release-keys=shift+ctrl+f5");
	desk_focus(&stage.desk, window);
	stage.backend->type->set_state(stage.backend, "paused");
	/* Modifiers are told in one order, however they were given. */
	desk_wait("the title", has_title, with_state);
	stage_end(&stage);
}

/* Width, height and that many pixels of 32 bits, which Xlib tells as longs. */
Test(backend, window_has_an_icon)
{
	unsigned long count = 0, rest = 0, visible = 0;
	unsigned char *data = NULL;
	const unsigned long *icon;
	Atom type;
	int format;

	start(1, "sdl");
	(void)XGetWindowProperty(stage.desk.display, window,
				 XInternAtom(stage.desk.display, "_NET_WM_ICON", False), 0, 1 << 20,
				 False, XA_CARDINAL, &type, &format, &count, &rest, &data);
	cr_assert(gt(ulong, count, 2));
	icon = (const unsigned long *)(const void *)data;
	cr_assert(ge(ulong, icon[0], 32));
	cr_assert(eq(ulong, count, 2 + icon[0] * icon[1]));
	for (unsigned long i = 2; i < count; i++) {
		visible += (icon[i] >> 24 & 0xff) == 0xff; /* Xlib extends the sign */
	}
	cr_assert(gt(ulong, visible, count / 4));
	(void)XFree(data);
	stage_end(&stage);
}

Test(backend, close_button_is_handed_on)
{
	start(1, "sdl");
	desk_close(&stage.desk, window);
	desk_sleep_ms(100);
	desk_close(&stage.desk, window);
	desk_wait("two closes", was_closed_twice, NULL);
	stage_expect_picture(&stage, window, 1);
	stage_end(&stage);
}

/* --- the guest's cursor --- */

static bool has_guests_cursor(void *arg UNUSED)
{
	XFixesCursorImage *image = XFixesGetCursorImage(stage.desk.display);
	bool is_so = image && image->xhot == 3 && image->yhot == 5 && image->width >= 16;

	/* An opaque red, a green through which one sees half: colours times alpha. */
	is_so = is_so && (image->pixels[0] & 0xffffffff) == 0xffff0000 &&
		(image->pixels[1] & 0xffffffff) == 0x80008000;
	if (image) {
		(void)XFree(image);
	}
	return is_so;
}

static struct cursor *make_cursor(void)
{
	struct cursor *cursor = cursor_create(16, 16, 3, 5);

	for (unsigned i = 0; i < 256; i++) {
		cursor->pixels[i] = 0xffffff00;
	}
	cursor->pixels[0] = 0xffff0000;
	cursor->pixels[1] = 0x8000ff00;
	return cursor;
}

Test(backend, host_draws_the_guests_cursor)
{
	struct cursor *cursor = make_cursor();

	start(1, "sdl");
	desk_move(&stage.desk, window, 500, 300);
	display_set_cursor(stage.display, 0, cursor);
	desk_wait("the cursor", has_guests_cursor, NULL);
	/* None of it in the picture. */
	stage_expect_picture(&stage, window, 1);
	cursor_put(cursor);
	stage_end(&stage);
}

static bool is_cursor_in_picture(void *arg UNUSED)
{
	static uint32_t seen[1280 * 800];

	desk_see(&stage.desk, window, 1280, 800, seen);
	return seen[(100 - 5) * 1280 + 200 - 3] == 0xffff0000 &&
	       seen[(100 - 5) * 1280 + 200 + 4] == 0xffffff00;
}

static bool is_cursor_gone(void *arg UNUSED)
{
	return !is_cursor_in_picture(NULL);
}

Test(backend, cursor_is_in_the_picture_when_the_pointer_is_elsewhere)
{
	struct cursor *cursor = make_cursor();

	start(1, "sdl");
	desk_move(&stage.desk, DefaultRootWindow(stage.desk.display), 5, 5);
	display_set_cursor(stage.display, 0, cursor);
	display_move_cursor(stage.display, 0, 200, 100);
	desk_wait("the cursor", is_cursor_in_picture, NULL);
	display_move_cursor(stage.display, 0, 400, 100);
	desk_wait("its move", is_cursor_gone, NULL);
	desk_move(&stage.desk, window, 500, 300);
	stage_expect_picture(&stage, window, 1);
	cursor_put(cursor);
	stage_end(&stage);
}

/* --- monitors --- */

static bool is_second_gone(void *arg UNUSED)
{
	return !desk_is_shown(&stage.desk, STAGE_NAME " — monitor 2");
}

static bool is_second_unplugged(void *arg UNUSED)
{
	return !display_mode(stage.display, 1).is_connected;
}

Test(backend, second_monitor_has_a_window_that_can_be_closed)
{
	const struct display_mode mode = { true, 640, 480, 60000, 0, 0 };
	Window second;

	start(2, "sdl");
	cr_assert(is_second_gone(NULL));
	cr_assert(eq(int, display_request_mode(stage.display, 1, &mode), 0));
	stage_show(&stage, 1, 640, 480, 3);
	second = desk_find(&stage.desk, STAGE_NAME " — monitor 2");
	stage_expect_picture(&stage, second, 1);
	desk_close(&stage.desk, second);
	desk_wait("the window to go", is_second_gone, NULL);
	desk_wait("the monitor to go", is_second_unplugged, NULL);
	cr_assert(eq(uint, stage.close_count, 0));
	stage_end(&stage);
}

Test(backend, two_windows_open_at_once)
{
	stage_start(&stage, 2, "sdl,windows=2");
	(void)desk_find(&stage.desk, STAGE_NAME " — monitor 2");
	cr_assert(display_mode(stage.display, 1).is_connected);
	stage_end(&stage);
}

/* --- the display server's end --- */

static char logged[256];
static _Atomic unsigned log_count;

static void keep_log(enum log_level level, const char *tag UNUSED, const char *text)
{
	if (level == LOG_LEVEL_ERROR) {
		(void)snprintf(logged, sizeof(logged), "%s", text);
		log_count++;
	}
}

static bool has_told(void *arg UNUSED)
{
	return log_count == 1;
}

Test(backend, machine_outlives_an_idle_display_server)
{
	const struct rect part = { 0, 0, 10, 10 };

	start(1, "sdl");
	log_set_sink(keep_log);
	desk_kill_server(&stage.desk);
	desk_wait("a line in the log", has_told, NULL);
	cr_assert_not_null(strstr(logged, "lost the display server"));
	/* Nobody looks any more. */
	stage_change(&stage, &part, 2);
	cr_assert(not(display_flush(stage.display, 0, &part, 1, NULL)));
	stage_end(&stage);
	cr_assert(eq(uint, log_count, 1));
}

static void on_taken(struct display_flush *flush UNUSED)
{
}

/* Killed in the middle of drawing: SDL and Xlib find out in one of their calls. */
Test(backend, machine_outlives_a_busy_display_server)
{
	const struct rect all = { 0, 0, 1280, 800 };
	static struct display_flush flush = { .on_taken = on_taken };

	start(1, "sdl");
	log_set_sink(keep_log);
	for (unsigned i = 0; i < 2000 && log_count == 0; i++) {
		if (i == 50) {
			desk_kill_server(&stage.desk);
		}
		if (display_flush(stage.display, 0, &all, 1, &flush)) {
			(void)display_cancel_flush(stage.display, &flush);
		}
		desk_sleep_ms(i < 50 ? 1 : 5);
	}
	desk_wait("a line in the log", has_told, NULL);
	stage_end(&stage);
}

/* --- what cannot be --- */

static int create(const char *text, struct error *err)
{
	struct display_backend_env env = { .machine_name = STAGE_NAME };
	struct display_backend *backend = NULL;
	int code;

	cr_assert(eq(int, display_create(1, &env.display), 0));
	cr_assert(eq(int, input_create(&env.input), 0));
	code = display_backend_create(text, &env, &backend, err);
	display_backend_destroy(backend);
	input_destroy(env.input);
	display_destroy(env.display);
	return code;
}

Test(backend, is_refused_without_a_display_server)
{
	struct error err = { "" };

	(void)unsetenv("DISPLAY");
	(void)unsetenv("WAYLAND_DISPLAY");
	(void)unsetenv("SDL_VIDEODRIVER");
	cr_assert(not(display_sdl_type.is_available()));
	cr_assert(eq(int, create("sdl", &err), -ENOTCONN));
	cr_assert_not_null(strstr(err.text, "no display server"));
	(void)setenv("DISPLAY", ":98765", 1);
	cr_assert(not(display_sdl_type.is_available()));
	cr_assert(eq(int, create("sdl", &err), -ENOTCONN));
}

Test(backend, odd_options_are_refused)
{
	struct error err = { "" };

	(void)setenv("SDL_VIDEODRIVER", "dummy", 1);
	cr_assert(eq(int, create("sdl,windows=2", &err), -EINVAL));
	cr_assert_not_null(strstr(err.text, "the machine has 1 monitor"));
	cr_assert(eq(int, create("sdl,release-keys=g", &err), -EINVAL));
	cr_assert(eq(int, create("sdl,fit=round", &err), -EINVAL));
	cr_assert(eq(int, create("sdl", &err), 0));
	(void)setenv("SDL_VIDEODRIVER", "nonsense", 1);
	cr_assert(eq(int, create("sdl", &err), -EIO));
}
