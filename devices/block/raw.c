/* SPDX-License-Identifier: MIT */
#include "devices/block/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

/* Source of written zeros where the file system knows no better way; never written to, so that it
 * costs no memory. */
#define ZEROS_BYTES (256u << 10)
static char zeros[ZEROS_BYTES] __attribute__((aligned(4096)));

/* More than drivers ask for at once, unless told to. */
#define LONG_BYTES (4u << 20)

static struct block_raw *raw_of(struct block_backend *backend)
{
	return container_of(backend, struct block_raw, base);
}

static void finish(struct block_request *request, int result)
{
	free(request->bounce);
	request->bounce = NULL;
	request->done(request, result);
}

/* --- jobs for the engines --- */

static void on_job_done(void *owner, struct engine_job *job, int64_t result);
static void on_engine_batch(void *owner);

static struct engine_config engine_config(struct block_raw *raw)
{
	return (struct engine_config){
		.loop = raw->loop,
		.fd = raw->fd,
		.done = on_job_done,
		.batch_done = on_engine_batch,
		.owner = raw,
	};
}

static void submit_job(struct engine *engine, struct block_request *request)
{
	engine->ops->submit(engine, &request->job);
}

static void submit_transfer(struct block_raw *raw, struct block_request *request, bool write,
			    const struct iovec *iov, unsigned iov_count)
{
	request->job.operation = write ? ENGINE_WRITE : ENGINE_READ;
	request->job.iov = iov;
	request->job.iov_count = iov_count;
	request->job.offset = request->offset + request->progress;
	request->job.is_long = request->bytes - request->progress > LONG_BYTES;
	submit_job(raw->engine, request);
}

static void submit_rest(struct block_raw *raw, struct block_request *request)
{
	bool write = request->operation == BLOCK_WRITE;

	if (request->bounce || raw_needs_bounce(raw, request)) {
		int code = raw_bounce_begin(raw, request);

		if (code < 0) {
			finish(request, code);
			return;
		}
		submit_transfer(raw, request, write, &request->own_iov, 1);
	} else {
		submit_transfer(raw, request, write, request->iov, request->iov_count);
	}
}

static void submit_allocate(struct block_raw *raw, struct block_request *request, int mode)
{
	request->job.operation = ENGINE_ALLOCATE;
	request->job.mode = mode | FALLOC_FL_KEEP_SIZE;
	request->job.offset = request->offset;
	request->job.bytes = request->bytes;
	submit_job(raw->engine, request);
}

static void submit_written_zeros(struct block_raw *raw, struct block_request *request)
{
	uint64_t bytes = MIN(request->bytes - request->progress, ZEROS_BYTES);

	request->own_iov = (struct iovec){ zeros, bytes };
	submit_transfer(raw, request, true, &request->own_iov, 1);
}

/* A hole is the cheapest, then a range marked as zeros, then real zeros. */
static void submit_zeroes(struct block_raw *raw, struct block_request *request)
{
	if (request->unmap && raw->has_punch_hole) {
		submit_allocate(raw, request, FALLOC_FL_PUNCH_HOLE);
	} else if (raw->has_zero_range) {
		submit_allocate(raw, request, FALLOC_FL_ZERO_RANGE);
	} else {
		submit_written_zeros(raw, request);
	}
}

/* io_uring has no BLKDISCARD before Linux 6.12. */
static void submit_device_discard(struct block_raw *raw, struct block_request *request)
{
	struct engine_config config = engine_config(raw);
	int code = raw->threads ? 0 : engine_pool_create(&config, &raw->threads);

	if (code < 0) {
		finish(request, code);
		return;
	}
	request->job.operation = ENGINE_DISCARD;
	request->job.offset = request->offset;
	request->job.bytes = request->bytes;
	submit_job(raw->threads, request);
}

static void submit_discard(struct block_raw *raw, struct block_request *request)
{
	if (!raw->base.info.can_discard) {
		finish(request, -EOPNOTSUPP);
	} else if (raw->is_device) {
		submit_device_discard(raw, request);
	} else {
		submit_allocate(raw, request, FALLOC_FL_PUNCH_HOLE);
	}
}

/* --- the short way: what the page cache can do at once --- */

/* The flag of pwritev2 or preadv2 is known per file system, so one refusal settles it. */
static ssize_t transfer_now(struct block_raw *raw, struct block_request *request)
{
	bool write = request->operation == BLOCK_WRITE;
	bool *can = write ? &raw->has_nowait_write : &raw->has_nowait_read;
	off_t offset = (off_t)request->offset;
	int count = (int)request->iov_count;
	ssize_t done;

	if (!*can) {
		return -EAGAIN;
	}
	done = write ? pwritev2(raw->fd, request->iov, count, offset, RWF_NOWAIT)
		     : preadv2(raw->fd, request->iov, count, offset, RWF_NOWAIT);
	if (done < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
		*can = false;
		return -EAGAIN;
	}
	return done < 0 ? -errno : done;
}

/* `result` bytes of a read or write are done, or it failed. */
static void on_transferred(struct block_raw *raw, struct block_request *request, int64_t result)
{
	if (result == -EAGAIN || result == -EINTR) {
		submit_rest(raw, request);
		return;
	}
	if (result <= 0) {
		/* Nothing: the image has become shorter than it was. */
		finish(request, result < 0 ? (int)result : -EIO);
		return;
	}
	if (request->bounce) {
		raw_bounce_end(request, (uint64_t)result);
	} else if ((uint64_t)result < request->bytes - request->progress) {
		raw_advance(request, (uint64_t)result);
	}
	request->progress += (uint64_t)result;
	if (request->progress < request->bytes) {
		submit_rest(raw, request);
	} else {
		finish(request, 0);
	}
}

