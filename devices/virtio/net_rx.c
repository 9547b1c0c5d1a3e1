/* SPDX-License-Identifier: MIT */
#include "devices/virtio/net_state.h"
#include "vmm/base/compiler.h"

enum fit {
	FIT_YES,
	FIT_WAIT,  /* the driver has not put enough buffers yet */
	FIT_NEVER, /* however many it puts */
};

/* Pops the next chain. On an empty ring it asks the driver to ring, then looks once more. */
static int pop_buffer(struct virtio_net *net, struct virtqueue_chain *chain)
{
	if (virtio_pop(&net->v, VIRTIO_NET_RX, chain)) {
		return 1;
	}
	if (net->rx_armed) {
		return 0;
	}
	net->rx_armed = true;
	(void)virtio_want_doorbell(&net->v, VIRTIO_NET_RX, true);
	return virtio_pop(&net->v, VIRTIO_NET_RX, chain);
}

/* Takes as many chains as `bytes` need; more than one only when the driver merges buffers. */
static enum fit take_buffers(struct virtio_net *net, size_t bytes, unsigned *taken)
{
	const bool merge = virtio_has_feature(&net->v, VIRTIO_NET_F_MRG_RXBUF);
	const unsigned limit = merge ? net->v.queues[VIRTIO_NET_RX].size : 1;
	unsigned slices = 0;
	size_t room = 0;

	for (*taken = 0; room < bytes; (*taken)++) {
		struct virtqueue_chain *chain = &net->rx_chains[*taken];

		if (*taken == limit || slices > VIRTIO_NET_RX_SLICES - VIRTIO_NET_CHAIN_MAX) {
			return FIT_NEVER;
		}
		chain->iov = net->rx_slices + slices;
		chain->iov_capacity = VIRTIO_NET_CHAIN_MAX;
		if (!pop_buffer(net, chain)) {
			return FIT_WAIT;
		}
		slices += chain->readable_count + chain->writable_count;
		room += chain->writable_bytes;
	}
	return FIT_YES;
}

/* What is left to be copied: the header, then the frame. */
struct source {
	const uint8_t *header, *frame;
	size_t header_left, frame_left;
};

static uint32_t fill_chain(const struct virtqueue_chain *chain, struct source *from)
{
	const struct iovec *to = chain->iov + chain->readable_count;
	const unsigned count = chain->writable_count;
	size_t header = iov_write(to, count, 0, from->header, from->header_left);
	size_t frame = iov_write(to, count, header, from->frame, from->frame_left);

	from->header += header;
	from->header_left -= header;
	from->frame += frame;
	from->frame_left -= frame;
	return (uint32_t)(header + frame);
}

/* Hands the frame over in the chains taken, all at once: the driver reads their number in the
 * header and expects the others to be there (virtio 1.2 §5.1.6.4.1). */
static void deliver(struct virtio_net *net, unsigned chains, struct source from)
{
	for (unsigned i = 0; i < chains; i++) {
		net->rx_used[i] = (struct virtqueue_used){
			.head = net->rx_chains[i].head,
			.written = fill_chain(&net->rx_chains[i], &from),
		};
	}
	virtqueue_push_many(&net->v.queues[VIRTIO_NET_RX], net->rx_used, chains);
	virtio_signal(&net->v, VIRTIO_NET_RX);
}

bool virtio_net_receive(void *card, const struct virtio_net_hdr_v1 *header, const void *frame,
			size_t bytes)
{
	struct virtio_net *net = card;
	struct virtio_net_hdr_v1 copy = *header;
	unsigned chains;
	enum fit fit;

	if (!net->v.running) {
		return false;
	}
	if (!atomic_load(&net->link_up) || !virtio_net_filter_accepts(net, frame)) {
		return true;
	}
	fit = take_buffers(net, sizeof(copy) + bytes, &chains);
	if (fit != FIT_YES) {
		virtqueue_unpop(&net->v.queues[VIRTIO_NET_RX], chains);
		return fit == FIT_NEVER;
	}
	copy.num_buffers = (uint16_t)chains;
	deliver(net, chains,
		(struct source){ .header = (const uint8_t *)&copy,
				 .header_left = sizeof(copy),
				 .frame = frame,
				 .frame_left = bytes });
	return true;
}

void virtio_net_rx_ready(struct virtio_net *net)
{
	/* While there are buffers, no doorbell is of use. */
	net->rx_armed = false;
	(void)virtio_want_doorbell(&net->v, VIRTIO_NET_RX, false);
	net->backend->ops->ready(net->backend);
}
