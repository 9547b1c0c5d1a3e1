/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_I8042_STATE_H
#define THUNDERLAKE_DEVICES_LEGACY_I8042_STATE_H

#include "devices/legacy/i8042.h"
#include "devices/legacy/ps2.h"
#include "display/input.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"

/* Inside of the controller: i8042.c has its ports, i8042_input.c is where keys come from. */
#define I8042_RAM_BYTES 32u

enum i8042_source {
	I8042_CONTROLLER,
	I8042_KEYBOARD,
	I8042_AUX
};

/* What the input is told about keyboard and mouse. */
struct i8042_news {
	bool takes_keys, takes_moves;
	unsigned leds;
	uint8_t repeat_key;
};

struct i8042 {
	struct io_region data_region, command_region, control_a_region;
	const struct machine_requests *requests; /* borrowed */

	/* Guards what follows, up to the loop's. */
	struct mutex lock;
	struct irq_line keyboard_irq, aux_irq;
	bool quiet;		      /* between quiesce and resume */
	uint8_t ram[I8042_RAM_BYTES]; /* byte 0 is the command byte */
	uint8_t command;	      /* whose argument comes next at the data port; 0: none */
	bool last_was_command;
	uint8_t control_a;

	bool full; /* the output buffer holds `output` from `source` */
	uint8_t output;
	enum i8042_source source;
	bool released; /* of ps2_translate */
	struct ps2_keyboard keyboard;
	struct ps2_mouse mouse;
	struct i8042_news posted; /* for which the task was posted */

	/* Of i8042_input.c; the loop's but for the task. */
	struct input *input; /* borrowed; NULL: nobody sends keys */
	struct loop *loop;   /* borrowed */
	struct input_sink keyboard_sink, mouse_sink;
	struct loop_task task;
	struct loop_timer repeat_timer;
	struct i8042_news told;
};

/* The next byte goes into the output buffer, if that is empty. */
void i8042_refill_locked(struct i8042 *c) REQUIRES(c->lock);

/* After anything that may change what the input is told. */
void i8042_input_update_locked(struct i8042 *c) REQUIRES(c->lock);

/* Main thread. */
void i8042_input_init(struct i8042 *c, const struct device_env *env);
void i8042_input_finish(struct i8042 *c);

#endif
