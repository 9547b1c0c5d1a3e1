/* SPDX-License-Identifier: MIT */
#include "display/backend.h"
#include "display/none.h"

const struct display_backend_type *const display_backend_types[] = {
	&display_none_type,
	NULL,
};
