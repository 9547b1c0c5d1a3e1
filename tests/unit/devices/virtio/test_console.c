/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/console.c devices/virtio/console_port.c devices/virtio/console_control.c
 * devices/virtio/virtio.c devices/virtio/virtqueue.c devices/virtio/virtio_pci.c
 * devices/virtio/virtio_pci_common.c devices/pci/ devices/legacy/reset_port.c
 * vmm/bus/ vmm/mem/ vmm/kvm/
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include "devices/virtio/console.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/console_state.h"
#include "devices/virtio/vdagent.h"
#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/log.h"

#define CONTROL_RX	  2
#define CONTROL_TX	  3
#define BUFFER_BYTES	  256
#define CONFIG_COLUMNS	  offsetof(struct virtio_console_config, cols)
#define CONFIG_ROWS	  offsetof(struct virtio_console_config, rows)
#define CONFIG_PORTS	  offsetof(struct virtio_console_config, max_nr_ports)
#define CONFIG_EMERGENCY  offsetof(struct virtio_console_config, emerg_wr)
#define FEATURE_SIZE	  (1u << VIRTIO_CONSOLE_F_SIZE)
#define FEATURE_MULTIPORT (1u << VIRTIO_CONSOLE_F_MULTIPORT)

/* --- back ends that remember, one for each port in the order of making --- */

#define BACKENDS_MAX 40

struct char_backend {
	struct char_user user;
	char output[4096];
	size_t output_length;
	size_t room;
	bool is_sink; /* counts, and keeps nothing */
	bool connected, guest_open;
	unsigned accepts;
	char text[32];
};

static struct char_backend backends[BACKENDS_MAX];
static unsigned backend_count;
static unsigned destroyed;

int char_create(const char *text, struct loop *loop, const struct char_user *user,
		struct char_backend **out, struct error *err)
{
	(void)loop;
	*out = NULL;
	if (strcmp(text, "bad") == 0) {
		return error_set(err, -EINVAL, "bad");
	}
	*out = &backends[backend_count++];
	**out = (struct char_backend){ .user = *user, .room = 4096, .connected = true };
	(void)strncpy((*out)->text, text, sizeof((*out)->text) - 1);
	return 0;
}

void char_destroy(struct char_backend *backend)
{
	destroyed += backend != NULL;
}

size_t char_write(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	size_t taken = length < backend->room ? length : backend->room;

	if (!backend->is_sink) {
		memcpy(backend->output + backend->output_length, bytes, taken);
	}
	backend->output_length += taken;
	backend->room -= taken;
	return taken;
}

void char_accept_input(struct char_backend *backend)
{
	backend->accepts++;
}

bool char_is_connected(const struct char_backend *backend)
{
	return backend->connected;
}

void char_set_guest_open(struct char_backend *backend, bool open)
{
	backend->guest_open = open;
}

int vdagent_create(struct loop *loop, struct clipboard *clipboard, struct display *display,
		   const struct char_user *user, struct char_backend **out, struct error *err)
{
	(void)clipboard;
	(void)display;
	return char_create("the agent", loop, user, out, err);
}

const char *char_description(const struct char_backend *backend)
{
	return backend->text;
}

static size_t type_at(unsigned port, const char *text)
{
	return backends[port].user.on_input(backends[port].user.user, (const uint8_t *)text,
					    strlen(text));
}

static void make_room(unsigned port, size_t room)
{
	backends[port].room = room;
	backends[port].user.on_writable(backends[port].user.user);
}

static void resize(unsigned port, unsigned columns, unsigned rows)
{
	backends[port].user.on_resize(backends[port].user.user, columns, rows);
}

/* --- the device and its driver --- */

static struct fake_machine machine;
static struct fake_driver driver;
static struct console *console;

static int make_console(const char *text, struct error *err)
{
	struct console_options options = { 0 };
	int code = options_parse(&virtio_console_type.options, text, &options, err);

	if (code == 0) {
		console = calloc(1, virtio_console_type.state_size);
		code = virtio_console_type.init(console, &machine.env, &options, err);
		options_finish(&virtio_console_type.options, &options);
	}
	if (code < 0) {
		free(console);
		console = NULL;
	}
	return code;
}

/* With the features of a driver that knows everything. */
static void start(const char *text)
{
	cr_assert(eq(int, make_console(text, NULL), 0));
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, fake_driver_features(&driver), 0);
}

static void set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	fake_machine_init(&machine);
}

static void tear_down(void)
{
	if (console) {
		virtio_console_type.finish(console);
		free(console);
	}
	fake_machine_finish(&machine);
}

TestSuite(console, .init = set_up, .fini = tear_down, .timeout = 10);

