/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/disc_open.c devices/scsi/disc_probe.c devices/scsi/disc_read.c
 *       devices/scsi/disc_layout.c devices/scsi/disc_sector.c devices/scsi/disc_ecc.c
 *       devices/scsi/cue.c devices/scsi/cue_layout.c devices/block/ */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/scsi/disc.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

TestSuite(disc, .timeout = 30);

static struct loop *loop;
static struct disc *disc;
static struct error err;
static char folder[] = "./test_disc.XXXXXX";
static char path[128];

static const char *in_folder(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, off_t offset, const void *data, size_t bytes)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)pwrite(fd, data, bytes, offset), bytes));
	(void)close(fd);
}

static void resize(const char *name, off_t bytes)
{
	put(name, 0, "", 0);
	cr_assert(eq(int, truncate(in_folder(name), bytes), 0));
}

static int insert(const char *name, enum disc_kind kind)
{
	const struct disc_config config = { .path = in_folder(name), .kind = kind };

	return disc_open(loop, &config, &disc, &err);
}

static void setup(void)
{
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	cr_assert(eq(int, loop_create("test", &loop), 0));
}

static void finish(void)
{
	static const char *const NAMES[] = { "a.iso", "a.cue", "a.bin", "b.bin" };

	disc_close(disc);
	loop_destroy(loop);
	for (unsigned i = 0; i < ARRAY_SIZE(NAMES); i++) {
		(void)unlink(in_folder(NAMES[i]));
	}
	(void)rmdir(folder);
}

struct outcome {
	struct disc_read read;
	int result;
	unsigned ends;
};

static void on_read(struct disc_read *read, int result)
{
	struct outcome *o = container_of(read, struct outcome, read);

	o->result = result;
	o->ends++;
}

static int run(struct disc_read *read)
{
	struct outcome o = { .read = *read };

	o.read.done = on_read;
	disc_read_start(disc, &o.read);
	disc_drain(disc);
	cr_assert(eq(uint, o.ends, 1));
	*read = o.read;
	return o.result;
}

static int read_data(uint32_t lba, uint32_t sectors, void *buffer, size_t bytes)
{
	struct iovec iov = { buffer, bytes };
	struct disc_read read = { .lba = lba,
				  .sectors = sectors,
				  .fields = DISC_FIELD_DATA,
				  .iov = &iov,
				  .iov_count = 1 };

	return run(&read);
}

/* Each sector starts with its number. */
static void make_image(uint32_t sectors)
{
	resize("a.iso", (off_t)sectors * DISC_DATA_BYTES);
	for (uint32_t i = 0; i < sectors; i++) {
		put("a.iso", (off_t)i * DISC_DATA_BYTES, &i, sizeof(i));
	}
}

static void put_volume(unsigned number, uint8_t type, const char *id)
{
	off_t offset = (off_t)(16 + number) * DISC_DATA_BYTES;

	put("a.iso", offset, &type, 1);
	put("a.iso", offset + 1, id, strlen(id));
}

/* ECMA-119: the root folder's record in the primary descriptor, and in the root VIDEO_TS. */
static void put_video_folder(void)
{
	static const uint8_t NAME[] = "VIDEO_TS";
	uint8_t root[34] = { 34, 0, 20 };
	uint8_t record[34 + 42] = { 34, [25] = 2, [32] = 1, [34] = 42, [59] = 2, [66] = 8 };

	memcpy(record + 34 + 33, NAME, sizeof(NAME) - 1);
	put_volume(0, 1, "CD001");
	put("a.iso", 16 * DISC_DATA_BYTES + 156, root, sizeof(root));
	put("a.iso", 20 * DISC_DATA_BYTES, record, sizeof(record));
}

Test(disc, opens_an_image_as_one_data_track, .init = setup, .fini = finish)
{
	uint32_t sectors[3 * 512];

	make_image(50);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0), "%s", err.text);
	cr_assert(eq(int, disc->kind, DISC_CD_ROM));
	cr_assert(eq(u32, disc->sectors, 50));
	cr_assert(eq(int, read_data(47, 3, sectors, sizeof(sectors)), 0));
	cr_assert(eq(u32, sectors[0], 47));
	cr_assert(eq(u32, sectors[1024], 49));
}

