/* SPDX-License-Identifier: MIT */
#include "devices/legacy/uart.h"

#include <linux/serial_reg.h>

#define IER_BITS   (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI)
#define MCR_BITS   (UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 | UART_MCR_OUT2 | UART_MCR_LOOP)
#define FCR_BITS   (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK)
#define MSR_LINES  (UART_MSR_DCD | UART_MSR_RI | UART_MSR_DSR | UART_MSR_CTS)
#define LSR_ERRORS (UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)

/* What the far end of the cable drives: always there and ready, so that a guest with hardware flow
 * control never waits for somebody to connect. */
#define LINES_CONNECTED (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

static bool is_loopback(const struct uart *uart)
{
	return uart->mcr & UART_MCR_LOOP;
}

static bool has_fifo(const struct uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO;
}

static bool selects_divisor(const struct uart *uart)
{
	return uart->lcr & UART_LCR_DLAB;
}

static unsigned rx_capacity(const struct uart *uart)
{
	return has_fifo(uart) ? UART_FIFO_BYTES : 1;
}

static unsigned rx_trigger(const struct uart *uart)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return has_fifo(uart) ? levels[uart->fcr >> 6] : 1;
}

int uart_init(struct uart *uart)
{
	*uart = (struct uart){ 0 };
	uart_reset(uart);
	return byte_ring_init(&uart->tx, UART_TX_BYTES);
}

void uart_finish(struct uart *uart)
{
	byte_ring_finish(&uart->tx);
}

void uart_reset(struct uart *uart)
{
	*uart = (struct uart){
		.dll = 1, /* 115200 baud */
		.msr = LINES_CONNECTED,
		.tx = uart->tx,
		.tx_blocked = uart->tx_blocked,
	};
}

static void push_rx(struct uart *uart, uint8_t byte)
{
	if (uart->rx_count == rx_capacity(uart)) {
		uart->line_errors |= UART_LSR_OE;
		if (has_fifo(uart)) {
			return; /* the FIFO keeps what it has */
		}
		uart->rx_count = 0;
	}
	uart->rx[(uart->rx_first + uart->rx_count++) % UART_FIFO_BYTES] = byte;
}

static uint8_t pop_rx(struct uart *uart)
{
	uint8_t byte = uart->rx[uart->rx_first];

	if (uart->rx_count > 0) {
		uart->rx_first = (uart->rx_first + 1) % UART_FIFO_BYTES;
		uart->rx_count--;
	}
	return byte;
}

static uint8_t line_status(const struct uart *uart)
{
	uint8_t status = uart->line_errors;

	if (uart->rx_count > 0) {
		status |= UART_LSR_DR;
	}
	if (!uart->tx_blocked) {
		status |= UART_LSR_THRE | UART_LSR_TEMT;
	}
	return status;
}

/* The pending interrupt of highest priority that is enabled, as IIR's low bits. */
static uint8_t interrupt_source(const struct uart *uart)
{
	if ((uart->ier & UART_IER_RLSI) && (uart->line_errors & LSR_ERRORS)) {
		return UART_IIR_RLSI;
	}
	if ((uart->ier & UART_IER_RDI) && uart->rx_count > 0) {
		/* Below the trigger level the FIFO's timeout speaks; here it takes no time. */
		return uart->rx_count >= rx_trigger(uart) ? UART_IIR_RDI : UART_IIR_RX_TIMEOUT;
	}
	if ((uart->ier & UART_IER_THRI) && uart->thre_pending) {
		return UART_IIR_THRI;
	}
	if ((uart->ier & UART_IER_MSI) && (uart->msr & UART_MSR_ANY_DELTA)) {
		return UART_IIR_MSI;
	}
	return UART_IIR_NO_INT;
}

bool uart_wants_interrupt(const struct uart *uart)
{
	return interrupt_source(uart) != UART_IIR_NO_INT;
}

static uint8_t read_iir(struct uart *uart)
{
	uint8_t source = interrupt_source(uart);

	if (source == UART_IIR_THRI) {
		uart->thre_pending = false;
	}
	return source | (has_fifo(uart) ? 0xc0 : 0);
}

