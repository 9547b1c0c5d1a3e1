/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PRIORITY_H
#define THUNDERLAKE_AUDIO_PRIORITY_H

/*
 * How urgent the audio loop's thread is: it does little, but at once, while vCPU threads take all
 * that is left of a loaded host.
 */
enum audio_priority {
	AUDIO_PRIORITY_USUAL,
	AUDIO_PRIORITY_NICE,	  /* before other ordinary threads */
	AUDIO_PRIORITY_REAL_TIME, /* before all ordinary threads */
};

/* Makes the calling thread as urgent as the host permits (RLIMIT_RTPRIO, then RLIMIT_NICE); what it
 * starts is not. A host that permits nothing is no fault: a debug line tells. */
enum audio_priority audio_priority_raise(void);

#endif
