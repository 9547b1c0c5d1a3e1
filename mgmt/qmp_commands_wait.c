/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "display/display.h"
#include "display/surface.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_screen.h"
#include "mgmt/screen_wait.h"
#include "vmm/base/compiler.h"

#define NS_PER_MS	   UINT64_C(1000000)
#define TIMEOUT_DEFAULT_MS 60000u
#define TIMEOUT_MAX_MS	   (24u * 3600u * 1000u)

/* One x-thunderlake-wait-screen until its reply. */
struct waiting {
	struct qmp_pending pending;
	struct screen_wait *wait;
	struct image *wanted, *mask;
	bool has_region;
	struct rect region;
	struct image_tolerance tolerance;
	uint64_t stable_ms, timeout_ms;
	char *difference_path;
};

static void destroy_waiting(struct waiting *waiting)
{
	screen_wait_destroy(waiting->wait);
	free(waiting->wanted);
	free(waiting->mask);
	free(waiting->difference_path);
	free(waiting);
}

static void on_cancel(struct qmp_pending *pending)
{
	destroy_waiting(container_of(pending, struct waiting, pending));
}

/* --- replies --------------------------------------------------------------------------------- */

static json_t *describe_success(const struct waiting *waiting,
				const struct screen_wait_result *result)
{
	const char *how = !waiting->wanted	? "stable"
			  : !waiting->stable_ms ? "image"
						: "image and stable";

	return json_pack("{s:s, s:f, s:f, s:I, s:I}", "matched", how, "waited-ms",
			 (double)result->waited_ns / (double)NS_PER_MS, "unchanged-ms",
			 (double)result->unchanged_ns / (double)NS_PER_MS, "differing-pixels",
			 (json_int_t)result->differing, "compared-pixels",
			 (json_int_t)result->compared);
}

/* Where there is nothing to compare with, the picture itself is what helps. */
static int write_difference(const struct waiting *waiting, const struct image *picture,
			    struct error *err)
{
	AUTO_FREE struct image *difference = NULL;
	const bool can_compare = waiting->wanted && waiting->wanted->width == picture->width &&
				 waiting->wanted->height == picture->height;
	int code = 0;

	if (can_compare) {
		code = image_difference(waiting->wanted, picture,
					waiting->has_region ? &waiting->region : NULL,
					waiting->mask, &waiting->tolerance, &difference);
	}
	if (code < 0) {
		return error_set_errno(err, code, "the picture of what differs");
	}
	return image_write(difference ? difference : picture, IMAGE_PNG, waiting->difference_path,
			   err);
}

static void describe_timeout(const struct waiting *waiting, const struct screen_wait_result *result,
			     struct qmp_failure *failure)
{
	const struct image *picture = result->picture;
	struct error err;

	if (!picture) {
		(void)qmp_fail(failure, QMP_TIMED_OUT,
			       "timed out after %" PRIu64 " ms: the screen is blank",
			       waiting->timeout_ms);
		return;
	}
	if (waiting->wanted && (picture->width != waiting->wanted->width ||
				picture->height != waiting->wanted->height)) {
		(void)qmp_fail(failure, QMP_TIMED_OUT,
			       "timed out after %" PRIu64 " ms: the screen has %" PRIu32
			       " × %" PRIu32 " pixels, the image %" PRIu32 " × %" PRIu32,
			       waiting->timeout_ms, picture->width, picture->height,
			       waiting->wanted->width, waiting->wanted->height);
	} else if (waiting->wanted && result->differing) {
		(void)qmp_fail(failure, QMP_TIMED_OUT,
			       "timed out after %" PRIu64 " ms: %" PRIu64 " of %" PRIu64
			       " pixels differ",
			       waiting->timeout_ms, result->differing, result->compared);
	} else {
		(void)qmp_fail(failure, QMP_TIMED_OUT,
			       "timed out after %" PRIu64 " ms: the screen goes on changing",
			       waiting->timeout_ms);
	}
	if (waiting->difference_path && write_difference(waiting, picture, &err) < 0) {
		error_prefix(&failure->error, "%s", err.text);
	}
}

static void on_done(void *arg, const struct screen_wait_result *result)
{
	struct waiting *waiting = arg;
	struct qmp_failure failure;
	json_t *reply = NULL;

	if (result->is_done) {
		reply = describe_success(waiting, result);
		(void)qmp_fail(&failure, QMP_GENERIC_ERROR, "out of memory");
	} else {
		describe_timeout(waiting, result, &failure);
	}
	qmp_finish(&waiting->pending, reply, &failure);
	destroy_waiting(waiting);
}

/* --- the request ----------------------------------------------------------------------------- */

static bool take_image(const json_t *arguments, const char *name, struct image **out,
		       struct qmp_failure *failure)
{
	const char *path = json_string_value(json_object_get(arguments, name));
	struct error err;

	if (path && image_read_png(path, out, &err) < 0) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err.text);
		return false;
	}
	return true;
}

static bool take_region(const json_t *arguments, struct waiting *waiting,
			struct qmp_failure *failure)
{
	const json_t *region = json_object_get(arguments, "region");
	static const char *const names[] = { "x", "y", "width", "height" };
	uint64_t values[ARRAY_SIZE(names)];

