/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <zlib.h>

#include "display/vnc_client_state.h"
#include "display/vnc_library.h"
#include "display/vnc_text.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

/*
 * Copied texts. The library has them too, but it hangs up on texts of 1 MiB and on peers that close
 * their deflated stream, and it tells a wrong length to viewers without the extension. So only the
 * greeting of the extension, in answer to SetEncodings, is left to it.
 */
#define TAG "vnc"

#define HEAD_LENGTH 8u
#define SKIP_CHUNK  16384u

/* Formats and actions of the extended clipboard, as the rfbproto document numbers them. */
#define FORMAT_TEXT    (1u << 0)
#define FORMATS_MAX    16u
#define ACTION_CAPS    (1u << 24)
#define ACTION_REQUEST (1u << 25)
#define ACTION_PEEK    (1u << 26)
#define ACTION_NOTIFY  (1u << 27)
#define ACTION_PROVIDE (1u << 28)

/* --- to the viewer --- */

static void write_all(struct vnc_client *client, const void *bytes, size_t length)
{
	if (client->rfb->sock >= 0 && length > 0 &&
	    libvnc.WriteExact(client->rfb, bytes, (int)length) < 0) {
		libvnc.CloseClient(client->rfb);
	}
}

/* `length` as the message has it: negative for the extension. */
static void write_head(struct vnc_client *client, int64_t length)
{
	uint8_t head[HEAD_LENGTH] = { rfbServerCutText };

	store_le32(head + 4, __builtin_bswap32((uint32_t)length));
	write_all(client, head, sizeof(head));
}

static void send_action(struct vnc_client *client, uint32_t action)
{
	uint8_t flags[4];

	store_le32(flags, __builtin_bswap32(action | FORMAT_TEXT));
	write_head(client, -(int64_t)sizeof(flags));
	write_all(client, flags, sizeof(flags));
}

static void send_latin1(struct vnc_client *client, const struct clipboard_content *content)
{
	size_t length;
	AUTO_FREE char *text =
		vnc_text_to_latin1((const char *)content->bytes, content->length, &length);

	if (text) {
		write_head(client, (int64_t)length);
		write_all(client, text, length);
	}
}

/* The size and the text with its closing zero, in one deflated stream. */
static void provide(struct vnc_client *client, const char *text, size_t length)
{
	AUTO_FREE uint8_t *plain = malloc(length + 5);
	uLongf size = compressBound(length + 5);
	AUTO_FREE uint8_t *deflated = malloc(4 + size);

	if (!plain || !deflated) {
		return;
	}
	store_le32(plain, __builtin_bswap32((uint32_t)length + 1));
	memcpy(plain + 4, text, length);
	plain[4 + length] = '\0';
	if (compress(deflated + 4, &size, plain, length + 5) != Z_OK) {
		return;
	}
	store_le32(deflated, __builtin_bswap32(ACTION_PROVIDE | FORMAT_TEXT));
	write_head(client, -(int64_t)(4 + size));
	write_all(client, deflated, 4 + size);
}

static void send_extended(struct vnc_client *client, const struct clipboard_content *content,
			  bool is_requested)
{
	const rfbClientRec *rfb = client->rfb;
	size_t length;
	AUTO_FREE char *text =
		vnc_text_to_crlf((const char *)content->bytes, content->length, &length);

	if (!text) {
		return;
	}
	if (is_requested || (rfb->extClipboardUserCap & ACTION_PROVIDE &&
			     length < rfb->extClipboardMaxUnsolicitedSize)) {
		provide(client, text, length);
	} else if (rfb->extClipboardUserCap & ACTION_NOTIFY) {
		send_action(client, ACTION_NOTIFY);
	}
}

static void send_content(struct vnc_client *client, bool is_requested)
{
	struct clipboard_content *content =
		clipboard_get(client->config.env->clipboard, CLIPBOARD_HOST);

	if (content && content->format == CLIPBOARD_TEXT) {
		if (client->rfb->enableExtendedClipboard) {
			send_extended(client, content, is_requested);
		} else {
			send_latin1(client, content);
		}
	}
	clipboard_content_put(content);
}

static void on_copied(void *arg)
{
	struct vnc_client *client = arg;

	/* Before it is greeted the viewer takes no messages; it will not learn of this text. */
	if (!client->is_gone && client->rfb->state == RFB_NORMAL) {
		send_content(client, false);
	}
}

/* --- from the viewer --- */

static bool read_all(struct vnc_client *client, void *bytes, size_t length)
{
	if (length > 0 && libvnc.ReadExact(client->rfb, bytes, (int)length) <= 0) {
		libvnc.CloseClient(client->rfb);
		return false;
	}
	return true;
}

static void put_text(struct vnc_client *client, const char *text, size_t length)
{
	int code = clipboard_put(client->config.env->clipboard, &client->clipboard, CLIPBOARD_TEXT,
				 text, length);

	if (code < 0) {
		log_debug(TAG, "text that a viewer copied is not taken: error %d", -code);
	}
}

