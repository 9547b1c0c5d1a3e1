/* SPDX-License-Identifier: MIT */
/* LINK: audio/pulse_loop.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "audio/pulse_loop.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

/* A user of the loop in the library's place. No time passes: what is waited for is there, or comes
 * from a timer that ends the loop. */
TestSuite(pulse_loop, .timeout = 10);

struct user {
	struct loop *loop;
	struct pulse_loop pulse_loop;
	pa_mainloop_api *api;
	unsigned calls, destroyed;
	unsigned calls_wanted; /* the loop ends after so many */
	unsigned flags;	       /* of descriptors, as told last */
	struct timeval at;     /* of times, as told last */
	bool frees;	       /* the event in its callback */
	struct loop_timer end;
};

static void stop(void *arg)
{
	loop_stop(arg);
}

static void begin(struct user *user)
{
	*user = (struct user){ .calls_wanted = 1 };
	cr_assert(eq(int, loop_create("test", &user->loop), 0));
	pulse_loop_init(&user->pulse_loop, user->loop);
	user->api = &user->pulse_loop.api;
	loop_timer_init(&user->end, stop, user->loop);
}

static void end(struct user *user)
{
	cr_assert(eq(uint, user->pulse_loop.events, 0));
	loop_destroy(user->loop);
}

/* All that can be done now, and then the end. */
static void run_out(struct user *user)
{
	loop_timer_arm(user->loop, &user->end, clock_now_ns() + NS_PER_SECOND / 50);
	loop_run(user->loop);
}

static void count(struct user *user)
{
	if (++user->calls == user->calls_wanted) {
		loop_stop(user->loop);
	}
}

static void on_io(pa_mainloop_api *api, pa_io_event *e, int fd UNUSED, pa_io_event_flags_t flags,
		  void *arg)
{
	struct user *user = arg;

	cr_assert(eq(ptr, api, user->api));
	user->flags = flags;
	if (user->frees) {
		api->io_free(e);
	}
	count(user);
}

static void on_io_gone(pa_mainloop_api *api UNUSED, pa_io_event *e UNUSED, void *arg)
{
	struct user *user = arg;

	user->destroyed++;
}

static void on_time(pa_mainloop_api *api, pa_time_event *e, const struct timeval *at, void *arg)
{
	struct user *user = arg;

	user->at = *at;
	if (user->frees) {
		api->time_free(e);
	}
	count(user);
}

static void on_time_gone(pa_mainloop_api *api UNUSED, pa_time_event *e UNUSED, void *arg)
{
	struct user *user = arg;

	user->destroyed++;
}

static void on_defer(pa_mainloop_api *api, pa_defer_event *e, void *arg)
{
	struct user *user = arg;

	if (user->frees) {
		api->defer_free(e);
	}
	count(user);
}

static void on_defer_gone(pa_mainloop_api *api UNUSED, pa_defer_event *e UNUSED, void *arg)
{
	struct user *user = arg;

	user->destroyed++;
}

/* --- descriptors --- */

Test(pulse_loop, readable_descriptor_is_told)
{
	struct user user;
	pa_io_event *e;
	int ends[2];

	begin(&user);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	cr_assert(eq(sz, (size_t)write(ends[1], "x", 1), 1));
	e = user.api->io_new(user.api, ends[0], PA_IO_EVENT_INPUT, on_io, &user);
	loop_run(user.loop);
	cr_assert(eq(uint, user.flags, PA_IO_EVENT_INPUT));
	user.api->io_set_destroy(e, on_io_gone);
	user.api->io_free(e);
	cr_assert(eq(uint, user.destroyed, 1));
	(void)close(ends[0]);
	(void)close(ends[1]);
	end(&user);
}

Test(pulse_loop, writable_descriptor_is_told_once_it_is_asked_for)
{
	struct user user;
	pa_io_event *e;
	int ends[2];

	begin(&user);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	e = user.api->io_new(user.api, ends[1], PA_IO_EVENT_NULL, on_io, &user);
	run_out(&user);
	cr_assert(eq(uint, user.calls, 0));
	user.api->io_enable(e, PA_IO_EVENT_OUTPUT);
	loop_run(user.loop);
	cr_assert(eq(uint, user.flags, PA_IO_EVENT_OUTPUT));
	user.api->io_free(e);
	(void)close(ends[0]);
	(void)close(ends[1]);
	end(&user);
}

/* epoll tells of it even where nothing is asked, each round. */
Test(pulse_loop, hang_up_of_a_disabled_descriptor_is_not_told)
{
	struct user user;
	pa_io_event *e;
	int ends[2];

	begin(&user);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	e = user.api->io_new(user.api, ends[0], PA_IO_EVENT_INPUT, on_io, &user);
	user.api->io_enable(e, PA_IO_EVENT_NULL);
	(void)close(ends[1]);
	run_out(&user);
	cr_assert(eq(uint, user.calls, 0));
	user.api->io_enable(e, PA_IO_EVENT_INPUT);
	loop_run(user.loop);
	cr_assert(eq(uint, user.flags, PA_IO_EVENT_HANGUP));
	user.api->io_free(e);
	(void)close(ends[0]);
	end(&user);
}

