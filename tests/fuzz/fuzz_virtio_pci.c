/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/balloon.c devices/virtio/virtio.c devices/virtio/virtqueue.c
 * devices/virtio/virtio_pci.c devices/virtio/virtio_pci_common.c devices/pci/
 * devices/legacy/reset_port.c vmm/bus/ vmm/mem/ vmm/kvm/
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
/*
 * The transport, with a balloon behind it, under a driver that writes any register and any memory.
 * Input: records of eight bytes, an operation, its size, a 16-bit offset and a 32-bit value.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "devices/virtio/balloon.h"
#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"

#define RECORD_BYTES 8
#define RECORDS_MAX  128
#define SLOT	     1
#define BAR_BYTES    0x4000u
#define DATA_BYTES   0x10000u
#define OPTIONS_MAX  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct subject {
	struct fake_machine machine;
	struct fake_driver driver;
	void *balloon;
	uint64_t data_gpa;
};

static void drop_line(enum log_level level, const char *tag, const char *text)
{
	(void)level;
	(void)tag;
	(void)text;
}

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void set_up(struct subject *s)
{
	static uint64_t options[OPTIONS_MAX / sizeof(uint64_t)];

	log_set_sink(drop_line);
	fake_machine_init(&s->machine);
	s->balloon = calloc(1, virtio_balloon_type.state_size);
	require(s->balloon && virtio_balloon_type.options_size <= sizeof(options));
	require(options_set_defaults(&virtio_balloon_type.options, options, NULL) == 0);
	require(virtio_balloon_type.init(s->balloon, &s->machine.env, options, NULL) == 0);
	fake_driver_attach(&s->driver, &s->machine, SLOT);
	s->data_gpa = fake_driver_alloc(&s->driver, DATA_BYTES);
}

/* An honest chain of one descriptor, so that inputs get past the ring. */
static void offer(struct subject *s, unsigned queue, unsigned offset, uint32_t length)
{
	struct fake_ring *ring = &s->driver.rings[queue % s->driver.queue_count];
	const struct fake_buffer buffer = { s->data_gpa + offset, length, queue & 4 };

	if (ring->size) {
		(void)fake_ring_add(ring, &buffer, 1);
	}
}

static void pause_device(struct subject *s)
{
	virtio_balloon_type.quiesce(s->balloon);
	virtio_balloon_type.resume(s->balloon);
}

static void write_memory(struct subject *s, unsigned offset, uint32_t value)
{
	/* The rings of the first two queues, or the buffers. */
	const uint64_t gpa = value & 1 ? s->data_gpa : s->driver.rings[0].desc_gpa;

	memcpy(fake_driver_at(&s->driver, gpa + offset, 4), &value, 4);
}

static void run_record(struct subject *s, const uint8_t *record)
{
	const unsigned size = 1u << (record[1] & 3);
	const unsigned offset = load_le16(record + 2);
	const uint32_t value = load_le32(record + 4);
	const uint64_t address = s->driver.common + offset % BAR_BYTES;

	switch (record[0] % 8) {
	case 0:
		(void)bus_write(s->machine.mmio, address, size, value);
		break;
	case 1:
		(void)fake_driver_read(&s->driver, address, 1);
		break;
	case 2: /* the window; BARs and decoding stay, for the driver's sake */
		pci_config_write(s->machine.pci, SLOT << 3, 0x40 + offset % 0xc0, size, value);
		(void)pci_config_read(s->machine.pci, SLOT << 3, 0x40 + offset % 0xc0, 4);
		break;
	case 3:
		write_memory(s, offset % (DATA_BYTES - 4), value);
		break;
	case 4:
		offer(s, record[1], offset, value);
		fake_driver_kick(&s->driver, record[1] % s->driver.queue_count);
		break;
	case 5:
		fake_driver_start(&s->driver, value & 0x30000026, 0);
		break;
	case 6:
		pause_device(s);
		break;
	default:
		(void)balloon_set_target(s->balloon, value);
		fake_machine_run(&s->machine);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct subject *s;

	if (!s) {
		s = calloc(1, sizeof(*s));
		require(s);
		set_up(s);
	}
	for (size_t i = 0; i < RECORDS_MAX && (i + 1) * RECORD_BYTES <= size; i++) {
		run_record(s, data + i * RECORD_BYTES);
	}
	virtio_balloon_type.reset(s->balloon);
	fake_driver_attach(&s->driver, &s->machine, SLOT);
	fake_driver_start(&s->driver, 0, 0);
	fake_driver_reset(&s->driver);
	s->data_gpa = fake_driver_alloc(&s->driver, DATA_BYTES);
	return 0;
}
