/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* The control queue (virtio 1.2 §5.6.6.2): task management, and what units tell unasked. */

_Static_assert(sizeof(struct virtio_scsi_ctrl_tmf_req) == 24, "virtio 1.2 §5.6.6.2");
_Static_assert(sizeof(struct virtio_scsi_ctrl_an_req) == 16, "virtio 1.2 §5.6.6.2");
_Static_assert(sizeof(struct virtio_scsi_ctrl_an_resp) == 5, "virtio 1.2 §5.6.6.2");

void scsi_control_init(struct virtio_scsi *s)
{
	for (unsigned i = 0; i < SCSI_CONTROL_MAX; i++) {
		s->controls[i].scsi = s;
		s->controls[i].next_free = s->free_control;
		s->free_control = &s->controls[i];
	}
}

static void put_control(struct scsi_control *c)
{
	c->next_free = c->scsi->free_control;
	c->scsi->free_control = c;
}

static void respond(struct scsi_control *c, const void *response, size_t bytes)
{
	struct virtio_scsi *s = c->scsi;

	(void)iov_write(c->iov + c->chain.readable_count, c->chain.writable_count, 0, response,
			bytes);
	virtqueue_push(&s->device.queues[SCSI_QUEUE_CONTROL], c->chain.head, (uint32_t)bytes);
	s->control_unsignalled = true;
	put_control(c);
}

void scsi_control_signal(struct virtio_scsi *s)
{
	if (s->control_unsignalled) {
		s->control_unsignalled = false;
		virtio_signal(&s->device, SCSI_QUEUE_CONTROL);
	}
}

/* Copies a request and sees that the response has room; false: the device has failed. */
static bool read_request(struct scsi_control *c, void *request, size_t bytes, size_t response_bytes)
{
	if (iov_read(c->iov, c->chain.readable_count, 0, request, bytes) < bytes ||
	    c->chain.writable_bytes < response_bytes) {
		put_control(c);
		virtio_fail(&c->scsi->device, "control request of %zu and %zu bytes",
			    c->chain.readable_bytes, c->chain.writable_bytes);
		return false;
	}
	return true;
}

/* --- task management --- */

static void on_task_done(struct scsi_task *task, enum scsi_task_result result)
{
	static const uint8_t RESPONSES[] = {
		[SCSI_FUNCTION_COMPLETE] = VIRTIO_SCSI_S_OK,
		[SCSI_FUNCTION_SUCCEEDED] = VIRTIO_SCSI_S_FUNCTION_SUCCEEDED,
		[SCSI_FUNCTION_REJECTED] = VIRTIO_SCSI_S_FUNCTION_REJECTED,
		[SCSI_FUNCTION_NO_TARGET] = VIRTIO_SCSI_S_BAD_TARGET,
		[SCSI_FUNCTION_BAD_LUN] = VIRTIO_SCSI_S_INCORRECT_LUN,
	};
	struct scsi_control *c = container_of(task, struct scsi_control, task);

	respond(c, &RESPONSES[result], sizeof(RESPONSES[0]));
}

static const enum scsi_task_kind TASK_KINDS[] = {
	[VIRTIO_SCSI_T_TMF_ABORT_TASK] = SCSI_ABORT_TASK,
	[VIRTIO_SCSI_T_TMF_ABORT_TASK_SET] = SCSI_ABORT_TASK_SET,
	[VIRTIO_SCSI_T_TMF_CLEAR_ACA] = SCSI_CLEAR_ACA,
	[VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET] = SCSI_CLEAR_TASK_SET,
	[VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET] = SCSI_NEXUS_RESET,
	[VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET] = SCSI_UNIT_RESET,
	[VIRTIO_SCSI_T_TMF_QUERY_TASK] = SCSI_QUERY_TASK,
	[VIRTIO_SCSI_T_TMF_QUERY_TASK_SET] = SCSI_QUERY_TASK_SET,
};

static void manage_tasks(struct scsi_control *c)
{
	struct virtio_scsi *s = c->scsi;
	struct virtio_scsi_ctrl_tmf_req request;

	if (!read_request(c, &request, sizeof(request), sizeof(struct virtio_scsi_ctrl_tmf_resp))) {
		return;
	}
	s->counters.tasks++;
	/* The driver may have queued the command in question and not have been heard yet. */
	for (unsigned i = 0; i < s->queue_count; i++) {
		scsi_queue_run_all(&s->queues[i]);
	}
	c->task = (struct scsi_task){ .tag = request.tag, .done = on_task_done };
	if (request.subtype >= ARRAY_SIZE(TASK_KINDS)) {
		on_task_done(&c->task, SCSI_FUNCTION_REJECTED);
		return;
	}
	c->task.kind = TASK_KINDS[request.subtype];
	if (scsi_address_decode(request.lun, &c->task.target, c->task.lun)) {
		scsi_bus_manage(&s->bus, &c->task);
	} else {
		on_task_done(&c->task, SCSI_FUNCTION_NO_TARGET);
	}
}

/* --- asynchronous notification --- */

static void arrange_notices(struct scsi_control *c, bool subscribes)
{
	struct virtio_scsi *s = c->scsi;
	struct virtio_scsi_ctrl_an_req request;
	struct virtio_scsi_ctrl_an_resp response = { .response = VIRTIO_SCSI_S_OK };
	struct scsi_unit *unit = NULL;
	uint8_t target = 0;
	uint8_t lun[8];

	if (!read_request(c, &request, sizeof(request), sizeof(response))) {
		return;
	}
	if (!scsi_address_decode(request.lun, &target, lun) ||
	    !scsi_bus_has_target(&s->bus, target)) {
		response.response = VIRTIO_SCSI_S_BAD_TARGET;
	} else {
		unit = scsi_bus_find(&s->bus, target, lun);
		response.response = unit ? VIRTIO_SCSI_S_OK : VIRTIO_SCSI_S_INCORRECT_LUN;
	}
	if (unit) {
		response.event_actual = subscribes
						? scsi_bus_subscribe(unit, request.event_requested)
						: request.event_requested & unit->notices;
	}
	respond(c, &response, sizeof(response));
}

/* --- the queue --- */

static void start(struct scsi_control *c)
{
	uint32_t type;

	if (!read_request(c, &type, sizeof(type), 1)) {
		return;
	}
	switch (type) {
	case VIRTIO_SCSI_T_TMF:
		manage_tasks(c);
		break;
	case VIRTIO_SCSI_T_AN_QUERY:
		arrange_notices(c, false);
		break;
	case VIRTIO_SCSI_T_AN_SUBSCRIBE:
		arrange_notices(c, true);
		break;
	default:
		/* Where its response would be is not known. */
		put_control(c);
		virtio_fail(&c->scsi->device, "control request of type %u", type);
		break;
	}
}

static bool take_control(struct virtio_scsi *s)
{
	struct scsi_control *c = s->free_control;

	s->control_stalled = !c;
	if (!c) {
		return false;
	}
	c->chain = (struct virtqueue_chain){ .iov = c->iov, .iov_capacity = ARRAY_SIZE(c->iov) };
	if (!virtio_pop(&s->device, SCSI_QUEUE_CONTROL, &c->chain)) {
		return false;
	}
	s->free_control = c->next_free;
	start(c);
	return true;
}

void scsi_control_run(struct virtio_scsi *s)
{
	while (take_control(s)) {
	}
}
