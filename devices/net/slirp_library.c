/* SPDX-License-Identifier: MIT */
#include "devices/net/slirp_library.h"

#include "vmm/base/compiler.h"
#include "vmm/base/library.h"

struct slirp_library libslirp;

#define FUNCTION_NAME(name) "slirp_" #name,
static const char *const names[] = { SLIRP_LIBRARY_FUNCTIONS(FUNCTION_NAME) };
#undef FUNCTION_NAME

_Static_assert(sizeof(libslirp) == sizeof(names[0]) * ARRAY_SIZE(names),
	       "one pointer for each name");

int slirp_library_load(struct error *err)
{
	static const struct library library = { "libslirp.so.0", "libslirp0", names,
						ARRAY_SIZE(names), &libslirp };

	return library_load(&library, err);
}
