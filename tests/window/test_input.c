/* SPDX-License-Identifier: MIT */
/* LINK: display/ tests/window/desk.c tests/window/stage.c */
/* LIBS: x11 xtst */
#include <SDL_events.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "display/surface.h"
#include "tests/window/stage.h"
#include "vmm/base/compiler.h"

TestSuite(input, .timeout = 120);

static struct stage stage;
static Window window;

static bool is_holding(void *arg UNUSED)
{
	return desk_has_title(&stage.desk, window, STAGE_NAME " — press Ctrl+Alt+G to release");
}

static bool is_free(void *arg UNUSED)
{
	return desk_has_title(&stage.desk, window, STAGE_NAME) && !is_holding(NULL);
}

static void expect_held_keyboard(void)
{
	desk_focus(&stage.desk, window);
	desk_wait("the keyboard to be held", is_holding, NULL);
}

/* New windows get the focus a little later; until then the manager may keep a click to itself. */
static void start(const char *text)
{
	stage_start(&stage, 1, text);
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	expect_held_keyboard();
}

/* --- pointer --- */

/* The pixel that a guest makes of an absolute place. */
static uint32_t guests_pixel(int32_t value, uint32_t side)
{
	return (uint32_t)((uint64_t)value * side / (INPUT_ABS_MAX + 1));
}

static bool is_button_up(void *arg UNUSED)
{
	return stage_last(&stage, EV_KEY, BTN_LEFT) == 0;
}

static void expect_click(int x, int y, uint32_t pixel_x, uint32_t pixel_y)
{
	stage_forget(&stage);
	desk_click(&stage.desk, window, x, y);
	desk_wait("a click", is_button_up, NULL);
	cr_assert(eq(u32, guests_pixel(stage_last(&stage, EV_ABS, ABS_X), stage.width), pixel_x));
	cr_assert(eq(u32, guests_pixel(stage_last(&stage, EV_ABS, ABS_Y), stage.height), pixel_y));
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, BTN_LEFT, 1), 1));
}

/* A window, a picture in it, and what lies where. */
struct clicks {
	char text[32];
	uint32_t window_width, window_height, width, height;
	uint32_t left, top, factor; /* of the picture in the window */
};

ParameterizedTestParameters(input, click_hits_the_pixel)
{
	static struct clicks all[] = {
		{ "sdl", 1280, 800, 1280, 800, 0, 0, 1 },
		{ "sdl", 1000, 700, 800, 600, 100, 50, 1 },
		{ "sdl,fit=pixel", 1500, 1000, 333, 211, 84, 78, 4 },
		{ "sdl,fit=scale", 1280, 1000, 640, 400, 0, 100, 2 },
		{ "sdl,scale=2", 1282, 802, 641, 401, 0, 0, 2 },
	};

	return cr_make_param_array(struct clicks, all, ARRAY_SIZE(all));
}

ParameterizedTest(struct clicks *c, input, click_hits_the_pixel)
{
	start(c->text);
	desk_resize(&stage.desk, window, c->window_width, c->window_height);
	stage_show(&stage, 0, c->width, c->height, 1);
	stage_expect_picture(&stage, window, c->factor);
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t x = i == 0 ? 0 : (c->width - 1) * i / 39;
		uint32_t y = (c->height - 1) * (39 - i) / 39;

		/* The first and the last of the screen's pixels that show it. */
		expect_click((int)(c->left + x * c->factor), (int)(c->top + y * c->factor), x, y);
		expect_click((int)(c->left + (x + 1) * c->factor - 1),
			     (int)(c->top + (y + 1) * c->factor - 1), x, y);
	}
	stage_end(&stage);
}

Test(input, click_beside_the_picture_is_none)
{
	start("sdl");
	desk_resize(&stage.desk, window, 1000, 700);
	stage_show(&stage, 0, 800, 600, 1);
	stage_expect_picture(&stage, window, 1);
	stage_forget(&stage);
	desk_click(&stage.desk, window, 50, 30);
	desk_click(&stage.desk, window, 500, 300);
	stage_expect(&stage, EV_KEY, BTN_LEFT, 0);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, BTN_LEFT, 1), 1));
	stage_end(&stage);
}

