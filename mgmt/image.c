/* SPDX-License-Identifier: MIT */
#include "mgmt/image.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/image_build.h"
#include "mgmt/image_store.h"
#include "mgmt/recipe.h"
#include "mgmt/verbs.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/options.h"

#define DESCRIPTION_MAX 160

static enum recipe_kind image_kind(const struct image *image)
{
	return image->disc ? RECIPE_DISC : RECIPE_GUEST;
}

static const char *name_kind(enum recipe_kind kind)
{
	return kind == RECIPE_DISC ? "disc" : "guest";
}

static int refuse_unbuilt(const char *name, enum recipe_kind kind, struct error *err)
{
	return error_set(err, -ENOENT, "%s %s is not built yet: thunderlake image build %s",
			 name_kind(kind), name, name);
}

/* `kind` is what it is. */
static int refuse_kind(const char *name, enum recipe_kind kind, struct error *err)
{
	if (kind == RECIPE_DISC) {
		return error_set(err, -EINVAL,
				 "%s is a disc, not a guest; run a guest with it: thunderlake run "
				 "debian-dvd --disc %s",
				 name, name);
	}
	return error_set(err, -EINVAL, "%s is a guest, not a disc: thunderlake run %s", name, name);
}

/* The image of `name`, current or not, if it is of this kind (NULL: of any). A recipe that is gone
 * or no longer understood is no reason to keep an image from its user. */
static int find_image(const char *name, const enum recipe_kind *kind, struct image *out,
		      struct error *err)
{
	struct recipe recipe;
	int code = recipe_find(name, &recipe, err);

	if (code < 0) {
		if (image_store_find(name, NULL, out) < 0) {
			return code;
		}
	} else if (kind && recipe.kind != *kind) {
		/* Told rather than that it is not built. */
		return refuse_kind(name, recipe.kind, err);
	} else if (image_store_find(recipe.name, recipe.key, out) < 0) {
		return refuse_unbuilt(name, recipe.kind, err);
	}
	if (kind && image_kind(out) != *kind) {
		return refuse_kind(name, image_kind(out), err);
	}
	return 0;
}

/* Finds a file of the image for use: the disc, or the configuration of a guest. */
static int find_file(const char *name, enum recipe_kind kind, char **path, struct error *err)
{
	struct image image = { .folder = "" };
	int code = find_image(name, &kind, &image, err);

	*path = NULL;
	if (code < 0) {
		return code;
	}
	if (!image.is_current) {
		log_info("image",
			 "%s was built from an older recipe; thunderlake image build %s makes it "
			 "anew",
			 name, name);
	}
	if (asprintf(path, "%s/%s", image.folder, image.disc ? image.disc : IMAGE_INI) < 0) {
		*path = NULL;
		return error_set_errno(err, -ENOMEM, "image %s", name);
	}
	return 0;
}

int image_find(const char *name, char **ini_path, struct error *err)
{
	return find_file(name, RECIPE_GUEST, ini_path, err);
}

int image_find_disc(const char *name, char **path, struct error *err)
{
	return find_file(name, RECIPE_DISC, path, err);
}

/* --- verbs: each gets the words after its own --- */

struct build_args {
	const char *source;
	const char *output; /* NULL: the cache */
	bool force;
};

/* By hand, as getopt.h and our option tables both have a struct option. */
static int parse_build_args(int argc, char **argv, struct build_args *out, struct error *err)
{
	static const char output[] = "--output=";

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--force") == 0 || strcmp(argv[i], "-f") == 0) {
			out->force = true;
		} else if (strncmp(argv[i], output, strlen(output)) == 0) {
			out->output = argv[i] + strlen(output);
		} else if ((strcmp(argv[i], "--output") == 0 || strcmp(argv[i], "-o") == 0) &&
			   i + 1 < argc) {
			out->output = argv[++i];
		} else if (*argv[i] == '-') {
			return error_set(err, -EINVAL,
					 "'%s' is not understood (see thunderlake image --help)",
					 argv[i]);
		} else if (out->source) {
			return error_set(err, -EINVAL, "build takes one recipe, not '%s' as well",
					 argv[i]);
		} else {
			out->source = argv[i];
		}
	}
	return out->source ? 0 : error_set(err, -EINVAL, "build what? a recipe's name or path");
}

static int build_verb(int argc, char **argv, struct error *err)
{
	struct build_args args = { .source = NULL };
	char place[PATH_MAX] = "";
	struct recipe recipe;
	int code = parse_build_args(argc, argv, &args, err);

	if (code == 0) {
		code = recipe_find(args.source, &recipe, err);
	}
	if (code == 0 && args.output) {
		(void)snprintf(place, sizeof(place), "%s", args.output);
	} else if (code == 0) {
		code = image_store_place(&recipe, place, err);
	}
	if (code == 0) {
		code = image_build(&recipe, place, args.force, err);
	}
	return code < 0 ? code : printf("%s\n", place);
}

static void print_row(const struct recipe *recipe, const char *state, unsigned long long bytes,
		      const char *description)
{
	char size[24] = "-";

	if (bytes > 0) {
		(void)snprintf(size, sizeof(size), "%llu MiB", bytes >> 20);
	}
	(void)printf("%-16s %-6s %-9s %9s  %s\n", recipe->name, name_kind(recipe->kind), state,
		     size, description);
}

