/* SPDX-License-Identifier: MIT */
#include "devices/net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define NAME_MAX_BYTES 16

const struct net_type *const net_types[] = { &net_user_type, &net_tap_type, &net_none_type, NULL };

static const char *type_name(const void *context, size_t i)
{
	(void)context;
	return net_types[i] ? net_types[i]->name : NULL;
}

static const struct net_type *find_type(const char *name)
{
	for (size_t i = 0; net_types[i]; i++) {
		if (!strcmp(net_types[i]->name, name)) {
			return net_types[i];
		}
	}
	return NULL;
}

/* Copies the text before the first comma to `name`; returns the text behind it. */
static const char *split_name(const char *text, char *name)
{
	const size_t length = strcspn(text, ",");
	const size_t kept = MIN(length, (size_t)NAME_MAX_BYTES - 1);

	memcpy(name, text, kept);
	name[kept] = '\0';
	return text[length] ? text + length + 1 : text + length;
}

static int refuse_type(const char *name, struct error *err)
{
	const char *nearest = nearest_name(name, type_name, NULL);

	if (nearest) {
		return error_set(err, -EINVAL, "unknown network type '%s'; did you mean '%s'?",
				 name, nearest);
	}
	return error_set(err, -EINVAL, "unknown network type '%s'; there are user, tap and none",
			 name);
}

int net_config_parse(const char *text, struct net_config *out, struct error *err)
{
	char name[NAME_MAX_BYTES];
	int code;

	*out = (struct net_config){ 0 };
	text = split_name(text, name);
	out->type = find_type(name);
	if (!out->type) {
		return refuse_type(name, err);
	}
	out->options = calloc(1, out->type->options_size);
	if (!out->options) {
		return error_set_errno(err, -ENOMEM, "network");
	}
	code = options_parse(&out->type->options, text, out->options, err);
	if (code < 0) {
		error_prefix(err, "network %s", name);
		free(out->options);
		*out = (struct net_config){ 0 };
	}
	return code;
}

void net_config_finish(struct net_config *config)
{
	if (config->options) {
		options_finish(&config->type->options, config->options);
		free(config->options);
	}
	*config = (struct net_config){ 0 };
}

struct create_call {
	const struct net_config *config;
	struct loop *loop;
	const struct net_card *card;
	struct net_backend **out;
	struct error *err;
	int code;
};

static void run_create(void *arg)
{
	struct create_call *call = arg;

	call->code = call->config->type->create(call->loop, call->card, call->config->options,
						call->out, call->err);
}

int net_create(const struct net_config *config, struct loop *loop, const struct net_card *card,
	       struct net_backend **out, struct error *err)
{
	struct create_call call = {
		.config = config, .loop = loop, .card = card, .out = out, .err = err
	};

	*out = NULL;
	loop_call(loop, run_create, &call);
	if (call.code < 0) {
		error_prefix(err, "network %s", config->type->name);
	}
	return call.code;
}

static void run_destroy(void *arg)
{
	struct net_backend *backend = arg;

	backend->ops->destroy(backend);
}

void net_destroy(struct net_backend *backend)
{
	if (backend) {
		loop_call(backend->loop, run_destroy, backend);
	}
}
