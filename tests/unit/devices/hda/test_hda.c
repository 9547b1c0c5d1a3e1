/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/ devices/pci/ devices/legacy/reset_port.c audio/format.c vmm/bus/ vmm/mem/ */
/* LINK: vmm/kvm/ tests/unit/devices/hda/fake_audio.c tests/unit/devices/hda/fake_hda.c */
/* LINK: tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include "devices/hda/hda.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/unit/devices/hda/fake_hda.h"
#include "vmm/mem/guest_mem.h"

#define GET_VENDOR   0xf0000u
#define GET_REVISION 0xf0002u
#define VENDOR	     (HDA_CODEC_VENDOR << 16 | HDA_CODEC_DEVICE)
#define REVISION     0x00100000u
#define NOT_MEMORY   0x80000000u

static struct fake_hda fake;

static void set_up(void)
{
	fake_hda_init(&fake);
}

static void tear_down(void)
{
	fake_hda_finish(&fake);
}

TestSuite(hda, .init = set_up, .fini = tear_down, .timeout = 20);

static uint32_t get(unsigned offset, unsigned size)
{
	return fake_hda_read(&fake, offset, size);
}

static void put(unsigned offset, unsigned size, uint32_t value)
{
	fake_hda_write(&fake, offset, size, value);
}

static void put_command(unsigned index, uint32_t command)
{
	cr_assert(zero(int, guest_mem_write(fake.machine.mem, FAKE_HDA_CORB + index * 4, &command,
					    sizeof(command))));
}

static uint64_t response(unsigned index)
{
	uint64_t value;

	cr_assert(zero(int, guest_mem_read(fake.machine.mem, FAKE_HDA_RIRB + index * 8, &value,
					   sizeof(value))));
	return value;
}

/* As Linux does it. */
static void start_rings(void)
{
	put(HDA_CORBBASE, 4, FAKE_HDA_CORB);
	put(HDA_CORBBASE + 4, 4, 0);
	put(HDA_CORBSIZE, 1, 2);
	put(HDA_CORBWP, 2, 0);
	put(HDA_CORBRP, 2, HDA_CORBRP_RST);
	cr_assert(eq(u32, get(HDA_CORBRP, 2), HDA_CORBRP_RST));
	put(HDA_CORBRP, 2, 0);
	cr_assert(eq(u32, get(HDA_CORBRP, 2), 0));
	put(HDA_CORBCTL, 1, HDA_CORBCTL_RUN);
	put(HDA_RIRBBASE, 4, FAKE_HDA_RIRB);
	put(HDA_RIRBBASE + 4, 4, 0);
	put(HDA_RIRBWP, 2, HDA_RIRBWP_RST);
	put(HDA_RINTCNT, 2, 1);
	put(HDA_RIRBCTL, 1, HDA_RIRBCTL_RUN | HDA_RIRBCTL_INT);
	put(HDA_INTCTL, 4, HDA_INTCTL_GIE | HDA_INTCTL_CIE);
}

/* --- the function ---------------------------------------------------------------------------- */

Test(hda, is_the_controller_of_an_ich9)
{
	struct pci_bus *bus = fake.machine.pci;

	cr_assert(eq(u32, pci_config_read(bus, FAKE_HDA_BDF, PCI_VENDOR_ID, 4), 0x293e8086));
	cr_assert(
		eq(u32, pci_config_read(bus, FAKE_HDA_BDF, PCI_CLASS_REVISION, 4) >> 8, 0x040300));
	cr_assert(eq(u32, pci_config_read(bus, FAKE_HDA_BDF, PCI_CAPABILITY_LIST, 1), 0x60));
	cr_assert(eq(u32, pci_config_read(bus, FAKE_HDA_BDF, 0x60, 1), PCI_CAP_ID_MSI));
	cr_assert(eq(u32, pci_config_read(bus, FAKE_HDA_BDF, 0x70, 1), PCI_CAP_ID_EXP));
	pci_config_write(bus, FAKE_HDA_BDF, 0x44, 1, 0xff);
	cr_assert(eq(u32, pci_config_read(bus, FAKE_HDA_BDF, 0x44, 1), 7), "traffic class");
}

