/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_ARGUMENTS_H
#define THUNDERLAKE_MGMT_QMP_ARGUMENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qmp_failure;

enum qmp_kind {
	QMP_BOOL,
	QMP_INTEGER,
	QMP_STRING,
	QMP_ARRAY,
	QMP_OBJECT,
};

/* An argument of a command as data. */
struct qmp_argument {
	const char *name;
	enum qmp_kind kind;
	bool optional;
};

/* Whether the arguments are those of the table, which ends with a NULL name (NULL: it has none),
 * or, with `takes_more`, others beside them. False with `failure` filled. */
bool qmp_check_arguments(const struct qmp_argument *table, bool takes_more, const json_t *arguments,
			 struct qmp_failure *failure);

/* An optional number with its bounds. False with `failure` filled: beyond them. */
bool qmp_take_number(const json_t *arguments, const char *name, uint64_t max,
		     uint64_t default_value, uint64_t *out, struct qmp_failure *failure);

/* For objects inside of arguments; `path` is where the object is: "keys[0].", or "" for the
 * arguments themselves. Each fills `failure` in QEMU's words when it returns NULL, false or -1. */

/* The member `name`, which has to be there and of this kind. */
const json_t *qmp_member(const json_t *object, const char *path, const char *name,
			 enum qmp_kind kind, struct qmp_failure *failure);
/* The member `index` of an array, which has to be an object. */
const json_t *qmp_element(const json_t *array, const char *path, size_t index,
			  struct qmp_failure *failure);
/* Whether the object has no members but these; NULL ends. */
bool qmp_has_only(const json_t *object, const char *path, const char *const *names,
		  struct qmp_failure *failure);
/* The place of a string member's value among `values`; NULL ends. */
int qmp_choice(const json_t *object, const char *path, const char *name, const char *const *values,
	       struct qmp_failure *failure);

#endif
