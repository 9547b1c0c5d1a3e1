/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_KEYS_H
#define THUNDERLAKE_DISPLAY_VNC_KEYS_H

#include <stdint.h>

/* Some VNC viewers can send the place of a key on the board, as PC scan codes: the KEY_ code of one
 * of set 1, 0x80 added to what an 0xe0 precedes; 0: none. */
uint16_t vnc_key_from_scancode(uint32_t scancode);

#endif
