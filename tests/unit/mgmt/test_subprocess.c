/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/subprocess.c */
#include "mgmt/subprocess.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static char output[8192], errors[8192];
static struct error err;

static void append(char *text, size_t size, const char *line)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s|", line);
}

static void on_output(void *arg, const char *line)
{
	(void)arg;
	append(output, sizeof(output), line);
}

static void on_error(void *arg, const char *line)
{
	(void)arg;
	append(errors, sizeof(errors), line);
}

static int run_shell(char *script)
{
	static char shell[] = "sh", option[] = "-c";
	char *const argv[] = { shell, option, script, NULL };
	const struct subprocess process = { .argv = argv,
					    .on_output = on_output,
					    .on_error = on_error };

	return subprocess_run(&process, &err);
}

TestSuite(subprocess, .timeout = 20);

Test(subprocess, tells_lines_of_both_streams)
{
	char script[] = "echo one; echo bad >&2; printf 'two\\n\\nthree'";

	cr_assert(eq(int, run_shell(script), 0));
	cr_assert(eq(str, output, "one|two||three|"));
	cr_assert(eq(str, errors, "bad|"));
}

Test(subprocess, returns_exit_code_and_signal)
{
	char exits[] = "exit 7", dies[] = "kill -TERM $$";

	cr_assert(eq(int, run_shell(exits), 7));
	cr_assert(eq(int, run_shell(dies), 128 + 15));
}

static void interrupt_us(void *arg, const char *line)
{
	on_output(arg, line);
	if (strcmp(line, "ready") == 0) {
		(void)raise(SIGTERM);
	}
}

/*
 * The shell's child holds the write end of the output, which therefore ends with it only. It says
 * itself that it is ready: just forked, it would take the signal for its parent's trap and go on.
 */
Test(subprocess, hands_a_signal_on_to_all_it_started)
{
	static char shell[] = "sh", option[] = "-c";
	char script[] = "trap 'echo cleans up; exit 3' TERM;"
			" sh -c 'echo ready; exec sleep 1000' & wait";
	char *const argv[] = { shell, option, script, NULL };
	const struct subprocess process = { .argv = argv, .on_output = interrupt_us };

	cr_assert(eq(int, subprocess_run(&process, &err), 3));
	cr_assert(eq(str, output, "ready|cleans up|"));
	cr_assert(eq(ptr, (void *)signal(SIGTERM, SIG_DFL), (void *)SIG_DFL));
}

Test(subprocess, cuts_long_lines)
{
	char script[] = "head -c 5000 /dev/zero | tr '\\0' x; echo; echo end";

	cr_assert(eq(int, run_shell(script), 0));
	/* One byte of the buffer is the NUL; then two separators and "end". */
	cr_assert(eq(sz, strlen(output), SUBPROCESS_LINE_MAX - 1 + 1 + 4));
}

Test(subprocess, standard_input_is_empty)
{
	char script[] = "cat; echo done";

	cr_assert(eq(int, run_shell(script), 0));
	cr_assert(eq(str, output, "done|"));
}

Test(subprocess, missing_program_is_an_error)
{
	static char name[] = "/nonexistent/program";
	char *const argv[] = { name, NULL };
	const struct subprocess process = { .argv = argv };

	cr_assert(eq(int, subprocess_run(&process, &err), -ENOENT));
	cr_assert(eq(str, err.text, "cannot run /nonexistent/program: No such file or directory"));
}
