/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ini.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mgmt/machine_config.h"
#include "mgmt/machine_config_discs.h"

#define LINE_MAX_BYTES 16384
#define FILE_MAX_BYTES (1 << 20)

struct reader {
	struct machine_config *config;
	const char *folder; /* of the file, for relative paths */
	struct error *err;
	int code; /* of the first faulty line */
};

static bool is_path(const char *name, const char *value)
{
	if (strcmp(name, "disc") == 0) {
		return !machine_config_is_disc_name(value);
	}
	return strcmp(name, "kernel") == 0 || strcmp(name, "initrd") == 0 ||
	       strcmp(name, "disk") == 0;
}

/* "root.img,readonly=on" or "file=root.img,…" with the folder put before a relative path. */
static int make_absolute(const char *folder, const char *value, char **out)
{
	static const char key[] = "file=";
	const char *path = strncmp(value, key, strlen(key)) == 0 ? value + strlen(key) : value;

	if (*path == '/') {
		*out = strdup(value);
	} else if (asprintf(out, "%.*s%s/%s", (int)(path - value), value, folder, path) < 0) {
		*out = NULL;
	}
	return *out ? 0 : -ENOMEM;
}

static int on_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;
	AUTO_FREE char *absolute = NULL;

	if (reader->code < 0) {
		return 1; /* the first fault is the one to tell */
	}
	if (*section) {
		reader->code = error_set(reader->err, -EINVAL,
					 "[%s]: this file has no sections, just `key = value` "
					 "lines",
					 section);
	} else if (is_path(name, value)) {
		reader->code = make_absolute(reader->folder, value, &absolute);
		value = absolute;
	}
	if (reader->code == 0) {
		reader->code = machine_config_set(reader->config, name, value, reader->err);
	}
	return reader->code == 0;
}

static int check_file(FILE *file, const char *path, struct error *err)
{
	struct stat status;

	if (fstat(fileno(file), &status) < 0) {
		return error_set_errno(err, -errno, "configuration %s", path);
	}
	if (S_ISDIR(status.st_mode)) {
		return error_set(err, -EISDIR, "configuration %s: is a directory, not a file",
				 path);
	}
	if (status.st_size > FILE_MAX_BYTES) {
		return error_set(err, -EFBIG,
				 "configuration %s: larger than %d bytes, surely another kind of "
				 "file",
				 path, FILE_MAX_BYTES);
	}
	return 0;
}

/* Values are taken as they stand: a kernel command line may hold ';', and is long. */
static void set_dialect(void)
{
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_use_stack = false;
	ini_max_line = LINE_MAX_BYTES;
}

int machine_config_load(struct machine_config *config, const char *path, struct error *err)
{
	AUTO_FREE char *copy = strdup(path);
	struct reader reader = { .config = config, .err = err };
	FILE *file;
	int line;

	if (!copy) {
		return -ENOMEM;
	}
	reader.folder = dirname(copy);
	file = fopen(path, "re");
	if (!file) {
		return error_set_errno(err, -errno, "configuration %s", path);
	}
	reader.code = check_file(file, path, err);
	if (reader.code == 0) {
		set_dialect();
		line = ini_parse_file(file, on_setting, &reader);
		if (reader.code < 0) {
			error_prefix(err, "%s:%d", path, line);
		} else if (line != 0) {
			reader.code = error_set(err, -EINVAL, "%s:%d: not a `key = value` line",
						path, line < 0 ? 0 : line);
		}
	}
	(void)fclose(file);
	return reader.code;
}
