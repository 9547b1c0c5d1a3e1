/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/blk.c devices/virtio/blk_queue.c devices/virtio/virtqueue.c devices/block/
 *       vmm/mem/ vmm/kvm/ tests/unit/devices/virtio/fake_ring.c
 *       tests/unit/devices/virtio/fake_transport.c */
#include "devices/virtio/blk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "devices/block/block.h"
#include "devices/virtio/blk_queue.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES   (16u << 20)
#define IMAGE_BYTES (1u << 20)
#define RINGS_GPA   0x10000u
#define HEADER_GPA  0x30000u
#define STATUS_GPA  0x31000u
#define DATA_GPA    0x40000u

/* --- a disk of IMAGE_BYTES and its driver --- */

static struct guest_mem *mem;
static struct virtio_device *device;
static struct loop *loop;
static struct fake_ring ring;
static void *state;
static char path[64];
static struct error err;

static int make_disk(const char *more)
{
	struct device_env env = { .mem = mem, .loop = loop, .id = "disk0", .cpu_count = 2 };
	const struct device_type *type = &virtio_blk_type;
	AUTO_FREE void *options = calloc(1, type->options_size);
	char text[128];
	int code;

	(void)snprintf(text, sizeof(text), "%s%s", path, more);
	cr_assert(eq(int, options_parse(&type->options, text, options, NULL), 0));
	state = calloc(1, type->state_size);
	code = type->init(state, &env, options, &err);
	options_finish(&type->options, options);
	device = fake_transport.device;
	return code;
}

static void start_driver(uint64_t features)
{
	struct fake_ring rings[2];

	fake_ring_init(&ring, mem, RINGS_GPA, 64);
	fake_ring_init(&rings[1], mem, RINGS_GPA + FAKE_RING_BYTES, 64);
	rings[0] = ring;
	fake_transport_start(mem, features, rings);
	device->type->on_notify(device, 0);
}

static void set_up(void)
{
	int fd;

	log_set_level(LOG_LEVEL_ERROR);
	(void)snprintf(path, sizeof(path), "./test_blk.XXXXXX");
	fd = mkstemp(path);
	cr_assert(eq(int, ftruncate(fd, IMAGE_BYTES), 0));
	(void)close(fd);
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &mem, NULL), 0));
}

static void tear_down(void)
{
	virtio_blk_type.finish(state);
	free(state);
	guest_mem_destroy(mem);
	loop_destroy(loop);
	(void)remove(path);
}

TestSuite(blk, .init = set_up, .fini = tear_down, .timeout = 20);

static void *at(uint64_t gpa)
{
	void *p = guest_mem_slice(mem, gpa, 4096);

	cr_assert(ne(ptr, p, NULL));
	return p;
}

static void set_header(uint32_t type, uint64_t sector)
{
	*(struct virtio_blk_outhdr *)at(HEADER_GPA) =
		(struct virtio_blk_outhdr){ .type = type, .sector = sector };
	*(uint8_t *)at(STATUS_GPA) = 0xee;
}

/* Runs what the driver has offered to its end. Returns the used length. */
static uint32_t run(void)
{
	uint32_t head = 0;
	uint32_t written = 0;

	device->type->on_notify(device, 0);
	device->type->drain(device);
	cr_assert(fake_ring_take(&ring, &head, &written));
	device->type->on_notify(device, 0);
	return written;
}

/* One request of the usual three parts; returns its status byte. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t bytes, bool data_writable)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, sizeof(struct virtio_blk_outhdr), false },
		{ DATA_GPA, bytes, data_writable },
		{ STATUS_GPA, 1, true },
	};

	set_header(type, sector);
	(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	(void)run();
	return *(uint8_t *)at(STATUS_GPA);
}

#define ALL_FEATURES UINT64_MAX

Test(blk, config_describes_the_disk)
{
	const struct virtio_blk_config *config;

	cr_assert(eq(int, make_disk(""), 0));
	config = (const void *)device->config;
	cr_assert(eq(u64, config->capacity, IMAGE_BYTES / 512));
	cr_assert(eq(u32, config->seg_max, BLK_SEGMENTS_MAX));
	cr_assert(eq(u16, config->num_queues, 2)); /* one for each processor */
	cr_assert(eq(u64, virtio_blk_info(state)->bytes, IMAGE_BYTES));
}

Test(blk, written_data_are_read_back)
{
	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	memset(at(DATA_GPA), 'a', 1024);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 3, 1024, false), VIRTIO_BLK_S_OK));
	memset(at(DATA_GPA), 0, 1024);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_IN, 4, 512, true), VIRTIO_BLK_S_OK));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 511), 'a'));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 512), 0));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_FLUSH, 0, 0, false), VIRTIO_BLK_S_OK));
}

/* Header split in two, status at the end of the data's slice: virtio 1.2 §2.7.4.1 allows any
 * framing. */
