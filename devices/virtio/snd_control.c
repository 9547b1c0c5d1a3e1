/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/snd_state.h"
#include "vmm/base/bytes.h"

#define SLICES_MAX 16
#define HDR_BYTES  sizeof(struct virtio_snd_hdr)

/* The association and the sequence in a pin's configuration. */
#define REMAP_MAX	  15u
#define ASSOCIATION_SHIFT 4u
#define REMAP_MASK	  0xffu

union request {
	struct virtio_snd_hdr hdr;
	struct virtio_snd_query_info query;
	struct virtio_snd_jack_remap remap;
	struct virtio_snd_pcm_hdr pcm;
	struct virtio_snd_pcm_set_params params;
};

/* A request on its way: a copy of what the driver wrote, and where the answer goes. */
struct call {
	struct virtio_snd *snd;
	const struct virtqueue_chain *chain;
	union request request;
	size_t length; /* of the request, as far as it fits */
	uint32_t code;
	size_t written; /* behind the answer's header */
};

/* --- what there is --------------------------------------------------------------------------- */

static void write_items(struct call *call, uint32_t start, uint32_t count, uint32_t size)
{
	const struct virtqueue_chain *chain = call->chain;
	uint8_t item[SND_INFO_BYTES_MAX];

	for (uint32_t i = 0; i < count; i++) {
		snd_info_describe(call->snd, call->code, start + i, item);
		call->written +=
			iov_write(chain->iov + chain->readable_count, chain->writable_count,
				  HDR_BYTES + call->written, item, size);
	}
}

/* A driver may know a shorter item than ours, or a longer one. */
static uint32_t answer_info(struct call *call)
{
	const uint32_t start = load_le32(&call->request.query.start_id);
	const uint32_t count = load_le32(&call->request.query.count);
	const uint32_t size = load_le32(&call->request.query.size);
	const uint32_t total = snd_info_count(call->snd, call->code);

	if (start > total || count > total - start || size < sizeof(struct virtio_snd_info) ||
	    size > SND_INFO_BYTES_MAX ||
	    call->chain->writable_bytes < HDR_BYTES + (size_t)count * size) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	write_items(call, start, count, size);
	return VIRTIO_SND_S_OK;
}

static uint32_t remap_jack(struct call *call)
{
	const uint32_t id = load_le32(&call->request.remap.hdr.jack_id);
	const uint32_t association = load_le32(&call->request.remap.association);
	const uint32_t sequence = load_le32(&call->request.remap.sequence);
	struct snd_jack *jack;

	if (id >= call->snd->jack_count || association > REMAP_MAX || sequence > REMAP_MAX) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	jack = &call->snd->jacks[id];
	jack->config &= ~REMAP_MASK;
	jack->config |= association << ASSOCIATION_SHIFT | sequence;
	return VIRTIO_SND_S_OK;
}

/* --- streams --------------------------------------------------------------------------------- */

static uint32_t command_stream(struct call *call)
{
	const uint32_t id = load_le32(&call->request.pcm.stream_id);
	struct snd_stream *stream;

	if (id >= call->snd->stream_count) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	stream = &call->snd->streams[id];
	/* The driver put its buffers in before it asked; doorbells may come in another order. */
	snd_buffer_take(call->snd, snd_queue(stream));
	switch (call->code) {
	case VIRTIO_SND_R_PCM_SET_PARAMS:
		return snd_stream_set_params(stream, &call->request.params);
	case VIRTIO_SND_R_PCM_PREPARE:
		return snd_stream_prepare(stream);
	case VIRTIO_SND_R_PCM_START:
		return snd_stream_start(stream);
	case VIRTIO_SND_R_PCM_STOP:
		return snd_stream_stop(stream);
	default:
		return snd_stream_release(stream);
	}
}

/* --- requests -------------------------------------------------------------------------------- */

static const struct kind {
	uint32_t code;
	size_t bytes; /* of the request */
	uint32_t (*run)(struct call *call);
} kinds[] = {
	{ VIRTIO_SND_R_JACK_INFO, sizeof(struct virtio_snd_query_info), answer_info },
	{ VIRTIO_SND_R_JACK_REMAP, sizeof(struct virtio_snd_jack_remap), remap_jack },
	{ VIRTIO_SND_R_PCM_INFO, sizeof(struct virtio_snd_query_info), answer_info },
	{ VIRTIO_SND_R_PCM_SET_PARAMS, sizeof(struct virtio_snd_pcm_set_params), command_stream },
	{ VIRTIO_SND_R_PCM_PREPARE, sizeof(struct virtio_snd_pcm_hdr), command_stream },
	{ VIRTIO_SND_R_PCM_RELEASE, sizeof(struct virtio_snd_pcm_hdr), command_stream },
	{ VIRTIO_SND_R_PCM_START, sizeof(struct virtio_snd_pcm_hdr), command_stream },
	{ VIRTIO_SND_R_PCM_STOP, sizeof(struct virtio_snd_pcm_hdr), command_stream },
	{ VIRTIO_SND_R_CHMAP_INFO, sizeof(struct virtio_snd_query_info), answer_info },
};

static uint32_t run_request(struct call *call)
{
	if (call->length < HDR_BYTES) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	call->code = load_le32(&call->request.hdr.code);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].code == call->code) {
			return call->length < kinds[i].bytes ? VIRTIO_SND_S_BAD_MSG
							     : kinds[i].run(call);
		}
	}
	return VIRTIO_SND_S_NOT_SUPP;
}

static void answer(struct virtio_snd *snd, const struct virtqueue_chain *chain)
{
	struct call call = { .snd = snd, .chain = chain };
	struct virtio_snd_hdr reply;

	call.length =
		iov_read(chain->iov, chain->readable_count, 0, &call.request, sizeof(call.request));
	store_le32(&reply.code, run_request(&call));
	(void)iov_write(chain->iov + chain->readable_count, chain->writable_count, 0, &reply,
			sizeof(reply));
	virtqueue_push(&snd->v.queues[VIRTIO_SND_VQ_CONTROL], chain->head,
		       (uint32_t)(sizeof(reply) + call.written));
}

void snd_control_receive(struct virtio_snd *snd)
{
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };

	while (virtio_pop(&snd->v, VIRTIO_SND_VQ_CONTROL, &chain)) {
		if (chain.writable_bytes < HDR_BYTES) {
			virtio_fail(&snd->v, "a request with %zu bytes for its answer",
				    chain.writable_bytes);
			return;
		}
		answer(snd, &chain);
	}
	virtio_signal(&snd->v, VIRTIO_SND_VQ_CONTROL);
}
