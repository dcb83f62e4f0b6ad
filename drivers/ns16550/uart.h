/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550 itself: rings of bytes, and what its interrupt does. No IPC in here. */
#ifndef DRIVERS_NS16550_UART_H
#define DRIVERS_NS16550_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_RING 4096 /* bytes, a power of two */

enum uart_register {
	UART_DATA = 0, /* receive and transmit; divisor, low byte */
	UART_INTERRUPT_ENABLE = 1,
	UART_INTERRUPT_ID = 2, /* read */
	UART_FIFO_CONTROL = 2, /* write */
	UART_LINE_CONTROL = 3,
	UART_MODEM_CONTROL = 4,
	UART_LINE_STATUS = 5,
	UART_REGISTERS = 8,
};

/* What uart_interrupt has to tell. */
enum uart_event {
	UART_INPUT = 1,	  /* bytes arrived */
	UART_ROOM = 2,	  /* a full queue has room again */
	UART_DRAINED = 4, /* the last queued byte is sent */
};

struct uart_ring {
	uint32_t head, tail; /* bytes ever put in and taken out */
	uint8_t bytes[UART_RING];
};

struct uart {
	struct uart_ring input, output;
	bool was_full;	     /* a write was cut short; UART_ROOM is due */
	bool is_sending;     /* UART_DRAINED is due */
	uint64_t overflows;  /* bytes lost because the input ring was full */
	uint64_t overruns;   /* bytes lost in the device, at least */
	uint64_t bad_frames; /* parity and framing errors, breaks */
};

/* Access to the device: registers are numbered as in enum uart_register. main.c, or a test. */
uint8_t uart_read(enum uart_register number);
void uart_write(enum uart_register number, uint8_t value);

/* 8 data bits, FIFOs on, input interrupt on. `divisor` 0 keeps the firmware's speed. */
void uart_init(struct uart *uart, uint16_t divisor);
/* Queue up to `count` bytes; returns how many. */
size_t uart_send(struct uart *uart, const uint8_t *bytes, size_t count);
/* Take up to `count` bytes that have arrived; returns how many. */
size_t uart_receive(struct uart *uart, uint8_t *bytes, size_t count);
/* Is every queued byte on the line? */
bool uart_is_drained(const struct uart *uart);
/* Serve the device's interrupt; returns the enum uart_event bits that happened. */
unsigned uart_interrupt(struct uart *uart);

#endif
