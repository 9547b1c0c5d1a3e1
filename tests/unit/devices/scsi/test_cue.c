/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/cue.c devices/scsi/cue_layout.c devices/scsi/disc_layout.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "devices/scsi/cue.h"
#include "vmm/base/compiler.h"

TestSuite(cue, .timeout = 20);

static struct cue_sheet sheet;
static struct disc_layout layout;
static struct error err;

static int parse(const char *text)
{
	return cue_parse(&sheet, "a.cue", text, strlen(text), &err);
}

/* Every file has `sectors` sectors of 2352 bytes. */
static int lay_out(const char *text, uint64_t sectors)
{
	int code = parse(text);

	for (unsigned i = 0; i < sheet.file_count; i++) {
		sheet.files[i].bytes = sectors * DISC_RAW_BYTES;
	}
	return code < 0 ? code : cue_layout(&sheet, &layout, &err);
}

Test(cue, reads_tracks_of_one_file)
{
	const struct disc_track *track;

	cr_assert(eq(int,
		     lay_out("CATALOG 0123456789012\n"
			     "FILE \"my disc.bin\" BINARY\r\n"
			     "  TRACK 01 MODE1/2352\r\n"
			     "    INDEX 01 00:00:00\r\n"
			     "  TRACK 02 AUDIO\r\n"
			     "    FLAGS DCP PRE\r\n"
			     "    ISRC GBAYE6800001\r\n"
			     "    INDEX 00 00:06:00\r\n"
			     "    INDEX 01 00:08:00\r\n",
			     1000),
		     0));
	cr_assert(eq(str, sheet.files[0].name, "my disc.bin"));
	cr_assert(eq(str, layout.catalog, "0123456789012"));
	cr_assert(eq(uint, layout.track_count, 2));
	cr_assert(eq(uint, layout.session_count, 1));
	cr_assert(eq(u32, disc_layout_sectors(&layout), 1000));

	track = disc_layout_track(&layout, 1);
	cr_assert(eq(int, track->mode, DISC_MODE1));
	cr_assert(eq(u8, track->control, DISC_CONTROL_DATA));
	cr_assert(eq(u32, track->end_lba, 450)); /* 6 s */

	track = disc_layout_track(&layout, 2);
	cr_assert(eq(int, track->mode, DISC_AUDIO));
	cr_assert(eq(u8, track->control, DISC_CONTROL_COPY_ALLOWED | DISC_CONTROL_PRE_EMPHASIS));
	cr_assert(zero(int, strcmp(track->isrc, "GBAYE6800001")));
	cr_assert(eq(u32, track->pregap_lba, 450));
	cr_assert(eq(u32, track->start_lba, 600));
	cr_assert(eq(u32, track->end_lba, 1000));
	disc_layout_finish(&layout);
}

Test(cue, counts_bytes_of_sectors_of_two_sizes_in_one_file)
{
	/* 100 sectors of 2048, the rest of 2352. */
	cr_assert(eq(int,
		     parse("FILE a BINARY\nTRACK 01 MODE1/2048\nINDEX 01 00:00:00\n"
			   "TRACK 02 AUDIO\nINDEX 01 00:01:25\n"),
		     0));
	sheet.files[0].bytes = 100 * 2048 + 50 * 2352;
	cr_assert(eq(int, cue_layout(&sheet, &layout, &err), 0));
	cr_assert(eq(u64, disc_layout_extent(&layout, 100)->offset, 100 * 2048));
	cr_assert(eq(u32, disc_layout_sectors(&layout), 150));
	disc_layout_finish(&layout);
}

