/* SPDX-License-Identifier: MIT */
#include "display/vnc_library.h"

#include "vmm/base/compiler.h"
#include "vmm/base/library.h"

struct vnc_library libvnc;

#define SYMBOL_NAME(name) "rfb" #name,
static const char *const names[] = { VNC_LIBRARY_SYMBOLS(SYMBOL_NAME) "sraRgnEmpty" };
#undef SYMBOL_NAME

_Static_assert(sizeof(libvnc) == sizeof(names[0]) * ARRAY_SIZE(names), "one pointer for each name");

int vnc_library_load(struct error *err)
{
	static const struct library library = { "libvncserver.so.1", "libvncserver1", names,
						ARRAY_SIZE(names), &libvnc };

	return library_load(&library, err);
}