	waiting->has_region = region;
	for (size_t i = 0; region && i < ARRAY_SIZE(names); i++) {
		if (!json_is_integer(json_object_get(region, names[i]))) {
			(void)qmp_fail(failure, QMP_GENERIC_ERROR,
				       "Parameter 'region' needs the numbers x, y, width, height");
			return false;
		}
		if (!qmp_take_number(region, names[i], SURFACE_SIDE_MAX, 0, &values[i], failure)) {
			return false;
		}
	}
	if (region) {
		waiting->region = (struct rect){ (uint32_t)values[0], (uint32_t)values[1],
						 (uint32_t)values[2], (uint32_t)values[3] };
	}
	return true;
}

static bool take_numbers(const json_t *arguments, struct waiting *waiting,
			 struct qmp_failure *failure)
{
	uint64_t channel;
	uint64_t permille;

	if (!qmp_take_number(arguments, "tolerance", UINT8_MAX, 0, &channel, failure) ||
	    !qmp_take_number(arguments, "tolerance-permille", 1000, 0, &permille, failure) ||
	    !qmp_take_number(arguments, "stable-ms", TIMEOUT_MAX_MS, 0, &waiting->stable_ms,
			     failure) ||
	    !qmp_take_number(arguments, "timeout-ms", TIMEOUT_MAX_MS, TIMEOUT_DEFAULT_MS,
			     &waiting->timeout_ms, failure)) {
		return false;
	}
	waiting->tolerance = (struct image_tolerance){ .channel = (uint8_t)channel,
						       .permille = (uint32_t)permille };
	return true;
}

/* What one argument demands of another. */
static bool check_request(const struct waiting *waiting, struct qmp_failure *failure)
{
	const struct image *wanted = waiting->wanted;
	const struct image *mask = waiting->mask;
	const char *text = NULL;

	if (!wanted && !waiting->stable_ms) {
		text = "nothing to wait for: give 'file', 'stable-ms' or both";
	} else if (wanted && mask &&
		   (mask->width != wanted->width || mask->height != wanted->height)) {
		text = "'mask' is of another size than 'file'";
	} else if (waiting->has_region && rect_is_empty(&waiting->region)) {
		text = "'region' is empty";
	} else if (waiting->has_region && wanted &&
		   !rect_is_inside(&waiting->region, wanted->width, wanted->height)) {
		text = "'region' is not inside 'file'";
	}
	if (text) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "%s", text);
	}
	return !text;
}

static bool take_arguments(const json_t *arguments, struct waiting *waiting,
			   struct qmp_failure *failure)
{
	const char *difference = json_string_value(json_object_get(arguments, "difference"));

	if (!take_numbers(arguments, waiting, failure) ||
	    !take_region(arguments, waiting, failure) ||
	    !take_image(arguments, "file", &waiting->wanted, failure) ||
	    !take_image(arguments, "mask", &waiting->mask, failure) ||
	    !check_request(waiting, failure)) {
		return false;
	}
	waiting->difference_path = difference ? strdup(difference) : NULL;
	return true;
}

static int begin(struct waiting *waiting, struct display *display, unsigned scanout,
		 struct loop *loop)
{
	const struct screen_wait_config config = {
		.display = display,
		.loop = loop,
		.scanout = scanout,
		.wanted = waiting->wanted,
		.mask = waiting->mask,
		.region = waiting->has_region ? &waiting->region : NULL,
		.tolerance = waiting->tolerance,
		.stable_ns = waiting->stable_ms * NS_PER_MS,
		.timeout_ns = waiting->timeout_ms * NS_PER_MS,
		.on_done = on_done,
		.arg = waiting,
	};

	return screen_wait_create(&config, &waiting->wait);
}

static json_t *run_wait_screen(const struct qmp_context *c, const json_t *arguments,
			       struct qmp_failure *failure)
{
	unsigned scanout;
	struct display *display = qmp_find_scanout(c, arguments, &scanout, failure);
	struct waiting *waiting;

	if (!display) {
		return NULL;
	}
	waiting = calloc(1, sizeof(*waiting));
	if (!waiting) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	waiting->pending.on_cancel = on_cancel;
	if (!take_arguments(arguments, waiting, failure)) {
		destroy_waiting(waiting);
		return NULL;
	}
	if (begin(waiting, display, scanout, c->loop) < 0) {
		destroy_waiting(waiting);
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	return qmp_defer(failure, &waiting->pending);
}

static const struct qmp_argument wait_arguments[] = {
	{ "scanout", QMP_INTEGER, true },   { "file", QMP_STRING, true },
	{ "region", QMP_OBJECT, true },	    { "mask", QMP_STRING, true },
	{ "tolerance", QMP_INTEGER, true }, { "tolerance-permille", QMP_INTEGER, true },
	{ "stable-ms", QMP_INTEGER, true }, { "timeout-ms", QMP_INTEGER, true },
	{ "difference", QMP_STRING, true }, { .name = NULL },
};

const struct qmp_command qmp_wait_commands[] = {
	{ "x-thunderlake-wait-screen", wait_arguments, run_wait_screen },
	{ .name = NULL },
};
