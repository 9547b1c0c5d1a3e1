/* SPDX-License-Identifier: MIT */
#include "devices/virtio/scsi.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio/scsi_state.h"
#include "vmm/base/compiler.h"

#define QUEUES_DEFAULT 4u /* at most, and no more than the guest has processors */
#define PCI_CLASS_SCSI 0x010000u

#define FEATURE(name) (UINT64_C(1) << VIRTIO_SCSI_F_##name)

_Static_assert(sizeof(struct virtio_scsi_config) == 36, "virtio 1.2 §5.6.4");
_Static_assert(SCSI_QUEUE_REQUEST + SCSI_QUEUES_MAX <= VIRTIO_QUEUES_MAX, "virtio.h");
VIRTIO_DEVICE_IS_FIRST(struct virtio_scsi, device);

struct scsi_options {
	uint64_t queues;
	uint64_t queue_size;
};

static struct virtio_scsi *scsi_of(struct virtio_device *v)
{
	return container_of(v, struct virtio_scsi, device);
}

bool scsi_address_decode(const uint8_t address[8], uint8_t *target, uint8_t lun[8])
{
	if (address[0] != 1) {
		return false;
	}
	*target = address[1];
	memcpy(lun, address + 2, 6);
	memset(lun + 6, 0, 2);
	return true;
}

/* --- queue work --- */

static void run_queue(struct virtio_scsi *s, unsigned index)
{
	(void)scsi_queue_run(&s->queues[index]);
	if (scsi_queue_has_work(&s->queues[index])) {
		loop_post(s->loop, &s->more);
	}
}

/* Queues that had work left, or had been stalled. */
static void run_left_work(void *arg)
{
	struct virtio_scsi *s = arg;

	for (unsigned i = 0; s->poller.loop && i < s->queue_count; i++) {
		if (scsi_queue_has_work(&s->queues[i])) {
			run_queue(s, i);
		}
	}
}

/* What a function has ended is told before the function itself (virtio 1.2 §5.6.6.2). */
static void signal_all(struct virtio_scsi *s)
{
	for (unsigned i = 0; i < s->queue_count; i++) {
		scsi_queue_signal(&s->queues[i]);
	}
	scsi_control_signal(s);
}

static void on_batch(void *owner)
{
	struct virtio_scsi *s = owner;

	if (!s->device.running) {
		return;
	}
	signal_all(s);
	if (!s->poller.loop) {
		return;
	}
	for (unsigned i = 0; i < s->queue_count; i++) {
		if (s->queues[i].stalled) {
			run_queue(s, i);
		}
	}
	if (s->control_stalled) {
		scsi_control_run(s);
		signal_all(s);
	}
}

static bool poll_queues(void *arg)
{
	struct virtio_scsi *s = arg;
	bool found = scsi_bus_poll(&s->bus);

	for (unsigned i = 0; i < s->queue_count; i++) {
		if (scsi_queue_has_work(&s->queues[i])) {
			found |= scsi_queue_run(&s->queues[i]) > 0;
		}
	}
	return found;
}

static bool set_doorbells(struct virtio_scsi *s, bool want)
{
	bool slipped_in = false;

	for (unsigned i = 0; i < s->queue_count; i++) {
		const unsigned queue = s->queues[i].index;

		slipped_in |=
			scsi_is_live(s, queue) && virtio_want_doorbell(&s->device, queue, want);
	}
	return slipped_in;
}

static void on_poll_begin(void *arg)
{
	(void)set_doorbells(arg, false);
}

static bool on_poll_end(void *arg)
{
	return set_doorbells(arg, true);
}

/* --- virtio_type --- */

static void on_start(struct virtio_device *v)
{
	struct virtio_scsi *s = scsi_of(v);

	s->event_missed = false;
}

static void rest(struct virtio_scsi *s)
{
	loop_poller_remove(&s->poller);
	loop_task_cancel(s->loop, &s->more);
}

static void on_drain(struct virtio_device *v)
{
	struct virtio_scsi *s = scsi_of(v);

	rest(s);
	scsi_bus_drain(&s->bus);
	signal_all(s);
}

static void on_stop(struct virtio_device *v)
{
	struct virtio_scsi *s = scsi_of(v);

	rest(s);
	scsi_bus_reset(&s->bus);
}

static void on_reset(struct virtio_device *v)
{
	struct virtio_scsi *s = scsi_of(v);

	s->sense_size = s->config.sense_size;
	s->cdb_size = s->config.cdb_size;
	virtio_config_set(v, 0, &s->config, sizeof(s->config));
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	struct virtio_scsi *s = scsi_of(v);

	if (!s->poller.loop) {
		loop_poller_add(s->loop, &s->poller);
	}
	if (queue == SCSI_QUEUE_CONTROL) {
		scsi_control_run(s);
		signal_all(s);
	} else if (queue == SCSI_QUEUE_EVENT) {
		scsi_event_run(s);
	} else {
		run_queue(s, queue - SCSI_QUEUE_REQUEST);
	}
}

/* Two sizes are the driver's to choose, all else is put back. Where the parts of a request are
 * follows from them, so what cannot be is a fault. */
