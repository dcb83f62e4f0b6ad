/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of events.c: registers and buffer for each, mostly sensible.
 */
#include "tests/fuzz/events.h"

#include <stdio.h>
#include <string.h>

#include "kernel/abi/syscall.h"
#include "kernel/ipc.h"
#include "kernel/lock.h"
#include "sbi/machine.h"

/* --- slots ------------------------------------------------------------------------------ */

/* A slot of t's CSpace that holds the type (OBJECT_TYPES: any), or one that is empty
 * (OBJECT_NONE): the byte says which. High bytes: that very number. */
static uint64_t pick(const struct thread *t, unsigned type, unsigned byte)
{
	struct cspace *cspace = t->cspace.object;
	unsigned found = 0, wanted;
	uint16_t slots[1u << ROOT_SLOTS_BITS];

	if (cspace == NULL || byte >= 252) {
		return byte;
	}
	for (unsigned i = 1; i < cspace->count && found < ARRAY_SIZE(slots); i++) {
		const struct cap_slot *slot = cspace_slot(cspace, i);

		if (slot->type == type || (type == OBJECT_TYPES && slot->type != OBJECT_NONE)) {
			slots[found++] = (uint16_t)i;
		}
	}
	if (found == 0) {
		return byte;
	}
	wanted = byte % found;
	return slots[wanted];
}

static struct cap_slot *slot_at(const struct thread *t, uint64_t index)
{
	struct cspace *cspace = t->cspace.object;

	return cspace != NULL && index != 0 && index < cspace->count ? cspace_slot(cspace, index)
								     : NULL;
}

/* The object in a slot, if it is of the type. */
static void *object_at(const struct thread *t, uint64_t index, unsigned type)
{
	struct cap_slot *slot = slot_at(t, index);

	return slot != NULL && slot->type == type ? slot->object : NULL;
}

/* --- messages ----------------------------------------------------------------------------- */

static void put_caps(struct thread *t)
{
	struct message_buffer *buffer = thread_buffer(t);

	for (unsigned i = 0; i < MESSAGE_CAPS; i++) {
		buffer->send_caps[i] =
			(uint32_t)pick(t, OBJECT_TYPES, (unsigned)random_below(256)) |
			(random_below(4) == 0 ? MESSAGE_CAP_MOVE : 0);
		buffer->receive_caps[i] =
			(uint32_t)pick(t, OBJECT_NONE, (unsigned)random_below(256));
	}
}

static uint64_t message_tag(struct thread *t, const uint8_t *e)
{
	uint64_t tag = MESSAGE_TAG(e[6] % 4 == 3 ? random_below(1ull << 32) : e[6] % 4u,
				   e[4] >= 250 ? random_below(460) : e[4] % 12u);

	if (e[5] >= 192) {
		put_caps(t);
		tag |= MESSAGE_TAG_CAPS(e[5] % 6u);
	}
	for (unsigned i = 0; i < MESSAGE_REGISTERS; i++) {
		set_message_word(t, i, random_below(4096));
	}
	return tag;
}

/* A slot of t with an endpoint where somebody waits for what t is going to do, or `otherwise`. */
static uint64_t endpoint_with(const struct thread *t, bool receivers, uint64_t otherwise)
{
	for (unsigned i = 1; i < (1u << ROOT_SLOTS_BITS); i++) {
		const struct endpoint *endpoint = object_at(t, i, OBJECT_ENDPOINT);

		if (endpoint != NULL && endpoint->queue.head != NULL &&
		    endpoint->receivers == receivers && random_below(4) != 0) {
			return i;
		}
	}
	return otherwise;
}

static uint64_t slot_with(const struct thread *t, const void *object, unsigned type,
			  uint64_t otherwise)
{
	for (unsigned i = 1; object != NULL && i < (1u << ROOT_SLOTS_BITS); i++) {
		if (object_at(t, i, type) == object) {
			return i;
		}
	}
	return otherwise;
}