Test(input, wheel_turns)
{
	start("sdl");
	desk_move(&stage.desk, window, 600, 400);
	desk_press(&stage.desk, Button4, true);
	desk_press(&stage.desk, Button4, false);
	stage_expect(&stage, EV_REL, REL_WHEEL_HI_RES, 120);
	desk_press(&stage.desk, Button5, true);
	desk_press(&stage.desk, Button5, false);
	stage_expect(&stage, EV_REL, REL_WHEEL, -1);
	stage_end(&stage);
}

Test(input, mouse_is_held_from_a_click_to_the_chord)
{
	const KeySym release[] = { XK_Control_L, XK_Alt_L, XK_g };

	start("sdl");
	stage_set_ready(&stage, INPUT_TABLET, false);
	stage_set_ready(&stage, INPUT_POINTER, true);
	/* The window hears of devices a little later. */
	desk_sleep_ms(200);
	desk_move(&stage.desk, window, 600, 400);
	cr_assert(eq(i32, stage_last(&stage, EV_REL, REL_X), -1));
	desk_press(&stage.desk, Button1, true);
	desk_press(&stage.desk, Button1, false);
	desk_sleep_ms(300);
	/* That one was the window's. */
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, BTN_LEFT, 1), 0));
	(void)XTestFakeRelativeMotionEvent(stage.desk.display, 7, -3, CurrentTime);
	(void)XSync(stage.desk.display, False);
	stage_expect(&stage, EV_REL, REL_X, 7);
	stage_expect(&stage, EV_REL, REL_Y, -3);
	desk_press(&stage.desk, Button1, true);
	desk_press(&stage.desk, Button1, false);
	stage_expect(&stage, EV_KEY, BTN_LEFT, 0);
	desk_chord(&stage.desk, release, ARRAY_SIZE(release));
	desk_wait("the pointer to be free", is_free, NULL);
	stage_forget(&stage);
	desk_move(&stage.desk, window, 300, 300);
	desk_sleep_ms(200);
	cr_assert(eq(i32, stage_last(&stage, EV_REL, REL_X), -1));
	stage_end(&stage);
}

/* --- fingers --- */

/* As SDL tells of them; XTest has no fingers. */
static void touch(uint32_t type, SDL_FingerID finger, float x, float y)
{
	void *library = dlopen("libSDL2-2.0.so.0", RTLD_NOW | RTLD_NOLOAD);
	__typeof__(SDL_PushEvent) *push =
		(__typeof__(SDL_PushEvent) *)dlsym(library, "SDL_PushEvent");
	SDL_Event event = {
		.tfinger = { .type = type, .fingerId = finger, .x = x, .y = y, .windowID = 1 }
	};

	cr_assert(eq(int, push(&event), 1));
	(void)dlclose(library);
	/* It wakes nobody. */
	desk_move(&stage.desk, window, 600, 400 + (int)finger);
}

Test(input, fingers_touch_their_pixels)
{
	start("sdl,fit=scale");
	desk_resize(&stage.desk, window, 1280, 1000); /* 100 black rows above and below */
	stage_expect_picture(&stage, window, 1);
	stage_set_ready(&stage, INPUT_TOUCH, true);
	desk_sleep_ms(200);
	stage_forget(&stage);
	touch(SDL_FINGERDOWN, 7, 0.5f, 0.05f); /* on the bar */
	touch(SDL_FINGERDOWN, 8, 0.25f, 0.5f);
	stage_expect(&stage, EV_ABS, ABS_MT_TRACKING_ID, 0);
	cr_assert(eq(u32, guests_pixel(stage_last(&stage, EV_ABS, ABS_MT_POSITION_X), 1280), 320));
	cr_assert(eq(u32, guests_pixel(stage_last(&stage, EV_ABS, ABS_MT_POSITION_Y), 800), 400));
	touch(SDL_FINGERDOWN, 9, 0.75f, 0.8f);
	stage_expect(&stage, EV_ABS, ABS_MT_TRACKING_ID, 1);
	cr_assert(eq(i32, stage_last(&stage, EV_ABS, ABS_MT_SLOT), 1));
	touch(SDL_FINGERMOTION, 8, 0.5f, 0.5f);
	stage_expect(&stage, EV_ABS, ABS_MT_SLOT, 0);
	cr_assert(eq(u32, guests_pixel(stage_last(&stage, EV_ABS, ABS_MT_POSITION_X), 1280), 640));
	touch(SDL_FINGERUP, 8, 0.5f, 0.5f);
	touch(SDL_FINGERUP, 9, 0.75f, 0.8f);
	touch(SDL_FINGERUP, 7, 0.5f, 0.05f);
	stage_expect(&stage, EV_KEY, BTN_TOUCH, 0);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, BTN_TOUCH, 1), 1));
	stage_end(&stage);
}

