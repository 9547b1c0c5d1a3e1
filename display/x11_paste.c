/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "display/x11_clipboard_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/*
 * Handing over what another program pastes (ICCCM 2.0 §2.2 and §2.7.2). The machine has it in
 * memory already. More than a piece goes into the program's property whenever it has taken, that is
 * deleted, the one before; an empty piece ends it.
 */
#define PIECE_BYTES 131072u /* below what each server takes in one request */

/* --- in pieces --- */

static struct x11_paste *find(struct x11_clipboard *x, xcb_window_t window, xcb_atom_t property)
{
	for (unsigned i = 0; i < X11_PASTES_MAX; i++) {
		struct x11_paste *paste = &x->pastes[i];

		if (paste->content && paste->window == window &&
		    (property == XCB_ATOM_NONE || paste->property == property)) {
			return paste;
		}
	}
	return NULL;
}

static struct x11_paste *find_free(struct x11_clipboard *x)
{
	for (unsigned i = 0; i < X11_PASTES_MAX; i++) {
		if (!x->pastes[i].content) {
			return &x->pastes[i];
		}
	}
	return NULL;
}

static void select_events(struct x11_clipboard *x, xcb_window_t window, uint32_t events)
{
	(void)xcb.change_window_attributes(x->connection, window, XCB_CW_EVENT_MASK, &events);
}

static void end(struct x11_clipboard *x, struct x11_paste *paste)
{
	clipboard_content_put(paste->content);
	paste->content = NULL;
	if (!find(x, paste->window, XCB_ATOM_NONE)) {
		select_events(x, paste->window, XCB_EVENT_MASK_NO_EVENT);
	}
}

static void set_step_limit(struct x11_paste *paste)
{
	paste->step_limit_ns = MIN(clock_now_ns() + X11_STEP_LIMIT_NS, paste->limit_ns);
}

/* Takes over the reference; false: too many at a time. */
static bool begin(struct x11_clipboard *x, struct clipboard_content **content, xcb_window_t window,
		  xcb_atom_t property, xcb_atom_t type)
{
	const uint32_t length = (uint32_t)(*content)->length;
	struct x11_paste *paste = find(x, window, property);

	if (paste) {
		end(x, paste); /* it has asked anew */
	}
	paste = find_free(x);
	if (!paste) {
		return false;
	}
	*paste = (struct x11_paste){ .content = *content,
				     .window = window,
				     .property = property,
				     .type = type,
				     .limit_ns = clock_now_ns() + X11_LIMIT_NS };
	*content = NULL;
	set_step_limit(paste);
	select_events(x, window, XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY);
	(void)xcb.change_property(x->connection, XCB_PROP_MODE_REPLACE, window, property,
				  x->atoms[X11_INCR], 32, 1, &length);
	return true;
}

void x11_paste_on_deleted(struct x11_clipboard *x, xcb_window_t window, xcb_atom_t property)
{
	struct x11_paste *paste = find(x, window, property);
	size_t length;

	if (!paste) {
		return;
	}
	length = MIN(paste->content->length - paste->at, PIECE_BYTES);
	(void)xcb.change_property(x->connection, XCB_PROP_MODE_REPLACE, window, property,
				  paste->type, 8, (uint32_t)length,
				  paste->content->bytes + paste->at);
	paste->at += length;
	if (length == 0) {
		end(x, paste);
	} else {
		set_step_limit(paste);
	}
}

void x11_paste_on_destroyed(struct x11_clipboard *x, xcb_window_t window)
{
	struct x11_paste *paste;

	while ((paste = find(x, window, XCB_ATOM_NONE))) {
		end(x, paste);
	}
}

uint64_t x11_paste_keep_time(struct x11_clipboard *x, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	for (unsigned i = 0; i < X11_PASTES_MAX; i++) {
		struct x11_paste *paste = &x->pastes[i];

		if (paste->content && now_ns >= paste->step_limit_ns) {
			end(x, paste);
		} else if (paste->content) {
			next_ns = MIN(next_ns, paste->step_limit_ns);
		}
	}
	return next_ns;
}

void x11_paste_end_all(struct x11_clipboard *x)
{
	for (unsigned i = 0; i < X11_PASTES_MAX; i++) {
		if (x->pastes[i].content) {
			end(x, &x->pastes[i]);
		}
	}
}

/* --- requests --- */

static void put_words(struct x11_clipboard *x, xcb_window_t window, xcb_atom_t property,
		      xcb_atom_t type, const uint32_t *words, uint32_t count)
{
	(void)xcb.change_property(x->connection, XCB_PROP_MODE_REPLACE, window, property, type, 32,
				  count, words);
}

static void put_targets(struct x11_clipboard *x, const struct clipboard_content *content,
			xcb_window_t window, xcb_atom_t property)
{
	const xcb_atom_t text[] = { x->atoms[X11_TARGETS], x->atoms[X11_TIMESTAMP],
				    x->atoms[X11_UTF8], x->atoms[X11_TEXT_UTF8] };
	const xcb_atom_t picture[] = { x->atoms[X11_TARGETS], x->atoms[X11_TIMESTAMP],
				       x->atoms[X11_PNG] };

	if (content->format == CLIPBOARD_TEXT) {
		put_words(x, window, property, XCB_ATOM_ATOM, text, ARRAY_SIZE(text));
	} else {
		put_words(x, window, property, XCB_ATOM_ATOM, picture, ARRAY_SIZE(picture));
	}
}

static bool is_form_of(const struct x11_clipboard *x, const struct clipboard_content *content,
		       xcb_atom_t target)
{
	if (content->format == CLIPBOARD_TEXT) {
		return target == x->atoms[X11_UTF8] || target == x->atoms[X11_TEXT_UTF8];
	}
	return target == x->atoms[X11_PNG];
}

/* False: it cannot have that. The reference may be taken over. */
static bool hand_over(struct x11_clipboard *x, struct clipboard_content **reference,
		      xcb_window_t window, xcb_atom_t target, xcb_atom_t property)
{
	const struct clipboard_content *content = *reference;

	if (target == x->atoms[X11_TARGETS]) {
		put_targets(x, content, window, property);
	} else if (target == x->atoms[X11_TIMESTAMP]) {
		put_words(x, window, property, XCB_ATOM_INTEGER, &x->owned_since, 1);
	} else if (!is_form_of(x, content, target)) {
		return false;
	} else if (content->length > PIECE_BYTES) {
		return begin(x, reference, window, property, target);
	} else {
		(void)xcb.change_property(x->connection, XCB_PROP_MODE_REPLACE, window, property,
					  target, 8, (uint32_t)content->length, content->bytes);
	}
	return true;
}

void x11_paste_on_request(struct x11_clipboard *x, const xcb_selection_request_event_t *event)
{
	/* Old programs name no property. */
	const xcb_atom_t property = event->property ? event->property : event->target;
	struct clipboard_content *content = clipboard_get(x->clipboard, CLIPBOARD_HOST);
	xcb_selection_notify_event_t answer = { .response_type = XCB_SELECTION_NOTIFY,
						.time = event->time,
						.requestor = event->requestor,
						.selection = event->selection,
						.target = event->target };
	char message[32] = { 0 };

	if (content && event->requestor != x->window &&
	    hand_over(x, &content, event->requestor, event->target, property)) {
		answer.property = property;
	}
	clipboard_content_put(content);
	/* Events have 32 bytes. */
	memcpy(message, &answer, sizeof(answer));
	(void)xcb.send_event(x->connection, 0, event->requestor, XCB_EVENT_MASK_NO_EVENT, message);
}
