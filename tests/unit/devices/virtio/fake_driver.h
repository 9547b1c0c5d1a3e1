/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_DRIVER_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/device.h"
#include "tests/unit/devices/virtio/fake_ring.h"

/*
 * A machine without processors and a guest's driver for its virtio devices, for unit tests: the
 * driver finds the device by its capabilities and talks to it by configuration space and BAR
 * accesses alone. What goes wrong in here fails the test by an assertion.
 *
 *	fake_machine_init(&machine);
 *	type.init(&state, &machine.env, &options, &err);
 *	fake_driver_attach(&driver, &machine, 1);
 *	fake_driver_start(&driver, features, 0);
 *	written = fake_driver_request(&driver, 0, buffers, count);
 *
 * A test that uses it links these, and its device:
 *
 *	LINK: devices/virtio/virtio.c devices/virtio/virtqueue.c devices/virtio/virtio_pci.c
 *	LINK: devices/virtio/virtio_pci_common.c devices/pci/ devices/legacy/reset_port.c
 *	LINK: tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c
 *	LINK: vmm/bus/ vmm/mem/ vmm/kvm/
 */
#define FAKE_MEMORY_BYTES (16u << 20)
#define FAKE_QUEUES_MAX	  64u

struct fake_machine {
	struct device_env env; /* id "test0", one loop for all, `notify` as below */
	/* The same, owned. No thread runs the loop: fake_machine_run does. */
	struct guest_mem *mem;
	struct bus *pio;
	struct bus *mmio;
	struct irq_router *irqs;
	struct pci_bus *pci;
	struct loop *loop;
	/* What the device told by env.notify. */
	unsigned notify_count;
	const char *notify_event;
	uint64_t notify_value;
};

void fake_machine_init(struct fake_machine *machine);
/* After the devices have gone. */
void fake_machine_finish(struct fake_machine *machine);
/* Runs one round of the loop: all callbacks that are due. With a back end that works elsewhere,
 * repeat it until what the test waits for is there. */
void fake_machine_run(struct fake_machine *machine);

struct fake_driver {
	struct fake_machine *machine;
	unsigned slot;
	uint64_t common, isr, device, notify; /* addresses; `device` 0 without configuration */
	uint32_t notify_multiplier;
	unsigned queue_count;
	uint64_t free_gpa; /* where fake_driver_alloc goes on */
	struct fake_ring rings[FAKE_QUEUES_MAX];
};

/* Finds the virtio structures of the device in `slot` (the first plugged one is in 1) and lets it
 * access memory. */
void fake_driver_attach(struct fake_driver *driver, struct fake_machine *machine, unsigned slot);

/* Reset to DRIVER_OK with these feature bits besides VERSION_1; all queues get `queue_size`
 * entries, 0 for as many as offered. INTA, not MSI-X, unless fake_driver_use_msix came before. */
void fake_driver_start(struct fake_driver *driver, uint64_t features, uint16_t queue_size);
void fake_driver_reset(struct fake_driver *driver);

/* The steps of fake_driver_start one by one. negotiate: reset up to FEATURES_OK; returns whether
 * the device took it. */
bool fake_driver_negotiate(struct fake_driver *driver, uint64_t features);
void fake_driver_set_queue(struct fake_driver *driver, unsigned queue, uint16_t queue_size);
uint64_t fake_driver_features(struct fake_driver *driver); /* offered */
uint8_t fake_driver_status(struct fake_driver *driver);
void fake_driver_set_status(struct fake_driver *driver, uint8_t status);

/* Registers: of the common block by VIRTIO_PCI_COMMON_*, of the device's configuration. */
uint64_t fake_driver_read(struct fake_driver *driver, uint64_t address, unsigned size);
void fake_driver_write(struct fake_driver *driver, uint64_t address, unsigned size, uint64_t value);
uint64_t fake_driver_config(struct fake_driver *driver, unsigned offset, unsigned size);
void fake_driver_set_config(struct fake_driver *driver, unsigned offset, unsigned size,
			    uint64_t value);

/* Guest memory for buffers, zeroed, page-aligned; and its host address. */
uint64_t fake_driver_alloc(struct fake_driver *driver, uint32_t bytes);
void *fake_driver_at(struct fake_driver *driver, uint64_t gpa, uint32_t bytes);

/* Rings the doorbell and runs a round of the loop. */
void fake_driver_kick(struct fake_driver *driver, unsigned queue);
/* Adds the chain, kicks, and takes the used element, which must be there and be this chain's;
 * returns the bytes written. */
uint32_t fake_driver_request(struct fake_driver *driver, unsigned queue,
			     const struct fake_buffer *buffers, unsigned count);

/* Reads, and so clears, the ISR byte: 1 queues, 2 configuration. */
uint8_t fake_driver_take_isr(struct fake_driver *driver);

/* Turns MSI-X on with all vectors masked: configuration on vector 0, queue n on n + 1. Then what
 * is signalled stays in the pending bits. Call between negotiate and set_queue, or before start. */
void fake_driver_use_msix(struct fake_driver *driver);
bool fake_driver_is_pending(struct fake_driver *driver, unsigned vector);

#endif
