/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/uart.c */
#include "devices/legacy/uart.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <linux/serial_reg.h>

static struct uart uart;

static void set_up(void)
{
	cr_assert(eq(int, uart_init(&uart), 0));
}

static void tear_down(void)
{
	uart_finish(&uart);
}

static bool has(uint64_t value, uint64_t bits)
{
	return value & bits;
}

TestSuite(uart, .init = set_up, .fini = tear_down, .timeout = 10);

static unsigned receive(const char *text)
{
	return uart_receive(&uart, (const uint8_t *)text, strlen(text));
}

Test(uart, divisor_latch_hides_data_and_ier)
{
	uart_write(&uart, UART_IER, UART_IER_RDI);
	uart_write(&uart, UART_LCR, UART_LCR_DLAB);
	uart_write(&uart, UART_DLL, 0x0c);
	uart_write(&uart, UART_DLM, 0x01);
	cr_assert(eq(u8, uart_read(&uart, UART_DLL), 0x0c));
	cr_assert(eq(u8, uart_read(&uart, UART_DLM), 0x01));
	uart_write(&uart, UART_LCR, UART_LCR_WLEN8);
	cr_assert(eq(u8, uart_read(&uart, UART_IER), UART_IER_RDI));
	cr_assert(eq(sz, uart.tx.count, 0));
}

