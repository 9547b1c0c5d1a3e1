/* SPDX-License-Identifier: MIT */
#include "vmm/base/choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"

#define NAME_MAX_BYTES 32

static const char *name_at(const void *context, size_t i)
{
	const struct choice_set *set = context;
	struct choice choice;
	size_t count = 0;

	while (set->at(count, &choice)) {
		if (count++ == i) {
			return choice.name;
		}
	}
	for (size_t j = 0; set->more[j]; j++) {
		if (count + j == i) {
			return set->more[j];
		}
	}
	return NULL;
}

int choice_find(const struct choice_set *set, const char *name, struct error *err)
{
	struct choice choice;
	const char *near;

	for (int i = 0; set->at((size_t)i, &choice); i++) {
		if (strcmp(choice.name, name) == 0) {
			return i;
		}
	}
	near = nearest_name(name, name_at, set);
	if (near) {
		return error_set(err, -EINVAL, "no %s '%s'; did you mean '%s'?", set->what, name,
				 near);
	}
	return error_set(err, -EINVAL, "no %s '%s' (see --%s help)", set->what, name, set->what);
}

int choice_parse(const struct choice_set *set, const char *text, void **options, struct error *err)
{
	const size_t length = strcspn(text, ",");
	struct choice choice = { .name = NULL };
	char name[NAME_MAX_BYTES];
	int index;
	int code;

	(void)snprintf(name, sizeof(name), "%.*s", (int)MIN(length, sizeof(name) - 1), text);
	index = choice_find(set, name, err);
	if (index < 0) {
		return index;
	}
	(void)set->at((size_t)index, &choice);
	*options = calloc(1, MAX(choice.options_size, 1));
	if (!*options) {
		return error_set_errno(err, -ENOMEM, "%s %s", set->what, name);
	}
	text += length + (text[length] == ',');
	code = options_parse(choice.options, text, *options, err);
	if (code < 0) {
		free(*options);
		error_prefix(err, "%s %s", set->what, name);
		return code == -ENOMEM ? code : -EINVAL;
	}
	return index;
}

void choice_finish(const struct choice_set *set, int index, void *options)
{
	struct choice choice;

	if (set->at((size_t)index, &choice)) {
		options_finish(choice.options, options);
	}
	free(options);
}

int choice_check(const struct choice_set *set, const char *text, struct error *err)
{
	void *options;
	const int index = choice_parse(set, text, &options, err);

	if (index < 0) {
		return index;
	}
	choice_finish(set, index, options);
	return 0;
}
