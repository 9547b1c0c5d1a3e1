/* SPDX-License-Identifier: MIT */
#include "devices/virtio/gpu.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "devices/virtio/boot_screen.h"
#include "devices/virtio/gpu_state.h"
#include "display/input.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/boot_config.h"

#define PCI_CLASS_VGA	  0x030000u /* Linux looks for boot framebuffers in the BARs of these */
#define PCI_CLASS_DISPLAY 0x038000u
#define TURN		  8u /* commands: each may copy a whole picture */
#define FEATURE(name)	  (UINT64_C(1) << VIRTIO_GPU_F_##name)

struct gpu_options {
	uint64_t scanouts;
	uint64_t memory;
	bool boot_screen;
};

static struct gpu *gpu_of(struct virtio_device *v)
{
	return container_of(v, struct gpu, device);
}

/* --- queues ---------------------------------------------------------------------------------- */

/* The answer is put into the chain now, also when the driver is to get it later. */
static void answer(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtqueue_chain *chain = &r->chain;
	const size_t written = iov_write(chain->iov + chain->readable_count, chain->writable_count,
					 0, &r->response, r->response_bytes);

	if (r->wait) {
		r->wait->head = chain->head;
		r->wait->written = (uint32_t)written;
	} else {
		virtqueue_push(&gpu->device.queues[r->queue], chain->head, (uint32_t)written);
	}
}

static bool run_next(struct gpu *gpu, unsigned queue)
{
	struct gpu_request *r = &gpu->request;

	r->queue = queue;
	r->chain.iov = gpu->slices;
	r->chain.iov_capacity = ARRAY_SIZE(gpu->slices);
	if (virtio_pop(&gpu->device, queue, &r->chain) != 1) {
		return false;
	}
	if (gpu_run(gpu) < 0) {
		virtio_fail(&gpu->device, "a command without a header");
		return false;
	}
	answer(gpu, r);
	return true;
}

static void run_queue(struct gpu *gpu, unsigned queue)
{
	bool any = false;

	while (run_next(gpu, queue)) {
		any = true;
	}
	gpu_scanouts_settle(gpu);
	if (any) {
		virtio_signal(&gpu->device, queue);
	}
}

/* --- monitors that change -------------------------------------------------------------------- */

static void store_config(struct gpu *gpu, bool tell)
{
	if (tell) {
		virtio_config_update(&gpu->device, 0, &gpu->config, sizeof(gpu->config));
	} else {
		virtio_config_set(&gpu->device, 0, &gpu->config, sizeof(gpu->config));
	}
}

/* The driver asks for display information and EDIDs again. */
static void tell_modes(void *arg)
{
	struct gpu *gpu = arg;

	gpu->config.events_read |= VIRTIO_GPU_EVENT_DISPLAY;
	store_config(gpu, true);
}

static void on_mode(void *arg, unsigned scanout, const struct display_mode *mode)
{
	struct gpu *gpu = arg;

	(void)mode; /* the display keeps it */
	if (scanout < gpu->scanout_count) {
		loop_post(gpu->loop, &gpu->mode_task);
	}
}

static void on_config_write(struct virtio_device *v, unsigned offset, unsigned size)
{
	struct gpu *gpu = gpu_of(v);
	struct virtio_gpu_config written;

	(void)offset; /* only events_clear is taken, the rest put back */
	(void)size;
	memcpy(&written, v->config, sizeof(written));
	gpu->config.events_read &= ~written.events_clear;
	store_config(gpu, false);
}

/* --- the transport's callbacks --------------------------------------------------------------- */

static void start(struct virtio_device *v)
{
	(void)v; /* all is as reset or power-on left it */
}

static void stop(struct virtio_device *v)
{
	struct gpu *gpu = gpu_of(v);

	gpu_flush_end(gpu, false);
	gpu_resource_destroy_all(gpu);
	for (unsigned i = 0; i < gpu->scanout_count; i++) {
		display_set_cursor(gpu->display, i, NULL);
	}
	gpu_scanout_boot(gpu);
	gpu_scanouts_settle(gpu);
	gpu->config.events_read = 0;
	store_config(gpu, false);
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	run_queue(gpu_of(v), queue);
}

static void drain(struct virtio_device *v)
{
	gpu_flush_end(gpu_of(v), true);
}

static const struct virtio_type GPU_VIRTIO_TYPE = {
	.name = "virtio-gpu",
	.device_id = VIRTIO_ID_GPU,
	.queue_size = GPU_QUEUE_SIZE,
	.turn = TURN,
	.start = start,
	.stop = stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
	.drain = drain,
};

/* --- the device type's operations ------------------------------------------------------------ */

static void cancel_modes(void *arg)
{
	struct gpu *gpu = arg;

	loop_task_cancel(gpu->loop, &gpu->mode_task);
}

/* What init did, from its end or from anywhere in it. */
static void undo(struct gpu *gpu)
{
	virtio_unplug(&gpu->device);
	if (gpu->is_booting) {
		display_show(gpu->display, 0, NULL, NULL);
	}
	boot_screen_destroy(gpu->boot_screen);
	gpu_flush_finish(gpu);
}

