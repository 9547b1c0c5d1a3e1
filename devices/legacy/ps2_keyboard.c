/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "devices/legacy/ps2_bytes.h"
#include "vmm/base/compiler.h"

#define LEDS	 0xedu
#define ECHO	 0xeeu
#define SCAN_SET 0xf0u

#define LED_SCROLL 0x01u
#define LED_NUM	   0x02u
#define LED_CAPS   0x04u

#define TYPEMATIC_RESET 0x2bu /* after half a second, eleven times a second */

/* The longest code of a key: that of Pause, and of the release of Print Screen. */
#define CODE_MAX    8u
#define RELEASE_MAX 6u

/* Linux numbers the keys of the first AT keyboard by their codes in set 1, as it does with three
 * that came later; these came with others, or with a prefix. */
static const struct {
	uint8_t key;
	uint8_t set1;
	bool is_extended;
} later_keys[] = {
	{ KEY_KPENTER, 0x1c, true },
	{ KEY_RIGHTCTRL, 0x1d, true },
	{ KEY_KPSLASH, 0x35, true },
	{ KEY_RIGHTALT, 0x38, true },
	{ KEY_HOME, 0x47, true },
	{ KEY_UP, 0x48, true },
	{ KEY_PAGEUP, 0x49, true },
	{ KEY_LEFT, 0x4b, true },
	{ KEY_RIGHT, 0x4d, true },
	{ KEY_END, 0x4f, true },
	{ KEY_DOWN, 0x50, true },
	{ KEY_PAGEDOWN, 0x51, true },
	{ KEY_INSERT, 0x52, true },
	{ KEY_DELETE, 0x53, true },
	{ KEY_LEFTMETA, 0x5b, true },
	{ KEY_RIGHTMETA, 0x5c, true },
	{ KEY_COMPOSE, 0x5d, true },
	/* Media keys. */
	{ KEY_PREVIOUSSONG, 0x10, true },
	{ KEY_NEXTSONG, 0x19, true },
	{ KEY_MUTE, 0x20, true },
	{ KEY_CALC, 0x21, true },
	{ KEY_PLAYPAUSE, 0x22, true },
	{ KEY_STOPCD, 0x24, true },
	{ KEY_VOLUMEDOWN, 0x2e, true },
	{ KEY_VOLUMEUP, 0x30, true },
	{ KEY_HOMEPAGE, 0x32, true },
	{ KEY_WWW, 0x32, true },
	{ KEY_POWER, 0x5e, true },
	{ KEY_SLEEP, 0x5f, true },
	{ KEY_WAKEUP, 0x63, true },
	{ KEY_SEARCH, 0x65, true },
	{ KEY_BOOKMARKS, 0x66, true },
	{ KEY_REFRESH, 0x67, true },
	{ KEY_STOP, 0x68, true },
	{ KEY_FORWARD, 0x69, true },
	{ KEY_BACK, 0x6a, true },
	{ KEY_COMPUTER, 0x6b, true },
	{ KEY_MAIL, 0x6c, true },
	{ KEY_MEDIA, 0x6d, true },
	/* Boards of Japan, and more function keys. */
	{ KEY_KPEQUAL, 0x59, false },
	{ KEY_F13, 0x64, false },
	{ KEY_F14, 0x65, false },
	{ KEY_F15, 0x66, false },
	{ KEY_F16, 0x67, false },
	{ KEY_F17, 0x68, false },
	{ KEY_F18, 0x69, false },
	{ KEY_F19, 0x6a, false },
	{ KEY_F20, 0x6b, false },
	{ KEY_F21, 0x6c, false },
	{ KEY_F22, 0x6d, false },
	{ KEY_F23, 0x6e, false },
	{ KEY_KATAKANAHIRAGANA, 0x70, false },
	{ KEY_RO, 0x73, false },
	{ KEY_F24, 0x76, false },
	{ KEY_HENKAN, 0x79, false },
	{ KEY_MUHENKAN, 0x7b, false },
	{ KEY_YEN, 0x7d, false },
	{ KEY_KPCOMMA, 0x7e, false },
};

/* --- the driver's side --- */

void ps2_keyboard_reset(struct ps2_keyboard *keyboard)
{
	*keyboard = (struct ps2_keyboard){ .scan_set = 2,
					   .scanning = true,
					   .typematic = TYPEMATIC_RESET };
}

