/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_kernel.h. The rules are those of kernel/abi/object.h. */
#include "tests/system/fake_kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"

struct fake_slot fake_slots[FAKE_ALL];
uint64_t fake_retypes_left;
enum err (*fake_call)(uint32_t endpoint, struct message *m);

static struct message_buffer buffer;

static const uint8_t object_bits[OBJECT_TYPES] = {
#define BITS(name, value, bits, meaning) [name] = bits,
	OBJECT_LIST(BITS)
#undef BITS
};

static void die(const char *why, uint64_t slot)
{
	printf("FAIL fake_kernel %s (slot %lu)\n", why, (unsigned long)slot);
	abort();
}

struct message_buffer *message_buffer(void)
{
	return &buffer;
}

uint64_t time_ticks(void)
{
	static uint64_t now;

	return now += 100;
}

enum err syscall_cap(enum syscall number, cap_t cap)
{
	(void)number, (void)cap;
	return ERR_OK;
}

void log_print(const char *format, ...)
{
	(void)format;
}

_Noreturn void fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	die("fatal", 0);
	abort();
}

void fake_init(uint32_t first, uint32_t end)
{
	static void *page;

	if (page == NULL) {
		page = mmap((void *)STARTUP_VA, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (page != (void *)STARTUP_VA)
			die("no start-up page", 0);
	}
	memset(page, 0, 4096);
	memset(fake_slots, 0, sizeof(fake_slots));
	memset(&buffer, 0, sizeof(buffer));
	fake_retypes_left = 0;
	fake_call = NULL;
	fake_slots[SLOT_CSPACE].type = OBJECT_CSPACE;
	fake_slots[FAKE_CLIENT_CSPACE].type = OBJECT_CSPACE;
	slots_init(first, end);
}

void fake_untyped(uint32_t slot, uint64_t base, uint64_t size, bool device)
{
	fake_slots[slot] = (struct fake_slot){.type = OBJECT_UNTYPED,
					      .primary = true,
					      .base = base,
					      .size = size,
					      .device = device};
}

static void delete_below(uint32_t slot)
{
	for (uint32_t i = 1; i < FAKE_ALL; i++) {
		if (fake_slots[i].type == OBJECT_NONE || fake_slots[i].parent != slot)
			continue;
		delete_below(i);
		if (fake_slots[i].type == OBJECT_POOL) {
			/* Its extents are whole again. */
			for (uint32_t j = 1; j < FAKE_ALL; j++) {
				if (fake_slots[j].type == OBJECT_UNTYPED &&
				    fake_slots[j].extents == i)
					fake_slots[j].used = fake_slots[j].extents = 0;
			}
		}
		fake_slots[i] = (struct fake_slot){0};
	}
}

uint64_t fake_bytes_in_use(uint32_t slot)
{
	uint64_t sum = 0;
	bool has_children = false;

	for (uint32_t i = 1; i < FAKE_ALL; i++) {
		if (fake_slots[i].type == OBJECT_NONE || fake_slots[i].parent != slot)
			continue;
		has_children = true;
		sum += fake_slots[i].type == OBJECT_UNTYPED ? fake_bytes_in_use(i)
							    : fake_slots[i].size;
	}
	return has_children ? sum : fake_slots[slot].used;
}

static enum err retype(uint32_t slot, const uint64_t *a)
{
	struct fake_slot *untyped = &fake_slots[slot];
	unsigned bits = a[0] < OBJECT_TYPES ? object_bits[a[0]] : 0;
	uint64_t start;

	if (untyped->type != OBJECT_UNTYPED)
		return ERR_CAP_TYPE;
	if (a[0] == OBJECT_CSPACE)
		bits = (unsigned)a[1] + 6;
	else if (bits == 0)
		bits = (unsigned)a[1];
	if (bits < 6 || bits > 38 || a[2] != 1 || (untyped->device && a[0] != OBJECT_UNTYPED))
		return ERR_ARGUMENT;
	if (a[3] == 0 || a[3] >= FAKE_SLOTS)
		return ERR_CAP_EMPTY;
	if (fake_slots[a[3]].type != OBJECT_NONE)
		die("retype into a full slot", a[3]);
	if (fake_retypes_left != 0 && --fake_retypes_left == 0) {
		fake_retypes_left = 1;
		return ERR_NO_MEMORY;
	}
	start = ((untyped->base + untyped->used + (1ull << bits) - 1) & ~((1ull << bits) - 1)) -
		untyped->base;
	if (start > untyped->size || untyped->size - start < 1ull << bits)
		return ERR_NO_MEMORY;
	untyped->used = start + (1ull << bits);
	fake_slots[a[3]] = (struct fake_slot){.type = (enum object_type)a[0],
					      .parent = slot,
					      .primary = true,
					      .device = untyped->device,
					      .base = untyped->base + start,
					      .size = 1ull << bits};
	return ERR_OK;
}

static enum err add_extent(uint32_t pool, uint64_t slot)
{
	struct fake_slot *untyped = &fake_slots[slot];

	if (fake_slots[pool].type != OBJECT_POOL || untyped->type != OBJECT_UNTYPED)
		return ERR_CAP_TYPE;
	if (untyped->used != 0 || untyped->base % 4096 != 0 || untyped->size < 4096)
		return ERR_BUSY;
	if (fake_slots[pool].extents == 8)
		return ERR_LIMIT;
	fake_slots[pool].extents++;
	fake_slots[pool].pages += untyped->size / 4096;
	untyped->used = untyped->size;
	untyped->extents = pool;
	return ERR_OK;
}

static enum err move(uint32_t cspace, uint64_t to, uint64_t from)
{
	uint64_t target = to + (cspace == FAKE_CLIENT_CSPACE ? FAKE_CLIENT_FIRST : 0);

	if (fake_slots[cspace].type != OBJECT_CSPACE)
		return ERR_CAP_TYPE;
	if (to == 0 || to >= FAKE_SLOTS || fake_slots[from].type == OBJECT_NONE)
		return ERR_CAP_EMPTY;
	if (fake_slots[target].type != OBJECT_NONE)
		return ERR_SLOT_OCCUPIED;
	fake_slots[target] = fake_slots[from];
	fake_slots[from] = (struct fake_slot){0};
	return ERR_OK;
}

static enum err fake_invoke(uint32_t cap, struct message *m)
{
	uint64_t *a = m->words;

	if (cap >= FAKE_SLOTS || fake_slots[cap].type == OBJECT_NONE)
		return ERR_CAP_EMPTY;
	switch ((enum method)message_label(m->tag)) {
	case UNTYPED_RETYPE:
		return retype(cap, a);
	case UNTYPED_INFO: {
		const struct fake_slot *s = &fake_slots[cap];
		uint64_t out[] = {s->base, s->size, s->used, s->device};

		memcpy(a, out, sizeof(out));
		return ERR_OK;
	}
	case CSPACE_REVOKE:
		if (fake_slots[a[0]].type == OBJECT_NONE)
			return ERR_CAP_EMPTY;
		delete_below((uint32_t)a[0]);
		fake_slots[a[0]].used = 0;
		return ERR_OK;
	case CSPACE_DELETE:
		if (fake_slots[a[0]].type == OBJECT_NONE)
			return ERR_CAP_EMPTY;
		delete_below((uint32_t)a[0]);
		fake_slots[a[0]] = (struct fake_slot){0};
		return ERR_OK;
	case CSPACE_MOVE:
		return move(cap, a[0], a[1]);
	case POOL_ADD_EXTENT:
		return add_extent(cap, a[0]);
	case IRQ_CONTROL_GET:
		fake_slots[a[1]] = (struct fake_slot){.type = OBJECT_IRQ_HANDLER, .base = a[0]};
		return ERR_OK;
	default:
		return ERR_NO_SYSCALL;
	}
}

enum err syscall_message(enum syscall number, uint64_t caps, struct message *m)
{
	if (number == SYS_INVOKE)
		return fake_invoke((uint32_t)caps, m);
	if (number == SYS_CALL && fake_call != NULL)
		return fake_call((uint32_t)caps, m);
	return ERR_NO_SYSCALL;
}

/* Programs keep what they allocate until they end. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
