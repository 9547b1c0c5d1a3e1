/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DISC_MODEL_H
#define THUNDERLAKE_DEVICES_SCSI_DISC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How long a real drive would take, and where its disc is bad: a calculation alone, with the time
 * given by the caller, so that tests need no clock. Not bound to a thread.
 */
#define DISC_MODEL_FAULTS_MAX 32u

enum disc_fault_kind {
	DISC_FAULT_ERROR, /* the sectors cannot be read */
	DISC_FAULT_SLOW,  /* they can, after `delay_ms` of retries */
};

struct disc_fault {
	uint32_t first_lba; /* to last_lba, that one too */
	uint32_t last_lba;
	enum disc_fault_kind kind;
	uint32_t delay_ms; /* before success or failure, once a read */
	bool once;	   /* the first read that meets it mends it */
};

struct disc_model_config {
	uint32_t spin_up_ms;
	uint32_t seek_ms;	   /* across all of the disc; shorter ways take a part of it */
	uint64_t bytes_per_second; /* 0: no limit; 1× of a DVD is 1,385,000 */
	struct disc_fault faults[DISC_MODEL_FAULTS_MAX];
	unsigned fault_count;
};

struct disc_model {
	struct disc_model_config config;
	uint32_t disc_sectors;
	uint64_t ready_ns; /* when it spins fast enough */
	uint64_t free_ns;  /* when the head has done what it was told */
	uint32_t head_lba;
	uint32_t mended; /* faults, by bits */
};

struct disc_model_verdict {
	uint64_t end_ns; /* when the read would end; not before `now_ns` */
	bool fails;	 /* at `failed_lba`; the sectors before it are read */
	uint32_t failed_lba;
	bool has_sought;
};

/* -EINVAL: a fault's range is turned around, or there are too many. The disc, of `disc_sectors`
 * (1 or more), starts to spin at `now_ns`. */
int disc_model_init(struct disc_model *model, const struct disc_model_config *config,
		    uint32_t disc_sectors, uint64_t now_ns);

/* Spinning up: how far, of 65536; 65535 when it is ready. */
uint16_t disc_model_progress(const struct disc_model *model, uint64_t now_ns);
bool disc_model_is_ready(const struct disc_model *model, uint64_t now_ns);

/* A read of `bytes` in `sectors` (1 or more) from `lba`, told at `now_ns`, after those told before:
 * there is one head. */
struct disc_model_verdict disc_model_read(struct disc_model *model, uint64_t now_ns, uint32_t lba,
					  uint32_t sectors, uint64_t bytes);

#endif
