/* SPDX-License-Identifier: MIT */
#include "tests/guest/runtime/disk.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_scsi.h>

#include "tests/guest/runtime/runtime.h"

#define SCSI_REQUESTS	2u /* the first queue of them */
#define OPTICAL_SECTORS 4u /* of a block */
#define READ_CAPACITY	0x25u
#define READ_10		0x28u
#define START_TRIES	8u /* a drive first tells of its start and of its disc */

struct kind {
	uint16_t modern, transition; /* PCI device ids */
	uint16_t queue;
};

static const struct kind BLK = { 0x1042, 0x1001, 0 };
static const struct kind SCSI = { 0x1048, 0x1004, SCSI_REQUESTS };

static struct virtio_queue queue __attribute__((aligned(4096)));
static struct virtio_blk_outhdr headers[DISK_SLOTS];
static uint8_t statuses[DISK_SLOTS];
static struct virtio_scsi_cmd_req commands[DISK_SLOTS];
static struct virtio_scsi_cmd_resp responses[DISK_SLOTS];

static uint64_t doorbell_gpa;
static uint64_t sectors;
static bool is_scsi;
static bool event_index;
static uint16_t rung, reaped; /* indices at the last doorbell and the last reap */

static bool find(const struct kind *kind, struct virtio_device *device)
{
	if (!virtio_find(kind->modern, kind->transition, 1u << VIRTIO_RING_F_EVENT_IDX, device)) {
		return false;
	}
	event_index = device->features;
	doorbell_gpa = virtio_start_queue(device, kind->queue, &queue);
	virtio_start(device);
	return queue.size == VIRTIO_QUEUE_SIZE;
}

bool disk_find(void)
{
	struct virtio_device device;

	if (!find(&BLK, &device)) {
		return false;
	}
	sectors = *mmio32(device.config_gpa);
	return true;
}

void disk_use_floor(void)
{
	queue.size = VIRTIO_QUEUE_SIZE;
	queue.avail.flags = VRING_AVAIL_F_NO_INTERRUPT;
	queue.avail.used_event = UINT16_MAX / 2;
	outl(DISK_FLOOR_PORT, (uint32_t)(uint64_t)&queue);
	sectors = inl(DISK_FLOOR_PORT);
	doorbell_gpa = DISK_FLOOR_DOORBELL;
}

uint64_t disk_sectors(void)
{
	return sectors;
}

/* --- requests --- */

/* A chain of what the device reads and the two pieces that it writes. */
static void put_chain(unsigned slot, struct virtio_piece request, struct virtio_piece first,
		      struct virtio_piece second)
{
	const struct virtio_piece pieces[] = { request, first, second };

	virtio_put(&queue, (uint16_t)(slot * 3), pieces, 1, 3);
}

/* A command with a block and, where it has one, a count of blocks: both big-endian. */
static void put_command(unsigned slot, uint8_t code, uint32_t block, uint16_t count,
			struct virtio_piece data)
{
	struct virtio_scsi_cmd_req *command = &commands[slot];

	*command = (struct virtio_scsi_cmd_req){ .lun = { 1, 0, 0x40, 0 }, .tag = slot };
	command->cdb[0] = code;
	block = __builtin_bswap32(block);
	count = __builtin_bswap16(count);
	__builtin_memcpy(command->cdb + 2, &block, sizeof(block));
	__builtin_memcpy(command->cdb + 7, &count, sizeof(count));
	responses[slot].response = 0xff;
	put_chain(slot, (struct virtio_piece){ command, sizeof(*command) },
		  (struct virtio_piece){ &responses[slot], sizeof(responses[slot]) }, data);
}

void disk_read(unsigned slot, uint64_t sector, uint64_t gpa, uint32_t bytes)
{
	const struct virtio_piece data = { (const void *)gpa, bytes };

	if (is_scsi) {
		put_command(slot, READ_10, (uint32_t)(sector / OPTICAL_SECTORS),
			    (uint16_t)(bytes / (OPTICAL_SECTORS * DISK_SECTOR_BYTES)), data);
		return;
	}
	headers[slot] = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_IN, .sector = sector };
	statuses[slot] = 0xff;
	put_chain(slot, (struct virtio_piece){ &headers[slot], sizeof(headers[slot]) }, data,
		  (struct virtio_piece){ &statuses[slot], sizeof(statuses[slot]) });
}

static bool wants_doorbell(void)
{
	uint16_t index = queue.avail.index;

	if (event_index) {
		uint16_t event = __atomic_load_n(&queue.used.avail_event, __ATOMIC_RELAXED);

		return (uint16_t)(index - event - 1) < (uint16_t)(index - rung);
	}
	return !(__atomic_load_n(&queue.used.flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY);
}

void disk_ring(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (wants_doorbell()) {
		*mmio16(doorbell_gpa) = 0;
	}
	rung = queue.avail.index;
}

static bool has_succeeded(unsigned slot)
{
	return is_scsi ? responses[slot].response == VIRTIO_SCSI_S_OK && responses[slot].status == 0
		       : statuses[slot] == VIRTIO_BLK_S_OK;
}

int disk_reap(void)
{
	unsigned slot;

	if (__atomic_load_n(&queue.used.index, __ATOMIC_ACQUIRE) == reaped) {
		return -1;
	}
	slot = queue.used.ring[reaped++ % queue.size].id / 3;
	/* Half the ring away, so that it is never reached. */
	queue.avail.used_event = (uint16_t)(reaped + UINT16_MAX / 2);
	return slot < DISK_SLOTS && has_succeeded(slot) ? (int)slot : -2;
}

bool disk_find_optical(void)
{
	static uint32_t capacity[2]; /* the last block and the size of one, big-endian */
	struct virtio_device device;
	int slot = -2;

	if (!find(&SCSI, &device)) {
		return false;
	}
	is_scsi = true;
	for (unsigned i = 0; i < START_TRIES && slot < 0; i++) {
		put_command(0, READ_CAPACITY, 0, 0,
			    (struct virtio_piece){ capacity, sizeof(capacity) });
		disk_ring();
		do {
			slot = disk_reap();
		} while (slot == -1);
	}
	sectors = ((uint64_t)__builtin_bswap32(capacity[0]) + 1) * OPTICAL_SECTORS;
	return slot == 0;
}
