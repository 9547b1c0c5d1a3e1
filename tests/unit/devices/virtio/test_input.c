/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/input.c devices/virtio/input_config.c devices/virtio/input_stream.c
 * display/input.c display/input_sinks.c
 * devices/virtio/virtio.c devices/virtio/virtqueue.c
 * devices/virtio/virtio_pci.c devices/virtio/virtio_pci_common.c devices/pci/
 * devices/legacy/reset_port.c vmm/bus/ vmm/mem/ vmm/kvm/
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include "devices/virtio/input.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <linux/virtio_input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/input.h"
#include "tests/unit/devices/virtio/fake_driver.h"

#define BUS_VIRTUAL 0x06u /* of <linux/input.h> */
#define EVENTS	    0u
#define STATUS	    1u

static struct fake_machine machine;
static struct fake_driver driver;
static struct input *input;
static const struct device_type *type;
static void *state;
static uint64_t event_gpa;
static uint32_t event_count; /* buffers given */

static void plug(const struct device_type *given)
{
	type = given;
	state = calloc(1, type->state_size);
	cr_assert(zero(int, type->init(state, &machine.env, NULL, NULL)));
	fake_driver_attach(&driver, &machine, 1);
	event_gpa = fake_driver_alloc(&driver, 4096);
	event_count = 0;
}

static void start(const struct device_type *given)
{
	plug(given);
	fake_driver_start(&driver, 0, 0);
}

static void set_up(void)
{
	fake_machine_init(&machine);
	cr_assert(zero(int, input_create(&input)));
	machine.env.input = input;
}

static void tear_down(void)
{
	type->finish(state);
	free(state);
	input_destroy(input);
	fake_machine_finish(&machine);
}

TestSuite(virtio_input, .init = set_up, .fini = tear_down, .timeout = 10);

/* Offers buffers for events, each of which is filled once. */
static void offer(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct fake_buffer buffer = {
			event_gpa + event_count++ * sizeof(struct virtio_input_event),
			sizeof(struct virtio_input_event), true
		};

		(void)fake_ring_add(&driver.rings[EVENTS], &buffer, 1);
	}
	fake_driver_kick(&driver, EVENTS);
}

/* What the driver finds used, as text: "1:1e=1 |". */
static char *received(void)
{
	static char text[4096];
	uint32_t head, written;
	size_t used = 0;

	fake_machine_run(&machine);
	text[0] = '\0';
	while (fake_ring_take(&driver.rings[EVENTS], &head, &written)) {
		const struct virtio_input_event *event = fake_driver_at(
			&driver, driver.rings[EVENTS].desc[head].addr, sizeof(*event));

		cr_assert(eq(u32, written, sizeof(*event)));
		used += (size_t)(event->type == EV_SYN
					 ? snprintf(text + used, sizeof(text) - used, "|")
					 : snprintf(text + used, sizeof(text) - used, "%x:%x=%d ",
						    (unsigned)event->type, (unsigned)event->code,
						    (int32_t)event->value));
	}
	return text;
}

/* --- configuration --- */

static unsigned select_config(unsigned select, unsigned subsel)
{
	fake_driver_set_config(&driver, 0, 1, select);
	fake_driver_set_config(&driver, 1, 1, subsel);
	return (unsigned)fake_driver_config(&driver, 2, 1);
}

static bool has_bit(unsigned event_type, unsigned code)
{
	const unsigned size = select_config(VIRTIO_INPUT_CFG_EV_BITS, event_type);

	return code / 8 < size && (fake_driver_config(&driver, 8 + code / 8, 1) >> code % 8 & 1);
}

Test(virtio_input, tells_who_it_is)
{
	char name[32] = "";

	plug(&virtio_keyboard_type);
	const unsigned size = select_config(VIRTIO_INPUT_CFG_ID_NAME, 0);

	for (unsigned i = 0; i < size; i++) {
		name[i] = (char)fake_driver_config(&driver, 8 + i, 1);
	}
	cr_assert(eq(str, name, "Thunderlake keyboard"));
	cr_assert(eq(u32, select_config(VIRTIO_INPUT_CFG_ID_SERIAL, 0), strlen("test0")));
	cr_assert(eq(u32, select_config(VIRTIO_INPUT_CFG_ID_DEVIDS, 0), 8));
	cr_assert(eq(u64, fake_driver_config(&driver, 8, 2), BUS_VIRTUAL));
	cr_assert(zero(u32, select_config(VIRTIO_INPUT_CFG_ID_NAME, 1)));
	cr_assert(zero(u32, select_config(0x77, 0)));
	cr_assert(zero(u32, select_config(0, 0)));
}

