/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/image.c mgmt/image_build.c mgmt/image_store.c mgmt/recipe.c mgmt/paths.c */
/* LINK: mgmt/subprocess.c */
/*
 * With a recipes folder of its own, whose tiny engine makes images at once and leaves a count of
 * its runs.
 */
#include "mgmt/image.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmt/image_build.h"
#include "mgmt/image_store.h"
#include "mgmt/recipe.h"
#include "mgmt/verbs.h"
#include "vmm/base/log.h"

#define ENGINE                                                         \
	"#!/bin/sh\n"                                                  \
	"if [ $1 = --key ]; then\n"                                    \
	"	grep -q bad $2 && { echo 'error: bad' >&2; exit 1; }\n"      \
	"	cksum <$2 | tr -cd 0-9\n"                                    \
	"	grep -qE 'ISO|CUE' $2 && echo ' disc' || echo; exit\n"       \
	"fi\n"                                                         \
	"echo run >>$COUNT\n"                                          \
	"echo 'progress 50 half'\n"                                    \
	"grep -q fails $1 && { echo 'error: no luck' >&2; exit 1; }\n" \
	"mkdir -p $2 && echo 'memory = 1G' >$2/thunderlake.ini\n"      \
	"! grep -q ISO $1 || : >$2/disc.iso\n"                         \
	"! grep -q CUE $1 || : >$2/disc.cue\n"

static char base[PATH_MAX];
static char last_error[1024];
static struct error err;
static struct recipe recipe;

