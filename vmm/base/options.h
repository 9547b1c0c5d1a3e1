/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_OPTIONS_H
#define THUNDERLAKE_VMM_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

/*
 * Option tables: what a device or back end can be told, as data. A table fills a plain struct from
 * a text like `file=root.img,readonly=on,queues=4`; the same table makes the help text and the
 * completion. A comma inside a value is written twice.
 */
enum option_kind {
	OPTION_BOOL,   /* bool: on/off, yes/no, true/false, or the bare name */
	OPTION_INT,    /* uint64_t: decimal or 0x hexadecimal, within min..max */
	OPTION_SIZE,   /* uint64_t bytes: a number with an optional K, M, G or T (powers of 1024) */
	OPTION_STRING, /* char *, owned by the struct */
	OPTION_CHOICE, /* unsigned: the index into `choices` */
	OPTION_LIST,   /* struct option_list: the key may come several times, in order */
};

struct option_list {
	char **items; /* owned, as are the strings */
	size_t count;
};

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset;		    /* of the field in the struct that is filled */
	const char *help;	    /* one line, lower-case, no full stop */
	const char *value_name;	    /* for the help text: "FILE", "N"; NULL: by kind */
	const char *default_text;   /* parsed like a given value; NULL: zero, NULL or false */
	uint64_t min, max;	    /* OPTION_INT and OPTION_SIZE; max 0 means no bounds */
	const char *const *choices; /* OPTION_CHOICE: NULL-terminated */
	bool required;
};

struct option_table {
	const struct option *options;
	size_t count;
	const char *first; /* the option that a leading value without a key means; may be NULL */
};

/* Fills the zero-initialised `out` with the defaults. */
int options_set_defaults(const struct option_table *table, void *out, struct error *err);

/* Sets one option. -ENOENT: no such option (the text suggests the nearest); -EINVAL, -ERANGE: the
 * value (`value` NULL: the bare name was given); -ENOMEM. */
int options_set(const struct option_table *table, const char *name, const char *value, void *out,
		struct error *err);

/* Defaults, then `text`, then the check that all required options are there. On failure nothing
 * needs to be freed. Errors as options_set; -EINVAL also for a missing required option and for a
 * key given twice that is not a list. */
int options_parse(const struct option_table *table, const char *text, void *out, struct error *err);

/* Frees the strings and lists in the struct and zeroes those fields. */
void options_finish(const struct option_table *table, void *out);

/* Appends "NAME=VALUE" to a text for options_parse; *text is owned and may be NULL. -ENOMEM. */
int options_append(char **text, const char *name, const char *value);

/* The value of one option as text that options_set takes back. `size` bytes at `buffer`. */
void options_format(const struct option *option, const void *out, char *buffer, size_t size);

/* Parsers for single values, as above. `text` is the whole value. 0, -EINVAL or -ERANGE. */
int parse_bool(const char *text, bool *out);
int parse_number(const char *text, uint64_t *out);
int parse_size(const char *text, uint64_t *out);

/* The candidate nearest to `name` by edit distance, or NULL when none is near. `next(context, i)`
 * returns candidate i, or NULL after the last. */
const char *nearest_name(const char *name, const char *(*next)(const void *context, size_t i),
			 const void *context);

#endif
