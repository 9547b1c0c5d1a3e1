/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "devices/char/backend.h"

/* Output vanishes, input never comes. */

static size_t take_all(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	(void)backend;
	(void)bytes;
	return length;
}

static void destroy(struct char_backend *backend)
{
	free(backend);
}

static const struct char_ops none_ops = { .write = take_all, .destroy = destroy };

static int create(const char *options, struct loop *loop, const struct char_user *user,
		  struct char_backend **out, struct error *err)
{
	struct char_backend *backend = calloc(1, sizeof(*backend));

	(void)options;
	if (!backend) {
		return error_set_errno(err, -ENOMEM, "none");
	}
	backend->ops = &none_ops;
	backend->loop = loop;
	backend->user = *user;
	backend->connected = true;
	char_set_description(backend, "none");
	*out = backend;
	return 0;
}

const struct char_kind char_none_kind = { .name = "none", .create = create };
