/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_KEYS_H
#define THUNDERLAKE_DISPLAY_SDL_KEYS_H

/* The KEY_ code at a place of the board, given as SDL_SCANCODE_ (a HID usage), and the BTN_ code of
 * a SDL_BUTTON_; KEY_RESERVED: none. */
unsigned sdl_key(unsigned scancode);
unsigned sdl_button(unsigned button);

#endif
