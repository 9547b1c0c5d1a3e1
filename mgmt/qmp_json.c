/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_json.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"

#define FIRST_CAPACITY 512u

void qmp_framer_init(struct qmp_framer *framer, size_t limit)
{
	*framer = (struct qmp_framer){ .limit = limit };
}

void qmp_framer_finish(struct qmp_framer *framer)
{
	free(framer->text);
	*framer = (struct qmp_framer){ .limit = framer->limit };
}

void qmp_framer_reset(struct qmp_framer *framer)
{
	framer->length = 0;
	framer->depth = 0;
	framer->in_string = false;
	framer->escaped = false;
}

static enum qmp_frame append(struct qmp_framer *framer, char c)
{
	if (framer->length == framer->limit) {
		return QMP_FRAME_TOO_LONG;
	}
	if (framer->length == framer->capacity) {
		size_t capacity = framer->capacity ? framer->capacity * 2 : FIRST_CAPACITY;
		char *text = realloc(framer->text, MIN(capacity, framer->limit));

		if (!text) {
			return QMP_FRAME_NO_MEMORY;
		}
		framer->text = text;
		framer->capacity = MIN(capacity, framer->limit);
	}
	framer->text[framer->length++] = c;
	return QMP_FRAME_MORE;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void follow_string(struct qmp_framer *framer, char c)
{
	if (framer->escaped) {
		framer->escaped = false;
	} else if (c == '\\') {
		framer->escaped = true;
	} else if (c == '"') {
		framer->in_string = false;
	}
}

/* Follows one character that was appended; says whether it ends the value. */
static enum qmp_frame follow(struct qmp_framer *framer, char c)
{
	if (framer->in_string) {
		follow_string(framer, c);
		return QMP_FRAME_MORE;
	}
	switch (c) {
	case '"':
		framer->in_string = true;
		return QMP_FRAME_MORE;
	case '{':
	case '[':
		return ++framer->depth > QMP_DEPTH_MAX ? QMP_FRAME_TOO_DEEP : QMP_FRAME_MORE;
	case '}':
	case ']':
		if (framer->depth <= 1) {
			return QMP_FRAME_VALUE;
		}
		framer->depth--;
		return QMP_FRAME_MORE;
	default:
		return QMP_FRAME_MORE;
	}
}

/* A word outside all brackets, never a right request, ends before what can't be part of it. */
static bool ends_word(const struct qmp_framer *framer, char c)
{
	return framer->length && framer->depth == 0 && !framer->in_string &&
	       (is_space(c) || c == '{' || c == '[');
}

enum qmp_frame qmp_framer_feed(struct qmp_framer *framer, const char *bytes, size_t length,
			       size_t *used)
{
	enum qmp_frame frame = QMP_FRAME_MORE;

	for (*used = 0; *used < length && frame == QMP_FRAME_MORE; (*used)++) {
		const char c = bytes[*used];

		if (framer->length == 0 && is_space(c)) {
			continue;
		}
		if (ends_word(framer, c)) {
			return QMP_FRAME_VALUE;
		}
		frame = append(framer, c);
		if (frame == QMP_FRAME_MORE) {
			frame = follow(framer, c);
		}
	}
	return frame;
}
