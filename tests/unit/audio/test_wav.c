/* SPDX-License-Identifier: MIT */
/* LINK: audio/wav.c audio/wav_writer.c audio/wav_reader.c audio/wav_format.c */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c */
/* LINK: audio/backend.c audio/none.c */
#include "audio/wav.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/none.h"
#include "audio/wav_reader.h"
#include "audio/wav_writer.h"
#include "tests/unit/audio/fake_card.h"
#include "tests/unit/audio/fake_time.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"

#define MS FAKE_MS

TestSuite(wav, .timeout = 20);

const struct audio_backend_type *const audio_backend_types[] = { &audio_none_type, &audio_wav_type,
								 NULL };

static char folder[] = "/tmp/test_wav.XXXXXX";
static char text[256];
static struct loop *loop;
static struct audio *audio;
static struct fake_card card;
static char logged[512];

static void on_log(enum log_level level, const char *tag, const char *line)
{
	cr_assert(ge(int, (int)level, 0));
	cr_assert(eq(int, strcmp(tag, "audio"), 0));
	(void)snprintf(logged, sizeof(logged), "%s", line);
}

static void set_up(void)
{
	fake_time_begin();
	log_set_sink(on_log);
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	cr_assert(eq(int, chdir(folder), 0));
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, audio_create(loop, &audio), 0));
}

static void tear_down(void)
{
	static const char *const names[] = { "out.wav", "out-2.wav", "in.wav", "pipe" };

	fake_card_close(&card);
	audio_destroy(audio);
	loop_destroy(loop);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)unlink(names[i]);
	}
	(void)rmdir(folder);
}

static void begin(const char *options)
{
	struct error err = { "" };

	(void)snprintf(text, sizeof(text), "wav,%s", options);
	cr_assert(eq(int, audio_backend_create(text, audio, "test", &err), 0), "%s", err.text);
}

/* The message of a back end that can't be made. */
static char *refusal(const char *options)
{
	static struct error err;

	(void)snprintf(text, sizeof(text), "wav,%s", options);
	cr_assert(lt(int, audio_backend_create(text, audio, "test", &err), 0));
	return err.text;
}

/* The file's frames, which were numbered by the card; returns how many. */
static uint64_t check_frames(const char *path)
{
	struct audio_stream_config config = fake_card_config(AUDIO_PLAYBACK, 1, 1);
	struct wav_layout layout;
	struct wav_reader reader;
	struct error err = { "" };
	uint64_t count = 0;
	uint32_t frame;

	wav_layout_init(&layout, &config.format);
	cr_assert(eq(int, wav_reader_open(&reader, path, &err), 0), "%s", err.text);
	cr_assert(wav_format_is_equal(&reader.format, &layout.format));
	while (wav_reader_read(&reader, &layout, &frame, 1) == 1) {
		cr_assert(eq(u32, frame, (uint32_t)count));
		count++;
	}
	wav_reader_close(&reader);
	return count;
}

static void open_playback(void)
{
	const struct audio_stream_config config = fake_card_config(AUDIO_PLAYBACK, 24000, 480);

	fake_card_open(&card, audio, &config);
}

static void open_capture(void)
{
	const struct audio_stream_config config = fake_card_config(AUDIO_CAPTURE, 24000, 480);

	fake_card_open(&card, audio, &config);
	card.room = UINT64_MAX;
	audio_stream_start(card.stream);
}

/* --- playback --- */

Test(wav, file_is_what_was_played_and_its_time_is_real, .init = set_up, .fini = tear_down)
{
	begin("file=out.wav");
	open_playback();
	fake_card_write(&card, 12345);
	audio_stream_start(card.stream);
	fake_time_pass(loop, 100 * MS, MS);
	cr_assert(eq(u64, audio_stream_position(card.stream), 4800));

	fake_time_pass(loop, 200 * MS, MS);
	cr_assert(eq(u64, audio_stream_position(card.stream), 12345));
	fake_card_close(&card);

	cr_assert(eq(u64, check_frames("out.wav"), 12345));
}

Test(wav, pause_and_underrun_leave_no_trace_in_the_file, .init = set_up, .fini = tear_down)
{
	begin("out.wav");
	open_playback();
	fake_card_write(&card, 2000);
	audio_stream_start(card.stream);
	fake_time_pass(loop, 20 * MS, MS);
	audio_pause(audio);
	fake_time_pass(loop, 500 * MS, MS);
	cr_assert(eq(u64, audio_stream_position(card.stream), 960));
	audio_resume(audio);
	fake_time_pass(loop, 100 * MS, MS); /* runs dry */
	cr_assert(eq(u64, audio_stream_position(card.stream), 2000));
	fake_card_write(&card, 4000);
	fake_time_pass(loop, 100 * MS, MS);
	fake_card_close(&card);

	cr_assert(eq(u64, check_frames("out.wav"), 4000));
}

