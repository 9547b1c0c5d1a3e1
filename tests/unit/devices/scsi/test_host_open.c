/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/host_open.c devices/scsi/host_sg.c devices/block/holder.c */
#include "devices/scsi/host_open.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devices/scsi/host_sg.h"

TestSuite(host_open, .timeout = 20);

/* Texts of what no drive is; a real one is for the lab (tests/system/test_optical_host.py). */
static void expect_error(const char *path, int code, const char *text)
{
	struct host_sg *sg;
	struct error err;

	cr_assert(eq(int, host_sg_open(path, &sg, &err), code), "%s", path);
	cr_assert(eq(ptr, sg, NULL));
	cr_assert(eq(int, strncmp(err.text, path, strlen(path)), 0), "%s", err.text);
	cr_assert(ne(ptr, strstr(err.text, text), NULL), "%s", err.text);
}

Test(host_open, what_is_no_drive_is_named)
{
	expect_error("/nonexistent/sr9", -ENOENT, "no such drive; see which there are");
	expect_error("/dev", -EISDIR, "is a directory");
	expect_error("/dev/null", -ENOTBLK, "is not an optical drive");
	expect_error("/proc/self/exe", -ENOTBLK, "is a file, not a drive");
}

/* --- mounts --- */

static char path[] = "/tmp/host_open.XXXXXX";

static void write_mounts(const char *text)
{
	const int fd = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
	(void)close(fd);
}

Test(host_open, mount_is_found_and_unescaped)
{
	char place[64] = "";

	write_mounts("22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
		     "40 22 11:1 / /mnt ro - iso9660 /dev/sr1 ro\n"
		     "41 22 11:0 / /media/me/My\\040Disc ro,nosuid - udf /dev/sr0 ro\n");
	cr_assert(host_find_mount(path, makedev(11, 0), place, sizeof(place)));
	cr_assert(eq(str, place, "/media/me/My Disc"));
	cr_assert(not(host_find_mount(path, makedev(11, 2), place, sizeof(place))));
	(void)unlink(path);
}

Test(host_open, odd_mounts_are_passed_over)
{
	char place[8] = "";

	write_mounts("\n41\n41 22 11\n41 22 11:0\n41 22 11:0 /\n41 22 11:0 / /media/disc\\04\n");
	cr_assert(host_find_mount(path, makedev(11, 0), place, sizeof(place)));
	cr_assert(eq(str, place, "/media/")); /* cut to fit */
	(void)unlink(path);
	cr_assert(not(host_find_mount("/nonexistent", makedev(11, 0), place, sizeof(place))));
}
