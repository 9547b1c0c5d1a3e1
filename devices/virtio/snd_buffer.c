/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/snd_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/*
 * A chain is a header that names the stream, sound, and a status; sound is readable in the transmit
 * queue and writable in the other, where the status follows it. It stays with the device while the
 * host consumes it, a pause of the machine included: what waits to be heard can't be put back.
 */
#define HEADER_BYTES sizeof(struct virtio_snd_pcm_xfer)
#define STATUS_BYTES sizeof(struct virtio_snd_pcm_status)
/* How long Linux waits for the end of a stream: a tenth more than its buffer takes, or this long.
 */
#define DRAIN_LEAST_NS (NS_PER_SECOND / 10)

static const struct iovec *writable_iov(const struct virtqueue_chain *chain)
{
	return chain->iov + chain->readable_count;
}

/* --- back to the driver ---------------------------------------------------------------------- */

/* `written` bytes of captured sound are in the chain. */
static void return_chain(struct virtio_snd *snd, unsigned queue,
			 const struct virtqueue_chain *chain,
			 const struct virtio_snd_pcm_status *status, size_t written)
{
	(void)iov_write(writable_iov(chain), chain->writable_count,
			chain->writable_bytes - STATUS_BYTES, status, STATUS_BYTES);
	virtqueue_push(&snd->v.queues[queue], chain->head, (uint32_t)(written + STATUS_BYTES));
}

static void refuse_chain(struct virtio_snd *snd, unsigned queue,
			 const struct virtqueue_chain *chain)
{
	struct virtio_snd_pcm_status status = { 0 };

	store_le32(&status.status, VIRTIO_SND_S_IO_ERR);
	return_chain(snd, queue, chain, &status, 0);
}

static uint32_t latency_bytes(const struct snd_stream *stream)
{
	const uint64_t bytes = audio_stream_latency(stream->audio) * (uint64_t)stream->frame_bytes;

	return (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX);
}

static void free_buffer(struct snd_stream *stream, struct snd_buffer *buffer)
{
	list_remove(&buffer->node);
	stream->snd->taken[snd_queue(stream)]--;
	free(buffer);
}

static void return_buffer(struct snd_stream *stream, struct snd_buffer *buffer, uint32_t code)
{
	struct virtio_snd_pcm_status status;

	stream->returned = buffer->end;
	stream->withheld_ns = 0;
	store_le32(&status.status, code);
	store_le32(&status.latency_bytes, latency_bytes(stream));
	return_chain(stream->snd, snd_queue(stream), &buffer->chain, &status,
		     stream->direction == AUDIO_CAPTURE ? buffer->done : 0);
	free_buffer(stream, buffer);
}

static struct snd_buffer *first_buffer(const struct snd_stream *stream)
{
	return list_is_empty(&stream->buffers)
		       ? NULL
		       : list_entry(stream->buffers.next, struct snd_buffer, node);
}

uint64_t snd_buffer_next_end(const struct snd_stream *stream)
{
	const struct snd_buffer *buffer = first_buffer(stream);

	/* A buffer for capture comes back full, even if frames were lost and the position is ahead
	 * of what is in the buffers. */
	if (!buffer || (stream->direction == AUDIO_CAPTURE && buffer->done < buffer->bytes)) {
		return UINT64_MAX;
	}
	return buffer->end;
}

/* Half of the time that Linux has to spare at the end of a stream. */
static uint64_t patience_ns(const struct snd_stream *stream)
{
	const uint64_t buffer_ns =
		audio_frames_to_ns(stream->buffer_frames, stream->format.rate_hz);

	return (MAX(buffer_ns + buffer_ns / 10, DRAIN_LEAST_NS) - buffer_ns) / 2;
}

/* Linux takes how far a stream has come from its place in the stream's buffer, which is the same
 * after a whole round. When it is late and finds all buffers returned, it sees none, and waits for
 * ever. So the last one of a round stays here until it gives more, which it does when it has seen
 * others; or for a while, should it have no more.
 *
 * What it has seen for certain: it never gives more than the stream's buffer holds, and as it gives
 * some it looks at those that came back. */
