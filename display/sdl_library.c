/* SPDX-License-Identifier: MIT */
#include "display/sdl_library.h"

#include "vmm/base/compiler.h"
#include "vmm/base/library.h"

struct sdl_library sdl;

#define FUNCTION_NAME(name) "SDL_" #name,
static const char *const names[] = { SDL_LIBRARY_FUNCTIONS(FUNCTION_NAME) };
#undef FUNCTION_NAME

_Static_assert(sizeof(sdl) == sizeof(names[0]) * ARRAY_SIZE(names), "one pointer for each name");

int sdl_library_load(struct error *err)
{
	static const struct library library = { "libSDL2-2.0.so.0", "libsdl2-2.0-0", names,
						ARRAY_SIZE(names), &sdl };

	return library_load(&library, err);
}
