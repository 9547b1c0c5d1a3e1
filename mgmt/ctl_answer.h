/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_ANSWER_H
#define THUNDERLAKE_MGMT_CTL_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Members of a machine's answer, as `ctl` shows them. NULL is an answer without members. */

/* Borrowed; "?" where there is none. */
static inline const char *text_of(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text ? text : "?";
}

/* 0 where there is none. */
static inline int64_t number_of(const json_t *answer, const char *key)
{
	return json_integer_value(json_object_get(answer, key));
}

static inline bool is_true(const json_t *answer, const char *key)
{
	return json_is_true(json_object_get(answer, key));
}

#endif
