/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/ devices/pci/ devices/legacy/reset_port.c audio/format.c vmm/bus/ vmm/mem/ */
/* LINK: vmm/kvm/ tests/unit/devices/hda/fake_audio.c tests/unit/devices/hda/fake_hda.c */
/* LINK: tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "audio/audio.h"
#include "devices/hda/hda.h"
#include "tests/unit/devices/hda/fake_audio.h"
#include "tests/unit/devices/hda/fake_hda.h"
#include "vmm/mem/guest_mem.h"

/* 48 kHz, 16 bits, stereo: four bytes a frame; 10 ms a period, four of them. */
#define FORMAT	   0x0011u
#define FRAME	   4u
#define PERIOD	   480u
#define PERIODS	   4u
#define BUFFER	   (PERIOD * PERIODS)
#define HALF	   (BUFFER / 2)
#define OUT	   FAKE_HDA_OUTPUT
#define IN	   FAKE_HDA_INPUT
#define NOT_MEMORY 0x80000000u
#define SECONDS(n) ((n)*NS_PER_SECOND)
#define MONO_U8_8K 0x0500u
#define S32_192K   0x1841u
#define SET_AMP	   0x3u

static struct fake_hda fake;
static uint32_t frames[BUFFER * 4];

static void set_up(void)
{
	fake_hda_init(&fake);
}

static void tear_down(void)
{
	fake_hda_finish(&fake);
}

TestSuite(hda_stream, .init = set_up, .fini = tear_down, .timeout = 20);

/* Frame i of the buffer is i + base. */
static void fill(uint32_t base)
{
	uint32_t *memory = guest_mem_slice(fake.machine.mem, FAKE_HDA_BUFFER, BUFFER * FRAME);

	for (uint32_t i = 0; i < BUFFER; i++) {
		memory[i] = base + i;
	}
}

/* A guest without interrupts has to keep up; test_hda_clock.c has the others. */
static void be_deaf(void)
{
	fake_hda_write(&fake, HDA_INTCTL, 4, 0);
}

static void hear(unsigned stream)
{
	fake_hda_write(&fake, HDA_INTCTL, 4, HDA_INTCTL_GIE | 1u << stream);
}

static void prepare(unsigned stream)
{
	for (unsigned i = 0; i < PERIODS; i++) {
		fake_hda_describe(&fake, i, FAKE_HDA_BUFFER + i * PERIOD * FRAME, PERIOD * FRAME,
				  true);
	}
	fake_hda_prepare(&fake, stream, FORMAT, BUFFER * FRAME, PERIODS);
	be_deaf();
	fill(0);
}

static struct audio_stream *start(unsigned stream)
{
	fake_hda_start(&fake, stream, true);
	return fake_audio_stream(stream < HDA_INPUTS ? AUDIO_CAPTURE : AUDIO_PLAYBACK);
}

static uint32_t lpib(unsigned stream)
{
	return fake_hda_sd_read(&fake, stream, HDA_SDLPIB, 4) / FRAME;
}

static bool is_complete(unsigned stream)
{
	return fake_hda_sd_read(&fake, stream, HDA_SDSTS, 1) & HDA_SDSTS_BCIS;
}

static bool has_error(unsigned stream)
{
	return fake_hda_sd_read(&fake, stream, HDA_SDSTS, 1) & HDA_SDSTS_DESE;
}

static void acknowledge(unsigned stream)
{
	fake_hda_sd_write(&fake, stream, HDA_SDSTS, 1, HDA_SDSTS_BCIS);
}

/* Pulled frames are those of the buffer from `first` on. */
static void expect_frames(uint32_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cr_assert(eq(u32, frames[i], (first + (uint32_t)i) % BUFFER));
	}
}

static void pull(struct audio_stream *host, size_t count, uint32_t first)
{
	cr_assert(eq(sz, fake_audio_pull(host, frames, count), count));
	expect_frames(first, count);
}

/* --- playback -------------------------------------------------------------------------------- */

Test(hda_stream, start_opens_what_the_registers_say)
{
	struct audio_stream *host;

	prepare(OUT);
	cr_assert(zero(ptr, fake_audio_stream(AUDIO_PLAYBACK)));
	host = start(OUT);
	cr_assert(not(zero(ptr, host)));
	cr_assert(host->is_started);
	cr_assert(eq(u32, host->config.format.rate_hz, 48000));
	cr_assert(eq(u32, host->config.buffer_frames, BUFFER));
	cr_assert(eq(u32, host->config.period_frames, PERIOD));
	cr_assert(zero(int, strcmp(host->config.name, "test0")));
	cr_assert(eq(u32, host->volumes[0], AUDIO_VOLUME_MAX));
	cr_assert(eq(u32, fake_hda_sd_read(&fake, OUT, HDA_SDSTS, 1), HDA_SDSTS_FIFORDY));
	cr_assert(zero(u32, lpib(OUT)));
}

