/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_THREAD_H
#define THUNDERLAKE_VMM_BASE_THREAD_H

#include <pthread.h>

#include "vmm/base/compiler.h"

/* A mutex that clang's thread-safety analysis knows. Never recursive. */
struct CAPABILITY("mutex") mutex {
	pthread_mutex_t handle;
};

#define MUTEX_INIT                        \
	{                                 \
		PTHREAD_MUTEX_INITIALIZER \
	}

void mutex_init(struct mutex *m);
void mutex_finish(struct mutex *m);
void mutex_lock(struct mutex *m) ACQUIRES(m);
void mutex_unlock(struct mutex *m) RELEASES(m);

struct condition {
	pthread_cond_t handle; /* on CLOCK_MONOTONIC */
};

void condition_init(struct condition *c);
void condition_finish(struct condition *c);
void condition_wait(struct condition *c, struct mutex *m) REQUIRES(m);
void condition_wake_all(struct condition *c);

/* Starts a thread called `name` (cut to 15 characters) with all signals blocked except those that
 * report a fault. Returns 0 or -errno of pthread_create. End it with pthread_join. */
int thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *arg);

#endif
