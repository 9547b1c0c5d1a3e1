/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/serial.c devices/legacy/uart.c devices/legacy/isa.c vmm/bus/ vmm/kvm/
 *       vmm/mem/ */
/*
 * A serial line between a hostile guest and a host that takes and gives as it likes. Input: pairs
 * of bytes, what happens and its value. What a guest sent while the transmitter was empty must come
 * out, all of it and in order; what it sent without waiting may come out in between.
 */
#include <assert.h>
#include <linux/serial_reg.h>
#include <stdlib.h>
#include <string.h>

#include "devices/char/char.h"
#include "devices/legacy/serial.h"
#include "vmm/base/loop.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"

#define OUTPUT_MAX 262144u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the host --- */

static struct char_user user;
static uint8_t output[OUTPUT_MAX], expected[OUTPUT_MAX];
static size_t output_length, expected_length, room;

int char_create(const char *text, struct loop *loop, const struct char_user *u,
		struct char_backend **out, struct error *err)
{
	(void)text;
	(void)loop;
	(void)err;
	user = *u;
	*out = (struct char_backend *)output;
	return 0;
}

void char_destroy(struct char_backend *backend)
{
	(void)backend;
}

size_t char_write(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	size_t taken = length < room ? length : room;

	(void)backend;
	assert(output_length + taken <= OUTPUT_MAX);
	memcpy(output + output_length, bytes, taken);
	output_length += taken;
	room -= taken;
	return taken;
}

void char_accept_input(struct char_backend *backend)
{
	(void)backend;
	(void)user.on_input(user.user, (const uint8_t *)"more", 4);
}

const char *char_description(const struct char_backend *backend)
{
	(void)backend;
	return "fuzz";
}

/* --- the guest --- */

static struct device_env env;
static bool divisor, loopback;

static uint64_t read_port(unsigned offset)
{
	uint64_t value = 0;

	(void)bus_read(env.pio, LAYOUT_COM1_PORT + offset, 1, &value);
	return value;
}

static void write_port(unsigned offset, uint8_t value)
{
	if (offset == UART_TX && !divisor && !loopback && (read_port(UART_LSR) & UART_LSR_THRE)) {
		assert(expected_length < OUTPUT_MAX);
		expected[expected_length++] = value;
	}
	divisor = offset == UART_LCR ? value & UART_LCR_DLAB : divisor;
	loopback = offset == UART_MCR ? value & UART_MCR_LOOP : loopback;
	(void)bus_write(env.pio, LAYOUT_COM1_PORT + offset, 1, value);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void run_loop(void)
{
	struct loop_task last;

	loop_task_init(&last, stop, env.loop);
	loop_post(env.loop, &last);
	loop_run(env.loop);
}

static void make_room(size_t bytes)
{
	room = bytes;
	user.on_writable(user.user);
}

/* A thousand bytes at once, so that the transmitter can become full. */
static void print_much(uint8_t value)
{
	for (unsigned i = 0; i < 1000; i++) {
		write_port(UART_TX, (uint8_t)(value + i));
	}
}

static void act(void *serial, uint8_t what, uint8_t value)
{
	const uint8_t line[] = { value, value, value };

	switch (what % 24) {
	case 16:
		(void)user.on_input(user.user, line, sizeof(line));
		break;
	case 17:
		make_room(value * 64u);
		break;
	case 18:
		run_loop();
		break;
	case 19:
		serial_type.quiesce(serial);
		break;
	case 20:
		serial_type.resume(serial);
		break;
	case 21:
		serial_type.reset(serial);
		divisor = false;
		loopback = false;
		break;
	case 22:
		print_much(value);
		break;
	default:
		if (what & 8) {
			(void)read_port(what & 7);
		} else {
			write_port(what & 7, value);
		}
		break;
	}
}

static bool all_expected_came_out(void)
{
	size_t found = 0;

	for (size_t i = 0; i < output_length && found < expected_length; i++) {
		found += output[i] == expected[found];
	}
	return found == expected_length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct serial_options options = { .index = 1 };
	void *serial = calloc(1, serial_type.state_size);

	if (!env.pio &&
	    (bus_create(NULL, BUS_PIO, &env.pio) < 0 || irq_router_create(NULL, &env.irqs) < 0 ||
	     loop_create("fuzz", &env.loop) < 0)) {
		abort();
	}
	output_length = 0;
	expected_length = 0;
	room = 0;
	divisor = false;
	loopback = false;
	if (!serial || serial_type.init(serial, &env, &options, NULL) < 0) {
		abort();
	}
	for (size_t i = 0; i + 1 < size && i < 400; i += 2) {
		act(serial, data[i], data[i + 1]);
	}
	make_room(OUTPUT_MAX);
	serial_type.finish(serial);
	run_loop(); /* nothing is left behind */
	free(serial);
	assert(all_expected_came_out());
	return 0;
}
