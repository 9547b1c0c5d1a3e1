/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_INPUT_CONFIG_H
#define THUNDERLAKE_DEVICES_VIRTIO_INPUT_CONFIG_H

#include <linux/virtio_input.h>
#include <stdbool.h>
#include <stdint.h>

#include "display/input.h"

/*
 * What kinds of input devices there are, and how a driver reads it: it writes `select` and `subsel`
 * and finds the answer in the rest of the configuration (virtio 1.2 §5.8.4).
 */
struct input_profile {
	const char *name; /* what the guest calls it */
	uint16_t product;
	enum input_kind kind;
	uint32_t properties; /* bits of 1 << INPUT_PROP_… */
	const struct input_code_range *ranges;
	size_t range_count;
	const struct input_axis *axes;
	size_t axis_count;
};

extern const struct input_profile input_keyboard_profile;
extern const struct input_profile input_mouse_profile;
extern const struct input_profile input_tablet_profile;
extern const struct input_profile input_touch_profile;

/* Whether such a device sends this event. */
bool input_profile_has(const struct input_profile *profile, unsigned type, unsigned code);

/* Answers config->select and config->subsel, of any values, in the other fields. */
void input_profile_answer(const struct input_profile *profile, const char *serial,
			  struct virtio_input_config *config);

#endif
