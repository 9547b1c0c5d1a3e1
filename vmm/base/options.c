/* SPDX-License-Identifier: MIT */
#include "vmm/base/options.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TABLE_MAX 64u /* options in one table, for the bits of `given` */

static void *field(const struct option *option, void *out)
{
	return (char *)out + option->offset;
}

static const void *field_const(const struct option *option, const void *out)
{
	return (const char *)out + option->offset;
}

static const char *option_name(const void *context, size_t i)
{
	const struct option_table *table = context;

	return i < table->count ? table->options[i].name : NULL;
}

static const char *choice_name(const void *context, size_t i)
{
	const struct option *option = context;

	return option->choices[i];
}

static const struct option *find_option(const struct option_table *table, const char *name,
					struct error *err)
{
	const char *near;

	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->options[i].name, name) == 0) {
			return &table->options[i];
		}
	}
	near = nearest_name(name, option_name, table);
	if (near) {
		(void)error_set(err, 0, "no option '%s'; did you mean '%s'?", name, near);
	} else {
		(void)error_set(err, 0, "no option '%s'", name);
	}
	return NULL;
}

static int set_bool(const struct option *option, const char *value, bool *out, struct error *err)
{
	if (!value) {
		*out = true;
		return 0;
	}
	if (parse_bool(value, out) < 0) {
		return error_set(err, -EINVAL, "%s: '%s' is neither on nor off", option->name,
				 value);
	}
	return 0;
}

static void format_size(uint64_t bytes, char *buffer, size_t size)
{
	static const char units[] = { '\0', 'K', 'M', 'G', 'T' };
	size_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < sizeof(units)) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(buffer, size, "%" PRIu64 "%.1s", bytes, &units[unit]);
}

static int refuse_range(const struct option *option, const char *value, struct error *err)
{
	uint64_t max = option->max ? option->max : UINT64_MAX;
	char first[32];
	char last[32];

	if (option->kind == OPTION_SIZE) {
		format_size(option->min, first, sizeof(first));
		format_size(max, last, sizeof(last));
	} else {
		(void)snprintf(first, sizeof(first), "%" PRIu64, option->min);
		(void)snprintf(last, sizeof(last), "%" PRIu64, max);
	}
	return error_set(err, -ERANGE, "%s: %s is outside of %s to %s", option->name, value, first,
			 last);
}

static int set_number(const struct option *option, const char *value, uint64_t *out,
		      struct error *err)
{
	bool is_size = option->kind == OPTION_SIZE;
	uint64_t number = 0;
	int code = is_size ? parse_size(value, &number) : parse_number(value, &number);

	if (code == -EINVAL) {
		return error_set(err, code, "%s: '%s' is not a %s", option->name, value,
				 is_size ? "size such as 512M or 2G" : "whole number");
	}
	if (code == -ERANGE || (option->max && (number < option->min || number > option->max))) {
		return refuse_range(option, value, err);
	}
	*out = number;
	return 0;
}

static int set_choice(const struct option *option, const char *value, unsigned *out,
		      struct error *err)
{
	char all[256] = "";
	const char *near;

	for (unsigned i = 0; option->choices[i]; i++) {
		size_t used = strlen(all);

		if (strcmp(option->choices[i], value) == 0) {
			*out = i;
			return 0;
		}
		(void)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
			       option->choices[i]);
	}
	near = nearest_name(value, choice_name, option);
	if (near) {
		return error_set(err, -EINVAL, "%s: no '%s'; did you mean '%s'?", option->name,
				 value, near);
	}
	return error_set(err, -EINVAL, "%s: '%s' is none of %s", option->name, value, all);
}

static int set_string(const char *value, char **out)
{
	char *copy = strdup(value);

	if (!copy) {
		return -ENOMEM;
	}
	free(*out);
	*out = copy;
	return 0;
}

static int append_item(const char *value, struct option_list *list)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	list->items = items;
	items[list->count] = strdup(value);
	if (!items[list->count]) {
		return -ENOMEM;
	}
	list->count++;
	return 0;
}

static int set_option(const struct option *option, const char *value, void *out, struct error *err)
{
	void *target = field(option, out);

	if (!value && option->kind != OPTION_BOOL) {
		return error_set(err, -EINVAL, "%s: needs a value (%s=…)", option->name,
				 option->name);
	}
	switch (option->kind) {
	case OPTION_BOOL:
		return set_bool(option, value, target, err);
	case OPTION_INT:
	case OPTION_SIZE:
		return set_number(option, value, target, err);
	case OPTION_CHOICE:
		return set_choice(option, value, target, err);
	case OPTION_STRING:
		return set_string(value, target);
	case OPTION_LIST:
		return append_item(value, target);
	}
	return -EINVAL;
}

