/* SPDX-License-Identifier: MIT */
#include "tests/guest/runtime/disk.h"

#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_scsi.h>

#include "tests/guest/runtime/runtime.h"

#define PCI_CONFIG_PORT 0xcf8u
#define ECAM_GPA	0xe0000000u /* of the machines that have no port CF8 */
#define BAR_GPA		0xd0000000u /* where BARs go that nobody has placed */
#define BAR_STEP	0x100000u
#define VIRTIO_VENDOR	0x1af4u
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

static struct disk_queue queue __attribute__((aligned(4096)));
static struct virtio_blk_outhdr headers[DISK_SLOTS];
static uint8_t statuses[DISK_SLOTS];
static struct virtio_scsi_cmd_req commands[DISK_SLOTS];
static struct virtio_scsi_cmd_resp responses[DISK_SLOTS];

static uint64_t doorbell_gpa, config_gpa;
static uint64_t sectors;
static bool is_scsi;
static bool event_index;
static uint16_t rung, reaped; /* indices at the last doorbell and the last reap */

/* --- PCI --- */

static bool has_config_port(void)
{
	outl(PCI_CONFIG_PORT, 0x80000000);
	return inl(PCI_CONFIG_PORT + 4) != UINT32_MAX;
}

static uint32_t config_read(unsigned slot, unsigned offset)
{
	if (has_config_port()) {
		outl(PCI_CONFIG_PORT, 0x80000000u | slot << 11 | (offset & 0xfc));
		return inl(PCI_CONFIG_PORT + 4);
	}
	return *mmio32(ECAM_GPA + (slot << 15) + (offset & 0xfc));
}

static void config_write(unsigned slot, unsigned offset, uint32_t value)
{
	if (has_config_port()) {
		outl(PCI_CONFIG_PORT, 0x80000000u | slot << 11 | (offset & 0xfc));
		outl(PCI_CONFIG_PORT + 4, value);
	} else {
		*mmio32(ECAM_GPA + (slot << 15) + (offset & 0xfc)) = value;
	}
}

static uint8_t config_byte(unsigned slot, unsigned offset)
{
	return (uint8_t)(config_read(slot, offset) >> (offset & 3) * 8);
}

/* Where the BAR is, after placing it if nobody has. */
static uint64_t bar_gpa(unsigned slot, unsigned bar)
{
	unsigned offset = PCI_BASE_ADDRESS_0 + bar * 4;
	uint32_t low = config_read(slot, offset);
	bool wide = (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	uint64_t gpa = low & ~0xfu;

	if (wide) {
		gpa |= (uint64_t)config_read(slot, offset + 4) << 32;
	}
	if (gpa == 0) {
		gpa = BAR_GPA + bar * BAR_STEP;
		config_write(slot, offset, (uint32_t)gpa);
	}
	return gpa;
}

/* The address of the structure that a virtio capability of this kind points to; 0 without. The
 * capability's own offset goes to `at`. */
static uint64_t find_structure(unsigned slot, uint8_t kind, unsigned *at)
{
	for (*at = config_byte(slot, PCI_CAPABILITY_LIST); *at; *at = config_byte(slot, *at + 1)) {
		if (config_byte(slot, *at) == PCI_CAP_ID_VNDR &&
		    config_byte(slot, *at + 3) == kind) {
			return bar_gpa(slot, config_byte(slot, *at + 4)) +
			       config_read(slot, *at + 8);
		}
	}
	return 0;
}

/* --- virtio: initialisation as in virtio 1.2 §3.1.1 --- */

static void set_status(uint64_t common_gpa, uint8_t bits)
{
	volatile uint8_t *status = mmio8(common_gpa + VIRTIO_PCI_COMMON_STATUS);

	*status = *status | bits;
}

static void negotiate(uint64_t common_gpa)
{
	uint32_t low;

	*mmio32(common_gpa + VIRTIO_PCI_COMMON_DFSELECT) = 0;
	low = *mmio32(common_gpa + VIRTIO_PCI_COMMON_DF) & (1u << VIRTIO_RING_F_EVENT_IDX);
	event_index = low;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GFSELECT) = 0;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GF) = low;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GFSELECT) = 1;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GF) = 1u << (VIRTIO_F_VERSION_1 - 32);
}

static void set_queue_address(uint64_t register_gpa, const volatile void *address)
{
	*mmio32(register_gpa) = (uint32_t)(uint64_t)address;
	*mmio32(register_gpa + 4) = 0;
}

static void start_queue(uint64_t common_gpa, uint16_t index)
{
	*mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_SELECT) = index;
	*mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_SIZE) = DISK_QUEUE_SIZE;
	set_queue_address(common_gpa + VIRTIO_PCI_COMMON_Q_DESCLO, &queue.desc);
	set_queue_address(common_gpa + VIRTIO_PCI_COMMON_Q_AVAILLO, &queue.avail);
	set_queue_address(common_gpa + VIRTIO_PCI_COMMON_Q_USEDLO, &queue.used);
	*mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_ENABLE) = 1;
}

