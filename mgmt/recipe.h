/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_RECIPE_H
#define THUNDERLAKE_MGMT_RECIPE_H

#include <limits.h>
#include <stddef.h>

#include "vmm/base/error.h"

enum recipe_kind {
	RECIPE_GUEST, /* an image that runs */
	RECIPE_DISC,  /* a disc for a guest's drive */
};

/*
 * Recipes of guest images and discs: files of the recipes folder, or files anywhere given by a
 * path. The folder's program `build` understands them. The folder is $THUNDERLAKE_RECIPES; else
 * mgmt/recipes beside the program, which runs from its build folder then; else
 * DATADIR/thunderlake/recipes.
 */
struct recipe {
	char name[NAME_MAX + 1];
	char path[PATH_MAX];
	char engine[PATH_MAX]; /* the program `build` */
	char key[65];	       /* changes with anything that goes into the image */
	enum recipe_kind kind;
};

/* The folder of the recipes, into `out`. -ENOENT with what to do. */
int recipe_folder(char out[PATH_MAX], struct error *err);

/* `source`, with a slash: a path; else a name in the recipes folder. Runs the engine for key and
 * kind.
 * -ENOENT: no such recipe (the text suggests the nearest); -EINVAL: no recipe, or one that the
 * engine does not understand. */
int recipe_find(const char *source, struct recipe *out, struct error *err);

/* The names in the recipes folder, sorted; an array of *count strings, each malloc'ed, as is the
 * array. */
int recipe_list(char ***names, size_t *count, struct error *err);
void recipe_list_free(char **names, size_t count);

/* The recipe's own first comment, one sentence of it. */
void recipe_describe(const char *path, char *text, size_t size);

#endif
