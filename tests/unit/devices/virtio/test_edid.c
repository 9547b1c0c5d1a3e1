/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/edid.c devices/virtio/edid_displayid.c */
#include "devices/virtio/edid.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define DETAILED	  54u  /* the first descriptor */
#define DISPLAYID	  128u /* the extension */
#define COMMAND_NOT_FOUND 127  /* says the shell */

TestSuite(edid, .timeout = 20);

static uint8_t bytes[EDID_BYTES_MAX];

static size_t write_mode(uint32_t width, uint32_t height, uint32_t refresh_mhz)
{
	const struct edid_monitor monitor = {
		.width = width, .height = height, .refresh_mhz = refresh_mhz, .number = 1
	};

	return edid_write(&monitor, bytes);
}

static uint8_t sum(const uint8_t *from, size_t count)
{
	uint8_t total = 0;

	for (size_t i = 0; i < count; i++) {
		total += from[i];
	}
	return total;
}

Test(edid, tells_who_it_is)
{
	static const uint8_t HEADER[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };

	cr_assert(eq(sz, write_mode(1280, 800, 60000), 128));
	cr_assert(zero(int, memcmp(bytes, HEADER, sizeof(HEADER))));
	/* T is 20, L 12, K 11: five bits each. */
	cr_assert(eq(u32, bytes[8] << 8 | bytes[9], 20 << 10 | 12 << 5 | 11));
	cr_assert(eq(u32, load_le32(bytes + 12), 2), "serial number");
	cr_assert(ne(ptr, memmem(bytes, 128, "Thunderlake\n", 12), NULL));
	cr_assert(ne(ptr, memmem(bytes, 128, "screen 1\n", 9), NULL));
	cr_assert(zero(u8, sum(bytes, 128)));
}

/* CVT 1.1 with reduced blanking gives 1440 × 823 of 71 MHz, in steps of a quarter. */
Test(edid, has_the_preferred_mode)
{
	const uint8_t *d = bytes + DETAILED;

	(void)write_mode(1280, 800, 60000);
	cr_assert(eq(u16, load_le16(d), 7111));
	cr_assert(eq(u32, d[2] | (d[4] >> 4) << 8, 1280));
	cr_assert(eq(u32, d[3] | (d[4] & 15) << 8, 160));
	cr_assert(eq(u32, d[5] | (d[7] >> 4) << 8, 800));
	cr_assert(eq(u32, d[6] | (d[7] & 15) << 8, 23));
	cr_assert(eq(u8, d[10] & 15, 6), "the sync of 16:10");
	/* 96 pixels per inch. */
	cr_assert(eq(u32, d[12] | (d[14] >> 4) << 8, 338));
	cr_assert(eq(u8, bytes[21], 33));
}

Test(edid, has_the_size_that_was_given)
{
	const struct edid_monitor monitor = { .width = 1920,
					      .height = 1080,
					      .refresh_mhz = 144000,
					      .width_mm = 527,
					      .height_mm = 296 };
	const uint8_t *d = bytes + DETAILED;

	cr_assert(eq(sz, edid_write(&monitor, bytes), 128));
	cr_assert(eq(u8, bytes[21], 52));
	cr_assert(eq(u32, d[12] | (d[14] >> 4) << 8, 527));
	cr_assert(eq(u32, d[13] | (d[14] & 15) << 8, 296));
}

/* The contents of the block with this tag, found as Linux does: drm_displayid.c wants a right sum
 * over the section, and blocks that end inside of it; drm_edid.c wants timings of 20 bytes. */
static const uint8_t *find_block(uint8_t tag, size_t *count)
{
	const uint8_t *section = bytes + DISPLAYID + 1;
	const size_t end = 4u + section[1];

	cr_assert(le(sz, end + 1, 126));
	cr_assert(zero(u8, sum(section, end + 1)));
	for (size_t at = 4; at + 3 <= end; at += 3u + section[at + 2]) {
		cr_assert(le(sz, at + 3 + section[at + 2], end));
		if (section[at] == tag) {
			*count = section[at + 2];
			return section + at + 3;
		}
	}
	cr_fatal("no block %u", tag);
}

Test(edid, large_modes_are_in_an_extension)
{
	const uint8_t *t;
	size_t count;

	cr_assert(eq(sz, write_mode(5120, 2880, 60000), 256));
	cr_assert(eq(u8, bytes[126], 1));
	cr_assert(eq(u32, bytes[DETAILED + 2] | (bytes[DETAILED + 4] >> 4) << 8, 1024));
	cr_assert(zero(u8, sum(bytes, 128)));
	cr_assert(zero(u8, sum(bytes + DISPLAYID, 128)));
	cr_assert(eq(u8, bytes[DISPLAYID], 0x70));
	t = find_block(3, &count);
	cr_assert(eq(sz, count, 20));
	cr_assert(eq(u32, t[3] & 0x80, 0x80), "preferred");
	cr_assert(eq(u16, load_le16(t + 4) + 1, 5120));
	cr_assert(eq(u16, load_le16(t + 12) + 1, 2880));
}

