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

/* What is due again as soon as it has run, and a descriptor that is readable all the time. */
struct crowd {
	struct loop *loop;
	struct loop_task task;
	struct loop_timer timer;
	struct loop_watch watch;
	int calls;
	bool is_watch_called;
};

#define CROWD_CALLS_MAX 1000

static bool goes_on(struct crowd *crowd)
{
	if (++crowd->calls == CROWD_CALLS_MAX) {
		loop_stop(crowd->loop);
	}
	return crowd->calls < CROWD_CALLS_MAX && !crowd->is_watch_called;
}

static void post_again(void *arg)
{
	struct crowd *crowd = arg;

	if (goes_on(crowd)) {
		loop_post(crowd->loop, &crowd->task);
	}
}

static void arm_again(void *arg)
{
	struct crowd *crowd = arg;

	if (goes_on(crowd)) {
		loop_timer_arm(crowd->loop, &crowd->timer, 0);
	}
}

static void note_watch(void *arg, uint32_t events)
{
	struct crowd *crowd = arg;

	(void)events;
	crowd->is_watch_called = true;
	loop_stop(crowd->loop);
}

/* From the first callback on: before that the loop looks at the descriptor anyway. */
static void add_watch(void *arg)
{
	struct crowd *crowd = arg;
	int fd = eventfd(1, 0);

	cr_assert(zero(int,
		       loop_watch_add(crowd->loop, &crowd->watch, fd, EPOLLIN, note_watch, crowd)));
}

static void run_crowd(struct crowd *crowd)
{
	struct loop_task first;

	loop_task_init(&first, add_watch, crowd);
	loop_post(crowd->loop, &first);
	loop_run(crowd->loop);
	cr_assert(crowd->is_watch_called);
	loop_watch_remove(&crowd->watch);
	(void)close(crowd->watch.fd);
	loop_timer_disarm(&crowd->timer);
	loop_destroy(crowd->loop);
}

Test(loop, task_that_posts_itself_keeps_nobody_waiting)
{
	struct crowd crowd = { .loop = make_loop() };

	loop_task_init(&crowd.task, post_again, &crowd);
	loop_timer_init(&crowd.timer, arm_again, &crowd);
	loop_post(crowd.loop, &crowd.task);
	run_crowd(&crowd);
}

Test(loop, timer_that_is_due_again_keeps_nobody_waiting)
{
	struct crowd crowd = { .loop = make_loop() };

	loop_timer_init(&crowd.timer, arm_again, &crowd);
	loop_timer_arm(crowd.loop, &crowd.timer, 0);
	run_crowd(&crowd);
}

static struct loop_timer *other_timer;

static void disarm_other(void *arg)
{
	loop_timer_disarm(other_timer);
	count_call(arg);
}

Test(loop, due_timer_can_be_disarmed_by_another)
{
	struct counter counter = { .loop = make_loop(), .stop_after = 1 };
	struct counter never = { .loop = counter.loop };
	struct loop_timer timers[2];

	loop_timer_init(&timers[0], disarm_other, &counter);
	loop_timer_init(&timers[1], count_call, &never);
	other_timer = &timers[1];
	loop_timer_arm(counter.loop, &timers[0], 1);
	loop_timer_arm(counter.loop, &timers[1], 2);
	loop_run(counter.loop);
	cr_assert(zero(int, never.calls));
	cr_assert(zero(ptr, timers[1].loop));
	loop_destroy(counter.loop);
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
