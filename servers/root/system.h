/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiled system file: what sysc writes and the root task reads. All
 * numbers are little-endian. The sections follow the header in the order of
 * `counts`, each a packed array; strings are zero-terminated and named by
 * their offset in the strings section. Servers are in start order.
 */
#ifndef SERVERS_ROOT_SYSTEM_H
#define SERVERS_ROOT_SYSTEM_H

#include <stdint.h>

#define SYSTEM_MAGIC 0x4d54535953565256ull /* "VRVSYSTM" */
#define SYSTEM_VERSION 2
#define SYSTEM_NAME 24	     /* bytes of a name with its terminating 0 */
#define SYSTEM_COMPATIBLE 40 /* bytes of a device-tree compatible string with its 0 */
#define SYSTEM_SERVERS 24    /* at the most */
#define SYSTEM_SERVICES 24
#define SYSTEM_REGIONS 32
#define SYSTEM_GRANTS 256
#define SYSTEM_DEVICES 32
#define SYSTEM_STRINGS 8192 /* bytes */

#define SYSTEM_REST (~0ull)	    /* quota: all memory that no other server is promised */
#define SYSTEM_PERCENT (1ull << 62) /* quota: plus the percentage of the machine's RAM */
#define SYSTEM_ALWAYS 0xffffffffu   /* restart: without limit */

struct system_header {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes;						       /* of the whole file */
	uint32_t servers, services, regions, grants, devices, strings; /* items; strings: bytes */
};

struct system_server {
	char name[SYSTEM_NAME];
	char program[SYSTEM_NAME]; /* file of the boot archive */
	uint32_t number;	   /* its badge at every service, 1.. in order of declaration */
	uint32_t priority;	   /* 0..255 */
	uint32_t budget;	   /* microseconds; a slice if there is no period */
	uint32_t period;	   /* microseconds; 0: the budget is not enforced */
	uint32_t harts;		   /* mask, 0 = any */
	uint32_t cspace_bits;	   /* log2 slots */
	uint32_t restart;	   /* restarts allowed after faults */
	uint32_t first_grant, grants;
	uint32_t first_argument; /* strings "key=value", one after the other */
	uint32_t arguments;	 /* how many */
	/* Bytes, multiples of the page size: */
	uint64_t stack, heap;
	uint64_t untyped; /* kernel memory of its own: 0 or a power of two */
	uint64_t tables;  /* page tables beyond those the loader needs */
	uint64_t quota;	  /* at the memory server */
};

struct system_service {
	char name[SYSTEM_NAME];
	uint32_t provider; /* index of the server */
	uint32_t reserved;
};

enum system_region_flag { SYSTEM_REGION_DMA = 1 };

struct system_region {
	char name[SYSTEM_NAME];
	uint64_t size; /* bytes, a multiple of the page size */
	uint32_t flags;
	uint32_t reserved;
};

enum system_grant_kind {
	SYSTEM_PROVIDES = 1, /* index: service */
	SYSTEM_USES,	     /* index: service */
	SYSTEM_HOLDS,	     /* index: enum system_holding */
	SYSTEM_MAPS,	     /* index: region; flags: enum system_map_flag */
	SYSTEM_DEVICE,	     /* index: device */
	SYSTEM_RAM,	     /* all RAM that remains */
};

enum system_holding {
	SYSTEM_HOLDS_HART,
	SYSTEM_HOLDS_SYSTEM,
	SYSTEM_HOLDS_IRQ_CONTROL,
	SYSTEM_HOLDINGS,
};

enum system_map_flag { SYSTEM_MAP_WRITE = 1, SYSTEM_MAP_POOL = 2 };

struct system_grant {
	uint32_t kind;
	uint32_t index;
	uint32_t flags;
	uint32_t reserved;
};

enum system_device_flag {
	SYSTEM_DEVICE_ALL = 1,	    /* every enabled node, names numbered from 0 */
	SYSTEM_DEVICE_OPTIONAL = 2, /* no node: the server starts without */
};

struct system_device {
	char compatible[SYSTEM_COMPATIBLE];
	char registers[SYSTEM_NAME]; /* region name, "" = not mapped */
	char memory[SYSTEM_NAME];    /* PCI host: region name of the 32-bit memory range */
	char irq[SYSTEM_NAME];	     /* capability name of the interrupt */
	uint64_t registers_limit;    /* bytes mapped at the most; 0 = what the node says */
	uint64_t memory_limit;
	uint32_t flags;
	uint32_t first_property; /* strings: properties passed as arguments */
	uint32_t properties;
	uint32_t reserved;
};

_Static_assert(sizeof(struct system_header) == 40, "file layout");
_Static_assert(sizeof(struct system_server) == 136, "file layout");
_Static_assert(sizeof(struct system_service) == 32, "file layout");
_Static_assert(sizeof(struct system_region) == 40, "file layout");
_Static_assert(sizeof(struct system_grant) == 16, "file layout");
_Static_assert(sizeof(struct system_device) == 144, "file layout");

#endif
