/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES (16u << 20)
#define RINGS_GPA 0x10000u
#define BIT(n)	  (UINT64_C(1) << (n))

/* --- a back end that remembers --- */

struct fake_net fake_net;

static bool host_send(struct net_backend *backend, const struct iovec *iov, unsigned count)
{
	(void)backend;
	if (fake_net.host.full) {
		return false;
	}
	cr_assert(eq(sz, iov[0].iov_len, sizeof(fake_net.host.header)));
	memcpy(&fake_net.host.header, iov[0].iov_base, sizeof(fake_net.host.header));
	fake_net.host.frame_bytes =
		iov_read(iov + 1, count - 1, 0, fake_net.host.frame, sizeof(fake_net.host.frame));
	fake_net.host.sent++;
	return true;
}

static void host_ready(struct net_backend *backend)
{
	(void)backend;
	fake_net.host.ready++;
}

static uint64_t host_features(struct net_backend *backend)
{
	(void)backend;
	return BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_GUEST_CSUM) |
	       BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_ECN);
}

static void host_set_features(struct net_backend *backend, uint64_t features)
{
	(void)backend;
	fake_net.host.features = features;
}

static const struct net_ops host_ops = {
	.send = host_send,
	.ready = host_ready,
	.features = host_features,
	.set_features = host_set_features,
};

const struct option net_option_rows[NET_OPTION_COUNT] = { { .name = "none" } };
const char net_option_first[] = "type";

int net_create(const struct net_options *options, struct loop *loop, const struct net_card *card,
	       struct net_backend **out, struct error *err)
{
	(void)err;
	if (options->type) {
		return -ENODEV; /* any type but the first fails */
	}
	memset(&fake_net.host, 0, sizeof(fake_net.host));
	fake_net.host.base = (struct net_backend){
		.ops = &host_ops, .loop = loop, .card = *card, .description = "fake"
	};
	*out = &fake_net.host.base;
	return 0;
}

void net_destroy(struct net_backend *backend)
{
	(void)backend;
}

/* --- a card and its driver --- */

int fake_net_make_card(const char *machine, const char *mac)
{
	struct device_env env = { .mem = fake_net.mem, .loop = fake_net.loop, .id = "net0" };
	struct net_options options = { .mac = (char *)(uintptr_t)mac, .mtu = 1400 };

	env.machine_name = machine;
	fake_net.card = calloc(1, virtio_net_type.state_size);
	return virtio_net_type.init(fake_net.card, &env, &options, &fake_net.err);
}

void fake_net_start(uint64_t features)
{
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++) {
		fake_ring_init(&fake_net.rings[i], fake_net.mem, RINGS_GPA + i * FAKE_RING_BYTES,
			       FAKE_NET_RING_SIZE);
	}
	fake_transport_start(fake_net.mem, features, fake_net.rings);
}

void fake_net_set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	cr_assert(eq(int, loop_create("test", &fake_net.loop), 0));
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &fake_net.mem, NULL), 0));
	cr_assert(eq(int, fake_net_make_card("vm", NULL), 0));
}

void fake_net_finish_card(void)
{
	virtio_net_type.finish(fake_net.card);
	free(fake_net.card);
	fake_net.card = NULL;
}

void fake_net_tear_down(void)
{
	fake_net_finish_card();
	guest_mem_destroy(fake_net.mem);
	loop_destroy(fake_net.loop);
}

void fake_net_notify(unsigned queue)
{
	fake_transport.device->type->on_notify(fake_transport.device, queue);
}

void *fake_net_ram(uint64_t gpa, size_t length)
{
	return guest_mem_slice(fake_net.mem, gpa, length);
}

void fake_net_give_buffer(unsigned n, uint32_t length)
{
	const struct fake_buffer buffer = { FAKE_NET_BUFFER(n), length, true };

	(void)fake_ring_add(&fake_net.rings[VIRTIO_NET_RX], &buffer, 1);
}

bool fake_net_receive(const uint8_t *frame, size_t bytes)
{
	const struct virtio_net_hdr_v1 header = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };

	return fake_net.host.base.card.receive(fake_net.host.base.card.card, &header, frame, bytes);
}

uint32_t fake_net_take_used(unsigned queue)
{
	uint32_t head;
	uint32_t written;

	return fake_ring_take(&fake_net.rings[queue], &head, &written) ? written : UINT32_MAX;
}

void fake_net_send_frame(const struct virtio_net_hdr_v1 *header, uint32_t frame_bytes)
{
	const struct fake_buffer buffer = { FAKE_NET_BUFFER(0), sizeof(*header) + frame_bytes,
					    false };

	memcpy(fake_net_ram(FAKE_NET_BUFFER(0), sizeof(*header)), header, sizeof(*header));
	memset(fake_net_ram(FAKE_NET_BUFFER(0) + sizeof(*header), frame_bytes), 0xa5, frame_bytes);
	(void)fake_ring_add(&fake_net.rings[VIRTIO_NET_TX], &buffer, 1);
	fake_net_notify(VIRTIO_NET_TX);
}

uint8_t fake_net_control(uint8_t class, uint8_t command, const void *data, uint32_t length)
{
	const struct fake_buffer buffers[] = { { FAKE_NET_BUFFER(0), 2, false },
					       { FAKE_NET_BUFFER(1), length, false },
					       { FAKE_NET_BUFFER(2), 1, true } };
	uint8_t *header = fake_net_ram(FAKE_NET_BUFFER(0), 2);

	header[0] = class;
	header[1] = command;
	memcpy(fake_net_ram(FAKE_NET_BUFFER(1), 0x1000), data, length);
	(void)fake_ring_add(&fake_net.rings[VIRTIO_NET_CTRL], buffers, 3);
	fake_net_notify(VIRTIO_NET_CTRL);
	return *(uint8_t *)fake_net_ram(FAKE_NET_BUFFER(2), 1);
}