void call_ipc(struct thread *t, const uint8_t *e)
{
	static const uint8_t calls[] = {SYS_CALL,    SYS_CALL,		SYS_CALL,
					SYS_CALL,    SYS_CALL,		SYS_REPLY_RECEIVE,
					SYS_RECEIVE, SYS_REPLY_RECEIVE, SYS_REPLY_RECEIVE,
					SYS_RECEIVE, SYS_REPLY_RECEIVE, SYS_REPLY,
					SYS_SEND,    SYS_SEND_NB,	SYS_RECEIVE_NB};
	unsigned number = calls[e[1] % ARRAY_SIZE(calls)];
	uint64_t endpoint = pick(t, OBJECT_ENDPOINT, e[2]);
	uint64_t reply = pick(t, OBJECT_REPLY, e[3]);

	t->registers[REG_A1] = message_tag(t, e);
	/* Mostly a server goes on with what it has, and a client calls whom it finds. */
	if (t->serving != NULL && e[3] < 200) {
		reply = slot_with(t, t->serving, OBJECT_REPLY, reply);
		if (t->serving->caller != NULL && e[1] < 160) {
			number = SYS_REPLY_RECEIVE;
			endpoint = slot_with(t, t->served, OBJECT_ENDPOINT, endpoint);
		}
	}
	if (e[2] < 128 && number != SYS_REPLY_RECEIVE) {
		bool sends = number == SYS_CALL || number == SYS_SEND || number == SYS_SEND_NB;

		endpoint = endpoint_with(t, sends, endpoint);
	}
	t->registers[REG_A7] = number;
	if (number == SYS_REPLY) {
		t->registers[REG_A0] = reply;
	} else if (number == SYS_CALL || number == SYS_SEND || number == SYS_SEND_NB) {
		t->registers[REG_A0] = endpoint;
	} else {
		t->registers[REG_A0] = endpoint | (e[3] == 255 ? 0 : reply << 32);
		if (number == SYS_REPLY_RECEIVE && e[7] >= 240) {
			call_window(t, e);
			t->registers[REG_A7] = SYS_REPLY_RECEIVE;
		}
	}
}

void call_signal(struct thread *t, const uint8_t *e)
{
	static const uint8_t calls[] = {SYS_SIGNAL, SYS_SIGNAL, SYS_SIGNAL, SYS_WAIT,
					SYS_WAIT,   SYS_POLL,	SYS_YIELD};

	t->registers[REG_A7] = calls[e[1] % ARRAY_SIZE(calls)];
	t->registers[REG_A0] = pick(t, OBJECT_NOTIFICATION, e[2]);
	/* One that ends receives. */
	for (unsigned i = 1;
	     t->registers[REG_A7] == SYS_SIGNAL && e[3] % 2 == 0 && i < (1u << ROOT_SLOTS_BITS);
	     i++) {
		const struct notification *n = object_at(t, i, OBJECT_NOTIFICATION);

		if (n != NULL && n->bound != NULL) {
			t->registers[REG_A0] = i;
			break;
		}
	}
}

void call_raw(struct thread *t)
{
	for (unsigned i = 1; i < 32; i++) {
		t->registers[i] = random_below(2) ? random_below(512)
						  : random_below(1ull << 53) << random_below(12);
	}
	t->registers[REG_A7] = random_below(15);
}

/* --- windows --------------------------------------------------------------------------------- */

static void put_item(struct thread *t, struct window_item *item, const uint8_t *e)
{
	static const uint8_t rights[] = {1, 3, 5, 3, 1, 4, 7, 0};
	bool is_map = e[1] % 8 < 3 && random_below(4) != 0;
	uint64_t cap = pick(t, is_map ? OBJECT_BINDING : OBJECT_WINDOW, e[2]);
	struct binding_object *binding = object_at(t, cap, OBJECT_BINDING);
	struct window_object *window = object_at(t, cap, OBJECT_WINDOW);
	const struct vm_window *vm = binding != NULL  ? binding->vm.window
				     : window != NULL ? &window->vm
						      : NULL;

	*item = (struct window_item){
		.cap = (uint32_t)cap,
		.op = is_map ? WINDOW_MAP : (uint8_t)(e[1] % 8 - 1),
		.rights = rights[e[3] % ARRAY_SIZE(rights)],
		.flags = random_below(3) != 0 ? 0 : (uint16_t)random_below(32),
		.va_page = e[4],
		.pool_page = random_below(64),
		.expected = random_below(64),
		.count = e[5] < 128   ? 1 + e[5] % 8
			 : e[5] < 240 ? e[5]
				      : 512,
	};
	if (item->count == 512 && random_below(2)) {
		item->pool_page = 0; /* a large leaf */
		item->va_page = 0;
		item->flags &= (uint16_t)~WINDOW_ZERO;
	}
	if (vm != NULL && vm->pages != 0) {
		item->va_page = vm->first_page + item->va_page % 64 * (e[4] >= 128 ? 8 : 1);
	}
	if (item->op == WINDOW_CLONE) {
		item->pool_page = pick(t, OBJECT_WINDOW, (unsigned)random_below(256));
	} else if (item->op == WINDOW_QUERY || item->op == WINDOW_HARVEST) {
		item->pool_page = VM_RESULT_WORD + random_below(300);
	}
	if (random_below(64) == 0) {
		((uint8_t *)item)[random_below(sizeof(*item))] ^= (uint8_t)(1 + random_below(255));
	}
}

/* Pages of the latest items: where something is mapped, or was. */
static uint64_t recent_pages[8];
static unsigned recent_count;

