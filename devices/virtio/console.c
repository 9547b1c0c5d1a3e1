/* SPDX-License-Identifier: MIT */
#include "devices/virtio/console.h"

#include <errno.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "devices/virtio/console_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/loop.h"

#define PCI_CLASS_SERIAL_OTHER 0x078000u
#define BIT(n)		       (UINT64_C(1) << (n))

_Static_assert(2 * CONSOLE_PORTS_MAX + 2 <= VIRTIO_QUEUES_MAX, "two queues each, and control");

static struct console *of_device(struct virtio_device *v)
{
	return container_of(v, struct console, v);
}

/* --- the transport's callbacks --- */

static void on_start(struct virtio_device *v)
{
	struct console *console = of_device(v);

	for (unsigned i = 0; i < console->port_count; i++) {
		console_port_start(&console->ports[i]);
	}
}

static void on_stop(struct virtio_device *v)
{
	struct console *console = of_device(v);

	for (unsigned i = 0; i < console->port_count; i++) {
		console_port_stop(&console->ports[i]);
	}
}

static void on_drain(struct virtio_device *v)
{
	struct console *console = of_device(v);

	for (unsigned i = 0; i < console->port_count; i++) {
		console_port_drain(&console->ports[i]);
	}
}

static void on_port_notify(struct console *console, unsigned queue)
{
	unsigned number = queue < CONSOLE_CONTROL_RX ? 0 : queue / 2 - 1;

	if (number >= console->port_count) {
		return;
	}
	if (queue % 2 == 0) {
		console_port_receive(&console->ports[number]);
	} else {
		console_port_transmit(&console->ports[number]);
	}
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	struct console *console = of_device(v);

	if (queue == CONSOLE_CONTROL_RX) {
		console_control_send(console);
	} else if (queue == CONSOLE_CONTROL_TX) {
		console_control_receive(console);
	} else {
		on_port_notify(console, queue);
	}
}

/* A driver without queues, or one that is dying, says a byte at a time. */
static void on_config_write(struct virtio_device *v, unsigned offset, unsigned size)
{
	struct console *console = of_device(v);

	(void)size;
	if (offset == offsetof(struct virtio_console_config, emerg_wr)) {
		(void)char_write(console->ports[0].backend, &v->config[offset], 1);
	}
}

static const struct virtio_type console_type = {
	.name = "virtio-console",
	.device_id = VIRTIO_ID_CONSOLE,
	.pci_class = PCI_CLASS_SERIAL_OTHER,
	.queue_size = CONSOLE_QUEUE_SIZE,
	.start = on_start,
	.stop = on_stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
	.drain = on_drain,
};

/* --- making it --- */

struct opening {
	struct console *console;
	const struct console_options *options;
	struct error *err;
	int code;
};

/* `text` is NAME:BACKEND. */
static int open_named_port(struct console_port *port, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || !colon[1]) {
		return error_set(err, -EINVAL,
				 "port=%s: write it as NAME:BACKEND, such as log:file:guest.log",
				 text);
	}
	if (colon - text > (ptrdiff_t)CONSOLE_NAME_MAX) {
		return error_set(err, -EINVAL, "port=%s: the name is longer than %u bytes", text,
				 CONSOLE_NAME_MAX);
	}
	port->name = strndup(text, (size_t)(colon - text));
	if (!port->name) {
		return error_set_errno(err, -ENOMEM, "port=%s", text);
	}
	return console_port_open(port, colon + 1, err);
}

static int open_port(struct console *console, unsigned number,
		     const struct console_options *options, struct error *err)
{
	struct console_port *port = &console->ports[number];
	size_t consoles = MAX(options->consoles.count, (size_t)1);

	port->console = console;
	port->number = number;
	port->is_console = number < consoles;
	port->is_absent = number == 0 && !options->consoles.count && options->ports.count;
	if (!port->is_console) {
		return open_named_port(port, options->ports.items[number - consoles], err);
	}
	return console_port_open(
		port, options->consoles.count ? options->consoles.items[number] : "none", err);
}

