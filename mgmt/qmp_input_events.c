/* SPDX-License-Identifier: MIT */
/* input-send-event: all events are checked before the first is sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/display.h"
#include "display/input.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_input.h"
#include "vmm/base/compiler.h"

enum event_type {
	EVENT_KEY,
	EVENT_BUTTON,
	EVENT_RELATIVE,
	EVENT_ABSOLUTE,
	EVENT_TOUCH
};

static const char *const event_types[] = { "key", "btn", "rel", "abs", "mtt", NULL };

struct event {
	enum event_type type;
	unsigned code; /* of key or button; 0: none */
	bool is_down;
	bool is_y;
	int32_t vertical, horizontal; /* of a button that is a wheel */
	int32_t value;
	struct input_event touch[2]; /* what a finger does */
};

static const struct {
	unsigned code;
	int8_t vertical, horizontal;
} buttons[] = {
	{ BTN_LEFT, 0, 0 }, { BTN_MIDDLE, 0, 0 }, { BTN_RIGHT, 0, 0 }, { 0, 1, 0 },
	{ 0, -1, 0 },	    { BTN_SIDE, 0, 0 },	  { BTN_EXTRA, 0, 0 }, { 0, 0, -1 },
	{ 0, 0, 1 },	    { 0, 0, 0 }, /* the input itself adds the button of touch screens */
};

const char *const qmp_button_names[] = { "left",	"middle", "right", "wheel-up",
					 "wheel-down",	"side",	  "extra", "wheel-left",
					 "wheel-right", "touch",  NULL };

unsigned qmp_button(int index)
{
	return buttons[index].code;
}

static bool take_down(const json_t *data, const char *path, bool *is_down,
		      struct qmp_failure *failure)
{
	const json_t *value = qmp_member(data, path, "down", QMP_BOOL, failure);

	*is_down = json_is_true(value);
	return value;
}

static bool take_key_event(const json_t *data, const char *path, struct event *event,
			   struct qmp_failure *failure)
{
	static const char *const names[] = { "key", "down", NULL };
	const json_t *key = qmp_member(data, path, "key", QMP_OBJECT, failure);
	char below[QMP_PATH_SIZE + 8];

	(void)snprintf(below, sizeof(below), "%skey.", path);
	return key && qmp_take_key(key, below, &event->code, failure) &&
	       take_down(data, path, &event->is_down, failure) &&
	       qmp_has_only(data, path, names, failure);
}

static bool take_button_event(const json_t *data, const char *path, struct event *event,
			      struct qmp_failure *failure)
{
	static const char *const names[] = { "button", "down", NULL };
	const int button = qmp_choice(data, path, "button", qmp_button_names, failure);

	if (button < 0) {
		return false;
	}
	event->code = buttons[button].code;
	event->vertical = buttons[button].vertical * INPUT_WHEEL_CLICK;
	event->horizontal = buttons[button].horizontal * INPUT_WHEEL_CLICK;
	return take_down(data, path, &event->is_down, failure) &&
	       qmp_has_only(data, path, names, failure);
}

/* Axis and value. */
static bool take_place(const json_t *data, const char *path, struct event *event,
		       struct qmp_failure *failure)
{
	static const char *const axes[] = { "x", "y", NULL };
	const int axis = qmp_choice(data, path, "axis", axes, failure);
	const json_t *value =
		axis < 0 ? NULL : qmp_member(data, path, "value", QMP_INTEGER, failure);
	const json_int_t number = json_integer_value(value);

	event->is_y = axis == 1;
	event->value = (int32_t)MAX(INT32_MIN, MIN(number, INT32_MAX));
	return value;
}

static bool take_move_event(const json_t *data, const char *path, struct event *event,
			    struct qmp_failure *failure)
{
	static const char *const names[] = { "axis", "value", NULL };

	return take_place(data, path, event, failure) && qmp_has_only(data, path, names, failure);
}

static bool take_bounded(const json_t *data, const char *path, const char *name, uint64_t max,
			 uint64_t *out, struct qmp_failure *failure)
{
	return qmp_member(data, path, name, QMP_INTEGER, failure) &&
	       qmp_take_number(data, name, max, 0, out, failure);
}

/* An InputMultiTouchEvent: QEMU wants all its members, whatever it means. */
static bool take_touch_event(const json_t *data, const char *path, struct event *event,
			     struct qmp_failure *failure)
{
	static const char *const names[] = { "type", "slot", "tracking-id", "axis", "value", NULL };
	static const char *const kinds[] = { "begin", "update", "end", "cancel", "data", NULL };
	const int kind = qmp_choice(data, path, "type", kinds, failure);
	const bool is_end = kind == 2 || kind == 3;
	const bool is_place = kind == 4;
	uint64_t slot, contact;

	if (kind < 0 || !take_place(data, path, event, failure) ||
	    !take_bounded(data, path, "slot", INPUT_TOUCHES_MAX - 1, &slot, failure) ||
	    !qmp_member(data, path, "tracking-id", QMP_INTEGER, failure)) {
		return false;
	}
	event->touch[0] = (struct input_event){ EV_ABS, ABS_MT_SLOT, (int32_t)slot };
	if (is_place) {
		event->touch[1] = (struct input_event){
			EV_ABS, event->is_y ? ABS_MT_POSITION_Y : ABS_MT_POSITION_X, event->value
		};
	} else if (is_end) {
		event->touch[1] = (struct input_event){ EV_ABS, ABS_MT_TRACKING_ID, -1 };
	} else if (take_bounded(data, path, "tracking-id", UINT16_MAX, &contact, failure)) {
		event->touch[1] =
			(struct input_event){ EV_ABS, ABS_MT_TRACKING_ID, (int32_t)contact };
	} else {
		return false;
	}
	return qmp_has_only(data, path, names, failure);
}

