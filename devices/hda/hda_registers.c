/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda_state.h"
#include "vmm/base/clock.h"

/* 4 output, 4 input and no bidirectional streams, one output line, 64-bit addresses. */
#define GCAP	(HDA_OUTPUTS << 12 | HDA_INPUTS << 8 | 1u)
#define VERSION 1u
/* Words of a frame on the link, less those that commands take. */
#define OUTPUT_WORDS 60u
#define INPUT_WORDS  29u
#define RING_OF_256  0x42u /* and no other size */
#define FIFO_TRIGGER 4u
/* The least that a driver allows for: DMA never reads before the position that it tells. */
#define FIFO_BYTES  64u
#define CODEC_0	    1u
#define WALL_HZ	    UINT64_C(24000000)
#define ALL_STREAMS ((1u << HDA_STREAMS) - 1)

/* Bits that the guest can write, and those that it clears by writing 1. All others read as they
 * are. */
struct mask {
	uint16_t offset;
	uint8_t size;
	uint32_t writable, clears;
};

static const struct mask masks[] = {
	{ HDA_GCTL, 4, HDA_GCTL_CRST | HDA_GCTL_FCNTRL | HDA_GCTL_UNSOL, 0 },
	{ HDA_WAKEEN, 2, CODEC_0, 0 },
	{ HDA_STATESTS, 2, 0, CODEC_0 },
	{ HDA_GSTS, 2, 0, HDA_GSTS_FSTS },
	{ HDA_INTCTL, 4, HDA_INTCTL_GIE | HDA_INTCTL_CIE | ALL_STREAMS, 0 },
	{ HDA_OLD_SSYNC, 4, ALL_STREAMS, 0 },
	{ HDA_SSYNC, 4, ALL_STREAMS, 0 },
	{ HDA_CORBBASE, 4, ~0x7fu, 0 },
	{ HDA_CORBBASE + 4, 4, UINT32_MAX, 0 },
	{ HDA_CORBWP, 2, 0xff, 0 },
	{ HDA_CORBRP, 2, HDA_CORBRP_RST, 0 },
	{ HDA_CORBCTL, 1, HDA_CORBCTL_MEIE | HDA_CORBCTL_RUN, 0 },
	{ HDA_CORBSTS, 1, 0, HDA_CORBSTS_MEI },
	{ HDA_RIRBBASE, 4, ~0x7fu, 0 },
	{ HDA_RIRBBASE + 4, 4, UINT32_MAX, 0 },
	{ HDA_RIRBWP, 2, HDA_RIRBWP_RST, 0 },
	{ HDA_RINTCNT, 2, 0xff, 0 },
	{ HDA_RIRBCTL, 1, 7, 0 },
	{ HDA_RIRBSTS, 1, 0, HDA_RIRBSTS_FL | HDA_RIRBSTS_OIS },
	{ HDA_ICOI, 4, UINT32_MAX, 0 },
	{ HDA_ICIS, 2, HDA_ICIS_ICB, HDA_ICIS_IRV },
	{ HDA_DPBASE, 4, ~0x7fu | HDA_DPBASE_ENABLE, 0 },
	{ HDA_DPBASE + 4, 4, UINT32_MAX, 0 },
};

static const struct mask stream_masks[] = {
	{ HDA_SDCTL, 3, 0xf7001f, 0 },	 { HDA_SDSTS, 1, 0, HDA_SDSTS_INTS },
	{ HDA_SDCBL, 4, UINT32_MAX, 0 }, { HDA_SDLVI, 2, 0xff, 0 },
	{ HDA_SDFIFOW, 2, 7, 0 },	 { HDA_SDFMT, 2, 0xff7f, 0 },
	{ HDA_SDBDP, 4, ~0x7fu, 0 },	 { HDA_SDBDP + 4, 4, UINT32_MAX, 0 },
};

static bool is_touched(unsigned offset, unsigned size, unsigned start, unsigned length)
{
	return offset < start + length && start < offset + size;
}

/* --- what is made up when it is read --------------------------------------------------------- */

