/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_REQUESTS_H
#define THUNDERLAKE_MGMT_MACHINE_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/legacy/request.h"
#include "vmm/base/error.h"
#include "vmm/cpu/cpus.h"

struct loop;
struct request_inbox;

/*
 * Where devices and processors, each on its own thread, leave what the machine is to do; the main
 * loop takes it out in rounds. Bounded, however much a guest asks: the same request twice is one (a
 * kernel tries several ways to reset, and the first works), and of one device's notices of a kind
 * the last two count: a tray that opens and closes at once has done both.
 */
#define REQUEST_NOTICES_MAX	  32u
#define REQUEST_NOTICES_OF_A_KIND 2u
/* Notices come no closer together than this: each becomes an event for people and programs. */
#define REQUEST_NOTICES_INTERVAL_NS UINT64_C(100000000)

/* The source of a reset that no device asked for. */
#define MACHINE_TRIPLE_FAULT "triple-fault"

struct request_notice {
	const char *device; /* the device's id, as long-lived as the device */
	const char *event;  /* static text */
	uint64_t value;
};

struct request_round {
	bool reset, power_off, panicked, exit, failed;
	const char *reset_source; /* a device's (request.h), or MACHINE_TRIPLE_FAULT */
	enum machine_panic panic_kind;
	int exit_code;
	char failed_text[sizeof(((struct cpu_event *)0)->text)];
	struct request_notice notices[REQUEST_NOTICES_MAX];
	size_t notice_count;
};

/* `on_round` runs on `main_loop`, with at least one request. */
int request_inbox_create(struct loop *main_loop,
			 void (*on_round)(void *arg, const struct request_round *round), void *arg,
			 struct request_inbox **out, struct error *err);
/* Nobody may post any more. NULL is fine. */
void request_inbox_destroy(struct request_inbox *inbox);

/* Nobody runs that could post: what a guest asked for before it was reset is not the next one's
 * wish. The round may be empty then. */
void request_inbox_forget_reset(struct request_inbox *inbox);

/* For device_env: valid as long as the inbox. */
const struct machine_requests *request_inbox_requests(struct request_inbox *inbox);
/* device_env.notify; `arg` is the inbox. Any thread. */
void request_inbox_notify(void *arg, const char *id, const char *event, uint64_t value);
/* cpus_config.on_event; `arg` is the inbox. vCPU threads. */
void request_inbox_cpu_event(void *arg, const struct cpu_event *event);

#endif
