/* SPDX-License-Identifier: MIT */
#include "display/none.h"

#include <errno.h>
#include <stdlib.h>

#include "display/display.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define REFRESH_MAX_HZ 1000

struct none_options {
	uint64_t refresh_hz;
};

static const struct option none_options[] = {
	{ .name = "refresh",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct none_options, refresh_hz),
	  .value_name = "HZ",
	  .default_text = "60",
	  .min = 1,
	  .max = REFRESH_MAX_HZ,
	  .help = "refresh rate of the monitor that nobody sees" },
};

struct none {
	struct display_backend backend;
	struct display *display;
	struct display_viewer viewer;
	uint64_t refresh_hz;
	uint64_t start_ns; /* of the first refresh; the others follow at equal distances */
	struct loop *loop;
	struct loop_task woken;	   /* something is to be shown */
	struct loop_timer refresh; /* armed for the next one while something is */
};

static void wake(void *arg, unsigned scanout UNUSED)
{
	struct none *none = arg;

	loop_post(none->loop, &none->woken);
}

static void on_woken(void *arg)
{
	struct none *none = arg;
	uint64_t period_ns = UINT64_C(1000000000) / none->refresh_hz;
	uint64_t passed = (clock_now_ns() - none->start_ns) / period_ns;

	if (!none->refresh.loop) {
		loop_timer_arm(none->loop, &none->refresh,
			       none->start_ns + (passed + 1) * period_ns);
	}
}

/* A refresh of the screen: what is new is shown. */
static void on_refresh(void *arg)
{
	struct none *none = arg;
	struct display_frame frame;

	for (unsigned i = 0; i < display_scanout_count(none->display); i++) {
		if (display_take(none->display, &none->viewer, i, &frame)) {
			display_frame_done(none->display, &none->viewer, i, &frame, clock_now_ns());
		}
	}
}

/* Tells the guest of the rate, as a monitor would. */
static void request_refresh(struct none *none)
{
	for (unsigned i = 0; i < display_scanout_count(none->display); i++) {
		struct display_mode mode = display_mode(none->display, i);

		mode.refresh_mhz = (uint32_t)none->refresh_hz * 1000;
		(void)display_request_mode(none->display, i, &mode);
	}
}

static void destroy(struct display_backend *backend)
{
	struct none *none = container_of(backend, struct none, backend);

	display_remove_viewer(none->display, &none->viewer);
	loop_destroy(none->loop);
	free(none);
}

static int create(const struct display_backend_env *env, const void *options,
		  struct display_backend **out, struct error *err)
{
	const struct none_options *o = options;
	struct none *none = calloc(1, sizeof(*none));
	int code;

	if (!none) {
		return error_set_errno(err, -ENOMEM, "display none");
	}
	none->backend.type = &display_none_type;
	none->display = env->display;
	none->refresh_hz = o->refresh_hz;
	none->start_ns = clock_now_ns();
	none->viewer = (struct display_viewer){
		.name = "none", .wake = wake, .arg = none, .sets_pace = true
	};
	loop_task_init(&none->woken, on_woken, none);
	loop_timer_init(&none->refresh, on_refresh, none);
	code = loop_create("display", &none->loop);
	code = code ?: loop_start(none->loop);
	code = code ?: display_add_viewer(env->display, &none->viewer);
	if (code < 0) {
		loop_destroy(none->loop);
		free(none);
		return error_set_errno(err, code, "display none");
	}
	request_refresh(none);
	*out = &none->backend;
	return 0;
}

const struct display_backend_type display_none_type = {
	.name = "none",
	.help = "no window: a virtual monitor, for scripts and hosts without a screen",
	.options = { none_options, ARRAY_SIZE(none_options), "refresh" },
	.options_size = sizeof(struct none_options),
	.create = create,
	.destroy = destroy,
};
