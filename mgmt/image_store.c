/* SPDX-License-Identifier: MIT */
#include "mgmt/image_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmt/paths.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define REMOVE_DESCRIPTORS 16
#define SECTOR_BYTES	   512u /* st_blocks' unit */

static int join(char out[PATH_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int images_folder(char out[PATH_MAX], struct error *err)
{
	AUTO_FREE char *cache = NULL;
	int code = paths_cache_folder(&cache, err);

	if (code < 0) {
		cache = NULL;
		return code;
	}
	code = join(out, cache, "images");
	if (code == 0 && mkdir(out, 0700) < 0 && errno != EEXIST) {
		code = -errno;
	}
	return code < 0 ? error_set_errno(err, code, "folder %s/images", cache) : 0;
}

int image_store_place(const struct recipe *recipe, char out[PATH_MAX], struct error *err)
{
	char images[PATH_MAX];
	char name[sizeof(recipe->name) + sizeof(recipe->key) + 1];
	int code = images_folder(images, err);

	if (code < 0) {
		return code;
	}
	(void)snprintf(name, sizeof(name), "%s-%s", recipe->name, recipe->key);
	code = join(out, images, name);
	return code < 0 ? error_set_errno(err, code, "image %s", recipe->name) : 0;
}

bool image_store_is_complete(const char *folder)
{
	char path[PATH_MAX];

	return join(path, folder, IMAGE_INI) == 0 && access(path, R_OK) == 0;
}

static const char *find_disc(const char *folder)
{
	static const char *const names[] = { IMAGE_DISC_ISO, IMAGE_DISC_CUE };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (join(path, folder, names[i]) == 0 && access(path, F_OK) == 0) {
			return names[i];
		}
	}
	return NULL;
}

/* Fills the image in `folder`; false when there is none. */
static bool look_at(const char *folder, struct image *out)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (join(path, folder, IMAGE_INI) < 0 || stat(path, &st) < 0) {
		return false;
	}
	*out = (struct image){ .built = st.st_mtime, .disc = find_disc(folder) };
	(void)snprintf(out->folder, sizeof(out->folder), "%s", folder);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		if (join(path, folder, entry->d_name) == 0 && lstat(path, &st) == 0 &&
		    S_ISREG(st.st_mode)) {
			out->bytes += (unsigned long long)st.st_blocks * SECTOR_BYTES;
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	return true;
}

/* Whether the entry is called NAME-KEY with this name and any key. */
static bool is_of(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '-' && entry[length + 1] &&
	       !strpbrk(entry + length + 1, "-.");
}

static int find_newest(const char *images, const char *name, struct image *out)
{
	const struct dirent *entry;
	DIR *dir = opendir(images);
	int code = -ENOENT;

	while (dir && (entry = readdir(dir))) {
		char folder[PATH_MAX];
		struct image image;

		if (is_of(entry->d_name, name) && join(folder, images, entry->d_name) == 0 &&
		    look_at(folder, &image) && (code != 0 || image.built > out->built)) {
			*out = image;
			code = 0;
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	return code;
}

int image_store_find(const char *name, const char *key, struct image *out)
{
	char images[PATH_MAX], folder[PATH_MAX];

	if (images_folder(images, NULL) < 0) {
		return -ENOENT;
	}
	if (key && snprintf(folder, sizeof(folder), "%s/%s-%s", images, name, key) < PATH_MAX &&
	    look_at(folder, out)) {
		out->is_current = true;
		return 0;
	}
	return find_newest(images, name, out);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int image_store_remove(const char *folder)
{
	if (nftw(folder, remove_entry, REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS) < 0 &&
	    errno != ENOENT) {
		return -errno;
	}
	return 0;
}

int image_store_lock(const char *folder, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s.lock", folder) >= PATH_MAX) {
		return error_set_errno(err, -ENAMETOOLONG, "lock %s", folder);
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return error_set_errno(err, -errno, "lock %s", path);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		return fd;
	}
	log_info("image", "waiting for another build of %s", folder);
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR) {
			int code = -errno;

			(void)close(fd);
			return error_set_errno(err, code, "lock %s", path);
		}
	}
	return fd;
}
