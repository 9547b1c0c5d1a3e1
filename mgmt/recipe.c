/* SPDX-License-Identifier: MIT */
#include "mgmt/recipe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "mgmt/subprocess.h"
#include "vmm/base/compiler.h"
#include "vmm/base/options.h"

#define ENGINE	    "build"
#define NOT_COMMENT "shellcheck" /* comments for tools, not for people */

static int join(char out[PATH_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static bool has_engine(const char *folder)
{
	char path[PATH_MAX];

	return join(path, folder, ENGINE) == 0 && access(path, X_OK) == 0;
}

/* mgmt/recipes beside the program: it runs from its build folder. */
static bool find_beside_program(char out[PATH_MAX])
{
	char program[PATH_MAX], path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	if (n <= 0) {
		return false;
	}
	program[n] = '\0';
	slash = strrchr(program, '/');
	if (!slash) {
		return false;
	}
	*slash = '\0';
	/* A build folder has a link there; the engine copies its folder and wants the real one. */
	return join(path, program, "mgmt/recipes") == 0 && realpath(path, out) && has_engine(out);
}

int recipe_folder(char out[PATH_MAX], struct error *err)
{
	const char *chosen = getenv("THUNDERLAKE_RECIPES");

	if (chosen) {
		(void)snprintf(out, PATH_MAX, "%s", chosen);
		return has_engine(out) ? 0
				       : error_set(err, -ENOENT,
						   "THUNDERLAKE_RECIPES=%s: there is no program %s",
						   chosen, ENGINE);
	}
	if (find_beside_program(out)) {
		return 0;
	}
	(void)snprintf(out, PATH_MAX, "%s", THUNDERLAKE_DATADIR "/recipes");
	if (has_engine(out)) {
		return 0;
	}
	return error_set(err, -ENOENT, "no recipes in %s; run make install", out);
}

/* --- names --- */

/* Recipes are plain files; the engine is a program, and what else lies there has a dot. */
static bool is_recipe(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return !strchr(name, '.') && join(path, folder, name) == 0 && stat(path, &st) == 0 &&
	       S_ISREG(st.st_mode) && !(st.st_mode & S_IXUSR);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int append(char ***names, size_t *count, const char *name)
{
	char **more = realloc(*names, (*count + 1) * sizeof(*more));

	if (!more) {
		return -ENOMEM;
	}
	*names = more;
	more[*count] = strdup(name);
	if (!more[*count]) {
		return -ENOMEM;
	}
	(*count)++;
	return 0;
}

int recipe_list(char ***names, size_t *count, struct error *err)
{
	char folder[PATH_MAX];
	const struct dirent *entry;
	int code = recipe_folder(folder, err);
	DIR *dir;

	*names = NULL;
	*count = 0;
	if (code < 0) {
		return code;
	}
	dir = opendir(folder);
	if (!dir) {
		return error_set_errno(err, -errno, "recipes folder %s", folder);
	}
	while (code == 0 && (entry = readdir(dir))) {
		if (is_recipe(folder, entry->d_name)) {
			code = append(names, count, entry->d_name);
		}
	}
	(void)closedir(dir);
	if (code < 0) {
		recipe_list_free(*names, *count);
		*names = NULL;
		*count = 0;
		return error_set_errno(err, code, "recipes folder %s", folder);
	}
	if (*count > 0) {
		qsort(*names, *count, sizeof(**names), compare);
	}
	return 0;
}

void recipe_list_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(names[i]);
	}
	free(names);
}

struct candidates {
	char **names;
	size_t count;
};

static const char *candidate(const void *context, size_t i)
{
	const struct candidates *candidates = context;

	return i < candidates->count ? candidates->names[i] : NULL;
}

static int refuse_name(const char *name, struct error *err)
{
	struct candidates candidates;
	const char *near;
	int code = recipe_list(&candidates.names, &candidates.count, err);

	if (code < 0) {
		return code;
	}
	near = nearest_name(name, candidate, &candidates);
	(void)error_set(err, -ENOENT, "there is no image or recipe '%s'%s%s%s", name,
			near ? "; did you mean '" : "; `thunderlake image list` shows them",
			near ? near : "", near ? "'?" : "");
	recipe_list_free(candidates.names, candidates.count);
	return -ENOENT;
}

/* --- keys --- */

struct key_reader {
	struct recipe *recipe;
	struct error *err;
};

/* "KEY" or "KEY KIND" */
static void on_key(void *arg, const char *line)
{
	const struct key_reader *reader = arg;
	struct recipe *recipe = reader->recipe;
	size_t length = strcspn(line, " ");

	(void)snprintf(recipe->key, sizeof(recipe->key), "%.*s", (int)length, line);
	recipe->kind = strcmp(line + length, " disc") == 0 ? RECIPE_DISC : RECIPE_GUEST;
}

static void on_key_error(void *arg, const char *line)
{
	struct key_reader *reader = arg;

	/* The last line tells. */
	(void)error_set(reader->err, -EINVAL, "%s", line);
}

/* The key becomes part of a folder's name. */
static bool is_key(const char *key)
{
	return *key && strspn(key, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(key);
}

static int read_key(struct recipe *recipe, struct error *err)
{
	static char ask[] = "--key";
	struct key_reader reader = { recipe, err };
	char *argv[] = { recipe->engine, ask, recipe->path, NULL };
	const struct subprocess process = {
		.argv = argv, .on_output = on_key, .on_error = on_key_error, .arg = &reader
	};
	int code;

	(void)error_set(err, -EINVAL, "the engine %s told no key", recipe->engine);
	code = subprocess_run(&process, err);
	if (code < 0) {
		return code;
	}
	if (code != 0 || !is_key(recipe->key)) {
		error_prefix(err, "recipe %s", recipe->path);
		return -EINVAL;
	}
	return 0;
}

/* The name becomes part of a folder's name and the guest's host name. */
static bool is_name(const char *name)
{
	return *name && *name != '.' && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       strlen(name);
}

/* `source` has a slash, the last one at `slash`. */
static int find_file(const char *source, const char *slash, struct recipe *out, struct error *err)
{
	struct stat st;

	if (!realpath(source, out->path) || stat(out->path, &st) < 0) {
		return error_set_errno(err, -errno, "recipe %s", source);
	}
	if (!S_ISREG(st.st_mode)) {
		return error_set(err, -EINVAL, "recipe %s: is not a file", source);
	}
	if (!is_name(slash + 1) || strlen(slash + 1) >= sizeof(out->name)) {
		return error_set(err, -EINVAL,
				 "recipe %s: name the file with letters, digits, '-', '_' and '.'",
				 source);
	}
	(void)snprintf(out->name, sizeof(out->name), "%s", slash + 1);
	return 0;
}

int recipe_find(const char *source, struct recipe *out, struct error *err)
{
	const char *slash = strrchr(source, '/');
	char folder[PATH_MAX];
	int code = recipe_folder(folder, err);

	*out = (struct recipe){ .key = "" };
	if (code < 0) {
		return code;
	}
	if (slash) {
		code = find_file(source, slash, out, err);
	} else if (!is_name(source) || !is_recipe(folder, source)) {
		code = refuse_name(source, err);
	} else {
		(void)snprintf(out->name, sizeof(out->name), "%s", source);
		code = join(out->path, folder, source);
	}
	if (code < 0) {
		return code;
	}
	code = join(out->engine, folder, ENGINE);
	return code < 0 ? error_set_errno(err, code, "recipe %s", source) : read_key(out, err);
}

void recipe_describe(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[512];
	size_t used = 0;

	text[0] = '\0';
	while (file && fgets(line, sizeof(line), file) && line[0] == '#') {
		const char *words = line + strspn(line, "# ");

		if (strncmp(words, "SPDX", 4) == 0 ||
		    strncmp(words, NOT_COMMENT, strlen(NOT_COMMENT)) == 0) {
			continue;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%.*s", used ? " " : "",
					 (int)strcspn(words, "\n"), words);
		if (used >= size || strchr(text, '.')) {
			break;
		}
	}
	text[strcspn(text, ".")] = '\0';
	if (file) {
		(void)fclose(file);
	}
}
