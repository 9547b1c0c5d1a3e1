/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_VIRTIO_PCI_H
#define THUNDERLAKE_DEVICES_VIRTIO_VIRTIO_PCI_H

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdatomic.h>

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

struct guest_mem;
struct msix;

/*
 * Inside of the transport; devices include virtio.h alone. virtio_pci.c places the registers,
 * virtio_pci_common.c is the register block that starts and stops the device, virtio.c is the side
 * of the device's loop.
 *
 * Two sides meet here. Processors access registers under pci.lock and wait, holding it, for the
 * loop (loop_call) to start, stop or tell the device. So nothing on the loop may take pci.lock;
 * what both sides change is atomic or guarded by `shared_lock`, which nobody holds for long.
 */

/* One BAR, a page for each structure (virtio 1.2 §4.1.4). */
#define VIRTIO_PCI_BAR		     0u
#define VIRTIO_PCI_MSIX_BAR	     1u
#define VIRTIO_PCI_MEMORY_BAR	     2u /* the device's own, if it has memory */
#define VIRTIO_PCI_COMMON_OFFSET     0x0000u
#define VIRTIO_PCI_ISR_OFFSET	     0x1000u
#define VIRTIO_PCI_DEVICE_OFFSET     0x2000u
#define VIRTIO_PCI_NOTIFY_OFFSET     0x3000u
#define VIRTIO_PCI_BAR_BYTES	     0x4000u
#define VIRTIO_PCI_NOTIFY_MULTIPLIER 4u

struct virtio_pci_queue {
	struct virtio_pci *transport;
	unsigned index;
	bool enabled;  /* guarded by pci.lock */
	bool has_more; /* the loop's: its turn ended before it was empty */
	_Atomic uint16_t vector;
	int fd; /* owned eventfd: the doorbell */
	struct loop_watch watch;
	struct bus_doorbell doorbell;
};

struct virtio_pci {
	struct pci_device pci;
	struct virtio_device *v; /* borrowed, as all of the environment's parts */
	struct guest_mem *mem;
	struct bus *mmio;
	struct loop *loop;
	struct msix *msix; /* owned */
	char tag[64];	   /* for log lines: "virtio-blk:disk0" */

	_Atomic uint8_t status;
	_Atomic uint16_t config_vector;

	/* Guarded by pci.lock. */
	uint64_t accepted_features; /* as the driver writes them */
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint16_t queue_select;
	unsigned window;      /* offset of the PCI_CFG capability */
	uint64_t bar_address; /* 0: not mapped */
	bool armed;	      /* doorbells follow the BAR */

	/* Guarded by shared_lock, which also guards v->config. */
	struct mutex shared_lock;
	uint8_t config_generation;
	uint8_t isr;

	/* The loop's. `open`: started, neither paused nor failed. */
	bool open;
	bool paused;
	bool failed;
	bool config_changed; /* while paused: the interrupt is due at resume */
	unsigned turn_queue; /* the one that on_notify runs for; VIRTIO_QUEUES_MAX: none */
	unsigned turn_left;  /* chains that it may still take */
	struct loop_task more_task;

	struct virtio_pci_queue queues[]; /* v->queue_count */
};

/* --- virtio_pci_common.c; pci.lock is held --- */

uint64_t virtio_pci_common_read(struct virtio_pci *vp, unsigned offset, unsigned size)
	REQUIRES(vp->pci.lock);
void virtio_pci_common_write(struct virtio_pci *vp, unsigned offset, unsigned size, uint64_t value)
	REQUIRES(vp->pci.lock);
/* Device reset (virtio 1.2 §2.4). */
void virtio_pci_reset(struct virtio_pci *vp) REQUIRES(vp->pci.lock);

/* --- virtio_pci.c --- */

/* Arms the enabled queues' doorbells and lets them follow the BAR, or disarms them all. */
void virtio_pci_arm(struct virtio_pci *vp, bool armed) REQUIRES(vp->pci.lock);
/* Makes the queue's eventfd readable. Any thread. */
void virtio_pci_ring(struct virtio_pci_queue *queue);

/* --- virtio.c; on the loop --- */

/* Makes ready what belongs to the loop; on any thread, before all others. */
void virtio_loop_init(struct virtio_pci *vp);
void virtio_loop_start(void *transport);
void virtio_loop_stop(void *transport);
/* The watch of a queue's eventfd. */
void virtio_loop_on_doorbell(void *queue, uint32_t events);

#endif
