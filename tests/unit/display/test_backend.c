/* SPDX-License-Identifier: MIT */
/* LINK: display/backend.c */
#include "display/backend.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

TestSuite(backend, .timeout = 10);

/* --- three back ends with nothing behind them --- */

struct fake_options {
	uint64_t refresh;
};

static const struct option fake_options[] = {
	{ .name = "refresh",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct fake_options, refresh),
	  .default_text = "60",
	  .min = 1,
	  .max = 100 },
};

static bool has_server;
static int window_code;
static struct display_backend made;
static uint64_t made_refresh;
static unsigned destroyed;

static bool is_available(void)
{
	return has_server;
}

static int create(const struct display_backend_type *type, const void *options,
		  struct display_backend **out)
{
	made.type = type;
	made_refresh = ((const struct fake_options *)options)->refresh;
	*out = &made;
	return 0;
}

static int create_window(const struct display_backend_env *env UNUSED, const void *options,
			 struct display_backend **out, struct error *err)
{
	return window_code < 0 ? error_set(err, window_code, "no luck")
			       : create(display_backend_types[0], options, out);
}

static int create_server(const struct display_backend_env *env UNUSED, const void *options,
			 struct display_backend **out, struct error *err UNUSED)
{
	return create(display_backend_types[1], options, out);
}

static int create_none(const struct display_backend_env *env UNUSED, const void *options,
		       struct display_backend **out, struct error *err UNUSED)
{
	return create(display_backend_types[2], options, out);
}

static void destroy(struct display_backend *backend UNUSED)
{
	destroyed++;
}

#define FAKE(text, make, find)                                                              \
	(&(const struct display_backend_type){ .name = (text),                              \
					       .options = { fake_options, 1, NULL },        \
					       .options_size = sizeof(struct fake_options), \
					       .is_available = (find),                      \
					       .create = (make),                            \
					       .destroy = destroy })

const struct display_backend_type *const display_backend_types[] = {
	FAKE("window", create_window, is_available),
	FAKE("server", create_server, NULL),
	FAKE("none", create_none, NULL),
	NULL,
};

static unsigned lines;
static char last_line[256];

static void on_line(enum log_level level UNUSED, const char *tag UNUSED, const char *text)
{
	lines++;
	(void)snprintf(last_line, sizeof(last_line), "%s", text);
}

static int make(const char *text, struct error *err)
{
	static const struct display_backend_env env;
	struct display_backend *backend;
	int code;

	log_set_sink(on_line);
	code = display_backend_create(text, &env, &backend, err);
	log_set_sink(NULL);
	cr_assert(eq(int, code == 0, backend != NULL));
	return code;
}

/* --- */

Test(backend, named_one_gets_its_options)
{
	cr_assert(eq(int, make("server,refresh=7", NULL), 0));
	cr_assert(
		eq(ptr, (void *)(uintptr_t)made.type, (void *)(uintptr_t)display_backend_types[1]));
	cr_assert(eq(u64, made_refresh, 7));
	cr_assert(eq(uint, lines, 0));
	display_backend_destroy(&made);
	display_backend_destroy(NULL);
	cr_assert(eq(uint, destroyed, 1));
}

Test(backend, auto_takes_the_window_where_there_is_a_server)
{
	has_server = true;
	cr_assert(eq(int, make("auto", NULL), 0));
	cr_assert(eq(str, (char *)(uintptr_t)made.type->name, (char *)"window"));
	cr_assert(eq(u64, made_refresh, 60));
	cr_assert(eq(uint, lines, 0));
}

Test(backend, auto_says_once_why_there_is_no_window)
{
	cr_assert(eq(int, make("auto", NULL), 0));
	cr_assert(eq(str, (char *)(uintptr_t)made.type->name, (char *)"none"));
	cr_assert(eq(uint, lines, 1));
	cr_assert(strstr(last_line, "no display server") != NULL, "%s", last_line);
}

Test(backend, auto_goes_on_without_a_window_that_fails)
{
	has_server = true;
	window_code = -EIO;
	cr_assert(eq(int, make("auto", NULL), 0));
	cr_assert(eq(str, (char *)(uintptr_t)made.type->name, (char *)"none"));
	cr_assert(eq(uint, lines, 1));
	cr_assert(strstr(last_line, "no luck") != NULL, "%s", last_line);
}

Test(backend, named_one_that_fails_is_an_error)
{
	struct error err;

	window_code = -EIO;
	cr_assert(eq(int, make("window", &err), -EIO));
	cr_assert(eq(str, err.text, (char *)"no luck"));
}

Test(backend, unknown_names_get_advice)
{
	struct error err;

	cr_assert(eq(int, make("windwo", &err), -EINVAL));
	cr_assert(strstr(err.text, "did you mean 'window'") != NULL, "%s", err.text);
	cr_assert(eq(int, make("autp", &err), -EINVAL));
	cr_assert(strstr(err.text, "did you mean 'auto'") != NULL, "%s", err.text);
	cr_assert(eq(int, make("", &err), -EINVAL));
	cr_assert(eq(int, make("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz,x=y", &err), -EINVAL));
}

Test(backend, check_finds_wrong_options_and_makes_nothing)
{
	struct error err;

	cr_assert(eq(int, display_backend_check("auto", &err), 0));
	cr_assert(eq(int, display_backend_check("window,refresh=100", &err), 0));
	cr_assert(eq(int, display_backend_check("window,refresh=101", &err), -EINVAL));
	cr_assert(eq(int, display_backend_check("window,refrsh=1", &err), -EINVAL));
	cr_assert(strstr(err.text, "display window") != NULL, "%s", err.text);
	cr_assert(strstr(err.text, "refresh") != NULL, "%s", err.text);
	cr_assert(zero(ptr, (void *)(uintptr_t)made.type));
}
