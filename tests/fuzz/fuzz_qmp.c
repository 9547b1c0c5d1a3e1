/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands.c
 *       mgmt/qmp_commands_control.c mgmt/qmp_commands_query.c
 *       mgmt/qmp_commands_block.c mgmt/qmp_commands_disc.c mgmt/qmp_drives.c
 *       mgmt/qmp_commands_pci.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_wait.c mgmt/qmp_commands_clipboard.c
 *       mgmt/qmp_commands_hotplug.c mgmt/qmp_commands_record.c mgmt/qmp_commands_input.c
 *       mgmt/qmp_input.c mgmt/qmp_input_events.c mgmt/key_names.c mgmt/screen_wait.c
 *       mgmt/qmp_events.c mgmt/qmp_json.c tests/unit/mgmt/fake_qmp_machine.c display/display.c
 *       display/display_viewer.c display/display_stats.c display/display_capture.c
 *       display/cursor_draw.c display/cursor.c display/damage.c display/rect.c display/pixels.c
 *       display/surface.c display/image.c display/image_compare.c display/clipboard.c
 *       display/input.c display/input_sinks.c display/input_player.c display/input_text.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c mgmt/qmp_commands_audio.c
 *       mgmt/audio_wait.c audio/ */
/* What a client may send: a first byte that tells how the stream is torn, then the stream. Every
 * value gets exactly one reply, and that is either a return or an error; those that come later are
 * cancelled. Files are not touched: each path reads as itself, or as a black picture. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "display/image.h"
#include "display/input.h"
#include "display/surface.h"
#include "mgmt/qmp_dispatch.h"
#include "mgmt/qmp_json.h"
#include "mgmt/recording.h"
#include "mgmt/small_file.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/loop.h"

#define SIDE 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- files that are none --- */

int image_write(const struct image *image, enum image_format format, const char *path,
		struct error *err)
{
	(void)image;
	(void)format;
	return path[0] == '/' ? 0 : error_set(err, -ENOENT, "%s", path);
}

int image_read_png(const char *path, struct image **out, struct error *err)
{
	return path[0] == '/' ? image_create(SIDE, (uint32_t)strlen(path), out)
			      : error_set(err, -ENOENT, "%s", path);
}

int small_file_read(const char *path, size_t max, uint8_t **out, size_t *length)
{
	(void)max;
	*out = (uint8_t *)strdup(path);
	*length = strlen(path);
	return 0;
}

int small_file_write(const char *path, const void *bytes, size_t length)
{
	(void)bytes;
	(void)length;
	return path[0] == '/' ? 0 : -ENOENT;
}

int recording_start(struct recording *recording, const char *text, struct error *err)
{
	(void)recording;
	return strchr(text, '/') ? 0 : error_set(err, -ENOENT, "%s", text);
}

int recording_stop(struct recording *recording, struct record_status *last, struct error *err)
{
	(void)recording;
	(void)err;
	*last = (struct record_status){ .rate_mhz = 60000, .frames = 7, .code = -ENOSPC };
	return 0;
}

const char *recording_file(struct recording *recording, struct record_status *out)
{
	(void)recording;
	*out = (struct record_status){ .frames = 7 };
	return "film.y4m";
}

/* --- a session --- */

static void answer(struct qmp_session *session, const struct qmp_framer *framer)
{
	json_t *reply = qmp_dispatch(session, framer->text, framer->length);
	char *text = reply ? json_dumps(reply, 0) : NULL;

	if (!session->pending == !reply) {
		abort();
	}
	if (reply &&
	    (!text || !json_object_get(reply, "return") == !json_object_get(reply, "error"))) {
		abort();
	}
	free(text);
	json_decref(reply);
	qmp_cancel(session);
}

static void run_stream(struct qmp_session *session, const uint8_t *data, size_t size)
{
	enum qmp_frame frame = QMP_FRAME_MORE;
	const size_t step = data[0] + 1u;
	struct qmp_framer framer;
	size_t used;

	session->is_negotiated = data[0] & 1;
	qmp_framer_init(&framer, QMP_REQUEST_MAX);
	for (size_t at = 1; at < size && frame <= QMP_FRAME_VALUE; at += used) {
		frame = qmp_framer_feed(&framer, (const char *)data + at, MIN(step, size - at),
					&used);
		if (frame == QMP_FRAME_VALUE) {
			answer(session, &framer);
			qmp_framer_reset(&framer);
		}
	}
	qmp_framer_finish(&framer);
}

static void make_screen(struct fake_qmp_machine *machine, struct surface **surface)
{
	static uint32_t pixels[SIDE * SIDE];
	const struct surface_layout layout = { SIDE, SIDE, SIDE * 4, SURFACE_BGRX };
	const struct clipboard_directions both = { true, true };
	const struct iovec whole = { pixels, sizeof(pixels) };
	const struct rect all = { 0, 0, SIDE, SIDE };

	(void)display_create(2, &machine->display);
	(void)clipboard_create(&both, &machine->clipboard);
	(void)surface_create(&layout, &whole, 1, 0, surface);
	display_show(machine->display, 0, *surface, &all);
}

static size_t pull(void *arg, void *frames, size_t count)
{
	(void)arg;
	memset(frames, 0x55, count);
	return count;
}

static void make_sound(struct fake_qmp_machine *machine, struct loop *loop,
		       struct audio_stream **stream)
{
	static const struct audio_stream_ops ops = { .pull = pull };
	const struct audio_stream_config config = {
		.format = { AUDIO_U8, AUDIO_RATE_MIN_HZ, 1, { AUDIO_MONO } },
		.buffer_frames = 80,
		.period_frames = 80,
		.name = "snd0",
		.ops = &ops,
	};

	(void)audio_create(loop, &machine->audio);
	(void)audio_stream_open(machine->audio, &config, stream);
}

static void take_report(void *arg, const struct input_event *events, size_t count)
{
	*(unsigned *)arg += (unsigned)(events[0].code + count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_sink sinks[INPUT_KINDS];
	unsigned sum = 0;
	struct fake_qmp_machine machine = FAKE_QMP_MACHINE;
	struct qmp_session session = { .context = { .ops = &fake_qmp_machine_ops,
						    .machine = &machine } };
	struct surface *surface = NULL;
	struct audio_stream *stream = NULL;

	if (size < 1) {
		return 0;
	}
	(void)loop_create("fuzz", &session.context.loop);
	make_screen(&machine, &surface);
	make_sound(&machine, session.context.loop, &stream);
	(void)input_create(&machine.input);
	for (unsigned i = 0; i < INPUT_KINDS; i++) {
		sinks[i] = (struct input_sink){ .id = "sink",
						.kind = (enum input_kind)i,
						.on_report = take_report,
						.arg = &sum };
		input_add_sink(machine.input, &sinks[i]);
		input_set_ready(machine.input, &sinks[i], true);
	}
	run_stream(&session, data, size);
	for (unsigned i = 0; i < INPUT_KINDS; i++) {
		input_remove_sink(machine.input, &sinks[i]);
	}
	input_destroy(machine.input);
	display_show(machine.display, 0, NULL, NULL);
	display_destroy(machine.display);
	clipboard_destroy(machine.clipboard);
	audio_stream_close(stream);
	audio_destroy(machine.audio);
	surface_put(surface);
	loop_destroy(session.context.loop);
	return 0;
}