static void add_bytes(unsigned queue, const void *bytes, uint32_t length)
{
	struct fake_buffer buffer = { fake_driver_alloc(&driver, length), length, false };

	memcpy(fake_driver_at(&driver, buffer.gpa, length), bytes, length);
	(void)fake_ring_add(&driver.rings[queue], &buffer, 1);
	fake_driver_kick(&driver, queue);
}

static void print(unsigned queue, const char *text)
{
	add_bytes(queue, text, (uint32_t)strlen(text));
}

/* Offers a buffer for input and returns its address. */
static uint64_t offer(unsigned queue, uint32_t length)
{
	struct fake_buffer buffer = { fake_driver_alloc(&driver, length), length, true };

	(void)fake_ring_add(&driver.rings[queue], &buffer, 1);
	fake_driver_kick(&driver, queue);
	return buffer.gpa;
}

/* Whether the next used buffer of the queue, at `gpa`, has exactly this text. */
static bool is_used_with(unsigned queue, uint64_t gpa, const char *text)
{
	uint32_t head;
	uint32_t written;

	return fake_ring_take(&driver.rings[queue], &head, &written) && written == strlen(text) &&
	       memcmp(fake_driver_at(&driver, gpa, written), text, written) == 0;
}

static bool is_used(unsigned queue)
{
	uint32_t head;
	uint32_t written;

	return fake_ring_take(&driver.rings[queue], &head, &written);
}

static void send_control(uint32_t id, uint16_t event, uint16_t value)
{
	const struct virtio_console_control message = { .id = id, .event = event, .value = value };

	add_bytes(CONTROL_TX, &message, sizeof(message));
}

/* A message from the device: what came with it, and its text. */
struct received {
	struct virtio_console_control header;
	char more[BUFFER_BYTES];
	uint32_t length;
};

static struct received next_message(void)
{
	struct received message = { 0 };
	uint64_t gpa = offer(CONTROL_RX, BUFFER_BYTES);
	uint32_t head;

	if (fake_ring_take(&driver.rings[CONTROL_RX], &head, &message.length)) {
		const uint8_t *bytes = fake_driver_at(&driver, gpa, BUFFER_BYTES);

		memcpy(&message.header, bytes, sizeof(message.header));
		memcpy(message.more, bytes + sizeof(message.header),
		       BUFFER_BYTES - sizeof(message.header));
	}
	return message;
}

static void expect_message(uint32_t id, uint16_t event, uint16_t value)
{
	struct received message = next_message();

	cr_assert(ge(u32, message.length, sizeof(message.header)));
	cr_assert(eq(u32, message.header.id, id));
	cr_assert(eq(u32, message.header.event, event));
	cr_assert(eq(u32, message.header.value, value));
}

static bool needs_reset(void)
{
	return fake_driver_status(&driver) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* --- one console --- */

Test(console, single_console_does_without_multiport)
{
	start("none");
	cr_assert(eq(u32, driver.queue_count, 2));
	cr_assert(zero(u64, fake_driver_features(&driver) & FEATURE_MULTIPORT));
	cr_assert(eq(u64, fake_driver_config(&driver, CONFIG_PORTS, 4), 1));
}

Test(console, output_reaches_the_back_end)
{
	start("none");
	print(1, "hello ");
	print(1, "world");
	cr_assert(eq(str, backends[0].output, "hello world"));
	cr_assert(is_used(1));
	cr_assert(is_used(1));
}

Test(console, input_fills_offered_buffers_and_no_more)
{
	start("none");
	uint64_t first = offer(0, 4);
	uint64_t second = offer(0, 4);

	cr_assert(eq(sz, type_at(0, "abcdefghij"), 8));
	cr_assert(is_used_with(0, first, "abcd"));
	cr_assert(is_used_with(0, second, "efgh"));
	backends[0].accepts = 0;
	(void)offer(0, 4);
	cr_assert(eq(u32, backends[0].accepts, 1)); /* the rest is asked for */
}

Test(console, input_before_the_driver_waits)
{
	cr_assert(eq(int, make_console("none", NULL), 0));
	cr_assert(eq(sz, type_at(0, "early"), 0));
}

Test(console, huge_output_is_written_in_parts)
{
	const struct fake_buffer buffer = { 0, FAKE_MEMORY_BYTES, false };

	start("none");
	backends[0].is_sink = true;
	backends[0].room = SIZE_MAX;
	(void)fake_ring_add(&driver.rings[1], &buffer, 1);
	console->v.type->on_notify(&console->v, 1);
	cr_assert(eq(sz, backends[0].output_length, CONSOLE_TURN_BYTES));
	fake_machine_run(&machine);
	cr_assert(eq(sz, backends[0].output_length, FAKE_MEMORY_BYTES));
	cr_assert(is_used(1));
}

Test(console, host_that_is_slow_keeps_the_chain)
{
	start("none");
	backends[0].room = 3;
	print(1, "hello");
	cr_assert(not(is_used(1)));
	make_room(0, 100);
	cr_assert(is_used(1));
	cr_assert(eq(str, backends[0].output, "hello"));
}

Test(console, pause_returns_the_chain_and_loses_nothing)
{
	start("none");
	backends[0].room = 3;
	print(1, "hello");
	virtio_console_type.quiesce(console);
	cr_assert(is_used(1));
	cr_assert(eq(sz, type_at(0, "x"), 0));
	make_room(0, 1);
	virtio_console_type.resume(console);
	print(1, " world");
	cr_assert(eq(str, backends[0].output, "hell"));
	make_room(0, 100);
	cr_assert(eq(str, backends[0].output, "hello world"));
}

Test(console, reset_forgets_the_held_chain)
{
	start("none");
	backends[0].room = 3;
	print(1, "hello");
	fake_driver_reset(&driver);
	make_room(0, 100);
	cr_assert(eq(str, backends[0].output, "hel"));
	fake_driver_start(&driver, fake_driver_features(&driver), 0);
	print(1, "lo");
	cr_assert(eq(str, backends[0].output, "hello"));
}

Test(console, size_is_in_configuration_space)
{
	start("none");
	(void)fake_driver_take_isr(&driver);
	resize(0, 132, 43);
	cr_assert(eq(u64, fake_driver_config(&driver, CONFIG_COLUMNS, 2), 132));
	cr_assert(eq(u64, fake_driver_config(&driver, CONFIG_ROWS, 2), 43));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 2));
}

