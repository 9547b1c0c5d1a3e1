/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_driver.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA 0x100000u
#define DATA_GPA  0x400000u

static void require(bool ok, const char *what)
{
	if (!ok) {
		(void)fprintf(stderr, "fake driver: not true: %s\n", what);
		abort();
	}
}

#define REQUIRE(condition) require(condition, #condition)

/* --- the machine ----------------------------------------------------------------------------- */

static void take_notice(void *arg, const char *id, const char *event, uint64_t value)
{
	struct fake_machine *machine = arg;

	(void)id;
	machine->notify_count++;
	machine->notify_event = event;
	machine->notify_value = value;
}

void fake_machine_init(struct fake_machine *machine)
{
	struct pci_bus_config config;

	memset(machine, 0, sizeof(*machine));
	REQUIRE(guest_mem_create(NULL, FAKE_MEMORY_BYTES, &machine->mem, NULL) == 0);
	REQUIRE(bus_create(NULL, BUS_PIO, &machine->pio) == 0);
	REQUIRE(bus_create(NULL, BUS_MMIO, &machine->mmio) == 0);
	REQUIRE(irq_router_create(NULL, &machine->irqs) == 0);
	REQUIRE(loop_create("test", &machine->loop) == 0);
	config = (struct pci_bus_config){ .pio = machine->pio,
					  .mmio = machine->mmio,
					  .irqs = machine->irqs };
	REQUIRE(pci_bus_create(&config, &machine->pci) == 0);
	machine->env = (struct device_env){ .mem = machine->mem,
					    .pio = machine->pio,
					    .mmio = machine->mmio,
					    .irqs = machine->irqs,
					    .pci = machine->pci,
					    .loop = machine->loop,
					    .main_loop = machine->loop,
					    .id = "test0",
					    .notify = take_notice,
					    .notify_arg = machine };
}

