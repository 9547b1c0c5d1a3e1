/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_BALLOON_H
#define THUNDERLAKE_DEVICES_VIRTIO_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/device.h"

/*
 * Memory balloon (virtio 1.2 §5.5): takes memory from the guest and gives it back, tells what the
 * guest does with its memory, and returns pages to the host that the guest reports as free. Sizes
 * are what QMP means by them: the memory left to the guest, in bytes. Each change of the actual
 * size is told to env->notify as BALLOON_EVENT with the new size.
 */
extern const struct device_type virtio_balloon_type;

#define BALLOON_EVENT "balloon-change"

/* What the guest told last; -1 (UINT64_MAX) for what it did not tell. Bytes or counts. */
struct balloon_stats {
	uint64_t swapped_in, swapped_out;
	uint64_t major_faults, minor_faults;
	uint64_t free_memory, total_memory, available_memory, disk_caches;
	uint64_t huge_page_allocations, huge_page_failures;
	uint64_t age_ms; /* since the guest told it; UINT64_MAX: never */
};

/* `state` is that of a virtio_balloon_type. All functions on the main thread. */

/* Asks the guest to shrink or grow to `bytes`; more than its RAM means all of it. The guest takes
 * its time, or has no driver: see balloon_actual. -EINVAL for 0. */
int balloon_set_target(void *state, uint64_t bytes);
uint64_t balloon_target(const void *state);
uint64_t balloon_actual(const void *state);

/* What is known, and asks the guest for news; ask again a little later. */
void balloon_get_stats(void *state, struct balloon_stats *out);

#endif
