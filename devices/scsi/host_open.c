/* SPDX-License-Identifier: MIT */
#include "devices/scsi/host_open.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/major.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devices/block/holder.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define MOUNTINFO "/proc/self/mountinfo"

/* --- who has it --- */

/* Spaces and the like are \ooo in there. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3) {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* The fields of a line: number, parent's, device, root, place; and more. */
static bool parse_mount(char *line, dev_t *device, char **place)
{
	enum {
		DEVICE = 2,
		PLACE = 4
	};
	const char *number = NULL;
	unsigned long major_number;
	char *end;

	for (unsigned i = 0; i <= PLACE; i++) {
		*place = strsep(&line, " \n");
		number = i == DEVICE ? *place : number;
	}
	if (!number || !*place || **place == '\0') {
		return false;
	}
	major_number = strtoul(number, &end, 10);
	if (*end != ':') {
		return false;
	}
	*device = makedev((unsigned)major_number, (unsigned)strtoul(end + 1, NULL, 10));
	return true;
}

bool host_find_mount(const char *mountinfo, dev_t device, char *place, size_t size)
{
	FILE *file = fopen(mountinfo, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (file && !found && getline(&line, &room, file) > 0) {
		dev_t mounted;
		char *path;

		if (parse_mount(line, &mounted, &path) && mounted == device) {
			found = true;
			unescape(path);
			(void)snprintf(place, size, "%s", path);
		}
	}
	free(line);
	if (file) {
		(void)fclose(file);
	}
	return found;
}

static int explain_busy(const char *path, const struct stat *st, struct error *err)
{
	char place[256];
	char holder[128];

	if (host_find_mount(MOUNTINFO, st->st_rdev, place, sizeof(place))) {
		return error_set(err, -EBUSY,
				 "%s: the host has its disc mounted at %s; let it go first with: "
				 "umount '%s'",
				 path, place, place);
	}
	holder_name(st, holder, sizeof(holder));
	return error_set(err, -EBUSY,
			 "%s: is in use%s; one guest at a time can have it, so end that first",
			 path, holder);
}

/* --- who may have it --- */

static int explain_permission(const char *path, const struct stat *st, struct error *err)
{
	const struct group *group = getgrgid(st->st_gid);

	if ((st->st_mode & (S_IRGRP | S_IWGRP)) != (S_IRGRP | S_IWGRP) || st->st_gid == 0 ||
	    !group) {
		return error_set(err, -EACCES,
				 "%s: no permission to use it, and its group has none either; "
				 "give it to one with: sudo chgrp cdrom %s && sudo chmod 660 %s",
				 path, path, path);
	}
	return error_set(err, -EACCES,
			 "%s: no permission to use it; it belongs to group %s; add yourself: sudo "
			 "usermod -aG %s $USER and log in anew",
			 path, group->gr_name, group->gr_name);
}

static int explain(const char *path, const struct stat *st, int code, struct error *err)
{
	switch (code) {
	case -EBUSY:
		return explain_busy(path, st, err);
	case -EACCES:
	case -EPERM:
		return explain_permission(path, st, err);
	case -ENXIO:
	case -ENODEV:
		return error_set(err, -ENODEV,
				 "%s: there is no drive behind it any more; see which there are "
				 "with: ls /dev/sr*",
				 path);
	default:
		return error_set_errno(err, code, "%s: cannot open it", path);
	}
}

/* Looks before it opens: what is no drive is not to be touched. */
static int check_kind(const char *path, const struct stat *st, struct error *err)
{
	if (S_ISDIR(st->st_mode)) {
		return error_set(err, -EISDIR,
				 "%s: is a directory; name the drive's node, such as /dev/sr0",
				 path);
	}
	if (S_ISREG(st->st_mode)) {
		return error_set(err, -ENOTBLK,
				 "%s: is a file, not a drive; the emulated drive (scsi-cd) takes "
				 "images",
				 path);
	}
	if (!S_ISBLK(st->st_mode) || major(st->st_rdev) != SCSI_CDROM_MAJOR) {
		return error_set(err, -ENOTBLK,
				 "%s: is not an optical drive; those are called /dev/sr0, /dev/sr1 "
				 "and so on",
				 path);
	}
	return 0;
}

/*
 * O_EXCL: mounts, and others who open it so, are kept out. For writing, though nothing is written:
 * the kernel then asks the drive for no events, which would be lost to the guest, and lets who is
 * not root lock the tray. O_NONBLOCK: a drive without a disc opens too.
 */
int host_open(const char *path, struct error *err)
{
	const int flags = O_EXCL | O_NONBLOCK | O_CLOEXEC;
	struct stat st;
	int code;
	int fd;

	if (stat(path, &st) < 0) {
		code = -errno;
		if (code == -ENOENT) {
			return error_set(err, code,
					 "%s: no such drive; see which there are with: ls /dev/sr*",
					 path);
		}
		return error_set_errno(err, code, "%s: cannot look at it", path);
	}
	code = check_kind(path, &st, err);
	if (code < 0) {
		return code;
	}
	fd = open(path, O_RDWR | flags);
	code = fd < 0 ? -errno : 0;
	if (code == -EROFS || code == -EACCES) {
		fd = open(path, O_RDONLY | flags);
		if (fd >= 0) {
			log_warn(
				"scsi",
				"%s: this user may only read it: the guest cannot lock its tray or "
				"set its speed",
				path);
		}
	}
	return fd < 0 ? explain(path, &st, code, err) : fd;
}
