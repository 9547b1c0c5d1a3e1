/* SPDX-License-Identifier: MIT */
#include "devices/legacy/reset_port.h"

#include "devices/legacy/request.h"

#define RST_CPU	      0x04u /* rising edge: reset */
#define WRITABLE_BITS 0x0eu /* SYS_RST, RST_CPU, FULL_RST */

void reset_port_init(struct reset_port *port, const struct machine_requests *requests)
{
	port->requests = requests;
	atomic_init(&port->value, 0);
}

uint8_t reset_port_read(struct reset_port *port)
{
	return atomic_load(&port->value);
}

void reset_port_write(struct reset_port *port, uint8_t value)
{
	uint8_t kept = value & WRITABLE_BITS;
	uint8_t before = atomic_exchange(&port->value, kept);

	if ((kept & ~before) & RST_CPU) {
		/* The reset also clears the register. */
		atomic_store(&port->value, 0);
		request_reset(port->requests, "reset-port");
	}
}
