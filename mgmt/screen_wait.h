/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_SCREEN_WAIT_H
#define THUNDERLAKE_MGMT_SCREEN_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "display/image.h"

struct display;
struct loop;

/*
 * Waits for a scanout to look like a picture, to stop changing, or both. It looks when the guest
 * has flushed something, never by itself, and leaves the loop most of the time for others however
 * fast the guest draws. Main loop.
 */
struct screen_wait;

struct screen_wait_result {
	bool is_done; /* false: the time is over */
	uint64_t waited_ns;
	uint64_t unchanged_ns;	      /* how long nothing had changed */
	uint64_t differing, compared; /* pixels; 0 without a wanted picture */
	/* What was seen last, of the wait; NULL: the scanout was blank. */
	const struct image *picture;
};

struct screen_wait_config {
	struct display *display; /* borrowed, as are loop and pictures */
	struct loop *loop;
	unsigned scanout;	    /* that exists */
	const struct image *wanted; /* NULL: any picture will do, but none at all */
	const struct image *mask;   /* of the size of the wanted one; NULL: everything counts */
	const struct rect *region;  /* copied; NULL: all */
	struct image_tolerance tolerance;
	uint64_t stable_ns;  /* nothing that counts may have changed for so long; may be 0 */
	uint64_t timeout_ns; /* from now */
	/* Once, not before screen_wait_create has returned; may destroy the wait. */
	void (*on_done)(void *arg, const struct screen_wait_result *result);
	void *arg;
};

/* 0 or -ENOMEM. */
int screen_wait_create(const struct screen_wait_config *config, struct screen_wait **out);
/* NULL is fine. */
void screen_wait_destroy(struct screen_wait *wait);

#endif
