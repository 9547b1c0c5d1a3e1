/* SPDX-License-Identifier: MIT */
#include "display/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define TAG	       "display"
#define NAME_MAX_BYTES 32

/* --- names and options --- */

/* What --display may be given besides the back ends' names. */
static const char *const more_names[] = { "auto", "off" };

static const char *name_at(const void *context UNUSED, size_t i)
{
	size_t count = 0;

	while (display_backend_types[count]) {
		if (count == i) {
			return display_backend_types[i]->name;
		}
		count++;
	}
	return i - count < ARRAY_SIZE(more_names) ? more_names[i - count] : NULL;
}

const struct display_backend_type *display_backend_find(const char *name, struct error *err)
{
	const char *near;

	for (size_t i = 0; display_backend_types[i]; i++) {
		if (strcmp(display_backend_types[i]->name, name) == 0) {
			return display_backend_types[i];
		}
	}
	near = nearest_name(name, name_at, NULL);
	if (near) {
		(void)error_set(err, 0, "no display '%s'; did you mean '%s'?", name, near);
	} else {
		(void)error_set(err, 0, "no display '%s' (see --display help)", name);
	}
	return NULL;
}

/* `*options` is filled by the type's table; the caller gives it to finish_options. */
static int parse(const char *text, const struct display_backend_type **type, void **options,
		 struct error *err)
{
	char name[NAME_MAX_BYTES];
	size_t length = strcspn(text, ",");
	int code;

	(void)snprintf(name, sizeof(name), "%.*s", (int)MIN(length, sizeof(name) - 1), text);
	*type = display_backend_find(name, err);
	if (!*type) {
		return -EINVAL;
	}
	*options = calloc(1, MAX((*type)->options_size, 1));
	if (!*options) {
		return error_set_errno(err, -ENOMEM, "display %s", name);
	}
	text += length + (text[length] == ',');
	code = options_parse(&(*type)->options, text, *options, err);
	if (code < 0) {
		free(*options);
		error_prefix(err, "display %s", name);
		return code == -ENOMEM ? code : -EINVAL;
	}
	return 0;
}

static void finish_options(const struct display_backend_type *type, void *options)
{
	options_finish(&type->options, options);
	free(options);
}

static bool is_auto(const char *text)
{
	return strcmp(text, "auto") == 0;
}

int display_backend_check(const char *text, struct error *err)
{
	const struct display_backend_type *type;
	void *options;
	int code;

	if (is_auto(text)) {
		return 0;
	}
	code = parse(text, &type, &options, err);
	if (code == 0) {
		finish_options(type, options);
	}
	return code;
}

/* --- making --- */

static int create_named(const char *text, const struct display_backend_env *env,
			struct display_backend **out, struct error *err)
{
	const struct display_backend_type *type;
	void *options;
	int code = parse(text, &type, &options, err);

	if (code < 0) {
		return code;
	}
	code = type->create(env, options, out, err);
	finish_options(type, options);
	return code;
}

/* The first of those before "none" that there is something for; a failure is told, and the next one
 * tried. The last line of this search is the one that says why there is no window. */
static int create_best(const struct display_backend_env *env, struct display_backend **out,
		       struct error *err)
{
	bool can_show = false;

	for (size_t i = 0; display_backend_types[i]; i++) {
		const struct display_backend_type *type = display_backend_types[i];
		struct error why;

		if (strcmp(type->name, "none") == 0) {
			break;
		}
		if (!type->is_available) {
			continue;
		}
		can_show = true;
		if (!type->is_available()) {
			continue;
		}
		if (create_named(type->name, env, out, &why) == 0) {
			return 0;
		}
		log_warn(TAG, "%s; no window is shown", why.text);
		return create_named("none", env, out, err);
	}
	log_info(TAG, can_show ? "no display server (DISPLAY and WAYLAND_DISPLAY lead to none): "
				 "no window is shown"
			       : "no window system is built in: no window is shown");
	return create_named("none", env, out, err);
}

int display_backend_create(const char *text, const struct display_backend_env *env,
			   struct display_backend **out, struct error *err)
{
	*out = NULL;
	return is_auto(text) ? create_best(env, out, err) : create_named(text, env, out, err);
}

void display_backend_destroy(struct display_backend *backend)
{
	if (backend) {
		backend->type->destroy(backend);
	}
}
