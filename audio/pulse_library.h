/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PULSE_LIBRARY_H
#define THUNDERLAKE_AUDIO_PULSE_LIBRARY_H

#include <pulse/pulseaudio.h>

#include "vmm/base/error.h"

/*
 * libpulse, loaded when its server is wanted: with it come a dozen libraries (vmm/base/library.h).
 * The functions are called as libpulse.stream_write and so on, after pulse_library_load.
 */
/* clang-format off */
#define PULSE_LIBRARY_FUNCTIONS(use) \
	use(context_connect) use(context_disconnect) use(context_errno) use(context_get_state) \
	use(context_new_with_proplist) use(context_set_sink_input_volume) \
	use(context_set_state_callback) use(context_set_subscribe_callback) \
	use(context_subscribe) use(context_unref) use(cvolume_equal) use(operation_cancel) use(operation_unref) use(proplist_free) \
	use(proplist_new) use(proplist_sets) use(stream_begin_write) use(stream_cancel_write) \
	use(stream_connect_playback) use(stream_connect_record) use(stream_cork) \
	use(stream_disconnect) use(stream_drain) use(stream_drop) use(stream_get_index) \
	use(stream_get_state) use(stream_get_timing_info) use(stream_get_underflow_index) \
	use(stream_is_suspended) use(stream_new_with_proplist) use(stream_peek) \
	use(stream_set_latency_update_callback) use(stream_set_moved_callback) \
	use(stream_set_overflow_callback) use(stream_set_read_callback) \
	use(stream_set_state_callback) use(stream_set_suspended_callback) \
	use(stream_set_underflow_callback) use(stream_set_write_callback) use(stream_unref) \
	use(stream_update_timing_info) use(stream_writable_size) use(stream_write) \
	use(strerror) use(sw_volume_from_linear)
/* clang-format on */

struct pulse_library {
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define PULSE_LIBRARY_MEMBER(name) __typeof__(pa_##name) *name;
	PULSE_LIBRARY_FUNCTIONS(PULSE_LIBRARY_MEMBER)
#undef PULSE_LIBRARY_MEMBER
};

extern struct pulse_library libpulse;

/* Once is enough, more often is harmless. -ENOENT: not on this host, or too old. Any thread. */
int pulse_library_load(struct error *err);

#endif
