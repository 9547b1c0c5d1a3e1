/* SPDX-License-Identifier: MIT */
/* LINK: devices/block/raw.c devices/block/raw_open.c devices/block/raw_lock.c
 * devices/block/holder.c devices/block/raw_bounce.c devices/block/engine_uring.c
 * devices/block/engine_pool.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/block/block.h"
#include "vmm/base/loop.h"

#define IMAGE_BYTES (1u << 20)

TestSuite(raw, .timeout = 20);

/* A raw disk on a temporary file, and the outcome of its last request. */
struct fixture {
	struct loop *loop;
	struct block_backend *disk;
	struct error err;
	char path[64];
	unsigned done;
	int result;
};

static void make_file(struct fixture *f, off_t bytes)
{
	int fd;

	(void)snprintf(f->path, sizeof(f->path), "./test_raw.XXXXXX");
	fd = mkstemp(f->path);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, ftruncate(fd, bytes), 0));
	(void)close(fd);
	cr_assert(eq(int, loop_create("test", &f->loop), 0));
}

static int open_disk(struct fixture *f, bool read_only, bool direct)
{
	const struct block_raw_config config = {
		.path = f->path,
		.read_only = read_only,
		.direct = direct,
	};

	return block_raw_create(f->loop, &config, &f->disk, &f->err);
}

static void finish(struct fixture *f)
{
	if (f->disk) {
		f->disk->ops->destroy(f->disk);
	}
	loop_destroy(f->loop);
	(void)remove(f->path);
}

struct test_request {
	struct block_request request;
	struct fixture *fixture;
};

static void on_done(struct block_request *request, int result)
{
	struct fixture *f = container_of(request, struct test_request, request)->fixture;

	f->done++;
	f->result = result;
}

static int run(struct fixture *f, struct block_request request)
{
	struct test_request r = { .request = request, .fixture = f };
	unsigned before = f->done;

	r.request.done = on_done;
	f->disk->ops->submit(f->disk, &r.request);
	f->disk->ops->kick(f->disk);
	f->disk->ops->drain(f->disk);
	cr_assert(eq(uint, f->done, before + 1));
	return f->result;
}

static int transfer(struct fixture *f, enum block_operation operation, uint64_t offset, void *data,
		    size_t bytes)
{
	struct iovec iov = { data, bytes };

	return run(f, (struct block_request){ .operation = operation,
					      .offset = offset,
					      .bytes = bytes,
					      .iov = &iov,
					      .iov_count = 1 });
}

static int run_range(struct fixture *f, enum block_operation operation, uint64_t offset,
		     uint64_t bytes, bool unmap)
{
	return run(f, (struct block_request){ .operation = operation,
					      .offset = offset,
					      .bytes = bytes,
					      .unmap = unmap });
}

static blkcnt_t blocks_of(const char *path)
{
	struct stat st;

	cr_assert(eq(int, stat(path, &st), 0));
	return st.st_blocks;
}

Test(raw, write_is_read_back)
{
	char out[8192];
	char in[8192] = { 0 };
	struct fixture f = { 0 };

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	memset(out, 'x', sizeof(out));
	cr_assert(eq(int, transfer(&f, BLOCK_WRITE, 512, out, sizeof(out)), 0));
	cr_assert(eq(int, run_range(&f, BLOCK_FLUSH, 0, 0, false), 0));
	cr_assert(eq(int, transfer(&f, BLOCK_READ, 512, in, sizeof(in)), 0));
	cr_assert(zero(int, memcmp(in, out, sizeof(in))));
	finish(&f);
}

/* The slices differ in size, and the second one starts at an odd address. */
Test(raw, read_fills_several_slices)
{
	char out[1536];
	char in[1600] = { 0 };
	struct iovec iov[2] = { { in, 512 }, { in + 513, 1024 } };
	struct fixture f = { 0 };

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	memset(out, 'y', sizeof(out));
	cr_assert(eq(int, transfer(&f, BLOCK_WRITE, 0, out, sizeof(out)), 0));
	cr_assert(eq(int,
		     run(&f, (struct block_request){ .operation = BLOCK_READ,
						     .bytes = sizeof(out),
						     .iov = iov,
						     .iov_count = 2 }),
		     0));
	cr_assert(zero(int, memcmp(in + 513, out, 1024)));
	cr_assert(eq(chr, in[512], 0));
	finish(&f);
}

