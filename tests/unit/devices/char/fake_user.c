/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/char/fake_user.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "vmm/base/clock.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

static size_t on_input(void *arg, const uint8_t *bytes, size_t length)
{
	struct fake_user *user = arg;
	size_t taken = MIN(length, user->room);

	memcpy(user->input + user->input_length, bytes, taken);
	user->input_length += taken;
	user->room -= taken;
	return taken;
}

static void on_writable(void *arg)
{
	((struct fake_user *)arg)->writables++;
}

static void on_connected(void *arg, bool connected)
{
	struct fake_user *user = arg;

	user->connects += connected;
	user->disconnects += !connected;
}

static void on_resize(void *arg, unsigned columns, unsigned rows)
{
	struct fake_user *user = arg;

	user->columns = columns;
	user->rows = rows;
}

void fake_user_init(struct fake_user *user)
{
	log_set_level(LOG_LEVEL_ERROR);
	*user = (struct fake_user){ .room = sizeof(user->input) - 1,
				    .user = { .on_input = on_input,
					      .on_writable = on_writable,
					      .on_connected = on_connected,
					      .on_resize = on_resize,
					      .user = user } };
	cr_assert(eq(int, loop_create("test", &user->loop), 0));
}

void fake_user_finish(struct fake_user *user)
{
	loop_destroy(user->loop);
}

struct char_backend *fake_user_open(struct fake_user *user, const char *text)
{
	struct char_backend *backend;
	struct error err = { "" };

	cr_assert(eq(int, char_create(text, user->loop, &user->user, &backend, &err), 0), "%s",
		  err.text);
	return backend;
}

struct watching {
	struct fake_user *user;
	bool (*done)(const struct fake_user *user);
	struct loop_timer timer;
};

static void look(void *arg)
{
	struct watching *watching = arg;

	if (watching->done(watching->user)) {
		loop_stop(watching->user->loop);
	} else {
		loop_timer_arm(watching->user->loop, &watching->timer, clock_now_ns() + 1000000);
	}
}

void fake_user_run(struct fake_user *user, bool (*done)(const struct fake_user *user))
{
	struct watching watching = { .user = user, .done = done };

	loop_timer_init(&watching.timer, look, &watching);
	loop_timer_arm(user->loop, &watching.timer, clock_now_ns());
	loop_run(user->loop);
}

size_t fake_user_print(struct char_backend *backend, const char *text)
{
	return char_write(backend, (const uint8_t *)text, strlen(text));
}
