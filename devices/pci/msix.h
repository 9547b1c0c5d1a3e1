/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_PCI_MSIX_H
#define THUNDERLAKE_DEVICES_PCI_MSIX_H

#include <stdbool.h>
#include <stdint.h>

struct irq_router;
struct pci_device;

/*
 * MSI-X capability with its table and pending bits in one BAR of the device (PCI 3.0 §6.8.2). Each
 * vector is a `struct msi_vector`: enabled exactly while MSI-X is on, the function is not masked
 * and the vector is not masked, so a masked signal stays pending by itself.
 */
#define MSIX_VECTORS_MAX 128u

struct msix;

/* Adds the capability and takes over BAR `bar` (its size and ops are set here). Before plug.
 * -EINVAL no or too many vectors, -ENOSPC, -ENOMEM, -errno of eventfd. */
int msix_create(struct pci_device *device, struct irq_router *irqs, unsigned vectors, unsigned bar,
		struct msix **out);
/* After pci_device_unplug. NULL is fine. */
void msix_destroy(struct msix *msix);
/* All vectors masked, nothing pending; beside pci_device_reset, which turns MSI-X off. */
void msix_reset(struct msix *msix);

/* Called by the PCI core under the device lock: whether a write goes to the capability, and then
 * what it changed. */
bool msix_covers(const struct msix *msix, unsigned offset, unsigned size);
void msix_update(struct msix *msix);

/* MSI-X enable bit, readable from any thread without a lock. */
bool msix_is_enabled(const struct msix *msix);

/* Any thread, no lock: one write() to an eventfd. Vectors out of range are ignored. */
void msix_signal(struct msix *msix, unsigned vector);

#endif
