/* SPDX-License-Identifier: MIT */
#include "mgmt/run_args.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "mgmt/image.h"

/* Options that are not settings of the machine. */
static const char *const other_options[] = { "config", "dry-run", "help", "quiet", "verbose" };

static const struct {
	char letter;
	const char *name;
} short_options[] = {
	{ 'h', "help" }, { 'm', "memory" }, { 'n', "name" }, { 'q', "quiet" }, { 'v', "verbose" },
};

static const char *any_option(const void *context, size_t i)
{
	(void)context;
	if (i < ARRAY_SIZE(other_options)) {
		return other_options[i];
	}
	i -= ARRAY_SIZE(other_options);
	return i < machine_settings_table.count ? machine_settings_table.options[i].name : NULL;
}

static const struct option *find_setting(const char *name)
{
	for (size_t i = 0; i < machine_settings_table.count; i++) {
		if (strcmp(machine_settings_table.options[i].name, name) == 0) {
			return &machine_settings_table.options[i];
		}
	}
	return NULL;
}

static int unknown_option(const char *name, struct error *err)
{
	const char *near = nearest_name(name, any_option, NULL);

	if (near) {
		return error_set(err, -EINVAL, "no option --%s; did you mean --%s?", name, near);
	}
	return error_set(err, -EINVAL, "no option --%s (see thunderlake run --help)", name);
}

/* An option as it stood on the command line, and what it means. */
struct given {
	char *name;	   /* owned */
	const char *value; /* NULL: none was given */
};

struct given_list {
	struct given *items; /* owned; one place for each word is enough */
	size_t count;
};

static bool *flag_of(struct run_args *args, const char *name)
{
	if (strcmp(name, "help") == 0) {
		return &args->help;
	}
	if (strcmp(name, "dry-run") == 0) {
		return &args->dry_run;
	}
	if (strcmp(name, "verbose") == 0) {
		return &args->verbose;
	}
	return strcmp(name, "quiet") == 0 ? &args->quiet : NULL;
}

/* "--no-rng" is "--rng=off". */
static const char *negated(const char *name)
{
	const struct option *option = strncmp(name, "no-", 3) == 0 ? find_setting(name + 3) : NULL;

	return option && option->kind == OPTION_BOOL ? option->name : NULL;
}

static bool takes_value(struct run_args *args, const char *name)
{
	const struct option *option = find_setting(name);

	return !flag_of(args, name) && !negated(name) && !(option && option->kind == OPTION_BOOL);
}

/* "--name=value", "--name", "-nvalue" or "-n" taken apart. */
static int split_word(const char *word, struct given *out, struct error *err)
{
	const char *equals = strchr(word, '=');

	if (word[1] == '-') {
		out->name =
			equals ? strndup(word + 2, (size_t)(equals - word - 2)) : strdup(word + 2);
		out->value = equals ? equals + 1 : NULL;
		return out->name ? 0 : error_set_errno(err, -ENOMEM, "command line");
	}
	for (size_t i = 0; i < ARRAY_SIZE(short_options); i++) {
		if (word[1] == short_options[i].letter) {
			out->name = strdup(short_options[i].name);
			out->value = word[2] ? word + 2 : NULL;
			return out->name ? 0 : error_set_errno(err, -ENOMEM, "command line");
		}
	}
	return error_set(err, -EINVAL, "no option -%c (see thunderlake run --help)", word[1]);
}

/* Sorts the words into options with their values and the one source. */
static int sort_words(int argc, char **argv, struct run_args *args, struct given_list *list,
		      struct error *err)
{
	for (int i = 1; i < argc; i++) {
		struct given *given = &list->items[list->count];
		int code;

		if (argv[i][0] != '-' || !argv[i][1]) {
			if (args->source) {
				return error_set(err, -EINVAL,
						 "'%s': one machine at a time, and '%s' is given",
						 argv[i], args->source);
			}
			args->source = argv[i];
			continue;
		}
		code = split_word(argv[i], given, err);
		if (code < 0) {
			return code;
		}
		list->count++;
		if (!given->value && takes_value(args, given->name) && i + 1 < argc) {
			given->value = argv[++i];
		}
	}
	return 0;
}