/* What a killed process leaves. */
Test(wav, file_can_be_played_while_it_is_written, .init = set_up, .fini = tear_down)
{
	begin("out.wav");
	open_playback();
	fake_card_write(&card, 48000 * 10);
	audio_stream_start(card.stream);
	cr_assert(eq(u64, check_frames("out.wav"), card.pulled)); /* no length yet: to its end */

	fake_time_pass(loop, 3000 * MS, MS);

	cr_assert(ge(u64, check_frames("out.wav"), 48000 * 2));
}

Test(wav, second_stream_has_a_file_of_its_own, .init = set_up, .fini = tear_down)
{
	begin("out.wav");
	open_playback();
	fake_card_close(&card); /* played nothing: no file */
	for (unsigned i = 1; i <= 2; i++) {
		card = (struct fake_card){ 0 };
		open_playback();
		fake_card_write(&card, 100 * (uint64_t)i);
		audio_stream_start(card.stream);
		fake_time_pass(loop, 10 * MS, MS);
		fake_card_close(&card);
	}

	cr_assert(eq(u64, check_frames("out.wav"), 100));
	cr_assert(eq(u64, check_frames("out-2.wav"), 200));
}

Test(wav, file_of_no_stream_is_a_wav_file, .init = set_up, .fini = tear_down)
{
	begin("out.wav");

	cr_assert(eq(u64, check_frames("out.wav"), 0));
}

Test(wav, fast_goes_as_fast_as_the_guest, .init = set_up, .fini = tear_down)
{
	begin("out.wav,speed=fast");
	open_playback();
	audio_stream_start(card.stream);
	for (uint64_t written = 4800; written <= 480000; written += 4800) {
		fake_card_write(&card, written);
		audio_stream_wake_at(card.stream, written);
		for (unsigned i = 0; i < 20; i++) {
			fake_time_settle(loop);
		}
		cr_assert(eq(u64, audio_stream_position(card.stream), written));
	}
	cr_assert(eq(uint, card.reached, 100));
	fake_card_close(&card);

	cr_assert(eq(u64, check_frames("out.wav"), 480000));
	cr_assert(eq(uint, card.xruns, 0));
}

Test(wav, fast_is_real_time_for_a_card_that_needs_it, .init = set_up, .fini = tear_down)
{
	struct audio_stream_config config = fake_card_config(AUDIO_PLAYBACK, 24000, 480);

	config.needs_real_time = true;
	begin("out.wav,speed=fast");
	fake_card_open(&card, audio, &config);
	fake_card_write(&card, 1000000);
	audio_stream_start(card.stream);

	fake_time_pass(loop, 100 * MS, MS);

	cr_assert(eq(u64, audio_stream_position(card.stream), 4800));
}

Test(wav, full_file_takes_no_more)
{
	/* 44 bytes of header; 4 of each frame. */
	const struct audio_format format = {
		AUDIO_S16, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT }
	};
	const uint32_t frames[8] = { 0 };
	struct wav_writer writer;
	char path[] = "/tmp/test_wav.XXXXXX";
	int fd = mkstemp(path);

	cr_assert(eq(int, wav_writer_begin(&writer, fd, &format), 0));
	writer.limit_bytes = 23;
	cr_assert(eq(i64, wav_writer_add(&writer, frames, 8), 5));
	cr_assert(eq(i64, wav_writer_add(&writer, frames, 8), 0));
	cr_assert(eq(int, wav_writer_finish(&writer), 0));
	(void)unlink(path);
}

Test(wav, odd_length_has_a_pad_byte)
{
	const struct audio_format format = { AUDIO_U8, 8000, 1, { AUDIO_MONO } };
	struct wav_writer writer;
	struct wav_reader reader;
	struct stat stat;
	uint8_t back[8];
	char path[] = "/tmp/test_wav.XXXXXX";

	cr_assert(eq(int, wav_writer_begin(&writer, mkstemp(path), &format), 0));
	cr_assert(eq(i64, wav_writer_add(&writer, "abc", 3), 3));
	cr_assert(eq(int, wav_writer_update(&writer), 0));
	cr_assert(eq(i64, wav_writer_add(&writer, "defg", 4), 4));
	cr_assert(eq(int, wav_writer_finish(&writer), 0));

	cr_assert(eq(int, lstat(path, &stat), 0));
	cr_assert(eq(i64, stat.st_size, 44 + 8));
	cr_assert(eq(int, wav_reader_open(&reader, path, NULL), 0));
	cr_assert(eq(sz, wav_reader_read(&reader, &writer.layout, back, 8), 7));
	cr_assert(eq(int, memcmp(back, "abcdefg", 7), 0));
	wav_reader_close(&reader);
	(void)unlink(path);
}

