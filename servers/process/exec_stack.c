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

#include <string.h>

#include "servers/process/elf.h"

#define RANDOM_SIZE 16
#define STACK_LEAST (128ull * 1024)
#define STACK_GAP (1ull << 20) /* bytes that the pager keeps free below a stack */
#define HWCAP_IMAFDC 0x112dull /* bit n: extension 'A' + n */
#define FRAME_SIZE 1088	       /* of a signal frame: AT_MINSIGSTKSZ, with some room */

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

/*
 * Bytes for the stack, from low to high addresses: gathered in the core's part
 * of pager-xfer and copied to the space piece by piece.
 */
struct writer {
	struct space *space;
	uint64_t address; /* where the next piece goes */
	size_t used;	  /* bytes of the piece so far */
	bool failed;
};

#define PIECE (PAGER_XFER_SIZE - XFER_CORE)

static void writer_flush(struct writer *w)
{
	if (server_request(pager_cap, PAGER_COPY_OUT, 4, w->space->number, w->address, w->used,
			   XFER_CORE, 0, 0) != (int64_t)w->used) {
		w->failed = true;
	}
	w->address += w->used;
	w->used = 0;
}

static void put(struct writer *w, const void *bytes, size_t size)
{
	while (size > 0) {
		size_t n = size < PIECE - w->used ? size : PIECE - w->used;

		memcpy(pager_xfer + XFER_CORE + w->used, bytes, n);
		w->used += n;
		bytes = (const char *)bytes + n;
		size -= n;
		if (w->used == PIECE) {
			writer_flush(w);
		}
	}
}

static void put_word(struct writer *w, uint64_t word)
{
	put(w, &word, sizeof(word));
}

/* Pointers to `count` successive strings of text, which will lie at `address`, and a 0. */
static void put_pointers(struct writer *w, uint32_t count, const char *text, uint64_t address)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t length = strlen(text) + 1;

		put_word(w, address);
		text += length;
		address += length;
	}
	put_word(w, 0);
}

/* Bytes of stack that a limit allows. */
static uint64_t stack_size(uint64_t limit)
{
	return limit < STACK_LEAST	 ? STACK_LEAST
	       : limit > EXEC_STACK_MOST ? EXEC_STACK_MOST
					 : page_down(limit);
}

/* Map the region. */
static int64_t stack_map(struct space *s, uint64_t limit)
{
	uint32_t r;

	random_bytes(&r, sizeof(r));
	s->stack_top = PAGER_SPACE_END - 2 * PAGE - (uint64_t)(r % EXEC_STACK_RANDOM_PAGES) * PAGE;
	s->stack_low = s->stack_top - stack_size(limit);
	return space_map(s, &s->stack_low, s->stack_top - s->stack_low, PAGER_READ | PAGER_WRITE,
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
		if (space_map(s, &block, PAGE, 0, PAGER_FIXED | PAGER_NOREPLACE | PAGER_NORESERVE,
			      0, 0) == 0) {
			s->stack_block = block;
		}
	}
}

/* Lay out the top of the stack: sets s->arg_start... and s->auxv; the address of the name. */
static uint64_t lay_out(struct space *s, const struct exec_args *args,
			const struct exec_start *start)
{
	uint64_t name = s->stack_top - 8 - (strlen(start->name) + 1);
	uint64_t random = name - RANDOM_SIZE;

	s->env_end = random;
	s->env_start = random - (args->size - args->argument_bytes);
	s->arg_end = s->env_start;
	s->arg_start = s->arg_end - args->argument_bytes;
	aux_fill(s, start, name, random);
	return name;
}

int64_t exec_stack_build(struct space *s, const struct exec_args *args, struct exec_start *start)
{
	static const uint8_t zeros[16 + 8];
	uint64_t words = 3 + (uint64_t)args->argument_count + args->environment_count;
	struct writer w = {.space = s};
	uint8_t random[RANDOM_SIZE];
	uint64_t name;
	int64_t status = stack_map(s, start->stack_limit);

	if (status < 0) {
		return status;
	}
	name = lay_out(s, args, start);
	words += s->auxv_words;
	start->stack = (s->arg_start - words * sizeof(uint64_t)) & ~15ull;
	s->stack_start = start->stack;
	w.address = start->stack;
	put_word(&w, args->argument_count);
	put_pointers(&w, args->argument_count, args->text, s->arg_start);
	put_pointers(&w, args->environment_count, args->text + args->argument_bytes, s->env_start);
	put(&w, s->auxv, s->auxv_words * sizeof(uint64_t));
	put(&w, zeros, s->arg_start - start->stack - words * sizeof(uint64_t)); /* alignment */
	put(&w, args->text, args->size);
	random_bytes(random, sizeof(random));
	put(&w, random, sizeof(random));
	put(&w, start->name, s->stack_top - 8 - name);
	writer_flush(&w);
	return w.failed ? -STATUS_NOMEM : 0;
}