/* DisplayID 1.3 §4, for the mode that a screen of 5K has. */
Test(edid, the_extension_is_so_byte_by_byte)
{
	static const uint8_t EXTENSION[] = {
		0x70,		      /* DisplayID */
		0x13, 77, 0x03, 0x00, /* 1.3, 77 bytes of blocks, a monitor, no other section */
		/* Who it is: TLK, product 1, serial number 2, model of 2026. */
		0x00, 0x00, 23, 'T', 'L', 'K', 1, 0, 2, 0, 0, 0, 0xff, 26, 11, 'T', 'h', 'u', 'n',
		'd', 'e', 'r', 'l', 'a', 'k', 'e',
		/* 1354.0 mm by 762.0 mm, 5120 by 2880, no feature, 2.2, 16:9, 8 bits a colour. */
		0x01, 0x00, 12, 0xe4, 0x34, 0xc4, 0x1d, 0x00, 0x14, 0x40, 0x0b, 0, 120, 77, 0x77,
		/* 938.36 MHz, preferred and 16:9; 5120 + 160, 48, 32; 2880 + 82, 3, 5. */
		0x03, 0x00, 20, 0x8b, 0x6e, 0x01, 0x84, 0xff, 0x13, 159, 0, 47, 0x80, 31, 0, 0x3f,
		0x0b, 81, 0, 2, 0, 4, 0,
		/* One link of DisplayPort 1.1, RGB of 8 bits. */
		0x0f, 0x00, 10, 0xa1, 0x11, 0x02, 0, 0, 0, 0, 0, 0, 0, 0xda, /* the sum */
	};
	const uint8_t *rest = bytes + DISPLAYID + sizeof(EXTENSION);

	cr_assert(eq(sz, write_mode(5120, 2880, 60000), 256));
	for (size_t i = 0; i < sizeof(EXTENSION); i++) {
		cr_assert(eq(u8, bytes[DISPLAYID + i], EXTENSION[i]), "byte %zu", i);
	}
	for (; rest < bytes + 255; rest++) {
		cr_assert(zero(u8, *rest));
	}
	cr_assert(eq(u8, *rest, 0x90));
}

/* 4095 is the last that the base block can tell; so is 655.35 MHz. */
Test(edid, the_extension_begins_where_the_base_block_ends)
{
	cr_assert(eq(sz, write_mode(4095, 2160, 60000), 128));
	cr_assert(eq(sz, write_mode(4096, 2160, 60000), 256));
	cr_assert(eq(sz, write_mode(1080, 4095, 60000), 128));
	cr_assert(eq(sz, write_mode(1080, 4096, 60000), 256));
	cr_assert(eq(sz, write_mode(3840, 2160, 72000), 128));
	cr_assert(eq(sz, write_mode(3840, 2160, 144000), 256));
}

/* Upright or not, and what no standard screen has: a hundred to one. */
Test(edid, the_extension_tells_shape_and_size)
{
	const uint8_t *parameters;
	size_t count;

	(void)write_mode(2880, 5120, 60000);
	parameters = find_block(1, &count);
	cr_assert(eq(sz, count, 12));
	cr_assert(eq(u16, load_le16(parameters), 7620));
	cr_assert(eq(u16, load_le16(parameters + 4), 2880));
	cr_assert(eq(u8, parameters[10], 77));
	(void)write_mode(16384, 160, 60000);
	parameters = find_block(1, &count);
	cr_assert(eq(u16, load_le16(parameters), 0), "larger than a base block can tell");
	cr_assert(eq(u8, parameters[10], 255));
}

/* Tens of kilohertz: the refresh that the fields of the timing make together. */
static uint64_t refresh_mhz(void)
{
	const uint8_t *d = bytes + DETAILED;
	const uint64_t across = (d[2] | (d[4] >> 4) << 8) + (d[3] | (d[4] & 15) << 8);
	const uint64_t down = (d[5] | (d[7] >> 4) << 8) + (d[6] | (d[7] & 15) << 8);

	return load_le16(d) * UINT64_C(10000000) / (across * down);
}

Test(edid, the_refresh_comes_out)
{
	static const uint32_t RATES[] = { 23976, 50000, 59940, 60000, 75000, 120000, 144000 };

	for (size_t i = 0; i < ARRAY_SIZE(RATES); i++) {
		(void)write_mode(1283, 797, RATES[i]);
		cr_assert(le(u64, refresh_mhz(), RATES[i] + 10), "%u", RATES[i]);
		cr_assert(ge(u64, refresh_mhz(), RATES[i] - 10), "%u", RATES[i]);
	}
}

Test(edid, any_mode_gives_something)
{
	static const uint32_t SIDES[] = { 1, 640, 4095, 4096, 16384, 65536 };
	static const uint32_t RATES[] = { 0, 1, 60000, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(SIDES) * ARRAY_SIZE(RATES); i++) {
		const size_t count = write_mode(SIDES[i / 4], SIDES[5 - i / 4], RATES[i % 4]);

		cr_assert(zero(u8, sum(bytes, 128)));
		cr_assert(eq(sz, count, 128u * (1 + bytes[126])));
	}
}

/* Debian's edid-decode knows the standard better than we do. */
Test(edid, conforms)
{
	static const uint32_t MODES[][3] = {
		{ 1280, 800, 60000 },	{ 1920, 1080, 144000 },	 { 3840, 2160, 60000 },
		{ 1283, 797, 59940 },	{ 640, 480, 75000 },	 { 5120, 2880, 60000 },
		{ 4096, 2160, 60000 },	{ 2160, 4096, 60000 },	 { 7680, 4320, 30000 },
		{ 3840, 2160, 144000 }, { 16384, 16384, 60000 },
	};

	(void)signal(SIGPIPE, SIG_IGN); /* of a tool that is not there */
	for (size_t i = 0; i < ARRAY_SIZE(MODES); i++) {
		const size_t count = write_mode(MODES[i][0], MODES[i][1], MODES[i][2]);
		FILE *tool = popen("edid-decode --check >/dev/null 2>&1", "w");
		int status;

		cr_assert(ne(ptr, tool, NULL));
		(void)fwrite(bytes, 1, count, tool);
		status = pclose(tool);
		if (WIFEXITED(status) && WEXITSTATUS(status) == COMMAND_NOT_FOUND) {
			cr_skip_test("edid-decode is not there");
		}
		cr_assert(zero(int, status), "%u x %u", MODES[i][0], MODES[i][1]);
	}
}
