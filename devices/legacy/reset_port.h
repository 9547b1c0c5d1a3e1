/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_RESET_PORT_H
#define THUNDERLAKE_DEVICES_LEGACY_RESET_PORT_H

#include <stdatomic.h>
#include <stdint.h>

struct machine_requests;

/*
 * The reset control register at LAYOUT_RESET_PORT (ICH9 datasheet §13.7.5), which the FADT names as
 * ACPI's reset register. Its port lies inside CONFIG_ADDRESS (0xcf8 to 0xcfb), so it is no device
 * of its own on the bus: the PCI bus, which owns those ports, hands it the accesses of one byte at
 * 0xcf9. Any thread.
 */
struct reset_port {
	const struct machine_requests *requests; /* borrowed; may be NULL */
	_Atomic uint8_t value;
};

void reset_port_init(struct reset_port *port, const struct machine_requests *requests);
uint8_t reset_port_read(struct reset_port *port);
void reset_port_write(struct reset_port *port, uint8_t value);

#endif
