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

#include "devices/virtio/scsi_state.h"
#include "tests/unit/devices/virtio/fake_scsi.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/compiler.h"

/* --- a controller with one unit at 0:0, whose first attention has been told --- */

static struct fake_scsi scsi;
static struct fake_unit cd;

static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };
static const uint8_t HOLD[12] = { FAKE_HOLD };

#define ALL_FEATURES  UINT64_MAX
#define OFFER(slot)   fake_scsi_offer(&scsi, (slot), 0, HOLD, 0, 0)
#define WITHOUT(name) (ALL_FEATURES & ~(UINT64_C(1) << VIRTIO_SCSI_F_##name))

static void set_up(void)
{
	fake_scsi_set_up(&scsi);
	fake_unit_init(&cd, "cd0");
	cr_assert(eq(int, scsi_bus_attach(virtio_scsi_bus(scsi.state), &cd.unit, 0, 0, NULL), 0));
	fake_scsi_start(&scsi, ALL_FEATURES);
	cr_assert(eq(u8, fake_scsi_run(&scsi, READY, 0, 0)->status, SCSI_CHECK_CONDITION));
}

static void tear_down(void)
{
	scsi_bus_detach(&cd.unit);
	fake_scsi_tear_down(&scsi);
}

TestSuite(virtio_scsi_control, .init = set_up, .fini = tear_down, .timeout = 20);

static bool is_pending(unsigned slot)
{
	return fake_scsi_response(&scsi, slot)->response == 0xee;
}

/* --- task management --- */

static uint8_t run_task(uint32_t kind, uint16_t lun, uint64_t tag)
{
	fake_scsi_offer_task(&scsi, 79, kind, lun, tag);
	fake_scsi_ring(&scsi, SCSI_QUEUE_CONTROL);
	return fake_scsi_task_response(&scsi, 79);
}

Test(virtio_scsi_control, abort_ends_the_command_it_names)
{
	OFFER(0);
	OFFER(1);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 0, 1001), VIRTIO_SCSI_S_OK));
	cr_assert(is_pending(0));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 1)->response, VIRTIO_SCSI_S_ABORTED));
	cr_assert(eq(u64, virtio_scsi_counters(scsi.state)->tasks, 1));
}

/* The driver's command and its abort may be heard in the wrong order. */
Test(virtio_scsi_control, abort_finds_a_command_not_yet_taken)
{
	OFFER(0);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 0, 1000), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->response, VIRTIO_SCSI_S_ABORTED));
}

Test(virtio_scsi_control, abort_waits_for_a_command_that_cannot_stop)
{
	cd.keeps_cancelled = true;
	OFFER(0);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_ABORT_TASK_SET, 0, 0), 0xee));
	fake_unit_release(&cd);
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->response, VIRTIO_SCSI_S_ABORTED));
	cr_assert(eq(u8, fake_scsi_task_response(&scsi, 79), VIRTIO_SCSI_S_OK));
}

/* More functions wait than the controller has room for. */
Test(virtio_scsi_control, many_waiting_functions_all_end)
{
	cd.keeps_cancelled = true;
	OFFER(0);
	for (unsigned i = 1; i <= SCSI_CONTROL_MAX + 4; i++) {
		fake_scsi_offer_task(&scsi, i, VIRTIO_SCSI_T_TMF_ABORT_TASK, 0, 1000);
	}
	fake_scsi_ring(&scsi, SCSI_QUEUE_CONTROL);
	cr_assert(eq(u8, fake_scsi_task_response(&scsi, 1), 0xee));
	fake_unit_release(&cd);
	for (unsigned i = 1; i <= SCSI_CONTROL_MAX + 4; i++) {
		cr_assert(eq(u8, fake_scsi_task_response(&scsi, i), VIRTIO_SCSI_S_OK));
	}
}

Test(virtio_scsi_control, unit_reset_ends_all_and_is_told)
{
	OFFER(0);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, 0, 0), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->response, VIRTIO_SCSI_S_RESET));
	cr_assert(eq(uint, cd.resets, 1));
	cr_assert(eq(u8, fake_scsi_run(&scsi, READY, 0, 0)->status, SCSI_CHECK_CONDITION));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->sense[12], 0x29));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->sense[13], 0x03));
}