static void receive_argument(struct ps2_keyboard *keyboard, uint8_t byte)
{
	const uint8_t command = keyboard->command;

	keyboard->command = 0;
	if (command == SCAN_SET && byte == 0) {
		const uint8_t reply[] = { PS2_ACK, keyboard->scan_set };

		ps2_queue_answer(&keyboard->queue, reply, sizeof(reply));
		return;
	}
	if (command == SCAN_SET && byte != 2) {
		ps2_answer_byte(&keyboard->queue, PS2_RESEND); /* only set 2 is here */
		return;
	}
	if (command == LEDS) {
		keyboard->leds = byte & (LED_SCROLL | LED_NUM | LED_CAPS);
	} else if (command == PS2_SET_RATE) {
		keyboard->typematic = byte & 0x7f;
	}
	ps2_answer_byte(&keyboard->queue, PS2_ACK);
}

static void set_scanning(struct ps2_keyboard *keyboard, bool scanning)
{
	keyboard->scanning = scanning;
	keyboard->repeat_key = 0;
	ps2_answer_byte(&keyboard->queue, PS2_ACK);
}

void ps2_keyboard_receive(struct ps2_keyboard *keyboard, uint8_t byte)
{
	if (keyboard->command && byte < LEDS) {
		receive_argument(keyboard, byte);
		return;
	}
	keyboard->command = 0;
	switch (byte) {
	case LEDS:
	case SCAN_SET:
	case PS2_SET_RATE:
		keyboard->command = byte;
		ps2_answer_byte(&keyboard->queue, PS2_ACK);
		break;
	case ECHO:
		ps2_answer_byte(&keyboard->queue, ECHO);
		break;
	case PS2_GET_ID:
		PS2_ANSWER(&keyboard->queue, PS2_ACK, 0xab, 0x83);
		break;
	case PS2_SET_DEFAULTS:
		keyboard->typematic = TYPEMATIC_RESET;
		set_scanning(keyboard, true);
		break;
	case PS2_ENABLE:
		set_scanning(keyboard, true);
		break;
	case PS2_DISABLE:
		ps2_queue_clear(&keyboard->queue);
		set_scanning(keyboard, false);
		break;
	case PS2_RESET:
		ps2_keyboard_reset(keyboard);
		PS2_ANSWER(&keyboard->queue, PS2_ACK, PS2_SELF_TEST_OK);
		break;
	default:
		ps2_answer_byte(&keyboard->queue, PS2_RESEND);
		break;
	}
}

unsigned ps2_keyboard_leds(const struct ps2_keyboard *keyboard)
{
	return (keyboard->leds & LED_SCROLL ? 1u << LED_SCROLLL : 0) |
	       (keyboard->leds & LED_NUM ? 1u << LED_NUML : 0) |
	       (keyboard->leds & LED_CAPS ? 1u << LED_CAPSL : 0);
}

unsigned ps2_keyboard_delay_ms(const struct ps2_keyboard *keyboard)
{
	return 250 * ((keyboard->typematic >> 5 & 3u) + 1);
}

/* (8 + A) × 2^B / 240 seconds. */
unsigned ps2_keyboard_period_ms(const struct ps2_keyboard *keyboard)
{
	const unsigned a = keyboard->typematic & 7u;
	const unsigned b = keyboard->typematic >> 3 & 3u;

	return ((8 + a) << b) * 1000 / 240;
}

/* --- codes --- */

struct code {
	uint8_t bytes[CODE_MAX];
	unsigned count;
};

static bool is_down(const struct ps2_keyboard *keyboard, unsigned key)
{
	return keyboard->down[key / 8] & (1u << (key % 8));
}

static bool is_either_down(const struct ps2_keyboard *keyboard, unsigned left, unsigned right)
{
	return is_down(keyboard, left) || is_down(keyboard, right);
}

static void add(struct code *code, uint8_t byte)
{
	code->bytes[code->count++] = byte;
}

static void add_key(struct code *code, uint8_t set2, bool is_extended, bool down)
{
	if (is_extended) {
		add(code, PS2_EXTENDED);
	}
	if (!down) {
		add(code, PS2_BREAK);
	}
	add(code, set2);
}

