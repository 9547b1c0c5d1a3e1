/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_LOOP_H
#define THUNDERLAKE_VMM_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "vmm/base/compiler.h"
#include "vmm/base/list.h"

/*
 * An event loop: descriptors, timers and work posted from other threads, all run on one thread. An
 * object belongs to one loop; unless a function here says "any thread", call it on the loop's
 * thread or while the loop is not running. The watch, timer, task and poller structs are embedded
 * in the objects that own them; the loop borrows them while they are armed, allocates nothing, and
 * they must be disarmed before they go away. All callbacks get the `arg` given at set-up and may
 * arm, disarm and re-arm anything, themselves included: what they post or arm waits for the next
 * round, so that long work done in parts holds up nobody.
 */
struct loop;

/* Makes a loop that no thread runs yet. `name` names the thread of loop_start (15 characters).
 * Returns 0 or -errno. */
int loop_create(const char *name, struct loop **out);

/* Stops and joins the thread of loop_start, then frees. NULL is fine. */
void loop_destroy(struct loop *loop);

/* Runs the loop on the calling thread until loop_stop. */
void loop_run(struct loop *loop);

/* Runs the loop on a thread of its own until loop_destroy. Returns 0 or -errno. */
int loop_start(struct loop *loop);

/* Any thread: loop_run returns after the callbacks of the present round. */
void loop_stop(struct loop *loop);

/* Any thread: whether the caller runs inside this loop. */
bool loop_is_current(const struct loop *loop);

/* --- work from other threads ----------------------------------------------------------------- */

typedef void loop_fn(void *arg);

struct loop_task {
	struct list node;
	loop_fn *fn;
	void *arg;
	bool pending; /* guarded by the loop's post lock */
};

void loop_task_init(struct loop_task *task, loop_fn *fn, void *arg);

/* Any thread: `task` runs once on the loop, soon. Posting a pending task again changes nothing. */
void loop_post(struct loop *loop, struct loop_task *task);

/* Any thread: takes a pending task back. On the loop's thread it surely does not run afterwards;
 * elsewhere it may be running now. */
void loop_task_cancel(struct loop *loop, struct loop_task *task);

/* Any thread: runs fn(arg) on the loop and returns when it is done; directly when the caller is the
 * loop's thread or no thread runs the loop. Hold no lock that a callback of this loop takes. */
void loop_call(struct loop *loop, loop_fn *fn, void *arg);

/* --- descriptors ----------------------------------------------------------------------------- */

typedef void loop_watch_fn(void *arg, uint32_t events);

struct loop_watch {
	struct loop *loop; /* NULL while disarmed */
	int fd;		   /* borrowed */
	loop_watch_fn *fn;
	void *arg;
};

/* Calls `fn` when `fd` has one of the EPOLL* `events` (EPOLLET allowed: an edge-triggered eventfd
 * need never be read). The struct is zero-initialised before the first use. Returns 0 or -errno of
 * epoll_ctl; -EPERM for regular files, which are always ready. */
int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   loop_watch_fn *fn, void *arg);
int loop_watch_modify(struct loop_watch *watch, uint32_t events);

/* Disarms; `fn` is not called again, not even for events of the present round. Harmless when
 * disarmed. Does not close the descriptor. */
void loop_watch_remove(struct loop_watch *watch);

/* --- timers ---------------------------------------------------------------------------------- */

struct loop_timer {
	struct list node;
	struct loop *loop; /* NULL while disarmed */
	uint64_t deadline_ns;
	loop_fn *fn;
	void *arg;
};

void loop_timer_init(struct loop_timer *timer, loop_fn *fn, void *arg);

/* Fires once at `deadline_ns` of clock_now_ns(); re-arming moves the deadline. */
void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t deadline_ns);
void loop_timer_disarm(struct loop_timer *timer);

/* --- busy polling ---------------------------------------------------------------------------- */

/* Returns whether it found and did work. Must be cheap when there is none. */
typedef bool loop_poll_fn(void *arg);

struct loop_poller {
	struct list node;
	struct loop *loop; /* NULL while disarmed */
	loop_poll_fn *poll;
	void (*begin)(void *arg); /* may be NULL: polling starts, doorbells can be silenced */
	bool (*end)(void *arg);	  /* may be NULL: polling ends, doorbells are needed again; returns
				     whether work slipped in, in which case polling goes on */
	void *arg;
};

/*
 * Asks the loop to poll before it sleeps. The loop decides for how long: the budget grows while
 * polling finds work that a sleep would have delayed, shrinks to nothing while it does not, and
 * polling is given up for a while when another thread wanted the processor.
 */
void loop_poller_add(struct loop *loop, struct loop_poller *poller);
void loop_poller_remove(struct loop_poller *poller);

#endif
