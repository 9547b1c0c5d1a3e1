/* SPDX-License-Identifier: MIT */
#include "devices/legacy/i8042.h"

#include "devices/legacy/i8042_state.h"
#include "devices/legacy/isa.h"
#include "devices/legacy/request.h"
#include "vmm/boot/layout.h"

#define COMMAND_PORT   (LAYOUT_I8042_PORT + 4u)
#define CONTROL_A_PORT 0x92u

/* Status register. */
#define STATUS_OBF	0x01u /* a byte for the processor waits */
#define STATUS_SYSTEM	0x04u /* self test passed */
#define STATUS_COMMAND	0x08u /* the last write was a command */
#define STATUS_UNLOCKED 0x10u
#define STATUS_AUX	0x20u /* the waiting byte is the mouse's */

/* Controller command byte. */
#define CTR_KEYBOARD_IRQ      0x01u
#define CTR_AUX_IRQ	      0x02u
#define CTR_SYSTEM	      0x04u
#define CTR_KEYBOARD_DISABLED 0x10u
#define CTR_AUX_DISABLED      0x20u
#define CTR_TRANSLATE	      0x40u
#define CTR_POWER_ON	      (CTR_KEYBOARD_IRQ | CTR_SYSTEM | CTR_TRANSLATE | CTR_AUX_DISABLED)

/* Commands to the controller. */
enum {
	READ_RAM = 0x20,
	WRITE_RAM = 0x60,
	AUX_DISABLE = 0xa7,
	AUX_ENABLE = 0xa8,
	AUX_TEST = 0xa9,
	SELF_TEST = 0xaa,
	KEYBOARD_TEST = 0xab,
	KEYBOARD_DISABLE = 0xad,
	KEYBOARD_ENABLE = 0xae,
	READ_INPUT_PORT = 0xc0,
	READ_OUTPUT_PORT = 0xd0,
	WRITE_OUTPUT_PORT = 0xd1,
	WRITE_KEYBOARD_BUFFER = 0xd2,
	WRITE_AUX_BUFFER = 0xd3,
	WRITE_AUX = 0xd4,
	PULSE_OUTPUT_PORT = 0xf0, /* to 0xff */
};

#define OUTPUT_PORT_RESET 0x01u /* low resets the processor */
#define OUTPUT_PORT_A20	  0x02u
#define CONTROL_A_RESET	  0x01u
#define CONTROL_A_A20	  0x02u
#define TEST_PASSED	  0x55u

static void update_irq_locked(struct i8042 *c) REQUIRES(c->lock)
{
	bool aux = c->full && c->source == I8042_AUX;
	bool keyboard = c->full && c->source != I8042_AUX;

	if (!c->quiet) {
		irq_line_set(&c->keyboard_irq, keyboard && (c->ram[0] & CTR_KEYBOARD_IRQ));
		irq_line_set(&c->aux_irq, aux && (c->ram[0] & CTR_AUX_IRQ));
	}
}

static void fill_output_locked(struct i8042 *c, enum i8042_source source, uint8_t byte)
	REQUIRES(c->lock)
{
	c->full = true;
	c->source = source;
	c->output = byte;
	update_irq_locked(c);
}

/* The next byte of a device that is allowed to speak. */
static bool take_byte_locked(struct i8042 *c, enum i8042_source *source, uint8_t *byte)
	REQUIRES(c->lock)
{
	uint8_t raw;

	*source = I8042_KEYBOARD;
	while (!(c->ram[0] & CTR_KEYBOARD_DISABLED) && ps2_queue_take(&c->keyboard.queue, &raw)) {
		if (!(c->ram[0] & CTR_TRANSLATE)) {
			*byte = raw;
			return true;
		}
		if (ps2_translate(raw, &c->released, byte)) {
			return true;
		}
	}
	*source = I8042_AUX;
	return !(c->ram[0] & CTR_AUX_DISABLED) && ps2_queue_take(&c->mouse.queue, byte);
}

void i8042_refill_locked(struct i8042 *c)
{
	enum i8042_source source;
	uint8_t byte;

	ps2_mouse_flush(&c->mouse);
	if (!c->full && take_byte_locked(c, &source, &byte)) {
		fill_output_locked(c, source, byte);
	}
}

