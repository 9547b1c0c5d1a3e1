/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/i8042.c devices/legacy/i8042_input.c devices/legacy/ps2.c
 *       devices/legacy/ps2_keyboard.c devices/legacy/ps2_mouse.c devices/legacy/isa.c
 *       display/input.c display/input_sinks.c vmm/bus/ vmm/kvm/ vmm/mem/
 *       tests/unit/devices/legacy/fake_pc.c */
#include "devices/legacy/i8042.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "devices/legacy/ps2.h"
#include "display/input.h"
#include "tests/unit/devices/legacy/fake_pc.h"
#include "vmm/boot/layout.h"

#define DATA	     0x60
#define COMMAND	     0x64
#define OBF	     0x01
#define AUX	     0x20
#define CTR_BOTH_IRQ 0x47 /* interrupts, system flag, translation, both ports on */

static struct fake_pc pc;
static struct i8042 *controller;
static struct input *input;

static void set_up(void)
{
	fake_pc_init(&pc, false);
	cr_assert(zero(int, input_create(&input)));
	pc.env.input = input;
	controller = fake_pc_add(&pc, &i8042_type, "");
}

static void tear_down(void)
{
	fake_pc_remove(&i8042_type, controller);
	input_destroy(input);
	fake_pc_finish(&pc);
}

static bool has(uint64_t value, uint64_t bits)
{
	return value & bits;
}

TestSuite(i8042, .init = set_up, .fini = tear_down, .timeout = 10);

static void command(uint8_t value)
{
	fake_pc_out(&pc, COMMAND, value);
}

static void data(uint8_t value)
{
	fake_pc_out(&pc, DATA, value);
}

static void mouse(uint8_t value)
{
	command(0xd4);
	data(value);
}

static void set_ctr(uint8_t value)
{
	command(0x60);
	data(value);
}

/* The next byte, which must be there, from the mouse or not. */
static uint8_t take(bool from_mouse)
{
	uint8_t status = fake_pc_in(&pc, COMMAND);

	cr_assert(has(status, OBF));
	cr_assert(eq(int, (status & AUX) != 0, from_mouse));
	return fake_pc_in(&pc, DATA);
}

static bool is_empty(void)
{
	return !(fake_pc_in(&pc, COMMAND) & OBF);
}

Test(i8042, pulse_resets_the_machine)
{
	command(0xfe);
	cr_assert(eq(u32, pc.resets, 1));
	command(0xff); /* pulses nothing */
	cr_assert(eq(u32, pc.resets, 1));
}

Test(i8042, port_92_resets_on_a_rising_bit)
{
	cr_assert(eq(u8, fake_pc_in(&pc, 0x92), 2)); /* A20 is open */
	fake_pc_out(&pc, 0x92, 3);
	fake_pc_out(&pc, 0x92, 3);
	cr_assert(eq(u32, pc.resets, 1));
}

Test(i8042, output_port_resets_when_its_bit_is_low)
{
	command(0xd1);
	data(0x03);
	cr_assert(eq(u32, pc.resets, 0));
	command(0xd1);
	data(0x02);
	cr_assert(eq(u32, pc.resets, 1));
}

Test(i8042, self_tests_pass)
{
	command(0xaa);
	cr_assert(eq(u8, take(false), 0x55));
	command(0xab);
	cr_assert(eq(u8, take(false), 0));
	command(0xa9);
	cr_assert(eq(u8, take(false), 0));
	cr_assert(is_empty());
}

Test(i8042, command_byte_reads_back_and_follows_the_port_switches)
{
	set_ctr(CTR_BOTH_IRQ);
	command(0xa7);
	command(0x20);
	cr_assert(eq(u8, take(false), CTR_BOTH_IRQ | 0x20));
	command(0xa8);
	command(0x20);
	cr_assert(eq(u8, take(false), CTR_BOTH_IRQ));
}

Test(i8042, aux_loop_comes_back_as_mouse_with_its_interrupt)
{
	set_ctr(CTR_BOTH_IRQ);
	command(0xd3);
	data(0xa5);
	cr_assert(fake_pc_irq(&pc, LAYOUT_MOUSE_IRQ));
	cr_assert(eq(u8, take(true), 0xa5));
	cr_assert(not(fake_pc_irq(&pc, LAYOUT_MOUSE_IRQ)));
}

Test(i8042, keyboard_says_who_it_is)
{
	data(0xff);
	cr_assert(eq(u8, take(false), 0xfa));
	cr_assert(eq(u8, take(false), 0xaa));
	data(0xf2);
	cr_assert(eq(u8, take(false), 0xfa));
	cr_assert(eq(u8, take(false), 0xab));
	cr_assert(eq(u8, take(false), 0x41)); /* 0x83, translated */
	cr_assert(is_empty());
}

Test(i8042, keyboard_takes_leds_and_refuses_the_unknown)
{
	data(0xed);
	cr_assert(eq(u8, take(false), 0xfa));
	data(0x07);
	cr_assert(eq(u8, take(false), 0xfa));
	data(0xe1);
	cr_assert(eq(u8, take(false), 0xfe));
}

Test(i8042, mouse_says_who_it_is)
{
	set_ctr(CTR_BOTH_IRQ);
	mouse(0xff);
	cr_assert(eq(u8, take(true), 0xfa));
	cr_assert(eq(u8, take(true), 0xaa));
	cr_assert(eq(u8, take(true), 0x00));
	mouse(0xe8);
	cr_assert(eq(u8, take(true), 0xfa));
	mouse(0x03);
	cr_assert(eq(u8, take(true), 0xfa));
	mouse(0xe9);
	cr_assert(eq(u8, take(true), 0xfa));
	cr_assert(eq(u8, take(true), 0x00));
	cr_assert(eq(u8, take(true), 0x03)); /* the resolution just set */
	cr_assert(eq(u8, take(true), 100));
	cr_assert(is_empty());
}