static void open_ports(void *arg)
{
	struct opening *opening = arg;
	struct console *console = opening->console;

	for (unsigned i = 0; i < console->port_count && opening->code == 0; i++) {
		opening->code = open_port(console, i, opening->options, opening->err);
	}
}

static void close_ports(void *arg)
{
	struct console *console = arg;

	for (unsigned i = 0; i < console->port_count; i++) {
		if (console->ports[i].console) {
			console_port_close(&console->ports[i]);
		}
	}
}

static void set_plugged(void *arg)
{
	struct console *console = arg;

	console->plugged = true;
	for (unsigned i = 0; i < console->port_count; i++) {
		console_port_tell_size(&console->ports[i]);
	}
}

static void clear_plugged(void *arg)
{
	((struct console *)arg)->plugged = false;
}

static void finish(void *state)
{
	struct console *console = state;

	loop_call(console->loop, clear_plugged, console);
	virtio_unplug(&console->v);
	if (console->ports) {
		loop_call(console->loop, close_ports, console);
	}
	free(console->ports);
	console->ports = NULL;
}

static void fill_config(struct console *console)
{
	struct virtio_device *v = &console->v;

	v->features = BIT(VIRTIO_CONSOLE_F_SIZE) | BIT(VIRTIO_CONSOLE_F_EMERG_WRITE);
	v->queue_count = 2;
	if (console->port_count > 1) {
		v->features |= BIT(VIRTIO_CONSOLE_F_MULTIPORT);
		v->queue_count = 2 * console->port_count + 2;
	}
	v->config_size = sizeof(struct virtio_console_config);
	store_le32(v->config + offsetof(struct virtio_console_config, max_nr_ports),
		   console->port_count);
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct console *console = state;
	const struct console_options *chosen = options;
	struct opening opening = { .console = console, .options = chosen, .err = err };
	size_t count = MAX(chosen->consoles.count, (size_t)1) + chosen->ports.count;
	int code;

	if (count > CONSOLE_PORTS_MAX) {
		return error_set(err, -EINVAL, "%zu ports; the device has %u at most", count,
				 CONSOLE_PORTS_MAX);
	}
	console->loop = env->loop;
	console->clipboard = env->clipboard;
	console->display = env->display;
	console->v.type = &console_type;
	console->v.id = env->id;
	console->ports = calloc(count, sizeof(*console->ports));
	if (!console->ports) {
		return error_set_errno(err, -ENOMEM, "virtio-console");
	}
	console->port_count = (unsigned)count;
	fill_config(console);
	loop_call(console->loop, open_ports, &opening);
	code = opening.code;
	if (code == 0) {
		code = virtio_pci_plug(&console->v, env, err);
	}
	if (code < 0) {
		finish(console);
		return code;
	}
	loop_call(console->loop, set_plugged, console);
	return 0;
}

static const struct option options[] = {
	{ .name = "console",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct console_options, consoles),
	  .help = "a console (hvc0 is the first): stdio, file:PATH, pty, unix:PATH or none",
	  .value_name = "BACKEND" },
	{ .name = "port",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct console_options, ports),
	  .help = "a port that the guest finds as /dev/virtio-ports/NAME; besides the back ends of "
		  "consoles there is vdagent, for com.redhat.spice.0",
	  .value_name = "NAME:BACKEND" },
};

const struct device_type virtio_console_type = {
	.name = "virtio-console",
	.help = "consoles and named ports",
	.options = { options, ARRAY_SIZE(options), "console" },
	.options_size = sizeof(struct console_options),
	.state_size = sizeof(struct console),
	.init = init,
	.reset = virtio_reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = finish,
};

/* Only number 0 can be absent. */
static const struct console_port *nth_port(const struct console *console, size_t index)
{
	return &console->ports[index + (console->ports[0].is_absent ? 1 : 0)];
}

size_t virtio_console_port_count(const struct console *console)
{
	return console->port_count - (console->ports[0].is_absent ? 1 : 0);
}

const char *virtio_console_port_name(const struct console *console, size_t port)
{
	return nth_port(console, port)->name;
}

const char *virtio_console_port_backend(const struct console *console, size_t port)
{
	return char_description(nth_port(console, port)->backend);
}
