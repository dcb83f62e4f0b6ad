/* SPDX-License-Identifier: BSD-2-Clause */
/* SYS_WINDOW, and the items of SYS_REPLY_RECEIVE (kernel/abi/window.h). */
#ifndef KERNEL_WINDOW_CALL_H
#define KERNEL_WINDOW_CALL_H

#include "kernel/objects.h"

/*
 * Do the items that t's tag counts. ERR_OK, the error of the first item that
 * failed (ERR_ARGUMENT too: more than WINDOW_ITEMS), or VM_PREEMPTED: the
 * items' `done` say how far it came; make the call again. All flushes owed are
 * complete on return. Needs the kernel lock.
 */
NODISCARD enum err window_items_run(struct thread *t);

#endif
