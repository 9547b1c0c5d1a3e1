/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/net.c devices/virtio/net_rx.c devices/virtio/net_tx.c
 *       devices/virtio/net_control.c devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/* lint: long because all tests share one card, its driver and its back end. */
#include "devices/virtio/net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>

#include "devices/net/net.h"
#include "devices/virtio/net_state.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES  (16u << 20)
#define RING_SIZE  16
#define RINGS_GPA  0x10000u
#define BUFFER_GPA 0x100000u
#define BUFFER(n)  (BUFFER_GPA + (n)*0x1000u)
#define FRAME	   60u /* bytes of the shortest frame on a real cable */
#define BIT(n)	   (UINT64_C(1) << (n))
#define ALL	   UINT64_MAX

/* --- a back end that remembers --- */

static struct {
	struct net_backend base;
	bool full; /* refuses frames */
	unsigned sent, ready;
	struct virtio_net_hdr_v1 header; /* of the last frame */
	uint8_t frame[NET_FRAME_MAX];
	size_t frame_bytes;
	uint64_t features;
} host;

static bool host_send(struct net_backend *backend, const struct iovec *iov, unsigned count)
{
	(void)backend;
	if (host.full) {
		return false;
	}
	cr_assert(eq(sz, iov[0].iov_len, sizeof(host.header)));
	memcpy(&host.header, iov[0].iov_base, sizeof(host.header));
	host.frame_bytes = iov_read(iov + 1, count - 1, 0, host.frame, sizeof(host.frame));
	host.sent++;
	return true;
}

static void host_ready(struct net_backend *backend)
{
	(void)backend;
	host.ready++;
}

static uint64_t host_features(struct net_backend *backend)
{
	(void)backend;
	return BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_GUEST_CSUM) |
	       BIT(VIRTIO_NET_F_GUEST_TSO4);
}

static void host_set_features(struct net_backend *backend, uint64_t features)
{
	(void)backend;
	host.features = features;
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
	memset(&host, 0, sizeof(host));
	host.base = (struct net_backend){
		.ops = &host_ops, .loop = loop, .card = *card, .description = "fake"
	};
	*out = &host.base;
	return 0;
}

void net_destroy(struct net_backend *backend)
{
	(void)backend;
}

/* --- a card and its driver --- */

static struct guest_mem *mem;
static struct loop *loop;
static struct fake_ring rings[VIRTIO_NET_QUEUES];
static void *card;
static struct error err;

static int make_card(const char *machine, const char *mac)
{
	struct device_env env = { .mem = mem, .loop = loop, .id = "net0" };
	struct net_options options = { .mac = (char *)(uintptr_t)mac, .mtu = 1400 };

	env.machine_name = machine;
	card = calloc(1, virtio_net_type.state_size);
	return virtio_net_type.init(card, &env, &options, &err);
}

static void start(uint64_t features)
{
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++) {
		fake_ring_init(&rings[i], mem, RINGS_GPA + i * FAKE_RING_BYTES, RING_SIZE);
	}
	fake_transport_start(mem, features, rings);
}

static void set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &mem, NULL), 0));
	cr_assert(eq(int, make_card("vm", NULL), 0));
}

static void finish_card(void)
{
	virtio_net_type.finish(card);
	free(card);
	card = NULL;
}

static void tear_down(void)
{
	finish_card();
	guest_mem_destroy(mem);
	loop_destroy(loop);
}

static void notify(unsigned queue)
{
	fake_transport.device->type->on_notify(fake_transport.device, queue);
}

static void *ram(uint64_t gpa, size_t length)
{
	return guest_mem_slice(mem, gpa, length);
}

/* A receive buffer of `length` bytes at BUFFER(n). */
static void give_buffer(unsigned n, uint32_t length)
{
	const struct fake_buffer buffer = { BUFFER(n), length, true };

	(void)fake_ring_add(&rings[VIRTIO_NET_RX], &buffer, 1);
}

static bool receive(const uint8_t *frame, size_t bytes)
{
	const struct virtio_net_hdr_v1 header = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };

	return host.base.card.receive(host.base.card.card, &header, frame, bytes);
}

static uint32_t take_used(unsigned queue)
{
	uint32_t head;
	uint32_t written;

	return fake_ring_take(&rings[queue], &head, &written) ? written : UINT32_MAX;
}

