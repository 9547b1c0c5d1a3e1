/* SPDX-License-Identifier: MIT */
#include "devices/scsi/host_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/scsi.h"
#include "vmm/base/compiler.h"
#include "vmm/base/iov.h"

/* For what the host does not take as it is; the kernel maps such memory without a copy. */
#define BOUNCE_ALIGNMENT 4096u

/* --- a job's commands --- */

/* `bytes` of the slices from `offset` on; returns how many slices, 0: too many. */
static unsigned cut_slices(const struct host_job *job, uint32_t offset, uint32_t bytes,
			   struct iovec *out)
{
	unsigned count = 0;

	for (unsigned i = 0; i < job->iov_count && bytes > 0; i++) {
		const struct iovec *iov = &job->iov[i];
		size_t length;

		if (offset >= iov->iov_len) {
			offset -= (uint32_t)iov->iov_len;
			continue;
		}
		if (count == HOST_SLICES_MAX) {
			return 0;
		}
		length = MIN(iov->iov_len - offset, bytes);
		out[count++] = (struct iovec){ (char *)iov->iov_base + offset, length };
		bytes -= (uint32_t)length;
		offset = 0;
	}
	return bytes == 0 ? count : 0;
}

/* The request's one slice is memory of our own, which any host takes. */
static int run_bounced(const struct host_job *job, struct host_sg *sg,
		       struct host_sg_request *request)
{
	unsigned char *bounce = request->iov[0].iov_base;
	int code;

	memset(bounce, 0, request->bytes);
	if (request->direction == HOST_OUT) {
		(void)iov_read(job->iov, job->iov_count, job->moved, bounce, request->bytes);
	}
	code = sg->ops->run(sg, request);
	if (code == 0 && request->direction == HOST_IN) {
		(void)iov_write(job->iov, job->iov_count, job->moved, bounce, request->moved);
	}
	return code;
}

static int run_request(const struct host_job *job, struct host_sg *sg,
		       struct host_sg_request *request, unsigned char *bounce)
{
	struct iovec iov[HOST_SLICES_MAX];
	int code = -EINVAL;

	if (request->direction == HOST_NO_DATA) {
		return sg->ops->run(sg, request);
	}
	request->iov = iov;
	request->iov_count = cut_slices(job, job->moved, request->bytes, iov);
	if (request->iov_count > 0) {
		code = sg->ops->run(sg, request);
	}
	/* It looks at the slices before it does anything else. */
	if (code == -EINVAL || code == -ENOMEM) {
		iov[0] = (struct iovec){ bounce, request->bytes };
		request->iov_count = 1;
		code = run_bounced(job, sg, request);
	}
	return code;
}

/* Whether the next step makes sense. */
static bool run_step(struct host_job *job, struct host_sg *sg, uint32_t step, unsigned char *bounce)
{
	uint8_t cdb[HOST_CDB_MAX];
	struct host_sg_request request = {
		.cdb = cdb,
		.cdb_bytes = job->plan.cdb_bytes,
		.direction = job->plan.direction,
		.timeout_ms = job->plan.timeout_ms,
	};

	request.bytes = host_plan_step(&job->plan, step, cdb);
	job->code = run_request(job, sg, &request, bounce);
	if (job->code < 0) {
		return false;
	}
	job->moved += MIN(request.moved, request.bytes);
	job->status = request.status;
	job->host_status = request.host_status;
	job->sense_bytes = MIN(request.sense_bytes, SCSI_SENSE_MAX);
	memcpy(job->sense, request.sense, job->sense_bytes);
	return job->status == SCSI_GOOD && job->host_status == HOST_STATUS_OK &&
	       request.moved == request.bytes;
}

void host_job_run(struct host_job *job, struct host_sg *sg, unsigned char *bounce)
{
	const uint32_t steps = host_plan_steps(&job->plan);
	uint32_t step = 0;

	job->code = 0;
	job->moved = 0;
	while (step < steps && run_step(job, sg, step, bounce) &&
	       !atomic_load_explicit(&job->is_unwanted, memory_order_relaxed)) {
		step++;
	}
}

/* --- the thread --- */

static struct host_job *take_first(struct list *jobs)
{
	struct host_job *job;

