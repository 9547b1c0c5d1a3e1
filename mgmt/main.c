/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "mgmt/verbs.h"
#include "version.h"
#include "vmm/base/options.h"

struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
};

static const struct verb verbs[] = {
	{ "run", run_main, "start a virtual machine" },
	{ "ctl", ctl_main, "talk to a running virtual machine" },
	{ "image", image_main, "make and inspect guest images" },
	{ "doctor", doctor_main, "can this host run guests, and how fast" },
};

static const char *verb_name(const void *context, size_t i)
{
	(void)context;
	return i < ARRAY_SIZE(verbs) ? verbs[i].name : NULL;
}

static void print_help(FILE *out)
{
	(void)fputs("Thunderlake runs virtual machines on a Linux desktop.\n\n"
		    "Usage: thunderlake VERB [OPTION…]\n\n",
		    out);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		(void)fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	}
	(void)fputs(
		"\n`thunderlake VERB --help` tells more; so does the manual, thunderlake(1).\n\n"
		"First steps:\n"
		"  thunderlake doctor\n"
		"  thunderlake image build debian-console\n"
		"  thunderlake run debian-console\n",
		out);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(word, verbs[i].name) == 0) {
			return verbs[i].main(argc - 1, argv + 1);
		}
	}
	if (strcmp(word, "--version") == 0) {
		(void)printf("thunderlake %s\n", THUNDERLAKE_VERSION);
		return 0;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (!*word) {
		print_help(stderr);
		return 1;
	}
	near = nearest_name(word, verb_name, NULL);
	(void)fprintf(stderr, "thunderlake: error: no verb '%s'%s%s%s\n", word,
		      near ? "; did you mean '" : " (see thunderlake --help)", near ? near : "",
		      near ? "'?" : "");
	return 1;
}
