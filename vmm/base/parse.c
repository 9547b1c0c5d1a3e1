/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "vmm/base/options.h"

int parse_bool(const char *text, bool *out)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2;
			return 0;
		}
	}
	return -EINVAL;
}

/* Digits up to the first that is none; *end is left there. No sign, no white space. */
static int parse_digits(const char *text, const char **end, uint64_t *out)
{
	int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	const char *first = base == 16 ? text + 2 : text;
	char *stop;

	if (!isxdigit((unsigned char)*first)) {
		return -EINVAL;
	}
	errno = 0;
	*out = strtoull(first, &stop, base);
	*end = stop;
	if (stop == first) {
		return -EINVAL;
	}
	return errno == ERANGE ? -ERANGE : 0;
}

int parse_number(const char *text, uint64_t *out)
{
	const char *end;
	int code = parse_digits(text, &end, out);

	return code == 0 && *end ? -EINVAL : code;
}

int parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *end;
	const char *unit;
	uint64_t value;
	int code = parse_digits(text, &end, &value);

	if (code < 0) {
		return code;
	}
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		/* "2G", "2GB" and "2GiB" all mean the same here. */
		if (!unit ||
		    (end[1] && strcasecmp(end + 1, "b") != 0 && strcasecmp(end + 1, "ib") != 0)) {
			return -EINVAL;
		}
		if (__builtin_mul_overflow(value, UINT64_C(1) << (10 * (unit - units + 1)),
					   &value)) {
			return -ERANGE;
		}
	}
	*out = value;
	return 0;
}

#define NAME_MAX_BYTES 64

/* Levenshtein distance by one row; names longer than NAME_MAX_BYTES are never near. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1];
	size_t length = strlen(b);

	if (length > NAME_MAX_BYTES || strlen(a) > NAME_MAX_BYTES) {
		return SIZE_MAX;
	}
	for (size_t j = 0; j <= length; j++) {
		row[j] = j;
	}
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = MIN(MIN(above, row[j - 1]) + 1, changed);
			diagonal = above;
		}
	}
	return row[length];
}

const char *nearest_name(const char *name, const char *(*next)(const void *context, size_t i),
			 const void *context)
{
	/* Half of a name may be wrong, but not all of a short one. */
	size_t best_distance = MIN(strlen(name) / 2, 3) + 1;
	const char *best = NULL;
	const char *candidate;

	for (size_t i = 0; (candidate = next(context, i)); i++) {
		size_t distance = edit_distance(name, candidate);

		if (distance < best_distance) {
			best_distance = distance;
			best = candidate;
		}
	}
	return best;
}
