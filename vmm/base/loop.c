/* SPDX-License-Identifier: MIT */
#include "vmm/base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vmm/base/clock.h"
#include "vmm/base/contention.h"
#include "vmm/base/poll_budget.h"
#include "vmm/base/thread.h"

#define EVENTS_PER_ROUND 32
#define NAME_BYTES	 16

/* How often polling looks for what it does not poll: descriptors, timers, other threads. */
#define POLL_CHECK_NS 20000

struct loop {
	char name[NAME_BYTES];
	int epoll_fd;
	int wake_fd; /* made readable by loop_post and loop_stop */
	atomic_bool stopping;
	atomic_bool has_owner;	 /* a thread is in loop_run, or on its way there */
	_Atomic pthread_t owner; /* 0 while it is on its way */
	bool started;		 /* `thread` is to be joined */
	pthread_t thread;

	struct mutex post_lock;
	struct list tasks;	 /* guarded by post_lock, as the next */
	struct list round_tasks; /* to run in this round: what they post waits for the next */

	struct list timers; /* by deadline */
	struct list pollers;
	struct poll_budget budget;
	struct contention contention;
	bool work_left; /* work slipped in when polling ended: not to be slept on */

	struct epoll_event events[EVENTS_PER_ROUND];
	int event_count; /* events of this round, `event_next` is the first not yet handled */
	int event_next;
};

int loop_create(const char *name, struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	struct epoll_event event = { .events = EPOLLIN };
	int code = -ENOMEM;

	*out = NULL;
	if (!loop) {
		return code;
	}
	(void)snprintf(loop->name, sizeof(loop->name), "%s", name);
	mutex_init(&loop->post_lock);
	list_init(&loop->tasks);
	list_init(&loop->round_tasks);
	list_init(&loop->timers);
	list_init(&loop->pollers);
	loop->wake_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		goto fail;
	}
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0) {
		goto fail;
	}
	/* A NULL pointer marks the wake descriptor among the watches. */
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) < 0) {
		goto fail;
	}
	*out = loop;
	return 0;
fail:
	code = -errno;
	loop_destroy(loop);
	return code;
}

void loop_destroy(struct loop *loop)
{
	if (!loop) {
		return;
	}
	if (loop->started) {
		loop_stop(loop);
		(void)pthread_join(loop->thread, NULL);
	}
	if (loop->wake_fd >= 0) {
		(void)close(loop->wake_fd);
	}
	if (loop->epoll_fd >= 0) {
		(void)close(loop->epoll_fd);
	}
	mutex_finish(&loop->post_lock);
	free(loop);
}

static void wake(struct loop *loop)
{
	const uint64_t one = 1;

	/* EAGAIN means that the counter is full, and so the loop is awake anyway. */
	if (write(loop->wake_fd, &one, sizeof(one)) < 0) {
		assert(errno == EAGAIN);
	}
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopping, true);
	wake(loop);
}

bool loop_is_current(const struct loop *loop)
{
	return atomic_load(&loop->has_owner) &&
	       pthread_equal(atomic_load(&loop->owner), pthread_self());
}

/* --- tasks --- */

void loop_task_init(struct loop_task *task, loop_fn *fn, void *arg)
{
	list_init(&task->node);
	task->fn = fn;
	task->arg = arg;
	task->pending = false;
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	bool fresh;

	mutex_lock(&loop->post_lock);
	fresh = !task->pending;
	if (fresh) {
		task->pending = true;
		list_append(&loop->tasks, &task->node);
	}
	mutex_unlock(&loop->post_lock);
	if (fresh) {
		wake(loop);
	}
}

void loop_task_cancel(struct loop *loop, struct loop_task *task)
{
	mutex_lock(&loop->post_lock);
	if (task->pending) {
		task->pending = false;
		list_remove(&task->node);
	}
	mutex_unlock(&loop->post_lock);
}

static struct loop_task *take_task(struct loop *loop)
{
	struct loop_task *task = NULL;

	mutex_lock(&loop->post_lock);
	if (!list_is_empty(&loop->round_tasks)) {
		task = list_entry(loop->round_tasks.next, struct loop_task, node);
		list_remove(&task->node);
		task->pending = false;
	}
	mutex_unlock(&loop->post_lock);
	return task;
}

/* A round of the tasks posted so far; false: there were none. */
static bool run_tasks(struct loop *loop)
{
	struct loop_task *task;
	uint64_t count;
	bool any = false;

	if (read(loop->wake_fd, &count, sizeof(count)) < 0) {
		assert(errno == EAGAIN);
	}
	mutex_lock(&loop->post_lock);
	list_move_all(&loop->tasks, &loop->round_tasks);
	mutex_unlock(&loop->post_lock);
	while ((task = take_task(loop))) {
		task->fn(task->arg);
		any = true;
	}
	return any;
}

