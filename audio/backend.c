/* SPDX-License-Identifier: MIT */
#include "audio/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio_state.h"
#include "audio/none.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define TAG	       "audio"
#define NAME_MAX_BYTES 32

/* --- names and options --- */

/* What --audio may be given besides the back ends' names. */
static const char *const more_names[] = { "auto", "off" };

static const char *name_at(const void *context UNUSED, size_t i)
{
	size_t count = 0;

	while (audio_backend_types[count]) {
		if (count == i) {
			return audio_backend_types[i]->name;
		}
		count++;
	}
	return i - count < ARRAY_SIZE(more_names) ? more_names[i - count] : NULL;
}

const struct audio_backend_type *audio_backend_find(const char *name, struct error *err)
{
	const char *near;

	for (size_t i = 0; audio_backend_types[i]; i++) {
		if (strcmp(audio_backend_types[i]->name, name) == 0) {
			return audio_backend_types[i];
		}
	}
	near = nearest_name(name, name_at, NULL);
	if (near) {
		(void)error_set(err, 0, "no audio '%s'; did you mean '%s'?", name, near);
	} else {
		(void)error_set(err, 0, "no audio '%s' (see --audio help)", name);
	}
	return NULL;
}

/* `*options` is filled by the type's table; the caller gives it to finish_options. */
static int parse(const char *text, const struct audio_backend_type **type, void **options,
		 struct error *err)
{
	char name[NAME_MAX_BYTES];
	size_t length = strcspn(text, ",");
	int code;

	(void)snprintf(name, sizeof(name), "%.*s", (int)MIN(length, sizeof(name) - 1), text);
	*type = audio_backend_find(name, err);
	if (!*type) {
		return -EINVAL;
	}
	*options = calloc(1, MAX((*type)->options_size, 1));
	if (!*options) {
		return error_set_errno(err, -ENOMEM, "audio %s", name);
	}
	text += length + (text[length] == ',');
	code = options_parse(&(*type)->options, text, *options, err);
	if (code < 0) {
		free(*options);
		error_prefix(err, "audio %s", name);
		return code == -ENOMEM ? code : -EINVAL;
	}
	return 0;
}

static void finish_options(const struct audio_backend_type *type, void *options)
{
	options_finish(&type->options, options);
	free(options);
}

static bool is_auto(const char *text)
{
	return strcmp(text, "auto") == 0;
}

int audio_backend_check(const char *text, struct error *err)
{
	const struct audio_backend_type *type;
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

static int create_named(const char *text, const struct audio_backend_env *env, struct error *err)
{
	const struct audio_backend_type *type;
	void *options;
	int code = parse(text, &type, &options, err);

	if (code < 0) {
		return code;
	}
	code = type->create(env, options, &env->audio->backend, err);
	finish_options(type, options);
	return code;
}

/* What was named, or none in place of a server that is not there. */
static int create_or_none(const char *text, const struct audio_backend_env *env, struct error *err)
{
	struct error why = { "" };
	int code = create_named(text, env, &why);

	if (code == -ECONNREFUSED) {
		log_warn(TAG, "%s; the guest plays to nobody", why.text);
		return create_named("none", env, err);
	}
	if (code < 0) {
		(void)error_set(err, code, "%s", why.text);
	}
	return code;
}

/* The first of those before "none" that there is something for. */
static int create_best(const struct audio_backend_env *env, struct error *err)
{
	for (size_t i = 0; audio_backend_types[i] != &audio_none_type; i++) {
		const struct audio_backend_type *type = audio_backend_types[i];

		if (type->is_available && type->is_available()) {
			return create_or_none(type->name, env, err);
		}
	}
	log_info(TAG, "%s: the guest plays to nobody",
		 audio_backend_types[0] == &audio_none_type ? "no sound server is built in"
							    : "no sound server answers");
	return create_named("none", env, err);
}

int audio_backend_create(const char *text, struct audio *audio, const char *machine_name,
			 struct error *err)
{
	const struct audio_backend_env env = { .audio = audio,
					       .loop = audio->loop,
					       .machine_name = machine_name };

	return is_auto(text) ? create_best(&env, err) : create_or_none(text, &env, err);
}

void audio_backend_destroy(struct audio *audio)
{
	if (audio->backend) {
		audio->backend->type->destroy(audio->backend);
		audio->backend = NULL;
	}
}
