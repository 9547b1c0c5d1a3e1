/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/net.c devices/virtio/net_rx.c devices/virtio/net_tx.c
 *       devices/virtio/net_control.c devices/virtio/virtqueue.c devices/net/ vmm/mem/ vmm/kvm/
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/*
 * A network card whose driver is hostile. Input: four bytes of features; then for each chain one
 * byte for the queue, one for the number of buffers, and for each buffer one byte for place and
 * direction and one for its length; the rest is what lies in the buffers, over and over.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/net/net.h"
#include "devices/virtio/net.h"
#include "devices/virtio/net_state.h"
#include "tests/fuzz/input.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/compiler.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA   0x10000u
#define DATA_GPA    0x100000u
#define DATA_BYTES  0x10000u
#define RING_SIZE   8
#define CHAINS_MAX  32
#define BUFFERS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_mem *mem;
static struct loop *loop;
static struct virtio_net *card;
static struct fake_ring rings[VIRTIO_NET_QUEUES];

static void make_card(void)
{
	struct net_options options = { .type = 2 }; /* none */
	struct device_env env = { .id = "net0" };

	if (guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
	    loop_create("fuzz", &loop) < 0) {
		abort();
	}
	env.mem = mem;
	env.loop = loop;
	card = calloc(1, sizeof(*card));
	options.network = strdup("10.0.2.0/24"); /* the defaults, so that none takes them */
	options.ipv6 = true;
	options.ifname = strdup("tap0");
	if (!card || virtio_net_type.init(card, &env, &options, NULL) < 0) {
		abort();
	}
	free(options.network);
	free(options.ifname);
	card->v.features |= UINT64_C(0xffffffff); /* whatever a back end might offer */
	log_set_level(LOG_LEVEL_ERROR);
}

static void add_chain(struct input *in)
{
	struct fake_buffer buffers[BUFFERS_MAX];
	struct fake_ring *ring = &rings[next(in) % VIRTIO_NET_QUEUES];
	unsigned count = next(in) % BUFFERS_MAX + 1;

	for (unsigned i = 0; i < count; i++) {
		uint8_t place = next(in);
		uint32_t length = next(in);

		buffers[i] =
			(struct fake_buffer){ DATA_GPA + place * 16u,
					      length > 200 ? length * 512 : length, place & 1 };
	}
	(void)fake_ring_add(ring, buffers, count);
}

static void fill_data(const struct input *in)
{
	uint8_t *ram = guest_mem_slice(mem, DATA_GPA, DATA_BYTES);

	memset(ram, 0, DATA_BYTES);
	for (size_t done = 0; in->size && done < DATA_BYTES; done += in->size) {
		memcpy(ram + done, in->data, MIN(in->size, DATA_BYTES - done));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t frame[4000] = { 0 };
	const struct virtio_net_hdr_v1 header = { 0 };
	struct input in = { data, size };
	uint64_t features = 0;

	if (!card) {
		make_card();
	}
	for (unsigned i = 0; i < 4; i++) {
		features = features << 8 | next(&in);
	}
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++) {
		fake_ring_init(&rings[i], mem, RINGS_GPA + i * FAKE_RING_BYTES, RING_SIZE);
	}
	fake_transport_start(mem, features, rings);
	for (unsigned i = 0; i < CHAINS_MAX && in.size > 8; i++) {
		add_chain(&in);
	}
	fill_data(&in);
	virtio_resume(&card->v);
	for (size_t bytes = 14; bytes < sizeof(frame); bytes *= 2) {
		(void)virtio_net_receive(card, &header, frame, bytes);
	}
	virtio_reset(&card->v);
	return 0;
}
