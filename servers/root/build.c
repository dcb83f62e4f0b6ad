/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a server: its kernel objects, its memory, its program, its start-up
 * page. Everything is mapped at once; nothing of a native program is paged.
 *
 *   0x00200000  text, read-only data: from the boot archive's own pages where
 *               they lie page-aligned there, else copied; data, bss
 *   0x10000000  start-up page (read-only)
 *   0x10002000  stack; a page without a mapping below and above
 *   ...         heap
 *   0x20000000  regions, each with unmapped pages around it
 *   0x40000000  the program's own windows (PROGRAM_WINDOWS_VA)
 *
 * The private pool's pages: the start-up page, then the segments that are not
 * the archive's, the stack, the heap.
 */
#include <stdio.h>
#include <string.h>

#include "servers/lib/runtime.h"
#include "servers/root/elf.h"
#include "servers/root/root.h"

#define PROGRAM_VA 0x200000ul
#define STACK_VA (STARTUP_VA + 2 * PAGE_BYTES)
#define REGIONS_VA 0x20000000ul
#define LARGE_PAGE 0x200000ul
#define WINDOW_REGIONS 8 /* bindings of a window */
#define BANK_BITS 16
#define BANK_TABLES 15 /* tables in a bank of 64 KiB */

/* What is known while a server is built. */
struct build {
	struct server *server;
	struct elf_program program;
	cap_t private_rw, private_rx, archive; /* bindings of the main window, 0 = none yet */
	uint64_t next_page;		       /* of the private pool */
	uint64_t heap_va, end_va;	       /* end of the main window */
	uint64_t regions_end;
	struct startup *page; /* in root's scratch window */
};

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

static uint64_t segment_pages(const struct elf_segment *segment)
{
	return pages_of(segment->address % PAGE_BYTES + segment->memory_size);
}

static bool failed(const struct server *server, const char *what, enum err err)
{
	log_print("root: server '%s' is not started: %s (error %d)\n", server->config->name, what,
		  (int)err);
	return false;
}

/* Can the segment be mapped from the archive's pages as it is? */
static bool maps_from_archive(const struct elf_segment *segment)
{
	return (segment->rights & RIGHT_WRITE) == 0 && segment->file_size == segment->memory_size &&
	       (uint64_t)segment->data % PAGE_BYTES == segment->address % PAGE_BYTES;
}

/* A new binding of the server's window with a pool; 0 if memory is out or it is refused. */
static cap_t bind(struct server *server, cap_t window, cap_t pool, unsigned rights)
{
	cap_t binding = root_object(server, OBJECT_BINDING, 0);

	if (binding == 0 || invoke5(binding, BINDING_BIND, window, pool, rights, 0, 0) != ERR_OK)
		return 0;
	return binding;
}

/* ---- address space ------------------------------------------------------------ */

/* Where the regions go, from REGIONS_VA on; returns the address behind the last one. */
static uint64_t region_address(const struct named_region *region, uint64_t *next)
{
	uint64_t alignment = region->size >= LARGE_PAGE ? LARGE_PAGE : PAGE_BYTES;
	uint64_t address = (*next + alignment - 1) & ~(alignment - 1);

	*next = address + region->size + PAGE_BYTES;
	return address;
}

/* Banks for all tables that the loader's mappings need, plus what the system file asks for. */
static bool add_banks(struct build *b)
{
	uint64_t tables = 4, next = REGIONS_VA, extra = b->server->config->tables / PAGE_BYTES;

	tables += (b->end_va - STARTUP_VA) / LARGE_PAGE + 1;
	for (unsigned i = 0; i < b->program.count; i++)
		tables += segment_pages(&b->program.segments[i]) * PAGE_BYTES / LARGE_PAGE + 1;
	for (unsigned i = 0; i < b->server->region_count; i++)
		region_address(&b->server->regions[i], &next);
	b->regions_end = next;
	tables += (next - REGIONS_VA) / LARGE_PAGE + 1 + extra;
	for (uint64_t have = 0; have < tables; have += BANK_TABLES) {
		cap_t bank = root_object(b->server, OBJECT_TABLE_BANK, BANK_BITS);

		if (bank == 0 ||
		    invoke5(b->server->space, SPACE_ADD_BANK, bank, 0, 0, 0, 0) != ERR_OK)
			return false;
	}
	return true;
}