/* --- keys --- */

Test(input, keys_come_down_and_up_once)
{
	start("sdl");
	stage_forget(&stage);
	desk_key(&stage.desk, XK_a, true);
	/* Long enough for repeats. */
	desk_sleep_ms(900);
	desk_key(&stage.desk, XK_a, false);
	stage_expect(&stage, EV_KEY, KEY_A, 0);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_A, 1), 1));
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_A, 0), 1));
	stage_end(&stage);
}

Test(input, five_hundred_keys_arrive_in_order)
{
	static const KeySym typed[] = { XK_t, XK_h, XK_u, XK_n, XK_d, XK_e, XK_r, XK_1, XK_space };
	static const uint16_t keys[] = { KEY_T, KEY_H, KEY_U, KEY_N,	KEY_D,
					 KEY_E, KEY_R, KEY_1, KEY_SPACE };
	size_t n = ARRAY_SIZE(typed);

	start("sdl");
	stage_forget(&stage);
	for (size_t i = 0; i < 500; i++) {
		desk_key(&stage.desk, typed[i % n], true);
		desk_key(&stage.desk, typed[i % n], false);
		/* SDL takes a key that comes again within 2 ms for a repeat. */
		desk_sleep_ms(2);
	}
	desk_key(&stage.desk, XK_Return, true);
	desk_key(&stage.desk, XK_Return, false);
	stage_expect(&stage, EV_KEY, KEY_ENTER, 0);
	for (size_t i = 0; i < 500; i++) {
		cr_assert(eq(u16, stage.events[2 * i].code, keys[i % n]));
		cr_assert(eq(i32, stage.events[2 * i].value, 1));
		cr_assert(eq(u16, stage.events[2 * i + 1].code, keys[i % n]));
		cr_assert(eq(i32, stage.events[2 * i + 1].value, 0));
	}
	stage_end(&stage);
}

static Window open_other(void)
{
	Window other = XCreateSimpleWindow(
		stage.desk.display, DefaultRootWindow(stage.desk.display), 0, 0, 100, 100, 0, 0, 0);

	(void)XMapWindow(stage.desk.display, other);
	desk_focus(&stage.desk, other);
	return other;
}

Test(input, nothing_stays_pressed_when_the_focus_goes)
{
	Window other;

	start("sdl");
	other = open_other();
	expect_held_keyboard();
	desk_key(&stage.desk, XK_Shift_L, true);
	stage_expect(&stage, EV_KEY, KEY_LEFTSHIFT, 1);
	desk_focus(&stage.desk, other);
	stage_expect(&stage, EV_KEY, KEY_LEFTSHIFT, 0);
	desk_wait("the keyboard to be free", is_free, NULL);
	desk_key(&stage.desk, XK_Shift_L, false);
	stage_end(&stage);
}

/* The host's lock, by another program's hands. */
static void turn_caps_lock_elsewhere(Window other)
{
	desk_focus(&stage.desk, other);
	desk_wait("the keyboard to be free", is_free, NULL);
	stage_forget(&stage);
	desk_key(&stage.desk, XK_Caps_Lock, true);
	desk_key(&stage.desk, XK_Caps_Lock, false);
}