Test(hda, tells_what_it_has)
{
	cr_assert(eq(u32, get(HDA_GCAP, 2), 0x4401));
	cr_assert(eq(u32, get(2, 2), 0x0100), "version 1.0");
	cr_assert(eq(u32, get(HDA_CORBSIZE, 1), 0x42));
	cr_assert(eq(u32, get(HDA_RIRBSIZE, 1), 0x42));
	cr_assert(eq(u32, fake_hda_sd_read(&fake, 7, HDA_SDFIFOS, 2), 63));
	cr_assert(eq(u32, get(HDA_REGISTERS_END, 4), 0));
	cr_assert(eq(u32, get(HDA_BAR_BYTES - 4, 4), 0));
}

/* --- reset ----------------------------------------------------------------------------------- */

Test(hda, reset_shows_the_codec_and_forgets_the_rest)
{
	put(HDA_CORBBASE, 4, FAKE_HDA_CORB);
	fake_hda_sd_write(&fake, 3, HDA_SDCBL, 4, 4096);
	put(HDA_STATESTS, 2, 1);
	cr_assert(eq(u32, get(HDA_STATESTS, 2), 0), "acknowledged");
	put(HDA_GCTL, 4, 0);
	cr_assert(eq(u32, get(HDA_GCTL, 4), 0));
	put(HDA_CORBBASE, 4, FAKE_HDA_CORB);
	cr_assert(eq(u32, get(HDA_CORBBASE, 4), 0), "nothing is heard in reset");
	put(HDA_GCTL, 1, HDA_GCTL_CRST);
	cr_assert(eq(u32, get(HDA_GCTL, 4), HDA_GCTL_CRST));
	cr_assert(eq(u32, get(HDA_STATESTS, 2), 1));
	cr_assert(eq(u32, fake_hda_sd_read(&fake, 3, HDA_SDCBL, 4), 0));
}

Test(hda, machine_reset_is_power_on)
{
	start_rings();
	hda_type.reset(fake.hda);
	cr_assert(eq(u32, get(HDA_GCTL, 4), 0));
	cr_assert(eq(u32, get(HDA_INTCTL, 4), 0));
}

Test(hda, flush_is_over_at_once)
{
	put(HDA_GCTL, 4, HDA_GCTL_CRST | HDA_GCTL_FCNTRL);
	cr_assert(eq(u32, get(HDA_GSTS, 2), HDA_GSTS_FSTS));
	cr_assert(eq(u32, get(HDA_GCTL, 4), HDA_GCTL_CRST));
	put(HDA_GSTS, 2, HDA_GSTS_FSTS);
	cr_assert(eq(u32, get(HDA_GSTS, 2), 0));
}

Test(hda, registers_keep_only_their_bits)
{
	put(HDA_CORBBASE, 4, UINT32_MAX);
	cr_assert(eq(u32, get(HDA_CORBBASE, 4), ~0x7fu));
	put(HDA_INTCTL, 4, UINT32_MAX);
	cr_assert(eq(u32, get(HDA_INTCTL, 4), 0xc00000ff));
	put(HDA_GCAP, 4, UINT32_MAX);
	cr_assert(eq(u32, get(HDA_GCAP, 2), 0x4401));
	fake_hda_sd_write(&fake, 4, HDA_SDFMT, 2, 0xffff);
	cr_assert(eq(u32, fake_hda_sd_read(&fake, 4, HDA_SDFMT, 2), 0xff7f));
	fake_hda_sd_write(&fake, 4, HDA_SDCTL + 2, 1, 0x50);
	cr_assert(eq(u32, fake_hda_sd_read(&fake, 4, HDA_SDCTL, 4), 0x500000), "byte by byte");
}

Test(hda, wall_clock_runs)
{
	const uint32_t before = get(HDA_WALCLK, 4);
	const uint32_t passed = get(HDA_WALCLK, 4) - before;

	cr_assert(lt(u32, passed, 24000000 * 10u));
	cr_assert(ge(u32, get(HDA_ALIASES + HDA_WALCLK, 4) - before, passed), "its alias");
	while (get(HDA_WALCLK, 4) == before) {
	}
}

/* --- commands -------------------------------------------------------------------------------- */

