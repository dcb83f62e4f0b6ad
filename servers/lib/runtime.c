/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs before main, and the few functions that picolibc wants from its
 * system: memory for malloc and a way to end.
 *
 * Thread-local data: tp points to the block, whose start is a copy of the
 * template in the read-only segment (native.ld). It holds picolibc's errno
 * and the thread's message buffer. malloc, the slot list and the object
 * allocator take no locks: a program with several threads calls them from
 * one thread only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/abi/boot_info.h"
#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"

_Static_assert((int)SLOT_CSPACE == (int)BOOT_SLOT_CSPACE &&
		       (int)SLOT_THREAD == (int)BOOT_SLOT_THREAD &&
		       (int)SLOT_SPACE == (int)BOOT_SLOT_SPACE &&
		       (int)SLOT_SCHED_CONTEXT == (int)BOOT_SLOT_SCHED_CONTEXT,
	       "the library works alike in the root task and in servers");

extern const char tls_template[], tls_template_size[], tls_size[];
extern char first_thread_tls[];

cap_t runtime_console;

static char *heap_next, *heap_end;
static _Thread_local struct message_buffer *own_message_buffer;

int main(void);

void runtime_set_heap(void *base, size_t size)
{
	heap_next = base;
	heap_end = heap_next + size;
}

void runtime_set_message_buffer(struct message_buffer *buffer)
{
	own_message_buffer = buffer;
}

struct message_buffer *message_buffer(void)
{
	return own_message_buffer;
}

/* malloc's source. Grows only: nano-malloc keeps what is freed on its own list. */
void *sbrk(ptrdiff_t increment)
{
	char *old = heap_next;

	if (increment < heap_end - heap_next + 1 && increment >= 0) {
		heap_next += increment;
		return old;
	}
	errno = ENOMEM;
	return (void *)-1;
}

_Noreturn void _exit(int status)
{
	fatal("program ended with status %d\n", status);
}

_Noreturn void runtime_start(const void *page)
{
	/* bss, and with it the thread-local block behind the template's part, is zero. */
	memcpy(first_thread_tls, tls_template, (size_t)tls_template_size);
	runtime_set_message_buffer((struct message_buffer *)MESSAGE_BUFFER_VA(0));

	if (*(const uint64_t *)page == BOOT_INFO_MAGIC) {
		const struct boot_info *info = page;

		runtime_console = BOOT_SLOT_CONSOLE;
		slots_init(info->free_slot, 1u << BOOT_ROOT_CSPACE_BITS);
	} else {
		runtime_console = startup_cap("console");
		runtime_set_heap((void *)startup()->heap, startup()->heap_size);
		slots_init(startup()->free_slot, startup()->cspace_slots);
	}
	fatal("%s: main returned %d\n", program_name(), main());
}
