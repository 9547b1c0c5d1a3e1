/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_WINDOW_COPIER_H
#define THUNDERLAKE_TESTS_WINDOW_COPIER_H

#include <stddef.h>
#include <sys/types.h>

#include "display/clipboard.h"
#include "tests/window/desk.h"

/*
 * Other programs on the desktop that copy and paste: xclip, which does it well, and some that do
 * not. Whatever waits fails the test after DESK_LIMIT_S.
 */

/* Skips the test when xclip is missing. */
void need_copier(void);

struct content {
	enum clipboard_format format;
	uint8_t *bytes;
	size_t length;
};

/* Letters, or a picture by its first bytes and noise. */
struct content content_create(enum clipboard_format format, size_t length);
void content_free(struct content *content);
/* Nothing to free. */
struct content content_of_text(const char *text);

/* xclip that has copied something, until another program does. */
struct copier {
	pid_t pid;
};

void copier_start(struct copier *copier, const struct content *content);
void copier_end(struct copier *copier);
/* Waits until it ends by itself. */
void copier_expect_end(struct copier *copier);

/* Whether xclip can paste just that. */
bool is_pasted_on_host(const struct content *content);

/* A program that says that it has copied something, and then does only what it is told. */
struct owner {
	struct desk *desk;
	Window window;
	unsigned request_count;
	XSelectionRequestEvent request; /* the last */
};

void owner_start(struct owner *owner, struct desk *desk);
void owner_look(struct owner *owner);
/* Waits for one more. */
void owner_expect_request(struct owner *owner);

struct rubbish {
	char target[16]; /* offered; "": no offers are made */
	char type[16];	 /* of the property; "": it is not asked for */
	int format;
	char bytes[16];
};

/* Returns when it was looked at. */
void owner_answer_rubbish(struct owner *owner, const struct rubbish *rubbish);
/* Sends text in pieces until *is_enough; returns how many. */
unsigned owner_send_pieces(struct owner *owner, size_t length, const _Atomic unsigned *is_enough);

/* A program that asks for something and never takes it. */
Window asker_create(struct desk *desk);
/* Whether it got it. */
bool asker_ask(struct desk *desk, Window asker, const char *target);

#endif
