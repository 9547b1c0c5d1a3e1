/* SPDX-License-Identifier: MIT */
#include "devices/virtio/balloon.h"

#include <errno.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_ids.h>
#include <stdatomic.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"
#include "vmm/mem/guest_mem.h"

#define INFLATE_QUEUE	   0u
#define DEFLATE_QUEUE	   1u
#define QUEUES_MAX	   4u
#define QUEUE_SIZE	   128
#define SLICES_MAX	   64
#define PCI_CLASS_MEMORY   0x050000
#define PAGE_SHIFT	   VIRTIO_BALLOON_PFN_SHIFT
#define PAGE_BYTES	   GUEST_MEM_PAGE_BYTES
#define PFNS_PER_READ	   256u
#define PFNS_PER_CHAIN_MAX 4096u /* drivers put 256 to 1024 into one; what is beyond stays */
#define STAT_BYTES	   10u	 /* le16 tag, le64 value */
#define STATS_MAX	   32u

/* Configuration without the fields of features that are not offered. */
#define CONFIG_BYTES  8u
#define TARGET_OFFSET 0u
#define ACTUAL_OFFSET 4u

struct balloon_options {
	bool deflate_on_oom;
	bool free_page_reporting;
};

static const struct option options[] = {
	{ .name = "deflate-on-oom",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct balloon_options, deflate_on_oom),
	  .help = "the guest may take memory back rather than kill processes",
	  .default_text = "on" },
	{ .name = "free-page-reporting",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct balloon_options, free_page_reporting),
	  .help = "memory that the guest frees goes back to the host",
	  .default_text = "on" },
};

struct balloon {
	struct virtio_device device;
	struct guest_mem *mem; /* borrowed, as are the loop and what hears the events */
	struct loop *loop;
	const char *id;
	void (*notify)(void *arg, const char *id, const char *event, uint64_t value);
	void *notify_arg;

	_Atomic uint32_t target_pages; /* in the balloon; set by the main thread */
	_Atomic uint32_t actual_pages; /* set by the loop */
	struct loop_task target_task;  /* tells the driver of a new target */
	struct loop_task stats_task;   /* asks the driver for statistics */

	/* The loop's: queues by the features that the driver took; the chain that the driver left
	 * for the next question. */
	unsigned stats_queue, reporting_queue;
	bool has_stats_chain;
	uint16_t stats_head;

	struct mutex stats_lock; /* innermost */
	uint64_t stats[VIRTIO_BALLOON_S_NR];
	uint64_t stats_time_ns; /* 0: never */
};
VIRTIO_DEVICE_IS_FIRST(struct balloon, device);

static struct balloon *balloon_of(struct virtio_device *v)
{
	return container_of(v, struct balloon, device);
}

/* --- sizes ----------------------------------------------------------------------------------- */

static uint64_t size_without(const struct balloon *balloon, uint32_t pages)
{
	const uint64_t ram = guest_mem_size(balloon->mem);
	const uint64_t taken = (uint64_t)pages << PAGE_SHIFT;

	return taken < ram ? ram - taken : 0;
}

int balloon_set_target(void *state, uint64_t bytes)
{
	struct balloon *balloon = state;
	const uint64_t ram = guest_mem_size(balloon->mem);

	if (bytes == 0) {
		return -EINVAL;
	}
	atomic_store(&balloon->target_pages,
		     bytes < ram ? (uint32_t)((ram - bytes) >> PAGE_SHIFT) : 0);
	loop_post(balloon->loop, &balloon->target_task);
	return 0;
}

uint64_t balloon_target(const void *state)
{
	const struct balloon *balloon = state;

	return size_without(balloon, atomic_load(&balloon->target_pages));
}

uint64_t balloon_actual(const void *state)
{
	const struct balloon *balloon = state;

	return size_without(balloon, atomic_load(&balloon->actual_pages));
}

static void tell_target(void *arg)
{
	struct balloon *balloon = arg;
	uint8_t pages[4];

	store_le32(pages, atomic_load(&balloon->target_pages));
	virtio_config_update(&balloon->device, TARGET_OFFSET, pages, sizeof(pages));
}

