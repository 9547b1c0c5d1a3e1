/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_BLOCK_BLOCK_H
#define THUNDERLAKE_DEVICES_BLOCK_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/block/engine.h"
#include "vmm/base/error.h"

struct loop;

/*
 * The host's side of a disk or disc. Offsets and lengths are in bytes, multiples of
 * BLOCK_SECTOR_BYTES, checked by the caller against `bytes` of block_info. A back end belongs to
 * one loop; submit and completions happen on it.
 */
#define BLOCK_SECTOR_BYTES 512u

enum block_operation {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,	    /* all completed writes are on stable storage afterwards */
	BLOCK_DISCARD,	    /* the range's contents no longer matter; space is given back */
	BLOCK_WRITE_ZEROES, /* reads as zeros afterwards */
};

struct block_request {
	enum block_operation operation;
	bool unmap; /* BLOCK_WRITE_ZEROES: space may be given back */
	uint64_t offset;
	uint64_t bytes;
	struct iovec *iov; /* READ, WRITE: borrowed until done; the back end may change the array */
	unsigned iov_count;
	/* On the loop; may be called from inside submit. `result` is 0 or -errno. The request is
	 * the caller's again from the start of the call. */
	void (*done)(struct block_request *request, int result);

	/* The back end's while submitted. */
	struct engine_job job;
	uint64_t progress; /* bytes done so far */
	struct iovec own_iov;
	void *bounce;
};

struct block_info {
	uint64_t bytes;
	bool read_only;
	bool can_discard;
	uint32_t logical_block_bytes; /* 512 or more, power of two; requests keep to it */
	uint32_t physical_block_bytes;
	const char *driver; /* "raw" */
	const char *path;
};

struct block_backend;

struct block_ops {
	void (*submit)(struct block_backend *backend, struct block_request *request);
	/* After a batch of submits: hands queued work to the host at once. May be NULL. */
	void (*kick)(struct block_backend *backend);
	/* Polls for completions without blocking; returns whether there were any. May be NULL. */
	bool (*poll)(struct block_backend *backend);
	/* Returns when nothing is in flight; done callbacks have run, on_batch too. */
	void (*drain)(struct block_backend *backend);
	void (*destroy)(struct block_backend *backend);
};

/* First member of each back end's state. */
struct block_backend {
	const struct block_ops *ops;
	struct block_info info;
	/* Set by the owner, may be NULL: called after each batch of done callbacks that did not run
	 * inside submit, so that one interrupt can stand for all of them. */
	void (*on_batch)(void *owner);
	void *owner;
};

struct block_raw_config {
	const char *path; /* regular file or block device */
	bool read_only;
	bool direct;  /* O_DIRECT: bypass the host's page cache */
	bool no_lock; /* share with other writers: the user knows */
	/* An image of sectors of another length: the size need not be a multiple of
	 * BLOCK_SECTOR_BYTES, and requests begin and end at any byte. Not with `direct`. */
	bool any_size;
};

/* Opens and locks (a writer excludes everyone, readers exclude writers; OFD locks, as QEMU's range
 * where that costs nothing). Texts name the path and say what to do: missing, a directory, locked
 * by whom if known, no permission, size not a multiple of 512. */
int block_raw_create(struct loop *loop, const struct block_raw_config *config,
		     struct block_backend **out, struct error *err);

#endif
