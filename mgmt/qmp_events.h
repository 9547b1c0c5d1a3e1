/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_EVENTS_H
#define THUNDERLAKE_MGMT_QMP_EVENTS_H

#include <jansson.h>

#include "mgmt/qmp_machine.h"

struct qmp_context;

/* What clients are told unasked. */

/* What a client is greeted with. */
json_t *qmp_greeting(void);

/* The "version" of greeting and query-version. */
json_t *qmp_version(void);

/* The event as clients see it, without timestamp: a new reference, NULL for one that QMP does not
 * tell or without memory. */
json_t *qmp_event(const struct qmp_context *context, const struct machine_event_info *info);

#endif
