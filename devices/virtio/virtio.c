/* SPDX-License-Identifier: MIT */
#include "devices/virtio/virtio.h"

#include <linux/virtio_ring.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "devices/pci/msix.h"
#include "devices/virtio/virtio_pci.h"

/* --- interrupts ------------------------------------------------------------------------------ */

/* Without MSI-X the driver learns the reason from the ISR byte, which lowers INTA when read; both
 * change together. */
static void raise_intx(struct virtio_pci *vp, uint8_t reason)
{
	mutex_lock(&vp->shared_lock);
	vp->isr |= reason;
	pci_intx_set(&vp->pci, true);
	mutex_unlock(&vp->shared_lock);
}

static void interrupt(struct virtio_pci *vp, _Atomic uint16_t *vector, uint8_t reason)
{
	if (LIKELY(msix_is_enabled(vp->msix))) {
		/* VIRTIO_MSI_NO_VECTOR is out of range, and so ignored. */
		msix_signal(vp->msix, atomic_load_explicit(vector, memory_order_relaxed));
	} else {
		raise_intx(vp, reason);
	}
}

#define ISR_QUEUE 0x1

void virtio_signal(struct virtio_device *v, unsigned queue)
{
	struct virtio_pci *vp = v->transport;

	if (vp->open && virtqueue_needs_signal(&v->queues[queue])) {
		interrupt(vp, &vp->queues[queue].vector, ISR_QUEUE);
	}
}

static void signal_config(struct virtio_pci *vp)
{
	if (!(atomic_load(&vp->status) & VIRTIO_CONFIG_S_DRIVER_OK)) {
		return;
	}
	if (vp->paused) {
		vp->config_changed = true;
	} else {
		interrupt(vp, &vp->config_vector, VIRTIO_PCI_ISR_CONFIG);
	}
}

void virtio_config_set(struct virtio_device *v, unsigned offset, const void *bytes, unsigned length)
{
	struct virtio_pci *vp = v->transport;

	mutex_lock(&vp->shared_lock);
	memcpy(v->config + offset, bytes, length);
	vp->config_generation++;
	mutex_unlock(&vp->shared_lock);
}

void virtio_config_update(struct virtio_device *v, unsigned offset, const void *bytes,
			  unsigned length)
{
	virtio_config_set(v, offset, bytes, length);
	signal_config(v->transport);
}

/* --- queues ---------------------------------------------------------------------------------- */

static bool is_open(const struct virtio_device *v, unsigned queue)
{
	return v->transport->open && v->queue_ready[queue] && pci_is_bus_master(&v->transport->pci);
}

bool virtio_has_work(const struct virtio_device *v, unsigned queue)
{
	return is_open(v, queue) && virtqueue_has_work(&v->queues[queue]);
}

int virtio_pop(struct virtio_device *v, unsigned queue, struct virtqueue_chain *chain)
{
	struct virtio_pci *vp = v->transport;
	const bool in_turn = queue == vp->turn_queue;
	int code;

	if (!is_open(v, queue) || (in_turn && vp->turn_left == 0)) {
		return 0;
	}
	code = virtqueue_pop(&v->queues[queue], chain);
	if (UNLIKELY(code < 0)) {
		virtio_fail(v, "queue %u is corrupt", queue);
		return 0;
	}
	vp->turn_left -= in_turn ? (unsigned)code : 0;
	return code;
}

bool virtio_want_doorbell(struct virtio_device *v, unsigned queue, bool want)
{
	return is_open(v, queue) && virtqueue_want_doorbell(&v->queues[queue], want);
}

static void notify_device(struct virtio_pci *vp, unsigned queue)
{
	const struct virtio_type *type = vp->v->type;

	if (!is_open(vp->v, queue)) {
		return;
	}
	vp->turn_queue = queue;
	vp->turn_left = type->turn ?: vp->v->queues[queue].size;
	type->on_notify(vp->v, queue);
	vp->turn_queue = VIRTIO_QUEUES_MAX;
	if (vp->turn_left == 0) {
		vp->queues[queue].has_more = true;
		loop_post(vp->loop, &vp->more_task);
	}
}

