/* SPDX-License-Identifier: MIT */
#include "vmm/base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/thread.h"

static struct mutex lock = MUTEX_INIT; /* innermost; guards all functions being filled */

static int find_all(const struct library *library, void *handle, void **found, struct error *err)
{
	for (size_t i = 0; i < library->count; i++) {
		found[i] = dlsym(handle, library->names[i]);
		if (!found[i]) {
			return error_set(err, -ENOENT, "%s has no %s; upgrade the package %s",
					 library->file, library->names[i], library->package);
		}
	}
	return 0;
}

static int load_locked(const struct library *library, struct error *err) REQUIRES(lock)
{
	AUTO_FREE void **found = calloc(library->count, sizeof(void *));
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
	int code;

	if (!handle) {
		return error_set(err, -ENOENT, "%s; install the package %s", dlerror(),
				 library->package);
	}
	code = found ? find_all(library, handle, found, err)
		     : error_set_errno(err, -ENOMEM, "%s", library->file);
	if (code < 0) {
		(void)dlclose(handle);
		return code;
	}
	memcpy(library->functions, found, library->count * sizeof(void *));
	return 0;
}

int library_load(const struct library *library, struct error *err)
{
	void *first;
	int code = 0;

	mutex_lock(&lock);
	memcpy(&first, library->functions, sizeof(first));
	if (!first) {
		code = load_locked(library, err);
	}
	mutex_unlock(&lock);
	return code;
}