Test(blk, framing_is_free)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, 5, false },
		{ HEADER_GPA + 5, 11, false },
		{ DATA_GPA, 100, true },
		{ DATA_GPA + 100, 413, true },
	};

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	memset(at(DATA_GPA), 'b', 512);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_OK));
	memset(at(DATA_GPA), 0xee, 513);
	set_header(VIRTIO_BLK_T_IN, 0);
	(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	cr_assert(eq(u32, run(), 513));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 511), 'b'));
	cr_assert(eq(u8, *(uint8_t *)at(DATA_GPA + 512), VIRTIO_BLK_S_OK));
}

Test(blk, batch_is_signalled_once)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, sizeof(struct virtio_blk_outhdr), false },
		{ DATA_GPA, 512, true },
		{ STATUS_GPA, 1, true },
	};
	uint32_t head;
	uint32_t written;

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	set_header(VIRTIO_BLK_T_GET_ID, 0); /* never waits for the host */
	for (unsigned i = 0; i < 8; i++) {
		(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	}
	device->type->on_notify(device, 0);
	for (unsigned i = 0; i < 8; i++) {
		cr_assert(fake_ring_take(&ring, &head, &written));
	}
	cr_assert(eq(uint, fake_transport.signals, 1));
}

Test(blk, range_beyond_the_end_is_an_error)
{
	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_IN, 2047, 1024, true), VIRTIO_BLK_S_IOERR));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 2048, 512, false), VIRTIO_BLK_S_IOERR));
	/* These wrap in bytes and in sectors. */
	cr_assert(eq(u8, request(VIRTIO_BLK_T_IN, UINT64_MAX, 512, true), VIRTIO_BLK_S_IOERR));
	cr_assert(
		eq(u8, request(VIRTIO_BLK_T_IN, UINT64_MAX / 512, 512, true), VIRTIO_BLK_S_IOERR));
}

Test(blk, part_of_a_sector_is_an_error)
{
	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_IN, 0, 100, true), VIRTIO_BLK_S_IOERR));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 0, 513, false), VIRTIO_BLK_S_IOERR));
}

Test(blk, unknown_request_is_unsupported)
{
	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	cr_assert(eq(u8, request(0x12345678, 0, 512, true), VIRTIO_BLK_S_UNSUPP));
}

Test(blk, request_without_status_fails_the_device)
{
	const struct fake_buffer header = { HEADER_GPA, sizeof(struct virtio_blk_outhdr), false };

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	(void)fake_ring_add(&ring, &header, 1);
	device->type->on_notify(device, 0);
	cr_assert(eq(uint, fake_transport.failures, 1));
}

Test(blk, short_header_fails_the_device)
{
	const struct fake_buffer buffers[] = { { HEADER_GPA, 15, false }, { STATUS_GPA, 1, true } };

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	device->type->on_notify(device, 0);
	cr_assert(eq(uint, fake_transport.failures, 1));
}

Test(blk, serial_is_told)
{
	cr_assert(eq(int, make_disk(",serial=TL-0001"), 0));
	start_driver(ALL_FEATURES);
	memset(at(DATA_GPA), 0xee, VIRTIO_BLK_ID_BYTES);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_GET_ID, 0, VIRTIO_BLK_ID_BYTES, true),
		     VIRTIO_BLK_S_OK));
	cr_assert(eq(str, (char *)at(DATA_GPA), "TL-0001"));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + VIRTIO_BLK_ID_BYTES - 1), 0));
}

Test(blk, long_serial_is_refused)
{
	cr_assert(eq(int, make_disk(",serial=123456789012345678901"), -EINVAL));
}

Test(blk, read_only_disk_refuses_to_change)
{
	cr_assert(eq(int, make_disk(",readonly=on"), 0));
	start_driver(ALL_FEATURES);
	cr_assert(ne(u64, device->driver_features & (1u << VIRTIO_BLK_F_RO), 0));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_IOERR));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 16, false), VIRTIO_BLK_S_IOERR));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_IN, 0, 512, true), VIRTIO_BLK_S_OK));
}

static void set_range(unsigned index, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes *ranges = at(DATA_GPA);

	ranges[index] = (struct virtio_blk_discard_write_zeroes){ .sector = sector,
								  .num_sectors = sectors,
								  .flags = flags };
}

Test(blk, zeroes_reach_both_ranges)
{
	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	memset(at(DATA_GPA), 'z', 4096);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 0, 4096, false), VIRTIO_BLK_S_OK));
	set_range(0, 1, 1, 0);
	set_range(1, 3, 1, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 32, false), VIRTIO_BLK_S_OK));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_IN, 0, 4096, true), VIRTIO_BLK_S_OK));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 511), 'z'));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 512), 0));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 1024), 'z'));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 2047), 0));
	cr_assert(eq(chr, *(char *)at(DATA_GPA + 2048), 'z'));
}

