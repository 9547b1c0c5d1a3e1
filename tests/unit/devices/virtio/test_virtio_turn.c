/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/virtio.c devices/virtio/virtqueue.c devices/virtio/virtio_pci.c
 * devices/virtio/virtio_pci_common.c devices/pci/ devices/legacy/reset_port.c
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c
 * vmm/bus/ vmm/mem/ vmm/kvm/ */
/* How long one queue has the loop for itself. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/compiler.h"

#define QUEUE_SIZE 64

/* --- a device that gives each chain back ----------------------------------------------------- */

static struct fake_machine machine;
static struct fake_driver driver;
static struct virtio_device v;
static struct virtio_type type;
static struct fake_buffer buffer;
/* Chains that a busy driver offers again as soon as they are back. */
static unsigned refills;
static unsigned longest_turn;
static bool pauses; /* the device, at the end of its first turn */

static void ignore(struct virtio_device *device)
{
	(void)device;
}

static void on_notify(struct virtio_device *device, unsigned queue)
{
	struct iovec iov[8];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = 8 };
	unsigned taken = 0;

	while (virtio_pop(device, queue, &chain)) {
		virtqueue_push(&device->queues[queue], chain.head, 0);
		taken++;
		if (refills > 0) {
			refills--;
			fake_ring_offer(&driver.rings[queue], chain.head);
		}
	}
	longest_turn = MAX(longest_turn, taken);
	if (pauses) {
		pauses = false;
		virtio_quiesce(device);
	}
}

static void start(uint16_t turn)
{
	type = (struct virtio_type){ .name = "virtio-test",
				     .device_id = 63, /* no device of the specification */
				     .pci_class = 0xff0000,
				     .queue_size = QUEUE_SIZE,
				     .turn = turn,
				     .start = ignore,
				     .stop = ignore,
				     .on_notify = on_notify };
	v = (struct virtio_device){ .type = &type, .id = machine.env.id, .queue_count = 1 };
	cr_assert(zero(int, virtio_pci_plug(&v, &machine.env, NULL)));
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, 0, 0);
	buffer = (struct fake_buffer){ fake_driver_alloc(&driver, 16), 16, false };
}

static void offer(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	}
}

static void set_up(void)
{
	fake_machine_init(&machine);
}

static void tear_down(void)
{
	virtio_unplug(&v);
	fake_machine_finish(&machine);
}

TestSuite(virtio_turn, .init = set_up, .fini = tear_down, .timeout = 10);

/* --- turns ----------------------------------------------------------------------------------- */

/* A driver on another processor can fill the ring faster than the device empties it. */
Test(virtio_turn, others_have_their_turn_beside_a_busy_driver)
{
	start(0);
	refills = 10 * QUEUE_SIZE;
	offer(1);
	fake_driver_kick(&driver, 0);
	cr_assert(eq(uint, longest_turn, QUEUE_SIZE));
	cr_assert(eq(u16, driver.rings[0].used->idx, 10 * QUEUE_SIZE + 1), "all the same");
}

Test(virtio_turn, type_says_how_long_a_turn_is)
{
	start(3);
	offer(8);
	fake_driver_kick(&driver, 0);
	cr_assert(eq(uint, longest_turn, 3));
	cr_assert(eq(u16, driver.rings[0].used->idx, 8));
}

Test(virtio_turn, turn_that_was_over_goes_on_after_a_pause)
{
	start(1);
	offer(2);
	pauses = true;
	fake_driver_kick(&driver, 0);
	cr_assert(eq(u16, driver.rings[0].used->idx, 1));
	virtio_resume(&v);
	fake_machine_run(&machine);
	cr_assert(eq(u16, driver.rings[0].used->idx, 2));
}

Test(virtio_turn, only_what_can_be_popped_is_work)
{
	start(0);
	cr_assert(not(virtio_has_work(&v, 0)));
	offer(1);
	cr_assert(virtio_has_work(&v, 0));
	pci_config_write(machine.pci, 8, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	cr_assert(not(virtio_has_work(&v, 0)), "not a bus master");
	pci_config_write(machine.pci, 8, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	virtio_quiesce(&v);
	cr_assert(not(virtio_has_work(&v, 0)), "paused");
	virtio_resume(&v);
}
