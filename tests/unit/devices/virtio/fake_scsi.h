/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_SCSI_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_SCSI_H

#include <linux/virtio_scsi.h>

#include "devices/virtio/scsi.h"
#include "tests/unit/devices/scsi/fake_unit.h"
#include "tests/unit/devices/virtio/fake_ring.h"

struct virtio_device;

/*
 * A SCSI controller with one request queue and a driver. Requests and responses have fixed places
 * in guest memory, one slot for each of FAKE_SCSI_SLOTS.
 */
#define FAKE_SCSI_SLOTS	     80u
#define FAKE_SCSI_DATA_BYTES 0x1000u
#define FAKE_SCSI_RING_SIZE  256
#define FAKE_SCSI_SENSE	     96u

struct fake_scsi {
	void *state;
	struct virtio_device *device;
	struct guest_mem *mem;
	struct loop *loop;
	struct fake_ring control, events, requests;
};

void fake_scsi_set_up(struct fake_scsi *scsi);
/* DRIVER_OK with these features, of those offered. */
void fake_scsi_start(struct fake_scsi *scsi, uint64_t features);
void fake_scsi_tear_down(struct fake_scsi *scsi);

/* Places of a slot. */
struct virtio_scsi_cmd_req *fake_scsi_request(struct fake_scsi *scsi, unsigned slot);
struct virtio_scsi_cmd_resp *fake_scsi_response(struct fake_scsi *scsi, unsigned slot);
uint8_t *fake_scsi_data(struct fake_scsi *scsi, unsigned slot);
uint64_t fake_scsi_request_gpa(unsigned slot);
uint64_t fake_scsi_response_gpa(unsigned slot);
uint64_t fake_scsi_data_gpa(unsigned slot);

/* Offers a command for target 0 with tag 1000 + slot; the CDB has as many bytes as
 * its group, 6 where that is open. The response is spoilt before. */
void fake_scsi_offer(struct fake_scsi *scsi, unsigned slot, uint16_t lun, const uint8_t *cdb,
		     uint32_t in, uint32_t out);
/* Rings the doorbell of the queue. */
void fake_scsi_ring(struct fake_scsi *scsi, unsigned queue);
/* Both for LUN 0 in slot 0; returns the response. */
const struct virtio_scsi_cmd_resp *fake_scsi_run(struct fake_scsi *scsi, const uint8_t *cdb,
						 uint32_t in, uint32_t out);

/* Offers a task management function for target 0 without ringing; its response is that of `slot`.
 */
void fake_scsi_offer_task(struct fake_scsi *scsi, unsigned slot, uint32_t kind, uint16_t lun,
			  uint64_t tag);
uint8_t fake_scsi_task_response(struct fake_scsi *scsi, unsigned slot);

/* Gives a buffer for an event; taken back as what the device wrote, false: it has none yet. */
void fake_scsi_offer_event(struct fake_scsi *scsi);
bool fake_scsi_take_event(struct fake_scsi *scsi, struct virtio_scsi_event *event);

#endif
