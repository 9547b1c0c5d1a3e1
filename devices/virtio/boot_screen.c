/* SPDX-License-Identifier: MIT */
#include "devices/virtio/boot_screen.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "devices/device.h"
#include "devices/virtio/virtio.h"
#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"
#include "vmm/bus/bus.h"
#include "vmm/mem/guest_mem.h"
#include "vmm/mem/mem_window.h"

/* How often the log is read: while it changes, and at the least. */
#define QUICK_NS       (UINT64_C(1000000000) / 30)
#define SLOW_NS	       (UINT64_C(1000000000) / 4)
#define PAGES	       (BOOT_SCREEN_BYTES / GUEST_MEM_PAGE_BYTES)
#define PAGES_PER_WORD 64u
#define PICTURE_BYTES  (BOOT_SCREEN_STRIDE * BOOT_SCREEN_HEIGHT)

_Static_assert(BOOT_SCREEN_WIDTH == DISPLAY_DEFAULT_WIDTH &&
		       BOOT_SCREEN_HEIGHT == DISPLAY_DEFAULT_HEIGHT,
	       "the first scanout's mode");
_Static_assert(PICTURE_BYTES <= BOOT_SCREEN_BYTES, "it holds the picture");

struct boot_screen {
	struct loop *loop; /* borrowed, as the display */
	struct display *display;
	struct surface *surface;

	struct mutex lock; /* guards the mapping */
	struct mem_window *window;
	uint64_t address; /* of the BAR, 0: not mapped */
	bool is_mapped, is_refused;

	atomic_bool is_used;	/* since power-on */
	atomic_bool is_changed; /* by an access that came here: the log knows nothing of it */
	struct loop_task touch_task;

	/* The loop's. */
	bool is_shown;
	uint64_t interval_ns;
	struct loop_timer timer;
};

/* --- what changed ---------------------------------------------------------------------------- */

/* The rows of pages first to last. */
static struct rect rows_of(uint64_t first, uint64_t last)
{
	const uint64_t top = first * GUEST_MEM_PAGE_BYTES / BOOT_SCREEN_STRIDE;
	const uint64_t end = MIN((last + 1) * GUEST_MEM_PAGE_BYTES, PICTURE_BYTES);
	const uint64_t bottom = (end + BOOT_SCREEN_STRIDE - 1) / BOOT_SCREEN_STRIDE;

	return (struct rect){ 0, (uint32_t)top, BOOT_SCREEN_WIDTH, (uint32_t)(bottom - top) };
}

static bool is_dirty(const uint64_t *bitmap, uint64_t page)
{
	return bitmap[page / PAGES_PER_WORD] >> page % PAGES_PER_WORD & 1;
}

static void add_runs(const uint64_t *bitmap, struct damage *damage)
{
	const uint64_t pages = (PICTURE_BYTES + GUEST_MEM_PAGE_BYTES - 1) / GUEST_MEM_PAGE_BYTES;

	for (uint64_t page = 0; page < pages; page++) {
		const uint64_t first = page;
		struct rect rows;

		if (!is_dirty(bitmap, page)) {
			continue;
		}
		while (page + 1 < pages && is_dirty(bitmap, page + 1)) {
			page++;
		}
		rows = rows_of(first, page);
		damage_add(damage, &rows);
	}
}

static void read_log(struct boot_screen *screen, struct damage *damage)
{
	const struct rect all = rows_of(0, PAGES - 1);
	uint64_t bitmap[PAGES / PAGES_PER_WORD];
	int code;

	if (atomic_exchange(&screen->is_changed, false)) {
		damage_add(damage, &all);
	}
	mutex_lock(&screen->lock);
	code = mem_window_dirty_pages(screen->window, bitmap);
	mutex_unlock(&screen->lock);
	if (code == 0) {
		add_runs(bitmap, damage);
	}
}

/* Half as often each time that nothing changed. */
static void look(void *arg)
{
	struct boot_screen *screen = arg;
	struct damage damage = { .count = 0 };

	if (!screen->is_shown) {
		return;
	}
	if (display_is_watched(screen->display, 0)) {
		read_log(screen, &damage);
	}
	if (damage.count > 0) {
		(void)display_flush(screen->display, 0, damage.rects, damage.count, NULL);
		screen->interval_ns = QUICK_NS;
	} else {
		screen->interval_ns = MIN(screen->interval_ns * 2, SLOW_NS);
	}
	if (atomic_load(&screen->is_used)) {
		loop_timer_arm(screen->loop, &screen->timer, clock_now_ns() + screen->interval_ns);
	}
}

