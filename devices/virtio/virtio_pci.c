/* SPDX-License-Identifier: MIT */
#include "devices/virtio/virtio_pci.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "devices/device.h"
#include "devices/pci/msix.h"
#include "devices/pci/pci_port.h"
#include "vmm/base/bytes.h"

#define VENDOR_VIRTIO	 0x1af4u
#define DEVICE_ID_MODERN 0x1040u
#define SUBSYSTEM	 0x1100u

/* --- doorbells ------------------------------------------------------------------------------- */

void virtio_pci_ring(struct virtio_pci_queue *queue)
{
	const uint64_t one = 1;

	/* EAGAIN means that the counter is full, and so the edge was given. */
	if (write(queue->fd, &one, sizeof(one)) < 0) {
		assert(errno == EAGAIN);
	}
}

static void place_doorbell(struct virtio_pci *vp, struct virtio_pci_queue *queue)
	REQUIRES(vp->pci.lock)
{
	bus_doorbell_remove(&queue->doorbell);
	if (!vp->armed || !vp->bar_address || !queue->enabled) {
		return;
	}
	queue->doorbell = (struct bus_doorbell){
		.address = vp->bar_address + VIRTIO_PCI_NOTIFY_OFFSET +
			   (uint64_t)queue->index * VIRTIO_PCI_NOTIFY_MULTIPLIER,
		.fd = queue->fd,
	};
	/* If it is refused, the write comes to the BAR and rings from there. */
	(void)bus_doorbell_add(vp->mmio, &queue->doorbell);
}

void virtio_pci_arm(struct virtio_pci *vp, bool armed)
{
	vp->armed = armed;
	for (unsigned i = 0; i < vp->v->queue_count; i++) {
		place_doorbell(vp, &vp->queues[i]);
	}
}

static void on_move(struct pci_device *device, unsigned bar,
		    uint64_t address) NO_THREAD_SAFETY_ANALYSIS /* the bus holds the lock */
{
	struct virtio_pci *vp = device->owner;

	(void)bar;
	vp->bar_address = address;
	virtio_pci_arm(vp, vp->armed);
}

static void on_memory_move(struct pci_device *device, unsigned bar, uint64_t address)
{
	const struct virtio_memory *memory = &((struct virtio_pci *)device->owner)->v->memory;

	(void)bar;
	memory->on_move(memory->owner, address);
}

uint64_t virtio_memory_home(const struct virtio_device *v)
{
	return v->transport->pci.bars[VIRTIO_PCI_MEMORY_BAR].home;
}

/* --- the other structures in the BAR --------------------------------------------------------- */

static uint8_t take_isr(struct virtio_pci *vp)
{
	uint8_t isr;

	mutex_lock(&vp->shared_lock);
	isr = vp->isr;
	vp->isr = 0;
	pci_intx_set(&vp->pci, false);
	mutex_unlock(&vp->shared_lock);
	return isr;
}

static uint64_t read_device_config(struct virtio_pci *vp, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	if (offset < vp->v->config_size) {
		mutex_lock(&vp->shared_lock);
		value = load_le(vp->v->config + offset, MIN(size, vp->v->config_size - offset));
		mutex_unlock(&vp->shared_lock);
	}
	return value;
}

struct config_write {
	struct virtio_device *v;
	unsigned offset, size;
};

static void tell_config_write(void *arg)
{
	const struct config_write *write = arg;

	write->v->type->on_config_write(write->v, write->offset, write->size);
}

static void write_device_config(struct virtio_pci *vp, unsigned offset, unsigned size,
				uint64_t value)
{
	struct config_write write = { vp->v, offset, size };

	if (!vp->v->type->on_config_write || offset + size > vp->v->config_size) {
		return;
	}
	mutex_lock(&vp->shared_lock);
	store_le(vp->v->config + offset, size, value);
	mutex_unlock(&vp->shared_lock);
	loop_call(vp->loop, tell_config_write, &write);
}

static void ring_by_register(struct virtio_pci *vp, unsigned offset)
{
	const unsigned queue = offset / VIRTIO_PCI_NOTIFY_MULTIPLIER;

	if (queue < vp->v->queue_count) {
		virtio_pci_ring(&vp->queues[queue]);
	}
}

/* --- the BAR --------------------------------------------------------------------------------- */

