/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/scsi/fake_unit.h"

#include <string.h>

#include "vmm/base/compiler.h"

static struct fake_unit *fake_of(struct scsi_unit *unit)
{
	return container_of(unit, struct fake_unit, unit);
}

static void fill(struct scsi_command *c)
{
	for (unsigned i = 0; i < c->in.count; i++) {
		memset(c->in.iov[i].iov_base, 0x5a, c->in.iov[i].iov_len);
	}
	scsi_command_end(c, SCSI_GOOD, c->in.bytes);
}

static void execute(struct scsi_unit *unit, struct scsi_command *c)
{
	struct fake_unit *fake = fake_of(unit);

	fake->executed++;
	switch (c->cdb[0]) {
	case FAKE_FILL:
		fill(c);
		break;
	case FAKE_TAKE:
		if (scsi_command_take(c, fake->taken, c->cdb[4])) {
			scsi_command_end(c, SCSI_GOOD, c->cdb[4]);
		}
		break;
	case FAKE_HOLD:
		fake->held[c->slot] = c;
		fake->held_count++;
		break;
	case FAKE_HEEDLESS:
	case SCSI_TEST_UNIT_READY:
		scsi_command_end(c, SCSI_GOOD, 0);
		break;
	default:
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INVALID_OPERATION);
		break;
	}
}

static void end_held(struct fake_unit *fake, struct scsi_command *c, enum scsi_status status)
{
	fake->held[c->slot] = NULL;
	fake->held_count--;
	scsi_command_end(c, status, 0);
}

static void cancel(struct scsi_unit *unit, struct scsi_command *c)
{
	struct fake_unit *fake = fake_of(unit);

	fake->cancelled++;
	if (!fake->keeps_cancelled) {
		end_held(fake, c, SCSI_BUSY);
	}
}

static void end_all(struct fake_unit *fake)
{
	for (unsigned i = 0; i < SCSI_COMMANDS_MAX; i++) {
		if (fake->held[i]) {
			end_held(fake, fake->held[i], SCSI_GOOD);
		}
	}
}

static void drain(struct scsi_unit *unit)
{
	fake_of(unit)->drains++;
	end_all(fake_of(unit));
}

static void reset(struct scsi_unit *unit)
{
	fake_of(unit)->resets++;
}

static void kick(struct scsi_unit *unit)
{
	fake_of(unit)->kicks++;
}

static void describe_state(struct scsi_unit *unit, struct scsi_sense *sense)
{
	*sense = fake_of(unit)->state;
}

static const uint8_t HEEDLESS[] = { FAKE_HEEDLESS, 0 };

static const struct scsi_unit_ops OPS = {
	.execute = execute,
	.cancel = cancel,
	.reset = reset,
	.kick = kick,
	.drain = drain,
	.describe_state = describe_state,
	.heedless = HEEDLESS,
};

static const uint16_t STANDARDS[] = { 0x0460, 0x0420, 0 };

static const struct scsi_identity IDENTITY = {
	.removable = true,
	.vendor = "TL",
	.product = "Fake unit with a name too long",
	.revision = "1.0",
	.serial = "0001",
	.standards = STANDARDS,
};

void fake_unit_init(struct fake_unit *fake, const char *id)
{
	*fake = (struct fake_unit){
		.unit = { .ops = &OPS,
			  .id = id,
			  .type = SCSI_TYPE_OPTICAL,
			  .identity = &IDENTITY,
			  .notices = SCSI_NOTICE_MEDIA },
	};
}

void fake_unit_release(struct fake_unit *fake)
{
	end_all(fake);
	scsi_unit_batch_done(&fake->unit);
}
