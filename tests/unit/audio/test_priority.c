/* SPDX-License-Identifier: MIT */
/* LINK: audio/priority.c */
#include "audio/priority.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

#include "vmm/base/log.h"

/* A host in place of the C library's: what it permits, and what it was asked for. */
static struct {
	int real_time_max; /* RLIMIT_RTPRIO */
	rlim_t nice;	   /* RLIMIT_NICE: 20 less the nice value */
	int policy, priority, nice_value;
} host;
static unsigned lines; /* above debug */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) theirs are reserved */
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	cr_assert(eq(int, pid, 0));
	if (param->sched_priority > host.real_time_max) {
		errno = EPERM;
		return -1;
	}
	host.policy = policy;
	host.priority = param->sched_priority;
	return 0;
}

int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *changed,
	    struct rlimit *limit)
{
	(void)pid, (void)resource, (void)changed;
	*limit = (struct rlimit){ .rlim_cur = host.nice, .rlim_max = host.nice };
	return 0;
}

int getpriority(__priority_which_t which, id_t who)
{
	(void)which, (void)who;
	return host.nice_value;
}

int setpriority(__priority_which_t which, id_t who, int value)
{
	cr_assert(eq(int, (int)which, (int)PRIO_PROCESS));
	cr_assert(eq(uint, who, 0));
	if (20 - value > (int)host.nice) {
		errno = EACCES;
		return -1;
	}
	host.nice_value = value;
	return 0;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static void on_log(enum log_level level, const char *tag, const char *line)
{
	(void)tag, (void)line;
	lines += level != LOG_LEVEL_DEBUG;
}

static void set_up(void)
{
	log_set_sink(on_log);
}

TestSuite(priority, .init = set_up, .timeout = 10);

Test(priority, is_real_time_where_that_is_permitted)
{
	host.real_time_max = 99;
	cr_assert(eq(int, (int)audio_priority_raise(), (int)AUDIO_PRIORITY_REAL_TIME));
	cr_assert(eq(int, host.policy, SCHED_RR | SCHED_RESET_ON_FORK));
	cr_assert(eq(int, host.priority, 1), "sound servers come first");
	cr_assert(eq(int, host.nice_value, 0));
}

Test(priority, is_nice_otherwise)
{
	host.nice = 40;
	cr_assert(eq(int, (int)audio_priority_raise(), (int)AUDIO_PRIORITY_NICE));
	cr_assert(eq(int, host.nice_value, -11));
	cr_assert(eq(uint, lines, 0));
}

Test(priority, is_as_nice_as_permitted)
{
	host.nice = 25;
	cr_assert(eq(int, (int)audio_priority_raise(), (int)AUDIO_PRIORITY_NICE));
	cr_assert(eq(int, host.nice_value, -5));
}

Test(priority, stays_where_nothing_is_permitted)
{
	cr_assert(eq(int, (int)audio_priority_raise(), (int)AUDIO_PRIORITY_USUAL));
	cr_assert(eq(int, host.nice_value, 0));
	cr_assert(eq(uint, lines, 0), "that is no fault");
}

/* Started by `nice -n -15`, say, and not permitted to go there by itself. */
Test(priority, is_never_lowered)
{
	host.nice = 25;
	host.nice_value = -15;
	cr_assert(eq(int, (int)audio_priority_raise(), (int)AUDIO_PRIORITY_USUAL));
	cr_assert(eq(int, host.nice_value, -15));
}
