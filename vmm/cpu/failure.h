/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_FAILURE_H
#define THUNDERLAKE_VMM_CPU_FAILURE_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#define FAILURE_CODE_BYTES 16u

/* All that is known of a processor that KVM cannot run on. */
struct failure {
	unsigned cpu;
	int code;		   /* -errno of KVM_RUN, or 0 with `run` */
	const struct kvm_run *run; /* the exit */
	const struct kvm_regs *regs;
	const struct kvm_sregs *sregs;
	const uint8_t *bytes; /* code at RIP, `byte_count` of them, may be 0 */
	size_t byte_count;
};

/* Writes several lines: what happened, a sentence that a user can act on, code bytes, registers.
 * Cut to fit. No ioctl. */
void failure_describe(const struct failure *failure, char *text, size_t size);

/* The code bytes that came with an emulation failure: their number, 0 if there are none. */
size_t failure_exit_bytes(const struct kvm_run *run, const uint8_t **bytes);

#endif
