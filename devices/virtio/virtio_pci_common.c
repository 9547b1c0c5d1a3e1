/* SPDX-License-Identifier: MIT */
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <string.h>

#include "devices/pci/msix.h"
#include "devices/virtio/virtio_pci.h"
#include "vmm/base/bytes.h"

#define OFFERED_BY_TRANSPORT                                                          \
	(UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX | \
	 UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC)
#define STATUS_OF_DRIVER                                                                    \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK | \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_FAILED)

static uint64_t offered_features(const struct virtio_pci *vp)
{
	return vp->v->features | OFFERED_BY_TRANSPORT;
}

static bool is_queue_selected(const struct virtio_pci *vp)
{
	return vp->queue_select < vp->v->queue_count;
}

/* --- reads: a picture of the whole block ----------------------------------------------------- */

static uint32_t half(uint64_t features, uint32_t select)
{
	return select < 2 ? (uint32_t)(features >> select * 32) : 0;
}

static void fill_queue(const struct virtio_pci *vp, struct virtio_pci_common_cfg *cfg)
{
	const struct virtqueue *queue = &vp->v->queues[vp->queue_select];

	cfg->queue_size = queue->size;
	cfg->queue_msix_vector = atomic_load(&vp->queues[vp->queue_select].vector);
	cfg->queue_enable = vp->queues[vp->queue_select].enabled;
	cfg->queue_notify_off = vp->queue_select;
	cfg->queue_desc_lo = (uint32_t)queue->desc_gpa;
	cfg->queue_desc_hi = (uint32_t)(queue->desc_gpa >> 32);
	cfg->queue_avail_lo = (uint32_t)queue->avail_gpa;
	cfg->queue_avail_hi = (uint32_t)(queue->avail_gpa >> 32);
	cfg->queue_used_lo = (uint32_t)queue->used_gpa;
	cfg->queue_used_hi = (uint32_t)(queue->used_gpa >> 32);
}

uint64_t virtio_pci_common_read(struct virtio_pci *vp, unsigned offset, unsigned size)
{
	struct virtio_pci_common_cfg cfg = {
		.device_feature_select = vp->device_feature_select,
		.device_feature = half(offered_features(vp), vp->device_feature_select),
		.guest_feature_select = vp->driver_feature_select,
		.guest_feature = half(vp->accepted_features, vp->driver_feature_select),
		.msix_config = atomic_load(&vp->config_vector),
		.num_queues = (uint16_t)vp->v->queue_count,
		.device_status = atomic_load(&vp->status),
		.queue_select = vp->queue_select,
	};

	if (offset + size > sizeof(cfg)) {
		return 0;
	}
	mutex_lock(&vp->shared_lock);
	cfg.config_generation = vp->config_generation;
	mutex_unlock(&vp->shared_lock);
	if (is_queue_selected(vp)) {
		fill_queue(vp, &cfg);
	}
	return load_le((const char *)&cfg + offset, size);
}

/* --- status ---------------------------------------------------------------------------------- */

void virtio_pci_reset(struct virtio_pci *vp)
{
	struct virtio_device *v = vp->v;

	loop_call(vp->loop, virtio_loop_stop, vp);
	virtio_pci_arm(vp, false);
	for (unsigned i = 0; i < v->queue_count; i++) {
		/* Without rings: what a device might still push goes nowhere. */
		v->queues[i] = (struct virtqueue){ .size = v->type->queue_size, .broken = true };
		vp->queues[i].enabled = false;
		atomic_store(&vp->queues[i].vector, VIRTIO_MSI_NO_VECTOR);
	}
	vp->accepted_features = 0;
	vp->device_feature_select = 0;
	vp->driver_feature_select = 0;
	vp->queue_select = 0;
	atomic_store(&vp->config_vector, VIRTIO_MSI_NO_VECTOR);
	atomic_store(&vp->status, 0);
	mutex_lock(&vp->shared_lock);
	vp->isr = 0;
	pci_intx_set(&vp->pci, false);
	mutex_unlock(&vp->shared_lock);
}

static bool are_features_good(const struct virtio_pci *vp)
{
	const uint64_t version_1 = UINT64_C(1) << VIRTIO_F_VERSION_1;

	return !(vp->accepted_features & ~offered_features(vp)) &&
	       (vp->accepted_features & version_1);
}

/* The driver adds bits, one step after the other; what it may not set is left out, which it reads
 * back (virtio 1.2 §3.1.1). Only a reset takes bits away. */
