/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/paths.c */
#include "mgmt/paths.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

TestSuite(paths, .timeout = 10);

Test(paths, runtime_folder_is_made_private)
{
	char base[] = "/tmp/thunderlake-test-XXXXXX";
	struct stat status;
	char *folder;

	cr_assert(ne(ptr, mkdtemp(base), NULL));
	(void)setenv("XDG_RUNTIME_DIR", base, 1);
	cr_assert(eq(int, paths_runtime_folder(&folder, NULL), 0));
	cr_assert(eq(int, stat(folder, &status), 0));
	cr_assert(eq(u32, status.st_mode & 07777, 0700));
	(void)rmdir(folder);
	(void)rmdir(base);
	free(folder);
}

Test(paths, file_in_place_of_the_folder_is_refused)
{
	char base[] = "/tmp/thunderlake-test-XXXXXX";
	char path[64];
	char *folder;

	cr_assert(ne(ptr, mkdtemp(base), NULL));
	(void)snprintf(path, sizeof(path), "%s/thunderlake", base);
	(void)fclose(fopen(path, "w"));
	(void)setenv("XDG_CACHE_HOME", base, 1);
	cr_assert(eq(int, paths_cache_folder(&folder, NULL), -ENOTDIR));
	cr_assert(eq(ptr, folder, NULL));
	(void)unlink(path);
	(void)rmdir(base);
}

Test(paths, relative_base_is_ignored)
{
	char home[] = "/tmp/thunderlake-test-XXXXXX";
	char want[64];
	char *folder;

	cr_assert(ne(ptr, mkdtemp(home), NULL));
	(void)setenv("XDG_CACHE_HOME", "relative/cache", 1);
	(void)setenv("HOME", home, 1);
	(void)snprintf(want, sizeof(want), "%s/.cache/thunderlake", home);
	cr_assert(eq(int, paths_cache_folder(&folder, NULL), 0));
	cr_assert(eq(str, folder, want));
	(void)rmdir(folder);
	free(folder);
	(void)snprintf(want, sizeof(want), "%s/.cache", home);
	(void)rmdir(want);
	(void)rmdir(home);
}
