/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to vm/: page tables of a space, where they come from, how they are
 * found, made, split and given back; and what the files of vm/ share.
 */
#ifndef VM_TABLE_H
#define VM_TABLE_H

#include "vm/csr.h"
#include "vm/sv39.h"
#include "vm/vm.h"

/* Searches for the extent of a frame between two looks, at up to 400 instructions each. */
#define VM_STEP_SEARCHES 2u
/* Tables dropped between two flushes, which give them back. */
#define VM_LIMBO_MAX 16u

/* Filled in by vm_init. */
extern struct vm_features vm_features;
/* satp of the kernel's own table (ASID 0), set by vm_kernel_map. */
extern uint64_t vm_kernel_satp;

enum vm_table_state { VM_TABLE_FREE, VM_TABLE_USED, VM_TABLE_LIMBO };

/* What is known of one page of a bank. */
struct vm_table_info {
	uint64_t link;		  /* free or limbo: physical address of the next in the list */
	uint64_t parent;	  /* used: physical address of the entry that points here */
	struct vm_window *window; /* used, level 0: its window (V4); NULL: message buffers */
	uint16_t live;		  /* used: entries that are not 0 */
	uint8_t level;		  /* used: 0 or 1 */
	uint8_t state;		  /* enum vm_table_state */
	uint32_t reserved;
};

/* The first page of each 64 KiB of a bank begins so; the other 15 become tables. */
struct vm_chunk {
	struct vm_bank *bank;
	uint64_t reserved[3];
	struct vm_table_info tables[15];
};
_Static_assert(sizeof(struct vm_chunk) == VM_BANK_HEADER, "the kernel may use what is behind it");
#define VM_CHUNK_PAGES (VM_BANK_CHUNK / PAGE_SIZE)

static inline struct vm_chunk *vm_chunk_of(struct paddr table)
{
	return vm_pointer((struct paddr){align_down(table.raw, VM_BANK_CHUNK)});
}

static inline struct vm_table_info *vm_table_info(struct paddr table)
{
	return &vm_chunk_of(table)->tables[table.raw / PAGE_SIZE % VM_CHUNK_PAGES - 1];
}

/* An entry of a space's tables, and the level of the table it is in. */
struct vm_slot {
	uint64_t *pte;
	unsigned level;
	bool is_frozen; /* an entry above it is */
};

/* The table that an entry is in. */
static inline struct paddr vm_slot_table(struct vm_slot slot)
{
	return (struct paddr){align_down(vm_paddr(slot.pte).raw, PAGE_SIZE)};
}

/*
 * The entry for virtual page `page` at level `floor`, or the entry above it
 * at which the walk ends (0 or a leaf). At `floor` it may be anything. The walk
 * goes through frozen entries.
 */
struct vm_slot vm_slot_find(const struct vm_space *space, uint64_t page, unsigned floor);

/* Entries of one table, or one entry above level 0, that a step of an operation handles. */
struct vm_run {
	struct vm_slot slot;
	uint64_t first;	  /* virtual page number of the first */
	uint64_t pages;	  /* pages covered, within what was asked */
	unsigned entries; /* 1 or, at level 0, more */
	bool is_whole;	  /* the pages are all that the entry spans */
	bool is_frozen;	  /* it, or an entry above it: no W counts in it */
};

/*
 * The run at `page`, of at most `left` (≥ 1) pages and, at level 0, `entries`:
 * what a step handles between two looks at pending interrupts.
 */
struct vm_run vm_run_find(const struct vm_space *space, uint64_t page, uint64_t left,
			  unsigned entries);

/*
 * Make the tables on the way down from *slot, which is 0 or a leaf, to level
 * `floor` and move *slot there. A leaf is split into smaller ones with the
 * same frames and bits. ERR_NO_TABLE, before anything is changed. A split owes
 * a whole flush, gathered in `flush`; linking a table in an empty slot owes
 * nothing. `window`: owner of a level-0 table, NULL for message buffers.
 */
NODISCARD enum err vm_tables_make(struct vm_space *space, struct vm_slot *slot, uint64_t page,
				  unsigned floor, struct vm_window *window, struct vm_flush *flush);

/*
 * Split the leaf of `run` as far as needed so that the entry at run->first
 * spans no more than `left` pages. Errors and flushes as vm_tables_make.
 */
NODISCARD enum err vm_run_split(struct vm_space *space, const struct vm_run *run, uint64_t left,
				struct vm_window *window, struct vm_flush *flush);

/* `count` entries of the slot's table became valid. */
void vm_live_add(struct vm_slot slot, unsigned count);

/*
 * `count` entries of the slot's table were cleared. A table left without any
 * goes to limbo, and so its parent; owes a whole flush then.
 */