static uint64_t read_bar_locked(struct virtio_pci *vp, unsigned offset, unsigned size)
	REQUIRES(vp->pci.lock)
{
	if (offset < VIRTIO_PCI_ISR_OFFSET) {
		return virtio_pci_common_read(vp, offset, size);
	}
	if (offset < VIRTIO_PCI_DEVICE_OFFSET) {
		return offset == VIRTIO_PCI_ISR_OFFSET ? take_isr(vp) : 0;
	}
	if (offset < VIRTIO_PCI_NOTIFY_OFFSET) {
		return read_device_config(vp, offset - VIRTIO_PCI_DEVICE_OFFSET, size);
	}
	return 0;
}

static void write_bar_locked(struct virtio_pci *vp, unsigned offset, unsigned size, uint64_t value)
	REQUIRES(vp->pci.lock)
{
	if (offset < VIRTIO_PCI_ISR_OFFSET) {
		virtio_pci_common_write(vp, offset, size, value);
	} else if (offset >= VIRTIO_PCI_NOTIFY_OFFSET) {
		ring_by_register(vp, offset - VIRTIO_PCI_NOTIFY_OFFSET);
	} else if (offset >= VIRTIO_PCI_DEVICE_OFFSET) {
		write_device_config(vp, offset - VIRTIO_PCI_DEVICE_OFFSET, size, value);
	}
}

static uint64_t read_bar(void *device, uint64_t offset, unsigned size)
{
	struct virtio_pci *vp = device;
	uint64_t value;

	mutex_lock(&vp->pci.lock);
	value = read_bar_locked(vp, (unsigned)offset, size);
	mutex_unlock(&vp->pci.lock);
	return value;
}

static void write_bar(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio_pci *vp = device;

	mutex_lock(&vp->pci.lock);
	write_bar_locked(vp, (unsigned)offset, size, value);
	mutex_unlock(&vp->pci.lock);
}

static const struct io_ops bar_ops = { .read = read_bar, .write = write_bar };

/* --- PCI_CFG: a window on the BAR in configuration space (virtio 1.2 §4.1.4.9) --------------- */

#define WINDOW_DATA 16u

/* The access that the window is set to, if it is one that drivers may make. */
static bool aim_window(const struct virtio_pci *vp, unsigned offset, unsigned size,
		       unsigned *target, unsigned *length)
{
	const uint8_t *window = vp->pci.config + vp->window;

	*target = load_le32(window + VIRTIO_PCI_CAP_OFFSET);
	*length = load_le32(window + VIRTIO_PCI_CAP_LENGTH);
	return offset < vp->window + WINDOW_DATA + 4 && vp->window + WINDOW_DATA < offset + size &&
	       window[VIRTIO_PCI_CAP_BAR] == VIRTIO_PCI_BAR &&
	       (*length == 1 || *length == 2 || *length == 4) && *target % *length == 0 &&
	       *target < VIRTIO_PCI_BAR_BYTES;
}

static void on_config_read(struct pci_device *device, unsigned offset,
			   unsigned size) NO_THREAD_SAFETY_ANALYSIS /* the bus holds the lock */
{
	struct virtio_pci *vp = device->owner;
	unsigned target, length;

	if (aim_window(vp, offset, size, &target, &length)) {
		store_le(device->config + vp->window + WINDOW_DATA, length,
			 read_bar_locked(vp, target, length));
	}
}

static void on_config_write(struct pci_device *device, unsigned offset,
			    unsigned size) NO_THREAD_SAFETY_ANALYSIS /* the bus holds the lock */
{
	struct virtio_pci *vp = device->owner;
	unsigned target, length;

	if (offset == PCI_COMMAND && pci_is_bus_master(device)) {
		/* What was not served for want of the bus master bit. */
		for (unsigned i = 0; i < vp->v->queue_count; i++) {
			virtio_pci_ring(&vp->queues[i]);
		}
	} else if (aim_window(vp, offset, size, &target, &length)) {
		write_bar_locked(vp, target, length,
				 load_le(device->config + vp->window + WINDOW_DATA, length));
	}
}

/* --- capabilities ---------------------------------------------------------------------------- */

struct structure {
	uint8_t type;
	uint32_t offset, length;
};

