/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_VIRTIO_H
#define THUNDERLAKE_DEVICES_VIRTIO_VIRTIO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/virtio/virtqueue.h"
#include "vmm/base/error.h"
#include "vmm/base/log.h"

struct device_env;
struct io_ops;
struct virtio_pci;

/*
 * What a virtio device is to its transport and back (virtio 1.2 §2). The transport owns status,
 * feature negotiation (only offered bits), vectors, doorbells and configuration reads. Every
 * callback below runs on the device's loop (`env->loop`), one at a time, so a device needs no lock;
 * while start or stop runs, the driver's processor waits for it.
 */
#define VIRTIO_QUEUES_MAX 64u
#define VIRTIO_CONFIG_MAX 256u

/* For devices that serve large requests in batches. */
/* The driver can start on this much while the rest of a batch is still being read. */
#define VIRTIO_SIGNAL_BYTES (256u << 10)
/* Of one run: what the page cache has is copied at once, and others wait. */
#define VIRTIO_RUN_BYTES (16u << 20)

struct virtio_device;

struct virtio_type {
	const char *name;    /* "virtio-blk" */
	uint16_t device_id;  /* VIRTIO_ID_* */
	uint32_t pci_class;  /* 24-bit PCI class code */
	uint16_t queue_size; /* what queues offer at most; power of two */
	/* Chains that one call of on_notify gets, so that a driver that fills the ring as fast as
	 * it is emptied keeps nobody on the loop waiting. 0: as many as the ring has room for. */
	uint16_t turn;

	/* DRIVER_OK: features and queues are final. Chains may be waiting already; on_notify is
	 * called once for every ready queue after this returns. */
	void (*start)(struct virtio_device *v);
	/* Reset or the end: returns only when nothing is in flight; chains not yet pushed are
	 * dropped. No queue is touched after it until start. */
	void (*stop)(struct virtio_device *v);
	/* After each reset, whether the device ran or not: configuration that the driver may have
	 * changed goes back to what it was. May be NULL. */
	void (*on_reset)(struct virtio_device *v);
	/* The driver rang, or polling is over: take chains until the queue is empty, or reads as
	 * empty because the turn is over; then this is called again soon. May be called without
	 * need. */
	void (*on_notify)(struct virtio_device *v, unsigned queue);
	/* The driver wrote configuration bytes (already stored in v->config); may be NULL: then
	 * configuration is read-only. */
	void (*on_config_write)(struct virtio_device *v, unsigned offset, unsigned size);
	/* Quiesce: finishes what is in flight without dropping it, so that the rings are all there
	 * is. Pops find nothing afterwards; resume calls on_notify for every ready queue. NULL when
	 * nothing is ever in flight between callbacks. */
	void (*drain)(struct virtio_device *v);
};

/* Memory of the device's own that the guest can access, prefetchable, below 4 GiB. */
struct virtio_memory {
	uint64_t size;		  /* power of two; 0: none */
	const struct io_ops *ops; /* called with `owner`, by processors */
	void *owner;
	/* It is at another address now, 0: nowhere. On a processor's thread, or the main thread;
	 * must not wait for the loop. */
	void (*on_move)(void *owner, uint64_t address);
};

/* Embedded in the device's state; the rest is kept by the transport. */
struct virtio_device {
	/* Filled by the device before virtio_pci_plug. */
	const struct virtio_type *type;
	const char *id;	      /* for log tags; borrowed */
	uint64_t features;    /* offered; VERSION_1, EVENT_IDX, INDIRECT_DESC are added */
	unsigned queue_count; /* 1 to VIRTIO_QUEUES_MAX */
	unsigned config_size; /* bytes of `config` that exist */
	uint8_t config[VIRTIO_CONFIG_MAX]; /* initial contents */
	struct virtio_memory memory;

	/* Read-only for the device. */
	uint64_t driver_features; /* valid from start on */
	struct virtqueue queues[VIRTIO_QUEUES_MAX];
	bool queue_ready[VIRTIO_QUEUES_MAX];
	bool running; /* between start and stop */

	struct log_limit log_limit;   /* for log_guest about this device */
	struct virtio_pci *transport; /* NULL while not plugged */
};

/* Puts the device on PCI (virtio 1.2 §4.1, modern only, MSI-X with INTx as the fall-back) in
 * env->port, or the lowest free slot. Main thread. On success the transport is owned by `v` until
 * virtio_unplug. */
int virtio_pci_plug(struct virtio_device *v, const struct device_env *env, struct error *err);

/* Where virtio_device.memory is after power-on. */
uint64_t virtio_memory_home(const struct virtio_device *v);

/* The ops of a device_type that has nothing of its own to do there; main thread, vCPUs paused. A
 * device's state begins with its struct virtio_device, so `device` is either. */
void virtio_reset(void *device);
void virtio_quiesce(void *device);
void virtio_resume(void *device);
/* For finish: stops the device if it runs, takes it off the bus, frees the transport; nothing to do
 * where virtio_pci_plug failed. */
void virtio_unplug(void *device);

#define VIRTIO_DEVICE_IS_FIRST(state_type, member) \
	_Static_assert(offsetof(state_type, member) == 0, "taken for its struct virtio_device")

static inline bool virtio_has_feature(const struct virtio_device *v, unsigned bit)
{
	return v->driver_features & (UINT64_C(1) << bit);
}

/* --- what a device does from its loop -------------------------------------------------------- */

/* Interrupts the driver if it wants to know of what was pushed to `queue`. */
void virtio_signal(struct virtio_device *v, unsigned queue);

/* Pops; a corrupt ring fails the device (below) and reads as empty, as do all rings of a device
 * that is paused, failed, not started, or not allowed to access memory (bus master bit), and that
 * of on_notify when its turn is over. 1 or 0. */
int virtio_pop(struct virtio_device *v, unsigned queue, struct virtqueue_chain *chain);
/* Whether there is something to pop, now or in the next turn; cheap, for polling. */
bool virtio_has_work(const struct virtio_device *v, unsigned queue);

/* Replaces configuration bytes and sends a configuration-change interrupt (after resume, when
 * paused). */
void virtio_config_update(struct virtio_device *v, unsigned offset, const void *bytes,
			  unsigned length);
/* The same without the interrupt: back to what the driver finds after a reset. */
void virtio_config_set(struct virtio_device *v, unsigned offset, const void *bytes,
		       unsigned length);

/* The guest broke the protocol: one rate-limited line, DEVICE_NEEDS_RESET (virtio 1.2 §2.1.2), and
 * the queues stay silent until the driver resets the device. */
void virtio_fail(struct virtio_device *v, const char *format, ...) PRINTF_LIKE(2, 3);

/* The state of one queue's doorbell for devices that poll: as virtqueue_want_doorbell. */
bool virtio_want_doorbell(struct virtio_device *v, unsigned queue, bool want);

#endif
