/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first stack of a program, from high to low addresses:
 *
 *	8 bytes of 0 | name | 16 random bytes | environment strings | arguments
 *	| alignment | auxv | 0 | environment pointers | 0 | argument pointers | argc
 *
 * The stack pointer (16-byte aligned) is the address of argc.
 */
#include "servers/process/exec_stack.h"

#include <stdlib.h>
#include <string.h>

#include "servers/process/elf.h"

#define STACK_LEAST (128ull * 1024)
#define STACK_GAP (1ull << 20) /* bytes that the pager keeps free below a stack */
#define HWCAP_IMAFDC 0x112dull /* bit n: extension 'A' + n */
#define FRAME_SIZE 1088		/* of a signal frame: AT_MINSIGSTKSZ, with some room */

enum aux {
	AUX_NULL = 0,
	AUX_PHDR = 3,
	AUX_PHENT = 4,
	AUX_PHNUM = 5,
	AUX_PAGESZ = 6,
	AUX_BASE = 7,
	AUX_FLAGS = 8,
	AUX_ENTRY = 9,
	AUX_UID = 11,
	AUX_EUID = 12,
	AUX_GID = 13,
	AUX_EGID = 14,
	AUX_HWCAP = 16,
	AUX_CLKTCK = 17,
	AUX_SECURE = 23,
	AUX_RANDOM = 25,
	AUX_EXECFN = 31,
	AUX_MINSIGSTKSZ = 51,
};

static void aux_add(struct space *s, uint64_t type, uint64_t value)
{
	s->auxv[s->auxv_words++] = type;
	s->auxv[s->auxv_words++] = value;
}

static void aux_fill(struct space *s, const struct exec_start *start, uint64_t name,
		     uint64_t random)
{
	const struct credentials *c = start->credentials;

	s->auxv_words = 0;
	aux_add(s, AUX_HWCAP, HWCAP_IMAFDC);
	aux_add(s, AUX_PAGESZ, PAGE);
	aux_add(s, AUX_CLKTCK, 100);
	aux_add(s, AUX_PHDR, start->phdrs);
	aux_add(s, AUX_PHENT, ELF_PHDR_SIZE);
	aux_add(s, AUX_PHNUM, start->phdr_count);
	aux_add(s, AUX_BASE, start->base);
	aux_add(s, AUX_FLAGS, 0);
	aux_add(s, AUX_ENTRY, start->entry);
	aux_add(s, AUX_UID, c->uid);
	aux_add(s, AUX_EUID, c->euid);
	aux_add(s, AUX_GID, c->gid);
	aux_add(s, AUX_EGID, c->egid);
	aux_add(s, AUX_SECURE, c->uid != c->euid || c->gid != c->egid);
	aux_add(s, AUX_RANDOM, random);
	aux_add(s, AUX_EXECFN, name);
	aux_add(s, AUX_MINSIGSTKSZ, 2 * FRAME_SIZE);
	aux_add(s, AUX_NULL, 0);
}

/* Fill in `count` pointers to successive strings of text, which will lie at `address`, and a 0. */
static uint64_t *pointers_fill(uint64_t *to, uint32_t count, const char *text, uint64_t address)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t length = strlen(text) + 1;

		*to++ = address;
		text += length;
		address += length;
	}
	*to++ = 0;
	return to;
}

/* Bytes of stack that a limit allows. */
static uint64_t stack_size(uint64_t limit)
{
	return limit < STACK_LEAST ? STACK_LEAST
	       : limit > EXEC_STACK_MOST ? EXEC_STACK_MOST
					 : page_down(limit);
}

/* Map the region; *top = its upper end. */
static int64_t stack_map(struct space *s, uint64_t limit, uint64_t *top)
{
	uint32_t r;

	random_bytes(&r, sizeof(r));
	*top = PAGER_SPACE_END - 2 * PAGE - (uint64_t)(r % EXEC_STACK_RANDOM_PAGES) * PAGE;
	s->stack_top = *top;
	s->stack_low = *top - stack_size(limit);
	return space_map(s, &s->stack_low, *top - s->stack_low, PAGER_READ | PAGER_WRITE,
			 PAGER_FIXED | PAGER_STACK | PAGER_NORESERVE, 0, 0);
}

/*
 * RLIMIT_STACK has changed. The pager lets a stack grow until STACK_GAP above
 * the region below it; so a page without access, put there, is its new limit.
 * What is in use stays, and a stack never grows beyond its limit at execve.
 */
void exec_stack_resize(struct process *p, uint64_t limit)
{
	struct space *s = p->space;
	uint64_t low = s->stack_top - stack_size(limit), block;
	struct pager_region region;

	if (process_regions(p, s->stack_top - PAGE, &region, 1) != 1) {
		return;
	}
	low = low < region.start ? low : region.start;
	if (s->stack_block != 0) {
		space_unmap(s, s->stack_block, PAGE);
		s->stack_block = 0;
	}
	if (low > s->stack_low) {
		block = low - STACK_GAP - PAGE;
		if (space_map(s, &block, PAGE, 0, PAGER_FIXED | PAGER_NOREPLACE | PAGER_NORESERVE, 0,
			      0) == 0) {
			s->stack_block = block;
		}
	}
}

/* Write argc, pointers and auxv so that they end at `end`; *stack = where they begin. */
static int64_t table_write(struct space *s, const struct exec_args *args, uint64_t end,
			   uint64_t *stack)
{
	size_t words = 1 + args->argument_count + 1 + args->environment_count + 1 + s->auxv_words;
	uint64_t *table = malloc(words * sizeof(*table)), *next = table;
	int64_t status;

	if (table == NULL) {
		return -STATUS_NOMEM;
	}
	*stack = (end - words * sizeof(*table)) & ~15ull;
	*next++ = args->argument_count;
	next = pointers_fill(next, args->argument_count, args->text, s->arg_start);
	next = pointers_fill(next, args->environment_count, args->text + args->argument_bytes,
			     s->env_start);
	memcpy(next, s->auxv, s->auxv_words * sizeof(*table));
	status = copy_out_partial(s, *stack, table, words * sizeof(*table));
	free(table);
	return status == (int64_t)(words * sizeof(*table)) ? 0 : -STATUS_NOMEM;
}

int64_t exec_stack_build(struct space *s, const struct exec_args *args, struct exec_start *start)
{
	struct {
		uint8_t random[16];
		char name[LINUX_PATH_MAX];
	} tail;
	size_t name_size = strlen(start->name) + 1;
	uint64_t top, name, random;
	int64_t status = stack_map(s, start->stack_limit, &top);

	if (status < 0) {
		return status;
	}
	name = top - 8 - name_size;
	random = name - sizeof(tail.random);
	s->env_end = random;
	s->env_start = random - (args->size - args->argument_bytes);
	s->arg_end = s->env_start;
	s->arg_start = s->arg_end - args->argument_bytes;
	random_bytes(tail.random, sizeof(tail.random));
	memcpy(tail.name, start->name, name_size);
	if (copy_out_partial(s, random, &tail, sizeof(tail.random) + name_size) !=
		    (int64_t)(sizeof(tail.random) + name_size) ||
	    copy_out_partial(s, s->arg_start, args->text, args->size) != (int64_t)args->size) {
		return -STATUS_NOMEM;
	}
	aux_fill(s, start, name, random);
	status = table_write(s, args, s->arg_start & ~15ull, &start->stack);
	s->stack_start = start->stack;
	return status;
}
