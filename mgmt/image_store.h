/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_IMAGE_STORE_H
#define THUNDERLAKE_MGMT_IMAGE_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "mgmt/recipe.h"
#include "vmm/base/error.h"

/*
 * Where built images lie: one folder NAME-KEY each in images/ of the cache folder. A folder appears
 * there by a rename, complete; while it is made it is called NAME-KEY.partial. A disc lies in one
 * as well: one of the files IMAGE_DISC_* tells it from a guest.
 */
#define IMAGE_INI      "thunderlake.ini"
#define IMAGE_DISC_ISO "disc.iso"
#define IMAGE_DISC_CUE "disc.cue"

struct image {
	char folder[PATH_MAX];
	bool is_current;  /* made from the recipe as it is now */
	const char *disc; /* its file in `folder`, a constant; NULL for a guest */
	time_t built;
	unsigned long long bytes; /* on disk; sparse files count what they hold */
};

/* Where the image of a recipe is or will be. Makes the folder of images. */
int image_store_place(const struct recipe *recipe, char out[PATH_MAX], struct error *err);

/* The image of the recipe called `name`: of `key`, else the one built last from an older recipe
 * (key NULL: any). 0, or -ENOENT without a text. */
int image_store_find(const char *name, const char *key, struct image *out);

/* Whether `folder` holds a complete image. */
bool image_store_is_complete(const char *folder);

/* Removes a folder and all below it. Harmless when it is not there. 0 or -errno. */
int image_store_remove(const char *folder);

/* Waits until no other process makes an image at `folder`, tells that it waits, and keeps others
 * out until the returned descriptor is closed. */
int image_store_lock(const char *folder, struct error *err);

#endif
