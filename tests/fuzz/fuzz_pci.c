/* SPDX-License-Identifier: MIT */
/* LINK: devices/pci/ devices/legacy/reset_port.c vmm/bus/ vmm/kvm/ */
/*
 * Configuration space, BARs and MSI-X of a Q35 with two devices, and two root ports with a device
 * that comes and goes. Input: records of eight bytes, an
 * operation, the target, a 16-bit offset and a 32-bit value.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/pci/msix.h"
#include "devices/pci/pci.h"
#include "devices/pci/pci_port.h"
#include "devices/pci/q35.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/boot/layout.h"

#define DEVICES	     2
#define PORTS	     2
#define RECORD_BYTES 8
#define RECORDS_MAX  256
#define VECTORS	     3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
	struct bus *pio, *mmio;
	struct irq_router *irqs;
	struct pci_bus *bus;
	struct q35 *q35;
	struct pci_device devices[DEVICES];
	struct msix *msix[DEVICES];
	struct pci_port *ports[PORTS];
	struct pci_device guests[PORTS]; /* behind them */
};

static uint64_t read_zero(void *owner, uint64_t offset, unsigned size)
{
	(void)owner;
	(void)offset;
	(void)size;
	return 0;
}

static void write_nothing(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
	(void)owner;
	(void)offset;
	(void)size;
	(void)value;
}

static const struct io_ops ops = { .read = read_zero, .write = write_nothing };

static void drop_line(enum log_level level, const char *tag, const char *text)
{
	(void)level;
	(void)tag;
	(void)text;
}

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void do_nothing(void *arg)
{
	(void)arg;
}

static void put_in(struct machine *m, unsigned index)
{
	struct pci_device *d = &m->guests[index];

	*d = (struct pci_device){ .name = "guest", .has_intx = true };
	d->bars[0] = (struct pci_bar){ .size = 0x4000, .ops = &ops };
	d->bars[2] = (struct pci_bar){ .size = 0x200000,
				       .flags = PCI_BASE_ADDRESS_MEM_TYPE_64 |
						PCI_BASE_ADDRESS_MEM_PREFETCH,
				       .ops = &ops };
	d->bars[4] =
		(struct pci_bar){ .size = 16, .flags = PCI_BASE_ADDRESS_SPACE_IO, .ops = &ops };
	require(pci_port_plug(m->ports[index], d, NULL) == 0);
}

/* What the machine does of its own: the button, and what has to leave or may come. */
static void serve_port(struct machine *m, unsigned index, bool press)
{
	struct pci_port *port = m->ports[index];

	if (press && pci_port_device(port)) {
		(void)pci_port_press(port);
	}
	if (pci_port_is_leaving(port)) {
		pci_device_unplug(pci_port_device(port));
	} else if (pci_port_is_free(port)) {
		put_in(m, index);
	}
}

static void add_device(struct machine *m, unsigned index)
{
	struct pci_device *d = &m->devices[index];

	d->name = "fuzz";
	d->has_intx = index;
	d->bars[0] = (struct pci_bar){ .size = 0x4000, .ops = &ops };
	d->bars[2] = (struct pci_bar){ .size = 0x10000,
				       .flags = PCI_BASE_ADDRESS_MEM_TYPE_64,
				       .ops = &ops };
	d->bars[4] =
		(struct pci_bar){ .size = 16, .flags = PCI_BASE_ADDRESS_SPACE_IO, .ops = &ops };
	require(msix_create(d, m->irqs, VECTORS, 1, &m->msix[index]) == 0);
	require(pci_device_plug(m->bus, d, -1, 0, NULL) == 0);
}

static struct machine *make_machine(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct pci_bus_config config;

	require(m && bus_create(NULL, BUS_PIO, &m->pio) == 0);
	require(bus_create(NULL, BUS_MMIO, &m->mmio) == 0);
	require(irq_router_create(NULL, &m->irqs) == 0);
	config = (struct pci_bus_config){ .pio = m->pio, .mmio = m->mmio, .irqs = m->irqs };
	require(pci_bus_create(&config, &m->bus) == 0);
	require(q35_create(m->bus, &m->q35, NULL) == 0);
	for (unsigned i = 0; i < DEVICES; i++) {
		add_device(m, i);
	}
	for (unsigned i = 0; i < PORTS; i++) {
		const struct pci_port_config port = { i, do_nothing, NULL };

		require(pci_port_create(m->bus, &port, &m->ports[i], NULL) == 0);
	}
	return m;
}

static void reset_machine(struct machine *m)
{
	for (unsigned i = 0; i < DEVICES; i++) {
		pci_device_reset(&m->devices[i]);
		msix_reset(m->msix[i]);
	}
	for (unsigned i = 0; i < PORTS; i++) {
		if (pci_port_device(m->ports[i])) {
			pci_device_unplug(&m->guests[i]);
		}
		pci_port_reset(m->ports[i]);
	}
	q35_reset(m->q35);
}

static void run_record(struct machine *m, const uint8_t *record)
{
	static const unsigned bdfs[] = {
		0,
		1 << 3,
		2 << 3,
		Q35_LPC_SLOT << 3,
		PCI_PORTS_SLOT << 3,
		PCI_PORTS_SLOT << 3 | 1,
		1 << 8,
		2 << 8,
	};
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	const unsigned size = sizes[record[0] >> 4 & 3];
	const unsigned bdf = bdfs[record[1] & 7];
	const unsigned offset = load_le16(record + 2);
	const uint32_t value = load_le32(record + 4);
	struct pci_device *d = &m->devices[record[1] & 1];
	uint64_t answer;

	switch (record[0] & 7) {
	case 0:
		pci_config_write(m->bus, bdf, offset & 0xff, size, value);
		break;
	case 1:
		(void)pci_config_read(m->bus, bdf, offset, size);
		break;
	case 2:
		(void)bus_write(m->pio, LAYOUT_PCI_CONFIG_PORT + offset % 8, size, value);
		break;
	case 3:
		(void)bus_read(m->pio, LAYOUT_PCI_CONFIG_PORT + offset % 8, size, &answer);
		break;
	case 4:
		(void)bus_write(m->mmio, LAYOUT_ECAM_GPA + (bdf << 12) + (offset & 0xfff), size,
				value);
		break;
	case 5: /* the MSI-X table, wherever it is by now */
		(void)bus_write(m->mmio, d->bars[1].region.base + (offset & 0xfff), size, value);
		break;
	case 6:
		(void)bus_read(m->mmio, d->bars[1].region.base + (offset & 0xfff), size, &answer);
		msix_signal(m->msix[record[1] & 1], offset);
		break;
	default:
		pci_intx_set(d, value & 1);
		serve_port(m, record[1] & 1, value & 2);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine *m;

	if (!m) {
		log_set_sink(drop_line);
		m = make_machine();
	}
	for (size_t i = 0; i < RECORDS_MAX && (i + 1) * RECORD_BYTES <= size; i++) {
		run_record(m, data + i * RECORD_BYTES);
	}
	reset_machine(m);
	require(m->devices[0].bars[0].region.bus == m->mmio);
	require(m->devices[1].bars[0].region.bus == m->mmio);
	require(pci_config_read(m->bus, 0, PCI_VENDOR_ID, 4) == 0x29c08086);
	return 0;
}