static int apply(struct run_args *args, const struct given *given, struct error *err)
{
	const struct option *option = find_setting(given->name);
	bool *flag = flag_of(args, given->name);

	if (flag) {
		*flag = true;
		return given->value ? error_set(err, -EINVAL, "--%s takes no value", given->name)
				    : 0;
	}
	if (!given->value && negated(given->name)) {
		return machine_config_set(&args->config, negated(given->name), "off", err);
	}
	if (!option && strcmp(given->name, "config") != 0) {
		return unknown_option(given->name, err);
	}
	if (!given->value && takes_value(args, given->name)) {
		return error_set(err, -EINVAL, "--%s needs a value", given->name);
	}
	return option ? machine_config_set(&args->config, given->name, given->value, err)
		      : machine_config_load(&args->config, given->value, err);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* The machine's name where none was given: the image's or the file's own name. */
static int default_name(struct run_args *args, struct error *err)
{
	const struct machine_settings *settings = &args->config.settings;
	const char *path = args->source ? args->source : settings->kernel;
	const char *slash = path ? strrchr(path, '/') : NULL;
	char name[48];

	args->is_named = settings->name;
	if (args->is_named) {
		return 0;
	}
	(void)snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path ? path : "vm");
	name[strcspn(name, ".")] = '\0';
	return machine_config_set(&args->config, "name", *name ? name : "vm", err);
}

/* Names end up in file names of sockets. */
static int check_name(const char *name, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.+";

	if (!*name || *name == '.' || strlen(name) > 48 || name[strspn(name, allowed)]) {
		return error_set(err, -EINVAL,
				 "name: '%s' is not 1 to 48 letters, digits, '-', '_', '+' or '.'",
				 name);
	}
	return 0;
}

/* NAME, FILE.ini or FILE.img without an option in front: what a path is is told by its looks, so
 * that a stray file never hides an image's name. */
static int use_source(struct run_args *args, const char *source, struct error *err)
{
	AUTO_FREE char *ini = NULL;
	struct stat status;
	int code;

	if (ends_with(source, ".ini")) {
		return machine_config_load(&args->config, source, err);
	}
	if (strchr(source, '/') || ends_with(source, ".img") || ends_with(source, ".raw")) {
		if (stat(source, &status) < 0) {
			return error_set_errno(err, -errno, "disk %s", source);
		}
		return machine_config_set(&args->config, "disk", source, err);
	}
	code = image_find(source, &ini, err);
	return code < 0 ? code : machine_config_load(&args->config, ini, err);
}

static bool is_question(const char *value)
{
	return strcmp(value, "help") == 0 || ends_with(value, ",help");
}

static bool asks_type_help(const struct machine_config *config)
{
	const struct option_list *devices = &config->settings.devices;

	for (size_t i = 0; i < devices->count; i++) {
		if (is_question(devices->items[i])) {
			return true;
		}
	}
	if (config->settings.discs.count > 0 && is_question(config->settings.discs.items[0])) {
		return true;
	}
	return is_question(config->settings.display) || is_question(config->settings.sound) ||
	       is_question(config->settings.audio) ||
	       (config->settings.record && is_question(config->settings.record));
}

/* The source is the ground that the options build on, wherever it stands among them. */
static int apply_all(int argc, char **argv, struct run_args *args, struct error *err)
{
	struct given_list list = { .items = calloc((size_t)argc + 1, sizeof(*list.items)) };
	int code = list.items ? 0 : error_set_errno(err, -ENOMEM, "command line");

	code = code ?: sort_words(argc, argv, args, &list, err);
	if (code == 0 && args->source) {
		code = use_source(args, args->source, err);
	}
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		code = apply(args, &list.items[i], err);
	}
	for (size_t i = 0; i < list.count; i++) {
		free(list.items[i].name);
	}
	free(list.items);
	return code;
}

int run_args_parse(int argc, char **argv, struct run_args *out, struct error *err)
{
	int code = machine_config_init(&out->config, err);

	code = code ?: apply_all(argc, argv, out, err);
	if (code == 0 && (out->help || asks_type_help(&out->config))) {
		out->help = true;
		return 0;
	}
	code = code ?: default_name(out, err);
	code = code ?: check_name(out->config.settings.name, err);
	code = code ?: machine_config_resolve(&out->config, err);
	if (code < 0) {
		run_args_finish(out);
	}
	return code;
}

void run_args_finish(struct run_args *args)
{
	machine_config_finish(&args->config);
}
