/* SPDX-License-Identifier: MIT */
/* LINK: display/image.c display/image_file.c display/image_png.c display/pixels.c */
/* LIBS: zlib */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "display/image.h"
#include "vmm/base/compiler.h"

#define WIDTH	   9u /* rows of fewer than 8 bits per pixel end within a byte */
#define HEIGHT	   5u
#define FILE_BYTES 8192u

static char folder[] = "/tmp/test_image.XXXXXX";
static char path[64];
static struct error err;

static void set_up(void)
{
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(path, sizeof(path), "%s/picture", folder);
}

static void tear_down(void)
{
	(void)unlink(path);
	cr_assert(eq(int, rmdir(folder), 0), "a file was left behind");
}

TestSuite(image_file, .init = set_up, .fini = tear_down, .timeout = 60);

static struct image *make_image(void)
{
	struct image *image;

	cr_assert(eq(int, image_create(WIDTH, HEIGHT, &image), 0));
	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
		image->pixels[i] = 0xff000000 | i << 18 | (255 - i) << 8 | i;
	}
	return image;
}

static size_t read_file(uint8_t bytes[FILE_BYTES])
{
	FILE *file = fopen(path, "re");
	size_t length;

	cr_assert(ne(ptr, file, NULL));
	length = fread(bytes, 1, FILE_BYTES, file);
	(void)fclose(file);
	return length;
}

static void write_file(const uint8_t *bytes, size_t length)
{
	FILE *file = fopen(path, "we");

	cr_assert(ne(ptr, file, NULL));
	cr_assert(eq(sz, fwrite(bytes, 1, length, file), length));
	(void)fclose(file);
}

static int read_bytes(const uint8_t *bytes, size_t length)
{
	struct image *image;
	int code;

	write_file(bytes, length);
	code = image_read_png(path, &image, &err);
	cr_assert(eq(int, code == 0, image != NULL));
	free(image);
	return code;
}

/* --- writing --- */

Test(image_file, png_comes_back_as_it_was)
{
	struct image *image = make_image();
	struct image *back;

	cr_assert(eq(int, image_write(image, IMAGE_PNG, path, &err), 0), "%s", err.text);
	cr_assert(eq(int, image_read_png(path, &back, &err), 0), "%s", err.text);
	cr_assert(eq(u32, back->width, WIDTH));
	cr_assert(eq(u32, back->height, HEIGHT));
	cr_assert(
		eq(int, memcmp(back->pixels, image->pixels, sizeof(uint32_t) * WIDTH * HEIGHT), 0));
	free(image);
	free(back);
}

Test(image_file, ppm_has_header_and_three_bytes_a_pixel)
{
	static const char header[] = "P6\n9 5\n255\n";
	struct image *image = make_image();
	uint8_t bytes[FILE_BYTES];

	cr_assert(eq(int, image_write(image, IMAGE_PPM, path, &err), 0));
	cr_assert(eq(sz, read_file(bytes), strlen(header) + WIDTH * HEIGHT * 3));
	cr_assert(eq(int, memcmp(bytes, header, strlen(header)), 0));
	/* The second pixel: 0xff04fe01. */
	cr_assert(eq(u8, bytes[strlen(header) + 3], 4));
	cr_assert(eq(u8, bytes[strlen(header) + 4], 254));
	cr_assert(eq(u8, bytes[strlen(header) + 5], 1));
	free(image);
}

Test(image_file, full_device_is_told_and_not_replaced)
{
	struct image *image = make_image();
	struct stat status;

	cr_assert(eq(int, image_write(image, IMAGE_PNG, "/dev/full", &err), -ENOSPC));
	cr_assert(ne(ptr, strstr(err.text, "/dev/full"), NULL), "%s", err.text);
	cr_assert(eq(int, image_write(image, IMAGE_PPM, "/dev/full", &err), -ENOSPC));
	cr_assert(eq(int, stat("/dev/full", &status), 0));
	cr_assert(eq(uint, status.st_mode & S_IFMT, S_IFCHR), "the device was replaced");
	free(image);
}

Test(image_file, existing_file_is_replaced)
{
	struct image *image = make_image();
	uint8_t bytes[FILE_BYTES];

	write_file((const uint8_t *)"old", 3);
	cr_assert(eq(int, image_write(image, IMAGE_PNG, path, &err), 0));
	cr_assert(gt(sz, read_file(bytes), 3));
	cr_assert(eq(int, memcmp(bytes, "\x89PNG", 4), 0));
	free(image);
}

