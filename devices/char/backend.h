/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_BACKEND_H
#define THUNDERLAKE_DEVICES_CHAR_BACKEND_H

#include "devices/char/char.h"

/* The inside of a back end, for the files of this folder, and for devices that are the far end of a
 * port themselves. All on the back end's loop. */
#define CHAR_DESCRIPTION_BYTES 256u

struct char_ops {
	/* Takes up to `length` bytes; returns how many. */
	size_t (*write)(struct char_backend *backend, const uint8_t *bytes, size_t length);
	/* Offers kept input again; NULL where there is no input. */
	void (*accept_input)(struct char_backend *backend);
	/* The guest's end was opened or closed; NULL where nobody cares. */
	void (*on_guest_open)(struct char_backend *backend, bool open);
	/* Writes out what is kept, closes, frees. */
	void (*destroy)(struct char_backend *backend);
};

/* First member of each back end's state. */
struct char_backend {
	const struct char_ops *ops;
	struct loop *loop;
	struct char_user user;
	bool connected;
	char description[CHAR_DESCRIPTION_BYTES];
};

struct char_kind {
	const char *name;
	bool has_options; /* text follows the name and a colon; else nothing may follow */
	/* `options` is the text after the colon, "" without. */
	int (*create)(const char *options, struct loop *loop, const struct char_user *user,
		      struct char_backend **out, struct error *err);
};

extern const struct char_kind char_stdio_kind;
extern const struct char_kind char_file_kind;
extern const struct char_kind char_pty_kind;
extern const struct char_kind char_unix_kind;
extern const struct char_kind char_none_kind;

void char_set_description(struct char_backend *backend, const char *format, ...) PRINTF_LIKE(2, 3);
/* Tells the user if it is news. */
void char_set_connected(struct char_backend *backend, bool connected);

/* What char_set_escape_handler was given, or nothing. */
void char_escape_quit(void);

#endif
