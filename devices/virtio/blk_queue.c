/* SPDX-License-Identifier: MIT */
#include "devices/virtio/blk_queue.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

int blk_queue_init(struct blk_queue *q, unsigned capacity)
{
	return pool_init(&q->requests, capacity, sizeof(struct blk_request));
}

void blk_queue_finish(struct blk_queue *q)
{
	pool_finish(&q->requests);
}

/* --- the end of a request --- */

static void complete(struct blk_request *r, uint8_t status)
{
	struct blk_queue *q = r->queue;
	uint32_t written = (status == VIRTIO_BLK_S_OK ? r->written : 0) + sizeof(*r->status);

	*r->status = status;
	virtqueue_push(&q->device->queues[q->index], r->chain.head, written);
	q->unsignalled_bytes += written;
	pool_give_back(&q->requests, r);
}

static const char *name_of(enum block_operation operation)
{
	static const char *const NAMES[] = {
		[BLOCK_READ] = "read",
		[BLOCK_WRITE] = "write",
		[BLOCK_FLUSH] = "flush",
		[BLOCK_DISCARD] = "discard",
		[BLOCK_WRITE_ZEROES] = "write of zeroes",
	};

	return NAMES[operation];
}

static void complete_failed(struct blk_request *r, int code)
{
	struct virtio_device *v = r->queue->device;

	if (code == -EOPNOTSUPP) {
		complete(r, VIRTIO_BLK_S_UNSUPP);
		return;
	}
	log_guest(&v->log_limit, v->id, "%s of %" PRIu64 " bytes at %" PRIu64 " failed: %s",
		  name_of(r->block.operation), r->block.bytes, r->block.offset, strerror(-code));
	complete(r, VIRTIO_BLK_S_IOERR);
}

static void submit(struct blk_request *r, enum block_operation operation,
		   void (*done)(struct block_request *request, int result))
{
	struct block_backend *disk = r->queue->disk;

	r->block.operation = operation;
	r->block.done = done;
	disk->ops->submit(disk, &r->block);
}

static bool is_write(enum block_operation operation)
{
	return operation == BLOCK_WRITE || operation == BLOCK_WRITE_ZEROES;
}

static void on_done(struct block_request *block, int result)
{
	struct blk_request *r = container_of(block, struct blk_request, block);

	if (result < 0) {
		complete_failed(r, result);
	} else if (r->queue->write_through && is_write(block->operation)) {
		submit(r, BLOCK_FLUSH, on_done);
	} else {
		complete(r, VIRTIO_BLK_S_OK);
	}
}

/* --- reads and writes --- */

/* Whether [offset, offset + bytes) is on the disk and in whole sectors. */
static bool set_range(struct blk_request *r, uint64_t sector, uint64_t bytes)
{
	uint64_t end;

	if (bytes % BLOCK_SECTOR_BYTES != 0 ||
	    __builtin_mul_overflow(sector, (uint64_t)BLOCK_SECTOR_BYTES, &r->block.offset) ||
	    __builtin_add_overflow(r->block.offset, bytes, &end) ||
	    end > r->queue->disk->info.bytes) {
		return false;
	}
	r->block.bytes = bytes;
	return true;
}

/* The data are the readable slices behind the header. */
static void use_readable(struct blk_request *r)
{
	size_t skip = sizeof(struct virtio_blk_outhdr);

	r->block.iov = r->iov;
	r->block.iov_count = r->chain.readable_count;
	while (r->block.iov_count > 0 && skip >= r->block.iov->iov_len) {
		skip -= r->block.iov->iov_len;
		r->block.iov++;
		r->block.iov_count--;
	}
	if (skip > 0) {
		r->block.iov->iov_base = (char *)r->block.iov->iov_base + skip;
		r->block.iov->iov_len -= skip;
	}
}

/* The data are the writable slices before the status byte. */
static void use_writable(struct blk_request *r)
{
	struct iovec *last;

	r->block.iov = r->iov + r->chain.readable_count;
	r->block.iov_count = r->chain.writable_count;
	last = &r->block.iov[r->block.iov_count - 1];
	if (--last->iov_len == 0) {
		r->block.iov_count--;
	}
}