Test(image_file, path_that_cannot_be_is_named)
{
	struct image *image = make_image();

	cr_assert(eq(int, image_write(image, IMAGE_PNG, "/nowhere/x.png", &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "/nowhere/x.png"), NULL), "%s", err.text);
	cr_assert(eq(int, image_write(image, IMAGE_PNG, folder, &err), -EISDIR));
	free(image);
	cr_assert(eq(int, image_read_png("/nowhere/x.png", &image, &err), -ENOENT));
	cr_assert(eq(int, image_read_png(folder, &image, &err), -EISDIR));
}

/* --- reading every kind --- */

struct kind {
	int colour_type, depth;
};

/* The value of one sample, as the file has it: all that the depth can hold in turn. */
static uint32_t sample(uint32_t x, uint32_t y, unsigned channel, int depth)
{
	uint32_t value = (x * 37 + y * 101 + channel * 59) & ((1u << MIN(depth, 8)) - 1);

	return depth == 16 ? value * 257 : value;
}

static uint32_t scaled(uint32_t value, int depth)
{
	return value * 255 / ((1u << depth) - 1);
}

static unsigned channels(int colour_type)
{
	switch (colour_type) {
	case PNG_COLOR_TYPE_RGB:
		return 3;
	case PNG_COLOR_TYPE_RGB_ALPHA:
		return 4;
	case PNG_COLOR_TYPE_GRAY_ALPHA:
		return 2;
	default:
		return 1;
	}
}

static void put_sample(uint8_t *row, uint32_t index, int depth, uint32_t value)
{
	if (depth == 16) {
		row[index * 2] = (uint8_t)(value >> 8);
		row[index * 2 + 1] = (uint8_t)value;
	} else {
		unsigned shift = 8u - (unsigned)depth - index * (unsigned)depth % 8;

		row[index * (unsigned)depth / 8] |= (uint8_t)(value << shift);
	}
}

static void write_kind(const struct kind *kind, int interlace)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	unsigned count = channels(kind->colour_type);
	uint8_t rows[HEIGHT][WIDTH * 8] = { { 0 } };
	png_bytep pointers[HEIGHT];
	png_color palette[256];
	FILE *file = fopen(path, "we");

	for (unsigned i = 0; i < 256; i++) {
		palette[i] = (png_color){ (png_byte)i, (png_byte)(255 - i), (png_byte)(i * 3) };
	}
	for (uint32_t y = 0; y < HEIGHT; y++) {
		pointers[y] = rows[y];
		for (uint32_t i = 0; i < WIDTH * count; i++) {
			put_sample(rows[y], i, kind->depth,
				   sample(i / count, y, i % count, kind->depth));
		}
	}
	png_init_io(png, file);
	png_set_IHDR(png, info, WIDTH, HEIGHT, kind->depth, kind->colour_type, interlace, 0, 0);
	if (kind->colour_type == PNG_COLOR_TYPE_PALETTE) {
		png_set_PLTE(png, info, palette, 1 << kind->depth);
	}
	png_write_info(png, info);
	png_write_image(png, pointers);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	(void)fclose(file);
}

static uint32_t over_black(uint32_t colour, uint32_t alpha)
{
	return (colour * alpha + 127) / 255;
}

static uint32_t expected(const struct kind *kind, uint32_t x, uint32_t y)
{
	uint32_t v[4];
	uint32_t alpha = 255;

	for (unsigned i = 0; i < 4; i++) {
		v[i] = scaled(sample(x, y, i, kind->depth), kind->depth);
	}
	switch (kind->colour_type) {
	case PNG_COLOR_TYPE_PALETTE:
		v[0] = sample(x, y, 0, kind->depth);
		return 0xff000000 | v[0] << 16 | (255 - v[0]) << 8 | (uint8_t)(v[0] * 3);
	case PNG_COLOR_TYPE_GRAY_ALPHA:
		alpha = v[1];
		v[1] = v[2] = v[0];
		break;
	case PNG_COLOR_TYPE_GRAY:
		v[1] = v[2] = v[0];
		break;
	case PNG_COLOR_TYPE_RGB_ALPHA:
		alpha = v[3];
		break;
	default:
		break;
	}
	return 0xff000000 | over_black(v[0], alpha) << 16 | over_black(v[1], alpha) << 8 |
	       over_black(v[2], alpha);
}