/* The driver may scribble over the answer; the next question gets a whole one. */
Test(virtio_input, answers_are_read_only)
{
	plug(&virtio_keyboard_type);
	(void)select_config(VIRTIO_INPUT_CFG_ID_DEVIDS, 0);
	fake_driver_set_config(&driver, 8, 4, 0xffffffff);
	cr_assert(eq(u64, fake_driver_config(&driver, 8, 2), BUS_VIRTUAL));
	fake_driver_set_config(&driver, 2, 1, 0xff);
	cr_assert(eq(u64, fake_driver_config(&driver, 2, 1), 8));
}

/* The keys of a board with 105 keys, by their places. */
Test(virtio_input, keyboard_has_105_keys_and_more)
{
	static const uint16_t others[] = {
		KEY_102ND,  KEY_F11,	   KEY_F12,	KEY_KPENTER,  KEY_RIGHTCTRL,
		KEY_SYSRQ,  KEY_KPSLASH,   KEY_HOME,	KEY_DELETE,   KEY_PAUSE,
		KEY_MUTE,   KEY_LEFTMETA,  KEY_COMPOSE, KEY_VOLUMEUP, KEY_POWER,
		KEY_SLEEP,  KEY_PLAYPAUSE, KEY_MAIL,	KEY_CALC,     KEY_WWW,
		KEY_STOPCD, KEY_NEXTSONG,  KEY_RO,	KEY_YEN,      KEY_PREVIOUSSONG,
	};

	plug(&virtio_keyboard_type);
	for (unsigned key = KEY_ESC; key <= KEY_KPDOT; key++) {
		cr_assert(has_bit(EV_KEY, key));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		cr_assert(has_bit(EV_KEY, others[i]), "key %d", (int)others[i]);
	}
	cr_assert(has_bit(EV_LED, LED_SCROLLL));
	cr_assert(has_bit(EV_REP, REP_PERIOD), "the guest repeats");
	cr_assert(not(has_bit(EV_KEY, BTN_LEFT)), "or it would be taken for a mouse");
	cr_assert(zero(u32, select_config(VIRTIO_INPUT_CFG_EV_BITS, EV_ABS)));
}

Test(virtio_input, tablet_has_places_and_fine_wheels)
{
	plug(&virtio_tablet_type);
	cr_assert(has_bit(EV_KEY, BTN_EXTRA));
	cr_assert(has_bit(EV_REL, REL_HWHEEL));
	cr_assert(has_bit(EV_REL, REL_HWHEEL_HI_RES));
	cr_assert(not(has_bit(EV_REL, REL_X)));
	cr_assert(has_bit(EV_ABS, ABS_Y));
	cr_assert(eq(u32, select_config(VIRTIO_INPUT_CFG_ABS_INFO, ABS_X), 20));
	cr_assert(zero(u64, fake_driver_config(&driver, 8, 4)));
	cr_assert(eq(u64, fake_driver_config(&driver, 12, 4), INPUT_ABS_MAX));
	cr_assert(ne(u64, fake_driver_config(&driver, 24, 4), 0), "resolution");
	cr_assert(zero(u32, select_config(VIRTIO_INPUT_CFG_ABS_INFO, ABS_Z)));
}

Test(virtio_input, mouse_moves_by_steps)
{
	plug(&virtio_mouse_type);
	cr_assert(has_bit(EV_REL, REL_Y));
	cr_assert(has_bit(EV_REL, REL_WHEEL_HI_RES));
	cr_assert(zero(u32, select_config(VIRTIO_INPUT_CFG_EV_BITS, EV_ABS)));
}

Test(virtio_input, touch_screen_has_ten_slots)
{
	plug(&virtio_multitouch_type);
	cr_assert(has_bit(EV_KEY, BTN_TOUCH));
	cr_assert(eq(u32, select_config(VIRTIO_INPUT_CFG_PROP_BITS, 0), 1));
	cr_assert(eq(u64, fake_driver_config(&driver, 8, 1), 1u << INPUT_PROP_DIRECT));
	cr_assert(eq(u32, select_config(VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_SLOT), 20));
	cr_assert(eq(u64, fake_driver_config(&driver, 12, 4), 9));
}

/* --- events --- */

Test(virtio_input, is_ready_while_a_driver_runs)
{
	plug(&virtio_keyboard_type);
	cr_assert(not(input_has(input, INPUT_KEYBOARD)));
	fake_driver_start(&driver, 0, 0);
	cr_assert(input_has(input, INPUT_KEYBOARD));
	fake_driver_reset(&driver);
	cr_assert(not(input_has(input, INPUT_KEYBOARD)));
}

