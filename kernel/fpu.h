/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point state. The kernel uses none. A thread's first use traps and
 * loads its state; a thread that used it is saved when the hart leaves it
 * with dirty registers; a thread that comes back to the hart that still holds
 * its registers loads nothing. sstatus.FS (privileged spec, "Extension context
 * status") tells: Off = not loaded, Clean = same as fpu[], Dirty = newer.
 */
#ifndef KERNEL_FPU_H
#define KERNEL_FPU_H

#include "kernel/objects.h"

/* This hart leaves the thread: save if dirty. */
void fpu_save(struct hart *hart, struct thread *t);
/* This hart goes to the thread: set FS. */
void fpu_switch_in(struct hart *hart, struct thread *t);
/* Illegal instruction of the current thread: true if the FPU was off and now is loaded. */
bool fpu_load(struct hart *hart, struct thread *t);

/* fpu.S: all 32 registers and fcsr from or to 33 words; FS must not be Off. */
void fpu_store_registers(uint64_t *words);
void fpu_load_registers(const uint64_t *words);

#endif
