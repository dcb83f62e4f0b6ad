/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the library; the root task uses it too, programs do not. */
#ifndef SERVERS_LIB_RUNTIME_H
#define SERVERS_LIB_RUNTIME_H

#include <stddef.h>

#include "servers/lib/syscall.h"

/* The Console capability that log_print writes to; 0 = none, output is dropped. */
extern cap_t runtime_console;

/* Memory for malloc: `size` bytes from `base`, mapped and zero. Before the first malloc. */
void runtime_set_heap(void *base, size_t size);

/* Free slots are `first`..`end` - 1, end ≤ 65536. Once, before the first slot_allocate. */
void slots_init(uint32_t first, uint32_t end);

/*
 * A note that the library keeps on each slot that is in use: 16 bits of link
 * and 8 bits of size (objects.c says what they mean). Both 0 after allocation.
 */
uint16_t *slot_link(cap_t slot);
uint8_t *slot_size(cap_t slot);
/* Give back a slot that is empty already. */
void slot_release(cap_t slot);

/* Make this page the calling thread's message buffer in its thread-local data. */
void runtime_set_message_buffer(struct message_buffer *buffer);

/* Entry points in start.S; thread_entry: s0 = function, a0 = its argument. */
void _start(void);
void thread_entry(void);
/* First C code of the program: `page` is the start-up page or struct boot_info. */
_Noreturn void runtime_start(const void *page);

#endif