static enum err attach_window(struct server *server, cap_t window, uint64_t first, uint64_t end,
			      unsigned rights)
{
	struct message m = {
		.words = {window, first / PAGE_BYTES,
			  ((end - first + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1)) / PAGE_BYTES, rights,
			  0, 0}};

	return invoke(server->space, SPACE_ATTACH_WINDOW, 6, &m);
}

static bool make_space(struct build *b)
{
	struct server *server = b->server;
	const struct system_server *config = server->config;
	uint64_t pages = 1 + pages_of(config->stack) + pages_of(config->heap);

	for (unsigned i = 0; i < b->program.count; i++) {
		if (!maps_from_archive(&b->program.segments[i]))
			pages += segment_pages(&b->program.segments[i]);
	}
	b->heap_va = STACK_VA + config->stack + PAGE_BYTES;
	b->end_va = b->heap_va + config->heap;
	server->stack_low = STACK_VA;
	server->space = root_object(server, OBJECT_SPACE, 0);
	server->window = root_object(server, OBJECT_WINDOW, 0);
	if (server->space == 0 || server->window == 0 || !add_banks(b))
		return failed(server, "no memory for its address space", ERR_NO_MEMORY);
	server->pool = pool_create(server, pages);
	if (server->pool == 0) {
		log_print(
			"root: server '%s' is not started: no memory for %lu KiB of program, stack and heap\n",
			config->name, pages * 4);
		return false;
	}
	enum err err = attach_window(server, server->window, PROGRAM_VA, b->end_va,
				     RIGHTS_READ_WRITE | RIGHT_EXECUTE);
	if (err != ERR_OK)
		return failed(server, "no window for its program", err);
	b->private_rw = bind(server, server->window, server->pool, RIGHTS_READ_WRITE);
	return b->private_rw != 0 || failed(server, "no binding for its memory", ERR_NO_MEMORY);
}

/* ---- program ------------------------------------------------------------------ */

/*
 * memcpy for files of the archive, which are aligned to 4 bytes: picolibc's
 * copies byte by byte unless both sides are aligned to 8.
 */
static void copy_bytes(char *to, const char *from, size_t count)
{
	size_t words = ((uintptr_t)to | (uintptr_t)from) % 4 == 0 ? count / 4 : 0;

	for (size_t i = 0; i < words; i++)
		((uint32_t *)to)[i] = ((const uint32_t *)from)[i];
	memcpy(to + words * 4, from + words * 4, count - words * 4);
}

/* Number in BOOT_SLOT_ARCHIVE_POOL of the archive's first page: it is the pool's last extent. */
static uint64_t archive_first_page(void)
{
	struct message m = {0};

	if (invoke(BOOT_SLOT_ARCHIVE_POOL, POOL_INFO, 0, &m) != ERR_OK)
		return 0;
	return m.words[2 + 2 * (m.words[1] - 1)];
}

/* Copy a segment's bytes to the private pool's pages from `first` on, zero around them. */
static enum err copy_segment(struct build *b, const struct elf_segment *segment, uint64_t first)
{
	uint64_t pages = segment_pages(segment), lead = segment->address % PAGE_BYTES;

	for (uint64_t done = 0; done < pages; done += ROOT_SCRATCH_PAGES) {
		uint64_t count =
			pages - done < ROOT_SCRATCH_PAGES ? pages - done : ROOT_SCRATCH_PAGES;
		uint64_t begin = done * PAGE_BYTES, end = begin + count * PAGE_BYTES;
		enum err err = scratch_map(b->server->pool, first + done, count, true);

		if (err != ERR_OK)
			return err;
		if (begin < lead)
			begin = lead;
		if (end > lead + segment->file_size)
			end = lead + segment->file_size;
		if (begin < end)
			copy_bytes((char *)ROOT_SCRATCH_VA + (begin - done * PAGE_BYTES),
				   segment->data + (begin - lead), end - begin);
	}
	return ERR_OK;
}

