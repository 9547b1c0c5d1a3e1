/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "devices/net/net.h"

static bool none_send(struct net_backend *backend, const struct iovec *iov, unsigned count)
{
	(void)backend;
	(void)iov;
	(void)count;
	return true;
}

static void none_ready(struct net_backend *backend)
{
	(void)backend;
}

static uint64_t none_features(struct net_backend *backend)
{
	(void)backend;
	return 0;
}

static void none_set_features(struct net_backend *backend, uint64_t features)
{
	(void)backend;
	(void)features;
}

static void none_destroy(struct net_backend *backend)
{
	free(backend);
}

static const struct net_ops none_ops = {
	.send = none_send,
	.ready = none_ready,
	.features = none_features,
	.set_features = none_set_features,
	.destroy = none_destroy,
};

static int none_create(struct loop *loop, const struct net_card *card,
		       const struct net_options *options, struct net_backend **out,
		       struct error *err)
{
	struct net_backend *backend = calloc(1, sizeof(*backend));

	(void)options;
	if (!backend) {
		return error_set_errno(err, -ENOMEM, "no back end");
	}
	*backend = (struct net_backend){
		.ops = &none_ops, .loop = loop, .card = *card, .description = "none"
	};
	*out = backend;
	return 0;
}

static const char *const none_options[] = { NULL };

const struct net_type net_none_type = {
	.name = "none",
	.help = "a cable that leads nowhere",
	.options = none_options,
	.create = none_create,
};
