/* SPDX-License-Identifier: MIT */
#include "devices/legacy/serial.h"

#include "devices/char/char.h"
#include "devices/legacy/isa.h"
#include "devices/legacy/uart.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"

/*
 * Processors write into the UART's buffer; the loop carries it to the back end. The first byte
 * after a pause goes at once; after that the loop looks every FLUSH_NS, so that a stream of output
 * costs a processor no more than its port writes.
 */
#define FLUSH_NS UINT64_C(2000000)

static const struct {
	uint16_t port;
	uint8_t irq;
} places[SERIAL_LINES] = {
	{ LAYOUT_COM1_PORT, LAYOUT_COM1_IRQ },
	{ LAYOUT_COM2_PORT, LAYOUT_COM2_IRQ },
	{ LAYOUT_COM3_PORT, LAYOUT_COM1_IRQ },
	{ LAYOUT_COM4_PORT, LAYOUT_COM2_IRQ },
};

struct serial {
	struct io_region region;
	struct loop *loop; /* borrowed */
	struct loop_task flush_task;
	struct loop_task accept_task;

	struct mutex lock; /* guards all below */
	struct uart uart;
	struct irq_line irq;
	bool irq_level;
	bool quiet;	      /* between quiesce and resume: no interrupt, no input */
	bool flush_scheduled; /* the loop will look at the UART's buffer */
	bool input_waits;     /* the back end has more than the guest took */

	/* The loop's. */
	struct char_backend *backend; /* owned */
	struct loop_timer flush_timer;
	bool flushing;
	bool host_is_full; /* the back end will call on_writable */
};

static void update_irq_locked(struct serial *serial) REQUIRES(serial->lock)
{
	bool level = uart_wants_interrupt(&serial->uart);

	if (level != serial->irq_level && !serial->quiet) {
		serial->irq_level = level;
		irq_line_set(&serial->irq, level);
	}
}

/* --- processors --- */

static uint64_t read_register(void *device, uint64_t offset, unsigned size)
{
	struct serial *serial = device;
	bool wants_input;
	uint8_t value;

	(void)size;
	mutex_lock(&serial->lock);
	value = uart_read(&serial->uart, (unsigned)offset);
	wants_input = serial->input_waits && serial->uart.rx_count == 0;
	update_irq_locked(serial);
	mutex_unlock(&serial->lock);
	if (wants_input) {
		loop_post(serial->loop, &serial->accept_task);
	}
	return value;
}

static void write_register(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct serial *serial = device;
	bool wants_input;
	bool wants_flush;

	(void)size;
	mutex_lock(&serial->lock);
	uart_write(&serial->uart, (unsigned)offset, (uint8_t)value);
	wants_flush = serial->uart.tx.count > 0 && !serial->flush_scheduled;
	serial->flush_scheduled |= wants_flush;
	wants_input = serial->input_waits && serial->uart.rx_count == 0;
	update_irq_locked(serial);
	mutex_unlock(&serial->lock);
	if (wants_flush) {
		loop_post(serial->loop, &serial->flush_task);
	}
	if (wants_input) {
		loop_post(serial->loop, &serial->accept_task);
	}
}

static const struct io_ops register_ops = { .read = read_register, .write = write_register };

/* --- the loop --- */

static size_t peek_output(struct serial *serial, const uint8_t **bytes)
{
	size_t length;

	mutex_lock(&serial->lock);
	length = byte_ring_peek(&serial->uart.tx, bytes);
	if (length == 0) {
		serial->flush_scheduled = false;
	}
	mutex_unlock(&serial->lock);
	return length;
}

static void drop_output(struct serial *serial, size_t length)
{
	mutex_lock(&serial->lock);
	uart_sent(&serial->uart, length);
	update_irq_locked(serial);
	mutex_unlock(&serial->lock);
}

/* Carries what is there, then looks again in a while; ends when there was nothing. */
static void flush(struct serial *serial)
{
	const uint8_t *bytes;
	size_t length;
	bool any = false;

	if (serial->flushing) {
		return; /* the back end calls back from char_write */
	}
	serial->flushing = true;
	serial->host_is_full = false;
	while ((length = peek_output(serial, &bytes)) > 0) {
		/* Without the lock: processors only append. */
		size_t taken = char_write(serial->backend, bytes, length);

		any = true;
		drop_output(serial, taken);
		if (taken < length) {
			serial->host_is_full = true;
			break;
		}
	}
	serial->flushing = false;
	if (any && !serial->host_is_full) {
		mutex_lock(&serial->lock);
		serial->flush_scheduled = true;
		mutex_unlock(&serial->lock);
		loop_timer_arm(serial->loop, &serial->flush_timer, clock_now_ns() + FLUSH_NS);
	}
}

