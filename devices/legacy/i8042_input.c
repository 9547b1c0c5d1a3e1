/* SPDX-License-Identifier: MIT */
/*
 * Keyboard and mouse as sinks of the input, for guests that have no better ones, or not yet. They
 * are ready while the guest wants to hear of them; a keyboard does from the power-on. The input is
 * told on the loop: the locks of a processor's access are not held then, and news keep their order.
 * While the machine is paused nothing is pressed.
 */
#include <string.h>

#include "devices/legacy/i8042_state.h"
#include "vmm/base/clock.h"

#define MS_NS UINT64_C(1000000)

static struct i8042_news news_locked(const struct i8042 *c) REQUIRES(c->lock)
{
	return (struct i8042_news){
		.takes_keys = c->keyboard.scanning,
		.takes_moves = c->mouse.reporting,
		.leds = ps2_keyboard_leds(&c->keyboard),
		.repeat_key = c->keyboard.repeat_key,
	};
}

static bool is_same(const struct i8042_news *a, const struct i8042_news *b)
{
	return a->takes_keys == b->takes_keys && a->takes_moves == b->takes_moves &&
	       a->leds == b->leds && a->repeat_key == b->repeat_key;
}

void i8042_input_update_locked(struct i8042 *c)
{
	const struct i8042_news news = news_locked(c);

	if (c->input && !is_same(&news, &c->posted)) {
		c->posted = news;
		loop_post(c->loop, &c->task);
	}
}

/* --- repeats --- */

static void arm_repeat(struct i8042 *c, unsigned delay_ms)
{
	loop_timer_arm(c->loop, &c->repeat_timer, clock_now_ns() + delay_ms * MS_NS);
}

static void on_repeat(void *arg)
{
	struct i8042 *c = arg;
	unsigned period_ms;

	mutex_lock(&c->lock);
	if (!c->quiet) {
		ps2_keyboard_repeat(&c->keyboard);
		i8042_refill_locked(c);
	}
	period_ms = ps2_keyboard_period_ms(&c->keyboard);
	mutex_unlock(&c->lock);
	arm_repeat(c, period_ms);
}

/* --- news --- */

static void tell(void *arg)
{
	struct i8042 *c = arg;
	struct i8042_news news;
	unsigned delay_ms;

	mutex_lock(&c->lock);
	news = news_locked(c);
	delay_ms = ps2_keyboard_delay_ms(&c->keyboard);
	mutex_unlock(&c->lock);
	if (news.takes_keys != c->told.takes_keys) {
		input_set_ready(c->input, &c->keyboard_sink, news.takes_keys);
	}
	if (news.takes_moves != c->told.takes_moves) {
		input_set_ready(c->input, &c->mouse_sink, news.takes_moves);
	}
	if (news.leds != c->told.leds) {
		input_set_leds(c->input, news.leds);
	}
	if (!news.repeat_key) {
		loop_timer_disarm(&c->repeat_timer);
	} else if (news.repeat_key != c->told.repeat_key) {
		arm_repeat(c, delay_ms);
	}
	c->told = news;
}

/* --- reports --- */

static void take_keys(void *arg, const struct input_event *events, size_t count)
{
	struct i8042 *c = arg;

	for (size_t i = 0; i < count; i++) {
		if (events[i].type == EV_KEY) {
			(void)i8042_key(c, events[i].code, events[i].value != 0);
		}
	}
}

static bool has_keys(void *arg)
{
	struct i8042 *c = arg;
	bool has_more;

	mutex_lock(&c->lock);
	has_more = c->quiet || c->keyboard.queue.count > 0;
	mutex_unlock(&c->lock);
	return has_more;
}

static void take_moves(void *arg, const struct input_event *events, size_t count)
{
	struct i8042 *c = arg;
	int32_t x = 0, y = 0, wheel = 0;

	mutex_lock(&c->lock);
	for (size_t i = 0; i < count; i++) {
		const struct input_event *event = &events[i];

		if (event->type == EV_KEY && !(c->quiet && event->value)) {
			ps2_mouse_button(&c->mouse, event->code, event->value != 0);
		} else if (event->type == EV_REL && !c->quiet) {
			x = event->code == REL_X ? event->value : x;
			y = event->code == REL_Y ? event->value : y;
			wheel = event->code == REL_WHEEL ? event->value : wheel;
		}
	}
	ps2_mouse_move(&c->mouse, x, y, wheel);
	i8042_refill_locked(c);
	mutex_unlock(&c->lock);
}

bool i8042_key(struct i8042 *controller, unsigned key, bool down)
{
	bool taken;

	mutex_lock(&controller->lock);
	taken = !(controller->quiet && down) && ps2_keyboard_key(&controller->keyboard, key, down);
	i8042_refill_locked(controller);
	i8042_input_update_locked(controller);
	mutex_unlock(&controller->lock);
	return taken;
}

/* --- */

void i8042_input_init(struct i8042 *c, const struct device_env *env)
{
	c->input = env->input;
	c->loop = env->loop;
	loop_task_init(&c->task, tell, c);
	loop_timer_init(&c->repeat_timer, on_repeat, c);
	c->keyboard_sink = (struct input_sink){ .id = "ps2-keyboard",
						.kind = INPUT_KEYBOARD,
						.rank = INPUT_RANK_PS2,
						.on_report = take_keys,
						.is_behind = has_keys,
						.arg = c };
	c->mouse_sink = (struct input_sink){ .id = "ps2-mouse",
					     .kind = INPUT_POINTER,
					     .rank = INPUT_RANK_PS2,
					     .on_report = take_moves,
					     .arg = c };
	if (c->input) {
		input_add_sink(c->input, &c->keyboard_sink);
		input_add_sink(c->input, &c->mouse_sink);
		mutex_lock(&c->lock);
		i8042_input_update_locked(c);
		mutex_unlock(&c->lock);
	}
}

static void disarm(void *arg)
{
	struct i8042 *c = arg;

	loop_task_cancel(c->loop, &c->task);
	loop_timer_disarm(&c->repeat_timer);
}

void i8042_input_finish(struct i8042 *c)
{
	if (c->input) {
		input_remove_sink(c->input, &c->keyboard_sink);
		input_remove_sink(c->input, &c->mouse_sink);
		loop_call(c->loop, disarm, c);
	}
}
