/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/virtio.c devices/virtio/virtqueue.c devices/virtio/virtio_pci.c
 * devices/virtio/virtio_pci_common.c devices/pci/ devices/legacy/reset_port.c
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c
 * vmm/bus/ vmm/mem/ vmm/kvm/ */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/boot/layout.h"
#include "vmm/mem/guest_mem.h"

#define QUEUES	     2
#define QUEUE_SIZE   64
#define CONFIG_BYTES 8
#define DEVICE_ID    63 /* no device of the specification */
#define FEATURE_A    (UINT64_C(1) << 3)
#define FEATURE_B    (UINT64_C(1) << 35)
#define GSI	     (LAYOUT_PCI_INTX_IRQ + 1)
#define DRIVER_OK    VIRTIO_CONFIG_S_DRIVER_OK
#define NEEDS_RESET  VIRTIO_CONFIG_S_NEEDS_RESET

/* --- a device that answers each chain with the number of bytes it read ----------------------- */

static struct virtio_device v;
static struct fake_machine machine;
static struct fake_driver driver;
static unsigned starts, stops, drains, notifies[QUEUES], config_writes, config_offset, log_lines;

static void start(struct virtio_device *device)
{
	(void)device;
	starts++;
}

static void stop(struct virtio_device *device)
{
	(void)device;
	stops++;
}

static void drain(struct virtio_device *device)
{
	(void)device;
	drains++;
}

static void on_notify(struct virtio_device *device, unsigned queue)
{
	struct iovec iov[8];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = 8 };

	notifies[queue]++;
	while (virtio_pop(device, queue, &chain)) {
		virtqueue_push(&device->queues[queue], chain.head, (uint32_t)chain.readable_bytes);
	}
	virtio_signal(device, queue);
}

static void on_config_write(struct virtio_device *device, unsigned offset, unsigned size)
{
	(void)device;
	(void)size;
	config_writes++;
	config_offset = offset;
}

static const struct virtio_type type = {
	.name = "virtio-test",
	.device_id = DEVICE_ID,
	.pci_class = 0xff0000,
	.queue_size = QUEUE_SIZE,
	.start = start,
	.stop = stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
	.drain = drain,
};

static void count_line(enum log_level level, const char *tag, const char *text)
{
	(void)level;
	(void)text;
	cr_assert(zero(int, strcmp(tag, "virtio-test:test0")));
	log_lines++;
}

static void set_up(void)
{
	fake_machine_init(&machine);
	v = (struct virtio_device){ .type = &type,
				    .id = machine.env.id,
				    .features = FEATURE_A | FEATURE_B,
				    .queue_count = QUEUES,
				    .config_size = CONFIG_BYTES,
				    .config = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	cr_assert(zero(int, virtio_pci_plug(&v, &machine.env, NULL)));
	fake_driver_attach(&driver, &machine, 1);
	log_set_sink(count_line);
}

static void tear_down(void)
{
	virtio_unplug(&v);
	fake_machine_finish(&machine);
}

TestSuite(virtio_pci, .init = set_up, .fini = tear_down, .timeout = 10);

static uint64_t get(unsigned offset, unsigned size)
{
	return fake_driver_read(&driver, driver.common + offset, size);
}

static void set(unsigned offset, unsigned size, uint64_t value)
{
	fake_driver_write(&driver, driver.common + offset, size, value);
}

/* One request of 16 bytes on the queue: what the device answers. */
static uint32_t request(unsigned queue)
{
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 16), 16, false };

	return fake_driver_request(&driver, queue, &buffer, 1);
}

/* --- identity and registers --- */

Test(virtio_pci, has_modern_identity)
{
	cr_assert(eq(u32, pci_config_read(machine.pci, 8, PCI_DEVICE_ID, 2), 0x1040 + DEVICE_ID));
	cr_assert(eq(u32, pci_config_read(machine.pci, 8, PCI_REVISION_ID, 1), 1));
	cr_assert(eq(uint, driver.queue_count, QUEUES));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE));
	cr_assert(eq(u64, fake_driver_config(&driver, 2, 2), 0x0403));
}

Test(virtio_pci, offers_features_in_halves)
{
	const uint64_t features = fake_driver_features(&driver);

	cr_assert(eq(u64, features,
		     FEATURE_A | FEATURE_B | UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << 29 |
			     UINT64_C(1) << 28));
	set(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_DF, 4), 0));
}