static void finish(void *state)
{
	struct gpu *gpu = state;

	display_clear_source(gpu->display); /* nobody wishes a mode any more */
	loop_call(gpu->loop, cancel_modes, gpu);
	undo(gpu);
}

static int check_options(const struct device_env *env, const struct gpu_options *o,
			 struct error *err)
{
	unsigned count;

	if (!env->display) {
		return error_set(err, -ENODEV,
				 "this machine has no display; leave out --display off");
	}
	count = display_scanout_count(env->display);
	if (o->scanouts > count) {
		return error_set(err, -EINVAL, "scanouts=%llu: the display has only %u",
				 (unsigned long long)o->scanouts, count);
	}
	return 0;
}

static void fill(struct gpu *gpu, const struct device_env *env, const struct gpu_options *o)
{
	gpu->loop = env->loop;
	gpu->display = env->display;
	gpu->input = env->input;
	gpu->mem = env->mem;
	gpu->memory_max = o->memory;
	gpu->scanout_count = (unsigned)o->scanouts ?: display_scanout_count(env->display);
	gpu->source = (struct display_source){ .on_mode = on_mode, .arg = gpu };
	for (unsigned i = 0; i < GPU_BUCKETS; i++) {
		list_init(&gpu->buckets[i]);
	}
	loop_task_init(&gpu->mode_task, tell_modes, gpu);
	gpu->config.num_scanouts = gpu->scanout_count;
	gpu->type = GPU_VIRTIO_TYPE;
	gpu->type.pci_class = o->boot_screen ? PCI_CLASS_VGA : PCI_CLASS_DISPLAY;
	gpu->device.type = &gpu->type;
	gpu->device.id = env->id;
	gpu->device.features = FEATURE(EDID) | FEATURE(RESOURCE_BLOB);
	gpu->device.queue_count = GPU_QUEUES;
	gpu->device.config_size = sizeof(gpu->config);
	memcpy(gpu->device.config, &gpu->config, sizeof(gpu->config));
}

static int make_boot_screen(struct gpu *gpu, const struct device_env *env)
{
	const int code = boot_screen_create(env, &gpu->boot_screen);

	if (code == 0) {
		gpu->device.memory = boot_screen_memory(gpu->boot_screen);
	}
	return code;
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	const struct gpu_options *o = options;
	struct gpu *gpu = state;
	int code = check_options(env, o, err);

	if (code < 0) {
		return code;
	}
	fill(gpu, env, o);
	gpu_flush_init(gpu);
	code = o->boot_screen ? make_boot_screen(gpu, env) : 0;
	if (code < 0) {
		(void)error_set_errno(err, code, "memory for the boot screen");
	} else {
		code = virtio_pci_plug(&gpu->device, env, err);
	}
	if (code == 0) {
		code = display_set_source(gpu->display, &gpu->source);
		if (code < 0) {
			(void)error_set(err, code, "the display has a graphics card already");
		}
	}
	if (code < 0) {
		undo(gpu);
	} else {
		gpu_scanout_boot(gpu);
	}
	return code;
}

bool virtio_gpu_boot_framebuffer(const void *state, struct boot_framebuffer *out)
{
	const struct gpu *gpu = state;

	if (gpu->boot_screen) {
		*out = (struct boot_framebuffer){ .gpa = virtio_memory_home(&gpu->device),
						  .width = BOOT_SCREEN_WIDTH,
						  .height = BOOT_SCREEN_HEIGHT,
						  .stride = BOOT_SCREEN_STRIDE };
	}
	return gpu->boot_screen;
}

static void reset(void *state)
{
	struct gpu *gpu = state;

	virtio_reset(&gpu->device);
	if (gpu->boot_screen) {
		boot_screen_reset(gpu->boot_screen);
	}
}

#define FIELD(name) offsetof(struct gpu_options, name)

static const struct option OPTIONS[] = {
	{ "scanouts", OPTION_INT, FIELD(scanouts),
	  .help = "monitors that the guest can use (default: all of the display)", .min = 1,
	  .max = DISPLAY_SCANOUTS_MAX },
	{ "memory", OPTION_SIZE, FIELD(memory),
	  .help = "host memory that the guest's pictures may take", .default_text = "256M",
	  .min = 1u << 20, .max = UINT64_C(1) << 40 },
	{ "boot-screen", OPTION_BOOL, FIELD(boot_screen),
	  .help = "a framebuffer for guests that have no driver for the card, or not yet",
	  .default_text = "on" },
};

const struct device_type virtio_gpu_type = {
	.name = "virtio-gpu",
	.help = "graphics card",
	.options = { OPTIONS, ARRAY_SIZE(OPTIONS) },
	.options_size = sizeof(struct gpu_options),
	.state_size = sizeof(struct gpu),
	.has_own_loop = true,
	.init = init,
	.reset = reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = finish,
};