void vm_live_sub(struct vm_space *space, struct vm_slot slot, unsigned count,
		 struct vm_flush *flush);

/*
 * Unlink a table, whatever it maps, into limbo; a parent left empty follows.
 * Owes a whole flush. Preconditions: used; if level 1, no table hangs below it.
 */
void vm_table_drop(struct vm_space *space, struct paddr table, struct vm_flush *flush);

/* A leaf that says the same has taken the place of the table: it goes to limbo. Owes a whole flush. */
void vm_table_replaced(struct vm_space *space, struct paddr table, struct vm_flush *flush);

/* The tables in limbo become free. Only vm_flush_commit calls this, after a whole fence. */
void vm_limbo_release(struct vm_space *space);

/* Zero a page of RAM. 64 cbo.zero or 512 stores. */
void vm_zero_page(struct paddr page);

/* shootdown.c. Add to what is owed; commits first what is owed to another space. */
void vm_flush_range(struct vm_flush *flush, struct vm_space *space, uint64_t first_page,
		    uint64_t pages);
/* Commit if anything is owed for these pages: entries are about to become valid there. */
void vm_flush_before(struct vm_flush *flush, const struct vm_space *space, uint64_t first_page,
		     uint64_t pages);
void vm_flush_whole(struct vm_flush *flush, struct vm_space *space);
void vm_flush_fence_i(struct vm_flush *flush, struct vm_space *space);

/*
 * Fence on this hart, for an ASID: `count` (at most 32) pages from virtual page
 * `first_page`, or with 0 all levels of everything. Or more, where errata ask for it.
 */
void vm_fence_local(uint64_t first_page, uint64_t count, uint64_t asid);

/* asid.c. The ASID under which the harts in space->running cache it. */
uint64_t vm_asid(const struct vm_space *space);

/*
 * What else the entries of a pool's pages say. A device's window that is memory
 * to the processor (a PCI device's, say) must not be cached either.
 */
static inline uint64_t vm_pool_bits(const struct vm_pool *pool)
{
	return pool->is_device && vm_features.svpbmt ? PTE_PBMT_IO : 0;
}

/* window.c. The extent that a pool page lies in; NULL if none does. */
const struct vm_extent *vm_pool_extent(const struct vm_pool *pool, uint64_t pool_page);

/* What a frame is in a window. Zero before the first use; kept between calls as a hint. */
struct vm_frame {
	const struct vm_binding *binding;
	const struct vm_extent *extent;
};

/*
 * Is there a binding of the window whose pool has frame `ppn` and whose rights
 * include `rights`? Bindings being taken away count only if `rights` is 0.
 * At most 64 compares.
 */
bool vm_frame_find(const struct vm_window *window, uint64_t ppn, unsigned rights,
		   struct vm_frame *frame);

/* An extent, ready to be compared with entries: its first page and its pages, as in an entry. */
struct vm_frames {
	uint64_t base, size;
};

static inline struct vm_frames vm_frames_of(const struct vm_extent *extent)
{
	return (struct vm_frames){extent->base.raw >> PAGE_SHIFT << PTE_PPN_SHIFT,
				  extent->pages << PTE_PPN_SHIFT};
}

/* Does the entry's frame lie there? It may say no where bits above the page number are set. */
static inline __attribute__((always_inline)) bool vm_frames_have(const struct vm_frames *frames,
								 uint64_t pte)
{
	return pte - frames->base < frames->size;
}

/*
 * Thaw one step of what is frozen on the way to `page`, at most 512 entries;
 * false: nothing is, above level 0. Commits what `flush` owes for it first.
 */
bool vm_thaw(const struct vm_space *space, uint64_t page, struct vm_flush *flush);

/* Is there something to thaw on the way to the slot, or in it? */
static inline bool vm_thaw_needed(struct vm_slot slot)
{
	return slot.is_frozen || (slot.level > 0 && pte_is_frozen(pte_load(slot.pte)));
}

/* The window that virtual page `page` lies in, or NULL. */
struct vm_window *vm_window_find(const struct vm_space *space, uint64_t page);

/* ERR_NOT_BOUND, or ERR_ARGUMENT if the item's range is empty, too long or not in the window. */
NODISCARD enum err vm_item_check(const struct vm_window *window, const struct window_item *item);

/* May an entry be given these rights at all? Some, only R W X, W only with R and without X. */
static inline bool vm_rights_valid(unsigned rights)
{
	bool is_writable = (rights & RIGHT_WRITE) != 0;

	return rights != 0 && rights <= (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE) &&
	       (!is_writable || (rights & RIGHT_READ)) &&
	       !(is_writable && (rights & RIGHT_EXECUTE));
}

#endif
