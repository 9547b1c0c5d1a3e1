/* SPDX-License-Identifier: MIT */
#include "devices/legacy/ps2.h"

#include <linux/input-event-codes.h>
#include <stddef.h>

#include "vmm/base/compiler.h"

#define ACK	     0xfau
#define RESEND	     0xfeu
#define SELF_TEST_OK 0xaau
#define BREAK	     0xf0u
#define EXTENDED     0xe0u

/* Commands that both devices know. */
#define GET_ID	     0xf2u
#define SET_RATE     0xf3u
#define ENABLE	     0xf4u
#define DISABLE	     0xf5u
#define SET_DEFAULTS 0xf6u
#define RESET	     0xffu

#define KEYBOARD_LEDS	  0xedu
#define KEYBOARD_ECHO	  0xeeu
#define KEYBOARD_SCAN_SET 0xf0u

#define MOUSE_SCALE_1_1	       0xe6u
#define MOUSE_SCALE_2_1	       0xe7u
#define MOUSE_RESOLUTION       0xe8u
#define MOUSE_STATUS	       0xe9u
#define MOUSE_STREAM	       0xeau
#define MOUSE_READ	       0xebu
#define MOUSE_REMOTE	       0xf0u
#define MOUSE_RATE_RESET       100
#define MOUSE_RESOLUTION_RESET 2

/* What an 8042 makes of the codes of scan set 2 below 0x80. */
static const uint8_t set1_of_set2[128] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
	0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
	0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
	0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
	0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
	0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
	0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
	0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
};

/* Linux numbers the keys of the first AT keyboard by their codes in set 1; these came later, with a
 * prefix. */
static const struct {
	uint8_t key;
	uint8_t set1;
} extended_keys[] = {
	{ KEY_KPENTER, 0x1c },	{ KEY_RIGHTCTRL, 0x1d }, { KEY_KPSLASH, 0x35 },
	{ KEY_SYSRQ, 0x37 },	{ KEY_RIGHTALT, 0x38 },	 { KEY_HOME, 0x47 },
	{ KEY_UP, 0x48 },	{ KEY_PAGEUP, 0x49 },	 { KEY_LEFT, 0x4b },
	{ KEY_RIGHT, 0x4d },	{ KEY_END, 0x4f },	 { KEY_DOWN, 0x50 },
	{ KEY_PAGEDOWN, 0x51 }, { KEY_INSERT, 0x52 },	 { KEY_DELETE, 0x53 },
	{ KEY_LEFTMETA, 0x5b }, { KEY_RIGHTMETA, 0x5c }, { KEY_COMPOSE, 0x5d },
};

bool ps2_queue_put(struct ps2_queue *queue, const uint8_t *bytes, unsigned count)
{
	if (count > PS2_QUEUE_BYTES - queue->count) {
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		queue->bytes[(queue->first + queue->count++) % PS2_QUEUE_BYTES] = bytes[i];
	}
	return true;
}

bool ps2_queue_take(struct ps2_queue *queue, uint8_t *byte)
{
	if (queue->count == 0) {
		return false;
	}
	*byte = queue->bytes[queue->first];
	queue->first = (queue->first + 1) % PS2_QUEUE_BYTES;
	queue->count--;
	return true;
}

/* An answer to a command: what was waiting before it is of no more use. */
static void answer(struct ps2_queue *queue, const uint8_t *bytes, unsigned count)
{
	*queue = (struct ps2_queue){ 0 };
	(void)ps2_queue_put(queue, bytes, count);
}

static void answer_byte(struct ps2_queue *queue, uint8_t byte)
{
	answer(queue, &byte, 1);
}

#define ANSWER(queue, ...)                                       \
	do {                                                     \
		static const uint8_t bytes_[] = { __VA_ARGS__ }; \
		answer(queue, bytes_, sizeof(bytes_));           \
	} while (0)

/* --- keyboard --- */

void ps2_keyboard_reset(struct ps2_keyboard *keyboard)
{
	*keyboard = (struct ps2_keyboard){ .scan_set = 2, .scanning = true };
}

static void receive_keyboard_argument(struct ps2_keyboard *keyboard, uint8_t byte)
{
	uint8_t command = keyboard->command;

	keyboard->command = 0;
	if (command == KEYBOARD_SCAN_SET && byte == 0) {
		const uint8_t reply[] = { ACK, keyboard->scan_set };

		answer(&keyboard->queue, reply, sizeof(reply));
	} else if (command == KEYBOARD_SCAN_SET && byte != 2) {
		answer_byte(&keyboard->queue, RESEND); /* only set 2 is here */
	} else {
		answer_byte(&keyboard->queue, ACK);
	}
}

