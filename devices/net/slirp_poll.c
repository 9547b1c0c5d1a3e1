/* SPDX-License-Identifier: MIT */
#include "devices/net/slirp_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "devices/net/slirp_library.h"
#include "vmm/base/compiler.h"

#define FD_MAX		 65536
#define EVENTS_PER_ROUND 64

static const struct {
	int slirp;
	uint32_t epoll;
} event_names[] = {
	{ SLIRP_POLL_IN, EPOLLIN },   { SLIRP_POLL_OUT, EPOLLOUT }, { SLIRP_POLL_PRI, EPOLLPRI },
	{ SLIRP_POLL_ERR, EPOLLERR }, { SLIRP_POLL_HUP, EPOLLHUP },
};

static uint32_t to_epoll(int events)
{
	uint32_t result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(event_names); i++) {
		result |= events & event_names[i].slirp ? event_names[i].epoll : 0;
	}
	return result;
}

static int to_slirp(uint32_t events)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(event_names); i++) {
		result |= events & event_names[i].epoll ? event_names[i].slirp : 0;
	}
	return result;
}

int slirp_poll_init(struct slirp_poll *poll)
{
	*poll = (struct slirp_poll){ 0 };
	poll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return poll->epoll_fd < 0 ? -errno : 0;
}

void slirp_poll_finish(struct slirp_poll *poll)
{
	if (poll->epoll_fd >= 0) {
		(void)close(poll->epoll_fd);
	}
	free(poll->entries);
	free(poll->fds);
	*poll = (struct slirp_poll){ .epoll_fd = -1 };
}

/* Grows both arrays so that `fd` has an entry. */
static int reserve(struct slirp_poll *poll, int fd)
{
	size_t count = poll->entry_count ? poll->entry_count : 64;
	struct slirp_poll_entry *entries;
	int *fds;

	if (fd < 0 || fd >= FD_MAX) {
		return -EMFILE;
	}
	if ((size_t)fd < poll->entry_count) {
		return 0;
	}
	while (count <= (size_t)fd) {
		count *= 2;
	}
	entries = realloc(poll->entries, count * sizeof(*entries));
	poll->entries = entries ? entries : poll->entries;
	fds = realloc(poll->fds, count * sizeof(*fds));
	poll->fds = fds ? fds : poll->fds;
	if (!entries || !fds) {
		return -ENOMEM;
	}
	memset(entries + poll->entry_count, 0, (count - poll->entry_count) * sizeof(*entries));
	poll->entry_count = count;
	return 0;
}

/* slirp wants to hear of `events` on `fd`; the answer is what it will ask get_ready for. */
static int add_wish(int fd, int events, void *arg)
{
	struct slirp_poll *poll = arg;
	struct slirp_poll_entry *entry;

	if (reserve(poll, fd) < 0) {
		return -1; /* slirp goes on without this socket's events */
	}
	entry = &poll->entries[fd];
	if (!entry->listed) {
		entry->listed = true;
		poll->fds[poll->fd_count++] = fd;
	}
	entry->wanted |= to_epoll(events);
	return fd;
}

/* Makes the kernel watch what is wanted. */
static void sync_entry(struct slirp_poll *poll, int fd)
{
	struct slirp_poll_entry *entry = &poll->entries[fd];
	struct epoll_event event = { .events = entry->wanted, .data.fd = fd };
	int op = EPOLL_CTL_MOD;

	if (entry->wanted == entry->watched) {
		return;
	}
	if (!entry->watched) {
		op = EPOLL_CTL_ADD;
	} else if (!entry->wanted) {
		op = EPOLL_CTL_DEL;
	}
	/* Can fail only for want of memory or watches: then that socket waits for the next round.
	 */
	if (epoll_ctl(poll->epoll_fd, op, fd, &event) == 0 || op == EPOLL_CTL_DEL) {
		entry->watched = entry->wanted;
	}
}

uint32_t slirp_poll_update(struct slirp_poll *poll, Slirp *slirp)
{
	uint32_t timeout_ms = UINT32_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < poll->fd_count; i++) {
		poll->entries[poll->fds[i]].wanted = 0;
		poll->entries[poll->fds[i]].ready = 0;
	}
	libslirp.pollfds_fill(slirp, &timeout_ms, add_wish, poll);
	for (size_t i = 0; i < poll->fd_count; i++) {
		const int fd = poll->fds[i];

		sync_entry(poll, fd);
		poll->entries[fd].listed = poll->entries[fd].wanted != 0;
		if (poll->entries[fd].listed) {
			poll->fds[kept++] = fd;
		}
	}
	poll->fd_count = kept;
	return timeout_ms;
}

static int get_ready(int index, void *arg)
{
	const struct slirp_poll *poll = arg;

	return to_slirp(poll->entries[index].ready);
}

void slirp_poll_dispatch(struct slirp_poll *poll, Slirp *slirp)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	int count = epoll_wait(poll->epoll_fd, events, EVENTS_PER_ROUND, 0);

	for (int i = 0; i < count; i++) {
		poll->entries[events[i].data.fd].ready = events[i].events;
	}
	libslirp.pollfds_poll(slirp, 0, get_ready, poll);
}

void slirp_poll_forget(struct slirp_poll *poll, int fd)
{
	struct slirp_poll_entry *entry;

	if (fd < 0 || (size_t)fd >= poll->entry_count) {
		return;
	}
	entry = &poll->entries[fd];
	if (entry->watched) {
		(void)epoll_ctl(poll->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	}
	*entry = (struct slirp_poll_entry){ .listed = entry->listed }; /* update looks again */
}
