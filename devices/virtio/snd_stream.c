/* SPDX-License-Identifier: MIT */
#include "devices/virtio/snd_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define RETRY_NS (NS_PER_SECOND / 200) /* a driver takes less when it is not late */

static bool has_feature(const struct snd_stream *stream, unsigned bit)
{
	return stream->features & (1u << bit);
}

/* --- from the audio -------------------------------------------------------------------------- */

static size_t pull(void *arg, void *frames, size_t count)
{
	struct snd_stream *stream = arg;

	const size_t wanted = count * stream->frame_bytes;
	uint8_t *bytes = frames;
	size_t got;

	if (!snd_is_live(stream->snd, VIRTIO_SND_VQ_TX)) {
		return 0;
	}
	if (stream->snd->v.queues[VIRTIO_SND_VQ_TX].silenced) {
		snd_buffer_take(stream->snd, VIRTIO_SND_VQ_TX);
	}
	got = snd_buffer_read(stream, bytes, wanted);
	stream->is_fed = got == wanted;
	snd_buffer_set_doorbell(stream->snd);
	/* Something may have come before the driver knew that it has to ring. */
	got += snd_buffer_read(stream, bytes + got, wanted - got);
	return got / stream->frame_bytes;
}

/* When the next buffer comes back; a later request replaces an earlier one. */
static void arm(struct snd_stream *stream)
{
	uint64_t position = snd_buffer_next_end(stream);

	if (has_feature(stream, VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS)) {
		position = MIN(position, stream->next_period);
	}
	if (position < UINT64_MAX) {
		audio_stream_wake_at(stream->audio, position);
	}
}

static size_t push(void *arg, const void *frames, size_t count)
{
	struct snd_stream *stream = arg;
	size_t bytes;

	if (!snd_is_live(stream->snd, VIRTIO_SND_VQ_RX)) {
		return 0;
	}
	bytes = snd_buffer_write(stream, frames, count * stream->frame_bytes);
	if (stream->state == SND_RUNNING) {
		arm(stream);
	}
	return bytes / stream->frame_bytes;
}

static void on_reached(void *arg)
{
	struct snd_stream *stream = arg;

	/* The driver gives the next buffer soon after this. */
	if (!virtio_has_work(&stream->snd->v, VIRTIO_SND_VQ_TX)) {
		stream->snd->looked_ns = clock_now_ns();
	}
	snd_stream_update(stream);
	virtio_signal(&stream->snd->v, snd_queue(stream));
}

static void on_retry(void *arg)
{
	struct snd_stream *stream = arg;

	snd_stream_update(stream);
	virtio_signal(&stream->snd->v, snd_queue(stream));
}

static void on_xrun(void *arg)
{
	struct snd_stream *stream = arg;

	if (has_feature(stream, VIRTIO_SND_PCM_F_EVT_XRUNS)) {
		stream->due |= SND_DUE_XRUN;
		snd_event_send(stream->snd);
	}
}

static const struct audio_stream_ops audio_ops = {
	.pull = pull,
	.push = push,
	.on_reached = on_reached,
	.on_xrun = on_xrun,
};

static void note_periods(struct snd_stream *stream, uint64_t position)
{
	if (has_feature(stream, VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS) &&
	    position >= stream->next_period) {
		stream->next_period =
			position - position % stream->period_frames + stream->period_frames;
		stream->due |= SND_DUE_PERIOD;
		snd_event_send(stream->snd);
	}
}

void snd_stream_update(struct snd_stream *stream)
{
	uint64_t position;
	bool is_complete;

	/* Stopped, the position is that of all frames pulled; the driver hears of it when it starts
	 * or releases the stream: Linux would not wake who waits for room meanwhile. */
	if (stream->state != SND_RUNNING || !snd_is_live(stream->snd, snd_queue(stream))) {
		return;
	}
	position = audio_stream_position(stream->audio);
	is_complete = snd_buffer_complete(stream, position);
	note_periods(stream, position);
	if (is_complete) {
		arm(stream);
	} else {
		loop_timer_arm(stream->snd->loop, &stream->retry, clock_now_ns() + RETRY_NS);
	}
}

/* --- requests -------------------------------------------------------------------------------- */

static void close_audio(struct snd_stream *stream)
{
	audio_stream_close(stream->audio);
	stream->audio = NULL;
	loop_timer_disarm(&stream->retry);
	stream->due = 0;
	stream->is_fed = false;
}

/* All buffers go back, the stream is closed. */
static void release(struct snd_stream *stream)
{
	if (stream->audio) {
		snd_buffer_flush(stream, audio_stream_position(stream->audio));
		close_audio(stream);
		virtio_signal(&stream->snd->v, snd_queue(stream));
	}
	stream->state = SND_SET;
}

