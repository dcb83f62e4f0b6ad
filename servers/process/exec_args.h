/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments and environment of a program that is about to start. */
#ifndef SERVERS_PROCESS_EXEC_ARGS_H
#define SERVERS_PROCESS_EXEC_ARGS_H

#include "servers/process/core.h"

/* All strings, each with its 0, in one piece: arguments, then environment. */
struct exec_args {
	char *text;
	size_t size, room;
	size_t limit;	       /* bytes of strings and pointers together */
	size_t argument_bytes; /* of text that are arguments */
	uint32_t argument_count, environment_count;
};

/* Read the two vectors (0 = empty) from t's memory. -STATUS_2BIG, FAULT, NOMEM; frees on failure. */
int64_t exec_args_read(struct exec_args *a, struct thread *t, uint64_t argv, uint64_t envp);
/* Append one argument; only before the environment. -STATUS_2BIG, NOMEM. */
int64_t exec_args_add(struct exec_args *a, const char *string);
/* Append one environment string. */
int64_t exec_args_add_environment(struct exec_args *a, const char *string);
/* For scripts: replace the first argument by `string`. */
int64_t exec_args_replace_first(struct exec_args *a, const char *string);
/* Put `string` before the first argument. */
int64_t exec_args_prepend(struct exec_args *a, const char *string);
void exec_args_free(struct exec_args *a);

#endif
