/* SPDX-License-Identifier: MIT */
#include "devices/virtio/snd_state.h"
#include "vmm/base/bytes.h"

#define SLICES_MAX 4

/* False: the driver has no buffer. */
static bool send_event(struct virtio_snd *snd, uint32_t code, uint32_t data)
{
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };
	struct virtio_snd_event event;

	if (!virtio_pop(&snd->v, VIRTIO_SND_VQ_EVENT, &chain)) {
		return false;
	}
	store_le32(&event.hdr.code, code);
	store_le32(&event.data, data);
	if (iov_write(iov + chain.readable_count, chain.writable_count, 0, &event, sizeof(event)) <
	    sizeof(event)) {
		virtio_fail(&snd->v, "a buffer for events of %zu bytes", chain.writable_bytes);
		return false;
	}
	virtqueue_push(&snd->v.queues[VIRTIO_SND_VQ_EVENT], chain.head, sizeof(event));
	return true;
}

/* Returns whether nothing of this kind is left. */
static bool send_due(struct snd_stream *stream, unsigned due, uint32_t code)
{
	if (!(stream->due & due)) {
		return true;
	}
	if (!send_event(stream->snd, code, stream->id)) {
		return false;
	}
	stream->due &= ~due;
	return true;
}

static bool send_jack(struct virtio_snd *snd, unsigned index)
{
	struct snd_jack *jack = &snd->jacks[index];

	if (jack->is_due) {
		jack->is_due = !send_event(snd,
					   jack->is_connected ? VIRTIO_SND_EVT_JACK_CONNECTED
							      : VIRTIO_SND_EVT_JACK_DISCONNECTED,
					   index);
	}
	return !jack->is_due;
}

void snd_event_send(struct virtio_snd *snd)
{
	bool has_room = snd_is_live(snd, VIRTIO_SND_VQ_EVENT);

	for (unsigned i = 0; i < snd->jack_count && has_room; i++) {
		has_room = send_jack(snd, i);
	}
	for (unsigned i = 0; i < snd->stream_count && has_room; i++) {
		struct snd_stream *stream = &snd->streams[i];

		has_room = send_due(stream, SND_DUE_XRUN, VIRTIO_SND_EVT_PCM_XRUN) &&
			   send_due(stream, SND_DUE_PERIOD, VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED);
	}
	if (snd->v.running) {
		virtio_signal(&snd->v, VIRTIO_SND_VQ_EVENT);
	}
}