Test(hda, commands_are_answered_in_order)
{
	start_rings();
	put_command(1, GET_VENDOR);
	put_command(2, GET_REVISION);
	put(HDA_CORBWP, 2, 2);
	cr_assert(eq(u32, get(HDA_CORBRP, 2), 2));
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 2));
	cr_assert(eq(u64, response(1), VENDOR));
	cr_assert(eq(u64, response(2), REVISION));
	cr_assert(fake_hda_intx(&fake));
	cr_assert(eq(u32, get(HDA_INTSTS, 4), HDA_INTCTL_GIE | HDA_INTCTL_CIE));
	put(HDA_RIRBSTS, 1, HDA_RIRBSTS_FL);
	cr_assert(not(fake_hda_intx(&fake)));
	cr_assert(eq(u32, get(HDA_INTSTS, 4), 0));
}

#define SET_UNSOLICITED 0x708u
#define GET_SENSE	0xf09u
#define IS_PLUGGED	(1u << 31)
#define TAG		5u
#define WANTED		(0x80u | TAG)

/* A response nobody asked for has bit 4 of its second half set, and the tag on top. */
Test(hda, plug_that_moves_is_told_to_who_asked)
{
	const uint64_t told = UINT64_C(1) << 36 | (uint64_t)TAG << 26;

	start_rings();
	hda_set_jack(fake.hda, AUDIO_JACK_LINE_OUT, false);
	cr_assert(eq(u32, fake_hda_verb(&fake, HDA_LINE_OUT, GET_SENSE, 0), 0));
	cr_assert(eq(u32, fake_hda_verb(&fake, HDA_LINE_IN, GET_SENSE, 0), IS_PLUGGED));
	(void)fake_hda_verb(&fake, HDA_LINE_OUT, SET_UNSOLICITED, WANTED);
	hda_set_jack(fake.hda, AUDIO_JACK_LINE_OUT, true);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 0), "the controller takes none");
	put(HDA_GCTL, 4, HDA_GCTL_CRST | HDA_GCTL_UNSOL);
	hda_set_jack(fake.hda, AUDIO_JACK_MICROPHONE, false);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 0), "nobody asked for that one");
	hda_set_jack(fake.hda, AUDIO_JACK_LINE_OUT, false);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 1));
	cr_assert(eq(u64, response(1), told));
	cr_assert(fake_hda_intx(&fake));
	hda_set_jack(fake.hda, AUDIO_JACK_LINE_OUT, false);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 1), "it is out already");
}

Test(hda, plug_that_moves_in_a_pause_is_told_after_it)
{
	start_rings();
	put(HDA_GCTL, 4, HDA_GCTL_CRST | HDA_GCTL_UNSOL);
	(void)fake_hda_verb(&fake, HDA_LINE_OUT, SET_UNSOLICITED, WANTED);
	hda_type.quiesce(fake.hda);
	hda_set_jack(fake.hda, AUDIO_JACK_LINE_OUT, false);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 0));
	hda_type.resume(fake.hda);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 1));
	hda_type.reset(fake.hda);
	fake_hda_write(&fake, HDA_GCTL, 4, HDA_GCTL_CRST);
	cr_assert(eq(u32, fake_hda_verb(&fake, HDA_LINE_OUT, GET_SENSE, 0), 0), "it stays out");
}

Test(hda, command_rings_wrap)
{
	start_rings();
	for (unsigned i = 0; i < 256; i++) {
		put_command(i, i == 5 ? GET_VENDOR : GET_REVISION);
	}
	put(HDA_CORBWP, 2, 255);
	put(HDA_CORBWP, 2, 5);
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 5));
	cr_assert(eq(u64, response(5), VENDOR));
	cr_assert(eq(u64, response(6), REVISION), "of the first turn");
}

Test(hda, codecs_that_are_not_there_are_silent)
{
	start_rings();
	put_command(1, 1u << 28 | GET_VENDOR);
	put_command(2, 15u << 28 | GET_VENDOR);
	put(HDA_CORBWP, 2, 2);
	cr_assert(eq(u32, get(HDA_CORBRP, 2), 2));
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 0));
	cr_assert(not(fake_hda_intx(&fake)));
}

