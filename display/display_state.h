/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_DISPLAY_STATE_H
#define THUNDERLAKE_DISPLAY_DISPLAY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "display/display.h"
#include "vmm/base/histogram.h"
#include "vmm/base/thread.h"

/* What the files of the display share: its state and the few steps that both sides need. */

/* Counts since the last reset; the pacing viewer's presents only. */
struct display_counters {
	uint64_t since_ns;
	uint64_t flushes, presents, dropped, repeated;
	uint64_t last_present_ns; /* 0: none yet */
	struct histogram interval, latency;
};

struct display_scanout {
	struct surface *surface; /* NULL: blank */
	struct rect part;
	struct cursor *cursor;
	int32_t cursor_x, cursor_y;
	struct display_mode mode;

	uint64_t sequence;	     /* of the last flush; the first is 1 */
	uint64_t flushed_ns;	     /* when it came */
	uint64_t presented_sequence; /* of the newest flush that was shown, or that nobody waited
				      * for */
	struct list waiting;  /* struct display_flush that the pacing viewer has yet to take */
	struct list in_frame; /* those in the frame that it holds */
	struct display_counters counters;
};

struct display {
	struct mutex lock; /* guards all below */
	struct condition no_calls;
	const struct display_source *source;
	unsigned source_calls; /* on_mode and on_taken that run now */
	struct list viewers;
	struct display_viewer *pacer; /* NULL: nobody sets a pace */
	unsigned scanout_count;
	struct display_scanout scanouts[DISPLAY_SCANOUTS_MAX];
};

/* Wakes whoever has something to take on this scanout and was not woken yet. Lets go of the lock
 * meanwhile. */
void display_wake_viewers_locked(struct display *display, unsigned scanout) REQUIRES(display->lock);

/* Tells the source that these flushes are over. Lets go of the lock meanwhile. */
void display_finish_flushes_locked(struct display *display, struct list *flushes)
	REQUIRES(display->lock);

/* Whether flushes of this scanout wait for somebody. */
bool display_is_paced_locked(const struct display *display, unsigned scanout)
	REQUIRES(display->lock);

/* The pacing viewer has shown a frame. */
void display_count_present_locked(struct display_scanout *s, const struct display_frame *frame,
				  uint64_t presented_ns);

#endif