/* DMA is where the host's first helping ends, and goes on with the host's position. */
Test(hda_stream, position_follows_the_host)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	cr_assert(eq(u32, lpib(OUT), 400));
	fake_audio_play(host, 400);
	cr_assert(eq(u32, lpib(OUT), 800));
	pull(host, 400, 400);
	fake_audio_play(host, 800);
	cr_assert(eq(u32, lpib(OUT), 1200));
	cr_assert(
		eq(u32,
		   fake_hda_read(&fake, HDA_ALIASES + HDA_SD + OUT * HDA_SD_BYTES + HDA_SDLPIB, 4),
		   1200 * FRAME));
}

/* The guest may write behind the position as soon as it sees it, and before it until then. */
Test(hda_stream, frames_are_read_when_the_position_passes)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	fill(BUFFER);
	fake_audio_play(host, 400);
	cr_assert(eq(u32, lpib(OUT), 800));
	fill(7 * BUFFER);
	cr_assert(eq(sz, fake_audio_pull(host, frames, 400), 400));
	cr_assert(eq(u32, frames[0], BUFFER + 400), "as it was when the position passed");
	cr_assert(eq(u32, frames[399], BUFFER + 799));
}

Test(hda_stream, buffer_is_played_round_and_round)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	for (uint32_t i = 0; i < 50; i++) {
		pull(host, 300, i * 300 % BUFFER);
		fake_audio_play(host, (i + 1) * UINT64_C(300));
		cr_assert(eq(u32, lpib(OUT), (i + 2) * 300 % BUFFER));
	}
}

Test(hda_stream, interrupts_when_the_position_passes_a_piece)
{
	struct audio_stream *host;

	prepare(OUT);
	hear(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	cr_assert(not(is_complete(OUT)));
	fake_audio_play(host, 79);
	cr_assert(not(fake_hda_intx(&fake)));
	fake_audio_play(host, 400);
	cr_assert(is_complete(OUT));
	cr_assert(fake_hda_intx(&fake));
	cr_assert(eq(u32, fake_hda_read(&fake, HDA_INTSTS, 4), HDA_INTCTL_GIE | 1u << OUT));
	acknowledge(OUT);
	cr_assert(not(fake_hda_intx(&fake)));
}

/* Frame 480 is the first after the piece: DMA is 400 frames ahead. */
Test(hda_stream, waits_for_the_interrupt_exactly)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	cr_assert(eq(u64, host->wake, 1), "the clock's first move");
	fake_audio_play(host, 1);
	cr_assert(eq(u64, host->wake, 80));
}

Test(hda_stream, piece_may_end_inside_a_frame)
{
	struct audio_stream *host;

	fake_hda_describe(&fake, 0, FAKE_HDA_BUFFER, 5, true);
	fake_hda_describe(&fake, 1, FAKE_HDA_BUFFER + 5, BUFFER * FRAME - 5, false);
	fake_hda_prepare(&fake, OUT, FORMAT, BUFFER * FRAME, 2);
	fill(0);
	be_deaf();
	host = start(OUT);
	pull(host, 1, 0);
	cr_assert(not(is_complete(OUT)));
	pull(host, 1, 1);
	cr_assert(is_complete(OUT));
	pull(host, 200, 2);
}

/* A host that asks for much at once gets what a guest of two periods can bear. */
Test(hda_stream, short_buffers_are_not_emptied_at_once)
{
	struct audio_stream *host;

	fake_hda_describe(&fake, 0, FAKE_HDA_BUFFER, HALF * FRAME, true);
	fake_hda_describe(&fake, 1, FAKE_HDA_BUFFER + HALF * FRAME, HALF * FRAME, true);
	fake_hda_prepare(&fake, OUT, FORMAT, BUFFER * FRAME, 2);
	be_deaf();
	host = start(OUT);
	cr_assert(eq(sz, fake_audio_pull(host, frames, BUFFER), HALF / 4));
	cr_assert(eq(u32, lpib(OUT), HALF / 4));
	cr_assert(le(u64, host->wake, HALF / 4), "it asks to be told when there is more");
	fake_audio_play(host, HALF / 4);
	cr_assert(ge(u64, host->kicked, HALF / 2));
}