static void notify_left(void *transport)
{
	struct virtio_pci *vp = transport;

	for (unsigned i = 0; i < vp->v->queue_count; i++) {
		if (vp->queues[i].has_more) {
			vp->queues[i].has_more = false;
			notify_device(vp, i);
		}
	}
}

void virtio_loop_on_doorbell(void *queue, uint32_t events)
{
	struct virtio_pci_queue *q = queue;

	(void)events; /* edge-triggered: the eventfd need not be read */
	notify_device(q->transport, q->index);
}

static void notify_all(struct virtio_pci *vp)
{
	for (unsigned i = 0; i < vp->v->queue_count; i++) {
		notify_device(vp, i);
	}
}

void virtio_fail(struct virtio_device *v, const char *format, ...)
{
	struct virtio_pci *vp = v->transport;
	char text[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_guest(&v->log_limit, vp->tag, "guest driver fault: %s; the device waits for a reset",
		  text);
	vp->failed = true;
	vp->open = false;
	for (unsigned i = 0; i < v->queue_count; i++) {
		v->queues[i].broken = true;
	}
	(void)atomic_fetch_or(&vp->status, VIRTIO_CONFIG_S_NEEDS_RESET);
	signal_config(vp);
}

/* --- start and stop -------------------------------------------------------------------------- */

void virtio_loop_init(struct virtio_pci *vp)
{
	vp->turn_queue = VIRTIO_QUEUES_MAX;
	loop_task_init(&vp->more_task, notify_left, vp);
}

static bool start_queues(struct virtio_pci *vp)
{
	struct virtio_device *v = vp->v;

	for (unsigned i = 0; i < v->queue_count; i++) {
		struct virtqueue *queue = &v->queues[i];

		if (!vp->queues[i].enabled) {
			continue;
		}
		queue->event_index = virtio_has_feature(v, VIRTIO_RING_F_EVENT_IDX);
		queue->indirect = virtio_has_feature(v, VIRTIO_RING_F_INDIRECT_DESC);
		if (virtqueue_start(queue, vp->mem) < 0) {
			virtio_fail(v, "the rings of queue %u are misplaced", i);
			return false;
		}
		v->queue_ready[i] = true;
	}
	return true;
}

void virtio_loop_start(void *transport)
{
	struct virtio_pci *vp = transport;
	struct virtio_device *v = vp->v;

	v->driver_features = vp->accepted_features;
	if (!start_queues(vp)) {
		return;
	}
	v->running = true;
	vp->open = !vp->paused;
	v->type->start(v);
	notify_all(vp);
}

void virtio_loop_stop(void *transport)
{
	struct virtio_pci *vp = transport;
	struct virtio_device *v = vp->v;

	loop_task_cancel(vp->loop, &vp->more_task);
	if (v->running) {
		v->type->stop(v);
	}
	v->running = false;
	vp->open = false;
	vp->failed = false;
	vp->config_changed = false;
	memset(v->queue_ready, 0, sizeof(v->queue_ready));
	if (v->type->on_reset) {
		v->type->on_reset(v);
	}
}

/* --- quiesce and resume ---------------------------------------------------------------------- */

static void quiesce(void *transport)
{
	struct virtio_pci *vp = transport;
	struct virtio_device *v = vp->v;

	if (v->running && !vp->paused && v->type->drain) {
		v->type->drain(v);
	}
	vp->paused = true;
	vp->open = false;
}

static void resume(void *transport)
{
	struct virtio_pci *vp = transport;
	struct virtio_device *v = vp->v;

	vp->paused = false;
	vp->open = v->running && !vp->failed;
	if (vp->config_changed) {
		vp->config_changed = false;
		signal_config(vp);
	}
	/* Polling that ended meanwhile could not ask for doorbells; those that rang were lost. */
	for (unsigned i = 0; i < v->queue_count; i++) {
		(void)virtio_want_doorbell(v, i, true);
	}
	notify_all(vp);
}

void virtio_quiesce(void *device)
{
	const struct virtio_device *v = device;

	loop_call(v->transport->loop, quiesce, v->transport);
}

void virtio_resume(void *device)
{
	const struct virtio_device *v = device;

	loop_call(v->transport->loop, resume, v->transport);
}