Test(input, locks_are_the_hosts_when_the_focus_comes)
{
	Window other;

	start("sdl");
	other = open_other();
	input_set_leds(stage.input, 1u << LED_NUML); /* the guest shows that it has lamps … */
	input_set_leds(stage.input, 0);
	turn_caps_lock_elsewhere(other);
	expect_held_keyboard();
	stage_expect(&stage, EV_KEY, KEY_CAPSLOCK, 0);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_CAPSLOCK, 1), 1));
	input_set_leds(stage.input, 1u << LED_CAPSL); /* … and answers */
	desk_focus(&stage.desk, other);
	desk_wait("the keyboard to be free", is_free, NULL);
	stage_forget(&stage);
	expect_held_keyboard();
	desk_sleep_ms(300);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_CAPSLOCK, 1), 0));
	turn_caps_lock_elsewhere(other);
	expect_held_keyboard();
	stage_expect(&stage, EV_KEY, KEY_CAPSLOCK, 0);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_NUMLOCK, 1), 0));
	stage_end(&stage);
}

Test(input, guest_without_lamps_keeps_its_locks)
{
	Window other;

	start("sdl");
	other = open_other();
	turn_caps_lock_elsewhere(other);
	expect_held_keyboard();
	desk_sleep_ms(300);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_CAPSLOCK, 1), 0));
	stage_end(&stage);
}

Test(input, hosts_shortcuts_reach_the_guest)
{
	static const KeySym switch_windows[] = { XK_Alt_L, XK_Tab };
	static const KeySym menu[] = { XK_Super_L, XK_e };

	start("sdl");
	stage_forget(&stage);
	desk_chord(&stage.desk, switch_windows, ARRAY_SIZE(switch_windows));
	desk_chord(&stage.desk, menu, ARRAY_SIZE(menu));
	stage_expect(&stage, EV_KEY, KEY_LEFTMETA, 0);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_TAB, 1), 1));
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_E, 1), 1));
	cr_assert(is_holding(NULL));
	stage_end(&stage);
}

/* --- the chord --- */

static bool fills_screen(void *arg UNUSED)
{
	unsigned width, height;

	desk_size_of(&stage.desk, window, &width, &height);
	return width == DESK_WIDTH && height == DESK_HEIGHT;
}

static bool fills_no_screen(void *arg UNUSED)
{
	unsigned width, height;

	desk_size_of(&stage.desk, window, &width, &height);
	return width == 1280 && height == 800;
}

Test(input, chord_releases_also_in_full_screen)
{
	static const KeySym release[] = { XK_Control_L, XK_Alt_L, XK_g };
	static const KeySym full[] = { XK_Control_R, XK_Alt_L, XK_f };

	start("sdl");
	desk_chord(&stage.desk, full, ARRAY_SIZE(full));
	desk_wait("full screen", fills_screen, NULL);
	stage_expect_mode(&stage, 0, DESK_WIDTH, DESK_HEIGHT);
	stage_show(&stage, 0, DESK_WIDTH, DESK_HEIGHT, 2);
	stage_expect_picture(&stage, window, 1);
	stage_forget(&stage);
	desk_chord(&stage.desk, release, ARRAY_SIZE(release));
	desk_wait("the keyboard to be free", is_free, NULL);
	cr_assert(eq(sz, stage_count(&stage, EV_KEY, KEY_G, 1), 0));
	stage_expect(&stage, EV_KEY, KEY_LEFTCTRL, 0);
	stage_expect(&stage, EV_KEY, KEY_LEFTALT, 0);
	for (unsigned i = 0; i < KEY_CNT; i++) {
		cr_assert(not(input_is_down(stage.input, i)));
	}
	desk_chord(&stage.desk, release, ARRAY_SIZE(release));
	desk_wait("the keyboard to be held", is_holding, NULL);
	desk_chord(&stage.desk, full, ARRAY_SIZE(full));
	desk_wait("a window", fills_no_screen, NULL);
	stage_expect_mode(&stage, 0, 1280, 800);
	stage_end(&stage);
}

Test(input, chord_gives_the_picture_its_own_size)
{
	static const KeySym own_size[] = { XK_Control_L, XK_Alt_L, XK_0 };

	start("sdl,fit=scale");
	desk_resize(&stage.desk, window, 1111, 777);
	expect_held_keyboard();
	desk_chord(&stage.desk, own_size, ARRAY_SIZE(own_size));
	desk_wait("the picture's size", fills_no_screen, NULL);
	stage_expect_picture(&stage, window, 1);
	stage_end(&stage);
}

