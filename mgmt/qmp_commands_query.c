/* SPDX-License-Identifier: MIT */
#include "devices/virtio/balloon.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_events.h"

/* Commands that ask. The members are those of QEMU's schema, also where they can have but one value
 * here: clients look for them. */

/* As QMP's RunState names it. */
static const char *status_name(enum machine_status status)
{
	static const char *const names[] = {
		[MACHINE_PRELAUNCH] = "prelaunch",
		[MACHINE_RUNNING] = "running",
		[MACHINE_PAUSED] = "paused",
		[MACHINE_SHUTDOWN] = "shutdown",
		[MACHINE_GUEST_PANICKED] = "guest-panicked",
		[MACHINE_INTERNAL_ERROR] = "internal-error",
	};

	return names[status];
}

static json_t *run_query_status(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	const enum machine_status status = c->ops->status(c->machine);

	(void)arguments;
	(void)failure;
	return json_pack("{s:s, s:b, s:b}", "status", status_name(status), "running",
			 status == MACHINE_RUNNING, "singlestep", 0);
}

static json_t *run_query_version(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	(void)c;
	(void)arguments;
	(void)failure;
	return qmp_version();
}

static json_t *run_query_name(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	(void)arguments;
	(void)failure;
	return json_pack("{s:s}", "name", c->ops->name(c->machine));
}

static json_t *run_query_memory(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	(void)arguments;
	(void)failure;
	return json_pack("{s:I, s:i}", "base-memory", (json_int_t)c->ops->memory_bytes(c->machine),
			 "plugged-memory", 0);
}

static json_t *run_query_cpus_fast(const struct qmp_context *c, const json_t *arguments,
				   struct qmp_failure *failure)
{
	const struct qmp_cpus cpus = c->ops->cpus(c->machine);
	json_t *list = json_array();

	(void)arguments;
	(void)failure;
	for (unsigned i = 0; i < cpus.count; i++) {
		const unsigned core = i / cpus.threads;
		json_t *place = json_pack("{s:i, s:i, s:i}", "socket-id", (int)(core / cpus.cores),
					  "core-id", (int)(core % cpus.cores), "thread-id",
					  (int)(i % cpus.threads));
		json_t *cpu =
			json_pack("{s:i, s:i, s:s, s:o, s:o}", "cpu-index", (int)i, "thread-id",
				  c->ops->cpu_thread_id(c->machine, i), "target", "x86_64",
				  "qom-path", json_sprintf("/machine/cpu[%u]", i), "props", place);

		(void)json_array_append_new(list, cpu);
	}
	return list;
}

static json_t *run_query_chardev(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	struct qmp_chardev chardev;
	json_t *list = json_array();

	(void)arguments;
	(void)failure;
	for (size_t i = 0; c->ops->chardev_at(c->machine, i, &chardev); i++) {
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:b}", "label", chardev.label, "filename",
					chardev.description, "frontend-open", 1));
	}
	return list;
}

static json_t *no_balloon(struct qmp_failure *failure)
{
	return qmp_fail(failure, QMP_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
}

static json_t *run_query_balloon(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	struct qmp_balloon balloon;

	(void)arguments;
	if (c->ops->balloon(c->machine, &balloon) < 0) {
		return no_balloon(failure);
	}
	return json_pack("{s:I}", "actual", (json_int_t)balloon.actual);
}

static void add_known(json_t *object, const char *key, uint64_t value)
{
	if (value != UINT64_MAX) {
		(void)json_object_set_new(object, key, json_integer((json_int_t)value));
	}
}

/* What the guest says of its memory; what it did not say is left out. */
static json_t *run_query_balloon_stats(const struct qmp_context *c, const json_t *arguments,
				       struct qmp_failure *failure)
{
	struct qmp_balloon balloon;
	struct balloon_stats stats;
	json_t *result;

	(void)arguments;
	if (c->ops->balloon(c->machine, &balloon) < 0 ||
	    c->ops->balloon_stats(c->machine, &stats) < 0) {
		return no_balloon(failure);
	}
	result = json_pack("{s:I, s:I}", "actual", (json_int_t)balloon.actual, "target",
			   (json_int_t)balloon.target);
	add_known(result, "total", stats.total_memory);
	add_known(result, "free", stats.free_memory);
	add_known(result, "available", stats.available_memory);
	add_known(result, "disk-caches", stats.disk_caches);
	add_known(result, "swapped-in", stats.swapped_in);
	add_known(result, "swapped-out", stats.swapped_out);
	add_known(result, "major-faults", stats.major_faults);
	add_known(result, "minor-faults", stats.minor_faults);
	add_known(result, "huge-page-allocations", stats.huge_page_allocations);
	add_known(result, "huge-page-failures", stats.huge_page_failures);
	add_known(result, "age-ms", stats.age_ms);
	return result;
}

static json_t *run_query_network(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	struct qmp_network network;
	json_t *list = json_array();

	(void)arguments;
	(void)failure;
	for (size_t i = 0; c->ops->network_at(c->machine, i, &network); i++) {
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s, s:s, s:b}", "name", network.id,
						      "backend", network.backend, "mac",
						      network.address, "up", network.link_up));
	}
	return list;
}

const struct qmp_command qmp_query_commands[] = {
	{ "query-status", NULL, run_query_status },
	{ "query-version", NULL, run_query_version },
	{ "query-name", NULL, run_query_name },
	{ "query-memory-size-summary", NULL, run_query_memory },
	{ "query-cpus-fast", NULL, run_query_cpus_fast },
	{ "query-chardev", NULL, run_query_chardev },
	{ "query-balloon", NULL, run_query_balloon },
	{ "x-thunderlake-query-balloon-stats", NULL, run_query_balloon_stats },
	{ "x-thunderlake-query-network", NULL, run_query_network },
	{ .name = NULL },
};
