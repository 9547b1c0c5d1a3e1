/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_ICON_H
#define THUNDERLAKE_DISPLAY_SDL_ICON_H

struct SDL_Window;

/* Gives the window the project's icon: a bolt over a lake, drawn by code. */
void sdl_icon_set(struct SDL_Window *window);

#endif
