/* SPDX-License-Identifier: MIT */
#include "devices/scsi/disc_model.h"

#include <errno.h>
#include <stddef.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define NS_PER_MS UINT64_C(1000000)

_Static_assert(DISC_MODEL_FAULTS_MAX <= 32, "`mended` has a bit for each");

int disc_model_init(struct disc_model *model, const struct disc_model_config *config,
		    uint32_t disc_sectors, uint64_t now_ns)
{
	if (config->fault_count > DISC_MODEL_FAULTS_MAX) {
		return -EINVAL;
	}
	for (unsigned i = 0; i < config->fault_count; i++) {
		if (config->faults[i].first_lba > config->faults[i].last_lba) {
			return -EINVAL;
		}
	}
	*model = (struct disc_model){ .config = *config, .disc_sectors = disc_sectors };
	model->ready_ns = now_ns + config->spin_up_ms * NS_PER_MS;
	model->free_ns = model->ready_ns;
	return 0;
}

bool disc_model_is_ready(const struct disc_model *model, uint64_t now_ns)
{
	return now_ns >= model->ready_ns;
}

uint16_t disc_model_progress(const struct disc_model *model, uint64_t now_ns)
{
	uint64_t total = model->config.spin_up_ms * NS_PER_MS;
	uint64_t left = disc_model_is_ready(model, now_ns) ? 0 : model->ready_ns - now_ns;

	if (left == 0 || left > total) {
		return left == 0 ? UINT16_MAX : 0;
	}
	return (uint16_t)((double)(total - left) / (double)total * UINT16_MAX);
}

/* A third of the whole way's time goes into any seek: the head has to settle, the disc to turn. */
static uint64_t seek_ns(const struct disc_model *model, uint32_t lba)
{
	uint64_t way = lba > model->head_lba ? lba - model->head_lba : model->head_lba - lba;
	uint64_t whole = model->config.seek_ms * NS_PER_MS;

	return way == 0 ? 0
			: whole / 3 + whole * 2 / 3 * MIN(way, model->disc_sectors) /
					      model->disc_sectors;
}

/* The first of the sectors that this fault has; false: none, or it is mended. */
static bool meets(const struct disc_model *model, unsigned fault, uint32_t lba, uint64_t end,
		  uint32_t *at)
{
	const struct disc_fault *f = &model->config.faults[fault];

	if (model->mended & UINT32_C(1) << fault || f->last_lba < lba || f->first_lba >= end) {
		return false;
	}
	*at = MAX(f->first_lba, lba);
	return true;
}

/* The fault that ends the read, the one with the lowest sector; -1: none. */
static int find_error(const struct disc_model *model, uint32_t lba, uint64_t end, uint32_t *at)
{
	int found = -1;
	uint32_t here;

	for (unsigned i = 0; i < model->config.fault_count; i++) {
		if (model->config.faults[i].kind == DISC_FAULT_ERROR &&
		    meets(model, i, lba, end, &here) && (found < 0 || here < *at)) {
			found = (int)i;
			*at = here;
		}
	}
	return found;
}

/* What faults before `end` cost; those of one time are then mended. */
static uint64_t retry_ns(struct disc_model *model, uint32_t lba, uint64_t end)
{
	uint64_t sum = 0;
	uint32_t at;

	for (unsigned i = 0; i < model->config.fault_count; i++) {
		const struct disc_fault *f = &model->config.faults[i];

		if (meets(model, i, lba, end, &at)) {
			sum += f->delay_ms * NS_PER_MS;
			model->mended |= f->once ? UINT32_C(1) << i : 0;
		}
	}
	return sum;
}

static uint64_t transfer_ns(const struct disc_model *model, uint64_t bytes)
{
	uint64_t rate = model->config.bytes_per_second;

	if (rate == 0) {
		return 0;
	}
	return bytes / rate * NS_PER_SECOND + bytes % rate * NS_PER_SECOND / rate;
}

struct disc_model_verdict disc_model_read(struct disc_model *model, uint64_t now_ns, uint32_t lba,
					  uint32_t sectors, uint64_t bytes)
{
	struct disc_model_verdict v = { .has_sought = lba != model->head_lba };
	uint64_t end = (uint64_t)lba + sectors;
	uint64_t read;

	v.fails = find_error(model, lba, end, &v.failed_lba) >= 0;
	read = v.fails ? v.failed_lba - lba : sectors;
	v.end_ns = MAX(now_ns, model->free_ns) + seek_ns(model, lba) +
		   transfer_ns(model, bytes / sectors * read) +
		   retry_ns(model, lba, lba + read + v.fails);
	model->free_ns = v.end_ns;
	model->head_lba = (uint32_t)(lba + read);
	return v;
}
