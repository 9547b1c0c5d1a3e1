/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_scsi.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA	0x10000u
#define REQUESTS_GPA	0x100000u
#define RESPONSES_GPA	0x200000u
#define DATA_GPA	0x300000u
#define EVENTS_GPA	0x500000u
#define SLOT_BYTES	0x400u
#define RESPONSE_SPOILT 0xee

_Static_assert(sizeof(struct virtio_scsi_cmd_resp) == 12 + FAKE_SCSI_SENSE, "default sense_size");

static void *at(struct fake_scsi *scsi, uint64_t gpa)
{
	void *p = guest_mem_slice(scsi->mem, gpa, SLOT_BYTES);

	assert(p);
	return p;
}

uint64_t fake_scsi_request_gpa(unsigned slot)
{
	return REQUESTS_GPA + slot * SLOT_BYTES;
}

uint64_t fake_scsi_response_gpa(unsigned slot)
{
	return RESPONSES_GPA + slot * SLOT_BYTES;
}

uint64_t fake_scsi_data_gpa(unsigned slot)
{
	return DATA_GPA + slot * FAKE_SCSI_DATA_BYTES;
}

struct virtio_scsi_cmd_req *fake_scsi_request(struct fake_scsi *scsi, unsigned slot)
{
	return at(scsi, fake_scsi_request_gpa(slot));
}

struct virtio_scsi_cmd_resp *fake_scsi_response(struct fake_scsi *scsi, unsigned slot)
{
	return at(scsi, fake_scsi_response_gpa(slot));
}

uint8_t *fake_scsi_data(struct fake_scsi *scsi, unsigned slot)
{
	return at(scsi, fake_scsi_data_gpa(slot));
}

void fake_scsi_set_up(struct fake_scsi *scsi)
{
	const struct device_type *type = &virtio_scsi_type;
	const char *text = "queues=1";
	void *options = calloc(1, type->options_size);
	struct device_env env = { .id = "scsi0", .cpu_count = 1 };

	*scsi = (struct fake_scsi){ .state = calloc(1, type->state_size) };
	if (!scsi->state || !options || options_parse(&type->options, text, options, NULL) < 0 ||
	    guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &scsi->mem, NULL) < 0 ||
	    loop_create("scsi", &scsi->loop) < 0) {
		abort();
	}
	env.mem = scsi->mem;
	env.loop = scsi->loop;
	if (type->init(scsi->state, &env, options, NULL) < 0) {
		abort();
	}
	options_finish(&type->options, options);
	free(options);
	scsi->device = fake_transport.device;
	log_set_level(LOG_LEVEL_ERROR);
}

void fake_scsi_start(struct fake_scsi *scsi, uint64_t features)
{
	struct fake_ring rings[3];

	for (unsigned i = 0; i < ARRAY_SIZE(rings); i++) {
		fake_ring_init(&rings[i], scsi->mem, RINGS_GPA + i * FAKE_RING_BYTES,
			       FAKE_SCSI_RING_SIZE);
	}
	scsi->control = rings[SCSI_QUEUE_CONTROL];
	scsi->events = rings[SCSI_QUEUE_EVENT];
	scsi->requests = rings[SCSI_QUEUE_REQUEST];
	fake_transport_start(scsi->mem, features, rings);
}

void fake_scsi_tear_down(struct fake_scsi *scsi)
{
	virtio_scsi_type.finish(scsi->state);
	free(scsi->state);
	guest_mem_destroy(scsi->mem);
	loop_destroy(scsi->loop);
}

void fake_scsi_offer(struct fake_scsi *scsi, unsigned slot, uint16_t lun, const uint8_t *cdb,
		     uint32_t in, uint32_t out)
{
	struct virtio_scsi_cmd_req *request = fake_scsi_request(scsi, slot);
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(slot), sizeof(*request), false },
		{ fake_scsi_data_gpa(slot), out, false },
		{ fake_scsi_response_gpa(slot), sizeof(struct virtio_scsi_cmd_resp), true },
		{ fake_scsi_data_gpa(slot), in, true },
	};

	/* As Linux does: flat addressing whatever the LUN. */
	*request = (struct virtio_scsi_cmd_req){
		.lun = { 1, 0, (uint8_t)(0x40 | lun >> 8), (uint8_t)lun }, .tag = 1000 + slot
	};
	memcpy(request->cdb, cdb, scsi_cdb_bytes(cdb[0]) ?: 6);
	memset(fake_scsi_response(scsi, slot), RESPONSE_SPOILT,
	       sizeof(struct virtio_scsi_cmd_resp));
	(void)fake_ring_add(&scsi->requests, buffers, ARRAY_SIZE(buffers));
}

void fake_scsi_ring(struct fake_scsi *scsi, unsigned queue)
{
	scsi->device->type->on_notify(scsi->device, queue);
}

const struct virtio_scsi_cmd_resp *fake_scsi_run(struct fake_scsi *scsi, const uint8_t *cdb,
						 uint32_t in, uint32_t out)
{
	fake_scsi_offer(scsi, 0, 0, cdb, in, out);
	fake_scsi_ring(scsi, SCSI_QUEUE_REQUEST);
	return fake_scsi_response(scsi, 0);
}

void fake_scsi_offer_task(struct fake_scsi *scsi, unsigned slot, uint32_t kind, uint16_t lun,
			  uint64_t tag)
{
	struct virtio_scsi_ctrl_tmf_req *request = at(scsi, fake_scsi_request_gpa(slot));
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(slot), sizeof(*request), false },
		{ fake_scsi_response_gpa(slot), 1, true },
	};

	*request = (struct virtio_scsi_ctrl_tmf_req){
		.type = VIRTIO_SCSI_T_TMF,
		.subtype = kind,
		.lun = { 1, 0, (uint8_t)(0x40 | lun >> 8), (uint8_t)lun },
		.tag = tag,
	};
	*(uint8_t *)at(scsi, fake_scsi_response_gpa(slot)) = RESPONSE_SPOILT;
	(void)fake_ring_add(&scsi->control, buffers, ARRAY_SIZE(buffers));
}

uint8_t fake_scsi_task_response(struct fake_scsi *scsi, unsigned slot)
{
	return *(uint8_t *)at(scsi, fake_scsi_response_gpa(slot));
}

void fake_scsi_offer_event(struct fake_scsi *scsi)
{
	const struct fake_buffer buffer = { EVENTS_GPA, sizeof(struct virtio_scsi_event), true };

	(void)fake_ring_add(&scsi->events, &buffer, 1);
}

bool fake_scsi_take_event(struct fake_scsi *scsi, struct virtio_scsi_event *event)
{
	uint32_t head;
	uint32_t written;

	if (!fake_ring_take(&scsi->events, &head, &written)) {
		return false;
	}
	assert(written == sizeof(*event));
	memcpy(event, at(scsi, EVENTS_GPA), sizeof(*event));
	return true;
}