/* More requests than the ring has entries. */
Test(raw, many_requests_in_flight_all_complete)
{
	enum {
		REQUESTS = 700
	};
	static struct test_request requests[REQUESTS];
	static char data[REQUESTS][512];
	static struct iovec iov[REQUESTS];
	struct fixture f = { 0 };

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	for (unsigned i = 0; i < REQUESTS; i++) {
		memset(data[i], (int)i, sizeof(data[i]));
		iov[i] = (struct iovec){ data[i], 512 };
		requests[i] = (struct test_request){
			.request = { .operation = BLOCK_WRITE,
				     .offset = 512 * (uint64_t)i,
				     .bytes = 512,
				     .iov = &iov[i],
				     .iov_count = 1,
				     .done = on_done },
			.fixture = &f,
		};
		f.disk->ops->submit(f.disk, &requests[i].request);
	}
	f.disk->ops->drain(f.disk);
	cr_assert(eq(uint, f.done, REQUESTS));
	cr_assert(eq(int, f.result, 0));
	finish(&f);
}

/* Short ones are copied at once from the page cache; these would hold up the loop. */
Test(raw, long_transfer_leaves_the_loop_alone)
{
	enum {
		BYTES = 8 << 20
	};
	char *out = malloc(BYTES);
	char *in = calloc(1, BYTES);
	struct iovec iov = { in, BYTES };
	struct fixture f = { 0 };
	struct test_request read = {
		.request = { .operation = BLOCK_READ,
			     .bytes = BYTES,
			     .iov = &iov,
			     .iov_count = 1,
			     .done = on_done },
		.fixture = &f,
	};

	make_file(&f, BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	memset(out, 'z', BYTES);
	cr_assert(eq(int, transfer(&f, BLOCK_WRITE, 0, out, BYTES), 0));
	f.done = 0;
	f.disk->ops->submit(f.disk, &read.request);
	cr_assert(zero(uint, f.done));
	f.disk->ops->drain(f.disk);
	cr_assert(eq(uint, f.done, 1));
	cr_assert(zero(int, f.result));
	cr_assert(zero(int, memcmp(in, out, BYTES)));
	finish(&f);
	free(in);
	free(out);
}

Test(raw, discard_gives_blocks_back)
{
	static char data[256 << 10];
	struct fixture f = { 0 };
	blkcnt_t before;

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	memset(data, 'd', sizeof(data));
	cr_assert(eq(int, transfer(&f, BLOCK_WRITE, 0, data, sizeof(data)), 0));
	cr_assert(eq(int, run_range(&f, BLOCK_FLUSH, 0, 0, false), 0));
	before = blocks_of(f.path);
	cr_assert(eq(int, run_range(&f, BLOCK_DISCARD, 0, sizeof(data), false), 0));
	cr_assert(le(long, blocks_of(f.path), before - (long)(sizeof(data) / 512)));
	cr_assert(eq(u64, f.disk->info.bytes, IMAGE_BYTES));
	finish(&f);
}

static void check_zeroes(bool unmap)
{
	char data[4096];
	const char zeros[4096] = { 0 };
	struct fixture f = { 0 };

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	memset(data, 'z', sizeof(data));
	cr_assert(eq(int, transfer(&f, BLOCK_WRITE, 4096, data, sizeof(data)), 0));
	cr_assert(eq(int, run_range(&f, BLOCK_WRITE_ZEROES, 4608, 1024, unmap), 0));
	cr_assert(eq(int, transfer(&f, BLOCK_READ, 4096, data, sizeof(data)), 0));
	cr_assert(eq(chr, data[511], 'z'));
	cr_assert(zero(int, memcmp(data + 512, zeros, 1024)));
	cr_assert(eq(chr, data[1536], 'z'));
	finish(&f);
}

Test(raw, zeroes_read_as_zeros)
{
	check_zeroes(false);
}

Test(raw, zeroes_with_unmap_read_as_zeros)
{
	check_zeroes(true);
}

Test(raw, shrunk_image_gives_io_error)
{
	char data[4096];
	struct fixture f = { 0 };

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	cr_assert(eq(int, truncate(f.path, IMAGE_BYTES / 2), 0));
	cr_assert(eq(int, transfer(&f, BLOCK_READ, IMAGE_BYTES - 4096, data, sizeof(data)), -EIO));
	/* The first half of this one is still there. */
	cr_assert(eq(int, transfer(&f, BLOCK_READ, IMAGE_BYTES / 2 - 2048, data, sizeof(data)),
		     -EIO));
	finish(&f);
}

/* Some file systems have no O_DIRECT. */
static void open_direct(struct fixture *f)
{
	make_file(f, IMAGE_BYTES);
	if (open_disk(f, false, true) < 0) {
		finish(f);
		cr_skip_test("no O_DIRECT here: %s", f->err.text);
	}
}

/* 300 KiB is more than the bounce buffer holds; the odd address is what O_DIRECT refuses. */
Test(raw, direct_takes_any_memory)
{
	enum {
		BYTES = 300 << 10
	};
	static char out[BYTES + 1];
	static char in[BYTES + 1];
	struct fixture f = { 0 };

	open_direct(&f);
	for (unsigned i = 0; i < BYTES; i++) {
		out[i + 1] = (char)(i * 7 + i / 4096);
	}
	cr_assert(eq(int, transfer(&f, BLOCK_WRITE, 4096, out + 1, BYTES), 0));
	cr_assert(eq(int, transfer(&f, BLOCK_READ, 4096, in + 1, BYTES), 0));
	cr_assert(zero(int, memcmp(in, out, sizeof(in))));
	finish(&f);
}

Test(raw, second_writer_is_refused)
{
	struct fixture f = { 0 };
	struct block_backend *first;

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	first = f.disk;
	cr_assert(eq(int, open_disk(&f, false, false), -EBUSY));
	cr_assert(not(zero(ptr, strstr(f.err.text, "is in use"))));
	f.disk = first;
	finish(&f);
}

Test(raw, reader_beside_a_writer_is_refused)
{
	struct fixture f = { 0 };
	struct block_backend *first;

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, false, false), 0));
	first = f.disk;
	cr_assert(eq(int, open_disk(&f, true, false), -EBUSY));
	f.disk = first;
	finish(&f);
}

