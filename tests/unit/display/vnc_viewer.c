/* SPDX-License-Identifier: MIT */
#include "tests/unit/display/vnc_viewer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <rfb/rfb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/base/bytes.h"
#include "vmm/base/unix_socket.h"

/* --- bytes --- */

static struct vnc_viewer *make(int fd)
{
	const struct timeval patience = { .tv_sec = 5 };
	struct vnc_viewer *viewer = calloc(1, sizeof(*viewer));

	cr_assert(ge(int, fd, 0));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	viewer->fd = fd;
	viewer->leds = -1;
	viewer->resize_result = -1;
	return viewer;
}

struct vnc_viewer *vnc_viewer_unix(const char *path)
{
	return make(unix_socket_connect(path));
}

struct vnc_viewer *vnc_viewer_tcp(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(eq(int, connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0));
	return make(fd);
}

void vnc_viewer_free(struct vnc_viewer *viewer)
{
	(void)close(viewer->fd);
	free(viewer);
}

void vnc_viewer_send(struct vnc_viewer *viewer, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t count = send(viewer->fd, at, length, MSG_NOSIGNAL);

		if (count <= 0) {
			return; /* the server hung up; a read will tell */
		}
		at += count;
		length -= (size_t)count;
	}
}

bool vnc_viewer_read(struct vnc_viewer *viewer, void *bytes, size_t length)
{
	char *at = bytes;

	while (length > 0) {
		ssize_t count = recv(viewer->fd, at, length, 0);

		if (count <= 0) {
			return false;
		}
		at += count;
		length -= (size_t)count;
	}
	return true;
}

static void read_surely(struct vnc_viewer *viewer, void *bytes, size_t length)
{
	cr_assert(vnc_viewer_read(viewer, bytes, length), "the server is silent");
}

static uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_u32(const uint8_t *bytes)
{
	return __builtin_bswap32(load_le32(bytes));
}

static void put_u16(uint8_t *bytes, uint16_t value)
{
	store_le16(bytes, __builtin_bswap16(value));
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
	store_le32(bytes, __builtin_bswap32(value));
}

/* --- handshake --- */

uint8_t vnc_viewer_meet(struct vnc_viewer *viewer)
{
	char version[12];
	uint8_t types[2];

	read_surely(viewer, version, sizeof(version));
	cr_assert(eq(int, memcmp(version, "RFB 003.008\n", 12), 0));
	vnc_viewer_send(viewer, version, sizeof(version));
	read_surely(viewer, types, sizeof(types));
	cr_assert(eq(uint, types[0], 1));
	vnc_viewer_send(viewer, &types[1], 1);
	return types[1];
}

bool vnc_viewer_answer(struct vnc_viewer *viewer, const char *password)
{
	uint8_t challenge[16], result[4];
	char copy[9] = "";

	strncpy(copy, password, 8);
	read_surely(viewer, challenge, sizeof(challenge));
	rfbEncryptBytes(challenge, copy);
	vnc_viewer_send(viewer, challenge, sizeof(challenge));
	read_surely(viewer, result, sizeof(result));
	return get_u32(result) == 0;
}

bool vnc_viewer_enter(struct vnc_viewer *viewer)
{
	const uint8_t shared = 1;
	uint8_t init[24];
	char name[256];

	vnc_viewer_send(viewer, &shared, 1);
	if (!vnc_viewer_read(viewer, init, sizeof(init))) {
		return false;
	}
	viewer->width = get_u16(init);
	viewer->height = get_u16(init + 2);
	cr_assert(eq(uint, init[4], 32));  /* bits of a pixel */
	cr_assert(eq(uint, init[14], 16)); /* red's, green's, blue's place */
	cr_assert(eq(uint, init[15], 8));
	cr_assert(eq(uint, init[16], 0));
	cr_assert(lt(uint, get_u32(init + 20), sizeof(name)));
	read_surely(viewer, name, get_u32(init + 20));
	return true;
}