static void start_read(struct blk_request *r)
{
	if (!set_range(r, r->sector, r->chain.writable_bytes - 1)) {
		complete(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	use_writable(r);
	r->written = (uint32_t)r->block.bytes;
	submit(r, BLOCK_READ, on_done);
}

static void start_write(struct blk_request *r)
{
	size_t bytes = r->chain.readable_bytes - sizeof(struct virtio_blk_outhdr);

	if (r->queue->disk->info.read_only || !set_range(r, r->sector, bytes)) {
		complete(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	use_readable(r);
	submit(r, BLOCK_WRITE, on_done);
}

static void start_flush(struct blk_request *r)
{
	r->block.offset = 0;
	r->block.bytes = 0;
	submit(r, BLOCK_FLUSH, on_done);
}

static void get_id(struct blk_request *r)
{
	use_writable(r);
	r->written = (uint32_t)iov_write(r->block.iov, r->block.iov_count, 0, r->queue->serial,
					 VIRTIO_BLK_ID_BYTES);
	complete(r, VIRTIO_BLK_S_OK);
}

/* --- discard and write zeroes: one range after the other --- */

/* Checks range number r->range, which the guest may have changed since the last one.
 * VIRTIO_BLK_S_*.
 */
static uint8_t take_range(struct blk_request *r)
{
	size_t at = sizeof(struct virtio_blk_outhdr) +
		    r->range * sizeof(struct virtio_blk_discard_write_zeroes);
	bool zeroes = r->type == VIRTIO_BLK_T_WRITE_ZEROES;
	uint32_t sectors_max = zeroes ? BLK_ZEROES_SECTORS_MAX : BLK_DISCARD_SECTORS_MAX;
	uint32_t flags_allowed = zeroes ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
	struct virtio_blk_discard_write_zeroes range;

	(void)iov_read(r->iov, r->chain.readable_count, at, &range, sizeof(range));
	if (range.flags & ~flags_allowed) {
		return VIRTIO_BLK_S_UNSUPP;
	}
	r->block.unmap = range.flags && r->queue->disk->info.can_discard;
	if (range.num_sectors > sectors_max ||
	    !set_range(r, range.sector, (uint64_t)range.num_sectors * BLOCK_SECTOR_BYTES)) {
		return VIRTIO_BLK_S_IOERR;
	}
	return VIRTIO_BLK_S_OK;
}

static void on_range_done(struct block_request *block, int result);

static void start_range(struct blk_request *r)
{
	bool zeroes = r->type == VIRTIO_BLK_T_WRITE_ZEROES;
	uint8_t status = take_range(r);

	if (status != VIRTIO_BLK_S_OK) {
		complete(r, status);
		return;
	}
	submit(r, zeroes ? BLOCK_WRITE_ZEROES : BLOCK_DISCARD, on_range_done);
}

static void on_range_done(struct block_request *block, int result)
{
	struct blk_request *r = container_of(block, struct blk_request, block);
	size_t end = sizeof(struct virtio_blk_outhdr) +
		     ++r->range * sizeof(struct virtio_blk_discard_write_zeroes);

	if (result == 0 && end < r->chain.readable_bytes) {
		start_range(r);
	} else {
		on_done(block, result);
	}
}

static void start_ranges(struct blk_request *r)
{
	const size_t range_bytes = sizeof(struct virtio_blk_discard_write_zeroes);
	size_t bytes = r->chain.readable_bytes - sizeof(struct virtio_blk_outhdr);

	if (r->queue->disk->info.read_only || bytes == 0 || bytes % range_bytes != 0 ||
	    bytes / range_bytes > BLK_RANGES_MAX) {
		complete(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	r->range = 0;
	start_range(r);
}

/* --- the start of a request --- */

static void start_by_type(struct blk_request *r)
{
	switch (r->type) {
	case VIRTIO_BLK_T_IN:
		start_read(r);
		break;
	case VIRTIO_BLK_T_OUT:
		start_write(r);
		break;
	case VIRTIO_BLK_T_FLUSH:
		start_flush(r);
		break;
	case VIRTIO_BLK_T_GET_ID:
		get_id(r);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		start_ranges(r);
		break;
	default:
		complete(r, VIRTIO_BLK_S_UNSUPP);
		break;
	}
}

/* Copies the header and finds the status byte. */
static int parse(struct blk_request *r)
{
	struct virtio_blk_outhdr header;
	const struct iovec *last;

	if (iov_read(r->iov, r->chain.readable_count, 0, &header, sizeof(header)) <
		    sizeof(header) ||
	    r->chain.writable_count == 0) {
		return -EPROTO;
	}
	last = &r->iov[r->chain.readable_count + r->chain.writable_count - 1];
	r->status = (uint8_t *)last->iov_base + last->iov_len - 1;
	r->type = header.type;
	r->sector = header.sector;
	r->written = 0;
	return 0;
}

static bool take_request(struct blk_queue *q)
{
	struct blk_request *r = pool_take(&q->requests);

	q->stalled = !r;
	if (!r) {
		return false;
	}
	r->queue = q;
	r->chain.iov = r->iov;
	r->chain.iov_capacity = ARRAY_SIZE(r->iov);
	if (virtio_pop(q->device, q->index, &r->chain) != 1) {
		pool_give_back(&q->requests, r);
		return false;
	}
	if (parse(r) < 0) {
		pool_give_back(&q->requests, r);
		virtio_fail(q->device, "request without a header or a status byte");
		return false;
	}
	q->run_bytes += r->chain.readable_bytes + r->chain.writable_bytes;
	start_by_type(r);
	return true;
}

unsigned blk_queue_run(struct blk_queue *q)
{
	unsigned taken = 0;

	q->run_bytes = 0;
	while (taken < q->requests.capacity && q->run_bytes < VIRTIO_RUN_BYTES && take_request(q)) {
		taken++;
		if (q->unsignalled_bytes >= VIRTIO_SIGNAL_BYTES) {
			blk_queue_signal(q);
		}
	}
	q->unfinished = taken == q->requests.capacity || q->run_bytes >= VIRTIO_RUN_BYTES;
	if (taken > 0) {
		q->disk->ops->kick(q->disk);
		blk_queue_signal(q);
	}
	return taken;
}

void blk_queue_signal(struct blk_queue *q)
{
	if (q->unsignalled_bytes > 0) {
		q->unsignalled_bytes = 0;
		virtio_signal(q->device, q->index);
	}
}

bool blk_queue_has_work(const struct blk_queue *q)
{
	if (q->stalled && pool_is_empty(&q->requests)) {
		return false;
	}
	return q->unfinished || virtio_has_work(q->device, q->index);
}
