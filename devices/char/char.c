/* SPDX-License-Identifier: MIT */
#include "devices/char/char.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "devices/char/backend.h"
#include "vmm/base/options.h"

#define KIND_NAME_BYTES 16

static const struct char_kind *const kinds[] = {
	&char_stdio_kind, &char_file_kind, &char_pty_kind, &char_unix_kind, &char_none_kind,
};

static void (*escape_handler)(void *arg);
static void *escape_arg;

static const char *kind_name(const void *context, size_t i)
{
	(void)context;
	return i < ARRAY_SIZE(kinds) ? kinds[i]->name : NULL;
}

static const struct char_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i]->name, name) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

static int fail_unknown_kind(const char *text, const char *name, struct error *err)
{
	const char *near = nearest_name(name, kind_name, NULL);

	if (near) {
		return error_set(err, -EINVAL, "'%s': no such back end; did you mean '%s'?", text,
				 near);
	}
	return error_set(err, -EINVAL,
			 "'%s': no such back end; there are stdio, file:PATH, pty, unix:PATH, none",
			 text);
}

int char_create(const char *text, struct loop *loop, const struct char_user *user,
		struct char_backend **out, struct error *err)
{
	const char *colon = strchr(text, ':');
	const char *options = colon ? colon + 1 : "";
	const struct char_kind *kind;
	char name[KIND_NAME_BYTES];

	*out = NULL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(colon ? colon - text : (int)strlen(text)),
		       text);
	kind = find_kind(name);
	if (!kind) {
		return fail_unknown_kind(text, name, err);
	}
	if (kind->has_options && !*options) {
		return error_set(err, -EINVAL, "'%s': the path is missing (%s:PATH)", text, name);
	}
	if (!kind->has_options && colon) {
		return error_set(err, -EINVAL, "'%s': nothing may follow '%s'", text, name);
	}
	return kind->create(options, loop, user, out, err);
}

void char_destroy(struct char_backend *backend)
{
	if (backend) {
		backend->ops->destroy(backend);
	}
}

size_t char_write(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	return backend->ops->write(backend, bytes, length);
}

void char_accept_input(struct char_backend *backend)
{
	if (backend->ops->accept_input) {
		backend->ops->accept_input(backend);
	}
}

void char_set_guest_open(struct char_backend *backend, bool open)
{
	if (backend->ops->on_guest_open) {
		backend->ops->on_guest_open(backend, open);
	}
}

bool char_is_connected(const struct char_backend *backend)
{
	return backend->connected;
}

const char *char_description(const struct char_backend *backend)
{
	return backend->description;
}

void char_set_description(struct char_backend *backend, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(backend->description, sizeof(backend->description), format, args);
	va_end(args);
}

void char_set_connected(struct char_backend *backend, bool connected)
{
	if (backend->connected == connected) {
		return;
	}
	backend->connected = connected;
	if (backend->user.on_connected) {
		backend->user.on_connected(backend->user.user, connected);
	}
}

void char_set_escape_handler(void (*on_quit)(void *arg), void *arg)
{
	escape_handler = on_quit;
	escape_arg = arg;
}

void char_escape_quit(void)
{
	if (escape_handler) {
		escape_handler(escape_arg);
	}
}
