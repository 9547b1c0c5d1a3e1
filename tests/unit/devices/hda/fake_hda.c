/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/hda/fake_hda.h"

#include <stdlib.h>
#include <string.h>

#include "devices/hda/hda.h"
#include "tests/unit/devices/hda/fake_audio.h"
#include "vmm/mem/guest_mem.h"

#define TAG		 1u
#define SET_STREAM	 0x706u
#define SET_PIN		 0x707u
#define PIN_BOTH	 0x60u
#define SDCTL_INTERRUPTS HDA_SDSTS_INTS

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

void fake_hda_init(struct fake_hda *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake_machine_init(&fake->machine);
	fake->machine.env.audio = fake_audio_set_up(fake->machine.loop);
	fake->hda = calloc(1, hda_type.state_size);
	require(fake->hda && hda_type.init(fake->hda, &fake->machine.env, NULL, NULL) == 0);
	pci_config_write(fake->machine.pci, FAKE_HDA_BDF, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	fake->bar = pci_config_read(fake->machine.pci, FAKE_HDA_BDF, PCI_BASE_ADDRESS_0, 4);
	fake_hda_write(fake, HDA_GCTL, 4, HDA_GCTL_CRST);
}

void fake_hda_finish(struct fake_hda *fake)
{
	hda_type.finish(fake->hda);
	free(fake->hda);
	fake_audio_tear_down(fake->machine.env.audio);
	fake_machine_finish(&fake->machine);
}

uint32_t fake_hda_read(struct fake_hda *fake, unsigned offset, unsigned size)
{
	uint64_t value;

	require(bus_read(fake->machine.mmio, fake->bar + offset, size, &value));
	return (uint32_t)value;
}

void fake_hda_write(struct fake_hda *fake, unsigned offset, unsigned size, uint32_t value)
{
	require(bus_write(fake->machine.mmio, fake->bar + offset, size, value));
}

uint32_t fake_hda_sd_read(struct fake_hda *fake, unsigned stream, unsigned offset, unsigned size)
{
	return fake_hda_read(fake, HDA_SD + stream * HDA_SD_BYTES + offset, size);
}

void fake_hda_sd_write(struct fake_hda *fake, unsigned stream, unsigned offset, unsigned size,
		       uint32_t value)
{
	fake_hda_write(fake, HDA_SD + stream * HDA_SD_BYTES + offset, size, value);
}

void fake_hda_run(struct fake_hda *fake)
{
	/* What it posted in turn, too. */
	fake_machine_run(&fake->machine);
	fake_machine_run(&fake->machine);
}

bool fake_hda_intx(struct fake_hda *fake)
{
	return irq_router_level(fake->machine.irqs, FAKE_HDA_INTX);
}

uint32_t fake_hda_verb(struct fake_hda *fake, unsigned node, unsigned verb, unsigned payload)
{
	const unsigned shift = verb > 0xf ? 8 : 16;

	fake_hda_write(fake, HDA_ICOI, 4, node << 20 | verb << shift | payload);
	fake_hda_write(fake, HDA_ICIS, 2, HDA_ICIS_ICB | HDA_ICIS_IRV);
	require(fake_hda_read(fake, HDA_ICIS, 2) == HDA_ICIS_IRV);
	return fake_hda_read(fake, HDA_ICII, 4);
}

void fake_hda_describe(struct fake_hda *fake, unsigned index, uint64_t gpa, uint32_t length,
		       bool interrupts)
{
	uint8_t entry[HDA_BDL_ENTRY_BYTES];

	store_le64(entry, gpa);
	store_le32(entry + 8, length);
	store_le32(entry + 12, interrupts);
	require(guest_mem_write(fake->machine.mem, FAKE_HDA_BDL + index * sizeof(entry), entry,
				sizeof(entry)) == 0);
}

void fake_hda_prepare(struct fake_hda *fake, unsigned stream, uint16_t format, uint32_t bytes,
		      unsigned count)
{
	const bool is_capture = stream < HDA_INPUTS;

	fake_hda_sd_write(fake, stream, HDA_SDCTL, 1, HDA_SDCTL_SRST);
	fake_hda_sd_write(fake, stream, HDA_SDCTL, 1, 0);
	fake_hda_sd_write(fake, stream, HDA_SDCTL, 4, TAG << 20);
	fake_hda_sd_write(fake, stream, HDA_SDCBL, 4, bytes);
	fake_hda_sd_write(fake, stream, HDA_SDFMT, 2, format);
	fake_hda_sd_write(fake, stream, HDA_SDLVI, 2, count - 1);
	fake_hda_sd_write(fake, stream, HDA_SDBDP, 4, FAKE_HDA_BDL);
	fake_hda_sd_write(fake, stream, HDA_SDBDP + 4, 4, 0);
	(void)fake_hda_verb(fake, is_capture ? HDA_ADC : HDA_DAC, SET_STREAM, TAG << 4);
	(void)fake_hda_verb(fake, is_capture ? HDA_LINE_IN : HDA_LINE_OUT, SET_PIN, PIN_BOTH);
	fake_hda_write(fake, HDA_INTCTL, 4, HDA_INTCTL_GIE | HDA_INTCTL_CIE | 1u << stream);
}

void fake_hda_start(struct fake_hda *fake, unsigned stream, bool on)
{
	fake_hda_sd_write(fake, stream, HDA_SDCTL, 1, on ? HDA_SDCTL_RUN | SDCTL_INTERRUPTS : 0);
	fake_hda_run(fake);
}
