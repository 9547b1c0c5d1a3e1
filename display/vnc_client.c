/* SPDX-License-Identifier: MIT */
#include "display/vnc_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display/vnc_client_state.h"
#include "display/vnc_library.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* How long a guest's flush waits for a viewer that does not ask for pixels, and after how long such
 * a viewer counts as one that does not look. */
#define PATIENCE_NS    UINT64_C(100000000)
#define NOT_LOOKING_NS UINT64_C(2000000000)

/* Whoever moves the pointer knows where it is; told so a moment later it would jump back. */
#define POINTER_OWN_NS UINT64_C(1000000000)

/* How long the library waits in the middle of a message. */
#define LIBRARY_WAIT_MS 5000

/* --- frames --- */

static bool is_asking(const struct vnc_client *client)
{
	return !libvnc.is_region_empty(client->rfb->requestedRegion);
}

/* A change of size is an update of its own, and the pixels follow as a second one. */
static bool send_update(struct vnc_client *client)
{
	(void)libvnc.UpdateClient(client->rfb);
	if (client->rfb->sock >= 0 && is_asking(client)) {
		(void)libvnc.UpdateClient(client->rfb);
	}
	return client->rfb->sock >= 0 && !is_asking(client);
}

static void note_cursor(struct vnc_client *client, const struct display_frame *frame)
{
	if (frame->is_moved_cursor && clock_now_ns() - client->pointed_ns > POINTER_OWN_NS) {
		client->rfb->cursorWasMoved = TRUE;
	}
}

/* Brings what is new into the frame buffer and, when the viewer asked, to it. */
static void take_frame(struct vnc_client *client, bool sends)
{
	struct display *display = client->config.env->display;
	unsigned scanout = client->config.scanout;
	struct display_frame frame;
	bool has_changed, is_shown;

	client->has_news = false;
	if (!display_take(display, &client->viewer, scanout, &frame)) {
		(void)(sends && send_update(client));
		return;
	}
	if (vnc_picture_draw(&client->picture, &frame, &has_changed) < 0) {
		libvnc.CloseClient(client->rfb);
	}
	note_cursor(client, &frame);
	display_frame_taken(display, &client->viewer, scanout, &frame);
	/* What looks as before needs no sending to be seen. */
	is_shown = sends && (send_update(client) || !has_changed);
	display_frame_done(display, &client->viewer, scanout, &frame,
			   is_shown ? clock_now_ns() : 0);
}

static void set_hidden(struct vnc_client *client, bool hidden)
{
	if (client->is_hidden != hidden) {
		client->is_hidden = hidden;
		display_set_hidden(client->config.env->display, &client->viewer,
				   client->config.scanout, hidden);
	}
}

/* After anything that may have changed what there is to send. */
static void update(struct vnc_client *client)
{
	if (is_asking(client)) {
		loop_timer_disarm(&client->patience_timer);
		client->asked_ns = clock_now_ns();
		set_hidden(client, false);
		take_frame(client, true);
	} else if (client->has_news && !client->patience_timer.loop) {
		loop_timer_arm(client->loop, &client->patience_timer, clock_now_ns() + PATIENCE_NS);
	}
}

/* The viewer is slow or looks away: the guest does not wait for it. */
static void on_impatient(void *arg)
{
	struct vnc_client *client = arg;

	if (clock_now_ns() - client->asked_ns > NOT_LOOKING_NS) {
		set_hidden(client, true);
	} else {
		take_frame(client, false);
	}
}

/* --- end --- */

static void leave(struct vnc_client *client)
{
	if (client->is_gone) {
		return;
	}
	client->is_gone = true;
	loop_watch_remove(&client->watch);
	if (client->is_viewer) {
		display_remove_viewer(client->config.env->display, &client->viewer);
	}
	vnc_copy_stop(client);
	vnc_input_finish(&client->input);
	loop_timer_disarm(&client->patience_timer);
	loop_timer_disarm(&client->resize_timer);
}

static void leave_if_closed(struct vnc_client *client)
{
	if (client->rfb->sock < 0 && !client->is_gone) {
		leave(client);
		client->config.on_gone(client->config.arg, client);
	}
}

/* --- wake-ups --- */

static void wake(void *arg, unsigned scanout)
{
	struct vnc_client *client = arg;

	if (scanout == client->config.scanout) {
		loop_post(client->loop, &client->news_task);
	}
}

static void on_news(void *arg)
{
	struct vnc_client *client = arg;

	if (!client->is_gone) {
		client->has_news = true;
		update(client);
		leave_if_closed(client);
	}
}

static void on_socket(void *arg, uint32_t events UNUSED)
{
	struct vnc_client *client = arg;

	vnc_messages_take(client);
	if (client->rfb->sock >= 0) {
		update(client);
	}
	leave_if_closed(client);
}

static void on_leds(void *arg)
{
	struct vnc_client *client = arg;

	loop_post(client->loop, &client->leds_task);
}

static void on_new_leds(void *arg)
{
	struct vnc_client *client = arg;

	if (!client->is_gone) {
		vnc_messages_send_leds(client);
		leave_if_closed(client);
	}
}

static void on_resize_settled(void *arg)
{
	struct vnc_client *client = arg;
	struct display *display = client->config.env->display;
	struct display_mode mode = display_mode(display, client->config.scanout);

	mode.is_connected = true;
	mode.width = client->wished_width;
	mode.height = client->wished_height;
	(void)display_request_mode(display, client->config.scanout, &mode);
}

/* --- the place at the display --- */

