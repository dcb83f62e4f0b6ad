/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the root task (kernel/abi/boot_info.h says what it gets).
 *
 * The free RAM becomes untyped capabilities in the root task's CSpace; the
 * objects it starts with are retyped from the first range that is large
 * enough, by the same code that serves the system call. Its program is the
 * first file of the boot archive, an ELF whose segments are copied into a pool.
 */
#include "kernel/root.h"

#include "kernel/abi/boot_info.h"
#include "kernel/objects.h"
#include "kernel/panic.h"
#include "kernel/root_elf.h"
#include "kernel/schedule.h"
#include "kernel/string.h"
#include "kernel/untyped.h"
#include "sbi/boot.h"
#include "sbi/machine.h"

#define ROOT_PRIORITY 200
#define ROOT_SLICE_HZ 100 /* slices a second */

struct thread *root_thread;
#define ROOT_BANK_BITS 17
#define SLOT_BINDING 14
#define SLOT_ARCHIVE_BINDING 15
#define OBJECT_MEMORY (512ul << 10) /* more than all objects below but the pool's pages */

/* Capabilities that no user space holds: the CSpace's primary, and the ends of the tree that the
 * root task's copies of the boot-time objects hang under. */
static struct cap_slot kernel_caps[5];

struct root {
	struct cspace *cspace;
	struct boot_info *info;
	struct root_elf elf;
	struct cap_slot *memory; /* the untyped that everything is made of */
	uint32_t next_slot;
};

static void *root_object(const struct root *root, unsigned slot)
{
	return cspace_slot(root->cspace, slot)->object;
}

static void must(enum err err, const char *what)
{
	if (err != ERR_OK) {
		panic("cannot make the root task: %s: error %d", what, (int)err);
	}
}

static void make(struct root *root, enum object_type type, unsigned bits, unsigned slot)
{
	must(untyped_make(root->memory, root->cspace, type, bits, 1, slot), "object");
}

/* --- memory ------------------------------------------------------------------ */

static struct cap_slot *add_untyped(struct root *root, uint64_t base, uint64_t size, bool device)
{
	struct cap_slot *slot;

	if (root->next_slot >= (1u << BOOT_ROOT_CSPACE_BITS)) {
		panic("root task: too many memory ranges");
	}
	slot = cspace_slot(root->cspace, root->next_slot++);
	cap_insert(slot, NULL, OBJECT_UNTYPED, (void *)base, RIGHTS_ALL, size);
	slot->primary = true;
	slot->device = device;
	return slot;
}

/* Untyped capability of a range that is listed in the boot information. */
static struct cap_slot *list_untyped(struct root *root, uint64_t base, uint64_t size, bool device)
{
	struct boot_info *info = root->info;

	if (info->untyped_count == BOOT_UNTYPED_MAX) {
		return NULL; /* the root task does without the last ranges */
	}
	if (size > 1ull << UNTYPED_BITS_MOST) {
		size = 1ull << UNTYPED_BITS_MOST; /* a device's: nobody gets the rest */
	}
	info->untyped[info->untyped_count++] =
		(struct boot_untyped){.base = base, .size = size, .is_device = device};
	return add_untyped(root, base, size, device);
}

/* The next free range of RAM at or behind *at; false if there is none. */
static bool next_free(uint64_t *at, struct phys_range *range)
{
	for (unsigned i = 0; i < machine.ram_count; i++) {
		uint64_t start = machine.ram[i].base;
		uint64_t end = start + machine.ram[i].size;

		if (start < *at) {
			start = *at;
		}
		for (unsigned j = 0; j < machine.reserved_count && start < end; j++) {
			const struct phys_range *reserved = &machine.reserved[j];

			if (reserved->base > start) {
				if (reserved->base < end) {
					end = reserved->base;
				}
				break;
			}
			if (reserved->base + reserved->size > start) {
				start = reserved->base + reserved->size;
			}
		}
		if (start < end) {
			*range = (struct phys_range){start, end - start};
			*at = end;
			return true;
		}
	}
	return false;
}

