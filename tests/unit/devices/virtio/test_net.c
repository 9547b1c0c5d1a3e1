/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/net.c devices/virtio/net_rx.c devices/virtio/net_tx.c
 *       devices/virtio/net_control.c devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c
 *       tests/unit/devices/virtio/fake_net.c */
/* Network cards: addresses and configuration. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_net.h"
#include "tests/unit/devices/virtio/fake_transport.h"

#define BIT(n) (UINT64_C(1) << (n))

TestSuite(virtio_net, .init = fake_net_set_up, .fini = fake_net_tear_down, .timeout = 10);

/* --- addresses --- */

Test(virtio_net, address_is_local_and_the_same_at_each_start)
{
	char first[32];

	(void)snprintf(first, sizeof(first), "%s", virtio_net_address(fake_net.card));
	fake_net_finish_card();
	cr_assert(eq(int, fake_net_make_card("vm", NULL), 0));
	cr_assert(eq(str, (char *)(uintptr_t)virtio_net_address(fake_net.card), first));
	cr_assert(eq(u8, fake_transport.device->config[0] & 3, 2));
}

Test(virtio_net, address_differs_between_machines)
{
	char first[32];

	(void)snprintf(first, sizeof(first), "%s", virtio_net_address(fake_net.card));
	fake_net_finish_card();
	cr_assert(eq(int, fake_net_make_card("other", NULL), 0));
	cr_assert(ne(str, (char *)(uintptr_t)virtio_net_address(fake_net.card), first));
}

Test(virtio_net, address_is_taken_as_given)
{
	const uint8_t want[] = { 0x52, 0x54, 0x00, 0xab, 0xcd, 0xef };

	fake_net_finish_card();
	cr_assert(eq(int, fake_net_make_card("vm", "52:54:00:AB:cd:ef"), 0));
	cr_assert(zero(int, memcmp(fake_transport.device->config, want, sizeof(want))));
}

Test(virtio_net, address_of_wrong_form_is_refused)
{
	static const char *const wrong[] = { "",
					     "52:54:00:ab:cd",
					     "52:54:00:ab:cd:ef:01",
					     "52-54-00-ab-cd-ef",
					     "5:4:0:a:c:e",
					     "53:54:00:ab:cd:ef" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct virtio_net *spare = calloc(1, sizeof(*spare));
		struct device_env env = { .mem = fake_net.mem,
					  .loop = fake_net.loop,
					  .id = "net1" };
		struct net_options options = { .mac = (char *)(uintptr_t)wrong[i] };

		cr_assert(eq(int, virtio_net_type.init(spare, &env, &options, &fake_net.err),
			     -EINVAL));
		free(spare);
	}
}

Test(virtio_net, back_end_failure_fails_init)
{
	struct virtio_net *spare = calloc(1, sizeof(*spare));
	struct device_env env = { .mem = fake_net.mem, .loop = fake_net.loop, .id = "net1" };
	struct net_options options = { .type = 1 };

	cr_assert(eq(int, virtio_net_type.init(spare, &env, &options, &fake_net.err), -ENODEV));
	free(spare);
}

/* --- configuration --- */

Test(virtio_net, offers_what_the_back_end_can)
{
	const uint64_t features = fake_transport.device->features;
	const uint64_t can = fake_net.host.base.ops->features(&fake_net.host.base);

	cr_assert(eq(u64, features & can, can));
	cr_assert(zero(u64, features & BIT(VIRTIO_NET_F_HOST_TSO6)));
	cr_assert(eq(u64, features & BIT(VIRTIO_NET_F_MTU), BIT(VIRTIO_NET_F_MTU)));
}

Test(virtio_net, start_tells_the_back_end_what_was_negotiated)
{
	fake_net_start(BIT(VIRTIO_NET_F_GUEST_CSUM));
	cr_assert(eq(u64, fake_net.host.features, BIT(VIRTIO_NET_F_GUEST_CSUM)));
	cr_assert(eq(uint, fake_net.host.ready, 1));
}

Test(virtio_net, pulled_cable_drops_frames_and_tells_the_driver)
{
	const struct virtio_net_hdr_v1 header = { 0 };
	uint8_t frame[FAKE_NET_FRAME] = { 0 };

	fake_net_start(FAKE_NET_ALL);
	fake_net_give_buffer(0, 2048);
	virtio_net_set_link(fake_net.card, false);
	cr_assert(fake_net_receive(frame, sizeof(frame)));
	fake_net_send_frame(&header, FAKE_NET_FRAME);
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_TX), 0));
	cr_assert(zero(uint, fake_net.host.sent));
	cr_assert(zero(u8, fake_transport.device->config[6]));
	cr_assert(eq(uint, fake_transport.config_updates, 1));

	virtio_net_set_link(fake_net.card, true);
	cr_assert(eq(u8, fake_transport.device->config[6], VIRTIO_NET_S_LINK_UP));
	cr_assert(fake_net_receive(frame, sizeof(frame)));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), NET_HEADER_BYTES + FAKE_NET_FRAME));
}
