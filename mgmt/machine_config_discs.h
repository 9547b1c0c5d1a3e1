/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_CONFIG_DISCS_H
#define THUNDERLAKE_MGMT_MACHINE_CONFIG_DISCS_H

#include <stdbool.h>

#include "vmm/base/error.h"

/* Whether the first item of such a text is a bare word: the name of a disc that `thunderlake image`
 * makes, or `none`. What a path is is told by its looks, so that a stray file never hides a name.
 */
bool machine_config_is_disc_name(const char *text);

/* The drive that one `--disc` makes. */
struct machine_disc {
	const char *type; /* of the device */
	char *options;	  /* text for its option table, owned by the caller */
};

/* `text` is FILE[,OPTION=…], NAME[,OPTION=…] or none[,OPTION=…]. -ENOMEM, or as image_find_disc. */
int machine_config_resolve_disc(const char *text, struct machine_disc *out, struct error *err);

#endif
