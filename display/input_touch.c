/* SPDX-License-Identifier: MIT */
#include "display/input_state.h"
#include "vmm/base/compiler.h"

/* Fingers, by protocol B of Linux' multi-touch: each contact has a slot, and a number of its own.
 */

static bool has_contact_locked(const struct input *input, unsigned slot) REQUIRES(input->lock)
{
	return input->touches & (1u << slot);
}

static bool touch_locked(struct input *input, unsigned scanout, unsigned slot, int32_t x, int32_t y)
	REQUIRES(input->lock)
{
	struct input_event report[4] = { { EV_ABS, ABS_MT_SLOT, (int32_t)slot } };
	size_t used = 1;

	if (!has_contact_locked(input, slot)) {
		report[used++] =
			(struct input_event){ EV_ABS, ABS_MT_TRACKING_ID, input->contacts++ };
	}
	report[used++] = (struct input_event){ EV_ABS, ABS_MT_POSITION_X, x };
	report[used++] = (struct input_event){ EV_ABS, ABS_MT_POSITION_Y, y };
	return input_send_locked(input, INPUT_TOUCH, scanout, report, used);
}

static bool leave_locked(struct input *input, unsigned slot) REQUIRES(input->lock)
{
	const struct input_event report[] = { { EV_ABS, ABS_MT_SLOT, (int32_t)slot },
					      { EV_ABS, ABS_MT_TRACKING_ID, -1 } };

	return !has_contact_locked(input, slot) ||
	       input_send_locked(input, INPUT_TOUCH, 0, report, ARRAY_SIZE(report));
}

bool input_touch(struct input *input, unsigned scanout, unsigned slot, bool down, int32_t x,
		 int32_t y)
{
	bool is_taken;

	if (slot >= INPUT_TOUCHES_MAX) {
		return false;
	}
	mutex_lock(&input->lock);
	is_taken = down ? touch_locked(input, scanout, slot, x, y) : leave_locked(input, slot);
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
	return is_taken;
}