static enum err map_segment(struct build *b, const struct elf_segment *segment)
{
	struct server *server = b->server;
	uint64_t pages = segment_pages(segment), va = segment->address & ~(PAGE_BYTES - 1);
	uint64_t first = b->next_page;
	cap_t *binding = &b->private_rw;
	enum err err = ERR_OK;

	if (maps_from_archive(segment)) {
		binding = &b->archive;
		if (*binding == 0)
			*binding = bind(server, server->window, BOOT_SLOT_ARCHIVE_POOL,
					RIGHT_READ | RIGHT_EXECUTE);
		first = archive_first_page() +
			((uint64_t)segment->data - BOOT_ARCHIVE_VA) / PAGE_BYTES;
	} else {
		if ((segment->rights & RIGHT_EXECUTE) != 0) {
			binding = &b->private_rx;
			if (*binding == 0)
				*binding = bind(server, server->window, server->pool,
						RIGHT_READ | RIGHT_EXECUTE);
		}
		err = copy_segment(b, segment, first);
		b->next_page += pages;
	}
	if (*binding == 0)
		return ERR_NO_MEMORY;
	return err != ERR_OK ? err : map_pages(*binding, va, first, pages, segment->rights, false);
}

static bool load_program(struct build *b)
{
	const struct system_server *config = b->server->config;
	enum err err = ERR_OK;

	b->next_page = 1;
	for (unsigned i = 0; i < b->program.count && err == ERR_OK; i++)
		err = map_segment(b, &b->program.segments[i]);
	if (err == ERR_OK)
		err = map_pages(b->private_rw, STACK_VA, b->next_page, pages_of(config->stack),
				RIGHTS_READ_WRITE, true);
	b->next_page += pages_of(config->stack);
	if (err == ERR_OK)
		err = map_pages(b->private_rw, b->heap_va, b->next_page, pages_of(config->heap),
				RIGHTS_READ_WRITE, true);
	if (err == ERR_OK)
		err = map_pages(b->private_rw, STARTUP_VA, 0, 1, RIGHT_READ, true);
	return err == ERR_OK || failed(b->server, "its program cannot be mapped", err);
}

/* ---- capabilities and regions ------------------------------------------------- */

/* Derive a capability into the server's CSpace. */
static enum err give(struct build *b, cap_t slot, cap_t source, unsigned rights, uint32_t badge)
{
	return invoke5(b->server->cspace, CSPACE_COPY, slot, source, rights, badge, 0);
}

/* Name a slot of the server in its start-up page. */
static void name_cap(struct build *b, const char *name, cap_t slot, uint32_t badge)
{
	struct startup_cap *cap = &b->page->caps[b->page->cap_count];

	if (b->page->cap_count == STARTUP_CAPS) {
		log_print("root: server '%s': no room for capability '%s'\n",
			  b->server->config->name, name);
		return;
	}
	snprintf(cap->name, sizeof(cap->name), "%s", name);
	cap->slot = slot;
	cap->badge = badge;
	b->page->cap_count++;
}

/* Move an Untyped of kernel memory to the server. */
static enum err give_untyped(struct build *b, cap_t slot)
{
	unsigned bits = (unsigned)__builtin_ctzll(b->server->config->untyped);
	cap_t untyped = root_object(b->server, OBJECT_UNTYPED, bits);

	if (untyped == 0)
		return ERR_NO_MEMORY;
	name_cap(b, "untyped", slot, 0);
	return invoke5(b->server->cspace, CSPACE_MOVE, slot, untyped, 0, 0, 0);
}

/* Move all free RAM to the server, from its slot `slot` on; returns the next free slot. */
static cap_t give_ram(struct build *b, cap_t slot)
{
	cap_t first = slot;
	unsigned block = block_take_largest(&ram, BLOCK_BITS_MAX, 12);

	for (; block != BLOCK_NONE; block = block_take_largest(&ram, BLOCK_BITS_MAX, 12)) {
		if (invoke5(b->server->cspace, CSPACE_MOVE, slot, block_slot(&ram, block), 0, 0,
			    0) != ERR_OK)
			break;
		slot++;
	}
	name_cap(b, "ram", first, 0);
	server_argument(b->server, "ram=%u", (unsigned)(slot - first));
	return slot;
}

