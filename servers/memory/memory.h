/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the memory server. */
#ifndef SERVERS_MEMORY_MEMORY_H
#define SERVERS_MEMORY_MEMORY_H

#include <stdbool.h>

#include "servers/lib/blocks.h"

#define MEMORY_PAGE 4096ull
#define MEMORY_PAGE_BITS 12
#define MEMORY_CLIENTS 32  /* badges 1..MEMORY_CLIENTS - 1 */
#define MEMORY_BLOCKS 1024 /* pieces of RAM at the most */
#define MEMORY_REST (~0ull)

struct client {
	char name[24];
	uint64_t quota; /* bytes; 0: not a client; MEMORY_REST: what nobody else is promised */
	uint64_t used;	/* bytes */
};

struct memory {
	struct blocks blocks;
	struct block table[MEMORY_BLOCKS];
	uint8_t owner[MEMORY_BLOCKS]; /* badge of the client that has the block; 0 = none */
	cap_t pool[MEMORY_BLOCKS];    /* the Pool made in the block, or 0 */
	struct client clients[MEMORY_CLIENTS];
	uint64_t total; /* bytes handed over at the start */
};

/* All return enum status, 0 or negative. `badge` < MEMORY_CLIENTS names the client. */

/* Tell what a client may use. `text` is "name:bytes" or "name:rest". False if it is neither. */
bool memory_add_client(struct memory *memory, unsigned badge, const char *text);
/* Move an Untyped of 2^bits bytes to `slot` of the client's CSpace. */
int memory_untyped(struct memory *memory, unsigned badge, uint64_t bits, uint64_t slot,
		   cap_t cspace);
/* Make a Pool of `least`..`most` pages; its slot and size. */
int memory_pool(struct memory *memory, unsigned badge, uint64_t least, uint64_t most, cap_t *pool,
		uint64_t *pages);
/* Take everything back, scrub it. */
int memory_reclaim(struct memory *memory, unsigned badge);

/* scrub.c: zero the 2^bits bytes of an unused Untyped. False if that is not possible. */
bool scrub(cap_t untyped, unsigned bits);

#endif
