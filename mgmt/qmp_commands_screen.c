/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "display/display.h"
#include "display/image.h"
#include "display/surface.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_screen.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define PCI_BASE_CLASS_DISPLAY 0x03u
#define PCI_SLOTS	       32u
#define NS_PER_MS	       1e6
#define REFRESH_MHZ_MAX	       1000000u

/* --- which screen ---------------------------------------------------------------------------- */

struct display *qmp_find_scanout(const struct qmp_context *context, const json_t *arguments,
				 unsigned *scanout, struct qmp_failure *failure)
{
	struct display *display = context->ops->display(context->machine);
	uint64_t number;

	if (!display) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "the machine has no screen");
		return NULL;
	}
	if (!qmp_take_number(arguments, "scanout", display_scanout_count(display) - 1, 0, &number,
			     failure)) {
		return NULL;
	}
	*scanout = (unsigned)number;
	return display;
}

static bool is_graphics_card(const struct qmp_context *c, const char *id)
{
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
		const struct pci_device *device = c->ops->pci_at(c->machine, slot, 0);

		if (device && strcmp(device->name, id) == 0) {
			return device->identity.class_code >> 16 == PCI_BASE_CLASS_DISPLAY;
		}
	}
	return false;
}

/* --- screendump ------------------------------------------------------------------------------ */

/* As QEMU names screens: a graphics card and one of its heads. */
static bool find_head(const struct qmp_context *c, const json_t *arguments, unsigned *scanout,
		      struct qmp_failure *failure)
{
	const char *id = json_string_value(json_object_get(arguments, "device"));
	const json_t *head = json_object_get(arguments, "head");
	const json_int_t number = json_integer_value(head);
	const struct display *display = c->ops->display(c->machine);

	if (!id && head) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "'head' must be specified together with 'device'");
	} else if (id && !c->ops->has_device(c->machine, id)) {
		(void)qmp_fail(failure, QMP_DEVICE_NOT_FOUND, "Device '%s' not found", id);
	} else if (id && (!is_graphics_card(c, id) || !display || number < 0 ||
			  number >= display_scanout_count(display))) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "Device %s (head %" JSON_INTEGER_FORMAT
			       ") is not bound to a QemuConsole",
			       id, number);
	} else if (!display) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "There is no console to take a screendump from");
	} else {
		*scanout = (unsigned)number;
		return id || qmp_find_scanout(c, arguments, scanout, failure);
	}
	return false;
}

static bool find_format(const json_t *arguments, enum image_format *out,
			struct qmp_failure *failure)
{
	const char *name = json_string_value(json_object_get(arguments, "format"));

	*out = name && strcmp(name, "png") == 0 ? IMAGE_PNG : IMAGE_PPM;
	if (name && *out != IMAGE_PNG && strcmp(name, "ppm") != 0) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "Parameter 'format' does not accept value '%s'", name);
		return false;
	}
	return true;
}

static json_t *run_screendump(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	const char *path = json_string_value(json_object_get(arguments, "filename"));
	const bool with_cursor = json_is_true(json_object_get(arguments, "x-thunderlake-cursor"));
	AUTO_FREE struct image *image = NULL;
	enum image_format format;
	unsigned scanout;
	struct error err;
	int code;

	if (!find_format(arguments, &format, failure) ||
	    !find_head(c, arguments, &scanout, failure)) {
		return NULL;
	}
	code = display_capture(c->ops->display(c->machine), scanout, with_cursor, &image);
	if (code == -ENODATA) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "screen %u shows nothing", scanout);
	}
	if (code < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "no memory for a picture");
	}
	if (image_write(image, format, path, &err) < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err.text);
	}
	return json_object();
}

/* --- what shows it --------------------------------------------------------------------------- */

static json_t *run_query_display_options(const struct qmp_context *c, const json_t *arguments,
					 struct qmp_failure *failure)
{
	struct display *display = c->ops->display(c->machine);

	(void)arguments;
	(void)failure;
	return json_pack("{s:s}", "type", display ? display_pacer_name(display) : "none");
}

static json_t *describe_scanout(struct display *display, unsigned scanout)
{
	const struct display_mode mode = display_mode(display, scanout);
	uint32_t width;
	uint32_t height;

	display_picture_size(display, scanout, &width, &height);
	return json_pack("{s:i, s:b, s:{s:I, s:I, s:I}, s:{s:I, s:I}}", "scanout", (int)scanout,
			 "connected", mode.is_connected, "wish", "width", (json_int_t)mode.width,
			 "height", (json_int_t)mode.height, "refresh-mhz",
			 (json_int_t)mode.refresh_mhz, "picture", "width", (json_int_t)width,
			 "height", (json_int_t)height);
}