/* A frame to send whose header and body lie in one buffer. */
static void send_frame(const struct virtio_net_hdr_v1 *header, uint32_t frame_bytes)
{
	const struct fake_buffer buffer = { BUFFER(0), sizeof(*header) + frame_bytes, false };

	memcpy(ram(BUFFER(0), sizeof(*header)), header, sizeof(*header));
	memset(ram(BUFFER(0) + sizeof(*header), frame_bytes), 0xa5, frame_bytes);
	(void)fake_ring_add(&rings[VIRTIO_NET_TX], &buffer, 1);
	notify(VIRTIO_NET_TX);
}

/* Runs a control command; returns the driver's answer. */
static uint8_t control(uint8_t class, uint8_t command, const void *data, uint32_t length)
{
	const struct fake_buffer buffers[] = { { BUFFER(0), 2, false },
					       { BUFFER(1), length, false },
					       { BUFFER(2), 1, true } };
	uint8_t *header = ram(BUFFER(0), 2);

	header[0] = class;
	header[1] = command;
	memcpy(ram(BUFFER(1), 0x1000), data, length);
	(void)fake_ring_add(&rings[VIRTIO_NET_CTRL], buffers, 3);
	notify(VIRTIO_NET_CTRL);
	return *(uint8_t *)ram(BUFFER(2), 1);
}

TestSuite(virtio_net, .init = set_up, .fini = tear_down, .timeout = 10);

/* --- addresses --- */

Test(virtio_net, address_is_local_and_the_same_at_each_start)
{
	char first[32];

	(void)snprintf(first, sizeof(first), "%s", virtio_net_address(card));
	finish_card();
	cr_assert(eq(int, make_card("vm", NULL), 0));
	cr_assert(eq(str, (char *)(uintptr_t)virtio_net_address(card), first));
	cr_assert(eq(u8, fake_transport.device->config[0] & 3, 2));
}

Test(virtio_net, address_differs_between_machines)
{
	char first[32];

	(void)snprintf(first, sizeof(first), "%s", virtio_net_address(card));
	finish_card();
	cr_assert(eq(int, make_card("other", NULL), 0));
	cr_assert(ne(str, (char *)(uintptr_t)virtio_net_address(card), first));
}

Test(virtio_net, address_is_taken_as_given)
{
	const uint8_t want[] = { 0x52, 0x54, 0x00, 0xab, 0xcd, 0xef };

	finish_card();
	cr_assert(eq(int, make_card("vm", "52:54:00:AB:cd:ef"), 0));
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
		struct device_env env = { .mem = mem, .loop = loop, .id = "net1" };
		struct net_options options = { .mac = (char *)(uintptr_t)wrong[i] };

		cr_assert(eq(int, virtio_net_type.init(spare, &env, &options, &err), -EINVAL));
		free(spare);
	}
}

Test(virtio_net, back_end_failure_fails_init)
{
	struct virtio_net *spare = calloc(1, sizeof(*spare));
	struct device_env env = { .mem = mem, .loop = loop, .id = "net1" };
	struct net_options options = { .type = 1 };

	cr_assert(eq(int, virtio_net_type.init(spare, &env, &options, &err), -ENODEV));
	free(spare);
}

/* --- configuration --- */

Test(virtio_net, offers_what_the_back_end_can)
{
	const uint64_t features = fake_transport.device->features;

	cr_assert(eq(u64, features & host_features(NULL), host_features(NULL)));
	cr_assert(zero(u64, features & BIT(VIRTIO_NET_F_HOST_TSO6)));
	cr_assert(eq(u64, features & BIT(VIRTIO_NET_F_MTU), BIT(VIRTIO_NET_F_MTU)));
}

Test(virtio_net, start_tells_the_back_end_what_was_negotiated)
{
	start(BIT(VIRTIO_NET_F_GUEST_CSUM));
	cr_assert(eq(u64, host.features, BIT(VIRTIO_NET_F_GUEST_CSUM)));
	cr_assert(eq(uint, host.ready, 1));
}

