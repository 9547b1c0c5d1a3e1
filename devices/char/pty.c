/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>

#include "devices/char/peer.h"
#include "vmm/base/clock.h"
#include "vmm/base/log.h"

/* The host tells of a user that leaves a pty, but not of one that comes. */
#define USER_POLL_NS UINT64_C(250000000)

#define NAME_BYTES 64

struct char_pty {
	struct peer peer;
	int fd; /* owned: the master */
	struct loop_timer timer;
	char name[NAME_BYTES];
};

static void destroy(struct char_backend *backend)
{
	struct char_pty *pty = container_of(backend, struct char_pty, peer.backend);

	peer_finish(&pty->peer);
	loop_timer_disarm(&pty->timer);
	if (pty->fd >= 0) {
		(void)close(pty->fd);
	}
	free(pty);
}

static const struct char_ops pty_ops = {
	.write = peer_write,
	.accept_input = peer_accept_input,
	.destroy = destroy,
};

static void wait_for_user(struct char_pty *pty)
{
	loop_timer_arm(pty->peer.backend.loop, &pty->timer, clock_now_ns() + USER_POLL_NS);
}

static void on_timer(void *arg)
{
	struct char_pty *pty = arg;
	struct pollfd state = { .fd = pty->fd };

	if ((poll(&state, 1, 0) == 1 && (state.revents & POLLHUP)) ||
	    peer_connect(&pty->peer, pty->fd) < 0) {
		wait_for_user(pty);
	}
}

static void on_gone(struct peer *peer)
{
	wait_for_user(container_of(peer, struct char_pty, peer));
}

/* Raw, so that nothing is echoed or changed before a user sets a mode. Opening and closing the
 * user's side once makes the master report a hang-up until somebody opens it. */
static int prepare_user_side(const char *name)
{
	AUTO_CLOSE int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;

	if (fd < 0 || tcgetattr(fd, &mode) < 0) {
		return -errno;
	}
	cfmakeraw(&mode);
	return tcsetattr(fd, TCSANOW, &mode) < 0 ? -errno : 0;
}

static int start(struct char_pty *pty)
{
	int code;

	pty->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty->fd < 0 || grantpt(pty->fd) < 0 || unlockpt(pty->fd) < 0) {
		return -errno;
	}
	code = ptsname_r(pty->fd, pty->name, sizeof(pty->name));
	return code ? -code : prepare_user_side(pty->name);
}

static int create(const char *options, struct loop *loop, const struct char_user *user,
		  struct char_backend **out, struct error *err)
{
	struct char_pty *pty = calloc(1, sizeof(*pty));
	int code;

	(void)options;
	if (!pty) {
		return error_set_errno(err, -ENOMEM, "pty");
	}
	pty->fd = -1;
	loop_timer_init(&pty->timer, on_timer, pty);
	peer_init(&pty->peer, &pty_ops, loop, user);
	pty->peer.on_gone = on_gone;
	code = start(pty);
	if (code < 0) {
		destroy(&pty->peer.backend);
		return error_set_errno(err, code, "no new pseudo-terminal");
	}
	char_set_description(&pty->peer.backend, "pty:%s", pty->name);
	log_info("char", "a line is on %s; connect with `screen %s`", pty->name, pty->name);
	wait_for_user(pty);
	*out = &pty->peer.backend;
	return 0;
}

const struct char_kind char_pty_kind = { .name = "pty", .create = create };
