/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_HDA_HDA_STATE_H
#define THUNDERLAKE_DEVICES_HDA_HDA_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/audio.h"
#include "devices/char/byte_ring.h"
#include "devices/hda/hda_buffer.h"
#include "devices/hda/hda_codec.h"
#include "devices/pci/pci.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

/* What devices/hda/ keeps of a card. For its own files and their tests only. */

struct audio;
struct audio_stream;
struct guest_mem;
struct hda;
struct msi;

#define HDA_INPUTS  4u
#define HDA_OUTPUTS 4u
#define HDA_STREAMS (HDA_INPUTS + HDA_OUTPUTS) /* inputs first, as their descriptors */

/* --- registers (Intel HDA 1.0a §3.3) --------------------------------------------------------- */

#define HDA_BAR_BYTES	  0x4000u
#define HDA_ALIASES	  0x2000u /* of the registers that an application may see */
#define HDA_REGISTERS_END (HDA_SD + HDA_STREAMS * HDA_SD_BYTES)

#define HDA_GCAP       0x00u
#define HDA_VMAJ       0x03u
#define HDA_OUTPAY     0x04u
#define HDA_INPAY      0x06u
#define HDA_GCTL       0x08u
#define HDA_WAKEEN     0x0cu
#define HDA_STATESTS   0x0eu
#define HDA_GSTS       0x10u
#define HDA_OUTSTRMPAY 0x18u
#define HDA_INSTRMPAY  0x1au
#define HDA_INTCTL     0x20u
#define HDA_INTSTS     0x24u
#define HDA_WALCLK     0x30u
#define HDA_OLD_SSYNC  0x34u /* where the ICHs have it */
#define HDA_SSYNC      0x38u
#define HDA_CORBBASE   0x40u
#define HDA_CORBWP     0x48u
#define HDA_CORBRP     0x4au
#define HDA_CORBCTL    0x4cu
#define HDA_CORBSTS    0x4du
#define HDA_CORBSIZE   0x4eu
#define HDA_RIRBBASE   0x50u
#define HDA_RIRBWP     0x58u
#define HDA_RINTCNT    0x5au
#define HDA_RIRBCTL    0x5cu
#define HDA_RIRBSTS    0x5du
#define HDA_RIRBSIZE   0x5eu
#define HDA_ICOI       0x60u
#define HDA_ICII       0x64u
#define HDA_ICIS       0x68u
#define HDA_DPBASE     0x70u
#define HDA_SD	       0x80u /* stream descriptors */
#define HDA_SD_BYTES   0x20u

/* Inside a stream descriptor. */
#define HDA_SDCTL   0x00u
#define HDA_SDSTS   0x03u
#define HDA_SDLPIB  0x04u
#define HDA_SDCBL   0x08u
#define HDA_SDLVI   0x0cu
#define HDA_SDFIFOW 0x0eu
#define HDA_SDFIFOS 0x10u
#define HDA_SDFMT   0x12u
#define HDA_SDBDP   0x18u

#define HDA_GCTL_CRST	  (1u << 0)
#define HDA_GCTL_FCNTRL	  (1u << 1)
#define HDA_GCTL_UNSOL	  (1u << 8)
#define HDA_GSTS_FSTS	  (1u << 1)
#define HDA_INTCTL_GIE	  (1u << 31)
#define HDA_INTCTL_CIE	  (1u << 30)
#define HDA_CORBRP_RST	  (1u << 15)
#define HDA_CORBCTL_MEIE  (1u << 0)
#define HDA_CORBCTL_RUN	  (1u << 1)
#define HDA_CORBSTS_MEI	  (1u << 0)
#define HDA_RIRBWP_RST	  (1u << 15)
#define HDA_RIRBCTL_INT	  (1u << 0)
#define HDA_RIRBCTL_RUN	  (1u << 1)
#define HDA_RIRBSTS_FL	  (1u << 0)
#define HDA_RIRBSTS_OIS	  (1u << 2)
#define HDA_ICIS_ICB	  (1u << 0)
#define HDA_ICIS_IRV	  (1u << 1)
#define HDA_DPBASE_ENABLE (1u << 0)
#define HDA_SDCTL_SRST	  (1u << 0)
#define HDA_SDCTL_RUN	  (1u << 1)
#define HDA_SDSTS_BCIS	  (1u << 2) /* also their enable bits in SDCTL */
#define HDA_SDSTS_DESE	  (1u << 4)
#define HDA_SDSTS_INTS	  0x1cu
#define HDA_SDSTS_FIFORDY (1u << 5)

/* --- streams --------------------------------------------------------------------------------- */

/* The position at any time, on any thread: what the audio loop saw last, and the clock since. */
struct hda_clock {
	uint64_t frames;
	uint64_t at_ns;
	uint32_t rate_hz; /* 0: it stands */
};

uint64_t hda_clock_at(const struct hda_clock *clock, uint64_t now_ns, uint64_t limit);

/*
 * One DMA engine. Frames that audio_stream counts are numbered since that was opened: `done` of
 * them have passed DMA, `passed` were pulled by or pushed from the host, and those in between wait
 * in `fifo`. DMA is `lead` frames before the position.
 */
struct hda_stream {
	struct hda *hda;
	unsigned index;
	bool is_capture;

