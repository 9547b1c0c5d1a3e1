/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_KEY_NAMES_H
#define THUNDERLAKE_MGMT_KEY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* QMP's names and numbers of keys (QKeyCode of QEMU's qapi/ui.json), as KEY_ codes of
 * <linux/input-event-codes.h>. */

/* False: no such name. `*key` is 0 for "unmapped", which is no key. */
bool key_by_name(const char *name, unsigned *key);

/* By scan code of set 1, with 0x80 for those that have the prefix 0xe0; 0: none. */
unsigned key_by_number(int64_t number);

/* All names, in no order of meaning; NULL after the last. For nearest_name. */
const char *key_name_at(const void *unused, size_t index);

#endif