/* Nothing was played yet because the host wants more than the guest can give at the start. */
Test(hda_stream, host_that_waits_for_more_gets_it)
{
	struct audio_stream *host;
	size_t got = 0;

	fake_hda_describe(&fake, 0, FAKE_HDA_BUFFER, HALF * FRAME, true);
	fake_hda_describe(&fake, 1, FAKE_HDA_BUFFER + HALF * FRAME, HALF * FRAME, true);
	fake_hda_prepare(&fake, OUT, FORMAT, BUFFER * FRAME, 2);
	be_deaf();
	host = start(OUT);
	while (got < HALF) {
		got += fake_audio_pull(host, frames, HALF - got);
		fake_machine_run(&fake.machine);
	}
	cr_assert(ge(u32, lpib(OUT), HALF));
}

Test(hda_stream, position_is_written_to_memory)
{
	struct audio_stream *host;
	uint32_t position;

	fake_hda_write(&fake, HDA_DPBASE, 4, FAKE_HDA_POSITION | HDA_DPBASE_ENABLE);
	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	cr_assert(zero(int, guest_mem_read(fake.machine.mem, FAKE_HDA_POSITION + OUT * 8, &position,
					   sizeof(position))));
	cr_assert(eq(u32, position, 400 * FRAME));
	fake_audio_play(host, 1);
	cr_assert(le(u64, host->wake, 1 + 96), "every other millisecond");
}

/* --- stop, pause, reset ---------------------------------------------------------------------- */

Test(hda_stream, what_passed_before_a_stop_is_played)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	fake_audio_play(host, 400);
	cr_assert(eq(u32, lpib(OUT), 800));
	fake_hda_start(&fake, OUT, false);
	fill(BUFFER);
	cr_assert(host->is_started, "until the rest is pulled");
	cr_assert(eq(sz, fake_audio_pull(host, frames, BUFFER), 400));
	expect_frames(400, 400);
	cr_assert(zero(sz, fake_audio_pull(host, frames, 1)));
	fake_hda_run(&fake);
	cr_assert(not(host->is_started));
	cr_assert(eq(u64, host->moved, 800), "just what the position told");
	cr_assert(eq(u32, lpib(OUT), 800));
}

Test(hda_stream, goes_on_after_a_pause)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	fake_audio_play(host, 400);
	fake_hda_start(&fake, OUT, false);
	cr_assert(eq(sz, fake_audio_pull(host, frames, BUFFER), 400));
	fake_hda_run(&fake);
	cr_assert(eq(ptr, start(OUT), host));
	cr_assert(host->is_started);
	cr_assert(eq(u32, lpib(OUT), 800));
	pull(host, 400, 800);
	cr_assert(eq(u32, lpib(OUT), 1200));
	cr_assert(eq(uint, fake_audio.opens, 1));
}

Test(hda_stream, reset_begins_anew)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 480, 0);
	fake_hda_sd_write(&fake, OUT, HDA_SDCTL, 1, HDA_SDCTL_SRST);
	cr_assert(eq(u32, fake_hda_sd_read(&fake, OUT, HDA_SDCTL, 1), HDA_SDCTL_SRST));
	cr_assert(zero(u32, lpib(OUT)));
	cr_assert(not(is_complete(OUT)));
	cr_assert(eq(u32, fake_hda_sd_read(&fake, OUT, HDA_SDFIFOS, 2), 63));
	prepare(OUT);
	cr_assert(eq(ptr, start(OUT), host), "the same sound needs no other stream");
	pull(host, 400, 0);
	cr_assert(eq(uint, fake_audio.opens, 1));
}

Test(hda_stream, another_format_is_another_stream)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	fake_audio_play(host, 200);
	cr_assert(eq(u32, lpib(OUT) >= 600, true));
	fake_hda_prepare(&fake, OUT, S32_192K, BUFFER * FRAME, PERIODS);
	(void)start(OUT);
	cr_assert(eq(u32, host->config.format.rate_hz, 48000), "not before the old one is out");
	frames[1] = 0;
	cr_assert(eq(sz, fake_audio_pull(host, frames, 1), 1));
	cr_assert(eq(u32, frames[0], 400));
	cr_assert(eq(u32, frames[1], 0), "frames of the old size");
	while (fake_audio_pull(host, frames, BUFFER) > 0) {
	}
	fake_hda_run(&fake);
	cr_assert(eq(uint, fake_audio.opens, 2));
	host = fake_audio_stream(AUDIO_PLAYBACK);
	cr_assert(eq(u32, host->config.format.rate_hz, 192000));
	cr_assert(host->is_started);
	fake_hda_prepare(&fake, OUT, MONO_U8_8K, BUFFER * FRAME, PERIODS);
	host = start(OUT);
	cr_assert(eq(u32, host->config.format.rate_hz, 8000));
	cr_assert(eq(u32, host->config.format.channels, 1));
}

