/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_UART_H
#define THUNDERLAKE_DEVICES_LEGACY_UART_H

#include <stdbool.h>

#include "devices/char/byte_ring.h"

/*
 * The registers of a 16550A (National PC16550D datasheet): no threads, no interrupts, no host.
 * Sending takes no time; bytes go to `tx`, where the owner fetches them. The caller holds the
 * owner's lock.
 */
#define UART_PORTS	8u
#define UART_FIFO_BYTES 16u
#define UART_TX_BYTES	16384u

struct uart {
	uint8_t ier, fcr, lcr, mcr, scr;
	uint8_t dll, dlm;
	uint8_t line_errors; /* error bits of LSR, until they are read */
	uint8_t msr;
	bool thre_pending; /* the transmitter has become empty, and the guest has not seen it */
	bool tx_blocked;   /* `tx` was full and is not yet half empty */
	struct byte_ring tx;
	uint8_t rx[UART_FIFO_BYTES];
	unsigned rx_first, rx_count;
};

/* 0 or -ENOMEM. */
int uart_init(struct uart *uart);
void uart_finish(struct uart *uart);

/* Power-on state; bytes in `tx` were sent and stay. */
void uart_reset(struct uart *uart);

uint8_t uart_read(struct uart *uart, unsigned offset);
void uart_write(struct uart *uart, unsigned offset, uint8_t value);

/* Bytes arrive on the line; returns how many there was room for: none in loopback mode. */
unsigned uart_receive(struct uart *uart, const uint8_t *bytes, size_t length);

/* `length` of the oldest bytes in `tx` have left. */
void uart_sent(struct uart *uart, size_t length);

bool uart_wants_interrupt(const struct uart *uart);

#endif
