/* SPDX-License-Identifier: MIT */
/*
 * Read by clang-tidy ahead of each file: tells the analyzer, which sees one file at a time, that
 * error_set() and error_set_errno() return the code they are given. Without it every caller seems
 * able to go on after an error.
 */
#ifndef THUNDERLAKE_TESTS_LINT_ANALYZER_H
#define THUNDERLAKE_TESTS_LINT_ANALYZER_H

#include "vmm/base/error.h"

#define error_set(err, code, ...)	(error_set(err, code, __VA_ARGS__), (code))
#define error_set_errno(err, code, ...) (error_set_errno(err, code, __VA_ARGS__), (code))

#endif
