/* SPDX-License-Identifier: MIT */
#include "mgmt/ctl_client.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "mgmt/paths.h"
#include "mgmt/qmp.h"
#include "mgmt/qmp_command.h"
#include "vmm/base/compiler.h"
#include "vmm/base/unix_socket.h"

#define ANSWER_SECONDS 30 /* a reset loads the kernel anew, a pause waits for disks */
#define SUFFIX	       ".qmp"

/* --- messages -------------------------------------------------------------------------------- */

static int set_patience(struct ctl_client *client, time_t seconds)
{
	const struct timeval time = { .tv_sec = seconds };

	return setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) < 0 ? -errno
											: 0;
}

void ctl_client_set_patience(struct ctl_client *client, unsigned seconds)
{
	(void)set_patience(client, seconds);
}

static int fill(struct ctl_client *client, struct error *err)
{
	ssize_t got;

	do {
		got = recv(client->fd, client->bytes, sizeof(client->bytes), 0);
	} while (got < 0 && errno == EINTR);
	if (got == 0 || (got < 0 && errno == ECONNRESET)) {
		return error_set(err, -ECONNRESET, "the machine has ended");
	}
	if (got < 0 && errno == EAGAIN) {
		return error_set(err, -ETIMEDOUT, "the machine does not answer");
	}
	if (got < 0) {
		return error_set_errno(err, -errno, "control socket");
	}
	client->start = 0;
	client->end = (size_t)got;
	return 0;
}

static int read_message(struct ctl_client *client, json_t **message, struct error *err)
{
	enum qmp_frame frame = QMP_FRAME_MORE;
	size_t used;
	int code;

	while (frame == QMP_FRAME_MORE) {
		code = client->start == client->end ? fill(client, err) : 0;
		if (code < 0) {
			return code;
		}
		frame = qmp_framer_feed(&client->framer, client->bytes + client->start,
					client->end - client->start, &used);
		client->start += used;
	}
	*message = frame == QMP_FRAME_VALUE
			   ? json_loadb(client->framer.text, client->framer.length, 0, NULL)
			   : NULL;
	qmp_framer_reset(&client->framer);
	return *message ? 0 : error_set(err, -EPROTO, "the machine's answer is not QMP");
}

int ctl_client_next(struct ctl_client *client, json_t **message, struct error *err)
{
	int code = set_patience(client, 0);

	return code < 0 ? error_set_errno(err, code, "control socket")
			: read_message(client, message, err);
}

static int write_all(struct ctl_client *client, const char *text, struct error *err)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t sent = send(client->fd, text, left, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR) {
			return error_set_errno(err, -errno, "control socket");
		}
		text += MAX(sent, 0);
		left -= (size_t)MAX(sent, 0);
	}
	return 0;
}

int ctl_client_request(struct ctl_client *client, const json_t *request, json_t **reply,
		       struct error *err)
{
	AUTO_FREE char *text = json_dumps(request, JSON_ENCODE_ANY);
	int code = text ? write_all(client, text, err) : error_set_errno(err, -ENOMEM, "request");

	*reply = NULL;
	while (code == 0 && !*reply) {
		code = read_message(client, reply, err);
		if (code == 0 && json_object_get(*reply, "event")) {
			json_decref(*reply);
			*reply = NULL;
		}
	}
	return code;
}

int ctl_client_execute(struct ctl_client *client, const char *command, json_t *arguments,
		       json_t **out, struct error *err)
{
	json_t *request = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
	const char *class = "";
	const char *refusal = NULL;
	json_t *reply;
	int code = ctl_client_request(client, request, &reply, err);

	json_decref(request);
	*out = NULL;
	if (code < 0) {
		return code;
	}
	*out = json_incref(json_object_get(reply, "return"));
	if (!*out) {
		(void)json_unpack(reply, "{s:{s:s, s:s}}", "error", "class", &class, "desc",
				  &refusal);
		code = strcmp(class, QMP_TIMED_OUT) == 0 ? -ETIME : -EREMOTEIO;
		(void)error_set(err, code, "%s", refusal ? refusal : "refused");
	}
	json_decref(reply);
	return code;
}

/* --- connecting ------------------------------------------------------------------------------ */

static int explain_missing(const char *name, struct error *err)
{
	char **names = NULL;
	size_t count = 0;

	(void)error_set(err, 0, "no machine '%s' is running", name);
	if (ctl_running(&names, &count, NULL) == 0 && count) {
		size_t used = strlen(err->text);

		for (size_t i = 0; i < count && used < sizeof(err->text); i++) {
			used += (size_t)snprintf(err->text + used, sizeof(err->text) - used, "%s%s",
						 i ? ", " : "; these are: ", names[i]);
		}
	}
	ctl_free_names(names, count);
	return -ENOENT;
}

static int greet(struct ctl_client *client, struct error *err)
{
	json_t *message;
	int code = set_patience(client, ANSWER_SECONDS);

	code = code < 0 ? code : read_message(client, &message, err);
	if (code < 0) {
		return code;
	}
	json_decref(message);
	code = ctl_client_execute(client, "qmp_capabilities", NULL, &message, err);
	json_decref(message);
	return code;
}

int ctl_client_connect(struct ctl_client *client, const char *name, struct error *err)
{
	AUTO_FREE char *path = NULL;
	int code = qmp_socket_path(name, &path, err);

	*client = (struct ctl_client){ .fd = -1 };
	qmp_framer_init(&client->framer, QMP_REPLY_MAX);
	if (code < 0) {
		return code;
	}
	client->fd = unix_socket_connect(path);
	if (client->fd == -ENOENT || client->fd == -ECONNREFUSED) {
		client->fd = -1;
		return explain_missing(name, err);
	}
	if (client->fd < 0) {
		code = client->fd;
		client->fd = -1;
		return error_set_errno(err, code, "machine '%s': %s", name, path);
	}
	code = greet(client, err);
	if (code < 0) {
		error_prefix(err, "machine '%s'", name);
		ctl_client_close(client);
	}
	return code;
}

void ctl_client_close(struct ctl_client *client)
{
	if (client->fd >= 0) {
		(void)close(client->fd);
		client->fd = -1;
	}
	qmp_framer_finish(&client->framer);
}

/* --- who runs -------------------------------------------------------------------------------- */

static int is_socket_name(const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);
	const size_t suffix = sizeof(SUFFIX) - 1;

	return length > suffix && strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

int ctl_running(char ***names, size_t *count, struct error *err)
{
	AUTO_FREE char *folder = NULL;
	struct dirent **entries;
	int found;
	int code = paths_runtime_folder(&folder, err);

	*names = NULL;
	*count = 0;
	if (code < 0) {
		return code;
	}
	found = scandir(folder, &entries, is_socket_name, alphasort);
	if (found < 0) {
		return error_set_errno(err, -errno, "folder %s", folder);
	}
	*names = calloc((size_t)found + 1, sizeof(**names));
	for (int i = 0; i < found; i++) {
		AUTO_FREE char *name =
			strndup(entries[i]->d_name, strlen(entries[i]->d_name) - strlen(SUFFIX));

		free(entries[i]);
		if (*names && name && qmp_is_running(name)) {
			(*names)[(*count)++] = name;
			name = NULL;
		} else if (name) {
			qmp_remove_stale(name);
		}
	}
	free(entries);
	return *names ? 0 : error_set_errno(err, -ENOMEM, "folder %s", folder);
}

void ctl_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(names[i]);
	}
	free(names);
}
