/* SPDX-License-Identifier: MIT */
#include "devices/pci/q35.h"

#include <errno.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/boot/layout.h"

#define INTEL		  0x8086u
#define RED_HAT_SUBSYSTEM 0x1af4u /* what firmware for virtual machines expects */
#define SUBSYSTEM	  0x1100u
#define CLASS_HOST_BRIDGE 0x060000u
#define CLASS_ISA_BRIDGE  0x060100u

/* Q35 MCH, Intel 3 Series Express Chipset datasheet §5. */
#define MCH_PCIEXBAR	     0x60u
#define MCH_PCIEXBAR_ENABLE  0x1u
#define MCH_PCIEXBAR_BYTES   8u
#define MCH_PCIEXBAR_ADDRESS UINT64_C(0xff0000000) /* 256 MiB, the only length we have */
#define MCH_PAM		     0x90u		   /* shadow RAM at 0xc0000: seven bytes */
#define MCH_PAM_BYTES	     7u
#define MCH_SMRAM	     0x9du

/* ICH9 LPC bridge, I/O Controller Hub 9 datasheet §13. */
#define LPC_PMBASE	  0x40u
#define LPC_ACPI_CONTROL  0x44u
#define LPC_ACPI_ENABLE	  0x80u /* and SCI on IRQ 9 */
#define LPC_GPIOBASE	  0x48u
#define LPC_PIRQ_A	  0x60u /* A to D, then E to H at 0x68 */
#define LPC_PIRQ_E	  0x68u
#define LPC_PIRQ_DISABLED 0x80u
#define LPC_RCBA	  0xf0u
#define LPC_IO_SPACE	  0x1u

struct q35 {
	struct pci_device host_bridge;
	struct pci_device lpc;
	struct log_limit log_limit;
};

static void move_ecam(struct pci_device *device, unsigned offset, unsigned size)
{
	struct q35 *q35 = device->owner;
	const uint64_t value = load_le64(device->config + MCH_PCIEXBAR);
	const uint64_t gpa = value & MCH_PCIEXBAR_ENABLE ? value & MCH_PCIEXBAR_ADDRESS : 0;

	if (offset + size <= MCH_PCIEXBAR || offset >= MCH_PCIEXBAR + MCH_PCIEXBAR_BYTES) {
		return;
	}
	if (pci_bus_move_ecam(device->bus, gpa) < 0) {
		log_guest(&q35->log_limit, device->name, "no room for ECAM at %#llx",
			  (unsigned long long)gpa);
	}
}

static void fill_host_bridge(struct q35 *q35)
{
	struct pci_device *device = &q35->host_bridge;

	device->name = "q35-host-bridge";
	device->owner = q35;
	device->on_config_write = move_ecam;
	device->identity = (struct pci_identity){ .vendor = INTEL,
						  .device = 0x29c0,
						  .subsystem_vendor = RED_HAT_SUBSYSTEM,
						  .subsystem = SUBSYSTEM,
						  .class_code = CLASS_HOST_BRIDGE };
	store_le64(device->config + MCH_PCIEXBAR, LAYOUT_ECAM_GPA | MCH_PCIEXBAR_ENABLE);
	store_le64(device->writable + MCH_PCIEXBAR, MCH_PCIEXBAR_ADDRESS | MCH_PCIEXBAR_ENABLE);
	memset(device->writable + MCH_PAM, 0xff, MCH_PAM_BYTES);
	device->config[MCH_SMRAM] = 0x02;
	device->writable[MCH_SMRAM] = 0x78;
}

static void fill_lpc(struct q35 *q35)
{
	struct pci_device *device = &q35->lpc;

	device->name = "ich9-lpc";
	device->owner = q35;
	device->identity = (struct pci_identity){ .vendor = INTEL,
						  .device = 0x2918,
						  .subsystem_vendor = RED_HAT_SUBSYSTEM,
						  .subsystem = SUBSYSTEM,
						  .revision = 2,
						  .class_code = CLASS_ISA_BRIDGE };
	/* The power management ports do not move: the register accepts what it has anyway. */
	store_le32(device->config + LPC_PMBASE, LAYOUT_ACPI_PM_PORT | LPC_IO_SPACE);
	device->config[LPC_ACPI_CONTROL] = LPC_ACPI_ENABLE;
	store_le32(device->config + LPC_GPIOBASE, LPC_IO_SPACE);
	/* Routing of INTx to the PICs, which this machine does not have: for firmware to scribble.
	 */
	memset(device->config + LPC_PIRQ_A, LPC_PIRQ_DISABLED, 4);
	memset(device->writable + LPC_PIRQ_A, 0x8f, 4);
	memset(device->config + LPC_PIRQ_E, LPC_PIRQ_DISABLED, 4);
	memset(device->writable + LPC_PIRQ_E, 0x8f, 4);
	/* Stays disabled, so that drivers do not look for a watchdog behind it. */
	store_le32(device->config + LPC_RCBA, 0);
}

int q35_create(struct pci_bus *bus, struct q35 **out, struct error *err)
{
	struct q35 *q35 = calloc(1, sizeof(*q35));
	int code;

	*out = NULL;
	if (!q35) {
		return error_set(err, -ENOMEM, "out of memory");
	}
	fill_host_bridge(q35);
	fill_lpc(q35);
	code = pci_device_plug(bus, &q35->host_bridge, 0, 0, err);
	if (code == 0) {
		code = pci_device_plug(bus, &q35->lpc, Q35_LPC_SLOT, 0, err);
	}
	if (code < 0) {
		q35_destroy(q35);
		return code;
	}
	*out = q35;
	return 0;
}

void q35_destroy(struct q35 *q35)
{
	if (!q35) {
		return;
	}
	pci_device_unplug(&q35->lpc);
	pci_device_unplug(&q35->host_bridge);
	free(q35);
}

void q35_reset(struct q35 *q35)
{
	/* First, so that BARs whose home ECAM had taken find it free in the resets below. */
	(void)pci_bus_move_ecam(q35->host_bridge.bus, LAYOUT_ECAM_GPA);
	pci_device_reset(&q35->lpc);
	pci_device_reset(&q35->host_bridge);
}
