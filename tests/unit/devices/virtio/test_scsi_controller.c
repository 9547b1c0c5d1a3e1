/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/scsi.c devices/virtio/scsi_queue.c devices/virtio/scsi_control.c
 *       devices/virtio/scsi_event.c devices/virtio/virtqueue.c
 *       devices/scsi/sense.c devices/scsi/command.c devices/scsi/unit.c devices/scsi/bus.c
 *       devices/scsi/target.c devices/scsi/inquiry.c devices/scsi/task.c
 *       vmm/mem/ vmm/kvm/ tests/unit/devices/scsi/fake_unit.c
 *       tests/unit/devices/virtio/fake_scsi.c tests/unit/devices/virtio/fake_ring.c
 *       tests/unit/devices/virtio/fake_transport.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "tests/unit/devices/virtio/fake_scsi.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* --- a controller with one unit at 0:0, whose first attention has been told --- */

static struct fake_scsi scsi;
static struct fake_unit cd;

static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };
static const uint8_t FILL[10] = { FAKE_FILL };
static const uint8_t TAKE[6] = { FAKE_TAKE, 0, 0, 0, 200 };
static const uint8_t HOLD[12] = { FAKE_HOLD };
static const uint8_t INQUIRY[6] = { SCSI_INQUIRY, 0, 0, 0, 96 };
static const uint8_t LUNS[12] = { SCSI_REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 1, 0 };

#define ALL_FEATURES	    UINT64_MAX
#define RUN(cdb, in, out)   fake_scsi_run(&scsi, (cdb), (in), (out))
#define OFFER(slot, cdb)    fake_scsi_offer(&scsi, (slot), 0, (cdb), 0, 0)
#define CONFIG_OFFSET(name) offsetof(struct virtio_scsi_config, name)

static struct scsi_bus *bus(void)
{
	return virtio_scsi_bus(scsi.state);
}

static void set_up(void)
{
	fake_scsi_set_up(&scsi);
	fake_unit_init(&cd, "cd0");
	cr_assert(eq(int, scsi_bus_attach(bus(), &cd.unit, 0, 0, NULL), 0));
	fake_scsi_start(&scsi, ALL_FEATURES);
	cr_assert(eq(u8, RUN(READY, 0, 0)->status, SCSI_CHECK_CONDITION));
}

static void tear_down(void)
{
	scsi_bus_detach(&cd.unit);
	fake_scsi_tear_down(&scsi);
}

TestSuite(virtio_scsi, .init = set_up, .fini = tear_down, .timeout = 20);

static uint32_t take_used(struct fake_ring *ring)
{
	uint32_t head = 0;
	uint32_t written = 0;

	cr_assert(fake_ring_take(ring, &head, &written));
	return written;
}

static bool is_pending(unsigned slot)
{
	return fake_scsi_response(&scsi, slot)->response == 0xee;
}

/* --- configuration --- */

Test(virtio_scsi, config_says_what_the_standard_wants)
{
	const struct virtio_scsi_config *config = (const void *)scsi.device->config;

	cr_assert(eq(u32, config->num_queues, 1));
	cr_assert(eq(u32, config->seg_max, SCSI_SEGMENTS_MAX));
	cr_assert(eq(u32, config->sense_size, 96));
	cr_assert(eq(u32, config->cdb_size, 32));
	cr_assert(eq(u32, config->event_info_size, 16));
	cr_assert(eq(u16, config->max_channel, 0));
	cr_assert(eq(uint, scsi.device->queue_count, 3));
	cr_assert(zero(u64, scsi.device->features & (1u << VIRTIO_SCSI_F_T10_PI)));
	cr_assert(zero(u64, scsi.device->features & (1u << VIRTIO_SCSI_F_INOUT)));
}

static void write_config(unsigned offset, uint32_t value)
{
	memcpy(scsi.device->config + offset, &value, sizeof(value));
	scsi.device->type->on_config_write(scsi.device, offset, sizeof(value));
}

static uint32_t read_config(unsigned offset)
{
	return load_le32(scsi.device->config + offset);
}

