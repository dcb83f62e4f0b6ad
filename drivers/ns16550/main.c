/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line server (servers/protocol/serial.h) for 16550-compatible
 * UARTs. One thread: requests and the device's interrupt, a bound
 * notification, arrive at one receive. Arguments, from the device tree:
 * reg-shift (default 0), reg-io-width in bytes (1 or 4, default 1),
 * clock-frequency in Hz; and baud, which sets the speed if it is given.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/ns16550/uart.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/serial.h"
#include "servers/protocol/status.h"

#define CLIENTS 16 /* subscribers at the most, by badge */
#define DRAINERS 4 /* callers that wait in SERIAL_DRAIN at the most */
#define INTERRUPT_BADGE 1

static struct uart uart;
static volatile uint8_t *registers;
static unsigned reg_shift, reg_width = 1;

static cap_t subscribers[CLIENTS];
static cap_t drainers[DRAINERS]; /* Reply objects that hold callers */
static unsigned drainer_count;
static cap_t spare_replies[DRAINERS]; /* free ones */
static unsigned spare_count;

uint8_t uart_read(enum uart_register number)
{
	volatile uint8_t *at = registers + ((size_t)number << reg_shift);

	return reg_width == 4 ? (uint8_t) * (volatile uint32_t *)at : *at;
}

void uart_write(enum uart_register number, uint8_t value)
{
	volatile uint8_t *at = registers + ((size_t)number << reg_shift);

	if (reg_width == 4)
		*(volatile uint32_t *)at = value;
	else
		*at = value;
}

static unsigned long argument(const char *key, unsigned long otherwise)
{
	const char *text = startup_argument(key);

	return text != NULL ? strtoul(text, NULL, 0) : otherwise;
}

/* Bytes 0..count - 1 of a message, whose words start at word 1. */
static void bytes_from_message(const struct message *m, uint8_t *bytes, size_t count)
{
	size_t in_registers = (MESSAGE_REGISTERS - 1) * 8;

	memcpy(bytes, &m->words[1], count < in_registers ? count : in_registers);
	if (count > in_registers)
		memcpy(bytes + in_registers, &message_buffer()->words[MESSAGE_REGISTERS],
		       count - in_registers);
}

static void bytes_to_message(struct message *m, const uint8_t *bytes, size_t count)
{
	size_t in_registers = (MESSAGE_REGISTERS - 1) * 8;

	memcpy(&m->words[1], bytes, count < in_registers ? count : in_registers);
	if (count > in_registers)
		memcpy(&message_buffer()->words[MESSAGE_REGISTERS], bytes + in_registers,
		       count - in_registers);
}

static long serve_write(const struct message *m)
{
	uint8_t bytes[SERIAL_BYTES];
	uint64_t count = m->words[0];

	/* The bytes must really be in the message. */
	if (count > SERIAL_BYTES || message_words(m->tag) < 1 + (count + 7) / 8)
		return -STATUS_INVAL;
	bytes_from_message(m, bytes, count);
	return (long)uart_send(&uart, bytes, count);
}

static long serve_read(struct message *m)
{
	uint8_t bytes[SERIAL_BYTES];
	uint64_t count = m->words[0];

	if (message_words(m->tag) < 1)
		return -STATUS_INVAL;
	if (count > SERIAL_BYTES)
		count = SERIAL_BYTES;
	count = uart_receive(&uart, bytes, count);
	bytes_to_message(m, bytes, count);
	m->tag = MESSAGE_TAG(0, 1 + (count + 7) / 8);
	return (long)count;
}

/* Keep the capability received; the client's former one goes. */
static long serve_subscribe(const struct message *m)
{
	cap_t *slot = &subscribers[m->badge % CLIENTS];
	cap_t next;

	if (message_caps(m->tag) != 1 || m->badge >= CLIENTS)
		return -STATUS_INVAL;
	next = slot_allocate();
	if (next == 0)
		return -STATUS_NOMEM;
	if (*slot != 0)
		slot_free(*slot);
	*slot = message_buffer()->receive_caps[0];
	message_buffer()->receive_caps[0] = next;
	notification_signal(*slot);
	return STATUS_OK;
}

static void signal_subscribers(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (subscribers[i] != 0)
			notification_signal(subscribers[i]);
	}
}

static void answer_drainers(void)
{
	while (drainer_count != 0) {
		cap_t reply = drainers[--drainer_count];
		struct message m = {.tag = MESSAGE_TAG(0, 1), .words = {STATUS_OK}};

		ipc_reply(reply, &m);
		spare_replies[spare_count++] = reply;
	}
}

