/* SPDX-License-Identifier: MIT */
#include "devices/net/slirp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <stdlib.h>
#include <string.h>

#include "devices/net/frame_queue.h"
#include "devices/net/slirp_library.h"
#include "devices/net/slirp_poll.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define NS_PER_MS   1000000u
#define LOG_TAG	    "net:user"
#define DNS_IPV6    "fec0::3"
#define HOST_IPV6   "fec0::2"
#define PREFIX_IPV6 "fec0::"
#define PREFIX_BITS 64

struct slirp_backend {
	struct net_backend base;
	Slirp *slirp;
	struct slirp_poll poll;
	struct loop_watch watch; /* of poll.epoll_fd; removed while the guest has no room */
	struct loop_timer timer; /* slirp's next look at its clock, or at once after input */
	uint8_t rx_flags;	 /* of the headers of frames for the guest */
	struct log_limit log_limit;
	struct frame_queue waiting; /* for the guest to have room */
	uint8_t frame[NET_FRAME_MAX];
};

static struct slirp_backend *of_backend(struct net_backend *backend)
{
	return container_of(backend, struct slirp_backend, base);
}

/* --- the loop's side ------------------------------------------------------------------------- */

static void plan_next_look(struct slirp_backend *s)
{
	uint32_t timeout_ms = slirp_poll_update(&s->poll, s->slirp);

	if (timeout_ms == UINT32_MAX) {
		loop_timer_disarm(&s->timer);
		return;
	}
	loop_timer_arm(s->base.loop, &s->timer, clock_now_ns() + (uint64_t)timeout_ms * NS_PER_MS);
}

static void run_slirp(struct slirp_backend *s)
{
	slirp_poll_dispatch(&s->poll, s->slirp);
	plan_next_look(s);
}

/* While frames wait for the guest, slirp takes no more from its sockets: they fill, and the peers
 * slow down. Its timers stand still too, so that a paused guest finds its connections alive. */
static bool is_held_back(const struct slirp_backend *s)
{
	return !frame_queue_is_empty(&s->waiting);
}

static void on_sockets(void *arg, uint32_t events)
{
	struct slirp_backend *s = arg;

	(void)events;
	if (is_held_back(s)) {
		loop_watch_remove(&s->watch);
		return;
	}
	run_slirp(s);
}

static void on_timer(void *arg)
{
	struct slirp_backend *s = arg;

	if (!is_held_back(s)) {
		run_slirp(s);
	}
}

static int watch_sockets(struct slirp_backend *s)
{
	return s->watch.loop ? 0
			     : loop_watch_add(s->base.loop, &s->watch, s->poll.epoll_fd, EPOLLIN,
					      on_sockets, s);
}

/* --- the card's side ------------------------------------------------------------------------- */

static bool slirp_send(struct net_backend *backend, const struct iovec *iov, unsigned count)
{
	struct slirp_backend *s = of_backend(backend);
	size_t length = 0;

	/* slirp wants one piece, and one that the guest cannot change under its hands. */
	for (unsigned i = 1; i < count; i++) {
		if (iov[i].iov_len > sizeof(s->frame) - length) {
			return true;
		}
		memcpy(s->frame + length, iov[i].iov_base, iov[i].iov_len);
		length += iov[i].iov_len;
	}
	libslirp.input(s->slirp, s->frame, (int)length);
	/* Once for the whole batch: timers run at the end of this round. */
	loop_timer_arm(s->base.loop, &s->timer, 0);
	return true;
}

static bool deliver(struct slirp_backend *s, const void *frame, size_t bytes)
{
	const struct virtio_net_hdr_v1 header = { .flags = s->rx_flags };

	return s->base.card.receive(s->base.card.card, &header, frame, bytes);
}

static void slirp_ready(struct net_backend *backend)
{
	struct slirp_backend *s = of_backend(backend);
	const void *frame;
	size_t bytes;

	if (!is_held_back(s)) {
		return;
	}
	while ((frame = frame_queue_front(&s->waiting, &bytes))) {
		if (!deliver(s, frame, bytes)) {
			return;
		}
		frame_queue_drop_front(&s->waiting);
	}
	(void)watch_sockets(s); /* failed for want of memory: the timer still looks */
	loop_timer_arm(s->base.loop, &s->timer, 0);
}

/* slirp has computed every checksum itself, so the guest need not check them again. */
static uint64_t slirp_features(struct net_backend *backend)
{
	(void)backend;
	return UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM;
}

static void slirp_set_features(struct net_backend *backend, uint64_t features)
{
	of_backend(backend)->rx_flags = features & (UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM)
						? VIRTIO_NET_HDR_F_DATA_VALID
						: 0;
}

static void slirp_destroy(struct net_backend *backend)
{
	struct slirp_backend *s = of_backend(backend);

	if (s->slirp) {
		libslirp.cleanup(s->slirp);
	}
	loop_timer_disarm(&s->timer);
	loop_watch_remove(&s->watch);
	slirp_poll_finish(&s->poll);
	free(s);
}

static const struct net_ops slirp_ops = {
	.send = slirp_send,
	.ready = slirp_ready,
	.features = slirp_features,
	.set_features = slirp_set_features,
	.destroy = slirp_destroy,
};

/* --- what slirp calls ------------------------------------------------------------------------ */

static ssize_t on_frame(const void *frame, size_t bytes, void *arg)
{
	struct slirp_backend *s = arg;

	if (bytes < NET_FRAME_MIN || bytes > NET_FRAME_MAX) {
		return (ssize_t)bytes;
	}
	/* Without room in the queue either, the frame is lost, as on any network. */
	if (is_held_back(s) || !deliver(s, frame, bytes)) {
		(void)frame_queue_push(&s->waiting, frame, bytes);
	}
	return (ssize_t)bytes;
}