Test(blk, bad_ranges_are_refused)
{
	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	set_range(0, 2048, 1, 0);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 16, false), VIRTIO_BLK_S_IOERR));
	set_range(0, 0, UINT32_MAX, 0);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 16, false), VIRTIO_BLK_S_IOERR));
	set_range(0, 0, 1, 1);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 16, false), VIRTIO_BLK_S_UNSUPP));
	set_range(0, 0, 1, 2);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, false), VIRTIO_BLK_S_UNSUPP));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 17, false), VIRTIO_BLK_S_IOERR));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 16 * (BLK_RANGES_MAX + 1), false),
		     VIRTIO_BLK_S_IOERR));
}

Test(blk, discard_off_is_not_offered)
{
	cr_assert(eq(int, make_disk(",discard=off"), 0));
	cr_assert(zero(u64, device->features & (1u << VIRTIO_BLK_F_DISCARD)));
	start_driver(ALL_FEATURES);
	set_range(0, 0, 8, 0);
	cr_assert(eq(u8, request(VIRTIO_BLK_T_DISCARD, 0, 16, false), VIRTIO_BLK_S_UNSUPP));
}

/* Only the write-back switch is the driver's to change. */
Test(blk, config_write_changes_the_cache_alone)
{
	struct virtio_blk_config *config;

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	config = (void *)device->config;
	config->capacity = 7;
	config->wce = 0;
	device->type->on_config_write(device, 0, 1);
	cr_assert(eq(u64, config->capacity, IMAGE_BYTES / 512));
	cr_assert(eq(u8, config->wce, 0));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_OK));
}

Test(blk, driver_without_flush_gets_write_through)
{
	const struct virtio_blk_config *config;

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES & ~(UINT64_C(1) << VIRTIO_BLK_F_FLUSH));
	config = (const void *)device->config;
	cr_assert(eq(u8, config->wce, 0));
	cr_assert(eq(u8, request(VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_OK));
}

/* The ring holds 64 requests, the device as few as 16. */
Test(blk, more_chains_than_requests_are_all_served)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, sizeof(struct virtio_blk_outhdr), false },
		{ STATUS_GPA, 1, true },
	};
	uint32_t head;
	uint32_t written;
	unsigned done = 0;

	cr_assert(eq(int, make_disk(",queue-size=16"), 0));
	start_driver(ALL_FEATURES);
	set_header(VIRTIO_BLK_T_FLUSH, 0);
	for (unsigned i = 0; i < 30; i++) {
		(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	}
	for (unsigned i = 0; i < 4; i++) {
		device->type->on_notify(device, 0);
		device->type->drain(device);
	}
	while (fake_ring_take(&ring, &head, &written)) {
		done++;
	}
	cr_assert(eq(uint, done, 30));
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

static void run_loop(void)
{
	struct loop_task stop;

	loop_task_init(&stop, stop_loop, loop);
	loop_post(loop, &stop);
	loop_run(loop);
}

/* One ring full is taken at a time; the last one leaves the ring empty without having seen it. */
Test(blk, full_ring_does_not_lose_the_doorbell)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, sizeof(struct virtio_blk_outhdr), false },
		{ DATA_GPA, 512, true },
		{ STATUS_GPA, 1, true },
	};

	cr_assert(eq(int, make_disk(",queue-size=16"), 0));
	start_driver(ALL_FEATURES);
	set_header(VIRTIO_BLK_T_GET_ID, 0);
	for (unsigned i = 0; i < 16; i++) {
		(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	}
	device->type->on_notify(device, 0);
	run_loop();
	cr_assert(eq(u16, *fake_ring_avail_event(&ring), 16));
}

/* Requests have no largest size: a few huge ones are as much work as a full ring. */
Test(blk, huge_requests_are_taken_a_few_at_a_time)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, sizeof(struct virtio_blk_outhdr), false },
		{ DATA_GPA, 1u << 20, true },
	};

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	set_header(VIRTIO_BLK_T_GET_ID, 0);
	for (unsigned i = 0; i < 32; i++) {
		(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	}
	device->type->on_notify(device, 0);
	cr_assert(eq(u16, ring.used->idx, 16));
	run_loop();
	cr_assert(eq(u16, ring.used->idx, 32));
}

Test(blk, drained_queue_stays_untouched)
{
	const struct fake_buffer buffers[] = {
		{ HEADER_GPA, sizeof(struct virtio_blk_outhdr), false },
		{ STATUS_GPA, 1, true },
	};
	uint32_t head;
	uint32_t written;

	cr_assert(eq(int, make_disk(""), 0));
	start_driver(ALL_FEATURES);
	device->type->drain(device);
	set_header(VIRTIO_BLK_T_FLUSH, 0);
	(void)fake_ring_add(&ring, buffers, ARRAY_SIZE(buffers));
	cr_assert(not(fake_ring_take(&ring, &head, &written)));
	virtio_blk_type.resume(state);
	device->type->drain(device);
	cr_assert(fake_ring_take(&ring, &head, &written));
}
