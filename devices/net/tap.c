/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "devices/net/net.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define TUN_PATH	 "/dev/net/tun"
#define FRAMES_PER_ROUND 64 /* then others on the loop get their turn */
#define BIT(n)		 (UINT64_C(1) << (n))

/* What a tap takes from us at all times; what it may give us is probed. */
#define HOST_OFFLOADS                                                                         \
	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | \
	 BIT(VIRTIO_NET_F_HOST_ECN))

struct tap {
	struct net_backend base;
	char ifname[IFNAMSIZ];
	char description[IFNAMSIZ + 8];
	int fd;
	uint64_t guest_offloads; /* VIRTIO_NET_F_GUEST_* that the kernel can be told */
	struct loop_watch watch;
	bool reading, writing; /* which events the watch asks for */
	size_t pending;	       /* bytes of a frame in `frame` that the guest had no room for */
	struct virtio_net_hdr_v1 header;
	uint8_t frame[NET_FRAME_MAX];
};

/* Which offload of the driver allows the kernel to send us what. */
static const struct {
	unsigned feature;
	unsigned flag;
} offload_flags[] = {
	{ VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4 },
	{ VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6 },
	{ VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN },
	{ VIRTIO_NET_F_GUEST_UFO, TUN_F_UFO },
};

static struct tap *of_backend(struct net_backend *backend)
{
	return container_of(backend, struct tap, base);
}

/* --- data ------------------------------------------------------------------------------------ */

static void update_watch(struct tap *tap)
{
	(void)loop_watch_modify(&tap->watch,
				(tap->reading ? EPOLLIN : 0u) | (tap->writing ? EPOLLOUT : 0u));
}

/* Gives the frame in hand to the guest; without room it stays, and reading rests. */
static bool deliver_pending(struct tap *tap)
{
	if (!tap->base.card.receive(tap->base.card.card, &tap->header, tap->frame, tap->pending)) {
		return false;
	}
	tap->pending = 0;
	return true;
}

/* Reads the next frame into `pending`; what is too short for one is passed over. */
static bool read_frame(struct tap *tap)
{
	const struct iovec iov[] = {
		{ .iov_base = &tap->header, .iov_len = sizeof(tap->header) },
		{ .iov_base = tap->frame, .iov_len = sizeof(tap->frame) },
	};
	ssize_t got;

	do {
		got = readv(tap->fd, iov, ARRAY_SIZE(iov));
	} while (got >= 0 && got < (ssize_t)(NET_HEADER_BYTES + NET_FRAME_MIN));
	tap->pending = got < 0 ? 0 : (size_t)got - NET_HEADER_BYTES;
	return got >= 0; /* else EAGAIN, or the interface went away: EPOLLERR tells */
}

static void read_frames(struct tap *tap)
{
	for (unsigned i = 0; i < FRAMES_PER_ROUND && read_frame(tap); i++) {
		if (!deliver_pending(tap)) {
			tap->reading = false;
			update_watch(tap);
			return;
		}
	}
}

static void on_events(void *arg, uint32_t events)
{
	struct tap *tap = arg;

	if (events & (EPOLLERR | EPOLLHUP)) {
		log_error(tap->description, "the interface went away; the guest's cable is cut");
		loop_watch_remove(&tap->watch);
		return;
	}
	if ((events & EPOLLOUT) && tap->writing) {
		tap->writing = false;
		update_watch(tap);
		tap->base.card.on_writable(tap->base.card.card);
	}
	if ((events & EPOLLIN) && tap->reading) {
		read_frames(tap);
	}
}

static bool tap_send(struct net_backend *backend, const struct iovec *iov, unsigned count)
{
	struct tap *tap = of_backend(backend);

	if (writev(tap->fd, iov, (int)count) >= 0 || errno != EAGAIN || !tap->watch.loop) {
		return true; /* what the kernel does not take, a down interface too, is dropped */
	}
	tap->writing = true;
	update_watch(tap);
	return false;
}

static void tap_ready(struct net_backend *backend)
{
	struct tap *tap = of_backend(backend);

	if (tap->reading || !tap->watch.loop || (tap->pending && !deliver_pending(tap))) {
		return;
	}
	tap->reading = true;
	update_watch(tap);
}

/* --- offloads -------------------------------------------------------------------------------- */

static unsigned flags_of(uint64_t features)
{
	unsigned flags = TUN_F_CSUM;

	if (!(features & BIT(VIRTIO_NET_F_GUEST_CSUM))) {
		return 0; /* the others build on it (virtio 1.2 §5.1.3.1) */
	}
	for (size_t i = 0; i < ARRAY_SIZE(offload_flags); i++) {
		if (features & BIT(offload_flags[i].feature)) {
			flags |= offload_flags[i].flag;
		}
	}
	return flags;
}

static int set_offloads(struct tap *tap, uint64_t features)
{
	return ioctl(tap->fd, TUNSETOFFLOAD, (unsigned long)flags_of(features)) < 0 ? -errno : 0;
}

/* The richest set that the kernel takes. */
static uint64_t probe_guest_offloads(struct tap *tap)
{
	const uint64_t tso = BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) |
			     BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN);
	const uint64_t candidates[] = { tso | BIT(VIRTIO_NET_F_GUEST_UFO), tso,
					BIT(VIRTIO_NET_F_GUEST_CSUM) };
	uint64_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(candidates) && !found; i++) {
		found = set_offloads(tap, candidates[i]) == 0 ? candidates[i] : 0;
	}
	(void)set_offloads(tap, 0);
	return found;
}