static void set_actual(struct balloon *balloon, uint32_t pages)
{
	if (atomic_exchange(&balloon->actual_pages, pages) != pages && balloon->notify) {
		balloon->notify(balloon->notify_arg, balloon->id, BALLOON_EVENT,
				size_without(balloon, pages));
	}
}

static void on_config_write(struct virtio_device *v, unsigned offset, unsigned size)
{
	struct balloon *balloon = balloon_of(v);

	(void)size;
	if (offset < ACTUAL_OFFSET) {
		tell_target(balloon); /* not the driver's to write */
	}
	set_actual(balloon, load_le32(v->config + ACTUAL_OFFSET));
}

/* --- inflate and deflate --------------------------------------------------------------------- */

/* Pages of the balloon that follow one another, up or down, go to the host in one piece. */
struct run {
	uint64_t first, count;
};

static void discard_run(struct balloon *balloon, struct run *run)
{
	if (run->count) {
		/* A page that is not RAM is the driver's fault and hurts nobody. */
		(void)guest_mem_discard(balloon->mem, run->first << PAGE_SHIFT,
					run->count << PAGE_SHIFT);
	}
	run->count = 0;
}

static void add_page(struct balloon *balloon, struct run *run, uint32_t pfn)
{
	if (run->count && pfn == run->first + run->count) {
		run->count++;
	} else if (run->count && pfn + UINT64_C(1) == run->first) {
		run->first--;
		run->count++;
	} else {
		discard_run(balloon, run);
		*run = (struct run){ .first = pfn, .count = 1 };
	}
}

static void discard_pages(struct balloon *balloon, const struct virtqueue_chain *chain)
{
	const size_t bytes = MIN(chain->readable_bytes, PFNS_PER_CHAIN_MAX * sizeof(uint32_t));
	struct run run = { 0 };
	uint32_t pfns[PFNS_PER_READ];

	for (size_t offset = 0; offset < bytes; offset += sizeof(pfns)) {
		const size_t got = iov_read(chain->iov, chain->readable_count, offset, pfns,
					    MIN(sizeof(pfns), bytes - offset));

		for (size_t i = 0; i < got / sizeof(pfns[0]); i++) {
			add_page(balloon, &run, pfns[i]);
		}
	}
	discard_run(balloon, &run);
}

static void serve_inflate(struct balloon *balloon)
{
	struct virtio_device *v = &balloon->device;
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };

	while (virtio_pop(v, INFLATE_QUEUE, &chain)) {
		discard_pages(balloon, &chain);
		virtqueue_push(&v->queues[INFLATE_QUEUE], chain.head, 0);
	}
	virtio_signal(v, INFLATE_QUEUE);
}

/* The host gives a page when the guest touches it: nothing to do. */
static void serve_deflate(struct balloon *balloon)
{
	struct virtio_device *v = &balloon->device;
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };

	while (virtio_pop(v, DEFLATE_QUEUE, &chain)) {
		virtqueue_push(&v->queues[DEFLATE_QUEUE], chain.head, 0);
	}
	virtio_signal(v, DEFLATE_QUEUE);
}

/* --- free page reporting: the slices themselves are the free memory -------------------------- */

static void discard_slice(struct balloon *balloon, const struct iovec *slice)
{
	const uint8_t *start = slice->iov_base;
	const struct guest_mem_region *regions;
	uint64_t first, end;
	size_t count;

	regions = guest_mem_regions(balloon->mem, &count);
	for (size_t i = 0; i < count; i++) {
		if (start < regions[i].hva || start >= regions[i].hva + regions[i].size) {
			continue;
		}
		first = regions[i].gpa + (uint64_t)(start - regions[i].hva);
		end = ALIGN_DOWN(first + slice->iov_len, (uint64_t)PAGE_BYTES);
		first = ALIGN_UP(first, (uint64_t)PAGE_BYTES);
		if (first < end) {
			(void)guest_mem_discard(balloon->mem, first, end - first);
		}
	}
}