static uint32_t wall_clock(const struct hda *hda, uint64_t now_ns)
{
	const uint64_t passed_ns = now_ns - hda->wall_start_ns;

	return (uint32_t)(passed_ns / NS_PER_SECOND * WALL_HZ +
			  passed_ns % NS_PER_SECOND * WALL_HZ / NS_PER_SECOND);
}

static void refresh_stream(struct hda_stream *stream, uint64_t now_ns)
{
	uint8_t *status = hda_sd(stream, HDA_SDSTS);
	const bool runs = *hda_sd(stream, HDA_SDCTL) & HDA_SDCTL_RUN;

	hda_stream_move(stream, now_ns);
	*status = (uint8_t)((*status & HDA_SDSTS_INTS) | (runs ? HDA_SDSTS_FIFORDY : 0));
}

static void refresh(struct hda *hda, unsigned offset, unsigned size) REQUIRES(hda->lock)
{
	const uint64_t now_ns = clock_now_ns();

	if (is_touched(offset, size, HDA_WALCLK, 4)) {
		store_le32(hda_register(hda, HDA_WALCLK), wall_clock(hda, now_ns));
	}
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		if (is_touched(offset, size, HDA_SD + i * HDA_SD_BYTES, HDA_SDCBL)) {
			refresh_stream(&hda->streams[i], now_ns);
		}
	}
}

/* Applications see WALCLK and the LPIBs on pages of their own. */
static bool is_alias(unsigned offset)
{
	const unsigned in_descriptor = (offset - HDA_SD) % HDA_SD_BYTES;

	return offset - HDA_WALCLK < 4 ||
	       (offset >= HDA_SD && offset < HDA_REGISTERS_END && in_descriptor >= HDA_SDLPIB &&
		in_descriptor < HDA_SDCBL);
}

uint64_t hda_registers_read(struct hda *hda, unsigned offset, unsigned size)
{
	if (offset >= HDA_ALIASES && is_alias(offset - HDA_ALIASES)) {
		offset -= HDA_ALIASES;
	}
	if (offset + size > HDA_REGISTERS_END) {
		return 0;
	}
	refresh(hda, offset, size);
	return load_le(hda_register(hda, offset), size);
}

/* --- what a write does ----------------------------------------------------------------------- */

static void write_masked(uint8_t *registers, const struct mask *mask, unsigned base,
			 unsigned offset, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < mask->size; i++) {
		const unsigned at = base + mask->offset + i;
		uint8_t writable, clears, byte;

		if (at < offset || at >= offset + size) {
			continue;
		}
		writable = (uint8_t)(mask->writable >> i * 8);
		clears = (uint8_t)(mask->clears >> i * 8);
		byte = (uint8_t)(value >> (at - offset) * 8);
		registers[at] = (uint8_t)((registers[at] & ~writable) | (byte & writable));
		registers[at] &= (uint8_t) ~(byte & clears);
	}
}

static void store(struct hda *hda, unsigned offset, unsigned size, uint64_t value)
	REQUIRES(hda->lock)
{
	for (unsigned i = 0; i < ARRAY_SIZE(masks); i++) {
		write_masked(hda->registers, &masks[i], 0, offset, value, size);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stream_masks) * HDA_STREAMS; i++) {
		write_masked(hda->registers, &stream_masks[i / HDA_STREAMS],
			     HDA_SD + i % HDA_STREAMS * HDA_SD_BYTES, offset, value, size);
	}
}

static void leave_reset(struct hda *hda) REQUIRES(hda->lock)
{
	*hda_register(hda, HDA_GCTL) |= HDA_GCTL_CRST;
	*hda_register(hda, HDA_STATESTS) |= CODEC_0;
	hda->wall_start_ns = clock_now_ns();
}

/* Only CRST is heard in reset. */
static void write_in_reset(struct hda *hda, unsigned offset, unsigned size, uint64_t value)
	REQUIRES(hda->lock)
{
	if (offset <= HDA_GCTL && offset + size > HDA_GCTL &&
	    value >> (HDA_GCTL - offset) * 8 & HDA_GCTL_CRST) {
		leave_reset(hda);
	}
}

