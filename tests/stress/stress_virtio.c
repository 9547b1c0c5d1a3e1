/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/virtio.c devices/virtio/virtqueue.c devices/virtio/virtio_pci.c
 * devices/virtio/virtio_pci_common.c devices/pci/ devices/legacy/reset_port.c
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c
 * vmm/bus/ vmm/mem/ vmm/kvm/ */
/*
 * A driver that starts, uses and resets a device, often in the middle of its requests, while
 * another processor rings, reads and writes whatever registers there are. Neither may wait for
 * ever, and what the driver waits for must come back.
 */
#include <linux/virtio_config.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

#define RUN_NS	      UINT64_C(2000000000)
#define PATIENCE_NS   UINT64_C(10000000000)
#define SLOT	      1
#define REQUESTS      8
#define PARKED_MAX    64
#define CONFIG_BYTES  16
#define MSIX_BAR_GPA  0xd0000000u /* moved there, so that the test knows it */
#define DEVICE_CONFIG 8

static struct fake_machine machine;
static struct fake_driver driver;
static atomic_bool ending;
static atomic_ulong served, restarts, touches;

/* --- a device that finishes its requests a little later, as disks do ------------------------- */

static struct virtio_device v;
static struct loop_task finish_task;
static uint16_t parked[PARKED_MAX];
static unsigned parked_count;

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_virtio: %s\n", text);
	abort();
}

static void finish_requests(void *arg UNUSED)
{
	static uint8_t counter;

	if (!v.running) {
		fail("work after stop");
	}
	while (parked_count > 0) {
		virtqueue_push(&v.queues[0], parked[--parked_count], 0);
	}
	virtio_signal(&v, 0);
	counter++;
	virtio_config_update(&v, 0, &counter, 1);
}

static void start(struct virtio_device *device UNUSED)
{
	if (parked_count) {
		fail("requests of the last driver");
	}
}

static void stop(struct virtio_device *device UNUSED)
{
	loop_task_cancel(machine.loop, &finish_task);
	parked_count = 0;
}

static void on_notify(struct virtio_device *device, unsigned queue)
{
	struct iovec iov[4];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = 4 };

	while (parked_count < PARKED_MAX && virtio_pop(device, queue, &chain)) {
		parked[parked_count++] = chain.head;
	}
	loop_post(machine.loop, &finish_task);
}

static void on_config_write(struct virtio_device *device UNUSED, unsigned offset UNUSED,
			    unsigned size UNUSED)
{
}

static const struct virtio_type type = {
	.name = "virtio-stress",
	.device_id = 63,
	.queue_size = 64,
	.start = start,
	.stop = stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
};

/* --- the driver ------------------------------------------------------------------------------ */

static void ring_doorbell(void)
{
	fake_driver_write(&driver, driver.notify, 2, 0);
}

static void add_requests(uint64_t gpa)
{
	const struct fake_buffer buffers[] = { { gpa, 16, false }, { gpa + 16, 16, true } };

	for (unsigned i = 0; i < REQUESTS; i++) {
		(void)fake_ring_add(&driver.rings[0], buffers, 2);
	}
	ring_doorbell();
}

static void wait_for_requests(void)
{
	const uint64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	unsigned left = REQUESTS;
	uint32_t head, written;

	while (left > 0) {
		left -= fake_ring_take(&driver.rings[0], &head, &written);
		if (clock_now_ns() > deadline_ns) {
			fail("requests did not come back");
		}
	}
	atomic_fetch_add(&served, REQUESTS);
}

static void *drive(void *arg UNUSED)
{
	const uint64_t gpa = fake_driver_alloc(&driver, 4096);

	for (unsigned round = 0; !atomic_load(&ending); round++) {
		fake_driver_start(&driver, 0, 0);
		for (unsigned i = 0; i < round % 4; i++) {
			add_requests(gpa);
			wait_for_requests();
		}
		add_requests(gpa); /* and away */
		fake_driver_reset(&driver);
		atomic_fetch_add(&restarts, 1);
	}
	return NULL;
}

/* --- the other processor --------------------------------------------------------------------- */

static void touch_pci(unsigned round)
{
	const uint16_t intx = round & 1 ? PCI_COMMAND_INTX_DISABLE : 0;

	pci_config_write(machine.pci, SLOT << 3, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | intx);
	(void)pci_config_read(machine.pci, SLOT << 3, PCI_COMMAND, 4);
	pci_config_write(machine.pci, SLOT << 3, PCI_BASE_ADDRESS_0 + 4, 4,
			 MSIX_BAR_GPA + (round & 1) * 0x1000);
}

static void *disturb(void *arg UNUSED)
{
	for (unsigned round = 0; !atomic_load(&ending); round++) {
		uint64_t value;

		(void)fake_driver_take_isr(&driver);
		(void)fake_driver_config(&driver, round % CONFIG_BYTES, 1);
		fake_driver_set_config(&driver, DEVICE_CONFIG, 4, round);
		ring_doorbell();
		touch_pci(round);
		(void)bus_write(machine.mmio, MSIX_BAR_GPA + 12, 4, round & 1);
		(void)bus_read(machine.mmio, MSIX_BAR_GPA + 0x800, 8, &value);
		if (round % 64 == 0) {
			fake_driver_use_msix(&driver);
		}
		atomic_fetch_add(&touches, 1);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	const struct timespec run = { .tv_sec = RUN_NS / 1000000000 };

	fake_machine_init(&machine);
	loop_task_init(&finish_task, finish_requests, NULL);
	v = (struct virtio_device){
		.type = &type, .id = "test0", .queue_count = 1, .config_size = CONFIG_BYTES
	};
	if (virtio_pci_plug(&v, &machine.env, NULL) < 0 || loop_start(machine.loop) < 0) {
		fail("cannot be set up");
	}
	fake_driver_attach(&driver, &machine, SLOT);
	if (thread_start(&threads[0], "driver", drive, NULL) < 0 ||
	    thread_start(&threads[1], "disturber", disturb, NULL) < 0) {
		fail("no threads");
	}
	(void)nanosleep(&run, NULL);
	atomic_store(&ending, true);
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], NULL);
	virtio_unplug(&v);
	fake_machine_finish(&machine);
	printf("%lu requests, %lu restarts, %lu accesses beside\n", served, restarts, touches);
	return 0;
}
