/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/net.c devices/virtio/net_rx.c devices/virtio/net_tx.c
 *       devices/virtio/net_control.c devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c
 *       tests/unit/devices/virtio/fake_net.c */
/* Network cards: frames that come and go. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_net.h"
#include "tests/unit/devices/virtio/fake_transport.h"

#define BIT(n) (UINT64_C(1) << (n))

TestSuite(virtio_net_frames, .init = fake_net_set_up, .fini = fake_net_tear_down, .timeout = 10);

/* --- receiving --- */

Test(virtio_net_frames, frame_arrives_behind_its_header)
{
	uint8_t frame[FAKE_NET_FRAME];

	memset(frame, 0x5a, sizeof(frame));
	fake_net_start(FAKE_NET_ALL);
	fake_net_give_buffer(0, 2048);
	cr_assert(fake_net_receive(frame, sizeof(frame)));

	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), NET_HEADER_BYTES + FAKE_NET_FRAME));
	struct virtio_net_hdr_v1 *header = fake_net_ram(FAKE_NET_BUFFER(0), 2048);
	cr_assert(eq(u8, header->flags, VIRTIO_NET_HDR_F_DATA_VALID));
	cr_assert(eq(u16, header->num_buffers, 1));
	cr_assert(zero(int, memcmp(header + 1, frame, sizeof(frame))));
	cr_assert(eq(uint, fake_transport.signals, 1));
}

Test(virtio_net_frames, frame_is_spread_over_merged_buffers)
{
	uint8_t frame[250];

	for (unsigned i = 0; i < sizeof(frame); i++) {
		frame[i] = (uint8_t)i;
	}
	fake_net_start(FAKE_NET_ALL);
	for (unsigned i = 0; i < 4; i++) {
		fake_net_give_buffer(i, 100);
	}
	cr_assert(fake_net_receive(frame, sizeof(frame)));

	/* 262 bytes with the header: two full buffers and 62 bytes; the fourth stays. */
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 100));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 100));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 62));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(
		eq(u16,
		   ((struct virtio_net_hdr_v1 *)fake_net_ram(FAKE_NET_BUFFER(0), 12))->num_buffers,
		   3));
	cr_assert(zero(int, memcmp(fake_net_ram(FAKE_NET_BUFFER(2), 62), frame + 188, 62)));
}

Test(virtio_net_frames, header_may_be_torn_between_buffers)
{
	uint8_t frame[FAKE_NET_FRAME];

	memset(frame, 0x77, sizeof(frame));
	fake_net_start(FAKE_NET_ALL);
	fake_net_give_buffer(0, 5);
	fake_net_give_buffer(1, 100);
	cr_assert(fake_net_receive(frame, sizeof(frame)));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 5));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 7 + FAKE_NET_FRAME));
	cr_assert(zero(int, memcmp(fake_net_ram(FAKE_NET_BUFFER(1) + 7, FAKE_NET_FRAME), frame,
				   FAKE_NET_FRAME)));
}

Test(virtio_net_frames, without_room_the_frame_waits_for_buffers)
{
	uint8_t frame[250] = { 0 };

	fake_net_start(FAKE_NET_ALL);
	fake_net_give_buffer(0, 100);
	cr_assert(not(fake_net_receive(frame, sizeof(frame))));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), UINT32_MAX));
	/* The driver is to ring at the next buffer, its second. */
	cr_assert(eq(u16, *fake_ring_avail_event(&fake_net.rings[VIRTIO_NET_RX]), 1));

	fake_net_give_buffer(1, 400);
	fake_net_notify(VIRTIO_NET_RX);
	cr_assert(eq(uint, fake_net.host.ready, 2));
	cr_assert(fake_net_receive(frame, sizeof(frame)));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 100));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 162));
}

Test(virtio_net_frames, frame_that_fits_no_single_buffer_is_dropped_without_merging)
{
	uint8_t frame[250] = { 0 };

	fake_net_start(FAKE_NET_ALL & ~BIT(VIRTIO_NET_F_MRG_RXBUF));
	fake_net_give_buffer(0, 100);
	fake_net_give_buffer(1, 400);
	cr_assert(fake_net_receive(frame, sizeof(frame)));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(fake_net_receive(frame, 80));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 92));
}

Test(virtio_net_frames, frame_larger_than_a_full_ring_is_dropped)
{
	uint8_t frame[2000] = { 0 };

	fake_net_start(FAKE_NET_ALL);
	for (unsigned i = 0; i < FAKE_NET_RING_SIZE; i++) {
		fake_net_give_buffer(i, 100);
	}
	cr_assert(fake_net_receive(frame, sizeof(frame)));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), UINT32_MAX));
	cr_assert(fake_net_receive(frame, FAKE_NET_FRAME));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_RX), 72));
}

Test(virtio_net_frames, before_the_driver_the_back_end_keeps_its_frames)
{
	uint8_t frame[FAKE_NET_FRAME] = { 0 };

	cr_assert(not(fake_net_receive(frame, sizeof(frame))));
}

