/* SPDX-License-Identifier: MIT */
#include "audio/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/pacer.h"
#include "audio/wav_reader.h"
#include "audio/wav_writer.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define TAG "audio"

enum wav_speed {
	WAV_REAL,
	WAV_FAST,
};

struct wav_options {
	char *file;
	char *capture;
	unsigned speed;
};

static const char *const speeds[] = { "real", "fast", NULL };

static const struct option wav_options[] = {
	{ .name = "file",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct wav_options, file),
	  .value_name = "FILE",
	  .help = "where the first stream is written to; FILE-2 and so on for others",
	  .required = true },
	{ .name = "capture",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct wav_options, capture),
	  .value_name = "FILE",
	  .help = "what the guest hears when it records (default: silence)" },
	{ .name = "speed",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct wav_options, speed),
	  .choices = speeds,
	  .default_text = "real",
	  .help = "play in real time, or as fast as the guest writes" },
};

struct wav {
	struct audio_backend backend;
	struct loop *loop; /* borrowed */
	char *path;
	char *capture; /* NULL: silence */
	bool is_fast;
	int first_fd;	 /* of `path`, until the first stream plays; -1 */
	unsigned number; /* of files begun */
};

struct wav_voice {
	struct audio_voice voice;
	struct wav *wav;
	struct audio_format format;
	struct pacer pacer;
	struct wav_writer writer; /* fd -1: not begun, or given up */
	char path[PATH_MAX];	  /* of it */
	bool has_failed;
	struct wav_reader reader; /* fd -1: none */
	struct wav_layout layout; /* capture's */
};

static struct wav_voice *voice_of(struct audio_voice *voice)
{
	return container_of(voice, struct wav_voice, voice);
}

/* --- files --- */

static int open_file(const char *path)
{
	/* Not to wait for the other end of a pipe. */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
	struct stat stat;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode)) {
		(void)close(fd);
		return -EINVAL;
	}
	return fd;
}

/* "out.wav" is followed by "out-2.wav". */
static void name_file(const struct wav *wav, char path[PATH_MAX])
{
	const char *base = strrchr(wav->path, '/');
	const char *dot = strrchr(base ? base : wav->path, '.');
	size_t stem = dot ? (size_t)(dot - wav->path) : strlen(wav->path);

	if (wav->number == 1) {
		(void)snprintf(path, PATH_MAX, "%s", wav->path);
	} else {
		(void)snprintf(path, PATH_MAX, "%.*s-%u%s", (int)stem, wav->path, wav->number,
			       dot ? dot : "");
	}
}

static void give_up(struct wav_voice *voice, int code)
{
	if (!voice->has_failed) {
		log_error(TAG, "can't write %s: %s; its stream goes on unwritten", voice->path,
			  strerror(-code));
	}
	voice->has_failed = true;
}

static void begin_file(struct wav_voice *voice)
{
	struct wav *wav = voice->wav;
	int fd = wav->first_fd;
	int code;

	wav->number++;
	wav->first_fd = -1;
	name_file(wav, voice->path);
	if (fd < 0) {
		fd = open_file(voice->path);
	}
	code = fd < 0 ? fd : wav_writer_begin(&voice->writer, fd, &voice->format);
	if (code < 0) {
		give_up(voice, code);
	}
}

/* The present file ends; whether more can be written is seen when there is more. */
static void end_file(struct wav_voice *voice)
{
	int code = voice->writer.fd >= 0 ? wav_writer_finish(&voice->writer) : 0;

	if (code < 0) {
		give_up(voice, code);
	}
}

static void take(void *arg, const void *frames, size_t count)
{
	struct wav_voice *voice = arg;
	const uint8_t *from = frames;

	while (count > 0 && !voice->has_failed) {
		int64_t done;

		if (voice->writer.fd < 0) {
			begin_file(voice);
			continue;
		}
		done = wav_writer_add(&voice->writer, from, count);
		if (done < 0) {
			give_up(voice, (int)done);
			end_file(voice);
			return;
		}
		from += (size_t)done * audio_frame_bytes(&voice->format);
		count -= (size_t)done;
		if (count > 0) {
			log_info(TAG, "%s is full at 4 GiB; its stream goes on in another file",
				 voice->path);
			end_file(voice);
		}
	}
}

static void give(void *arg, void *frames, size_t count)
{
	struct wav_voice *voice = arg;
	uint8_t *to = frames;
	size_t got = 0;

	if (voice->reader.fd >= 0) {
		got = wav_reader_read(&voice->reader, &voice->layout, frames, count);
	}
	audio_silence(&voice->format, to + got * audio_frame_bytes(&voice->format), count - got);
}

/* --- voices --- */

static int open_capture(struct wav_voice *voice, struct error *err)
{
	char file[WAV_FORMAT_TEXT_MAX];
	char stream[WAV_FORMAT_TEXT_MAX];
	int code;

	if (!voice->wav->capture) {
		return 0;
	}
	code = wav_reader_open(&voice->reader, voice->wav->capture, err);
	if (code < 0) {
		return code;
	}
	wav_layout_init(&voice->layout, &voice->format);
	if (wav_format_is_equal(&voice->layout.format, &voice->reader.format)) {
		return 0;
	}
	wav_format_describe(&voice->reader.format, file);
	wav_format_describe(&voice->layout.format, stream);
	wav_reader_close(&voice->reader);
	return error_set(err, -EINVAL, "%s is %s, but the guest records %s%s", voice->wav->capture,
			 file, stream, strcmp(file, stream) == 0 ? " from other places" : "");
}