/* --- the clipboard --- */

static void on_copied(void *arg)
{
	(void)arg;
}

static bool has_hosts_text(void *arg)
{
	struct clipboard_content *content = clipboard_get(stage.clipboard, CLIPBOARD_GUEST);
	bool is_so = content && content->length == strlen(arg) &&
		     memcmp(content->bytes, arg, content->length) == 0;

	clipboard_content_put(content);
	return is_so;
}

/* Another program has copied a text; then the user comes back to the window. */
static void copy_elsewhere(const char *text)
{
	Atom clipboard = XInternAtom(stage.desk.display, "CLIPBOARD", False);
	Window owner = XCreateSimpleWindow(
		stage.desk.display, DefaultRootWindow(stage.desk.display), 0, 0, 100, 100, 0, 0, 0);
	XEvent event;

	(void)XMapWindow(stage.desk.display, owner);
	desk_focus(&stage.desk, owner);
	(void)XSetSelectionOwner(stage.desk.display, clipboard, owner, CurrentTime);
	desk_wait("the keyboard to be free", is_free, NULL);
	desk_restore(&stage.desk, window);
	for (unsigned i = 0; i < 400 && !has_hosts_text((void *)(uintptr_t)text); i++) {
		XSelectionRequestEvent *request = &event.xselectionrequest;
		XEvent answer = { .xselection = { .type = SelectionNotify } };

		if (!XCheckTypedEvent(stage.desk.display, SelectionRequest, &event)) {
			desk_sleep_ms(5);
			continue;
		}
		answer.xselection.requestor = request->requestor;
		answer.xselection.selection = request->selection;
		answer.xselection.target = request->target;
		answer.xselection.property = request->property;
		(void)XChangeProperty(stage.desk.display, request->requestor, request->property,
				      request->target, 8, PropModeReplace,
				      (const unsigned char *)text, (int)strlen(text));
		(void)XSendEvent(stage.desk.display, request->requestor, False, 0, &answer);
		(void)XSync(stage.desk.display, False);
	}
	cr_assert(has_hosts_text((void *)(uintptr_t)text));
}

static bool has_guests_text(void *arg)
{
	Window asker = *(const Window *)arg;
	Atom clipboard = XInternAtom(stage.desk.display, "CLIPBOARD", False);
	Atom utf8 = XInternAtom(stage.desk.display, "UTF8_STRING", False);
	unsigned long count = 0, rest;
	unsigned char *data = NULL;
	bool is_so = false;
	int format;
	Atom type;

	(void)XConvertSelection(stage.desk.display, clipboard, utf8, clipboard, asker, CurrentTime);
	(void)XSync(stage.desk.display, False);
	desk_sleep_ms(20);
	(void)XGetWindowProperty(stage.desk.display, asker, clipboard, 0, 100, True,
				 AnyPropertyType, &type, &format, &count, &rest, &data);
	if (data) {
		is_so = strcmp((const char *)data, "from the guest, grüße") == 0;
		(void)XFree(data);
	}
	return is_so;
}

Test(input, clipboard_goes_both_ways)
{
	static const char text[] = "from the guest, grüße";
	struct clipboard_peer agent = { .side = CLIPBOARD_GUEST, .wake = on_copied };
	Window asker;

	start("sdl");
	clipboard_add_peer(stage.clipboard, &agent);
	copy_elsewhere("from the host, grüße");
	cr_assert(eq(int,
		     clipboard_put(stage.clipboard, &agent, CLIPBOARD_TEXT, text, sizeof(text) - 1),
		     0));
	asker = XCreateSimpleWindow(stage.desk.display, DefaultRootWindow(stage.desk.display), 0, 0,
				    10, 10, 0, 0, 0);
	desk_wait("the guest's text", has_guests_text, &asker);
	clipboard_remove_peer(stage.clipboard, &agent);
	stage_end(&stage);
}