static int list_recipe(const char *name, struct error *err)
{
	char description[DESCRIPTION_MAX];
	struct recipe recipe;
	struct image image;
	int code = recipe_find(name, &recipe, err);

	if (code < 0) {
		return code;
	}
	recipe_describe(recipe.path, description, sizeof(description));
	if (image_store_find(recipe.name, recipe.key, &image) < 0) {
		print_row(&recipe, "-", 0, description);
	} else {
		print_row(&recipe, image.is_current ? "built" : "outdated", image.bytes,
			  description);
	}
	return 0;
}

static int list_verb(int argc, char **argv, struct error *err)
{
	char **names;
	size_t count;
	int code;

	(void)argv;
	if (argc != 1) {
		return error_set(err, -EINVAL, "list takes no further word");
	}
	code = recipe_list(&names, &count, err);
	if (code < 0) {
		return code;
	}
	(void)printf("%-16s %-6s %-9s %9s  %s\n", "NAME", "MAKES", "IMAGE", "SIZE", "WHAT IT IS");
	for (size_t i = 0; code == 0 && i < count; i++) {
		code = list_recipe(names[i], err);
	}
	recipe_list_free(names, count);
	return code;
}

static void print_ini(const char *folder)
{
	char path[PATH_MAX], line[512];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/" IMAGE_INI, folder) >= PATH_MAX) {
		return;
	}
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (line[0] != '#') {
			(void)printf("  %s", line);
		}
	}
	if (file) {
		(void)fclose(file);
	}
}

static int show_verb(int argc, char **argv, struct error *err)
{
	char description[DESCRIPTION_MAX], built[32];
	struct recipe recipe;
	struct image image;
	struct tm when;
	int code;

	if (argc != 2) {
		return error_set(err, -EINVAL, "show takes one name");
	}
	code = recipe_find(argv[1], &recipe, err);
	if (code < 0) {
		return code;
	}
	recipe_describe(recipe.path, description, sizeof(description));
	(void)printf("%s: %s\nrecipe: %s (key %s, makes a %s)\n", recipe.name, description,
		     recipe.path, recipe.key, name_kind(recipe.kind));
	if (image_store_find(recipe.name, recipe.key, &image) < 0) {
		(void)printf("image: not built; thunderlake image build %s\n", argv[1]);
		return 0;
	}
	(void)strftime(built, sizeof(built), "%Y-%m-%d %H:%M", localtime_r(&image.built, &when));
	(void)printf("image: %s%s, built %s, %llu MiB on disk\noptions of `thunderlake run`:\n",
		     image.folder, image.is_current ? "" : " (of an older recipe)", built,
		     image.bytes >> 20);
	print_ini(image.folder);
	return 0;
}

static int path_verb(int argc, char **argv, struct error *err)
{
	struct image image;
	int code;

	if (argc != 2) {
		return error_set(err, -EINVAL, "path takes one name");
	}
	code = find_image(argv[1], NULL, &image, err);
	return code < 0 ? code : printf("%s\n", image.folder);
}

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv, struct error *err);
} verbs[] = {
	{ "build", build_verb },
	{ "list", list_verb },
	{ "show", show_verb },
	{ "path", path_verb },
};

static const char *verb_name(const void *context, size_t i)
{
	(void)context;
	return i < ARRAY_SIZE(verbs) ? verbs[i].name : NULL;
}

static void print_help(FILE *out)
{
	(void)fputs(
		"Usage: thunderlake image build RECIPE [--output=DIR] [--force]\n"
		"       thunderlake image list\n"
		"       thunderlake image show NAME\n"
		"       thunderlake image path NAME\n\n"
		"Makes guest images, and discs for their drives, from recipes and keeps them in\n"
		"~/.cache/thunderlake/images, one for each state of a recipe. `thunderlake run NAME` "
		"starts\na guest, and puts a disc into its drive where asked to.\n\n"
		"  build  make the image of a recipe (a name, or a path with a slash) unless it is "
		"there;\n         prints its folder\n"
		"  list   recipes, and which have images\n"
		"  show   what a recipe makes, its image, and the options it runs with\n"
		"  path   the image's folder, for scripts\n\n"
		"  -o, --output=DIR  put the image at DIR instead\n"
		"  -f, --force       make it anew; what a guest wrote to its disk is lost\n"
		"  -h, --help        this text\n\n"
		"Recipes are looked for in $THUNDERLAKE_RECIPES, else where they were "
		"installed.\nExit codes: 0, or 1 with a message.\n",
		out);
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			return true;
		}
	}
	return false;
}

int image_main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	struct error err = { "" };
	const char *near;

	if (asks_help(argc, argv)) {
		print_help(stdout);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, word) == 0) {
			if (verbs[i].run(argc - 1, argv + 1, &err) >= 0) {
				return 0;
			}
			log_error("image", "%s", err.text);
			return 1;
		}
	}
	if (!*word) {
		print_help(stderr);
		return 1;
	}
	near = nearest_name(word, verb_name, NULL);
	log_error("image", "there is no '%s'%s%s%s", word,
		  near ? "; did you mean '" : " (see thunderlake image --help)", near ? near : "",
		  near ? "'?" : "");
	return 1;
}