static void serve_interrupt(cap_t irq)
{
	unsigned events = uart_interrupt(&uart);

	invoke5(irq, IRQ_ACK, 0, 0, 0, 0, 0);
	if ((events & (UART_INPUT | UART_ROOM)) != 0)
		signal_subscribers();
	if ((events & UART_DRAINED) != 0)
		answer_drainers();
}

/* Run the request in *m and put the answer there. False: the caller is parked, *reply is new. */
static bool serve(struct message *m, cap_t *reply)
{
	uint64_t tag = m->tag;
	long status;

	m->tag = MESSAGE_TAG(0, 1);
	switch (message_label(tag)) {
	case SERIAL_WRITE:
		m->tag = tag;
		status = serve_write(m);
		m->tag = MESSAGE_TAG(0, 1);
		break;
	case SERIAL_READ:
		m->tag = tag;
		status = serve_read(m);
		if (status < 0)
			m->tag = MESSAGE_TAG(0, 1);
		break;
	case SERIAL_SUBSCRIBE:
		m->tag = tag;
		status = serve_subscribe(m);
		m->tag = MESSAGE_TAG(0, 1);
		break;
	case SERIAL_DRAIN:
		if (!uart_is_drained(&uart) && spare_count != 0) {
			drainers[drainer_count++] = *reply;
			*reply = spare_replies[--spare_count];
			return false;
		}
		status = uart_is_drained(&uart) ? STATUS_OK : -STATUS_AGAIN;
		break;
	default:
		status = -STATUS_NOSYS;
		break;
	}
	m->words[0] = (uint64_t)status;
	return true;
}

/* The device's interrupt becomes a bound notification. */
static void set_up_interrupt(cap_t irq)
{
	cap_t notification = object_create(OBJECT_NOTIFICATION, 0);
	cap_t badged =
		notification != 0 ? cap_derive(notification, RIGHTS_ALL, INTERRUPT_BADGE) : 0;

	if (badged == 0 ||
	    invoke5(SLOT_THREAD, THREAD_BIND_NOTIFICATION, notification, 0, 0, 0, 0) != ERR_OK ||
	    invoke5(irq, IRQ_SET_NOTIFICATION, badged, 0, 0, 0, 0) != ERR_OK)
		fatal("ns16550: cannot receive the device's interrupt\n");
	/* A driver that ended before this one may have left an interrupt unacknowledged. */
	invoke5(irq, IRQ_ACK, 0, 0, 0, 0, 0);
}

static void set_up_device(void)
{
	const struct startup_region *region = startup_region("registers");
	unsigned long clock = argument("clock-frequency", 0), baud = argument("baud", 0);
	unsigned long divisor = baud != 0 ? (clock + 8 * baud) / (16 * baud) : 0;

	reg_shift = (unsigned)argument("reg-shift", 0);
	reg_width = (unsigned)argument("reg-io-width", 1);
	if (region == NULL || reg_shift > 8 || (reg_width != 1 && reg_width != 4) ||
	    (size_t)UART_REGISTERS << reg_shift > region->size)
		fatal("ns16550: registers, reg-shift or reg-io-width make no sense\n");
	if (divisor > 0xffff || (baud != 0 && divisor == 0))
		fatal("ns16550: %lu baud cannot be made from %lu Hz\n", baud, clock);
	registers = (volatile uint8_t *)region->address;
	uart_init(&uart, (uint16_t)divisor);
}

int main(void)
{
	cap_t endpoint = startup_cap_required("serial");
	cap_t irq = startup_cap_required("irq");
	cap_t reply = object_create(OBJECT_REPLY, 0);
	struct message m = {0};

	message_buffer()->receive_caps[0] = slot_allocate();
	for (unsigned i = 0; i < DRAINERS; i++)
		spare_replies[spare_count++] = object_create(OBJECT_REPLY, 0);
	if (reply == 0 || spare_replies[DRAINERS - 1] == 0)
		fatal("ns16550: no kernel memory to start with\n");
	set_up_device();
	set_up_interrupt(irq);
	for (bool answer = false;;) {
		enum err err = answer ? ipc_reply_receive(endpoint, reply, &m)
				      : ipc_receive(endpoint, reply, &m);

		if (err != ERR_OK)
			fatal("ns16550: cannot receive (error %d)\n", (int)err);
		answer = false;
		if (message_label(m.tag) == LABEL_NOTIFICATION) {
			serve_interrupt(irq);
			continue;
		}
		bool has_cap = message_caps(m.tag) != 0;
		cap_t received = message_buffer()->receive_caps[0];

		answer = serve(&m, &reply);
		if (has_cap && received == message_buffer()->receive_caps[0])
			invoke5(SLOT_CSPACE, CSPACE_DELETE, received, 0, 0, 0, 0);
	}
}
