/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "vmm/base/compiler.h"

static bool takes_value(const struct ctl_action *action, const char *name)
{
	for (size_t i = 0; i < action->options.count; i++) {
		const struct option *option = &action->options.options[i];

		if (strcmp(option->name, name) == 0) {
			return option->kind != OPTION_BOOL;
		}
	}
	return false;
}

/* `word` is `--NAME` or `--NAME=VALUE`; the value may be the next word. Returns the number of words
 * used. */
static int take_option(const struct ctl_action *action, const char *word, const char *next,
		       void *options, struct error *err)
{
	const char *equals = strchr(word, '=');
	AUTO_FREE char *name =
		equals ? strndup(word + 2, (size_t)(equals - word - 2)) : strdup(word + 2);
	const char *value = equals ? equals + 1 : NULL;
	int code;

	if (!name) {
		return error_set_errno(err, -ENOMEM, "%s", word);
	}
	if (!value && takes_value(action, name)) {
		if (!next) {
			return error_set(err, -EINVAL, "%s: %s needs a value", action->name, word);
		}
		value = next;
	}
	code = options_set(&action->options, name, value, options, err);
	if (code < 0) {
		error_prefix(err, "%s", action->name);
		return -EINVAL;
	}
	return value == next && value ? 2 : 1;
}

int ctl_parse_options(const struct ctl_action *action, char **words, void *options,
		      struct error *err)
{
	char **to = words;
	int used = options_set_defaults(&action->options, options, err);

	if (used < 0) {
		return used;
	}
	while (*words && strcmp(*words, "--") != 0) {
		if (strncmp(*words, "--", 2) != 0) {
			*to++ = *words++;
			continue;
		}
		used = take_option(action, *words, words[1], options, err);
		if (used < 0) {
			return used;
		}
		words += used;
	}
	words += *words ? 1 : 0; /* the word that ends them */
	while (*words) {
		*to++ = *words++;
	}
	*to = NULL;
	return 0;
}
