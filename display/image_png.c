/* SPDX-License-Identifier: MIT */
#include "display/image_png.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>

#include "display/surface.h"
#include "vmm/base/compiler.h"

/* Screens have large areas of one colour: more effort takes longer and gains little. */
#define COMPRESSION_LEVEL 2

static void on_error(png_structp png, png_const_charp text)
{
	(void)error_set(png_get_error_ptr(png), 0, "%s", text);
	png_longjmp(png, 1);
}

static void on_warning(png_structp png UNUSED, png_const_charp text UNUSED)
{
}

/* --- writing --- */

/* The part that libpng may leave by a jump: nothing here needs cleaning up. */
static int write_rows(png_structp png, png_infop info, const struct image *image, FILE *file)
{
	errno = 0;
	if (setjmp(png_jmpbuf(png))) {
		return -EIO;
	}
	png_init_io(png, file);
	png_set_IHDR(png, info, image->width, image->height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, COMPRESSION_LEVEL);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
	png_write_info(png, info);
	png_set_filler(png, 0, PNG_FILLER_AFTER);
	png_set_bgr(png);
	for (uint32_t y = 0; y < image->height; y++) {
		png_write_row(png, (png_const_bytep)&image->pixels[(size_t)y * image->width]);
	}
	png_write_end(png, NULL);
	return 0;
}

int image_png_write(const struct image *image, FILE *file, struct error *err)
{
	struct error why = { "" };
	png_structp png =
		png_create_write_struct(PNG_LIBPNG_VER_STRING, &why, on_error, on_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int code = info ? write_rows(png, info, image, file) : -ENOMEM;

	png_destroy_write_struct(&png, &info);
	if (code == 0) {
		return 0;
	}
	return ferror(file) && errno
		       ? error_set_errno(err, -errno, "writing")
		       : error_set(err, code, "%s", *why.text ? why.text : "no memory");
}

/* --- reading --- */

static uint32_t over_black(uint32_t pixel)
{
	uint32_t alpha = pixel >> 24;
	uint32_t red = ((pixel >> 16 & 0xff) * alpha + 127) / 255;
	uint32_t green = ((pixel >> 8 & 0xff) * alpha + 127) / 255;
	uint32_t blue = ((pixel & 0xff) * alpha + 127) / 255;

	return 0xff000000u | red << 16 | green << 8 | blue;
}

struct reader {
	png_structp png;
	png_infop info;
	uint32_t width, height;
	struct error why; /* of libpng */
};

/* This and the next are left by libpng by a jump: nothing in them needs cleaning up. */
static int read_header(struct reader *reader, FILE *file)
{
	png_structp png = reader->png;

	if (setjmp(png_jmpbuf(png))) {
		return -EINVAL;
	}
	png_init_io(png, file);
	png_read_info(png, reader->info);
	reader->width = png_get_image_width(png, reader->info);
	reader->height = png_get_image_height(png, reader->info);
	/* Whatever it is, four bytes for each pixel: blue, green, red, alpha. */
	png_set_expand(png);
	png_set_scale_16(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
	png_set_bgr(png);
	return 0;
}

static int read_rows(struct reader *reader, struct image *image)
{
	int passes;

	if (setjmp(png_jmpbuf(reader->png))) {
		return -EINVAL;
	}
	passes = png_set_interlace_handling(reader->png);
	png_read_update_info(reader->png, reader->info);
	for (int pass = 0; pass < passes; pass++) {
		for (uint32_t y = 0; y < image->height; y++) {
			png_read_row(reader->png,
				     (png_bytep)&image->pixels[(size_t)y * image->width], NULL);
		}
	}
	png_read_end(reader->png, NULL);
	return 0;
}

static int read_all(struct reader *reader, FILE *file, struct image **out, struct error *err)
{
	int code = read_header(reader, file);

	if (code < 0) {
		return error_set(err, code, "no PNG: %s", reader->why.text);
	}
	if (reader->width > SURFACE_SIDE_MAX || reader->height > SURFACE_SIDE_MAX ||
	    (uint64_t)reader->width * reader->height > IMAGE_PIXELS_MAX) {
		return error_set(err, -EINVAL, "%u × %u pixels are more than a screen can have",
				 reader->width, reader->height);
	}
	code = image_create(reader->width, reader->height, out);
	if (code < 0) {
		return error_set_errno(err, code, "%u × %u pixels", reader->width, reader->height);
	}
	code = read_rows(reader, *out);
	if (code < 0) {
		free(*out);
		*out = NULL;
		return error_set(err, code, "damaged PNG: %s", reader->why.text);
	}
	for (size_t i = 0; i < (size_t)reader->width * reader->height; i++) {
		(*out)->pixels[i] = over_black((*out)->pixels[i]);
	}
	return 0;
}

int image_png_read(FILE *file, struct image **out, struct error *err)
{
	struct reader reader = { .why = { "" } };
	int code;

	*out = NULL;
	reader.png =
		png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader.why, on_error, on_warning);
	reader.info = reader.png ? png_create_info_struct(reader.png) : NULL;
	code = reader.info ? read_all(&reader, file, out, err)
			   : error_set_errno(err, -ENOMEM, "PNG");
	png_destroy_read_struct(&reader.png, &reader.info, NULL);
	return code;
}
