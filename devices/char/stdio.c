/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "devices/char/backend.h"
#include "devices/char/escape.h"
#include "devices/char/reader.h"
#include "devices/char/terminal.h"
#include "devices/char/writer.h"

/*
 * Standard input and output. Where input is a terminal it is put into raw mode and Ctrl-A is
 * special; pipes and files are read as they are, and their end means only that no more input comes.
 */
static const char help_text[] = "\r\n"
				"Ctrl-A x       end the virtual machine\r\n"
				"Ctrl-A h       this help\r\n"
				"Ctrl-A Ctrl-A  Ctrl-A for the guest\r\n";

struct char_stdio {
	struct char_backend backend;
	struct reader reader;
	struct writer writer;
	int out_fd; /* owned: standard output, opened anew where possible */
	struct terminal terminal;
	struct escape escape;
};

static atomic_flag taken = ATOMIC_FLAG_INIT;

static size_t write_bytes(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	struct char_stdio *stdio = container_of(backend, struct char_stdio, backend);

	return writer_write(&stdio->writer, bytes, length);
}

static void accept_input(struct char_backend *backend)
{
	reader_accept(&container_of(backend, struct char_stdio, backend)->reader);
}

static void destroy(struct char_backend *backend)
{
	struct char_stdio *stdio = container_of(backend, struct char_stdio, backend);

	writer_drain(&stdio->writer);
	terminal_close(&stdio->terminal);
	reader_stop(&stdio->reader);
	writer_stop(&stdio->writer);
	if (stdio->out_fd >= 0) {
		(void)close(stdio->out_fd);
	}
	free(stdio);
	atomic_flag_clear(&taken);
}

static const struct char_ops stdio_ops = {
	.write = write_bytes,
	.accept_input = accept_input,
	.destroy = destroy,
};

static void on_writable(void *arg)
{
	struct char_stdio *stdio = arg;

	if (stdio->backend.user.on_writable) {
		stdio->backend.user.on_writable(stdio->backend.user.user);
	}
}

static size_t find_escapes(void *arg, const uint8_t *bytes, size_t length, uint8_t *out)
{
	struct char_stdio *stdio = arg;
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		size_t count;

		switch (escape_next(&stdio->escape, bytes[i], out + used, &count)) {
		case ESCAPE_QUIT:
			char_escape_quit();
			break;
		case ESCAPE_HELP:
			(void)writer_write(&stdio->writer, (const uint8_t *)help_text,
					   sizeof(help_text) - 1);
			break;
		case ESCAPE_NONE:
			break;
		}
		used += count;
	}
	return used;
}

static void on_foreground(void *arg, bool foreground)
{
	struct char_stdio *stdio = arg;

	/* Reading from the background would stop the process. */
	if (foreground) {
		reader_resume(&stdio->reader);
	} else {
		reader_pause(&stdio->reader);
	}
}

static void on_resize(void *arg, unsigned columns, unsigned rows)
{
	struct char_stdio *stdio = arg;

	if (stdio->backend.user.on_resize) {
		stdio->backend.user.on_resize(stdio->backend.user.user, columns, rows);
	}
}

/* Non-blocking mode belongs to the open file, which standard output shares with the shell and with
 * other programs: so it is opened anew where the host lets us. Regular files keep their position
 * and never block; a socket does not need the mode. */
static int open_output(struct char_stdio *stdio)
{
	struct stat status;

	if (fstat(STDOUT_FILENO, &status) < 0) {
		return -errno;
	}
	if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode)) {
		stdio->out_fd =
			open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		stdio->writer.may_block = stdio->out_fd < 0;
	}
	if (stdio->out_fd < 0) {
		stdio->out_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	}
	return stdio->out_fd < 0 ? -errno : 0;
}

/* A reader of our output that goes away must not end the process. */
static void ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
		(void)signal(SIGPIPE, SIG_IGN);
	}
}

static int start(struct char_stdio *stdio)
{
	bool is_terminal = isatty(STDIN_FILENO) == 1;
	int code = open_output(stdio);

	if (code < 0) {
		return code;
	}
	ignore_sigpipe();
	stdio->writer.fd = stdio->out_fd;
	code = writer_start(&stdio->writer);
	if (code < 0) {
		return code;
	}
	if (is_terminal) {
		stdio->reader.filter = find_escapes;
		code = terminal_open(&stdio->terminal);
	}
	/* Standard input may be closed; then there is none. */
	if (code == 0 && fcntl(STDIN_FILENO, F_GETFD) >= 0) {
		code = reader_start(&stdio->reader);
	}
	if (code == 0 && is_terminal) {
		reader_pause(&stdio->reader); /* until on_foreground */
	}
	return code;
}

static int create(const char *options, struct loop *loop, const struct char_user *user,
		  struct char_backend **out, struct error *err)
{
	struct char_stdio *stdio;
	int code;

	(void)options;
	if (atomic_flag_test_and_set(&taken)) {
		return error_set(err, -EBUSY, "stdio: another device has the terminal already");
	}
	stdio = calloc(1, sizeof(*stdio));
	if (!stdio) {
		atomic_flag_clear(&taken);
		return error_set_errno(err, -ENOMEM, "stdio");
	}
	stdio->backend = (struct char_backend){
		.ops = &stdio_ops, .loop = loop, .user = *user, .connected = true
	};
	char_set_description(&stdio->backend, "stdio");
	stdio->out_fd = -1;
	stdio->reader = (struct reader){
		.loop = loop, .fd = STDIN_FILENO, .user = &stdio->backend.user, .arg = stdio
	};
	stdio->writer = (struct writer){ .loop = loop,
					 .label = stdio->backend.description,
					 .on_writable = on_writable,
					 .arg = stdio };
	stdio->terminal = (struct terminal){ .loop = loop,
					     .fd = STDIN_FILENO,
					     .on_foreground = on_foreground,
					     .on_resize = on_resize,
					     .arg = stdio,
					     .event_fd = -1 };
	code = start(stdio);
	if (code < 0) {
		destroy(&stdio->backend);
		return error_set_errno(err, code, "stdio");
	}
	*out = &stdio->backend;
	return 0;
}

const struct char_kind char_stdio_kind = { .name = "stdio", .create = create };
