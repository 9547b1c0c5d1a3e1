/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_CLIENT_H
#define THUNDERLAKE_MGMT_CTL_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "mgmt/qmp_json.h"
#include "vmm/base/error.h"

/* A client of the control socket that waits for its answers. */
struct ctl_client {
	int fd; /* -1: not connected */
	struct qmp_framer framer;
	char bytes[4096];
	size_t start, end; /* of what was read and not yet used */
};

/* Connects to the machine called `name` and negotiates. -ENOENT: no such machine runs (the text
 * names those that do), -ETIMEDOUT: it does not answer, or another errno. */
int ctl_client_connect(struct ctl_client *client, const char *name, struct error *err);
void ctl_client_close(struct ctl_client *client);
/* How long an answer may take from now on; at first half a minute. */
void ctl_client_set_patience(struct ctl_client *client, unsigned seconds);

/* Runs a command and takes the reference to `arguments` (NULL: none). Events that come meanwhile
 * are dropped. 0 with a new reference to what was returned; -EREMOTEIO: refused, the text is the
 * machine's own; -ETIME: likewise, what it was to wait for has not come; -ECONNRESET: the machine
 * ended; -ETIMEDOUT: it does not answer; or another errno. */
int ctl_client_execute(struct ctl_client *client, const char *command, json_t *arguments,
		       json_t **out, struct error *err);

/* Sends a whole request as it is; its reply is the next message that is no event. Errors as above,
 * but an error reply is a reply. */
int ctl_client_request(struct ctl_client *client, const json_t *request, json_t **reply,
		       struct error *err);

/* The next message of any kind, with no limit of time. -ECONNRESET: the machine ended. */
int ctl_client_next(struct ctl_client *client, json_t **message, struct error *err);

/* The names of running machines, sorted: malloc'ed array of malloc'ed strings. */
int ctl_running(char ***names, size_t *count, struct error *err);
void ctl_free_names(char **names, size_t count);

#endif
