/* SPDX-License-Identifier: MIT */
#define ZLIB_CONST /* its input is const */
#include "display/vnc_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vmm/base/bytes.h"
#include "vmm/base/utf8.h"

#define LATIN1_END 0x100u

/* Drops the carriage return of \r\n and closing zeros, in place. */
static size_t strip(char *text, size_t length)
{
	size_t used = 0;

	while (length > 0 && text[length - 1] == '\0') {
		length--;
	}
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\r' || i + 1 == length || text[i + 1] != '\n') {
			text[used++] = text[i];
		}
	}
	return used;
}

char *vnc_text_from_latin1(const char *text, size_t length, size_t *out_length)
{
	char *out = malloc(length * 2 + 1);
	size_t used = 0;

	if (!out) {
		return NULL;
	}
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = (uint8_t)text[i];

		if (byte < 0x80) {
			out[used++] = (char)byte;
		} else {
			out[used++] = (char)(0xc0 | byte >> 6);
			out[used++] = (char)(0x80 | (byte & 0x3f));
		}
	}
	*out_length = strip(out, used);
	return out;
}

char *vnc_text_to_latin1(const char *text, size_t length, size_t *out_length)
{
	char *out = malloc(length + 1);
	size_t used = 0;

	if (!out) {
		return NULL;
	}
	for (size_t i = 0; i < length;) {
		uint32_t point = LATIN1_END;
		const size_t step = utf8_decode(text + i, length - i, &point);

		out[used++] = point < LATIN1_END ? (char)point : '?';
		i += step > 0 ? step : 1;
	}
	*out_length = used;
	return out;
}

char *vnc_text_to_crlf(const char *text, size_t length, size_t *out_length)
{
	char *out = malloc(length * 2 + 1);
	size_t used = 0;

	if (!out) {
		return NULL;
	}
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
			out[used++] = '\r';
		}
		out[used++] = text[i];
	}
	*out_length = used;
	return out;
}

/* Fills `size` bytes at `out`; the stream may be closed behind them or left open. */
static int inflate_exactly(z_stream *stream, void *out, uint32_t size)
{
	int code;

	stream->next_out = out;
	stream->avail_out = size;
	code = inflate(stream, Z_SYNC_FLUSH);
	if (code == Z_MEM_ERROR) {
		return -ENOMEM;
	}
	return (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) &&
			       stream->avail_out == 0
		       ? 0
		       : -EINVAL;
}

static int inflate_text(z_stream *stream, size_t limit, char **out, size_t *out_length)
{
	uint8_t head[4];
	uint32_t size;
	int code = inflate_exactly(stream, head, sizeof(head));

	if (code < 0) {
		return code;
	}
	size = __builtin_bswap32(load_le32(head));
	if (size > limit) {
		return -E2BIG;
	}
	*out = malloc((size_t)size + 1);
	if (!*out) {
		return -ENOMEM;
	}
	code = size > 0 ? inflate_exactly(stream, *out, size) : 0;
	if (code < 0) {
		free(*out);
		*out = NULL;
		return code;
	}
	*out_length = strip(*out, size);
	return 0;
}

int vnc_text_from_extended(const void *deflated, size_t length, size_t limit, char **out,
			   size_t *out_length)
{
	z_stream stream = { 0 };
	int code;

	*out = NULL;
	if (length > UINT32_MAX) {
		return -E2BIG;
	}
	if (inflateInit(&stream) != Z_OK) {
		return -ENOMEM;
	}
	stream.next_in = deflated;
	stream.avail_in = (uInt)length;
	code = inflate_text(&stream, limit, out, out_length);
	(void)inflateEnd(&stream);
	return code;
}
