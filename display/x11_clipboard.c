/* SPDX-License-Identifier: MIT */
#include "display/x11_clipboard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "display/x11_clipboard_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

/* Then timers and other tasks have a turn, however fast events come. */
#define EVENTS_AT_ONCE_MAX 64u

/* --- a turn of the loop --- */

static void on_owner(struct x11_clipboard *x, const xcb_xfixes_selection_notify_event_t *event)
{
	if (event->owner == x->window) {
		x->owned_since = event->selection_timestamp;
	}
	x11_copy_on_owner(x, event->owner);
}

/* Errors are not looked at: other programs' windows may go at any time. */
static void handle(struct x11_clipboard *x, xcb_generic_event_t *event)
{
	const unsigned type = event->response_type & 0x7fu;
	const xcb_property_notify_event_t *property = (void *)event;

	if (type == XCB_SELECTION_NOTIFY) {
		x11_copy_on_notify(x, (void *)event);
	} else if (type == XCB_SELECTION_REQUEST) {
		x11_paste_on_request(x, (void *)event);
	} else if (type == XCB_DESTROY_NOTIFY) {
		x11_paste_on_destroyed(x, ((xcb_destroy_notify_event_t *)event)->window);
	} else if (type == XCB_PROPERTY_NOTIFY && property->state == XCB_PROPERTY_DELETE) {
		x11_paste_on_deleted(x, property->window, property->atom);
	} else if (type == XCB_PROPERTY_NOTIFY && property->window == x->window) {
		x11_copy_on_value(x, property->atom);
	} else if (type == x->owner_event) {
		on_owner(x, (void *)event);
	}
}

/* The next event; what waits to be sent goes before it is said that there is none. libxcb may read
 * events while it sends, or while it waits for a reply: those wake no one later. */
static xcb_generic_event_t *next_event(struct x11_clipboard *x)
{
	xcb_generic_event_t *event = xcb.poll_for_event(x->connection);

	if (!event) {
		(void)xcb.flush(x->connection);
		event = xcb.poll_for_queued_event(x->connection);
	}
	return event;
}

static void leave_server(struct x11_clipboard *x)
{
	loop_watch_remove(&x->watch);
	loop_timer_disarm(&x->timer);
	x11_copy_end(x);
	x11_paste_end_all(x);
}

static void work(struct x11_clipboard *x)
{
	xcb_generic_event_t *event = NULL;
	uint64_t next_ns, now_ns;
	unsigned count = 0;

	while (count < EVENTS_AT_ONCE_MAX && (event = next_event(x))) {
		handle(x, event);
		free(event);
		count++;
	}
	if (xcb.connection_has_error(x->connection)) {
		log_debug(X11_TAG, "the X server has gone");
		leave_server(x);
		return;
	}
	if (event) {
		loop_post(x->loop, &x->task);
	}
	now_ns = clock_now_ns();
	next_ns = x11_copy_keep_time(x, now_ns);
	next_ns = MIN(next_ns, x11_paste_keep_time(x, now_ns));
	if (next_ns < UINT64_MAX) {
		loop_timer_arm(x->loop, &x->timer, next_ns);
	} else {
		loop_timer_disarm(&x->timer);
	}
}

/* What was copied in the guest, or by another of the machine's peers, becomes the server's. */
static void take_ownership(struct x11_clipboard *x)
{
	struct clipboard_content *content = clipboard_get(x->clipboard, CLIPBOARD_HOST);

	if (content) {
		(void)xcb.set_selection_owner(x->connection, x->window, x->atoms[X11_CLIPBOARD],
					      XCB_CURRENT_TIME);
	}
	clipboard_content_put(content);
}

static void on_task(void *arg)
{
	struct x11_clipboard *x = arg;

	if (!x->watch.loop) {
		return; /* no server any more */
	}
	if (atomic_exchange(&x->is_offer_new, false)) {
		take_ownership(x);
	}
	x11_copy_look(x);
	work(x);
}

static void on_readable(void *arg, uint32_t events UNUSED)
{
	work(arg);
}

static void on_timer(void *arg)
{
	work(arg);
}

/* --- from other threads --- */

static void on_copied(void *arg)
{
	struct x11_clipboard *x = arg;

	atomic_store(&x->is_offer_new, true);
	loop_post(x->loop, &x->task);
}

void x11_clipboard_set_focus(struct x11_clipboard *x, bool has_focus)
{
	atomic_store(&x->has_focus, has_focus);
	loop_post(x->loop, &x->task);
}

/* --- beginning and end --- */

