/* SPDX-License-Identifier: BSD-2-Clause */
/* The console's UART as a source of interrupts, for tests that hold its device memory. */
#ifndef TESTS_NATIVE_KERNEL_UART_H
#define TESTS_NATIVE_KERNEL_UART_H

#include "tests/native-kernel/harness.h"

#define UART_BASE 0x10000000
#define UART_SOURCE 10
#define UART_IER 1
#define UART_IER_THRE 2 /* transmitter empty, as it always is here */
#define UART_IIR 2
#define BADGE 4

/* The UART as a device: registers, its interrupt's handler, where that is signalled. */
struct uart {
	volatile uint8_t *registers;
	cap_t device, handler, notification, badged;
	bool is_seen_to_rise_only;
};

enum err irq_get(uint64_t source, cap_t slot, uint64_t trigger);
enum err irq_notify(cap_t handler, cap_t notification);
enum err irq_ack(cap_t handler);

/* Map it at TEST_VA; objects for its interrupt. */
void uart_make(struct uart *uart);
/* It is lowered, and is now heard. */
void uart_connect(struct uart *uart, uint64_t trigger);
void uart_raise(struct uart *uart);
void uart_lower(struct uart *uart);

#endif
