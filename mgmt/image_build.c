/* SPDX-License-Identifier: MIT */
#include "mgmt/image_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mgmt/image_store.h"
#include "mgmt/subprocess.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define ERASE_LINE "\r\033[K"

struct build {
	const struct recipe *recipe;
	bool on_terminal;
	time_t start;
	/* The engine's last words: an error only when it fails, so they are held back. */
	char last_words[ERROR_TEXT_MAX];
};

static void say_last_words(struct build *build)
{
	if (*build->last_words) {
		if (build->on_terminal) {
			(void)fputs(ERASE_LINE, stderr);
		}
		log_info("image", "%s", build->last_words);
		build->last_words[0] = '\0';
	}
}

static void on_error(void *arg, const char *line)
{
	struct build *build = arg;

	say_last_words(build);
	(void)snprintf(build->last_words, sizeof(build->last_words), "%s", line);
}

/* "progress PERCENT TEXT"; other lines are none of ours. */
static void on_output(void *arg, const char *line)
{
	const struct build *build = arg;
	static const char word[] = "progress ";
	long seconds = (long)(time(NULL) - build->start);
	unsigned long percent;
	char *text;

	if (strncmp(line, word, strlen(word)) != 0) {
		return;
	}
	percent = strtoul(line + strlen(word), &text, 10);
	(void)fprintf(stderr, "%sbuilding %s: %3lu %% %s (%ld s)%s",
		      build->on_terminal ? ERASE_LINE : "", build->recipe->name,
		      MIN(percent, 100ul), text, seconds, build->on_terminal ? "" : "\n");
}

/* Runs the engine, which fills `folder`. */
static int run_engine(const struct recipe *recipe, char *folder, struct error *err)
{
	struct build build = { .recipe = recipe,
			       .on_terminal = isatty(STDERR_FILENO),
			       .start = time(NULL) };
	struct recipe own = *recipe;
	char *argv[] = { own.engine, own.path, folder, NULL };
	const struct subprocess process = {
		.argv = argv, .on_output = on_output, .on_error = on_error, .arg = &build
	};
	int code = subprocess_run(&process, err);

	if (build.on_terminal) {
		(void)fputs(ERASE_LINE, stderr);
	}
	if (code < 0) {
		return code;
	}
	if (code != 0) {
		static const char prefix[] = "error: ";
		const char *words = build.last_words;

		words += strncmp(words, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
		return error_set(err, -EIO, "%s: %s", recipe->name,
				 *words ? words : "the build was interrupted");
	}
	say_last_words(&build);
	if (!image_store_is_complete(folder)) {
		return error_set(err, -EIO, "%s: the engine left no " IMAGE_INI, recipe->name);
	}
	return 0;
}

/* Puts `partial` in the place of `folder`. A machine that runs from the old one keeps its files. */
static int put_in_place(const char *partial, const char *folder, struct error *err)
{
	if (rename(partial, folder) == 0) {
		return 0;
	}
	if (errno == EEXIST || errno == ENOTEMPTY) {
		if (renameat2(AT_FDCWD, partial, AT_FDCWD, folder, RENAME_EXCHANGE) == 0) {
			return image_store_remove(partial);
		}
	}
	return error_set_errno(err, -errno, "cannot put the image at %s", folder);
}

static int build_locked(const struct recipe *recipe, const char *folder, bool force,
			struct error *err)
{
	char partial[PATH_MAX];
	int code;

	if (image_store_is_complete(folder) && !force) {
		return 0;
	}
	/* An empty folder or an old image may be replaced, but nobody's files. */
	if (!image_store_is_complete(folder) && rmdir(folder) < 0 && errno != ENOENT) {
		return error_set(err, -EEXIST, "%s: is there and is no image; choose another place",
				 folder);
	}
	if (snprintf(partial, sizeof(partial), "%s.partial", folder) >= PATH_MAX) {
		return error_set_errno(err, -ENAMETOOLONG, "image %s", folder);
	}
	code = image_store_remove(partial);
	if (code < 0) {
		return error_set_errno(err, code, "cannot remove %s", partial);
	}
	code = run_engine(recipe, partial, err);
	return code < 0 ? code : put_in_place(partial, folder, err);
}

int image_build(const struct recipe *recipe, const char *folder, bool force, struct error *err)
{
	int lock AUTO_CLOSE = image_store_lock(folder, err);

	return lock < 0 ? lock : build_locked(recipe, folder, force, err);
}
