/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the root task hands to a native program: a read-only page at
 * STARTUP_VA that names its capabilities, shared regions and arguments, as
 * the system file declares them.
 */
#ifndef SERVERS_LIB_STARTUP_H
#define SERVERS_LIB_STARTUP_H

#include "servers/lib/syscall.h"

#define STARTUP_VA 0x10000000ul
#define STARTUP_MAGIC 0x505554524154534eul
#define STARTUP_NAME 24
#define STARTUP_CAPS 48
#define STARTUP_REGIONS 24

/*
 * Besides what its system-file entry asks for, every program has "console",
 * "untyped" (if it declares kernel memory), and "supervisor": the endpoint for
 * exceptions of further threads. A provider holds its own service's endpoint
 * with badge 0 and rights READ, WRITE, GRANT, BIND; a user with a badge, WRITE
 * and GRANT. Addresses from PROGRAM_WINDOWS_VA to the message buffers are the
 * program's own to attach windows to; below, the loader has placed everything.
 */
#define PROGRAM_WINDOWS_VA 0x40000000ul

/* Slots every native program has. */
enum startup_slot {
	SLOT_CSPACE = 1, /* its own capability space */
	SLOT_THREAD = 2, /* its first thread */
	SLOT_SPACE = 3,
	SLOT_SCHED_CONTEXT = 4,
	SLOT_FIRST = 8, /* named capabilities, then free slots */
};

struct startup_cap {
	char name[STARTUP_NAME];
	uint32_t slot;
	uint32_t badge; /* clients' badges, for the provider's information; else 0 */
};

/* Memory mapped for the program: shared regions, device registers, DMA memory. */
struct startup_region {
	char name[STARTUP_NAME];
	uint64_t address; /* 0: only the pool is handed over */
	uint64_t size;
	uint64_t physical; /* DMA regions and device registers: physical base; else 0 */
	uint64_t pool;	   /* slot of its Pool capability, or 0 */
};

struct startup {
	uint64_t magic;
	char name[STARTUP_NAME];
	uint64_t timebase_hz;
	uint64_t ram_size;
	uint32_t hart_count;
	uint32_t cspace_slots; /* size of its CSpace */
	uint32_t free_slot;    /* first free slot; all above are free */
	uint32_t cap_count, region_count;
	uint32_t
		arguments; /* offset in this page of "key=value" strings, separated by 0, ended by 00:
			       the system file's, then those of the kernel command line */
	uint64_t heap, heap_size; /* mapped memory for malloc */
	uint8_t seed[32]; /* entropy, different for each program; 0 if the platform has none */
	struct startup_cap caps[STARTUP_CAPS];
	struct startup_region regions[STARTUP_REGIONS];
};
_Static_assert(sizeof(struct startup) <= 3584, "room for arguments in the page");

static inline const struct startup *startup(void)
{
	return (const struct startup *)STARTUP_VA;
}

/* The name the system file gives the program. */
const char *program_name(void);
/* Slot of the capability of this name, 0 if there is none. */
cap_t startup_cap(const char *name);
/* The same; prints a message and ends the program if there is none. */
cap_t startup_cap_required(const char *name);
/* The region of this name or NULL. */
const struct startup_region *startup_region(const char *name);
/* Value of the argument `key`, or NULL. */
const char *startup_argument(const char *key);

/* The message buffer of the calling thread. */
struct message_buffer *message_buffer(void);

#endif