uint64_t recent_page(unsigned i)
{
	return recent_pages[i % ARRAY_SIZE(recent_pages)];
}

void calls_reset(void)
{
	memset(recent_pages, 0, sizeof(recent_pages));
	recent_count = 0;
}

void call_window(struct thread *t, const uint8_t *e)
{
	struct window_item *items =
		(struct window_item *)&thread_buffer(t)->words[WINDOW_ITEM_WORD];
	unsigned count = 1 + e[6] % 3;

	for (unsigned i = 0; i < count; i++) {
		uint8_t other[EVENT_BYTES];

		for (unsigned j = 0; j < EVENT_BYTES; j++) {
			other[j] = i == 0 ? e[j] : (uint8_t)random_below(256);
		}
		put_item(t, &items[i], other);
		recent_pages[recent_count++ % ARRAY_SIZE(recent_pages)] = items[i].va_page;
	}
	t->registers[REG_A7] = SYS_WINDOW;
	t->registers[REG_A1] &= ~MESSAGE_TAG_ITEMS(0xff);
	t->registers[REG_A1] |= MESSAGE_TAG_ITEMS(e[6] == 255 ? 65 : count);
}

/* --- methods ------------------------------------------------------------------------------------ */

/* Position: enum object_type. */
static const char types[] = "?uctsernpkwobIqHCS";

/* A letter an argument; ~ before a slot that may be 0. Lower case letters: slots by type. */
static const struct {
	uint8_t method, weight;
	char object;
	const char *arguments;
} methods[] = {
	{UNTYPED_RETYPE, 14, 'u', "TZK_"},
	{UNTYPED_INFO, 1, 'u', ""},
	{CSPACE_COPY, 12, 'c', "_*RB"},
	{CSPACE_MOVE, 3, 'c', "_*"},
	{CSPACE_DELETE, 8, 'c', "*"},
	{CSPACE_REVOKE, 4, 'c', "*"},
	{CSPACE_INSPECT, 1, 'c', "*"},
	{THREAD_CONFIGURE, 6, 't', "~cpW"},
	{THREAD_SET_HANDLER, 5, 't', "~eBF"},
	{THREAD_SET_SCHED, 10, 't', "~s"},
	{THREAD_BIND_NOTIFICATION, 4, 't', "~n"},
	{THREAD_WRITE_REGISTERS, 2, 't', "W"},
	{THREAD_READ_REGISTERS, 1, 't', ""},
	{THREAD_WRITE_FPU, 4, 't', "W"},
	{THREAD_READ_FPU, 1, 't', ""},
	{THREAD_RESUME, 12, 't', ""},
	{THREAD_SUSPEND, 7, 't', ""},
	{THREAD_INFO, 1, 't', ""},
	{SPACE_ADD_BANK, 3, 'p', "k"},
	{SPACE_ATTACH_WINDOW, 4, 'p', "wPLR~eB"},
	{SPACE_INFO, 1, 'p', ""},
	{BINDING_BIND, 4, 'b', "woR"},
	{POOL_ADD_EXTENT, 3, 'o', "u"},
	{POOL_INFO, 1, 'o', ""},
	{NOTIFICATION_SET_TIMER, 6, 'n', "D"},
	{IRQ_CONTROL_GET, 2, 'I', "W_F"},
	{IRQ_SET_NOTIFICATION, 3, 'q', "~n"},
	{IRQ_ACK, 3, 'q', ""},
	{HART_CONFIGURE, 8, 'H', "sYGMQY"},
	{HART_INFO, 1, 'H', "F"},
	{CONSOLE_WRITE, 1, 'C', "W"},
	{SYSTEM_RESET, 1, 'S', "FF"},
	{THREAD_CANCEL, 8, 't', ""},
	{SCHED_SET_PRIORITY, 6, 's', "Y"},
	{SCHED_INFO, 1, 's', ""},
	{HART_ALLOW_COUNTERS, 2, 'H', "tF"},
};

static unsigned type_of(char letter)
{
	return (unsigned)(strchr(types, letter) - types);
}

static uint64_t size_argument(unsigned type, unsigned byte)
{
	switch (type) {
	case OBJECT_UNTYPED:
		return 6 + byte % 13;
	case OBJECT_CSPACE:
		return byte >= 250 ? byte % 17 : 2 + byte % 4;
	case OBJECT_TABLE_BANK:
		return 16 + (byte >= 224);
	default:
		return 0;
	}
}

