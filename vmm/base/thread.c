/* SPDX-License-Identifier: MIT */
#include "vmm/base/thread.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

void mutex_init(struct mutex *m)
{
	int code = pthread_mutex_init(&m->handle, NULL);

	assert(code == 0);
	(void)code;
}

void mutex_finish(struct mutex *m)
{
	(void)pthread_mutex_destroy(&m->handle);
}

void mutex_lock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	int code = pthread_mutex_lock(&m->handle);

	assert(code == 0);
	(void)code;
}

void mutex_unlock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	int code = pthread_mutex_unlock(&m->handle);

	assert(code == 0);
	(void)code;
}

void condition_init(struct condition *c)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&c->handle, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

void condition_finish(struct condition *c)
{
	(void)pthread_cond_destroy(&c->handle);
}

void condition_wait(struct condition *c, struct mutex *m)
{
	(void)pthread_cond_wait(&c->handle, &m->handle);
}

void condition_wake_all(struct condition *c)
{
	(void)pthread_cond_broadcast(&c->handle);
}

/* Signals are the main loop's business; faults must still end the process where they happen. */
static void block_asynchronous_signals(sigset_t *old)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };
	sigset_t blocked;

	(void)sigfillset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		(void)sigdelset(&blocked, faults[i]);
	}
	(void)pthread_sigmask(SIG_SETMASK, &blocked, old);
}

int thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *arg)
{
	char cut_name[16];
	sigset_t old;
	int code;

	block_asynchronous_signals(&old);
	code = pthread_create(out, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (code != 0) {
		return -code;
	}
	(void)snprintf(cut_name, sizeof(cut_name), "%s", name);
	(void)pthread_setname_np(*out, cut_name);
	return 0;
}