void ps2_keyboard_receive(struct ps2_keyboard *keyboard, uint8_t byte)
{
	if (keyboard->command && byte < KEYBOARD_LEDS) {
		receive_keyboard_argument(keyboard, byte);
		return;
	}
	keyboard->command = 0;
	switch (byte) {
	case KEYBOARD_LEDS:
	case KEYBOARD_SCAN_SET:
	case SET_RATE:
		keyboard->command = byte;
		answer_byte(&keyboard->queue, ACK);
		break;
	case KEYBOARD_ECHO:
		answer_byte(&keyboard->queue, KEYBOARD_ECHO);
		break;
	case GET_ID:
		ANSWER(&keyboard->queue, ACK, 0xab, 0x83);
		break;
	case ENABLE:
	case SET_DEFAULTS:
		keyboard->scanning = true;
		answer_byte(&keyboard->queue, ACK);
		break;
	case DISABLE:
		keyboard->scanning = false;
		answer_byte(&keyboard->queue, ACK);
		break;
	case RESET:
		ps2_keyboard_reset(keyboard);
		ANSWER(&keyboard->queue, ACK, SELF_TEST_OK);
		break;
	default:
		answer_byte(&keyboard->queue, RESEND);
		break;
	}
}

static bool find_set1(unsigned key, uint8_t *set1, bool *extended)
{
	*extended = false;
	if ((key >= KEY_ESC && key <= KEY_KPDOT) || key == KEY_102ND || key == KEY_F11 ||
	    key == KEY_F12) {
		*set1 = (uint8_t)key;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(extended_keys); i++) {
		if (extended_keys[i].key == key) {
			*set1 = extended_keys[i].set1;
			*extended = true;
			return true;
		}
	}
	return false;
}

static uint8_t set2_of_set1(uint8_t set1)
{
	for (unsigned i = 0; i < ARRAY_SIZE(set1_of_set2); i++) {
		if (set1_of_set2[i] == set1) {
			return (uint8_t)(set1 == 0x41 ? 0x83
						      : i); /* F7 has two; the other counts */
		}
	}
	return 0;
}

bool ps2_keyboard_key(struct ps2_keyboard *keyboard, unsigned key, bool down)
{
	uint8_t codes[3];
	unsigned count = 0;
	uint8_t set1;
	bool extended;

	if (!keyboard->scanning || !find_set1(key, &set1, &extended)) {
		return false;
	}
	if (extended) {
		codes[count++] = EXTENDED;
	}
	if (!down) {
		codes[count++] = BREAK;
	}
	codes[count++] = set2_of_set1(set1);
	return ps2_queue_put(&keyboard->queue, codes, count);
}

bool ps2_translate(uint8_t byte, bool *released, uint8_t *out)
{
	if (byte == BREAK) {
		*released = true;
		return false;
	}
	if (byte < ARRAY_SIZE(set1_of_set2)) {
		*out = set1_of_set2[byte];
	} else {
		*out = byte == 0x83 ? 0x41 : byte;
	}
	if (*released && byte != EXTENDED) {
		*out |= 0x80;
		*released = false;
	}
	return true;
}

/* --- mouse --- */

static void set_mouse_defaults(struct ps2_mouse *mouse)
{
	mouse->rate = MOUSE_RATE_RESET;
	mouse->resolution = MOUSE_RESOLUTION_RESET;
	mouse->reporting = false;
	mouse->scaled = false;
	mouse->remote = false;
}

void ps2_mouse_reset(struct ps2_mouse *mouse)
{
	*mouse = (struct ps2_mouse){ 0 };
	set_mouse_defaults(mouse);
}

static void answer_mouse_status(struct ps2_mouse *mouse)
{
	const uint8_t reply[] = { ACK,
				  (uint8_t)((mouse->remote ? 0x40 : 0) |
					    (mouse->reporting ? 0x20 : 0) |
					    (mouse->scaled ? 0x10 : 0)),
				  mouse->resolution, mouse->rate };

	answer(&mouse->queue, reply, sizeof(reply));
}

/* Commands that only set something; false for others. */
static bool set_mouse(struct ps2_mouse *mouse, uint8_t byte)
{
	switch (byte) {
	case MOUSE_SCALE_1_1:
	case MOUSE_SCALE_2_1:
		mouse->scaled = byte == MOUSE_SCALE_2_1;
		return true;
	case MOUSE_STREAM:
	case MOUSE_REMOTE:
		mouse->remote = byte == MOUSE_REMOTE;
		return true;
	case ENABLE:
	case DISABLE:
		mouse->reporting = byte == ENABLE;
		return true;
	case SET_DEFAULTS:
		set_mouse_defaults(mouse);
		return true;
	case MOUSE_RESOLUTION:
	case SET_RATE:
		mouse->command = byte;
		return true;
	default:
		return false;
	}
}

void ps2_mouse_receive(struct ps2_mouse *mouse, uint8_t byte)
{
	uint8_t command = mouse->command;

	mouse->command = 0;
	if (command) {
		*(command == SET_RATE ? &mouse->rate : &mouse->resolution) = byte;
		answer_byte(&mouse->queue, ACK);
		return;
	}
	switch (byte) {
	case MOUSE_STATUS:
		answer_mouse_status(mouse);
		break;
	case MOUSE_READ:
		ANSWER(&mouse->queue, ACK, 0x08, 0x00, 0x00);
		break;
	case GET_ID:
		ANSWER(&mouse->queue, ACK, 0x00);
		break;
	case RESET:
		ps2_mouse_reset(mouse);
		ANSWER(&mouse->queue, ACK, SELF_TEST_OK, 0x00);
		break;
	default:
		answer_byte(&mouse->queue, set_mouse(mouse, byte) ? ACK : RESEND);
		break;
	}
}
