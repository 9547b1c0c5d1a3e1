/* SPDX-License-Identifier: MIT */
#include "devices/legacy/ps2_bytes.h"
#include "vmm/base/compiler.h"

#define SCALE_1_1  0xe6u
#define SCALE_2_1  0xe7u
#define RESOLUTION 0xe8u
#define STATUS	   0xe9u
#define STREAM	   0xeau
#define READ	   0xebu
#define REMOTE	   0xf0u

#define RATE_RESET	 100
#define RESOLUTION_RESET 2

/* The rates that a driver sets one after the other to learn whether there is more. */
#define KNOCK_FIRST 200
#define KNOCK_WHEEL 100
#define KNOCK_LAST  80
#define ID_PLAIN    0
#define ID_WHEEL    3
#define ID_EXPLORER 4

#define PACKET_MAX  4u
#define PACKET_ONE  0x08u /* always set in the first byte */
#define X_NEGATIVE  0x10u
#define Y_NEGATIVE  0x20u
#define STEPS_MAX   255
#define NOTCHES_MAX 7
#define BUTTONS_3   0x07u
#define BUTTONS_45  0x18u

/* Movements wait for each other rather than in the queue: the newest counts. */
#define MOVES_QUEUED 2u

static void set_defaults(struct ps2_mouse *mouse)
{
	mouse->rate = RATE_RESET;
	mouse->resolution = RESOLUTION_RESET;
	mouse->reporting = false;
	mouse->scaled = false;
	mouse->remote = false;
}

void ps2_mouse_reset(struct ps2_mouse *mouse)
{
	*mouse = (struct ps2_mouse){ .id = ID_PLAIN };
	set_defaults(mouse);
}

/* --- packets --- */

/* Takes up to `max` from what is left, either way. */
static int32_t take_steps(int32_t *left, int32_t max)
{
	const int32_t steps = MAX(-max, MIN(*left, max));

	*left -= steps;
	return steps;
}

static unsigned make_packet(struct ps2_mouse *mouse, uint8_t packet[PACKET_MAX])
{
	const int32_t x = take_steps(&mouse->x, STEPS_MAX);
	const int32_t y = take_steps(&mouse->y, STEPS_MAX);
	int32_t z;

	mouse->is_changed = false;
	packet[0] = (uint8_t)(PACKET_ONE | (mouse->buttons & BUTTONS_3) | (x < 0 ? X_NEGATIVE : 0) |
			      (y < 0 ? Y_NEGATIVE : 0));
	packet[1] = (uint8_t)x;
	packet[2] = (uint8_t)y;
	if (mouse->id == ID_PLAIN) {
		mouse->z = 0;
		return 3;
	}
	z = take_steps(&mouse->z, NOTCHES_MAX);
	packet[3] = (uint8_t)z;
	if (mouse->id == ID_EXPLORER) {
		packet[3] = (uint8_t)((z & 0x0f) | (mouse->buttons & BUTTONS_45) << 1);
	}
	return 4;
}

void ps2_mouse_flush(struct ps2_mouse *mouse)
{
	while (mouse->reporting && !mouse->remote &&
	       (mouse->is_changed || ((mouse->x || mouse->y || mouse->z) &&
				      mouse->queue.count < MOVES_QUEUED * PACKET_MAX))) {
		uint8_t packet[PACKET_MAX];

		if (PS2_QUEUE_BYTES - mouse->queue.count < PACKET_MAX) {
			break;
		}
		(void)ps2_queue_put(&mouse->queue, packet, make_packet(mouse, packet));
	}
}

static int32_t add_steps(int32_t a, int32_t b)
{
	const int64_t sum = (int64_t)a + b;

	return (int32_t)MAX(-INT16_MAX, MIN(sum, INT16_MAX));
}

void ps2_mouse_move(struct ps2_mouse *mouse, int32_t x, int32_t y, int32_t wheel)
{
	if (mouse->reporting) {
		mouse->x = add_steps(mouse->x, x);
		mouse->y = add_steps(mouse->y, -MAX(y, -INT32_MAX));
		mouse->z = add_steps(mouse->z, -MAX(wheel, -INT32_MAX));
		ps2_mouse_flush(mouse);
	}
}

