/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "devices/block/engine.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define RING_ENTRIES 128

struct uring {
	struct engine engine;
	struct io_uring ring;
	bool ring_made;
	unsigned queued; /* entries that the kernel has not taken yet */
	struct loop_watch watch;
	struct loop_task retry;
};

static struct uring *uring_of(struct engine *engine)
{
	return container_of(engine, struct uring, engine);
}

/* The kernel can be short of memory for a moment; the loop then tries again. */
static void uring_kick(struct engine *engine)
{
	struct uring *u = uring_of(engine);

	while (u->queued > 0) {
		int taken = io_uring_submit(&u->ring);

		if (taken == -EINTR) {
			continue;
		}
		if (taken <= 0) {
			loop_post(engine->config.loop, &u->retry);
			return;
		}
		u->queued -= MIN((unsigned)taken, u->queued);
	}
}

/* Where the ring is full the kernel takes entries first. */
static struct io_uring_sqe *next_entry(struct uring *u)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&u->ring))) {
		(void)io_uring_submit(&u->ring);
		u->queued = io_uring_sq_ready(&u->ring);
	}
	return sqe;
}

static void uring_submit(struct engine *engine, struct engine_job *job)
{
	struct uring *u = uring_of(engine);
	struct io_uring_sqe *sqe = next_entry(u);
	int fd = engine->config.fd;

	switch (job->operation) {
	case ENGINE_READ:
		io_uring_prep_readv(sqe, fd, job->iov, job->iov_count, job->offset);
		break;
	case ENGINE_WRITE:
		io_uring_prep_writev(sqe, fd, job->iov, job->iov_count, job->offset);
		break;
	case ENGINE_SYNC:
		io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
		break;
	case ENGINE_ALLOCATE:
		io_uring_prep_fallocate(sqe, fd, job->mode, (off_t)job->offset, (off_t)job->bytes);
		break;
	case ENGINE_DISCARD:
		abort(); /* by contract not for this engine */
	}
	if (job->is_long) {
		io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	}
	io_uring_sqe_set_data(sqe, job);
	u->queued++;
	engine->in_flight++;
}

static bool uring_poll(struct engine *engine)
{
	struct uring *u = uring_of(engine);
	struct io_uring_cqe *cqe;
	bool found = false;

	while (io_uring_peek_cqe(&u->ring, &cqe) == 0) {
		struct engine_job *job = io_uring_cqe_get_data(cqe);
		int64_t result = cqe->res;

		io_uring_cqe_seen(&u->ring, cqe);
		engine->in_flight--;
		engine->config.done(engine->config.owner, job, result);
		found = true;
	}
	if (found) {
		uring_kick(engine);
		engine->config.batch_done(engine->config.owner);
	}
	return found;
}

static void uring_wait(struct engine *engine)
{
	struct io_uring_cqe *cqe;

	uring_kick(engine);
	(void)io_uring_wait_cqe(&uring_of(engine)->ring, &cqe);
	(void)uring_poll(engine);
}

static void on_complete(void *arg, uint32_t events UNUSED)
{
	(void)uring_poll(arg);
}

static void on_retry(void *arg)
{
	uring_kick(arg);
}

static void uring_destroy(struct engine *engine)
{
	struct uring *u = uring_of(engine);

	loop_task_cancel(engine->config.loop, &u->retry);
	loop_watch_remove(&u->watch);
	if (u->ring_made) {
		io_uring_queue_exit(&u->ring);
	}
	free(u);
}

static const struct engine_ops URING_OPS = {
	.submit = uring_submit,
	.kick = uring_kick,
	.poll = uring_poll,
	.wait = uring_wait,
	.destroy = uring_destroy,
};

/* Completions interrupt nobody: they are looked for when the loop enters the kernel anyway. Older
 * kernels do not know these flags. */
static int make_ring(struct io_uring *ring)
{
	const unsigned flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	int code = io_uring_queue_init(RING_ENTRIES, ring, flags);

	return code == -EINVAL ? io_uring_queue_init(RING_ENTRIES, ring, 0) : code;
}

int engine_uring_create(const struct engine_config *config, struct engine **out)
{
	struct uring *u = calloc(1, sizeof(*u));
	int code;

	*out = NULL;
	if (!u) {
		return -ENOMEM;
	}
	u->engine.ops = &URING_OPS;
	u->engine.config = *config;
	loop_task_init(&u->retry, on_retry, &u->engine);
	code = make_ring(&u->ring);
	if (code < 0) {
		goto fail;
	}
	u->ring_made = true;
	code = loop_watch_add(config->loop, &u->watch, u->ring.ring_fd, EPOLLIN, on_complete,
			      &u->engine);
	if (code < 0) {
		goto fail;
	}
	*out = &u->engine;
	return 0;
fail:
	uring_destroy(&u->engine);
	return code;
}