static void serve_reporting(struct balloon *balloon)
{
	struct virtio_device *v = &balloon->device;
	const unsigned queue = balloon->reporting_queue;
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };

	while (virtio_pop(v, queue, &chain)) {
		for (unsigned i = 0; i < chain.writable_count; i++) {
			discard_slice(balloon, &iov[chain.readable_count + i]);
		}
		virtqueue_push(&v->queues[queue], chain.head, 0);
	}
	virtio_signal(v, queue);
}

/* --- statistics: the driver leaves a chain; giving it back is the question ------------------- */

static void take_stats(struct balloon *balloon, const struct virtqueue_chain *chain)
{
	uint8_t bytes[STATS_MAX * STAT_BYTES];
	const size_t got = iov_read(chain->iov, chain->readable_count, 0, bytes, sizeof(bytes));

	mutex_lock(&balloon->stats_lock);
	memset(balloon->stats, 0xff, sizeof(balloon->stats));
	for (size_t offset = 0; offset + STAT_BYTES <= got; offset += STAT_BYTES) {
		const uint16_t tag = load_le16(bytes + offset);

		if (tag < VIRTIO_BALLOON_S_NR) {
			balloon->stats[tag] = load_le64(bytes + offset + 2);
		}
	}
	balloon->stats_time_ns = clock_now_ns();
	mutex_unlock(&balloon->stats_lock);
}

static void return_stats_chain(struct balloon *balloon)
{
	if (balloon->has_stats_chain) {
		balloon->has_stats_chain = false;
		virtqueue_push(&balloon->device.queues[balloon->stats_queue], balloon->stats_head,
			       0);
		virtio_signal(&balloon->device, balloon->stats_queue);
	}
}

static void serve_stats(struct balloon *balloon)
{
	struct iovec iov[SLICES_MAX];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = SLICES_MAX };

	while (virtio_pop(&balloon->device, balloon->stats_queue, &chain)) {
		return_stats_chain(balloon); /* a second one: only the newest is kept */
		take_stats(balloon, &chain);
		balloon->has_stats_chain = true;
		balloon->stats_head = chain.head;
	}
}

static void ask_stats(void *arg)
{
	return_stats_chain(arg);
}

void balloon_get_stats(void *state, struct balloon_stats *out)
{
	struct balloon *balloon = state;
	const uint64_t *stats = balloon->stats;

	mutex_lock(&balloon->stats_lock);
	*out = (struct balloon_stats){
		.swapped_in = stats[VIRTIO_BALLOON_S_SWAP_IN],
		.swapped_out = stats[VIRTIO_BALLOON_S_SWAP_OUT],
		.major_faults = stats[VIRTIO_BALLOON_S_MAJFLT],
		.minor_faults = stats[VIRTIO_BALLOON_S_MINFLT],
		.free_memory = stats[VIRTIO_BALLOON_S_MEMFREE],
		.total_memory = stats[VIRTIO_BALLOON_S_MEMTOT],
		.available_memory = stats[VIRTIO_BALLOON_S_AVAIL],
		.disk_caches = stats[VIRTIO_BALLOON_S_CACHES],
		.huge_page_allocations = stats[VIRTIO_BALLOON_S_HTLB_PGALLOC],
		.huge_page_failures = stats[VIRTIO_BALLOON_S_HTLB_PGFAIL],
		.age_ms = balloon->stats_time_ns
				  ? (clock_now_ns() - balloon->stats_time_ns) / 1000000
				  : UINT64_MAX,
	};
	mutex_unlock(&balloon->stats_lock);
	loop_post(balloon->loop, &balloon->stats_task);
}

/* --- virtio ---------------------------------------------------------------------------------- */

static void on_notify(struct virtio_device *v, unsigned queue)
{
	struct balloon *balloon = balloon_of(v);

	if (queue == INFLATE_QUEUE) {
		serve_inflate(balloon);
	} else if (queue == DEFLATE_QUEUE) {
		serve_deflate(balloon);
	} else if (queue == balloon->stats_queue) {
		serve_stats(balloon);
	} else if (queue == balloon->reporting_queue) {
		serve_reporting(balloon);
	}
}

