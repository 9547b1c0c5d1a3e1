/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/clipboard.h"
#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_screen.h"
#include "mgmt/paths.h"
#include "mgmt/small_file.h"
#include "vmm/base/compiler.h"

/* What is copied travels in files, whatever its size: requests of the control socket are bounded.
 */

/* A file for us and the machine alone; removed when it leaves its scope. */
struct passing_file {
	char *path;
};

static void remove_passing_file(const struct passing_file *file)
{
	if (file->path) {
		(void)unlink(file->path);
		free(file->path);
	}
}

static int make_passing_file(struct passing_file *file, struct error *err)
{
	AUTO_FREE char *folder = NULL;
	int code = paths_runtime_folder(&folder, err);
	int fd;

	if (code < 0) {
		return code;
	}
	if (asprintf(&file->path, "%s/clipboard.XXXXXX", folder) < 0) {
		file->path = NULL;
		return error_set_errno(err, -ENOMEM, "clipboard");
	}
	fd = mkstemp(file->path);
	if (fd < 0) {
		code = error_set_errno(err, -errno, "%s", file->path);
		free(file->path);
		file->path = NULL;
		return code;
	}
	(void)close(fd);
	return 0;
}

static int show_text(const char *path, struct error *err)
{
	AUTO_FREE uint8_t *bytes = NULL;
	size_t length;
	int code = small_file_read(path, CLIPBOARD_BYTES_MAX, &bytes, &length);

	if (code < 0) {
		return error_set_errno(err, code, "%s", path);
	}
	return fwrite(bytes, 1, length, stdout) == length ? 0
							  : error_set_errno(err, -EIO, "output");
}

static int get(struct ctl *ctl, const char *to, struct error *err)
{
	__attribute__((cleanup(remove_passing_file))) struct passing_file file = { NULL };
	AUTO_FREE char *path = NULL;
	json_t *value = NULL;
	const char *format = NULL;
	int code = to ? ctl_absolute_path(to, &path, err) : make_passing_file(&file, err);

	if (code < 0) {
		return code;
	}
	code = ctl_client_execute(&ctl->client, "x-thunderlake-clipboard-get",
				  json_pack("{s:s}", "file", path ? path : file.path), &value, err);
	format = json_string_value(json_object_get(value, "format"));
	if (code == 0 && format && strcmp(format, "none") == 0) {
		code = error_set(err, -ENODATA, "nothing has been copied");
	} else if (code == 0 && !to && format && strcmp(format, "text") != 0) {
		code = error_set(err, -ENOTSUP, "an image was copied: give a FILE for it");
	} else if (code == 0 && !to) {
		code = show_text(file.path, err);
	}
	json_decref(value);
	return code;
}

/* All of standard input. */
static int read_input(const char *path, struct error *err)
{
	AUTO_FREE uint8_t *bytes = malloc(CLIPBOARD_BYTES_MAX + 1);
	size_t length;
	int code;

	if (!bytes) {
		return error_set_errno(err, -ENOMEM, "clipboard");
	}
	length = fread(bytes, 1, CLIPBOARD_BYTES_MAX + 1, stdin);
	code = small_file_write(path, bytes, length);
	return code < 0 ? error_set_errno(err, code, "%s", path) : 0;
}

static int set(struct ctl *ctl, const char *text, struct error *err)
{
	__attribute__((cleanup(remove_passing_file))) struct passing_file file = { NULL };
	int code = make_passing_file(&file, err);

	if (code < 0) {
		return code;
	}
	if (text) {
		code = small_file_write(file.path, text, strlen(text));
		if (code < 0) {
			return error_set_errno(err, code, "%s", file.path);
		}
	} else {
		code = read_input(file.path, err);
	}
	return code
		       ?: ctl_execute(ctl, "x-thunderlake-clipboard-set",
				      json_pack("{s:s}", "file", file.path), err);
}

static int run_clipboard(struct ctl *ctl, char **argv, struct error *err)
{
	if (strcmp(argv[0], "get") == 0) {
		return get(ctl, argv[1], err);
	}
	if (strcmp(argv[0], "set") == 0) {
		return set(ctl, argv[1], err);
	}
	return error_set(err, -EINVAL, "expected: clipboard get [FILE], or clipboard set [TEXT]");
}

const struct ctl_action ctl_clipboard_actions[] = {
	{ "clipboard", "get [FILE]|set [TEXT]",
	  "print or save what was copied; copy TEXT, or standard input", 1, 2, NULL,
	  run_clipboard },
	{ .name = NULL },
};