Test(virtio_net_frames, corrupt_receive_ring_fails_the_device_only)
{
	uint8_t frame[FAKE_NET_FRAME] = { 0 };

	fake_net_start(FAKE_NET_ALL);
	fake_ring_set_desc(&fake_net.rings[VIRTIO_NET_RX], 0, UINT64_MAX - 8, 100,
			   VRING_DESC_F_WRITE, 0);
	fake_ring_offer(&fake_net.rings[VIRTIO_NET_RX], 0);
	cr_assert(not(fake_net_receive(frame, sizeof(frame))));
	cr_assert(eq(uint, fake_transport.failures, 1));
}

/* --- sending --- */

Test(virtio_net_frames, sends_header_and_frame_apart)
{
	const struct virtio_net_hdr_v1 header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						  .csum_start = 34,
						  .csum_offset = 16,
						  .num_buffers = 9 };

	fake_net_start(FAKE_NET_ALL);
	fake_net_send_frame(&header, FAKE_NET_FRAME);
	cr_assert(eq(uint, fake_net.host.sent, 1));
	cr_assert(eq(sz, fake_net.host.frame_bytes, FAKE_NET_FRAME));
	cr_assert(eq(u8, fake_net.host.frame[0], 0xa5));
	cr_assert(eq(u16, fake_net.host.header.csum_start, 34));
	cr_assert(zero(u16, fake_net.host.header.num_buffers));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_TX), 0));
	cr_assert(eq(uint, fake_transport.signals, 1));
}

Test(virtio_net_frames, sends_a_header_in_pieces)
{
	const struct fake_buffer buffers[] = { { FAKE_NET_BUFFER(0), 5, false },
					       { FAKE_NET_BUFFER(1), 7, false },
					       { FAKE_NET_BUFFER(2), FAKE_NET_FRAME, false } };

	fake_net_start(FAKE_NET_ALL);
	memset(fake_net_ram(FAKE_NET_BUFFER(0), 5), 0, 5);
	memset(fake_net_ram(FAKE_NET_BUFFER(1), 7), 0, 7);
	memset(fake_net_ram(FAKE_NET_BUFFER(2), FAKE_NET_FRAME), 0x11, FAKE_NET_FRAME);
	(void)fake_ring_add(&fake_net.rings[VIRTIO_NET_TX], buffers, 3);
	fake_net_notify(VIRTIO_NET_TX);
	cr_assert(eq(sz, fake_net.host.frame_bytes, FAKE_NET_FRAME));
	cr_assert(eq(u8, fake_net.host.frame[FAKE_NET_FRAME - 1], 0x11));
}

Test(virtio_net_frames, full_host_keeps_the_frame_in_the_ring)
{
	const struct virtio_net_hdr_v1 header = { 0 };

	fake_net_start(FAKE_NET_ALL);
	fake_net.host.full = true;
	fake_net_send_frame(&header, FAKE_NET_FRAME);
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_TX), UINT32_MAX));

	fake_net.host.full = false;
	fake_net.host.base.card.on_writable(fake_net.host.base.card.card);
	cr_assert(eq(uint, fake_net.host.sent, 1));
	cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_TX), 0));
}

Test(virtio_net_frames, frame_without_a_header_fails_the_device)
{
	const struct fake_buffer buffer = { FAKE_NET_BUFFER(0), 11, false };

	fake_net_start(FAKE_NET_ALL);
	(void)fake_ring_add(&fake_net.rings[VIRTIO_NET_TX], &buffer, 1);
	fake_net_notify(VIRTIO_NET_TX);
	cr_assert(eq(uint, fake_transport.failures, 1));
	cr_assert(zero(uint, fake_net.host.sent));
}

static const struct {
	struct virtio_net_hdr_v1 header;
	uint64_t features;
	uint32_t bytes;
} bad_headers[] = {
	/* A checksum that nobody negotiated. */
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM }, 0, FAKE_NET_FRAME },
	/* A checksum that would be written behind the frame. */
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = FAKE_NET_FRAME - 1 },
	  FAKE_NET_ALL,
	  FAKE_NET_FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff },
	  FAKE_NET_ALL,
	  FAKE_NET_FRAME },
	/* Segmentation without a checksum, without a size, of a kind not offered, unknown. */
	{ { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1000 },
	  FAKE_NET_ALL,
	  FAKE_NET_FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 },
	  FAKE_NET_ALL,
	  FAKE_NET_FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
	    .gso_size = 1000 },
	  FAKE_NET_ALL,
	  FAKE_NET_FRAME },
	{ { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = 0x7f, .gso_size = 1000 },
	  FAKE_NET_ALL,
	  FAKE_NET_FRAME },
	/* Shorter than an Ethernet header. */
	{ { 0 }, FAKE_NET_ALL, 13 },
	/* Longer than any segment. */
	{ { 0 }, FAKE_NET_ALL, NET_FRAME_MAX + 1 },
};

Test(virtio_net_frames, bad_headers_lose_the_frame_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(bad_headers) / sizeof(bad_headers[0]); i++) {
		fake_net_start(bad_headers[i].features);
		fake_net_send_frame(&bad_headers[i].header, bad_headers[i].bytes);
		cr_assert(zero(uint, fake_net.host.sent), "row %zu", i);
		cr_assert(eq(u32, fake_net_take_used(VIRTIO_NET_TX), 0), "row %zu", i);
		virtio_unplug(fake_transport.device);
	}
	cr_assert(zero(uint, fake_transport.failures));
}