static int intern_atoms(struct x11_clipboard *x)
{
	static const char *const names[X11_ATOMS] = {
		"CLIPBOARD",
		"INCR",
		"TARGETS",
		"TIMESTAMP",
		"UTF8_STRING",
		"text/plain;charset=utf-8",
		"image/png",
		"THUNDERLAKE_COPY_0",
		"THUNDERLAKE_COPY_1",
		"THUNDERLAKE_COPY_2",
		"THUNDERLAKE_COPY_3",
		"THUNDERLAKE_COPY_4",
		"THUNDERLAKE_COPY_5",
		"THUNDERLAKE_COPY_6",
		"THUNDERLAKE_COPY_7",
	};
	xcb_intern_atom_cookie_t cookies[X11_ATOMS];

	for (unsigned i = 0; i < X11_ATOMS; i++) {
		cookies[i] =
			xcb.intern_atom(x->connection, 0, (uint16_t)strlen(names[i]), names[i]);
	}
	for (unsigned i = 0; i < X11_ATOMS; i++) {
		AUTO_FREE xcb_intern_atom_reply_t *reply =
			xcb.intern_atom_reply(x->connection, cookies[i], NULL);

		x->atoms[i] = reply ? reply->atom : XCB_ATOM_NONE;
	}
	return xcb.connection_has_error(x->connection) ? -ENOTCONN : 0;
}

/* Without XFIXES nobody tells when there is another owner. */
static int watch_owners(struct x11_clipboard *x)
{
	static const char name[] = "XFIXES";
	const xcb_query_extension_cookie_t cookie =
		xcb.query_extension(x->connection, sizeof(name) - 1, name);
	AUTO_FREE xcb_query_extension_reply_t *extension =
		xcb.query_extension_reply(x->connection, cookie, NULL);
	AUTO_FREE xcb_xfixes_query_version_reply_t *version = NULL;

	if (!extension || !extension->present) {
		return -ENOTCONN;
	}
	version = xcb_xfixes.query_version_reply(
		x->connection, xcb_xfixes.query_version(x->connection, 1, 0), NULL);
	if (!version) {
		return -ENOTCONN;
	}
	x->owner_event = extension->first_event + XCB_XFIXES_SELECTION_NOTIFY;
	(void)xcb_xfixes.select_selection_input(
		x->connection, x->window, x->atoms[X11_CLIPBOARD],
		XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
			XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
			XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
	return 0;
}

/* What was copied before. */
static int look_at_owner(struct x11_clipboard *x)
{
	const xcb_get_selection_owner_cookie_t cookie =
		xcb.get_selection_owner(x->connection, x->atoms[X11_CLIPBOARD]);
	AUTO_FREE xcb_get_selection_owner_reply_t *reply =
		xcb.get_selection_owner_reply(x->connection, cookie, NULL);

	x->copy.is_new = reply && reply->owner != XCB_NONE;
	return reply ? 0 : -ENOTCONN;
}

static int connect_server(struct x11_clipboard *x)
{
	static const uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
	xcb_screen_t *screen;
	int code;

	x->connection = xcb.connect(NULL, NULL);
	if (xcb.connection_has_error(x->connection)) {
		return -ENOTCONN;
	}
	screen = xcb.setup_roots_iterator(xcb.get_setup(x->connection)).data;
	x->window = xcb.generate_id(x->connection);
	(void)xcb.create_window(x->connection, XCB_COPY_FROM_PARENT, x->window, screen->root, 0, 0,
				1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY, screen->root_visual,
				XCB_CW_EVENT_MASK, &events);
	code = intern_atoms(x);
	code = code ?: watch_owners(x);
	return code ?: look_at_owner(x);
}

static int start(struct x11_clipboard *x)
{
	int code = connect_server(x);

	code = code ?: loop_create("clipboard", &x->loop);
	code = code
		       ?: loop_watch_add(x->loop, &x->watch, xcb.get_file_descriptor(x->connection),
					 EPOLLIN, on_readable, x);
	if (code < 0) {
		return code;
	}
	loop_task_init(&x->task, on_task, x);
	loop_timer_init(&x->timer, on_timer, x);
	code = loop_start(x->loop);
	if (code < 0) {
		return code;
	}
	x->peer = (struct clipboard_peer){ .side = CLIPBOARD_HOST, .wake = on_copied, .arg = x };
	clipboard_add_peer(x->clipboard, &x->peer);
	/* What has come with the replies, and what waits to be sent. */
	loop_post(x->loop, &x->task);
	return 0;
}

int x11_clipboard_create(struct clipboard *clipboard, struct x11_clipboard **out, struct error *err)
{
	struct x11_clipboard *x;
	int code = x11_library_load(err);

	*out = NULL;
	if (code < 0) {
		return code;
	}
	x = calloc(1, sizeof(*x));
	if (!x) {
		return error_set_errno(err, -ENOMEM, "the X server's clipboard");
	}
	x->clipboard = clipboard;
	code = start(x);
	if (code < 0) {
		x11_clipboard_destroy(x);
		return error_set_errno(err, code, "the X server's clipboard");
	}
	*out = x;
	return 0;
}

static void leave_on_loop(void *arg)
{
	leave_server(arg);
}

void x11_clipboard_destroy(struct x11_clipboard *x)
{
	if (!x) {
		return;
	}
	if (x->peer.wake) {
		clipboard_remove_peer(x->clipboard, &x->peer);
	}
	/* Whatever the thread waits for in libxcb ends so. */
	if (!xcb.connection_has_error(x->connection)) {
		(void)shutdown(xcb.get_file_descriptor(x->connection), SHUT_RDWR);
	}
	if (x->loop) {
		loop_call(x->loop, leave_on_loop, x);
	}
	loop_destroy(x->loop);
	xcb.disconnect(x->connection);
	free(x);
}
