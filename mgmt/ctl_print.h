/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_PRINT_H
#define THUNDERLAKE_MGMT_CTL_PRINT_H

#include <jansson.h>

/* What `ctl` shows to people, on standard output. Missing members show as "?". */

/* One line: name, state, processors, memory. */
void ctl_print_summary(const json_t *summary);
void ctl_print_block(const json_t *disks);
void ctl_print_pci(const json_t *buses);
void ctl_print_network(const json_t *cards);
void ctl_print_balloon(const json_t *balloon);
void ctl_print_screens(const json_t *screens);
void ctl_print_stats(const json_t *stats);
void ctl_print_event(const json_t *event);

/* For programs: indented, keys in the machine's order. */
void ctl_print_json(const json_t *value);

#endif