/* Returns the capability's offset in configuration space, or -ENOSPC. */
static int add_structure(struct virtio_pci *vp, const struct structure *structure, unsigned bytes)
{
	const int offset = pci_add_capability(&vp->pci, PCI_CAP_ID_VNDR, bytes);
	uint8_t *config = vp->pci.config + offset;

	if (offset < 0) {
		return offset;
	}
	config[VIRTIO_PCI_CAP_LEN] = (uint8_t)bytes;
	config[VIRTIO_PCI_CAP_CFG_TYPE] = structure->type;
	config[VIRTIO_PCI_CAP_BAR] = VIRTIO_PCI_BAR;
	store_le32(config + VIRTIO_PCI_CAP_OFFSET, structure->offset);
	store_le32(config + VIRTIO_PCI_CAP_LENGTH, structure->length);
	return offset;
}

static int add_notify(struct virtio_pci *vp)
{
	const struct structure notify = { VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_NOTIFY_OFFSET,
					  vp->v->queue_count * VIRTIO_PCI_NOTIFY_MULTIPLIER };
	const int offset = add_structure(vp, &notify, sizeof(struct virtio_pci_notify_cap));

	if (offset >= 0) {
		store_le32(vp->pci.config + offset + VIRTIO_PCI_NOTIFY_CAP_MULT,
			   VIRTIO_PCI_NOTIFY_MULTIPLIER);
	}
	return offset;
}

static int add_window(struct virtio_pci *vp)
{
	const struct structure window = { VIRTIO_PCI_CAP_PCI_CFG, 0, 0 };
	const int offset = add_structure(vp, &window, sizeof(struct virtio_pci_cfg_cap));

	if (offset >= 0) {
		vp->window = (unsigned)offset;
		vp->pci.writable[offset + VIRTIO_PCI_CAP_BAR] = 0xff;
		/* Offset, length and data. */
		memset(vp->pci.writable + offset + VIRTIO_PCI_CAP_OFFSET, 0xff, 12);
	}
	return offset;
}

static int add_capabilities(struct virtio_pci *vp)
{
	const struct structure common = { VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_COMMON_OFFSET,
					  sizeof(struct virtio_pci_common_cfg) };
	const struct structure isr = { VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_ISR_OFFSET, 1 };
	const struct structure config = { VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_DEVICE_OFFSET,
					  vp->v->config_size };
	const unsigned bytes = sizeof(struct virtio_pci_cap);

	if (add_structure(vp, &common, bytes) < 0 || add_structure(vp, &isr, bytes) < 0 ||
	    (vp->v->config_size && add_structure(vp, &config, bytes) < 0) || add_notify(vp) < 0 ||
	    add_window(vp) < 0) {
		return -ENOSPC;
	}
	return 0;
}

/* --- plugging -------------------------------------------------------------------------------- */

static void fill_pci(struct virtio_pci *vp)
{
	const struct virtio_type *type = vp->v->type;
	struct pci_device *pci = &vp->pci;

	pci->name = vp->v->id;
	pci->owner = vp;
	pci->has_intx = true;
	pci->on_config_read = on_config_read;
	pci->on_config_write = on_config_write;
	pci->identity = (struct pci_identity){ .vendor = VENDOR_VIRTIO,
					       .device = DEVICE_ID_MODERN + type->device_id,
					       .subsystem_vendor = VENDOR_VIRTIO,
					       .subsystem = SUBSYSTEM,
					       .revision = 1,
					       .class_code = type->pci_class };
	pci->bars[VIRTIO_PCI_BAR] = (struct pci_bar){ .size = VIRTIO_PCI_BAR_BYTES,
						      .ops = &bar_ops,
						      .on_move = on_move };
	if (vp->v->memory.size) {
		pci->bars[VIRTIO_PCI_MEMORY_BAR] =
			(struct pci_bar){ .size = vp->v->memory.size,
					  .flags = PCI_BASE_ADDRESS_MEM_PREFETCH,
					  .ops = vp->v->memory.ops,
					  .owner = vp->v->memory.owner,
					  .on_move = on_memory_move };
	}
}

struct watch_call {
	struct virtio_pci *vp;
	int code;
};

static void add_watches(void *arg)
{
	struct watch_call *call = arg;
	struct virtio_pci *vp = call->vp;

	for (unsigned i = 0; i < vp->v->queue_count && call->code == 0; i++) {
		struct virtio_pci_queue *queue = &vp->queues[i];

		call->code = loop_watch_add(vp->loop, &queue->watch, queue->fd, EPOLLIN | EPOLLET,
					    virtio_loop_on_doorbell, queue);
	}
}

