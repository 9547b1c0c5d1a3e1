/* SPDX-License-Identifier: MIT */
#include "audio/backend.h"

#include <errno.h>
#include <string.h>

#include "audio/audio_state.h"
#include "audio/none.h"
#include "vmm/base/choice.h"
#include "vmm/base/log.h"

#define TAG "audio"

/* --- names and options --- */

static bool choice_at(size_t i, struct choice *out)
{
	const struct audio_backend_type *type = audio_backend_types[i];

	if (type) {
		*out = (struct choice){ type->name, &type->options, type->options_size };
	}
	return type != NULL;
}

static const struct choice_set choices = {
	.what = "audio",
	.at = choice_at,
	.more = (const char *const[]){ "auto", "off", NULL },
};

const struct audio_backend_type *audio_backend_find(const char *name, struct error *err)
{
	const int index = choice_find(&choices, name, err);

	return index < 0 ? NULL : audio_backend_types[index];
}

static bool is_auto(const char *text)
{
	return strcmp(text, "auto") == 0;
}

int audio_backend_check(const char *text, struct error *err)
{
	return is_auto(text) ? 0 : choice_check(&choices, text, err);
}

/* --- making --- */

static int create_named(const char *text, const struct audio_backend_env *env, struct error *err)
{
	void *options;
	const int index = choice_parse(&choices, text, &options, err);
	int code;

	if (index < 0) {
		return index;
	}
	code = audio_backend_types[index]->create(env, options, &env->audio->backend, err);
	choice_finish(&choices, index, options);
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
