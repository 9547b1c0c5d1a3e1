/* SPDX-License-Identifier: MIT */
#include "audio/pulse_library.h"

#include "vmm/base/compiler.h"
#include "vmm/base/library.h"

struct pulse_library libpulse;

#define FUNCTION_NAME(name) "pa_" #name,
static const char *const names[] = { PULSE_LIBRARY_FUNCTIONS(FUNCTION_NAME) };
#undef FUNCTION_NAME

_Static_assert(sizeof(libpulse) == sizeof(names[0]) * ARRAY_SIZE(names), "one pointer for each");

int pulse_library_load(struct error *err)
{
	static const struct library library = { "libpulse.so.0", "libpulse0", names,
						ARRAY_SIZE(names), &libpulse };

	return library_load(&library, err);
}
