/* SPDX-License-Identifier: MIT */
#include "mgmt/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_owner(const char *path, struct error *err)
{
	struct stat status;

	if (lstat(path, &status) < 0) {
		return error_set_errno(err, -errno, "folder %s", path);
	}
	if (!S_ISDIR(status.st_mode)) {
		return error_set(err, -ENOTDIR, "folder %s: is not a folder; remove it", path);
	}
	if (status.st_uid != geteuid()) {
		return error_set(err, -EPERM,
				 "folder %s: belongs to user %u, not to you; set XDG_RUNTIME_DIR "
				 "and XDG_CACHE_HOME to folders of yours",
				 path, status.st_uid);
	}
	return 0;
}

/* Makes the last two levels at most: a missing home is not for us to make. */
static int make_folder(const char *parent, const char *name, char **out, struct error *err)
{
	int code;

	if (asprintf(out, "%s/%s", parent, name) < 0) {
		*out = NULL;
		return error_set_errno(err, -ENOMEM, "folder %s", parent);
	}
	if (mkdir(parent, 0700) < 0 && errno != EEXIST) {
		code = error_set_errno(err, -errno, "folder %s", parent);
	} else if (mkdir(*out, 0700) < 0 && errno != EEXIST) {
		code = error_set_errno(err, -errno, "folder %s", *out);
	} else {
		code = check_owner(*out, err);
	}
	if (code < 0) {
		free(*out);
		*out = NULL;
	}
	return code;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	/* The specification wants relative paths to be ignored. */
	return value && *value == '/' ? value : NULL;
}

int paths_runtime_folder(char **out, struct error *err)
{
	const char *base = environment("XDG_RUNTIME_DIR");
	struct stat status;
	char path[64];

	if (base) {
		return make_folder(base, "thunderlake", out, err);
	}
	(void)snprintf(path, sizeof(path), "/run/user/%u", geteuid());
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		return make_folder(path, "thunderlake", out, err);
	}
	(void)snprintf(path, sizeof(path), "thunderlake-%u", geteuid());
	return make_folder("/tmp", path, out, err);
}

int paths_cache_folder(char **out, struct error *err)
{
	const char *base = environment("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	AUTO_FREE char *cache = NULL;
	const struct passwd *user;

	if (base) {
		return make_folder(base, "thunderlake", out, err);
	}
	if (!home) {
		user = getpwuid(geteuid());
		home = user ? user->pw_dir : "/";
	}
	if (asprintf(&cache, "%s/.cache", home) < 0) {
		cache = NULL;
		return error_set_errno(err, -ENOMEM, "folder %s", home);
	}
	return make_folder(cache, "thunderlake", out, err);
}
