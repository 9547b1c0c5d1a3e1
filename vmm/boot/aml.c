/* SPDX-License-Identifier: MIT */
#include "vmm/boot/aml.h"

#include <assert.h>
#include <string.h>

#include "vmm/base/bytes.h"

/* ACPI 6.4 §20.3. */
#define OP_ZERO	       0x00
#define OP_ONE	       0x01
#define OP_NAME	       0x08
#define OP_BYTE	       0x0a
#define OP_WORD	       0x0b
#define OP_DWORD       0x0c
#define OP_STRING      0x0d
#define OP_QWORD       0x0e
#define OP_SCOPE       0x10
#define OP_BUFFER      0x11
#define OP_PACKAGE     0x12
#define OP_METHOD      0x14
#define OP_DUAL_NAME   0x2e
#define OP_MULTI_NAME  0x2f
#define OP_EXTENDED    0x5b
#define OP_DEVICE      0x82 /* extended */
#define OP_DWORD_FIELD 0x8a
#define OP_IF	       0xa0
#define OP_ELSE	       0xa1
#define SEGMENT_LENGTH 4u
#define SEGMENTS_MAX   8u

#define LENGTH_MAX 0xfffffu

void aml_bytes(struct aml *aml, const void *bytes, size_t length)
{
	if (aml->used <= aml->size && length <= aml->size - aml->used) {
		memcpy(aml->data + aml->used, bytes, length);
		aml->used += length;
	} else {
		aml->used = aml->size + 1;
	}
}

static void put_number(struct aml *aml, uint64_t value, unsigned size)
{
	aml_bytes(aml, &value, size);
}

static void put_byte(struct aml *aml, unsigned value)
{
	put_number(aml, value, 1);
}

size_t aml_begin(struct aml *aml)
{
	size_t mark = aml->used;

	put_number(aml, 0, AML_LENGTH_BYTES);
	return mark;
}

void aml_end(struct aml *aml, size_t mark)
{
	size_t length = aml->used - mark;
	uint8_t *at;

	if (aml_overflowed(aml)) {
		return;
	}
	assert(length <= LENGTH_MAX);
	at = aml->data + mark;
	at[0] = (uint8_t)((AML_LENGTH_BYTES - 1) << 6 | (length & 0xf));
	store_le16(at + 1, (uint16_t)(length >> 4));
}

/* Counts the segments of a path without prefix, as "_SB.PCI0". */
static size_t count_segments(const char *path)
{
	size_t count = *path != '\0';

	for (; *path; path++) {
		count += *path == '.';
	}
	return count;
}

void aml_reference(struct aml *aml, const char *name)
{
	size_t count;

	while (*name == '\\' || *name == '^') {
		put_byte(aml, (uint8_t)*name++);
	}
	count = count_segments(name);
	assert(count <= SEGMENTS_MAX);
	if (count == 0) {
		put_byte(aml, 0);
	} else if (count == 2) {
		put_byte(aml, OP_DUAL_NAME);
	} else if (count > 2) {
		put_byte(aml, OP_MULTI_NAME);
		put_byte(aml, (unsigned)count);
	}
	while (*name) {
		size_t length = strcspn(name, ".");

		assert(length > 0 && length <= SEGMENT_LENGTH);
		aml_bytes(aml, name, length);
		aml_bytes(aml, "____", SEGMENT_LENGTH - length);
		name += length + (name[length] == '.');
	}
}

void aml_integer(struct aml *aml, uint64_t value)
{
	if (value <= 1) {
		put_byte(aml, value ? OP_ONE : OP_ZERO);
	} else if (value <= UINT8_MAX) {
		put_byte(aml, OP_BYTE);
		put_number(aml, value, 1);
	} else if (value <= UINT16_MAX) {
		put_byte(aml, OP_WORD);
		put_number(aml, value, 2);
	} else if (value <= UINT32_MAX) {
		put_byte(aml, OP_DWORD);
		put_number(aml, value, 4);
	} else {
		put_byte(aml, OP_QWORD);
		put_number(aml, value, 8);
	}
}

void aml_string(struct aml *aml, const char *text)
{
	put_byte(aml, OP_STRING);
	aml_bytes(aml, text, strlen(text) + 1);
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A' + 10);
}

void aml_eisa_id(struct aml *aml, const char *id)
{
	uint32_t value = 0;

	/* Three letters of 5 bits, four hexadecimal digits, most significant byte first. */
	assert(strlen(id) == 7);
	for (unsigned i = 0; i < 3; i++) {
		value = value << 5 | ((unsigned)id[i] & 0x1f);
	}
	for (unsigned i = 3; i < 7; i++) {
		value = value << 4 | hex_digit(id[i]);
	}
	put_byte(aml, OP_DWORD);
	put_number(aml, __builtin_bswap32(value), 4);
}

void aml_buffer(struct aml *aml, const uint8_t *bytes, uint8_t length)
{
	size_t mark;

	put_byte(aml, OP_BUFFER);
	mark = aml_begin(aml);
	aml_integer(aml, length);
	aml_bytes(aml, bytes, length);
	aml_end(aml, mark);
}

size_t aml_package(struct aml *aml, uint8_t count)
{
	size_t mark;

	put_byte(aml, OP_PACKAGE);
	mark = aml_begin(aml);
	put_byte(aml, count);
	return mark;
}

void aml_name(struct aml *aml, const char *name)
{
	put_byte(aml, OP_NAME);
	aml_reference(aml, name);
}

void aml_name_integer(struct aml *aml, const char *name, uint64_t value)
{
	aml_name(aml, name);
	aml_integer(aml, value);
}

void aml_name_eisa_id(struct aml *aml, const char *name, const char *id)
{
	aml_name(aml, name);
	aml_eisa_id(aml, id);
}

static size_t open_named(struct aml *aml, const char *name)
{
	size_t mark = aml_begin(aml);

	aml_reference(aml, name);
	return mark;
}

size_t aml_scope(struct aml *aml, const char *name)
{
	put_byte(aml, OP_SCOPE);
	return open_named(aml, name);
}

size_t aml_device(struct aml *aml, const char *name)
{
	put_byte(aml, OP_EXTENDED);
	put_byte(aml, OP_DEVICE);
	return open_named(aml, name);
}

size_t aml_method(struct aml *aml, const char *name, unsigned arguments)
{
	size_t mark;

	put_byte(aml, OP_METHOD);
	mark = open_named(aml, name);
	/* Serialized: methods here make named fields. */
	put_byte(aml, (arguments & 7) | 8);
	return mark;
}

void aml_op(struct aml *aml, enum aml_op op)
{
	put_byte(aml, op);
}

void aml_dword_field(struct aml *aml, enum aml_op source, uint64_t offset, const char *name)
{
	put_byte(aml, OP_DWORD_FIELD);
	aml_op(aml, source);
	aml_integer(aml, offset);
	aml_reference(aml, name);
}

size_t aml_if(struct aml *aml)
{
	put_byte(aml, OP_IF);
	return aml_begin(aml);
}

size_t aml_else(struct aml *aml)
{
	put_byte(aml, OP_ELSE);
	return aml_begin(aml);
}
