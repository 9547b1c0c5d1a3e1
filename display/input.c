/* SPDX-License-Identifier: MIT */
#include "display/input.h"

#include <errno.h>
#include <string.h>

#include "display/input_state.h"

int input_create(struct input **out)
{
	struct input *input = calloc(1, sizeof(*input));

	*out = input;
	if (!input) {
		return -ENOMEM;
	}
	mutex_init(&input->lock);
	condition_init(&input->idle);
	list_init(&input->sinks);
	list_init(&input->listeners);
	list_init(&input->deliveries);
	list_init(&input->turns);
	return 0;
}

void input_destroy(struct input *input)
{
	struct input_turn *turn;

	if (!input) {
		return;
	}
	list_for_each (turn, &input->turns, struct input_turn, node) {
		turn->on_end(turn);
	}
	condition_finish(&input->idle);
	mutex_finish(&input->lock);
	free(input);
}

/* --- what is down ---------------------------------------------------------------------------- */

static bool is_pressed(const uint8_t *pressed, unsigned code)
{
	return pressed[code / 8] & (1u << (code % 8));
}

static void flip_pressed(uint8_t *pressed, unsigned code)
{
	pressed[code / 8] ^= (uint8_t)(1u << (code % 8));
}

static void release_touches_locked(struct input *input) REQUIRES(input->lock)
{
	struct input_event report[2 * INPUT_TOUCHES_MAX];
	size_t used = 0;

	for (unsigned slot = 0; slot < INPUT_TOUCHES_MAX; slot++) {
		if (input->touches & (1u << slot)) {
			report[used++] = (struct input_event){ EV_ABS, ABS_MT_SLOT, (int32_t)slot };
			report[used++] = (struct input_event){ EV_ABS, ABS_MT_TRACKING_ID, -1 };
			input->slot = slot;
		}
	}
	if (used > 0) {
		(void)input_queue_locked(input, INPUT_TOUCH, report, used);
	}
	input->touches = 0;
}

void input_release_locked(struct input *input, enum input_kind kind)
{
	uint8_t *pressed = input->pressed[kind];
	struct input_event report[INPUT_REPORT_MAX];
	size_t used = 0;

	if (kind == INPUT_TOUCH) {
		release_touches_locked(input);
	}
	for (unsigned code = 0; code < KEY_CNT; code++) {
		if (is_pressed(pressed, code)) {
			flip_pressed(pressed, code);
			report[used++] = (struct input_event){ EV_KEY, (uint16_t)code, 0 };
		}
		if (used == INPUT_REPORT_MAX || (used > 0 && code == KEY_CNT - 1)) {
			(void)input_queue_locked(input, kind, report, used);
			used = 0;
		}
	}
}

void input_release_all(struct input *input)
{
	mutex_lock(&input->lock);
	for (unsigned kind = 0; kind < INPUT_KINDS; kind++) {
		input_release_locked(input, (enum input_kind)kind);
	}
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
}

static bool is_down_locked(struct input *input, enum input_kind kind, unsigned code)
	REQUIRES(input->lock)
{
	return code < KEY_CNT && is_pressed(input->pressed[kind], code);
}

bool input_is_down(struct input *input, unsigned code)
{
	bool is_down = false;

	mutex_lock(&input->lock);
	for (unsigned kind = 0; kind < INPUT_KINDS; kind++) {
		is_down = is_down || is_down_locked(input, (enum input_kind)kind, code);
	}
	mutex_unlock(&input->lock);
	return is_down;
}

/* --- where scanouts lie ---------------------------------------------------------------------- */

void input_set_layout(struct input *input, unsigned scanout, uint32_t width, uint32_t height)
{
	if (scanout < DISPLAY_SCANOUTS_MAX) {
		mutex_lock(&input->lock);
		input->layout[scanout].width = width;
		input->layout[scanout].height = height;
		mutex_unlock(&input->lock);
	}
}

/* A place between the edges of a scanout as one between the edges of the desktop. */
static int32_t map_locked(const struct input *input, unsigned scanout, bool is_x, int32_t value)
	REQUIRES(input->lock)
{
	const uint64_t place = (uint64_t)MAX(0, MIN(value, INPUT_ABS_MAX));
	uint64_t before = 0, own, whole = 0;

	if (scanout >= DISPLAY_SCANOUTS_MAX || !input->layout[scanout].width ||
	    !input->layout[scanout].height) {
		return (int32_t)place;
	}
	own = is_x ? input->layout[scanout].width : input->layout[scanout].height;
	for (unsigned i = 0; i < DISPLAY_SCANOUTS_MAX; i++) {
		if (!is_x) {
			whole = MAX(whole, input->layout[i].height);
			continue;
		}
		before += i < scanout ? input->layout[i].width : 0;
		whole += input->layout[i].width;
	}
	return (int32_t)((before * INPUT_ABS_MAX + place * own) / whole);
}

/* --- sending --------------------------------------------------------------------------------- */

static bool is_x_axis(uint16_t code)
{
	return code == ABS_X || code == ABS_MT_POSITION_X;
}

static bool is_place(enum input_kind kind, uint16_t code)
{
	return kind == INPUT_TABLET ? code == ABS_X || code == ABS_Y
				    : kind == INPUT_TOUCH && (code == ABS_MT_POSITION_X ||
							      code == ABS_MT_POSITION_Y);
}

static void note_touch_locked(struct input *input, const struct input_event *event)
	REQUIRES(input->lock)
{
	if (event->code == ABS_MT_SLOT) {
		input->slot = (unsigned)event->value;
	} else if (event->code == ABS_MT_TRACKING_ID && input->slot < INPUT_TOUCHES_MAX) {
		input->touches &= ~(1u << input->slot);
		input->touches |= (event->value >= 0 ? 1u : 0u) << input->slot;
	}
}

