/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_KEYS_H
#define THUNDERLAKE_DISPLAY_VNC_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What VNC viewers call keys. Most send keysyms of X11: what is printed on the key, in the layout
 * of the viewer's user. Some can send the place on the board, as PC scan codes.
 */
struct vnc_key {
	uint16_t code;	   /* KEY_ */
	bool is_character; /* it makes a character and `shift` says with what; else as it is */
	bool is_letter;	   /* Caps Lock turns its shift round */
	bool shift;
};

/* Finds the key on a US board. False: there is none. */
bool vnc_key_from_keysym(uint32_t keysym, struct vnc_key *out);

/* The KEY_ code of a scan code of set 1, 0x80 added to what an 0xe0 precedes; 0: none. */
uint16_t vnc_key_from_scancode(uint32_t scancode);

#endif
