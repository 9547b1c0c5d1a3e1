/* SPDX-License-Identifier: MIT */
#include "tests/guest/runtime/virtio.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "tests/guest/runtime/runtime.h"

#define PCI_CONFIG_PORT 0xcf8u
#define ECAM_GPA	0xe0000000u /* of the machines that have no port CF8 */
#define BAR_GPA		0xd0000000u /* where BARs go that nobody has placed: a place for each */
#define BAR_STEP	0x100000u
#define VIRTIO_VENDOR	0x1af4u
#define SLOTS		32u

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
	static uint64_t free_gpa = BAR_GPA;
	unsigned offset = PCI_BASE_ADDRESS_0 + bar * 4;
	uint32_t low = config_read(slot, offset);
	bool wide = (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	uint64_t gpa = low & ~0xfu;

	if (wide) {
		gpa |= (uint64_t)config_read(slot, offset + 4) << 32;
	}
	if (gpa == 0) {
		gpa = free_gpa;
		free_gpa += BAR_STEP;
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

/* --- initialisation --- */

static void set_status(uint64_t common_gpa, uint8_t bits)
{
	volatile uint8_t *status = mmio8(common_gpa + VIRTIO_PCI_COMMON_STATUS);

	*status = *status | bits;
}

static uint32_t negotiate(uint64_t common_gpa, uint32_t wanted)
{
	uint32_t low;

	*mmio32(common_gpa + VIRTIO_PCI_COMMON_DFSELECT) = 0;
	low = *mmio32(common_gpa + VIRTIO_PCI_COMMON_DF) & wanted;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GFSELECT) = 0;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GF) = low;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GFSELECT) = 1;
	*mmio32(common_gpa + VIRTIO_PCI_COMMON_GF) = 1u << (VIRTIO_F_VERSION_1 - 32);
	return low;
}

static void reset(struct virtio_device *device, uint32_t wanted)
{
	*mmio8(device->common_gpa + VIRTIO_PCI_COMMON_STATUS) = 0;
	while (*mmio8(device->common_gpa + VIRTIO_PCI_COMMON_STATUS) != 0) {
	}
	set_status(device->common_gpa, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	device->features = negotiate(device->common_gpa, wanted);
	set_status(device->common_gpa, VIRTIO_CONFIG_S_FEATURES_OK);
}

static bool use_slot(unsigned slot, struct virtio_device *device)
{
	unsigned at;

	device->notify_gpa = find_structure(slot, VIRTIO_PCI_CAP_NOTIFY_CFG, &at);
	device->notify_multiplier = config_read(slot, at + 16);
	device->common_gpa = find_structure(slot, VIRTIO_PCI_CAP_COMMON_CFG, &at);
	device->config_gpa = find_structure(slot, VIRTIO_PCI_CAP_DEVICE_CFG, &at);
	if (!device->notify_gpa || !device->common_gpa || !device->config_gpa) {
		return false;
	}
	config_write(slot, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return true;
}

bool virtio_find(uint16_t modern, uint16_t transitional, uint32_t wanted,
		 struct virtio_device *device)
{
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		uint32_t id = config_read(slot, PCI_VENDOR_ID);

		if ((id & 0xffff) == VIRTIO_VENDOR &&
		    (id >> 16 == modern || id >> 16 == transitional)) {
			if (!use_slot(slot, device)) {
				return false;
			}
			reset(device, wanted);
			return true;
		}
	}
	return false;
}

static void set_queue_address(uint64_t register_gpa, const volatile void *address)
{
	*mmio32(register_gpa) = (uint32_t)(uint64_t)address;
	*mmio32(register_gpa + 4) = 0;
}

uint64_t virtio_start_queue(const struct virtio_device *device, uint16_t index,
			    struct virtio_queue *queue)
{
	const uint64_t common_gpa = device->common_gpa;

	queue->avail.flags = VRING_AVAIL_F_NO_INTERRUPT;
	queue->avail.used_event = UINT16_MAX / 2;
	*mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_SELECT) = index;
	queue->size = *mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_SIZE);
	if (queue->size > VIRTIO_QUEUE_SIZE) {
		queue->size = VIRTIO_QUEUE_SIZE;
	}
	*mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_SIZE) = queue->size;
	set_queue_address(common_gpa + VIRTIO_PCI_COMMON_Q_DESCLO, &queue->desc);
	set_queue_address(common_gpa + VIRTIO_PCI_COMMON_Q_AVAILLO, &queue->avail);
	set_queue_address(common_gpa + VIRTIO_PCI_COMMON_Q_USEDLO, &queue->used);
	*mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_ENABLE) = 1;
	return device->notify_gpa +
	       device->notify_multiplier * *mmio16(common_gpa + VIRTIO_PCI_COMMON_Q_NOFF);
}

void virtio_start(const struct virtio_device *device)
{
	set_status(device->common_gpa, VIRTIO_CONFIG_S_DRIVER_OK);
}

/* --- requests --- */

void virtio_put(struct virtio_queue *queue, uint16_t first, const struct virtio_piece *pieces,
		unsigned readable, unsigned count)
{
	const uint16_t index = queue->avail.index;

	for (unsigned i = 0; i < count; i++) {
		queue->desc[first + i] = (struct vring_desc){
			.addr = (uint64_t)pieces[i].data,
			.len = pieces[i].bytes,
			.flags = (uint16_t)((i >= readable ? VRING_DESC_F_WRITE : 0) |
					    (i + 1 < count ? VRING_DESC_F_NEXT : 0)),
			.next = (uint16_t)(first + i + 1),
		};
	}
	queue->avail.ring[index % queue->size] = first;
	__atomic_store_n(&queue->avail.index, (uint16_t)(index + 1), __ATOMIC_RELEASE);
}
