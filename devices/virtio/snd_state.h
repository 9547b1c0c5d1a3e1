/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_SND_STATE_H
#define THUNDERLAKE_DEVICES_VIRTIO_SND_STATE_H

#include <linux/virtio_snd.h>

#include "audio/audio.h"
#include "devices/virtio/snd.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/list.h"
#include "vmm/base/loop.h"

/* The inside of the sound card, for its own files. All on the audio loop. */

#define SND_QUEUE_SIZE	 256u
#define SND_PLAYBACK_MAX 8u
#define SND_CAPTURE_MAX	 8u
#define SND_STREAMS_MAX	 (SND_PLAYBACK_MAX + SND_CAPTURE_MAX)
#define SND_JACKS	 2u
#define SND_CHMAPS_MAX	 10u

/* The largest buffer a driver may set, and so the largest it may send. */
#define SND_BUFFER_BYTES_MAX (16u << 20)

/* Room for one item of an information request; those of today have 24 to 32 bytes. */
#define SND_INFO_BYTES_MAX 64u

#define SND_STREAM_FEATURES \
	(1u << VIRTIO_SND_PCM_F_EVT_XRUNS | 1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS)

struct virtio_snd;

/* Where a stream is in the life of virtio 1.2 §5.14.6.6.1; released is the same as set. */
enum snd_state {
	SND_FRESH, /* no parameters yet */
	SND_SET,
	SND_PREPARED,
	SND_RUNNING,
	SND_STOPPED,
	SND_STATES,
};

/* Events that the driver has not been told of yet. */
enum snd_due {
	SND_DUE_XRUN = 1u << 0,
	SND_DUE_PERIOD = 1u << 1,
};

/* A chain of the transmit or receive queue, from the driver's doorbell to its completion. */
struct snd_buffer {
	struct list node;
	struct virtqueue_chain chain; /* in `iov` */
	size_t bytes;		      /* of sound in it, or room for it */
	size_t done;		      /* of those pulled or pushed */
	uint64_t end;		      /* the frame behind its last, counted from PREPARE */
	struct iovec iov[];
};

struct snd_stream {
	struct virtio_snd *snd;
	unsigned id;
	enum audio_direction direction;
	enum snd_state state;

	/* As the driver set them. */
	struct audio_format format;
	size_t frame_bytes;
	uint32_t buffer_frames, period_frames;
	uint32_t features; /* 1 << VIRTIO_SND_PCM_F_* */

	/* From PREPARE to RELEASE. */
	struct audio_stream *audio; /* owned; else NULL */
	struct list buffers;	    /* of struct snd_buffer, owned, in the driver's order */
	uint64_t queued;	    /* frames in all buffers until now */
	uint64_t told;		    /* of those, the audio knows of */
	uint64_t next_period;	    /* the position at which it has elapsed */
	uint64_t returned;	    /* the end of the buffer returned last */
	uint64_t looked;      /* how much of that the driver had taken at the last look for more */
	uint64_t seen;	      /* how much the driver is certain to have seen */
	uint64_t withheld_ns; /* since then the next buffer is withheld; 0: it is not */
	struct loop_timer retry; /* for what is withheld */
	unsigned due;		 /* enum snd_due */
	bool is_fed;		 /* the last pull had all it wanted: it looks for buffers itself */
};

struct snd_jack {
	uint32_t config; /* pin configuration (HDA 7.3.3.31); the driver may remap it */
	bool is_connected;
	bool is_due; /* the driver is to be told of is_connected */
};

struct snd_chmap {
	enum audio_direction direction;
	uint8_t channels;
};

