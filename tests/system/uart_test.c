/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550 driver's core against a model of the device: FIFOs of 16 bytes, an
 * interrupt line, a sender and a receiver on the line. Time passes by ticks,
 * in which one byte moves each way.
 */
#include <string.h>

#include "drivers/ns16550/uart.h"
#include "tests/system/check.h"

#define FIFO 16

static struct {
	uint8_t input[FIFO], output[FIFO];
	unsigned inputs, outputs;
	bool shifting; /* a byte is on its way out */
	bool overrun, empty_event;
	uint8_t enable, line_control;
	uint16_t divisor;
	bool is_stuck; /* every read gives all ones, as a device that is not there */
} device;

static uint8_t line[1 << 20]; /* what was sent */
static size_t line_bytes;
static struct uart uart;

static uint8_t pop(uint8_t *fifo, unsigned *count)
{
	uint8_t byte = fifo[0];

	memmove(fifo, fifo + 1, --*count);
	return byte;
}

static bool line_is_high(void)
{
	return ((device.enable & 1) && device.inputs != 0) ||
	       ((device.enable & 2) && device.empty_event);
}

uint8_t uart_read(enum uart_register number)
{
	uint8_t value;

	if (device.is_stuck)
		return 0xff;
	switch (number) {
	case UART_DATA:
		return device.inputs != 0 ? pop(device.input, &device.inputs) : 0;
	case UART_INTERRUPT_ID:
		if ((device.enable & 1) && device.inputs != 0)
			return 0xc4;
		if ((device.enable & 2) && device.empty_event) {
			device.empty_event = false;
			return 0xc2;
		}
		return 0xc1;
	case UART_LINE_STATUS:
		value = (uint8_t)((device.inputs != 0 ? 1 : 0) | (device.overrun ? 2 : 0) |
				  (device.outputs == 0 ? 0x20 : 0) |
				  (device.outputs == 0 && !device.shifting ? 0x40 : 0));
		device.overrun = false;
		/* Time passes for whoever polls. */
		if (device.outputs == 0)
			device.shifting = false;
		return value;
	default:
		return 0;
	}
}

void uart_write(enum uart_register number, uint8_t value)
{
	if (number == UART_LINE_CONTROL)
		device.line_control = value;
	if ((device.line_control & 0x80) != 0 && number <= UART_INTERRUPT_ENABLE) {
		device.divisor = number == UART_DATA
					 ? (uint16_t)((device.divisor & 0xff00) | value)
					 : (uint16_t)((device.divisor & 0xff) | value << 8);
		return;
	}
	if (number == UART_DATA) {
		EXPECT(device.is_stuck || device.outputs < FIFO);
		if (device.outputs < FIFO)
			device.output[device.outputs++] = value;
		device.empty_event = false;
	}
	if (number == UART_INTERRUPT_ENABLE) {
		/* Enabling the transmitter's interrupt while it is empty requests one. */
		if ((value & 2) != 0 && device.outputs == 0)
			device.empty_event = true;
		device.enable = value;
	}
}

static void arrives(uint8_t byte)
{
	if (device.inputs == FIFO)
		device.overrun = true;
	else
		device.input[device.inputs++] = byte;
}

/* One byte's time on the line. */
static void tick(void)
{
	device.shifting = false;
	if (device.outputs == 0)
		return;
	line[line_bytes++] = pop(device.output, &device.outputs);
	device.shifting = true;
	if (device.outputs == 0)
		device.empty_event = true;
}

static void start(uint16_t divisor)
{
	memset(&device, 0, sizeof(device));
	line_bytes = 0;
	uart_init(&uart, divisor);
}

static void sets_up_the_device(void)
{
	start(0);
	EXPECT(device.enable == 1 && device.line_control == 3 && device.divisor == 0);
	start(0x1234);
	EXPECT(device.enable == 1 && device.line_control == 3 && device.divisor == 0x1234);
}

