/* SPDX-License-Identifier: BSD-2-Clause */
/* Trap entry: trap_entry.S and trap.c. */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include "kernel/objects.h"

/* stvec: saves the user's registers in the thread that sscratch points to. */
void trap_entry(void);

/* Called by trap_entry on the hart's stack; returns the thread to run. */
struct thread *trap_from_user(struct thread *t);
/* Called by trap_entry on the emergency stack when the kernel itself trapped: panics. */
void trap_from_kernel(void);

/* Run the thread. Precondition: the lock is released, the thread is this hart's current. */
_Noreturn void trap_return(struct thread *t);

#endif
