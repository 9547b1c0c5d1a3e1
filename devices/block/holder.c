/* SPDX-License-Identifier: MIT */
#include "devices/block/holder.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A device is the same by whichever node it was opened. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) || S_ISBLK(b->st_mode)) {
		return (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT) && a->st_rdev == b->st_rdev;
	}
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool has_open(const char *pid, const struct stat *file)
{
	char path[sizeof("/proc//fd/") + 2 * NAME_MAX];
	struct dirent *entry;
	struct stat st;
	bool found = false;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		(void)snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, entry->d_name);
		found = stat(path, &st) == 0 && is_same(&st, file);
	}
	if (dir) {
		(void)closedir(dir);
	}
	return found;
}

static void read_name(const char *pid, char *name, size_t size)
{
	char path[sizeof("/proc//comm") + NAME_MAX];
	FILE *comm;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	comm = fopen(path, "re");
	if (!comm || !fgets(name, (int)size, comm)) {
		(void)snprintf(name, size, "?");
	}
	name[strcspn(name, "\n")] = '\0';
	if (comm) {
		(void)fclose(comm);
	}
}

void holder_name(const struct stat *file, char *text, size_t size)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char name[64];

	text[0] = '\0';
	while (dir && text[0] == '\0' && (entry = readdir(dir))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid() && has_open(entry->d_name, file)) {
			read_name(entry->d_name, name, sizeof(name));
			(void)snprintf(text, size, " by process %ld (%s)", pid, name);
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
}