static uint64_t tap_features(struct net_backend *backend)
{
	struct tap *tap = of_backend(backend);
	uint64_t host = HOST_OFFLOADS;

	if (tap->guest_offloads & BIT(VIRTIO_NET_F_GUEST_UFO)) {
		host |= BIT(VIRTIO_NET_F_HOST_UFO);
	}
	return host | tap->guest_offloads;
}

static void tap_set_features(struct net_backend *backend, uint64_t features)
{
	struct tap *tap = of_backend(backend);
	int code = set_offloads(tap, features & tap->guest_offloads);

	if (code < 0) {
		log_warn(tap->description, "offloads not set: %s", strerror(-code));
	}
}

/* --- opening --------------------------------------------------------------------------------- */

static int explain_open(int code, struct error *err)
{
	if (code == -ENOENT || code == -ENODEV || code == -ENXIO) {
		return error_set_errno(err, code,
				       "%s: the kernel's tun module is not loaded (as root: "
				       "modprobe tun)",
				       TUN_PATH);
	}
	return error_set_errno(err, code, "cannot open %s (as root: chmod 0666 %s)", TUN_PATH,
			       TUN_PATH);
}

static int explain_attach(const char *ifname, int code, struct error *err)
{
	switch (code) {
	case -EPERM:
	case -EACCES:
		return error_set(err, code,
				 "no permission to use interface '%s'; as root, once: "
				 "ip tuntap add %s mode tap user $USER && ip link set %s up",
				 ifname, ifname, ifname);
	case -EBUSY:
		return error_set(err, code,
				 "interface '%s' is used by another program; give this machine "
				 "an ifname= of its own",
				 ifname);
	case -EINVAL:
		return error_set(err, code,
				 "interface '%s' is not a plain tap (tun, or multi_queue); make "
				 "one with: ip tuntap add %s mode tap user $USER",
				 ifname, ifname);
	default:
		return error_set_errno(err, code, "interface '%s'", ifname);
	}
}

static int attach(struct tap *tap, struct error *err)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header_bytes = NET_HEADER_BYTES;

	memcpy(request.ifr_name, tap->ifname, sizeof(request.ifr_name));
	if (ioctl(tap->fd, TUNSETIFF, &request) < 0) {
		return explain_attach(tap->ifname, -errno, err);
	}
	memcpy(tap->ifname, request.ifr_name, sizeof(tap->ifname));
	if (ioctl(tap->fd, TUNSETVNETHDRSZ, &header_bytes) < 0) {
		return error_set_errno(err, -errno, "interface '%s': header size", tap->ifname);
	}
	return 0;
}

/* Who may, needs no second command; who may not, is told which one. */
static void bring_up(const struct tap *tap)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, tap->ifname, sizeof(request.ifr_name));
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || (request.ifr_flags & IFF_UP)) {
		return;
	}
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
		log_warn(tap->description, "the interface is down; as root: ip link set %s up",
			 tap->ifname);
	}
}

static void tap_destroy(struct net_backend *backend)
{
	struct tap *tap = of_backend(backend);

	loop_watch_remove(&tap->watch);
	if (tap->fd >= 0) {
		(void)close(tap->fd);
	}
	free(tap);
}

static const struct net_ops tap_ops = {
	.send = tap_send,
	.ready = tap_ready,
	.features = tap_features,
	.set_features = tap_set_features,
	.destroy = tap_destroy,
};

static int open_tap(struct tap *tap, struct error *err)
{
	int code;

	tap->fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0) {
		return explain_open(-errno, err);
	}
	code = attach(tap, err);
	if (code < 0) {
		return code;
	}
	(void)snprintf(tap->description, sizeof(tap->description), "tap %s", tap->ifname);
	bring_up(tap);
	tap->guest_offloads = probe_guest_offloads(tap);
	tap->reading = true;
	code = loop_watch_add(tap->base.loop, &tap->watch, tap->fd, EPOLLIN, on_events, tap);
	return code < 0 ? error_set_errno(err, code, "interface '%s'", tap->ifname) : 0;
}

static int tap_create(struct loop *loop, const struct net_card *card,
		      const struct net_options *options, struct net_backend **out,
		      struct error *err)
{
	struct tap *tap;
	int code;

	if (strlen(options->ifname) >= IFNAMSIZ || options->ifname[0] == '\0') {
		return error_set(err, -EINVAL, "ifname '%s' must have 1 to %d characters",
				 options->ifname, IFNAMSIZ - 1);
	}
	tap = calloc(1, sizeof(*tap));
	if (!tap) {
		return error_set_errno(err, -ENOMEM, "back end");
	}
	tap->base = (struct net_backend){
		.ops = &tap_ops, .loop = loop, .card = *card, .description = tap->description
	};
	(void)snprintf(tap->ifname, sizeof(tap->ifname), "%s", options->ifname);
	code = open_tap(tap, err);
	if (code < 0) {
		tap_destroy(&tap->base);
		return code;
	}
	*out = &tap->base;
	return 0;
}

static const char *const tap_options[] = { "ifname", NULL };

const struct net_type net_tap_type = {
	.name = "tap",
	.help = "an interface of the host, for bridges and routes of your own",
	.options = tap_options,
	.create = tap_create,
};
