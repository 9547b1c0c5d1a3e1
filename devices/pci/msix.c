/* SPDX-License-Identifier: MIT */
#include "devices/pci/msix.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"

#define TABLE_BYTES (MSIX_VECTORS_MAX * PCI_MSIX_ENTRY_SIZE)
#define PBA_OFFSET  TABLE_BYTES
#define PBA_BYTES   (MSIX_VECTORS_MAX / 8)
#define BAR_BYTES   4096u

_Static_assert(PBA_OFFSET + PBA_BYTES <= BAR_BYTES, "table and pending bits share one page");

struct msix {
	struct pci_device *device; /* borrowed; its lock guards what is not atomic */
	unsigned capability;
	unsigned count;
	atomic_bool enabled;
	uint8_t table[TABLE_BYTES];
	struct log_limit log_limit;
	struct msi_vector vectors[]; /* `count` */
};

/* --- vectors follow the table and the capability --------------------------------------------- */

static uint16_t read_flags(const struct msix *msix)
{
	return load_le16(msix->device->config + msix->capability + PCI_MSIX_FLAGS);
}

static bool is_open(const struct msix *msix, const uint8_t *entry)
{
	return (read_flags(msix) & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)) ==
		       PCI_MSIX_FLAGS_ENABLE &&
	       !(entry[PCI_MSIX_ENTRY_VECTOR_CTRL] & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static int open_vector(struct msi_vector *vector, const uint8_t *entry)
{
	const uint64_t address = load_le64(entry + PCI_MSIX_ENTRY_LOWER_ADDR);
	const uint32_t data = load_le32(entry + PCI_MSIX_ENTRY_DATA);
	int code = 0;

	/* Drivers mask and unmask far more often than they change the message. */
	if (address != vector->address || data != vector->data) {
		code = msi_vector_set(vector, address, data);
	}
	return code < 0 || vector->enabled ? code : msi_vector_enable(vector, true);
}

static void update_vector(struct msix *msix, unsigned index)
{
	const uint8_t *entry = msix->table + (size_t)index * PCI_MSIX_ENTRY_SIZE;
	struct msi_vector *vector = &msix->vectors[index];
	int code = 0;

	if (is_open(msix, entry)) {
		code = open_vector(vector, entry);
	} else if (vector->enabled) {
		code = msi_vector_enable(vector, false);
	}
	if (code < 0) {
		log_guest(&msix->log_limit, msix->device->name,
			  "the host refused MSI-X vector %u: %s", index, strerror(-code));
	}
}

bool msix_covers(const struct msix *msix, unsigned offset, unsigned size)
{
	return offset < msix->capability + PCI_CAP_MSIX_SIZEOF && msix->capability < offset + size;
}

void msix_update(struct msix *msix)
{
	atomic_store(&msix->enabled, read_flags(msix) & PCI_MSIX_FLAGS_ENABLE);
	for (unsigned i = 0; i < msix->count; i++) {
		update_vector(msix, i);
	}
}

bool msix_is_enabled(const struct msix *msix)
{
	return atomic_load(&msix->enabled);
}

void msix_signal(struct msix *msix, unsigned vector)
{
	if (vector < msix->count) {
		msi_vector_signal(&msix->vectors[vector]);
	}
}

/* --- the BAR --------------------------------------------------------------------------------- */

static uint64_t read_pending(struct msix *msix, uint64_t offset, unsigned size)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < size * 8; i++) {
		uint64_t vector = offset * 8 + i;

		if (vector < msix->count && msi_vector_is_pending(&msix->vectors[vector])) {
			bits |= UINT64_C(1) << i;
		}
	}
	return bits;
}

static uint64_t read_bar(void *device, uint64_t offset, unsigned size)
{
	struct msix *msix = device;
	uint64_t value = 0;

	mutex_lock(&msix->device->lock);
	if (offset + size <= msix->count * PCI_MSIX_ENTRY_SIZE) {
		value = load_le(msix->table + offset, size);
	} else if (offset >= PBA_OFFSET && offset + size <= PBA_OFFSET + PBA_BYTES) {
		value = read_pending(msix, offset - PBA_OFFSET, size);
	}
	mutex_unlock(&msix->device->lock);
	return value;
}

static void write_bar(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct msix *msix = device;
	const unsigned first = (unsigned)(offset / PCI_MSIX_ENTRY_SIZE);
	const unsigned last = (unsigned)((offset + size - 1) / PCI_MSIX_ENTRY_SIZE);

	if (last >= msix->count) {
		return; /* pending bits are read-only, the rest is not there */
	}
	mutex_lock(&msix->device->lock);
	store_le(msix->table + offset, size, value);
	for (unsigned i = first; i <= last; i++) {
		uint8_t *control =
			msix->table + i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL;

		store_le32(control, load_le32(control) & PCI_MSIX_ENTRY_CTRL_MASKBIT);
		update_vector(msix, i);
	}
	mutex_unlock(&msix->device->lock);
}

static const struct io_ops bar_ops = { .read = read_bar, .write = write_bar };

/* --- making ---------------------------------------------------------------------------------- */

static int add_capability(struct msix *msix, unsigned bar)
{
	struct pci_device *device = msix->device;
	const int offset = pci_add_capability(device, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);

	if (offset < 0) {
		return offset;
	}
	msix->capability = (unsigned)offset;
	store_le16(device->config + offset + PCI_MSIX_FLAGS, (uint16_t)(msix->count - 1));
	store_le16(device->writable + offset + PCI_MSIX_FLAGS,
		   PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	store_le32(device->config + offset + PCI_MSIX_TABLE, bar);
	store_le32(device->config + offset + PCI_MSIX_PBA, PBA_OFFSET | bar);
	device->bars[bar] = (struct pci_bar){ .size = BAR_BYTES, .ops = &bar_ops, .owner = msix };
	return 0;
}

static void mask_all(struct msix *msix)
{
	memset(msix->table, 0, sizeof(msix->table));
	for (unsigned i = 0; i < msix->count; i++) {
		msix->table[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
	}
}

int msix_create(struct pci_device *device, struct irq_router *irqs, unsigned vectors, unsigned bar,
		struct msix **out)
{
	struct msix *msix;
	int code = 0;

	*out = NULL;
	if (vectors == 0 || vectors > MSIX_VECTORS_MAX) {
		return -EINVAL;
	}
	msix = calloc(1, sizeof(*msix) + vectors * sizeof(msix->vectors[0]));
	if (!msix) {
		return -ENOMEM;
	}
	msix->device = device;
	while (code == 0 && msix->count < vectors) {
		code = msi_vector_init(&msix->vectors[msix->count], irqs);
		msix->count += code == 0;
	}
	if (code == 0) {
		code = add_capability(msix, bar);
	}
	if (code < 0) {
		msix_destroy(msix);
		return code;
	}
	mask_all(msix);
	device->msix = msix;
	*out = msix;
	return 0;
}

void msix_destroy(struct msix *msix)
{
	if (!msix) {
		return;
	}
	for (unsigned i = 0; i < msix->count; i++) {
		msi_vector_finish(&msix->vectors[i]);
	}
	msix->device->msix = NULL;
	free(msix);
}

void msix_reset(struct msix *msix)
{
	mutex_lock(&msix->device->lock);
	mask_all(msix);
	msix_update(msix);
	for (unsigned i = 0; i < msix->count; i++) {
		msi_vector_clear_pending(&msix->vectors[i]);
	}
	mutex_unlock(&msix->device->lock);
}