Test(virtio_pci, registers_that_do_not_exist_are_harmless)
{
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, QUEUES);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 8);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0));
	cr_assert(eq(u64, get(0x100, 4), 0));
	cr_assert(eq(u64, fake_driver_config(&driver, CONFIG_BYTES, 4), 0));
	cr_assert(eq(u64, fake_driver_config(&driver, CONFIG_BYTES - 2, 4), 0x0807));
	fake_driver_set_config(&driver, CONFIG_BYTES - 2, 4, 0);
	cr_assert(zero(uint, config_writes));
}

Test(virtio_pci, registers_want_their_own_width)
{
	set(VIRTIO_PCI_COMMON_Q_SIZE, 4, 8);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE));
	set(VIRTIO_PCI_COMMON_Q_AVAILLO, 8, UINT64_C(0x123456789abc));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_AVAILHI, 4), 0x1234));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_AVAILLO, 8), UINT64_C(0x123456789abc)));
}

struct queue_size_case {
	uint16_t wanted, got;
};

ParameterizedTestParameters(virtio_pci, queue_size_is_power_of_two_within_bounds)
{
	static struct queue_size_case cases[] = {
		{ 1, 1 },
		{ 32, 32 },
		{ QUEUE_SIZE, QUEUE_SIZE },
		{ 0, QUEUE_SIZE },
		{ 48, QUEUE_SIZE },
		{ 128, QUEUE_SIZE },
		{ 0x8000, QUEUE_SIZE },
	};

	return cr_make_param_array(struct queue_size_case, cases, 7);
}

ParameterizedTest(struct queue_size_case *c, virtio_pci, queue_size_is_power_of_two_within_bounds)
{
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, c->wanted);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_SIZE, 2), c->got));
}

Test(virtio_pci, vectors_out_of_range_are_refused)
{
	set(VIRTIO_PCI_COMMON_MSIX, 2, QUEUES);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_MSIX, 2), QUEUES));
	set(VIRTIO_PCI_COMMON_MSIX, 2, QUEUES + 1);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR));
}

/* --- status --- */

Test(virtio_pci, features_not_offered_are_refused)
{
	cr_assert(not(fake_driver_negotiate(&driver, UINT64_C(1) << 5)));
	cr_assert(fake_driver_negotiate(&driver, FEATURE_B));
	/* Without VERSION_1 there is no modern driver. */
	fake_driver_reset(&driver);
	fake_driver_set_status(&driver, VIRTIO_CONFIG_S_FEATURES_OK);
	cr_assert(zero(u8, fake_driver_status(&driver)));
}

Test(virtio_pci, driver_ok_needs_features_ok)
{
	fake_driver_reset(&driver);
	fake_driver_set_status(&driver, DRIVER_OK);
	cr_assert(zero(u8, fake_driver_status(&driver)));
	cr_assert(zero(uint, starts));
}

Test(virtio_pci, features_are_final_after_features_ok)
{
	fake_driver_start(&driver, FEATURE_A, 0);
	set(VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	set(VIRTIO_PCI_COMMON_GF, 4, 0);
	cr_assert(virtio_has_feature(&v, 3));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_GF, 4), FEATURE_A));
}

Test(virtio_pci, start_notifies_every_queue)
{
	fake_driver_start(&driver, 0, 0);
	cr_assert(eq(uint, starts, 1));
	cr_assert(eq(uint, notifies[0], 1));
	cr_assert(eq(uint, notifies[1], 1));
	cr_assert(v.running);
	fake_driver_set_status(&driver, fake_driver_status(&driver));
	cr_assert(eq(uint, starts, 1), "the same status again");
}

Test(virtio_pci, queue_that_is_not_enabled_is_not_ready)
{
	cr_assert(fake_driver_negotiate(&driver, 0));
	fake_driver_set_queue(&driver, 1, 0);
	fake_driver_set_status(&driver, fake_driver_status(&driver) | DRIVER_OK);
	cr_assert(not(v.queue_ready[0]));
	cr_assert(v.queue_ready[1]);
	cr_assert(zero(uint, notifies[0]));
	cr_assert(eq(u32, request(1), 16));
}

