/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of Linux's system calls, made from syscalls.def, and the count of
 * calls that nobody answers.
 */
#include "servers/process/core.h"

#include <stdio.h>

#define CALL_LIMIT 512

typedef int64_t (*call_handler)(struct thread *t, const uint64_t args[6]);

struct call {
	const char *name;
	const char *kinds; /* NULL: known by name only */
	call_handler handler;
};

#define CALL(number, name, kinds)                                                                  \
	int64_t sys_##name(struct thread *t, const uint64_t args[6]) __attribute__((weak));
#define NONE(number, name)
#include "servers/process/syscalls.def"
#undef CALL
#undef NONE

static const struct call calls[CALL_LIMIT] = {
#define CALL(number, name, kinds) [number] = {#name, kinds, sys_##name},
#define NONE(number, name) [number] = {#name, NULL, NULL},
#include "servers/process/syscalls.def"
#undef CALL
#undef NONE
};

static uint32_t unknown_counts[CALL_LIMIT];
static uint32_t out_of_range_count;

const char *call_name(uint32_t number)
{
	return number < CALL_LIMIT && calls[number].name != NULL ? calls[number].name : "?";
}

/* Widen the arguments from what Linux's prototype takes to 64 bits. */
static void arguments_normalize(const char *kinds, uint64_t args[6])
{
	for (unsigned i = 0; kinds[i] != 0; i++) {
		if (kinds[i] == 'i') {
			args[i] = (uint64_t)(int64_t)(int32_t)args[i];
		} else if (kinds[i] == 'u') {
			args[i] = (uint32_t)args[i];
		}
	}
}

/* Run the handler of t->call_number with t->args. */
int64_t call_run(struct thread *t)
{
	uint32_t number = t->call_number;

	if (number >= CALL_LIMIT) {
		out_of_range_count++;
		return -STATUS_NOSYS;
	}
	if (calls[number].handler == NULL) {
		unknown_counts[number]++;
		return -STATUS_NOSYS;
	}
	arguments_normalize(calls[number].kinds, t->args);
	return calls[number].handler(t, t->args);
}

size_t unknown_calls_report(char *buffer, size_t size)
{
	size_t used = 0;

	for (uint32_t i = 0; i < CALL_LIMIT && used < size; i++) {
		if (unknown_counts[i] != 0) {
			used += (size_t)snprintf(buffer + used, size - used, "%lu %s %lu\n",
						 (unsigned long)i, call_name(i),
						 (unsigned long)unknown_counts[i]);
		}
	}
	if (out_of_range_count != 0 && used < size) {
		used += (size_t)snprintf(buffer + used, size - used, "- out-of-range %lu\n",
					 (unsigned long)out_of_range_count);
	}
	return used < size ? used : size;
}
