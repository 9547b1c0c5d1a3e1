/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_X11_LIBRARY_H
#define THUNDERLAKE_DISPLAY_X11_LIBRARY_H

#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#include "vmm/base/error.h"

/* libxcb, loaded when a window on X11 is there, like SDL itself (vmm/base/library.h). What it
 * exports is called as xcb.connect and so on, after x11_library_load. */
/* clang-format off */
#define XCB_FUNCTIONS(use) \
	use(change_property) use(change_window_attributes) use(connect) \
	use(connection_has_error) use(convert_selection) use(create_window) \
	use(delete_property) use(disconnect) use(flush) use(generate_id) \
	use(get_file_descriptor) use(get_property) use(get_property_reply) \
	use(get_property_value) use(get_property_value_length) \
	use(get_selection_owner) use(get_selection_owner_reply) use(get_setup) \
	use(intern_atom) use(intern_atom_reply) use(poll_for_event) \
	use(poll_for_queued_event) use(query_extension) use(query_extension_reply) \
	use(send_event) use(set_selection_owner) use(setup_roots_iterator)

#define XCB_XFIXES_FUNCTIONS(use) \
	use(query_version) use(query_version_reply) use(select_selection_input)
/* clang-format on */

struct xcb_library {
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define XCB_MEMBER(name) __typeof__(xcb_##name) *name;
	XCB_FUNCTIONS(XCB_MEMBER)
#undef XCB_MEMBER
};

struct xcb_xfixes_library {
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define XCB_XFIXES_MEMBER(name) __typeof__(xcb_xfixes_##name) *name;
	XCB_XFIXES_FUNCTIONS(XCB_XFIXES_MEMBER)
#undef XCB_XFIXES_MEMBER
};

extern struct xcb_library xcb;
extern struct xcb_xfixes_library xcb_xfixes;

/* Once is enough, more often is harmless. -ENOENT: not on this host. Any thread. */
int x11_library_load(struct error *err);

#endif
