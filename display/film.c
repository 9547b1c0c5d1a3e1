/* SPDX-License-Identifier: MIT */
#include "display/film.h"

#include <string.h>

#include "vmm/base/compiler.h"

static const struct film_type *const types[] = { &y4m_film_type, &ffmpeg_film_type };

const struct film_type *film_type_find(const char *path, struct error *err)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t ending = strlen(types[i]->ending);

		if (length > ending && strcmp(path + length - ending, types[i]->ending) == 0) {
			return types[i];
		}
	}
	(void)error_set(err, 0,
			"film %s: the name ends in neither .mkv (packed by ffmpeg) nor .y4m "
			"(raw, large)",
			path);
	return NULL;
}
