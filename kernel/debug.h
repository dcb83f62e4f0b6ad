/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only the debug build does (make KERNEL_DEBUG=1): invariants are checked
 * after each entry by the full path, those of a space's tables after each call
 * that may have changed them, the order of locks at each, and the longest time for which an interrupt would have had to wait is measured.
 *
 * A *section* is that time: from the entry into the kernel, or a look at
 * pending interrupts that found none, to the next such look or the return to
 * user mode. It is counted in instructions by `cycle`, which is exact where the
 * emulator counts them (ICOUNT=1) on one hart. The first instructions of
 * trap_entry and its last ones, at most 110, are not in it.
 */
#ifndef KERNEL_DEBUG_H
#define KERNEL_DEBUG_H

#include "kernel/objects.h"

#ifdef KERNEL_DEBUG
/* The kernel was entered by t (NULL: the hart idled). */
void debug_section_begin(const struct thread *t);
/* An interrupt that came until now is dealt with from here on. */
void debug_section_end(void);
/* lend.h D1, D2, D4; queues in order; the hart's own state; spaces noted. Needs the kernel lock. */
void debug_check(void);
/* vm_check_space, now: not counted in the section. */
void debug_check_space(const struct vm_space *space);
/* vm_check_space in the next debug_check: until then the space must not go. */
void debug_note_space(const struct vm_space *space);
/* Print each hart's longest section, and the entry it was in. */
void debug_report(void);
#else
static inline void debug_section_begin(const struct thread *t)
{
	(void)t;
}
static inline void debug_section_end(void)
{
}
static inline void debug_check(void)
{
}
static inline void debug_check_space(const struct vm_space *space)
{
	(void)space;
}
static inline void debug_note_space(const struct vm_space *space)
{
	(void)space;
}
static inline void debug_report(void)
{
}
#endif

#endif
