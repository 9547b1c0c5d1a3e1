/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "vmm/base/bytes.h"
#include "vmm/boot/aml.h"

/* Descriptors of ACPI 6.4 §6.4, byte for byte. */
#define OP_BUFFER	    0x11
#define OP_WORD		    0x0b
#define TAG_IRQ		    0x22
#define TAG_IO		    0x47
#define TAG_END		    0x79
#define TAG_MEMORY32_FIXED  0x86
#define TAG_DWORD_WINDOW    0x87
#define TAG_WORD_WINDOW	    0x88
#define TAG_QWORD_WINDOW    0x8a
#define IO_DECODE_16BIT	    1u
#define MEMORY_READ_WRITE   1u
#define MEMORY_PREFETCHABLE 6u
#define IO_ENTIRE_RANGE	    3u
/* Minimum and maximum are fixed; decoded positively; passed on to the devices below. */
#define WINDOW_FIXED_PRODUCER 0x0cu

enum window_kind {
	WINDOW_MEMORY,
	WINDOW_IO,
	WINDOW_BUS,
};

struct io_port {
	uint8_t tag;
	uint8_t decode;
	le16 min, max;
	uint8_t align;
	uint8_t length;
};
_Static_assert(sizeof(struct io_port) == 8, "ACPI 6.4 §6.4.2.5");

struct irq_mask {
	uint8_t tag;
	le16 mask;
};
_Static_assert(sizeof(struct irq_mask) == 3, "ACPI 6.4 §6.4.2.1");

struct memory32_fixed {
	uint8_t tag;
	le16 body;
	uint8_t flags;
	le32 base, length;
};
_Static_assert(sizeof(struct memory32_fixed) == 12, "ACPI 6.4 §6.4.3.4");

struct window {
	uint8_t tag;
	le16 body;
	uint8_t kind;
	uint8_t flags;
	uint8_t kind_flags;
	/* Then granularity, minimum, maximum, translation, length: each 2, 4 or 8 bytes. */
};
_Static_assert(sizeof(struct window) == 6, "ACPI 6.4 §6.4.3.5");

#define WINDOW_NUMBERS 5ul
#define TAG_BYTES      3u /* tag and length of the body, which the latter leaves out */

size_t aml_resources(struct aml *aml)
{
	static const uint8_t op = OP_BUFFER;
	static const uint8_t size[] = { OP_WORD, 0, 0 };
	size_t mark;

	aml_bytes(aml, &op, sizeof(op));
	mark = aml_begin(aml);
	aml_bytes(aml, size, sizeof(size));
	return mark;
}

void aml_end_resources(struct aml *aml, size_t mark)
{
	/* A checksum of zero means that it is not used. */
	static const uint8_t end[] = { TAG_END, 0 };
	size_t size_at = mark + AML_LENGTH_BYTES + 1;

	aml_bytes(aml, end, sizeof(end));
	if (!aml_overflowed(aml)) {
		size_t length = aml->used - size_at - sizeof(le16);

		assert(length <= UINT16_MAX);
		store_le16(aml->data + size_at, (uint16_t)length);
	}
	aml_end(aml, mark);
}

void aml_io(struct aml *aml, uint16_t port, uint8_t length)
{
	const struct io_port io = {
		.tag = TAG_IO,
		.decode = IO_DECODE_16BIT,
		.min = le16_of(port),
		.max = le16_of(port),
		.align = 1,
		.length = length,
	};

	aml_bytes(aml, &io, sizeof(io));
}

void aml_irq(struct aml *aml, unsigned irq)
{
	const struct irq_mask mask = { .tag = TAG_IRQ, .mask = le16_of((uint16_t)(1u << irq)) };

	assert(irq < 16);
	aml_bytes(aml, &mask, sizeof(mask));
}

void aml_memory_fixed(struct aml *aml, uint32_t gpa, uint32_t length)
{
	const struct memory32_fixed memory = {
		.tag = TAG_MEMORY32_FIXED,
		.body = le16_of(sizeof(memory) - TAG_BYTES),
		.flags = MEMORY_READ_WRITE,
		.base = le32_of(gpa),
		.length = le32_of(length),
	};

	aml_bytes(aml, &memory, sizeof(memory));
}

static void put_window(struct aml *aml, const struct window *kind, unsigned width, uint64_t start,
		       uint64_t end)
{
	const uint64_t numbers[WINDOW_NUMBERS] = { 0, start, end, 0, end - start + 1 };
	struct window head = *kind;

	head.flags = WINDOW_FIXED_PRODUCER;
	head.body = le16_of((uint16_t)(sizeof(head) - TAG_BYTES + WINDOW_NUMBERS * width));
	aml_bytes(aml, &head, sizeof(head));
	for (unsigned i = 0; i < WINDOW_NUMBERS; i++) {
		aml_bytes(aml, &numbers[i], width);
	}
}

void aml_bus_window(struct aml *aml, uint16_t start, uint16_t end)
{
	static const struct window head = { .tag = TAG_WORD_WINDOW, .kind = WINDOW_BUS };

	put_window(aml, &head, 2, start, end);
}

void aml_io_window(struct aml *aml, uint16_t start, uint16_t end)
{
	static const struct window head = {
		.tag = TAG_WORD_WINDOW,
		.kind = WINDOW_IO,
		.kind_flags = IO_ENTIRE_RANGE,
	};

	put_window(aml, &head, 2, start, end);
}

void aml_memory32_window(struct aml *aml, uint32_t start, uint32_t end)
{
	static const struct window head = {
		.tag = TAG_DWORD_WINDOW,
		.kind = WINDOW_MEMORY,
		.kind_flags = MEMORY_READ_WRITE,
	};

	put_window(aml, &head, 4, start, end);
}

void aml_memory64_window(struct aml *aml, uint64_t start, uint64_t end)
{
	static const struct window head = {
		.tag = TAG_QWORD_WINDOW,
		.kind = WINDOW_MEMORY,
		.kind_flags = MEMORY_PREFETCHABLE | MEMORY_READ_WRITE,
	};

	put_window(aml, &head, 8, start, end);
}
