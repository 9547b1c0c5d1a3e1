/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "display/clipboard.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/small_file.h"
#include "vmm/base/compiler.h"

/* What is copied, for scripts. Requests and replies are bounded: what is long goes through a file.
 */
#define INLINE_BYTES_MAX 65536u

static const char png_signature[] = "\x89PNG";

static struct clipboard *find_clipboard(const struct qmp_context *c, struct qmp_failure *failure)
{
	struct clipboard *clipboard = c->ops->clipboard(c->machine);

	if (!clipboard) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "the machine has no clipboard");
	}
	return clipboard;
}

/* --- get ------------------------------------------------------------------------------------- */

static json_t *describe_content(const struct clipboard_content *content, const char *path,
				struct qmp_failure *failure)
{
	const bool is_text = content->format == CLIPBOARD_TEXT;
	const char *from = content->side == CLIPBOARD_GUEST ? "guest" : "host";
	json_t *text = NULL;
	int code;

	if (path) {
		code = small_file_write(path, content->bytes, content->length);
		if (code < 0) {
			return qmp_fail(failure, QMP_GENERIC_ERROR, "failed to write file '%s': %s",
					path, strerror(-code));
		}
	} else if (!is_text) {
		return qmp_fail(failure, QMP_GENERIC_ERROR,
				"an image was copied: give a 'file' for it");
	} else if (content->length > INLINE_BYTES_MAX) {
		return qmp_fail(failure, QMP_GENERIC_ERROR,
				"the text has %zu bytes: give a 'file' for it", content->length);
	} else {
		text = json_stringn((const char *)content->bytes, content->length);
	}
	return json_pack("{s:s, s:s, s:I, s:o*}", "format", is_text ? "text" : "png", "from", from,
			 "bytes", (json_int_t)content->length, "text", text);
}

static json_t *run_get(const struct qmp_context *c, const json_t *arguments,
		       struct qmp_failure *failure)
{
	const char *path = json_string_value(json_object_get(arguments, "file"));
	struct clipboard *clipboard = find_clipboard(c, failure);
	struct clipboard_content *content;
	json_t *result;

	if (!clipboard) {
		return NULL;
	}
	content = clipboard_get(clipboard, CLIPBOARD_HOST);
	if (!content) {
		return json_pack("{s:s}", "format", "none");
	}
	result = describe_content(content, path, failure);
	clipboard_content_put(content);
	return result;
}

/* --- set ------------------------------------------------------------------------------------- */

static void ignore(void *arg)
{
	(void)arg;
}

/* A peer that stays only for this. */
static int put(struct clipboard *clipboard, const void *bytes, size_t length)
{
	struct clipboard_peer peer = { .side = CLIPBOARD_HOST, .wake = ignore };
	const bool is_png = length >= strlen(png_signature) &&
			    memcmp(bytes, png_signature, strlen(png_signature)) == 0;
	int code;

	clipboard_add_peer(clipboard, &peer);
	code = clipboard_put(clipboard, &peer, is_png ? CLIPBOARD_PNG : CLIPBOARD_TEXT, bytes,
			     length);
	clipboard_remove_peer(clipboard, &peer);
	return code;
}

static json_t *report(int code, struct qmp_failure *failure)
{
	switch (code) {
	case 0:
		return json_object();
	case -E2BIG:
		return qmp_fail(failure, QMP_GENERIC_ERROR, "more than %u MiB can't be copied",
				CLIPBOARD_BYTES_MAX >> 20);
	case -EPERM:
		return qmp_fail(
			failure, QMP_GENERIC_ERROR,
			"this machine's clipboard lets nothing into the guest (--clipboard)");
	case -EILSEQ:
		return qmp_fail(failure, QMP_GENERIC_ERROR, "this is neither UTF-8 text nor a PNG");
	default:
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
}

static json_t *run_set(const struct qmp_context *c, const json_t *arguments,
		       struct qmp_failure *failure)
{
	const json_t *text = json_object_get(arguments, "text");
	const char *path = json_string_value(json_object_get(arguments, "file"));
	struct clipboard *clipboard = find_clipboard(c, failure);
	AUTO_FREE uint8_t *bytes = NULL;
	size_t length;
	int code;

	if (!clipboard) {
		return NULL;
	}
	if (!text == !path) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "expected either 'text' or 'file'");
	}
	if (text) {
		return report(put(clipboard, json_string_value(text), json_string_length(text)),
			      failure);
	}
	code = small_file_read(path, CLIPBOARD_BYTES_MAX + 1, &bytes, &length);
	if (code < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "failed to read file '%s': %s", path,
				strerror(-code));
	}
	return report(put(clipboard, bytes, length), failure);
}

static const struct qmp_argument get_arguments[] = { { "file", QMP_STRING, true },
						     { .name = NULL } };
static const struct qmp_argument set_arguments[] = { { "text", QMP_STRING, true },
						     { "file", QMP_STRING, true },
						     { .name = NULL } };

const struct qmp_command qmp_clipboard_commands[] = {
	{ "x-thunderlake-clipboard-get", get_arguments, run_get },
	{ "x-thunderlake-clipboard-set", set_arguments, run_set },
	{ .name = NULL },
};
