/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>

#include "devices/char/backend.h"
#include "devices/char/writer.h"
#include "vmm/base/options.h"

/* Output into a file, device or FIFO. */

struct file_options {
	char *path;
	bool append;
};

static const struct option options_of_file[] = {
	{ .name = "path",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct file_options, path),
	  .help = "the file to write to",
	  .value_name = "PATH",
	  .required = true },
	{ .name = "append",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct file_options, append),
	  .help = "keep what is in the file" },
};

static const struct option_table file_table = { options_of_file, ARRAY_SIZE(options_of_file),
						"path" };

struct char_file {
	struct char_backend backend;
	struct writer writer;
	int fd; /* owned */
};

static size_t write_bytes(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	return writer_write(&container_of(backend, struct char_file, backend)->writer, bytes,
			    length);
}

static void destroy(struct char_backend *backend)
{
	struct char_file *file = container_of(backend, struct char_file, backend);

	writer_drain(&file->writer);
	writer_stop(&file->writer);
	if (file->fd >= 0) {
		(void)close(file->fd);
	}
	free(file);
}

static const struct char_ops file_ops = { .write = write_bytes, .destroy = destroy };

static void on_writable(void *arg)
{
	struct char_file *file = arg;

	if (file->backend.user.on_writable) {
		file->backend.user.on_writable(file->backend.user.user);
	}
}

static int start(struct char_file *file, const struct file_options *options, struct error *err)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

	flags |= options->append ? O_APPEND : O_TRUNC;
	file->fd = open(options->path, flags, 0666);
	if (file->fd < 0 && errno == ENXIO) {
		return error_set(err, -ENXIO, "'%s': a FIFO that nobody reads yet", options->path);
	}
	if (file->fd < 0) {
		return error_set_errno(err, -errno, "'%s'", options->path);
	}
	char_set_description(&file->backend, "file:%s", options->path);
	file->writer.fd = file->fd;
	return writer_start(&file->writer);
}

static int create(const char *text, struct loop *loop, const struct char_user *user,
		  struct char_backend **out, struct error *err)
{
	struct file_options options = { 0 };
	struct char_file *file;
	int code = options_parse(&file_table, text, &options, err);

	if (code < 0) {
		error_prefix(err, "file");
		return code;
	}
	file = calloc(1, sizeof(*file));
	if (!file) {
		options_finish(&file_table, &options);
		return error_set_errno(err, -ENOMEM, "file");
	}
	file->backend = (struct char_backend){
		.ops = &file_ops, .loop = loop, .user = *user, .connected = true
	};
	file->fd = -1;
	file->writer = (struct writer){ .loop = loop,
					.label = file->backend.description,
					.on_writable = on_writable,
					.arg = file };
	code = start(file, &options, err);
	options_finish(&file_table, &options);
	if (code < 0) {
		destroy(&file->backend);
		return code;
	}
	*out = &file->backend;
	return 0;
}

const struct char_kind char_file_kind = { .name = "file", .has_options = true, .create = create };
