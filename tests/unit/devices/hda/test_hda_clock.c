/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/ devices/pci/ devices/legacy/reset_port.c vmm/bus/ vmm/mem/ vmm/kvm/ */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c audio/backend.c */
/* LINK: audio/none.c tests/unit/devices/hda/fake_hda.c */
/* LINK: tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
/*
 * The card on the real audio, which nobody hears, and a guest with as little ahead as can be: a
 * period is written when another one was played. Whoever is late, each frame is read once, and as
 * it was written.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "audio/none.h"
#include "devices/hda/hda.h"
#include "tests/unit/audio/fake_time.h"
#include "tests/unit/devices/hda/fake_audio.h"
#include "tests/unit/devices/hda/fake_hda.h"
#include "vmm/mem/guest_mem.h"

/* 48 kHz, 16 bits, stereo: four bytes a frame. */
#define FORMAT	     0x0011u
#define FRAME	     4u
#define FRAMES_IN_MS 48u
#define PERIOD	     (10 * FRAMES_IN_MS)
#define PERIOD_NS    (10 * FAKE_MS)
#define STREAM	     FAKE_HDA_OUTPUT
/* Linux lets each interrupt come so many frames after the period's end. */
#define ADJUSTMENT 32u

const struct audio_backend_type *const audio_backend_types[] = { &audio_none_type, NULL };

static struct fake_hda fake;
static struct audio_tap tap;
static uint32_t heard, wrong; /* frames; of those, not what was written there */
static uint32_t seed;

/* The guest's driver and its player. */
static struct {
	uint32_t buffer;      /* frames */
	uint32_t hw, appl;    /* where the card is, as far as it knows, and where the player is */
	uint64_t accepted_ns; /* the last interrupt */
	bool is_polled;	      /* it has no interrupts, and looks */
	bool is_deaf;	      /* it has some, and looks all the same */
} guest;

struct audio *fake_audio_set_up(struct loop *loop)
{
	struct audio *audio;

	cr_assert(eq(int, audio_create(loop, &audio), 0));
	return audio;
}

void fake_audio_tear_down(struct audio *audio)
{
	audio_remove_tap(audio, &tap);
	audio_destroy(audio);
}

static void hear(void *arg, unsigned stream, const struct audio_format *format, const void *frames,
		 size_t count, uint64_t heard_ns)
{
	const uint32_t *numbers = frames;

	(void)arg, (void)stream, (void)format, (void)heard_ns;
	for (size_t i = 0; i < count; i++) {
		wrong += numbers[i] != heard + i;
	}
	heard += (uint32_t)count;
}

static void set_up(void)
{
	fake_time_begin();
	fake_hda_init(&fake);
	tap = (struct audio_tap){ .on_frames = hear };
	audio_add_tap(fake.machine.env.audio, &tap);
	heard = 0;
	wrong = 0;
	seed = 1;
	memset(&guest, 0, sizeof(guest));
}

static void tear_down(void)
{
	fake_hda_finish(&fake);
}

TestSuite(hda_clock, .init = set_up, .fini = tear_down, .timeout = 60);

/* --- the guest ------------------------------------------------------------------------------- */

static void write_period(void)
{
	for (uint32_t i = 0; i < PERIOD; i++) {
		const uint32_t at = (guest.appl + i) % guest.buffer;
		const uint32_t number = guest.appl + i;

		cr_assert(eq(int,
			     guest_mem_write(fake.machine.mem, FAKE_HDA_BUFFER + at * FRAME,
					     &number, sizeof(number)),
			     0));
	}
	guest.appl += PERIOD;
}

/* The player has at most a ring ahead, and may never be overtaken. */
static void look(void)
{
	const uint32_t lpib = fake_hda_sd_read(&fake, STREAM, HDA_SDLPIB, 4) / FRAME;

	guest.hw += (lpib + guest.buffer - guest.hw % guest.buffer) % guest.buffer;
	cr_assert(lt(u32, guest.hw, guest.appl), "an underrun");
	while (guest.hw + guest.buffer - guest.appl >= PERIOD) {
		write_period();
	}
}