void vnc_viewer_join(struct vnc_viewer *viewer)
{
	uint8_t result[4];

	cr_assert(eq(uint, vnc_viewer_meet(viewer), 1));
	read_surely(viewer, result, sizeof(result));
	cr_assert(eq(uint, get_u32(result), 0));
	cr_assert(vnc_viewer_enter(viewer));
}

/* --- what it sends --- */

void vnc_viewer_set_encodings(struct vnc_viewer *viewer, const int32_t *encodings, size_t count)
{
	uint8_t message[4 + 4 * 16] = { 2 };

	cr_assert(le(sz, count, 16));
	put_u16(message + 2, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		put_u32(message + 4 + 4 * i, (uint32_t)encodings[i]);
	}
	vnc_viewer_send(viewer, message, 4 + 4 * count);
}

void vnc_viewer_request(struct vnc_viewer *viewer, bool incremental)
{
	uint8_t message[10] = { 3, incremental };

	put_u16(message + 6, (uint16_t)viewer->width);
	put_u16(message + 8, (uint16_t)viewer->height);
	vnc_viewer_send(viewer, message, sizeof(message));
}

void vnc_viewer_key(struct vnc_viewer *viewer, uint32_t keysym, bool down)
{
	uint8_t message[8] = { 4, down };

	put_u32(message + 4, keysym);
	vnc_viewer_send(viewer, message, sizeof(message));
}

void vnc_viewer_scancode(struct vnc_viewer *viewer, uint32_t scancode, bool down)
{
	uint8_t message[12] = { 255, 0, 0, down };

	put_u32(message + 8, scancode);
	vnc_viewer_send(viewer, message, sizeof(message));
}

void vnc_viewer_point(struct vnc_viewer *viewer, uint8_t mask, uint16_t x, uint16_t y)
{
	uint8_t message[6] = { 5, mask };

	put_u16(message + 2, x);
	put_u16(message + 4, y);
	vnc_viewer_send(viewer, message, sizeof(message));
}

void vnc_viewer_resize(struct vnc_viewer *viewer, uint16_t width, uint16_t height)
{
	uint8_t message[24] = { 251 };

	put_u16(message + 2, width);
	put_u16(message + 4, height);
	message[6] = 1; /* screen */
	put_u16(message + 16, width);
	put_u16(message + 18, height);
	vnc_viewer_send(viewer, message, sizeof(message));
}

void vnc_viewer_copy(struct vnc_viewer *viewer, const char *latin1, size_t length)
{
	uint8_t head[8] = { 6 };

	put_u32(head + 4, (uint32_t)length);
	vnc_viewer_send(viewer, head, sizeof(head));
	vnc_viewer_send(viewer, latin1, length);
}

/* --- what it sees --- */

static void take_pixels(struct vnc_viewer *viewer, const uint8_t *r)
{
	viewer->x = get_u16(r);
	viewer->y = get_u16(r + 2);
	viewer->rect_width = get_u16(r + 4);
	viewer->rect_height = get_u16(r + 6);
	viewer->rects++;
	viewer->seen += viewer->rect_width * viewer->rect_height;
	cr_assert(le(u32, viewer->x + viewer->rect_width, viewer->width));
	cr_assert(le(u32, viewer->y + viewer->rect_height, viewer->height));
	for (uint32_t y = 0; y < viewer->rect_height; y++) {
		read_surely(viewer, viewer->pixels + (viewer->y + y) * viewer->width + viewer->x,
			    viewer->rect_width * 4u);
	}
}

static void take_size(struct vnc_viewer *viewer, const uint8_t *r)
{
	viewer->width = get_u16(r + 4);
	viewer->height = get_u16(r + 6);
	viewer->resizes++;
	cr_assert(le(uint, viewer->width * viewer->height, VIEWER_PIXELS_MAX));
}

