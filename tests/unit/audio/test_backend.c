/* SPDX-License-Identifier: MIT */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c */
/* LINK: audio/backend.c audio/none.c */
#include "audio/backend.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>

#include "audio/none.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

TestSuite(backend, .timeout = 20);

/* --- a back end whose server is there or not --- */

struct server_options {
	uint64_t latency_ms;
};

static const struct option options[] = {
	{ .name = "latency",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct server_options, latency_ms),
	  .default_text = "40",
	  .min = 5,
	  .max = 2000,
	  .help = "how much is buffered" },
};

static bool is_there;
static int create_code;
static uint64_t given_latency_ms;
static unsigned created, destroyed;
static struct audio_backend server;

static bool is_available(void)
{
	return is_there;
}

static int create(const struct audio_backend_env *env, const void *opaque,
		  struct audio_backend **out, struct error *err)
{
	cr_assert(eq(int, strcmp(env->machine_name, "test"), 0));
	given_latency_ms = ((const struct server_options *)opaque)->latency_ms;
	if (create_code < 0) {
		return error_set(err, create_code, "no server at nowhere");
	}
	created++;
	*out = &server;
	return 0;
}

static void destroy(struct audio_backend *backend UNUSED)
{
	destroyed++;
}

static const struct audio_backend_type server_type = {
	.name = "server",
	.help = "there or not",
	.options = { options, ARRAY_SIZE(options), NULL },
	.options_size = sizeof(struct server_options),
	.is_available = is_available,
	.create = create,
	.destroy = destroy,
};

const struct audio_backend_type *const audio_backend_types[] = { &server_type, &audio_none_type,
								 NULL };

/* --- the machine --- */

static struct loop *loop;
static struct audio *audio;
static char logged[256];

static void on_log(enum log_level level UNUSED, const char *tag UNUSED, const char *text)
{
	cr_assert(eq(int, strcmp(logged, ""), 0), "a second line: %s", text);
	(void)snprintf(logged, sizeof(logged), "%s", text);
}

static void set_up(void)
{
	log_set_sink(on_log);
	server.type = &server_type;
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, audio_create(loop, &audio), 0));
}

static void tear_down(void)
{
	audio_destroy(audio);
	loop_destroy(loop);
	cr_assert(eq(uint, destroyed, created));
}

static int make(const char *text, struct error *err)
{
	return audio_backend_create(text, audio, "test", err);
}

/* --- names --- */

Test(backend, unknown_name_suggests_the_nearest, .init = set_up, .fini = tear_down)
{
	struct error err;

	cr_assert(eq(int, audio_backend_check("sever", &err), -EINVAL));
	cr_assert(eq(str, err.text, "no audio 'sever'; did you mean 'server'?"));
	cr_assert(eq(int, make("alsa-oss", &err), -EINVAL));
	cr_assert(eq(str, err.text, "no audio 'alsa-oss' (see --audio help)"));
}

Test(backend, bad_options_are_refused_before_anything_is_made, .init = set_up, .fini = tear_down)
{
	struct error err;

	cr_assert(eq(int, audio_backend_check("server,latency=1", &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "latency"), NULL));
	cr_assert(eq(int, audio_backend_check("server,latncy=10", &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "latency"), NULL));
	cr_assert(eq(int, audio_backend_check("none,latency=10", &err), -EINVAL));
	cr_assert(eq(int, audio_backend_check("", &err), -EINVAL));
	cr_assert(eq(int, audio_backend_check("server,latency=10", &err), 0));
	cr_assert(eq(int, audio_backend_check("auto", &err), 0));
	cr_assert(eq(uint, created, 0));
}

/* --- making --- */

Test(backend, options_reach_it, .init = set_up, .fini = tear_down)
{
	cr_assert(eq(int, make("server,latency=10", NULL), 0));

	cr_assert(eq(u64, given_latency_ms, 10));
	cr_assert(eq(uint, created, 1));
	cr_assert(eq(int, strcmp(logged, ""), 0));
}

Test(backend, auto_takes_the_server_that_is_there, .init = set_up, .fini = tear_down)
{
	is_there = true;
	cr_assert(eq(int, make("auto", NULL), 0));

	cr_assert(eq(uint, created, 1));
	cr_assert(eq(u64, given_latency_ms, 40));
}

Test(backend, auto_without_a_server_is_none_with_one_line, .init = set_up, .fini = tear_down)
{
	cr_assert(eq(int, make("auto", NULL), 0));

	cr_assert(eq(uint, created, 0));
	cr_assert(eq(str, logged, "no sound server answers: the guest plays to nobody"));
}

Test(backend, named_server_that_is_not_there_is_none_with_one_line, .init = set_up,
     .fini = tear_down)
{
	create_code = -ECONNREFUSED;
	cr_assert(eq(int, make("server", NULL), 0));

	cr_assert(eq(str, logged, "no server at nowhere; the guest plays to nobody"));
}

Test(backend, other_faults_are_told, .init = set_up, .fini = tear_down)
{
	struct error err;

	create_code = -EACCES;

	cr_assert(eq(int, make("server", &err), -EACCES));
	cr_assert(eq(str, err.text, "no server at nowhere"));
}
