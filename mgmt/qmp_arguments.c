/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_arguments.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/qmp_command.h"

#define ARGUMENTS_MAX 16u /* of one command */

static bool has_kind(const json_t *value, enum qmp_kind kind)
{
	switch (kind) {
	case QMP_BOOL:
		return json_is_boolean(value);
	case QMP_INTEGER:
		return json_is_integer(value);
	case QMP_STRING:
		return json_is_string(value);
	case QMP_ARRAY:
		return json_is_array(value);
	case QMP_OBJECT:
		return json_is_object(value);
	}
	return false;
}

static const char *kind_name(enum qmp_kind kind)
{
	static const char *const names[] = { [QMP_BOOL] = "boolean",
					     [QMP_INTEGER] = "integer",
					     [QMP_STRING] = "string",
					     [QMP_ARRAY] = "array",
					     [QMP_OBJECT] = "object" };

	return names[kind];
}

static bool check_kind(const json_t *value, const char *path, const char *name, enum qmp_kind kind,
		       struct qmp_failure *failure)
{
	if (!has_kind(value, kind)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "Invalid parameter type for '%s%s', expected: %s", path, name,
			       kind_name(kind));
		return false;
	}
	return true;
}

const json_t *qmp_member(const json_t *object, const char *path, const char *name,
			 enum qmp_kind kind, struct qmp_failure *failure)
{
	const json_t *value = json_object_get(object, name);

	if (!value) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter '%s%s' is missing", path,
			       name);
		return NULL;
	}
	return check_kind(value, path, name, kind, failure) ? value : NULL;
}

const json_t *qmp_element(const json_t *array, const char *path, size_t index,
			  struct qmp_failure *failure)
{
	const json_t *value = json_array_get(array, index);
	char name[32];

	(void)snprintf(name, sizeof(name), "[%zu]", index);
	return check_kind(value, path, name, QMP_OBJECT, failure) ? value : NULL;
}

bool qmp_has_only(const json_t *object, const char *path, const char *const *names,
		  struct qmp_failure *failure)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		size_t i = 0;

		while (names[i] && strcmp(names[i], key) != 0) {
			i++;
		}
		if (!names[i]) {
			(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter '%s%s' is unexpected",
				       path, key);
			return false;
		}
	}
	return true;
}

int qmp_choice(const json_t *object, const char *path, const char *name, const char *const *values,
	       struct qmp_failure *failure)
{
	const char *given = json_string_value(qmp_member(object, path, name, QMP_STRING, failure));

	if (!given) {
		return -1;
	}
	for (int i = 0; values[i]; i++) {
		if (strcmp(values[i], given) == 0) {
			return i;
		}
	}
	(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter '%s' does not accept value '%s'",
		       name, given);
	return -1;
}

bool qmp_take_number(const json_t *arguments, const char *name, uint64_t max,
		     uint64_t default_value, uint64_t *out, struct qmp_failure *failure)
{
	const json_t *value = json_object_get(arguments, name);
	const json_int_t number = json_integer_value(value);

	*out = value ? (uint64_t)number : default_value;
	if (value && (number < 0 || *out > max)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "Parameter '%s' expects a number from 0 to %" PRIu64, name, max);
		return false;
	}
	return true;
}

bool qmp_check_arguments(const struct qmp_argument *table, bool takes_more, const json_t *arguments,
			 struct qmp_failure *failure)
{
	const char *names[ARGUMENTS_MAX + 1] = { NULL };

	for (size_t i = 0; table && table->name; table++) {
		if (!(table->optional && !json_object_get(arguments, table->name)) &&
		    !qmp_member(arguments, "", table->name, table->kind, failure)) {
			return false;
		}
		assert(i < ARGUMENTS_MAX);
		names[i++] = table->name;
	}
	return takes_more || qmp_has_only(arguments, "", names, failure);
}
