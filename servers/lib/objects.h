/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects for native programs: free slots and kernel memory, kept by
 * size so that a deleted object's memory serves again. Memory comes from the
 * program's "untyped" start-up capability, then from the memory server.
 */
#ifndef SERVERS_LIB_OBJECTS_H
#define SERVERS_LIB_OBJECTS_H

#include "servers/lib/syscall.h"

/* A free slot of the program's CSpace, 0 if none is left. */
cap_t slot_allocate(void);
/* Give a slot back; whatever it holds is deleted first. */
void slot_free(cap_t slot);

/*
 * Make a kernel object; its primary capability is in the slot returned, 0 if
 * memory or slots are out. `size_bits` as in UNTYPED_RETYPE (0 for types of
 * fixed size).
 */
cap_t object_create(enum object_type type, unsigned size_bits);
/* Destroy an object made by object_create: revokes every capability of it, waits until done. */
void object_destroy(cap_t object);

/* Derive from `source` into a new slot of the own CSpace; 0 on failure. */
cap_t cap_derive(cap_t source, uint32_t rights, uint64_t badge);

/* Start a further native thread in the program's own space: stack from malloc-like memory with a
 * guard is the caller's business; `priority` and hart mask need the "hart" capability. Returns the
 * Thread's slot or 0. */
cap_t thread_start(void (*entry)(void *), void *argument, void *stack_top, unsigned priority);

/* Print to the system log (kernel debug console until a log server exists), printf-like; at most
 * 512 bytes; prefixed with the program's name by the caller's choice of text. */
void log_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Print, then end the program: its thread stops and root is told. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