Test(virtio_input, keys_arrive_as_reports)
{
	start(&virtio_keyboard_type);
	offer(8);
	cr_assert(input_key(input, KEY_A, true));
	cr_assert(input_key(input, KEY_A, false));
	cr_assert(eq(str, received(), "1:1e=1 |1:1e=0 |"));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 1));
}

Test(virtio_input, events_wait_for_buffers)
{
	start(&virtio_keyboard_type);
	offer(1);
	(void)input_key(input, KEY_A, true);
	cr_assert(eq(str, received(), "1:1e=1 "));
	(void)input_key(input, KEY_A, false);
	offer(2);
	cr_assert(eq(str, received(), "|1:1e=0 "));
	offer(64);
	cr_assert(eq(str, received(), "|"));
}

Test(virtio_input, unknown_codes_are_left_out)
{
	const struct input_event events[] = { { EV_KEY, BTN_LEFT, 1 }, { EV_KEY, KEY_B, 1 } };

	start(&virtio_keyboard_type);
	offer(8);
	(void)input_send(input, INPUT_KEYBOARD, 0, events, 2);
	(void)input_send(input, INPUT_KEYBOARD, 0, events, 1);
	cr_assert(eq(str, received(), "1:30=1 |"));
}

Test(virtio_input, wheel_turns_finely)
{
	start(&virtio_tablet_type);
	offer(8);
	(void)input_wheel(input, -120, 30);
	cr_assert(eq(str, received(), "2:b=-120 2:8=-1 2:c=30 |"));
}

Test(virtio_input, new_driver_starts_with_nothing_pressed)
{
	start(&virtio_keyboard_type);
	(void)input_key(input, KEY_A, true);
	fake_driver_reset(&driver);
	fake_driver_start(&driver, 0, 0);
	offer(8);
	cr_assert(eq(str, received(), ""));
	cr_assert(not(input_is_down(input, KEY_A)));
}

Test(virtio_input, pause_keeps_what_is_held)
{
	start(&virtio_keyboard_type);
	offer(8);
	(void)input_key(input, KEY_A, true);
	(void)received();
	type->quiesce(state);
	(void)input_key(input, KEY_A, false);
	(void)input_key(input, KEY_B, true);
	(void)input_key(input, KEY_B, false);
	cr_assert(eq(str, received(), ""));
	type->resume(state);
	cr_assert(eq(str, received(), "1:1e=0 |"));
}

Test(virtio_input, small_buffer_fails_the_device)
{
	start(&virtio_keyboard_type);
	const struct fake_buffer buffer = { event_gpa, 7, true };

	(void)fake_ring_add(&driver.rings[EVENTS], &buffer, 1);
	(void)input_key(input, KEY_A, true);
	fake_machine_run(&machine);
	cr_assert(eq(u8, fake_driver_status(&driver) & 0x40, 0x40), "needs reset");
}

/* --- lamps --- */

static unsigned lamps;

static void on_leds(void *arg, unsigned leds)
{
	(void)arg;
	lamps = leds;
}

static void send_status(unsigned event_type, unsigned code, uint32_t value)
{
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 8), 8, false };
	struct virtio_input_event *event = fake_driver_at(&driver, buffer.gpa, sizeof(*event));

	*event = (struct virtio_input_event){ (uint16_t)event_type, (uint16_t)code, value };
	cr_assert(zero(u32, fake_driver_request(&driver, STATUS, &buffer, 1)));
}

Test(virtio_input, lamps_reach_the_listener)
{
	struct input_listener listener = { .on_leds = on_leds };

	start(&virtio_keyboard_type);
	input_listen(input, &listener);
	send_status(EV_LED, LED_CAPSL, 1);
	send_status(EV_LED, LED_NUML, 1);
	send_status(EV_LED, 40, 1);
	send_status(EV_REP, REP_DELAY, 250);
	cr_assert(eq(u32, lamps, 1u << LED_CAPSL | 1u << LED_NUML));
	send_status(EV_LED, LED_CAPSL, 0);
	cr_assert(eq(u32, lamps, 1u << LED_NUML));
	input_unlisten(input, &listener);
}

Test(virtio_input, works_without_an_input)
{
	machine.env.input = NULL;
	start(&virtio_keyboard_type);
	send_status(EV_LED, LED_CAPSL, 1);
	cr_assert(eq(str, received(), ""));
}
