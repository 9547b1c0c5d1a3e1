/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/paths.h"
#include "mgmt/qmp.h"
#include "vmm/base/compiler.h"
#include "vmm/base/unix_socket.h"

int qmp_socket_path(const char *name, char **out, struct error *err)
{
	AUTO_FREE char *folder = NULL;
	int code;

	*out = NULL;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/')) {
		return error_set(err, -EINVAL,
				 "'%s' is no name for a machine: it may not be empty, start with "
				 "a dot or have a slash",
				 name);
	}
	code = paths_runtime_folder(&folder, err);
	if (code < 0) {
		return code;
	}
	if (asprintf(out, "%s/%s.qmp", folder, name) < 0) {
		*out = NULL;
		return error_set_errno(err, -ENOMEM, "control socket");
	}
	return 0;
}

bool qmp_is_running(const char *name)
{
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;

	if (qmp_socket_path(name, &path, NULL) < 0) {
		return false;
	}
	fd = unix_socket_connect(path);
	return fd >= 0;
}

void qmp_remove_stale(const char *name)
{
	AUTO_FREE char *path = NULL;

	if (qmp_socket_path(name, &path, NULL) == 0) {
		unix_socket_remove_stale(path);
	}
}