static void on_guest_error(const char *text, void *arg)
{
	struct slirp_backend *s = arg;

	log_guest(&s->log_limit, LOG_TAG, "%s", text);
}

static int64_t clock_ns(void *arg)
{
	(void)arg;
	return (int64_t)clock_now_ns();
}

struct slirp_timer {
	struct loop_timer timer;
	struct slirp_backend *owner;
	SlirpTimerId id;
	void *arg; /* slirp's own */
};

static void on_slirp_timer(void *arg)
{
	struct slirp_timer *timer = arg;

	libslirp.handle_timer(timer->owner->slirp, timer->id, timer->arg);
}

static void *new_timer(SlirpTimerId id, void *timer_arg, void *arg)
{
	struct slirp_timer *timer = calloc(1, sizeof(*timer));

	if (timer) {
		*timer = (struct slirp_timer){ .owner = arg, .id = id, .arg = timer_arg };
		loop_timer_init(&timer->timer, on_slirp_timer, timer);
	}
	return timer;
}

static void free_timer(void *timer, void *arg)
{
	struct slirp_timer *t = timer;

	(void)arg;
	if (t) {
		loop_timer_disarm(&t->timer);
		free(t);
	}
}

static void set_timer(void *timer, int64_t deadline_ms, void *arg)
{
	struct slirp_timer *t = timer;
	struct slirp_backend *s = arg;

	if (t) {
		loop_timer_arm(s->base.loop, &t->timer, (uint64_t)deadline_ms * NS_PER_MS);
	}
}

/* epoll learns of new sockets by slirp_poll_update. */
static void on_new_socket(int fd, void *arg)
{
	(void)fd;
	(void)arg;
}

static void on_closing_socket(int fd, void *arg)
{
	struct slirp_backend *s = arg;

	slirp_poll_forget(&s->poll, fd);
}

static void on_notify(void *arg)
{
	struct slirp_backend *s = arg;

	loop_timer_arm(s->base.loop, &s->timer, 0);
}

static const SlirpCb slirp_callbacks = {
	.send_packet = on_frame,
	.guest_error = on_guest_error,
	.clock_get_ns = clock_ns,
	.timer_new_opaque = new_timer,
	.timer_free = free_timer,
	.timer_mod = set_timer,
	.register_poll_fd = on_new_socket,
	.unregister_poll_fd = on_closing_socket,
	.notify = on_notify,
};

/* --- creation -------------------------------------------------------------------------------- */

static Slirp *start_slirp(struct slirp_backend *s, const struct slirp_backend_config *config)
{
	SlirpConfig c = {
		.version = 4,
		.restricted = config->restricted,
		.in_enabled = true,
		.vnetwork = config->network,
		.vnetmask = config->mask,
		.vhost = config->gateway,
		.vnameserver = config->name_server,
		.vdhcp_start = config->first_lease,
		.in6_enabled = config->ipv6,
		.vprefix_len = PREFIX_BITS,
		.if_mtu = config->mtu,
		.if_mru = config->mtu,
	};

	(void)inet_pton(AF_INET6, PREFIX_IPV6, &c.vprefix_addr6);
	(void)inet_pton(AF_INET6, HOST_IPV6, &c.vhost6);
	(void)inet_pton(AF_INET6, DNS_IPV6, &c.vnameserver6);
	return libslirp.new(&c, &slirp_callbacks, s);
}

static int add_forward(struct slirp_backend *s, const struct hostfwd *forward, struct error *err)
{
	char address[INET_ADDRSTRLEN];
	int code;

	if (libslirp.add_hostfwd(s->slirp, forward->udp, forward->host, forward->host_port,
				 forward->guest, forward->guest_port) == 0) {
		return 0;
	}
	code = errno ? -errno : -EIO;
	(void)inet_ntop(AF_INET, &forward->host, address, sizeof(address));
	(void)error_set_errno(err, code, "hostfwd: cannot listen on %s port %s:%u",
			      forward->udp ? "udp" : "tcp", address, forward->host_port);
	if (code == -EADDRINUSE) {
		return error_set(err, code,
				 "hostfwd: %s port %s:%u of the host is in use; choose another",
				 forward->udp ? "udp" : "tcp", address, forward->host_port);
	}
	return code;
}

int slirp_backend_create(struct loop *loop, const struct net_card *card,
			 const struct slirp_backend_config *config, struct net_backend **out,
			 struct error *err)
{
	int code = slirp_library_load(err);
	struct slirp_backend *s;

	if (code < 0) {
		return code;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		return error_set_errno(err, -ENOMEM, "back end");
	}
	s->base = (struct net_backend){
		.ops = &slirp_ops, .loop = loop, .card = *card, .description = "user"
	};
	loop_timer_init(&s->timer, on_timer, s);
	code = slirp_poll_init(&s->poll);
	code = code ? code : watch_sockets(s);
	if (code < 0) {
		(void)error_set_errno(err, code, "epoll");
		goto fail;
	}
	s->slirp = start_slirp(s, config);
	if (!s->slirp) {
		code = error_set(err, -EINVAL, "libslirp refuses the network");
		goto fail;
	}
	for (size_t i = 0; i < config->forward_count && code == 0; i++) {
		code = add_forward(s, &config->forwards[i], err);
	}
	if (code < 0) {
		goto fail;
	}
	plan_next_look(s);
	*out = &s->base;
	return 0;
fail:
	slirp_destroy(&s->base);
	return code;
}
