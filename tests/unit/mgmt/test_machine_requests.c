/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/machine_requests.c */
#include "mgmt/machine_requests.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

TestSuite(machine_requests, .timeout = 10);

struct seen {
	struct loop *loop;
	struct request_inbox *inbox;
	struct request_round round;
	int rounds;
	uint64_t notice_rounds;
	uint64_t last_value;
};

static void on_round(void *arg, const struct request_round *round)
{
	struct seen *seen = arg;

	seen->round = *round;
	seen->rounds++;
	if (round->notice_count > 0) {
		seen->notice_rounds++;
		seen->last_value = round->notices[round->notice_count - 1].value;
	}
	loop_stop(seen->loop);
}

static void start(struct seen *seen)
{
	cr_assert(eq(int, loop_create("test", &seen->loop), 0));
	cr_assert(eq(int, request_inbox_create(seen->loop, on_round, seen, &seen->inbox, NULL), 0));
}

static void finish(struct seen *seen)
{
	request_inbox_destroy(seen->inbox);
	loop_destroy(seen->loop);
}

Test(machine_requests, many_requests_are_one_round)
{
	struct seen seen = { 0 };
	const struct machine_requests *requests;

	start(&seen);
	requests = request_inbox_requests(seen.inbox);
	request_reset(requests, "i8042");
	request_reset(requests, "acpi-reset");
	request_power_off(requests);
	loop_run(seen.loop);
	cr_assert(eq(int, seen.rounds, 1));
	cr_assert(seen.round.reset);
	cr_assert(eq(int, strcmp(seen.round.reset_source, "i8042"), 0));
	cr_assert(seen.round.power_off);
	cr_assert(not(seen.round.panicked));
	finish(&seen);
}

Test(machine_requests, triple_fault_is_a_reset)
{
	const struct cpu_event event = { .kind = CPU_EVENT_RESET };
	struct seen seen = { 0 };

	start(&seen);
	request_inbox_cpu_event(seen.inbox, &event);
	loop_run(seen.loop);
	cr_assert(seen.round.reset);
	cr_assert(eq(int, strcmp(seen.round.reset_source, "triple-fault"), 0));
	finish(&seen);
}

Test(machine_requests, reset_is_forgotten)
{
	struct seen seen = { 0 };
	const struct machine_requests *requests;

	start(&seen);
	requests = request_inbox_requests(seen.inbox);
	request_reset(requests, "i8042");
	request_power_off(requests);
	request_inbox_forget_reset(seen.inbox);
	loop_run(seen.loop);
	cr_assert(not(seen.round.reset));
	cr_assert(seen.round.power_off);
	finish(&seen);
}

Test(machine_requests, last_two_notices_of_a_kind_count)
{
	struct seen seen = { 0 };
	static const char id[] = "balloon0";

	start(&seen);
	for (uint64_t i = 0; i < 1000; i++) {
		request_inbox_notify(seen.inbox, id, "change", i);
	}
	loop_run(seen.loop);
	cr_assert(eq(sz, seen.round.notice_count, 2));
	cr_assert(eq(u64, seen.round.notices[0].value, 998));
	cr_assert(eq(u64, seen.round.notices[1].value, 999));
	finish(&seen);
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

/* Each notice becomes an event for every client of the control socket. */
Test(machine_requests, busy_guest_does_not_flood_the_main_loop)
{
	static const char id[] = "balloon0";
	uint64_t started_ns = clock_now_ns();
	struct seen seen = { 0 };
	struct loop_task stop;

	start(&seen);
	loop_task_init(&stop, stop_loop, seen.loop);
	for (uint64_t i = 1; i <= 1000; i++) {
		request_inbox_notify(seen.inbox, id, "change", i);
		loop_post(seen.loop, &stop);
		loop_run(seen.loop);
	}
	while (seen.last_value < 1000) {
		loop_run(seen.loop);
	}
	cr_assert(le(u64, seen.notice_rounds,
		     (clock_now_ns() - started_ns) / REQUEST_NOTICES_INTERVAL_NS + 1));
	finish(&seen);
}

Test(machine_requests, requests_do_not_wait_for_notices)
{
	static const char id[] = "balloon0";
	struct seen seen = { 0 };

	start(&seen);
	request_inbox_notify(seen.inbox, id, "change", 1);
	loop_run(seen.loop);
	request_inbox_notify(seen.inbox, id, "change", 2);
	request_reset(request_inbox_requests(seen.inbox), "i8042");
	loop_run(seen.loop);
	cr_assert(seen.round.reset);
	while (seen.last_value < 2) {
		loop_run(seen.loop);
	}
	cr_assert(le(int, seen.rounds, 3));
	finish(&seen);
}

Test(machine_requests, notices_are_bounded)
{
	static const char ids[REQUEST_NOTICES_MAX + 5];
	struct seen seen = { 0 };

	start(&seen);
	for (size_t i = 0; i < sizeof(ids); i++) {
		request_inbox_notify(seen.inbox, &ids[i], "change", 0);
	}
	request_inbox_notify(seen.inbox, &ids[0], "change", 1);
	loop_run(seen.loop);
	cr_assert(eq(sz, seen.round.notice_count, REQUEST_NOTICES_MAX));
	cr_assert(eq(u64, seen.last_value, 1));
	finish(&seen);
}

Test(machine_requests, failure_keeps_its_text)
{
	static const struct cpu_event event = { .kind = CPU_EVENT_FAILED, .text = "why" };
	struct seen seen = { 0 };

	start(&seen);
	request_inbox_cpu_event(seen.inbox, &event);
	loop_run(seen.loop);
	cr_assert(seen.round.failed);
	cr_assert(eq(str, seen.round.failed_text, "why"));
	finish(&seen);
}
