/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_BLOCK_ENGINE_H
#define THUNDERLAKE_DEVICES_BLOCK_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/base/list.h"

struct loop;

/*
 * Runs calls on one file descriptor without blocking the loop: by io_uring, or by a few threads
 * where the host does not permit io_uring. An engine belongs to one loop; all functions and
 * callbacks run there, or while no thread runs it.
 */
enum engine_operation {
	ENGINE_READ,
	ENGINE_WRITE,
	ENGINE_SYNC,	 /* fdatasync */
	ENGINE_ALLOCATE, /* fallocate with `mode` */
	ENGINE_DISCARD,	 /* BLKDISCARD; threads only */
};

/* Embedded in the request it serves; the engine's from submit until done. */
struct engine_job {
	enum engine_operation operation;
	int mode;
	const struct iovec *iov; /* ENGINE_READ, ENGINE_WRITE */
	unsigned iov_count;
	uint64_t offset;
	uint64_t bytes; /* the other operations */
	/* ENGINE_READ, ENGINE_WRITE: so much that even copying it would hold up the loop. */
	bool is_long;

	struct list node;
	int64_t result;
};

struct engine_config {
	struct loop *loop;
	int fd; /* both borrowed */
	/* `result`: bytes done, or 0, or -errno. May submit. */
	void (*done)(void *owner, struct engine_job *job, int64_t result);
	/* After a batch of done calls. */
	void (*batch_done)(void *owner);
	void *owner;
};

struct engine;

struct engine_ops {
	/* Queues; done is never called from inside. */
	void (*submit)(struct engine *engine, struct engine_job *job);
	/* Hands what is queued to the host. */
	void (*kick)(struct engine *engine);
	/* Calls done for what is complete; returns whether anything was. Kicks what done queued. */
	bool (*poll)(struct engine *engine);
	/* Like poll, but sleeps until something is complete; only while in_flight is not 0. */
	void (*wait)(struct engine *engine);
	/* Only while in_flight is 0. */
	void (*destroy)(struct engine *engine);
};

/* First member of each engine's state. */
struct engine {
	const struct engine_ops *ops;
	struct engine_config config;
	unsigned in_flight; /* jobs submitted and not done */
};

/* -EPERM, -EACCES, -ENOSYS: not permitted or not known on this host. */
int engine_uring_create(const struct engine_config *config, struct engine **out);

/* Threads start with the first job. */
int engine_pool_create(const struct engine_config *config, struct engine **out);

static inline void engine_destroy(struct engine *engine)
{
	if (engine) {
		engine->ops->destroy(engine);
	}
}

#endif