/* Untyped capabilities of all free RAM, the CSpace itself cut off from the first large range. */
static void add_memory(struct root *root, uint64_t pool_bytes, struct phys_range home)
{
	uint64_t at = 0;
	struct phys_range range;

	while (next_free(&at, &range)) {
		struct cap_slot *slot;

		if (range.base <= home.base && home.base < range.base + range.size) {
			uint64_t behind = home.base + home.size;

			if (home.base > range.base) {
				list_untyped(root, range.base, home.base - range.base, false);
			}
			slot = list_untyped(root, behind, range.base + range.size - behind, false);
			root->memory = slot;
		} else {
			list_untyped(root, range.base, range.size, false);
		}
	}
	if (root->memory == NULL || root->memory->badge < pool_bytes + OBJECT_MEMORY) {
		panic("root task: no RAM");
	}
	for (unsigned i = 0; i < machine.device_count; i++) {
		list_untyped(root, machine.devices[i].base, machine.devices[i].size, true);
	}
}

/* Room for the CSpace in a range that holds everything else too. */
static struct phys_range find_home(uint64_t pool_bytes)
{
	uint64_t size = sizeof(struct cap_slot) << BOOT_ROOT_CSPACE_BITS;
	uint64_t at = 0;
	struct phys_range range;

	while (next_free(&at, &range)) {
		uint64_t base = align_up(range.base, PAGE_SIZE);

		if (range.base + range.size - base >= size + pool_bytes + OBJECT_MEMORY) {
			return (struct phys_range){base, size};
		}
	}
	panic("root task: no contiguous range of %lu KiB RAM",
	      (size + pool_bytes + OBJECT_MEMORY) >> 10);
}

/* --- objects ----------------------------------------------------------------- */

static void add_cap(struct root *root, unsigned slot, struct cap_slot *parent,
		    enum object_type type)
{
	cap_insert(parent, NULL, type, parent, RIGHTS_ALL, 0);
	parent->primary = true;
	cap_derive(cspace_slot(root->cspace, slot), parent, RIGHTS_ALL, 0);
}

/* A pool over an untyped range that has no listing of its own. */
static void add_extent(struct root *root, unsigned pool_slot, struct cap_slot *untyped)
{
	struct pool_object *pool = root_object(root, pool_slot);
	struct cap_slot *extent = &pool->extents[pool->vm.extent_count];

	must(vm_pool_add_extent(&pool->vm, (struct paddr){(uint64_t)untyped->object},
				untyped->badge >> PAGE_SHIFT, false),
	     "pool");
	cap_insert(extent, untyped, OBJECT_UNTYPED, untyped->object, 0, untyped->badge);
	cap_set_used(untyped, untyped->badge);
}

static void bind(struct root *root, unsigned binding_slot, unsigned pool_slot)
{
	struct binding_object *binding = root_object(root, binding_slot);
	struct window_object *window = root_object(root, BOOT_SLOT_WINDOW);
	struct pool_object *pool = root_object(root, pool_slot);

	must(vm_binding_bind(&binding->vm, &window->vm, &pool->vm,
			     RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE),
	     "binding");
	cap_derive(&binding->window, cspace_slot(root->cspace, BOOT_SLOT_WINDOW), RIGHTS_ALL, 0);
	cap_derive(&binding->pool, cspace_slot(root->cspace, pool_slot), RIGHTS_ALL, 0);
}

static void attach_window(struct root *root, unsigned slot, uint64_t first_page)
{
	struct window_object *window = root_object(root, slot);
	struct space_object *space = root_object(root, BOOT_SLOT_SPACE);

	must(vm_window_attach(&space->vm, &window->vm, first_page, 1ul << 18,
			      RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE),
	     "window");
	cap_derive(&window->space, cspace_slot(root->cspace, BOOT_SLOT_SPACE), RIGHTS_ALL, 0);
}