Test(disc, a_video_folder_makes_a_dvd, .init = setup, .fini = finish)
{
	make_image(50);
	put_video_folder();
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0), "%s", err.text);
	cr_assert(disc->has_iso9660);
	cr_assert(disc->has_video);
	cr_assert(eq(int, disc->kind, DISC_DVD_ROM));
}

Test(disc, udf_makes_a_dvd, .init = setup, .fini = finish)
{
	make_image(50);
	put_volume(0, 0, "BEA01");
	put_volume(1, 0, "NSR02");
	put_volume(2, 0, "TEA01");
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0), "%s", err.text);
	cr_assert(disc->has_udf);
	cr_assert(eq(int, disc->kind, DISC_DVD_ROM));
}

Test(disc, size_makes_a_dvd, .init = setup, .fini = finish)
{
	resize("a.iso", (off_t)(DISC_CD_SECTORS_USUAL + 1) * DISC_DATA_BYTES);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0), "%s", err.text);
	cr_assert(eq(int, disc->kind, DISC_DVD_ROM));
}

Test(disc, the_wish_is_kept, .init = setup, .fini = finish)
{
	make_image(50);
	cr_assert(eq(int, insert("a.iso", DISC_DVD_R), 0), "%s", err.text);
	cr_assert(eq(int, disc->kind, DISC_DVD_R));
	disc_close(disc);
	resize("a.iso", (off_t)(DISC_CD_SECTORS_MAX + 1) * DISC_DATA_BYTES);
	cr_assert(eq(int, insert("a.iso", DISC_CD_ROM), -EFBIG));
}

Test(disc, refuses_what_is_no_image, .init = setup, .fini = finish)
{
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), -ENOENT));
	resize("a.iso", 0);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "is empty"), NULL));
	resize("a.iso", 4097);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "not a multiple of 2048"), NULL));
	resize("a.iso", 4096);
	put("a.iso", 0, "\x1f\x8b", 2);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "compressed"), NULL));
	cr_assert(eq(int, insert("", DISC_BY_CONTENT), -EISDIR));
	cr_assert(ne(ptr, strstr(err.text, "is a folder"), NULL));
}

Test(disc, tells_when_the_image_has_shrunk, .init = setup, .fini = finish)
{
	uint8_t sectors[4 * DISC_DATA_BYTES];
	struct iovec iov = { sectors, sizeof(sectors) };
	struct disc_read read = {
		.lba = 40, .sectors = 4, .fields = DISC_FIELD_DATA, .iov = &iov, .iov_count = 1
	};

	make_image(50);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0));
	resize("a.iso", 42 * DISC_DATA_BYTES);
	cr_assert(eq(int, run(&read), -EIO));
	cr_assert(eq(u32, read.lba, 42));
}

Test(disc, refuses_sectors_behind_the_end, .init = setup, .fini = finish)
{
	uint8_t sectors[2 * DISC_DATA_BYTES];

	make_image(50);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0));
	cr_assert(eq(int, read_data(49, 2, sectors, sizeof(sectors)), -ERANGE));
	cr_assert(eq(int, read_data(50, 1, sectors, sizeof(sectors)), -ERANGE));
}

Test(disc, makes_whole_sectors_of_an_image, .init = setup, .fini = finish)
{
	uint8_t out[2][DISC_RAW_BYTES + 16];
	struct iovec iov[2] = { { out, 1000 }, { (uint8_t *)out + 1000, sizeof(out) - 1000 } };
	struct disc_read read = { .lba = 20,
				  .sectors = 2,
				  .fields = DISC_FIELDS_ALL,
				  .subchannel = DISC_SUBCHANNEL_Q,
				  .iov = iov,
				  .iov_count = 2 };

	make_image(50);
	cr_assert(eq(int, insert("a.iso", DISC_BY_CONTENT), 0));
	cr_assert(eq(int, run(&read), 0));
	cr_assert(eq(u64, read.bytes, sizeof(out)));
	cr_assert(eq(u8, out[1][1], 0xff));
	cr_assert(eq(u8, out[1][14], 0x21)); /* 00:02:21 */
	cr_assert(eq(u8, out[1][16], 21));
	cr_assert(eq(u8, out[1][2352], 0x41)); /* Q: data, position */
	cr_assert(eq(u8, out[1][2352 + 9], 0x21));
}