void ps2_mouse_button(struct ps2_mouse *mouse, unsigned button, bool down)
{
	static const uint8_t bits[] = { [BTN_LEFT - BTN_LEFT] = 0x01,
					[BTN_RIGHT - BTN_LEFT] = 0x02,
					[BTN_MIDDLE - BTN_LEFT] = 0x04,
					[BTN_SIDE - BTN_LEFT] = 0x08,
					[BTN_EXTRA - BTN_LEFT] = 0x10 };
	uint8_t buttons = mouse->buttons;

	if (button < BTN_LEFT || button > BTN_EXTRA) {
		return;
	}
	buttons &= (uint8_t)~bits[button - BTN_LEFT];
	buttons |= down ? bits[button - BTN_LEFT] : 0;
	mouse->is_changed = mouse->is_changed || buttons != mouse->buttons;
	mouse->buttons = buttons;
	ps2_mouse_flush(mouse);
}

/* --- the driver's side --- */

static void answer_status(struct ps2_mouse *mouse)
{
	const uint8_t reply[] = { PS2_ACK,
				  (uint8_t)((mouse->remote ? 0x40 : 0) |
					    (mouse->reporting ? 0x20 : 0) |
					    (mouse->scaled ? 0x10 : 0)),
				  mouse->resolution, mouse->rate };

	ps2_queue_answer(&mouse->queue, reply, sizeof(reply));
}

static void answer_packet(struct ps2_mouse *mouse)
{
	uint8_t reply[1 + PACKET_MAX] = { PS2_ACK };

	ps2_queue_answer(&mouse->queue, reply, 1 + make_packet(mouse, reply + 1));
}

static void answer_id(struct ps2_mouse *mouse)
{
	const uint8_t reply[] = { PS2_ACK, mouse->id };

	ps2_queue_answer(&mouse->queue, reply, sizeof(reply));
}

static void set_reporting(struct ps2_mouse *mouse, bool reporting)
{
	mouse->reporting = reporting;
	mouse->x = mouse->y = mouse->z = 0;
	ps2_queue_clear(&mouse->queue);
}

/* Commands that only set something; false for others. */
static bool set(struct ps2_mouse *mouse, uint8_t byte)
{
	switch (byte) {
	case SCALE_1_1:
	case SCALE_2_1:
		mouse->scaled = byte == SCALE_2_1;
		return true;
	case STREAM:
	case REMOTE:
		mouse->remote = byte == REMOTE;
		return true;
	case PS2_ENABLE:
	case PS2_DISABLE:
		set_reporting(mouse, byte == PS2_ENABLE);
		return true;
	case PS2_SET_DEFAULTS:
		set_reporting(mouse, false);
		set_defaults(mouse);
		return true;
	case RESOLUTION:
	case PS2_SET_RATE:
		mouse->command = byte;
		return true;
	default:
		return false;
	}
}

static void set_rate(struct ps2_mouse *mouse, uint8_t rate)
{
	if (rate == KNOCK_LAST && mouse->rates[0] == KNOCK_FIRST) {
		if (mouse->rates[1] == KNOCK_WHEEL) {
			mouse->id = ID_WHEEL;
		} else if (mouse->rates[1] == KNOCK_FIRST) {
			mouse->id = ID_EXPLORER;
		}
	}
	mouse->rates[0] = mouse->rates[1];
	mouse->rates[1] = rate;
	mouse->rate = rate;
}

static void receive_argument(struct ps2_mouse *mouse, uint8_t byte)
{
	if (mouse->command == PS2_SET_RATE) {
		set_rate(mouse, byte);
	} else {
		mouse->resolution = byte;
	}
	mouse->command = 0;
	ps2_answer_byte(&mouse->queue, PS2_ACK);
}

void ps2_mouse_receive(struct ps2_mouse *mouse, uint8_t byte)
{
	if (mouse->command) {
		receive_argument(mouse, byte);
		return;
	}
	switch (byte) {
	case STATUS:
		answer_status(mouse);
		break;
	case READ:
		answer_packet(mouse);
		break;
	case PS2_GET_ID:
		answer_id(mouse);
		break;
	case PS2_RESET:
		ps2_mouse_reset(mouse);
		PS2_ANSWER(&mouse->queue, PS2_ACK, PS2_SELF_TEST_OK, ID_PLAIN);
		break;
	default:
		ps2_answer_byte(&mouse->queue, set(mouse, byte) ? PS2_ACK : PS2_RESEND);
		break;
	}
}
