/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "display/display.h"
#include "display/display_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* Beyond this nothing moved meanwhile: no animation that could stutter. */
#define PAUSE_NS UINT64_C(250000000)

static void count_interval(struct display_scanout *s, uint64_t interval_ns)
{
	/* Millihertz to nanoseconds. */
	uint64_t refresh_ns = UINT64_C(1000000000000) / s->mode.refresh_mhz;
	uint64_t refreshes = (interval_ns + refresh_ns / 2) / refresh_ns;

	histogram_add(&s->counters.interval, interval_ns);
	if (refreshes > 1) {
		s->counters.repeated += refreshes - 1;
	}
}

void display_count_present_locked(struct display_scanout *s, const struct display_frame *frame,
				  uint64_t presented_ns)
{
	struct display_counters *c = &s->counters;

	if (frame->damage.count == 0) {
		return; /* only the cursor */
	}
	c->presents++;
	if (c->last_present_ns > 0 && presented_ns > c->last_present_ns &&
	    presented_ns - c->last_present_ns <= PAUSE_NS) {
		count_interval(s, presented_ns - c->last_present_ns);
	}
	c->last_present_ns = presented_ns;
	if (frame->flushed_ns > 0) {
		histogram_add(&c->latency, presented_ns > frame->flushed_ns
						   ? presented_ns - frame->flushed_ns
						   : 0);
	}
	if (frame->sequence > s->presented_sequence) {
		c->dropped += frame->sequence - s->presented_sequence - 1;
		s->presented_sequence = frame->sequence;
	}
}

static struct display_percentiles percentiles(const struct histogram *histogram)
{
	return (struct display_percentiles){
		.p50 = histogram_percentile(histogram, 500),
		.p95 = histogram_percentile(histogram, 950),
		.p99 = histogram_percentile(histogram, 990),
		.max = histogram->max,
	};
}

void display_stats(struct display *display, unsigned scanout, struct display_stats *out)
{
	const struct display_counters *c = &display->scanouts[scanout].counters;

	*out = (struct display_stats){ 0 };
	if (scanout >= display->scanout_count) {
		return;
	}
	mutex_lock(&display->lock);
	*out = (struct display_stats){
		.since_ns = c->since_ns,
		.flushes = c->flushes,
		.presents = c->presents,
		.dropped = c->dropped,
		.repeated = c->repeated,
		.interval = percentiles(&c->interval),
		.latency = percentiles(&c->latency),
	};
	mutex_unlock(&display->lock);
}

void display_reset_stats(struct display *display, unsigned scanout)
{
	struct display_counters *c = &display->scanouts[scanout].counters;

	if (scanout >= display->scanout_count) {
		return;
	}
	mutex_lock(&display->lock);
	memset(c, 0, sizeof(*c));
	c->since_ns = clock_now_ns();
	mutex_unlock(&display->lock);
}
