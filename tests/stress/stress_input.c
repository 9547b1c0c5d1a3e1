/* SPDX-License-Identifier: MIT */
/* LINK: display/input.c display/input_sinks.c */
/*
 * Windows that send while devices come, go and change their places. What one thread sends must
 * arrive in its order, and nothing may arrive at a sink after its removal.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "display/input.h"
#include "vmm/base/clock.h"
#include "vmm/base/thread.h"

#define SENDERS 2
#define RUN_NS	UINT64_C(1000000000)

static struct input *input;
static atomic_bool ending;
static atomic_ulong reports, removals;
static int32_t seen[SENDERS]; /* only one report is on its way at a time */

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_input: %s\n", text);
	abort();
}

/* Each sender counts up on an axis of its own. */
static void on_report(void *arg, const struct input_event *events, size_t count)
{
	if (!atomic_load((atomic_bool *)arg)) {
		fail("a report reached a sink that was removed");
	}
	for (size_t i = 0; i < count; i++) {
		if (events[i].type == EV_REL) {
			if (events[i].value <= seen[events[i].code]) {
				fail("reports changed their order");
			}
			seen[events[i].code] = events[i].value;
		}
	}
	(void)atomic_fetch_add(&reports, 1);
}

static void on_change(void *arg, unsigned leds UNUSED)
{
	(void)atomic_fetch_add((atomic_ulong *)arg, 1);
}

static void *send_all(void *arg)
{
	struct input_event events[] = { { EV_REL, *(const uint16_t *)arg, 0 },
					{ EV_KEY, BTN_LEFT, 0 } };

	for (int32_t i = 1; !atomic_load(&ending); i++) {
		events[0].value = i;
		events[1].value = i & 1;
		(void)input_send(input, INPUT_POINTER, 0, events, 2);
		if (i % 64 == 0) {
			input_release_all(input);
			input_set_leds(input, (unsigned)i);
		}
	}
	return NULL;
}

static void *plug_all(void *arg UNUSED)
{
	atomic_ulong changes = 0;

	while (!atomic_load(&ending)) {
		atomic_bool is_there = true;
		struct input_sink sink = { .id = "mouse0",
					   .kind = INPUT_POINTER,
					   .rank = 2,
					   .on_report = on_report,
					   .arg = &is_there };
		struct input_listener listener = { .on_leds = on_change, .arg = &changes };

		input_add_sink(input, &sink);
		input_listen(input, &listener);
		input_set_ready(input, &sink, true);
		input_set_ready(input, &sink, false);
		input_set_ready(input, &sink, true);
		input_remove_sink(input, &sink);
		atomic_store(&is_there, false);
		input_unlisten(input, &listener);
		(void)atomic_fetch_add(&removals, 1);
	}
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	if (thread_start(&thread, "stress", run, arg) != 0) {
		fail("no thread");
	}
	return thread;
}

int main(void)
{
	static uint16_t axes[SENDERS] = { REL_X, REL_Y };
	static atomic_bool stays = true;
	struct input_sink fixed = {
		.id = "ps2", .kind = INPUT_POINTER, .rank = 1, .on_report = on_report, .arg = &stays
	};
	pthread_t threads[SENDERS + 1];
	uint64_t end_ns = clock_now_ns() + RUN_NS;

	if (input_create(&input) != 0) {
		fail("no input");
	}
	input_add_sink(input, &fixed);
	input_set_ready(input, &fixed, true);
	for (unsigned i = 0; i < SENDERS; i++) {
		threads[i] = start(send_all, &axes[i]);
	}
	threads[SENDERS] = start(plug_all, NULL);
	while (clock_now_ns() < end_ns) {
		(void)usleep(10000);
	}
	atomic_store(&ending, true);
	for (unsigned i = 0; i < SENDERS + 1; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	input_remove_sink(input, &fixed);
	input_destroy(input);
	(void)printf("stress_input: %lu reports, %lu removals\n", atomic_load(&reports),
		     atomic_load(&removals));
	return atomic_load(&reports) == 0 || atomic_load(&removals) == 0;
}
