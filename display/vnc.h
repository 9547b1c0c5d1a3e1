/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_H
#define THUNDERLAKE_DISPLAY_VNC_H

#include "display/backend.h"

/*
 * `--display vnc`: the machine on the network, for any VNC viewer. Only in builds with HAVE_VNC.
 *
 * The viewer that came first sets the pace: its presents are frames handed to its socket. Nobody
 * connected: there is no viewer at the display, and it costs nothing.
 */
extern const struct display_backend_type display_vnc_type;

#endif
