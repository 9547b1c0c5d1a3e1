/* SPDX-License-Identifier: MIT */
#include "devices/virtio/rng.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "devices/virtio/virtio.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

#define QUEUE	       0
#define QUEUE_SIZE     64
#define SLICES_MAX     16
#define PCI_CLASS_MISC 0xff0000
/* Served of one request: the loop has other work, and a driver gladly takes less than it asked. */
#define REQUEST_MAX 65536u

struct rng_options {
	uint64_t max_bytes; /* 0: no limit */
	uint64_t period_ms;
};

static const struct option options[] = {
	{ .name = "max-bytes",
	  .kind = OPTION_SIZE,
	  .offset = offsetof(struct rng_options, max_bytes),
	  .help = "give the guest at most this much in each period",
	  .default_text = "0" },
	{ .name = "period",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct rng_options, period_ms),
	  .help = "milliseconds that max-bytes holds for",
	  .value_name = "MS",
	  .default_text = "1000",
	  .min = 1,
	  .max = 3600000 },
};

struct rng {
	struct virtio_device device;
	struct rng_options options;
	struct loop *loop;	 /* borrowed */
	struct loop_timer timer; /* armed while requests wait for the next period */
	uint64_t period_end_ns;
	uint64_t left; /* bytes that may still be given in this period */
};
VIRTIO_DEVICE_IS_FIRST(struct rng, device);

static struct rng *rng_of(struct virtio_device *v)
{
	return container_of(v, struct rng, device);
}

/* --- the limit ------------------------------------------------------------------------------- */

/* Bytes that may be given now. */
static uint64_t allowance(struct rng *rng)
{
	uint64_t now_ns;

	if (!rng->options.max_bytes) {
		return UINT64_MAX;
	}
	now_ns = clock_now_ns();
	if (now_ns >= rng->period_end_ns) {
		rng->period_end_ns = now_ns + rng->options.period_ms * 1000000;
		rng->left = rng->options.max_bytes;
	}
	return rng->left;
}

static void spend(struct rng *rng, size_t bytes)
{
	if (rng->options.max_bytes) {
		rng->left -= bytes;
	}
}

/* --- requests -------------------------------------------------------------------------------- */

/* Fills the slices from the front; returns the bytes filled. getrandom() gives less than asked only
 * for large amounts, when a signal comes. */
static size_t fill(const struct iovec *iov, unsigned count, size_t limit)
{
	size_t done = 0;

	for (unsigned i = 0; i < count && done < limit; i++) {
		const size_t wanted = MIN(iov[i].iov_len, limit - done);
		const ssize_t got = getrandom(iov[i].iov_base, wanted, 0);

		done += got > 0 ? (size_t)got : 0;
		if (got < (ssize_t)wanted) {
			break;
		}
	}
	return done;
}

static void on_notify(struct virtio_device *v, unsigned queue)
{
	struct rng *rng = rng_of(v);
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };
	uint64_t allowed = allowance(rng);

	while (allowed && virtio_pop(v, queue, &chain)) {
		const size_t filled = fill(iov + chain.readable_count, chain.writable_count,
					   MIN(allowed, REQUEST_MAX));

		spend(rng, filled);
		virtqueue_push(&v->queues[queue], chain.head, (uint32_t)filled);
		allowed = allowance(rng);
	}
	virtio_signal(v, queue);
	if (!allowed) {
		loop_timer_arm(rng->loop, &rng->timer, rng->period_end_ns);
	}
}

static void on_next_period(void *arg)
{
	struct rng *rng = arg;

	on_notify(&rng->device, QUEUE);
}

static void start(struct virtio_device *v)
{
	(void)v;
}

static void stop(struct virtio_device *v)
{
	loop_timer_disarm(&rng_of(v)->timer);
}

static const struct virtio_type type = {
	.name = "virtio-rng",
	.device_id = VIRTIO_ID_RNG,
	.pci_class = PCI_CLASS_MISC,
	.queue_size = QUEUE_SIZE,
	.turn = 16,
	.start = start,
	.stop = stop,
	.on_notify = on_notify,
};

/* --- device type ----------------------------------------------------------------------------- */

static int init(void *state, const struct device_env *env, const void *given, struct error *err)
{
	struct rng *rng = state;

	rng->options = *(const struct rng_options *)given;
	rng->loop = env->loop;
	loop_timer_init(&rng->timer, on_next_period, rng);
	rng->device.type = &type;
	rng->device.id = env->id;
	rng->device.queue_count = 1;
	return virtio_pci_plug(&rng->device, env, err);
}

const struct device_type virtio_rng_type = {
	.name = "virtio-rng",
	.help = "entropy from the host",
	.options = { options, ARRAY_SIZE(options) },
	.options_size = sizeof(struct rng_options),
	.state_size = sizeof(struct rng),
	.is_hot_pluggable = true,
	.init = init,
	.reset = virtio_reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = virtio_unplug,
};