Test(i8042, key_comes_translated_with_its_interrupt)
{
	cr_assert(i8042_key(controller, KEY_A, true));
	cr_assert(fake_pc_irq(&pc, LAYOUT_KEYBOARD_IRQ));
	cr_assert(eq(u8, take(false), 0x1e));
	cr_assert(i8042_key(controller, KEY_A, false));
	cr_assert(eq(u8, take(false), 0x9e));
	cr_assert(i8042_key(controller, KEY_UP, true));
	cr_assert(eq(u8, take(false), 0xe0));
	cr_assert(eq(u8, take(false), 0x48));
	cr_assert(i8042_key(controller, KEY_UP, false));
	cr_assert(eq(u8, take(false), 0xe0));
	cr_assert(eq(u8, take(false), 0xc8));
	cr_assert(is_empty());
}

Test(i8042, key_comes_in_set_2_without_translation)
{
	set_ctr(0x05);
	cr_assert(i8042_key(controller, KEY_F7, true));
	cr_assert(eq(u8, take(false), 0x83));
	cr_assert(i8042_key(controller, KEY_F7, false));
	cr_assert(eq(u8, take(false), 0xf0));
	cr_assert(eq(u8, take(false), 0x83));
}

Test(i8042, every_key_of_the_first_keyboard_keeps_its_number)
{
	for (unsigned key = KEY_ESC; key <= KEY_KPDOT; key++) {
		cr_assert(i8042_key(controller, key, true), "key %u", key);
		cr_assert(eq(u8, take(false), (uint8_t)key));
		cr_assert(i8042_key(controller, key, false));
		cr_assert(eq(u8, take(false), (uint8_t)(key | 0x80)));
	}
}

Test(i8042, unread_keys_are_refused_at_last)
{
	unsigned taken = 0;

	while (i8042_key(controller, KEY_A, true)) {
		cr_assert(le(u32, ++taken, PS2_QUEUE_BYTES));
	}
	cr_assert(not(i8042_key(controller, KEY_MAX, true)));
}

Test(i8042, disabled_keyboard_keeps_its_bytes)
{
	command(0xad);
	cr_assert(i8042_key(controller, KEY_A, true));
	cr_assert(is_empty());
	command(0xae);
	cr_assert(eq(u8, take(false), 0x1e));
}

Test(i8042, reset_forgets_everything)
{
	set_ctr(0x30);
	(void)i8042_key(controller, KEY_A, true);
	i8042_type.reset(controller);
	cr_assert(is_empty());
	command(0x20);
	cr_assert(eq(u8, take(false), 0x65));
}

/* --- as sinks of the input --- */

Test(i8042, keyboard_is_a_sink_from_the_power_on)
{
	fake_pc_settle(&pc);
	cr_assert(input_has(input, INPUT_KEYBOARD));
	cr_assert(input_key(input, KEY_A, true));
	cr_assert(eq(u8, take(false), 0x1e));
	data(0xf5); /* switched off */
	fake_pc_settle(&pc);
	cr_assert(not(input_has(input, INPUT_KEYBOARD)));
	data(0xf4);
	fake_pc_settle(&pc);
	cr_assert(input_has(input, INPUT_KEYBOARD));
}

Test(i8042, mouse_is_a_sink_while_it_reports)
{
	const struct input_event move[] = { { EV_REL, REL_X, 3 }, { EV_REL, REL_Y, 5 } };

	set_ctr(CTR_BOTH_IRQ);
	fake_pc_settle(&pc);
	cr_assert(not(input_has(input, INPUT_POINTER)));
	mouse(0xf4);
	cr_assert(eq(u8, take(true), 0xfa));
	fake_pc_settle(&pc);
	cr_assert(input_send(input, INPUT_POINTER, 0, move, 2));
	cr_assert(fake_pc_irq(&pc, LAYOUT_MOUSE_IRQ));
	cr_assert(eq(u8, take(true), 0x28)); /* down is negative */
	cr_assert(eq(u8, take(true), 3));
	cr_assert(eq(u8, take(true), 0xfb));
	cr_assert(input_button(input, BTN_RIGHT, true));
	cr_assert(eq(u8, take(true), 0x0a));
}

static unsigned lamps;

static void on_leds(void *arg, unsigned leds)
{
	(void)arg;
	lamps = leds;
}

Test(i8042, lamps_reach_the_listener)
{
	struct input_listener listener = { .on_leds = on_leds };

	input_listen(input, &listener);
	data(0xed);
	data(0x06); /* num and caps */
	fake_pc_settle(&pc);
	cr_assert(eq(u32, lamps, 1u << LED_NUML | 1u << LED_CAPSL));
	i8042_type.reset(controller);
	fake_pc_settle(&pc);
	cr_assert(zero(u32, lamps));
	input_unlisten(input, &listener);
}

/* The answer to a command goes before keys, and loses none of them. */
Test(i8042, commands_leave_keys_alone)
{
	(void)i8042_key(controller, KEY_A, true);
	(void)i8042_key(controller, KEY_A, false);
	cr_assert(eq(u8, take(false), 0x1e));
	data(0xed);
	data(0x00);
	cr_assert(eq(u8, take(false), 0x9e)); /* was in the output buffer already */
	cr_assert(eq(u8, take(false), 0xfa));
	cr_assert(is_empty());
}

Test(i8042, nothing_is_pressed_while_paused)
{
	i8042_type.quiesce(controller);
	cr_assert(not(i8042_key(controller, KEY_A, true)));
	i8042_type.resume(controller);
	cr_assert(is_empty());
}