static uint8_t read_lsr(struct uart *uart)
{
	uint8_t status = line_status(uart);

	uart->line_errors = 0;
	return status;
}

static uint8_t read_msr(struct uart *uart)
{
	uint8_t status = uart->msr;

	uart->msr &= (uint8_t)~UART_MSR_ANY_DELTA;
	return status;
}

uint8_t uart_read(struct uart *uart, unsigned offset)
{
	switch (offset) {
	case UART_RX:
		return selects_divisor(uart) ? uart->dll : pop_rx(uart);
	case UART_IER:
		return selects_divisor(uart) ? uart->dlm : uart->ier;
	case UART_IIR:
		return read_iir(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return read_lsr(uart);
	case UART_MSR:
		return read_msr(uart);
	case UART_SCR:
		return uart->scr;
	default:
		return 0;
	}
}

/* In loopback mode the modem outputs drive the modem inputs. */
static void update_msr(struct uart *uart)
{
	uint8_t lines = LINES_CONNECTED;
	uint8_t changed;

	if (is_loopback(uart)) {
		lines = (uart->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			(uart->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			(uart->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			(uart->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
	}
	changed = (uart->msr ^ lines) & MSR_LINES;
	if (lines & UART_MSR_RI) {
		changed &= (uint8_t)~UART_MSR_RI; /* only the end of a ring counts */
	}
	/* Each delta bit is four below its line. */
	uart->msr = (uint8_t)((uart->msr & UART_MSR_ANY_DELTA) | lines | changed >> 4);
}

static void write_thr(struct uart *uart, uint8_t byte)
{
	if (is_loopback(uart)) {
		push_rx(uart, byte);
		uart->thre_pending = true;
		return;
	}
	(void)byte_ring_push(&uart->tx, &byte, 1); /* lost if the guest did not wait */
	uart->tx_blocked |= byte_ring_room(&uart->tx) == 0;
	uart->thre_pending = !uart->tx_blocked;
}

static void write_ier(struct uart *uart, uint8_t value)
{
	uint8_t added = value & ~uart->ier;

	uart->ier = value & IER_BITS;
	if ((added & UART_IER_THRI) && !uart->tx_blocked) {
		uart->thre_pending = true;
	}
}

static void write_fcr(struct uart *uart, uint8_t value)
{
	/* Switching the FIFOs on or off empties them. */
	if (((value ^ uart->fcr) & UART_FCR_ENABLE_FIFO) || (value & UART_FCR_CLEAR_RCVR)) {
		uart->rx_count = 0;
		uart->rx_first = 0;
	}
	uart->fcr = value & UART_FCR_ENABLE_FIFO ? value & FCR_BITS : 0;
}

void uart_write(struct uart *uart, unsigned offset, uint8_t value)
{
	switch (offset) {
	case UART_TX:
		if (selects_divisor(uart)) {
			uart->dll = value;
		} else {
			write_thr(uart, value);
		}
		break;
	case UART_IER:
		if (selects_divisor(uart)) {
			uart->dlm = value;
		} else {
			write_ier(uart, value);
		}
		break;
	case UART_FCR:
		write_fcr(uart, value);
		break;
	case UART_LCR:
		uart->lcr = value;
		break;
	case UART_MCR:
		uart->mcr = value & MCR_BITS;
		update_msr(uart);
		break;
	case UART_SCR:
		uart->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

unsigned uart_receive(struct uart *uart, const uint8_t *bytes, size_t length)
{
	unsigned taken = 0;

	if (is_loopback(uart)) {
		return 0;
	}
	while (taken < length && uart->rx_count < rx_capacity(uart)) {
		push_rx(uart, bytes[taken++]);
	}
	return taken;
}

void uart_sent(struct uart *uart, size_t length)
{
	byte_ring_drop(&uart->tx, length);
	if (uart->tx_blocked && uart->tx.count <= UART_TX_BYTES / 2) {
		uart->tx_blocked = false;
		uart->thre_pending = true;
	}
}
