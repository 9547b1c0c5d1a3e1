/* SPDX-License-Identifier: MIT */
/* LINK: devices/net/ */
#include "devices/net/net.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "devices/net/frame_queue.h"
#include "vmm/base/bytes.h"
#include "vmm/base/loop.h"

/* --- a card that remembers --- */

static struct {
	bool full; /* has no room */
	unsigned frames;
	struct virtio_net_hdr_v1 header;
	uint8_t frame[NET_FRAME_MAX]; /* the last */
	size_t bytes;
} card;

static bool card_receive(void *arg, const struct virtio_net_hdr_v1 *header, const void *frame,
			 size_t bytes)
{
	(void)arg;
	if (card.full) {
		return false;
	}
	card.frames++;
	card.header = *header;
	card.bytes = bytes;
	memcpy(card.frame, frame, bytes);
	return true;
}

static void card_on_writable(void *arg)
{
	(void)arg;
}

static const struct net_card card_ops = { .receive = card_receive,
					  .on_writable = card_on_writable };
static const struct option_table table = { .options = net_option_rows,
					   .count = NET_OPTION_COUNT,
					   .first = net_option_first };

static struct loop *loop;
static struct net_backend *backend;
static struct error err;

static int make(const char *text)
{
	struct net_options options = { 0 };
	int code = options_parse(&table, text, &options, &err);

	if (code == 0) {
		code = net_create(&options, loop, &card_ops, &backend, &err);
		options_finish(&table, &options);
	}
	return code;
}

static void set_up(void)
{
	memset(&card, 0, sizeof(card));
	cr_assert(eq(int, loop_create("test", &loop), 0));
}

static void tear_down(void)
{
	net_destroy(backend);
	loop_destroy(loop);
}

static void send_frame(const void *frame, size_t bytes)
{
	struct virtio_net_hdr_v1 header = { 0 };
	const struct iovec iov[] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)frame, .iov_len = bytes },
	};

	cr_assert(backend->ops->send(backend, iov, 2));
}

TestSuite(net, .init = set_up, .fini = tear_down, .timeout = 10);

/* --- options --- */

Test(net, unknown_type_suggests_the_nearest)
{
	cr_assert(lt(int, make("usr"), 0));
	cr_assert(ne(ptr, strstr(err.text, "user"), NULL), "%s", err.text);
}

Test(net, option_of_another_type_is_refused)
{
	cr_assert(eq(int, make("none,hostfwd=tcp::1-:2"), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "hostfwd= is an option of user, not of none"), NULL));
	cr_assert(eq(int, make("user,ifname=tap7"), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "ifname= is an option of tap"), NULL));
}

Test(net, interface_name_that_is_too_long_is_refused)
{
	cr_assert(eq(int, make("tap,ifname=longer-than-linux-has"), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "1 to 15 characters"), NULL), "%s", err.text);
}

Test(net, forward_into_another_network_is_refused)
{
	cr_assert(eq(int, make("user,net=10.1.0.0/24,hostfwd=tcp::1-10.0.2.15:22"), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "not in its network 10.1.0.0/24"), NULL), "%s",
		  err.text);
}

/* --- none --- */

Test(net, none_swallows_everything)
{
	const uint8_t frame[60] = { 0 };

	cr_assert(eq(int, make("none"), 0));
	send_frame(frame, sizeof(frame));
	cr_assert(zero(u64, backend->ops->features(backend)));
}

/* --- user: libslirp answers ARP itself, so no host network is needed --- */

struct arp_frame {
	uint8_t destination[ETH_ALEN], source[ETH_ALEN], type[2];
	uint8_t hardware[2], protocol[2], lengths[2], operation[2];
	uint8_t sender[ETH_ALEN], sender_ip[4], target[ETH_ALEN], target_ip[4];
	uint8_t padding[18];
};
_Static_assert(sizeof(struct arp_frame) == ETH_ZLEN, "the shortest Ethernet frame");