Test(cue, makes_silent_sectors_for_pregap_and_postgap)
{
	cr_assert(eq(int,
		     lay_out("FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nPOSTGAP 00:00:10\n"
			     "FILE b BINARY\nTRACK 02 AUDIO\nPREGAP 00:02:00\nINDEX 01 00:00:00\n",
			     300),
		     0));
	cr_assert(eq(u8, disc_layout_extent(&layout, 300)->file, DISC_NO_FILE));
	cr_assert(eq(u8, disc_layout_extent(&layout, 300)->track, 1));
	cr_assert(eq(u8, disc_layout_extent(&layout, 310)->track, 2));
	cr_assert(eq(u8, disc_layout_extent(&layout, 310)->index, 0));
	cr_assert(eq(u32, disc_layout_track(&layout, 2)->start_lba, 460));
	cr_assert(eq(u8, disc_layout_extent(&layout, 460)->file, 1));
	cr_assert(eq(u32, disc_layout_sectors(&layout), 760));
	disc_layout_finish(&layout);
}

Test(cue, joins_a_pregap_at_the_end_of_the_file_before)
{
	cr_assert(
		eq(int,
		   lay_out("FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n"
			   "TRACK 02 AUDIO\nINDEX 00 00:03:00\nFILE b BINARY\nINDEX 01 00:00:00\n",
			   300),
		   0));
	cr_assert(eq(u32, disc_layout_track(&layout, 2)->pregap_lba, 225));
	cr_assert(eq(u32, disc_layout_track(&layout, 2)->start_lba, 300));
	cr_assert(eq(u8, disc_layout_extent(&layout, 299)->file, 0));
	cr_assert(eq(u8, disc_layout_extent(&layout, 300)->file, 1));
	disc_layout_finish(&layout);
}

Test(cue, separates_sessions_by_lead_out_and_lead_in)
{
	cr_assert(eq(
		int,
		lay_out("REM SESSION 01\nFILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n"
			"REM SESSION 02\nFILE b BINARY\nTRACK 02 MODE2/2352\nINDEX 01 00:00:00\n",
			300),
		0));
	cr_assert(eq(uint, layout.session_count, 2));
	cr_assert(eq(u32, layout.sessions[0].lead_out_lba, 300));
	cr_assert(eq(u32, layout.tracks[1].start_lba, 300 + 11400));
	cr_assert(eq(u32, layout.sessions[1].lead_out_lba, 12000));
	cr_assert(eq(int, disc_layout_extent(&layout, 300) != NULL, 0));
	cr_assert(eq(int, disc_layout_track_at(&layout, 11699) != NULL, 0));
	disc_layout_finish(&layout);
}

struct bad {
	/* Arrays: the rows are copied into another process. */
	char text[96];
	int code;
	char says[48];
};

