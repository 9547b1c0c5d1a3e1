/* SPDX-License-Identifier: MIT */
#include "devices/pci/msi.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"

#define CAPABILITY_BYTES 14u /* with a 64-bit address, without masks */
#define ADDRESS_MASK	 (~UINT64_C(3))

struct msi {
	struct pci_device *device; /* borrowed; its lock guards what is not atomic */
	unsigned capability;
	atomic_bool enabled;
	struct msi_vector vector;
	struct log_limit log_limit;
};

bool msi_covers(const struct msi *msi, unsigned offset, unsigned size)
{
	return offset < msi->capability + CAPABILITY_BYTES && msi->capability < offset + size;
}

static int set_vector(struct msi *msi, bool enabled)
{
	const uint8_t *config = msi->device->config + msi->capability;
	const uint64_t address = load_le64(config + PCI_MSI_ADDRESS_LO);
	const uint16_t data = load_le16(config + PCI_MSI_DATA_64);
	struct msi_vector *vector = &msi->vector;
	int code = 0;

	if (enabled && (address != vector->address || data != vector->data)) {
		code = msi_vector_set(vector, address, data);
	}
	if (code < 0 || vector->enabled == enabled) {
		return code;
	}
	/* A signal that slipped in while it was turned off is no message of today. */
	msi_vector_clear_pending(vector);
	return msi_vector_enable(vector, enabled);
}

void msi_update(struct msi *msi)
{
	const uint8_t *config = msi->device->config + msi->capability;
	const bool enabled = load_le16(config + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE;
	int code;

	/* On when it works, off before it doesn't. */
	if (!enabled) {
		atomic_store(&msi->enabled, false);
	}
	code = set_vector(msi, enabled);
	if (code < 0) {
		log_guest(&msi->log_limit, msi->device->name, "the host refused MSI: %s",
			  strerror(-code));
	}
	atomic_store(&msi->enabled, enabled);
}

bool msi_is_enabled(const struct msi *msi)
{
	return atomic_load(&msi->enabled);
}

void msi_signal(struct msi *msi)
{
	if (msi_is_enabled(msi)) {
		msi_vector_signal(&msi->vector);
	}
}

static int add_capability(struct msi *msi)
{
	struct pci_device *device = msi->device;
	const int offset = pci_add_capability(device, PCI_CAP_ID_MSI, CAPABILITY_BYTES);

	if (offset < 0) {
		return offset;
	}
	msi->capability = (unsigned)offset;
	store_le16(device->config + offset + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
	store_le16(device->writable + offset + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	store_le64(device->writable + offset + PCI_MSI_ADDRESS_LO, ADDRESS_MASK);
	store_le16(device->writable + offset + PCI_MSI_DATA_64, UINT16_MAX);
	return 0;
}

int msi_create(struct pci_device *device, struct irq_router *irqs, struct msi **out)
{
	struct msi *msi = calloc(1, sizeof(*msi));
	int code;

	*out = NULL;
	if (!msi) {
		return -ENOMEM;
	}
	msi->device = device;
	code = msi_vector_init(&msi->vector, irqs);
	if (code < 0) {
		free(msi);
		return code;
	}
	device->msi = msi;
	code = add_capability(msi);
	if (code < 0) {
		msi_destroy(msi);
		return code;
	}
	*out = msi;
	return 0;
}

void msi_destroy(struct msi *msi)
{
	if (!msi) {
		return;
	}
	msi_vector_finish(&msi->vector);
	msi->device->msi = NULL;
	free(msi);
}
