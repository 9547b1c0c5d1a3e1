/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_config_discs.h"

#include <errno.h>
#include <linux/major.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mgmt/image.h"
#include "vmm/base/compiler.h"
#include "vmm/base/options.h"

#define EMPTY_DRIVE "none"
#define HOST_DRIVE  "/dev/sr"

/* By its usual name, though it be missing, or by any other. */
static bool is_host_drive(const char *text, size_t length)
{
	AUTO_FREE char *path = strndup(text, length);
	struct stat st;
	bool is = strncmp(text, HOST_DRIVE, strlen(HOST_DRIVE)) == 0;

	is |= path && stat(path, &st) == 0 && S_ISBLK(st.st_mode) &&
	      major(st.st_rdev) == SCSI_CDROM_MAJOR;
	return is;
}

bool machine_config_is_disc_name(const char *text)
{
	return *text && strcspn(text, "/.=") >= strcspn(text, ",");
}

/* "dvd-test" or "dvd-test,kind=…" with the file in place of the name. */
static int use_made_disc(const char *text, char **options, struct error *err)
{
	const size_t length = strcspn(text, ",");
	AUTO_FREE char *name = strndup(text, length);
	AUTO_FREE char *path = NULL;
	int code = name ? image_find_disc(name, &path, err) : -ENOMEM;

	*options = NULL;
	if (code < 0) {
		return name ? code : error_set_errno(err, code, "disc %s", text);
	}
	code = options_append(options, "file", path);
	if (code == 0 && text[length]) {
		AUTO_FREE char *first = *options;

		code = asprintf(options, "%s%s", first, text + length) < 0 ? -ENOMEM : 0;
	}
	return code < 0 ? error_set_errno(err, code, "disc %s", text) : 0;
}

int machine_config_resolve_disc(const char *text, struct machine_disc *out, struct error *err)
{
	const size_t length = strcspn(text, ",");

	*out = (struct machine_disc){ .type = "scsi-cd" };
	if (length == strlen(EMPTY_DRIVE) && strncmp(text, EMPTY_DRIVE, length) == 0) {
		text += text[length] ? length + 1 : length;
	} else if (machine_config_is_disc_name(text)) {
		return use_made_disc(text, &out->options, err);
	} else if (is_host_drive(text, length)) {
		out->type = "scsi-host-cd";
	}
	out->options = strdup(text);
	return out->options ? 0 : error_set_errno(err, -ENOMEM, "disc %s", text);
}