Test(virtio_scsi_control, nexus_reset_needs_no_lun)
{
	OFFER(0);
	fake_scsi_ring(&scsi, SCSI_QUEUE_REQUEST);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET, 99, 0), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, fake_scsi_response(&scsi, 0)->response, VIRTIO_SCSI_S_RESET));
	cr_assert(zero(uint, cd.resets));
}

Test(virtio_scsi_control, queries_tell_what_is_in_flight)
{
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, 0, 0), VIRTIO_SCSI_S_OK));
	OFFER(0);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_QUERY_TASK, 0, 1000),
		     VIRTIO_SCSI_S_FUNCTION_SUCCEEDED));
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_QUERY_TASK, 0, 1001), VIRTIO_SCSI_S_OK));
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, 0, 0),
		     VIRTIO_SCSI_S_FUNCTION_SUCCEEDED));
}

Test(virtio_scsi_control, functions_for_nobody_are_refused)
{
	cr_assert(
		eq(u8, run_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 3, 0), VIRTIO_SCSI_S_INCORRECT_LUN));
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_CLEAR_ACA, 0, 0),
		     VIRTIO_SCSI_S_FUNCTION_REJECTED));
	cr_assert(eq(u8, run_task(77, 0, 0), VIRTIO_SCSI_S_FUNCTION_REJECTED));
	scsi_bus_detach(&cd.unit);
	cr_assert(eq(u8, run_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 0, 0), VIRTIO_SCSI_S_BAD_TARGET));
}

static void offer_control(uint32_t type, uint32_t readable, uint32_t writable)
{
	const struct fake_buffer buffers[] = {
		{ fake_scsi_request_gpa(1), readable, false },
		{ fake_scsi_response_gpa(1), writable, true },
	};
	struct virtio_scsi_ctrl_an_req *request = (void *)fake_scsi_request(&scsi, 1);

	*request = (struct virtio_scsi_ctrl_an_req){
		.type = type,
		.lun = { 1 },
		.event_requested = SCSI_NOTICE_MEDIA | SCSI_NOTICE_POWER,
	};
	(void)fake_ring_add(&scsi.control, buffers, ARRAY_SIZE(buffers));
	fake_scsi_ring(&scsi, SCSI_QUEUE_CONTROL);
}