static void take_screens(struct vnc_viewer *viewer, const uint8_t *r)
{
	uint8_t head[4], screen[16];

	take_size(viewer, r);
	viewer->resize_result = get_u16(r + 2);
	read_surely(viewer, head, sizeof(head));
	for (unsigned i = 0; i < head[0]; i++) {
		read_surely(viewer, screen, sizeof(screen));
	}
}

static void take_cursor(struct vnc_viewer *viewer, const uint8_t *r)
{
	uint8_t mask[64 * 8];

	viewer->cursor_x = get_u16(r);
	viewer->cursor_y = get_u16(r + 2);
	viewer->cursor_width = get_u16(r + 4);
	viewer->cursor_height = get_u16(r + 6);
	cr_assert(le(uint, viewer->cursor_width, 64));
	cr_assert(le(uint, viewer->cursor_height, 64));
	read_surely(viewer, viewer->cursor, viewer->cursor_width * viewer->cursor_height * 4u);
	read_surely(viewer, mask, (viewer->cursor_width + 7) / 8 * viewer->cursor_height);
}

static void take_rectangle(struct vnc_viewer *viewer)
{
	uint8_t r[12], leds;

	read_surely(viewer, r, sizeof(r));
	switch ((int32_t)get_u32(r + 8)) {
	case ENCODING_RAW:
		take_pixels(viewer, r);
		break;
	case ENCODING_CURSOR:
		take_cursor(viewer, r);
		break;
	case ENCODING_NEW_SIZE:
		take_size(viewer, r);
		break;
	case ENCODING_EXTENDED_SIZE:
		take_screens(viewer, r);
		break;
	case ENCODING_EXTENDED_KEYS:
		viewer->has_extended_keys = true;
		break;
	case ENCODING_LEDS:
		read_surely(viewer, &leds, 1);
		viewer->leds = leds;
		break;
	default:
		cr_assert(false, "encoding %d was not asked for", (int32_t)get_u32(r + 8));
	}
}

static void take_rectangles(struct vnc_viewer *viewer)
{
	uint8_t head[3];

	read_surely(viewer, head, sizeof(head));
	viewer->rects = 0;
	for (unsigned i = 0; i < get_u16(head + 1); i++) {
		take_rectangle(viewer);
	}
}

static void take_cut_text(struct vnc_viewer *viewer)
{
	uint8_t head[7];

	read_surely(viewer, head, sizeof(head));
	viewer->text_length = get_u32(head + 3);
	viewer->is_extended = viewer->text_length >> 31;
	if (viewer->is_extended) {
		viewer->text_length = -viewer->text_length;
	}
	cr_assert(lt(uint, viewer->text_length, VIEWER_TEXT_MAX));
	read_surely(viewer, viewer->text, viewer->text_length);
	viewer->text[viewer->text_length] = '\0';
}

static bool take_until(struct vnc_viewer *viewer, uint8_t wanted)
{
	uint8_t type;

	do {
		if (!vnc_viewer_read(viewer, &type, 1)) {
			return false;
		}
		if (type == 0) {
			take_rectangles(viewer);
		} else {
			cr_assert(eq(uint, type, 3));
			take_cut_text(viewer);
		}
	} while (type != wanted);
	return true;
}

bool vnc_viewer_take_update(struct vnc_viewer *viewer)
{
	return take_until(viewer, 0);
}

bool vnc_viewer_take_text(struct vnc_viewer *viewer)
{
	return take_until(viewer, 3);
}

void vnc_viewer_see(struct vnc_viewer *viewer)
{
	uint32_t width = 0, height = 0;

	do {
		/* What was asked for in another size does not count. */
		if (width != viewer->width || height != viewer->height) {
			width = viewer->width;
			height = viewer->height;
			viewer->seen = 0;
			vnc_viewer_request(viewer, false);
		}
		cr_assert(vnc_viewer_take_update(viewer), "the server is silent");
	} while (width != viewer->width || height != viewer->height ||
		 viewer->seen < width * height);
}
