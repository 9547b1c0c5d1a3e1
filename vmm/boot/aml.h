/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_AML_H
#define THUNDERLAKE_VMM_BOOT_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes ACPI machine language (ACPI 6.4 §20) front to back into a buffer of fixed size. Names are
 * written as in ASL: "\\_SB.PCI0", "^COM1"; short segments are padded. What does not fit is dropped
 * and counted as overflow, so that callers check once, at the end.
 *
 * Things with a body (`aml_scope`, …) return a mark, which aml_end takes to fill in their length.
 * A term that takes operands is followed by them: aml_name(aml, "_ADR"); aml_integer(aml, 3);
 */
struct aml {
	uint8_t *data; /* borrowed */
	size_t size;
	size_t used; /* may go beyond size: overflow */
};

static inline bool aml_overflowed(const struct aml *aml)
{
	return aml->used > aml->size;
}

void aml_bytes(struct aml *aml, const void *bytes, size_t length);

/* Leaves room for a package length, in its three-byte form whatever the length (§20.2.4), and fills
 * it in. */
#define AML_LENGTH_BYTES 3u
size_t aml_begin(struct aml *aml);
void aml_end(struct aml *aml, size_t mark);

/* --- objects --- */
void aml_integer(struct aml *aml, uint64_t value);
void aml_string(struct aml *aml, const char *text);
/* "PNP0A08" as the number that _HID takes. */
void aml_eisa_id(struct aml *aml, const char *id);
void aml_buffer(struct aml *aml, const uint8_t *bytes, uint8_t length);
size_t aml_package(struct aml *aml, uint8_t count);

/* --- names and bodies --- */
void aml_name(struct aml *aml, const char *name);
size_t aml_scope(struct aml *aml, const char *name);
size_t aml_device(struct aml *aml, const char *name);
size_t aml_method(struct aml *aml, const char *name, unsigned arguments);
/* Name (…) with an integer or an EISA id. */
void aml_name_integer(struct aml *aml, const char *name, uint64_t value);
void aml_name_eisa_id(struct aml *aml, const char *name, const char *id);

/* --- code: operands follow --- */
enum aml_op {
	AML_LOCAL0 = 0x60,
	AML_ARG0 = 0x68,
	AML_ARG1 = 0x69,
	AML_ARG3 = 0x6b,
	AML_STORE = 0x70, /* source, target */
	AML_AND = 0x7b,	  /* a, b, target */
	AML_OR = 0x7d,	  /* a, b, target */
	AML_NOT = 0x92,	  /* a */
	AML_EQUAL = 0x93, /* a, b */
	AML_RETURN = 0xa4,
};
void aml_op(struct aml *aml, enum aml_op op);
void aml_reference(struct aml *aml, const char *name);
/* CreateDWordField (source, offset, name); `source` is an argument or local. */
void aml_dword_field(struct aml *aml, enum aml_op source, uint64_t offset, const char *name);
size_t aml_if(struct aml *aml); /* predicate, then body */
size_t aml_else(struct aml *aml);

/* --- resource templates (ACPI 6.4 §6.4), as a buffer --- */
size_t aml_resources(struct aml *aml);
void aml_end_resources(struct aml *aml, size_t mark);
void aml_io(struct aml *aml, uint16_t port, uint8_t length);
void aml_irq(struct aml *aml, unsigned irq); /* edge, active-high, exclusive */
void aml_memory_fixed(struct aml *aml, uint32_t gpa, uint32_t length);
/* Windows that a bridge passes on: [start, end]. */
void aml_bus_window(struct aml *aml, uint16_t start, uint16_t end);
void aml_io_window(struct aml *aml, uint16_t start, uint16_t end);
void aml_memory32_window(struct aml *aml, uint32_t start, uint32_t end);
void aml_memory64_window(struct aml *aml, uint64_t start, uint64_t end);

#endif
