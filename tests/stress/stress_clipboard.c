/* SPDX-License-Identifier: MIT */
/* LINK: display/clipboard.c */
/*
 * Peers of both sides that put, get and switch directions while another one comes and goes. What is
 * got is always whole, and nobody is woken after leaving.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/clipboard.h"
#include "vmm/base/clock.h"
#include "vmm/base/thread.h"

#define PUTTERS	   2
#define LENGTH_MAX 256u
#define RUN_NS	   UINT64_C(1000000000)
#define ROUNDS_MIN 100ul

static struct clipboard *clipboard;
static atomic_bool ending;
static atomic_ulong contents, wakes, visits;

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_clipboard: %s\n", text);
	abort();
}

static void on_wake(void *arg)
{
	if (!atomic_load((atomic_bool *)arg)) {
		fail("a peer was woken after it left");
	}
	(void)atomic_fetch_add(&wakes, 1);
}

/* Each content is one letter, as often as the letter says. */
static void look(enum clipboard_side side)
{
	struct clipboard_content *content = clipboard_get(clipboard, side);

	if (!content) {
		return;
	}
	for (size_t i = 0; i < content->length; i++) {
		if (content->bytes[i] != content->length) {
			fail("a content changed");
		}
	}
	clipboard_content_put(content);
	(void)atomic_fetch_add(&contents, 1);
}

static void *put_all(void *arg)
{
	atomic_bool is_there = true;
	struct clipboard_peer peer = { .side = *(const enum clipboard_side *)arg,
				       .wake = on_wake,
				       .arg = &is_there };
	char text[LENGTH_MAX];

	clipboard_add_peer(clipboard, &peer);
	for (unsigned i = 0; !atomic_load(&ending); i++) {
		const size_t length = 1 + i % 127;

		memset(text, (int)length, length);
		(void)clipboard_put(clipboard, &peer, CLIPBOARD_TEXT, text, length);
		look(peer.side);
	}
	clipboard_remove_peer(clipboard, &peer);
	is_there = false;
	return NULL;
}

static void visit(void)
{
	atomic_bool is_there = true;
	struct clipboard_peer peer = { .side = CLIPBOARD_HOST, .wake = on_wake, .arg = &is_there };
	const struct clipboard_directions directions = { true, visits % 3 != 0 };

	clipboard_add_peer(clipboard, &peer);
	clipboard_set_directions(clipboard, &directions);
	look(CLIPBOARD_HOST);
	clipboard_remove_peer(clipboard, &peer);
	is_there = false;
	(void)atomic_fetch_add(&visits, 1);
}

int main(void)
{
	static const enum clipboard_side sides[PUTTERS] = { CLIPBOARD_HOST, CLIPBOARD_GUEST };
	const struct clipboard_directions both = { true, true };
	const uint64_t end_ns = clock_now_ns() + RUN_NS;
	pthread_t threads[PUTTERS];

	if (clipboard_create(&both, &clipboard) < 0) {
		fail("no clipboard");
	}
	for (unsigned i = 0; i < PUTTERS; i++) {
		if (thread_start(&threads[i], "put", put_all, (void *)(uintptr_t)&sides[i]) < 0) {
			fail("no thread");
		}
	}
	while (clock_now_ns() < end_ns || atomic_load(&wakes) < ROUNDS_MIN ||
	       atomic_load(&visits) < ROUNDS_MIN) {
		visit();
	}
	atomic_store(&ending, true);
	for (unsigned i = 0; i < PUTTERS; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	clipboard_destroy(clipboard);
	(void)printf("%lu contents, %lu wakes, %lu visits\n", atomic_load(&contents),
		     atomic_load(&wakes), atomic_load(&visits));
	return 0;
}