static int open_voice(struct audio_backend *backend, struct audio_stream *stream,
		      struct audio_voice **out, struct error *err)
{
	static const struct pacer_ops ops = { .take = take, .give = give };
	struct wav *wav = container_of(backend, struct wav, backend);
	const struct audio_stream_config *config = audio_stream_config(stream);
	struct wav_voice *voice = calloc(1, sizeof(*voice));
	int code = 0;

	if (!voice) {
		return error_set_errno(err, -ENOMEM, "audio wav");
	}
	voice->wav = wav;
	voice->format = config->format;
	voice->writer.fd = -1;
	voice->reader.fd = -1;
	pacer_init(&voice->pacer, stream, wav->loop, &ops, voice);
	voice->pacer.is_fast = wav->is_fast;
	if (config->direction == AUDIO_CAPTURE) {
		code = open_capture(voice, err);
	}
	if (code < 0) {
		free(voice);
		return code;
	}
	*out = &voice->voice;
	return 0;
}

static void close_voice(struct audio_voice *audio_voice)
{
	struct wav_voice *voice = voice_of(audio_voice);

	end_file(voice);
	wav_reader_close(&voice->reader);
	free(voice);
}

static void start(struct audio_voice *voice)
{
	pacer_start(&voice_of(voice)->pacer);
}

static void stop(struct audio_voice *audio_voice, bool drain)
{
	struct wav_voice *voice = voice_of(audio_voice);

	pacer_stop(&voice->pacer, drain);
	if (voice->writer.fd >= 0) {
		(void)wav_writer_update(&voice->writer); /* told when the next frames fail, too */
	}
}

static void kick(struct audio_voice *voice)
{
	pacer_kick(&voice_of(voice)->pacer);
}

/* --- the back end --- */

/* A file that can be written; until a stream plays, one without sound. */
static int check_file(struct wav *wav, struct error *err)
{
	static const struct audio_format usual = {
		AUDIO_S16, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT }
	};
	struct wav_writer writer;
	int fd = open_file(wav->path);
	int code = fd;

	if (fd >= 0) {
		code = wav_writer_begin(&writer, fd, &usual);
	}
	if (code < 0) {
		return error_set_errno(err, code, "audio wav: can't write %s", wav->path);
	}
	wav->first_fd = fd;
	return 0;
}

static bool is_same_file(int a, int b)
{
	struct stat first;
	struct stat second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* Read before the other one is emptied, in case that both are the same. */
static int check_capture(const struct wav *wav, struct error *err)
{
	struct wav_reader reader;
	int fd;
	bool is_same;
	int code = wav_reader_open(&reader, wav->capture, err);

	if (code < 0) {
		error_prefix(err, "audio wav: capture");
		return code;
	}
	fd = open(wav->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	is_same = fd >= 0 && is_same_file(fd, reader.fd);
	if (fd >= 0) {
		(void)close(fd);
	}
	wav_reader_close(&reader);
	return is_same ? error_set(err, -EINVAL, "audio wav: %s can't be both file and capture",
				   wav->path)
		       : 0;
}

static void destroy(struct audio_backend *backend)
{
	struct wav *wav = container_of(backend, struct wav, backend);

	if (wav->first_fd >= 0) {
		(void)close(wav->first_fd);
	}
	free(wav->path);
	free(wav->capture);
	free(wav);
}

static int create(const struct audio_backend_env *env, const void *options,
		  struct audio_backend **out, struct error *err)
{
	const struct wav_options *o = options;
	struct wav *wav = calloc(1, sizeof(*wav));
	int code = 0;

	if (!wav) {
		return error_set_errno(err, -ENOMEM, "audio wav");
	}
	wav->backend.type = &audio_wav_type;
	wav->loop = env->loop;
	wav->first_fd = -1;
	wav->is_fast = o->speed == WAV_FAST;
	wav->path = strdup(o->file);
	wav->capture = o->capture ? strdup(o->capture) : NULL;
	if (!wav->path || (o->capture && !wav->capture)) {
		code = error_set_errno(err, -ENOMEM, "audio wav");
	} else if (wav->capture) {
		code = check_capture(wav, err);
	}
	code = code ?: check_file(wav, err);
	if (code < 0) {
		destroy(&wav->backend);
		return code;
	}
	if (wav->capture) {
		audio_allow_capture(env->audio, true);
	}
	*out = &wav->backend;
	return 0;
}

const struct audio_backend_type audio_wav_type = {
	.name = "wav",
	.help = "files: what each stream plays, sample by sample",
	.options = { wav_options, ARRAY_SIZE(wav_options), "file" },
	.options_size = sizeof(struct wav_options),
	.create = create,
	.destroy = destroy,
	.open = open_voice,
	.close = close_voice,
	.start = start,
	.stop = stop,
	.kick = kick,
};
