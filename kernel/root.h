/* SPDX-License-Identifier: BSD-2-Clause */
/* The root task (kernel/abi/boot_info.h). */
#ifndef KERNEL_ROOT_H
#define KERNEL_ROOT_H

#include <stdint.h>

/* Make the root task's objects out of the machine's free memory, load it and make it ready.
 * Boot hart, once. Panics if the archive is unusable or memory is too small. */
void root_create(unsigned boot_hart);

struct thread;
/* The root task's first thread. Only to be compared with: it may have been destroyed. */
extern struct thread *root_thread;

#endif
