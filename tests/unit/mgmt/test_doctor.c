/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/doctor.c mgmt/host_checks.c vmm/kvm/ display/ */
#include "mgmt/doctor.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct doctor_report report;
static char *text;

static void setup(void)
{
	report = (struct doctor_report){
		.kvm = { .kind = KVM_KIND_SOFTWARE,
			 .guest_mips = 4,
			 .host_mips = 7000,
			 .feature_count = 2,
			 .features = { { "MAX_VCPUS", "most processors of a guest", false, 64 },
				       { "XSAVE", "vector registers", false, 0 } },
			 .reason = { "emulated" } },
		.processor = "A Processor",
		.processors = 2,
		.memory_bytes = 1ull << 30,
		.kernel = "Linux 6.1",
		.checks = { { "io_uring", "disks", false, "switched off" } },
		.check_count = 1,
	};
}

static void teardown(void)
{
	free(text);
}

static void print(bool with_colours)
{
	size_t size;
	FILE *file = open_memstream(&text, &size);

	doctor_print(&report, file, with_colours);
	(void)fclose(file);
}

static bool printed(const char *words)
{
	return strstr(text, words) != NULL;
}

TestSuite(doctor, .init = setup, .fini = teardown, .timeout = 20);

Test(doctor, verdict_follows_the_kind)
{
	cr_assert(eq(int, (int)doctor_verdict(&report), DOCTOR_EXIT_SOFTWARE));
	report.kvm.kind = KVM_KIND_HARDWARE;
	cr_assert(eq(int, (int)doctor_verdict(&report), 0));
	report.kvm.kind = KVM_KIND_NONE;
	cr_assert(eq(int, (int)doctor_verdict(&report), 1));
}

Test(doctor, text_says_kind_reason_and_what_is_missing)
{
	print(false);
	cr_assert(printed("software: emulated"), "%s", text);
	cr_assert(printed("up to 64"), "%s", text);
	cr_assert(printed("XSAVE: vector registers"), "%s", text);
	cr_assert(printed("io uring       no   disks  switched off"), "%s", text);
	cr_assert(printed("Only tiny payloads run"), "%s", text);
	cr_assert(not(printed("\033")), "no colours unless asked for");
}

Test(doctor, colours_are_escape_sequences)
{
	print(true);
	cr_assert(printed("\033[33msoftware\033[0m"), "%s", text);
}

Test(doctor, json_keys_are_stable)
{
	json_t *json = doctor_json(&report);
	const char *kind, *verdict, *detail;
	int usable, can_run, exit_code, vcpus, ok;

	cr_assert(eq(int,
		     json_unpack(json, "{s:b, s:s, s:i, s:{s:s, s:b, s:{s:i}}, s:{s:{s:b, s:s}}}",
				 "can_run", &can_run, "verdict", &verdict, "exit_code", &exit_code,
				 "kvm", "kind", &kind, "usable", &usable, "features", "MAX_VCPUS",
				 &vcpus, "features", "io_uring", "ok", &ok, "detail", &detail),
		     0));
	cr_assert(eq(int, can_run, 0));
	cr_assert(eq(int, usable, 1));
	cr_assert(eq(int, exit_code, 3));
	cr_assert(eq(int, vcpus, 64));
	cr_assert(eq(int, ok, 0));
	cr_assert(zero(int, strcmp(kind, "software")));
	cr_assert(zero(int, strcmp(verdict, "software")));
	cr_assert(zero(int, strcmp(detail, "switched off")));
	json_decref(json);
}

Test(doctor, finds_the_chosen_word)
{
	static const char *const words[] = { "always", "madvise", NULL };

	cr_assert(host_checks_is_chosen("always [madvise] never\n", words));
	cr_assert(not(host_checks_is_chosen("always madvise [never]\n", words)));
	cr_assert(not(host_checks_is_chosen("[madvise_more]", words)));
	cr_assert(not(host_checks_is_chosen("", words)));
}

Test(doctor, checks_look_at_this_host)
{
	struct host_check checks[HOST_CHECKS_MAX];
	size_t count = host_checks_run(checks);

	cr_assert(gt(sz, count, 3));
	for (size_t i = 0; i < count; i++) {
		cr_assert(gt(sz, strlen(checks[i].detail), 0), "%s", checks[i].name);
	}
}
