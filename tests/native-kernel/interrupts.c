/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a device: the console's UART, whose line is up from the moment
 * that it may say that it can send until it is asked why.
 *
 * Fails if a source fires before its acknowledgement or is lost after it, if
 * it stays on one hart's controller when another enables it, or if a source
 * that nobody wants any more goes on. Run with each kind of controller.
 */
#include "tests/native-kernel/uart.h"

#define QUIET_US 2000 /* longer than an interrupt takes to another hart */
#define ROUNDS 200
#define HANDLERS 48

static void test_methods(void)
{
	cap_t handler = new_slot(), second = new_slot(), reply = make_object(OBJECT_REPLY);
	cap_t notification = make_object(OBJECT_NOTIFICATION);

	CHECK_EQUAL(irq_get(0, handler, 0), ERR_ARGUMENT);
	CHECK_EQUAL(irq_get(100000, handler, 0), ERR_ARGUMENT);
	CHECK_EQUAL(irq_get(1ull << 32 | 21, handler, 0), ERR_ARGUMENT);
	CHECK_EQUAL(irq_get(21, 0, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(irq_get(21, reply, 0), ERR_SLOT_OCCUPIED);
	CHECK_EQUAL(irq_get(21, handler, 3), ERR_ARGUMENT);
	CHECK_EQUAL(irq_get(21, handler, 16), ERR_ARGUMENT);
	CHECK_EQUAL(irq_get(21, handler, 1ull << 32 | 4), ERR_ARGUMENT);
	CHECK_OK(irq_get(21, handler, IRQ_LEVEL_LOW));
	CHECK_EQUAL(irq_get(21, second, 0), ERR_BUSY);
	CHECK_EQUAL(slot_type(second), OBJECT_NONE);
	CHECK_EQUAL(irq_notify(handler, reply), ERR_CAP_TYPE);
	CHECK_EQUAL(irq_notify(handler, second), ERR_CAP_EMPTY);
	CHECK_EQUAL(irq_notify(handler, derive(notification, RIGHT_READ, 0)), ERR_RIGHTS);
	CHECK_OK(irq_notify(handler, notification));
	CHECK_OK(irq_ack(handler));
	CHECK_OK(irq_notify(handler, 0));
	CHECK_OK(irq_notify(handler, notification));
	CHECK_OK(delete_cap(notification));
	CHECK_OK(irq_ack(handler));
	CHECK_OK(delete_cap(handler));
	CHECK_OK(irq_get(21, second, 0)); /* it may be made again */
	CHECK_OK(delete_cap(second));
}

/* As many handlers as there can be, and one more after one has gone. */
static void test_handlers(void)
{
	cap_t handlers = new_slots(HANDLERS + 1);

	for (unsigned i = 0; i < HANDLERS; i++)
		CHECK_OK(irq_get(20 + i, handlers + i, 0));
	CHECK_EQUAL(irq_get(20 + HANDLERS, handlers + HANDLERS, 0), ERR_LIMIT);
	CHECK_OK(delete_cap(handlers + 7));
	CHECK_OK(irq_get(20 + HANDLERS, handlers + HANDLERS, 0));
	CHECK_EQUAL(irq_get(27, handlers + 7, 0), ERR_LIMIT);
	for (unsigned i = 0; i <= HANDLERS; i++) {
		if (i != 7)
			CHECK_OK(delete_cap(handlers + i));
	}
}

/* The line is up and stays so. The emulator's PLIC sees lines rise, but forgets those that are up
 * when a source is completed; so it gets to see one. */
static void uart_stay_up(struct uart *uart)
{
	if (uart->is_seen_to_rise_only) {
		uart_lower(uart);
		uart_raise(uart);
	}
}

static void wait_signal(struct uart *uart)
{
	uint64_t bits = 0;

	WAIT_UNTIL(notification_poll(uart->notification, &bits) == ERR_OK && bits == BADGE);
}

static void check_quiet(struct uart *uart)
{
	uint64_t bits = 0;

	sleep_us(QUIET_US);
	CHECK_OK(notification_poll(uart->notification, &bits));
	CHECK_EQUAL(bits, 0);
}

static void uart_end(struct uart *uart)
{
	uart_lower(uart);
	CHECK_OK(revoke_cap(uart->device));
}

static void test_arrives(void)
{
	struct uart uart;

	uart_make(&uart);
	uart_connect(&uart, IRQ_DEFAULT);
	check_quiet(&uart);
	uart_raise(&uart);
	wait_signal(&uart);
	uart_lower(&uart);
	CHECK_OK(irq_ack(uart.handler));
	check_quiet(&uart);
	uart_end(&uart);
}

/* The line stays up: one signal for each acknowledgement, no more, no fewer. */
static void test_again(void)
{
	struct uart uart;

	uart_make(&uart);
	uart_connect(&uart, IRQ_LEVEL_HIGH);
	uart_raise(&uart);
	for (unsigned i = 0; i < ROUNDS; i++) {
		wait_signal(&uart);
		if (i % 64 == 0)
			check_quiet(&uart);
		uart_stay_up(&uart);
		CHECK_OK(irq_ack(uart.handler));
	}
	wait_signal(&uart);
	uart_lower(&uart);
	check_quiet(&uart);
	CHECK_OK(irq_ack(uart.handler));
	CHECK_OK(irq_ack(uart.handler)); /* nothing happens */
	check_quiet(&uart);
	uart_end(&uart);
}

/* A line that falls and rises while its interrupt is served. */
static void test_pulses(void)
{
	static const uint64_t triggers[] = {IRQ_LEVEL_HIGH, IRQ_EDGE_RISING};
	struct uart uart;

	uart_make(&uart);
	for (unsigned t = 0; t < 2; t++) {
		uart_connect(&uart, triggers[t]);
		for (unsigned i = 0; i < ROUNDS; i++) {
			uart_raise(&uart);
			wait_signal(&uart);
			uart_lower(&uart);
			uart_raise(&uart);
			CHECK_OK(irq_ack(uart.handler));
			wait_signal(&uart);
			uart_lower(&uart);
			CHECK_OK(irq_ack(uart.handler));
		}
		check_quiet(&uart);
		CHECK_OK(delete_cap(uart.handler));
	}
	uart_end(&uart);
}

static void set_notification(void *argument)
{
	struct uart *uart = argument;

	CHECK_OK(irq_notify(uart->handler, uart->badged));
}

/* A hart that enables a source gets it; who acknowledges may be anywhere. */
static void test_harts(void)
{
	struct uart uart;

	uart_make(&uart);
	uart_connect(&uart, IRQ_DEFAULT);
	for (unsigned i = 0; i < 2 * BOOT->hart_count; i++) {
		worker_join(worker_start_on(set_notification, &uart, MAIN_PRIORITY,
					    1u << i % BOOT->hart_count));
		check_quiet(&uart);
		uart_raise(&uart);
		wait_signal(&uart);
		uart_stay_up(&uart);
		CHECK_OK(irq_ack(uart.handler));
		wait_signal(&uart);
		uart_lower(&uart);
		CHECK_OK(irq_ack(uart.handler));
	}
	uart_end(&uart);
}

/* Nobody is told any more, in the midst of it: silence until somebody is again. */
static void test_off(void)
{
	struct uart uart;

	uart_make(&uart);
	uart_connect(&uart, IRQ_DEFAULT);
	uart_raise(&uart);
	for (unsigned i = 0; i < ROUNDS; i++) {
		wait_signal(&uart);
		if (i % 2 == 0)
			CHECK_OK(irq_notify(uart.handler, 0));
		else
			CHECK_OK(delete_cap(uart.badged));
		CHECK_OK(irq_ack(uart.handler));
		if (i % 64 == 0)
			check_quiet(&uart);
		if (i % 2 != 0)
			uart.badged = derive(uart.notification, RIGHTS_ALL, BADGE);
		uart_stay_up(&uart);
		CHECK_OK(irq_notify(uart.handler, uart.badged));
	}
	uart_end(&uart);
}

SUITE(interrupt, {"interrupt-methods", test_methods}, {"interrupt-handlers", test_handlers},
      {"interrupt-arrives", test_arrives}, {"interrupt-again", test_again},
      {"interrupt-pulses", test_pulses}, {"interrupt-harts", test_harts},
      {"interrupt-off", test_off});
