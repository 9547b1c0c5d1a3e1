/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/blk.c devices/virtio/blk_queue.c devices/virtio/virtqueue.c devices/block/
 *       vmm/mem/ vmm/kvm/ tests/unit/devices/virtio/fake_ring.c
 *       tests/unit/devices/virtio/fake_transport.c */
/*
 * A disk whose driver is hostile. Input: four bytes of features; then for each chain one byte for
 * the number of buffers, and for each buffer one byte for place and direction and one for its
 * length; the rest is what lies in the buffers, over and over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/blk.h"
#include "tests/fuzz/input.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA   0x10000u
#define DATA_GPA    0x100000u
#define DATA_BYTES  0x10000u
#define IMAGE_BYTES (64u << 10)
#define RING_SIZE   16
#define CHAINS_MAX  32
#define BUFFERS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_mem *mem;
static struct loop *loop;
static void *disk;
static struct fake_ring ring;

/* The image needs no name once it is open. */
static void make_disk(void)
{
	const struct device_type *type = &virtio_blk_type;
	void *options = calloc(1, type->options_size);
	struct device_env env = { .id = "disk0", .cpu_count = 1 };
	char path[] = "/tmp/fuzz_virtio_blk.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, IMAGE_BYTES) < 0 ||
	    guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
	    loop_create("fuzz", &loop) < 0) {
		abort();
	}
	(void)close(fd);
	env.mem = mem;
	env.loop = loop;
	disk = calloc(1, type->state_size);
	if (!disk || options_parse(&type->options, path, options, NULL) < 0 ||
	    type->init(disk, &env, options, NULL) < 0) {
		abort();
	}
	(void)remove(path);
	options_finish(&type->options, options);
	free(options);
	log_set_level(LOG_LEVEL_ERROR);
}

static void add_chain(struct input *in)
{
	struct fake_buffer buffers[BUFFERS_MAX];
	unsigned count = next(in) % BUFFERS_MAX + 1;

	for (unsigned i = 0; i < count; i++) {
		uint8_t place = next(in);
		uint32_t length = next(in);

		buffers[i] = (struct fake_buffer){ DATA_GPA + place * 16u,
						   length > 128 ? (length - 128) * 512 : length,
						   place & 1 };
	}
	(void)fake_ring_add(&ring, buffers, count);
}

static void fill_data(const struct input *in)
{
	uint8_t *ram = guest_mem_slice(mem, DATA_GPA, DATA_BYTES);

	memset(ram, 0, DATA_BYTES);
	for (size_t done = 0; in->size && done < DATA_BYTES; done += in->size) {
		memcpy(ram + done, in->data, MIN(in->size, DATA_BYTES - done));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint64_t features = 0;

	if (!disk) {
		make_disk();
	}
	for (unsigned i = 0; i < 4; i++) {
		features = features << 8 | next(&in);
	}
	fake_ring_init(&ring, mem, RINGS_GPA, RING_SIZE);
	fake_transport_start(mem, features, &ring);
	for (unsigned i = 0; i < CHAINS_MAX && in.size > 8; i++) {
		add_chain(&in);
	}
	fill_data(&in);
	virtio_blk_type.resume(disk);
	virtio_blk_type.quiesce(disk);
	virtio_blk_type.resume(disk);
	virtio_blk_type.reset(disk);
	return 0;
}
