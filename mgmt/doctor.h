/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_DOCTOR_H
#define THUNDERLAKE_MGMT_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mgmt/host_checks.h"
#include "vmm/kvm/probe.h"

/* `thunderlake doctor`: what a host is worth, for people and for programs. doctor_main (verbs.h)
 * looks and prints; what follows is apart from the looking, for tests. */

/* Exit codes; the man page has the same table. */
enum doctor_exit_code {
	DOCTOR_EXIT_READY = 0,	    /* Linux guests run, at the host's speed */
	DOCTOR_EXIT_CANNOT_RUN = 1, /* no usable KVM; also: unknown option */
	DOCTOR_EXIT_SOFTWARE = 3,   /* KVM works, but emulates guest kernels: tiny payloads only */
};

struct doctor_report {
	struct kvm_probe kvm;
	char processor[96];
	unsigned processors;
	unsigned long long memory_bytes;
	char kernel[96];
	struct host_check checks[HOST_CHECKS_MAX];
	size_t check_count;
};

enum doctor_exit_code doctor_verdict(const struct doctor_report *report);

/* Colours are escape sequences of terminals. */
void doctor_print(const struct doctor_report *report, FILE *out, bool with_colours);

/* The same as JSON, a new reference; NULL without memory. Keys are stable:
 * can_run, verdict, exit_code, version, kvm {kind, usable, reason, errno, api_version, guest_mips,
 * host_mips, features {NAME: number}}, host {processor, processors, memory_bytes, kernel},
 * features {NAME: {ok, detail}}. */
json_t *doctor_json(const struct doctor_report *report);

#endif
