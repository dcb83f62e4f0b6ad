/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical addresses as pointers: the one place that knows the direct map.
 * Host tests (-DVM_HOST) supply their own memory instead.
 */
#ifndef VM_POINTER_H
#define VM_POINTER_H

#include "kernel/types.h"
#include "vm/layout.h"

#ifdef VM_HOST
void *vm_pointer(struct paddr paddr);
struct paddr vm_paddr(const void *pointer);
#else
/* Pointer into the direct map. Precondition: paddr below 128 GiB. */
static inline void *vm_pointer(struct paddr paddr)
{
	return (void *)(DIRECT_MAP_VA + paddr.raw);
}

/* The inverse, for pointers into the direct map. */
static inline struct paddr vm_paddr(const void *pointer)
{
	return (struct paddr){(uint64_t)pointer - DIRECT_MAP_VA};
}
#endif

#endif
