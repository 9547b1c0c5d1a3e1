/* SPDX-License-Identifier: MIT */
#include "audio/drift.h"

#include "vmm/base/clock.h"

void drift_end_run(struct drift *drift)
{
	drift->past_span += drift->last_x;
	drift->past_xx += drift->xx;
	drift->past_xy += drift->xy;
	drift->count = 0;
	drift->last_x = 0;
	drift->xx = 0;
	drift->xy = 0;
}

void drift_add(struct drift *drift, uint64_t at_ns, uint64_t sound_ns)
{
	double x;
	double y;
	double from_mean;

	if (drift->count == 0) {
		drift->start_ns = at_ns;
		drift->start_sound_ns = sound_ns;
		drift->mean_x = 0;
		drift->mean_y = 0;
	}
	/* Only what the two differ by is fitted: small numbers, exact in a double. */
	x = (double)(int64_t)(at_ns - drift->start_ns) / (double)NS_PER_SECOND;
	y = (double)(int64_t)((sound_ns - drift->start_sound_ns) - (at_ns - drift->start_ns)) /
	    (double)NS_PER_SECOND;
	drift->count++;
	from_mean = x - drift->mean_x;
	drift->mean_x += from_mean / (double)drift->count;
	drift->mean_y += (y - drift->mean_y) / (double)drift->count;
	drift->xx += from_mean * (x - drift->mean_x);
	drift->xy += from_mean * (y - drift->mean_y);
	if (x > drift->last_x) {
		drift->last_x = x;
	}
}

uint64_t drift_span_ns(const struct drift *drift)
{
	return (uint64_t)((drift->past_span + drift->last_x) * (double)NS_PER_SECOND);
}

double drift_slope(const struct drift *drift)
{
	double xx = drift->past_xx + drift->xx;

	return xx > 0 ? (drift->past_xy + drift->xy) / xx : 0;
}
