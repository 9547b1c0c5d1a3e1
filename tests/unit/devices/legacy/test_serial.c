/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/serial.c devices/legacy/uart.c devices/legacy/isa.c vmm/bus/ vmm/kvm/
 *       vmm/mem/ tests/unit/devices/legacy/fake_pc.c */
#include "devices/legacy/serial.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/serial_reg.h>
#include <string.h>

#include "devices/char/char.h"
#include "tests/unit/devices/legacy/fake_pc.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/boot/layout.h"

/* --- a back end that remembers, and takes `room` bytes at most --- */

static struct char_user user;
static char output[65536];
static size_t output_length;
static size_t room;
static unsigned writes;
static unsigned accepts;
static bool broken;

int char_create(const char *text, struct loop *loop, const struct char_user *u,
		struct char_backend **out, struct error *err)
{
	(void)text;
	(void)loop;
	if (broken) {
		*out = NULL;
		return error_set(err, -ENOENT, "broken");
	}
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
	size_t taken = MIN(length, room);

	(void)backend;
	writes++;
	memcpy(output + output_length, bytes, taken);
	output_length += taken;
	room -= taken;
	return taken;
}

void char_accept_input(struct char_backend *backend)
{
	(void)backend;
	accepts++;
}

const char *char_description(const struct char_backend *backend)
{
	(void)backend;
	return "fake";
}

static struct fake_pc pc;
static struct serial *serial;

static void set_up(void)
{
	room = sizeof(output);
	fake_pc_init(&pc, false);
	serial = fake_pc_add(&pc, &serial_type, "");
}

static void tear_down(void)
{
	fake_pc_remove(&serial_type, serial);
	fake_pc_finish(&pc);
}

TestSuite(serial, .init = set_up, .fini = tear_down, .timeout = 10);

static void out(unsigned offset, uint8_t value)
{
	fake_pc_out(&pc, (uint16_t)(LAYOUT_COM1_PORT + offset), value);
}

static uint8_t in(unsigned offset)
{
	return fake_pc_in(&pc, (uint16_t)(LAYOUT_COM1_PORT + offset));
}

static bool transmitter_is_empty(void)
{
	uint8_t status = in(UART_LSR);

	return status & UART_LSR_THRE;
}

static void print(const char *text)
{
	while (*text) {
		out(UART_TX, (uint8_t)*text++);
	}
}

static size_t type(const char *text)
{
	return user.on_input(user.user, (const uint8_t *)text, strlen(text));
}

Test(serial, output_goes_out_in_one_piece)
{
	print("hello");
	cr_assert(eq(sz, output_length, 0)); /* nothing on the processor's thread */
	fake_pc_settle(&pc);
	cr_assert(eq(str, output, "hello"));
	cr_assert(eq(u32, writes, 1));
}

static void stop_when_all_is_out(void *arg)
{
	if (output_length == 5) {
		loop_stop(pc.env.loop);
	} else {
		loop_timer_arm(pc.env.loop, arg, clock_now_ns() + 1000000);
	}
}

Test(serial, output_after_the_first_follows_by_itself)
{
	struct loop_timer check;

	print("h");
	fake_pc_settle(&pc);
	print("ello");
	loop_timer_init(&check, stop_when_all_is_out, &check);
	loop_timer_arm(pc.env.loop, &check, clock_now_ns());
	loop_run(pc.env.loop);
	cr_assert(eq(str, output, "hello"));
}

Test(serial, last_bytes_come_out_at_the_end)
{
	print("panic");
	fake_pc_remove(&serial_type, serial);
	cr_assert(eq(str, output, "panic"));
	serial = fake_pc_add(&pc, &serial_type, "");
}

Test(serial, host_that_takes_none_holds_up_the_guest_and_loses_nothing)
{
	unsigned sent = 0;

	room = 10;
	while (transmitter_is_empty()) {
		out(UART_TX, (uint8_t)('a' + sent++ % 26));
	}
	fake_pc_settle(&pc);
	cr_assert(eq(sz, output_length, 10));
	cr_assert(not(transmitter_is_empty()));
	room = sizeof(output) - output_length;
	user.on_writable(user.user);
	cr_assert(eq(sz, output_length, sent));
	cr_assert(eq(chr, output[sent - 1], (char)('a' + (sent - 1) % 26)));
	cr_assert(transmitter_is_empty());
}

Test(serial, input_interrupts_and_more_is_asked_for_when_it_is_read)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_IER, UART_IER_RDI);
	cr_assert(eq(sz, type("0123456789abcdefgh"), 16));
	cr_assert(fake_pc_irq(&pc, LAYOUT_COM1_IRQ));
	for (unsigned i = 0; i < 16; i++) {
		cr_assert(eq(u32, accepts, 0));
		(void)in(UART_RX);
	}
	fake_pc_settle(&pc);
	cr_assert(eq(u32, accepts, 1));
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_COM1_IRQ)));
}

Test(serial, quiesced_line_takes_no_input_and_raises_nothing)
{
	out(UART_IER, UART_IER_RDI);
	serial_type.quiesce(serial);
	cr_assert(eq(sz, type("x"), 0));
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_COM1_IRQ)));
	serial_type.resume(serial);
	fake_pc_settle(&pc);
	cr_assert(eq(u32, accepts, 1));
	cr_assert(eq(sz, type("x"), 1));
	cr_assert(fake_pc_irq(&pc, LAYOUT_COM1_IRQ));
}

Test(serial, reset_lowers_the_line)
{
	out(UART_IER, UART_IER_THRI);
	cr_assert(fake_pc_irq(&pc, LAYOUT_COM1_IRQ));
	serial_type.reset(serial);
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_COM1_IRQ)));
}

Test(serial, fourth_line_is_com4)
{
	void *fourth = fake_pc_add(&pc, &serial_type, "none,index=4");

	fake_pc_out(&pc, LAYOUT_COM4_PORT + UART_IER, UART_IER_THRI);
	cr_assert(fake_pc_irq(&pc, LAYOUT_COM2_IRQ));
	fake_pc_remove(&serial_type, fourth);
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_COM2_IRQ)));
}

Test(serial, second_line_at_the_same_place_fails)
{
	struct serial_options options = { .index = 1 };
	void *state = calloc(1, serial_type.state_size);
	struct error err;

	cr_assert(eq(int, serial_type.init(state, &pc.env, &options, &err), -EEXIST));
	cr_assert(not(zero(ptr, strstr(err.text, "0x3f8"))));
	free(state);
}

Test(serial, broken_back_end_fails_and_leaves_no_ports)
{
	struct serial_options options = { .index = 2 };
	void *state = calloc(1, serial_type.state_size);

	broken = true;
	cr_assert(eq(int, serial_type.init(state, &pc.env, &options, NULL), -ENOENT));
	free(state);
	broken = false;
	state = fake_pc_add(&pc, &serial_type, "none,index=2");
	fake_pc_remove(&serial_type, state);
}