void fake_machine_finish(struct fake_machine *machine)
{
	pci_bus_destroy(machine->pci);
	loop_destroy(machine->loop);
	irq_router_destroy(machine->irqs);
	bus_destroy(machine->mmio);
	bus_destroy(machine->pio);
	guest_mem_destroy(machine->mem);
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

void fake_machine_run(struct fake_machine *machine)
{
	struct loop_task stop;

	loop_task_init(&stop, stop_loop, machine->loop);
	loop_post(machine->loop, &stop);
	loop_run(machine->loop);
}

/* --- registers ------------------------------------------------------------------------------- */

uint64_t fake_driver_read(struct fake_driver *driver, uint64_t address, unsigned size)
{
	uint64_t value;

	REQUIRE(bus_read(driver->machine->mmio, address, size, &value));
	return value;
}

void fake_driver_write(struct fake_driver *driver, uint64_t address, unsigned size, uint64_t value)
{
	REQUIRE(bus_write(driver->machine->mmio, address, size, value));
}

static uint64_t get(struct fake_driver *driver, unsigned offset, unsigned size)
{
	return fake_driver_read(driver, driver->common + offset, size);
}

static void set(struct fake_driver *driver, unsigned offset, unsigned size, uint64_t value)
{
	fake_driver_write(driver, driver->common + offset, size, value);
}

uint64_t fake_driver_config(struct fake_driver *driver, unsigned offset, unsigned size)
{
	return fake_driver_read(driver, driver->device + offset, size);
}

void fake_driver_set_config(struct fake_driver *driver, unsigned offset, unsigned size,
			    uint64_t value)
{
	fake_driver_write(driver, driver->device + offset, size, value);
}

uint8_t fake_driver_take_isr(struct fake_driver *driver)
{
	return (uint8_t)fake_driver_read(driver, driver->isr, 1);
}

uint8_t fake_driver_status(struct fake_driver *driver)
{
	return (uint8_t)get(driver, VIRTIO_PCI_COMMON_STATUS, 1);
}

void fake_driver_set_status(struct fake_driver *driver, uint8_t status)
{
	set(driver, VIRTIO_PCI_COMMON_STATUS, 1, status);
}

/* --- finding the device ---------------------------------------------------------------------- */

static uint32_t read_pci(struct fake_driver *driver, unsigned offset, unsigned size)
{
	return pci_config_read(driver->machine->pci, driver->slot << 3, offset, size);
}

static void write_pci(struct fake_driver *driver, unsigned offset, unsigned size, uint32_t value)
{
	pci_config_write(driver->machine->pci, driver->slot << 3, offset, size, value);
}

static void note_structure(struct fake_driver *driver, unsigned cap)
{
	const unsigned bar = read_pci(driver, cap + VIRTIO_PCI_CAP_BAR, 1);
	const uint64_t address = (read_pci(driver, PCI_BASE_ADDRESS_0 + bar * 4, 4) & ~0xfu) +
				 read_pci(driver, cap + VIRTIO_PCI_CAP_OFFSET, 4);

	switch (read_pci(driver, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1)) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		driver->common = address;
		break;
	case VIRTIO_PCI_CAP_ISR_CFG:
		driver->isr = address;
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		driver->device = address;
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		driver->notify = address;
		driver->notify_multiplier = read_pci(driver, cap + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
		break;
	default:
		break;
	}
}

void fake_driver_attach(struct fake_driver *driver, struct fake_machine *machine, unsigned slot)
{
	unsigned cap;

	*driver = (struct fake_driver){ .machine = machine, .slot = slot, .free_gpa = DATA_GPA };
	REQUIRE(read_pci(driver, PCI_VENDOR_ID, 2) == 0x1af4);
	write_pci(driver, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (cap = read_pci(driver, PCI_CAPABILITY_LIST, 1); cap;
	     cap = read_pci(driver, cap + PCI_CAP_LIST_NEXT, 1)) {
		if (read_pci(driver, cap, 1) == PCI_CAP_ID_VNDR) {
			note_structure(driver, cap);
		}
	}
	REQUIRE(driver->common && driver->isr && driver->notify);
	driver->queue_count = (unsigned)get(driver, VIRTIO_PCI_COMMON_NUMQ, 2);
	REQUIRE(driver->queue_count <= FAKE_QUEUES_MAX);
}

/* --- starting it ----------------------------------------------------------------------------- */

uint64_t fake_driver_features(struct fake_driver *driver)
{
	uint64_t features;

	set(driver, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	features = get(driver, VIRTIO_PCI_COMMON_DF, 4) << 32;
	set(driver, VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	return features | get(driver, VIRTIO_PCI_COMMON_DF, 4);
}

void fake_driver_reset(struct fake_driver *driver)
{
	fake_driver_set_status(driver, 0);
	REQUIRE(fake_driver_status(driver) == 0);
}

bool fake_driver_negotiate(struct fake_driver *driver, uint64_t features)
{
	const uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	fake_driver_reset(driver);
	fake_driver_set_status(driver, status);
	set(driver, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	set(driver, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)features);
	set(driver, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set(driver, VIRTIO_PCI_COMMON_GF, 4,
	    features >> 32 | UINT64_C(1) << (VIRTIO_F_VERSION_1 - 32));
	fake_driver_set_status(driver, status | VIRTIO_CONFIG_S_FEATURES_OK);
	return fake_driver_status(driver) & VIRTIO_CONFIG_S_FEATURES_OK;
}

static void set_address(struct fake_driver *driver, unsigned offset, uint64_t gpa)
{
	set(driver, offset, 4, (uint32_t)gpa);
	set(driver, offset + 4, 4, gpa >> 32);
}

void fake_driver_set_queue(struct fake_driver *driver, unsigned queue, uint16_t queue_size)
{
	struct fake_ring *ring = &driver->rings[queue];

	set(driver, VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
	if (queue_size) {
		set(driver, VIRTIO_PCI_COMMON_Q_SIZE, 2, queue_size);
	}
	queue_size = (uint16_t)get(driver, VIRTIO_PCI_COMMON_Q_SIZE, 2);
	fake_ring_init(ring, driver->machine->mem, RINGS_GPA + queue * FAKE_RING_BYTES, queue_size);
	set_address(driver, VIRTIO_PCI_COMMON_Q_DESCLO, ring->desc_gpa);
	set_address(driver, VIRTIO_PCI_COMMON_Q_AVAILLO, ring->avail_gpa);
	set_address(driver, VIRTIO_PCI_COMMON_Q_USEDLO, ring->used_gpa);
	set(driver, VIRTIO_PCI_COMMON_Q_MSIX, 2, queue + 1);
	set(driver, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

void fake_driver_start(struct fake_driver *driver, uint64_t features, uint16_t queue_size)
{
	REQUIRE(fake_driver_negotiate(driver, features));
	set(driver, VIRTIO_PCI_COMMON_MSIX, 2, 0);
	for (unsigned i = 0; i < driver->queue_count; i++) {
		fake_driver_set_queue(driver, i, queue_size);
	}
	fake_driver_set_status(driver, fake_driver_status(driver) | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* --- MSI-X ----------------------------------------------------------------------------------- */

static unsigned find_msix(struct fake_driver *driver)
{
	unsigned cap = read_pci(driver, PCI_CAPABILITY_LIST, 1);

	while (cap && read_pci(driver, cap, 1) != PCI_CAP_ID_MSIX) {
		cap = read_pci(driver, cap + PCI_CAP_LIST_NEXT, 1);
	}
	REQUIRE(cap);
	return cap;
}

void fake_driver_use_msix(struct fake_driver *driver)
{
	write_pci(driver, find_msix(driver) + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

bool fake_driver_is_pending(struct fake_driver *driver, unsigned vector)
{
	const unsigned cap = find_msix(driver);
	const unsigned bar = read_pci(driver, cap + PCI_MSIX_PBA, 4) & PCI_MSIX_PBA_BIR;
	const uint64_t table = (read_pci(driver, PCI_BASE_ADDRESS_0 + bar * 4, 4) & ~0xfu) +
			       (read_pci(driver, cap + PCI_MSIX_PBA, 4) & ~7u);

	return fake_driver_read(driver, table + vector / 64 * 8, 8) >> vector % 64 & 1;
}

/* --- buffers and requests -------------------------------------------------------------------- */

uint64_t fake_driver_alloc(struct fake_driver *driver, uint32_t bytes)
{
	const uint64_t gpa = driver->free_gpa;

	memset(fake_driver_at(driver, gpa, bytes), 0, bytes);
	driver->free_gpa = (gpa + bytes + 4095) & ~UINT64_C(4095);
	return gpa;
}

void *fake_driver_at(struct fake_driver *driver, uint64_t gpa, uint32_t bytes)
{
	void *pointer = guest_mem_slice(driver->machine->mem, gpa, bytes);

	REQUIRE(pointer);
	return pointer;
}

void fake_driver_kick(struct fake_driver *driver, unsigned queue)
{
	fake_driver_write(driver, driver->notify + (uint64_t)queue * driver->notify_multiplier, 2,
			  queue);
	fake_machine_run(driver->machine);
}

uint32_t fake_driver_request(struct fake_driver *driver, unsigned queue,
			     const struct fake_buffer *buffers, unsigned count)
{
	const uint16_t head = fake_ring_add(&driver->rings[queue], buffers, count);
	uint32_t used_head, written;

	fake_driver_kick(driver, queue);
	REQUIRE(fake_ring_take(&driver->rings[queue], &used_head, &written));
	REQUIRE(used_head == head);
	return written;
}
