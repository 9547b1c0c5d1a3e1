/* SPDX-License-Identifier: MIT */
#include "display/backend.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/choice.h"
#include "vmm/base/log.h"

#define TAG "display"

/* --- names and options --- */

static bool choice_at(size_t i, struct choice *out)
{
	const struct display_backend_type *type = display_backend_types[i];

	if (type) {
		*out = (struct choice){ type->name, &type->options, type->options_size };
	}
	return type != NULL;
}

static const struct choice_set choices = {
	.what = "display",
	.at = choice_at,
	.more = (const char *const[]){ "auto", "off", NULL },
};

const struct display_backend_type *display_backend_find(const char *name, struct error *err)
{
	const int index = choice_find(&choices, name, err);

	return index < 0 ? NULL : display_backend_types[index];
}

static bool is_auto(const char *text)
{
	return strcmp(text, "auto") == 0;
}

int display_backend_check(const char *text, struct error *err)
{
	return is_auto(text) ? 0 : choice_check(&choices, text, err);
}

/* --- making --- */

static int create_named(const char *text, const struct display_backend_env *env,
			struct display_backend **out, struct error *err)
{
	void *options;
	const int index = choice_parse(&choices, text, &options, err);
	int code;

	if (index < 0) {
		return index;
	}
	code = display_backend_types[index]->create(env, options, out, err);
	choice_finish(&choices, index, options);
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