Test(virtio_pci, enabled_queue_does_not_change)
{
	cr_assert(fake_driver_negotiate(&driver, 0));
	fake_driver_set_queue(&driver, 0, 16);
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 32);
	set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 16));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), driver.rings[0].desc_gpa));
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1));
}

Test(virtio_pci, reset_and_start_again)
{
	for (unsigned i = 1; i <= 3; i++) {
		fake_driver_start(&driver, 0, (uint16_t)(4 << i));
		cr_assert(eq(u32, request(0), 16));
		cr_assert(eq(u32, request(1), 16));
		fake_driver_reset(&driver);
		cr_assert(eq(uint, starts, i));
		cr_assert(eq(uint, stops, i));
		cr_assert(not(v.running));
		cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0));
		cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE));
	}
}

Test(virtio_pci, doorbell_after_reset_is_ignored)
{
	fake_driver_start(&driver, 0, 0);
	fake_driver_reset(&driver);
	fake_driver_kick(&driver, 0);
	cr_assert(eq(uint, notifies[0], 1), "only the one of the start");
}

Test(virtio_pci, misplaced_rings_need_reset)
{
	cr_assert(fake_driver_negotiate(&driver, 0));
	fake_driver_set_queue(&driver, 0, 0);
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	set(VIRTIO_PCI_COMMON_Q_USEDLO, 4, FAKE_MEMORY_BYTES);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	fake_driver_set_status(&driver, fake_driver_status(&driver) | DRIVER_OK);
	cr_assert(eq(u8, fake_driver_status(&driver) & NEEDS_RESET, NEEDS_RESET));
	cr_assert(zero(uint, starts));
	cr_assert(eq(uint, log_lines, 1));
	fake_driver_start(&driver, 0, 0);
	cr_assert(eq(u32, request(0), 16));
}

Test(virtio_pci, corrupt_ring_needs_reset)
{
	fake_driver_start(&driver, 0, 0);
	driver.rings[0].avail->idx = QUEUE_SIZE + 1;
	fake_driver_kick(&driver, 0);
	cr_assert(eq(u8, fake_driver_status(&driver) & NEEDS_RESET, NEEDS_RESET));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), VIRTIO_PCI_ISR_CONFIG));
	cr_assert(eq(uint, log_lines, 1));
	/* The other queue is silent, too. */
	fake_ring_offer(&driver.rings[1], 0);
	fake_driver_kick(&driver, 1);
	cr_assert(eq(u16, driver.rings[1].used->idx, 0));
	fake_driver_start(&driver, 0, 0);
	cr_assert(eq(u32, request(1), 16));
	cr_assert(eq(uint, stops, 1));
}

/* --- doorbells and the BAR --- */

Test(virtio_pci, doorbells_follow_the_bar)
{
	fake_driver_start(&driver, 0, 0);
	pci_config_write(machine.pci, 8, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	driver.notify = driver.notify - driver.common + 0xd0000000;
	driver.common = 0xd0000000;
	cr_assert(eq(u32, request(1), 16));
}

/* Also before a doorbell is armed, or if the host refused it. */
Test(virtio_pci, write_to_notify_register_rings)
{
	cr_assert(fake_driver_negotiate(&driver, 0));
	fake_driver_set_queue(&driver, 0, 0);
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 16), 16, false };
	(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	fake_driver_kick(&driver, 0);
	cr_assert(zero(uint, notifies[0]));
	fake_driver_set_status(&driver, fake_driver_status(&driver) | DRIVER_OK);
	cr_assert(eq(u16, driver.rings[0].used->idx, 1), "it was waiting for the start");
	fake_driver_kick(&driver, 1);
	cr_assert(eq(uint, notifies[1], 0), "queue 1 is not enabled");
}

Test(virtio_pci, without_bus_master_no_memory_is_touched)
{
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 16), 16, false };

	fake_driver_start(&driver, 0, 0);
	pci_config_write(machine.pci, 8, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	fake_driver_kick(&driver, 0);
	cr_assert(eq(u16, driver.rings[0].used->idx, 0));
	pci_config_write(machine.pci, 8, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	fake_machine_run(&machine);
	cr_assert(eq(u16, driver.rings[0].used->idx, 1));
}

/* --- interrupts --- */

Test(virtio_pci, intx_is_raised_and_acknowledged)
{
	fake_driver_start(&driver, 0, 0);
	cr_assert(not(irq_router_level(machine.irqs, GSI)));
	(void)request(0);
	cr_assert(irq_router_level(machine.irqs, GSI));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 1));
	cr_assert(not(irq_router_level(machine.irqs, GSI)));
	cr_assert(zero(u8, fake_driver_take_isr(&driver)));
}