Test(image_file, every_colour_type_and_depth_is_read)
{
	static const struct kind kinds[] = {
		{ PNG_COLOR_TYPE_GRAY, 1 },	   { PNG_COLOR_TYPE_GRAY, 2 },
		{ PNG_COLOR_TYPE_GRAY, 4 },	   { PNG_COLOR_TYPE_GRAY, 8 },
		{ PNG_COLOR_TYPE_GRAY, 16 },	   { PNG_COLOR_TYPE_RGB, 8 },
		{ PNG_COLOR_TYPE_RGB, 16 },	   { PNG_COLOR_TYPE_PALETTE, 1 },
		{ PNG_COLOR_TYPE_PALETTE, 2 },	   { PNG_COLOR_TYPE_PALETTE, 4 },
		{ PNG_COLOR_TYPE_PALETTE, 8 },	   { PNG_COLOR_TYPE_GRAY_ALPHA, 8 },
		{ PNG_COLOR_TYPE_GRAY_ALPHA, 16 }, { PNG_COLOR_TYPE_RGB_ALPHA, 8 },
		{ PNG_COLOR_TYPE_RGB_ALPHA, 16 },
	};

	for (size_t k = 0; k < ARRAY_SIZE(kinds) * 2; k++) {
		const struct kind *kind = &kinds[k / 2];
		struct image *image;

		write_kind(kind, k % 2 ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE);
		cr_assert(eq(int, image_read_png(path, &image, &err), 0), "%s", err.text);
		for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
			cr_assert(eq(u32, image->pixels[i], expected(kind, i % WIDTH, i / WIDTH)),
				  "type %d depth %d pixel %u", kind->colour_type, kind->depth, i);
		}
		free(image);
	}
}

/* --- reading what is none --- */

Test(image_file, every_truncation_is_refused)
{
	static uint8_t bytes[FILE_BYTES];
	struct image *image = make_image();
	size_t length;

	cr_assert(eq(int, image_write(image, IMAGE_PNG, path, &err), 0));
	length = read_file(bytes);
	cr_assert(eq(int, read_bytes(bytes, length), 0));
	/* All pixels are there before the end chunk of 12 bytes and the checksum before that. */
	for (size_t cut = 0; cut < length - 16; cut++) {
		cr_assert(eq(int, read_bytes(bytes, cut), -EINVAL), "cut at %zu of %zu", cut,
			  length);
	}
	cr_assert(ne(ptr, strstr(err.text, path), NULL));
	free(image);
}

/* ASan and UBSan watch; whether a changed byte is found depends on which. */
Test(image_file, any_changed_byte_is_borne)
{
	static uint8_t bytes[FILE_BYTES];
	struct image *image = make_image();
	size_t length;

	cr_assert(eq(int, image_write(image, IMAGE_PNG, path, &err), 0));
	length = read_file(bytes);
	for (size_t i = 0; i < length; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1u << bit);
			(void)read_bytes(bytes, length);
			bytes[i] ^= (uint8_t)(1u << bit);
		}
	}
	free(image);
}

/* Headers with good checksums, of pictures that would fill the memory. */
Test(image_file, huge_pictures_are_refused_by_their_header)
{
	/* 16385 × 1, 1 × 16385, 16384 × 16384: bits 8, RGB. */
	static const uint8_t headers[][25] = {
		{ 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0x40, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0 },
		{ 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0, 1, 0, 0, 0x40, 1, 8, 2, 0, 0, 0 },
		{ 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0x40, 0, 0, 0, 0x40, 0, 8, 2, 0, 0, 0 },
	};
	static const uint8_t data[] = { 0, 0, 0, 0, 'I', 'D', 'A', 'T', 0x35, 0xaf, 0x06, 0x1e };

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		uint8_t bytes[8 + 25 + sizeof(data)] = "\x89PNG\r\n\x1a\n";
		uint32_t crc = (uint32_t)crc32(0, headers[i] + 4, 17);

		memcpy(bytes + 8, headers[i], 21);
		for (unsigned k = 0; k < 4; k++) {
			bytes[8 + 21 + k] = (uint8_t)(crc >> (24 - 8 * k));
		}
		memcpy(bytes + 8 + 25, data, sizeof(data));
		cr_assert(eq(int, read_bytes(bytes, sizeof(bytes)), -EINVAL));
		cr_assert(ne(ptr, strstr(err.text, "more than a screen"), NULL), "%s", err.text);
	}
}
