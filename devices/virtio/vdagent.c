/* SPDX-License-Identifier: MIT */
#include "devices/virtio/vdagent.h"

#include <errno.h>
#include <string.h>

#include "devices/char/backend.h"
#include "devices/virtio/vdagent_state.h"
#include "display/display.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"

/* The agent as a back end of its port, and what is said beside the clipboard. */

static struct vdagent *of_backend(struct char_backend *backend)
{
	return container_of(backend, struct vdagent, backend);
}

/* --- to the guest ---------------------------------------------------------------------------- */

static void pump(struct vdagent *agent)
{
	struct vdagent_writer *writer = &agent->writer;
	const struct char_user *user = &agent->backend.user;

	while (agent->is_open && writer->start < writer->end) {
		const size_t taken = user->on_input(user->user, writer->bytes + writer->start,
						    writer->end - writer->start);

		if (taken == 0) {
			return;
		}
		writer->start += taken;
	}
	vdagent_writer_reset(writer);
}

bool vdagent_send(struct vdagent *agent, uint32_t type, const struct vdagent_part *parts,
		  size_t count)
{
	int code;

	if (!agent->is_open) {
		return false;
	}
	code = vdagent_writer_add(&agent->writer, type, parts, count, VDAGENT_BACKLOG_MAX);
	if (code < 0) {
		log_guest(&agent->log_limit, VDAGENT_TAG,
			  "the agent does not read: a message is lost (%s)", strerror(-code));
		return false;
	}
	pump(agent);
	return true;
}

static void announce(struct vdagent *agent, bool is_request)
{
	const struct vdagent_capabilities ours = {
		.request = le32_of(is_request),
		.bits = le32_of(1u << VD_AGENT_CAP_MONITORS_CONFIG | 1u << VD_AGENT_CAP_REPLY |
				1u << VD_AGENT_CAP_CLIPBOARD_BY_DEMAND |
				1u << VD_AGENT_CAP_CLIPBOARD_SELECTION |
				1u << VD_AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB),
	};
	const struct vdagent_part part = { &ours, sizeof(ours) };

	(void)vdagent_send(agent, VD_AGENT_ANNOUNCE_CAPABILITIES, &part, 1);
}

static void send_limit(struct vdagent *agent)
{
	const le32 max = le32_of(CLIPBOARD_BYTES_MAX);
	const struct vdagent_part part = { &max, sizeof(max) };

	if (vdagent_can(agent, VD_AGENT_CAP_MAX_CLIPBOARD)) {
		(void)vdagent_send(agent, VD_AGENT_MAX_CLIPBOARD, &part, 1);
	}
}

/* All screens in a row, as the guest's tablet sees them. */
static void send_monitors(struct vdagent *agent)
{
	VDAgentMonitorsConfig header = { .flags = VD_AGENT_CONFIG_MONITORS_FLAG_USE_POS };
	VDAgentMonConfig monitors[DISPLAY_SCANOUTS_MAX];
	struct vdagent_part parts[] = { { &header, sizeof(header) }, { monitors, 0 } };
	uint32_t x = 0;

	if (!agent->display || !vdagent_can(agent, VD_AGENT_CAP_MONITORS_CONFIG)) {
		return;
	}
	for (unsigned i = 0; i < display_scanout_count(agent->display); i++) {
		const struct display_mode mode = display_mode(agent->display, i);

		/* A size of 0 turns one off, for agents that know of gaps. */
		monitors[header.num_of_monitors++] = (VDAgentMonConfig){
			.width = mode.is_connected ? mode.width : 0,
			.height = mode.is_connected ? mode.height : 0,
			.depth = 32,
			.x = (int32_t)x,
		};
		x += mode.is_connected ? mode.width : 0;
	}
	if (!vdagent_can(agent, VD_AGENT_CAP_SPARSE_MONITORS_CONFIG)) {
		while (header.num_of_monitors > 1 &&
		       monitors[header.num_of_monitors - 1].width == 0) {
			header.num_of_monitors--;
		}
	}
	if (x == 0) {
		return; /* no agent can switch off all */
	}
	parts[1].size = header.num_of_monitors * sizeof(monitors[0]);
	(void)vdagent_send(agent, VD_AGENT_MONITORS_CONFIG, parts, ARRAY_SIZE(parts));
}

/* --- from the guest -------------------------------------------------------------------------- */

static void on_capabilities(struct vdagent *agent, const uint8_t *data, size_t size)
{
	struct vdagent_capabilities theirs;

	if (size < sizeof(theirs)) {
		log_guest(&agent->log_limit, VDAGENT_TAG, "capabilities of %zu bytes", size);
		return;
	}
	memcpy(&theirs, data, sizeof(theirs));
	agent->capabilities = le32_get(theirs.bits);
	agent->is_known = true;
	if (le32_get(theirs.request)) {
		announce(agent, false);
	}
	send_limit(agent);
	vdagent_clipboard_begin(agent);
}

static void on_message(void *arg, uint32_t type, const uint8_t *data, size_t size)
{
	struct vdagent *agent = arg;

	switch (type) {
	case VD_AGENT_ANNOUNCE_CAPABILITIES:
		on_capabilities(agent, data, size);
		break;
	case VD_AGENT_CLIPBOARD_GRAB:
	case VD_AGENT_CLIPBOARD_REQUEST:
	case VD_AGENT_CLIPBOARD:
	case VD_AGENT_CLIPBOARD_RELEASE:
		vdagent_clipboard_message(agent, type, data, size);
		break;
	default:
		break; /* replies, and what we have not asked for */
	}
}

