/* SPDX-License-Identifier: MIT */
#include "devices/virtio/input.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_input.h>
#include <string.h>

#include "devices/virtio/input_config.h"
#include "devices/virtio/input_stream.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/bytes.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

#define EVENT_QUEUE	0u
#define STATUS_QUEUE	1u
#define QUEUE_SIZE	64
#define SLICES_MAX	4
#define BATCH		64u
#define PCI_CLASS_INPUT 0x098000

struct virtio_input {
	struct virtio_device device;
	const struct input_profile *profile;
	struct input *input; /* borrowed; NULL: nobody sends */
	struct input_sink sink;
	struct loop *loop; /* borrowed */
	struct loop_task flush_task;
	unsigned leds; /* as the driver set them */

	struct mutex lock; /* guards the stream */
	struct input_stream stream;
};
VIRTIO_DEVICE_IS_FIRST(struct virtio_input, device);

static struct virtio_input *of_device(struct virtio_device *v)
{
	return container_of(v, struct virtio_input, device);
}

/* --- events for the guest -------------------------------------------------------------------- */

/* False: the driver has no buffer. */
static bool send_event(struct virtio_input *device, const struct input_event *event)
{
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };
	struct virtio_input_event wire;

	if (!virtio_pop(&device->device, EVENT_QUEUE, &chain)) {
		return false;
	}
	store_le16(&wire.type, event->type);
	store_le16(&wire.code, event->code);
	store_le32(&wire.value, (uint32_t)event->value);
	if (iov_write(iov + chain.readable_count, chain.writable_count, 0, &wire, sizeof(wire)) <
	    sizeof(wire)) {
		virtio_fail(&device->device, "a buffer for events of %zu bytes",
			    chain.writable_bytes);
		return false;
	}
	virtqueue_push(&device->device.queues[EVENT_QUEUE], chain.head, sizeof(wire));
	return true;
}

/* One batch; true: there may be more to do. Only the loop drops events, so that what it looked at
 * stays where it is while the lock is released. */
static bool send_batch(struct virtio_input *device)
{
	struct input_event events[BATCH];
	size_t count, sent = 0;

	mutex_lock(&device->lock);
	count = input_stream_peek(&device->stream, events, BATCH);
	mutex_unlock(&device->lock);
	while (sent < count && send_event(device, &events[sent])) {
		sent++;
	}
	mutex_lock(&device->lock);
	input_stream_drop(&device->stream, sent);
	mutex_unlock(&device->lock);
	return count > 0 && sent == count;
}

static void flush(void *arg)
{
	struct virtio_input *device = arg;

	if (!device->device.running) {
		return;
	}
	while (send_batch(device)) {
	}
	virtio_signal(&device->device, EVENT_QUEUE);
}

static void on_report(void *arg, const struct input_event *events, size_t count)
{
	struct virtio_input *device = arg;
	struct input_event known[INPUT_REPORT_MAX];
	size_t used = 0;

	for (size_t i = 0; i < count && used < INPUT_REPORT_MAX; i++) {
		if (input_profile_has(device->profile, events[i].type, events[i].code)) {
			known[used++] = events[i];
		}
	}
	if (used > 0) {
		mutex_lock(&device->lock);
		input_stream_put(&device->stream, known, used);
		mutex_unlock(&device->lock);
		loop_post(device->loop, &device->flush_task);
	}
}

static bool is_behind(void *arg)
{
	struct virtio_input *device = arg;
	bool has_more;

	mutex_lock(&device->lock);
	has_more = device->stream.count > 0 || device->stream.is_behind || device->stream.is_held;
	mutex_unlock(&device->lock);
	return has_more;
}

/* --- events from the guest ------------------------------------------------------------------- */

static void set_led(struct virtio_input *device, unsigned led, bool is_on)
{
	if (!input_profile_has(device->profile, EV_LED, led)) {
		return;
	}
	device->leds &= ~(1u << led);
	device->leds |= (is_on ? 1u : 0u) << led;
	if (device->input) {
		input_set_leds(device->input, device->leds);
	}
}

static void take_status(struct virtio_input *device)
{
	struct virtio_device *v = &device->device;
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };
	struct virtio_input_event wire;

	while (virtio_pop(v, STATUS_QUEUE, &chain)) {
		if (iov_read(iov, chain.readable_count, 0, &wire, sizeof(wire)) == sizeof(wire) &&
		    load_le16(&wire.type) == EV_LED) {
			set_led(device, load_le16(&wire.code), load_le32(&wire.value) != 0);
		}
		virtqueue_push(&v->queues[STATUS_QUEUE], chain.head, 0);
	}
	virtio_signal(v, STATUS_QUEUE);
}

/* --- the transport's callbacks --------------------------------------------------------------- */

static void set_ready(struct virtio_input *device, bool is_ready)
{
	if (device->input) {
		input_set_ready(device->input, &device->sink, is_ready);
	}
}

