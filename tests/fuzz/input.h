/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_FUZZ_INPUT_H
#define THUNDERLAKE_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer gives, taken byte by byte; zeros when it is used up. */
struct input {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t next(struct input *in)
{
	if (!in->size) {
		return 0;
	}
	in->size--;
	return *in->data++;
}

#endif
