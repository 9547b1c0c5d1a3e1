/* SPDX-License-Identifier: MIT */
#include <linux/virtio_console.h>
#include <string.h>

#include "devices/virtio/console_state.h"
#include "devices/virtio/vdagent.h"
#include "vmm/base/bytes.h"

static unsigned rx_queue(const struct console_port *port)
{
	return port->number == 0 ? 0 : 2 * port->number + 2;
}

static unsigned tx_queue(const struct console_port *port)
{
	return rx_queue(port) + 1;
}

/* --- output --- */

/* Hands over what was saved by a pause. Returns whether nothing of it is left. */
static bool write_spill(struct console_port *port)
{
	if (port->spill) {
		port->spill_written += char_write(port->backend, port->spill + port->spill_written,
						  port->spill_length - port->spill_written);
		if (port->spill_written < port->spill_length) {
			return false;
		}
		free(port->spill);
		port->spill = NULL;
	}
	return true;
}

/* Hands over the held chain, straight from guest memory, as far as the turn goes. Returns whether
 * nothing of it is left. */
static bool write_chain(struct console_port *port)
{
	size_t skip = port->written;

	for (unsigned i = 0; i < port->chain.readable_count; i++) {
		const struct iovec *slice = &port->iov[i];
		size_t taken;

		if (skip >= slice->iov_len) {
			skip -= slice->iov_len;
			continue;
		}
		taken = char_write(port->backend, (const uint8_t *)slice->iov_base + skip,
				   MIN(slice->iov_len - skip, port->turn_left));
		port->written += taken;
		port->turn_left -= taken;
		if (taken < slice->iov_len - skip) {
			return false;
		}
		skip = 0;
	}
	return true;
}

static void return_chain(struct console_port *port)
{
	virtqueue_push(&port->console->v.queues[tx_queue(port)], port->chain.head, 0);
	port->held = false;
}

static bool hold_next_chain(struct console_port *port)
{
	if (!port->held) {
		port->chain = (struct virtqueue_chain){ .iov = port->iov,
							.iov_capacity = CONSOLE_IOV_MAX };
		port->written = 0;
		port->held = virtio_pop(&port->console->v, tx_queue(port), &port->chain) == 1;
	}
	return port->held;
}

void console_port_transmit(struct console_port *port)
{
	struct virtio_device *v = &port->console->v;
	bool any = false;

	if (port->writing) {
		return;
	}
	port->writing = true;
	port->turn_left = CONSOLE_TURN_BYTES;
	if (write_spill(port) && v->running && v->queue_ready[tx_queue(port)]) {
		while (port->turn_left > 0 && hold_next_chain(port) && write_chain(port)) {
			return_chain(port);
			any = true;
		}
	}
	port->writing = false;
	if (port->turn_left == 0) {
		loop_post(port->console->loop, &port->more_task);
	}
	if (any) {
		virtio_signal(v, tx_queue(port));
	}
}

/* The rest of the held chain moves into memory of our own, so that the ring is all there is. */
void console_port_drain(struct console_port *port)
{
	size_t rest;

	if (!port->held) {
		return;
	}
	rest = MIN(port->chain.readable_bytes - port->written, (size_t)CONSOLE_SPILL_MAX);
	port->spill = rest ? malloc(rest) : NULL;
	if (port->spill) {
		port->spill_length = iov_read(port->iov, port->chain.readable_count, port->written,
					      port->spill, rest);
		port->spill_written = 0;
	}
	return_chain(port);
}

/* --- input --- */

static bool wants_input(const struct console_port *port)
{
	return port->console->v.running && port->guest_open &&
	       port->console->v.queue_ready[rx_queue(port)];
}

static size_t on_input(void *user, const uint8_t *bytes, size_t length)
{
	struct console_port *port = user;
	struct virtio_device *v = &port->console->v;
	unsigned queue = rx_queue(port);
	size_t taken = 0;

	while (taken < length && wants_input(port)) {
		struct iovec iov[CONSOLE_IOV_MAX];
		struct virtqueue_chain chain = { .iov = iov, .iov_capacity = CONSOLE_IOV_MAX };
		size_t part;

		if (virtio_pop(v, queue, &chain) != 1) {
			break;
		}
		if (chain.writable_bytes == 0) {
			virtio_fail(v, "a buffer for input without room");
			break;
		}
		part = iov_write(iov + chain.readable_count, chain.writable_count, 0, bytes + taken,
				 length - taken);
		virtqueue_push(&v->queues[queue], chain.head, (uint32_t)part);
		taken += part;
	}
	if (taken) {
		virtio_signal(v, queue);
	}
	return taken;
}

void console_port_receive(struct console_port *port)
{
	char_accept_input(port->backend);
}

static void on_next_turn(void *port)
{
	console_port_transmit(port);
}

static void on_writable(void *user)
{
	console_port_transmit(user);
}

static void on_connected(void *user, bool connected)
{
	struct console_port *port = user;

	(void)connected;
	if (port->ready) {
		port->due |= CONSOLE_DUE_OPEN;
		console_control_send(port->console);
	}
}

void console_port_tell_size(struct console_port *port)
{
	const le16 size[] = { le16_of((uint16_t)port->columns), le16_of((uint16_t)port->rows) };

	if (!port->columns || !port->console->plugged) {
		return;
	}
	if (port->number == 0) { /* configuration space has room for one */
		virtio_config_update(&port->console->v, 0, size, sizeof(size));
	}
	if (port->ready) {
		port->due |= CONSOLE_DUE_RESIZE;
		console_control_send(port->console);
	}
}

static void on_resize(void *user, unsigned columns, unsigned rows)
{
	struct console_port *port = user;

	port->columns = MIN(columns, (unsigned)UINT16_MAX);
	port->rows = MIN(rows, (unsigned)UINT16_MAX);
	console_port_tell_size(port);
}

/* --- life --- */

int console_port_open(struct console_port *port, const char *backend, struct error *err)
{
	const struct char_user user = { .on_input = on_input,
					.on_writable = on_writable,
					.on_connected = on_connected,
					.on_resize = port->is_console ? on_resize : NULL,
					.user = port };

	loop_task_init(&port->more_task, on_next_turn, port);
	if (strcmp(backend, VDAGENT_BACKEND) == 0) {
		return vdagent_create(port->console->loop, port->console->clipboard,
				      port->console->display, &user, &port->backend, err);
	}
	return char_create(backend, port->console->loop, &user, &port->backend, err);
}

void console_port_close(struct console_port *port)
{
	loop_task_cancel(port->console->loop, &port->more_task);
	char_destroy(port->backend);
	port->backend = NULL;
	free(port->spill);
	port->spill = NULL;
	free(port->name);
	port->name = NULL;
}

void console_port_set_guest_open(struct console_port *port, bool open)
{
	if (port->guest_open != open) {
		port->guest_open = open;
		char_set_guest_open(port->backend, open);
	}
}

void console_port_start(struct console_port *port)
{
	port->ready = false;
	port->due = 0;
	port->held = false;
	/* Without control messages a port is simply there. */
	console_port_set_guest_open(port, !console_has_control(port->console));
	console_port_tell_size(port); /* Linux looks only when it is told */
}

void console_port_stop(struct console_port *port)
{
	port->ready = false;
	console_port_set_guest_open(port, false);
	port->due = 0;
	port->held = false;
}