static void write_status(struct virtio_pci *vp, uint8_t value) REQUIRES(vp->pci.lock)
{
	const uint8_t status = atomic_load(&vp->status);
	uint8_t added = value & STATUS_OF_DRIVER & ~status;

	if (value == 0) {
		virtio_pci_reset(vp);
		return;
	}
	if ((added & VIRTIO_CONFIG_S_FEATURES_OK) && !are_features_good(vp)) {
		added &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	if (!((status | added) & VIRTIO_CONFIG_S_FEATURES_OK)) {
		added &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	}
	(void)atomic_fetch_or(&vp->status, added);
	if (added & VIRTIO_CONFIG_S_DRIVER_OK) {
		virtio_pci_arm(vp, true);
		loop_call(vp->loop, virtio_loop_start, vp);
	}
}

/* --- writes ---------------------------------------------------------------------------------- */

static void write_features(struct virtio_pci *vp, uint32_t value)
{
	const unsigned shift = vp->driver_feature_select * 32;

	if (vp->driver_feature_select > 1 ||
	    (atomic_load(&vp->status) & VIRTIO_CONFIG_S_FEATURES_OK)) {
		return;
	}
	vp->accepted_features &= ~(UINT64_C(0xffffffff) << shift);
	vp->accepted_features |= (uint64_t)value << shift;
}

static void write_vector(struct virtio_pci *vp, _Atomic uint16_t *vector, uint16_t value)
{
	atomic_store(vector, value <= vp->v->queue_count && value < MSIX_VECTORS_MAX
				     ? value
				     : VIRTIO_MSI_NO_VECTOR);
}

static void set_low(uint64_t *field, uint64_t value)
{
	*field = (*field & ~UINT64_C(0xffffffff)) | (uint32_t)value;
}

static void set_high(uint64_t *field, uint64_t value)
{
	*field = (uint32_t)*field | value << 32;
}

static void set_queue_size(const struct virtio_device *v, struct virtqueue *queue, uint64_t size)
{
	if (size != 0 && size <= v->type->queue_size && !(size & (size - 1))) {
		queue->size = (uint16_t)size;
	}
}

/* Registers of a queue, which the driver may change until it enables the queue. */
static void write_queue(struct virtio_pci *vp, unsigned offset, uint64_t value)
{
	struct virtqueue *queue = &vp->v->queues[vp->queue_select];
	struct virtio_pci_queue *slot = &vp->queues[vp->queue_select];

	if (slot->enabled) {
		return;
	}
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		set_queue_size(vp->v, queue, value);
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		slot->enabled =
			value == 1 && !(atomic_load(&vp->status) & VIRTIO_CONFIG_S_DRIVER_OK);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		set_low(&queue->desc_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		set_high(&queue->desc_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		set_low(&queue->avail_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		set_high(&queue->avail_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		set_low(&queue->used_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		set_high(&queue->used_gpa, value);
		break;
	default:
		break;
	}
}

static void write_register(struct virtio_pci *vp, unsigned offset, uint64_t value)
	REQUIRES(vp->pci.lock)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		vp->device_feature_select = (uint32_t)value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		vp->driver_feature_select = (uint32_t)value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		write_features(vp, (uint32_t)value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		write_vector(vp, &vp->config_vector, (uint16_t)value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		write_status(vp, (uint8_t)value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		vp->queue_select = (uint16_t)value;
		break;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		if (is_queue_selected(vp)) {
			write_vector(vp, &vp->queues[vp->queue_select].vector, (uint16_t)value);
		}
		break;
	default:
		if (is_queue_selected(vp)) {
			write_queue(vp, offset, value);
		}
		break;
	}
}

/* The width that the register at an offset has (virtio 1.2 §4.1.3.1: drivers use just that). */
static unsigned width_at(unsigned offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_STATUS:
		return 1;
	case VIRTIO_PCI_COMMON_MSIX:
	case VIRTIO_PCI_COMMON_Q_SELECT:
	case VIRTIO_PCI_COMMON_Q_SIZE:
	case VIRTIO_PCI_COMMON_Q_MSIX:
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return 2;
	default:
		return 4;
	}
}

void virtio_pci_common_write(struct virtio_pci *vp, unsigned offset, unsigned size, uint64_t value)
{
	if (size == 8 && offset >= VIRTIO_PCI_COMMON_Q_DESCLO) {
		/* Drivers may write an address in one go. */
		write_register(vp, offset, (uint32_t)value);
		write_register(vp, offset + 4, value >> 32);
	} else if (size == width_at(offset)) {
		write_register(vp, offset, value);
	}
}
