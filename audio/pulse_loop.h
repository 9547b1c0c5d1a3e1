/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PULSE_LOOP_H
#define THUNDERLAKE_AUDIO_PULSE_LOOP_H

#include <pulse/mainloop-api.h>

struct loop;

/*
 * Our event loop as libpulse wants one: everything that the library does happens on the loop that
 * is there, without a thread or a lock of its own. Give `&pulse_loop->api` to pa_context_new. All
 * on the loop's thread.
 */
struct pulse_loop {
	pa_mainloop_api api;
	struct loop *loop; /* borrowed */
	unsigned events;   /* that the library holds; 0 when its contexts are gone */
};

void pulse_loop_init(struct pulse_loop *pulse_loop, struct loop *loop);

#endif
