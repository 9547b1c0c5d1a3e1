/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/input.c devices/virtio/input_config.c devices/virtio/input_stream.c
 *       devices/virtio/virtqueue.c display/input.c display/input_sinks.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/*
 * Input devices whose driver is hostile while a window sends what it likes. Input: one byte that
 * chooses the kind of device; then actions, each with its operands; see act().
 */
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/input.h"
#include "devices/virtio/virtio.h"
#include "display/input.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA    0x10000u
#define DATA_GPA     0x100000u
#define RING_SIZE    8
#define QUEUES	     2
#define ACTIONS_MAX  256
#define BUFFER_MAX   16u
#define SCANOUTS_MAX 5u
#define CONFIG_SIZE  2u /* where the answer's length is */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static const struct device_type *const types[] = { &virtio_keyboard_type, &virtio_mouse_type,
						   &virtio_tablet_type, &virtio_multitouch_type };

static struct guest_mem *mem;
static struct loop *loop;
static struct input *input;
static void *states[ARRAY_SIZE(types)];
static struct virtio_device *devices[ARRAY_SIZE(types)];
static struct fake_ring rings[QUEUES];

static uint8_t next(struct bytes *in)
{
	if (!in->size) {
		return 0;
	}
	in->size--;
	return *in->data++;
}

static uint16_t next_word(struct bytes *in)
{
	const uint8_t low = next(in);

	return (uint16_t)(low | next(in) << 8);
}

static void make_devices(void)
{
	struct device_env env = { .id = "input0" };

	log_set_level(LOG_LEVEL_ERROR);
	if (guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
	    loop_create("fuzz", &loop) < 0 || input_create(&input) < 0) {
		abort();
	}
	env.mem = mem;
	env.loop = loop;
	env.input = input;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		states[i] = calloc(1, types[i]->state_size);
		if (!states[i] || types[i]->init(states[i], &env, NULL, NULL) < 0) {
			abort();
		}
		devices[i] = fake_transport.device;
	}
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

/* What was posted runs. */
static void run_loop(void)
{
	struct loop_task stop;

	loop_task_init(&stop, stop_loop, loop);
	loop_post(loop, &stop);
	loop_run(loop);
}

static void add_buffer(struct virtio_device *v, struct bytes *in, unsigned queue)
{
	const struct fake_buffer buffer = { DATA_GPA + next(in) * 8u, next(in) % BUFFER_MAX,
					    next(in) & 1 };

	(void)fake_ring_add(&rings[queue], &buffer, 1);
	if (v->running && v->queue_ready[queue]) {
		v->type->on_notify(v, queue);
	}
}

static void write_config(struct virtio_device *v, struct bytes *in)
{
	const unsigned offset = next(in) % v->config_size;

	v->config[offset] = next(in);
	v->type->on_config_write(v, offset, 1);
	/* An answer is never longer than its place. */
	if (v->config[CONFIG_SIZE] > v->config_size - 8) {
		abort();
	}
}

static void send(struct bytes *in)
{
	struct input_event events[4];
	const enum input_kind kind = (enum input_kind)(next(in) % INPUT_KINDS);
	const unsigned scanout = next(in) % SCANOUTS_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		events[i].type = next(in) % (EV_ABS + 2);
		events[i].code = next_word(in);
		events[i].value = (int16_t)next_word(in);
	}
	(void)input_send(input, kind, scanout, events, 1 + next(in) % ARRAY_SIZE(events));
}

static void act(size_t index, struct bytes *in)
{
	struct virtio_device *v = devices[index];

	switch (next(in) % 12) {
	case 0:
	case 1:
	case 2:
		add_buffer(v, in, 0);
		break;
	case 3:
		add_buffer(v, in, 1);
		break;
	case 4:
		write_config(v, in);
		break;
	case 5:
		types[index]->quiesce(states[index]);
		break;
	case 6:
		types[index]->resume(states[index]);
		break;
	case 7:
		input_release_all(input);
		break;
	case 8:
		(void)input_wheel(input, (int8_t)next(in) * 40, (int8_t)next(in));
		break;
	case 9:
		input_set_layout(input, next(in) % SCANOUTS_MAX, next_word(in), next_word(in));
		break;
	default:
		send(in);
		run_loop();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	size_t index;

	if (!mem) {
		make_devices();
	}
	index = next(&in) % ARRAY_SIZE(types);
	for (unsigned i = 0; i < QUEUES; i++) {
		fake_ring_init(&rings[i], mem, RINGS_GPA + i * FAKE_RING_BYTES, RING_SIZE);
	}
	fake_transport.device = devices[index];
	fake_transport_start(mem, 0, rings);
	for (unsigned i = 0; i < ACTIONS_MAX && in.size; i++) {
		act(index, &in);
	}
	types[index]->resume(states[index]);
	input_release_all(input);
	run_loop();
	virtio_reset(devices[index]);
	return 0;
}
