/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_HDA_FAKE_HDA_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_HDA_FAKE_HDA_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/hda/hda_state.h"
#include "tests/unit/devices/virtio/fake_driver.h"

/* A machine with the card in slot 1, and a driver that knows it by its BAR alone. */
struct fake_hda {
	struct fake_machine machine;
	struct hda *hda;
	uint64_t bar;
};

#define FAKE_HDA_BDF	(1u << 3)
#define FAKE_HDA_INTX	(16u + 1)
#define FAKE_HDA_INPUT	0u
#define FAKE_HDA_OUTPUT HDA_INPUTS

/* Where the driver has its things in memory. */
#define FAKE_HDA_CORB	  0x100000u
#define FAKE_HDA_RIRB	  0x101000u
#define FAKE_HDA_POSITION 0x102000u
#define FAKE_HDA_BDL	  0x103000u
#define FAKE_HDA_BUFFER	  0x110000u

/* Made, and out of reset. */
void fake_hda_init(struct fake_hda *fake);
void fake_hda_finish(struct fake_hda *fake);

uint32_t fake_hda_read(struct fake_hda *fake, unsigned offset, unsigned size);
void fake_hda_write(struct fake_hda *fake, unsigned offset, unsigned size, uint32_t value);
uint32_t fake_hda_sd_read(struct fake_hda *fake, unsigned stream, unsigned offset, unsigned size);
void fake_hda_sd_write(struct fake_hda *fake, unsigned stream, unsigned offset, unsigned size,
		       uint32_t value);
/* What was posted to the audio loop runs. */
void fake_hda_run(struct fake_hda *fake);
bool fake_hda_intx(struct fake_hda *fake);

/* A codec's answer, by the immediate command. Verbs have 12 or 4 bits as in the specification. */
uint32_t fake_hda_verb(struct fake_hda *fake, unsigned node, unsigned verb, unsigned payload);

/* Descriptor `index` of the list at FAKE_HDA_BDL. */
void fake_hda_describe(struct fake_hda *fake, unsigned index, uint64_t gpa, uint32_t length,
		       bool interrupts);
/* Programs a stream as a driver does before it starts it: tag 1, interrupts on, the first `count`
 * descriptors; the codec's converter and jack listen, or speak. */
void fake_hda_prepare(struct fake_hda *fake, unsigned stream, uint16_t format, uint32_t bytes,
		      unsigned count);
void fake_hda_start(struct fake_hda *fake, unsigned stream, bool on);

#endif
