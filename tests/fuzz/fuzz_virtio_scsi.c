/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/scsi.c devices/virtio/scsi_queue.c devices/virtio/scsi_control.c
 *       devices/virtio/scsi_event.c devices/virtio/virtqueue.c
 *       devices/scsi/sense.c devices/scsi/command.c devices/scsi/unit.c devices/scsi/bus.c
 *       devices/scsi/target.c devices/scsi/inquiry.c devices/scsi/task.c
 *       vmm/mem/ vmm/kvm/ tests/unit/devices/scsi/fake_unit.c
 *       tests/unit/devices/virtio/fake_scsi.c tests/unit/devices/virtio/fake_ring.c
 *       tests/unit/devices/virtio/fake_transport.c */
/*
 * A SCSI controller with two units whose driver is hostile. Input: a byte of features, then
 * actions, each with its operands; see act().
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "tests/fuzz/input.h"
#include "tests/unit/devices/virtio/fake_scsi.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define ACTIONS_MAX 64
#define BUFFERS_MAX 5
#define SLOTS	    16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_scsi scsi;
static struct fake_unit units[2];

static void attach(unsigned i)
{
	if (!units[i].unit.bus) {
		(void)scsi_bus_attach(virtio_scsi_bus(scsi.state), &units[i].unit, 0,
				      (uint16_t)(i * 256), NULL);
	}
}

static void make_device(void)
{
	fake_scsi_set_up(&scsi);
	fake_unit_init(&units[0], "cd0");
	fake_unit_init(&units[1], "disk0");
	units[1].unit.type = SCSI_TYPE_DISK;
}

/* A good command, with an operation and lengths of the input's choice. */
static void offer_command(struct input *in)
{
	uint8_t cdb[16] = { 0 };
	unsigned slot = next(in) % SLOTS;
	unsigned lun = next(in) % 4 * 128;
	uint32_t bytes_in = next(in) * 16u;
	uint32_t bytes_out = next(in) & 0xfc;

	for (unsigned i = 0; i < sizeof(cdb); i++) {
		cdb[i] = i < 6 ? next(in) : 0;
	}
	fake_scsi_offer(&scsi, slot, (uint16_t)lun, cdb, bytes_in, bytes_out);
}

/* Whatever chain in whichever queue; what it holds came with good requests, or from the input. */
static void offer_chain(struct input *in)
{
	struct fake_ring *rings[] = { &scsi.control, &scsi.events, &scsi.requests };
	struct fake_buffer buffers[BUFFERS_MAX];
	unsigned ring = next(in) % ARRAY_SIZE(rings);
	unsigned count = next(in) % BUFFERS_MAX + 1;
	uint8_t *request = (uint8_t *)fake_scsi_request(&scsi, next(in) % SLOTS);
	unsigned bytes = next(in) % 64;

	for (unsigned i = 0; i < bytes; i++) {
		request[i] = next(in);
	}
	for (unsigned i = 0; i < count; i++) {
		uint8_t place = next(in);
		uint64_t gpa = place & 2 ? fake_scsi_request_gpa(place / 4 % SLOTS)
					 : fake_scsi_response_gpa(place / 4 % SLOTS);

		buffers[i] = (struct fake_buffer){ gpa, next(in), place & 1 };
	}
	(void)fake_ring_add(rings[ring], buffers, count);
}

static void write_config(struct input *in)
{
	unsigned offset = next(in) % (scsi.device->config_size / 4) * 4;

	store_le32(scsi.device->config + offset, (uint32_t)(next(in) << 8) | next(in));
	scsi.device->type->on_config_write(scsi.device, offset, 4);
}

static void act_as_host(struct input *in)
{
	struct fake_unit *fake = &units[next(in) % 2];

	switch (next(in) % 6) {
	case 0:
		scsi_bus_detach(&fake->unit);
		break;
	case 1:
		attach((unsigned)(fake - units));
		break;
	case 2:
		fake->keeps_cancelled = !fake->keeps_cancelled;
		break;
	case 3:
		fake_unit_release(fake);
		break;
	case 4:
		scsi_unit_changed(&fake->unit, next(in));
		break;
	default:
		scsi_unit_notify(&fake->unit, next(in));
		break;
	}
}

static void act(struct input *in)
{
	switch (next(in) % 8) {
	case 0:
		offer_command(in);
		break;
	case 1:
		offer_chain(in);
		break;
	case 2:
		fake_scsi_offer_task(&scsi, next(in) % SLOTS, next(in) % 9, next(in) % 2,
				     1000u + next(in) % SLOTS);
		break;
	case 3:
		fake_scsi_offer_event(&scsi);
		break;
	case 4:
		write_config(in);
		break;
	case 5:
		act_as_host(in);
		break;
	case 6:
		virtio_scsi_type.quiesce(scsi.state);
		virtio_scsi_type.resume(scsi.state);
		break;
	default:
		fake_scsi_ring(&scsi, next(in) % 3);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!scsi.state) {
		make_device();
	}
	attach(0);
	attach(1);
	fake_scsi_start(&scsi, UINT64_C(0xffffffff00000000) | next(&in));
	for (unsigned i = 0; i < ACTIONS_MAX && in.size > 0; i++) {
		act(&in);
	}
	virtio_scsi_type.resume(scsi.state);
	virtio_scsi_type.quiesce(scsi.state);
	virtio_scsi_type.reset(scsi.state);
	return 0;
}