static void answer_locked(struct i8042 *c, uint8_t byte) REQUIRES(c->lock)
{
	fill_output_locked(c, I8042_CONTROLLER, byte);
}

/* --- ports 0x60 and 0x64 --- */

/* Returns whether the command asks for a reset. */
static bool run_command_locked(struct i8042 *c, uint8_t command) REQUIRES(c->lock)
{
	switch (command) {
	case AUX_DISABLE:
		c->ram[0] |= CTR_AUX_DISABLED;
		break;
	case AUX_ENABLE:
		c->ram[0] &= (uint8_t)~CTR_AUX_DISABLED;
		break;
	case KEYBOARD_DISABLE:
		c->ram[0] |= CTR_KEYBOARD_DISABLED;
		break;
	case KEYBOARD_ENABLE:
		c->ram[0] &= (uint8_t)~CTR_KEYBOARD_DISABLED;
		break;
	case SELF_TEST:
		c->ram[0] |= CTR_SYSTEM;
		answer_locked(c, TEST_PASSED);
		break;
	case AUX_TEST:
	case KEYBOARD_TEST:
		answer_locked(c, 0);
		break;
	case READ_INPUT_PORT:
		answer_locked(c, 0x80); /* the keyboard is not locked */
		break;
	case READ_OUTPUT_PORT:
		answer_locked(c, OUTPUT_PORT_RESET | OUTPUT_PORT_A20);
		break;
	case WRITE_OUTPUT_PORT:
	case WRITE_KEYBOARD_BUFFER:
	case WRITE_AUX_BUFFER:
	case WRITE_AUX:
		c->command = command;
		break;
	default:
		if (command >= PULSE_OUTPUT_PORT) {
			return !(command & OUTPUT_PORT_RESET);
		}
		if (command >= READ_RAM && command < READ_RAM + I8042_RAM_BYTES) {
			answer_locked(c, c->ram[command - READ_RAM]);
		} else if (command >= WRITE_RAM && command < WRITE_RAM + I8042_RAM_BYTES) {
			c->command = command;
		}
		break;
	}
	return false;
}

static bool write_data_locked(struct i8042 *c, uint8_t byte) REQUIRES(c->lock)
{
	uint8_t command = c->command;

	c->command = 0;
	switch (command) {
	case 0: /* for the keyboard, which this switches on */
		c->ram[0] &= (uint8_t)~CTR_KEYBOARD_DISABLED;
		c->released = false;
		ps2_keyboard_receive(&c->keyboard, byte);
		break;
	case WRITE_OUTPUT_PORT:
		return !(byte & OUTPUT_PORT_RESET);
	case WRITE_KEYBOARD_BUFFER:
		fill_output_locked(c, I8042_KEYBOARD, byte);
		break;
	case WRITE_AUX_BUFFER:
		fill_output_locked(c, I8042_AUX, byte);
		break;
	case WRITE_AUX:
		ps2_mouse_receive(&c->mouse, byte);
		break;
	default:
		c->ram[command - WRITE_RAM] = byte;
		update_irq_locked(c);
		break;
	}
	return false;
}

static uint64_t read_data(void *device, uint64_t offset, unsigned size)
{
	struct i8042 *c = device;
	uint8_t byte;

	(void)offset;
	(void)size;
	mutex_lock(&c->lock);
	byte = c->output;
	if (c->full) {
		c->full = false;
		update_irq_locked(c); /* the next byte raises the line anew */
		i8042_refill_locked(c);
	}
	mutex_unlock(&c->lock);
	return byte;
}

static uint64_t read_status(void *device, uint64_t offset, unsigned size)
{
	struct i8042 *c = device;
	uint8_t status = STATUS_UNLOCKED;

	(void)offset;
	(void)size;
	mutex_lock(&c->lock);
	status |= c->ram[0] & CTR_SYSTEM ? STATUS_SYSTEM : 0;
	status |= c->last_was_command ? STATUS_COMMAND : 0;
	status |= c->full ? STATUS_OBF : 0;
	status |= c->full && c->source == I8042_AUX ? STATUS_AUX : 0;
	mutex_unlock(&c->lock);
	return status;
}