static json_t *run_query_screens(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	struct display *display = c->ops->display(c->machine);
	json_t *list = json_array();

	(void)arguments;
	(void)failure;
	for (unsigned i = 0; display && i < display_scanout_count(display); i++) {
		(void)json_array_append_new(list, describe_scanout(display, i));
	}
	return list;
}

/* What is not given stays as it is. */
static json_t *run_display(const struct qmp_context *c, const json_t *arguments,
			   struct qmp_failure *failure)
{
	const json_t *connected = json_object_get(arguments, "connected");
	unsigned scanout;
	struct display *display = qmp_find_scanout(c, arguments, &scanout, failure);
	struct display_mode mode;
	uint64_t width;
	uint64_t height;
	uint64_t refresh;

	if (!display) {
		return NULL;
	}
	mode = display_mode(display, scanout);
	if (!qmp_take_number(arguments, "width", SURFACE_SIDE_MAX, mode.width, &width, failure) ||
	    !qmp_take_number(arguments, "height", SURFACE_SIDE_MAX, mode.height, &height,
			     failure) ||
	    !qmp_take_number(arguments, "refresh-mhz", REFRESH_MHZ_MAX, mode.refresh_mhz, &refresh,
			     failure)) {
		return NULL;
	}
	mode.is_connected = connected ? json_is_true(connected) : true;
	mode.width = (uint32_t)width;
	mode.height = (uint32_t)height;
	mode.refresh_mhz = refresh ? (uint32_t)refresh : DISPLAY_DEFAULT_REFRESH_MHZ;
	if (display_request_mode(display, scanout, &mode) < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR,
				"a screen of %" PRIu64 " × %" PRIu64 " pixels cannot be", width,
				height);
	}
	return json_object();
}

/* --- measurement ----------------------------------------------------------------------------- */

static json_t *describe_percentiles(const struct display_percentiles *p)
{
	return json_pack("{s:f, s:f, s:f, s:f}", "p50", (double)p->p50 / NS_PER_MS, "p95",
			 (double)p->p95 / NS_PER_MS, "p99", (double)p->p99 / NS_PER_MS, "max",
			 (double)p->max / NS_PER_MS);
}

static json_t *describe_stats(struct display *display, unsigned scanout, uint64_t now_ns)
{
	struct display_stats s;

	display_stats(display, scanout, &s);
	return json_pack("{s:i, s:f, s:I, s:I, s:I, s:I, s:o, s:o}", "scanout", (int)scanout,
			 "measured-ms", (double)(now_ns - s.since_ns) / NS_PER_MS, "flushes",
			 (json_int_t)s.flushes, "presents", (json_int_t)s.presents, "dropped",
			 (json_int_t)s.dropped, "repeated", (json_int_t)s.repeated,
			 "present-interval-ms", describe_percentiles(&s.interval),
			 "flush-to-present-ms", describe_percentiles(&s.latency));
}

static json_t *run_stats(const struct qmp_context *c, const json_t *arguments,
			 struct qmp_failure *failure)
{
	const bool is_reset = json_is_true(json_object_get(arguments, "reset"));
	const bool has_one = json_object_get(arguments, "scanout");
	unsigned first;
	struct display *display = qmp_find_scanout(c, arguments, &first, failure);
	unsigned end;
	json_t *list;

	if (!display) {
		return NULL;
	}
	end = has_one ? first + 1 : display_scanout_count(display);
	list = json_array();
	for (unsigned i = first; i < end; i++) {
		(void)json_array_append_new(list, describe_stats(display, i, clock_now_ns()));
		if (is_reset) {
			display_reset_stats(display, i);
		}
	}
	return list;
}

static const struct qmp_argument screendump_arguments[] = {
	{ "filename", QMP_STRING, false },
	{ "device", QMP_STRING, true },
	{ "head", QMP_INTEGER, true },
	{ "format", QMP_STRING, true },
	{ "scanout", QMP_INTEGER, true },
	{ "x-thunderlake-cursor", QMP_BOOL, true },
	{ .name = NULL },
};
static const struct qmp_argument display_arguments[] = {
	{ "scanout", QMP_INTEGER, true }, { "width", QMP_INTEGER, true },
	{ "height", QMP_INTEGER, true },  { "refresh-mhz", QMP_INTEGER, true },
	{ "connected", QMP_BOOL, true },  { .name = NULL },
};
static const struct qmp_argument stats_arguments[] = {
	{ "scanout", QMP_INTEGER, true },
	{ "reset", QMP_BOOL, true },
	{ .name = NULL },
};

const struct qmp_command qmp_screen_commands[] = {
	{ "screendump", screendump_arguments, run_screendump },
	{ "query-display-options", NULL, run_query_display_options },
	{ "x-thunderlake-query-screens", NULL, run_query_screens },
	{ "x-thunderlake-display", display_arguments, run_display },
	{ "x-thunderlake-stats", stats_arguments, run_stats },
	{ .name = NULL },
};