/* A request of 12 bytes of CDB and 20 of sense data, in the smallest framing that holds them. */
Test(virtio_scsi, driver_chooses_the_sizes)
{
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(1), 19 + 12, false },
		{ fake_scsi_response_gpa(1), 12 + 20, true },
		{ fake_scsi_data_gpa(1), 64, true },
	};
	struct virtio_scsi_cmd_req *request = fake_scsi_request(&scsi, 1);

	write_config(CONFIG_OFFSET(cdb_size), 12);
	write_config(CONFIG_OFFSET(sense_size), 20);
	*request = (struct virtio_scsi_cmd_req){ .lun = { 1 }, .cdb = { FAKE_FILL } };
	memset(request->cdb + 12, 0xff, sizeof(request->cdb) - 12);
	(void)fake_ring_add(&scsi.requests, buffers, ARRAY_SIZE(buffers));
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->response, VIRTIO_SCSI_S_OK));
	cr_assert(zero(u32, fake_scsi_response(&scsi, 1)->resid));
	cr_assert(eq(u8, fake_scsi_data(&scsi, 1)[63], 0x5a));
	cr_assert(eq(u8, fake_scsi_data(&scsi, 1)[64], 0));
}

Test(virtio_scsi, small_sense_size_cuts_sense_data)
{
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(1), sizeof(struct virtio_scsi_cmd_req), false },
		{ fake_scsi_response_gpa(1), 12 + 4, true },
	};

	write_config(CONFIG_OFFSET(sense_size), 4);
	*fake_scsi_request(&scsi, 1) =
		(struct virtio_scsi_cmd_req){ .lun = { 1 }, .cdb = { 0xff } };
	memset(fake_scsi_response(&scsi, 1), 0xee, sizeof(struct virtio_scsi_cmd_resp));
	(void)fake_ring_add(&scsi.requests, buffers, ARRAY_SIZE(buffers));
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->status, SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_scsi_response(&scsi, 1)->sense_len, 4));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->sense[2], SCSI_ILLEGAL_REQUEST));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->sense[4], 0xee));
}

Test(virtio_scsi, reset_restores_the_sizes)
{
	write_config(CONFIG_OFFSET(cdb_size), 16);
	write_config(CONFIG_OFFSET(sense_size), 252);
	virtio_scsi_type.reset(scsi.state);
	cr_assert(eq(u32, read_config(CONFIG_OFFSET(cdb_size)), 32));
	cr_assert(eq(u32, read_config(CONFIG_OFFSET(sense_size)), 96));
	fake_scsi_start(&scsi, ALL_FEATURES);
	cr_assert(eq(u8, RUN(READY, 0, 0)->response, VIRTIO_SCSI_S_OK));
}

Test(virtio_scsi, other_fields_are_not_the_drivers)
{
	write_config(CONFIG_OFFSET(num_queues), 9);
	cr_assert(eq(u32, read_config(CONFIG_OFFSET(num_queues)), 1));
}

Test(virtio_scsi, impossible_sizes_fail_the_device)
{
	write_config(CONFIG_OFFSET(cdb_size), SCSI_CDB_SIZE_MAX + 1);
	cr_assert(eq(uint, fake_transport.failures, 1));
	cr_assert(eq(u32, read_config(CONFIG_OFFSET(cdb_size)), 32));
	write_config(CONFIG_OFFSET(cdb_size), 0);
	cr_assert(eq(uint, fake_transport.failures, 2));
	write_config(CONFIG_OFFSET(sense_size), UINT32_MAX);
	cr_assert(eq(uint, fake_transport.failures, 3));
	cr_assert(eq(u32, read_config(CONFIG_OFFSET(sense_size)), 96));
}

/* --- requests --- */

Test(virtio_scsi, data_come_in_and_are_counted)
{
	const struct virtio_scsi_cmd_resp *response = RUN(FILL, 2048, 0);

	(void)take_used(&scsi.requests); /* of set_up */
	cr_assert(eq(u8, response->response, VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, response->status, SCSI_GOOD));
	cr_assert(zero(u32, response->resid));
	cr_assert(zero(u32, response->sense_len));
	cr_assert(eq(u32, take_used(&scsi.requests), 12 + 96 + 2048));
	cr_assert(eq(u8, fake_scsi_data(&scsi, 0)[2047], 0x5a));
	cr_assert(eq(u8, fake_scsi_data(&scsi, 0)[2048], 0));
}

Test(virtio_scsi, data_go_out_and_the_rest_is_residual)
{
	const struct virtio_scsi_cmd_resp *response;

	memset(fake_scsi_data(&scsi, 0), 'x', 256);
	response = RUN(TAKE, 0, 256);
	cr_assert(eq(u8, response->response, VIRTIO_SCSI_S_OK));
	cr_assert(eq(u32, response->resid, 56));
	cr_assert(eq(u8, cd.taken[199], 'x'));
	cr_assert(eq(u8, cd.taken[200], 0));
}

