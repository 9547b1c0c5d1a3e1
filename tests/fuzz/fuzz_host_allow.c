/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ */
/*
 * What a guest may give a drive of the host's. Input: the CDB, its room for data (two bytes, in
 * units of 512, and the bit that says which way), a byte of limits, and a parameter list. What is
 * let through must be within the guest's room and the host's limits, step by step.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/host_allow.h"
#include "devices/scsi/scsi.h"
#include "tests/fuzz/input.h"

/* Of a plan in so many steps these are looked at, from both ends. */
#define STEPS_MAX 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void check_steps(const struct host_plan *plan, const struct host_limits *limits)
{
	const uint32_t steps = host_plan_steps(plan);
	uint8_t cdb[HOST_CDB_MAX];
	uint64_t sum = 0;

	require(steps >= 1 && (steps == 1 || plan->is_direct));
	for (uint32_t i = 0; i < steps; i++) {
		const uint32_t bytes = host_plan_step(plan, i, cdb);

		require(bytes <= limits->transfer_bytes && (bytes > 0 || plan->bytes == 0));
		require(cdb[0] == plan->cdb[0]);
		sum += bytes;
		if (i == STEPS_MAX && steps > 2 * STEPS_MAX) {
			return;
		}
	}
	require(sum == plan->bytes);
}

static void check_list(struct host_plan *plan, struct input *in)
{
	uint8_t *list = malloc(plan->bytes);

	require(list && plan->bytes <= HOST_LIST_MAX);
	for (uint32_t i = 0; i < plan->bytes; i++) {
		list[i] = next(in);
	}
	(void)host_allow_list(plan, list);
	free(list);
}

static void check_answer(const struct host_plan *plan, size_t room, struct input *in)
{
	uint8_t *answer = malloc(plan->bytes);

	require(answer);
	for (uint32_t i = 0; i < plan->bytes; i++) {
		answer[i] = next(in);
	}
	require(host_plan_shorten(plan, answer, plan->bytes) <= room);
	free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t cdb[HOST_CDB_MAX];
	struct host_limits limits;
	struct host_plan plan;
	size_t room;
	bool is_in;

	for (unsigned i = 0; i < sizeof(cdb); i++) {
		cdb[i] = next(&in);
	}
	room = next(&in) | (size_t)next(&in) << 8;
	is_in = room & 1;
	room *= 512;
	limits.can_write = next(&in) & 1;
	limits.transfer_bytes = HOST_SECTOR_MAX + next(&in) * 4096u;
	if (host_allow(cdb, is_in ? room : 0, is_in ? 0 : room, &limits, &plan) != HOST_PASS) {
		return 0;
	}
	require(plan.cdb[0] == (plan.is_mode_sense6 ? 0x5a : cdb[0]));
	require(plan.cdb_bytes == scsi_cdb_bytes(plan.cdb[0]));
	require((plan.direction == HOST_NO_DATA) == (plan.bytes == 0));
	if (plan.bytes > 0) {
		require((plan.direction == HOST_IN) == is_in);
		require(plan.bytes <= room + (plan.is_mode_sense6 ? 4 : 0));
	}
	require(plan.is_direct || plan.bytes <= HOST_ANSWER_MAX);
	check_steps(&plan, &limits);
	if (plan.direction == HOST_IN && !plan.is_direct) {
		check_answer(&plan, room, &in);
	}
	if (plan.direction == HOST_OUT && !plan.is_direct) {
		check_list(&plan, &in);
	}
	return 0;
}
