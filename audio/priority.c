/* SPDX-License-Identifier: MIT */
#include "audio/priority.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define TAG "audio"

/* The lowest: before every ordinary thread, and after sound servers and drivers. */
#define REAL_TIME 1
/* As PulseAudio's own, so that neither waits for the other. */
#define NICE (-11)
/* RLIMIT_NICE is as far below this as a thread may go. */
#define NICE_LIMIT 20

static int raise_real_time(void)
{
	const struct sched_param param = { .sched_priority = REAL_TIME };

	return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0 ? 0 : -errno;
}

/* What is allowed of NICE. */
static int allowed_nice(void)
{
	struct rlimit limit;

	if (prlimit(0, RLIMIT_NICE, NULL, &limit) < 0 || limit.rlim_cur > NICE_LIMIT - NICE) {
		return NICE;
	}
	return NICE_LIMIT - (int)limit.rlim_cur;
}

static int raise_nice(void)
{
	const int wanted = allowed_nice();

	/* 0 is the calling thread, on Linux. */
	if (wanted >= getpriority(PRIO_PROCESS, 0)) {
		return -EPERM;
	}
	return setpriority(PRIO_PROCESS, 0, wanted) == 0 ? 0 : -errno;
}

enum audio_priority audio_priority_raise(void)
{
	const int code = raise_real_time();

	if (code == 0) {
		return AUDIO_PRIORITY_REAL_TIME;
	}
	if (raise_nice() == 0) {
		return AUDIO_PRIORITY_NICE;
	}
	log_debug(TAG, "its thread is as urgent as any other: %s (see ulimit -r)", strerror(-code));
	return AUDIO_PRIORITY_USUAL;
}
