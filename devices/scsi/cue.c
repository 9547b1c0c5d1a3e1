/* SPDX-License-Identifier: MIT */
#include "devices/scsi/cue.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "vmm/base/compiler.h"

#define WORD_MAX CUE_NAME_MAX

/* Where the parser is. */
struct cursor {
	struct cue_sheet *sheet;
	const char *at; /* of the line */
	const char *line_end;
	const char *end; /* of the text */
	unsigned line;
	uint8_t session;
	struct error *err;
};

/* Says what is wrong with the present line. */
static PRINTF_LIKE(3, 4) int fail(struct cursor *c, int code, const char *format, ...)
{
	char text[ERROR_TEXT_MAX / 2];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(c->err, code, "cue sheet %s, line %u: %s", c->sheet->path, c->line, text);
}

/* --- lines and words --- */

static bool next_line(struct cursor *c)
{
	const char *newline;

	c->at = c->line_end ? c->line_end + 1 : c->at;
	if (c->at >= c->end) {
		return false;
	}
	newline = memchr(c->at, '\n', (size_t)(c->end - c->at));
	c->line_end = newline ? newline : c->end;
	c->line++;
	return true;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The line's next word, with its quotes taken off. 1, 0 at the end of the line, -EINVAL for what no
 * sheet has. */
static int next_word(struct cursor *c, char word[static WORD_MAX + 1])
{
	bool quoted;
	size_t length = 0;

	while (c->at < c->line_end && is_blank(*c->at)) {
		c->at++;
	}
	if (c->at == c->line_end) {
		return 0;
	}
	quoted = *c->at == '"';
	c->at += quoted;
	while (c->at < c->line_end && (quoted ? *c->at != '"' : !is_blank(*c->at))) {
		if (length == WORD_MAX || *c->at == '\0') {
			return fail(c, -EINVAL,
				    "a word of more than %u letters or a NUL; is it a "
				    "cue sheet?",
				    WORD_MAX);
		}
		word[length++] = *c->at++;
	}
	word[length] = '\0';
	if (quoted && c->at == c->line_end) {
		return fail(c, -EINVAL, "a quotation mark is missing");
	}
	c->at += quoted;
	return 1;
}

static int need_word(struct cursor *c, char word[static WORD_MAX + 1], const char *what)
{
	int code = next_word(c, word);

	return code == 0 ? fail(c, -EINVAL, "%s is missing", what) : code;
}

/* Up to `digits` digits; returns what follows them, NULL without any. */
static const char *take_number(const char *text, unsigned digits, unsigned *value)
{
	const char *at = text;

	for (*value = 0; digits > 0 && isdigit((unsigned char)*at); digits--, at++) {
		*value = *value * 10 + (unsigned)(*at - '0');
	}
	return at == text ? NULL : at;
}

static int need_number(struct cursor *c, const char *what, unsigned min, unsigned *value)
{
	char word[WORD_MAX + 1];
	int code = need_word(c, word, what);
	const char *rest;

	if (code < 0) {
		return code;
	}
	rest = take_number(word, 2, value);
	if (!rest || *rest || *value < min) {
		return fail(c, -EINVAL, "\"%.20s\" is no %s: %u to 99", word, what, min);
	}
	return 0;
}

/* "mm:ss:ff" */
static int need_time(struct cursor *c, uint32_t *frames)
{
	char word[WORD_MAX + 1];
	int code = need_word(c, word, "a time (mm:ss:ff)");
	unsigned part[3];
	const char *at = word;

	if (code < 0) {
		return code;
	}
	for (unsigned i = 0; i < 3 && at; i++) {
		if (i > 0) {
			at = *at == ':' ? at + 1 : NULL;
		}
		at = at ? take_number(at, 3, &part[i]) : NULL;
	}
	if (!at || *at || part[1] > 59 || part[2] >= DISC_FRAMES_PER_SECOND) {
		return fail(c, -EINVAL,
			    "\"%.20s\" is no time: mm:ss:ff, seconds to 59, frames to 74", word);
	}
	*frames = (part[0] * 60 + part[1]) * DISC_FRAMES_PER_SECOND + part[2];
	return 0;
}

/* --- commands --- */

static struct cue_track *present_track(struct cursor *c)
{
	struct cue_sheet *sheet = c->sheet;

	return sheet->track_count > 0 ? &sheet->tracks[sheet->track_count - 1] : NULL;
}

/* FILE "name" BINARY */
static int take_file(struct cursor *c)
{
	char kind[WORD_MAX + 1];
	struct cue_file *file = &c->sheet->files[c->sheet->file_count];
	int code;

	if (c->sheet->file_count == DISC_FILES_MAX) {
		return fail(c, -E2BIG, "more than %u files", DISC_FILES_MAX);
	}
	code = need_word(c, file->name, "the file's name");
	if (code < 0) {
		return code;
	}
	if (!file->name[0] || strpbrk(file->name, "/\\") || !strcmp(file->name, ".") ||
	    !strcmp(file->name, "..")) {
		return fail(
			c, -EINVAL,
			"\"%.100s\": put the file beside the sheet and name it without a folder",
			file->name);
	}
	code = need_word(c, kind, "the file's kind (BINARY)");
	if (code < 0) {
		return code;
	}
	if (strcasecmp(kind, "BINARY") != 0) {
		return fail(c, -EOPNOTSUPP,
			    "files of kind \"%.20s\" are not read; convert them to BINARY (for "
			    "example with bchunk or sox: 44.1 kHz, 16 bit, stereo, no header)",
			    kind);
	}
	file->line = c->line;
	c->sheet->file_count++;
	return 0;
}

/* The second word of a TRACK line. */
static const struct {
	const char *name;
	enum disc_mode mode;
	uint16_t sector_bytes;
} TRACK_KINDS[] = {
	{ "AUDIO", DISC_AUDIO, 2352 },	    { "MODE1/2048", DISC_MODE1, 2048 },
	{ "MODE1/2352", DISC_MODE1, 2352 }, { "MODE2/2336", DISC_MODE2, 2336 },
	{ "MODE2/2352", DISC_MODE2, 2352 }, { "CDI/2336", DISC_MODE2, 2336 },
	{ "CDI/2352", DISC_MODE2, 2352 },
};

static int set_track_kind(struct cursor *c, struct cue_track *track)
{
	char kind[WORD_MAX + 1];
	int code = need_word(c, kind, "the track's kind (AUDIO, MODE1/2048 …)");

	if (code < 0) {
		return code;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(TRACK_KINDS); i++) {
		if (strcasecmp(kind, TRACK_KINDS[i].name) == 0) {
			track->track.mode = TRACK_KINDS[i].mode;
			track->track.control =
				track->track.mode == DISC_AUDIO ? 0 : DISC_CONTROL_DATA;
			track->sector_bytes = TRACK_KINDS[i].sector_bytes;
			return 0;
		}
	}
	return fail(c, -EOPNOTSUPP,
		    "tracks of kind \"%.20s\" are not read; known are AUDIO, MODE1/2048, "
		    "MODE1/2352, MODE2/2336, MODE2/2352, CDI/2336 and CDI/2352",
		    kind);
}

/* TRACK number kind */
static int take_track(struct cursor *c)
{
	struct cue_track *last = present_track(c);
	struct cue_track *track = &c->sheet->tracks[c->sheet->track_count];
	unsigned number;
	int code = need_number(c, "track number", 1, &number);

	if (code < 0) {
		return code;
	}
	if (c->sheet->file_count == 0) {
		return fail(c, -EINVAL, "TRACK before any FILE");
	}
	if (last && number != last->track.number + 1u) {
		return fail(c, -EINVAL, "track %u follows track %u; they count up by one", number,
			    last->track.number);
	}
	*track = (struct cue_track){ .track = { .number = (uint8_t)number, .session = c->session },
				     .line = c->line };
	code = set_track_kind(c, track);
	c->sheet->track_count += code == 0;
	return code;
}

/* INDEX must count up from 0 or 1 in a track, and not run backwards in a file. */
static int check_point(struct cursor *c, const struct cue_point *point)
{
	const struct cue_point *last =
		c->sheet->point_count > 0 ? &c->sheet->points[c->sheet->point_count - 1] : NULL;
	bool first = !last || last->track != point->track;

	if (first ? point->index > 1 : point->index != last->index + 1) {
		return fail(c, -EINVAL, "INDEX %02u: they count up by one, from 00 or 01",
			    point->index);
	}
	if (first && point->index == 0 && present_track(c)->pregap > 0) {
		return fail(c, -EINVAL, "a track has PREGAP or INDEX 00, not both");
	}
	if (last && last->file == point->file && point->frame < last->frame) {
		return fail(c, -EINVAL, "this INDEX lies before that of line %u", last->line);
	}
	return 0;
}

/* INDEX number mm:ss:ff */
static int take_index(struct cursor *c)
{
	struct cue_sheet *sheet = c->sheet;
	struct cue_point *point = &sheet->points[sheet->point_count];
	unsigned index = 0;
	int code = need_number(c, "index number", 0, &index);

	if (code < 0) {
		return code;
	}
	if (!present_track(c)) {
		return fail(c, -EINVAL, "INDEX before any TRACK");
	}
	if (sheet->point_count == CUE_POINTS_MAX) {
		return fail(c, -E2BIG, "more than %u INDEX lines", CUE_POINTS_MAX);
	}
	*point = (struct cue_point){
		.track = (uint8_t)(sheet->track_count - 1),
		.file = (uint8_t)(sheet->file_count - 1),
		.index = (uint8_t)index,
		.line = c->line,
	};
	code = need_time(c, &point->frame);
	if (code == 0) {
		code = check_point(c, point);
	}
	sheet->point_count += code == 0;
	return code;
}

static int take_gap(struct cursor *c, bool before)
{
	struct cue_track *track = present_track(c);

	if (!track) {
		return fail(c, -EINVAL, "%s before any TRACK", before ? "PREGAP" : "POSTGAP");
	}
	return need_time(c, before ? &track->pregap : &track->postgap);
}

static int take_pregap(struct cursor *c)
{
	const struct cue_sheet *sheet = c->sheet;

	if (sheet->point_count > 0 &&
	    sheet->points[sheet->point_count - 1].track + 1u == sheet->track_count) {
		return fail(c, -EINVAL, "PREGAP stands before the track's first INDEX");
	}
	return take_gap(c, true);
}

static int take_postgap(struct cursor *c)
{
	return take_gap(c, false);
}

/* FLAGS DCP 4CH PRE SCMS */
static int take_flags(struct cursor *c)
{
	struct cue_track *track = present_track(c);
	char word[WORD_MAX + 1];
	int code;

	if (!track) {
		return fail(c, -EINVAL, "FLAGS before any TRACK");
	}
	while ((code = next_word(c, word)) == 1) {
		if (strcasecmp(word, "DCP") == 0) {
			track->track.control |= DISC_CONTROL_COPY_ALLOWED;
		} else if (track->track.mode == DISC_AUDIO && strcasecmp(word, "4CH") == 0) {
			track->track.control |= DISC_CONTROL_FOUR_CHANNELS;
		} else if (track->track.mode == DISC_AUDIO && strcasecmp(word, "PRE") == 0) {
			track->track.control |= DISC_CONTROL_PRE_EMPHASIS;
		}
	}
	return code;
}

/* Copies a code of exactly `length` letters and digits. */
static int take_code(struct cursor *c, const char *what, char *out, size_t length)
{
	char word[WORD_MAX + 1];
	int code = need_word(c, word, what);

	if (code < 0) {
		return code;
	}
	if (strlen(word) != length ||
	    strspn(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") < length) {
		return fail(c, -EINVAL, "\"%.20s\" is no %s: %zu digits and capital letters", word,
			    what, length);
	}
	memcpy(out, word, length + 1);
	return 0;
}

static int take_catalog(struct cursor *c)
{
	return take_code(c, "media catalog number", c->sheet->catalog,
			 sizeof(c->sheet->catalog) - 1);
}

static int take_isrc(struct cursor *c)
{
	struct cue_track *track = present_track(c);

	if (!track) {
		return fail(c, -EINVAL, "ISRC before any TRACK");
	}
	return take_code(c, "ISRC", track->track.isrc, sizeof(track->track.isrc) - 1);
}

/* REM is a remark to most programs; "REM SESSION n" tells where a session starts. */
static int take_remark(struct cursor *c)
{
	char word[WORD_MAX + 1];
	const struct cue_track *track;
	unsigned number = 0;
	int code;

	/* Remarks may hold anything. */
	if (next_word(c, word) != 1 || strcasecmp(word, "SESSION") != 0) {
		return 0;
	}
	code = need_number(c, "session number", 1, &number);
	if (code < 0) {
		return code;
	}
	if (number == c->session) {
		return 0;
	}
	track = present_track(c);
	if (number != c->session + 1u || !track || track->track.session != c->session) {
		return fail(
			c, -EINVAL,
			"session %u after session %u; each has a track, and they count up by one",
			number, c->session);
	}
	c->session = (uint8_t)number;
	return 0;
}

static int take_nothing(struct cursor *c)
{
	(void)c;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct cursor *c);
} COMMANDS[] = {
	{ "FILE", take_file },		{ "TRACK", take_track },
	{ "INDEX", take_index },	{ "PREGAP", take_pregap },
	{ "POSTGAP", take_postgap },	{ "FLAGS", take_flags },
	{ "CATALOG", take_catalog },	{ "ISRC", take_isrc },
	{ "REM", take_remark },		{ "TITLE", take_nothing },
	{ "PERFORMER", take_nothing },	{ "SONGWRITER", take_nothing },
	{ "CDTEXTFILE", take_nothing },
};

static int take_line(struct cursor *c)
{
	char word[WORD_MAX + 1];
	int code = next_word(c, word);

	if (code <= 0) {
		return code;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		if (strcasecmp(word, COMMANDS[i].name) == 0) {
			return COMMANDS[i].take(c);
		}
	}
	return fail(c, -EINVAL, "unknown command \"%.20s\"; is it a cue sheet?", word);
}

/* Every track needs an INDEX 01, every session a track. */
static int check_sheet(struct cursor *c)
{
	const struct cue_sheet *sheet = c->sheet;
	unsigned point = 0;

	if (sheet->track_count == 0) {
		return fail(c, -EINVAL, "the sheet ends without any TRACK; is it a cue sheet?");
	}
	for (unsigned i = 0; i < sheet->track_count; i++) {
		bool has_start = false;

		for (; point < sheet->point_count && sheet->points[point].track == i; point++) {
			has_start |= sheet->points[point].index == 1;
		}
		if (!has_start) {
			c->line = sheet->tracks[i].line;
			return fail(c, -EINVAL,
				    "track %u has no INDEX 01; add one: INDEX 01 mm:ss:ff",
				    sheet->tracks[i].track.number);
		}
	}
	return 0;
}

int cue_parse(struct cue_sheet *sheet, const char *path, const char *text, size_t length,
	      struct error *err)
{
	static const char MARK[] = "\xef\xbb\xbf"; /* UTF-8's, of some editors */
	struct cursor c = {
		.sheet = sheet, .at = text, .end = text + length, .session = 1, .err = err
	};

	memset(sheet, 0, sizeof(*sheet));
	sheet->path = path;
	if (length > CUE_TEXT_MAX) {
		return error_set(
			err, -E2BIG,
			"cue sheet %s: more than %u KiB; name the .cue file, not the image", path,
			CUE_TEXT_MAX >> 10);
	}
	if (length >= 3 && memcmp(text, MARK, 3) == 0) {
		c.at += 3;
	}
	while (next_line(&c)) {
		int code = take_line(&c);

		if (code < 0) {
			return code;
		}
	}
	return check_sheet(&c);
}
