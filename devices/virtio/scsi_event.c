/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "vmm/base/bytes.h"

/* Events (virtio 1.2 §5.6.6.3). One without a buffer is lost; the next one says so. */

#define SLICES_MAX 16

static bool put_event(struct virtio_scsi *s, const struct virtio_scsi_event *event)
{
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };

	if (!virtio_pop(&s->device, SCSI_QUEUE_EVENT, &chain)) {
		return false;
	}
	if (iov_write(iov + chain.readable_count, chain.writable_count, 0, event, sizeof(*event)) <
	    sizeof(*event)) {
		virtio_fail(&s->device, "a buffer for events of %zu bytes", chain.writable_bytes);
		return false;
	}
	virtqueue_push(&s->device.queues[SCSI_QUEUE_EVENT], chain.head, sizeof(*event));
	virtio_signal(&s->device, SCSI_QUEUE_EVENT);
	s->counters.events++;
	return true;
}

static void send(struct virtio_scsi *s, struct virtio_scsi_event *event)
{
	if (s->event_missed) {
		event->event |= VIRTIO_SCSI_T_EVENTS_MISSED;
	}
	if (put_event(s, event)) {
		s->event_missed = false;
	} else {
		s->event_missed = true;
		s->counters.events_missed++;
	}
}

/* Not for drives of the MMC, which have notices for that (§5.6.6.3). */
static bool may_tell_change(const struct virtio_scsi *s, const struct scsi_unit *unit)
{
	return virtio_has_feature(&s->device, VIRTIO_SCSI_F_CHANGE) && unit &&
	       unit->type != SCSI_TYPE_OPTICAL;
}

/* Fills event and reason; false: nothing for this driver. `unit` is NULL when it is gone. */
static bool translate(const struct virtio_scsi *s, const struct scsi_unit *unit,
		      enum scsi_event kind, uint32_t value, struct virtio_scsi_event *event)
{
	switch (kind) {
	case SCSI_EVENT_APPEARED:
		event->event = VIRTIO_SCSI_T_TRANSPORT_RESET;
		event->reason = VIRTIO_SCSI_EVT_RESET_RESCAN;
		return virtio_has_feature(&s->device, VIRTIO_SCSI_F_HOTPLUG);
	case SCSI_EVENT_REMOVED:
		event->event = VIRTIO_SCSI_T_TRANSPORT_RESET;
		event->reason = VIRTIO_SCSI_EVT_RESET_REMOVED;
		return virtio_has_feature(&s->device, VIRTIO_SCSI_F_HOTPLUG);
	case SCSI_EVENT_PARAMETERS:
		event->event = VIRTIO_SCSI_T_PARAM_CHANGE;
		/* The code in the lower, its qualifier in the upper byte. */
		event->reason = __builtin_bswap16((uint16_t)value);
		return may_tell_change(s, unit);
	case SCSI_EVENT_NOTICE:
		event->event = VIRTIO_SCSI_T_ASYNC_NOTIFY;
		event->reason = value;
		return true;
	}
	return false;
}

void scsi_event_send(void *scsi, uint8_t target, uint16_t lun, enum scsi_event kind, uint32_t value)
{
	struct virtio_scsi *s = scsi;
	struct virtio_scsi_event event = { .lun = { 1, target } };
	uint8_t bytes[8];

	scsi_lun_encode(lun, bytes);
	memcpy(event.lun + 2, bytes, sizeof(event.lun) - 2);
	if (scsi_is_live(s, SCSI_QUEUE_EVENT) &&
	    translate(s, scsi_bus_find(&s->bus, target, bytes), kind, value, &event)) {
		send(s, &event);
	}
}

void scsi_event_run(struct virtio_scsi *s)
{
	struct virtio_scsi_event none = { .event = VIRTIO_SCSI_T_NO_EVENT |
						   VIRTIO_SCSI_T_EVENTS_MISSED };

	if (s->event_missed && put_event(s, &none)) {
		s->event_missed = false;
	}
}