static uint64_t argument(const struct thread *t, char letter, unsigned byte, uint64_t before)
{
	static const uint8_t priorities[] = {0, 60, 90, 100, 110, 120, 130, 200, 255};
	static const uint8_t rights[] = {127, 1, 3, 5, 7, 2, 127, 127};
	static const uint16_t budgets[] = {600, 1000, 3000, 10000};

	switch (letter) {
	case '*':
		return pick(t, OBJECT_TYPES, byte);
	case '_':
		return pick(t, OBJECT_NONE, byte);
	case 'T':
		return byte % OBJECT_TYPES;
	case 'Z':
		return size_argument((unsigned)before, byte);
	case 'K':
		return byte >= 252 ? byte + 4u : 1 + byte % 3;
	case 'R':
		return byte < 200 ? rights[byte % ARRAY_SIZE(rights)] & (byte & 64 ? 7 : 127)
				  : byte;
	case 'B':
		return byte < 128 ? 0 : byte % 5;
	case 'F':
		return byte % 5;
	case 'P':
		return byte >= 252 ? byte : byte % 8 * 512ull;
	case 'L':
		return byte >= 252 ? byte : (1 + byte % 2) * 512ull;
	case 'D':
		return byte == 0 ? 0 : now - 100 + (1ull << byte % 16);
	case 'Y':
		return priorities[byte % ARRAY_SIZE(priorities)];
	case 'G':
		return byte >= 250 ? ~0ull >> byte % 8 : budgets[byte % ARRAY_SIZE(budgets)];
	case 'Q':
		return byte < 100 ? 0 : byte >= 253 ? 500 : 10000 + byte % 4 * 5000ull;
	case 'M':
		return byte < 128 ? 0 : byte % 16;
	case 'W':
		return byte % 12;
	default:
		return pick(t, type_of(letter), byte);
	}
}

/* A thread that suspends itself or takes its own time does so for long; memory that goes, for good. */
static bool is_fatal(const struct thread *t, unsigned method, uint64_t slot)
{
	const struct cap_slot *s = slot_at(t, slot);

	return (method == CSPACE_DELETE || method == CSPACE_REVOKE) && s != NULL &&
	       ((s->type == OBJECT_UNTYPED && s->parent == NULL) ||
		(s->type == OBJECT_CSPACE && s->parent != NULL && s->parent->parent == NULL));
}

static unsigned method_index(unsigned byte)
{
	unsigned total = 0, i = 0;

	for (unsigned j = 0; j < ARRAY_SIZE(methods); j++) {
		total += methods[j].weight;
	}
	for (byte %= total; byte >= methods[i].weight; i++) {
		byte -= methods[i].weight;
	}
	return i;
}

static void set_word(struct thread *t, unsigned i, uint64_t value)
{
	if (i < MESSAGE_REGISTERS) {
		set_message_word(t, i, value);
	} else {
		thread_buffer(t)->words[i] = value;
	}
}

void call_method(struct thread *t, const uint8_t *e)
{
	unsigned which = method_index(e[1]), method = methods[which].method, count = 0, at = 3;
	uint64_t slot = pick(t, type_of(methods[which].object), e[2]), value = 0;

	for (const char *a = methods[which].arguments; *a != '\0'; a++) {
		unsigned byte = at < EVENT_BYTES ? e[at] : (unsigned)random_below(256);
		bool none = *a == '~' && byte < 80;

		at++;
		a += *a == '~';
		value = none ? 0 : argument(t, *a, byte, value);
		set_word(t, count++, value);
	}
	if (method == THREAD_WRITE_REGISTERS || method == THREAD_WRITE_FPU) {
		count = method == THREAD_WRITE_FPU ? 33 : 32;
		for (unsigned i = 0; i < count; i++) {
			set_word(t, i, random_below(4096));
		}
	}
	if (is_fatal(t, method, value) && e[9] % 8 != 0) {
		method = CSPACE_INSPECT;
	}
	t->registers[REG_A7] = SYS_INVOKE;
	t->registers[REG_A0] = slot;
	t->registers[REG_A1] = MESSAGE_TAG(method, count);
}

void help_from_outside(const uint8_t *e)
{
	uint64_t slot = pick(boot_thread, OBJECT_THREAD, e[2]);
	uint64_t none[1] = {0};

	kernel_lock();
	if (e[1] % 2 == 0 || boot_invoke((unsigned)slot, THREAD_CANCEL, none, 1) != ERR_OK) {
		boot_invoke((unsigned)slot, THREAD_RESUME, none, 1);
		if (e[1] % 4 < 2) {
			uint64_t sched[1] = {pick(boot_thread, OBJECT_SCHED_CONTEXT, e[3])};

			boot_invoke((unsigned)slot, THREAD_SET_SCHED, sched, 1);
		}
	}
	kernel_unlock();
}

struct thread *call_writes_fpu(const struct thread *t)
{
	return t->registers[REG_A7] == SYS_INVOKE &&
			       message_label(t->registers[REG_A1]) == THREAD_WRITE_FPU
		       ? object_at(t, (uint32_t)t->registers[REG_A0], OBJECT_THREAD)
		       : NULL;
}
