/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

struct request_inbox {
	struct loop *main_loop;
	struct loop_task task;
	void (*on_round)(void *arg, const struct request_round *round);
	void *arg;
	struct machine_requests requests;

	struct mutex lock;
	struct request_round pending; /* guarded by lock */
	struct request_round taken;   /* main thread, as the next */
	uint64_t notices_due_ns;
	struct loop_timer notices_timer;
};

static struct request_round *begin(struct request_inbox *inbox) ACQUIRES(inbox->lock)
{
	mutex_lock(&inbox->lock);
	return &inbox->pending;
}

static void end(struct request_inbox *inbox) RELEASES(inbox->lock)
{
	mutex_unlock(&inbox->lock);
	loop_post(inbox->main_loop, &inbox->task);
}

static void note_reset(struct request_round *pending, const char *source)
{
	if (!pending->reset) {
		pending->reset = true;
		pending->reset_source = source;
	}
}

static void on_reset(void *arg, const char *source)
{
	note_reset(begin(arg), source);
	end(arg);
}

static void on_power_off(void *arg)
{
	begin(arg)->power_off = true;
	end(arg);
}

static void on_panicked(void *arg, enum machine_panic kind)
{
	struct request_round *pending = begin(arg);

	pending->panicked = true;
	pending->panic_kind = kind;
	end(arg);
}

static void on_exit_code(void *arg, int code)
{
	struct request_round *pending = begin(arg);

	pending->exit = true;
	pending->exit_code = code;
	end(arg);
}

static bool is_same_kind(const struct request_notice *a, const struct request_notice *b)
{
	return a->device == b->device && strcmp(a->event, b->event) == 0;
}

/* Forgets the oldest of that kind if there are as many as may be, or no room for others. */
static void make_room(struct request_round *round, const struct request_notice *notice)
{
	size_t same = 0, oldest = 0;

	for (size_t i = round->notice_count; i-- > 0;) {
		if (is_same_kind(&round->notices[i], notice)) {
			same++;
			oldest = i;
		}
	}
	if (same == REQUEST_NOTICES_OF_A_KIND ||
	    (same > 0 && round->notice_count == REQUEST_NOTICES_MAX)) {
		round->notice_count--;
		memmove(&round->notices[oldest], &round->notices[oldest + 1],
			(round->notice_count - oldest) * sizeof(round->notices[0]));
	}
}

void request_inbox_notify(void *arg, const char *id, const char *event, uint64_t value)
{
	const struct request_notice notice = { id, event, value };
	struct request_round *pending = begin(arg);

	make_room(pending, &notice);
	if (pending->notice_count < REQUEST_NOTICES_MAX) {
		pending->notices[pending->notice_count++] = notice;
	}
	end(arg);
}

void request_inbox_cpu_event(void *arg, const struct cpu_event *event)
{
	struct request_round *pending = begin(arg);

	switch (event->kind) {
	case CPU_EVENT_RESET:
		note_reset(pending, MACHINE_TRIPLE_FAULT);
		break;
	case CPU_EVENT_SHUTDOWN:
		pending->power_off = true;
		break;
	case CPU_EVENT_CRASH:
		pending->panicked = true;
		pending->panic_kind = MACHINE_PANICKED;
		break;
	case CPU_EVENT_FAILED:
		pending->failed = true;
		(void)snprintf(pending->failed_text, sizeof(pending->failed_text), "%s",
			       event->text);
		break;
	}
	end(arg);
}

static void keep_notices(struct request_round *round)
{
	struct request_round kept = { .notice_count = round->notice_count };

	memcpy(kept.notices, round->notices, sizeof(kept.notices));
	*round = kept;
}

/* Notices that come too soon after others stay for a later round. */
static void take_round(void *arg)
{
	struct request_inbox *inbox = arg;
	struct request_round *taken = &inbox->taken;
	const uint64_t now_ns = clock_now_ns();

	mutex_lock(&inbox->lock);
	*taken = inbox->pending;
	if (taken->notice_count > 0 && now_ns < inbox->notices_due_ns) {
		taken->notice_count = 0;
		keep_notices(&inbox->pending);
		loop_timer_arm(inbox->main_loop, &inbox->notices_timer, inbox->notices_due_ns);
	} else {
		inbox->pending = (struct request_round){ 0 };
	}
	mutex_unlock(&inbox->lock);
	if (taken->notice_count > 0) {
		inbox->notices_due_ns = now_ns + REQUEST_NOTICES_INTERVAL_NS;
	}
	if (taken->notice_count > 0 || taken->reset || taken->power_off || taken->panicked ||
	    taken->exit || taken->failed) {
		inbox->on_round(inbox->arg, taken);
	}
}

int request_inbox_create(struct loop *main_loop,
			 void (*on_round)(void *arg, const struct request_round *round), void *arg,
			 struct request_inbox **out, struct error *err)
{
	struct request_inbox *inbox = calloc(1, sizeof(*inbox));

	*out = inbox;
	if (!inbox) {
		return error_set_errno(err, -ENOMEM, "making the machine");
	}
	inbox->main_loop = main_loop;
	inbox->on_round = on_round;
	inbox->arg = arg;
	inbox->requests = (struct machine_requests){
		.reset = on_reset,
		.power_off = on_power_off,
		.panicked = on_panicked,
		.exit = on_exit_code,
		.arg = inbox,
	};
	mutex_init(&inbox->lock);
	loop_task_init(&inbox->task, take_round, inbox);
	loop_timer_init(&inbox->notices_timer, take_round, inbox);
	return 0;
}

void request_inbox_destroy(struct request_inbox *inbox)
{
	if (!inbox) {
		return;
	}
	loop_task_cancel(inbox->main_loop, &inbox->task);
	loop_timer_disarm(&inbox->notices_timer);
	mutex_finish(&inbox->lock);
	free(inbox);
}

void request_inbox_forget_reset(struct request_inbox *inbox)
{
	mutex_lock(&inbox->lock);
	inbox->pending.reset = false;
	mutex_unlock(&inbox->lock);
}

const struct machine_requests *request_inbox_requests(struct request_inbox *inbox)
{
	return &inbox->requests;
}