Test(hda_stream, driver_that_is_done_frees_it)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	fake_hda_start(&fake, OUT, false);
	while (fake_audio_pull(host, frames, BUFFER) > 0) {
	}
	fake_hda_run(&fake);
	cr_assert(host->is_open);
	fake_hda_sd_write(&fake, OUT, HDA_SDCTL, 4, 0);
	fake_hda_run(&fake);
	cr_assert(not(host->is_open));
}

Test(hda_stream, controller_reset_ends_all)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	fake_hda_write(&fake, HDA_GCTL, 4, 0);
	while (fake_audio_pull(host, frames, BUFFER) > 0) {
	}
	fake_hda_run(&fake);
	cr_assert(not(host->is_open));
	fake_hda_write(&fake, HDA_GCTL, 4, HDA_GCTL_CRST);
	prepare(OUT);
	cr_assert(not(zero(ptr, start(OUT))));
}

Test(hda_stream, machine_reset_ends_all_at_once)
{
	prepare(OUT);
	(void)start(OUT);
	hda_type.reset(fake.hda);
	cr_assert(zero(ptr, fake_audio_stream(AUDIO_PLAYBACK)));
}

Test(hda_stream, stands_while_the_machine_pauses)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	pull(host, 400, 0);
	hda_type.quiesce(fake.hda);
	fake_audio_play(host, 400);
	cr_assert(eq(u32, lpib(OUT), 400));
	cr_assert(zero(sz, fake_audio_pull(host, frames, 400)), "no access to memory");
	hda_type.resume(fake.hda);
	fake_hda_run(&fake);
	pull(host, 400, 400);
	cr_assert(eq(u32, lpib(OUT), 800));
}

/* SSYNC, at its own place and at that of the ICHs, which Linux uses. */
Test(hda_stream, streams_can_be_started_together)
{
	static const unsigned registers[] = { HDA_SSYNC, HDA_OLD_SSYNC };

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		struct audio_stream *host;

		prepare(OUT);
		fake_hda_write(&fake, registers[i], 4, 1u << OUT);
		host = start(OUT);
		cr_assert(zero(ptr, host));
		cr_assert(eq(u32, fake_hda_sd_read(&fake, OUT, HDA_SDSTS, 1), HDA_SDSTS_FIFORDY));
		fake_hda_write(&fake, registers[i], 4, 0);
		fake_hda_run(&fake);
		host = fake_audio_stream(AUDIO_PLAYBACK);
		cr_assert(host && host->is_started);
		hda_type.reset(fake.hda);
		fake_hda_write(&fake, HDA_GCTL, 4, HDA_GCTL_CRST);
		pci_config_write(fake.machine.pci, FAKE_HDA_BDF, PCI_COMMAND, 2,
				 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	}
}

/* --- capture --------------------------------------------------------------------------------- */

Test(hda_stream, captured_frames_come_with_the_position)
{
	uint32_t *memory = guest_mem_slice(fake.machine.mem, FAKE_HDA_BUFFER, BUFFER * FRAME);
	struct audio_stream *host;

	for (uint32_t i = 0; i < PERIOD; i++) {
		frames[i] = 0x10000 + i;
	}
	prepare(IN);
	host = start(IN);
	cr_assert(eq(sz, fake_audio_push(host, frames, PERIOD), PERIOD));
	cr_assert(zero(u32, lpib(IN)));
	cr_assert(eq(u32, memory[0], 0), "not there yet");
	fake_audio_play(host, PERIOD);
	cr_assert(eq(u32, lpib(IN), PERIOD));
	cr_assert(is_complete(IN));
	cr_assert(eq(u32, memory[0], 0x10000));
	cr_assert(eq(u32, memory[PERIOD - 1], 0x10000 + PERIOD - 1));
	cr_assert(eq(u32, memory[PERIOD], PERIOD), "and no further");
}