/* Before it is used there is nothing to look for. */
static void on_touch(void *arg)
{
	struct boot_screen *screen = arg;

	screen->interval_ns = QUICK_NS;
	look(screen);
}

void boot_screen_set_shown(struct boot_screen *screen, bool shown)
{
	screen->is_shown = shown;
	loop_timer_disarm(&screen->timer);
	if (shown && atomic_load(&screen->is_used)) {
		on_touch(screen);
	}
}

struct surface *boot_screen_surface(struct boot_screen *screen)
{
	return screen->surface;
}

/* --- the guest's side ------------------------------------------------------------------------ */

/* From the first access on, KVM serves the memory by itself. */
static void *touch(struct boot_screen *screen, uint64_t offset)
{
	mutex_lock(&screen->lock);
	if (screen->address && !screen->is_mapped && !screen->is_refused) {
		screen->is_mapped = mem_window_map(screen->window, screen->address) == 0;
		screen->is_refused = !screen->is_mapped;
	}
	mutex_unlock(&screen->lock);
	atomic_store(&screen->is_used, true);
	loop_post(screen->loop, &screen->touch_task);
	return (uint8_t *)mem_window_at(screen->window) + offset;
}

static uint64_t read_memory(void *device, uint64_t offset, unsigned size)
{
	return load_le(touch(device, offset), size);
}

static void write_memory(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct boot_screen *screen = device;

	store_le(touch(screen, offset), size, value);
	atomic_store(&screen->is_changed, true);
}

static const struct io_ops memory_ops = { .read = read_memory, .write = write_memory };

static void unmap(struct boot_screen *screen, uint64_t address)
{
	mutex_lock(&screen->lock);
	mem_window_unmap(screen->window);
	screen->is_mapped = false;
	screen->is_refused = false;
	screen->address = address;
	mutex_unlock(&screen->lock);
}

static void on_move(void *owner, uint64_t address)
{
	unmap(owner, address);
}

struct virtio_memory boot_screen_memory(struct boot_screen *screen)
{
	return (struct virtio_memory){
		.size = BOOT_SCREEN_BYTES, .ops = &memory_ops, .owner = screen, .on_move = on_move
	};
}

/* --- life ------------------------------------------------------------------------------------ */

void boot_screen_reset(struct boot_screen *screen)
{
	unmap(screen, screen->address);
	(void)mem_window_clear(screen->window);
	atomic_store(&screen->is_used, false);
	/* Those who watch see it go black. */
	atomic_store(&screen->is_changed, true);
	loop_post(screen->loop, &screen->touch_task);
}

static int make_surface(struct boot_screen *screen)
{
	const struct surface_layout layout = { .width = BOOT_SCREEN_WIDTH,
					       .height = BOOT_SCREEN_HEIGHT,
					       .stride = BOOT_SCREEN_STRIDE,
					       .format = SURFACE_BGRX };
	const struct iovec memory = { mem_window_at(screen->window), BOOT_SCREEN_BYTES };

	return surface_create(&layout, &memory, 1, 0, &screen->surface);
}

int boot_screen_create(const struct device_env *env, struct boot_screen **out)
{
	struct boot_screen *screen = calloc(1, sizeof(*screen));
	int code;

	*out = NULL;
	if (!screen) {
		return -ENOMEM;
	}
	screen->loop = env->loop;
	screen->display = env->display;
	mutex_init(&screen->lock);
	loop_task_init(&screen->touch_task, on_touch, screen);
	loop_timer_init(&screen->timer, look, screen);
	code = mem_window_create(env->mem, BOOT_SCREEN_BYTES, &screen->window);
	code = code ?: make_surface(screen);
	if (code < 0) {
		boot_screen_destroy(screen);
		return code;
	}
	*out = screen;
	return 0;
}

static void end_looking(void *arg)
{
	struct boot_screen *screen = arg;

	screen->is_shown = false;
	loop_timer_disarm(&screen->timer);
	loop_task_cancel(screen->loop, &screen->touch_task);
}

void boot_screen_destroy(struct boot_screen *screen)
{
	if (!screen) {
		return;
	}
	loop_call(screen->loop, end_looking, screen);
	if (screen->surface) {
		surface_revoke(screen->surface);
		surface_put(screen->surface);
	}
	mem_window_destroy(screen->window);
	mutex_finish(&screen->lock);
	free(screen);
}
