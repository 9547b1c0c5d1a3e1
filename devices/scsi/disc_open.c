/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/scsi/cue.h"
#include "devices/scsi/disc.h"
#include "devices/scsi/disc_probe.h"
#include "vmm/base/compiler.h"

/* Room for what the host's lists of users and groups tell of one. */
#define NAMES_BYTES 1024u

/* --- files --- */

static int explain_permission(const char *path, const struct stat *st, int code, struct error *err)
{
	char user_text[NAMES_BYTES];
	char group_text[NAMES_BYTES];
	struct passwd user_entry;
	struct group group_entry;
	struct passwd *user = NULL;
	struct group *group = NULL;

	(void)getpwuid_r(st->st_uid, &user_entry, user_text, sizeof(user_text), &user);
	(void)getgrgid_r(st->st_gid, &group_entry, group_text, sizeof(group_text), &group);
	return error_set(err, code,
			 "disc %s: no permission to read it: it belongs to %s, group %s, mode %03o",
			 path, user ? user->pw_name : "nobody known",
			 group ? group->gr_name : "unknown", st->st_mode & 0777u);
}

/* Says what to do about a file that is not there, not a file, or not ours to read. */
static int check_file(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		return errno == ENOENT ? error_set(err, -ENOENT,
						   "disc %s: no such file; check the name", path)
				       : error_set_errno(err, -errno, "disc %s", path);
	}
	if (S_ISDIR(st.st_mode)) {
		return error_set(
			err, -EISDIR,
			"disc %s: is a folder; make an image of it: genisoimage -udf -r -o "
			"disc.iso %s",
			path, path);
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		return error_set(err, -EINVAL, "disc %s: is neither a file nor a block device",
				 path);
	}
	if (access(path, R_OK) < 0) {
		return explain_permission(path, &st, -errno, err);
	}
	if (S_ISREG(st.st_mode) && st.st_size == 0) {
		return error_set(err, -EINVAL, "disc %s: is empty; is the copy complete?", path);
	}
	return 0;
}

static int open_file(struct disc *disc, struct loop *loop, const char *path, uint64_t *bytes,
		     struct error *err)
{
	const struct block_raw_config config = { .path = path,
						 .read_only = true,
						 .any_size = true };
	struct block_backend *file = NULL;
	int code = check_file(path, err);

	if (code < 0) {
		return code;
	}
	code = block_raw_create(loop, &config, &file, err);
	if (!file) {
		return code;
	}
	disc->files[disc->file_count++] = file;
	*bytes = file->info.bytes;
	return 0;
}

/* --- images --- */

static int open_image(struct disc *disc, struct loop *loop, struct error *err)
{
	uint64_t bytes = 0;
	int code = open_file(disc, loop, disc->path, &bytes, err);

	if (code < 0) {
		return code;
	}
	if (bytes % DISC_DATA_BYTES != 0) {
		return error_set(err, -EINVAL,
				 "disc %s: its length, %llu bytes, is not a multiple of %u: is the "
				 "copy complete? If it is, pad it: truncate -s %%%u %s",
				 disc->path, (unsigned long long)bytes, DISC_DATA_BYTES,
				 DISC_DATA_BYTES, disc->path);
	}
	if (bytes / DISC_DATA_BYTES > DISC_SECTORS_MAX) {
		return error_set(err, -EFBIG, "disc %s: is larger than a DVD of two layers, 8.5 GB",
				 disc->path);
	}
	code = disc_layout_init_image(&disc->layout, (uint32_t)(bytes / DISC_DATA_BYTES));
	return code < 0 ? error_set_errno(err, code, "disc %s", disc->path) : 0;
}

/* --- cue sheets --- */

/* Returns how many bytes there are, one more than allowed if there are more. */
static ssize_t read_text(const char *path, char *text, size_t size, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	size_t length = 0;
	int code = check_file(path, err);

	if (code < 0) {
		return code;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && length < size) {
		ssize_t got = read(fd, text + length, size - length);

		if (got <= 0) {
			return got == 0 ? (ssize_t)length
					: error_set_errno(err, -errno, "disc %s", path);
		}
		length += (size_t)got;
	}
	return fd < 0 ? error_set_errno(err, -errno, "disc %s", path) : (ssize_t)length;
}

/* The files lie beside the sheet. */
static int open_sheet_files(struct disc *disc, struct loop *loop, struct cue_sheet *sheet,
			    struct error *err)
{
	const char *slash = strrchr(disc->path, '/');
	int folder_length = slash ? (int)(slash - disc->path) + 1 : 0;

	for (unsigned i = 0; i < sheet->file_count; i++) {
		struct cue_file *file = &sheet->files[i];
		AUTO_FREE char *path = NULL;
		int code;

		if (asprintf(&path, "%.*s%s", folder_length, disc->path, file->name) < 0) {
			path = NULL;
			return error_set_errno(err, -ENOMEM, "disc %s", disc->path);
		}
		code = open_file(disc, loop, path, &file->bytes, err);
		if (code < 0) {
			error_prefix(err, "cue sheet %s, line %u", disc->path, file->line);
			return code;
		}
	}
	return 0;
}

static int open_sheet(struct disc *disc, struct loop *loop, struct error *err)
{
	AUTO_FREE struct cue_sheet *sheet = malloc(sizeof(*sheet));
	AUTO_FREE char *text = malloc(CUE_TEXT_MAX + 1);
	ssize_t length;
	int code;

	if (!sheet || !text) {
		return error_set_errno(err, -ENOMEM, "disc %s", disc->path);
	}
	length = read_text(disc->path, text, CUE_TEXT_MAX + 1, err);
	if (length < 0) {
		return (int)length;
	}
	code = cue_parse(sheet, disc->path, text, (size_t)length, err);
	if (code == 0) {
		code = open_sheet_files(disc, loop, sheet, err);
	}
	return code < 0 ? code : cue_layout(sheet, &disc->layout, err);
}

static bool is_sheet(const char *path)
{
	size_t length = strlen(path);

	return length > 4 && strcasecmp(path + length - 4, ".cue") == 0;
}

/* --- discs --- */

int disc_open(struct loop *loop, const struct disc_config *config, struct disc **out,
	      struct error *err)
{
	struct disc *disc = calloc(1, sizeof(*disc));
	int code = -ENOMEM;

	*out = NULL;
	if (disc) {
		disc->path = strdup(config->path);
	}
	if (!disc || !disc->path) {
		(void)error_set_errno(err, code, "disc %s", config->path);
		goto fail;
	}
	code = is_sheet(disc->path) ? open_sheet(disc, loop, err) : open_image(disc, loop, err);
	if (code < 0) {
		goto fail;
	}
	disc->sectors = disc_layout_sectors(&disc->layout);
	code = disc_probe(disc, config->kind, err);
	if (code < 0) {
		goto fail;
	}
	*out = disc;
	return 0;
fail:
	disc_close(disc);
	return code;
}

void disc_close(struct disc *disc)
{
	if (!disc) {
		return;
	}
	disc_drain(disc);
	for (unsigned i = 0; i < disc->file_count; i++) {
		disc->files[i]->ops->destroy(disc->files[i]);
	}
	disc_layout_finish(&disc->layout);
	free(disc->path);
	free(disc);
}
