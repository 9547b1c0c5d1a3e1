/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BUS_IRQ_H
#define THUNDERLAKE_VMM_BUS_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct kvm;

/*
 * Interrupts into the in-kernel PIC, IOAPIC and LAPICs. Lines are GSIs 0 to IRQ_LINES-1: ISA 0 to
 * 15 and PCI INTx 16 to 23, as the ACPI MADT and _PRT tell the guest. Message-signalled interrupts
 * take GSIs from IRQ_LINES on. All functions from any thread.
 */
#define IRQ_LINES   24u
#define IRQ_MSI_MAX 1000u

struct irq_router;

/* `kvm` (borrowed) may be NULL for unit tests: levels are kept and can be read back. Sets the
 * standard routes: lines 0-15 to the PICs and the IOAPIC (0 to pin 2), 16-23 to the IOAPIC. */
int irq_router_create(struct kvm *kvm, struct irq_router **out);
void irq_router_destroy(struct irq_router *router);

/* One device's wire to a GSI. Wires to the same GSI are or'ed. Zero-initialise, then init. */
struct irq_line {
	struct irq_router *router;
	uint32_t gsi;
	bool level; /* guarded by the router's lock */
};

void irq_line_init(struct irq_line *line, struct irq_router *router, uint32_t gsi);
/* A level-triggered device raises and later lowers; an edge-triggered ISA one pulses. */
void irq_line_set(struct irq_line *line, bool level);
void irq_line_pulse(struct irq_line *line);
bool irq_router_level(struct irq_router *router, uint32_t gsi);

/*
 * One message-signalled interrupt: an eventfd that injects the message while the vector is enabled.
 * Signals while it is disabled stay pending in the eventfd and are injected by enabling, which is
 * just what MSI-X masking wants (PCI 3.0 §6.8.2.9).
 */
struct msi_vector {
	struct irq_router *router;
	uint32_t gsi;
	int fd; /* owned eventfd, non-blocking */
	uint64_t address;
	uint32_t data;
	bool enabled;
};

/* Takes a GSI and makes the eventfd, disabled. -ENOSPC when IRQ_MSI_MAX are in use. */
int msi_vector_init(struct msi_vector *vector, struct irq_router *router);
void msi_vector_finish(struct msi_vector *vector);
/* Sets the message; takes effect at once when enabled. */
int msi_vector_set(struct msi_vector *vector, uint64_t address, uint32_t data);
int msi_vector_enable(struct msi_vector *vector, bool enabled);
/* Injects, or makes pending. One write(), callable on any thread without a lock. */
void msi_vector_signal(struct msi_vector *vector);
bool msi_vector_is_pending(struct msi_vector *vector);
void msi_vector_clear_pending(struct msi_vector *vector);

#endif
