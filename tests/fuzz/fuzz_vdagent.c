/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/vdagent.c devices/virtio/vdagent_clipboard.c */
/* LINK: devices/virtio/vdagent_stream.c devices/char/ display/clipboard.c display/display.c */
/* LINK: display/display_viewer.c display/display_stats.c display/cursor.c display/pixels.c */
/* LINK: display/surface.c display/damage.c display/rect.c */
/* What a guest's agent may send: messages, each a length and bytes; the first byte of each says
 * whether they come as a message with headers that fit, as raw bytes, or what else happens. */
#include <spice/vd_agent.h>
#include <string.h>

#include "devices/char/char.h"
#include "devices/virtio/vdagent.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_MESSAGE,
	STEP_RAW,
	STEP_CLOSE_AND_OPEN,
	STEP_HOST_COPIES,
	STEP_HOST_RESIZES,
	STEPS
};

static size_t room;

static size_t on_input(void *arg, const uint8_t *bytes, size_t length)
{
	const size_t taken = MIN(length, room);

	(void)arg;
	(void)bytes;
	room -= taken;
	return taken;
}

static void send_message(struct char_backend *agent, const uint8_t *bytes, size_t length)
{
	const VDAgentMessage message = { .protocol = VD_AGENT_PROTOCOL,
					 .type = length ? bytes[0] : 0,
					 .size = (uint32_t)(length ? length - 1 : 0) };
	const VDIChunkHeader chunk = { .port = VDP_CLIENT_PORT,
				       .size = (uint32_t)sizeof(message) + message.size };

	(void)char_write(agent, (const uint8_t *)&chunk, sizeof(chunk));
	(void)char_write(agent, (const uint8_t *)&message, sizeof(message));
	(void)char_write(agent, bytes + 1, message.size);
}

static void ignore(void *arg)
{
	(void)arg;
}

struct world {
	struct clipboard *clipboard;
	struct display *display;
	struct char_backend *agent;
	struct clipboard_peer window;
};

static void take_step(struct world *world, enum step step, const uint8_t *bytes, size_t length)
{
	const struct display_mode mode = { .is_connected = length & 1,
					   .width = (uint32_t)length + 1,
					   .height = 1 };

	switch (step) {
	case STEP_MESSAGE:
		send_message(world->agent, bytes, length);
		break;
	case STEP_RAW:
		(void)char_write(world->agent, bytes, length);
		break;
	case STEP_CLOSE_AND_OPEN:
		char_set_guest_open(world->agent, false);
		char_set_guest_open(world->agent, true);
		break;
	case STEP_HOST_COPIES:
		(void)clipboard_put(world->clipboard, &world->window, CLIPBOARD_TEXT, bytes,
				    length);
		break;
	default:
		(void)display_request_mode(world->display, length % 2, &mode);
		break;
	}
}

static void run_steps(struct world *world, const uint8_t *data, size_t size)
{
	while (size >= 2) {
		const enum step step = data[0] % STEPS;
		const size_t length = MIN((size_t)data[1], size - 2);

		room = data[0] & 0x80 ? 100 : SIZE_MAX;
		take_step(world, step, data + 2, length);
		char_accept_input(world->agent);
		data += 2 + length;
		size -= 2 + length;
	}
}

static void stop(void *arg)
{
	loop_stop(arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct clipboard_directions both = { true, true };
	const struct char_user user = { .on_input = on_input };
	struct world world = { .window = { .side = CLIPBOARD_HOST, .wake = ignore } };
	struct loop *loop;
	struct loop_task task;

	log_set_level(LOG_LEVEL_ERROR);
	(void)loop_create("fuzz", &loop);
	(void)display_create(2, &world.display);
	(void)clipboard_create(&both, &world.clipboard);
	clipboard_add_peer(world.clipboard, &world.window);
	if (vdagent_create(loop, world.clipboard, world.display, &user, &world.agent, NULL) == 0) {
		char_set_guest_open(world.agent, true);
		run_steps(&world, data, size);
		loop_task_init(&task, stop, loop);
		loop_post(loop, &task);
		loop_run(loop);
		char_destroy(world.agent);
	}
	clipboard_remove_peer(world.clipboard, &world.window);
	clipboard_destroy(world.clipboard);
	display_destroy(world.display);
	loop_destroy(loop);
	return 0;
}