/* VIRTIO_SND_S_OK with `out` filled but for the sizes. */
static uint32_t choose_format(const struct snd_stream *stream,
			      const struct virtio_snd_pcm_set_params *request,
			      struct audio_format *out)
{
	if (load_le32(&request->features) & ~SND_STREAM_FEATURES ||
	    !snd_info_sample(request->format, &out->sample) ||
	    !snd_info_rate(request->rate, &out->rate_hz) || request->channels == 0 ||
	    request->channels > stream->snd->channels[stream->direction]) {
		return VIRTIO_SND_S_NOT_SUPP;
	}
	out->channels = request->channels;
	audio_format_set_places(out);
	return audio_format_is_valid(out) ? VIRTIO_SND_S_OK : VIRTIO_SND_S_NOT_SUPP;
}

/* Periods are whole frames, the buffer whole periods. */
static bool are_sizes_good(uint32_t buffer_bytes, uint32_t period_bytes, size_t frame_bytes)
{
	return period_bytes > 0 && period_bytes % frame_bytes == 0 && buffer_bytes > 0 &&
	       buffer_bytes % period_bytes == 0 && buffer_bytes <= SND_BUFFER_BYTES_MAX;
}

uint32_t snd_stream_set_params(struct snd_stream *stream,
			       const struct virtio_snd_pcm_set_params *request)
{
	const uint32_t buffer_bytes = load_le32(&request->buffer_bytes);
	const uint32_t period_bytes = load_le32(&request->period_bytes);
	struct audio_format format = { 0 };
	uint32_t code;

	if (stream->state > SND_PREPARED) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	code = choose_format(stream, request, &format);
	if (code != VIRTIO_SND_S_OK) {
		return code;
	}
	if (!are_sizes_good(buffer_bytes, period_bytes, audio_frame_bytes(&format))) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	release(stream); /* what was prepared otherwise */
	stream->format = format;
	stream->frame_bytes = audio_frame_bytes(&format);
	stream->buffer_frames = (uint32_t)(buffer_bytes / stream->frame_bytes);
	stream->period_frames = (uint32_t)(period_bytes / stream->frame_bytes);
	stream->features = load_le32(&request->features);
	return VIRTIO_SND_S_OK;
}

uint32_t snd_stream_prepare(struct snd_stream *stream)
{
	const struct audio_stream_config config = { .direction = stream->direction,
						    .format = stream->format,
						    .buffer_frames = stream->buffer_frames,
						    .period_frames = stream->period_frames,
						    .name = stream->snd->v.id,
						    .index = stream->id,
						    .ops = &audio_ops,
						    .arg = stream };

	if (stream->state == SND_PREPARED) {
		return VIRTIO_SND_S_OK; /* nothing was played, what was given stays */
	}
	if (stream->state != SND_SET) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	if (audio_stream_open(stream->snd->audio, &config, &stream->audio) < 0) {
		stream->audio = NULL;
		return VIRTIO_SND_S_IO_ERR;
	}
	stream->queued = 0;
	stream->told = 0;
	stream->returned = 0;
	stream->looked = 0;
	stream->seen = 0;
	stream->withheld_ns = 0;
	stream->next_period = stream->period_frames;
	stream->state = SND_PREPARED;
	return VIRTIO_SND_S_OK;
}

uint32_t snd_stream_start(struct snd_stream *stream)
{
	if (stream->state != SND_PREPARED && stream->state != SND_STOPPED) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	stream->state = SND_RUNNING;
	audio_stream_start(stream->audio);
	on_reached(stream);
	return VIRTIO_SND_S_OK;
}

uint32_t snd_stream_stop(struct snd_stream *stream)
{
	if (stream->state != SND_RUNNING) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	stream->state = SND_STOPPED;
	stream->is_fed = false;
	audio_stream_stop(stream->audio);
	snd_buffer_set_doorbell(stream->snd);
	return VIRTIO_SND_S_OK;
}

uint32_t snd_stream_release(struct snd_stream *stream)
{
	if (stream->state != SND_PREPARED && stream->state != SND_STOPPED) {
		return VIRTIO_SND_S_BAD_MSG;
	}
	release(stream);
	return VIRTIO_SND_S_OK;
}

/* --- life ------------------------------------------------------------------------------------ */

void snd_stream_init(struct snd_stream *stream)
{
	list_init(&stream->buffers);
	loop_timer_init(&stream->retry, on_retry, stream);
}

void snd_stream_reset(struct snd_stream *stream)
{
	snd_buffer_drop(stream);
	close_audio(stream);
	stream->state = SND_FRESH;
}