static void make_objects(struct root *root)
{
	struct space_object *space;
	struct bank_object *bank;

	make(root, OBJECT_TABLE_BANK, ROOT_BANK_BITS, BOOT_SLOT_BANK);
	make(root, OBJECT_SPACE, 0, BOOT_SLOT_SPACE);
	make(root, OBJECT_THREAD, 0, BOOT_SLOT_THREAD);
	make(root, OBJECT_WINDOW, 0, BOOT_SLOT_WINDOW);
	make(root, OBJECT_WINDOW, 0, BOOT_SLOT_WINDOW2);
	make(root, OBJECT_POOL, 0, BOOT_SLOT_POOL);
	make(root, OBJECT_POOL, 0, BOOT_SLOT_ARCHIVE_POOL);
	make(root, OBJECT_BINDING, 0, SLOT_BINDING);
	make(root, OBJECT_BINDING, 0, SLOT_ARCHIVE_BINDING);
	make(root, OBJECT_SCHED_CONTEXT, 0, BOOT_SLOT_SCHED_CONTEXT);
	cap_derive(cspace_slot(root->cspace, BOOT_SLOT_CSPACE), &kernel_caps[0], RIGHTS_ALL, 0);
	add_cap(root, BOOT_SLOT_IRQ_CONTROL, &kernel_caps[1], OBJECT_IRQ_CONTROL);
	add_cap(root, BOOT_SLOT_HART, &kernel_caps[2], OBJECT_HART);
	add_cap(root, BOOT_SLOT_CONSOLE, &kernel_caps[3], OBJECT_CONSOLE);
	add_cap(root, BOOT_SLOT_SYSTEM, &kernel_caps[4], OBJECT_SYSTEM);
	space = root_object(root, BOOT_SLOT_SPACE);
	bank = bank_object(root_object(root, BOOT_SLOT_BANK));
	must(vm_bank_add(&space->vm, &bank->vm, vm_paddr(root_object(root, BOOT_SLOT_BANK)),
			 bank->vm.bytes),
	     "table bank");
	cap_derive(&bank->space, cspace_slot(root->cspace, BOOT_SLOT_SPACE), RIGHTS_ALL, 0);
	attach_window(root, BOOT_SLOT_WINDOW, 0);
	attach_window(root, BOOT_SLOT_WINDOW2, 1ul << 18);
}

/* --- program ----------------------------------------------------------------- */

static void map(struct root *root, unsigned binding_slot, uint64_t va, uint64_t pool_page,
		uint64_t pages, unsigned rights)
{
	struct binding_object *binding = root_object(root, binding_slot);
	struct window_item item = {.op = WINDOW_MAP,
				   .rights = (uint8_t)rights,
				   .va_page = va >> PAGE_SHIFT,
				   .pool_page = pool_page,
				   .count = (uint32_t)pages};
	struct vm_flush flush = {.space = NULL};

	must(vm_map(&binding->vm, &item, &flush), "map");
	vm_flush_commit(&flush);
}

/* Copy the segments into the pool's pages and map them, then stack and boot information. */
static void load(struct root *root, struct paddr pool_base)
{
	char *pages = vm_pointer(pool_base);
	uint64_t pool_page = 0;

	memset(pages, 0, (root->elf.pages + BOOT_STACK_PAGES) * PAGE_SIZE);
	for (unsigned i = 0; i < root->elf.segment_count; i++) {
		const struct root_segment *segment = &root->elf.segments[i];
		uint64_t first = align_down(segment->va, PAGE_SIZE);
		uint64_t count =
			(align_up(segment->va + segment->size, PAGE_SIZE) - first) >> PAGE_SHIFT;

		memcpy(pages + pool_page * PAGE_SIZE + (segment->va - first), segment->bytes,
		       segment->file_size);
		map(root, SLOT_BINDING, first, pool_page, count, segment->rights);
		pool_page += count;
	}
	map(root, SLOT_BINDING, BOOT_STACK_TOP - BOOT_STACK_PAGES * PAGE_SIZE, pool_page,
	    BOOT_STACK_PAGES, RIGHT_READ | RIGHT_WRITE);
	map(root, SLOT_BINDING, BOOT_INFO_VA, pool_page + BOOT_STACK_PAGES, 1, RIGHT_READ);
}

/* Device tree and archive, where they are, read-only. */
static void map_data(struct root *root)
{
	struct boot_info *info = root->info;
	struct phys_range ranges[2] = {{machine.device_tree.raw, machine.device_tree_size},
				       {machine.archive.raw, machine.archive_size}};
	uint64_t va[2] = {BOOT_DEVICE_TREE_VA, BOOT_ARCHIVE_VA};
	uint64_t pool_page = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t base = align_down(ranges[i].base, PAGE_SIZE);
		uint64_t size = align_up(ranges[i].base + ranges[i].size, PAGE_SIZE) - base;

		add_extent(root, BOOT_SLOT_ARCHIVE_POOL, add_untyped(root, base, size, false));
		if (i == 0) {
			bind(root, SLOT_ARCHIVE_BINDING, BOOT_SLOT_ARCHIVE_POOL);
		}
		map(root, SLOT_ARCHIVE_BINDING, va[i], pool_page, size >> PAGE_SHIFT, RIGHT_READ);
		pool_page += size >> PAGE_SHIFT;
		va[i] += ranges[i].base - base;
	}
	info->device_tree = va[0];
	info->device_tree_size = machine.device_tree_size;
	info->archive = va[1];
	info->archive_size = machine.archive_size;
}