/* --- capture --- */

/* Frames 1 to `count`. */
static void make_capture(uint32_t rate_hz, uint32_t count)
{
	struct audio_stream_config config = fake_card_config(AUDIO_CAPTURE, 1, 1);
	struct wav_writer writer;
	int fd = open("in.wav", O_RDWR | O_CREAT, 0600);

	config.format.rate_hz = rate_hz;
	cr_assert(eq(int, wav_writer_begin(&writer, fd, &config.format), 0));
	for (uint32_t i = 1; i <= count; i++) {
		cr_assert(eq(i64, wav_writer_add(&writer, &i, 1), 1));
	}
	cr_assert(eq(int, wav_writer_finish(&writer), 0));
}

Test(wav, guest_hears_the_file_and_then_silence, .init = set_up, .fini = tear_down)
{
	make_capture(48000, 4800);
	begin("out.wav,capture=in.wav");
	cr_assert(audio_is_capture_allowed(audio), "to name a file is to ask for it");
	cr_assert(not(audio_is_listening(audio)));
	open_capture();
	cr_assert(audio_is_listening(audio));

	fake_time_pass(loop, 50 * MS, MS);
	cr_assert(eq(u32, card.last_pushed, (uint32_t)card.pushed));
	cr_assert(ge(u64, card.pushed, 1920));
	cr_assert(le(u64, card.pushed, 2400));
	fake_time_pass(loop, 100 * MS, MS);

	cr_assert(gt(u64, card.pushed, 4800));
	cr_assert(eq(u32, card.last_pushed, 0));
}

Test(wav, guest_hears_nothing_that_was_not_asked_for, .init = set_up, .fini = tear_down)
{
	begin("out.wav");
	open_capture();
	fake_time_pass(loop, 50 * MS, MS);
	cr_assert(not(audio_is_capture_allowed(audio)));
	cr_assert(not(audio_is_listening(audio)));
	cr_assert(not(card.heard_sound));
}

Test(wav, capture_of_another_format_is_told_and_silent, .init = set_up, .fini = tear_down)
{
	make_capture(44100, 4800);
	begin("out.wav,capture=in.wav");
	open_capture();
	fake_time_pass(loop, 50 * MS, MS);

	cr_assert(eq(str, logged,
		     "snd0: in.wav is s16, 2 channels, 44100 Hz, but the guest records s16, 2 "
		     "channels, 48000 Hz; it is given silence"));
	cr_assert(gt(u64, card.pushed, 0));
	cr_assert(not(card.heard_sound));
}

/* --- bad input, told at the start --- */

Test(wav, refuses_a_file_that_can_not_be_written, .init = set_up, .fini = tear_down)
{
	cr_assert(eq(str, refusal("file=missing/out.wav"),
		     "audio wav: can't write missing/out.wav: No such file or directory"));
	cr_assert(eq(str, refusal("file=."), "audio wav: can't write .: Is a directory"));
}

Test(wav, refuses_a_capture_that_is_no_wav_file, .init = set_up, .fini = tear_down)
{
	int fd = open("in.wav", O_WRONLY | O_CREAT, 0600);

	cr_assert(eq(int, (int)write(fd, "RIFX.", 5), 5));
	(void)close(fd);

	cr_assert(eq(str, refusal("file=out.wav,capture=in.wav"),
		     "audio wav: capture: in.wav: not a WAV file"));
	cr_assert(eq(str, refusal("file=out.wav,capture=none.wav"),
		     "audio wav: capture: can't read none.wav: No such file or directory"));
}

Test(wav, refuses_a_pipe_without_waiting_for_its_other_end, .init = set_up, .fini = tear_down)
{
	cr_assert(eq(int, mkfifo("pipe", 0600), 0));

	cr_assert(eq(str, refusal("file=out.wav,capture=pipe"),
		     "audio wav: capture: pipe: not a regular file"));
	cr_assert(ne(ptr, strstr(refusal("file=pipe"), "can't write pipe"), NULL));
}

Test(wav, refuses_one_file_for_both, .init = set_up, .fini = tear_down)
{
	make_capture(48000, 10);

	cr_assert(eq(str, refusal("file=in.wav,capture=./in.wav"),
		     "audio wav: in.wav can't be both file and capture"));
}

Test(wav, needs_a_file, .init = set_up, .fini = tear_down)
{
	cr_assert(ne(ptr, strstr(refusal("speed=fast"), "file"), NULL));
	cr_assert(ne(ptr, strstr(refusal("out.wav,speed=slow"), "speed"), NULL));
}