static bool must_withhold(struct snd_stream *stream, const struct snd_buffer *buffer)
{
	const uint64_t now_ns = clock_now_ns();

	stream->seen = MAX(stream->seen,
			   stream->queued - MIN(stream->queued, (uint64_t)stream->buffer_frames));
	if (stream->returned <= stream->seen ||
	    buffer->end - stream->seen < stream->buffer_frames) {
		return false;
	}
	stream->withheld_ns = stream->withheld_ns ?: now_ns;
	return now_ns - stream->withheld_ns < patience_ns(stream);
}

/* The driver has given all that it had: the next buffer comes after this. */
static void note_look(struct snd_stream *stream, bool is_new)
{
	if (is_new) {
		stream->seen = MAX(stream->seen, stream->looked);
	}
	if (virtqueue_unseen(&stream->snd->v.queues[snd_queue(stream)]) == 0) {
		stream->looked = stream->returned;
	}
}

bool snd_buffer_complete(struct snd_stream *stream, uint64_t position)
{
	while (snd_buffer_next_end(stream) <= position) {
		struct snd_buffer *buffer = first_buffer(stream);

		if (must_withhold(stream, buffer)) {
			return false;
		}
		return_buffer(stream, buffer, VIRTIO_SND_S_OK);
	}
	return true;
}

void snd_buffer_flush(struct snd_stream *stream, uint64_t position)
{
	struct snd_buffer *buffer;

	list_for_each (buffer, &stream->buffers, struct snd_buffer, node) {
		const bool is_done = stream->direction == AUDIO_CAPTURE || buffer->end <= position;

		return_buffer(stream, buffer, is_done ? VIRTIO_SND_S_OK : VIRTIO_SND_S_IO_ERR);
	}
}

void snd_buffer_drop(struct snd_stream *stream)
{
	struct snd_buffer *buffer;

	list_for_each (buffer, &stream->buffers, struct snd_buffer, node) {
		free_buffer(stream, buffer);
	}
}

/* --- from the driver ------------------------------------------------------------------------- */

/* NULL: there is no such stream, or it takes no buffers now. */
static struct snd_stream *find_stream(struct virtio_snd *snd, unsigned queue,
				      const struct virtqueue_chain *chain)
{
	struct virtio_snd_pcm_xfer header;
	struct snd_stream *stream;
	uint32_t id;

	if (iov_read(chain->iov, chain->readable_count, 0, &header, HEADER_BYTES) < HEADER_BYTES) {
		return NULL;
	}
	id = load_le32(&header.stream_id);
	if (id >= snd->stream_count) {
		return NULL;
	}
	stream = &snd->streams[id];
	return stream->audio && snd_queue(stream) == queue ? stream : NULL;
}

/* Whole frames, at least one; 0: what else the chain has. */
static size_t sound_bytes(const struct snd_stream *stream, const struct virtqueue_chain *chain)
{
	const size_t bytes = stream->direction == AUDIO_PLAYBACK
				     ? chain->readable_bytes - HEADER_BYTES
				     : chain->writable_bytes - STATUS_BYTES;

	return bytes > SND_BUFFER_BYTES_MAX || bytes % stream->frame_bytes ? 0 : bytes;
}

static bool queue_chain(struct snd_stream *stream, const struct virtqueue_chain *chain)
{
	const unsigned count = chain->readable_count + chain->writable_count;
	const size_t bytes = sound_bytes(stream, chain);
	struct snd_buffer *buffer;

	if (!bytes) {
		return false;
	}
	buffer = malloc(sizeof(*buffer) + count * sizeof(buffer->iov[0]));
	if (!buffer) {
		return false;
	}
	stream->queued += bytes / stream->frame_bytes;
	*buffer = (struct snd_buffer){ .chain = *chain, .bytes = bytes, .end = stream->queued };
	memcpy(buffer->iov, chain->iov, count * sizeof(buffer->iov[0]));
	buffer->chain.iov = buffer->iov;
	list_append(&stream->buffers, &buffer->node);
	stream->snd->taken[snd_queue(stream)]++;
	return true;
}

