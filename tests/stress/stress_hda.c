/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/ devices/pci/ devices/legacy/reset_port.c vmm/bus/ vmm/mem/ vmm/kvm/ */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c audio/backend.c */
/* LINK: audio/none.c */
/* LINK: tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
/*
 * Processors at the registers of a sound card, the audio loop that plays it, and a machine that
 * pauses: formats, starts, stops and resets at any moment. The position that one of them reads is
 * never beyond the buffer.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/backend.h"
#include "audio/none.h"
#include "devices/hda/hda.h"
#include "devices/hda/hda_state.h"
#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/clock.h"
#include "vmm/mem/guest_mem.h"

#define RUN_NS	     UINT64_C(1500000000)
#define BDF	     (1u << 3)
#define BDL_GPA	     0x100000u
#define BUFFER_GPA   0x200000u
#define POSITION_GPA 0x101000u
#define PIECES	     4u
#define PIECE_BYTES  768u
#define CYCLE	     (PIECES * PIECE_BYTES)
#define TAG	     (1u << 20)

const struct audio_backend_type *const audio_backend_types[] = { &audio_none_type, NULL };

static struct fake_machine machine;
static struct hda *hda;
static uint64_t bar;
static atomic_bool ending;
static atomic_ulong starts, reads, moves;

static void require(bool ok, const char *text)
{
	if (!ok) {
		(void)fprintf(stderr, "stress_hda: %s\n", text);
		abort();
	}
}

static uint32_t get(unsigned offset, unsigned size)
{
	uint64_t value = 0;

	(void)bus_read(machine.mmio, bar + offset, size, &value);
	return (uint32_t)value;
}

static void set(unsigned offset, unsigned size, uint32_t value)
{
	(void)bus_write(machine.mmio, bar + offset, size, value);
}

static void write_list(void)
{
	for (unsigned i = 0; i < PIECES; i++) {
		uint8_t entry[HDA_BDL_ENTRY_BYTES];

		store_le64(entry, BUFFER_GPA + i * PIECE_BYTES);
		store_le32(entry + 8, PIECE_BYTES);
		store_le32(entry + 12, 1);
		require(guest_mem_write(machine.mem, BDL_GPA + i * sizeof(entry), entry,
					sizeof(entry)) == 0,
			"no memory");
	}
}

static void play_a_while(unsigned stream, unsigned round)
{
	static const uint16_t formats[] = { 0x0011, 0x4011, 0x0041, 0x0010 };
	const unsigned sd = HDA_SD + stream * HDA_SD_BYTES;

	if (round % 3 == 0) {
		set(sd, 1, HDA_SDCTL_SRST);
		set(sd, 1, 0);
	}
	set(sd + HDA_SDCBL, 4, CYCLE);
	set(sd + HDA_SDLVI, 2, PIECES - 1);
	set(sd + HDA_SDFMT, 2, formats[round / 5 % ARRAY_SIZE(formats)]);
	set(sd + HDA_SDBDP, 4, BDL_GPA);
	set(sd, 4, TAG | HDA_SDSTS_INTS | HDA_SDCTL_RUN);
	(void)atomic_fetch_add(&starts, 1);
	(void)usleep(round * 997 % 20000);
	set(sd, 4, round % 7 == 0 ? 0 : TAG);
}

/* A processor that plays or records. */
static void *play(void *arg)
{
	const unsigned stream = *(const unsigned *)arg;

	for (unsigned round = 0; !atomic_load(&ending); round++) {
		play_a_while(stream, round);
	}
	return NULL;
}

/* One that looks, acknowledges and turns the volume. */
static void *look(void *arg)
{
	const unsigned *streams = arg;

	for (unsigned i = 0; !atomic_load(&ending); i++) {
		const unsigned sd = HDA_SD + streams[i % 2] * HDA_SD_BYTES;
		const uint32_t volume = (uint32_t)atomic_load(&starts) & 0x3f;
		const uint32_t position = get(sd + HDA_SDLPIB, 4);

		require(position < CYCLE, "the position is beyond the buffer");
		if (get(sd + HDA_SDSTS, 1) & HDA_SDSTS_BCIS) {
			set(sd + HDA_SDSTS, 1, HDA_SDSTS_BCIS);
			(void)atomic_fetch_add(&moves, 1);
		}
		set(HDA_ICOI, 4, HDA_DAC << 20 | 0x3b000u | volume);
		set(HDA_ICIS, 2, HDA_ICIS_ICB);
		(void)atomic_fetch_add(&reads, 1);
		(void)usleep(100);
	}
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	require(thread_start(&thread, "stress", run, arg) == 0, "no thread");
	return thread;
}

static void make_card(struct audio **audio, struct loop **loop)
{
	fake_machine_init(&machine);
	require(loop_create("audio", loop) == 0 && audio_create(*loop, audio) == 0, "no audio");
	machine.env.audio = *audio;
	machine.env.loop = *loop;
	require(loop_start(*loop) == 0, "no thread");
	hda = calloc(1, hda_type.state_size);
	require(hda && hda_type.init(hda, &machine.env, NULL, NULL) == 0, "no card");
	pci_config_write(machine.pci, BDF, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bar = pci_config_read(machine.pci, BDF, PCI_BASE_ADDRESS_0, 4);
	set(HDA_GCTL, 4, HDA_GCTL_CRST);
	set(HDA_INTCTL, 4, HDA_INTCTL_GIE | HDA_INTCTL_CIE | 0xff);
	set(HDA_DPBASE, 4, POSITION_GPA | HDA_DPBASE_ENABLE);
	write_list();
}

int main(void)
{
	static unsigned streams[] = { HDA_INPUTS, 0 };
	const uint64_t end_ns = clock_now_ns() + RUN_NS;
	struct audio *audio;
	struct loop *loop;
	pthread_t threads[3];

	make_card(&audio, &loop);
	threads[0] = start(play, &streams[0]);
	threads[1] = start(play, &streams[1]);
	threads[2] = start(look, streams);
	while (clock_now_ns() < end_ns) {
		(void)usleep(50000);
		hda_type.quiesce(hda);
		(void)usleep(1000);
		hda_type.resume(hda);
	}
	atomic_store(&ending, true);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		(void)pthread_join(threads[i], NULL);
	}
	hda_type.reset(hda);
	hda_type.finish(hda);
	free(hda);
	audio_destroy(audio);
	loop_destroy(loop);
	machine.env.loop = machine.loop;
	fake_machine_finish(&machine);
	(void)printf("stress_hda: %lu starts, %lu reads, %lu pieces\n", atomic_load(&starts),
		     atomic_load(&reads), atomic_load(&moves));
	return atomic_load(&starts) == 0 || atomic_load(&reads) == 0;
}