static void on_flush(void *arg)
{
	flush(arg);
}

static void on_writable(void *arg)
{
	struct serial *serial = arg;

	if (serial->host_is_full) {
		flush(serial);
	}
}

static size_t on_input(void *arg, const uint8_t *bytes, size_t length)
{
	struct serial *serial = arg;
	size_t taken = 0;

	mutex_lock(&serial->lock);
	if (!serial->quiet) {
		taken = uart_receive(&serial->uart, bytes, length);
		update_irq_locked(serial);
	}
	serial->input_waits = taken < length;
	mutex_unlock(&serial->lock);
	return taken;
}

static void on_accept(void *arg)
{
	struct serial *serial = arg;

	char_accept_input(serial->backend);
}

/* --- the main thread --- */

struct opening {
	struct serial *serial;
	const char *text;
	struct error *err;
	int code;
};

static void open_backend(void *arg)
{
	struct opening *opening = arg;
	const struct char_user user = { .on_input = on_input,
					.on_writable = on_writable,
					.user = opening->serial };

	opening->code = char_create(opening->text, opening->serial->loop, &user,
				    &opening->serial->backend, opening->err);
}

/* What the guest wrote last is the most precious: it goes out before the back end closes. */
static void close_backend(void *arg)
{
	struct serial *serial = arg;

	loop_task_cancel(serial->loop, &serial->flush_task);
	loop_task_cancel(serial->loop, &serial->accept_task);
	if (serial->backend) {
		flush(serial);
	}
	loop_timer_disarm(&serial->flush_timer);
	char_destroy(serial->backend);
	serial->backend = NULL;
}

static void finish(void *state)
{
	struct serial *serial = state;

	bus_unmap(&serial->region);
	loop_call(serial->loop, close_backend, serial);
	mutex_lock(&serial->lock);
	if (serial->irq_level) {
		irq_line_set(&serial->irq, false);
	}
	uart_finish(&serial->uart);
	mutex_unlock(&serial->lock);
	mutex_finish(&serial->lock);
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct serial *serial = state;
	const struct serial_options *chosen = options;
	unsigned place = (unsigned)chosen->index - 1;
	struct opening opening = { .serial = serial, .text = chosen->backend, .err = err };
	int code;

	mutex_init(&serial->lock);
	serial->loop = env->loop;
	loop_task_init(&serial->flush_task, on_flush, serial);
	loop_task_init(&serial->accept_task, on_accept, serial);
	loop_timer_init(&serial->flush_timer, on_flush, serial);
	irq_line_init(&serial->irq, env->irqs, places[place].irq);
	serial->region = (struct io_region){ .base = places[place].port,
					     .length = UART_PORTS,
					     .ops = &register_ops,
					     .device = serial,
					     .name = "serial" };
	code = uart_init(&serial->uart);
	if (code < 0) {
		(void)error_set_errno(err, code, "serial");
		goto fail;
	}
	loop_call(serial->loop, open_backend, &opening);
	code = opening.code;
	if (code < 0) {
		goto fail;
	}
	code = isa_map(env, &serial->region, err);
	if (code < 0) {
		goto fail;
	}
	return 0;
fail:
	finish(serial);
	return code;
}

static void reset(void *state)
{
	struct serial *serial = state;

	mutex_lock(&serial->lock);
	uart_reset(&serial->uart);
	update_irq_locked(serial);
	mutex_unlock(&serial->lock);
	loop_post(serial->loop, &serial->accept_task);
}

static void quiesce(void *state)
{
	struct serial *serial = state;

	mutex_lock(&serial->lock);
	serial->quiet = true;
	mutex_unlock(&serial->lock);
}

static void resume(void *state)
{
	struct serial *serial = state;

	mutex_lock(&serial->lock);
	serial->quiet = false;
	update_irq_locked(serial);
	mutex_unlock(&serial->lock);
	loop_post(serial->loop, &serial->accept_task);
}

static const struct option options[] = {
	{ .name = "backend",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct serial_options, backend),
	  .help = "where the line goes: stdio, file:PATH, pty, unix:PATH or none",
	  .value_name = "BACKEND",
	  .default_text = "none" },
	{ .name = "index",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct serial_options, index),
	  .help = "which line it is: 1 for COM1 (ttyS0) to 4",
	  .default_text = "1",
	  .min = 1,
	  .max = SERIAL_LINES },
};

const struct device_type serial_type = {
	.name = "serial",
	.help = "serial line (16550A)",
	.options = { options, ARRAY_SIZE(options), "backend" },
	.options_size = sizeof(struct serial_options),
	.state_size = sizeof(struct serial),
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.resume = resume,
	.finish = finish,
};

const char *serial_backend(const struct serial *serial)
{
	return char_description(serial->backend);
}
