/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/rng.c devices/virtio/virtio.c devices/virtio/virtqueue.c
 * devices/virtio/virtio_pci.c devices/virtio/virtio_pci_common.c devices/pci/
 * devices/legacy/reset_port.c vmm/bus/ vmm/mem/ vmm/kvm/
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include "devices/virtio/rng.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/devices/virtio/fake_driver.h"

static struct fake_machine machine;
static struct fake_driver driver;
static void *state;

static void make_device(const char *text)
{
	void *options = calloc(1, virtio_rng_type.options_size);

	cr_assert(zero(int, options_parse(&virtio_rng_type.options, text, options, NULL)));
	state = calloc(1, virtio_rng_type.state_size);
	cr_assert(zero(int, virtio_rng_type.init(state, &machine.env, options, NULL)));
	options_finish(&virtio_rng_type.options, options);
	free(options);
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, 0, 0);
}

static void set_up(void)
{
	fake_machine_init(&machine);
}

static void tear_down(void)
{
	virtio_rng_type.finish(state);
	free(state);
	fake_machine_finish(&machine);
}

TestSuite(rng, .init = set_up, .fini = tear_down, .timeout = 10);

/* 64 random bytes are never all zero, nor the same twice. */
Test(rng, fills_buffers)
{
	static const uint8_t zeros[64];

	make_device("");
	const uint64_t gpa = fake_driver_alloc(&driver, 256);
	const uint8_t *bytes = fake_driver_at(&driver, gpa, 256);
	const struct fake_buffer buffers[] = { { gpa, 64, true }, { gpa + 128, 64, true } };

	cr_assert(eq(u32, fake_driver_request(&driver, 0, buffers, 2), 128));
	cr_assert(ne(int, memcmp(bytes, zeros, 64), 0));
	cr_assert(ne(int, memcmp(bytes, bytes + 128, 64), 0));
	cr_assert(zero(int, memcmp(bytes + 64, zeros, 64)), "between the buffers");
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 1));
}

Test(rng, cuts_huge_requests)
{
	make_device("");
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 1 << 20), 1 << 20, true };

	cr_assert(eq(u32, fake_driver_request(&driver, 0, &buffer, 1), 65536));
}

Test(rng, returns_chain_without_room)
{
	make_device("");
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 16), 16, false };

	cr_assert(zero(u32, fake_driver_request(&driver, 0, &buffer, 1)));
}

Test(rng, limit_holds_within_the_period)
{
	uint32_t head, written;

	make_device("max-bytes=100,period=3600000");
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 64), 64, true };

	cr_assert(eq(u32, fake_driver_request(&driver, 0, &buffer, 1), 64));
	cr_assert(eq(u32, fake_driver_request(&driver, 0, &buffer, 1), 36));
	(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	fake_driver_kick(&driver, 0);
	cr_assert(not(fake_ring_take(&driver.rings[0], &head, &written)));
	virtio_rng_type.quiesce(state);
	virtio_rng_type.resume(state);
	cr_assert(not(fake_ring_take(&driver.rings[0], &head, &written)));
}

Test(rng, limit_ends_with_the_period)
{
	uint32_t head, written;

	make_device("max-bytes=64,period=1");
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 64), 64, true };

	cr_assert(eq(u32, fake_driver_request(&driver, 0, &buffer, 1), 64));
	(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	fake_driver_kick(&driver, 0);
	while (!fake_ring_take(&driver.rings[0], &head, &written)) {
		fake_machine_run(&machine);
	}
	cr_assert(eq(u32, written, 64));
}

Test(rng, works_again_after_reset)
{
	make_device("");
	virtio_rng_type.reset(state);
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, 0, 8);
	const struct fake_buffer buffer = { fake_driver_alloc(&driver, 8), 8, true };

	cr_assert(eq(u32, fake_driver_request(&driver, 0, &buffer, 1), 8));
}