Test(virtio_pci, reset_lowers_intx)
{
	fake_driver_start(&driver, 0, 0);
	(void)request(0);
	fake_driver_reset(&driver);
	cr_assert(not(irq_router_level(machine.irqs, GSI)));
	cr_assert(zero(u8, fake_driver_take_isr(&driver)));
}

Test(virtio_pci, msix_signals_the_queue_vector)
{
	fake_driver_use_msix(&driver);
	fake_driver_start(&driver, 0, 0);
	(void)request(1);
	cr_assert(fake_driver_is_pending(&driver, 2));
	cr_assert(not(fake_driver_is_pending(&driver, 1)));
	cr_assert(not(irq_router_level(machine.irqs, GSI)));
	cr_assert(zero(u8, fake_driver_take_isr(&driver)));
}

/* --- configuration --- */

static void update_config(void *arg)
{
	const uint8_t bytes[] = { 0xaa, 0xbb };

	virtio_config_update(arg, 2, bytes, sizeof(bytes));
}

Test(virtio_pci, config_update_changes_generation_and_interrupts)
{
	const uint64_t before = get(VIRTIO_PCI_COMMON_CFGGENERATION, 1);

	fake_driver_start(&driver, 0, 0);
	loop_call(machine.loop, update_config, &v);
	cr_assert(eq(u64, get(VIRTIO_PCI_COMMON_CFGGENERATION, 1), before + 1));
	cr_assert(eq(u64, fake_driver_config(&driver, 0, 8), UINT64_C(0x08070605bbaa0201)));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), VIRTIO_PCI_ISR_CONFIG));
}

Test(virtio_pci, config_update_before_driver_ok_is_silent)
{
	loop_call(machine.loop, update_config, &v);
	cr_assert(zero(u8, fake_driver_take_isr(&driver)));
}

Test(virtio_pci, config_write_reaches_the_device)
{
	fake_driver_set_config(&driver, 4, 2, 0xbeef);
	cr_assert(eq(uint, config_writes, 1));
	cr_assert(eq(uint, config_offset, 4));
	cr_assert(eq(u8, v.config[5], 0xbe));
}

/* --- the window in configuration space --- */

static unsigned find_window(void)
{
	unsigned cap = pci_config_read(machine.pci, 8, PCI_CAPABILITY_LIST, 1);

	while (pci_config_read(machine.pci, 8, cap, 1) != PCI_CAP_ID_VNDR ||
	       pci_config_read(machine.pci, 8, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1) !=
		       VIRTIO_PCI_CAP_PCI_CFG) {
		cap = pci_config_read(machine.pci, 8, cap + PCI_CAP_LIST_NEXT, 1);
		cr_assert(ne(uint, cap, 0));
	}
	return cap;
}

