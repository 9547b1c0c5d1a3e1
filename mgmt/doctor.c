/* SPDX-License-Identifier: MIT */
#include "mgmt/doctor.h"

#include <getopt.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "mgmt/verbs.h"
#include "version.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/kvm/kvm.h"

#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[31m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

static const char *const verdict_names[] = {
	[DOCTOR_EXIT_READY] = "ready",
	[DOCTOR_EXIT_CANNOT_RUN] = "cannot-run",
	[DOCTOR_EXIT_SOFTWARE] = "software",
};

enum doctor_exit_code doctor_verdict(const struct doctor_report *report)
{
	switch (report->kvm.kind) {
	case KVM_KIND_HARDWARE:
		return DOCTOR_EXIT_READY;
	case KVM_KIND_SOFTWARE:
		return DOCTOR_EXIT_SOFTWARE;
	case KVM_KIND_NONE:
		break;
	}
	return DOCTOR_EXIT_CANNOT_RUN;
}

/* --- looking --- */

static void find_processor(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	(void)snprintf(name, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (value && strncmp(line, "model name", strlen("model name")) == 0) {
			(void)snprintf(name, size, "%.*s", (int)strcspn(value + 2, "\n"),
				       value + 2);
			break;
		}
	}
	if (file) {
		(void)fclose(file);
	}
}

static void examine(struct doctor_report *out)
{
	struct utsname name;
	struct sysinfo info;

	*out = (struct doctor_report){ .check_count = 0 };
	kvm_probe(KVM_DEVICE_PATH, &out->kvm);
	find_processor(out->processor, sizeof(out->processor));
	out->processors = (unsigned)get_nprocs();
	if (sysinfo(&info) == 0) {
		out->memory_bytes = (unsigned long long)info.totalram * info.mem_unit;
	}
	if (uname(&name) == 0) {
		(void)snprintf(out->kernel, sizeof(out->kernel), "%.16s %.78s", name.sysname,
			       name.release);
	}
	out->check_count = host_checks_run(out->checks);
}

/* --- text --- */

static const char *paint(bool with_colours, const char *colour)
{
	return with_colours ? colour : "";
}

static void print_kvm(const struct doctor_report *report, FILE *out, bool with_colours)
{
	static const char *const colours[] = {
		[KVM_KIND_NONE] = RED,
		[KVM_KIND_SOFTWARE] = YELLOW,
		[KVM_KIND_HARDWARE] = GREEN,
	};
	const struct kvm_probe *kvm = &report->kvm;

	(void)fprintf(out, "%sKVM%s\n", paint(with_colours, BOLD), paint(with_colours, PLAIN));
	(void)fprintf(out, "  %-14s %s%s%s: %s\n", "kind", paint(with_colours, colours[kvm->kind]),
		      kvm_kind_name(kvm->kind), paint(with_colours, PLAIN), kvm->reason.text);
	for (size_t i = 0; i < kvm->feature_count; i++) {
		if (strcmp(kvm->features[i].name, "MAX_VCPUS") == 0) {
			(void)fprintf(out, "  %-14s up to %d\n", "processors",
				      kvm->features[i].value);
		} else if (kvm->features[i].value == 0) {
			(void)fprintf(out, "  %-14s %s: %s\n",
				      kvm->features[i].required ? "missing" : "without",
				      kvm->features[i].name, kvm->features[i].text);
		}
	}
}

/* The longest text of the checks: what was found stands in a column behind them. */
static int text_width(const struct doctor_report *report)
{
	size_t width = 0;

	for (size_t i = 0; i < report->check_count; i++) {
		width = MAX(width, strlen(report->checks[i].text));
	}
	return (int)width;
}

static void print_check(const struct host_check *check, int width, FILE *out, bool with_colours)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s", check->name);
	for (char *c = name; *c; c++) {
		*c = *c == '_' ? ' ' : *c;
	}
	(void)fprintf(out, "  %-14s %s%-3s%s  %-*s  %s\n", name,
		      paint(with_colours, check->ok ? GREEN : YELLOW), check->ok ? "yes" : "no",
		      paint(with_colours, PLAIN), width, check->text, check->detail);
}

static void print_verdict(const struct doctor_report *report, FILE *out, bool with_colours)
{
	static const struct {
		const char *colour;
		const char *text;
	} verdicts[] = {
		[DOCTOR_EXIT_READY] = { GREEN, "Guests run on this host." },
		[DOCTOR_EXIT_CANNOT_RUN] = { RED, "Guests cannot run on this host." },
		[DOCTOR_EXIT_SOFTWARE] = { YELLOW, "Only tiny payloads run on this host; real "
						   "guests need hardware KVM, or the lab "
						   "(tests/lab)." },
	};
	enum doctor_exit_code verdict = doctor_verdict(report);

	(void)fprintf(out, "%s%s%s\n", paint(with_colours, verdicts[verdict].colour),
		      verdicts[verdict].text, paint(with_colours, PLAIN));
}