int options_set_defaults(const struct option_table *table, void *out, struct error *err)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option *option = &table->options[i];

		if (option->default_text) {
			int code = set_option(option, option->default_text, out, err);

			if (code < 0) {
				return code;
			}
		}
	}
	return 0;
}

int options_set(const struct option_table *table, const char *name, const char *value, void *out,
		struct error *err)
{
	const struct option *option = find_option(table, name, err);

	return option ? set_option(option, value, out, err) : -ENOENT;
}

/* Cuts the next item off *rest in place: up to a single comma, with ",," read as one comma. */
static char *next_item(char **rest)
{
	char *item = *rest;
	char *from = item;
	char *to = item;

	if (!item) {
		return NULL;
	}
	while (*from && (*from != ',' || from[1] == ',')) {
		from += *from == ',';
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return item;
}

static int set_item(const struct option_table *table, char *item, bool leading, uint64_t *given,
		    void *out, struct error *err)
{
	char *equals = strchr(item, '=');
	const char *name = item;
	const char *value = equals ? equals + 1 : NULL;
	const struct option *option;
	uint64_t bit;

	if (leading && table->first && !equals) {
		name = table->first;
		value = item;
	} else if (equals) {
		*equals = '\0';
	}
	option = find_option(table, name, err);
	if (!option) {
		return -ENOENT;
	}
	bit = UINT64_C(1) << (option - table->options);
	if ((*given & bit) && option->kind != OPTION_LIST) {
		return error_set(err, -EINVAL, "%s: given twice", name);
	}
	*given |= bit;
	return set_option(option, value, out, err);
}

static int check_required(const struct option_table *table, uint64_t given, struct error *err)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option *option = &table->options[i];

		if (option->required && !(given & (UINT64_C(1) << i))) {
			return error_set(err, -EINVAL, "%s=%s is missing (%s)", option->name,
					 option->value_name ? option->value_name : "…",
					 option->help);
		}
	}
	return 0;
}

int options_parse(const struct option_table *table, const char *text, void *out, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);
	char *rest = copy && *copy ? copy : NULL;
	uint64_t given = 0;
	bool leading = true;
	char *item;
	int code;

	assert(table->count <= TABLE_MAX);
	if (!copy) {
		return error_set_errno(err, -ENOMEM, "options");
	}
	code = options_set_defaults(table, out, err);
	while (code == 0 && (item = next_item(&rest))) {
		code = set_item(table, item, leading, &given, out, err);
		leading = false;
	}
	if (code == 0) {
		code = check_required(table, given, err);
	}
	if (code < 0) {
		options_finish(table, out);
	}
	return code;
}

static void free_list(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i]);
	}
	free(list->items);
	*list = (struct option_list){ 0 };
}

void options_finish(const struct option_table *table, void *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option *option = &table->options[i];

		if (option->kind == OPTION_STRING) {
			char **string = field(option, out);

			free(*string);
			*string = NULL;
		} else if (option->kind == OPTION_LIST) {
			free_list(field(option, out));
		}
	}
}

static void format_list(const struct option_list *list, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < list->count && used < size; i++) {
		used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? " " : "",
					 list->items[i]);
	}
}

void options_format(const struct option *option, const void *out, char *buffer, size_t size)
{
	const void *value = field_const(option, out);

	switch (option->kind) {
	case OPTION_BOOL:
		(void)snprintf(buffer, size, "%s", *(const bool *)value ? "on" : "off");
		break;
	case OPTION_INT:
		(void)snprintf(buffer, size, "%" PRIu64, *(const uint64_t *)value);
		break;
	case OPTION_SIZE:
		format_size(*(const uint64_t *)value, buffer, size);
		break;
	case OPTION_CHOICE:
		(void)snprintf(buffer, size, "%s", option->choices[*(const unsigned *)value]);
		break;
	case OPTION_STRING:
		(void)snprintf(buffer, size, "%s",
			       *(char *const *)value ? *(char *const *)value : "");
		break;
	case OPTION_LIST:
		format_list(value, buffer, size);
		break;
	}
}

int options_append(char **text, const char *name, const char *value)
{
	const size_t used = *text ? strlen(*text) : 0;
	const size_t space = used + strlen(name) + 2 * strlen(value) + sizeof(",=");
	char *grown = realloc(*text, space);
	char *end;

	if (!grown) {
		return -ENOMEM;
	}
	*text = grown;
	end = grown + used;
	end += snprintf(end, space - used, "%s%s=", used ? "," : "", name);
	for (; *value; value++) {
		*end++ = *value;
		if (*value == ',') {
			*end++ = ',';
		}
	}
	*end = '\0';
	return 0;
}
