/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_FILM_SOUND_H
#define THUNDERLAKE_MGMT_FILM_SOUND_H

#include "display/record.h"

struct audio;

/*
 * The sound track of a film: listens to what a machine plays, puts it where on the film's time it
 * is heard, and mixes the streams into one of the film's rate. What is of that rate already stays
 * as it is, sample by sample. Main thread.
 */
struct film_sound;

/* `audio` is borrowed. -ENOMEM. */
int film_sound_create(struct audio *audio, struct film_sound **out);
/* After the record. NULL is fine. */
void film_sound_destroy(struct film_sound *sound);

/* For record_options; lives as long as the film_sound. */
const struct record_sound *film_sound_source(const struct film_sound *sound);

#endif