Test(hda_stream, capture_that_is_stopped_takes_nothing)
{
	struct audio_stream *host;

	prepare(IN);
	host = start(IN);
	fake_hda_start(&fake, IN, false);
	cr_assert(not(host->is_started));
	cr_assert(zero(sz, fake_audio_push(host, frames, PERIOD)));
	cr_assert(zero(u32, lpib(IN)));
}

Test(hda_stream, both_directions_at_once)
{
	struct audio_stream *playback, *capture;

	prepare(OUT);
	prepare(IN);
	fake_hda_write(&fake, HDA_INTCTL, 4, HDA_INTCTL_GIE | 1u << OUT | 1u << IN);
	playback = start(OUT);
	capture = start(IN);
	cr_assert(eq(sz, fake_audio_push(capture, frames, PERIOD), PERIOD));
	fake_audio_play(capture, PERIOD);
	cr_assert(eq(u32, fake_hda_read(&fake, HDA_INTSTS, 4), HDA_INTCTL_GIE | 1u << IN));
	cr_assert(eq(sz, fake_audio_pull(playback, frames, PERIOD), PERIOD));
	cr_assert(eq(u32, fake_hda_read(&fake, HDA_INTSTS, 4),
		     HDA_INTCTL_GIE | 1u << IN | 1u << OUT));
	acknowledge(IN);
	cr_assert(fake_hda_intx(&fake));
	acknowledge(OUT);
	cr_assert(not(fake_hda_intx(&fake)));
}

/* --- volume ---------------------------------------------------------------------------------- */

Test(hda_stream, volume_changes_while_it_plays)
{
	struct audio_stream *host;

	prepare(OUT);
	host = start(OUT);
	(void)fake_hda_verb(&fake, HDA_DAC, SET_AMP, 0xa000 | HDA_AMP_MUTE);
	fake_hda_run(&fake);
	cr_assert(eq(u32, host->volumes[0], 0));
	cr_assert(eq(u32, host->volumes[1], AUDIO_VOLUME_MAX));
	cr_assert(host->is_started);
}

/* --- hostile guests -------------------------------------------------------------------------- */

Test(hda_stream, list_outside_memory_is_an_error)
{
	prepare(OUT);
	hear(OUT);
	fake_hda_sd_write(&fake, OUT, HDA_SDBDP, 4, NOT_MEMORY);
	cr_assert(zero(ptr, start(OUT)));
	cr_assert(has_error(OUT));
	cr_assert(fake_hda_intx(&fake));
}

Test(hda_stream, buffer_outside_memory_is_an_error)
{
	struct audio_stream *host;

	prepare(OUT);
	fake_hda_describe(&fake, 1, NOT_MEMORY, PERIOD * FRAME, true);
	host = start(OUT);
	cr_assert(eq(sz, fake_audio_pull(host, frames, PERIOD + 100), PERIOD));
	cr_assert(has_error(OUT));
	cr_assert(zero(sz, fake_audio_pull(host, frames, 100)));
	fake_hda_run(&fake);
	cr_assert(not(host->is_started));
}

Test(hda_stream, buffer_of_no_frame_is_an_error)
{
	fake_hda_describe(&fake, 0, FAKE_HDA_BUFFER, 7, true);
	fake_hda_prepare(&fake, OUT, FORMAT, 7, 1);
	cr_assert(zero(ptr, start(OUT)));
	cr_assert(has_error(OUT));
}

Test(hda_stream, cyclic_length_may_be_a_lie)
{
	struct audio_stream *host;

	prepare(OUT);
	fake_hda_sd_write(&fake, OUT, HDA_SDCBL, 4, 100 * FRAME);
	host = start(OUT);
	pull(host, 400, 0);
	cr_assert(zero(u32, lpib(OUT)));
	fake_hda_sd_write(&fake, OUT, HDA_SDCBL, 4, 0);
	fake_audio_play(host, 400);
	pull(host, 400, 400);
}

Test(hda_stream, unknown_format_plays_nothing)
{
	prepare(OUT);
	fake_hda_sd_write(&fake, OUT, HDA_SDFMT, 2, 0x801f);
	cr_assert(zero(ptr, start(OUT)));
	cr_assert(zero(u32, lpib(OUT)));
}

Test(hda_stream, host_that_refuses_is_no_harm)
{
	fake_audio.open_result = -ENOMEM;
	prepare(OUT);
	cr_assert(zero(ptr, start(OUT)));
	cr_assert(zero(u32, lpib(OUT)));
	fake_hda_start(&fake, OUT, false);
	fake_audio.open_result = 0;
	cr_assert(not(zero(ptr, start(OUT))));
}
