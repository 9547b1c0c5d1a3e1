/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "display/input_state.h"

/* What a listener is to be told. */
#define DUE_LEDS  1u
#define DUE_KINDS 2u

struct delivery {
	struct list node;
	struct input_sink *sink;
	size_t count;
	struct input_event events[];
};

/* --- delivery -------------------------------------------------------------------------------- */

bool input_queue_locked(struct input *input, enum input_kind kind, const struct input_event *events,
			size_t count)
{
	struct input_sink *sink = input->best[kind];
	struct delivery *delivery;

	if (!sink) {
		return false;
	}
	delivery = malloc(sizeof(*delivery) + count * sizeof(*events));
	if (!delivery) {
		return false;
	}
	delivery->sink = sink;
	delivery->count = count;
	memcpy(delivery->events, events, count * sizeof(*events));
	list_append(&input->deliveries, &delivery->node);
	return true;
}

/* False: there is no report. */
static bool deliver_report_locked(struct input *input) REQUIRES(input->lock)
{
	struct delivery *delivery;
	struct input_sink *sink;

	if (list_is_empty(&input->deliveries)) {
		return false;
	}
	delivery = list_entry(input->deliveries.next, struct delivery, node);
	list_remove(&delivery->node);
	sink = delivery->sink;
	sink->calls++;
	mutex_unlock(&input->lock);
	sink->on_report(sink->arg, delivery->events, delivery->count);
	free(delivery);
	mutex_lock(&input->lock);
	sink->calls--;
	condition_wake_all(&input->idle);
	return true;
}

static struct input_listener *find_due_locked(struct input *input) REQUIRES(input->lock)
{
	struct input_listener *listener;

	list_for_each (listener, &input->listeners, struct input_listener, node) {
		if (listener->due) {
			return listener;
		}
	}
	return NULL;
}

/* False: no listener has anything to hear. */
static bool tell_listener_locked(struct input *input) REQUIRES(input->lock)
{
	struct input_listener *listener = find_due_locked(input);
	const unsigned leds = input->leds;
	unsigned due;

	if (!listener) {
		return false;
	}
	due = listener->due;
	listener->due = 0;
	listener->calls++;
	mutex_unlock(&input->lock);
	if ((due & DUE_LEDS) && listener->on_leds) {
		listener->on_leds(listener->arg, leds);
	}
	if ((due & DUE_KINDS) && listener->on_kinds) {
		listener->on_kinds(listener->arg);
	}
	mutex_lock(&input->lock);
	listener->calls--;
	condition_wake_all(&input->idle);
	return true;
}

void input_deliver_locked(struct input *input)
{
	if (input->is_delivering) {
		return;
	}
	input->is_delivering = true;
	while (deliver_report_locked(input) || tell_listener_locked(input)) {
	}
	input->is_delivering = false;
}

static void drop_deliveries_locked(struct input *input, const struct input_sink *sink)
	REQUIRES(input->lock)
{
	struct delivery *delivery;

	list_for_each (delivery, &input->deliveries, struct delivery, node) {
		if (delivery->sink == sink) {
			list_remove(&delivery->node);
			free(delivery);
		}
	}
}

/* --- sinks ----------------------------------------------------------------------------------- */

static void mark_due_locked(struct input *input, unsigned due) REQUIRES(input->lock)
{
	struct input_listener *listener;

	list_for_each (listener, &input->listeners, struct input_listener, node) {
		listener->due |= due;
	}
}

/* Of two with one rank the older one. */
static struct input_sink *find_best_locked(struct input *input, enum input_kind kind)
	REQUIRES(input->lock)
{
	struct input_sink *best = NULL;
	struct input_sink *sink;

	list_for_each (sink, &input->sinks, struct input_sink, node) {
		if (sink->kind == kind && sink->is_ready && (!best || sink->rank > best->rank)) {
			best = sink;
		}
	}
	return best;
}

static void choose_best_locked(struct input *input, enum input_kind kind) REQUIRES(input->lock)
{
	struct input_sink *best = find_best_locked(input, kind);
	struct input_sink *old = input->best[kind];

	if (best == old) {
		return;
	}
	if (old) {
		input_release_locked(input, kind);
	}
	input->best[kind] = best;
	if (!best != !old) {
		mark_due_locked(input, DUE_KINDS);
	}
}

void input_add_sink(struct input *input, struct input_sink *sink)
{
	sink->is_ready = false;
	sink->calls = 0;
	mutex_lock(&input->lock);
	list_append(&input->sinks, &sink->node);
	mutex_unlock(&input->lock);
}

void input_remove_sink(struct input *input, struct input_sink *sink)
{
	mutex_lock(&input->lock);
	list_remove(&sink->node);
	sink->is_ready = false;
	choose_best_locked(input, sink->kind);
	drop_deliveries_locked(input, sink);
	while (sink->calls > 0) {
		condition_wait(&input->idle, &input->lock);
	}
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
}

void input_set_ready(struct input *input, struct input_sink *sink, bool ready)
{
	mutex_lock(&input->lock);
	sink->is_ready = ready;
	choose_best_locked(input, sink->kind);
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
}

bool input_is_behind(struct input *input, enum input_kind kind)
{
	struct input_sink *sink;
	bool is_behind = false;

	mutex_lock(&input->lock);
	sink = input->best[kind];
	if (sink && sink->is_behind) {
		sink->calls++;
		mutex_unlock(&input->lock);
		is_behind = sink->is_behind(sink->arg);
		mutex_lock(&input->lock);
		sink->calls--;
		condition_wake_all(&input->idle);
	}
	mutex_unlock(&input->lock);
	return is_behind;
}

bool input_sink_at(struct input *input, size_t index, struct input_sink_info *out)
{
	struct input_sink *sink;
	bool is_found = false;
	size_t i = 0;

	mutex_lock(&input->lock);
	list_for_each (sink, &input->sinks, struct input_sink, node) {
		if (i++ == index) {
			*out = (struct input_sink_info){ .id = sink->id,
							 .kind = sink->kind,
							 .is_ready = sink->is_ready,
							 .is_used =
								 sink == input->best[sink->kind] };
			is_found = true;
			break;
		}
	}
	mutex_unlock(&input->lock);
	return is_found;
}

/* --- listeners ------------------------------------------------------------------------------- */

void input_set_leds(struct input *input, unsigned leds)
{
	mutex_lock(&input->lock);
	if (leds != input->leds) {
		input->leds = leds;
		mark_due_locked(input, DUE_LEDS);
		input_deliver_locked(input);
	}
	mutex_unlock(&input->lock);
}

void input_listen(struct input *input, struct input_listener *listener)
{
	listener->due = 0;
	listener->calls = 0;
	mutex_lock(&input->lock);
	list_append(&input->listeners, &listener->node);
	mutex_unlock(&input->lock);
}

void input_unlisten(struct input *input, struct input_listener *listener)
{
	mutex_lock(&input->lock);
	list_remove(&listener->node);
	while (listener->calls > 0) {
		condition_wait(&input->idle, &input->lock);
	}
	mutex_unlock(&input->lock);
}
