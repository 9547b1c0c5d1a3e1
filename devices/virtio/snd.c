/* SPDX-License-Identifier: MIT */
#include "devices/virtio/snd.h"

#include <errno.h>
#include <linux/virtio_ids.h>

#include "devices/virtio/snd_state.h"
#include "vmm/base/loop.h"

#define PCI_CLASS_AUDIO 0x040100u

struct snd_options {
	uint64_t playback, capture; /* streams */
	uint64_t channels;
};

static struct virtio_snd *of_device(struct virtio_device *v)
{
	return container_of(v, struct virtio_snd, v);
}

/* --- the transport's callbacks --------------------------------------------------------------- */

static void on_start(struct virtio_device *v)
{
	snd_info_reset(of_device(v));
}

static void on_stop(struct virtio_device *v)
{
	struct virtio_snd *snd = of_device(v);

	for (unsigned i = 0; i < snd->stream_count; i++) {
		snd_stream_reset(&snd->streams[i]);
	}
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	struct virtio_snd *snd = of_device(v);

	switch (queue) {
	case VIRTIO_SND_VQ_CONTROL:
		snd_control_receive(snd);
		break;
	case VIRTIO_SND_VQ_EVENT:
		snd_event_send(snd);
		break;
	default:
		snd_buffer_take(snd, queue);
		break;
	}
}

static const struct virtio_type snd_type = {
	.name = "virtio-snd",
	.device_id = VIRTIO_ID_SOUND,
	.pci_class = PCI_CLASS_AUDIO,
	.queue_size = SND_QUEUE_SIZE,
	.start = on_start,
	.stop = on_stop,
	.on_notify = on_notify,
};

/* --- jacks ----------------------------------------------------------------------------------- */

struct plug_call {
	struct virtio_snd *snd;
	unsigned jack;
	bool connected;
};

static void run_plug(void *arg)
{
	const struct plug_call *call = arg;
	struct snd_jack *jack = &call->snd->jacks[call->jack];

	if (jack->is_connected != call->connected) {
		jack->is_connected = call->connected;
		jack->is_due = call->snd->v.running;
		snd_event_send(call->snd);
	}
}

int virtio_snd_set_jack(void *state, enum audio_jack jack, bool connected)
{
	struct plug_call call = { .snd = state, .jack = jack, .connected = connected };

	if (call.jack >= call.snd->jack_count) {
		return -ENOENT;
	}
	loop_call(call.snd->loop, run_plug, &call);
	return 0;
}

/* --- the device type's operations ------------------------------------------------------------ */

static void add_streams(struct virtio_snd *snd, enum audio_direction direction, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct snd_stream *stream = &snd->streams[snd->stream_count];

		stream->snd = snd;
		stream->id = snd->stream_count++;
		stream->direction = direction;
		snd_stream_init(stream);
	}
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	const struct snd_options *chosen = options;
	struct virtio_snd *snd = state;

	if (!env->audio) {
		return error_set(err, -ENODEV, "this machine has no sound: give it --audio");
	}
	snd->audio = env->audio;
	snd->loop = env->loop;
	snd->v.type = &snd_type;
	snd->v.id = env->id;
	snd->v.queue_count = VIRTIO_SND_VQ_MAX;
	snd->channels[AUDIO_PLAYBACK] = (unsigned)chosen->channels;
	snd->channels[AUDIO_CAPTURE] = chosen->capture ? MIN((unsigned)chosen->channels, 2u) : 0;
	add_streams(snd, AUDIO_PLAYBACK, chosen->playback);
	add_streams(snd, AUDIO_CAPTURE, chosen->capture);
	snd_info_init(snd);
	return virtio_pci_plug(&snd->v, env, err);
}

static void hold(void *arg)
{
	struct virtio_snd *snd = arg;

	virtio_quiesce(snd);
	snd->is_held = true;
}

/* Its doorbells make up for what was due meanwhile. */
static void go_on(void *arg)
{
	struct virtio_snd *snd = arg;

	snd->is_held = false;
	virtio_resume(snd);
}

static void quiesce(void *state)
{
	loop_call(((struct virtio_snd *)state)->loop, hold, state);
}

static void resume(void *state)
{
	loop_call(((struct virtio_snd *)state)->loop, go_on, state);
}

static const struct option options[] = {
	{ .name = "playback",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct snd_options, playback),
	  .help = "streams that can play at the same time",
	  .default_text = "2",
	  .min = 1,
	  .max = SND_PLAYBACK_MAX },
	{ .name = "capture",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct snd_options, capture),
	  .help = "streams that can record; what they hear, --audio decides",
	  .default_text = "1",
	  .max = SND_CAPTURE_MAX },
	{ .name = "channels",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct snd_options, channels),
	  .help = "of each stream, at most: 2 for stereo, 6 for 5.1, 8 for 7.1",
	  .default_text = "8",
	  .min = 1,
	  .max = AUDIO_CHANNELS_MAX },
};

const struct device_type virtio_snd_type = {
	.name = "virtio-snd",
	.help = "sound card",
	.options = { options, ARRAY_SIZE(options) },
	.options_size = sizeof(struct snd_options),
	.state_size = sizeof(struct virtio_snd),
	.is_on_audio_loop = true,
	.init = init,
	.reset = virtio_reset,
	.quiesce = quiesce,
	.resume = resume,
	.finish = virtio_unplug,
};
