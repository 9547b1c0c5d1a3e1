/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "devices/char/char.h"
#include "mgmt/host_notice.h"
#include "mgmt/machine.h"
#include "mgmt/qmp.h"
#include "mgmt/run_args.h"
#include "mgmt/screen.h"
#include "mgmt/verbs.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

/* One run of `thunderlake run`: the main loop and what listens on it. */
struct run {
	struct loop *loop;
	struct machine *machine;
	struct screen *screen;
	int signal_fd;
	struct loop_watch signal_watch;
	bool was_signalled;
	struct qmp_server *qmp;
	struct machine_listener listener; /* tells the control socket's clients */
	struct loop_task quit_task;	  /* Ctrl-A x, posted from the terminal's thread */
};

static void on_signal(void *arg, uint32_t events)
{
	struct run *run = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(run->signal_fd, &info, sizeof(info)) != sizeof(info)) {
		return;
	}
	if (run->was_signalled) {
		machine_quit(run->machine, MACHINE_END_SIGNAL);
		return;
	}
	run->was_signalled = true;
	log_info("", "pressed the guest's power button; a second signal ends the machine");
	machine_power_button(run->machine);
}

static int watch_signals(struct run *run, struct error *err)
{
	sigset_t wanted;

	(void)sigemptyset(&wanted);
	(void)sigaddset(&wanted, SIGINT);
	(void)sigaddset(&wanted, SIGTERM);
	(void)sigaddset(&wanted, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &wanted, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	run->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signal_fd < 0) {
		return error_set_errno(err, -errno, "signals");
	}
	return loop_watch_add(run->loop, &run->signal_watch, run->signal_fd, EPOLLIN, on_signal,
			      run);
}

static void quit(void *arg)
{
	struct run *run = arg;

	machine_quit(run->machine, MACHINE_END_QUIT);
}

static void on_escape(void *arg)
{
	struct run *run = arg;

	loop_post(run->loop, &run->quit_task);
}

/* A fault must not leave the user's terminal raw. */
static void on_fault(int signal_number)
{
	char_restore_terminal();
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

static void watch_faults(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction action = { .sa_handler = on_fault };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		(void)sigaction(faults[i], &action, NULL);
	}
}

static int exit_code(const struct machine *machine)
{
	switch (machine_end(machine)) {
	case MACHINE_END_NONE:
	case MACHINE_END_POWER_OFF:
		return RUN_EXIT_POWER_OFF;
	case MACHINE_END_REBOOT:
		return RUN_EXIT_REBOOT;
	case MACHINE_END_PANIC:
		return RUN_EXIT_PANIC;
	case MACHINE_END_DEBUG_EXIT:
		return machine_debug_exit_code(machine);
	case MACHINE_END_FAILED:
		return RUN_EXIT_FAILED;
	case MACHINE_END_QUIT:
	case MACHINE_END_SIGNAL:
		return RUN_EXIT_ENDED;
	}
	return RUN_EXIT_FAILED;
}

/* The machine's own socket, by which `ctl` finds it, and those of --qmp. */
static int serve_qmp(struct run *run, const struct machine_config *config, struct error *err)
{
	const struct option_list *more = &config->settings.qmp;
	AUTO_FREE char *path = NULL;
	int code = qmp_server_create(run->loop, &qmp_real_machine, run->machine, &run->qmp);

	if (code < 0) {
		return error_set_errno(err, code, "control socket");
	}
	code = qmp_socket_path(config->settings.name, &path, err);
	code = code ?: qmp_server_listen(run->qmp, path, err);
	for (size_t i = 0; i < more->count && code == 0; i++) {
		code = qmp_server_listen_text(run->qmp, more->items[i], err);
	}
	if (code == 0) {
		run->listener = (struct machine_listener){ .on_event = qmp_server_on_event,
							   .arg = run->qmp };
		machine_listen(run->machine, &run->listener);
	}
	return code;
}

static int start(struct run *run, const struct machine_config *config, struct error *err)
{
	int code = loop_create("main", &run->loop);

	if (code < 0) {
		return error_set_errno(err, code, "main loop");
	}
	code = watch_signals(run, err);
	if (code < 0) {
		return code;
	}
	loop_task_init(&run->quit_task, quit, run);
	char_set_escape_handler(on_escape, run);
	code = machine_create(config, run->loop, &run->machine, err);
	code = code ?: serve_qmp(run, config, err);
	return code ?: screen_create(run->machine, run->loop, &run->screen, err);
}

static void finish(struct run *run)
{
	if (run->listener.arg) {
		machine_unlisten(&run->listener);
	}
	screen_destroy(run->screen);
	qmp_server_destroy(run->qmp);
	machine_destroy(run->machine);
	char_restore_terminal();
	if (run->loop) {
		loop_watch_remove(&run->signal_watch);
		loop_task_cancel(run->loop, &run->quit_task);
	}
	if (run->signal_fd >= 0) {
		(void)close(run->signal_fd);
	}
	loop_destroy(run->loop);
}

static int run_machine(const struct machine_config *config)
{
	struct run run = { .signal_fd = -1 };
	struct error err;
	int code = RUN_EXIT_CANNOT_START;

	watch_faults();
	if (start(&run, config, &err) < 0) {
		finish(&run);
		log_error("", "%s", err.text);
		return code;
	}
	host_notice_print();
	machine_start(run.machine);
	loop_run(run.loop);
	code = exit_code(run.machine);
	finish(&run);
	return code;
}

/* A name that nobody chose gives way to machines that run: debian, debian-2, debian-3 … */
static int make_name_unique(struct machine_config *config, struct error *err)
{
	AUTO_FREE char *name = strdup(config->settings.name);
	AUTO_FREE char *numbered = NULL;
	int code = 0;

	for (unsigned i = 2; code == 0 && name && qmp_is_running(config->settings.name); i++) {
		free(numbered);
		if (asprintf(&numbered, "%s-%u", name, i) < 0) {
			numbered = NULL;
			return error_set_errno(err, -ENOMEM, "name");
		}
		code = machine_config_set(config, "name", numbered, err);
	}
	return code;
}

int run_main(int argc, char **argv)
{
	struct run_args args = { 0 };
	struct error err = { "" };
	int code = 0;

	if (run_args_parse(argc, argv, &args, &err) < 0) {
		log_error("", "%s", err.text);
		return RUN_EXIT_CANNOT_START;
	}
	if (args.verbose) {
		log_set_level(LOG_LEVEL_DEBUG);
	} else if (args.quiet) {
		log_set_level(LOG_LEVEL_ERROR);
	}
	if (args.help) {
		if (!run_args_print_type_help(&args.config)) {
			run_args_print_help();
		}
	} else if (args.dry_run) {
		machine_config_print(&args.config, stdout);
	} else if (!args.is_named && make_name_unique(&args.config, &err) < 0) {
		log_error("", "%s", err.text);
		code = RUN_EXIT_CANNOT_START;
	} else {
		code = run_machine(&args.config);
	}
	run_args_finish(&args);
	return code;
}