static void start_device(uint64_t common_gpa, uint16_t queue_index)
{
	*mmio8(common_gpa + VIRTIO_PCI_COMMON_STATUS) = 0;
	while (*mmio8(common_gpa + VIRTIO_PCI_COMMON_STATUS) != 0) {
	}
	set_status(common_gpa, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	negotiate(common_gpa);
	set_status(common_gpa, VIRTIO_CONFIG_S_FEATURES_OK);
	start_queue(common_gpa, queue_index);
	set_status(common_gpa, VIRTIO_CONFIG_S_DRIVER_OK);
}

static void prepare_queue(void)
{
	queue.avail.flags = VRING_AVAIL_F_NO_INTERRUPT;
	queue.avail.used_event = UINT16_MAX / 2;
}

static bool use_slot(unsigned slot, uint16_t queue_index)
{
	unsigned at;
	uint64_t notify_gpa = find_structure(slot, VIRTIO_PCI_CAP_NOTIFY_CFG, &at);
	uint32_t multiplier = config_read(slot, at + 16);
	uint64_t common_gpa = find_structure(slot, VIRTIO_PCI_CAP_COMMON_CFG, &at);

	config_gpa = find_structure(slot, VIRTIO_PCI_CAP_DEVICE_CFG, &at);
	if (!notify_gpa || !common_gpa || !config_gpa) {
		return false;
	}
	config_write(slot, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	prepare_queue();
	start_device(common_gpa, queue_index);
	doorbell_gpa = notify_gpa + multiplier * *mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_NOFF);
	return true;
}

static bool find(const struct kind *kind)
{
	for (unsigned slot = 0; slot < 32; slot++) {
		uint32_t id = config_read(slot, PCI_VENDOR_ID);

		if ((id & 0xffff) == VIRTIO_VENDOR &&
		    (id >> 16 == kind->modern || id >> 16 == kind->transition)) {
			return use_slot(slot, kind->queue);
		}
	}
	return false;
}

bool disk_find(void)
{
	if (!find(&BLK)) {
		return false;
	}
	sectors = *mmio32(config_gpa);
	return true;
}

void disk_use_floor(void)
{
	prepare_queue();
	outl(DISK_FLOOR_PORT, (uint32_t)(uint64_t)&queue);
	sectors = inl(DISK_FLOOR_PORT);
	doorbell_gpa = DISK_FLOOR_DOORBELL;
}

uint64_t disk_sectors(void)
{
	return sectors;
}

/* --- requests --- */

struct piece {
	const void *data;
	uint32_t bytes;
};

/* A chain of what the device reads and the two pieces that it writes. */
static void put_chain(unsigned slot, struct piece request, struct piece first, struct piece second)
{
	struct vring_desc *desc = &queue.desc[slot * 3];
	uint16_t index = queue.avail.index;

	desc[0] = (struct vring_desc){ (uint64_t)request.data, request.bytes, VRING_DESC_F_NEXT,
				       (uint16_t)(slot * 3 + 1) };
	desc[1] = (struct vring_desc){ (uint64_t)first.data, first.bytes,
				       VRING_DESC_F_NEXT | VRING_DESC_F_WRITE,
				       (uint16_t)(slot * 3 + 2) };
	desc[2] = (struct vring_desc){ (uint64_t)second.data, second.bytes, VRING_DESC_F_WRITE, 0 };
	queue.avail.ring[index % DISK_QUEUE_SIZE] = (uint16_t)(slot * 3);
	__atomic_store_n(&queue.avail.index, (uint16_t)(index + 1), __ATOMIC_RELEASE);
}

/* A command with a block and, where it has one, a count of blocks: both big-endian. */
static void put_command(unsigned slot, uint8_t code, uint32_t block, uint16_t count,
			struct piece data)
{
	struct virtio_scsi_cmd_req *command = &commands[slot];

	*command = (struct virtio_scsi_cmd_req){ .lun = { 1, 0, 0x40, 0 }, .tag = slot };
	command->cdb[0] = code;
	block = __builtin_bswap32(block);
	count = __builtin_bswap16(count);
	__builtin_memcpy(command->cdb + 2, &block, sizeof(block));
	__builtin_memcpy(command->cdb + 7, &count, sizeof(count));
	responses[slot].response = 0xff;
	put_chain(slot, (struct piece){ command, sizeof(*command) },
		  (struct piece){ &responses[slot], sizeof(responses[slot]) }, data);
}

void disk_read(unsigned slot, uint64_t sector, uint64_t gpa, uint32_t bytes)
{
	const struct piece data = { (const void *)gpa, bytes };

	if (is_scsi) {
		put_command(slot, READ_10, (uint32_t)(sector / OPTICAL_SECTORS),
			    (uint16_t)(bytes / (OPTICAL_SECTORS * DISK_SECTOR_BYTES)), data);
		return;
	}
	headers[slot] = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_IN, .sector = sector };
	statuses[slot] = 0xff;
	put_chain(slot, (struct piece){ &headers[slot], sizeof(headers[slot]) }, data,
		  (struct piece){ &statuses[slot], sizeof(statuses[slot]) });
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
	slot = queue.used.ring[reaped++ % DISK_QUEUE_SIZE].id / 3;
	/* Half the ring away, so that it is never reached. */
	queue.avail.used_event = (uint16_t)(reaped + UINT16_MAX / 2);
	return slot < DISK_SLOTS && has_succeeded(slot) ? (int)slot : -2;
}

bool disk_find_optical(void)
{
	static uint32_t capacity[2]; /* the last block and the size of one, big-endian */
	int slot = -2;

	if (!find(&SCSI)) {
		return false;
	}
	is_scsi = true;
	for (unsigned i = 0; i < START_TRIES && slot < 0; i++) {
		put_command(0, READ_CAPACITY, 0, 0, (struct piece){ capacity, sizeof(capacity) });
		disk_ring();
		do {
			slot = disk_reap();
		} while (slot == -1);
	}
	sectors = ((uint64_t)__builtin_bswap32(capacity[0]) + 1) * OPTICAL_SECTORS;
	return slot == 0;
}