static void on_control(struct hda *hda) REQUIRES(hda->lock)
{
	uint8_t *control = hda_register(hda, HDA_GCTL);

	if (*control & HDA_GCTL_FCNTRL) {
		*control &= (uint8_t)~HDA_GCTL_FCNTRL;
		*hda_register(hda, HDA_GSTS) |= HDA_GSTS_FSTS;
	}
	if (!(*control & HDA_GCTL_CRST)) {
		hda_registers_reset(hda);
	}
}

/* Both SSYNCs are the same register. */
static void on_sync(struct hda *hda, unsigned offset, unsigned size) REQUIRES(hda->lock)
{
	const bool is_old = is_touched(offset, size, HDA_OLD_SSYNC, 4);
	const uint8_t *from = hda_register(hda, is_old ? HDA_OLD_SSYNC : HDA_SSYNC);

	store_le32(hda_register(hda, is_old ? HDA_SSYNC : HDA_OLD_SSYNC), load_le32(from));
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		hda_stream_update(&hda->streams[i]);
	}
}

static void on_rings(struct hda *hda) REQUIRES(hda->lock)
{
	uint8_t *read_pointer = hda_register(hda, HDA_CORBRP);
	uint8_t *write_pointer = hda_register(hda, HDA_RIRBWP);

	/* This reset the driver ends itself, after it has read it back ... */
	if (load_le16(read_pointer) & HDA_CORBRP_RST) {
		store_le16(read_pointer, HDA_CORBRP_RST);
	}
	/* ... and this one it never sees. */
	if (load_le16(write_pointer) & HDA_RIRBWP_RST) {
		store_le16(write_pointer, 0);
	}
	hda_corb_run(hda);
}

void hda_registers_write(struct hda *hda, unsigned offset, unsigned size, uint64_t value)
{
	if (offset + size > HDA_REGISTERS_END) {
		return;
	}
	if (!(*hda_register(hda, HDA_GCTL) & HDA_GCTL_CRST)) {
		write_in_reset(hda, offset, size, value);
		return;
	}
	store(hda, offset, size, value);
	if (is_touched(offset, size, HDA_GCTL, 4)) {
		on_control(hda);
	}
	if (is_touched(offset, size, HDA_OLD_SSYNC, 8)) {
		on_sync(hda, offset, size);
	}
	if (is_touched(offset, size, HDA_CORBWP, HDA_RIRBCTL + 1 - HDA_CORBWP)) {
		on_rings(hda);
	}
	if (is_touched(offset, size, HDA_ICIS, 1)) {
		hda_immediate_run(hda);
	}
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		if (is_touched(offset, size, HDA_SD + i * HDA_SD_BYTES, 3)) {
			hda_stream_update(&hda->streams[i]);
		}
		if (is_touched(offset, size, HDA_SD + i * HDA_SD_BYTES + HDA_SDSTS, 1)) {
			hda_pace_answer(&hda->streams[i], clock_now_ns());
		}
	}
}

void hda_registers_reset(struct hda *hda)
{
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		hda_stream_discard(&hda->streams[i]);
	}
	memset(hda->registers, 0, sizeof(hda->registers));
	store_le16(hda_register(hda, HDA_GCAP), GCAP);
	*hda_register(hda, HDA_VMAJ) = VERSION;
	store_le16(hda_register(hda, HDA_OUTPAY), OUTPUT_WORDS);
	store_le16(hda_register(hda, HDA_INPAY), INPUT_WORDS);
	store_le16(hda_register(hda, HDA_OUTSTRMPAY), OUTPUT_WORDS);
	store_le16(hda_register(hda, HDA_INSTRMPAY), INPUT_WORDS);
	*hda_register(hda, HDA_CORBSIZE) = RING_OF_256;
	*hda_register(hda, HDA_RIRBSIZE) = RING_OF_256;
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		store_le16(hda_sd(&hda->streams[i], HDA_SDFIFOW), FIFO_TRIGGER);
		store_le16(hda_sd(&hda->streams[i], HDA_SDFIFOS), FIFO_BYTES - 1);
	}
	hda_codec_reset(&hda->codec);
}
