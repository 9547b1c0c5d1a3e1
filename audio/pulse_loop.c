/* SPDX-License-Identifier: MIT */
#include "audio/pulse_loop.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

/* Each kind of event may be freed, changed or enabled from inside its own callback, so nothing
 * here looks at one after having called it. Memory that is not there ends the library in its own
 * way: it takes NULL for a broken program. */

static struct pulse_loop *of_api(pa_mainloop_api *api)
{
	return container_of(api, struct pulse_loop, api);
}

/* --- descriptors --- */

struct pa_io_event {
	struct pulse_loop *owner;
	struct loop_watch watch;
	struct loop_timer broken; /* tells that the descriptor can't be watched */
	int fd;
	pa_io_event_flags_t flags;
	pa_io_event_cb_t fn;
	pa_io_event_destroy_cb_t destroy;
	void *arg;
};

static void on_ready(void *arg, uint32_t events)
{
	pa_io_event *e = arg;
	unsigned flags = (events & EPOLLIN ? PA_IO_EVENT_INPUT : 0u) |
			 (events & EPOLLOUT ? PA_IO_EVENT_OUTPUT : 0u) |
			 (events & EPOLLHUP ? PA_IO_EVENT_HANGUP : 0u) |
			 (events & EPOLLERR ? PA_IO_EVENT_ERROR : 0u);

	e->fn(&e->owner->api, e, e->fd, (pa_io_event_flags_t)flags, e->arg);
}

static void on_broken(void *arg)
{
	pa_io_event *e = arg;

	e->fn(&e->owner->api, e, e->fd, PA_IO_EVENT_ERROR, e->arg);
}

static void io_enable(pa_io_event *e, pa_io_event_flags_t flags)
{
	uint32_t events = (flags & PA_IO_EVENT_INPUT ? (uint32_t)EPOLLIN : 0) |
			  (flags & PA_IO_EVENT_OUTPUT ? (uint32_t)EPOLLOUT : 0);
	int code = 0;

	if (e->flags == flags) {
		return;
	}
	e->flags = flags;
	if (flags == PA_IO_EVENT_NULL) {
		/* A hang-up is told even where nothing is asked, each round. */
		loop_watch_remove(&e->watch);
	} else if (e->watch.loop) {
		code = loop_watch_modify(&e->watch, events);
	} else {
		code = loop_watch_add(e->owner->loop, &e->watch, e->fd, events, on_ready, e);
	}
	if (code < 0) {
		loop_timer_arm(e->owner->loop, &e->broken, clock_now_ns());
	}
}

static pa_io_event *io_new(pa_mainloop_api *api, int fd, pa_io_event_flags_t flags,
			   pa_io_event_cb_t fn, void *arg)
{
	pa_io_event *e = calloc(1, sizeof(*e));

	if (e) {
		*e = (pa_io_event){ .owner = of_api(api), .fd = fd, .fn = fn, .arg = arg };
		loop_timer_init(&e->broken, on_broken, e);
		e->owner->events++;
		io_enable(e, flags);
	}
	return e;
}

static void io_free(pa_io_event *e)
{
	loop_watch_remove(&e->watch);
	loop_timer_disarm(&e->broken);
	e->owner->events--;
	if (e->destroy) {
		e->destroy(&e->owner->api, e, e->arg);
	}
	free(e);
}

static void io_set_destroy(pa_io_event *e, pa_io_event_destroy_cb_t fn)
{
	e->destroy = fn;
}

/* --- times --- */

struct pa_time_event {
	struct pulse_loop *owner;
	struct loop_timer timer;
	struct timeval at;
	pa_time_event_cb_t fn;
	pa_time_event_destroy_cb_t destroy;
	void *arg;
};

static void on_time(void *arg)
{
	pa_time_event *e = arg;
	struct timeval at = e->at; /* the callback may give another */

	e->fn(&e->owner->api, e, &at, e->arg);
}

/* To loops that are not its own the library speaks of the wall clock, which it has just computed
 * from the monotonic one. Turned back at once, a wall clock that is set later does no harm. */