void doctor_print(const struct doctor_report *report, FILE *out, bool with_colours)
{
	(void)fprintf(out, "%sHost%s\n", paint(with_colours, BOLD), paint(with_colours, PLAIN));
	(void)fprintf(out, "  %-14s %u × %s\n", "processors", report->processors,
		      report->processor);
	(void)fprintf(out, "  %-14s %llu MiB\n", "memory", report->memory_bytes >> 20);
	(void)fprintf(out, "  %-14s %s\n", "kernel", report->kernel);
	print_kvm(report, out, with_colours);
	(void)fprintf(out, "%sBeyond KVM%s (guests run without, but slower or with less)\n",
		      paint(with_colours, BOLD), paint(with_colours, PLAIN));
	for (size_t i = 0; i < report->check_count; i++) {
		print_check(&report->checks[i], text_width(report), out, with_colours);
	}
	print_verdict(report, out, with_colours);
}

/* --- JSON --- */

static json_t *kvm_json(const struct kvm_probe *kvm)
{
	json_t *features = json_object();

	for (size_t i = 0; i < kvm->feature_count; i++) {
		(void)json_object_set_new(features, kvm->features[i].name,
					  json_integer(kvm->features[i].value));
	}
	return json_pack("{s:s, s:b, s:s, s:i, s:i, s:f, s:f, s:o}", "kind",
			 kvm_kind_name(kvm->kind), "usable", kvm->kind != KVM_KIND_NONE, "reason",
			 kvm->reason.text, "errno", -kvm->code, "api_version", kvm->api_version,
			 "guest_mips", kvm->guest_mips, "host_mips", kvm->host_mips, "features",
			 features);
}

static json_t *checks_json(const struct doctor_report *report)
{
	json_t *checks = json_object();

	for (size_t i = 0; i < report->check_count; i++) {
		(void)json_object_set_new(checks, report->checks[i].name,
					  json_pack("{s:b, s:s}", "ok", report->checks[i].ok,
						    "detail", report->checks[i].detail));
	}
	return checks;
}

json_t *doctor_json(const struct doctor_report *report)
{
	enum doctor_exit_code verdict = doctor_verdict(report);
	json_t *host = json_pack("{s:s, s:i, s:I, s:s}", "processor", report->processor,
				 "processors", (int)report->processors, "memory_bytes",
				 (json_int_t)report->memory_bytes, "kernel", report->kernel);

	return json_pack("{s:b, s:s, s:i, s:s, s:o, s:o, s:o}", "can_run",
			 verdict == DOCTOR_EXIT_READY, "verdict", verdict_names[verdict],
			 "exit_code", (int)verdict, "version", THUNDERLAKE_VERSION, "kvm",
			 kvm_json(&report->kvm), "host", host, "features", checks_json(report));
}

static int print_json(const struct doctor_report *report)
{
	json_t *json = doctor_json(report);
	int rc = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : -1;

	json_decref(json);
	(void)putchar('\n');
	return rc;
}

/* --- the verb --- */

static void print_help(FILE *out)
{
	(void)fputs("Usage: thunderlake doctor [--json]\n\n"
		    "Looks whether this host can run guests, and how fast: is /dev/kvm there and "
		    "yours\nto use, does it run guest code on the processor itself (measured), and "
		    "what else\nhelps. Tells what is wrong and what to do.\n\n"
		    "  --json      for programs, with keys that stay\n"
		    "  -h, --help  this text\n\n"
		    "Exit codes: 0 guests run, 1 they cannot (no usable KVM), 3 KVM is software: "
		    "tiny payloads\nrun, Linux would take minutes.\n",
		    out);
}

static int refuse_argument(const char *argument)
{
	log_error("doctor", "unknown argument '%s' (see thunderlake doctor --help)", argument);
	return DOCTOR_EXIT_CANNOT_RUN;
}

int doctor_main(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	struct doctor_report report;
	bool json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			print_help(stdout);
			return 0;
		default:
			return refuse_argument(argv[optind - 1]);
		}
	}
	if (optind < argc) {
		return refuse_argument(argv[optind]);
	}
	examine(&report);
	if (json) {
		if (print_json(&report) < 0) {
			return DOCTOR_EXIT_CANNOT_RUN;
		}
	} else {
		doctor_print(&report, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	}
	return (int)doctor_verdict(&report);
}