/* Print Screen brings a shift of its own, unless there is one; with Alt it is SysRq. */
static void add_print_screen(struct code *code, const struct ps2_keyboard *keyboard, bool down)
{
	if (is_either_down(keyboard, KEY_LEFTALT, KEY_RIGHTALT)) {
		add_key(code, 0x84, false, down);
		return;
	}
	if (is_either_down(keyboard, KEY_LEFTSHIFT, KEY_RIGHTSHIFT) ||
	    is_either_down(keyboard, KEY_LEFTCTRL, KEY_RIGHTCTRL)) {
		add_key(code, 0x7c, true, down);
		return;
	}
	add_key(code, down ? 0x12 : 0x7c, true, down);
	add_key(code, down ? 0x7c : 0x12, true, down);
}

/* Pause says all at once when it goes down; with Ctrl it is Break. */
static void add_pause(struct code *code, const struct ps2_keyboard *keyboard)
{
	static const uint8_t pause[] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };

	if (is_either_down(keyboard, KEY_LEFTCTRL, KEY_RIGHTCTRL)) {
		add_key(code, 0x7e, true, true);
		add_key(code, 0x7e, true, false);
		return;
	}
	for (size_t i = 0; i < sizeof(pause); i++) {
		add(code, pause[i]);
	}
}

static bool find_set1(unsigned key, uint8_t *set1, bool *is_extended)
{
	*is_extended = false;
	if ((key >= KEY_ESC && key <= KEY_KPDOT) || key == KEY_102ND || key == KEY_F11 ||
	    key == KEY_F12) {
		*set1 = (uint8_t)key;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(later_keys); i++) {
		if (later_keys[i].key == key) {
			*set1 = later_keys[i].set1;
			*is_extended = later_keys[i].is_extended;
			return true;
		}
	}
	return false;
}

/* False: there is no such key. */
static bool make_code(const struct ps2_keyboard *keyboard, unsigned key, bool down,
		      struct code *code)
{
	bool is_extended;
	uint8_t set1;

	code->count = 0;
	if (key == KEY_SYSRQ) {
		add_print_screen(code, keyboard, down);
		return true;
	}
	if (key == KEY_PAUSE) {
		if (down) {
			add_pause(code, keyboard);
		}
		return true;
	}
	if (!find_set1(key, &set1, &is_extended)) {
		return false;
	}
	add_key(code, ps2_set2_of_set1(set1), is_extended, down);
	return true;
}

static void note(struct ps2_keyboard *keyboard, unsigned key, bool down)
{
	const bool was_down = is_down(keyboard, key);

	if (down != was_down) {
		keyboard->down[key / 8] ^= (uint8_t)(1u << (key % 8));
		keyboard->down_count += down ? 1 : -1u;
	}
	if (down) {
		keyboard->repeat_key = key == KEY_PAUSE ? 0 : (uint8_t)key;
	} else if (keyboard->repeat_key == key) {
		keyboard->repeat_key = 0;
	}
}

/* Whether there is room for a press, and for the releases of all that is down then. */
static bool has_room(const struct ps2_keyboard *keyboard, const struct code *code)
{
	return code->count + (keyboard->down_count + 1) * RELEASE_MAX <=
	       PS2_QUEUE_BYTES - keyboard->queue.count;
}

bool ps2_keyboard_key(struct ps2_keyboard *keyboard, unsigned key, bool down)
{
	struct code code;

	if (key >= 8 * sizeof(keyboard->down) || !make_code(keyboard, key, down, &code)) {
		return false;
	}
	if (!down) {
		if (is_down(keyboard, key) && keyboard->scanning) {
			(void)ps2_queue_put(&keyboard->queue, code.bytes, code.count);
		}
		note(keyboard, key, false);
		return keyboard->scanning;
	}
	if (!keyboard->scanning || !has_room(keyboard, &code)) {
		return false;
	}
	note(keyboard, key, true);
	return ps2_queue_put(&keyboard->queue, code.bytes, code.count);
}

void ps2_keyboard_repeat(struct ps2_keyboard *keyboard)
{
	if (keyboard->repeat_key && keyboard->queue.count == 0) {
		(void)ps2_keyboard_key(keyboard, keyboard->repeat_key, true);
	}
}