/* Map region i; `window` covers it. Fills in its entry of the start-up page. */
static enum err map_region(struct build *b, unsigned i, cap_t window, uint64_t address)
{
	const struct named_region *region = &b->server->regions[i];
	struct startup_region *entry = &b->page->regions[i];
	cap_t binding = bind(b->server, window, region->pool, region->rights);

	if (binding == 0)
		return ERR_NO_MEMORY;
	memcpy(entry->name, region->name, sizeof(entry->name));
	entry->address = address;
	entry->size = region->size;
	entry->physical = region->physical;
	return map_pages(binding, address, 0, region->size / PAGE_BYTES, region->rights, false);
}

static enum err map_regions(struct build *b)
{
	struct server *server = b->server;
	uint64_t next = REGIONS_VA, addresses[WINDOW_REGIONS];
	enum err err = ERR_OK;

	b->page->region_count = server->region_count;
	for (unsigned i = 0; i < server->region_count && err == ERR_OK; i += WINDOW_REGIONS) {
		unsigned count = server->region_count - i;
		uint64_t first = (next + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
		cap_t window = root_object(server, OBJECT_WINDOW, 0);

		next = first;
		if (count > WINDOW_REGIONS)
			count = WINDOW_REGIONS;
		for (unsigned j = 0; j < count; j++)
			addresses[j] = region_address(&server->regions[i + j], &next);
		err = window == 0 ? ERR_NO_MEMORY
				  : attach_window(server, window, first, next, RIGHTS_READ_WRITE);
		for (unsigned j = 0; j < count && err == ERR_OK; j++)
			err = map_region(b, i + j, window, addresses[j]);
	}
	return err;
}

static void fill_startup(struct build *b)
{
	const struct system_server *config = b->server->config;
	struct startup *page = b->page;

	page->magic = STARTUP_MAGIC;
	memcpy(page->name, config->name, sizeof(page->name));
	page->timebase_hz = boot->timebase_hz;
	page->ram_size = boot->ram_size;
	page->hart_count = boot->hart_count;
	page->cspace_slots = 1u << config->cspace_bits;
	page->heap = b->heap_va;
	page->heap_size = config->heap;
	random_seed(page->seed);
}

static void fill_arguments(struct build *b)
{
	size_t room = PAGE_BYTES - sizeof(struct startup) - 1, bytes = b->server->argument_bytes;

	b->page->arguments = sizeof(struct startup);
	if (bytes > room) {
		log_print("root: server '%s': the last of its arguments are lost\n",
			  b->server->config->name);
		for (bytes = room; bytes > 0 && b->server->arguments[bytes - 1] != 0;)
			bytes--;
	}
	memcpy(b->page + 1, b->server->arguments, bytes);
}

static enum err give_all(struct build *b)
{
	struct server *server = b->server;
	cap_t slot = SLOT_FIRST;
	enum err err = give(b, SLOT_CSPACE, server->cspace, RIGHTS_ALL, 0);

