/* SPDX-License-Identifier: MIT */
/* LINK: display/ tests/window/desk.c tests/window/stage.c tests/window/copier.c */
/* LIBS: x11 xtst */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "display/clipboard.h"
#include "display/x11_clipboard.h"
#include "tests/window/copier.h"
#include "tests/window/stage.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

TestSuite(clipboard, .timeout = 120);

#define MIB (1u << 20)

static struct stage stage;
static Window window;
static struct clipboard_peer agent = { .side = CLIPBOARD_GUEST };
static _Atomic unsigned wake_count, refused_count, lost_count, impatient_count;

/* --- the guest's side --- */

static void on_copied(void *arg UNUSED)
{
	wake_count++;
}

static void on_line(enum log_level level UNUSED, const char *tag UNUSED, const char *text)
{
	if (strstr(text, "over 8 MiB")) {
		refused_count++;
	}
	if (strstr(text, "does not hand it over")) {
		impatient_count++;
	}
	if (strstr(text, "lost the display server")) {
		lost_count++;
	}
}

static bool has_refused(void *arg UNUSED)
{
	return refused_count > 0;
}

static bool has_lost_patience(void *arg UNUSED)
{
	return impatient_count > 0;
}

static bool has_lost(void *arg UNUSED)
{
	return lost_count > 0;
}

static bool is_holding(void *arg UNUSED)
{
	return desk_has_title(&stage.desk, window, STAGE_NAME " — press Ctrl+Alt+G to release");
}

/* Only then the back end knows of it. */
static void focus_window(void)
{
	desk_focus(&stage.desk, window);
	desk_wait("the keyboard to be held", is_holding, NULL);
}

