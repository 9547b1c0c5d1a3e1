/* SPDX-License-Identifier: MIT */
#include <linux/virtio_console.h>
#include <stdio.h>
#include <string.h>

#include "devices/virtio/console_state.h"
#include "vmm/base/bytes.h"

/* struct virtio_console_control and what may follow it (virtio 1.2 §5.3.6.2). */
struct message {
	le32 id;
	le16 event;
	le16 value;
	union {
		struct {
			le16 columns;
			le16 rows;
		} size;
		char name[CONSOLE_NAME_MAX + 1];
	};
};

#define HEADER_BYTES offsetof(struct message, size)

_Static_assert(HEADER_BYTES == sizeof(struct virtio_console_control), "as the driver has it");

/* --- to the driver --- */

static struct message make_header(const struct console_port *port, uint16_t event, bool value)
{
	return (struct message){ .id = le32_of(port->number),
				 .event = le16_of(event),
				 .value = le16_of(value) };
}

/* Makes the first message that is due and returns its length. */
static size_t make_message(const struct console_port *port, enum console_message due,
			   struct message *out)
{
	switch (due) {
	case CONSOLE_DUE_ADD:
		*out = make_header(port, VIRTIO_CONSOLE_PORT_ADD, true);
		return HEADER_BYTES;
	case CONSOLE_DUE_CONSOLE:
		*out = make_header(port, VIRTIO_CONSOLE_CONSOLE_PORT, true);
		return HEADER_BYTES;
	case CONSOLE_DUE_NAME:
		*out = make_header(port, VIRTIO_CONSOLE_PORT_NAME, true);
		return HEADER_BYTES +
		       (size_t)snprintf(out->name, sizeof(out->name), "%s", port->name);
	case CONSOLE_DUE_RESIZE:
		*out = make_header(port, VIRTIO_CONSOLE_RESIZE, false);
		out->size.columns = le16_of((uint16_t)port->columns);
		out->size.rows = le16_of((uint16_t)port->rows);
		return HEADER_BYTES + sizeof(out->size);
	case CONSOLE_DUE_OPEN:
		*out = make_header(port, VIRTIO_CONSOLE_PORT_OPEN,
				   char_is_connected(port->backend));
		return HEADER_BYTES;
	}
	return 0;
}

/* Returns whether a message went out, or failed for good. */
static bool send_message(struct console_port *port, enum console_message due)
{
	struct virtio_device *v = &port->console->v;
	struct iovec iov[CONSOLE_IOV_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = CONSOLE_IOV_MAX };
	struct message message;
	size_t length = make_message(port, due, &message);

	if (virtio_pop(v, CONSOLE_CONTROL_RX, &chain) != 1) {
		return false;
	}
	if (chain.writable_bytes < length) {
		virtio_fail(v, "a control buffer of %zu bytes is too small", chain.writable_bytes);
		return false;
	}
	(void)iov_write(iov + chain.readable_count, chain.writable_count, 0, &message, length);
	virtqueue_push(&v->queues[CONSOLE_CONTROL_RX], chain.head, (uint32_t)length);
	port->due &= ~(unsigned)due;
	return true;
}

void console_control_send(struct console *console)
{
	bool any = false;
	bool room = console->v.running && console_has_control(console) &&
		    console->v.queue_ready[CONSOLE_CONTROL_RX];

	for (unsigned i = 0; i < console->port_count && room; i++) {
		struct console_port *port = &console->ports[i];

		while (port->due && room) {
			/* The lowest bit is the first in order. */
			room = send_message(port, (enum console_message)(port->due & -port->due));
			any |= room;
		}
	}
	if (any) {
		virtio_signal(&console->v, CONSOLE_CONTROL_RX);
	}
}

/* --- from the driver --- */

static void on_port_ready(struct console_port *port, bool ready)
{
	port->ready = ready;
	if (!ready) {
		log_guest(&port->console->v.log_limit, port->console->v.id,
			  "the driver could not set up port %u", port->number);
		return;
	}
	port->due |= CONSOLE_DUE_OPEN;
	port->due |= port->is_console ? CONSOLE_DUE_CONSOLE : 0;
	port->due |= port->name ? CONSOLE_DUE_NAME : 0;
	port->due |= port->is_console && port->columns ? CONSOLE_DUE_RESIZE : 0;
}

static void on_port_open(struct console_port *port, bool open)
{
	console_port_set_guest_open(port, open);
	if (open) {
		console_port_receive(port);
	}
}

static void on_device_ready(struct console *console, bool ready)
{
	for (unsigned i = 0; i < console->port_count && ready; i++) {
		if (!console->ports[i].is_absent) {
			console->ports[i].due |= CONSOLE_DUE_ADD;
		}
	}
}

static void handle_message(struct console *console, const struct message *message)
{
	uint32_t id = le32_get(message->id);
	uint16_t event = le16_get(message->event);
	bool value = le16_get(message->value);

	if (event == VIRTIO_CONSOLE_DEVICE_READY) {
		on_device_ready(console, value);
	} else if (id >= console->port_count) {
		log_guest(&console->v.log_limit, console->v.id, "control message for port %u of %u",
			  id, console->port_count);
	} else if (event == VIRTIO_CONSOLE_PORT_READY) {
		on_port_ready(&console->ports[id], value);
	} else if (event == VIRTIO_CONSOLE_PORT_OPEN) {
		on_port_open(&console->ports[id], value);
	} else {
		log_guest(&console->v.log_limit, console->v.id, "unknown control message %u",
			  event);
	}
}

void console_control_receive(struct console *console)
{
	struct virtio_device *v = &console->v;
	struct iovec iov[CONSOLE_IOV_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = CONSOLE_IOV_MAX };
	bool any = false;

	while (virtio_pop(v, CONSOLE_CONTROL_TX, &chain) == 1) {
		struct message message;

		if (iov_read(iov, chain.readable_count, 0, &message, HEADER_BYTES) < HEADER_BYTES) {
			virtio_fail(v, "a control message of %zu bytes", chain.readable_bytes);
			return;
		}
		virtqueue_push(&v->queues[CONSOLE_CONTROL_TX], chain.head, 0);
		any = true;
		handle_message(console, &message);
	}
	if (any) {
		virtio_signal(v, CONSOLE_CONTROL_TX);
		console_control_send(console);
	}
}
