/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/net.c devices/virtio/net_rx.c devices/virtio/net_tx.c
 *       devices/virtio/net_control.c devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c
 *       tests/unit/devices/virtio/fake_net.c */
/* Network cards: the control queue. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_net.h"
#include "tests/unit/devices/virtio/fake_transport.h"

#define BIT(n) (UINT64_C(1) << (n))

TestSuite(virtio_net_control, .init = fake_net_set_up, .fini = fake_net_tear_down, .timeout = 10);

/* --- the control queue --- */

static const uint8_t group[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t stranger[ETH_ALEN] = { 0x52, 0x54, 0, 1, 2, 3 };
static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void set_promiscuous(uint8_t on)
{
	cr_assert(eq(u8, fake_net_control(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, &on, 1),
		     VIRTIO_NET_OK));
}

Test(virtio_net_control, filter_lets_own_address_and_broadcast_in)
{
	fake_net_start(FAKE_NET_ALL);
	cr_assert(virtio_net_filter_accepts(fake_net.card, stranger));
	set_promiscuous(0);
	cr_assert(virtio_net_filter_accepts(fake_net.card, fake_transport.device->config));
	cr_assert(virtio_net_filter_accepts(fake_net.card, everybody));
	cr_assert(not(virtio_net_filter_accepts(fake_net.card, stranger)));
	cr_assert(not(virtio_net_filter_accepts(fake_net.card, group)));
}

Test(virtio_net_control, filter_takes_the_drivers_table)
{
	uint8_t data[8 + 2 * ETH_ALEN] = { 1 };

	memcpy(data + 4, stranger, ETH_ALEN);
	data[4 + ETH_ALEN] = 1;
	memcpy(data + 8 + ETH_ALEN, group, ETH_ALEN);
	fake_net_start(FAKE_NET_ALL);
	set_promiscuous(0);
	cr_assert(eq(u8,
		     fake_net_control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data,
				      sizeof(data)),
		     VIRTIO_NET_OK));
	cr_assert(virtio_net_filter_accepts(fake_net.card, stranger));
	cr_assert(virtio_net_filter_accepts(fake_net.card, group));
}

Test(virtio_net_control, table_that_is_longer_than_the_command_is_refused)
{
	uint8_t data[8 + ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff };

	fake_net_start(FAKE_NET_ALL);
	cr_assert(eq(u8,
		     fake_net_control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data,
				      sizeof(data)),
		     VIRTIO_NET_ERR));
}

Test(virtio_net_control, table_that_overflows_means_all)
{
	const uint32_t entries = VIRTIO_NET_MACS_MAX + 1;
	uint8_t data[8 + (VIRTIO_NET_MACS_MAX + 1) * ETH_ALEN] = { 0 };

	memcpy(data, &entries, sizeof(entries));
	fake_net_start(FAKE_NET_ALL);
	set_promiscuous(0);
	cr_assert(eq(u8,
		     fake_net_control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data,
				      sizeof(data)),
		     VIRTIO_NET_OK));
	cr_assert(virtio_net_filter_accepts(fake_net.card, stranger));
	cr_assert(not(virtio_net_filter_accepts(fake_net.card, group)));
}

Test(virtio_net_control, driver_sets_its_address_until_it_is_reset)
{
	uint8_t before[ETH_ALEN];

	fake_net_start(FAKE_NET_ALL);
	memcpy(before, fake_transport.device->config, sizeof(before));
	cr_assert(eq(u8,
		     fake_net_control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, stranger,
				      ETH_ALEN),
		     VIRTIO_NET_OK));
	cr_assert(zero(int, memcmp(fake_transport.device->config, stranger, ETH_ALEN)));
	virtio_net_type.reset(fake_net.card);
	fake_net_start(FAKE_NET_ALL);
	cr_assert(zero(int, memcmp(fake_transport.device->config, before, ETH_ALEN)));
}

Test(virtio_net_control, pause_keeps_what_the_driver_set)
{
	struct virtio_device *v = fake_transport.device;

	fake_net_start(FAKE_NET_ALL);
	set_promiscuous(0);
	v->type->stop(v);
	v->type->start(v);
	cr_assert(not(virtio_net_filter_accepts(fake_net.card, stranger)));
}

Test(virtio_net_control, offloads_can_be_switched_within_what_was_negotiated)
{
	const uint64_t less = BIT(VIRTIO_NET_F_GUEST_CSUM);
	const uint64_t more = BIT(VIRTIO_NET_F_GUEST_TSO6);

	fake_net_start(FAKE_NET_ALL);
	cr_assert(eq(u8, fake_net_control(VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, &less, 8),
		     VIRTIO_NET_OK));
	cr_assert(eq(u64, fake_net.host.features & BIT(VIRTIO_NET_F_GUEST_CSUM), less));
	cr_assert(zero(u64, fake_net.host.features & BIT(VIRTIO_NET_F_GUEST_TSO4)));
	cr_assert(eq(u8, fake_net_control(VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, &more, 8),
		     VIRTIO_NET_ERR));
}

/* The kernel takes none of them then, and says so in our log each time. */
Test(virtio_net_control, offloads_without_their_ground_do_not_reach_the_back_end)
{
	const uint64_t ecn = BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_ECN);
	const uint64_t tso = BIT(VIRTIO_NET_F_GUEST_TSO4);

	fake_net_start(ecn | BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS));
	cr_assert(zero(u64, fake_net.host.features & BIT(VIRTIO_NET_F_GUEST_ECN)));
	virtio_net_type.reset(fake_net.card);
	fake_net_start(FAKE_NET_ALL);
	cr_assert(eq(u8, fake_net_control(VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, &ecn, 8),
		     VIRTIO_NET_ERR));
	cr_assert(eq(u8, fake_net_control(VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, &tso, 8),
		     VIRTIO_NET_ERR));
}

Test(virtio_net_control, unknown_and_short_commands_are_refused)
{
	fake_net_start(FAKE_NET_ALL);
	cr_assert(eq(u8, fake_net_control(0x55, 0, "x", 1), VIRTIO_NET_ERR));
	cr_assert(eq(u8, fake_net_control(VIRTIO_NET_CTRL_RX, 6, "x", 1), VIRTIO_NET_ERR));
	cr_assert(eq(u8,
		     fake_net_control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "x", 1),
		     VIRTIO_NET_ERR));
	cr_assert(zero(uint, fake_transport.failures));
}