/* A path in `base`; valid until the next one. */
static char *path_of(const char *name)
{
	static char path[PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	cr_assert(ne(ptr, file, NULL), "%s", path);
	(void)fputs(text, file);
	(void)fclose(file);
	(void)chmod(path, mode);
}

static void keep_error(enum log_level level, const char *tag, const char *text)
{
	(void)tag;
	if (level == LOG_LEVEL_ERROR) {
		(void)snprintf(last_error, sizeof(last_error), "%s", text);
	}
}

/* Each test is its own process, so the folders are, too. */
static void setup(void)
{
	(void)snprintf(base, sizeof(base), "/tmp/test-image-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(base), NULL));
	(void)mkdir(path_of("recipes"), 0700);
	write_file(path_of("recipes/build"), ENGINE, 0755);
	write_file(path_of("recipes/plain"), "# SPDX\n# A plain one. More.\n", 0644);
	write_file(path_of("recipes/README.md"), "no recipe", 0644);
	(void)setenv("XDG_CACHE_HOME", base, 1);
	(void)setenv("COUNT", path_of("count"), 1);
	(void)setenv("THUNDERLAKE_RECIPES", path_of("recipes"), 1);
	log_set_sink(keep_error);
}

static void teardown(void)
{
	(void)image_store_remove(base);
}

static unsigned count_runs(void)
{
	struct stat st;

	return stat(path_of("count"), &st) == 0 ? (unsigned)st.st_size / 4 : 0;
}

/* The verb, with its words; its standard output is thrown away. */
static int run_verb(char *word, char *argument, char *option)
{
	static char image[] = "image";
	char *argv[] = { image, word, argument, option, NULL };
	int argc = 1 + !!word + !!argument + !!option;

	(void)freopen("/dev/null", "w", stdout);
	return image_main(argc, argv);
}

TestSuite(image, .init = setup, .fini = teardown, .timeout = 30);

static char build[] = "build", plain[] = "plain", force[] = "--force";

Test(image, recipe_has_name_path_and_key)
{
	char text[64];

	cr_assert(eq(int, recipe_find("plain", &recipe, &err), 0), "%s", err.text);
	cr_assert(eq(str, recipe.name, "plain"));
	cr_assert(gt(sz, strlen(recipe.key), 3));
	recipe_describe(recipe.path, text, sizeof(text));
	cr_assert(eq(str, text, "A plain one"));
}

Test(image, list_leaves_out_engine_and_readme)
{
	char **names;
	size_t count;

	cr_assert(eq(int, recipe_list(&names, &count, &err), 0));
	cr_assert(eq(sz, count, 1));
	cr_assert(eq(str, names[0], "plain"));
	recipe_list_free(names, count);
}

Test(image, unknown_name_suggests_the_nearest)
{
	cr_assert(eq(int, recipe_find("plian", &recipe, &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "did you mean 'plain'?"), NULL), "%s", err.text);
	cr_assert(eq(int, recipe_find("build", &recipe, &err), -ENOENT), "the engine is none");
	cr_assert(eq(int, recipe_find("..", &recipe, &err), -ENOENT));
}

Test(image, recipe_by_path)
{
	write_file(path_of("own.recipe"), "mine", 0644);
	cr_assert(eq(int, recipe_find(path_of("own.recipe"), &recipe, &err), 0));
	cr_assert(eq(str, recipe.name, "own.recipe"));
	cr_assert(eq(int, recipe_find(base, &recipe, &err), -EINVAL), "a folder");
	write_file(path_of("a b"), "mine", 0644);
	cr_assert(eq(int, recipe_find(path_of("a b"), &recipe, &err), -EINVAL));
}

Test(image, engine_refuses_recipe)
{
	write_file(path_of("recipes/wrong"), "bad", 0644);
	cr_assert(eq(int, recipe_find("wrong", &recipe, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "error: bad"), NULL), "%s", err.text);
}

Test(image, is_not_found_before_it_is_built)
{
	char *ini;

	cr_assert(eq(int, image_find("plain", &ini, &err), -ENOENT));
	cr_assert(eq(ptr, ini, NULL));
	cr_assert(ne(ptr, strstr(err.text, "thunderlake image build plain"), NULL), "%s", err.text);
}

Test(image, is_built_once_and_found)
{
	char *ini;

	cr_assert(eq(int, run_verb(build, plain, NULL), 0), "%s", last_error);
	cr_assert(eq(int, run_verb(build, plain, NULL), 0));
	cr_assert(eq(uint, count_runs(), 1), "the second build found the first");
	cr_assert(eq(int, image_find("plain", &ini, &err), 0), "%s", err.text);
	cr_assert(eq(int, access(ini, R_OK), 0));
	free(ini);
}

Test(image, force_builds_anew)
{
	cr_assert(eq(int, run_verb(build, plain, NULL), 0));
	cr_assert(eq(int, run_verb(build, plain, force), 0), "%s", last_error);
	cr_assert(eq(uint, count_runs(), 2));
}

Test(image, changed_recipe_leaves_the_old_image_usable)
{
	struct image image;
	char *ini;

	cr_assert(eq(int, run_verb(build, plain, NULL), 0));
	write_file(path_of("recipes/plain"), "other text", 0644);
	cr_assert(eq(int, recipe_find("plain", &recipe, &err), 0));
	cr_assert(eq(int, image_store_find("plain", recipe.key, &image), 0));
	cr_assert(not(image.is_current));
	cr_assert(eq(int, image_find("plain", &ini, &err), 0));
	free(ini);
}

Test(image, image_outlives_its_recipe)
{
	char *ini;

	cr_assert(eq(int, run_verb(build, plain, NULL), 0));
	(void)unlink(path_of("recipes/plain"));
	cr_assert(eq(int, image_find("plain", &ini, &err), 0), "%s", err.text);
	free(ini);
}

Test(image, failed_build_leaves_no_image)
{
	static char name[] = "sad";
	char *ini;

	write_file(path_of("recipes/sad"), "fails", 0644);
	cr_assert(eq(int, run_verb(build, name, NULL), 1));
	cr_assert(eq(str, last_error, "sad: no luck"));
	cr_assert(eq(int, image_find("sad", &ini, &err), -ENOENT));
}

Test(image, disc_is_found_by_name)
{
	static char iso[] = "dvd", cue[] = "cd";
	char *path;

	write_file(path_of("recipes/dvd"), "ISO", 0644);
	write_file(path_of("recipes/cd"), "CUE", 0644);
	cr_assert(eq(int, image_find_disc("dvd", &path, &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "disc dvd is not built"), NULL), "%s", err.text);
	cr_assert(eq(int, run_verb(build, iso, NULL), 0), "%s", last_error);
	cr_assert(eq(int, run_verb(build, cue, NULL), 0), "%s", last_error);
	cr_assert(eq(int, image_find_disc("dvd", &path, &err), 0), "%s", err.text);
	cr_assert(eq(str, strrchr(path, '/'), "/disc.iso"));
	cr_assert(eq(int, access(path, R_OK), 0));
	free(path);
	cr_assert(eq(int, image_find_disc("cd", &path, &err), 0), "%s", err.text);
	cr_assert(eq(str, strrchr(path, '/'), "/disc.cue"));
	free(path);
}

/* Built or not, and though its recipe be gone. */
Test(image, disc_is_no_guest)
{
	static char name[] = "dvd";
	char *path;

	write_file(path_of("recipes/dvd"), "ISO", 0644);
	cr_assert(eq(int, image_find("dvd", &path, &err), -EINVAL));
	cr_assert(eq(int, run_verb(build, name, NULL), 0), "%s", last_error);
	cr_assert(eq(int, image_find("dvd", &path, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "--disc dvd"), NULL), "%s", err.text);
	(void)unlink(path_of("recipes/dvd"));
	cr_assert(eq(int, image_find("dvd", &path, &err), -EINVAL));
	cr_assert(eq(ptr, path, NULL));
	cr_assert(eq(int, image_find_disc("dvd", &path, &err), 0), "%s", err.text);
	free(path);
}

Test(image, guest_is_no_disc)
{
	char *path;

	cr_assert(eq(int, image_find_disc("plain", &path, &err), -EINVAL));
	cr_assert(eq(int, run_verb(build, plain, NULL), 0));
	cr_assert(eq(int, image_find_disc("plain", &path, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "thunderlake run plain"), NULL), "%s", err.text);
	cr_assert(eq(ptr, path, NULL));
}

Test(image, output_replaces_nobodys_files)
{
	static char option[PATH_MAX + 16];

	(void)mkdir(path_of("mine"), 0700);
	write_file(path_of("mine/file"), "dear", 0644);
	(void)snprintf(option, sizeof(option), "--output=%s/mine", base);
	cr_assert(eq(int, run_verb(build, plain, option), 1));
	cr_assert(ne(ptr, strstr(last_error, "is no image"), NULL), "%s", last_error);
	cr_assert(eq(int, access(path_of("mine/file"), F_OK), 0));
}

Test(image, output_goes_where_it_is_told)
{
	static char option[PATH_MAX + 16];

	(void)snprintf(option, sizeof(option), "--output=%s/there", base);
	cr_assert(eq(int, run_verb(build, plain, option), 0), "%s", last_error);
	cr_assert(image_store_is_complete(path_of("there")));
}

Test(image, names_with_a_common_start_are_apart)
{
	struct image image;

	cr_assert(eq(int, run_verb(build, plain, NULL), 0));
	/* "plain-KEY" is no image of a recipe called "pla", nor is "plain-x" one of "plain". */
	cr_assert(eq(int, image_store_find("pla", NULL, &image), -ENOENT));
	cr_assert(eq(int, image_store_find("plain-x", NULL, &image), -ENOENT));
}

Test(image, wrong_words_are_refused)
{
	static char unknown[] = "biuld", option[] = "--frce";

	cr_assert(eq(int, run_verb(unknown, NULL, NULL), 1));
	cr_assert(ne(ptr, strstr(last_error, "did you mean 'build'?"), NULL), "%s", last_error);
	cr_assert(eq(int, run_verb(build, NULL, NULL), 1));
	cr_assert(eq(int, run_verb(build, plain, option), 1));
	cr_assert(eq(int, run_verb(build, plain, plain), 1));
}
