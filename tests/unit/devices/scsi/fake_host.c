/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/scsi/fake_host.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/base/iov.h"

static struct fake_host *fake_of(struct host_sg *sg)
{
	return container_of(sg, struct fake_host, sg);
}

static void write_down(struct fake_host *f, const struct host_sg_request *r)
{
	struct fake_host_request *entry = &f->log[f->log_count++];

	assert(f->log_count < FAKE_HOST_LOG);
	*entry = (struct fake_host_request){ .direction = r->direction,
					     .bytes = r->bytes,
					     .iov_count = r->iov_count };
	memcpy(entry->cdb, r->cdb, r->cdb_bytes);
	if (r->direction != HOST_NO_DATA) {
		entry->first = r->iov[0].iov_base;
	}
	if (r->direction == HOST_OUT) {
		(void)iov_read(r->iov, r->iov_count, 0, entry->out,
			       MIN(r->bytes, FAKE_HOST_REPLY_MAX));
	}
}

static void fill_sectors(const struct host_sg_request *r)
{
	uint32_t lba = load_be32(r->cdb + 2);
	uint8_t word[4];

	for (uint32_t at = 0; at < r->bytes; at += 4) {
		store_be32(word, lba + at / 2048);
		(void)iov_write(r->iov, r->iov_count, at, word, 4);
	}
}

static void answer(struct host_sg_request *r, const struct fake_reply *reply)
{
	const struct scsi_sense sense = { .key = reply->key, .code = reply->code };

	r->status = reply->status;
	r->host_status = reply->host_status;
	r->sense_bytes = 0;
	r->moved = reply->bytes;
	if (reply->status == SCSI_CHECK_CONDITION) {
		r->sense_bytes = scsi_sense_write(&sense, false, r->sense);
	}
	if (r->direction == HOST_IN) {
		(void)iov_write(r->iov, r->iov_count, 0, reply->data, MIN(reply->bytes, r->bytes));
	}
}

static int answer_locked(struct fake_host *f, struct host_sg_request *r)
{
	struct fake_reply *reply = &f->replies[r->cdb[0]];

	if (f->refuses_slices && r->iov_count > 1) {
		return -EINVAL;
	}
	write_down(f, r);
	if (reply->times > 0) {
		reply->times--;
		if (reply->error == 0) {
			answer(r, reply);
		}
		return reply->error;
	}
	r->status = SCSI_GOOD;
	r->host_status = HOST_STATUS_OK;
	r->sense_bytes = 0;
	r->moved = r->bytes;
	if (r->direction == HOST_IN) {
		fill_sectors(r);
	}
	return 0;
}

static int run(struct host_sg *sg, struct host_sg_request *r)
{
	struct fake_host *f = fake_of(sg);
	int code;

	mutex_lock(&f->lock);
	f->is_busy = true;
	condition_wake_all(&f->changed);
	while (f->is_held) {
		condition_wait(&f->changed, &f->lock);
	}
	code = answer_locked(f, r);
	f->is_busy = false;
	mutex_unlock(&f->lock);
	return code;
}

static void close_fake(struct host_sg *sg)
{
	fake_of(sg)->is_closed = true;
}

static const struct host_sg_ops OPS = { .run = run, .close = close_fake };

static void on_tray(void *owner, bool open)
{
	struct fake_host *f = owner;

	f->tray_moves++;
	f->tray_open = open;
}

void fake_host_init(struct fake_host *f, bool can_write)
{
	const uint8_t ready[6] = { SCSI_TEST_UNIT_READY };
	struct host_drive_config config = {
		.id = "cd0", .sg = &f->sg, .can_write = can_write, .on_tray = on_tray, .owner = f
	};

	*f = (struct fake_host){ .sg = { &OPS, FAKE_HOST_TRANSFER } };
	mutex_init(&f->lock);
	condition_init(&f->changed);
	fake_bus_init(&f->bus);
	config.loop = f->bus.loop;
	if (host_drive_create(&config, &f->drive) < 0 ||
	    scsi_bus_attach(&f->bus.bus, host_drive_unit(f->drive), 0, 0, NULL) < 0) {
		abort();
	}
	(void)fake_bus_run(&f->bus, &f->c, ready, 0, 0);
}

void fake_host_finish(struct fake_host *f)
{
	scsi_bus_detach(host_drive_unit(f->drive));
	host_drive_destroy(f->drive);
	fake_bus_finish(&f->bus);
	condition_finish(&f->changed);
	mutex_finish(&f->lock);
}

void fake_host_reply(struct fake_host *f, uint8_t operation, const struct fake_reply *reply)
{
	mutex_lock(&f->lock);
	f->replies[operation] = *reply;
	f->replies[operation].times = reply->times ? reply->times : 1;
	mutex_unlock(&f->lock);
}

void fake_host_hold(struct fake_host *f, bool hold)
{
	mutex_lock(&f->lock);
	f->is_held = hold;
	condition_wake_all(&f->changed);
	mutex_unlock(&f->lock);
}

void fake_host_await(struct fake_host *f)
{
	mutex_lock(&f->lock);
	while (!f->is_busy) {
		condition_wait(&f->changed, &f->lock);
	}
	mutex_unlock(&f->lock);
}

uint8_t fake_host_run(struct fake_host *f, const uint8_t *cdb, size_t in, size_t out)
{
	if (!fake_bus_start(&f->bus, &f->c, 0, cdb, in, out)) {
		scsi_bus_drain(&f->bus.bus);
	}
	assert(f->c.is_done);
	return f->c.command.status;
}

void fake_host_poll(struct fake_host *f)
{
	host_drive_start(f->drive);
	scsi_bus_drain(&f->bus.bus);
}

unsigned fake_host_count(const struct fake_host *f, uint8_t operation)
{
	unsigned count = 0;

	for (unsigned i = 0; i < f->log_count; i++) {
		count += f->log[i].cdb[0] == operation;
	}
	return count;
}