static void start(void)
{
	need_copier();
	stage_start(&stage, 1, "sdl,fit=scale");
	log_set_sink(on_line);
	agent.wake = on_copied;
	clipboard_add_peer(stage.clipboard, &agent);
	stage_show(&stage, 0, 640, 480, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	focus_window();
}

static void end(void)
{
	clipboard_remove_peer(stage.clipboard, &agent);
	stage_end(&stage);
	log_set_sink(NULL);
}

static bool has_content(void *arg)
{
	const struct content *wanted = arg;
	struct clipboard_content *content = clipboard_get(stage.clipboard, CLIPBOARD_GUEST);
	const bool is_so = content && content->side == CLIPBOARD_HOST &&
			   content->format == wanted->format && content->length == wanted->length &&
			   memcmp(content->bytes, wanted->bytes, wanted->length) == 0;

	clipboard_content_put(content);
	return is_so;
}

static int copy_in_guest(const struct content *content)
{
	return clipboard_put(stage.clipboard, &agent, content->format, content->bytes,
			     content->length);
}

static bool is_pasted(void *arg)
{
	return is_pasted_on_host(arg);
}

/* A small text by another program arrives: all that was before is over. */
static void expect_next_copy(const char *text)
{
	struct content content = content_of_text(text);
	struct copier copier;

	copier_start(&copier, &content);
	desk_wait("the next copy", has_content, &content);
	copier_end(&copier);
}

/* --- both ways --- */

struct form {
	enum clipboard_format format;
	size_t length;
};

/* Within a property, in pieces, and the longest. */
static struct form forms[] = {
	{ CLIPBOARD_TEXT, 20 },	    { CLIPBOARD_TEXT, MIB },
	{ CLIPBOARD_PNG, 3000 },    { CLIPBOARD_PNG, 5 * MIB },
	{ CLIPBOARD_TEXT, 131073 }, { CLIPBOARD_TEXT, CLIPBOARD_BYTES_MAX },
};

ParameterizedTestParameters(clipboard, copy_on_the_host_reaches_the_guest)
{
	return cr_make_param_array(struct form, forms, ARRAY_SIZE(forms));
}

ParameterizedTest(struct form *form, clipboard, copy_on_the_host_reaches_the_guest)
{
	struct content content = content_create(form->format, form->length);
	struct copier copier;

	start();
	copier_start(&copier, &content);
	desk_wait("what was copied on the host", has_content, &content);
	cr_assert(le(uint, wake_count, 1));
	copier_end(&copier);
	content_free(&content);
	end();
}

ParameterizedTestParameters(clipboard, copy_in_the_guest_reaches_the_host)
{
	return cr_make_param_array(struct form, forms, ARRAY_SIZE(forms));
}

ParameterizedTest(struct form *form, clipboard, copy_in_the_guest_reaches_the_host)
{
	struct content content = content_create(form->format, form->length);

	start();
	cr_assert(eq(int, copy_in_guest(&content), 0));
	desk_wait("what was copied in the guest", is_pasted, &content);
	/* It does not come back to where it came from. */
	cr_assert(eq(uint, wake_count, 0));
	content_free(&content);
	end();
}

Test(clipboard, last_copy_wins)
{
	struct content picture = content_create(CLIPBOARD_PNG, 300000);
	struct content text = content_of_text("later");

	start();
	cr_assert(eq(int, copy_in_guest(&picture), 0));
	desk_wait("the guest's picture", is_pasted, &picture);
	expect_next_copy("in between");
	cr_assert(eq(int, copy_in_guest(&text), 0));
	desk_wait("the guest's text", is_pasted, &text);
	content_free(&picture);
	end();
}

/* A clipboard manager keeps what it has just seen: to the guest that is no news. */
Test(clipboard, guests_own_does_not_come_back)
{
	static const struct rubbish echo = { "UTF8_STRING", "UTF8_STRING", 8, "of the guest" };
	struct content text = content_of_text(echo.bytes);
	struct owner manager;

	start();
	cr_assert(eq(int, copy_in_guest(&text), 0));
	desk_wait("the guest's text", is_pasted, &text);
	owner_start(&manager, &stage.desk);
	owner_answer_rubbish(&manager, &echo);
	expect_next_copy("of the host");
	cr_assert(le(uint, wake_count, 1));
	end();
}

/* --- what is refused --- */

ParameterizedTestParameters(clipboard, too_much_is_refused_politely)
{
	static struct form all[] = {
		{ CLIPBOARD_TEXT, CLIPBOARD_BYTES_MAX + 1 },
		{ CLIPBOARD_PNG, 12 * MIB },
	};

	return cr_make_param_array(struct form, all, ARRAY_SIZE(all));
}

ParameterizedTest(struct form *form, clipboard, too_much_is_refused_politely)
{
	struct content content = content_create(form->format, form->length);
	struct copier copier;

	start();
	expect_next_copy("before");
	copier_start(&copier, &content);
	desk_wait("a line that refuses it", has_refused, NULL);
	cr_assert(eq(int, copy_in_guest(&content), -E2BIG));
	expect_next_copy("after");
	/* It was not left in the middle of its transfer. */
	copier_expect_end(&copier);
	cr_assert(le(uint, wake_count, 2));
	content_free(&content);
	end();
}

static bool is_asked_for(struct owner *owner)
{
	desk_sleep_ms(300);
	owner_look(owner);
	return owner->request_count > 0;
}

static bool is_free(void *arg UNUSED)
{
	return desk_has_title(&stage.desk, window, STAGE_NAME) && !is_holding(NULL);
}

Test(clipboard, nothing_is_fetched_without_the_focus)
{
	struct owner owner;
	Window other;

	start();
	other = XCreateSimpleWindow(stage.desk.display, DefaultRootWindow(stage.desk.display), 0, 0,
				    100, 100, 0, 0, 0);
	(void)XMapWindow(stage.desk.display, other);
	desk_focus(&stage.desk, other);
	desk_wait("the keyboard to be free", is_free, NULL);
	owner_start(&owner, &stage.desk);
	cr_assert(not(is_asked_for(&owner)));
	focus_window();
	owner_expect_request(&owner);
	end();
}

Test(clipboard, direction_to_guest_can_be_off)
{
	static const struct clipboard_directions to_host = { .to_host = true };
	struct owner owner;

	start();
	clipboard_set_directions(stage.clipboard, &to_host);
	owner_start(&owner, &stage.desk);
	cr_assert(not(is_asked_for(&owner)));
	end();
}

Test(clipboard, direction_to_host_can_be_off)
{
	static const struct clipboard_directions to_guest = { .to_guest = true };
	struct content text = content_of_text("from the guest");

	start();
	cr_assert(eq(int, copy_in_guest(&text), 0));
	desk_wait("the guest's text", is_pasted, &text);
	clipboard_set_directions(stage.clipboard, &to_guest);
	cr_assert(not(is_pasted_on_host(&text)));
	cr_assert(eq(int, copy_in_guest(&text), -EPERM));
	expect_next_copy("from the host");
	end();
}

/* --- programs that are broken, or mean it --- */

Test(clipboard, owner_that_never_answers_holds_up_nobody)
{
	struct content text = content_of_text("from the guest");
	struct owner owner;

	start();
	owner_start(&owner, &stage.desk);
	owner_expect_request(&owner);
	expect_next_copy("from another");
	owner_start(&owner, &stage.desk);
	owner_expect_request(&owner);
	cr_assert(eq(int, copy_in_guest(&text), 0));
	desk_wait("the guest's text", is_pasted, &text);
	owner_start(&owner, &stage.desk);
	owner_expect_request(&owner);
	end();
}

ParameterizedTestParameters(clipboard, rubbish_is_not_taken)
{
	/* What is told of as being there, and what comes then. */
	static struct rubbish all[] = {
		{ "image/png", "image/png", 8, "no picture" },
		{ "UTF8_STRING", "UTF8_STRING", 8, "\xff\xfe" },
		{ "UTF8_STRING", "UTF8_STRING", 8, "" },
		{ "UTF8_STRING", "UTF8_STRING", 16, "ab" },
		{ "UTF8_STRING", "ATOM", 32, "abcd" },
		{ "image/png", "INCR", 8, "x" },
		{ "image/png", "INCR", 32, "\xff\xff\xff\xff" },
		{ "image/jpeg", "", 0, "" },
		{ "", "UTF8_STRING", 16, "ab" },
	};

	return cr_make_param_array(struct rubbish, all, ARRAY_SIZE(all));
}

ParameterizedTest(struct rubbish *rubbish, clipboard, rubbish_is_not_taken)
{
	struct owner owner;

	start();
	owner_start(&owner, &stage.desk);
	owner_answer_rubbish(&owner, rubbish);
	expect_next_copy("something good");
	cr_assert(le(uint, wake_count, 1));
	end();
}

Test(clipboard, endless_pieces_are_given_up)
{
	struct owner owner;
	unsigned pieces;

	start();
	owner_start(&owner, &stage.desk);
	pieces = owner_send_pieces(&owner, MIB, &refused_count);
	/* One is on its way when the ninth is too much. */
	cr_assert(le(uint, pieces, CLIPBOARD_BYTES_MAX / MIB + 2));
	expect_next_copy("something good");
	cr_assert(le(uint, wake_count, 1));
	end();
}

Test(clipboard, programs_that_do_not_take_pieces_are_few)
{
	struct content big = content_create(CLIPBOARD_PNG, MIB);
	struct content small = content_create(CLIPBOARD_PNG, 100);
	Window askers[5];

	start();
	cr_assert(eq(int, copy_in_guest(&big), 0));
	desk_wait("the guest's picture", is_pasted, &big);
	for (unsigned i = 0; i < ARRAY_SIZE(askers); i++) {
		askers[i] = asker_create(&stage.desk);
		/* Four get the beginning of it, the fifth a no. */
		cr_assert(eq(int, asker_ask(&stage.desk, askers[i], "image/png"), i < 4));
	}
	cr_assert(asker_ask(&stage.desk, askers[4], "TARGETS"));
	cr_assert(not(is_pasted_on_host(&big)));
	(void)XDestroyWindow(stage.desk.display, askers[0]);
	(void)XSync(stage.desk.display, False);
	desk_wait("the picture again", is_pasted, &big);
	cr_assert(eq(int, copy_in_guest(&small), 0));
	desk_wait("a small one", is_pasted, &small);
	content_free(&big);
	content_free(&small);
	end();
}

Test(clipboard, time_ends_for_programs_that_do_nothing)
{
	struct content big = content_create(CLIPBOARD_PNG, MIB);
	struct owner owner;

	start();
	cr_assert(eq(int, copy_in_guest(&big), 0));
	desk_wait("the guest's picture", is_pasted, &big);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert(asker_ask(&stage.desk, asker_create(&stage.desk), "image/png"));
	}
	owner_start(&owner, &stage.desk);
	owner_expect_request(&owner);
	desk_sleep_ms(10000);
	desk_wait("the end of patience", has_lost_patience, NULL);
	cr_assert(eq(int, copy_in_guest(&big), 0));
	desk_wait("a place for the picture", is_pasted, &big);
	end();
	content_free(&big);
}

