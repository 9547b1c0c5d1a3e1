/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_WORKER_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/scsi/host_allow.h"
#include "devices/scsi/host_sg.h"
#include "vmm/base/list.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

/*
 * A thread that gives a host's drive its commands one after the other and waits for each, so that
 * no loop has to. A drive does one thing at a time, so one thread is enough. All functions run on
 * the loop, or while no thread runs it.
 */
struct host_job {
	/* Filled by the owner. */
	struct host_plan plan;
	const struct iovec *iov; /* plan.bytes and more, until done */
	unsigned iov_count;

	/* The answer. */
	int code;	/* 0, or what host_sg_ops.run said */
	uint32_t moved; /* by all steps */
	uint8_t status; /* of the last step, as the rest */
	unsigned host_status;
	uint8_t sense[SCSI_SENSE_MAX];
	unsigned sense_bytes;

	/* The worker's. */
	struct list node;
	bool is_submitted;
	/* Set by the loop, read by the worker between steps: the rest is not wanted. */
	_Atomic bool is_unwanted;
};

struct host_worker_config {
	struct host_sg *sg;
	struct loop *loop; /* both borrowed */
	/* May submit. */
	void (*done)(void *owner, struct host_job *job);
	/* After a batch of done calls that were not inside reap. */
	void (*batch_done)(void *owner);
	void *owner;
};

struct host_worker {
	struct host_worker_config config;
	unsigned in_flight; /* jobs submitted and not done */
	struct loop_task reaps;
	pthread_t thread;
	bool has_thread;
	unsigned char *bounce; /* the thread's: memory for what the host does not take as it is */

	struct mutex lock;
	struct condition changed;
	struct list waiting; /* all below guarded by lock */
	struct list done;
	bool is_stopping;
};

/* 0 or -errno; finish undoes it in either case. */
int host_worker_init(struct host_worker *w, const struct host_worker_config *config);
/* Only while in_flight is 0. */
void host_worker_finish(struct host_worker *w);

/* The job is the worker's until `done`, which is never called from inside. */
void host_worker_submit(struct host_worker *w, struct host_job *job);
/* Takes back a job that has not begun: true, and `done` will not come. Otherwise it ends as soon as
 * the drive can. */
bool host_worker_withdraw(struct host_worker *w, struct host_job *job);
/* Calls `done` for what is done, without waiting; whether there was any. */
bool host_worker_reap(struct host_worker *w);
/* Waits for something to be done, and reaps; only while in_flight is not 0. */
void host_worker_wait(struct host_worker *w);

/* What the thread does: all steps of a job. `bounce` has sg->transfer_bytes. */
void host_job_run(struct host_job *job, struct host_sg *sg, unsigned char *bounce);

#endif