static void stop_for_good(void *transport)
{
	struct virtio_pci *vp = transport;

	virtio_loop_stop(vp);
	for (unsigned i = 0; i < vp->v->queue_count; i++) {
		loop_watch_remove(&vp->queues[i].watch);
	}
}

static int open_doorbells(struct virtio_pci *vp)
{
	struct watch_call call = { .vp = vp };

	for (unsigned i = 0; i < vp->v->queue_count; i++) {
		vp->queues[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (vp->queues[i].fd < 0) {
			return -errno;
		}
	}
	loop_call(vp->loop, add_watches, &call);
	return call.code;
}

static struct virtio_pci *allocate(struct virtio_device *v, const struct device_env *env)
{
	struct virtio_pci *vp =
		calloc(1, sizeof(*vp) + v->queue_count * sizeof(struct virtio_pci_queue));

	if (!vp) {
		return NULL;
	}
	vp->v = v;
	vp->mem = env->mem;
	vp->mmio = env->mmio;
	vp->loop = env->loop;
	(void)snprintf(vp->tag, sizeof(vp->tag), "%s:%s", v->type->name, v->id);
	mutex_init(&vp->shared_lock);
	virtio_loop_init(vp);
	atomic_store(&vp->config_vector, VIRTIO_MSI_NO_VECTOR);
	for (unsigned i = 0; i < v->queue_count; i++) {
		vp->queues[i].transport = vp;
		vp->queues[i].index = i;
		vp->queues[i].fd = -1;
		atomic_store(&vp->queues[i].vector, VIRTIO_MSI_NO_VECTOR);
		v->queues[i] = (struct virtqueue){ .size = v->type->queue_size, .broken = true };
	}
	return vp;
}

int virtio_pci_plug(struct virtio_device *v, const struct device_env *env, struct error *err)
{
	struct virtio_pci *vp;
	int code;

	assert(v->queue_count >= 1 && v->queue_count <= VIRTIO_QUEUES_MAX);
	if (!env->pci) {
		return error_set(err, -ENODEV, "this machine has no PCI bus");
	}
	vp = allocate(v, env);
	if (!vp) {
		return error_set(err, -ENOMEM, "out of memory");
	}
	v->transport = vp;
	fill_pci(vp);
	code = add_capabilities(vp);
	if (code == 0) {
		code = msix_create(&vp->pci, env->irqs, MIN(v->queue_count + 1, MSIX_VECTORS_MAX),
				   VIRTIO_PCI_MSIX_BAR, &vp->msix);
	}
	if (code == 0) {
		code = open_doorbells(vp);
	}
	if (code < 0) {
		(void)error_set_errno(err, code, "cannot set up queues and interrupts");
	} else {
		code = env->port ? pci_port_plug(env->port, &vp->pci, err)
				 : pci_device_plug(env->pci, &vp->pci, -1, 0, err);
	}
	if (code < 0) {
		virtio_unplug(v);
	}
	return code;
}

static void free_transport(struct virtio_pci *vp)
{
	for (unsigned i = 0; i < vp->v->queue_count; i++) {
		if (vp->queues[i].fd >= 0) {
			(void)close(vp->queues[i].fd);
		}
	}
	msix_destroy(vp->msix);
	mutex_finish(&vp->shared_lock);
	free(vp);
}

void virtio_unplug(void *device)
{
	struct virtio_device *v = device;
	struct virtio_pci *vp = v->transport;

	if (!vp) {
		return;
	}
	if (vp->pci.bus) {
		mutex_lock(&vp->pci.lock);
		virtio_pci_reset(vp);
		mutex_unlock(&vp->pci.lock);
	}
	loop_call(vp->loop, stop_for_good, vp);
	pci_device_unplug(&vp->pci);
	free_transport(vp);
	v->transport = NULL;
}

void virtio_reset(void *device)
{
	struct virtio_pci *vp = ((struct virtio_device *)device)->transport;

	mutex_lock(&vp->pci.lock);
	virtio_pci_reset(vp);
	mutex_unlock(&vp->pci.lock);
	pci_device_reset(&vp->pci);
	msix_reset(vp->msix);
}