Test(raw, readers_share)
{
	struct fixture f = { 0 };
	struct block_backend *first;

	make_file(&f, IMAGE_BYTES);
	cr_assert(eq(int, open_disk(&f, true, false), 0));
	first = f.disk;
	cr_assert(eq(int, open_disk(&f, true, false), 0));
	first->ops->destroy(first);
	finish(&f);
}

/* QEMU with a disk it writes: it uses bytes 100, 101 and 103, and refuses others 201 and 203. */
Test(raw, lock_of_qemu_is_respected)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1 };
	struct fixture f = { 0 };
	int fd;

	make_file(&f, IMAGE_BYTES);
	fd = open(f.path, O_RDWR | O_CLOEXEC);
	cr_assert(eq(int, fcntl(fd, F_OFD_SETLK, &lock), 0));
	cr_assert(eq(int, open_disk(&f, false, false), -EBUSY));
	(void)close(fd);
	finish(&f);
}

Test(raw, odd_size_is_refused)
{
	struct fixture f = { 0 };

	make_file(&f, 1000);
	cr_assert(eq(int, open_disk(&f, false, false), -EINVAL));
	cr_assert(not(zero(ptr, strstr(f.err.text, "multiple of 512"))));
	finish(&f);
}

Test(raw, empty_file_is_refused)
{
	struct fixture f = { 0 };

	make_file(&f, 0);
	cr_assert(eq(int, open_disk(&f, false, false), -EINVAL));
	finish(&f);
}

Test(raw, directory_is_refused)
{
	struct fixture f = { 0 };

	make_file(&f, 0);
	(void)remove(f.path);
	cr_assert(eq(int, mkdir(f.path, 0700), 0));
	cr_assert(eq(int, open_disk(&f, false, false), -EISDIR));
	finish(&f);
}

Test(raw, missing_file_is_told)
{
	struct fixture f = { 0 };

	make_file(&f, 0);
	(void)remove(f.path);
	cr_assert(eq(int, open_disk(&f, false, false), -ENOENT));
	cr_assert(not(zero(ptr, strstr(f.err.text, "truncate -s"))));
	finish(&f);
}

/* A FIFO must not be waited for. */
Test(raw, fifo_is_refused)
{
	struct fixture f = { 0 };

	make_file(&f, 0);
	(void)remove(f.path);
	cr_assert(eq(int, mkfifo(f.path, 0600), 0));
	cr_assert(eq(int, open_disk(&f, false, false), -EINVAL));
	finish(&f);
}