	/* Guarded by the card's lock. */
	struct hda_buffer buffer;
	struct audio_format format;
	uint32_t frame_bytes;
	uint32_t cycle_bytes; /* after which LPIB is 0 again */
	uint32_t buffer_frames;
	uint32_t period_frames; /* between interrupts, at most half of the buffer */
	bool is_running;	/* the guest wants it and it can */
	bool is_live;		/* the clock below is valid: DMA moves */
	bool is_unused;		/* has no tag: its audio_stream may go */
	uint64_t position;	/* bytes that DMA moved since the stream's reset */
	uint64_t done, passed;
	int64_t lead;
	uint64_t credit; /* frames that `lead` may still grow by */
	uint64_t live_ns, credit_ns;
	bool is_starved; /* the host wanted more */
	/* hda_pace.c: of `done`, what the guest knew in whole periods when it last answered an
	 * interrupt, and the time before ... */
	uint64_t known, known_before, known_ns;
	/* ... and where DMA should be from the last interrupt, or its answer, on. */
	uint64_t paced, paced_ns;
	bool is_behind; /* DMA waits for the guest */
	struct hda_clock clock;
	struct byte_ring fifo;

	/* The audio loop's. */
	struct audio_stream *audio;
	struct audio_format open_format; /* of what is in the FIFO, too */
	uint32_t open_frame_bytes;
	uint32_t open_buffer_frames, open_period_frames;
	uint32_t volumes[HDA_CODEC_CHANNELS];
	struct loop_task task;
	struct loop_timer nudge; /* while the host waits for more before it begins */
	struct loop_timer catch_up;
};

/* --- the card -------------------------------------------------------------------------------- */

struct hda {
	struct pci_device pci;
	struct msi *msi;
	const char *id; /* all borrowed */
	struct guest_mem *mem;
	struct audio *audio;
	struct loop *loop; /* audio_loop */
	struct log_limit log_limit;

	/* Between bus and interrupt router in the lock order. Guards all below, and the streams. */
	struct mutex lock;
	uint8_t registers[HDA_REGISTERS_END];
	struct hda_codec codec;
	uint64_t wall_start_ns;
	bool is_frozen;		      /* quiesced */
	bool is_plugged[AUDIO_JACKS]; /* the codec knows unless the card is frozen */
	bool irq_level;
	struct hda_stream streams[HDA_STREAMS];
};

static inline uint8_t *hda_register(struct hda *hda, unsigned offset)
{
	return hda->registers + offset;
}

/* The stream's own registers. */
static inline uint8_t *hda_sd(struct hda_stream *stream, unsigned offset)
{
	return stream->hda->registers + HDA_SD + stream->index * HDA_SD_BYTES + offset;
}

/* Sets INTA or sends a message, after status or enable bits may have changed. `again`: the guest
 * has acknowledged something, and hears of what is left. */
void hda_update_irq(struct hda *hda, bool again) REQUIRES(hda->lock);

/* --- hda_registers.c --- */

uint64_t hda_registers_read(struct hda *hda, unsigned offset, unsigned size) REQUIRES(hda->lock);
void hda_registers_write(struct hda *hda, unsigned offset, unsigned size, uint64_t value)
	REQUIRES(hda->lock);
/* As after power-on, with the controller in reset. */
void hda_registers_reset(struct hda *hda) REQUIRES(hda->lock);

/* --- hda_corb.c --- */

/* Runs the commands in the ring, if it runs. */
void hda_corb_run(struct hda *hda) REQUIRES(hda->lock);
/* A response that no command asked for, if the driver takes such. */
void hda_unsolicited(struct hda *hda, uint32_t response) REQUIRES(hda->lock);
/* Runs the immediate command. */
void hda_immediate_run(struct hda *hda) REQUIRES(hda->lock);

/* --- hda_stream.c: under the card's lock --- */

void hda_stream_init(struct hda_stream *stream, struct hda *hda, unsigned index);
/* The controller's reset: stops DMA; the registers are not its business. What waits in the FIFO is
 * still played. */
void hda_stream_discard(struct hda_stream *stream);
/* Starts or stops DMA as SDCTL and SSYNC tell now. */
void hda_stream_update(struct hda_stream *stream);
/* DMA up to now: everything that the guest can see of it is up to date afterwards. */
void hda_stream_move(struct hda_stream *stream, uint64_t now_ns);
/* What SDFMT says; false: no format that the codec has. */
bool hda_parse_format(uint16_t value, struct audio_format *out);

/* --- hda_pace.c: how fast DMA may go, so that no guest is overtaken; under the card's lock --- */

/* DMA begins to move. */
void hda_pace_start(struct hda_stream *stream, uint64_t now_ns);
/* How many frames it may move now; UINT64_MAX: a guest that does not go by interrupts has to keep
 * up by itself. */
uint64_t hda_pace_frames(struct hda_stream *stream, uint64_t now_ns);
/* It has passed the end of a piece that interrupts, in the frame before `end`: says so in SDSTS. */
void hda_pace_interrupt(struct hda_stream *stream, uint64_t end, uint64_t now_ns);
/* The guest has written to SDSTS. */
void hda_pace_answer(struct hda_stream *stream, uint64_t now_ns);

/* --- hda_audio.c: the host's side, on the audio loop --- */

void hda_audio_init(struct hda_stream *stream);

/* Posted, with the stream, after the guest's side has started, stopped or muted it. */
void hda_audio_sync(void *arg);
/* Closes the stream at the host, now. */
void hda_audio_close(struct hda_stream *stream);

#endif
