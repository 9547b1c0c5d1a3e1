/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_NET_SLIRP_POLL_H
#define THUNDERLAKE_DEVICES_NET_SLIRP_POLL_H

#include <libslirp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libslirp wants to be asked before each sleep for which sockets it waits, as for poll(). This
 * keeps an epoll instance in step with its answers, so that a loop watches one descriptor however
 * many sockets there are, and a socket costs a system call only when its wish changes.
 */
struct slirp_poll_entry {
	uint32_t wanted;  /* EPOLL* of the latest answer */
	uint32_t watched; /* as the kernel knows it */
	uint32_t ready;	  /* since the last update */
	bool listed;	  /* in `fds` */
};

struct slirp_poll {
	int epoll_fd;
	struct slirp_poll_entry *entries; /* by descriptor */
	size_t entry_count;
	int *fds; /* those that matter, each once; room for all of `entries` */
	size_t fd_count;
};

/* 0 or -errno. */
int slirp_poll_init(struct slirp_poll *poll);
void slirp_poll_finish(struct slirp_poll *poll);

/* Asks slirp, then brings the epoll instance in step. Returns the milliseconds until slirp's next
 * timer, UINT32_MAX without one. */
uint32_t slirp_poll_update(struct slirp_poll *poll, Slirp *slirp);

/* Hands slirp what is ready now and lets it run its timers. Never blocks. */
void slirp_poll_dispatch(struct slirp_poll *poll, Slirp *slirp);

/* slirp is about to close `fd`: the number may come back as another socket. */
void slirp_poll_forget(struct slirp_poll *poll, int fd);

#endif
