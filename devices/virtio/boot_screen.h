/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_BOOT_SCREEN_H
#define THUNDERLAKE_DEVICES_VIRTIO_BOOT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

struct device_env;
struct surface;
struct virtio_memory;

/*
 * What a guest without a driver for the graphics card draws on: a linear framebuffer in a BAR of
 * the card, of which the boot parameters tell. Linux' efifb takes it, and gives it up when the
 * card's own driver comes, since it lies in the card's BAR.
 *
 * It costs nothing until the guest touches it: the first access comes here as one to any other
 * register and makes the memory known to KVM; from then on there are no more exits, and what
 * changed is read from KVM's log while somebody watches.
 */
#define BOOT_SCREEN_WIDTH  1280u /* DISPLAY_DEFAULT_WIDTH, and so on */
#define BOOT_SCREEN_HEIGHT 800u
#define BOOT_SCREEN_STRIDE (BOOT_SCREEN_WIDTH * 4)
#define BOOT_SCREEN_BYTES  (UINT64_C(4) << 20) /* of the BAR: a power of two that holds it */

struct boot_screen;

int boot_screen_create(const struct device_env *env, struct boot_screen **out);
/* After the card was unplugged. NULL is fine. */
void boot_screen_destroy(struct boot_screen *screen);

/* The BAR, for virtio_device.memory. */
struct virtio_memory boot_screen_memory(struct boot_screen *screen);

/* It is on scanout 0 now, or no more: whether changes are looked for. On the loop. */
void boot_screen_set_shown(struct boot_screen *screen, bool shown);
struct surface *boot_screen_surface(struct boot_screen *screen);

/* Power-on: black. Main thread, vCPUs paused. */
void boot_screen_reset(struct boot_screen *screen);

#endif