/* A file is always ready, which epoll refuses to watch. */
Test(pulse_loop, descriptor_that_cannot_be_watched_is_broken)
{
	struct user user;
	pa_io_event *e;
	char path[] = "/tmp/pulse-loop-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	cr_assert(ge(int, fd, 0));
	(void)unlink(path);
	begin(&user);
	e = user.api->io_new(user.api, fd, PA_IO_EVENT_INPUT, on_io, &user);
	loop_run(user.loop);
	cr_assert(eq(uint, user.flags, PA_IO_EVENT_ERROR));
	user.api->io_free(e);
	(void)close(fd);
	end(&user);
}

Test(pulse_loop, descriptor_may_be_freed_in_its_callback)
{
	struct user user;
	int ends[2];

	begin(&user);
	user.frees = true;
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	(void)close(ends[1]);
	(void)user.api->io_new(user.api, ends[0], PA_IO_EVENT_INPUT, on_io, &user);
	loop_run(user.loop);
	(void)close(ends[0]);
	end(&user);
}

/* --- times --- */

Test(pulse_loop, past_time_comes_at_once_and_once)
{
	const struct timeval past = { 1, 2 };
	struct user user;
	pa_time_event *e;

	begin(&user);
	user.calls_wanted = 2;
	e = user.api->time_new(user.api, &past, on_time, &user);
	user.api->time_set_destroy(e, on_time_gone);
	run_out(&user);
	cr_assert(eq(uint, user.calls, 1));
	cr_assert(eq(long, user.at.tv_sec, 1));
	cr_assert(eq(long, user.at.tv_usec, 2));
	user.api->time_free(e);
	cr_assert(eq(uint, user.destroyed, 1));
	end(&user);
}

Test(pulse_loop, time_of_the_wall_clock_comes_then)
{
	const uint64_t start_ns = clock_now_ns();
	const struct timeval soon = { 0, 5000 };
	struct timeval now, at;
	struct user user;
	pa_time_event *e;

	begin(&user);
	(void)gettimeofday(&now, NULL);
	timeradd(&now, &soon, &at);
	e = user.api->time_new(user.api, &at, on_time, &user);
	loop_run(user.loop);
	/* Two clocks were read one after the other. */
	cr_assert(ge(u64, clock_now_ns() - start_ns, 4000000));
	user.api->time_free(e);
	end(&user);
}

Test(pulse_loop, far_time_does_not_come_and_no_time_never)
{
	const struct timeval far = { INT64_MAX / 2000000000, 0 };
	struct user user;
	pa_time_event *e;

	begin(&user);
	e = user.api->time_new(user.api, &far, on_time, &user);
	run_out(&user);
	user.api->time_restart(e, NULL);
	run_out(&user);
	cr_assert(eq(uint, user.calls, 0));
	user.api->time_free(e);
	e = user.api->time_new(user.api, NULL, on_time, &user);
	run_out(&user);
	cr_assert(eq(uint, user.calls, 0));
	user.api->time_free(e);
	end(&user);
}

Test(pulse_loop, time_may_be_freed_in_its_callback)
{
	const struct timeval past = { 1, 0 };
	struct user user;

	begin(&user);
	user.frees = true;
	(void)user.api->time_new(user.api, &past, on_time, &user);
	loop_run(user.loop);
	end(&user);
}

/* --- what is deferred --- */

Test(pulse_loop, deferred_call_comes_again_until_it_is_disabled)
{
	struct user user;
	pa_defer_event *e;

	begin(&user);
	user.calls_wanted = 3;
	e = user.api->defer_new(user.api, on_defer, &user);
	loop_run(user.loop);
	cr_assert(eq(uint, user.calls, 3));
	user.api->defer_enable(e, 0);
	run_out(&user);
	cr_assert(eq(uint, user.calls, 3));
	user.calls_wanted = 4;
	user.api->defer_enable(e, 1);
	loop_run(user.loop);
	user.api->defer_set_destroy(e, on_defer_gone);
	user.api->defer_free(e);
	cr_assert(eq(uint, user.destroyed, 1));
	end(&user);
}

/* Descriptors have their turn beside a call that is never disabled. */
Test(pulse_loop, deferred_call_does_not_keep_descriptors_waiting)
{
	struct user user, other;
	pa_defer_event *busy;
	pa_io_event *e;
	int ends[2];

	begin(&user);
	other = (struct user){ .loop = user.loop, .api = user.api };
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	busy = user.api->defer_new(user.api, on_defer, &other);
	e = user.api->io_new(user.api, ends[1], PA_IO_EVENT_OUTPUT, on_io, &user);
	loop_run(user.loop);
	cr_assert(eq(uint, user.calls, 1));
	user.api->io_free(e);
	user.api->defer_free(busy);
	(void)close(ends[0]);
	(void)close(ends[1]);
	end(&user);
}

Test(pulse_loop, deferred_call_may_be_freed_in_itself)
{
	struct user user;

	begin(&user);
	user.frees = true;
	(void)user.api->defer_new(user.api, on_defer, &user);
	loop_run(user.loop);
	end(&user);
}