Test(clipboard, servers_death_ends_transfers)
{
	struct content big = content_create(CLIPBOARD_PNG, MIB);
	struct owner owner;

	start();
	cr_assert(eq(int, copy_in_guest(&big), 0));
	desk_wait("the guest's picture", is_pasted, &big);
	cr_assert(asker_ask(&stage.desk, asker_create(&stage.desk), "image/png"));
	owner_start(&owner, &stage.desk);
	owner_expect_request(&owner);
	desk_kill_server(&stage.desk);
	desk_wait("the server's end", has_lost, NULL);
	cr_assert(eq(int, copy_in_guest(&big), 0));
	content_free(&big);
	end();
}

/* --- without a window --- */

static struct x11_clipboard *start_alone(void)
{
	static const struct clipboard_directions both = { true, true };
	struct x11_clipboard *x11;
	struct error why = { "" };

	cr_assert(eq(int, clipboard_create(&both, &stage.clipboard), 0));
	agent.wake = on_copied;
	clipboard_add_peer(stage.clipboard, &agent);
	cr_assert(eq(int, x11_clipboard_create(stage.clipboard, &x11, &why), 0), "%s", why.text);
	return x11;
}

static void end_alone(struct x11_clipboard *x11)
{
	x11_clipboard_destroy(x11);
	clipboard_remove_peer(stage.clipboard, &agent);
	clipboard_destroy(stage.clipboard);
}

