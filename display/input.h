/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_INPUT_H
#define THUNDERLAKE_DISPLAY_INPUT_H

#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/list.h"

/*
 * How keys and pointers reach a machine. Back ends and scripts send events in the terms of Linux'
 * input layer (KEY_, BTN_, REL_, ABS_ codes: places on the board, of no layout); the guest's
 * devices are sinks, of which the best that is ready gets each kind. The input keeps what is
 * pressed, so that nothing stays pressed when a window loses the focus. All functions from any
 * thread; no lock is held while a sink is called, and events reach it in the order they were sent.
 */
struct input;

#define INPUT_ABS_MAX	  32767 /* right and lower edge for ABS_X and ABS_Y; 0 is the other */
#define INPUT_WHEEL_CLICK 120	/* REL_WHEEL_HI_RES units of one notch */
#define INPUT_TOUCHES_MAX 10
#define INPUT_REPORT_MAX  64u /* events in one report */

/* As struct input_event of Linux, without the time. */
struct input_event {
	uint16_t type; /* EV_KEY, EV_REL, EV_ABS */
	uint16_t code;
	int32_t value; /* keys: 1 down, 0 up; the guest makes repeats by itself */
};

/* What a sink takes. */
enum input_kind {
	INPUT_KEYBOARD, /* EV_KEY below BTN_MISC and from KEY_OK on */
	INPUT_POINTER,	/* EV_REL, EV_KEY of BTN_MOUSE and up: relative */
	INPUT_TABLET,	/* ABS_X, ABS_Y, buttons, wheels: absolute */
	INPUT_TOUCH,	/* ABS_MT_* of protocol B; BTN_TOUCH is added by the input */
	INPUT_KINDS
};

int input_create(struct input **out);
/* Sinks are gone before; players (input_player.h) end. NULL is fine. */
void input_destroy(struct input *input);

/* --- sinks: the guest's devices -------------------------------------------------------------- */

#define INPUT_RANK_PS2	  1u /* works without a driver of ours */
#define INPUT_RANK_VIRTIO 2u

struct input_sink {
	const char *id; /* "keyboard0" */
	enum input_kind kind;
	unsigned rank; /* of two that are ready the higher one gets the events */
	/* One report, to be copied; a SYN_REPORT is meant at its end, not included. Any thread;
	 * must only hand it on. */
	void (*on_report)(void *arg, const struct input_event *events, size_t count);
	/* Whether the guest has yet to take what was reported. Any thread; NULL: never. */
	bool (*is_behind)(void *arg);
	void *arg;

	/* Kept by the input. */
	struct list node;
	bool is_ready;
	unsigned calls; /* callbacks that run now */
};

void input_add_sink(struct input *input, struct input_sink *sink);
/* No callback runs afterwards. Not from a callback. */
void input_remove_sink(struct input *input, struct input_sink *sink);

/* The guest's driver listens, or no more. What is pressed is released on a sink that loses its
 * place. */
void input_set_ready(struct input *input, struct input_sink *sink, bool ready);

/* The guest set its keyboard's lamps: bits of 1 << LED_NUML …. */
void input_set_leds(struct input *input, unsigned leds);

/* --- senders: windows, VNC, scripts ---------------------------------------------------------- */

/* One report for the best ready sink of a kind. Keys that are down already, or up, are left out
 * (EV_KEY only). False: nobody takes it. -- A report for INPUT_TABLET says by `scanout` on which
 * monitor ABS_X and ABS_Y lie; the input maps them to the whole desktop. So it does with
 * ABS_MT_POSITION_X and _Y for INPUT_TOUCH. */
bool input_send(struct input *input, enum input_kind kind, unsigned scanout,
		const struct input_event *events, size_t count);

/* A key of the board; false: nobody takes it. */
bool input_key(struct input *input, unsigned key, bool down);
/* Moves the tablet's pointer to a place given as 0 to INPUT_ABS_MAX on a scanout. */
bool input_move_to(struct input *input, unsigned scanout, int32_t x, int32_t y);
/* BTN_LEFT and so on, at the tablet if there is one, else at the pointer. */
bool input_button(struct input *input, unsigned button, bool down);
/* In INPUT_WHEEL_CLICK units; up and right are positive. Whole notches are sent as REL_WHEEL and
 * REL_HWHEEL too. */
bool input_wheel(struct input *input, int32_t vertical, int32_t horizontal);

/* A finger on the touch screen comes down, moves or leaves, in one of INPUT_TOUCHES_MAX slots; the
 * place is given as for input_move_to. False: nobody takes it, or there is no such slot. */
bool input_touch(struct input *input, unsigned scanout, unsigned slot, bool down, int32_t x,
		 int32_t y);

/* Releases all keys, buttons and fingers that are down. */
void input_release_all(struct input *input);

/* Whether a key or button is down. */
bool input_is_down(struct input *input, unsigned code);

/* Whether a sink of this kind is ready: without a tablet a window has to hold the pointer. */
bool input_has(struct input *input, enum input_kind kind);

/* Whether the guest has yet to take what was sent to this kind of sink: scripts wait then, lest
 * they send more than it holds. */
bool input_is_behind(struct input *input, enum input_kind kind);

/* Where each scanout lies on the guest's desktop, for the tablet: one row, left to right, the
 * widths and heights as the guest set them; 0 for one that shows nothing. */
void input_set_layout(struct input *input, unsigned scanout, uint32_t width, uint32_t height);

/* Of lamps and kinds; embedded in whoever listens. */
struct input_listener {
	/* Lamps (1 << LED_NUML …), or which kinds are ready, changed. Any thread; must only hand it
	 * on. Either may be NULL. */
	void (*on_leds)(void *arg, unsigned leds);
	void (*on_kinds)(void *arg);
	void *arg;

	/* Kept by the input. */
	struct list node;
	unsigned due;	/* what to tell it */
	unsigned calls; /* callbacks that run now */
};

void input_listen(struct input *input, struct input_listener *listener);
/* No callback runs afterwards. Not from a callback. */
void input_unlisten(struct input *input, struct input_listener *listener);

/* The sinks in the order of their making, for query commands: false after the last. The id lives as
 * long as its device. */
struct input_sink_info {
	const char *id;
	enum input_kind kind;
	bool is_ready;
	bool is_used; /* it is the best ready one of its kind */
};
bool input_sink_at(struct input *input, size_t index, struct input_sink_info *out);

#endif