static void serve(void)
{
	if (guest.is_polled || guest.is_deaf) {
		look();
		return;
	}
	if (!fake_hda_intx(&fake)) {
		return;
	}
	fake_hda_sd_write(&fake, STREAM, HDA_SDSTS, 1, HDA_SDSTS_BCIS);
	/* So Linux tells interrupts that are no good. */
	if (fake_now_ns - guest.accepted_ns >= PERIOD_NS * 2 / 3) {
		guest.accepted_ns = fake_now_ns;
		look();
	}
}

static void play(unsigned periods)
{
	guest.buffer = periods * PERIOD;
	fake_hda_describe(&fake, 0, FAKE_HDA_BUFFER, ADJUSTMENT * FRAME, !guest.is_polled);
	for (unsigned i = 0; i < periods; i++) {
		const bool is_last = i == periods - 1;

		fake_hda_describe(&fake, i + 1, FAKE_HDA_BUFFER + (i * PERIOD + ADJUSTMENT) * FRAME,
				  (PERIOD - (is_last ? ADJUSTMENT : 0)) * FRAME,
				  !is_last && !guest.is_polled);
		write_period();
	}
	fake_hda_prepare(&fake, STREAM, FORMAT, guest.buffer * FRAME, periods + 1);
	fake_hda_start(&fake, STREAM, true);
}

/* --- who is late ----------------------------------------------------------------------------- */

static uint64_t up_to(uint64_t ns)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % ns + 1;
}

/* The audio loop comes by that late, and the guest so much later than it could. */
static void pass(uint64_t ns, uint64_t loop_late_ns, uint64_t guest_late_ns)
{
	const uint64_t end_ns = fake_now_ns + ns;

	while (fake_now_ns < end_ns) {
		const uint64_t step_ns = up_to(loop_late_ns);

		fake_time_pass(fake.machine.loop, step_ns, step_ns);
		if (guest_late_ns > 0) {
			fake_now_ns += up_to(guest_late_ns);
		}
		serve();
		cr_assert(eq(u32, wrong, 0));
	}
}

/* At least so much of the time was sound. */
static void expect_heard(uint64_t ns)
{
	cr_assert(ge(u32, heard, (uint32_t)(ns / FAKE_MS) * FRAMES_IN_MS));
}

/* --- tests ----------------------------------------------------------------------------------- */

Test(hda_clock, two_periods_are_enough)
{
	play(2);
	pass(10 * NS_PER_SECOND, FAKE_MS, 0);
	expect_heard(10 * NS_PER_SECOND);
}

Test(hda_clock, loop_is_late)
{
	play(2);
	pass(10 * NS_PER_SECOND, 8 * FAKE_MS, FAKE_MS);
	expect_heard(9 * NS_PER_SECOND);
}

Test(hda_clock, loop_is_later_than_the_ring_is_long)
{
	play(2);
	pass(10 * NS_PER_SECOND, 50 * FAKE_MS, FAKE_MS);
	expect_heard(3 * NS_PER_SECOND);
}

Test(hda_clock, guest_hears_of_interrupts_late)
{
	play(2);
	pass(10 * NS_PER_SECOND, FAKE_MS, 30 * FAKE_MS);
	expect_heard(3 * NS_PER_SECOND);
}

Test(hda_clock, longer_rings_bear_more)
{
	play(4);
	pass(10 * NS_PER_SECOND, 15 * FAKE_MS, 4 * FAKE_MS);
	expect_heard(9 * NS_PER_SECOND);
}

Test(hda_clock, guest_without_interrupts_is_not_held_up)
{
	guest.is_polled = true;
	play(4);
	pass(10 * NS_PER_SECOND, 5 * FAKE_MS, FAKE_MS);
	expect_heard(10 * NS_PER_SECOND);
}

Test(hda_clock, guest_that_never_answers_is_played_all_the_same)
{
	guest.is_deaf = true;
	play(4);
	pass(10 * NS_PER_SECOND, 5 * FAKE_MS, FAKE_MS);
	expect_heard(8 * NS_PER_SECOND);
}