static void write_byte(struct i8042 *c, bool is_command, uint8_t byte)
{
	bool reset;

	mutex_lock(&c->lock);
	c->last_was_command = is_command;
	reset = is_command ? run_command_locked(c, byte) : write_data_locked(c, byte);
	i8042_refill_locked(c);
	i8042_input_update_locked(c);
	mutex_unlock(&c->lock);
	if (reset) {
		request_reset(c->requests, "i8042");
	}
}

static void write_data(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)offset;
	(void)size;
	write_byte(device, false, (uint8_t)value);
}

static void write_command(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)offset;
	(void)size;
	write_byte(device, true, (uint8_t)value);
}

/* --- port 0x92 --- */

static uint64_t read_control_a(void *device, uint64_t offset, unsigned size)
{
	struct i8042 *c = device;
	uint8_t value;

	(void)offset;
	(void)size;
	mutex_lock(&c->lock);
	value = c->control_a;
	mutex_unlock(&c->lock);
	return value;
}

static void write_control_a(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct i8042 *c = device;
	bool reset;

	(void)offset;
	(void)size;
	mutex_lock(&c->lock);
	reset = (value & ~(uint64_t)c->control_a) & CONTROL_A_RESET;
	c->control_a = (uint8_t)(value & (CONTROL_A_RESET | CONTROL_A_A20));
	mutex_unlock(&c->lock);
	if (reset) {
		request_reset(c->requests, "port-92");
	}
}

static const struct io_ops data_ops = { .read = read_data, .write = write_data };
static const struct io_ops command_ops = { .read = read_status, .write = write_command };
static const struct io_ops control_a_ops = { .read = read_control_a, .write = write_control_a };

/* --- the main thread --- */

static void reset(void *state)
{
	struct i8042 *c = state;

	mutex_lock(&c->lock);
	c->ram[0] = CTR_POWER_ON;
	c->command = 0;
	c->last_was_command = false;
	c->control_a = CONTROL_A_A20;
	c->full = false;
	c->released = false;
	ps2_keyboard_reset(&c->keyboard);
	ps2_mouse_reset(&c->mouse);
	update_irq_locked(c);
	i8042_input_update_locked(c);
	mutex_unlock(&c->lock);
}

static void set_quiet(struct i8042 *c, bool quiet)
{
	mutex_lock(&c->lock);
	c->quiet = quiet;
	update_irq_locked(c);
	mutex_unlock(&c->lock);
}

static void quiesce(void *state)
{
	set_quiet(state, true);
}

static void resume(void *state)
{
	set_quiet(state, false);
}

static void finish(void *state)
{
	struct i8042 *c = state;

	bus_unmap(&c->data_region);
	bus_unmap(&c->command_region);
	bus_unmap(&c->control_a_region);
	i8042_input_finish(c);
	irq_line_set(&c->keyboard_irq, false);
	irq_line_set(&c->aux_irq, false);
	mutex_finish(&c->lock);
}

static int map(struct i8042 *c, const struct device_env *env, struct io_region *region,
	       struct error *err)
{
	region->device = c;
	region->length = 1;
	region->name = "i8042";
	return isa_map(env, region, err);
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct i8042 *c = state;
	int code;

	(void)options;
	mutex_init(&c->lock);
	c->requests = env->requests;
	irq_line_init(&c->keyboard_irq, env->irqs, LAYOUT_KEYBOARD_IRQ);
	irq_line_init(&c->aux_irq, env->irqs, LAYOUT_MOUSE_IRQ);
	reset(c);
	c->data_region = (struct io_region){ .base = LAYOUT_I8042_PORT, .ops = &data_ops };
	c->command_region = (struct io_region){ .base = COMMAND_PORT, .ops = &command_ops };
	c->control_a_region = (struct io_region){ .base = CONTROL_A_PORT, .ops = &control_a_ops };
	code = map(c, env, &c->data_region, err);
	if (code == 0) {
		code = map(c, env, &c->command_region, err);
	}
	if (code == 0) {
		code = map(c, env, &c->control_a_region, err);
	}
	if (code < 0) {
		finish(c);
		return code;
	}
	i8042_input_init(c, env);
	return 0;
}

const struct device_type i8042_type = {
	.name = "i8042",
	.help = "keyboard controller with keyboard and mouse",
	.state_size = sizeof(struct i8042),
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.resume = resume,
	.finish = finish,
};