struct virtio_snd {
	struct virtio_device v;
	struct audio *audio; /* borrowed, as is the loop */
	struct loop *loop;
	bool is_held;	      /* the machine is paused: guest memory must not be touched */
	unsigned channels[2]; /* at most, by direction */
	unsigned stream_count, jack_count, chmap_count;
	struct snd_stream streams[SND_STREAMS_MAX]; /* playback first */
	struct snd_jack jacks[SND_JACKS];	    /* by enum audio_jack */
	struct snd_chmap chmaps[SND_CHMAPS_MAX];
	unsigned taken[VIRTIO_SND_VQ_MAX];    /* chains of each queue in streams' buffers */
	uint64_t looked_ns;		      /* when the transmit queue was last seen empty */
	struct iovec iov[VIRTQUEUE_MAX_SIZE]; /* of the chain popped last */
};
VIRTIO_DEVICE_IS_FIRST(struct virtio_snd, v);

static inline unsigned snd_queue(const struct snd_stream *stream)
{
	return stream->direction == AUDIO_PLAYBACK ? VIRTIO_SND_VQ_TX : VIRTIO_SND_VQ_RX;
}

/* Whether guest memory and this queue may be used. */
static inline bool snd_is_live(const struct virtio_snd *snd, unsigned queue)
{
	return snd->v.running && !snd->is_held && !snd->v.queues[queue].broken;
}

/* --- snd_info.c: what the card has --- */

void snd_info_init(struct virtio_snd *snd);
/* Jacks as they are before a driver changes them. */
void snd_info_reset(struct virtio_snd *snd);
/* How many items there are of the kind that VIRTIO_SND_R_*_INFO `code` asks for. */
unsigned snd_info_count(const struct virtio_snd *snd, uint32_t code);
/* One of them, SND_INFO_BYTES_MAX bytes, zeros behind its structure. */
void snd_info_describe(const struct virtio_snd *snd, uint32_t code, unsigned index, uint8_t *item);
/* False: not one that the card takes. */
bool snd_info_sample(uint8_t format, enum audio_sample *out);
bool snd_info_rate(uint8_t rate, uint32_t *out_hz);

/* --- snd_control.c: requests --- */

void snd_control_receive(struct virtio_snd *snd);

/* --- snd_event.c: events --- */

/* Sends what is due, as far as the driver has given buffers. */
void snd_event_send(struct virtio_snd *snd);

/* --- snd_stream.c: the life of a stream; each request returns a VIRTIO_SND_S_* --- */

void snd_stream_init(struct snd_stream *stream);
uint32_t snd_stream_set_params(struct snd_stream *stream,
			       const struct virtio_snd_pcm_set_params *request);
uint32_t snd_stream_prepare(struct snd_stream *stream);
uint32_t snd_stream_start(struct snd_stream *stream);
uint32_t snd_stream_stop(struct snd_stream *stream);
uint32_t snd_stream_release(struct snd_stream *stream);
/* The driver is gone: everything is dropped, nothing is written any more. */
void snd_stream_reset(struct snd_stream *stream);
/* Returns buffers whose time has come, and asks to be woken for the next. */
void snd_stream_update(struct snd_stream *stream);

/* --- snd_buffer.c: the driver's buffers --- */

/* Takes what the driver has put into this queue, and lets its streams know. */
void snd_buffer_take(struct virtio_snd *snd, unsigned queue);
/* Whether the driver has to ring for what it plays, after `state` or `is_fed` of a stream has
 * changed. */
void snd_buffer_set_doorbell(struct virtio_snd *snd);
/* Moves sound out of, or into, the buffers; returns the bytes moved. */
size_t snd_buffer_read(struct snd_stream *stream, uint8_t *bytes, size_t length);
size_t snd_buffer_write(struct snd_stream *stream, const uint8_t *bytes, size_t length);
/* The position that completes the next buffer; UINT64_MAX: no buffer waits for one. */
uint64_t snd_buffer_next_end(const struct snd_stream *stream);
/* Returns those that end at or before `position`; false: but for one, withheld for now, as the
 * driver would take so many at once for none. */
bool snd_buffer_complete(struct snd_stream *stream, uint64_t position);
/* The same, and the rest as they are: captured as far as it goes, or not played. */
void snd_buffer_flush(struct snd_stream *stream, uint64_t position);
/* Forgets them all. */
void snd_buffer_drop(struct snd_stream *stream);

#endif