static void on_config_write(struct virtio_device *v, unsigned offset UNUSED, unsigned size UNUSED)
{
	struct virtio_scsi *s = scsi_of(v);
	struct virtio_scsi_config config = s->config;
	struct virtio_scsi_config wanted;

	memcpy(&wanted, v->config, sizeof(wanted));
	if (wanted.sense_size > SCSI_SENSE_SIZE_MAX || wanted.cdb_size == 0 ||
	    wanted.cdb_size > SCSI_CDB_SIZE_MAX) {
		virtio_fail(v, "CDBs of %u bytes, sense data of %u", wanted.cdb_size,
			    wanted.sense_size);
	} else {
		s->sense_size = wanted.sense_size;
		s->cdb_size = wanted.cdb_size;
	}
	config.sense_size = s->sense_size;
	config.cdb_size = s->cdb_size;
	virtio_config_set(v, 0, &config, sizeof(config));
}

static const struct virtio_type SCSI_VIRTIO_TYPE = {
	.name = "virtio-scsi",
	.device_id = VIRTIO_ID_SCSI,
	.pci_class = PCI_CLASS_SCSI,
	.start = on_start,
	.stop = on_stop,
	.on_reset = on_reset,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
	.drain = on_drain,
};

/* --- making one --- */

static void fill_config(struct virtio_scsi *s)
{
	s->config = (struct virtio_scsi_config){
		.num_queues = s->queue_count,
		.seg_max = SCSI_SEGMENTS_MAX,
		.max_sectors = UINT16_MAX,
		.cmd_per_lun = SCSI_COMMANDS_MAX,
		.event_info_size = sizeof(struct virtio_scsi_event),
		.sense_size = VIRTIO_SCSI_SENSE_DEFAULT_SIZE,
		.cdb_size = VIRTIO_SCSI_CDB_DEFAULT_SIZE,
		.max_target = SCSI_TARGETS_MAX - 1,
		.max_lun = SCSI_LUNS_MAX - 1,
	};
	s->sense_size = s->config.sense_size;
	s->cdb_size = s->config.cdb_size;
	memcpy(s->device.config, &s->config, sizeof(s->config));
	s->device.config_size = sizeof(s->config);
}

static int make_queues(struct virtio_scsi *s, unsigned queue_size)
{
	int code = 0;

	for (unsigned i = 0; i < s->queue_count && code == 0; i++) {
		s->queues[i] = (struct scsi_queue){ .scsi = s, .index = SCSI_QUEUE_REQUEST + i };
		code = scsi_queue_init(&s->queues[i], queue_size);
	}
	return code;
}

static void finish(void *state)
{
	struct virtio_scsi *s = state;

	virtio_unplug(&s->device);
	scsi_bus_finish(&s->bus);
	for (unsigned i = 0; i < SCSI_QUEUES_MAX; i++) {
		scsi_queue_finish(&s->queues[i]);
	}
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	const struct scsi_options *o = options;
	const struct scsi_transport transport = { scsi_event_send, on_batch, state };
	struct virtio_scsi *s = state;
	int code;

	if (o->queue_size & (o->queue_size - 1)) {
		return error_set(err, -EINVAL, "%s: queue-size %llu is not a power of two", env->id,
				 (unsigned long long)o->queue_size);
	}
	s->loop = env->loop;
	s->type = SCSI_VIRTIO_TYPE;
	s->type.queue_size = (uint16_t)o->queue_size;
	s->queue_count =
		o->queues ? (unsigned)o->queues : MIN(MAX(env->cpu_count, 1), QUEUES_DEFAULT);
	s->poller = (struct loop_poller){
		.poll = poll_queues, .begin = on_poll_begin, .end = on_poll_end, .arg = s
	};
	loop_task_init(&s->more, run_left_work, s);
	scsi_bus_init(&s->bus, env->loop, &transport);
	scsi_control_init(s);
	s->device.type = &s->type;
	s->device.id = env->id;
	s->device.features = FEATURE(HOTPLUG) | FEATURE(CHANGE);
	s->device.queue_count = SCSI_QUEUE_REQUEST + s->queue_count;
	fill_config(s);
	code = make_queues(s, (unsigned)o->queue_size);
	if (code < 0) {
		(void)error_set_errno(err, code, "%s", env->id);
		goto fail;
	}
	code = virtio_pci_plug(&s->device, env, err);
	if (code < 0) {
		goto fail;
	}
	return 0;
fail:
	finish(s);
	return code;
}

struct scsi_bus *virtio_scsi_bus(void *state)
{
	struct virtio_scsi *s = state;

	return &s->bus;
}

const struct virtio_scsi_counters *virtio_scsi_counters(const void *state)
{
	const struct virtio_scsi *s = state;

	return &s->counters;
}

#define FIELD(name) offsetof(struct scsi_options, name)

static const struct option OPTIONS[] = {
	{ "queues", OPTION_INT, FIELD(queues), .help = "request queues (default: up to 4)",
	  .min = 1, .max = SCSI_QUEUES_MAX },
	{ "queue-size", OPTION_INT, FIELD(queue_size), .help = "requests per queue",
	  .default_text = "256", .min = 16, .max = VIRTQUEUE_MAX_SIZE },
};

const struct device_type virtio_scsi_type = {
	.name = "virtio-scsi",
	.help = "SCSI controller",
	.options = { OPTIONS, ARRAY_SIZE(OPTIONS) },
	.options_size = sizeof(struct scsi_options),
	.state_size = sizeof(struct virtio_scsi),
	.has_own_loop = true,
	.init = init,
	.reset = virtio_reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = finish,
	.scsi_bus = virtio_scsi_bus,
};
