/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the root task. main.c says how they work together. */
#ifndef SERVERS_ROOT_ROOT_H
#define SERVERS_ROOT_ROOT_H

#include <stdbool.h>

#include "kernel/abi/boot_info.h"
#include "servers/lib/blocks.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/root/archive.h"
#include "servers/root/system.h"

#define ROOT_BLOCKS 1536      /* pieces of RAM and device memory at the most */
#define SERVER_BLOCKS 48      /* pieces of memory of one server */
#define SERVER_ARGUMENTS 1024 /* bytes */
#define PAGE_BYTES 4096ull
#define RIGHTS_READ_WRITE (RIGHT_READ | RIGHT_WRITE)

/* A capability that a server gets, and its name there. */
struct named_cap {
	char name[STARTUP_NAME];
	cap_t source; /* in root's CSpace */
	uint32_t rights, badge;
};

/* Memory that a server gets mapped. */
struct named_region {
	char name[STARTUP_NAME];
	cap_t pool;
	uint64_t size, physical;
	uint8_t rights;
	bool hand_pool; /* the server also gets the Pool capability */
};

/*
 * A server. What it gets is found once (resources.c); its own objects are made
 * at each start (build.c) in blocks of RAM that go back when it ends.
 */
struct server {
	const struct system_server *config;
	struct archive_file file;
	unsigned cap_count, region_count;
	struct named_cap caps[STARTUP_CAPS];
	struct named_region regions[STARTUP_REGIONS];
	size_t argument_bytes;
	char arguments[SERVER_ARGUMENTS]; /* "key=value" strings, each with its 0 */

	bool is_dead; /* ended for good, or never started */
	uint32_t restarts;
	uint32_t faults_soon; /* in a row, soon after a start */
	uint64_t started_at;  /* ticks */
	uint64_t stack_low;   /* lowest address of its stack */

	unsigned block_count;
	uint16_t blocks[SERVER_BLOCKS];
	cap_t block_objects[SERVER_BLOCKS]; /* what was made in the block */
	cap_t cspace, space, thread, sched_context, window, pool;
};

/* The compiled system file, checked, and the servers in its order. */
struct system {
	const struct system_header *header;
	const struct system_server *servers;
	const struct system_service *services;
	const struct system_region *regions;
	const struct system_grant *grants;
	const struct system_device *devices;
	const char *strings;
};
extern struct system file_system; /* of the system file */
extern struct server *servers;
extern const struct boot_info *boot;
extern struct blocks ram, device_memory;
extern cap_t fault_endpoint;
/* Endpoint of each service; 0 once its provider has ended for good. */
extern cap_t service_endpoints[SYSTEM_SERVICES];

/* config.c: find and check system.bin; false after a message. */
bool config_read(void);
/* The server with this number (badge), or NULL. */
struct server *server_by_number(uint64_t number);
/* Does it get the RAM that remains? */
bool server_gets_ram(const struct server *server);
/* Append "key=value"; a message if there is no room. */
void server_argument(struct server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* memory.c: Untypeds, and objects that live as long as root. */
void memory_init(void);
/* A new object: part of the server, or for good if `server` is NULL. 0 if memory is out. */
cap_t root_object(struct server *server, enum object_type type, unsigned size_bits);
/* A Pool of `pages` pages, rounded up to what at most 4 extents hold; the same otherwise. */
cap_t pool_create(struct server *server, uint64_t pages);
/* The same for device registers: bytes [base, base + size), whole pages. */
cap_t device_pool_create(uint64_t base, uint64_t size);
/* Map pages of a pool at ROOT_SCRATCH_VA, replacing what was there. */
#define ROOT_SCRATCH_VA 0x40000000ul
#define ROOT_SCRATCH_PAGES 512
enum err scratch_map(cap_t pool, uint64_t first, uint64_t pages, bool zero);
void scratch_release(void);
/* One WINDOW_MAP item. */
enum err map_pages(cap_t binding, uint64_t va, uint64_t pool_page, uint64_t pages, unsigned rights,
		   bool zero);

/* resources.c: fill in caps, regions and arguments of every server. */
void resources_resolve(void);
/* devices.c: the device tree. Before the other functions of it: */
void device_tree_read(void);
/* Adds what the node gives; false after a message. */
bool device_resolve(struct server *server, const struct system_device *device);
/* Add the words of the kernel command line to the server's arguments. */
void device_tree_arguments(struct server *server);
/* The boot loader's random seed; returns its bytes, 0 if there is none. */
size_t device_tree_seed(const uint8_t **seed);
/* Append to a server's lists; a message if they are full. */
void server_add_cap(struct server *server, const char *name, cap_t source, uint32_t rights,
		    uint32_t badge);
void server_add_region(struct server *server, const struct named_region *region);

/* random.c: 32 bytes for a server, different at each call; zeros without a seed. */
void random_seed(uint8_t out[32]);

/* build.c: make the server's objects and load its program. False after a message; then all
 * that was made is gone. */
bool server_build(struct server *server);
/* Destroy all its objects. */
void server_destroy(struct server *server);
enum err server_run(struct server *server);

/* supervise.c: wait for faults, for ever. */
_Noreturn void supervise(void);
/* The server will not run (again): its services answer with errors from now on. */
void server_is_dead(struct server *server);

#endif
