/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_IMAGE_H
#define THUNDERLAKE_MGMT_IMAGE_H

#include "vmm/base/error.h"

/*
 * Guest images and discs made from recipes and kept in the cache folder. Finds the image called
 * `name` that was built last from its present recipe: *ini_path is its configuration file,
 * malloc'ed, the caller's. -ENOENT with a text that says how to build it; -EINVAL: it is a disc.
 */
int image_find(const char *name, char **ini_path, struct error *err);

/* The same for a disc: *path is the file to put into a drive, an ISO image or a cue sheet. -EINVAL:
 * the name is that of a guest. */
int image_find_disc(const char *name, char **path, struct error *err);

#endif