static void aim(unsigned bar, uint32_t offset, uint32_t length)
{
	const unsigned window = find_window();

	pci_config_write(machine.pci, 8, window + VIRTIO_PCI_CAP_BAR, 1, bar);
	pci_config_write(machine.pci, 8, window + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	pci_config_write(machine.pci, 8, window + VIRTIO_PCI_CAP_LENGTH, 4, length);
}

Test(virtio_pci, window_reaches_the_bar)
{
	const unsigned data = find_window() + 16;

	aim(0, VIRTIO_PCI_COMMON_NUMQ, 2);
	cr_assert(eq(u32, pci_config_read(machine.pci, 8, data, 2), QUEUES));
	aim(0, VIRTIO_PCI_COMMON_STATUS, 1);
	pci_config_write(machine.pci, 8, data, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	cr_assert(eq(u8, fake_driver_status(&driver), VIRTIO_CONFIG_S_ACKNOWLEDGE));
}

Test(virtio_pci, window_aimed_elsewhere_is_harmless)
{
	const unsigned data = find_window() + 16;

	aim(0, VIRTIO_PCI_COMMON_NUMQ, 2);
	(void)pci_config_read(machine.pci, 8, data, 4);
	aim(1, VIRTIO_PCI_COMMON_NUMQ, 2);
	cr_assert(eq(u32, pci_config_read(machine.pci, 8, data, 2), QUEUES), "what it had");
	aim(0, VIRTIO_PCI_COMMON_NUMQ, 3);
	(void)pci_config_read(machine.pci, 8, data, 4);
	aim(0, 0xfffffffe, 2);
	(void)pci_config_read(machine.pci, 8, data, 4);
	pci_config_write(machine.pci, 8, data, 2, 0);
	aim(0, 0x3001, 2);
	pci_config_write(machine.pci, 8, data, 2, 0);
}

/* --- pause and machine reset --- */

Test(virtio_pci, paused_device_touches_nothing)
{
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 16), 16, false };

	fake_driver_start(&driver, 0, 0);
	virtio_quiesce(&v);
	cr_assert(eq(uint, drains, 1));
	(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	fake_driver_kick(&driver, 0);
	loop_call(machine.loop, update_config, &v);
	cr_assert(eq(u16, driver.rings[0].used->idx, 0));
	cr_assert(not(irq_router_level(machine.irqs, GSI)));
	virtio_resume(&v);
	cr_assert(eq(u16, driver.rings[0].used->idx, 1), "the doorbell of the pause is not lost");
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 3));
}

Test(virtio_pci, resume_asks_for_doorbells_again)
{
	fake_driver_start(&driver, 0, 0);
	cr_assert(not(virtio_want_doorbell(&v, 0, false)));
	cr_assert(eq(u16, driver.rings[0].used->flags, VRING_USED_F_NO_NOTIFY));
	virtio_quiesce(&v);
	cr_assert(not(virtio_want_doorbell(&v, 0, true)));
	cr_assert(eq(u16, driver.rings[0].used->flags, VRING_USED_F_NO_NOTIFY), "paused");
	virtio_resume(&v);
	cr_assert(eq(u16, driver.rings[0].used->flags, 0));
}

Test(virtio_pci, machine_reset_is_power_on)
{
	fake_driver_use_msix(&driver);
	fake_driver_start(&driver, 0, 0);
	(void)request(0);
	virtio_quiesce(&v);
	virtio_reset(&v);
	virtio_resume(&v);
	cr_assert(eq(uint, stops, 1));
	cr_assert(zero(u8, fake_driver_status(&driver)));
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, 0, 0);
	cr_assert(eq(u32, request(0), 16));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 1), "MSI-X is off again");
}

/* With the loop on its own thread, as in the machine: start and stop are waited for. */
Test(virtio_pci, loop_on_its_own_thread)
{
	cr_assert(zero(int, loop_start(machine.loop)));
	for (unsigned i = 1; i <= 100; i++) {
		fake_driver_start(&driver, 0, 0);
		cr_assert(eq(uint, starts, i));
		fake_driver_write(&driver, driver.notify, 2, 0);
		fake_driver_reset(&driver);
		cr_assert(eq(uint, stops, i));
	}
	virtio_quiesce(&v);
	virtio_unplug(&v);
}

Test(virtio_pci, plug_needs_a_bus)
{
	struct virtio_device other = { .type = &type, .id = "other", .queue_count = 1 };
	struct device_env env = machine.env;
	struct error err;

	env.pci = NULL;
	cr_assert(eq(int, virtio_pci_plug(&other, &env, &err), -ENODEV));
	virtio_unplug(&other);
}

Test(virtio_pci, plug_fails_on_full_bus_and_undoes_itself)
{
	static struct virtio_device others[PCI_SLOTS];
	struct error err;
	unsigned count = 0;
	int code = 0;

	while (code == 0 && count < PCI_SLOTS) {
		others[count] =
			(struct virtio_device){ .type = &type, .id = "other", .queue_count = 1 };
		code = virtio_pci_plug(&others[count++], &machine.env, &err);
	}
	cr_assert(eq(int, code, -ENOSPC));
	cr_assert(eq(uint, count, PCI_SLOTS - 1), "slot 0 and our own are taken");
	cr_assert(zero(ptr, others[count - 1].transport));
	while (count-- > 0) {
		virtio_unplug(&others[count]);
	}
}
