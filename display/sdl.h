/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_H
#define THUNDERLAKE_DISPLAY_SDL_H

#include "display/backend.h"

/* A window for each scanout, on X11 or Wayland. One machine of a process can have it. Only in
 * builds with HAVE_SDL. */
extern const struct display_backend_type display_sdl_type;

#endif
