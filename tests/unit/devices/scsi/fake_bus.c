/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/scsi/fake_bus.h"

#include <assert.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

static void on_event(void *owner, uint8_t target, uint16_t lun, enum scsi_event event,
		     uint32_t value)
{
	struct fake_bus *fake = owner;

	(void)target;
	fake->events++;
	fake->event = event;
	fake->event_lun = lun;
	fake->value = value;
}

static void on_batch(void *owner)
{
	struct fake_bus *fake = owner;

	fake->batches++;
}

void fake_bus_init(struct fake_bus *fake)
{
	const struct scsi_transport transport = { on_event, on_batch, fake };

	*fake = (struct fake_bus){ 0 };
	if (loop_create("scsi", &fake->loop) < 0) {
		abort();
	}
	scsi_bus_init(&fake->bus, fake->loop, &transport);
}

void fake_bus_finish(struct fake_bus *fake)
{
	assert(fake->bus.unit_count == 0);
	loop_destroy(fake->loop);
}

static void on_done(struct scsi_command *command)
{
	struct fake_command *c = container_of(command, struct fake_command, command);

	assert(!c->is_done);
	c->is_done = true;
}

static struct scsi_data data_of(struct fake_command *c, size_t bytes)
{
	const size_t half = bytes / 2;

	assert(bytes <= sizeof(c->data));
	if (bytes == 0) {
		return (struct scsi_data){ 0 };
	}
	c->iov[0] = (struct iovec){ c->data, half };
	c->iov[1] = (struct iovec){ c->data + half, bytes - half };
	return (struct scsi_data){ c->iov, 2, bytes };
}

bool fake_bus_start(struct fake_bus *fake, struct fake_command *c, uint16_t lun, const uint8_t *cdb,
		    size_t in, size_t out)
{
	uint8_t address[8];

	assert(in == 0 || out == 0);
	c->is_done = false;
	c->command = (struct scsi_command){
		.tag = c->command.tag, .in = data_of(c, in), .out = data_of(c, out), .done = on_done
	};
	memcpy(c->command.cdb, cdb, scsi_cdb_bytes(cdb[0]));
	scsi_lun_encode(lun, address);
	scsi_bus_execute(&fake->bus, 0, address, &c->command);
	return c->is_done;
}

uint8_t fake_bus_run(struct fake_bus *fake, struct fake_command *c, const uint8_t *cdb, size_t in,
		     size_t out)
{
	const bool ended = fake_bus_start(fake, c, 0, cdb, in, out);

	assert(ended);
	return c->command.status;
}

uint32_t fake_sense_of(const struct fake_command *c)
{
	const uint8_t *sense = c->command.sense;

	assert(c->command.sense_bytes >= SCSI_SENSE_FIXED_BYTES);
	return (uint32_t)(sense[2] & 0xf) << 16 | load_be16(sense + 12);
}
