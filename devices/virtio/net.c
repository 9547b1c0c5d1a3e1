/* SPDX-License-Identifier: MIT */
#include "devices/virtio/net.h"

#include <ctype.h>
#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>

#include "devices/virtio/net_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define PCI_CLASS_ETHERNET 0x020000u
#define BIT(n)		   (UINT64_C(1) << (n))

#define CARD_FEATURES                                                                              \
	(BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MRG_RXBUF) |          \
	 BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CTRL_RX) | BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) | \
	 BIT(VIRTIO_NET_F_CTRL_MAC_ADDR))

/* --- addresses ------------------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
	/* FNV-1a, 64 bits. */
	for (; *text; text++) {
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	}
	return hash;
}

/* 46 bits of the names' hash, marked local and unicast. */
static void make_mac(uint8_t *mac, const char *machine, const char *id)
{
	uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), machine);

	hash = hash_text(hash_text(hash, "/"), id);
	hash ^= hash >> 32; /* the low bytes of a short text's hash vary least */
	memcpy(mac, &hash, ETH_ALEN);
	mac[0] = (uint8_t)((mac[0] & ~0x03) | 0x02);
}

/* Two digits of `text`, which may end early; -1 otherwise. */
static int parse_hex_byte(const char *text)
{
	const char digits[] = { text[0], text[0] ? text[1] : '\0', '\0' };

	if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1])) {
		return -1;
	}
	return (int)strtoul(digits, NULL, 16);
}

static int parse_mac(const char *text, uint8_t *mac, struct error *err)
{
	const char *rest = text;

	for (unsigned i = 0; i < ETH_ALEN; i++) {
		const int byte = parse_hex_byte(rest);

		if (byte < 0 || rest[2] != (i + 1 < ETH_ALEN ? ':' : '\0')) {
			return error_set(err, -EINVAL,
					 "mac=%.40s is not of the form 52:54:00:12:34:56", text);
		}
		mac[i] = (uint8_t)byte;
		rest += 3;
	}
	if (mac[0] & 1) {
		return error_set(err, -EINVAL,
				 "mac=%s is a group address; the first byte must be even", text);
	}
	return 0;
}

static int choose_mac(struct virtio_net *net, const struct device_env *env, const char *text,
		      struct error *err)
{
	int code = 0;

	if (text) {
		code = parse_mac(text, net->mac, err);
	} else {
		make_mac(net->mac, env->machine_name ? env->machine_name : "", env->id);
	}
	(void)snprintf(net->mac_text, sizeof(net->mac_text), "%02x:%02x:%02x:%02x:%02x:%02x",
		       net->mac[0], net->mac[1], net->mac[2], net->mac[3], net->mac[4],
		       net->mac[5]);
	return code;
}

/* --- the transport's callbacks --------------------------------------------------------------- */

static struct virtio_net *of_device(struct virtio_device *v)
{
	return container_of(v, struct virtio_net, v);
}

static void net_start(struct virtio_device *v)
{
	struct virtio_net *net = of_device(v);

	/* A control queue that was never used: a driver starts, and does not go on after a pause.
	 */
	if (v->queues[VIRTIO_NET_CTRL].next_avail == 0) {
		virtio_net_filter_reset(net);
		net->backend->ops->set_features(net->backend,
						virtio_net_sound_features(v->driver_features));
	}
	net->tx_blocked = false;
}

static void net_stop(struct virtio_device *v)
{
	/* Frames that are under way are in the back end's own memory. */
	loop_timer_disarm(&of_device(v)->tx_resume);
}

static void net_on_notify(struct virtio_device *v, unsigned queue)
{
	switch (queue) {
	case VIRTIO_NET_RX:
		virtio_net_rx_ready(of_device(v));
		break;
	case VIRTIO_NET_TX:
		virtio_net_transmit(of_device(v));
		break;
	default:
		virtio_net_control(of_device(v));
		break;
	}
}

