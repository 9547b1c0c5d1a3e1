/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_BLOCK_RAW_H
#define THUNDERLAKE_DEVICES_BLOCK_RAW_H

#include "devices/block/block.h"
#include "devices/block/engine.h"

/* What the raw back end's files share. */
struct block_raw {
	struct block_backend base;
	struct loop *loop; /* borrowed */
	int fd;
	char *path;
	bool is_device;
	unsigned direct_alignment; /* of offsets, lengths and memory under O_DIRECT; 0 without */

	/* What the file turned out to be capable of. */
	bool has_nowait_read;
	bool has_nowait_write;
	bool has_punch_hole;
	bool has_zero_range;

	struct engine *engine;
	struct engine *threads; /* for what io_uring cannot do; made when needed */
};

/* Fills fd, path, is_device, direct_alignment and base.info. On failure the caller closes fd. */
int raw_open(struct block_raw *raw, const struct block_raw_config *config, struct error *err);

/* Locks as QEMU does (OFD locks on one byte per permission): a writer excludes everyone, readers
 * exclude writers. -EBUSY; the text tells who has it, if that can be seen. */
int raw_lock(int fd, const char *path, bool read_only, struct error *err);

/* Whether O_DIRECT refuses these slices as they are. */
bool raw_needs_bounce(const struct block_raw *raw, const struct block_request *request);

/* Points own_iov at an aligned copy of the request's next part. -ENOMEM. */
int raw_bounce_begin(const struct block_raw *raw, struct block_request *request);

/* After `bytes` of that part were done: hands what was read to the request's slices, and takes
 * these bytes off them. */
void raw_bounce_end(struct block_request *request, uint64_t bytes);

/* Takes `bytes` off the front of the request's slices. */
void raw_advance(struct block_request *request, uint64_t bytes);

#endif