/* Whether the sink is to see the event, which may change on its way. */
static bool take_event_locked(struct input *input, enum input_kind kind, unsigned scanout,
			      struct input_event *event) REQUIRES(input->lock)
{
	switch (event->type) {
	case EV_KEY:
		if (event->code >= KEY_CNT || kind == INPUT_TOUCH ||
		    is_pressed(input->pressed[kind], event->code) == (event->value != 0)) {
			return false;
		}
		flip_pressed(input->pressed[kind], event->code);
		event->value = event->value != 0;
		return true;
	case EV_ABS:
		if (is_place(kind, event->code)) {
			event->value =
				map_locked(input, scanout, is_x_axis(event->code), event->value);
		} else if (kind == INPUT_TOUCH) {
			note_touch_locked(input, event);
		}
		return true;
	default:
		return event->type == EV_REL;
	}
}

/* Adds BTN_TOUCH when the first contact begins and when the last one ends; returns how many events
 * there are then. */
static size_t add_touch_locked(struct input *input, struct input_event *report, size_t used)
	REQUIRES(input->lock)
{
	uint8_t *pressed = input->pressed[INPUT_TOUCH];
	const bool is_touched = input->touches != 0;

	if (is_pressed(pressed, BTN_TOUCH) != is_touched) {
		flip_pressed(pressed, BTN_TOUCH);
		report[used++] = (struct input_event){ EV_KEY, BTN_TOUCH, is_touched };
	}
	return used;
}

bool input_send_locked(struct input *input, enum input_kind kind, unsigned scanout,
		       const struct input_event *events, size_t count)
{
	struct input_event report[INPUT_REPORT_MAX + 1];
	size_t used = 0;

	if (!input->best[kind] || count > INPUT_REPORT_MAX) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		report[used] = events[i];
		used += take_event_locked(input, kind, scanout, &report[used]) ? 1 : 0;
	}
	if (kind == INPUT_TOUCH) {
		used = add_touch_locked(input, report, used);
	}
	return used == 0 || input_queue_locked(input, kind, report, used);
}

bool input_send(struct input *input, enum input_kind kind, unsigned scanout,
		const struct input_event *events, size_t count)
{
	bool is_taken;

	mutex_lock(&input->lock);
	is_taken = input_send_locked(input, kind, scanout, events, count);
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
	return is_taken;
}

bool input_has(struct input *input, enum input_kind kind)
{
	bool has;

	mutex_lock(&input->lock);
	has = input->best[kind] != NULL;
	mutex_unlock(&input->lock);
	return has;
}

bool input_key(struct input *input, unsigned key, bool down)
{
	const struct input_event event = { EV_KEY, (uint16_t)key, down };

	return key < KEY_CNT && input_send(input, INPUT_KEYBOARD, 0, &event, 1);
}

bool input_move_to(struct input *input, unsigned scanout, int32_t x, int32_t y)
{
	const struct input_event events[] = { { EV_ABS, ABS_X, x }, { EV_ABS, ABS_Y, y } };

	return input_send(input, INPUT_TABLET, scanout, events, ARRAY_SIZE(events));
}

/* Where buttons and wheels without a place belong. */
static enum input_kind pointing_kind_locked(const struct input *input) REQUIRES(input->lock)
{
	return input->best[INPUT_TABLET] ? INPUT_TABLET : INPUT_POINTER;
}

bool input_button(struct input *input, unsigned button, bool down)
{
	const struct input_event event = { EV_KEY, (uint16_t)button, down };
	enum input_kind kind;
	bool is_taken;

	if (button >= KEY_CNT) {
		return false;
	}
	mutex_lock(&input->lock);
	kind = pointing_kind_locked(input);
	/* A tablet may have come while the mouse had a button down. */
	if (!down && is_down_locked(input, INPUT_POINTER, button)) {
		kind = INPUT_POINTER;
	}
	is_taken = input_send_locked(input, kind, 0, &event, 1);
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
	return is_taken;
}

/* Adds the events of one wheel, which turned by some units; returns how many. */
static size_t add_wheel(struct input_event *events, int64_t *rest, int32_t units, uint16_t code,
			uint16_t high_resolution_code)
{
	size_t used = 0;
	int64_t notches;

	if (units == 0) {
		return 0;
	}
	if ((*rest < 0) != (units < 0)) {
		*rest = 0; /* the other way, a notch begins anew */
	}
	*rest += units;
	notches = *rest / INPUT_WHEEL_CLICK;
	*rest %= INPUT_WHEEL_CLICK;
	events[used++] = (struct input_event){ EV_REL, high_resolution_code, units };
	if (notches != 0) {
		events[used++] = (struct input_event){ EV_REL, code, (int32_t)notches };
	}
	return used;
}

bool input_wheel(struct input *input, int32_t vertical, int32_t horizontal)
{
	struct input_event events[4];
	size_t used;
	bool is_taken;

	mutex_lock(&input->lock);
	used = add_wheel(events, &input->wheel_rest[0], vertical, REL_WHEEL, REL_WHEEL_HI_RES);
	used += add_wheel(events + used, &input->wheel_rest[1], horizontal, REL_HWHEEL,
			  REL_HWHEEL_HI_RES);
	is_taken = input_send_locked(input, pointing_kind_locked(input), 0, events, used);
	input_deliver_locked(input);
	mutex_unlock(&input->lock);
	return is_taken;
}
