/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_PS2_BYTES_H
#define THUNDERLAKE_DEVICES_LEGACY_PS2_BYTES_H

#include "devices/legacy/ps2.h"

/* What keyboard (ps2_keyboard.c) and mouse (ps2_mouse.c) have in common. */
#define PS2_ACK		 0xfau
#define PS2_RESEND	 0xfeu
#define PS2_SELF_TEST_OK 0xaau
#define PS2_BREAK	 0xf0u
#define PS2_EXTENDED	 0xe0u

/* Commands that both know. */
#define PS2_GET_ID	 0xf2u
#define PS2_SET_RATE	 0xf3u
#define PS2_ENABLE	 0xf4u
#define PS2_DISABLE	 0xf5u
#define PS2_SET_DEFAULTS 0xf6u
#define PS2_RESET	 0xffu

static inline void ps2_answer_byte(struct ps2_queue *queue, uint8_t byte)
{
	ps2_queue_answer(queue, &byte, 1);
}

#define PS2_ANSWER(queue, ...)                                   \
	do {                                                     \
		static const uint8_t bytes_[] = { __VA_ARGS__ }; \
		ps2_queue_answer(queue, bytes_, sizeof(bytes_)); \
	} while (0)

/* The code of scan set 2 that an 8042 makes `set1` of. */
uint8_t ps2_set2_of_set1(uint8_t set1);

#endif