	if (list_is_empty(jobs)) {
		return NULL;
	}
	job = list_entry(jobs->next, struct host_job, node);
	list_remove(&job->node);
	return job;
}

/* The next job that waits, or NULL at the end. */
static struct host_job *await_job_locked(struct host_worker *w) REQUIRES(w->lock)
{
	struct host_job *job;

	while (!(job = take_first(&w->waiting)) && !w->is_stopping) {
		condition_wait(&w->changed, &w->lock);
	}
	return job;
}

static void *work(void *arg)
{
	struct host_worker *w = arg;
	struct host_job *job;

	mutex_lock(&w->lock);
	while ((job = await_job_locked(w))) {
		mutex_unlock(&w->lock);
		host_job_run(job, w->config.sg, w->bounce);
		mutex_lock(&w->lock);
		list_append(&w->done, &job->node);
		condition_wake_all(&w->changed);
		loop_post(w->config.loop, &w->reaps);
	}
	mutex_unlock(&w->lock);
	return NULL;
}

/* --- the loop's side --- */

void host_worker_submit(struct host_worker *w, struct host_job *job)
{
	w->in_flight++;
	job->is_submitted = true;
	atomic_store_explicit(&job->is_unwanted, false, memory_order_relaxed);
	mutex_lock(&w->lock);
	list_append(&w->waiting, &job->node);
	condition_wake_all(&w->changed);
	mutex_unlock(&w->lock);
}

bool host_worker_withdraw(struct host_worker *w, struct host_job *job)
{
	struct host_job *other;
	bool found = false;

	atomic_store_explicit(&job->is_unwanted, true, memory_order_relaxed);
	mutex_lock(&w->lock);
	list_for_each (other, &w->waiting, struct host_job, node) {
		found |= other == job;
	}
	if (found) {
		list_remove(&job->node);
	}
	mutex_unlock(&w->lock);
	if (found) {
		w->in_flight--;
		job->is_submitted = false;
	}
	return found;
}

static struct host_job *take_done(struct host_worker *w)
{
	struct host_job *job;

	mutex_lock(&w->lock);
	job = take_first(&w->done);
	mutex_unlock(&w->lock);
	return job;
}

bool host_worker_reap(struct host_worker *w)
{
	struct host_job *job;
	bool found = false;

	while ((job = take_done(w))) {
		w->in_flight--;
		job->is_submitted = false;
		w->config.done(w->config.owner, job);
		found = true;
	}
	return found;
}

void host_worker_wait(struct host_worker *w)
{
	mutex_lock(&w->lock);
	while (list_is_empty(&w->done)) {
		condition_wait(&w->changed, &w->lock);
	}
	mutex_unlock(&w->lock);
	(void)host_worker_reap(w);
}

static void on_reap(void *arg)
{
	struct host_worker *w = arg;

	if (host_worker_reap(w)) {
		w->config.batch_done(w->config.owner);
	}
}

int host_worker_init(struct host_worker *w, const struct host_worker_config *config)
{
	int code;

	*w = (struct host_worker){ .config = *config };
	mutex_init(&w->lock);
	condition_init(&w->changed);
	list_init(&w->waiting);
	list_init(&w->done);
	loop_task_init(&w->reaps, on_reap, w);
	w->bounce = aligned_alloc(BOUNCE_ALIGNMENT,
				  (config->sg->transfer_bytes + BOUNCE_ALIGNMENT - 1) /
					  BOUNCE_ALIGNMENT * BOUNCE_ALIGNMENT);
	if (!w->bounce) {
		return -ENOMEM;
	}
	code = thread_start(&w->thread, "drive", work, w);
	w->has_thread = code == 0;
	return code;
}

void host_worker_finish(struct host_worker *w)
{
	mutex_lock(&w->lock);
	w->is_stopping = true;
	condition_wake_all(&w->changed);
	mutex_unlock(&w->lock);
	if (w->has_thread) {
		(void)pthread_join(w->thread, NULL);
	}
	loop_task_cancel(w->config.loop, &w->reaps);
	condition_finish(&w->changed);
	mutex_finish(&w->lock);
	free(w->bounce);
}
