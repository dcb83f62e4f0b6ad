/* SPDX-License-Identifier: BSD-2-Clause */
/* See uart.h. */
#include "tests/native-kernel/uart.h"

enum err irq_get(uint64_t source, cap_t slot, uint64_t trigger)
{
	return invoke5(BOOT_SLOT_IRQ_CONTROL, IRQ_CONTROL_GET, source, slot, trigger, 0, 0);
}

enum err irq_notify(cap_t handler, cap_t notification)
{
	return invoke5(handler, IRQ_SET_NOTIFICATION, notification, 0, 0, 0, 0);
}

enum err irq_ack(cap_t handler)
{
	return invoke5(handler, IRQ_ACK, 0, 0, 0, 0, 0);
}

static bool has_aplic(void)
{
	static const char name[] = "riscv,aplic";
	const char *tree = (const char *)BOOT->device_tree;
	const uint8_t *size = (const uint8_t *)tree + 4; /* big-endian */
	size_t bytes =
		(size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];

	for (size_t i = 0; i + sizeof(name) <= bytes; i++) {
		if (memcmp(tree + i, name, sizeof(name)) == 0)
			return true;
	}
	return false;
}

void uart_make(struct uart *uart)
{
	cap_t window = make_object(OBJECT_WINDOW), binding = make_object(OBJECT_BINDING);
	cap_t pool = make_object(OBJECT_POOL), page = new_slot();
	struct message m = {.words = {window, TEST_VA >> 12, 512, RIGHT_READ | RIGHT_WRITE}};
	struct window_item item = {.cap = binding,
				   .op = WINDOW_MAP,
				   .rights = RIGHT_READ | RIGHT_WRITE,
				   .va_page = TEST_VA >> 12,
				   .count = 1};

	*uart = (struct uart){.registers = (volatile uint8_t *)TEST_VA,
			      .handler = new_slot(),
			      .notification = make_object(OBJECT_NOTIFICATION),
			      .is_seen_to_rise_only = !has_aplic()};
	for (unsigned i = 0; i < BOOT->untyped_count; i++) {
		if (BOOT->untyped[i].base == UART_BASE)
			uart->device = BOOT_SLOT_UNTYPED + i;
	}
	CHECK(uart->device != 0);
	CHECK_OK(revoke_cap(uart->device)); /* a test that failed leaves it in use */
	CHECK(query(uart->device, UNTYPED_INFO, 3) == 1);
	CHECK_EQUAL(invoke5(uart->device, UNTYPED_RETYPE, OBJECT_ENDPOINT, 0, 1, page, 0),
		    ERR_ARGUMENT);
	CHECK_OK(invoke5(uart->device, UNTYPED_RETYPE, OBJECT_UNTYPED, 12, 1, page, 0));
	CHECK_OK(invoke5(pool, POOL_ADD_EXTENT, page, 0, 0, 0, 0));
	CHECK_OK(invoke(BOOT_SLOT_SPACE, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(binding, BINDING_BIND, window, pool, RIGHT_READ | RIGHT_WRITE, 0, 0));
	CHECK_OK(window_item(&item, NULL));
	uart->badged = derive(uart->notification, RIGHTS_ALL, BADGE);
}

void uart_connect(struct uart *uart, uint64_t trigger)
{
	CHECK_OK(irq_get(UART_SOURCE, uart->handler, trigger));
	CHECK_OK(irq_notify(uart->handler, uart->badged));
}

void uart_raise(struct uart *uart)
{
	uart->registers[UART_IER] = UART_IER_THRE;
}

void uart_lower(struct uart *uart)
{
	uart->registers[UART_IER] = 0;
	(void)uart->registers[UART_IIR];
}
