/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/aml.c vmm/boot/aml_resources.c */
#include "vmm/boot/aml.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Expected bytes are assembled by hand from ACPI 6.4 §20.2 and §6.4. */
static uint8_t space[256];
static struct aml aml;

static void setup(void)
{
	memset(space, 0xcc, sizeof(space));
	aml = (struct aml){ .data = space, .size = sizeof(space) };
}

TestSuite(aml, .init = setup, .timeout = 10);

#define EXPECT(...)                                                      \
	do {                                                             \
		static const uint8_t want[] = { __VA_ARGS__ };           \
		cr_assert(eq(sz, aml.used, sizeof(want)));               \
		cr_assert(zero(int, memcmp(space, want, sizeof(want)))); \
	} while (0)

Test(aml, integers_take_the_shortest_form)
{
	aml_integer(&aml, 0);
	aml_integer(&aml, 1);
	aml_integer(&aml, 2);
	aml_integer(&aml, 0x100);
	aml_integer(&aml, 0x10000);
	aml_integer(&aml, 0x100000000);
	EXPECT(0x00, 0x01, 0x0a, 2, 0x0b, 0, 1, 0x0c, 0, 0, 1, 0, 0x0e, 0, 0, 0, 0, 1, 0, 0, 0);
}

Test(aml, names_are_padded_and_counted)
{
	aml_reference(&aml, "\\_SB");
	EXPECT('\\', '_', 'S', 'B', '_');
	setup();
	aml_reference(&aml, "\\_SB.PCI0");
	EXPECT('\\', 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0');
	setup();
	aml_reference(&aml, "^A.B.C");
	EXPECT('^', 0x2f, 3, 'A', '_', '_', '_', 'B', '_', '_', '_', 'C', '_', '_', '_');
}

Test(aml, eisa_id_is_compressed)
{
	aml_eisa_id(&aml, "PNP0A03");
	EXPECT(0x0c, 0x41, 0xd0, 0x0a, 0x03);
}

Test(aml, body_gets_its_length)
{
	size_t scope = aml_scope(&aml, "_SB");

	aml_name_integer(&aml, "A", 1);
	aml_end(&aml, scope);
	/* 13 bytes from the length on: 3 of length, 4 of name, 6 inside. */
	EXPECT(0x10, 0x8d, 0, 0, '_', 'S', 'B', '_', 0x08, 'A', '_', '_', '_', 0x01);
}

Test(aml, long_body_uses_all_length_bytes)
{
	static uint8_t large[70000];
	size_t package;

	aml = (struct aml){ .data = large, .size = sizeof(large) };
	package = aml_package(&aml, 0);
	aml.used += 0x10000;
	aml_end(&aml, package);
	/* 0x10004: the low 4 bits in the first byte, then 8 and 8. */
	cr_assert(eq(u8, large[1], 0x84));
	cr_assert(eq(u8, large[2], 0x00));
	cr_assert(eq(u8, large[3], 0x10));
}

Test(aml, overflow_is_kept_and_writes_nothing)
{
	aml.size = 3;
	aml_string(&aml, "long");
	cr_assert(aml_overflowed(&aml));
	aml_integer(&aml, 0);
	cr_assert(aml_overflowed(&aml), "a later short term does not hide it");
	cr_assert(eq(u8, space[3], 0xcc));
}

Test(aml, resources_have_length_and_end_tag)
{
	size_t resources = aml_resources(&aml);

	aml_io(&aml, 0x3f8, 8);
	aml_irq(&aml, 4);
	aml_end_resources(&aml, resources);
	EXPECT(0x11, 0x83, 0x01, 0, 0x0b, 13, 0, 0x47, 1, 0xf8, 3, 0xf8, 3, 1, 8, 0x22, 0x10, 0,
	       0x79, 0);
}

Test(aml, windows_are_laid_out_by_width)
{
	aml_bus_window(&aml, 0, 255);
	EXPECT(0x88, 13, 0, 2, 0x0c, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 1);
	setup();
	aml_memory64_window(&aml, 0x100000000, 0x1ffffffff);
	cr_assert(eq(sz, aml.used, 46));
	cr_assert(eq(u8, space[1], 43));
	cr_assert(eq(u8, space[42], 1), "length 4 GiB");
}
