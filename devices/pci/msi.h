/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_PCI_MSI_H
#define THUNDERLAKE_DEVICES_PCI_MSI_H

#include <stdbool.h>

struct irq_router;
struct pci_device;

/*
 * MSI capability with one message, a 64-bit address and no mask (PCI 3.0 §6.8.1), for devices older
 * than MSI-X. While the guest has it on, INTA is silent: a device calls both pci_intx_set and
 * msi_signal, and the guest hears the one it chose.
 */
struct msi;

/* Adds the capability. Before plug. -ENOSPC, -ENOMEM, -errno of eventfd. */
int msi_create(struct pci_device *device, struct irq_router *irqs, struct msi **out);
/* After pci_device_unplug. NULL is fine. */
void msi_destroy(struct msi *msi);

/* Called by the PCI core under the device lock: whether a write goes to the capability, and then
 * what it changed. */
bool msi_covers(const struct msi *msi, unsigned offset, unsigned size);
void msi_update(struct msi *msi);

/* Any thread, no lock. */
bool msi_is_enabled(const struct msi *msi);

/* Sends the message if MSI is on; nothing stays pending. Any thread, no lock. */
void msi_signal(struct msi *msi);

#endif
