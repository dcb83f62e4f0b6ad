/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 UART (National Semiconductor PC16550D data sheet). Input: the receive
 * interrupt fires at 8 bytes in the FIFO or after a pause; all bytes there go
 * to the ring. Output: when the transmitter is empty 16 bytes fit in its FIFO;
 * its interrupt is enabled only while bytes are queued.
 */
#include "drivers/ns16550/uart.h"

#define ENABLE_INPUT 0x01
#define ENABLE_OUTPUT 0x02
#define FIFO_ON 0x01
#define FIFO_TRIGGER_8 0x80
#define LINE_8_BITS 0x03
#define LINE_DIVISOR 0x80
#define MODEM_DTR_RTS_OUT2 0x0b
#define STATUS_INPUT 0x01
#define STATUS_OVERRUN 0x02
#define STATUS_BAD 0x1c /* parity, framing, break */
#define STATUS_OUTPUT_EMPTY 0x20
#define STATUS_LINE_IDLE 0x40
#define ID_NONE 0x01

#define FIFO_BYTES 16
#define INPUT_MOST 256 /* bytes taken in one interrupt: a stuck status bit must not hang us */
#define ROUNDS_MOST 16 /* interrupt causes served in one go */
#define IDLE_POLLS 100000

static uint32_t ring_used(const struct uart_ring *ring)
{
	return ring->head - ring->tail;
}

static void ring_put(struct uart_ring *ring, uint8_t byte)
{
	ring->bytes[ring->head++ % UART_RING] = byte;
}

static uint8_t ring_take(struct uart_ring *ring)
{
	return ring->bytes[ring->tail++ % UART_RING];
}

void uart_init(struct uart *uart, uint16_t divisor)
{
	*uart = (struct uart){0};
	uart_write(UART_INTERRUPT_ENABLE, 0);
	if (divisor != 0) {
		uart_write(UART_LINE_CONTROL, LINE_DIVISOR | LINE_8_BITS);
		uart_write(UART_DATA, (uint8_t)divisor);
		uart_write(UART_INTERRUPT_ENABLE, (uint8_t)(divisor >> 8)); /* divisor, high byte */
	}
	uart_write(UART_LINE_CONTROL, LINE_8_BITS);
	/* Input that came before is kept: somebody may type while the system boots. */
	uart_write(UART_FIFO_CONTROL, FIFO_ON | FIFO_TRIGGER_8);
	uart_write(UART_MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
	uart_write(UART_INTERRUPT_ENABLE, ENABLE_INPUT);
}

/* Move bytes from the ring to the device while it takes them. */
static void feed(struct uart *uart)
{
	if ((uart_read(UART_LINE_STATUS) & STATUS_OUTPUT_EMPTY) != 0) {
		for (unsigned i = 0; i < FIFO_BYTES && ring_used(&uart->output) != 0; i++)
			uart_write(UART_DATA, ring_take(&uart->output));
	}
}

size_t uart_send(struct uart *uart, const uint8_t *bytes, size_t count)
{
	size_t room = UART_RING - ring_used(&uart->output);
	size_t taken = count < room ? count : room;

	for (size_t i = 0; i < taken; i++)
		ring_put(&uart->output, bytes[i]);
	if (taken != count)
		uart->was_full = true;
	if (taken == 0 || uart->is_sending)
		return taken;
	uart->is_sending = true;
	feed(uart);
	/* Also fires when all is in the FIFO already: then it tells when that is empty. */
	uart_write(UART_INTERRUPT_ENABLE, ENABLE_INPUT | ENABLE_OUTPUT);
	return taken;
}

size_t uart_receive(struct uart *uart, uint8_t *bytes, size_t count)
{
	size_t n = 0;

	while (n < count && ring_used(&uart->input) != 0)
		bytes[n++] = ring_take(&uart->input);
	return n;
}

bool uart_is_drained(const struct uart *uart)
{
	return !uart->is_sending;
}

static unsigned take_input(struct uart *uart)
{
	unsigned events = 0;

	for (unsigned i = 0; i < INPUT_MOST; i++) {
		uint8_t status = uart_read(UART_LINE_STATUS);

		if ((status & STATUS_OVERRUN) != 0)
			uart->overruns++;
		if ((status & STATUS_INPUT) == 0)
			break;
		uint8_t byte = uart_read(UART_DATA);

		if ((status & STATUS_BAD) != 0) {
			uart->bad_frames++;
		} else if (ring_used(&uart->input) == UART_RING) {
			uart->overflows++;
		} else {
			ring_put(&uart->input, byte);
			events = UART_INPUT;
		}
	}
	return events;
}

static unsigned give_output(struct uart *uart)
{
	unsigned events = 0;

	if (!uart->is_sending)
		return 0;
	feed(uart);
	if (uart->was_full && ring_used(&uart->output) <= UART_RING / 2) {
		uart->was_full = false;
		events |= UART_ROOM;
	}
	if (ring_used(&uart->output) == 0 &&
	    (uart_read(UART_LINE_STATUS) & STATUS_OUTPUT_EMPTY) != 0) {
		/* Only the shift register is left: one byte's time. */
		for (unsigned i = 0; i < IDLE_POLLS; i++) {
			if ((uart_read(UART_LINE_STATUS) & STATUS_LINE_IDLE) != 0)
				break;
		}
		uart->is_sending = false;
		uart_write(UART_INTERRUPT_ENABLE, ENABLE_INPUT);
		events |= UART_DRAINED;
	}
	return events;
}

unsigned uart_interrupt(struct uart *uart)
{
	unsigned events = 0;

	for (unsigned i = 0; i < ROUNDS_MOST; i++) {
		/* Reading the cause also takes back the transmitter's request. */
		uint8_t id = uart_read(UART_INTERRUPT_ID);

		events |= take_input(uart) | give_output(uart);
		if ((id & ID_NONE) != 0)
			break;
	}
	return events;
}