/* Drivers number the queues of the features they took one after the other, as Linux does. */
static void start(struct virtio_device *v)
{
	struct balloon *balloon = balloon_of(v);
	unsigned next = DEFLATE_QUEUE + 1;

	balloon->stats_queue = QUEUES_MAX;
	balloon->reporting_queue = QUEUES_MAX;
	if (virtio_has_feature(v, VIRTIO_BALLOON_F_STATS_VQ)) {
		balloon->stats_queue = next++;
	}
	if (virtio_has_feature(v, VIRTIO_BALLOON_F_REPORTING)) {
		balloon->reporting_queue = next;
	}
}

/* The next driver starts with an empty balloon. */
static void stop(struct virtio_device *v)
{
	static const uint8_t none[4];
	struct balloon *balloon = balloon_of(v);

	balloon->has_stats_chain = false;
	virtio_config_set(v, ACTUAL_OFFSET, none, sizeof(none));
	set_actual(balloon, 0);
}

static void drain(struct virtio_device *v)
{
	return_stats_chain(balloon_of(v));
}

static const struct virtio_type type = {
	.name = "virtio-balloon",
	.device_id = VIRTIO_ID_BALLOON,
	.pci_class = PCI_CLASS_MEMORY,
	.queue_size = QUEUE_SIZE,
	.turn = 1, /* a chain is hundreds of pages */
	.start = start,
	.stop = stop,
	.on_notify = on_notify,
	.on_config_write = on_config_write,
	.drain = drain,
};

/* --- device type ----------------------------------------------------------------------------- */

static void offer_features(struct virtio_device *v, const struct balloon_options *given)
{
	v->features = UINT64_C(1) << VIRTIO_BALLOON_F_STATS_VQ;
	if (given->deflate_on_oom) {
		v->features |= UINT64_C(1) << VIRTIO_BALLOON_F_DEFLATE_ON_OOM;
	}
	if (given->free_page_reporting) {
		v->features |= UINT64_C(1) << VIRTIO_BALLOON_F_REPORTING;
	}
	v->queue_count = given->free_page_reporting ? QUEUES_MAX : QUEUES_MAX - 1;
}

static int init(void *state, const struct device_env *env, const void *given, struct error *err)
{
	struct balloon *balloon = state;
	int code;

	balloon->mem = env->mem;
	balloon->loop = env->loop;
	balloon->id = env->id;
	balloon->notify = env->notify;
	balloon->notify_arg = env->notify_arg;
	loop_task_init(&balloon->target_task, tell_target, balloon);
	loop_task_init(&balloon->stats_task, ask_stats, balloon);
	memset(balloon->stats, 0xff, sizeof(balloon->stats));
	balloon->device.type = &type;
	balloon->device.id = env->id;
	balloon->device.config_size = CONFIG_BYTES;
	offer_features(&balloon->device, given);
	mutex_init(&balloon->stats_lock);
	code = virtio_pci_plug(&balloon->device, env, err);
	if (code < 0) {
		mutex_finish(&balloon->stats_lock);
	}
	return code;
}

/* A task that runs while it is taken back has ended when the unplugging has been on the loop. */
static void finish(void *state)
{
	struct balloon *balloon = state;

	loop_task_cancel(balloon->loop, &balloon->target_task);
	loop_task_cancel(balloon->loop, &balloon->stats_task);
	virtio_unplug(&balloon->device);
	mutex_finish(&balloon->stats_lock);
}

const struct device_type virtio_balloon_type = {
	.name = "virtio-balloon",
	.help = "memory the guest gives back",
	.options = { options, ARRAY_SIZE(options) },
	.options_size = sizeof(struct balloon_options),
	.state_size = sizeof(struct balloon),
	.init = init,
	.reset = virtio_reset,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.finish = finish,
};