Test(virtio_net, pulled_cable_drops_frames_and_tells_the_driver)
{
	const struct virtio_net_hdr_v1 header = { 0 };
	uint8_t frame[FRAME] = { 0 };

	start(ALL);
	give_buffer(0, 2048);
	virtio_net_set_link(card, false);
	cr_assert(receive(frame, sizeof(frame)));
	send_frame(&header, FRAME);
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(eq(u32, take_used(VIRTIO_NET_TX), 0));
	cr_assert(zero(uint, host.sent));
	cr_assert(zero(u8, fake_transport.device->config[6]));
	cr_assert(eq(uint, fake_transport.config_updates, 1));

	virtio_net_set_link(card, true);
	cr_assert(eq(u8, fake_transport.device->config[6], VIRTIO_NET_S_LINK_UP));
	cr_assert(receive(frame, sizeof(frame)));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), NET_HEADER_BYTES + FRAME));
}

/* --- receiving --- */

Test(virtio_net, frame_arrives_behind_its_header)
{
	uint8_t frame[FRAME];

	memset(frame, 0x5a, sizeof(frame));
	start(ALL);
	give_buffer(0, 2048);
	cr_assert(receive(frame, sizeof(frame)));

	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), NET_HEADER_BYTES + FRAME));
	struct virtio_net_hdr_v1 *header = ram(BUFFER(0), 2048);
	cr_assert(eq(u8, header->flags, VIRTIO_NET_HDR_F_DATA_VALID));
	cr_assert(eq(u16, header->num_buffers, 1));
	cr_assert(zero(int, memcmp(header + 1, frame, sizeof(frame))));
	cr_assert(eq(uint, fake_transport.signals, 1));
}

Test(virtio_net, frame_is_spread_over_merged_buffers)
{
	uint8_t frame[250];

	for (unsigned i = 0; i < sizeof(frame); i++) {
		frame[i] = (uint8_t)i;
	}
	start(ALL);
	for (unsigned i = 0; i < 4; i++) {
		give_buffer(i, 100);
	}
	cr_assert(receive(frame, sizeof(frame)));

	/* 262 bytes with the header: two full buffers and 62 bytes; the fourth stays. */
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 100));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 100));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 62));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(eq(u16, ((struct virtio_net_hdr_v1 *)ram(BUFFER(0), 12))->num_buffers, 3));
	cr_assert(zero(int, memcmp(ram(BUFFER(2), 62), frame + 188, 62)));
}

Test(virtio_net, header_may_be_torn_between_buffers)
{
	uint8_t frame[FRAME];

	memset(frame, 0x77, sizeof(frame));
	start(ALL);
	give_buffer(0, 5);
	give_buffer(1, 100);
	cr_assert(receive(frame, sizeof(frame)));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 5));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 7 + FRAME));
	cr_assert(zero(int, memcmp(ram(BUFFER(1) + 7, FRAME), frame, FRAME)));
}

Test(virtio_net, without_room_the_frame_waits_for_buffers)
{
	uint8_t frame[250] = { 0 };

	start(ALL);
	give_buffer(0, 100);
	cr_assert(not(receive(frame, sizeof(frame))));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), UINT32_MAX));
	/* The driver is to ring at the next buffer, its second. */
	cr_assert(eq(u16, *fake_ring_avail_event(&rings[VIRTIO_NET_RX]), 1));

	give_buffer(1, 400);
	notify(VIRTIO_NET_RX);
	cr_assert(eq(uint, host.ready, 2));
	cr_assert(receive(frame, sizeof(frame)));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 100));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 162));
}

Test(virtio_net, frame_that_fits_no_single_buffer_is_dropped_without_merging)
{
	uint8_t frame[250] = { 0 };

	start(ALL & ~BIT(VIRTIO_NET_F_MRG_RXBUF));
	give_buffer(0, 100);
	give_buffer(1, 400);
	cr_assert(receive(frame, sizeof(frame)));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(receive(frame, 80));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 92));
}

Test(virtio_net, frame_larger_than_a_full_ring_is_dropped)
{
	uint8_t frame[2000] = { 0 };

	start(ALL);
	for (unsigned i = 0; i < RING_SIZE; i++) {
		give_buffer(i, 100);
	}
	cr_assert(receive(frame, sizeof(frame)));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(receive(frame, FRAME));
	cr_assert(eq(u32, take_used(VIRTIO_NET_RX), 72));
}

Test(virtio_net, before_the_driver_the_back_end_keeps_its_frames)
{
	uint8_t frame[FRAME] = { 0 };

	cr_assert(not(receive(frame, sizeof(frame))));
}