static uint64_t deadline_ns(const struct timeval *at)
{
	struct timeval now, left;

	(void)gettimeofday(&now, NULL);
	if (!timercmp(at, &now, >)) {
		return clock_now_ns();
	}
	timersub(at, &now, &left);
	return clock_now_ns() + (uint64_t)left.tv_sec * NS_PER_SECOND +
	       (uint64_t)left.tv_usec * 1000;
}

static void time_restart(pa_time_event *e, const struct timeval *at)
{
	if (at) {
		e->at = *at;
		loop_timer_arm(e->owner->loop, &e->timer, deadline_ns(at));
	} else {
		loop_timer_disarm(&e->timer);
	}
}

static pa_time_event *time_new(pa_mainloop_api *api, const struct timeval *at,
			       pa_time_event_cb_t fn, void *arg)
{
	pa_time_event *e = calloc(1, sizeof(*e));

	if (e) {
		*e = (pa_time_event){ .owner = of_api(api), .fn = fn, .arg = arg };
		loop_timer_init(&e->timer, on_time, e);
		e->owner->events++;
		time_restart(e, at);
	}
	return e;
}

static void time_free(pa_time_event *e)
{
	loop_timer_disarm(&e->timer);
	e->owner->events--;
	if (e->destroy) {
		e->destroy(&e->owner->api, e, e->arg);
	}
	free(e);
}

static void time_set_destroy(pa_time_event *e, pa_time_event_destroy_cb_t fn)
{
	e->destroy = fn;
}

/* --- what is done soon, and again until it is disabled --- */

struct pa_defer_event {
	struct pulse_loop *owner;
	struct loop_timer timer;
	pa_defer_event_cb_t fn;
	pa_defer_event_destroy_cb_t destroy;
	void *arg;
};

/* A timer whose time has come: no system call, other than a posted task. */
static void defer_enable(pa_defer_event *e, int is_enabled)
{
	if (is_enabled) {
		loop_timer_arm(e->owner->loop, &e->timer, clock_now_ns());
	} else {
		loop_timer_disarm(&e->timer);
	}
}

static void on_defer(void *arg)
{
	pa_defer_event *e = arg;

	defer_enable(e, true);
	e->fn(&e->owner->api, e, e->arg);
}

static pa_defer_event *defer_new(pa_mainloop_api *api, pa_defer_event_cb_t fn, void *arg)
{
	pa_defer_event *e = calloc(1, sizeof(*e));

	if (e) {
		*e = (pa_defer_event){ .owner = of_api(api), .fn = fn, .arg = arg };
		loop_timer_init(&e->timer, on_defer, e);
		e->owner->events++;
		defer_enable(e, true);
	}
	return e;
}

static void defer_free(pa_defer_event *e)
{
	loop_timer_disarm(&e->timer);
	e->owner->events--;
	if (e->destroy) {
		e->destroy(&e->owner->api, e, e->arg);
	}
	free(e);
}

static void defer_set_destroy(pa_defer_event *e, pa_defer_event_destroy_cb_t fn)
{
	e->destroy = fn;
}

/* --- the whole --- */

static void quit(pa_mainloop_api *api UNUSED, int code UNUSED)
{
	/* For programs; the library has no say in when the loop ends. */
}

void pulse_loop_init(struct pulse_loop *pulse_loop, struct loop *loop)
{
	*pulse_loop = (struct pulse_loop){
		.loop = loop,
		.api = { .userdata = pulse_loop,
			 .io_new = io_new,
			 .io_enable = io_enable,
			 .io_free = io_free,
			 .io_set_destroy = io_set_destroy,
			 .time_new = time_new,
			 .time_restart = time_restart,
			 .time_free = time_free,
			 .time_set_destroy = time_set_destroy,
			 .defer_new = defer_new,
			 .defer_enable = defer_enable,
			 .defer_free = defer_free,
			 .defer_set_destroy = defer_set_destroy,
			 .quit = quit },
	};
}