struct call {
	struct loop_task task;
	loop_fn *fn;
	void *arg;
	struct mutex lock;
	struct condition changed;
	bool done;
};

static void run_call(void *arg)
{
	struct call *call = arg;

	call->fn(call->arg);
	mutex_lock(&call->lock);
	call->done = true;
	condition_wake_all(&call->changed);
	mutex_unlock(&call->lock);
}

void loop_call(struct loop *loop, loop_fn *fn, void *arg)
{
	struct call call = { .fn = fn, .arg = arg, .lock = MUTEX_INIT };

	if (loop_is_current(loop) || !atomic_load(&loop->has_owner)) {
		fn(arg);
		return;
	}
	condition_init(&call.changed);
	loop_task_init(&call.task, run_call, &call);
	loop_post(loop, &call.task);
	mutex_lock(&call.lock);
	while (!call.done) {
		condition_wait(&call.changed, &call.lock);
	}
	mutex_unlock(&call.lock);
	condition_finish(&call.changed);
	mutex_finish(&call.lock);
}

/* --- watches --- */

int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   loop_watch_fn *fn, void *arg)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	assert(!watch->loop);
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		return -errno;
	}
	*watch = (struct loop_watch){ .loop = loop, .fd = fd, .fn = fn, .arg = arg };
	return 0;
}

int loop_watch_modify(struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0 ? -errno : 0;
}

void loop_watch_remove(struct loop_watch *watch)
{
	struct loop *loop = watch->loop;

	if (!loop) {
		return;
	}
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = loop->event_next; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch) {
			loop->events[i].events = 0;
		}
	}
	watch->loop = NULL;
}

static void dispatch_events(struct loop *loop)
{
	while (loop->event_next < loop->event_count) {
		struct epoll_event *event = &loop->events[loop->event_next++];
		struct loop_watch *watch = event->data.ptr;

		if (!event->events) {
			continue; /* disarmed by an earlier callback of this round */
		}
		if (watch) {
			watch->fn(watch->arg, event->events);
		} else {
			(void)run_tasks(loop);
		}
	}
}

/* --- timers --- */

void loop_timer_init(struct loop_timer *timer, loop_fn *fn, void *arg)
{
	*timer = (struct loop_timer){ .fn = fn, .arg = arg };
	list_init(&timer->node);
}

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t deadline_ns)
{
	struct list *position;

	loop_timer_disarm(timer);
	timer->loop = loop;
	timer->deadline_ns = deadline_ns;
	for (position = loop->timers.next; position != &loop->timers; position = position->next) {
		if (list_entry(position, struct loop_timer, node)->deadline_ns > deadline_ns) {
			break;
		}
	}
	list_insert_before(position, &timer->node);
}

void loop_timer_disarm(struct loop_timer *timer)
{
	if (timer->loop) {
		timer->loop = NULL;
		list_remove(&timer->node);
	}
}

static struct loop_timer *first_timer(struct list *timers)
{
	return list_is_empty(timers) ? NULL : list_entry(timers->next, struct loop_timer, node);
}

/* Those that are due by now; what they arm waits for the next round. */
static void run_timers(struct loop *loop)
{
	struct loop_timer *timer = first_timer(&loop->timers);
	struct list due;
	uint64_t now_ns;

	if (!timer) {
		return;
	}
	now_ns = clock_now_ns();
	list_init(&due);
	while (timer && timer->deadline_ns <= now_ns) {
		list_remove(&timer->node);
		list_append(&due, &timer->node);
		timer = first_timer(&loop->timers);
	}
	while ((timer = first_timer(&due))) {
		loop_timer_disarm(timer);
		timer->fn(timer->arg);
	}
}

/* --- polling --- */

void loop_poller_add(struct loop *loop, struct loop_poller *poller)
{
	assert(!poller->loop);
	poller->loop = loop;
	list_append(&loop->pollers, &poller->node);
}

void loop_poller_remove(struct loop_poller *poller)
{
	if (poller->loop) {
		poller->loop = NULL;
		list_remove(&poller->node);
	}
}

static bool poll_once(struct loop *loop)
{
	struct loop_poller *poller;
	bool found = false;

	list_for_each (poller, &loop->pollers, struct loop_poller, node) {
		found |= poller->poll(poller->arg);
	}
	return found;
}

