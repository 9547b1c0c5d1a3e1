/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "devices/block/engine.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

#define POOL_THREADS 4

struct pool {
	struct engine engine;
	int done_fd; /* readable while `done` may hold jobs */
	struct loop_watch watch;
	pthread_t threads[POOL_THREADS];
	unsigned thread_count;

	struct mutex lock;
	struct condition changed;
	struct list waiting; /* all below guarded by lock */
	struct list done;
	bool stopping;
};

static struct pool *pool_of(struct engine *engine)
{
	return container_of(engine, struct pool, engine);
}

static int64_t run_job(int fd, const struct engine_job *job)
{
	uint64_t range[2] = { job->offset, job->bytes };
	int64_t result = -1;

	switch (job->operation) {
	case ENGINE_READ:
		result = preadv(fd, job->iov, (int)job->iov_count, (off_t)job->offset);
		break;
	case ENGINE_WRITE:
		result = pwritev(fd, job->iov, (int)job->iov_count, (off_t)job->offset);
		break;
	case ENGINE_SYNC:
		result = fdatasync(fd);
		break;
	case ENGINE_ALLOCATE:
		result = fallocate(fd, job->mode, (off_t)job->offset, (off_t)job->bytes);
		break;
	case ENGINE_DISCARD:
		result = ioctl(fd, BLKDISCARD, range);
		break;
	}
	return result < 0 ? -errno : result;
}

static struct engine_job *first_job(struct list *jobs)
{
	return list_is_empty(jobs) ? NULL : list_entry(jobs->next, struct engine_job, node);
}

/* The next job that waits, or NULL at the end of the pool. */
static struct engine_job *await_job_locked(struct pool *p) REQUIRES(p->lock)
{
	struct engine_job *job;

	while (!(job = first_job(&p->waiting)) && !p->stopping) {
		condition_wait(&p->changed, &p->lock);
	}
	if (job) {
		list_remove(&job->node);
	}
	return job;
}

static void finish_job_locked(struct pool *p, struct engine_job *job) REQUIRES(p->lock)
{
	const uint64_t one = 1;

	list_append(&p->done, &job->node);
	if (write(p->done_fd, &one, sizeof(one)) < 0) {
		return; /* full, and so readable, which is all that is wanted */
	}
}

static void *run_worker(void *arg)
{
	struct pool *p = arg;
	struct engine_job *job;

	mutex_lock(&p->lock);
	while ((job = await_job_locked(p))) {
		mutex_unlock(&p->lock);
		job->result = run_job(p->engine.config.fd, job);
		mutex_lock(&p->lock);
		finish_job_locked(p, job);
	}
	mutex_unlock(&p->lock);
	return NULL;
}

static bool start_threads(struct pool *p)
{
	while (p->thread_count < POOL_THREADS &&
	       thread_start(&p->threads[p->thread_count], "block", run_worker, p) == 0) {
		p->thread_count++;
	}
	return p->thread_count > 0;
}

static void pool_submit(struct engine *engine, struct engine_job *job)
{
	struct pool *p = pool_of(engine);

	engine->in_flight++;
	if (p->thread_count == 0 && !start_threads(p)) {
		/* Slow is better than not at all. */
		job->result = run_job(engine->config.fd, job);
		mutex_lock(&p->lock);
		finish_job_locked(p, job);
		mutex_unlock(&p->lock);
		return;
	}
	mutex_lock(&p->lock);
	list_append(&p->waiting, &job->node);
	condition_wake_all(&p->changed);
	mutex_unlock(&p->lock);
}

static void pool_kick(struct engine *engine UNUSED)
{
}

static struct engine_job *take_done(struct pool *p)
{
	struct engine_job *job;

	mutex_lock(&p->lock);
	job = first_job(&p->done);
	if (job) {
		list_remove(&job->node);
	}
	mutex_unlock(&p->lock);
	return job;
}

static bool pool_poll(struct engine *engine)
{
	struct pool *p = pool_of(engine);
	struct engine_job *job;
	bool found = false;
	uint64_t count;

	if (read(p->done_fd, &count, sizeof(count)) < 0) {
		return false; /* empty: nothing is done */
	}
	while ((job = take_done(p))) {
		engine->in_flight--;
		engine->config.done(engine->config.owner, job, job->result);
		found = true;
	}
	if (found) {
		engine->config.batch_done(engine->config.owner);
	}
	return found;
}

static void pool_wait(struct engine *engine)
{
	struct pollfd ready = { .fd = pool_of(engine)->done_fd, .events = POLLIN };

	(void)poll(&ready, 1, -1);
	(void)pool_poll(engine);
}

static void on_done(void *arg, uint32_t events UNUSED)
{
	(void)pool_poll(arg);
}

static void pool_destroy(struct engine *engine)
{
	struct pool *p = pool_of(engine);

	mutex_lock(&p->lock);
	p->stopping = true;
	condition_wake_all(&p->changed);
	mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->thread_count; i++) {
		(void)pthread_join(p->threads[i], NULL);
	}
	loop_watch_remove(&p->watch);
	if (p->done_fd >= 0) {
		(void)close(p->done_fd);
	}
	condition_finish(&p->changed);
	mutex_finish(&p->lock);
	free(p);
}

static const struct engine_ops POOL_OPS = {
	.submit = pool_submit,
	.kick = pool_kick,
	.poll = pool_poll,
	.wait = pool_wait,
	.destroy = pool_destroy,
};

int engine_pool_create(const struct engine_config *config, struct engine **out)
{
	struct pool *p = calloc(1, sizeof(*p));
	int code;

	*out = NULL;
	if (!p) {
		return -ENOMEM;
	}
	p->engine.ops = &POOL_OPS;
	p->engine.config = *config;
	mutex_init(&p->lock);
	condition_init(&p->changed);
	list_init(&p->waiting);
	list_init(&p->done);
	p->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	code = p->done_fd < 0 ? -errno
			      : loop_watch_add(config->loop, &p->watch, p->done_fd, EPOLLIN,
					       on_done, &p->engine);
	if (code < 0) {
		goto fail;
	}
	*out = &p->engine;
	return 0;
fail:
	pool_destroy(&p->engine);
	return code;
}
