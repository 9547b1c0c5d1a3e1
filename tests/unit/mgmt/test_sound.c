/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/sound.c mgmt/machine_config_sound.c mgmt/device_type_find.c audio/ */
#include "mgmt/sound.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "audio/audio.h"
#include "mgmt/machine_config.h"
#include "tests/unit/mgmt/fake_device_types.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

static struct loop *loop;
static struct sound *sound;
static struct machine_config config;
static struct machine_device_config card;
static struct audio_stream *stream;
static int listening = -1;
static char log_text[512];
static struct error err;

static void on_line(enum log_level level UNUSED, const char *tag UNUSED, const char *text)
{
	(void)snprintf(log_text, sizeof(log_text), "%s", text);
}

static void on_listening(void *arg, bool is_listening)
{
	cr_assert(eq(ptr, arg, loop));
	listening = is_listening;
	loop_stop(loop);
}

static int make(const char *audio)
{
	const struct sound_listener listener = { on_listening, loop };
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s", audio);
	config.settings.audio = text;
	return sound_create(&config, "test", loop, &listener, &sound, &err);
}

static void set_up(void)
{
	log_set_sink(on_line);
	card.type = device_type_find("virtio-snd", NULL);
	config.devices = &card;
	config.device_count = 1;
	cr_assert(eq(int, loop_create("test", &loop), 0));
}

static void tear_down(void)
{
	sound_destroy(sound);
	loop_destroy(loop);
}

TestSuite(sound, .init = set_up, .fini = tear_down, .timeout = 20);

Test(sound, machine_without_card_has_none)
{
	config.device_count = 0;
	cr_assert(eq(int, make("auto"), 0));
	cr_assert(zero(ptr, sound));
	cr_assert(zero(ptr, sound_audio(sound)));
	sound_pause(sound);
	sound_resume(sound);
}

/* --- the card's side, on the audio loop --- */

static size_t push(void *arg UNUSED, const void *frames UNUSED, size_t count)
{
	return count;
}

static void on_reached(void *arg UNUSED)
{
}

static void begin_capture(void *arg)
{
	static const struct audio_stream_ops ops = { .push = push, .on_reached = on_reached };
	const struct audio_stream_config wanted = {
		.direction = AUDIO_CAPTURE,
		.format = { AUDIO_S16, 48000, 1, { AUDIO_MONO } },
		.buffer_frames = 960,
		.period_frames = 480,
		.name = "snd0",
		.ops = &ops,
	};

	cr_assert(loop_is_current(audio_loop(arg)));
	cr_assert(eq(int, audio_stream_open(arg, &wanted, &stream), 0));
	audio_stream_start(stream);
}

static void end_capture(void *arg UNUSED)
{
	audio_stream_close(stream);
}

Test(sound, guest_that_listens_is_told_of)
{
	config.sound.capture = true;
	cr_assert(eq(int, make("none"), 0), "%s", err.text);
	cr_assert(ne(ptr, strstr(log_text, "microphone"), NULL), "says: %s", log_text);
	loop_call(audio_loop(sound_audio(sound)), begin_capture, sound_audio(sound));
	loop_run(loop);
	cr_assert(eq(int, listening, 1));
	loop_call(audio_loop(sound_audio(sound)), end_capture, NULL);
	loop_run(loop);
	cr_assert(eq(int, listening, 0));
}

static void post_stop(void *arg UNUSED)
{
	loop_stop(loop);
}

Test(sound, guest_that_must_not_listen_does_not)
{
	struct loop_task end;

	cr_assert(eq(int, make("off"), 0), "%s", err.text);
	loop_call(audio_loop(sound_audio(sound)), begin_capture, sound_audio(sound));
	loop_task_init(&end, post_stop, NULL);
	loop_post(loop, &end);
	loop_run(loop);
	cr_assert(eq(int, listening, -1));
	cr_assert(not(audio_is_listening(sound_audio(sound))));
	loop_call(audio_loop(sound_audio(sound)), end_capture, NULL);
}

static void take_position(void *arg)
{
	*(uint64_t *)arg = audio_stream_position(stream);
}

Test(sound, paused_sound_stands)
{
	uint64_t before = 0;
	uint64_t after = 1;
	struct loop *its_loop;

	cr_assert(eq(int, make("none"), 0), "%s", err.text);
	its_loop = audio_loop(sound_audio(sound));
	loop_call(its_loop, begin_capture, sound_audio(sound));
	sound_pause(sound);
	sound_pause(sound);
	loop_call(its_loop, take_position, &before);
	for (unsigned i = 0; i < 1000; i++) {
		loop_call(its_loop, take_position, &after);
	}
	cr_assert(eq(u64, after, before));
	sound_resume(sound);
	while (after == before) {
		loop_call(its_loop, take_position, &after);
	}
	loop_call(its_loop, end_capture, NULL);
}

Test(sound, file_that_cannot_be_written_is_told)
{
	cr_assert(lt(int, make("wav,file=/no/such/folder/a.wav"), 0));
	cr_assert(zero(ptr, sound));
	cr_assert(ne(ptr, strstr(err.text, "/no/such/folder"), NULL), "says: %s", err.text);
}
