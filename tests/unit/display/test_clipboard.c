/* SPDX-License-Identifier: MIT */
/* LINK: display/clipboard.c */
#include "display/clipboard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/thread.h"

static struct clipboard *clipboard;
static char woken[16]; /* names of the peers in the order of their waking */

struct named_peer {
	struct clipboard_peer peer;
	char name;
};

static void note(void *arg)
{
	const struct named_peer *peer = arg;

	woken[strlen(woken)] = peer->name;
}

static struct named_peer agent = { { .side = CLIPBOARD_GUEST, .wake = note, .arg = &agent }, 'a' };
static struct named_peer window = { { .side = CLIPBOARD_HOST, .wake = note, .arg = &window }, 'w' };
static struct named_peer viewer = { { .side = CLIPBOARD_HOST, .wake = note, .arg = &viewer }, 'v' };

static void set_directions(bool to_guest, bool to_host)
{
	const struct clipboard_directions directions = { to_guest, to_host };

	clipboard_set_directions(clipboard, &directions);
}

static void set_up(void)
{
	const struct clipboard_directions both = { true, true };

	memset(woken, 0, sizeof(woken));
	cr_assert(eq(int, clipboard_create(&both, &clipboard), 0));
	clipboard_add_peer(clipboard, &agent.peer);
	clipboard_add_peer(clipboard, &window.peer);
	clipboard_add_peer(clipboard, &viewer.peer);
}

static void tear_down(void)
{
	clipboard_remove_peer(clipboard, &agent.peer);
	clipboard_remove_peer(clipboard, &window.peer);
	clipboard_remove_peer(clipboard, &viewer.peer);
	clipboard_destroy(clipboard);
}

TestSuite(clipboard, .init = set_up, .fini = tear_down, .timeout = 10);

static int put(struct named_peer *peer, const char *text)
{
	return clipboard_put(clipboard, &peer->peer, CLIPBOARD_TEXT, text, strlen(text));
}

/* Whether that side sees just this text; NULL: nothing. */
static bool sees(enum clipboard_side side, const char *text)
{
	struct clipboard_content *content = clipboard_get(clipboard, side);
	bool same = content ? text && content->length == strlen(text) &&
				      memcmp(content->bytes, text, content->length) == 0
			    : !text;

	clipboard_content_put(content);
	return same;
}

/* --- what is there --- */

Test(clipboard, new_one_is_empty)
{
	cr_assert(sees(CLIPBOARD_HOST, NULL));
	cr_assert(sees(CLIPBOARD_GUEST, NULL));
}

Test(clipboard, newest_content_is_seen_by_both_sides)
{
	cr_assert(eq(int, put(&agent, "from the guest"), 0));
	cr_assert(sees(CLIPBOARD_HOST, "from the guest"));
	cr_assert(eq(int, put(&window, "from the host"), 0));
	cr_assert(sees(CLIPBOARD_GUEST, "from the host"));
	cr_assert(sees(CLIPBOARD_HOST, "from the host"));
}

Test(clipboard, content_outlives_its_successor)
{
	struct clipboard_content *content;

	cr_assert(eq(int, put(&agent, "old"), 0));
	content = clipboard_get(clipboard, CLIPBOARD_HOST);
	cr_assert(eq(int, put(&agent, "new"), 0));
	cr_assert(eq(int, memcmp(content->bytes, "old", 3), 0));
	cr_assert(eq(int, content->side, CLIPBOARD_GUEST));
	clipboard_content_put(content);
}

/* --- who is woken --- */

Test(clipboard, others_are_woken_in_the_order_they_came)
{
	(void)put(&agent, "1");
	cr_assert(eq(str, woken, "wv"));
	(void)put(&viewer, "2");
	cr_assert(eq(str, woken, "wvaw"));
}

Test(clipboard, refused_content_wakes_nobody_and_leaves_the_old)
{
	(void)put(&window, "old");
	memset(woken, 0, sizeof(woken));
	cr_assert(eq(int, put(&agent, "\xff"), -EILSEQ));
	cr_assert(eq(str, woken, ""));
	cr_assert(sees(CLIPBOARD_GUEST, "old"));
}

/* --- directions --- */

Test(clipboard, direction_that_is_off_lets_nothing_through)
{
	set_directions(true, false);
	cr_assert(eq(int, put(&agent, "secret of the guest"), -EPERM));
	cr_assert(eq(int, put(&window, "for all"), 0));
	set_directions(false, true);
	cr_assert(eq(int, put(&window, "secret of the host"), -EPERM));
	cr_assert(eq(int, put(&agent, "public"), 0));
	cr_assert(eq(str, woken, "avwv"));
}

Test(clipboard, switching_off_hides_what_is_there_and_on_shows_it)
{
	(void)put(&window, "text");
	set_directions(false, false);
	cr_assert(sees(CLIPBOARD_GUEST, NULL));
	cr_assert(sees(CLIPBOARD_HOST, "text"));
	memset(woken, 0, sizeof(woken));
	set_directions(true, true);
	cr_assert(sees(CLIPBOARD_GUEST, "text"));
	cr_assert(eq(str, woken, "av"));
	cr_assert(clipboard_directions(clipboard).to_guest);
}

/* --- bounds --- */