static void begin_polling(struct loop *loop)
{
	struct loop_poller *poller;

	list_for_each (poller, &loop->pollers, struct loop_poller, node) {
		if (poller->begin) {
			poller->begin(poller->arg);
		}
	}
}

static bool end_polling(struct loop *loop)
{
	struct loop_poller *poller;
	bool slipped_in = false;

	list_for_each (poller, &loop->pollers, struct loop_poller, node) {
		slipped_in |= poller->end && poller->end(poller->arg);
	}
	return slipped_in;
}

/* Takes what epoll has, or waits for it. */
static void fetch_events(struct loop *loop, int timeout)
{
	loop->event_next = 0;
	loop->event_count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_ROUND, timeout);
	if (loop->event_count < 0) {
		assert(errno == EINTR);
		loop->event_count = 0;
	}
}

static bool must_stop_polling(struct loop *loop, uint64_t now_ns)
{
	const struct loop_timer *timer = first_timer(&loop->timers);

	if (contention_was_preempted(&loop->contention)) {
		poll_budget_contended(&loop->budget, now_ns);
		return true;
	}
	fetch_events(loop, 0);
	return loop->event_count > 0 || (timer && timer->deadline_ns <= now_ns) ||
	       atomic_load(&loop->stopping);
}

static void spin(struct loop *loop, uint64_t now_ns, uint64_t budget_ns)
{
	uint64_t deadline_ns = now_ns + budget_ns;
	uint64_t check_ns = now_ns + POLL_CHECK_NS;

	while (now_ns < deadline_ns) {
		bool found = poll_once(loop);

		now_ns = clock_now_ns();
		if (found) {
			deadline_ns = now_ns + budget_ns;
		} else {
			__builtin_ia32_pause();
		}
		if (now_ns >= check_ns) {
			if (must_stop_polling(loop, now_ns)) {
				return;
			}
			check_ns = now_ns + POLL_CHECK_NS;
		}
	}
}

/* Polls for as long as the budget says. May have fetched events afterwards. */
static void poll_for_work(struct loop *loop)
{
	uint64_t now_ns;
	uint64_t budget_ns;

	if (list_is_empty(&loop->pollers)) {
		return;
	}
	loop->work_left = loop->work_left && poll_once(loop);
	now_ns = clock_now_ns();
	budget_ns = poll_budget_ns(&loop->budget, now_ns);
	if (budget_ns == 0 || contention_has_one_cpu(&loop->contention, now_ns)) {
		return;
	}
	begin_polling(loop);
	spin(loop, now_ns, budget_ns);
	loop->work_left = end_polling(loop);
}

/* --- the loop itself --- */

/* Milliseconds until the first timer, rounded up; -1 without one. */
static int timeout_ms(struct loop *loop)
{
	const struct loop_timer *timer = first_timer(&loop->timers);
	uint64_t now_ns;

	if (!timer) {
		return -1;
	}
	now_ns = clock_now_ns();
	if (timer->deadline_ns <= now_ns) {
		return 0;
	}
	return (int)MIN((timer->deadline_ns - now_ns + 999999) / 1000000, (uint64_t)INT32_MAX);
}

static void wait_for_events(struct loop *loop)
{
	uint64_t slept_from_ns;

	loop->event_count = 0;
	poll_for_work(loop);
	if (loop->event_count > 0) {
		return;
	}
	if (loop->work_left) {
		fetch_events(loop, 0);
		return;
	}
	slept_from_ns = list_is_empty(&loop->pollers) ? 0 : clock_now_ns();
	fetch_events(loop, timeout_ms(loop));
	if (slept_from_ns) {
		poll_budget_slept(&loop->budget, clock_now_ns() - slept_from_ns);
	}
}

void loop_run(struct loop *loop)
{
	atomic_store(&loop->owner, pthread_self());
	atomic_store(&loop->has_owner, true);
	while (!atomic_exchange(&loop->stopping, false)) {
		wait_for_events(loop);
		dispatch_events(loop);
		run_timers(loop);
	}
	atomic_store(&loop->has_owner, false);
	while (run_tasks(loop)) { /* nobody waits in loop_call for a loop that has ended */
	}
}

static void *run_thread(void *arg)
{
	loop_run(arg);
	return NULL;
}

int loop_start(struct loop *loop)
{
	int code;

	/* From now on, not only when the thread gets there: a loop_call right after this one must
	 * not run here while the thread begins. */
	atomic_store(&loop->has_owner, true);
	code = thread_start(&loop->thread, loop->name, run_thread, loop);
	loop->started = code == 0;
	if (code < 0) {
		atomic_store(&loop->has_owner, false);
	}
	return code;
}
