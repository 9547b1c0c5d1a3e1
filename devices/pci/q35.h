/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_PCI_Q35_H
#define THUNDERLAKE_DEVICES_PCI_Q35_H

#include "vmm/base/error.h"

struct pci_bus;

/*
 * The two chips by which firmware and kernels know the machine: the Q35 host bridge at 00.0 and the
 * ICH9 LPC bridge at 1f.0, as far as their configuration space goes. PCIEXBAR moves ECAM; the rest
 * can be written and read back where firmware expects that. What lies behind the LPC bridge is in
 * devices/legacy.
 */
#define Q35_LPC_SLOT 31

struct q35;

/* Plugs both. Main thread. */
int q35_create(struct pci_bus *bus, struct q35 **out, struct error *err);
/* NULL is fine. */
void q35_destroy(struct q35 *q35);
/* Power-on state; processors paused, all other PCI devices reset before. */
void q35_reset(struct q35 *q35);

#endif
