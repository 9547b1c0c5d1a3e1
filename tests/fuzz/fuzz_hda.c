/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/ devices/pci/ devices/legacy/reset_port.c audio/format.c vmm/bus/ vmm/mem/
 *       vmm/kvm/ tests/unit/devices/hda/fake_audio.c tests/unit/devices/hda/fake_hda.c
 *       tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
/*
 * A sound card whose driver is hostile while its host pulls and pushes as it likes. Input: actions,
 * each with its operands; see act().
 */
#include <string.h>

#include "devices/hda/hda.h"
#include "tests/fuzz/input.h"
#include "tests/unit/devices/hda/fake_audio.h"
#include "tests/unit/devices/hda/fake_hda.h"
#include "vmm/mem/guest_mem.h"

#define ACTIONS_MAX 256u
#define FRAMES_MAX  0x1000u
#define BUFFER_MAX  0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_hda fake;
static bool is_made;

static uint32_t next_word(struct input *in)
{
	const uint32_t low = next(in);

	return low | (uint32_t)next(in) << 8;
}

static uint32_t next_long(struct input *in)
{
	const uint32_t low = next_word(in);

	return low | next_word(in) << 16;
}

static struct audio_stream *choose_stream(struct input *in)
{
	return &fake_audio.streams[next(in) % HDA_STREAMS];
}

static void pull_or_push(struct input *in)
{
	static uint8_t frames[FRAMES_MAX * AUDIO_FRAME_BYTES_MAX];
	struct audio_stream *stream = choose_stream(in);
	const size_t count = next_word(in) % FRAMES_MAX;

	if (!stream->is_open) {
		return;
	}
	if (stream->config.direction == AUDIO_PLAYBACK) {
		(void)fake_audio_pull(stream, frames, count);
	} else {
		(void)fake_audio_push(stream, frames, count);
	}
}

static void play(struct input *in)
{
	struct audio_stream *stream = choose_stream(in);
	const uint32_t frames = next_word(in);

	if (stream->is_open && stream->is_started) {
		fake_audio_play(stream, stream->position + frames);
	}
}

/* The rings and lists that a driver has. */
static void write_memory(struct input *in)
{
	static const uint64_t places[] = { FAKE_HDA_CORB, FAKE_HDA_BDL };
	const uint64_t gpa = places[next(in) % ARRAY_SIZE(places)] + (next(in) * UINT64_C(4));
	const uint32_t value = next_long(in);

	(void)guest_mem_write(fake.machine.mem, gpa, &value, sizeof(value));
}

static void write_register(struct input *in)
{
	const unsigned size = 1u << next(in) % 4;
	const unsigned offset = next_word(in) % (HDA_REGISTERS_END + 8) & ~(size - 1);

	(void)bus_write(fake.machine.mmio, fake.bar + offset, size,
			next_long(in) | (uint64_t)next_long(in) << 32);
}

static void read_register(struct input *in)
{
	const unsigned size = 1u << next(in) % 4;
	const unsigned offset = next_word(in) % HDA_BAR_BYTES & ~(size - 1);
	uint64_t value;

	(void)bus_read(fake.machine.mmio, fake.bar + offset, size, &value);
}

/* A stream as a driver would have it, but for what the input says. */
static void start_stream(struct input *in)
{
	const unsigned stream = next(in) % HDA_STREAMS;
	const unsigned count = next(in) + 1u;

	for (unsigned i = 0; i < count && i < 4; i++) {
		fake_hda_describe(&fake, i, FAKE_HDA_BUFFER + next_word(in),
				  next_word(in) % BUFFER_MAX, next(in) & 1);
	}
	fake_hda_write(&fake, HDA_GCTL, 4, HDA_GCTL_CRST);
	fake_hda_prepare(&fake, stream, (uint16_t)next_word(in), next_long(in), count);
	fake_hda_start(&fake, stream, true);
}

static void act(struct input *in)
{
	switch (next(in) % 12) {
	case 0:
	case 1:
		write_register(in);
		break;
	case 2:
		read_register(in);
		break;
	case 3:
		write_memory(in);
		break;
	case 4:
	case 5:
		pull_or_push(in);
		break;
	case 6:
		play(in);
		break;
	case 7:
		start_stream(in);
		break;
	case 8:
		fake_hda_start(&fake, next(in) % HDA_STREAMS, next(in) & 1);
		break;
	case 9:
		hda_type.quiesce(fake.hda);
		break;
	case 10:
		hda_type.resume(fake.hda);
		break;
	default:
		fake_hda_run(&fake);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!is_made) {
		log_set_level(LOG_LEVEL_ERROR);
		fake_hda_init(&fake);
		is_made = true;
	}
	pci_config_write(fake.machine.pci, FAKE_HDA_BDF, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	fake_hda_write(&fake, HDA_GCTL, 4, HDA_GCTL_CRST);
	for (unsigned i = 0; i < ACTIONS_MAX && in.size; i++) {
		act(&in);
	}
	hda_type.resume(fake.hda);
	hda_type.reset(fake.hda);
	fake_hda_run(&fake);
	return 0;
}
