/* SPDX-License-Identifier: MIT */
#include "devices/char/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "devices/char/char.h"
#include "vmm/base/clock.h"

/* How soon we notice that the shell took us from the background without telling (bash's `fg` of a
 * running job). */
#define BACKGROUND_POLL_NS UINT64_C(500000000)

/* What signal handlers and char_restore_terminal use. */
static struct termios saved_mode;	/* valid once raw_fd was set */
static atomic_int raw_fd = -1;		/* the terminal that is in raw mode */
static atomic_int signal_event_fd = -1; /* the open terminal's */

struct signal_use {
	int number;
	void (*handler)(int number);
	bool taken;
	struct sigaction before;
};

static void on_change(int number);
static void on_stop(int number);
static void on_fatal(int number);

/* Signals that end the process get a handler only where nobody else has one. */
static struct signal_use signals[] = {
	{ .number = SIGWINCH, .handler = on_change }, { .number = SIGCONT, .handler = on_change },
	{ .number = SIGTSTP, .handler = on_stop },    { .number = SIGHUP, .handler = on_fatal },
	{ .number = SIGINT, .handler = on_fatal },    { .number = SIGTERM, .handler = on_fatal },
	{ .number = SIGQUIT, .handler = on_fatal },   { .number = SIGABRT, .handler = on_fatal },
	{ .number = SIGSEGV, .handler = on_fatal },   { .number = SIGBUS, .handler = on_fatal },
	{ .number = SIGFPE, .handler = on_fatal },    { .number = SIGILL, .handler = on_fatal },
};

/* Also true for a terminal that is not our controlling one: it knows no foreground. */
static bool is_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

static void wake_loop(void)
{
	const uint64_t one = 1;
	int fd = atomic_load(&signal_event_fd);

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0) {
		/* The counter is full: the loop is awake anyway. */
	}
}

void char_restore_terminal(void)
{
	int fd = atomic_exchange(&raw_fd, -1);

	/* From the background it would stop us, and change what the shell has set by now. */
	if (fd >= 0 && is_foreground(fd)) {
		(void)tcsetattr(fd, TCSANOW, &saved_mode);
	}
}

static void on_change(int number)
{
	int before = errno;

	(void)number;
	wake_loop();
	errno = before;
}

static void on_stop(int number)
{
	int before = errno;

	(void)number;
	char_restore_terminal();
	(void)raise(SIGSTOP);
	/* Continued: the loop sees whether we are in the foreground. */
	wake_loop();
	errno = before;
}

static void on_fatal(int number)
{
	char_restore_terminal();
	/* The handler was for one time: now the signal does what it always does. */
	(void)raise(number);
}

static void take_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct signal_use *use = &signals[i];
		bool fatal = use->handler == on_fatal;
		struct sigaction action = { .sa_handler = use->handler,
					    .sa_flags = fatal ? (int)SA_RESETHAND : SA_RESTART };

		(void)sigemptyset(&action.sa_mask);
		use->taken = sigaction(use->number, NULL, &use->before) == 0 &&
			     use->before.sa_handler == SIG_DFL &&
			     sigaction(use->number, &action, NULL) == 0;
	}
}

static void give_back_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct signal_use *use = &signals[i];
		struct sigaction now;

		if (use->taken && sigaction(use->number, NULL, &now) == 0 &&
		    now.sa_handler == use->handler) {
			(void)sigaction(use->number, &use->before, NULL);
		}
		use->taken = false;
	}
}

/* Input goes to the guest as it is typed, signals included. Output processing stays on, so that
 * lines of our own look right; the guest's carriage returns do no harm. */
static void enter_raw_mode(int fd)
{
	struct termios mode;

	if (atomic_load(&raw_fd) >= 0 || tcgetattr(fd, &mode) < 0) {
		return;
	}
	saved_mode = mode;
	mode.c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	mode.c_cflag = (mode.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	/* Marked first: an end in between restores what is not yet changed, which is harmless. */
	atomic_store(&raw_fd, fd);
	(void)tcsetattr(fd, TCSANOW, &mode);
}

static void tell_size(struct terminal *terminal)
{
	struct winsize size;

	if (ioctl(terminal->fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0 ||
	    (size.ws_col == terminal->columns && size.ws_row == terminal->rows)) {
		return;
	}
	terminal->columns = size.ws_col;
	terminal->rows = size.ws_row;
	terminal->on_resize(terminal->arg, size.ws_col, size.ws_row);
}

static void refresh(struct terminal *terminal)
{
	bool foreground = is_foreground(terminal->fd);

	if (foreground) {
		enter_raw_mode(terminal->fd);
		tell_size(terminal);
	} else {
		loop_timer_arm(terminal->loop, &terminal->background_timer,
			       clock_now_ns() + BACKGROUND_POLL_NS);
	}
	if (!terminal->told || foreground != terminal->foreground) {
		terminal->told = true;
		terminal->foreground = foreground;
		terminal->on_foreground(terminal->arg, foreground);
	}
}

static void on_signal_event(void *arg, uint32_t events)
{
	struct terminal *terminal = arg;
	uint64_t count;

	(void)events;
	if (read(terminal->event_fd, &count, sizeof(count)) == sizeof(count)) {
		refresh(terminal);
	}
}

static void on_background_timer(void *arg)
{
	refresh(arg);
}

int terminal_open(struct terminal *terminal)
{
	static bool exit_handler_set;
	int code;

	loop_timer_init(&terminal->background_timer, on_background_timer, terminal);
	/* Readable from the start: the first refresh comes from the loop. */
	terminal->event_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (terminal->event_fd < 0) {
		return -errno;
	}
	code = loop_watch_add(terminal->loop, &terminal->watch, terminal->event_fd, EPOLLIN,
			      on_signal_event, terminal);
	if (code < 0) {
		terminal_close(terminal);
		return code;
	}
	atomic_store(&signal_event_fd, terminal->event_fd);
	if (!exit_handler_set) {
		exit_handler_set = atexit(char_restore_terminal) == 0;
	}
	take_signals();
	if (is_foreground(terminal->fd)) {
		enter_raw_mode(terminal->fd);
	}
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->event_fd < 0) {
		return;
	}
	give_back_signals();
	char_restore_terminal();
	atomic_store(&signal_event_fd, -1);
	loop_timer_disarm(&terminal->background_timer);
	loop_watch_remove(&terminal->watch);
	(void)close(terminal->event_fd);
	terminal->event_fd = -1;
}
