/* SPDX-License-Identifier: BSD-2-Clause */
/* The first stack of a program. */
#ifndef SERVERS_PROCESS_EXEC_STACK_H
#define SERVERS_PROCESS_EXEC_STACK_H

#include "servers/process/exec_args.h"

#define EXEC_STACK_MOST (64ull << 20) /* bytes, whatever RLIMIT_STACK says */
#define EXEC_STACK_RANDOM_PAGES 0x800u
/* No program or heap may reach beyond this. */
#define EXEC_STACK_LOWEST (PAGER_SPACE_END - 2 * EXEC_STACK_MOST - EXEC_STACK_RANDOM_PAGES * PAGE)

struct exec_start {
	uint64_t entry; /* of the program */
	uint64_t start; /* where it begins: there, or in the interpreter */
	uint64_t base;	/* of the interpreter, 0: none */
	uint64_t phdrs; /* address of the program headers */
	uint32_t phdr_count;
	const char *name; /* as given to execve */
	const struct credentials *credentials;
	uint64_t stack_limit; /* bytes */
	uint64_t stack;	      /* out: the stack pointer */
};

/* Map the stack of a new space and fill it in; sets s->arg_start and so on. -STATUS_NOMEM, 2BIG. */
int64_t exec_stack_build(struct space *s, const struct exec_args *args, struct exec_start *start);

#endif
