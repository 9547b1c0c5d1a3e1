/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* Requests (virtio 1.2 §5.6.6.1): from the chain to the bus and back. */

#define REQUEST_BYTES  offsetof(struct virtio_scsi_cmd_req, cdb)
#define RESPONSE_BYTES offsetof(struct virtio_scsi_cmd_resp, sense)

_Static_assert(REQUEST_BYTES == 19 && RESPONSE_BYTES == 12, "virtio 1.2 §5.6.6.1");
_Static_assert(sizeof(((struct virtio_scsi_cmd_req *)0)->cdb) == SCSI_CDB_MAX, "copied as one");

int scsi_queue_init(struct scsi_queue *q, unsigned capacity)
{
	return pool_init(&q->requests, capacity, sizeof(struct scsi_request));
}

void scsi_queue_finish(struct scsi_queue *q)
{
	pool_finish(&q->requests);
}

/* --- the end of a request --- */

static void complete(struct scsi_request *r, struct virtio_scsi_cmd_resp *response)
{
	struct scsi_queue *q = r->queue;
	struct iovec *room = r->iov + r->chain.readable_count;
	const bool moved_in = r->command.in.bytes > 0 && r->command.moved > 0;
	uint32_t written = RESPONSE_BYTES + (moved_in ? r->sense_size : response->sense_len);
	unsigned slices = r->response_slices;

	if (r->response_rest.iov_len > 0) {
		room[slices++] = r->response_rest;
	}
	(void)iov_write(room, slices, 0, response, RESPONSE_BYTES);
	(void)iov_write(room, slices, RESPONSE_BYTES, r->command.sense, response->sense_len);
	written += moved_in ? (uint32_t)r->command.moved : 0;
	virtqueue_push(&q->scsi->device.queues[q->index], r->chain.head, written);
	q->unsignalled_bytes += written;
	pool_give_back(&q->requests, r);
}

/* For requests that are no commands. */
static void refuse(struct scsi_request *r, uint8_t code)
{
	struct virtio_scsi_cmd_resp response = { .response = code };

	response.resid = (uint32_t)(r->command.in.bytes + r->command.out.bytes);
	r->command.moved = 0;
	complete(r, &response);
}

static void on_done(struct scsi_command *command)
{
	static const uint8_t RESPONSES[] = {
		[SCSI_DELIVERED] = VIRTIO_SCSI_S_OK,
		[SCSI_OVERRUN] = VIRTIO_SCSI_S_OVERRUN,
		[SCSI_NO_TARGET] = VIRTIO_SCSI_S_BAD_TARGET,
		[SCSI_ABORTED] = VIRTIO_SCSI_S_ABORTED,
		[SCSI_RESET] = VIRTIO_SCSI_S_RESET,
		[SCSI_DISCONNECT] = VIRTIO_SCSI_S_TRANSPORT_FAILURE,
	};
	struct scsi_request *r = container_of(command, struct scsi_request, command);
	struct virtio_scsi_cmd_resp response = { .response = RESPONSES[command->delivery] };

	response.resid = (uint32_t)(command->data_bytes - command->moved);
	if (command->delivery == SCSI_DELIVERED) {
		response.status = command->status;
		response.sense_len = MIN(command->sense_bytes, r->sense_size);
	}
	complete(r, &response);
}

/* --- the start of a request --- */

static void set_data_out(struct scsi_request *r, size_t header)
{
	struct scsi_data *out = &r->command.out;

	out->iov = r->iov;
	out->count = r->chain.readable_count;
	out->bytes = iov_skip(&out->iov, &out->count, header);
}

/* Parts the writable slices into room for the response and room for data. */
static void set_data_in(struct scsi_request *r, size_t header)
{
	struct scsi_data *in = &r->command.in;
	struct iovec *first = r->iov + r->chain.readable_count;

	in->iov = first;
	in->count = r->chain.writable_count;
	in->bytes = iov_skip(&in->iov, &in->count, header);
	r->response_slices = (unsigned)(in->iov - first);
	for (unsigned i = 0; i < r->response_slices; i++) {
		header -= first[i].iov_len;
	}
	r->response_rest = (struct iovec){ .iov_len = header };
	if (header > 0) {
		r->response_rest.iov_base = (char *)in->iov->iov_base - header;
	}
}

