/* SPDX-License-Identifier: MIT */
#include "display/sdl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"

#define LIBRARY "libSDL2-2.0.so.0"

struct sdl_library sdl;

#define FUNCTION_NAME(name) "SDL_" #name,
static const char *const names[] = { SDL_LIBRARY_FUNCTIONS(FUNCTION_NAME) };
#undef FUNCTION_NAME

_Static_assert(sizeof(sdl) == sizeof(names[0]) * ARRAY_SIZE(names), "one pointer for each name");

int sdl_library_load(struct error *err)
{
	static void *library;
	void *found[ARRAY_SIZE(names)];

	if (library) {
		return 0;
	}
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		return error_set(err, -ENOENT,
				 "%s; install libsdl2-2.0-0 or choose another display", dlerror());
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		found[i] = dlsym(library, names[i]);
		if (!found[i]) {
			(void)dlclose(library);
			library = NULL;
			return error_set(err, -ENOENT, LIBRARY " has no %s: SDL 2.26 is needed",
					 names[i]);
		}
	}
	memcpy(&sdl, found, sizeof(sdl));
	return 0;
}
