/* SPDX-License-Identifier: MIT */
#include "vmm/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (err) {
		va_start(args, format);
		(void)vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return code;
}

int error_set_errno(struct error *err, int code, const char *format, ...)
{
	va_list args;
	char reason[128];
	size_t used;

	if (!err) {
		return code;
	}
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		       strerror_r(-code, reason, sizeof(reason)));
	return code;
}

void error_prefix(struct error *err, const char *format, ...)
{
	char rest[ERROR_TEXT_MAX];
	va_list args;
	size_t used;

	if (!err) {
		return;
	}
	memcpy(rest, err->text, sizeof(rest));
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", rest);
}
