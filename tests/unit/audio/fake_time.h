/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_AUDIO_FAKE_TIME_H
#define THUNDERLAKE_TESTS_UNIT_AUDIO_FAKE_TIME_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

/*
 * Time that goes as the test says, for a loop that no thread runs: takes the place of the C
 * library's clock_gettime in the one program that includes this. CLOCK_MONOTONIC is the real one
 * until fake_time_begin.
 */
#define FAKE_START_NS (1000 * NS_PER_SECOND)
#define FAKE_MS	      UINT64_C(1000000)

static uint64_t fake_now_ns;
static struct loop_task fake_stop;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) its names are reserved */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	if (clock != CLOCK_MONOTONIC || fake_now_ns == 0) {
		return (int)syscall(SYS_clock_gettime, clock, time);
	}
	time->tv_sec = (time_t)(fake_now_ns / NS_PER_SECOND);
	time->tv_nsec = (long)(fake_now_ns % NS_PER_SECOND);
	return 0;
}

static inline void fake_time_begin(void)
{
	fake_now_ns = FAKE_START_NS;
}

static inline void fake_stop_loop(void *arg)
{
	loop_stop(arg);
}

static inline void fake_time_round(struct loop *loop)
{
	loop_task_init(&fake_stop, fake_stop_loop, loop);
	loop_post(loop, &fake_stop);
	loop_run(loop);
}

/* What is due runs: posted tasks, watches, timers, and timers that those armed for now. */
static inline void fake_time_settle(struct loop *loop)
{
	fake_time_round(loop);
	fake_time_round(loop);
}

/* Lets time pass, `step_ns` at once: the loop is late by at most that much. */
static inline void fake_time_pass(struct loop *loop, uint64_t ns, uint64_t step_ns)
{
	uint64_t end_ns = fake_now_ns + ns;

	while (fake_now_ns < end_ns) {
		fake_now_ns += end_ns - fake_now_ns < step_ns ? end_ns - fake_now_ns : step_ns;
		fake_time_settle(loop);
	}
}

#endif
