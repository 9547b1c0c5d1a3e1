/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/net_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define BIT(n)	       (UINT64_C(1) << (n))
#define GUEST_TSO      (BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6))
#define GUEST_SEGMENTS (GUEST_TSO | BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_GUEST_UFO))
#define GUEST_OFFLOADS (BIT(VIRTIO_NET_F_GUEST_CSUM) | GUEST_SEGMENTS)

static const uint8_t broadcast[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* --- the filter ------------------------------------------------------------------------------ */

void virtio_net_filter_reset(struct virtio_net *net)
{
	net->filter = (struct virtio_net_filter){ .promiscuous = true };
	if (memcmp(net->v.config, net->mac, ETH_ALEN) != 0) {
		virtio_config_update(&net->v, 0, net->mac, ETH_ALEN);
	}
}

static bool is_in(const uint8_t (*macs)[ETH_ALEN], unsigned count, const uint8_t *mac)
{
	for (unsigned i = 0; i < count; i++) {
		if (memcmp(macs[i], mac, ETH_ALEN) == 0) {
			return true;
		}
	}
	return false;
}

bool virtio_net_filter_accepts(const struct virtio_net *net, const uint8_t *destination)
{
	const struct virtio_net_filter *f = &net->filter;

	if (f->promiscuous) {
		return true;
	}
	if (memcmp(destination, broadcast, ETH_ALEN) == 0) {
		return !f->no_broadcast;
	}
	if (destination[0] & 1) {
		return !f->no_multicast && (f->all_multicast || f->multicast_overflow ||
					    is_in(f->multicast, f->multicast_count, destination));
	}
	return !f->no_unicast && (f->all_unicast || f->unicast_overflow ||
				  memcmp(destination, net->v.config, ETH_ALEN) == 0 ||
				  is_in(f->unicast, f->unicast_count, destination));
}

/* --- commands -------------------------------------------------------------------------------- */

/* The readable part of a command, behind what has been read of it. */
struct command {
	const struct iovec *iov;
	unsigned count;
	size_t offset, bytes;
};

static bool take(struct command *command, void *buffer, size_t length)
{
	if (command->bytes - command->offset < length) {
		return false;
	}
	command->offset += iov_read(command->iov, command->count, command->offset, buffer, length);
	return true;
}

static bool set_rx_mode(struct virtio_net *net, uint8_t which, struct command *command)
{
	struct virtio_net_filter *f = &net->filter;
	bool *const switches[] = {
		[VIRTIO_NET_CTRL_RX_PROMISC] = &f->promiscuous,
		[VIRTIO_NET_CTRL_RX_ALLMULTI] = &f->all_multicast,
		[VIRTIO_NET_CTRL_RX_ALLUNI] = &f->all_unicast,
		[VIRTIO_NET_CTRL_RX_NOMULTI] = &f->no_multicast,
		[VIRTIO_NET_CTRL_RX_NOUNI] = &f->no_unicast,
		[VIRTIO_NET_CTRL_RX_NOBCAST] = &f->no_broadcast,
	};
	uint8_t on;

	if (which >= ARRAY_SIZE(switches) || !take(command, &on, sizeof(on))) {
		return false;
	}
	*switches[which] = on != 0;
	return true;
}

/* One table of the command. A longer one than fits counts as "all of them", which the driver must
 * reckon with (virtio 1.2 §5.1.6.5.2); `overflow` tells. */
static bool take_macs(struct command *command, uint8_t (*macs)[ETH_ALEN], unsigned *count,
		      bool *overflow)
{
	le32 entries;

	if (!take(command, &entries, sizeof(entries)) ||
	    le32_get(entries) > (command->bytes - command->offset) / ETH_ALEN) {
		return false;
	}
	*overflow = le32_get(entries) > VIRTIO_NET_MACS_MAX;
	*count = *overflow ? 0 : le32_get(entries);
	if (*overflow) {
		command->offset += (size_t)le32_get(entries) * ETH_ALEN;
		return true;
	}
	return take(command, macs, (size_t)*count * ETH_ALEN);
}

static bool set_mac_table(struct virtio_net *net, struct command *command)
{
	struct virtio_net_filter f = net->filter;

	if (!take_macs(command, f.unicast, &f.unicast_count, &f.unicast_overflow) ||
	    !take_macs(command, f.multicast, &f.multicast_count, &f.multicast_overflow)) {
		return false;
	}
	net->filter = f;
	return true;
}

static bool set_mac(struct virtio_net *net, uint8_t which, struct command *command)
{
	uint8_t mac[ETH_ALEN];

	if (which == VIRTIO_NET_CTRL_MAC_TABLE_SET) {
		return set_mac_table(net, command);
	}
	if (which != VIRTIO_NET_CTRL_MAC_ADDR_SET || !take(command, mac, sizeof(mac)) ||
	    (mac[0] & 1)) {
		return false;
	}
	virtio_config_update(&net->v, 0, mac, sizeof(mac));
	return true;
}

uint64_t virtio_net_sound_features(uint64_t features)
{
	if (!(features & BIT(VIRTIO_NET_F_GUEST_CSUM))) {
		features &= ~GUEST_SEGMENTS;
	}
	return features & GUEST_TSO ? features : features & ~BIT(VIRTIO_NET_F_GUEST_ECN);
}

static bool set_guest_offloads(struct virtio_net *net, uint8_t which, struct command *command)
{
	const uint64_t driver = net->v.driver_features;
	uint64_t offloads;
	le64 wanted;

	if (which != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET ||
	    !virtio_has_feature(&net->v, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) ||
	    !take(command, &wanted, sizeof(wanted))) {
		return false;
	}
	offloads = le64_get(wanted);
	if ((offloads & ~(driver & GUEST_OFFLOADS)) ||
	    offloads != virtio_net_sound_features(offloads)) {
		return false;
	}
	net->backend->ops->set_features(net->backend, (driver & ~GUEST_OFFLOADS) | offloads);
	return true;
}

static bool run_command(struct virtio_net *net, struct command *command)
{
	struct virtio_net_ctrl_hdr header;

	if (!take(command, &header, sizeof(header))) {
		return false;
	}
	switch (header.class) {
	case VIRTIO_NET_CTRL_RX:
		return set_rx_mode(net, header.cmd, command);
	case VIRTIO_NET_CTRL_MAC:
		return set_mac(net, header.cmd, command);
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
		return set_guest_offloads(net, header.cmd, command);
	default:
		return false;
	}
}

void virtio_net_control(struct virtio_net *net)
{
	struct virtqueue_chain chain = { .iov = net->rx_slices,
					 .iov_capacity = VIRTIO_NET_CHAIN_MAX };
	virtio_net_ctrl_ack ack;

	/* A driver waits for each answer, so a full ring of commands is all there can be. */
	for (unsigned i = 0; i < VIRTIO_NET_QUEUE_SIZE; i++) {
		struct command command = { 0 };

		if (!virtio_pop(&net->v, VIRTIO_NET_CTRL, &chain)) {
			break;
		}
		command = (struct command){ .iov = chain.iov,
					    .count = chain.readable_count,
					    .bytes = chain.readable_bytes };
		if (chain.writable_bytes < sizeof(ack)) {
			virtio_fail(&net->v, "a control command has no place for its answer");
			return;
		}
		ack = run_command(net, &command) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
		(void)iov_write(chain.iov + chain.readable_count, chain.writable_count, 0, &ack,
				sizeof(ack));
		virtqueue_push(&net->v.queues[VIRTIO_NET_CTRL], chain.head, sizeof(ack));
		virtio_signal(&net->v, VIRTIO_NET_CTRL);
	}
}