/* All that is sent arrives once, in order, whatever the sizes of the writes. */
static void sends_everything(void)
{
	uint8_t bytes[3000];
	size_t accepted = 0;
	uint8_t next = 0;

	start(0);
	for (unsigned round = 0; round < 4000; round++) {
		size_t count = check_random() % sizeof(bytes), taken;

		for (size_t i = 0; i < count; i++)
			bytes[i] = (uint8_t)(next + i);
		taken = check_random() % 4 == 0 ? uart_send(&uart, bytes, count) : 0;
		EXPECT(taken <= count);
		accepted += taken;
		next = (uint8_t)(next + taken);
		for (unsigned i = 0; i < check_random() % 200; i++) {
			tick();
			if (line_is_high() && check_random() % 3 != 0)
				uart_interrupt(&uart);
		}
	}
	for (unsigned i = 0; i < 20000; i++) {
		tick();
		if (line_is_high())
			uart_interrupt(&uart);
	}
	EXPECT(line_bytes == accepted && uart_is_drained(&uart) && (device.enable & 2) == 0);
	for (size_t i = 0; i < line_bytes; i++)
		EXPECT(line[i] == (uint8_t)i);
}

/* A write cut short is followed by UART_ROOM; the last byte by UART_DRAINED, once. */
static void tells_of_room_and_end(void)
{
	static uint8_t bytes[UART_RING + 500];
	unsigned room = 0, drained = 0;

	start(0);
	EXPECT(uart_send(&uart, bytes, sizeof(bytes)) < sizeof(bytes));
	for (unsigned i = 0; i < 10000; i++) {
		unsigned events = 0;

		tick();
		if (line_is_high())
			events = uart_interrupt(&uart);
		room += (events & UART_ROOM) != 0;
		drained += (events & UART_DRAINED) != 0;
		EXPECT(drained == 0 || room == 1);
	}
	EXPECT(room == 1 && drained == 1);
	EXPECT(uart_send(&uart, bytes, 1) == 1 && !uart_is_drained(&uart));
}

/* Input within the ring's size is never lost while nobody reads; beyond, losses are counted. */
static void keeps_input(void)
{
	uint8_t bytes[UART_RING];
	unsigned events = 0;

	start(0);
	for (unsigned i = 0; i < UART_RING + 100; i++) {
		arrives((uint8_t)i);
		if (i % 7 == 6)
			events |= uart_interrupt(&uart);
	}
	uart_interrupt(&uart);
	EXPECT(events == UART_INPUT && uart.overflows == 100 && uart.overruns == 0);
	EXPECT(uart_receive(&uart, bytes, 10) == 10 && bytes[9] == 9);
	EXPECT(uart_receive(&uart, bytes, sizeof(bytes)) == UART_RING - 10);
	EXPECT(bytes[0] == 10 && bytes[UART_RING - 11] == (uint8_t)(UART_RING - 1));
	EXPECT(uart_receive(&uart, bytes, 1) == 0);
	for (unsigned i = 0; i < 20; i++)
		arrives(1);
	uart_interrupt(&uart);
	EXPECT(uart.overruns == 1);
}

/* Bytes that arrive and leave at the same time do not disturb each other. */
static void both_ways(void)
{
	uint8_t out = 0, in = 0, expected = 0, byte;
	size_t accepted = 0;

	start(0);
	for (unsigned i = 0; i < 100000; i++) {
		tick();
		if (check_random() % 2 == 0)
			arrives(in++);
		if (check_random() % 3 == 0 && uart_send(&uart, &out, 1) == 1) {
			out++;
			accepted++;
		}
		if (line_is_high())
			uart_interrupt(&uart);
		while (check_random() % 2 == 0 && uart_receive(&uart, &byte, 1) == 1)
			EXPECT(byte == expected++);
	}
	EXPECT(uart.overflows == 0 && uart.overruns == 0 && line_bytes + 32 >= accepted);
	for (size_t i = 0; i < line_bytes; i++)
		EXPECT(line[i] == (uint8_t)i);
}

/* A device that is not there must not hang the driver. */
static void survives_a_stuck_device(void)
{
	uint8_t bytes[100] = {0};

	start(0);
	device.is_stuck = true;
	for (unsigned i = 0; i < 100; i++) {
		uart_send(&uart, bytes, sizeof(bytes));
		uart_interrupt(&uart);
	}
	EXPECT(uart.bad_frames > 0);
}

int main(void)
{
	RUN(sets_up_the_device);
	RUN(sends_everything);
	RUN(tells_of_room_and_end);
	RUN(keeps_input);
	RUN(both_ways);
	RUN(survives_a_stuck_device);
	return check_summary();
}
