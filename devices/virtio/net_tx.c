/* SPDX-License-Identifier: MIT */
#include "devices/virtio/net_state.h"
#include "vmm/base/compiler.h"

/* Frames in one go; then others on the loop get their turn. */
#define TX_BATCH VIRTIO_NET_QUEUE_SIZE

static const struct {
	uint8_t gso_type;
	unsigned feature;
} gso_features[] = {
	{ VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_F_HOST_TSO4 },
	{ VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_F_HOST_TSO6 },
	{ VIRTIO_NET_HDR_GSO_UDP, VIRTIO_NET_F_HOST_UFO },
};

static bool is_gso_allowed(const struct virtio_net *net, uint8_t type)
{
	if (type & VIRTIO_NET_HDR_GSO_ECN) {
		if (!virtio_has_feature(&net->v, VIRTIO_NET_F_HOST_ECN)) {
			return false;
		}
		type &= (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(gso_features); i++) {
		if (type == gso_features[i].gso_type) {
			return virtio_has_feature(&net->v, gso_features[i].feature);
		}
	}
	return false;
}

/* Makes of the driver's header what back ends may rely on (virtio 1.2 §5.1.6.2.1); false for a
 * frame that breaks the rules. */
static bool check_header(const struct virtio_net *net, struct virtio_net_hdr_v1 *header,
			 size_t bytes)
{
	header->flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->num_buffers = 0;
	if (header->flags) {
		if (!virtio_has_feature(&net->v, VIRTIO_NET_F_CSUM) ||
		    (size_t)header->csum_start + header->csum_offset + sizeof(uint16_t) > bytes) {
			return false;
		}
	}
	if (header->gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		header->gso_size = 0;
		header->hdr_len = 0;
		return true;
	}
	return header->flags && header->gso_size && is_gso_allowed(net, header->gso_type);
}

/* Cuts `bytes` off the front of the slices; returns the first that is left. */
static struct iovec *cut_front(struct iovec *iov, unsigned *count, size_t bytes)
{
	while (*count && bytes >= iov->iov_len) {
		bytes -= iov->iov_len;
		iov++;
		(*count)--;
	}
	if (bytes) {
		iov->iov_base = (char *)iov->iov_base + bytes;
		iov->iov_len -= bytes;
	}
	return iov;
}

/* Sends one chain's frame. False when the back end has no room. */
static bool send_chain(struct virtio_net *net, const struct virtqueue_chain *chain)
{
	struct virtio_net_hdr_v1 header;
	unsigned count = chain->readable_count;
	size_t bytes = chain->readable_bytes - sizeof(header);
	struct iovec *iov;

	if (bytes < NET_FRAME_MIN || bytes > NET_FRAME_MAX) {
		return true;
	}
	(void)iov_read(chain->iov, count, 0, &header, sizeof(header));
	if (!check_header(net, &header, bytes) || !atomic_load(&net->link_up)) {
		return true;
	}
	/* The header's copy takes the place before the frame: a slice that is used up, or the one
	 * kept free in front of the chain. */
	iov = cut_front(chain->iov, &count, sizeof(header)) - 1;
	*iov = (struct iovec){ .iov_base = &header, .iov_len = sizeof(header) };
	return net->backend->ops->send(net->backend, iov, count + 1);
}

/* Returns whether there may be more. */
static bool transmit_one(struct virtio_net *net)
{
	struct virtqueue *vq = &net->v.queues[VIRTIO_NET_TX];
	struct virtqueue_chain chain = { .iov = net->tx_slices + 1,
					 .iov_capacity = VIRTIO_NET_CHAIN_MAX };

	if (!virtio_pop(&net->v, VIRTIO_NET_TX, &chain)) {
		return false;
	}
	if (chain.readable_bytes < NET_HEADER_BYTES) {
		virtio_fail(&net->v, "a frame to send has no header (%zu bytes)",
			    chain.readable_bytes);
		return false;
	}
	net->tx_blocked = !send_chain(net, &chain);
	if (net->tx_blocked) {
		virtqueue_unpop(vq, 1);
		return false;
	}
	virtqueue_push(vq, chain.head, 0);
	return true;
}

void virtio_net_transmit(struct virtio_net *net)
{
	unsigned sent = 0;

	if (!net->v.running || net->tx_blocked) {
		return;
	}
	while (sent < TX_BATCH && transmit_one(net)) {
		sent++;
	}
	if (sent) {
		virtio_signal(&net->v, VIRTIO_NET_TX);
	}
	if (sent == TX_BATCH) {
		loop_timer_arm(net->loop, &net->tx_resume, 0);
	}
}

void virtio_net_on_writable(void *card)
{
	struct virtio_net *net = card;

	net->tx_blocked = false;
	virtio_net_transmit(net);
}