	if (err == ERR_OK)
		err = give(b, SLOT_THREAD, server->thread, RIGHTS_ALL, 0);
	if (err == ERR_OK)
		err = give(b, SLOT_SPACE, server->space, RIGHTS_ALL, 0);
	if (err == ERR_OK)
		err = give(b, SLOT_SCHED_CONTEXT, server->sched_context, RIGHTS_ALL, 0);
	for (unsigned i = 0; i < server->cap_count && err == ERR_OK; i++, slot++) {
		const struct named_cap *cap = &server->caps[i];

		err = give(b, slot, cap->source, cap->rights, cap->badge);
		name_cap(b, cap->name, slot, cap->badge);
	}
	for (unsigned i = 0; i < server->region_count && err == ERR_OK; i++) {
		if (!server->regions[i].hand_pool)
			continue;
		b->page->regions[i].pool = slot;
		err = give(b, slot++, server->regions[i].pool, RIGHTS_ALL, 0);
	}
	if (err == ERR_OK && server->config->untyped != 0)
		err = give_untyped(b, slot++);
	if (err == ERR_OK && server_gets_ram(server))
		slot = give_ram(b, slot);
	b->page->free_slot = slot;
	return err;
}

/* ---- thread ------------------------------------------------------------------- */

static enum err make_thread(struct build *b)
{
	struct server *server = b->server;
	uint64_t budget = server->config->budget * boot->timebase_hz / 1000000;
	uint64_t period = server->config->period * boot->timebase_hz / 1000000;
	struct message m = {.words = {b->program.entry, 0, STACK_VA + server->config->stack}};
	uint64_t *words = message_buffer()->words;
	enum err err;

	err = invoke5(BOOT_SLOT_HART, HART_CONFIGURE, server->sched_context,
		      server->config->priority, budget, server->config->harts, period);
	if (err == ERR_OK)
		err = invoke5(server->thread, THREAD_CONFIGURE, server->cspace, server->space, 1, 0,
			      0);
	if (err == ERR_OK)
		err = invoke5(server->thread, THREAD_SET_HANDLER, fault_endpoint,
			      server->config->number, 0, 0, 0);
	if (err == ERR_OK)
		err = invoke5(server->thread, THREAD_SET_SCHED, server->sched_context, 0, 0, 0, 0);
	if (err != ERR_OK)
		return err;
	memset(words + MESSAGE_REGISTERS, 0, (32 - MESSAGE_REGISTERS) * sizeof(*words));
	words[10] = STARTUP_VA; /* a0 */
	return invoke(server->thread, THREAD_WRITE_REGISTERS, 32, &m);
}

static bool make_objects(struct server *server)
{
	server->thread = root_object(server, OBJECT_THREAD, 0);
	server->sched_context = root_object(server, OBJECT_SCHED_CONTEXT, 0);
	server->cspace = root_object(server, OBJECT_CSPACE, server->config->cspace_bits);
	return server->thread != 0 && server->sched_context != 0 && server->cspace != 0;
}

static bool build(struct build *b)
{
	struct server *server = b->server;
	const char *problem =
		elf_read(server->file.data, server->file.size, PROGRAM_VA, STARTUP_VA, &b->program);
	enum err err;

	if (problem != NULL) {
		log_print("root: server '%s' is not started: program '%s': %s\n",
			  server->config->name, server->config->program, problem);
		return false;
	}
	if (!make_objects(server))
		return failed(server, "no memory for its thread and capability space",
			      ERR_NO_MEMORY);
	if (!make_space(b) || !load_program(b))
		return false;
	err = scratch_map(server->pool, 0, 1, false);
	if (err != ERR_OK)
		return failed(server, "its start-up page cannot be mapped", err);
	b->page = (struct startup *)ROOT_SCRATCH_VA;
	fill_startup(b);
	err = map_regions(b);
	if (err != ERR_OK)
		return failed(server, "its regions cannot be mapped", err);
	err = give_all(b);
	if (err != ERR_OK)
		return failed(server, "its capabilities cannot be given", err);
	fill_arguments(b);
	err = make_thread(b);
	return err == ERR_OK || failed(server, "its thread cannot be set up", err);
}

bool server_build(struct server *server)
{
	struct build b = {.server = server};
	bool done = build(&b);

	scratch_release();
	if (!done)
		server_destroy(server);
	return done;
}

enum err server_run(struct server *server)
{
	server->started_at = time_ticks();
	return invoke5(server->thread, THREAD_RESUME, 0, 0, 0, 0, 0);
}

void server_destroy(struct server *server)
{
	/* The thread's block is the first: it stops before what it uses goes away. */
	for (unsigned i = 0; i < server->block_count; i++) {
		block_give(&ram, server->blocks[i]);
		if (server->block_objects[i] != 0)
			slot_release(server->block_objects[i]);
	}
	server->block_count = 0;
}
