/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_NONE_H
#define THUNDERLAKE_DISPLAY_NONE_H

#include "display/backend.h"

/* A monitor that nobody sees: it sets the pace by a virtual refresh rate, so that a guest draws,
 * and is measured, as it would be in a window. For tests, automation and hosts without a screen. */
extern const struct display_backend_type display_none_type;

#endif
