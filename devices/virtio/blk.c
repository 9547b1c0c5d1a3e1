/* SPDX-License-Identifier: MIT */
#include "devices/virtio/blk.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "devices/virtio/blk_queue.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define BLK_QUEUES_MAX	   16u
#define BLK_QUEUES_DEFAULT 4u /* at most, and no more than the guest has processors */
#define PCI_CLASS_DISK	   0x018000u

#define FEATURE(name) (UINT64_C(1) << VIRTIO_BLK_F_##name)

_Static_assert(sizeof(struct virtio_blk_config) <= VIRTIO_CONFIG_MAX, "virtio 1.2 §5.2.4");

enum cache {
	CACHE_WRITEBACK,
	CACHE_NONE,
};

struct blk_options {
	char *file;
	bool readonly;
	char *serial;
	uint64_t queues;
	uint64_t queue_size;
	unsigned cache;
	bool discard;
	bool lock;
};

struct blk {
	struct virtio_device device;
	struct virtio_type type; /* with this disk's queue size */
	struct loop *loop;	 /* borrowed */
	struct block_backend *disk;
	char serial[VIRTIO_BLK_ID_BYTES + 1];
	struct virtio_blk_config config; /* what the driver cannot change */
	struct blk_queue queues[BLK_QUEUES_MAX];
	struct loop_poller poller; /* armed while the queues may be touched */
	struct loop_task more;	   /* a queue was left with work, for the others' sake */
};
VIRTIO_DEVICE_IS_FIRST(struct blk, device);

static struct blk *blk_of(struct virtio_device *v)
{
	return container_of(v, struct blk, device);
}

/* --- queue work --- */

static void run_queue(struct blk *b, unsigned index)
{
	(void)blk_queue_run(&b->queues[index]);
	if (blk_queue_has_work(&b->queues[index])) {
		loop_post(b->loop, &b->more);
	}
}

/* Queues that had work left, or had been stalled. */
static void run_left_work(void *arg)
{
	struct blk *b = arg;

	for (unsigned i = 0; b->poller.loop && i < b->device.queue_count; i++) {
		if (b->device.queue_ready[i] && blk_queue_has_work(&b->queues[i])) {
			run_queue(b, i);
		}
	}
}

static void on_batch(void *owner)
{
	struct blk *b = owner;

	for (unsigned i = 0; i < b->device.queue_count; i++) {
		blk_queue_signal(&b->queues[i]);
		if (b->queues[i].stalled && b->poller.loop) {
			run_queue(b, i);
		}
	}
}

static bool poll_queues(void *arg)
{
	struct blk *b = arg;
	bool found = b->disk->ops->poll(b->disk);

	for (unsigned i = 0; i < b->device.queue_count; i++) {
		if (b->device.queue_ready[i] && blk_queue_has_work(&b->queues[i])) {
			found |= blk_queue_run(&b->queues[i]) > 0;
		}
	}
	return found;
}

