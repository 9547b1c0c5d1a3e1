/* SPDX-License-Identifier: MIT */
#include "audio/backend.h"
#include "audio/none.h"

const struct audio_backend_type *const audio_backend_types[] = {
	&audio_none_type,
	NULL,
};
