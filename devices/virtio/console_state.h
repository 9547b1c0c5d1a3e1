/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_CONSOLE_STATE_H
#define THUNDERLAKE_DEVICES_VIRTIO_CONSOLE_STATE_H

#include <linux/virtio_console.h>

#include "devices/char/char.h"
#include "devices/virtio/console.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/loop.h"

/* The inside of the console device, for its own files. All on the device's loop. */

/* Queues: port 0 has 0 and 1, control 2 and 3, port n from 2n + 2 on; receive queues are even. */
#define CONSOLE_CONTROL_RX 2u
#define CONSOLE_CONTROL_TX 3u
#define CONSOLE_QUEUE_SIZE 128u
#define CONSOLE_IOV_MAX	   (2 * CONSOLE_QUEUE_SIZE)

#define CONSOLE_NAME_MAX 63u

/* Bytes of a chain that are kept when the machine is paused while the host takes none. */
#define CONSOLE_SPILL_MAX (1u << 20)

/* Bytes that a port writes before others on the loop have their turn. */
#define CONSOLE_TURN_BYTES (1u << 20)

/* Messages a port owes the driver, in the order of sending. */
enum console_message {
	CONSOLE_DUE_ADD = 1u << 0,
	CONSOLE_DUE_CONSOLE = 1u << 1,
	CONSOLE_DUE_NAME = 1u << 2,
	CONSOLE_DUE_RESIZE = 1u << 3,
	CONSOLE_DUE_OPEN = 1u << 4,
};

struct console_port {
	struct console *console;
	unsigned number;
	bool is_console;
	bool is_absent; /* number 0, where there is no console: the driver never hears of it */
	char *name;	/* owned; NULL for a console */
	struct char_backend *backend; /* owned */
	unsigned columns, rows;	      /* 0: not known */

	/* Since the driver started. */
	bool guest_open;
	bool ready;   /* the driver has the port */
	unsigned due; /* enum console_message */

	/* Output that the host has not taken: a chain, or what was saved of one by a pause. */
	bool writing; /* inside char_write, which may call back */
	bool held;
	struct virtqueue_chain chain;
	struct iovec iov[CONSOLE_IOV_MAX];
	size_t written;	  /* bytes of the chain */
	size_t turn_left; /* bytes to be written before others have their turn */
	struct loop_task more_task;
	uint8_t *spill; /* owned */
	size_t spill_length, spill_written;
};

struct console {
	struct virtio_device v;
	struct loop *loop;	     /* borrowed, as are these two */
	struct clipboard *clipboard; /* NULL: none */
	struct display *display;     /* NULL: none */
	struct console_port *ports;  /* owned */
	unsigned port_count;
	bool plugged; /* the transport is there to tell the driver of changes */
};
VIRTIO_DEVICE_IS_FIRST(struct console, v);

static inline bool console_has_control(const struct console *console)
{
	return virtio_has_feature(&console->v, VIRTIO_CONSOLE_F_MULTIPORT);
}

/* --- console_port.c: data --- */

/* Makes the back end. Loop. */
int console_port_open(struct console_port *port, const char *backend, struct error *err);
void console_port_close(struct console_port *port);
/* Tells the driver the console's size, as far as it is known and there is a driver. */
void console_port_tell_size(struct console_port *port);
/* The driver starts; the driver is gone; the machine is about to pause. */
void console_port_start(struct console_port *port);
void console_port_stop(struct console_port *port);
void console_port_set_guest_open(struct console_port *port, bool open);
void console_port_drain(struct console_port *port);
/* The driver gave chains. */
void console_port_transmit(struct console_port *port);
void console_port_receive(struct console_port *port);

/* --- console_control.c: messages --- */

void console_control_receive(struct console *console);
/* Sends what is due, as far as the driver has given buffers. */
void console_control_send(struct console *console);

#endif
