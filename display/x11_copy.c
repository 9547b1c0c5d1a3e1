/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "display/x11_clipboard_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

/*
 * Fetching what another program copied (ICCCM 2.0 §2.4 and §2.7.2): what forms it has, then the one
 * that is wanted, at once or in pieces. The other program may be slow, dead or hostile: it is only
 * answered, never waited for. What comes to another property than the last one asked for is late;
 * it is deleted unseen, so that whoever sends it in pieces comes to an end.
 */
#define TARGETS_MAX 1024u
#define FIRST_ROOM  65536u

void x11_copy_end(struct x11_clipboard *x)
{
	struct x11_copy *copy = &x->copy;

	free(copy->bytes);
	copy->bytes = NULL;
	copy->length = 0;
	copy->capacity = 0;
	copy->step = X11_COPY_IDLE;
	copy->property = XCB_ATOM_NONE;
}

static void give_up_long(struct x11_clipboard *x)
{
	log_info(X11_TAG, "what was copied on the host is over %u MiB: not for the guest",
		 CLIPBOARD_BYTES_MAX >> 20);
	x11_copy_end(x);
}

/* --- asking --- */

static void set_step(struct x11_copy *copy, enum x11_copy_step step)
{
	copy->step = step;
	copy->step_limit_ns = MIN(clock_now_ns() + X11_STEP_LIMIT_NS, copy->limit_ns);
}

static void ask(struct x11_clipboard *x, enum x11_copy_step step, xcb_atom_t target)
{
	struct x11_copy *copy = &x->copy;

	copy->target = target;
	copy->property = x->atoms[X11_PROPERTY + copy->turn++ % X11_PROPERTIES];
	set_step(copy, step);
	(void)xcb.delete_property(x->connection, x->window, copy->property);
	(void)xcb.convert_selection(x->connection, x->window, x->atoms[X11_CLIPBOARD], target,
				    copy->property, XCB_CURRENT_TIME);
}

static void ask_text(struct x11_clipboard *x)
{
	x->copy.format = CLIPBOARD_TEXT;
	ask(x, X11_COPY_DATA, x->atoms[X11_UTF8]);
}

void x11_copy_look(struct x11_clipboard *x)
{
	struct x11_copy *copy = &x->copy;

	if (copy->is_new && atomic_load(&x->has_focus) &&
	    clipboard_directions(x->clipboard).to_guest) {
		copy->is_new = false;
		copy->limit_ns = clock_now_ns() + X11_LIMIT_NS;
		ask(x, X11_COPY_TARGETS, x->atoms[X11_TARGETS]);
	}
}

void x11_copy_on_owner(struct x11_clipboard *x, xcb_window_t owner)
{
	x11_copy_end(x);
	x->copy.is_new = owner != XCB_NONE && owner != x->window;
	x11_copy_look(x);
}

/* --- what comes --- */

/* Reads at most so many bytes, and a word; all of them are deleted if there were not more. */
static xcb_get_property_reply_t *read_property(struct x11_clipboard *x, size_t bytes_max)
{
	const xcb_get_property_cookie_t cookie =
		xcb.get_property(x->connection, 1, x->window, x->copy.property,
				 XCB_GET_PROPERTY_TYPE_ANY, 0, (uint32_t)(bytes_max / 4 + 1));

	return xcb.get_property_reply(x->connection, cookie, NULL);
}

static bool has_atom(const xcb_atom_t *atoms, size_t count, xcb_atom_t wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (atoms[i] == wanted) {
			return true;
		}
	}
	return false;
}

/* Text is worth more than its picture. */
static void choose_target(struct x11_clipboard *x, const xcb_atom_t *targets, size_t count)
{
	if (has_atom(targets, count, x->atoms[X11_UTF8])) {
		ask_text(x);
	} else if (has_atom(targets, count, x->atoms[X11_TEXT_UTF8])) {
		x->copy.format = CLIPBOARD_TEXT;
		ask(x, X11_COPY_DATA, x->atoms[X11_TEXT_UTF8]);
	} else if (has_atom(targets, count, x->atoms[X11_PNG])) {
		x->copy.format = CLIPBOARD_PNG;
		ask(x, X11_COPY_DATA, x->atoms[X11_PNG]);
	} else {
		x11_copy_end(x);
	}
}

static void take_targets(struct x11_clipboard *x)
{
	AUTO_FREE xcb_get_property_reply_t *reply =
		read_property(x, TARGETS_MAX * sizeof(xcb_atom_t));

	/* The simplest programs know no TARGETS. */
	if (!reply || reply->format != 32) {
		ask_text(x);
		return;
	}
	choose_target(x, xcb.get_property_value(reply),
		      (size_t)xcb.get_property_value_length(reply) / sizeof(xcb_atom_t));
}

/* Clipboard managers own what they have just seen: that is no news for the guest that copied it. */
static bool is_echo(struct x11_clipboard *x, const void *bytes, size_t length)
{
	struct clipboard_content *content = clipboard_get(x->clipboard, CLIPBOARD_HOST);
	const bool is_same = content && content->side == CLIPBOARD_GUEST &&
			     content->format == x->copy.format && content->length == length &&
			     memcmp(content->bytes, bytes, length) == 0;

	clipboard_content_put(content);
	return is_same;
}

