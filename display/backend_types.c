/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "display/backend.h"
#include "display/none.h"
#include "display/sdl.h"
#include "display/vnc.h"

const struct display_backend_type *const display_backend_types[] = {
#if HAVE_SDL
	&display_sdl_type,
#endif
	&display_none_type,
#if HAVE_VNC
	&display_vnc_type,
#endif
	NULL,
};