/* False: the device failed. */
static bool take_chain(struct virtio_snd *snd, unsigned queue, const struct virtqueue_chain *chain)
{
	struct snd_stream *stream = find_stream(snd, queue, chain);

	if (chain->writable_bytes < STATUS_BYTES) {
		virtio_fail(&snd->v, "a buffer with %zu bytes for its status",
			    chain->writable_bytes);
		return false;
	}
	if (snd->taken[queue] >= snd->v.queues[queue].size) {
		virtio_fail(&snd->v, "more buffers at once than queue %u has", queue);
		return false;
	}
	if (!stream || !queue_chain(stream, chain)) {
		refuse_chain(snd, queue, chain);
	}
	return true;
}

/* The buffers came after `since_ns`. */
static void tell_streams(struct virtio_snd *snd, unsigned queue, uint64_t since_ns)
{
	for (unsigned i = 0; i < snd->stream_count; i++) {
		struct snd_stream *stream = &snd->streams[i];
		const bool is_new = stream->queued > stream->told;

		if (snd_queue(stream) != queue || !stream->audio) {
			continue;
		}
		note_look(stream, is_new);
		stream->told = stream->queued;
		if (is_new && queue == VIRTIO_SND_VQ_TX) {
			audio_stream_kick(stream->audio, stream->queued, since_ns);
		}
		snd_stream_update(stream);
	}
}

void snd_buffer_take(struct virtio_snd *snd, unsigned queue)
{
	struct virtqueue_chain chain = { .iov = snd->iov, .iov_capacity = VIRTQUEUE_MAX_SIZE };
	unsigned left = snd->v.queues[queue].size;
	const uint64_t now_ns = clock_now_ns();
	/* A driver that rings does so at once. */
	const uint64_t since_ns = snd->v.queues[queue].silenced ? snd->looked_ns : now_ns;

	/* A request looks for buffers too, and that is not this queue's turn. */
	while (left-- > 0 && virtio_pop(&snd->v, queue, &chain) && take_chain(snd, queue, &chain)) {
	}
	if (queue == VIRTIO_SND_VQ_TX) {
		snd->looked_ns = now_ns;
	}
	tell_streams(snd, queue, since_ns);
	virtio_signal(&snd->v, queue);
}

/* Where all that play are fed, each takes its buffers when the host has room for more: that is
 * early enough, and saves the driver an exit and us a wake-up for each. */
static bool must_ring(const struct virtio_snd *snd)
{
	bool is_fed = false;

	for (unsigned i = 0; i < snd->stream_count; i++) {
		const struct snd_stream *stream = &snd->streams[i];

		if (stream->direction != AUDIO_PLAYBACK || stream->state != SND_RUNNING) {
			continue;
		}
		if (!stream->is_fed) {
			return true;
		}
		is_fed = true;
	}
	return !is_fed;
}

void snd_buffer_set_doorbell(struct virtio_snd *snd)
{
	const bool must = must_ring(snd);

	if (must == snd->v.queues[VIRTIO_SND_VQ_TX].silenced &&
	    virtio_want_doorbell(&snd->v, VIRTIO_SND_VQ_TX, must)) {
		snd_buffer_take(snd, VIRTIO_SND_VQ_TX);
	}
}

/* --- sound ----------------------------------------------------------------------------------- */

size_t snd_buffer_read(struct snd_stream *stream, uint8_t *bytes, size_t length)
{
	struct snd_buffer *buffer;
	size_t done = 0;

	list_for_each (buffer, &stream->buffers, struct snd_buffer, node) {
		const size_t part = MIN(buffer->bytes - buffer->done, length - done);

		done += iov_read(buffer->iov, buffer->chain.readable_count,
				 HEADER_BYTES + buffer->done, bytes + done, part);
		buffer->done += part;
		if (done == length) {
			break;
		}
	}
	return done;
}

size_t snd_buffer_write(struct snd_stream *stream, const uint8_t *bytes, size_t length)
{
	struct snd_buffer *buffer;
	size_t done = 0;

	list_for_each (buffer, &stream->buffers, struct snd_buffer, node) {
		const size_t part = MIN(buffer->bytes - buffer->done, length - done);

		done += iov_write(writable_iov(&buffer->chain), buffer->chain.writable_count,
				  buffer->done, bytes + done, part);
		buffer->done += part;
		if (done == length) {
			break;
		}
	}
	return done;
}