static void give(struct x11_clipboard *x, const uint8_t *bytes, size_t length)
{
	int code = 0;

	while (x->copy.format == CLIPBOARD_TEXT && length > 0 && bytes[length - 1] == '\0') {
		length--; /* some programs send C strings */
	}
	if (length > 0 && !is_echo(x, bytes, length)) {
		code = clipboard_put(x->clipboard, &x->peer, x->copy.format, bytes, length);
	}
	if (code == -E2BIG) {
		give_up_long(x);
		return;
	}
	if (code < 0) {
		log_debug(X11_TAG, "what was copied on the host is not taken: error %d", -code);
	}
	x11_copy_end(x);
}

static void begin_pieces(struct x11_clipboard *x, const xcb_get_property_reply_t *reply)
{
	const uint32_t *at_least = xcb.get_property_value(reply);

	if (xcb.get_property_value_length(reply) >= (int)sizeof(*at_least) &&
	    *at_least > CLIPBOARD_BYTES_MAX) {
		give_up_long(x);
	} else {
		set_step(&x->copy, X11_COPY_PIECES);
	}
}

static void take_data(struct x11_clipboard *x)
{
	AUTO_FREE xcb_get_property_reply_t *reply = read_property(x, CLIPBOARD_BYTES_MAX);

	if (reply && reply->type == x->atoms[X11_INCR]) {
		begin_pieces(x, reply);
	} else if (reply && reply->bytes_after > 0) {
		(void)xcb.delete_property(x->connection, x->window, x->copy.property);
		give_up_long(x);
	} else if (reply && reply->format == 8) {
		give(x, xcb.get_property_value(reply),
		     (size_t)xcb.get_property_value_length(reply));
	} else {
		x11_copy_end(x);
	}
}

/* Makes room for `more` bytes, which fit the limit. */
static bool make_room(struct x11_copy *copy, size_t more)
{
	size_t capacity = MAX(copy->capacity, FIRST_ROOM);
	uint8_t *bytes;

	while (capacity < copy->length + more) {
		capacity *= 2;
	}
	if (capacity > copy->capacity) {
		bytes = realloc(copy->bytes, capacity);
		if (!bytes) {
			return false;
		}
		copy->bytes = bytes;
		copy->capacity = capacity;
	}
	return true;
}

static void add_piece(struct x11_clipboard *x, const void *bytes, size_t length)
{
	struct x11_copy *copy = &x->copy;

	if (!make_room(copy, length)) {
		x11_copy_end(x);
		return;
	}
	memcpy(copy->bytes + copy->length, bytes, length);
	copy->length += length;
	set_step(copy, X11_COPY_PIECES);
}

static void take_piece(struct x11_clipboard *x)
{
	struct x11_copy *copy = &x->copy;
	const size_t room = CLIPBOARD_BYTES_MAX - copy->length;
	AUTO_FREE xcb_get_property_reply_t *reply = read_property(x, room);
	size_t length = reply ? (size_t)xcb.get_property_value_length(reply) : 0;

	if (!reply || reply->type == XCB_ATOM_NONE) {
		return; /* its owner has taken it back; the time limit knows */
	}
	if (reply->bytes_after > 0 || length > room) {
		(void)xcb.delete_property(x->connection, x->window, copy->property);
		give_up_long(x);
	} else if (length == 0) {
		give(x, copy->bytes, copy->length);
	} else {
		add_piece(x, xcb.get_property_value(reply), length);
	}
}

/* --- events --- */

void x11_copy_on_notify(struct x11_clipboard *x, const xcb_selection_notify_event_t *event)
{
	const struct x11_copy *copy = &x->copy;
	const bool is_refused = event->property == XCB_ATOM_NONE;

	if ((copy->step != X11_COPY_TARGETS && copy->step != X11_COPY_DATA) ||
	    event->requestor != x->window || event->target != copy->target ||
	    (!is_refused && event->property != copy->property)) {
		return;
	}
	if (copy->step == X11_COPY_TARGETS && !is_refused) {
		take_targets(x);
	} else if (copy->step == X11_COPY_TARGETS) {
		ask_text(x);
	} else if (!is_refused) {
		take_data(x);
	} else {
		x11_copy_end(x);
	}
}

void x11_copy_on_value(struct x11_clipboard *x, xcb_atom_t property)
{
	if (property != x->copy.property) {
		(void)xcb.delete_property(x->connection, x->window, property);
	} else if (x->copy.step == X11_COPY_PIECES) {
		take_piece(x);
	}
}

uint64_t x11_copy_keep_time(struct x11_clipboard *x, uint64_t now_ns)
{
	struct x11_copy *copy = &x->copy;

	if (copy->step != X11_COPY_IDLE && now_ns >= copy->step_limit_ns) {
		log_info(X11_TAG, "the program that copied something on the host does not hand it "
				  "over");
		x11_copy_end(x);
	}
	return copy->step == X11_COPY_IDLE ? UINT64_MAX : copy->step_limit_ns;
}