/* What is not wanted comes anyway; it is thrown away as it comes. */
static void skip(struct vnc_client *client, uint64_t length)
{
	if (length > CLIPBOARD_BYTES_MAX) {
		log_info(TAG, "a viewer copied %llu bytes; more than %u are not taken",
			 (unsigned long long)length, CLIPBOARD_BYTES_MAX);
	}
	client->skip = length;
}

static void skip_some(struct vnc_client *client)
{
	char rest[SKIP_CHUNK];
	ssize_t count = recv(client->fd, rest, MIN(client->skip, sizeof(rest)), MSG_DONTWAIT);

	if (count > 0) {
		client->skip -= (uint64_t)count;
	} else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
		libvnc.CloseClient(client->rfb);
	}
}

/* Reads the rest of a message. NULL: it is skipped, or the viewer is gone. */
static char *read_rest(struct vnc_client *client, size_t length)
{
	char *bytes = length <= CLIPBOARD_BYTES_MAX ? malloc(length + 1) : NULL;

	if (!bytes) {
		skip(client, length);
		return NULL;
	}
	if (!read_all(client, bytes, length)) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static void take_latin1(struct vnc_client *client, size_t length)
{
	AUTO_FREE char *bytes = read_rest(client, length);
	AUTO_FREE char *text = bytes ? vnc_text_from_latin1(bytes, length, &length) : NULL;

	if (text) {
		put_text(client, text, length);
	}
}

static void take_provided(struct vnc_client *client, size_t length)
{
	AUTO_FREE char *bytes = read_rest(client, length);
	AUTO_FREE char *text = NULL;
	int code;

	if (!bytes) {
		return;
	}
	code = vnc_text_from_extended(bytes, length, CLIPBOARD_BYTES_MAX + 1, &text, &length);
	if (code == -EINVAL) {
		libvnc.CloseClient(client->rfb);
	} else if (code == 0) {
		put_text(client, text, length);
	}
}

/* What the viewer can do, and how much text it takes unasked: a size for each of its formats. */
static void take_caps(struct vnc_client *client, uint32_t flags, size_t length)
{
	uint8_t sizes[FORMATS_MAX * 4] = { 0 };
	rfbClientRec *rfb = client->rfb;

	if (length > sizeof(sizes) || !read_all(client, sizes, length)) {
		libvnc.CloseClient(rfb);
		return;
	}
	rfb->extClipboardUserCap = flags;
	rfb->extClipboardMaxUnsolicitedSize = __builtin_bswap32(load_le32(sizes));
	rfb->enableExtendedClipboard = flags & FORMAT_TEXT ? TRUE : FALSE;
}

/* `length` bytes come, with the flags in front. */
static void take_extended(struct vnc_client *client, size_t length)
{
	uint8_t bytes[4];
	uint32_t flags;

	if (length < sizeof(bytes) || !read_all(client, bytes, sizeof(bytes))) {
		libvnc.CloseClient(client->rfb);
		return;
	}
	flags = __builtin_bswap32(load_le32(bytes));
	length -= sizeof(bytes);
	if (flags & ACTION_CAPS) {
		take_caps(client, flags, length);
	} else if (flags & ACTION_PROVIDE && flags & FORMAT_TEXT) {
		take_provided(client, length);
	} else {
		if (flags & ACTION_REQUEST && flags & FORMAT_TEXT) {
			send_content(client, true);
		} else if (flags & ACTION_PEEK) {
			send_action(client, ACTION_NOTIFY);
		} else if (flags & ACTION_NOTIFY && flags & FORMAT_TEXT) {
			send_action(client, ACTION_REQUEST);
		}
		skip(client, length);
	}
}

void vnc_copy_take(struct vnc_client *client)
{
	uint8_t head[HEAD_LENGTH];
	uint32_t length;

	if (client->skip > 0) {
		skip_some(client);
		return;
	}
	if (!read_all(client, head, sizeof(head))) {
		return;
	}
	length = __builtin_bswap32(load_le32(head + 4));
	if (client->rfb->enableExtendedClipboard && length >> 31) {
		take_extended(client, -length);
	} else {
		take_latin1(client, length);
	}
}

/* --- the place at the clipboard --- */

static void wake(void *arg)
{
	struct vnc_client *client = arg;

	loop_post(client->loop, &client->copied_task);
}

void vnc_copy_start(struct vnc_client *client)
{
	loop_task_init(&client->copied_task, on_copied, client);
	client->clipboard =
		(struct clipboard_peer){ .side = CLIPBOARD_HOST, .wake = wake, .arg = client };
	clipboard_add_peer(client->config.env->clipboard, &client->clipboard);
}

void vnc_copy_stop(struct vnc_client *client)
{
	if (client->clipboard.wake) {
		clipboard_remove_peer(client->config.env->clipboard, &client->clipboard);
		client->clipboard.wake = NULL;
	}
}
