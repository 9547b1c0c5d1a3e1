/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_CHAR_FAKE_USER_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_CHAR_FAKE_USER_H

#include "devices/char/char.h"

struct loop;

/* A user of a back end that keeps what comes, as long as it has room, and counts the calls. */
struct fake_user {
	struct char_user user;
	struct loop *loop;
	char input[65536];
	size_t input_length;
	size_t room;
	unsigned writables, connects, disconnects;
	unsigned columns, rows;
};

void fake_user_init(struct fake_user *user);
void fake_user_finish(struct fake_user *user);

/* Makes a back end that must come to life. */
struct char_backend *fake_user_open(struct fake_user *user, const char *text);

/* Runs the loop until `done` says so. */
void fake_user_run(struct fake_user *user, bool (*done)(const struct fake_user *user));

size_t fake_user_print(struct char_backend *backend, const char *text);

#endif
