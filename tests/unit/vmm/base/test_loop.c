/* SPDX-License-Identifier: MIT */
#include "vmm/base/loop.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "vmm/base/clock.h"

TestSuite(loop, .timeout = 10);

struct counter {
	struct loop *loop;
	int calls;
	int stop_after;
};

static void count_call(void *arg)
{
	struct counter *counter = arg;

	if (++counter->calls == counter->stop_after) {
		loop_stop(counter->loop);
	}
}

static struct loop *make_loop(void)
{
	struct loop *loop;

	cr_assert(eq(int, loop_create("test", &loop), 0));
	return loop;
}

Test(loop, posted_task_runs_once_per_post)
{
	struct counter counter = { .loop = make_loop(), .stop_after = 1 };
	struct loop_task task;

	loop_task_init(&task, count_call, &counter);
	loop_post(counter.loop, &task);
	loop_post(counter.loop, &task);
	loop_run(counter.loop);
	cr_assert(eq(int, counter.calls, 1));
	loop_destroy(counter.loop);
}

Test(loop, cancelled_task_does_not_run)
{
	struct counter cancelled = { .loop = make_loop() };
	struct counter ending = { .loop = cancelled.loop, .stop_after = 1 };
	struct loop_task first;
	struct loop_task second;

	loop_task_init(&first, count_call, &cancelled);
	loop_task_init(&second, count_call, &ending);
	loop_post(cancelled.loop, &first);
	loop_task_cancel(cancelled.loop, &first);
	loop_post(cancelled.loop, &second);
	loop_run(cancelled.loop);
	cr_assert(eq(int, cancelled.calls, 0));
	loop_destroy(cancelled.loop);
}

static void record_thread(void *arg)
{
	*(pthread_t *)arg = pthread_self();
}

Test(loop, call_runs_on_the_loops_thread)
{
	struct loop *loop = make_loop();
	pthread_t ran_on = pthread_self();

	cr_assert(eq(int, loop_start(loop), 0));
	loop_call(loop, record_thread, &ran_on);
	/* The thread may not have reached loop_run yet; then the call runs here, by contract. */
	while (pthread_equal(ran_on, pthread_self())) {
		loop_call(loop, record_thread, &ran_on);
	}
	cr_assert(not(loop_is_current(loop)));
	loop_destroy(loop);
}

Test(loop, call_without_a_thread_runs_directly)
{
	struct counter counter = { .loop = make_loop() };

	loop_call(counter.loop, count_call, &counter);
	cr_assert(eq(int, counter.calls, 1));
	loop_destroy(counter.loop);
}

static int fired[3];
static int fired_count;

static void note_timer(void *arg)
{
	fired[fired_count++] = *(int *)arg;
}

Test(loop, timers_fire_in_order_of_deadline)
{
	struct loop *loop = make_loop();
	struct counter counter = { .loop = loop, .stop_after = 1 };
	int names[3] = { 0, 1, 2 };
	struct loop_timer timers[3];
	struct loop_timer last;
	uint64_t now_ns = clock_now_ns();

	for (int i = 0; i < 3; i++) {
		loop_timer_init(&timers[i], note_timer, &names[i]);
	}
	loop_timer_init(&last, count_call, &counter);
	loop_timer_arm(loop, &last, now_ns + 4);
	loop_timer_arm(loop, &timers[2], now_ns + 3);
	loop_timer_arm(loop, &timers[0], now_ns + 1);
	loop_timer_arm(loop, &timers[1], now_ns + 2);
	loop_timer_disarm(&timers[1]);
	loop_run(loop);
	cr_assert(eq(int, fired_count, 2));
	cr_assert(eq(int, fired[0], 0));
	cr_assert(eq(int, fired[1], 2));
	loop_destroy(loop);
}

struct pair {
	struct loop_watch watches[2];
	int calls;
};

static void remove_both(void *arg, uint32_t events)
{
	struct pair *pair = arg;

	(void)events;
	pair->calls++;
	loop_stop(pair->watches[0].loop ? pair->watches[0].loop : pair->watches[1].loop);
	loop_watch_remove(&pair->watches[0]);
	loop_watch_remove(&pair->watches[1]);
}

Test(loop, removed_watch_is_not_called_for_a_pending_event)
{
	struct loop *loop = make_loop();
	struct pair pair = { 0 };
	int fds[2] = { eventfd(1, 0), eventfd(1, 0) };

	for (int i = 0; i < 2; i++) {
		cr_assert(eq(
			int,
			loop_watch_add(loop, &pair.watches[i], fds[i], EPOLLIN, remove_both, &pair),
			0));
	}
	loop_run(loop);
	cr_assert(eq(int, pair.calls, 1));
	loop_destroy(loop);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

Test(loop, watch_of_a_closed_descriptor_is_refused)
{
	struct loop *loop = make_loop();
	struct loop_watch watch = { 0 };

	cr_assert(lt(int, loop_watch_add(loop, &watch, 9999, EPOLLIN, remove_both, NULL), 0));
	cr_assert(zero(ptr, watch.loop));
	loop_destroy(loop);
}