Test(virtio_scsi_control, short_control_requests_fail_the_device)
{
	static const uint32_t SIZES[][3] = {
		{ VIRTIO_SCSI_T_TMF, 23, 1 },	   { VIRTIO_SCSI_T_TMF, 24, 0 },
		{ VIRTIO_SCSI_T_AN_QUERY, 15, 5 }, { VIRTIO_SCSI_T_AN_QUERY, 16, 4 },
		{ VIRTIO_SCSI_T_TMF, 3, 1 },	   { 3, 24, 1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(SIZES); i++) {
		offer_control(SIZES[i][0], SIZES[i][1], SIZES[i][2]);
		cr_assert(eq(uint, fake_transport.failures, 1));
		virtio_scsi_type.reset(scsi.state);
		fake_transport.failures = 0;
		fake_scsi_start(&scsi, ALL_FEATURES);
	}
}

/* --- events --- */

static struct virtio_scsi_event take_event(void)
{
	struct virtio_scsi_event event = { 0 };

	cr_assert(fake_scsi_take_event(&scsi, &event));
	return event;
}

Test(virtio_scsi_control, subscribed_notices_arrive)
{
	const struct virtio_scsi_ctrl_an_resp *response = (void *)fake_scsi_response(&scsi, 1);
	struct virtio_scsi_event event;

	fake_scsi_offer_event(&scsi);
	scsi_unit_notify(&cd.unit, SCSI_NOTICE_MEDIA);
	cr_assert(not(fake_scsi_take_event(&scsi, &event)));
	offer_control(VIRTIO_SCSI_T_AN_QUERY, 16, 5);
	cr_assert(eq(u32, response->event_actual, SCSI_NOTICE_MEDIA));
	scsi_unit_notify(&cd.unit, SCSI_NOTICE_MEDIA);
	cr_assert(not(fake_scsi_take_event(&scsi, &event)));
	offer_control(VIRTIO_SCSI_T_AN_SUBSCRIBE, 16, 5);
	cr_assert(eq(u8, response->response, VIRTIO_SCSI_S_OK));
	cr_assert(eq(u32, response->event_actual, SCSI_NOTICE_MEDIA));
	scsi_unit_notify(&cd.unit, SCSI_NOTICE_MEDIA);
	event = take_event();
	cr_assert(eq(u32, event.event, VIRTIO_SCSI_T_ASYNC_NOTIFY));
	cr_assert(eq(u32, event.reason, 16)); /* MEDIA_CHANGE */
	cr_assert(eq(u8, event.lun[0], 1));
}

Test(virtio_scsi_control, units_come_and_go)
{
	static struct fake_unit other;
	struct virtio_scsi_event event;

	fake_unit_init(&other, "cd1");
	fake_scsi_offer_event(&scsi);
	cr_assert(
		eq(int, scsi_bus_attach(virtio_scsi_bus(scsi.state), &other.unit, 0, 3, NULL), 0));
	event = take_event();
	cr_assert(eq(u32, event.event, VIRTIO_SCSI_T_TRANSPORT_RESET));
	cr_assert(eq(u32, event.reason, VIRTIO_SCSI_EVT_RESET_RESCAN));
	/* Linux reads it as a plain number. */
	cr_assert(eq(u8, event.lun[2], 0));
	cr_assert(eq(u8, event.lun[3], 3));
	fake_scsi_offer_event(&scsi);
	scsi_bus_detach(&other.unit);
	event = take_event();
	cr_assert(eq(u32, event.reason, VIRTIO_SCSI_EVT_RESET_REMOVED));
	cr_assert(eq(u64, virtio_scsi_counters(scsi.state)->events, 2));
}

Test(virtio_scsi_control, driver_without_hotplug_hears_nothing)
{
	struct virtio_scsi_event event;

	virtio_scsi_type.reset(scsi.state);
	fake_scsi_start(&scsi, WITHOUT(HOTPLUG));
	fake_scsi_offer_event(&scsi);
	scsi_bus_detach(&cd.unit);
	cr_assert(not(fake_scsi_take_event(&scsi, &event)));
}

/* virtio 1.2 §5.6.6.3: never for the optical drives. */
Test(virtio_scsi_control, changes_of_disks_arrive)
{
	struct virtio_scsi_event event;

	fake_scsi_offer_event(&scsi);
	scsi_unit_changed(&cd.unit, SCSI_CODE_CAPACITY_CHANGED);
	cr_assert(not(fake_scsi_take_event(&scsi, &event)));
	cd.unit.type = SCSI_TYPE_DISK;
	scsi_unit_changed(&cd.unit, SCSI_CODE_CAPACITY_CHANGED);
	event = take_event();
	cr_assert(eq(u32, event.event, VIRTIO_SCSI_T_PARAM_CHANGE));
	cr_assert(eq(u32, event.reason, 0x092a));
}

Test(virtio_scsi_control, missed_events_are_admitted)
{
	struct virtio_scsi_event event;

	scsi_bus_detach(&cd.unit);
	cr_assert(eq(u64, virtio_scsi_counters(scsi.state)->events_missed, 1));
	fake_scsi_offer_event(&scsi);
	fake_scsi_ring(&scsi, SCSI_QUEUE_EVENT);
	event = take_event();
	cr_assert(eq(u32, event.event, VIRTIO_SCSI_T_NO_EVENT | VIRTIO_SCSI_T_EVENTS_MISSED));
	fake_scsi_offer_event(&scsi);
	fake_scsi_ring(&scsi, SCSI_QUEUE_EVENT);
	cr_assert(not(fake_scsi_take_event(&scsi, &event)));
}

Test(virtio_scsi_control, short_event_buffer_fails_the_device)
{
	const struct fake_buffer buffer = { fake_scsi_data_gpa(0), 15, true };

	(void)fake_ring_add(&scsi.events, &buffer, 1);
	scsi_bus_detach(&cd.unit);
	cr_assert(eq(uint, fake_transport.failures, 1));
}