Test(clipboard, content_over_the_limit_is_refused)
{
	AUTO_FREE char *text = malloc(CLIPBOARD_BYTES_MAX + 1);

	memset(text, 'x', CLIPBOARD_BYTES_MAX + 1);
	cr_assert(
		eq(int,
		   clipboard_put(clipboard, &agent.peer, CLIPBOARD_TEXT, text, CLIPBOARD_BYTES_MAX),
		   0));
	cr_assert(eq(int,
		     clipboard_put(clipboard, &agent.peer, CLIPBOARD_TEXT, text,
				   CLIPBOARD_BYTES_MAX + 1),
		     -E2BIG));
}

Test(clipboard, empty_text_is_text)
{
	cr_assert(eq(int, clipboard_put(clipboard, &agent.peer, CLIPBOARD_TEXT, NULL, 0), 0));
	cr_assert(sees(CLIPBOARD_HOST, ""));
}

Test(clipboard, image_needs_the_signature_of_png)
{
	static const char png[] = "\x89PNG\r\n\x1a\n....";

	cr_assert(
		eq(int, clipboard_put(clipboard, &agent.peer, CLIPBOARD_PNG, png, sizeof(png)), 0));
	cr_assert(eq(int, clipboard_put(clipboard, &agent.peer, CLIPBOARD_PNG, "GIF89a", 6),
		     -EILSEQ));
	cr_assert(eq(int, clipboard_put(clipboard, &agent.peer, CLIPBOARD_PNG, png, 4), -EILSEQ));
}

struct sample {
	char bytes[8];
	bool good;
};

ParameterizedTestParameters(clipboard, text_is_well_formed_utf8)
{
	static struct sample samples[] = {
		{ "plain\n", true },	       { "\x7f", true },
		{ "\xc2\x80", true },	       { "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },      { "\xed\x9f\xbf", true },
		{ "\xee\x80\x80", true },      { "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },  { "\x80", false }, /* continues nothing */
		{ "\xc1\xbf", false },				  /* longer than needed */
		{ "\xe0\x9f\xbf", false },			  /* likewise */
		{ "\xf0\x8f\xbf\xbf", false },			  /* likewise */
		{ "\xed\xa0\x80", false },			  /* a surrogate */
		{ "\xf4\x90\x80\x80", false },			  /* beyond U+10FFFF */
		{ "\xf5\x80\x80\x80", false }, { "\xff", false },
		{ "a\xe2\x82", false }, /* cut off */
		{ "\xe2\x82z", false },
	};

	return cr_make_param_array(struct sample, samples, ARRAY_SIZE(samples));
}

ParameterizedTest(struct sample *sample, clipboard, text_is_well_formed_utf8)
{
	cr_assert(eq(int, put(&agent, sample->bytes), sample->good ? 0 : -EILSEQ));
}

Test(clipboard, text_has_no_zero)
{
	cr_assert(
		eq(int, clipboard_put(clipboard, &agent.peer, CLIPBOARD_TEXT, "a\0b", 3), -EILSEQ));
}

/* --- peers that leave --- */

struct slow_peer {
	struct clipboard_peer peer;
	struct mutex lock;
	struct condition changed;
	bool is_inside, may_return, has_returned;
};

static void wake_slowly(void *arg)
{
	struct slow_peer *slow = arg;

	mutex_lock(&slow->lock);
	slow->is_inside = true;
	condition_wake_all(&slow->changed);
	while (!slow->may_return) {
		condition_wait(&slow->changed, &slow->lock);
	}
	slow->has_returned = true;
	mutex_unlock(&slow->lock);
}

static void *put_from_thread(void *arg)
{
	(void)arg;
	(void)put(&agent, "text");
	return NULL;
}

static void *let_return(void *arg)
{
	struct slow_peer *slow = arg;

	mutex_lock(&slow->lock);
	slow->may_return = true;
	condition_wake_all(&slow->changed);
	mutex_unlock(&slow->lock);
	return NULL;
}

Test(clipboard, removal_waits_for_the_waking_to_end)
{
	struct slow_peer slow = {
		.peer = { .side = CLIPBOARD_HOST, .wake = wake_slowly, .arg = &slow },
		.lock = MUTEX_INIT
	};
	pthread_t threads[2];

	condition_init(&slow.changed);
	clipboard_add_peer(clipboard, &slow.peer);
	cr_assert(eq(int, thread_start(&threads[0], "put", put_from_thread, NULL), 0));
	mutex_lock(&slow.lock);
	while (!slow.is_inside) {
		condition_wait(&slow.changed, &slow.lock);
	}
	mutex_unlock(&slow.lock);
	cr_assert(eq(int, thread_start(&threads[1], "return", let_return, &slow), 0));
	clipboard_remove_peer(clipboard, &slow.peer);
	cr_assert(slow.has_returned);
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], NULL);
	condition_finish(&slow.changed);
}

Test(clipboard, putter_that_left_is_forgotten)
{
	struct named_peer other = { { .side = CLIPBOARD_HOST, .wake = note, .arg = &other }, 'o' };

	clipboard_add_peer(clipboard, &other.peer);
	(void)put(&other, "text");
	clipboard_remove_peer(clipboard, &other.peer);
	memset(woken, 0, sizeof(woken));
	clipboard_add_peer(clipboard, &other.peer); /* at the same place, but another one */
	set_directions(false, false);
	set_directions(true, true);
	cr_assert(eq(str, woken, "awvo"));
	clipboard_remove_peer(clipboard, &other.peer);
}
