/* SPDX-License-Identifier: MIT */
#include "display/x11_library.h"

#include "vmm/base/compiler.h"
#include "vmm/base/library.h"

struct xcb_library xcb;
struct xcb_xfixes_library xcb_xfixes;

#define FUNCTION_NAME(name)	   "xcb_" #name,
#define XFIXES_FUNCTION_NAME(name) "xcb_xfixes_" #name,
static const char *const names[] = { XCB_FUNCTIONS(FUNCTION_NAME) };
static const char *const xfixes_names[] = { XCB_XFIXES_FUNCTIONS(XFIXES_FUNCTION_NAME) };
#undef FUNCTION_NAME
#undef XFIXES_FUNCTION_NAME

_Static_assert(sizeof(xcb) == sizeof(names[0]) * ARRAY_SIZE(names), "one pointer for each name");
_Static_assert(sizeof(xcb_xfixes) == sizeof(names[0]) * ARRAY_SIZE(xfixes_names),
	       "one pointer for each name");

int x11_library_load(struct error *err)
{
	static const struct library library = { "libxcb.so.1", "libxcb1", names, ARRAY_SIZE(names),
						&xcb };
	static const struct library xfixes = { "libxcb-xfixes.so.0", "libxcb-xfixes0", xfixes_names,
					       ARRAY_SIZE(xfixes_names), &xcb_xfixes };
	int code = library_load(&library, err);

	return code ?: library_load(&xfixes, err);
}
