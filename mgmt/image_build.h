/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_IMAGE_BUILD_H
#define THUNDERLAKE_MGMT_IMAGE_BUILD_H

#include <stdbool.h>

#include "mgmt/recipe.h"
#include "vmm/base/error.h"

/*
 * Makes the image of a recipe at `folder`, which appears there complete or not at all; on failure
 * what was made, with build.log, stays in `folder`.partial until the next build. Progress goes to
 * standard error: one line that changes on a terminal, else a line for each step. With `force` an
 * image that is there already is made anew, else it is left alone. -EIO: the recipe's engine
 * failed, the text is its own last line; -EEXIST: something else is at `folder`.
 */
int image_build(const struct recipe *recipe, const char *folder, bool force, struct error *err);

#endif