static const struct virtio_type net_type = {
	.name = "virtio-net",
	.device_id = VIRTIO_ID_NET,
	.pci_class = PCI_CLASS_ETHERNET,
	.queue_size = VIRTIO_NET_QUEUE_SIZE,
	.start = net_start,
	.stop = net_stop,
	.on_notify = net_on_notify,
};

static void on_tx_resume(void *arg)
{
	virtio_net_transmit(arg);
}

/* --- the cable ------------------------------------------------------------------------------- */

struct link_call {
	struct virtio_net *net;
	bool up;
};

static void run_set_link(void *arg)
{
	const struct link_call *call = arg;
	const le16 status = le16_of(call->up ? VIRTIO_NET_S_LINK_UP : 0);

	atomic_store(&call->net->link_up, call->up);
	virtio_config_update(&call->net->v, offsetof(struct virtio_net_config, status), &status,
			     sizeof(status));
	if (call->up) {
		call->net->backend->ops->ready(call->net->backend);
	}
}

void virtio_net_set_link(void *state, bool up)
{
	struct link_call call = { .net = state, .up = up };

	if (up != virtio_net_link_is_up(state)) {
		loop_call(call.net->loop, run_set_link, &call);
	}
}

bool virtio_net_link_is_up(const void *state)
{
	const struct virtio_net *net = state;

	return atomic_load(&net->link_up);
}

const char *virtio_net_backend(const void *state)
{
	const struct virtio_net *net = state;

	return net->backend->description;
}

const char *virtio_net_address(const void *state)
{
	const struct virtio_net *net = state;

	return net->mac_text;
}

/* --- the device type's operations ------------------------------------------------------------ */

static void fill_config(struct virtio_net *net, uint64_t mtu)
{
	struct virtio_net_config config = { .status = VIRTIO_NET_S_LINK_UP,
					    .max_virtqueue_pairs = 1,
					    .mtu = (uint16_t)mtu };

	memcpy(config.mac, net->mac, sizeof(config.mac));
	net->v.config_size = offsetof(struct virtio_net_config, speed);
	memcpy(net->v.config, &config, net->v.config_size);
}

static uint64_t choose_features(struct virtio_net *net, uint64_t mtu)
{
	uint64_t features = CARD_FEATURES | net->backend->ops->features(net->backend);

	if (features & BIT(VIRTIO_NET_F_GUEST_CSUM)) {
		features |= BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
	}
	return mtu ? features | BIT(VIRTIO_NET_F_MTU) : features;
}

static void net_finish(void *state)
{
	struct virtio_net *net = state;

	virtio_unplug(&net->v);
	net_destroy(net->backend);
	net->backend = NULL;
}

static int net_init(void *state, const struct device_env *env, const void *arg, struct error *err)
{
	const struct net_options *options = arg;
	struct virtio_net *net = state;
	const struct net_card card = { .receive = virtio_net_receive,
				       .on_writable = virtio_net_on_writable,
				       .card = net };
	int code = choose_mac(net, env, options->mac, err);

	if (code < 0) {
		return code;
	}
	net->loop = env->loop;
	net->v.type = &net_type;
	net->v.id = env->id;
	net->v.queue_count = VIRTIO_NET_QUEUES;
	net->filter.promiscuous = true;
	atomic_init(&net->link_up, true);
	loop_timer_init(&net->tx_resume, on_tx_resume, net);
	code = net_create(options, env->loop, &card, &net->backend, err);
	if (code < 0) {
		return code;
	}
	fill_config(net, options->mtu);
	net->v.features = choose_features(net, options->mtu);
	code = virtio_pci_plug(&net->v, env, err);
	if (code < 0) {
		net_finish(net);
	}
	return code;
}

const struct device_type virtio_net_type = {
	.name = "virtio-net",
	.help = "network card",
	.options = { .options = net_option_rows,
		     .count = NET_OPTION_COUNT,
		     .first = net_option_first },
	.options_size = sizeof(struct net_options),
	.state_size = sizeof(struct virtio_net),
	.is_hot_pluggable = true,
	.init = net_init,
	.reset = virtio_reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = net_finish,
};