static const struct arp_frame who_is_gateway = {
	.destination = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	.source = { 0x52, 0x54, 0, 1, 2, 3 },
	.type = { 0x08, 0x06 },
	.hardware = { 0, 1 },
	.protocol = { 0x08, 0 },
	.lengths = { 6, 4 },
	.operation = { 0, 1 },
	.sender = { 0x52, 0x54, 0, 1, 2, 3 },
	.sender_ip = { 10, 0, 2, 15 },
	.target_ip = { 10, 0, 2, 2 },
};

static void make_user(const char *text)
{
	int code = make(text);

	if (!HAVE_SLIRP) {
		cr_assert(eq(int, code, -ENOTSUP));
		cr_skip_test("built without libslirp");
	}
	cr_assert(eq(int, code, 0), "%s", err.text);
}

Test(net, user_answers_for_the_gateway)
{
	const struct arp_frame *reply = (const void *)card.frame;

	make_user("user,ipv6=off");
	send_frame(&who_is_gateway, sizeof(who_is_gateway));
	cr_assert(eq(uint, card.frames, 1));
	cr_assert(eq(u8, reply->operation[1], 2));
	cr_assert(zero(int, memcmp(reply->sender_ip, who_is_gateway.target_ip, 4)));
	cr_assert(zero(int, memcmp(reply->destination, who_is_gateway.source, ETH_ALEN)));
}

Test(net, user_marks_checksums_as_good_when_the_driver_knows_of_them)
{
	make_user("user,ipv6=off");
	send_frame(&who_is_gateway, sizeof(who_is_gateway));
	cr_assert(zero(u8, card.header.flags));
	backend->ops->set_features(backend, UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM);
	send_frame(&who_is_gateway, sizeof(who_is_gateway));
	cr_assert(eq(u8, card.header.flags, VIRTIO_NET_HDR_F_DATA_VALID));
}

Test(net, user_keeps_frames_until_the_card_has_room)
{
	make_user("user,ipv6=off");
	card.full = true;
	send_frame(&who_is_gateway, sizeof(who_is_gateway));
	send_frame(&who_is_gateway, sizeof(who_is_gateway));
	backend->ops->ready(backend);
	cr_assert(zero(uint, card.frames));
	card.full = false;
	backend->ops->ready(backend);
	cr_assert(eq(uint, card.frames, 2));
}

Test(net, user_takes_frames_of_any_shape)
{
	static uint8_t frame[NET_FRAME_MAX];

	make_user("user");
	for (size_t bytes = NET_FRAME_MIN; bytes < sizeof(frame); bytes = bytes * 3 / 2) {
		memset(frame, 0x45, bytes);
		frame[12] = 0x08;
		frame[13] = (bytes & 1) ? 0x06 : 0x00;
		send_frame(frame, bytes);
	}
}

/* --- the queue of frames --- */

Test(net, queue_is_bounded_and_in_order)
{
	struct frame_queue *queue = calloc(1, sizeof(*queue));
	static uint8_t frame[NET_FRAME_MAX];
	unsigned pushed = 0;
	size_t bytes;

	/* Lengths that tell the frames apart; a quarter of the space is taken out now and then, so
	 * that the rest moves. */
	while (frame_queue_push(queue, frame, 60000 + pushed)) {
		pushed++;
	}
	cr_assert(eq(uint, pushed, FRAME_QUEUE_BYTES / 60000));
	for (unsigned i = 0; i < 100; i++) {
		cr_assert(ne(ptr, (void *)(uintptr_t)frame_queue_front(queue, &bytes), NULL));
		cr_assert(eq(sz, bytes, 60000 + i));
		frame_queue_drop_front(queue);
		cr_assert(frame_queue_push(queue, frame, 60000 + pushed++));
	}
	free(queue);
}

Test(net, queue_refuses_what_can_never_fit)
{
	struct frame_queue *queue = calloc(1, sizeof(*queue));

	cr_assert(not(frame_queue_push(queue, queue, FRAME_QUEUE_BYTES)));
	cr_assert(not(frame_queue_push(queue, queue, SIZE_MAX)));
	cr_assert(frame_queue_is_empty(queue));
	free(queue);
}