static int parse(struct scsi_request *r, struct virtio_scsi_cmd_req *request)
{
	const struct virtio_scsi *s = r->queue->scsi;
	const size_t readable = REQUEST_BYTES + s->cdb_size;
	const size_t writable = RESPONSE_BYTES + s->sense_size;
	const size_t copied = REQUEST_BYTES + MIN(s->cdb_size, SCSI_CDB_MAX);

	if (r->chain.readable_bytes < readable || r->chain.writable_bytes < writable) {
		return -EPROTO;
	}
	*request = (struct virtio_scsi_cmd_req){ 0 };
	(void)iov_read(r->iov, r->chain.readable_count, 0, request, copied);
	r->command = (struct scsi_command){ .tag = request->tag, .done = on_done };
	memcpy(r->command.cdb, request->cdb, SCSI_CDB_MAX);
	r->sense_size = s->sense_size;
	set_data_out(r, readable);
	set_data_in(r, writable);
	return 0;
}

static void start(struct scsi_request *r, const struct virtio_scsi_cmd_req *request)
{
	struct scsi_bus *bus = &r->queue->scsi->bus;
	uint8_t target;
	uint8_t lun[8];

	if (r->command.in.bytes > 0 && r->command.out.bytes > 0) {
		refuse(r, VIRTIO_SCSI_S_FAILURE); /* INOUT is not offered */
	} else if (scsi_address_decode(request->lun, &target, lun)) {
		scsi_bus_execute(bus, target, lun, &r->command);
	} else if (scsi_lun_is_report_luns(request->lun)) {
		scsi_bus_execute_root(bus, &r->command);
	} else {
		refuse(r, VIRTIO_SCSI_S_BAD_TARGET);
	}
}

static bool take_request(struct scsi_queue *q)
{
	struct virtio_device *device = &q->scsi->device;
	struct virtio_scsi_cmd_req request;
	struct scsi_request *r = pool_take(&q->requests);

	q->stalled = !r;
	if (!r) {
		return false;
	}
	r->queue = q;
	r->chain.iov = r->iov;
	r->chain.iov_capacity = ARRAY_SIZE(r->iov);
	if (virtio_pop(device, q->index, &r->chain) != 1) {
		pool_give_back(&q->requests, r);
		return false;
	}
	if (parse(r, &request) < 0) {
		pool_give_back(&q->requests, r);
		virtio_fail(device, "request of %zu and %zu bytes", r->chain.readable_bytes,
			    r->chain.writable_bytes);
		return false;
	}
	q->run_bytes += r->chain.readable_bytes + r->chain.writable_bytes;
	start(r, &request);
	return true;
}

static unsigned run(struct scsi_queue *q, uint64_t bytes_max)
{
	unsigned taken = 0;

	q->run_bytes = 0;
	while (taken < q->requests.capacity && q->run_bytes < bytes_max && take_request(q)) {
		taken++;
		if (q->unsignalled_bytes >= VIRTIO_SIGNAL_BYTES) {
			scsi_queue_signal(q);
		}
	}
	q->unfinished = taken == q->requests.capacity || q->run_bytes >= bytes_max;
	if (taken > 0) {
		scsi_bus_kick(&q->scsi->bus);
		scsi_queue_signal(q);
	}
	return taken;
}

unsigned scsi_queue_run(struct scsi_queue *q)
{
	return run(q, VIRTIO_RUN_BYTES);
}

void scsi_queue_run_all(struct scsi_queue *q)
{
	if (scsi_is_live(q->scsi, q->index)) {
		(void)run(q, UINT64_MAX);
	}
}

void scsi_queue_signal(struct scsi_queue *q)
{
	if (q->unsignalled_bytes > 0) {
		q->unsignalled_bytes = 0;
		virtio_signal(&q->scsi->device, q->index);
	}
}

bool scsi_queue_has_work(const struct scsi_queue *q)
{
	if (!scsi_is_live(q->scsi, q->index) || (q->stalled && pool_is_empty(&q->requests))) {
		return false;
	}
	return q->unfinished || virtio_has_work(&q->scsi->device, q->index);
}