static struct bad bads[] = {
	{ "", -EINVAL, "without any TRACK" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 00 00:00:00\n", -EINVAL, "line 2: track 1 has no" },
	{ "FILE ../a BINARY\n", -EINVAL, "line 1: \"../a\": put the file beside" },
	{ "FILE \"C:\\a.bin\" BINARY\n", -EINVAL, "beside the sheet" },
	{ "FILE a WAVE\n", -EOPNOTSUPP, "convert them to BINARY" },
	{ "FILE \"a BINARY\n", -EINVAL, "quotation mark" },
	{ "TRACK 01 AUDIO\n", -EINVAL, "TRACK before any FILE" },
	{ "FILE a BINARY\nTRACK 00 AUDIO\n", -EINVAL, "line 2: \"00\" is no track number" },
	{ "FILE a BINARY\nTRACK 100 AUDIO\n", -EINVAL, "\"100\"" },
	{ "FILE a BINARY\nTRACK 01 CDG\n", -EOPNOTSUPP, "known are AUDIO" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:60:00\n", -EINVAL, "is no time" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:75\n", -EINVAL, "is no time" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 0:0\n", -EINVAL, "is no time" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 02 00:00:00\n", -EINVAL, "INDEX 02" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:02:00\nINDEX 02 00:01:00\n", -EINVAL,
	  "line 4: this INDEX lies before that of line 3" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 03 AUDIO\n", -EINVAL,
	  "track 3 follows track 1" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nREM SESSION 3\n", -EINVAL,
	  "session 3 after session 1" },
	{ "FILE a BINARY\nTRACK 01 AUDIO\nISRC short\n", -EINVAL, "ISRC" },
	{ "MZ\x90", -EINVAL, "is it a cue sheet" },
};

ParameterizedTestParameters(cue, refuses_and_says_where)
{
	return cr_make_param_array(struct bad, bads, ARRAY_SIZE(bads));
}

ParameterizedTest(struct bad *bad, cue, refuses_and_says_where)
{
	cr_assert(eq(int, parse(bad->text), bad->code));
	cr_assert(ne(ptr, strstr(err.text, bad->says), NULL), "%s", err.text);
	cr_assert(ne(ptr, strstr(err.text, "cue sheet a.cue"), NULL));
}

Test(cue, refuses_an_endless_word_and_a_long_text)
{
	static char text[CUE_TEXT_MAX + 1];

	memset(text, 'a', sizeof(text));
	cr_assert(eq(int, cue_parse(&sheet, "a.cue", text, CUE_TEXT_MAX, &err), -EINVAL));
	cr_assert(eq(int, cue_parse(&sheet, "a.cue", text, sizeof(text), &err), -E2BIG));
}

#define TWO_TRACKS \
	"FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:04:00\n"

Test(cue, refuses_files_too_short)
{
	cr_assert(eq(int, lay_out(TWO_TRACKS, 299), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "line 5: lies behind the end of a"), NULL));
	cr_assert(eq(int, lay_out(TWO_TRACKS, 300), -EINVAL));
	cr_assert(eq(int, lay_out(TWO_TRACKS, 301), 0));
	disc_layout_finish(&layout);
}

Test(cue, refuses_a_file_with_a_part_of_a_sector)
{
	cr_assert(eq(int, parse(TWO_TRACKS), 0));
	sheet.files[0].bytes = 301 * 2352 + 1;
	cr_assert(eq(int, cue_layout(&sheet, &layout, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "is not a multiple"), NULL));
}

Test(cue, refuses_an_empty_track)
{
	cr_assert(eq(int,
		     lay_out("FILE a BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n"
			     "TRACK 02 AUDIO\nINDEX 01 00:00:00\n",
			     10),
		     -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "line 2: track 1 is empty"), NULL));
}

Test(cue, refuses_more_than_a_disc_holds)
{
	cr_assert(eq(int, lay_out(TWO_TRACKS, DISC_CD_SECTORS_MAX), 0));
	disc_layout_finish(&layout);
	cr_assert(eq(int, lay_out(TWO_TRACKS, DISC_CD_SECTORS_MAX + 1), -E2BIG));
	sheet.files[0].bytes = UINT64_MAX / 2352 * 2352;
	cr_assert(eq(int, cue_layout(&sheet, &layout, &err), -E2BIG));
}

Test(cue, converts_addresses)
{
	struct disc_msf last = disc_msf_of(DISC_CD_SECTORS_MAX - 1);
	uint32_t lba;

	cr_assert(eq(u8, disc_msf_of(0).second, 2));
	cr_assert(eq(u8, last.minute, 99));
	cr_assert(eq(u8, last.second, 59));
	cr_assert(eq(u8, last.frame, 74));
	/* 00:02:00 is 0; one frame before it is none of ours. */
	cr_assert(eq(int, disc_lba_of((struct disc_msf){ 0, 2, 0 }, &lba), 0));
	cr_assert(eq(u32, lba, 0));
	cr_assert(eq(int, disc_lba_of((struct disc_msf){ 0, 1, 74 }, &lba), -EINVAL));
	cr_assert(eq(int, disc_lba_of((struct disc_msf){ 0, 2, 75 }, &lba), -EINVAL));
	cr_assert(eq(int, disc_lba_of((struct disc_msf){ 74, 30, 5 }, &lba), 0));
	cr_assert(eq(u32, lba, (74 * 60 + 30) * 75 + 5 - 150));
}