Test(virtio_net, corrupt_receive_ring_fails_the_device_only)
{
	uint8_t frame[FRAME] = { 0 };

	start(ALL);
	fake_ring_set_desc(&rings[VIRTIO_NET_RX], 0, UINT64_MAX - 8, 100, VRING_DESC_F_WRITE, 0);
	fake_ring_offer(&rings[VIRTIO_NET_RX], 0);
	cr_assert(not(receive(frame, sizeof(frame))));
	cr_assert(eq(uint, fake_transport.failures, 1));
}

/* --- sending --- */

Test(virtio_net, sends_header_and_frame_apart)
{
	const struct virtio_net_hdr_v1 header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						  .csum_start = 34,
						  .csum_offset = 16,
						  .num_buffers = 9 };

	start(ALL);
	send_frame(&header, FRAME);
	cr_assert(eq(uint, host.sent, 1));
	cr_assert(eq(sz, host.frame_bytes, FRAME));
	cr_assert(eq(u8, host.frame[0], 0xa5));
	cr_assert(eq(u16, host.header.csum_start, 34));
	cr_assert(zero(u16, host.header.num_buffers));
	cr_assert(eq(u32, take_used(VIRTIO_NET_TX), 0));
	cr_assert(eq(uint, fake_transport.signals, 1));
}

Test(virtio_net, sends_a_header_in_pieces)
{
	const struct fake_buffer buffers[] = { { BUFFER(0), 5, false },
					       { BUFFER(1), 7, false },
					       { BUFFER(2), FRAME, false } };

	start(ALL);
	memset(ram(BUFFER(0), 5), 0, 5);
	memset(ram(BUFFER(1), 7), 0, 7);
	memset(ram(BUFFER(2), FRAME), 0x11, FRAME);
	(void)fake_ring_add(&rings[VIRTIO_NET_TX], buffers, 3);
	notify(VIRTIO_NET_TX);
	cr_assert(eq(sz, host.frame_bytes, FRAME));
	cr_assert(eq(u8, host.frame[FRAME - 1], 0x11));
}

Test(virtio_net, full_host_keeps_the_frame_in_the_ring)
{
	const struct virtio_net_hdr_v1 header = { 0 };

	start(ALL);
	host.full = true;
	send_frame(&header, FRAME);
	cr_assert(eq(u32, take_used(VIRTIO_NET_TX), UINT32_MAX));

	host.full = false;
	host.base.card.on_writable(host.base.card.card);
	cr_assert(eq(uint, host.sent, 1));
	cr_assert(eq(u32, take_used(VIRTIO_NET_TX), 0));
}

Test(virtio_net, frame_without_a_header_fails_the_device)
{
	const struct fake_buffer buffer = { BUFFER(0), 11, false };

	start(ALL);
	(void)fake_ring_add(&rings[VIRTIO_NET_TX], &buffer, 1);
	notify(VIRTIO_NET_TX);
	cr_assert(eq(uint, fake_transport.failures, 1));
	cr_assert(zero(uint, host.sent));
}

static const struct {
	struct virtio_net_hdr_v1 header;
	uint64_t features;
	uint32_t bytes;
} bad_headers[] = {
	/* A checksum that nobody negotiated. */
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM }, 0, FRAME },
	/* A checksum that would be written behind the frame. */
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = FRAME - 1 }, ALL, FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff },
	  ALL,
	  FRAME },
	/* Segmentation without a checksum, without a size, of a kind not offered, unknown. */
	{ { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1000 }, ALL, FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 },
	  ALL,
	  FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
	    .gso_size = 1000 },
	  ALL,
	  FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = 0x7f, .gso_size = 1000 },
	  ALL,
	  FRAME },
	/* Shorter than an Ethernet header. */
	{ { 0 }, ALL, 13 },
	/* Longer than any segment. */
	{ { 0 }, ALL, NET_FRAME_MAX + 1 },
};

Test(virtio_net, bad_headers_lose_the_frame_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(bad_headers) / sizeof(bad_headers[0]); i++) {
		start(bad_headers[i].features);
		send_frame(&bad_headers[i].header, bad_headers[i].bytes);
		cr_assert(zero(uint, host.sent), "row %zu", i);
		cr_assert(eq(u32, take_used(VIRTIO_NET_TX), 0), "row %zu", i);
		virtio_unplug(fake_transport.device);
	}
	cr_assert(zero(uint, fake_transport.failures));
}

/* --- the control queue --- */