/* Element `index` of the events. */
static bool take_event(const json_t *array, size_t index, struct event *event,
		       struct qmp_failure *failure)
{
	static const char *const names[] = { "type", "data", NULL };
	const json_t *value = qmp_element(array, "events", index, failure);
	const json_t *data;
	char path[QMP_PATH_SIZE], below[QMP_PATH_SIZE];
	bool is_good;
	int type;

	(void)snprintf(path, sizeof(path), "events[%zu].", index);
	(void)snprintf(below, sizeof(below), "events[%zu].data.", index);
	type = value ? qmp_choice(value, path, "type", event_types, failure) : -1;
	data = type < 0 ? NULL : qmp_member(value, path, "data", QMP_OBJECT, failure);
	if (!data) {
		return false;
	}
	*event = (struct event){ .type = (enum event_type)type };
	switch (event->type) {
	case EVENT_KEY:
		is_good = take_key_event(data, below, event, failure);
		break;
	case EVENT_BUTTON:
		is_good = take_button_event(data, below, event, failure);
		break;
	case EVENT_TOUCH:
		is_good = take_touch_event(data, below, event, failure);
		break;
	default:
		is_good = take_move_event(data, below, event, failure);
		break;
	}
	return is_good && qmp_has_only(value, path, names, failure);
}

static bool has_sink(struct input *input, enum event_type type)
{
	switch (type) {
	case EVENT_KEY:
		return input_has(input, INPUT_KEYBOARD);
	case EVENT_BUTTON:
		return input_has(input, INPUT_TABLET) || input_has(input, INPUT_POINTER);
	case EVENT_RELATIVE:
		return input_has(input, INPUT_POINTER);
	case EVENT_TOUCH:
		return input_has(input, INPUT_TOUCH);
	default:
		return input_has(input, INPUT_TABLET);
	}
}

static void send_event(struct input *input, unsigned scanout, const struct event *event)
{
	struct input_event move = { EV_REL, event->is_y ? REL_Y : REL_X, event->value };

	if (event->type == EVENT_KEY && event->code) {
		(void)input_key(input, event->code, event->is_down);
	} else if (event->type == EVENT_BUTTON && event->code) {
		(void)input_button(input, event->code, event->is_down);
	} else if (event->type == EVENT_BUTTON && event->is_down) {
		(void)input_wheel(input, event->vertical, event->horizontal);
	} else if (event->type == EVENT_RELATIVE) {
		(void)input_send(input, INPUT_POINTER, 0, &move, 1);
	} else if (event->type == EVENT_ABSOLUTE) {
		move.type = EV_ABS;
		move.code = event->is_y ? ABS_Y : ABS_X;
		(void)input_send(input, INPUT_TABLET, scanout, &move, 1);
	}
}

/* What fingers do in events that follow each other is one report: a contact that came before its
 * place would be at another one. Returns how many events they were. */
static size_t send_touches(struct input *input, unsigned scanout, const struct event *events,
			   size_t count)
{
	struct input_event report[INPUT_REPORT_MAX];
	size_t used = 0;
	size_t i;

	for (i = 0; i < count && events[i].type == EVENT_TOUCH; i++) {
		if (used + ARRAY_SIZE(events[i].touch) > ARRAY_SIZE(report)) {
			break;
		}
		memcpy(report + used, events[i].touch, sizeof(events[i].touch));
		used += ARRAY_SIZE(events[i].touch);
	}
	(void)input_send(input, INPUT_TOUCH, scanout, report, used);
	return i;
}

static json_t *send_events(const struct qmp_context *c, unsigned scanout,
			   const struct event *events, size_t count, struct qmp_failure *failure)
{
	struct input *input = qmp_find_input(c, failure);

	if (!input) {
		return NULL;
	}
	if (!qmp_guest_runs(c)) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "VM not running");
	}
	for (size_t i = 0; i < count; i++) {
		if (!has_sink(input, events[i].type)) {
			return qmp_fail(failure, QMP_GENERIC_ERROR,
					"Input handler not found for event type %s",
					event_types[events[i].type]);
		}
	}
	for (size_t i = 0; i < count;) {
		if (events[i].type == EVENT_TOUCH) {
			i += send_touches(input, scanout, events + i, count - i);
		} else {
			send_event(input, scanout, &events[i++]);
		}
	}
	return json_object();
}

json_t *qmp_run_input_send_event(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	const char *device = json_string_value(json_object_get(arguments, "device"));
	const json_t *array = json_object_get(arguments, "events");
	const size_t count = json_array_size(array);
	AUTO_FREE struct event *events = calloc(count + 1, sizeof(*events));
	uint64_t head;

	if (!events) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		if (!take_event(array, i, &events[i], failure)) {
			return NULL;
		}
	}
	if (!qmp_take_number(arguments, "head", DISPLAY_SCANOUTS_MAX - 1, 0, &head, failure)) {
		return NULL;
	}
	if (device && !c->ops->has_device(c->machine, device)) {
		return qmp_fail(failure, QMP_DEVICE_NOT_FOUND, "Device '%s' not found", device);
	}
	return send_events(c, (unsigned)head, events, count, failure);
}