Test(hda, command_ring_outside_memory_is_an_error)
{
	start_rings();
	put(HDA_CORBCTL, 1, HDA_CORBCTL_RUN | HDA_CORBCTL_MEIE);
	put(HDA_CORBBASE, 4, NOT_MEMORY);
	put(HDA_CORBWP, 2, 1);
	cr_assert(eq(u32, get(HDA_CORBSTS, 1), HDA_CORBSTS_MEI));
	cr_assert(eq(u32, get(HDA_CORBCTL, 1), HDA_CORBCTL_MEIE), "it stopped");
	cr_assert(fake_hda_intx(&fake));
	put(HDA_CORBSTS, 1, HDA_CORBSTS_MEI);
	cr_assert(not(fake_hda_intx(&fake)));
}

Test(hda, response_ring_outside_memory_is_ignored)
{
	start_rings();
	put(HDA_RIRBBASE, 4, NOT_MEMORY);
	put_command(1, GET_VENDOR);
	put(HDA_CORBWP, 2, 1);
	cr_assert(eq(u32, get(HDA_CORBRP, 2), 1));
	cr_assert(eq(u32, get(HDA_RIRBWP, 2), 0));
}

Test(hda, rings_need_bus_mastering)
{
	start_rings();
	put_command(1, GET_VENDOR);
	pci_config_write(fake.machine.pci, FAKE_HDA_BDF, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	put(HDA_CORBWP, 2, 1);
	cr_assert(eq(u32, get(HDA_CORBRP, 2), 0));
}

Test(hda, immediate_commands_need_no_rings)
{
	put(HDA_ICOI, 4, GET_VENDOR);
	put(HDA_ICIS, 2, HDA_ICIS_ICB);
	cr_assert(eq(u32, get(HDA_ICIS, 2), HDA_ICIS_IRV));
	cr_assert(eq(u32, get(HDA_ICII, 4), VENDOR));
	put(HDA_ICIS, 2, HDA_ICIS_IRV);
	cr_assert(eq(u32, get(HDA_ICIS, 2), 0));
	put(HDA_ICOI, 4, 3u << 28 | GET_VENDOR);
	put(HDA_ICIS, 2, HDA_ICIS_ICB);
	cr_assert(eq(u32, get(HDA_ICIS, 2), 0), "nobody answered");
}

/* --- interrupts ------------------------------------------------------------------------------ */

Test(hda, interrupts_can_be_held_back)
{
	start_rings();
	put(HDA_INTCTL, 4, HDA_INTCTL_CIE);
	put_command(1, GET_VENDOR);
	put(HDA_CORBWP, 2, 1);
	cr_assert(not(fake_hda_intx(&fake)));
	cr_assert(eq(u32, get(HDA_INTSTS, 4), HDA_INTCTL_GIE | HDA_INTCTL_CIE));
	put(HDA_INTCTL, 4, HDA_INTCTL_GIE);
	cr_assert(not(fake_hda_intx(&fake)));
	put(HDA_INTCTL, 4, HDA_INTCTL_GIE | HDA_INTCTL_CIE);
	cr_assert(fake_hda_intx(&fake));
}

Test(hda, codec_at_reset_can_interrupt)
{
	put(HDA_INTCTL, 4, HDA_INTCTL_GIE | HDA_INTCTL_CIE);
	cr_assert(not(fake_hda_intx(&fake)));
	put(HDA_WAKEEN, 2, 1);
	cr_assert(fake_hda_intx(&fake));
	put(HDA_STATESTS, 2, 1);
	cr_assert(not(fake_hda_intx(&fake)));
}

/* One bit more is no change of the level: the guest is told again when it has acknowledged one. */
Test(hda, messages_replace_the_line)
{
	struct pci_bus *bus = fake.machine.pci;

	pci_config_write(bus, FAKE_HDA_BDF, 0x60 + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	start_rings();
	put_command(1, GET_VENDOR);
	put(HDA_CORBWP, 2, 1);
	cr_assert(eq(u32, get(HDA_INTSTS, 4), HDA_INTCTL_GIE | HDA_INTCTL_CIE));
	cr_assert(not(fake_hda_intx(&fake)));
}
