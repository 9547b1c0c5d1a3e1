/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_HOST_NOTICE_H
#define THUNDERLAKE_MGMT_HOST_NOTICE_H

/*
 * One line for the user of `run` when this host's KVM is software, with what to do. What was
 * measured is kept in the runtime folder, so a start pays for the measurement once a boot of the
 * host. Silent where anything fails: `doctor` is there for details.
 */
void host_notice_print(void);

#endif
