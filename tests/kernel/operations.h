/* SPDX-License-Identifier: BSD-2-Clause */
/* Random operations on capabilities, checked against the model. */
#ifndef TESTS_KERNEL_OPERATIONS_H
#define TESTS_KERNEL_OPERATIONS_H

#include "tests/kernel/model.h"

/* A caller with a CSpace and memory, in the kernel and in the model. Once. */
void operations_init(void);
/* Memory whose retype was given up starts zeroed all the same. Leaves all as it was. */
void operations_given_up(void);
/* A revoke that removes the capability it is made with, and is preempted then, ends; another call
 * does the rest. Leaves all as it was. */
void operations_cut_off(void);

struct operation_counts {
	uint64_t done;	    /* operations that were not refused */
	uint64_t preempted; /* calls that were */
};

/* `count` operations, the whole state compared after each. Fails through fail(). */
struct operation_counts operations_run(uint64_t count);

#endif