static void on_too_long(void *arg, uint32_t type, size_t size)
{
	struct vdagent *agent = arg;

	log_guest(&agent->log_limit, VDAGENT_TAG,
		  type == VD_AGENT_CLIPBOARD
			  ? "what was copied in the guest is too long for the host: %zu bytes"
			  : "a message of %zu bytes",
		  size);
}

/* --- callbacks of the port ------------------------------------------------------------------- */

static size_t take_output(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	struct vdagent *agent = of_backend(backend);
	const bool was_broken = agent->reader.is_broken;

	if (!vdagent_reader_feed(&agent->reader, bytes, length) && !was_broken) {
		log_guest(&agent->log_limit, VDAGENT_TAG,
			  "what the agent says makes no sense; ignored until it starts again");
	}
	return length;
}

static void accept_input(struct char_backend *backend)
{
	pump(of_backend(backend));
}

static void forget_guest(struct vdagent *agent)
{
	vdagent_reader_reset(&agent->reader);
	vdagent_writer_reset(&agent->writer);
	agent->capabilities = 0;
	agent->is_known = false;
	agent->has_grabbed = false;
	agent->asked_count = 0;
}

static void on_guest_open(struct char_backend *backend, bool open)
{
	struct vdagent *agent = of_backend(backend);

	forget_guest(agent);
	agent->is_open = open;
	if (open) {
		announce(agent, true);
	}
}

/* --- from other threads ---------------------------------------------------------------------- */

static void on_clipboard_task(void *arg)
{
	vdagent_clipboard_offer(arg);
}

/* Whether each screen shows a picture of the size that is wished. */
static bool has_followed(struct display *display)
{
	bool has = true;

	for (unsigned i = 0; i < display_scanout_count(display); i++) {
		const struct display_mode mode = display_mode(display, i);
		uint32_t width, height;

		display_picture_size(display, i, &width, &height);
		has &= width == (mode.is_connected ? mode.width : 0) &&
		       height == (mode.is_connected ? mode.height : 0);
	}
	return has;
}

/* A desktop that follows the card by itself would set its mode twice, and maybe at once. */
static void on_patience_over(void *arg)
{
	struct vdagent *agent = arg;

	if (!has_followed(agent->display)) {
		send_monitors(agent);
	}
}

static void on_mode_task(void *arg)
{
	struct vdagent *agent = arg;

	loop_timer_arm(agent->backend.loop, &agent->patience, clock_now_ns() + VDAGENT_PATIENCE_NS);
}

static void on_clipboard(void *arg)
{
	struct vdagent *agent = arg;

	loop_post(agent->backend.loop, &agent->clipboard_task);
}

static void on_mode(void *arg)
{
	struct vdagent *agent = arg;

	loop_post(agent->backend.loop, &agent->mode_task);
}

/* Pictures are of no interest to it. */
static void on_picture(void *arg, unsigned scanout)
{
	(void)arg;
	(void)scanout;
}

/* --- life ------------------------------------------------------------------------------------ */

static void destroy(struct char_backend *backend)
{
	struct vdagent *agent = of_backend(backend);

	clipboard_remove_peer(agent->clipboard, &agent->peer);
	if (agent->display) {
		display_remove_viewer(agent->display, &agent->viewer);
	}
	loop_task_cancel(backend->loop, &agent->clipboard_task);
	loop_task_cancel(backend->loop, &agent->mode_task);
	loop_timer_disarm(&agent->patience);
	forget_guest(agent);
	free(agent);
}

static const struct char_ops vdagent_ops = {
	.write = take_output,
	.accept_input = accept_input,
	.on_guest_open = on_guest_open,
	.destroy = destroy,
};

static void watch_display(struct vdagent *agent)
{
	agent->viewer = (struct display_viewer){
		.name = VDAGENT_TAG, .wake = on_picture, .on_mode = on_mode, .arg = agent
	};
	(void)display_add_viewer(agent->display, &agent->viewer); /* it sets no pace */
	for (unsigned i = 0; i < display_scanout_count(agent->display); i++) {
		display_set_hidden(agent->display, &agent->viewer, i, true);
	}
}

int vdagent_create(struct loop *loop, struct clipboard *clipboard, struct display *display,
		   const struct char_user *user, struct char_backend **out, struct error *err)
{
	struct vdagent *agent;

	*out = NULL;
	if (!clipboard) {
		return error_set(err, -EINVAL, VDAGENT_BACKEND ": this machine has no clipboard");
	}
	agent = calloc(1, sizeof(*agent));
	if (!agent) {
		return error_set_errno(err, -ENOMEM, VDAGENT_BACKEND);
	}
	agent->backend = (struct char_backend){
		.ops = &vdagent_ops, .loop = loop, .user = *user, .connected = true
	};
	char_set_description(&agent->backend, VDAGENT_BACKEND);
	agent->clipboard = clipboard;
	agent->display = display;
	agent->reader = (struct vdagent_reader){ .limit = VDAGENT_MESSAGE_MAX,
						 .on_message = on_message,
						 .on_too_long = on_too_long,
						 .arg = agent };
	loop_task_init(&agent->clipboard_task, on_clipboard_task, agent);
	loop_task_init(&agent->mode_task, on_mode_task, agent);
	loop_timer_init(&agent->patience, on_patience_over, agent);
	agent->peer = (struct clipboard_peer){ .side = CLIPBOARD_GUEST,
					       .wake = on_clipboard,
					       .arg = agent };
	clipboard_add_peer(clipboard, &agent->peer);
	if (display) {
		watch_display(agent);
	}
	*out = &agent->backend;
	return 0;
}
