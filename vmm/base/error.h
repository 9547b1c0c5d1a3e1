/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_ERROR_H
#define THUNDERLAKE_VMM_BASE_ERROR_H

#include "vmm/base/compiler.h"

#define ERROR_TEXT_MAX 512

/*
 * Text for people, for configuration and control paths: what failed, on which object, why, and what
 * to do. Code for programs travels beside it as a negative errno. Any `struct error *` may be NULL
 * where the caller does not want the text. No function here allocates; texts are cut to fit.
 */
struct error {
	char text[ERROR_TEXT_MAX];
};

/* Replaces the text. Returns `code`, so that makers can `return error_set(err, -EINVAL, …)`. */
int error_set(struct error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* As error_set, with ": " and the text of errno value -code appended. */
int error_set_errno(struct error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "…: " before the text: which object the failing part belongs to. */
void error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
