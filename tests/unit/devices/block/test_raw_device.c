/* SPDX-License-Identifier: MIT */
/* LINK: devices/block/raw.c devices/block/raw_open.c devices/block/raw_lock.c
 * devices/block/holder.c devices/block/raw_bounce.c devices/block/engine_uring.c
 * devices/block/engine_pool.c */
/* Disks that are block devices: the kernel's loop devices, of 512 and of 4096 bytes a sector. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/block/block.h"
#include "vmm/base/loop.h"

#define IMAGE_BYTES (1u << 20)
#define TRIES	    50 /* others take loop devices, too */

TestSuite(raw_device, .timeout = 20);

struct fixture {
	struct loop *loop;
	struct block_backend *disk;
	char image[64];
	char device[32];
	int image_fd, device_fd;
	int result;
};

/* Binds the image to a free device; false: this host gives us none. */
static bool bind_device(struct fixture *f, unsigned sector_bytes)
{
	const struct loop_config config = {
		.fd = (unsigned)f->image_fd,
		.block_size = sector_bytes,
		.info = { .lo_flags = LO_FLAGS_AUTOCLEAR },
	};
	const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	bool is_bound = false;

	for (int i = 0; control >= 0 && i < TRIES && !is_bound; i++) {
		const int number = ioctl(control, LOOP_CTL_GET_FREE);

		(void)snprintf(f->device, sizeof(f->device), "/dev/loop%d", number);
		f->device_fd = open(f->device, O_RDWR | O_CLOEXEC);
		if (f->device_fd < 0) {
			break;
		}
		is_bound = ioctl(f->device_fd, LOOP_CONFIGURE, &config) == 0;
		if (!is_bound) {
			(void)close(f->device_fd);
		}
	}
	(void)close(control);
	return is_bound;
}

static void set_up(struct fixture *f, unsigned sector_bytes)
{
	const struct block_raw_config config = { .path = f->device };
	struct error err;

	(void)snprintf(f->image, sizeof(f->image), "./test_raw_device.XXXXXX");
	f->image_fd = mkstemp(f->image);
	cr_assert(ge(int, f->image_fd, 0));
	cr_assert(eq(int, ftruncate(f->image_fd, IMAGE_BYTES), 0));
	if (!bind_device(f, sector_bytes)) {
		(void)remove(f->image);
		cr_skip_test("no loop device for us here");
	}
	cr_assert(eq(int, loop_create("test", &f->loop), 0));
	cr_assert(eq(int, block_raw_create(f->loop, &config, &f->disk, &err), 0), "%s", err.text);
}

static void finish(struct fixture *f)
{
	f->disk->ops->destroy(f->disk);
	loop_destroy(f->loop);
	(void)close(f->device_fd);
	(void)close(f->image_fd);
	(void)remove(f->image);
}

struct test_request {
	struct block_request request;
	struct fixture *fixture;
};

static void on_done(struct block_request *request, int result)
{
	container_of(request, struct test_request, request)->fixture->result = result;
}

static int run(struct fixture *f, enum block_operation operation, uint64_t offset, void *data,
	       uint64_t bytes)
{
	struct iovec iov = { data, data ? bytes : 0 };
	struct test_request r = { .request = { .operation = operation,
					       .unmap = true,
					       .offset = offset,
					       .bytes = bytes,
					       .iov = &iov,
					       .iov_count = 1,
					       .done = on_done },
				  .fixture = f };

	f->result = 1;
	f->disk->ops->submit(f->disk, &r.request);
	f->disk->ops->kick(f->disk);
	f->disk->ops->drain(f->disk);
	return f->result;
}

static void check_device(unsigned sector_bytes)
{
	static char data[64 << 10];
	const char zeros[4096] = { 0 };
	struct fixture f = { 0 };
	struct stat before, after;

	set_up(&f, sector_bytes);
	cr_assert(eq(u64, f.disk->info.bytes, IMAGE_BYTES));
	cr_assert(eq(u32, f.disk->info.logical_block_bytes, sector_bytes));
	memset(data, 'd', sizeof(data));
	cr_assert(eq(int, run(&f, BLOCK_WRITE, 0, data, sizeof(data)), 0));
	cr_assert(eq(int, run(&f, BLOCK_FLUSH, 0, NULL, 0), 0));
	cr_assert(eq(int, fstat(f.image_fd, &before), 0));

	cr_assert(eq(int, run(&f, BLOCK_WRITE_ZEROES, 4096, NULL, 4096), 0));
	cr_assert(eq(int, run(&f, BLOCK_READ, 0, data, 12288), 0));
	cr_assert(eq(chr, data[4095], 'd'));
	cr_assert(zero(int, memcmp(data + 4096, zeros, 4096)));
	cr_assert(eq(chr, data[8192], 'd'));

	cr_assert(f.disk->info.can_discard);
	cr_assert(eq(int, run(&f, BLOCK_DISCARD, 0, NULL, sizeof(data)), 0));
	cr_assert(eq(int, fstat(f.image_fd, &after), 0));
	cr_assert(le(long, after.st_blocks, before.st_blocks - (long)(sizeof(data) / 512)));
	finish(&f);
}

Test(raw_device, of_512_bytes_a_sector)
{
	check_device(512);
}

Test(raw_device, of_4096_bytes_a_sector)
{
	check_device(4096);
}