/* Both headers in pieces, data in the same slices: virtio 1.2 §2.7.4.1 allows any framing. */
Test(virtio_scsi, framing_is_free)
{
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(1), 3, false },
		{ fake_scsi_request_gpa(1) + 3, sizeof(struct virtio_scsi_cmd_req) - 3, false },
		{ fake_scsi_response_gpa(1), 5, true },
		{ fake_scsi_response_gpa(1) + 5, 7 + 40, true },
		{ fake_scsi_response_gpa(1) + 52, 56 + 10, true },
		{ fake_scsi_data_gpa(1), 20, true },
	};
	struct virtio_scsi_cmd_resp *response = fake_scsi_response(&scsi, 1);

	*fake_scsi_request(&scsi, 1) =
		(struct virtio_scsi_cmd_req){ .lun = { 1 }, .cdb = { FAKE_FILL } };
	memset(response, 0xee, sizeof(*response));
	(void)fake_ring_add(&scsi.requests, buffers, ARRAY_SIZE(buffers));
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, response->response, VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, response->sense[95], 0xee));
	cr_assert(eq(u8, *(uint8_t *)(response + 1), 0x5a));
	cr_assert(eq(u8, fake_scsi_data(&scsi, 1)[19], 0x5a));
	cr_assert(eq(u8, fake_scsi_data(&scsi, 1)[20], 0));
}

Test(virtio_scsi, wrong_direction_is_an_overrun)
{
	cr_assert(eq(u8, RUN(INQUIRY, 0, 96)->response, VIRTIO_SCSI_S_OVERRUN));
	cr_assert(eq(u8, RUN(TAKE, 256, 0)->response, VIRTIO_SCSI_S_OVERRUN));
}

Test(virtio_scsi, both_directions_are_a_failure)
{
	const struct virtio_scsi_cmd_resp *response = RUN(FILL, 64, 64);

	cr_assert(eq(u8, response->response, VIRTIO_SCSI_S_FAILURE));
	cr_assert(eq(u32, response->resid, 128));
	cr_assert(eq(uint, cd.executed, 0));
}

static uint8_t response_to(const uint8_t lun[8], const uint8_t *cdb, uint32_t in)
{
	fake_scsi_offer(&scsi, 1, 0, cdb, in, 0);
	memcpy(fake_scsi_request(&scsi, 1)->lun, lun, 8);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	return fake_scsi_response(&scsi, 1)->response;
}

Test(virtio_scsi, addresses_of_nobody)
{
	static const uint8_t BAD_FORM[8] = { 2 }, OTHER[8] = { 1, 5 }, NONE[8] = { 0 };
	static const uint8_t ABSENT[8] = { 1, 0, 0x40, 7 }, TAIL[8] = { 1, 0, 0, 0, 0, 0, 0, 1 };

	cr_assert(eq(u8, response_to(BAD_FORM, READY, 0), VIRTIO_SCSI_S_BAD_TARGET));
	cr_assert(eq(u8, response_to(OTHER, READY, 0), VIRTIO_SCSI_S_BAD_TARGET));
	cr_assert(eq(u8, response_to(NONE, READY, 0), VIRTIO_SCSI_S_BAD_TARGET));
	cr_assert(eq(u8, response_to(ABSENT, READY, 0), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->status, SCSI_CHECK_CONDITION));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->sense[12], 0x25));
	cr_assert(eq(u8, response_to(TAIL, READY, 0), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->status, SCSI_CHECK_CONDITION));
}

/* From the controller itself, and from the target. */
Test(virtio_scsi, units_are_listed)
{
	static const uint8_t ROOT[8] = { 0xc1, 0x01 }, WELL_KNOWN[8] = { 1, 0, 0xc1, 0x01 };
	static const uint8_t ROOT_LUN[8] = { 1, 0, 0, 0 }, LUN[8] = { 0 };
	const uint8_t *list = fake_scsi_data(&scsi, 1);

	cr_assert(eq(u8, response_to(ROOT, LUNS, 256), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u32, load_be32(list), 8));
	cr_assert(zero(int, memcmp(list + 8, ROOT_LUN, 8)));
	cr_assert(eq(u8, response_to(WELL_KNOWN, LUNS, 256), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u32, load_be32(list), 8));
	cr_assert(zero(int, memcmp(list + 8, LUN, 8)));
}

static void offer_short(uint32_t readable, uint32_t writable)
{
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(1), readable, false },
		{ fake_scsi_response_gpa(1), writable, true },
	};

	(void)fake_ring_add(&scsi.requests, buffers, ARRAY_SIZE(buffers));
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
}

