/* SPDX-License-Identifier: MIT */
/*
 * Accesses devices of the test (test_io.c) and finishes with the number of the first step that
 * went wrong, 0 if none did. With the word "user", from ring 3.
 */
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/test_io.h"

/* The step that is under way; steps count from 1. */
static uint32_t step;

static void check(bool good)
{
	step++;
	if (!good) {
		finish(step);
	}
}

static void use_port(void)
{
	outb(TEST_PORT, 0x12);
	check(inb(TEST_PORT) == 0x12);
	outw(TEST_PORT + 2, 0x3456);
	check(inw(TEST_PORT + 2) == 0x3456);
	outl(TEST_PORT + 4, 0x789abcde);
	check(inl(TEST_PORT + 4) == 0x789abcde);
	check(inb(TEST_PORT + 5) == 0xbc);
	/* Half in the device, half outside. */
	outl(TEST_PORT + TEST_PORT_COUNT - 2, 0x11223344);
	check(inl(TEST_PORT + TEST_PORT_COUNT - 2) == 0xffff3344);
}

static void use_string(void)
{
	static uint8_t out[TEST_STRING_BYTES], in[TEST_STRING_BYTES];
	const void *from = out;
	void *to = in;
	uint64_t count = sizeof(out);
	bool same = true;

	for (unsigned i = 0; i < sizeof(out); i++) {
		out[i] = (uint8_t)(i * 7);
	}
	__asm__ volatile("cld; rep outsb"
			 : "+S"(from), "+c"(count)
			 : "d"(TEST_FIFO_PORT)
			 : "memory");
	check(count == 0 && from == out + sizeof(out));
	count = sizeof(in) / 2;
	__asm__ volatile("cld; rep insw" : "+D"(to), "+c"(count) : "d"(TEST_FIFO_PORT) : "memory");
	check(count == 0 && to == in + sizeof(in));
	for (unsigned i = 0; i < sizeof(in); i++) {
		same = same && in[i] == out[i];
	}
	check(same);
}

static void use_nothing(void)
{
	check(inb(TEST_UNUSED_PORT) == 0xff);
	check(inw(TEST_UNUSED_PORT) == 0xffff);
	check(inl(TEST_UNUSED_PORT) == 0xffffffff);
	outb(TEST_UNUSED_PORT, 1);
	outl(TEST_UNUSED_PORT, 1);
	check(*mmio8(TEST_UNUSED_GPA) == 0xff);
	check(*mmio16(TEST_UNUSED_GPA) == 0xffff);
	check(*mmio32(TEST_UNUSED_GPA) == 0xffffffff);
	check(*mmio64(TEST_UNUSED_GPA) == UINT64_MAX);
	*mmio64(TEST_UNUSED_GPA) = 1;
}

static void use_memory(void)
{
	*mmio8(TEST_GPA) = 0x12;
	check(*mmio8(TEST_GPA) == 0x12);
	*mmio16(TEST_GPA + 2) = 0x3456;
	check(*mmio16(TEST_GPA + 2) == 0x3456);
	*mmio32(TEST_GPA + 4) = 0x789abcde;
	check(*mmio32(TEST_GPA + 4) == 0x789abcde);
	*mmio64(TEST_GPA + 8) = 0x1122334455667788;
	check(*mmio64(TEST_GPA + 8) == 0x1122334455667788);
	check(*mmio16(TEST_GPA + 9) == 0x6677);
	/* Across the end of a page, and of the device. */
	*mmio32(TEST_GPA + TEST_GPA_BYTES - 2) = 0xaabbccdd;
	check(*mmio32(TEST_GPA + TEST_GPA_BYTES - 2) == 0xffffccdd);
}

static void ring_doorbells(void)
{
	outw(TEST_DOORBELL_PORT, 7);
	outl(TEST_DOORBELL_PORT, 0x12345678);
	*mmio16(TEST_DOORBELL_GPA) = TEST_DOORBELL_VALUE;
	*mmio16(TEST_DOORBELL_GPA) = TEST_DOORBELL_VALUE;
	*mmio16(TEST_DOORBELL_GPA) = TEST_DOORBELL_VALUE + 1;
	*mmio32(TEST_DOORBELL_GPA) = TEST_DOORBELL_VALUE;
}

void payload_main(const char *command_line)
{
	if (has_word(command_line, "user")) {
		enter_user();
	}
	if (has_word(command_line, "port")) {
		use_port();
	}
	if (has_word(command_line, "string")) {
		use_string();
	}
	if (has_word(command_line, "nothing")) {
		use_nothing();
	}
	if (has_word(command_line, "memory")) {
		use_memory();
	}
	if (has_word(command_line, "doorbell")) {
		ring_doorbells();
	}
	print("done");
}