Test(clipboard, earlier_copy_comes_with_the_focus)
{
	struct content text = content_of_text("long ago");
	struct x11_clipboard *x11;
	struct copier copier;

	need_copier();
	desk_start(&stage.desk);
	copier_start(&copier, &text);
	desk_wait("a copy", is_pasted, &text);
	x11 = start_alone();
	x11_clipboard_set_focus(x11, true);
	desk_wait("what was copied before", has_content, &text);
	end_alone(x11);
	copier_end(&copier);
	desk_end(&stage.desk);
}

Test(clipboard, server_that_hangs_holds_up_no_end)
{
	struct content text = content_of_text("of the guest");
	struct x11_clipboard *x11;

	desk_start(&stage.desk);
	x11 = start_alone();
	cr_assert(eq(int, kill(stage.desk.server, SIGSTOP), 0));
	cr_assert(eq(int, copy_in_guest(&text), 0));
	x11_clipboard_set_focus(x11, true);
	end_alone(x11);
	cr_assert(eq(int, kill(stage.desk.server, SIGCONT), 0));
	desk_end(&stage.desk);
}

Test(clipboard, no_server_is_told)
{
	struct x11_clipboard *x11;
	struct error why = { "" };

	(void)setenv("DISPLAY", ":65535", 1);
	cr_assert(eq(int, x11_clipboard_create(NULL, &x11, &why), -ENOTCONN));
	cr_assert_null(x11);
	cr_assert_not_null(strstr(why.text, "X server"));
}