static const char SHEET[] = "FILE \"a.bin\" BINARY\n"
			    "TRACK 01 AUDIO\nINDEX 01 00:00:00\nPOSTGAP 00:00:02\n"
			    "FILE \"b.bin\" BINARY\nTRACK 02 AUDIO\nINDEX 01 00:00:00\n";

/* Two files of 40 sectors, each filled with its number plus 1 or 0x81; two silent ones between. */
static void make_audio(void)
{
	uint8_t sector[DISC_RAW_BYTES];

	for (unsigned i = 0; i < 40; i++) {
		memset(sector, (int)i + 1, sizeof(sector));
		put("a.bin", (off_t)i * DISC_RAW_BYTES, sector, sizeof(sector));
		memset(sector, (int)i + 0x81, sizeof(sector));
		put("b.bin", (off_t)i * DISC_RAW_BYTES, sector, sizeof(sector));
	}
	put("a.cue", 0, SHEET, sizeof(SHEET) - 1);
	cr_assert(eq(int, insert("a.cue", DISC_BY_CONTENT), 0), "%s", err.text);
}

Test(disc, reads_audio_across_files_and_silence, .init = setup, .fini = finish)
{
	static uint8_t out[82][DISC_RAW_BYTES];
	struct iovec iov = { out, sizeof(out) };
	struct disc_read read = { .sectors = 82,
				  .fields = DISC_FIELD_DATA,
				  .form = DISC_FORM_AUDIO,
				  .iov = &iov,
				  .iov_count = 1 };

	make_audio();
	cr_assert(eq(int, disc->kind, DISC_CD_ROM));
	cr_assert(eq(int, run(&read), 0));
	for (unsigned i = 0; i < 82; i++) {
		unsigned want = i < 40 ? i + 1 : i < 42 ? 0 : i - 42 + 0x81;

		cr_assert(eq(u8, out[i][0], want));
		cr_assert(eq(u8, out[i][2351], want));
	}
}

Test(disc, fills_no_more_than_there_is_room_for, .init = setup, .fini = finish)
{
	uint8_t out[DISC_RAW_BYTES + 101];
	struct iovec iov = { out, DISC_RAW_BYTES + 100 };
	struct disc_read read = {
		.lba = 39, .sectors = 10, .fields = DISC_FIELD_DATA, .iov = &iov, .iov_count = 1
	};

	make_audio();
	out[sizeof(out) - 1] = 0x55;
	cr_assert(eq(int, run(&read), -ENOSPC));
	cr_assert(eq(u64, read.bytes, DISC_RAW_BYTES + 100));
	cr_assert(eq(u8, out[0], 40));
	cr_assert(eq(u8, out[DISC_RAW_BYTES], 0));
	cr_assert(eq(u8, out[sizeof(out) - 1], 0x55));
}

Test(disc, refuses_sectors_of_another_form, .init = setup, .fini = finish)
{
	uint8_t out[DISC_RAW_BYTES];
	struct iovec iov = { out, sizeof(out) };
	struct disc_read read = { .sectors = 1,
				  .fields = DISC_FIELD_DATA,
				  .form = DISC_FORM_MODE1,
				  .iov = &iov,
				  .iov_count = 1 };

	make_audio();
	cr_assert(eq(int, run(&read), -EMEDIUMTYPE));
	cr_assert(eq(u32, read.lba, 0));
}

Test(disc, names_sheet_and_line_of_a_missing_file, .init = setup, .fini = finish)
{
	put("a.cue", 0, SHEET, sizeof(SHEET) - 1);
	cr_assert(eq(int, insert("a.cue", DISC_BY_CONTENT), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "a.cue, line 1: disc"), NULL), "%s", err.text);
}
