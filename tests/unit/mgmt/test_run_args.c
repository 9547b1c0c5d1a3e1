/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/run_args.c mgmt/machine_config.c mgmt/machine_config_devices.c mgmt/uuid.c */
/* LINK: mgmt/machine_config_sound.c mgmt/machine_config_file.c mgmt/recording.c
 *       mgmt/machine_config_discs.c */
/* LINK: mgmt/device_type_find.c mgmt/film_sound.c display/ audio/ */
/* LIBS: inih */
#include "mgmt/run_args.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "mgmt/image.h"
#include "tests/unit/mgmt/fake_device_types.h"

TestSuite(run_args, .timeout = 10);

/* The images of this test's host: none. */
int image_find(const char *name, char **ini_path, struct error *err)
{
	*ini_path = NULL;
	return error_set(err, -ENOENT, "no image '%s'", name);
}

int image_find_disc(const char *name, char **path, struct error *err)
{
	*path = NULL;
	return error_set(err, -ENOENT, "no disc '%s'", name);
}

static int parse(struct run_args *args, char **words, struct error *err)
{
	int count = 0;

	while (words[count]) {
		count++;
	}
	return run_args_parse(count, words, args, err);
}

Test(run_args, values_come_in_all_usual_forms)
{
	char *words[] = { "run", "--kernel=/k", "-m",	  "2G",	    "--cpus",
			  "2",	 "--no-rng",	"--disk", "/a.img", "--disk=/b.img",
			  NULL };
	struct run_args args = { 0 };

	cr_assert(eq(int, parse(&args, words, NULL), 0));
	cr_assert(eq(u64, args.config.settings.memory, UINT64_C(2) << 30));
	cr_assert(eq(u64, args.config.cpus.count, 2));
	cr_assert(not(args.config.settings.rng));
	cr_assert(eq(sz, args.config.settings.disks.count, 2));
	cr_assert(eq(str, args.config.settings.name, "k"));
	run_args_finish(&args);
}

struct bad_line {
	char words[3][24];
	const char says[48];
};

ParameterizedTestParameters(run_args, faults_are_told)
{
	static struct bad_line rows[] = {
		{ { "--kernle", "/k", "" }, "did you mean --kernel" },
		{ { "--memory", "", "" }, "--memory needs a value" },
		{ { "-z", "", "" }, "no option -z" },
		{ { "--help=yes", "", "" }, "takes no value" },
		{ { "nonesuch", "", "" }, "no image 'nonesuch'" },
		{ { "one", "two", "" }, "one machine at a time" },
		{ { "/no/such.img", "", "" }, "No such file" },
		{ { "--config", "/no/such.ini", "" }, "No such file" },
		{ { "--kernel=/k", "--name=a/b", "" }, "name:" },
		{ { "--kernel=/k", "--device=virtio-ble", "" }, "did you mean 'virtio-blk'" },
	};

	return cr_make_param_array(struct bad_line, rows, ARRAY_SIZE(rows));
}

ParameterizedTest(struct bad_line *row, run_args, faults_are_told)
{
	char *words[5] = { "run" };
	struct run_args args = { 0 };
	struct error err = { "" };

	for (int i = 0; i < 3 && row->words[i][0]; i++) {
		words[i + 1] = row->words[i];
	}
	cr_assert(lt(int, parse(&args, words, &err), 0));
	cr_assert(ne(ptr, strstr(err.text, row->says), NULL), "says: %s", err.text);
}

Test(run_args, options_win_over_the_file_wherever_it_stands)
{
	char path[] = "/tmp/thunderlake-test-XXXXXX.ini";
	char *words[] = { "run", "--memory=64M", path, NULL };
	struct run_args args = { 0 };
	FILE *file = fdopen(mkstemps(path, 4), "w");

	(void)fputs("kernel = k\nmemory = 1G\n", file);
	(void)fclose(file);
	cr_assert(eq(int, parse(&args, words, NULL), 0));
	cr_assert(eq(u64, args.config.settings.memory, UINT64_C(64) << 20));
	(void)unlink(path);
	run_args_finish(&args);
}

Test(run_args, help_needs_no_machine)
{
	char *words[] = { "run", "--help", NULL };
	struct run_args args = { 0 };

	cr_assert(eq(int, parse(&args, words, NULL), 0));
	cr_assert(args.help);
	run_args_finish(&args);
}