Test(console, size_known_before_the_driver_is_told_at_its_start)
{
	cr_assert(eq(int, make_console("none", NULL), 0));
	resize(0, 132, 43);
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, FEATURE_SIZE, 0);
	cr_assert(eq(u8, fake_driver_take_isr(&driver) & 2, 2));
	cr_assert(eq(u64, fake_driver_config(&driver, CONFIG_COLUMNS, 2), 132));
}

Test(console, emergency_write_needs_no_queue)
{
	cr_assert(eq(int, make_console("none", NULL), 0));
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_set_config(&driver, CONFIG_EMERGENCY, 4, 'E');
	fake_machine_run(&machine);
	cr_assert(eq(str, backends[0].output, "E"));
}

/* --- several ports --- */

Test(console, ports_are_announced_named_and_opened)
{
	struct received message;

	start("stdio,port=org.test.0:pty");
	cr_assert(eq(u32, driver.queue_count, 6));
	send_control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect_message(0, VIRTIO_CONSOLE_PORT_ADD, 1);
	expect_message(1, VIRTIO_CONSOLE_PORT_ADD, 1);
	send_control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect_message(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
	expect_message(0, VIRTIO_CONSOLE_PORT_OPEN, 1);
	backends[1].connected = false;
	send_control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	message = next_message();
	cr_assert(eq(u32, message.header.event, VIRTIO_CONSOLE_PORT_NAME));
	cr_assert(eq(str, message.more, "org.test.0"));
	cr_assert(eq(u32, message.length, 8 + strlen("org.test.0")));
	expect_message(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	cr_assert(eq(u32, next_message().length, 0));
}

Test(console, port_takes_input_only_while_the_guest_has_it_open)
{
	start("none,port=log:none");
	uint64_t gpa = offer(4, 16);

	cr_assert(eq(sz, type_at(1, "early"), 0));
	send_control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	cr_assert(ge(u32, backends[1].accepts, 1));
	cr_assert(eq(sz, type_at(1, "now"), 3));
	cr_assert(is_used_with(4, gpa, "now"));
	send_control(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	(void)offer(4, 16);
	cr_assert(eq(sz, type_at(1, "late"), 0));
}

Test(console, far_end_hears_that_the_guest_opens_and_closes_its_port)
{
	start("none,port=a:none");
	cr_assert(not(backends[1].guest_open));
	send_control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	cr_assert(backends[1].guest_open);
	send_control(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	cr_assert(not(backends[1].guest_open));
	send_control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	fake_driver_set_status(&driver, 0);
	cr_assert(not(backends[1].guest_open));
}

Test(console, ports_alone_come_without_a_console)
{
	start("port=com.redhat.spice.0:vdagent");
	send_control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect_message(1, VIRTIO_CONSOLE_PORT_ADD, 1);
	cr_assert(eq(u32, next_message().length, 0));
	cr_assert(eq(str, backends[1].text, "the agent"));
	cr_assert(eq(sz, virtio_console_port_count(console), 1));
	cr_assert(eq(str, (char *)(uintptr_t)virtio_console_port_name(console, 0),
		     (char *)(uintptr_t) "com.redhat.spice.0"));
}

Test(console, each_port_has_its_own_queues)
{
	start("none,port=a:none,port=b:none");
	print(1, "zero");
	print(5, "one");
	print(7, "two");
	cr_assert(eq(str, backends[0].output, "zero"));
	cr_assert(eq(str, backends[1].output, "one"));
	cr_assert(eq(str, backends[2].output, "two"));
}

Test(console, far_end_that_comes_and_goes_is_told)
{
	start("none,port=a:none");
	send_control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	(void)next_message();
	(void)next_message();
	backends[1].connected = false;
	backends[1].user.on_connected(backends[1].user.user, false);
	expect_message(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
}

Test(console, resize_is_a_message_with_several_ports)
{
	struct received message;
	uint16_t size[2];

	start("none,port=a:none");
	send_control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	(void)next_message();
	(void)next_message();
	resize(0, 80, 25);
	message = next_message();
	cr_assert(eq(u32, message.header.event, VIRTIO_CONSOLE_RESIZE));
	memcpy(size, message.more, sizeof(size));
	cr_assert(eq(u32, size[0], 80));
	cr_assert(eq(u32, size[1], 25));
}

Test(console, driver_without_multiport_uses_port_0)
{
	cr_assert(eq(int, make_console("none,port=a:none", NULL), 0));
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, 0, 0);
	print(1, "plain");
	cr_assert(eq(str, backends[0].output, "plain"));
	(void)offer(0, 16);
	cr_assert(eq(sz, type_at(0, "in"), 2));
}

Test(console, messages_wait_for_buffers_however_many_there_are)
{
	start("none,port=a:none");
	for (unsigned i = 0; i < 300; i++) {
		send_control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	}
	expect_message(0, VIRTIO_CONSOLE_PORT_ADD, 1);
	expect_message(1, VIRTIO_CONSOLE_PORT_ADD, 1);
	cr_assert(eq(u32, next_message().length, 0));
}

/* --- hostile drivers --- */

Test(console, control_messages_about_nothing_are_ignored)
{
	start("none,port=a:none");
	send_control(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	send_control(UINT32_MAX, VIRTIO_CONSOLE_PORT_READY, 1);
	send_control(0, 0xffff, 1);
	send_control(1, VIRTIO_CONSOLE_PORT_READY, 0);
	cr_assert(not(needs_reset()));
	print(1, "alive");
	cr_assert(eq(str, backends[0].output, "alive"));
}

Test(console, short_control_message_fails_the_device)
{
	start("none,port=a:none");
	add_bytes(CONTROL_TX, "short", 5);
	cr_assert(needs_reset());
}

Test(console, short_control_buffer_fails_the_device)
{
	start("none,port=a:none");
	send_control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	(void)offer(CONTROL_RX, 4);
	cr_assert(needs_reset());
}

/* virtio 1.2 §5.3.6.1; a driver that goes on with them must not hold the loop. */
Test(console, read_only_input_buffer_fails_the_device)
{
	start("none");
	print(0, "wrong way");
	cr_assert(eq(sz, type_at(0, "x"), 0));
	cr_assert(needs_reset());
}

/* --- making it --- */

struct bad_options {
	char text[128];
	char hint[32];
};

ParameterizedTestParameters(console, init_refuses)
{
	static struct bad_options rows[] = {
		{ "bad", "bad" },
		{ "port=nothing", "NAME:BACKEND" },
		{ "port=:none", "NAME:BACKEND" },
		{ "port=name:", "NAME:BACKEND" },
		{ "port=a:bad", "bad" },
		{ "port=0123456789012345678901234567890123456789012345678901234567890123:none",
		  "longer" },
	};

	return cr_make_param_array(struct bad_options, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct bad_options *row, console, init_refuses)
{
	struct error err = { "" };

	cr_assert(lt(int, make_console(row->text, &err), 0), "%s", row->text);
	cr_assert(ne(ptr, strstr(err.text, row->hint), NULL), "%s", err.text);
	cr_assert(eq(u32, destroyed, backend_count));
}

Test(console, too_many_ports_are_refused)
{
	char text[1024] = "none";
	struct error err = { "" };
	size_t used = strlen(text);

	for (unsigned i = 0; i < CONSOLE_PORTS_MAX; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",port=p%u:none", i);
	}
	cr_assert(eq(int, make_console(text, &err), -EINVAL));
}

Test(console, ports_can_be_asked_for)
{
	start("none,console=pty,port=log:none");
	cr_assert(eq(sz, virtio_console_port_count(console), 3));
	cr_assert(virtio_console_port_name(console, 1) == NULL);
	cr_assert(zero(int, strcmp(virtio_console_port_name(console, 2), "log")));
	cr_assert(zero(int, strcmp(virtio_console_port_backend(console, 1), "pty")));
}
