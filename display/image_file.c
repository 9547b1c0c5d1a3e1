/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "display/image.h"
#include "display/image_png.h"
#include "vmm/base/compiler.h"

static int write_ppm(const struct image *image, FILE *file)
{
	AUTO_FREE uint8_t *row = malloc((size_t)image->width * 3);

	if (!row) {
		return -ENOMEM;
	}
	(void)fprintf(file, "P6\n%u %u\n255\n", image->width, image->height);
	for (uint32_t y = 0; y < image->height; y++) {
		const uint32_t *pixels = &image->pixels[(size_t)y * image->width];

		for (uint32_t x = 0; x < image->width; x++) {
			row[x * 3] = (uint8_t)(pixels[x] >> 16);
			row[x * 3 + 1] = (uint8_t)(pixels[x] >> 8);
			row[x * 3 + 2] = (uint8_t)pixels[x];
		}
		if (fwrite(row, 3, image->width, file) != image->width) {
			return -errno;
		}
	}
	return 0;
}

/* Closes it in any case. */
static int write_all(const struct image *image, enum image_format format, FILE *file,
		     struct error *err)
{
	int code;

	if (format == IMAGE_PNG) {
		code = image_png_write(image, file, err);
	} else {
		code = write_ppm(image, file);
		if (code < 0) {
			(void)error_set_errno(err, code, "writing");
		}
	}
	if (fclose(file) != 0 && code == 0) {
		code = error_set_errno(err, -errno, "writing");
	}
	return code;
}

static int write_to(const struct image *image, enum image_format format, const char *path,
		    int flags, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!file) {
		int code = -errno;

		if (fd >= 0) {
			(void)close(fd);
		}
		return error_set_errno(err, code, "opening");
	}
	return write_all(image, format, file, err);
}

/* Something that a file put in its place would destroy. */
static bool is_special(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static int replace(const struct image *image, enum image_format format, const char *path,
		   struct error *err)
{
	static atomic_uint count;
	AUTO_FREE char *part = NULL;
	int code;

	if (asprintf(&part, "%s.%d-%u.part", path, (int)getpid(), atomic_fetch_add(&count, 1)) <
	    0) {
		part = NULL;
		return error_set_errno(err, -ENOMEM, "writing");
	}
	code = write_to(image, format, part, O_CREAT | O_EXCL | O_NOFOLLOW, err);
	if (code == 0 && rename(part, path) < 0) {
		code = error_set_errno(err, -errno, "writing");
	}
	if (code < 0 && code != -EEXIST) {
		(void)unlink(part);
	}
	return code;
}

int image_write(const struct image *image, enum image_format format, const char *path,
		struct error *err)
{
	int code = is_special(path) ? write_to(image, format, path, 0, err)
				    : replace(image, format, path, err);

	if (code < 0) {
		error_prefix(err, "picture %s", path);
	}
	return code;
}

int image_read_png(const char *path, struct image **out, struct error *err)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	int code;

	*out = NULL;
	if (!file) {
		return error_set_errno(err, -errno, "picture %s", path);
	}
	if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
		code = error_set(err, -EISDIR, "is a directory, not a file");
	} else {
		code = image_png_read(file, out, err);
	}
	(void)fclose(file);
	if (code < 0) {
		error_prefix(err, "picture %s", path);
	}
	return code;
}