static const uint8_t group[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t stranger[ETH_ALEN] = { 0x52, 0x54, 0, 1, 2, 3 };
static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void set_promiscuous(uint8_t on)
{
	cr_assert(eq(u8, control(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, &on, 1),
		     VIRTIO_NET_OK));
}

Test(virtio_net, filter_lets_own_address_and_broadcast_in)
{
	start(ALL);
	cr_assert(virtio_net_filter_accepts(card, stranger));
	set_promiscuous(0);
	cr_assert(virtio_net_filter_accepts(card, fake_transport.device->config));
	cr_assert(virtio_net_filter_accepts(card, everybody));
	cr_assert(not(virtio_net_filter_accepts(card, stranger)));
	cr_assert(not(virtio_net_filter_accepts(card, group)));
}

Test(virtio_net, filter_takes_the_drivers_table)
{
	uint8_t data[8 + 2 * ETH_ALEN] = { 1 };

	memcpy(data + 4, stranger, ETH_ALEN);
	data[4 + ETH_ALEN] = 1;
	memcpy(data + 8 + ETH_ALEN, group, ETH_ALEN);
	start(ALL);
	set_promiscuous(0);
	cr_assert(eq(
		u8, control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, sizeof(data)),
		VIRTIO_NET_OK));
	cr_assert(virtio_net_filter_accepts(card, stranger));
	cr_assert(virtio_net_filter_accepts(card, group));
}

Test(virtio_net, table_that_is_longer_than_the_command_is_refused)
{
	uint8_t data[8 + ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff };

	start(ALL);
	cr_assert(eq(
		u8, control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, sizeof(data)),
		VIRTIO_NET_ERR));
}

Test(virtio_net, table_that_overflows_means_all)
{
	const uint32_t entries = VIRTIO_NET_MACS_MAX + 1;
	uint8_t data[8 + (VIRTIO_NET_MACS_MAX + 1) * ETH_ALEN] = { 0 };

	memcpy(data, &entries, sizeof(entries));
	start(ALL);
	set_promiscuous(0);
	cr_assert(eq(
		u8, control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, sizeof(data)),
		VIRTIO_NET_OK));
	cr_assert(virtio_net_filter_accepts(card, stranger));
	cr_assert(not(virtio_net_filter_accepts(card, group)));
}

Test(virtio_net, driver_sets_its_address_until_it_is_reset)
{
	uint8_t before[ETH_ALEN];

	start(ALL);
	memcpy(before, fake_transport.device->config, sizeof(before));
	cr_assert(eq(u8,
		     control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, stranger, ETH_ALEN),
		     VIRTIO_NET_OK));
	cr_assert(zero(int, memcmp(fake_transport.device->config, stranger, ETH_ALEN)));
	virtio_net_type.reset(card);
	start(ALL);
	cr_assert(zero(int, memcmp(fake_transport.device->config, before, ETH_ALEN)));
}

Test(virtio_net, pause_keeps_what_the_driver_set)
{
	struct virtio_device *v = fake_transport.device;

	start(ALL);
	set_promiscuous(0);
	v->type->stop(v);
	v->type->start(v);
	cr_assert(not(virtio_net_filter_accepts(card, stranger)));
}

Test(virtio_net, offloads_can_be_switched_within_what_was_negotiated)
{
	const uint64_t less = BIT(VIRTIO_NET_F_GUEST_CSUM);
	const uint64_t more = BIT(VIRTIO_NET_F_GUEST_TSO6);

	start(ALL);
	cr_assert(eq(u8, control(VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, &less, 8), VIRTIO_NET_OK));
	cr_assert(eq(u64, host.features & BIT(VIRTIO_NET_F_GUEST_CSUM), less));
	cr_assert(zero(u64, host.features & BIT(VIRTIO_NET_F_GUEST_TSO4)));
	cr_assert(eq(u8, control(VIRTIO_NET_CTRL_GUEST_OFFLOADS, 0, &more, 8), VIRTIO_NET_ERR));
}

Test(virtio_net, unknown_and_short_commands_are_refused)
{
	start(ALL);
	cr_assert(eq(u8, control(0x55, 0, "x", 1), VIRTIO_NET_ERR));
	cr_assert(eq(u8, control(VIRTIO_NET_CTRL_RX, 6, "x", 1), VIRTIO_NET_ERR));
	cr_assert(eq(u8, control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "x", 1),
		     VIRTIO_NET_ERR));
	cr_assert(zero(uint, fake_transport.failures));
}
