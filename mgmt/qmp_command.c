/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_command.h"

#include <stdarg.h>
#include <stdio.h>

json_t *qmp_fail(struct qmp_failure *failure, const char *class, const char *format, ...)
{
	va_list args;

	failure->class = class;
	va_start(args, format);
	(void)vsnprintf(failure->error.text, sizeof(failure->error.text), format, args);
	va_end(args);
	return NULL;
}

json_t *qmp_defer(struct qmp_failure *failure, struct qmp_pending *pending)
{
	failure->pending = pending;
	return NULL;
}

void qmp_finish(struct qmp_pending *pending, json_t *result, const struct qmp_failure *failure)
{
	pending->on_finish(pending, result, failure);
}