static void fill_info(struct root *root, unsigned boot_hart)
{
	struct boot_info *info = root->info;
	uint64_t free = 0;

	info->magic = BOOT_INFO_MAGIC;
	info->timebase_hz = machine.timebase_hz;
	info->hart_count = machine.hart_count;
	info->boot_hart = boot_hart;
	memcpy(info->hart_ids, machine.hart_ids, sizeof(info->hart_ids));
	for (unsigned i = 0; i < machine.ram_count; i++) {
		info->ram_size += machine.ram[i].size;
	}
	for (unsigned i = 0; i < info->untyped_count; i++) {
		free += info->untyped[i].is_device ? 0 : info->untyped[i].size;
	}
	info->kernel_size = info->ram_size - free;
	info->boot_ticks = boot_ticks;
	info->free_slot = root->next_slot;
}

static void start(struct root *root)
{
	struct thread *t = root_object(root, BOOT_SLOT_THREAD);
	struct sched_context *sched = root_object(root, BOOT_SLOT_SCHED_CONTEXT);
	struct space_object *space = root_object(root, BOOT_SLOT_SPACE);

	must(vm_message_buffer_map(&space->vm, 0, vm_paddr(thread_buffer(t))), "message buffer");
	t->has_buffer = true;
	sched->priority = ROOT_PRIORITY;
	sched->budget = machine.timebase_hz / ROOT_SLICE_HZ;
	sched->allowed.bits = (1u << machine.hart_count) - 1;
	sched->configured = true;
	sched->ceiling = PRIORITY_MAX;
	sched->thread = t;
	sched->runner = t;
	cap_derive(&t->cspace, cspace_slot(root->cspace, BOOT_SLOT_CSPACE), RIGHTS_ALL, 0);
	cap_derive(&t->space, cspace_slot(root->cspace, BOOT_SLOT_SPACE), RIGHTS_ALL, 0);
	cap_derive(&t->sched, cspace_slot(root->cspace, BOOT_SLOT_SCHED_CONTEXT), RIGHTS_ALL, 0);
	t->registers[0] = root->elf.entry;
	t->registers[2] = BOOT_STACK_TOP;
	t->registers[10] = BOOT_INFO_VA;
	root_thread = t;
	t->state = THREAD_READY;
	t->hold = 0;
	thread_sched_changed(t);
	sched_ready(t, true);
}

/* Take pages off the memory's end of use, page aligned, as an untyped of their own. */
static struct cap_slot *carve(struct root *root, uint64_t bytes)
{
	struct cap_slot *memory = root->memory;
	struct cap_slot *slot = cspace_slot(root->cspace, root->next_slot++);
	uint64_t start = align_up(memory->used, PAGE_SIZE);

	cap_insert(slot, memory, OBJECT_UNTYPED, (char *)memory->object + start, RIGHTS_ALL, bytes);
	slot->primary = true;
	cap_set_used(memory, start + bytes);
	memory->zeroed = (uint32_t)(memory->used / 64);
	return slot;
}

void root_create(unsigned boot_hart)
{
	struct root root = {.next_slot = BOOT_SLOT_UNTYPED};
	uint64_t pool_bytes;
	struct phys_range home;
	struct cap_slot *pages;

	root_elf_find(&root.elf, vm_pointer(machine.archive), machine.archive_size);
	pool_bytes = (root.elf.pages + BOOT_STACK_PAGES + 1) * PAGE_SIZE;
	home = find_home(pool_bytes);
	/* The page that becomes the boot information, before there is an untyped to carve it from. */
	root.info = vm_pointer(boot_page_alloc());
	home = find_home(pool_bytes);
	root.cspace = vm_pointer((struct paddr){home.base});
	memset(root.cspace, 0, home.size);
	root.cspace->count = 1u << BOOT_ROOT_CSPACE_BITS;
	cap_insert(&kernel_caps[0], NULL, OBJECT_CSPACE, root.cspace, RIGHTS_ALL, 0);
	kernel_caps[0].primary = true;
	add_memory(&root, pool_bytes, home);
	make_objects(&root);
	pages = carve(&root, pool_bytes);
	add_extent(&root, BOOT_SLOT_POOL, pages);
	bind(&root, SLOT_BINDING, BOOT_SLOT_POOL);
	load(&root, (struct paddr){(uint64_t)pages->object});
	map_data(&root);
	fill_info(&root, boot_hart);
	memcpy((char *)vm_pointer((struct paddr){(uint64_t)pages->object}) + pool_bytes - PAGE_SIZE,
	       root.info, PAGE_SIZE);
	start(&root);
}
