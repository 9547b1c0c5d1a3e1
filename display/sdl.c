/* SPDX-License-Identifier: MIT */
#include "display/sdl.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "display/sdl_backend.h"
#include "display/sdl_library.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define LOG_TAG	     "display:sdl"
#define END_LIMIT_S  5
#define DEFAULT_KEYS "ctrl+alt+g"

enum sdl_fit {
	SDL_FIT_GUEST,
	SDL_FIT_SCALE,
	SDL_FIT_PIXEL,
};

struct sdl_options {
	unsigned fit, scale, render;
	uint64_t windows;
	bool is_full_screen;
	char *release_keys;
};

static const char *const fit_names[] = { "guest", "scale", "pixel", NULL };
static const char *const scale_names[] = { "auto", "1", "2", "3", "4", NULL };
static const char *const render_names[] = { "auto", "cpu", "gpu", NULL };

static const struct option sdl_options[] = {
	{ .name = "fit",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct sdl_options, fit),
	  .choices = fit_names,
	  .default_text = "guest",
	  .help = "how guest and window get one size: the guest follows the window, the picture is "
		  "scaled, or it is scaled by whole numbers only" },
	{ .name = "scale",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct sdl_options, scale),
	  .choices = scale_names,
	  .default_text = "auto",
	  .help = "screen pixels of a guest's pixel, per side; auto: as the host draws its own" },
	{ .name = "fullscreen",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct sdl_options, is_full_screen),
	  .default_text = "off",
	  .help = "start in full screen" },
	{ .name = "windows",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct sdl_options, windows),
	  .value_name = "N",
	  .default_text = "1",
	  .min = 1,
	  .max = DISPLAY_SCANOUTS_MAX,
	  .help = "monitors to connect at once, each a window" },
	{ .name = "release-keys",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct sdl_options, release_keys),
	  .value_name = "KEYS",
	  .default_text = DEFAULT_KEYS,
	  .help = "what lets go of keyboard and pointer; with F in place of the last key: full "
		  "screen, with 0: the picture's own size" },
	{ .name = "render",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct sdl_options, render),
	  .choices = render_names,
	  .default_text = "auto",
	  .help = "who draws; auto: the graphics card if there is one" },
};

static struct sdl_backend *of_base(struct display_backend *backend)
{
	return container_of(backend, struct sdl_backend, base);
}

static int check_options(struct sdl_backend *b, const struct sdl_options *options,
			 struct error *err)
{
	unsigned count = display_scanout_count(b->env.display);
	int code = chord_parse(&b->chord, options->release_keys, err);

	if (code < 0) {
		error_prefix(err, "release-keys");
		return code;
	}
	if (options->windows > count) {
		return error_set(err, -EINVAL, "windows=%u: the machine has %u monitor%s",
				 (unsigned)options->windows, count, count == 1 ? "" : "s");
	}
	b->window_count = (unsigned)options->windows;
	b->is_full_screen = options->is_full_screen;
	b->shared = (struct sdl_windows){
		.display = b->env.display,
		.viewer = &b->viewer,
		.fit = options->fit == SDL_FIT_SCALE ? FIT_FILL : FIT_WHOLE,
		.follows_window = options->fit == SDL_FIT_GUEST,
		.scale = options->scale,
		.render = options->render,
	};
	return 0;
}

/* Waits until the window is there, or is known not to come. */
static int start(struct sdl_backend *b, struct error *err)
{
	int code;

	b->start_error = err;
	code = thread_start(&b->thread, "window", sdl_thread_run, b);
	if (code < 0) {
		return error_set_errno(err, code, "no thread for the window");
	}
	mutex_lock(&b->lock);
	while (!b->has_started) {
		condition_wait(&b->started, &b->lock);
	}
	code = b->start_code;
	mutex_unlock(&b->lock);
	if (code < 0) {
		(void)pthread_join(b->thread, NULL);
	}
	return code;
}

static void finish(struct sdl_backend *b)
{
	if (b->wake_fd >= 0) {
		(void)close(b->wake_fd);
	}
	condition_finish(&b->started);
	mutex_finish(&b->lock);
	free(b);
}

static int create(const struct display_backend_env *env, const void *options,
		  struct display_backend **out, struct error *err)
{
	struct sdl_backend *b;
	int code;

	if (!sdl_connection_is_possible()) {
		return error_set(err, -ENOTCONN,
				 "display sdl: no display server (DISPLAY and WAYLAND_DISPLAY lead "
				 "to none); run it on a desktop or choose --display none or vnc");
	}
	code = sdl_library_load(err);
	if (code < 0) {
		error_prefix(err, "display sdl");
		return code;
	}
	/* For titles beyond ASCII: Xlib asks what characters this process has. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	b = calloc(1, sizeof(*b));
	if (!b) {
		return error_set_errno(err, -ENOMEM, "display sdl");
	}
	b->base.type = &display_sdl_type;
	b->env = *env;
	mutex_init(&b->lock);
	condition_init(&b->started);
	b->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	code = b->wake_fd >= 0 ? 0 : error_set_errno(err, -errno, "no eventfd for the window");
	code = code ?: check_options(b, options, err);
	code = code ?: start(b, err);
	if (code < 0) {
		error_prefix(err, "display sdl");
		finish(b);
		return code;
	}
	*out = &b->base;
	return 0;
}

static void destroy(struct display_backend *backend)
{
	struct sdl_backend *b = of_base(backend);
	struct timespec limit;

	sdl_wake(b, SDL_WAKE_END);
	(void)clock_gettime(CLOCK_MONOTONIC, &limit);
	limit.tv_sec += END_LIMIT_S;
	if (pthread_clockjoin_np(b->thread, NULL, CLOCK_MONOTONIC, &limit) != 0) {
		/* The thread waits for a display server that hangs; it needs its memory. */
		log_warn(LOG_TAG, "the display server does not answer: the window is left behind");
		sdl_detach(b);
		return;
	}
	finish(b);
}

static void set_state(struct display_backend *backend, const char *state)
{
	struct sdl_backend *b = of_base(backend);

	mutex_lock(&b->lock);
	(void)snprintf(b->state, sizeof(b->state), "%s", state);
	mutex_unlock(&b->lock);
	sdl_wake(b, SDL_WAKE_TITLE);
}

static void describe(const struct display_backend *backend, char *text, size_t size)
{
	const struct sdl_backend *b = (const struct sdl_backend *)backend;
	char keys[CHORD_NAME_MAX];

	chord_name(&b->chord, keys);
	(void)snprintf(text, size, "a window; %s lets go of keyboard and pointer", keys);
}

const struct display_backend_type display_sdl_type = {
	.name = "sdl",
	.help = "a window on the desktop, by SDL",
	.options = { sdl_options, ARRAY_SIZE(sdl_options), "fit" },
	.options_size = sizeof(struct sdl_options),
	.is_available = sdl_connection_is_possible,
	.create = create,
	.set_state = set_state,
	.describe = describe,
	.destroy = destroy,
};
