/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_VERBS_H
#define THUNDERLAKE_MGMT_VERBS_H

/*
 * The verbs of the `thunderlake` command. Each gets its own arguments, argv[0] being the verb, has
 * its own --help, writes errors to standard error, and returns the exit code of the process.
 */
int run_main(int argc, char **argv);
int ctl_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int image_main(int argc, char **argv);

/* Exit codes of `thunderlake run`; the man page has the same table. With --debug-exit the guest
 * chooses an odd code of its own. */
enum run_exit_code {
	RUN_EXIT_POWER_OFF = 0, /* the guest powered off */
	RUN_EXIT_CANNOT_START = 1,
	RUN_EXIT_REBOOT = 10, /* with --on-reboot=exit */
	RUN_EXIT_PANIC = 11,
	RUN_EXIT_FAILED = 12, /* KVM or the host could not go on */
	RUN_EXIT_ENDED = 130, /* ended from outside: `quit`, Ctrl-A x, a second signal */
};

#endif