static void start_transfer(struct block_raw *raw, struct block_request *request)
{
	uint64_t mask = raw->direct_alignment ? raw->direct_alignment - 1 : 0;

	if ((request->offset | request->bytes) & mask) {
		finish(request, -EINVAL);
	} else if (request->bytes > LONG_BYTES) {
		submit_rest(raw, request);
	} else {
		on_transferred(raw, request, transfer_now(raw, request));
	}
}

/* --- completions --- */

static bool is_unsupported(int64_t result)
{
	return result == -EOPNOTSUPP || result == -ENODEV || result == -ENOSYS;
}

/* Falls back one step where the host cannot do what was tried, and remembers. */
static void on_zeroed(struct block_raw *raw, struct block_request *request, int64_t result)
{
	bool allocate = request->job.operation == ENGINE_ALLOCATE;

	if (allocate && is_unsupported(result)) {
		if (request->job.mode & FALLOC_FL_PUNCH_HOLE) {
			raw->has_punch_hole = false;
		} else {
			raw->has_zero_range = false;
		}
		submit_zeroes(raw, request);
		return;
	}
	if (allocate || result < 0) {
		finish(request, (int)result);
		return;
	}
	request->progress += (uint64_t)result;
	if (result > 0 && request->progress < request->bytes) {
		submit_written_zeros(raw, request);
	} else {
		finish(request, result == 0 ? -EIO : 0);
	}
}

static void on_job_done(void *owner, struct engine_job *job, int64_t result)
{
	struct block_request *request = container_of(job, struct block_request, job);
	struct block_raw *raw = owner;

	switch (request->operation) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		on_transferred(raw, request, result);
		break;
	case BLOCK_WRITE_ZEROES:
		on_zeroed(raw, request, result);
		break;
	case BLOCK_DISCARD:
		finish(request, is_unsupported(result) ? -EOPNOTSUPP : (int)result);
		break;
	case BLOCK_FLUSH:
		finish(request, (int)result);
		break;
	}
}

static void on_engine_batch(void *owner)
{
	struct block_raw *raw = owner;

	if (raw->base.on_batch) {
		raw->base.on_batch(raw->base.owner);
	}
}

/* --- the contract of block.h --- */

static void raw_submit(struct block_backend *backend, struct block_request *request)
{
	struct block_raw *raw = raw_of(backend);

	request->progress = 0;
	request->bounce = NULL;
	if (request->bytes == 0 && request->operation != BLOCK_FLUSH) {
		finish(request, 0);
		return;
	}
	switch (request->operation) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		start_transfer(raw, request);
		break;
	case BLOCK_FLUSH:
		request->job.operation = ENGINE_SYNC;
		submit_job(raw->engine, request);
		break;
	case BLOCK_DISCARD:
		submit_discard(raw, request);
		break;
	case BLOCK_WRITE_ZEROES:
		submit_zeroes(raw, request);
		break;
	}
}

static void raw_kick(struct block_backend *backend)
{
	struct engine *engine = raw_of(backend)->engine;

	engine->ops->kick(engine);
}

static bool raw_poll(struct block_backend *backend)
{
	struct block_raw *raw = raw_of(backend);

	return raw->engine->in_flight > 0 && raw->engine->ops->poll(raw->engine);
}

static bool wait_for(struct engine *engine)
{
	if (!engine || engine->in_flight == 0) {
		return false;
	}
	engine->ops->wait(engine);
	return true;
}

/* What one engine completes may be continued by the other. */
static void raw_drain(struct block_backend *backend)
{
	struct block_raw *raw = raw_of(backend);

	while (wait_for(raw->engine) || wait_for(raw->threads)) {
	}
}

static void raw_destroy(struct block_backend *backend)
{
	struct block_raw *raw = raw_of(backend);

	raw_drain(backend);
	engine_destroy(raw->engine);
	engine_destroy(raw->threads);
	if (raw->fd >= 0) {
		(void)close(raw->fd);
	}
	free(raw->path);
	free(raw);
}

static const struct block_ops RAW_OPS = {
	.submit = raw_submit,
	.kick = raw_kick,
	.poll = raw_poll,
	.drain = raw_drain,
	.destroy = raw_destroy,
};

static int make_engine(struct block_raw *raw)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	struct engine_config config = engine_config(raw);
	int code = engine_uring_create(&config, &raw->engine);

	if (code == 0) {
		return 0;
	}
	if (!atomic_flag_test_and_set(&told)) {
		log_info("block",
			 "this host gives no io_uring (%s): disks use threads, which is slower",
			 strerror(-code));
	}
	return engine_pool_create(&config, &raw->engine);
}

int block_raw_create(struct loop *loop, const struct block_raw_config *config,
		     struct block_backend **out, struct error *err)
{
	struct block_raw *raw = calloc(1, sizeof(*raw));
	int code;

	*out = NULL;
	if (!raw) {
		return error_set_errno(err, -ENOMEM, "disk %s", config->path);
	}
	raw->base.ops = &RAW_OPS;
	raw->loop = loop;
	raw->fd = -1;
	code = raw_open(raw, config, err);
	if (code < 0) {
		goto fail;
	}
	/* O_DIRECT always waits for the device. */
	raw->has_nowait_read = !config->direct;
	raw->has_nowait_write = !config->direct;
	raw->has_punch_hole = true;
	raw->has_zero_range = true;
	code = make_engine(raw);
	if (code < 0) {
		(void)error_set_errno(err, code, "disk %s: cannot start its input and output",
				      config->path);
		goto fail;
	}
	*out = &raw->base;
	return 0;
fail:
	raw_destroy(&raw->base);
	return code;
}