static int look(struct vnc_client *client)
{
	struct display *display = client->config.env->display;
	int code = display_add_viewer(display, &client->viewer);

	if (code == -EBUSY) {
		client->viewer.sets_pace = false;
		code = display_add_viewer(display, &client->viewer);
	}
	if (code < 0) {
		return code;
	}
	client->is_viewer = true;
	client->is_hidden = false;
	for (unsigned i = 0; i < display_scanout_count(display); i++) {
		if (i != client->config.scanout) {
			display_set_hidden(display, &client->viewer, i, true);
		}
	}
	return 0;
}

static void on_pace(void *arg)
{
	struct vnc_client *client = arg;

	if (client->is_gone || client->viewer.sets_pace) {
		return;
	}
	display_remove_viewer(client->config.env->display, &client->viewer);
	client->is_viewer = false;
	client->viewer.sets_pace = true;
	if (look(client) < 0) {
		libvnc.CloseClient(client->rfb);
	}
	leave_if_closed(client);
}

void vnc_client_set_pace(struct vnc_client *client)
{
	loop_post(client->loop, &client->pace_task);
}

/* --- creation --- */

rfbScreenInfo *vnc_client_make_screen(const char *title)
{
	rfbScreenInfo *screen = libvnc.GetScreen(NULL, NULL, DISPLAY_DEFAULT_WIDTH,
						 DISPLAY_DEFAULT_HEIGHT, 8, 3, 4);

	if (!screen) {
		return NULL;
	}
	screen->desktopName = title;
	screen->alwaysShared = TRUE;
	screen->deferUpdateTime = 0;
	screen->deferPtrUpdateTime = 0;
	screen->maxClientWait = LIBRARY_WAIT_MS;
	screen->dontConvertRichCursorToXCursor = TRUE;
	vnc_messages_register();
	vnc_messages_set_hooks(screen);
	return screen;
}

/* The library insists on a handshake. The viewer has made ours already, so this plays a viewer that
 * needs no password, and then puts the real one in its place. */
static int shake_hands(struct vnc_client *client, rfbScreenInfo *screen)
{
	static const char viewer[] = "RFB 003.008\n\x01";
	int pair[2];
	int code = -EPROTO;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	if (pair[1] >= FD_SETSIZE ||
	    write(pair[0], viewer, sizeof(viewer) - 1) != sizeof(viewer) - 1) {
		(void)close(pair[0]);
		(void)close(pair[1]);
		return -EMFILE;
	}
	client->rfb = libvnc.NewClient(screen, pair[1]);
	if (client->rfb) {
		libvnc.ProcessClientMessage(client->rfb); /* version */
		libvnc.ProcessClientMessage(client->rfb); /* security type */
		if (client->rfb->state == RFB_INITIALISATION &&
		    dup3(client->fd, client->rfb->sock, O_CLOEXEC) >= 0) {
			client->rfb->clientData = client;
			code = 0;
		}
	}
	(void)close(pair[0]);
	return code;
}

static int start_picture(struct vnc_client *client)
{
	struct display *display = client->config.env->display;
	uint32_t width, height;

	display_picture_size(display, client->config.scanout, &width, &height);
	if (width == 0 || height == 0) {
		struct display_mode mode = display_mode(display, client->config.scanout);

		width = mode.width ? mode.width : DISPLAY_DEFAULT_WIDTH;
		height = mode.height ? mode.height : DISPLAY_DEFAULT_HEIGHT;
	}
	width = MIN(width, VNC_SIDE_MAX);
	height = MIN(MIN(height, VNC_SIDE_MAX), VNC_PIXELS_MAX / width);
	return vnc_picture_init(&client->picture, client->config.screen, width, height);
}

static void init_tasks(struct vnc_client *client)
{
	loop_task_init(&client->news_task, on_news, client);
	loop_task_init(&client->pace_task, on_pace, client);
	loop_task_init(&client->leds_task, on_new_leds, client);
	loop_timer_init(&client->patience_timer, on_impatient, client);
	loop_timer_init(&client->resize_timer, on_resize_settled, client);
	client->viewer = (struct display_viewer){
		.name = "vnc", .wake = wake, .arg = client, .sets_pace = client->config.sets_pace
	};
}

/* What others may wake comes after what they wake. */
static int start(struct vnc_client *client)
{
	const struct vnc_client_config *config = &client->config;
	int code = start_picture(client);

	code = code ?: shake_hands(client, config->screen);
	code = code ?: look(client);
	code = code
		       ?: loop_watch_add(client->loop, &client->watch, client->fd, EPOLLIN,
					 on_socket, client);
	if (code < 0) {
		return code;
	}
	vnc_copy_start(client);
	return loop_start(client->loop);
}

int vnc_client_create(const struct vnc_client_config *config, int fd, struct vnc_client **out)
{
	struct vnc_client *client = calloc(1, sizeof(*client));
	int code = client ? loop_create("vnc-client", &client->loop) : -ENOMEM;

	*out = NULL;
	if (code < 0) {
		free(client);
		(void)close(fd);
		return code;
	}
	client->config = *config;
	client->fd = fd;
	client->asked_ns = clock_now_ns();
	init_tasks(client);
	vnc_input_init(&client->input, config->env->input, config->keymap, config->scanout, on_leds,
		       client);
	code = start(client);
	if (code < 0) {
		vnc_client_destroy(client);
		return code;
	}
	*out = client;
	return 0;
}

static void leave_now(void *arg)
{
	leave(arg);
}

void vnc_client_destroy(struct vnc_client *client)
{
	if (!client) {
		return;
	}
	/* Whatever the library waits for ends at once. */
	(void)shutdown(client->fd, SHUT_RDWR);
	loop_call(client->loop, leave_now, client);
	loop_destroy(client->loop);
	if (client->rfb) {
		vnc_messages_finish(client->rfb);
		libvnc.ClientConnectionGone(client->rfb);
	}
	vnc_picture_finish(&client->picture);
	(void)close(client->fd);
	free(client);
}