static void clear_stream(struct virtio_input *device)
{
	mutex_lock(&device->lock);
	input_stream_clear(&device->stream);
	mutex_unlock(&device->lock);
}

static void on_start(struct virtio_device *v)
{
	struct virtio_input *device = of_device(v);

	clear_stream(device);
	set_ready(device, true);
}

static void on_stop(struct virtio_device *v)
{
	struct virtio_input *device = of_device(v);

	set_ready(device, false);
	clear_stream(device);
	device->leds = 0;
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	if (queue == EVENT_QUEUE) {
		flush(of_device(v));
	} else {
		take_status(of_device(v));
	}
}

static void answer_config(struct virtio_input *device, struct virtio_input_config *config)
{
	input_profile_answer(device->profile, device->device.id, config);
}

static void on_config_write(struct virtio_device *v, unsigned offset, unsigned size)
{
	struct virtio_input_config config;

	(void)offset;
	(void)size;
	memcpy(&config, v->config, sizeof(config));
	answer_config(of_device(v), &config);
	virtio_config_set(v, 0, &config, sizeof(config));
}

static const struct virtio_type type = {
	.name = "virtio-input",
	.device_id = VIRTIO_ID_INPUT,
	.pci_class = PCI_CLASS_INPUT,
	.queue_size = QUEUE_SIZE,
	.start = on_start,
	.stop = on_stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
};

/* --- device types ---------------------------------------------------------------------------- */

static int init(struct virtio_input *device, const struct device_env *env,
		const struct input_profile *profile, struct error *err)
{
	struct virtio_device *v = &device->device;
	int code;

	device->profile = profile;
	device->input = env->input;
	device->loop = env->loop;
	mutex_init(&device->lock);
	loop_task_init(&device->flush_task, flush, device);
	device->sink = (struct input_sink){ .id = env->id,
					    .kind = profile->kind,
					    .rank = INPUT_RANK_VIRTIO,
					    .on_report = on_report,
					    .is_behind = is_behind,
					    .arg = device };
	v->type = &type;
	v->id = env->id;
	v->queue_count = 2;
	v->config_size = sizeof(struct virtio_input_config);
	if (device->input) {
		input_add_sink(device->input, &device->sink);
	}
	code = virtio_pci_plug(v, env, err);
	if (code < 0) {
		if (device->input) {
			input_remove_sink(device->input, &device->sink);
		}
		mutex_finish(&device->lock);
	}
	return code;
}

static int init_keyboard(void *state, const struct device_env *env, const void *options,
			 struct error *err)
{
	(void)options;
	return init(state, env, &input_keyboard_profile, err);
}

static int init_mouse(void *state, const struct device_env *env, const void *options,
		      struct error *err)
{
	(void)options;
	return init(state, env, &input_mouse_profile, err);
}

static int init_tablet(void *state, const struct device_env *env, const void *options,
		       struct error *err)
{
	(void)options;
	return init(state, env, &input_tablet_profile, err);
}

static int init_multitouch(void *state, const struct device_env *env, const void *options,
			   struct error *err)
{
	(void)options;
	return init(state, env, &input_touch_profile, err);
}

static void hold(struct virtio_input *device, bool held)
{
	mutex_lock(&device->lock);
	input_stream_hold(&device->stream, held);
	mutex_unlock(&device->lock);
}

static void quiesce(void *state)
{
	struct virtio_input *device = state;

	hold(device, true);
	virtio_quiesce(&device->device);
}

static void resume(void *state)
{
	struct virtio_input *device = state;

	hold(device, false);
	virtio_resume(&device->device);
}

static void cancel_flush(void *arg)
{
	struct virtio_input *device = arg;

	loop_task_cancel(device->loop, &device->flush_task);
}

static void finish(void *state)
{
	struct virtio_input *device = state;

	virtio_unplug(&device->device);
	if (device->input) {
		input_remove_sink(device->input, &device->sink);
	}
	loop_call(device->loop, cancel_flush, device);
	mutex_finish(&device->lock);
}

#define DEVICE_TYPE(symbol, type_name, type_help, type_init) \
	const struct device_type symbol = {                  \
		.name = (type_name),                         \
		.help = (type_help),                         \
		.state_size = sizeof(struct virtio_input),   \
		.is_hot_pluggable = true,                    \
		.init = (type_init),                         \
		.reset = virtio_reset,                       \
		.quiesce = quiesce,                          \
		.resume = resume,                            \
		.finish = finish,                            \
	}

DEVICE_TYPE(virtio_keyboard_type, "virtio-keyboard", "keyboard of 105 keys and media keys",
	    init_keyboard);
DEVICE_TYPE(virtio_mouse_type, "virtio-mouse", "mouse with two wheels", init_mouse);
DEVICE_TYPE(virtio_tablet_type, "virtio-tablet", "pointer that says where it is, with two wheels",
	    init_tablet);
DEVICE_TYPE(virtio_multitouch_type, "virtio-multitouch", "touch screen for ten fingers",
	    init_multitouch);
