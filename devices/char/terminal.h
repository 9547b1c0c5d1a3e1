/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_TERMINAL_H
#define THUNDERLAKE_DEVICES_CHAR_TERMINAL_H

#include <stdbool.h>

#include "vmm/base/loop.h"

/*
 * The mode of the process's controlling terminal: raw while we are in its foreground, as found
 * otherwise, and as found at every end that a process can notice. There is one terminal, and signal
 * handlers belong to the process: so this one file has state of its own.
 *
 * char_restore_terminal (char.h) is here too.
 */
struct terminal {
	/* Filled before terminal_open. */
	struct loop *loop;
	int fd; /* borrowed; a terminal */
	/* On the loop: we came to the foreground (or left it), at first always called once. */
	void (*on_foreground)(void *arg, bool foreground);
	void (*on_resize)(void *arg, unsigned columns, unsigned rows);
	void *arg;

	/* Kept by terminal.c. */
	int event_fd; /* made readable by the signal handlers */
	struct loop_watch watch;
	struct loop_timer background_timer;
	bool told;
	bool foreground;
	unsigned columns, rows;
};

/* Enters raw mode if we are in the foreground. Only one at a time. 0 or -errno. */
int terminal_open(struct terminal *terminal);
/* Harmless on a terminal that is not open (event_fd -1). */
void terminal_close(struct terminal *terminal);

#endif