static bool set_doorbells(struct blk *b, bool want)
{
	bool slipped_in = false;

	for (unsigned i = 0; i < b->device.queue_count; i++) {
		slipped_in |= b->device.queue_ready[i] && virtio_want_doorbell(&b->device, i, want);
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

static void set_write_through(struct blk *b)
{
	bool write_back = virtio_has_feature(&b->device, VIRTIO_BLK_F_CONFIG_WCE)
				  ? b->config.wce
				  : virtio_has_feature(&b->device, VIRTIO_BLK_F_FLUSH);

	for (unsigned i = 0; i < b->device.queue_count; i++) {
		b->queues[i].write_through = !write_back;
	}
}

/* virtio 1.2 §5.2.5.2: a driver without FLUSH finds the write-back cache off. */
static void on_start(struct virtio_device *v)
{
	struct blk *b = blk_of(v);

	b->config.wce = virtio_has_feature(v, VIRTIO_BLK_F_FLUSH);
	memcpy(v->config, &b->config, sizeof(b->config));
	set_write_through(b);
}

static void on_drain(struct virtio_device *v)
{
	struct blk *b = blk_of(v);

	loop_poller_remove(&b->poller);
	loop_task_cancel(b->loop, &b->more);
	b->disk->ops->drain(b->disk);
}

static void on_stop(struct virtio_device *v)
{
	struct blk *b = blk_of(v);

	on_drain(v);
	b->config.wce = 1;
	memcpy(v->config, &b->config, sizeof(b->config));
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	struct blk *b = blk_of(v);

	if (!b->poller.loop) {
		loop_poller_add(b->loop, &b->poller);
	}
	run_queue(b, queue);
}

/* All but `wce` is put back. */
static void on_config_write(struct virtio_device *v, unsigned offset UNUSED, unsigned size UNUSED)
{
	struct blk *b = blk_of(v);

	if (virtio_has_feature(v, VIRTIO_BLK_F_CONFIG_WCE)) {
		b->config.wce = v->config[offsetof(struct virtio_blk_config, wce)] & 1;
		set_write_through(b);
	}
	memcpy(v->config, &b->config, sizeof(b->config));
}

static const struct virtio_type BLK_VIRTIO_TYPE = {
	.name = "virtio-blk",
	.device_id = VIRTIO_ID_BLOCK,
	.pci_class = PCI_CLASS_DISK,
	.start = on_start,
	.stop = on_stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
	.drain = on_drain,
};

/* --- making one --- */

static void fill_config(struct blk *b)
{
	const struct block_info *info = &b->disk->info;
	uint32_t blocks = info->physical_block_bytes / info->logical_block_bytes;
	struct virtio_blk_config *config = &b->config;

	*config = (struct virtio_blk_config){
		.capacity = info->bytes / BLOCK_SECTOR_BYTES,
		.seg_max = BLK_SEGMENTS_MAX,
		.blk_size = info->logical_block_bytes,
		.physical_block_exp = (uint8_t)__builtin_ctz(blocks),
		.min_io_size = (uint16_t)blocks,
		.wce = 1,
		.num_queues = (uint16_t)b->device.queue_count,
	};
	if (!info->read_only) {
		config->max_discard_sectors = BLK_DISCARD_SECTORS_MAX;
		config->max_discard_seg = BLK_RANGES_MAX;
		config->discard_sector_alignment = info->physical_block_bytes / BLOCK_SECTOR_BYTES;
		config->max_write_zeroes_sectors = BLK_ZEROES_SECTORS_MAX;
		config->max_write_zeroes_seg = BLK_RANGES_MAX;
		config->write_zeroes_may_unmap = info->can_discard;
	}
	memcpy(b->device.config, config, sizeof(*config));
	b->device.config_size = sizeof(*config);
}

static uint64_t features_of(const struct block_info *info)
{
	uint64_t features = FEATURE(SEG_MAX) | FEATURE(BLK_SIZE) | FEATURE(FLUSH) |
			    FEATURE(TOPOLOGY) | FEATURE(CONFIG_WCE) | FEATURE(MQ);

	if (info->read_only) {
		return features | FEATURE(RO);
	}
	return features | FEATURE(WRITE_ZEROES) | (info->can_discard ? FEATURE(DISCARD) : 0);
}

static int check_options(const struct device_env *env, const struct blk_options *o,
			 struct error *err)
{
	if (o->serial && strlen(o->serial) > VIRTIO_BLK_ID_BYTES) {
		return error_set(err, -EINVAL, "%s: serial '%s' is longer than %d characters",
				 env->id, o->serial, VIRTIO_BLK_ID_BYTES);
	}
	if (o->queue_size & (o->queue_size - 1)) {
		return error_set(err, -EINVAL, "%s: queue-size %llu is not a power of two", env->id,
				 (unsigned long long)o->queue_size);
	}
	return 0;
}

/* The back end is made and freed on the loop that it belongs to. */
struct create_call {
	struct blk *blk;
	struct block_raw_config config;
	struct error *err;
	int result;
};

static void create_disk(void *arg)
{
	struct create_call *call = arg;
	struct blk *b = call->blk;

	call->result = block_raw_create(b->loop, &call->config, &b->disk, call->err);
}

static void destroy_disk(void *arg)
{
	struct blk *b = arg;

	b->disk->ops->destroy(b->disk);
}

static int open_disk(struct blk *b, const struct blk_options *o, struct error *err)
{
	struct create_call call = {
		.blk = b,
		.config = { .path = o->file,
			    .read_only = o->readonly,
			    .direct = o->cache == CACHE_NONE,
			    .no_lock = !o->lock },
		.err = err,
	};

	loop_call(b->loop, create_disk, &call);
	if (call.result < 0) {
		return call.result;
	}
	b->disk->info.can_discard &= o->discard;
	b->disk->on_batch = on_batch;
	b->disk->owner = b;
	return 0;
}

static int make_queues(struct blk *b, unsigned queue_size)
{
	int code = 0;

	for (unsigned i = 0; i < b->device.queue_count && code == 0; i++) {
		b->queues[i] = (struct blk_queue){
			.device = &b->device, .disk = b->disk, .index = i, .serial = b->serial
		};
		code = blk_queue_init(&b->queues[i], queue_size);
	}
	return code;
}

static void finish(void *state)
{
	struct blk *b = state;

	virtio_unplug(&b->device);
	for (unsigned i = 0; i < BLK_QUEUES_MAX; i++) {
		blk_queue_finish(&b->queues[i]);
	}
	if (b->disk) {
		loop_call(b->loop, destroy_disk, b);
	}
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	const struct blk_options *o = options;
	struct blk *b = state;
	unsigned queues = MIN(MAX(env->cpu_count, 1), BLK_QUEUES_DEFAULT);
	int code = check_options(env, o, err);

	if (code < 0) {
		return code;
	}
	b->loop = env->loop;
	b->type = BLK_VIRTIO_TYPE;
	b->type.queue_size = (uint16_t)o->queue_size;
	b->poller = (struct loop_poller){
		.poll = poll_queues, .begin = on_poll_begin, .end = on_poll_end, .arg = b
	};
	loop_task_init(&b->more, run_left_work, b);
	(void)snprintf(b->serial, sizeof(b->serial), "%s", o->serial ? o->serial : env->id);
	code = open_disk(b, o, err);
	if (code < 0) {
		goto fail;
	}
	b->device.type = &b->type;
	b->device.id = env->id;
	b->device.features = features_of(&b->disk->info);
	b->device.queue_count = o->queues ? (unsigned)o->queues : queues;
	fill_config(b);
	code = make_queues(b, (unsigned)o->queue_size);
	if (code < 0) {
		(void)error_set_errno(err, code, "%s", env->id);
		goto fail;
	}
	code = virtio_pci_plug(&b->device, env, err);
	if (code < 0) {
		goto fail;
	}
	return 0;
fail:
	finish(b);
	return code;
}

const struct block_info *virtio_blk_info(const void *state)
{
	const struct blk *b = state;

	return &b->disk->info;
}

static const char *const CACHE_CHOICES[] = { "writeback", "none", NULL };

#define FIELD(name) offsetof(struct blk_options, name)

static const struct option OPTIONS[] = {
	{ "file", OPTION_STRING, FIELD(file), .help = "raw disk image or block device",
	  .value_name = "FILE", .required = true },
	{ "readonly", OPTION_BOOL, FIELD(readonly), .help = "refuse the guest's writes" },
	{ "serial", OPTION_STRING, FIELD(serial),
	  .help = "serial number, up to 20 characters (default: the device's id)" },
	{ "queues", OPTION_INT, FIELD(queues), .help = "request queues (default: up to 4)",
	  .min = 1, .max = BLK_QUEUES_MAX },
	{ "queue-size", OPTION_INT, FIELD(queue_size), .help = "requests per queue",
	  .default_text = "256", .min = 16, .max = VIRTQUEUE_MAX_SIZE },
	{ "cache", OPTION_CHOICE, FIELD(cache), .help = "none goes past the host's page cache",
	  .default_text = "writeback", .choices = CACHE_CHOICES },
	{ "discard", OPTION_BOOL, FIELD(discard), .help = "give discarded space back to the host",
	  .default_text = "on" },
	{ "lock", OPTION_BOOL, FIELD(lock), .help = "keep other writers out",
	  .default_text = "on" },
};

const struct device_type virtio_blk_type = {
	.name = "virtio-blk",
	.help = "disk",
	.options = { OPTIONS, ARRAY_SIZE(OPTIONS), .first = "file" },
	.options_size = sizeof(struct blk_options),
	.state_size = sizeof(struct blk),
	.has_own_loop = true,
	.is_hot_pluggable = true,
	.init = init,
	.reset = virtio_reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = finish,
};
