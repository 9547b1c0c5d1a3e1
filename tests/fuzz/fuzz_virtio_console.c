/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/console.c devices/virtio/console_port.c devices/virtio/console_control.c
 *       devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/*
 * A console device with three ports whose driver is hostile, and a host that takes and gives as it
 * likes. Input: one byte of features; then actions, each with its operands; see act().
 */
#include <stdlib.h>
#include <string.h>

#include "devices/char/char.h"
#include "devices/virtio/console_state.h"
#include "devices/virtio/vdagent.h"
#include "tests/fuzz/input.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA   0x10000u
#define DATA_GPA    0x100000u
#define DATA_BYTES  0x10000u
#define RING_SIZE   8
#define PORTS	    3
#define QUEUES	    (2 * PORTS + 2)
#define BUFFERS_MAX 4
#define ACTIONS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the host --- */

struct char_backend {
	struct char_user user;
	size_t room;
	bool connected;
	uint8_t sum; /* of what was written, so that it is read */
};

static struct char_backend backends[PORTS];
static unsigned backend_count;

int char_create(const char *text, struct loop *loop, const struct char_user *user,
		struct char_backend **out, struct error *err)
{
	(void)text;
	(void)loop;
	(void)err;
	*out = &backends[backend_count++];
	(*out)->user = *user;
	return 0;
}

void char_destroy(struct char_backend *backend)
{
	(void)backend;
}

size_t char_write(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	size_t taken = length < backend->room ? length : backend->room;

	for (size_t i = 0; i < taken; i++) {
		backend->sum ^= bytes[i];
	}
	backend->room -= taken;
	return taken;
}

void char_accept_input(struct char_backend *backend)
{
	(void)backend->user.on_input(backend->user.user, (const uint8_t *)"more", 4);
}

bool char_is_connected(const struct char_backend *backend)
{
	return backend->connected;
}

void char_set_guest_open(struct char_backend *backend, bool open)
{
	(void)backend;
	(void)open;
}

int vdagent_create(struct loop *loop, struct clipboard *clipboard, struct display *display,
		   const struct char_user *user, struct char_backend **out, struct error *err)
{
	(void)clipboard;
	(void)display;
	return char_create("", loop, user, out, err);
}

const char *char_description(const struct char_backend *backend)
{
	(void)backend;
	return "fuzz";
}

/* --- the driver --- */

static struct guest_mem *mem;
static struct loop *loop;
static struct console *console;
static struct fake_ring rings[QUEUES];

static void make_device(void)
{
	char *ports[] = { "one:none", "two:none" };
	const struct console_options options = { .ports = { ports, ARRAY_SIZE(ports) } };
	struct device_env env = { .id = "console0" };

	log_set_level(LOG_LEVEL_ERROR);
	console = calloc(1, sizeof(*console));
	if (!console || guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
	    loop_create("fuzz", &loop) < 0) {
		abort();
	}
	env.mem = mem;
	env.loop = loop;
	if (virtio_console_type.init(console, &env, &options, NULL) < 0) {
		abort();
	}
}

static void add_chain(struct input *in)
{
	struct fake_buffer buffers[BUFFERS_MAX];
	unsigned queue = next(in) % QUEUES;
	unsigned count = next(in) % BUFFERS_MAX + 1;

	for (unsigned i = 0; i < count; i++) {
		uint8_t place = next(in);
		uint32_t length = next(in);

		buffers[i] =
			(struct fake_buffer){ DATA_GPA + place * 16u,
					      length > 200 ? length * 256 : length, place & 1 };
	}
	(void)fake_ring_add(&rings[queue], buffers, count);
	if (console->v.running && console->v.queue_ready[queue]) {
		console->v.type->on_notify(&console->v, queue);
	}
}

static void send_control(struct input *in)
{
	const uint8_t message[] = { next(in), 0, 0, 0, next(in), 0, next(in), 0 };
	const struct fake_buffer buffer = { DATA_GPA + DATA_BYTES, sizeof(message), false };

	(void)guest_mem_write(mem, buffer.gpa, message, sizeof(message));
	(void)fake_ring_add(&rings[CONSOLE_CONTROL_TX], &buffer, 1);
	console->v.type->on_notify(&console->v, CONSOLE_CONTROL_TX);
}

static void act(struct input *in)
{
	uint8_t what = next(in);
	struct char_backend *backend = &backends[what / 16 % PORTS];
	void *user = backend->user.user;

	switch (what % 16) {
	case 0:
		backend->room = next(in);
		backend->user.on_writable(user);
		break;
	case 1:
		(void)backend->user.on_input(user, (const uint8_t *)"typed", 5);
		break;
	case 2:
		backend->connected = !backend->connected;
		backend->user.on_connected(user, backend->connected);
		break;
	case 3:
		if (backend->user.on_resize) {
			backend->user.on_resize(user, next(in), next(in));
		}
		break;
	case 4:
		virtio_quiesce(&console->v);
		break;
	case 5:
		virtio_resume(&console->v);
		break;
	case 6:
	case 7:
	case 8:
		send_control(in);
		break;
	default:
		add_chain(in);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!console) {
		make_device();
	}
	for (unsigned i = 0; i < QUEUES; i++) {
		fake_ring_init(&rings[i], mem, RINGS_GPA + i * FAKE_RING_BYTES, RING_SIZE);
	}
	fake_transport_start(mem, next(&in), rings);
	for (unsigned i = 0; i < ACTIONS_MAX && in.size; i++) {
		act(&in);
	}
	for (unsigned i = 0; i < PORTS; i++) {
		backends[i].room = SIZE_MAX / 2;
		backends[i].user.on_writable(backends[i].user.user);
	}
	virtio_reset(&console->v);
	return 0;
}
