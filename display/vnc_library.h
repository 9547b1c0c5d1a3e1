/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_LIBRARY_H
#define THUNDERLAKE_DISPLAY_VNC_LIBRARY_H

#include <rfb/rfb.h>
#include <rfb/rfbregion.h>

#include "vmm/base/error.h"

/*
 * libvncserver, loaded when a VNC server is wanted: with it come GnuTLS and a dozen other libraries
 * (vmm/base/library.h). What it exports is reached as libvnc.NewClient and so on, after
 * vnc_library_load; variables, of which there are two, as *libvnc.Log.
 */
/* clang-format off */
#define VNC_LIBRARY_SYMBOLS(use) \
	use(ClientConnectionGone) use(CloseClient) use(EncryptBytes) use(Err) use(FreeCursor) \
	use(GetScreen) use(Log) use(MarkRectAsModified) use(NewClient) use(NewFramebuffer) \
	use(ProcessClientMessage) use(ReadExact) use(RegisterProtocolExtension) \
	use(ScreenCleanup) use(SetCursor) use(SetTranslateFunction) use(UpdateClient) \
	use(WriteExact)
/* clang-format on */

struct vnc_library {
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define VNC_LIBRARY_MEMBER(name) __typeof__(&rfb##name) name;
	VNC_LIBRARY_SYMBOLS(VNC_LIBRARY_MEMBER)
#undef VNC_LIBRARY_MEMBER
	__typeof__(&sraRgnEmpty) is_region_empty;
};

extern struct vnc_library libvnc;

/* Once is enough, more often is harmless. -ENOENT: not on this host. Any thread. */
int vnc_library_load(struct error *err);

#endif
