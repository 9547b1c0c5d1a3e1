/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_NET_SLIRP_LIBRARY_H
#define THUNDERLAKE_DEVICES_NET_SLIRP_LIBRARY_H

#include <libslirp.h>

#include "vmm/base/error.h"

/* libslirp, loaded when a user-mode network is wanted: GLib comes with it (vmm/base/library.h). The
 * functions are called as libslirp.input and so on, after slirp_library_load. */
/* clang-format off */
#define SLIRP_LIBRARY_FUNCTIONS(use) \
	use(add_hostfwd) use(cleanup) use(handle_timer) use(input) use(new) use(pollfds_fill) \
	use(pollfds_poll)
/* clang-format on */

struct slirp_library {
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define SLIRP_LIBRARY_MEMBER(name) __typeof__(&slirp_##name) name;
	SLIRP_LIBRARY_FUNCTIONS(SLIRP_LIBRARY_MEMBER)
#undef SLIRP_LIBRARY_MEMBER
};

extern struct slirp_library libslirp;

/* Once is enough, more often is harmless. -ENOENT: not on this host. Any thread. */
int slirp_library_load(struct error *err);

#endif