Test(uart, looks_like_a_16550a)
{
	uart_write(&uart, UART_SCR, 0x5a);
	uart_write(&uart, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
	cr_assert(eq(u8, uart_read(&uart, UART_SCR), 0x5a));
	/* FIFO bits both on, the 64-byte bit of the 16750 off. */
	cr_assert(eq(u8, uart_read(&uart, UART_IIR), 0xc0 | UART_IIR_NO_INT));
	uart_write(&uart, UART_IER, 0xff);
	cr_assert(eq(u8, uart_read(&uart, UART_IER), 0x0f));
}

Test(uart, sent_bytes_wait_in_order)
{
	const uint8_t *bytes;

	uart_write(&uart, UART_TX, 'a');
	uart_write(&uart, UART_TX, 'b');
	cr_assert(eq(sz, byte_ring_peek(&uart.tx, &bytes), 2));
	cr_assert(eq(u8, bytes[0], 'a'));
	cr_assert(eq(u8, bytes[1], 'b'));
}

Test(uart, transmitter_interrupt_comes_again_after_each_byte)
{
	uart_write(&uart, UART_IER, UART_IER_THRI);
	cr_assert(eq(u8, uart_read(&uart, UART_IIR), UART_IIR_THRI));
	cr_assert(not(uart_wants_interrupt(&uart))); /* reading it took it away */
	uart_write(&uart, UART_TX, 'a');
	cr_assert(uart_wants_interrupt(&uart));
}

Test(uart, transmitter_interrupt_comes_when_it_is_enabled_anew)
{
	uart_write(&uart, UART_IER, UART_IER_THRI);
	(void)uart_read(&uart, UART_IIR);
	uart_write(&uart, UART_IER, 0);
	uart_write(&uart, UART_IER, UART_IER_THRI);
	cr_assert(uart_wants_interrupt(&uart)); /* Linux tests this at start-up */
}

Test(uart, full_transmitter_makes_the_guest_wait_until_half_empty)
{
	uart_write(&uart, UART_IER, UART_IER_THRI);
	for (unsigned i = 0; i < UART_TX_BYTES; i++) {
		cr_assert(has(uart_read(&uart, UART_LSR), UART_LSR_THRE));
		uart_write(&uart, UART_TX, 'a');
	}
	cr_assert(not(has(uart_read(&uart, UART_LSR), UART_LSR_THRE | UART_LSR_TEMT)));
	cr_assert(not(uart_wants_interrupt(&uart)));
	uart_sent(&uart, UART_TX_BYTES / 2 - 1);
	cr_assert(not(has(uart_read(&uart, UART_LSR), UART_LSR_THRE)));
	uart_sent(&uart, 1);
	cr_assert(has(uart_read(&uart, UART_LSR), UART_LSR_THRE));
	cr_assert(uart_wants_interrupt(&uart));
}

Test(uart, without_fifo_one_byte_is_received)
{
	cr_assert(eq(u32, receive("ab"), 1));
	cr_assert(has(uart_read(&uart, UART_LSR), UART_LSR_DR));
	cr_assert(eq(u8, uart_read(&uart, UART_RX), 'a'));
	cr_assert(not(has(uart_read(&uart, UART_LSR), UART_LSR_DR)));
}

Test(uart, fifo_takes_sixteen_and_tells_trigger_from_timeout)
{
	uart_write(&uart, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8);
	uart_write(&uart, UART_IER, UART_IER_RDI);
	cr_assert(eq(u32, receive("0123456789abcdefXYZ"), UART_FIFO_BYTES));
	cr_assert(eq(u8, uart_read(&uart, UART_IIR), 0xc0 | UART_IIR_RDI));
	for (unsigned i = 0; i < 9; i++) {
		(void)uart_read(&uart, UART_RX);
	}
	/* Seven are left, below the trigger of eight. */
	cr_assert(eq(u8, uart_read(&uart, UART_IIR), 0xc0 | UART_IIR_RX_TIMEOUT));
	cr_assert(eq(u8, uart_read(&uart, UART_RX), '9'));
}

Test(uart, clearing_the_fifo_drops_input)
{
	uart_write(&uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	(void)receive("abc");
	uart_write(&uart, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	cr_assert(not(has(uart_read(&uart, UART_LSR), UART_LSR_DR)));
}

Test(uart, loopback_returns_bytes_and_modem_lines)
{
	uart_write(&uart, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	/* What Linux looks for when it probes a port. */
	cr_assert(eq(u8, uart_read(&uart, UART_MSR) & 0xf0, UART_MSR_DCD | UART_MSR_CTS));
	uart_write(&uart, UART_TX, 'x');
	cr_assert(eq(sz, uart.tx.count, 0));
	cr_assert(eq(u8, uart_read(&uart, UART_RX), 'x'));
	cr_assert(eq(u32, receive("y"), 0)); /* the line is cut off */
}

Test(uart, loopback_overrun_is_a_line_status_interrupt)
{
	uart_write(&uart, UART_MCR, UART_MCR_LOOP);
	uart_write(&uart, UART_IER, UART_IER_RLSI);
	uart_write(&uart, UART_TX, 'x');
	uart_write(&uart, UART_TX, 'y');
	cr_assert(eq(u8, uart_read(&uart, UART_IIR), UART_IIR_RLSI));
	cr_assert(has(uart_read(&uart, UART_LSR), UART_LSR_OE));
	cr_assert(not(uart_wants_interrupt(&uart)));
	cr_assert(eq(u8, uart_read(&uart, UART_RX), 'y')); /* without FIFO the last byte stays */
}

Test(uart, modem_change_is_an_interrupt_until_msr_is_read)
{
	uart_write(&uart, UART_MCR, UART_MCR_LOOP);
	(void)uart_read(&uart, UART_MSR);
	uart_write(&uart, UART_IER, UART_IER_MSI);
	cr_assert(not(uart_wants_interrupt(&uart)));
	uart_write(&uart, UART_MCR, UART_MCR_LOOP | UART_MCR_DTR);
	cr_assert(eq(u8, uart_read(&uart, UART_IIR), UART_IIR_MSI));
	cr_assert(eq(u8, uart_read(&uart, UART_MSR), UART_MSR_DSR | UART_MSR_DDSR));
	cr_assert(not(uart_wants_interrupt(&uart)));
}

Test(uart, reset_keeps_what_was_sent)
{
	uart_write(&uart, UART_TX, 'a');
	uart_write(&uart, UART_IER, 0x0f);
	uart_reset(&uart);
	cr_assert(eq(sz, uart.tx.count, 1));
	cr_assert(not(uart_wants_interrupt(&uart)));
}
