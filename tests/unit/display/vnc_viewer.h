/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DISPLAY_VNC_VIEWER_H
#define THUNDERLAKE_TESTS_UNIT_DISPLAY_VNC_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A small VNC viewer, which fails the test when the server does not keep to the protocol. Reads
 * give up after five seconds. */
#define VIEWER_PIXELS_MAX (640u * 480u)
#define VIEWER_TEXT_MAX	  (4u << 20)

struct vnc_viewer {
	int fd;
	uint32_t width, height;
	uint32_t pixels[VIEWER_PIXELS_MAX]; /* 0xXXRRGGBB */

	/* Of the last update: how many rectangles had pixels, and the last of them. */
	unsigned rects;
	uint32_t x, y, rect_width, rect_height;
	uint32_t seen;	   /* pixels since vnc_viewer_see began */
	unsigned resizes;  /* updates with a new size, since the beginning */
	int resize_result; /* of the last one: the status of ExtendedDesktopSize */
	uint32_t cursor_width, cursor_height, cursor_x, cursor_y;
	uint32_t cursor[64 * 64];
	bool has_extended_keys;
	int leds; /* -1: not told */
	uint32_t text_length;
	bool is_extended; /* the text is a message of the extended clipboard */
	char text[VIEWER_TEXT_MAX];
};

#define ENCODING_RAW	       0
#define ENCODING_CURSOR	       (-239)
#define ENCODING_NEW_SIZE      (-223)
#define ENCODING_EXTENDED_SIZE (-308)
#define ENCODING_EXTENDED_KEYS (-258)
#define ENCODING_LEDS	       (-261)
#define ENCODING_CLIPBOARD     ((int32_t)0xc0a1e5ce)

/* Zero-filled, connected. Close it with vnc_viewer_free. */
struct vnc_viewer *vnc_viewer_unix(const char *path);
struct vnc_viewer *vnc_viewer_tcp(uint16_t port);
void vnc_viewer_free(struct vnc_viewer *viewer);

void vnc_viewer_send(struct vnc_viewer *viewer, const void *bytes, size_t length);
/* False: the server closed. */
bool vnc_viewer_read(struct vnc_viewer *viewer, void *bytes, size_t length);

/* Versions, the one security type that is offered, which is returned. */
uint8_t vnc_viewer_meet(struct vnc_viewer *viewer);
/* The answer to the challenge; whether it was right. */
bool vnc_viewer_answer(struct vnc_viewer *viewer, const char *password);
/* ClientInit and ServerInit. */
bool vnc_viewer_enter(struct vnc_viewer *viewer);
/* All of it, without a password. */
void vnc_viewer_join(struct vnc_viewer *viewer);

void vnc_viewer_set_encodings(struct vnc_viewer *viewer, const int32_t *encodings, size_t count);
void vnc_viewer_request(struct vnc_viewer *viewer, bool incremental);
/* Takes messages up to the next update, or to the next text. False: the server closed. */
bool vnc_viewer_take_update(struct vnc_viewer *viewer);
bool vnc_viewer_take_text(struct vnc_viewer *viewer);
/* Asks for all and takes updates until so many pixels came. */
void vnc_viewer_see(struct vnc_viewer *viewer);

void vnc_viewer_key(struct vnc_viewer *viewer, uint32_t keysym, bool down);
void vnc_viewer_scancode(struct vnc_viewer *viewer, uint32_t scancode, bool down);
void vnc_viewer_point(struct vnc_viewer *viewer, uint8_t mask, uint16_t x, uint16_t y);
void vnc_viewer_resize(struct vnc_viewer *viewer, uint16_t width, uint16_t height);
void vnc_viewer_copy(struct vnc_viewer *viewer, const char *latin1, size_t length);

#endif