Test(virtio_scsi, short_request_fails_the_device)
{
	offer_short(sizeof(struct virtio_scsi_cmd_req) - 1, sizeof(struct virtio_scsi_cmd_resp));
	cr_assert(eq(uint, fake_transport.failures, 1));
}

Test(virtio_scsi, short_response_fails_the_device)
{
	offer_short(sizeof(struct virtio_scsi_cmd_req), sizeof(struct virtio_scsi_cmd_resp) - 1);
	cr_assert(eq(uint, fake_transport.failures, 1));
}

/* The response is written last, over data that lie in the same place; nothing else happens. */
Test(virtio_scsi, overlapping_descriptors_harm_the_driver_alone)
{
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(1), sizeof(struct virtio_scsi_cmd_req), false },
		{ fake_scsi_response_gpa(1), sizeof(struct virtio_scsi_cmd_resp), true },
		{ fake_scsi_request_gpa(1), 64, true },
		{ fake_scsi_response_gpa(1), 64, true },
	};

	*fake_scsi_request(&scsi, 1) =
		(struct virtio_scsi_cmd_req){ .lun = { 1 }, .cdb = { FAKE_FILL } };
	(void)fake_ring_add(&scsi.requests, buffers, ARRAY_SIZE(buffers));
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->response, VIRTIO_SCSI_S_OK));
	cr_assert(zero(u32, fake_scsi_response(&scsi, 1)->resid));
	cr_assert(eq(u8, fake_scsi_request(&scsi, 1)->lun[0], 0x5a));
	cr_assert(eq(uint, fake_transport.failures, 0));
}

Test(virtio_scsi, batch_is_signalled_once)
{
	const unsigned before = fake_transport.signals;

	*fake_ring_used_event(&scsi.requests) = 1; /* tell me of the next one */
	for (unsigned i = 0; i < 8; i++) {
		OFFER(i, READY);
	}
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(uint, fake_transport.signals, before + 1));
	cr_assert(eq(uint, cd.kicks, 2)); /* and one of set_up */
}

Test(virtio_scsi, late_commands_are_signalled_together)
{
	const unsigned before = fake_transport.signals;

	*fake_ring_used_event(&scsi.requests) = 1; /* tell me of the next one */
	OFFER(0, HOLD);
	OFFER(1, HOLD);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(is_pending(1));
	fake_unit_release(&cd);
	cr_assert(not(is_pending(1)));
	cr_assert(eq(uint, fake_transport.signals, before + 1));
}

Test(virtio_scsi, command_too_many_meets_a_full_set)
{
	for (unsigned i = 0; i <= SCSI_COMMANDS_MAX; i++) {
		OFFER(i, HOLD);
	}
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(is_pending(SCSI_COMMANDS_MAX - 1));
	cr_assert(eq(u8, fake_scsi_response(&scsi, SCSI_COMMANDS_MAX)->status, SCSI_TASK_SET_FULL));
}

/* --- pause, reset and removal with commands in flight --- */

Test(virtio_scsi, pause_lets_commands_end)
{
	OFFER(0, HOLD);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	virtio_scsi_type.quiesce(scsi.state);
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->response, VIRTIO_SCSI_S_OK));
	OFFER(1, READY);
	cr_assert(is_pending(1));
	virtio_scsi_type.resume(scsi.state);
	cr_assert(not(is_pending(1)));
}

Test(virtio_scsi, reset_leaves_nothing_in_flight)
{
	cd.keeps_cancelled = true;
	OFFER(0, HOLD);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	fake_scsi_offer_task(&scsi, 1, VIRTIO_SCSI_T_TMF_ABORT_TASK, 0, 1000);
	fake_scsi_ring(&scsi, SCSI_QUEUE_CONTROL);
	virtio_scsi_type.reset(scsi.state);
	cr_assert(zero(uint, cd.held_count));
	cr_assert(eq(uint, cd.resets, 1));
	fake_scsi_start(&scsi, ALL_FEATURES);
	cr_assert(eq(u8, RUN(READY, 0, 0)->status, SCSI_CHECK_CONDITION));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->sense[12], 0x29));
}

Test(virtio_scsi, removed_unit_ends_its_commands)
{
	OFFER(0, HOLD);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	scsi_bus_detach(&cd.unit);
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->response, VIRTIO_SCSI_S_RESET));
}

/* The units may have longer lives than the controller: tear_down detaches this one once more. */
Test(virtio_scsi, finish_lets_units_go)
{
	OFFER(0, HOLD);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	fake_scsi_tear_down(&scsi);
	cr_assert(zero(ptr, cd.unit.bus));
	cr_assert(zero(uint, cd.held_count));
	fake_scsi_set_up(&scsi);
}
