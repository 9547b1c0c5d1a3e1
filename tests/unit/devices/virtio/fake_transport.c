/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_transport.h"

#include <assert.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_ring.h"

struct fake_transport fake_transport;

int virtio_pci_plug(struct virtio_device *v, const struct device_env *env, struct error *err)
{
	(void)env;
	(void)err;
	fake_transport = (struct fake_transport){ .device = v };
	return 0;
}

void virtio_unplug(void *device)
{
	struct virtio_device *v = device;

	if (v->running) {
		v->running = false;
		v->type->stop(v);
	}
}

void virtio_reset(void *device)
{
	struct virtio_device *v = device;

	virtio_unplug(device);
	if (v->type->on_reset) {
		v->type->on_reset(v);
	}
}

void virtio_quiesce(void *device)
{
	struct virtio_device *v = device;

	if (v->running && v->type->drain) {
		v->type->drain(v);
	}
}

void virtio_resume(void *device)
{
	struct virtio_device *v = device;

	for (unsigned i = 0; v->running && i < v->queue_count; i++) {
		v->type->on_notify(v, i);
	}
}

void virtio_signal(struct virtio_device *v, unsigned queue)
{
	fake_transport.signals += virtqueue_needs_signal(&v->queues[queue]);
}

static void fail(struct virtio_device *v)
{
	for (unsigned i = 0; i < v->queue_count; i++) {
		v->queues[i].broken = true;
	}
	fake_transport.failures++;
}

int virtio_pop(struct virtio_device *v, unsigned queue, struct virtqueue_chain *chain)
{
	const bool was_broken = v->queues[queue].broken;
	int code = virtqueue_pop(&v->queues[queue], chain);

	if (code < 0 && !was_broken) {
		fail(v);
	}
	return code == 1;
}

bool virtio_has_work(const struct virtio_device *v, unsigned queue)
{
	return virtqueue_has_work(&v->queues[queue]);
}

uint64_t virtio_memory_home(const struct virtio_device *v)
{
	(void)v;
	return 0;
}

void virtio_config_set(struct virtio_device *v, unsigned offset, const void *bytes, unsigned length)
{
	assert(offset + length <= v->config_size);
	memcpy(v->config + offset, bytes, length);
}

void virtio_config_update(struct virtio_device *v, unsigned offset, const void *bytes,
			  unsigned length)
{
	virtio_config_set(v, offset, bytes, length);
	fake_transport.config_updates++;
}

void virtio_fail(struct virtio_device *v, const char *format, ...)
{
	(void)format;
	fail(v);
}

bool virtio_want_doorbell(struct virtio_device *v, unsigned queue, bool want)
{
	return virtqueue_want_doorbell(&v->queues[queue], want);
}

void fake_transport_start(struct guest_mem *mem, uint64_t features, const struct fake_ring *rings)
{
	struct virtio_device *v = fake_transport.device;

	v->driver_features = features & v->features;
	for (unsigned i = 0; i < v->queue_count; i++) {
		v->queues[i] = (struct virtqueue){ .size = rings[i].size,
						   .desc_gpa = rings[i].desc_gpa,
						   .avail_gpa = rings[i].avail_gpa,
						   .used_gpa = rings[i].used_gpa,
						   .event_index = true };
		v->queue_ready[i] = virtqueue_start(&v->queues[i], mem) == 0;
		assert(v->queue_ready[i]);
	}
	v->running = true;
	v->type->start(v);
	virtio_resume(v);
}
