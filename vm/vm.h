/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of vm/: spaces, table banks, windows, pools, bindings, the
 * operations on page-table entries, ASIDs and TLB shootdown. vm/ is the only
 * code that writes a page-table entry or satp, or executes sfence.vma.
 *
 * vm/ knows no capability and no thread: kernel/ wraps these structures in
 * its objects, decodes capabilities and calls in here.
 *
 * Locks: every function is called with the kernel lock held (kernel/lock.h),
 * except vm_kernel_map and vm_hart_init, which run at boot, and those that say
 * otherwise. vm/ waits for no
 * other hart's kernel code: remote fences go through the firmware, which
 * answers them even on a hart that spins for the lock.
 *
 * Invariants V1 (leaf entries lie in a binding, rights never grow, never W
 * with X), V2 (tables come from banks only), V3 (complete = fenced), V4 (a
 * leaf table belongs to one window): docs/architecture.md.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "kernel/abi/errors.h"
#include "kernel/abi/fault.h"
#include "kernel/abi/object.h"
#include "kernel/abi/window.h"
#include "kernel/types.h"
#include "vm/pointer.h" /* vm_pointer, vm_paddr */

#define VM_POOL_EXTENTS 8
#define VM_WINDOW_BINDINGS 8
#define VM_SPACE_WINDOWS 16
#define VM_SPACE_BANKS 256

/* What the harts can do; filled in at boot from device tree, firmware ids and probes. */
struct vm_features {
	unsigned
		asid_bits; /* ASID bits to use, 0..16; vm_hart_init lowers it to what each hart has */
	bool fence_all_only;   /* errata: only sfence.vma x0,x0 is reliable (CIP-1200, FU540) */
	bool cache_block_zero; /* Zicboz on every hart, blocks of 64 bytes */
	bool svinval;	       /* on every hart */
	bool svpbmt;	       /* on every hart */
};

/*
 * Objects. The kernel makes them by filling with zero; the fields are vm/'s,
 * except that the kernel may read them.
 */

/* Must not lie in the first VM_BANK_HEADER bytes of any 64 KiB of the bank. */
#define VM_BANK_CHUNK 0x10000ul
#define VM_BANK_HEADER 512u
struct vm_bank {
	struct vm_space *space; /* NULL: not donated */
	struct vm_bank *next;	/* next bank of the space */
	struct paddr base;	/* 64 KiB aligned */
	uint64_t bytes;		/* multiple of 64 KiB */
	uint64_t free;		/* physical address of the first page given back, 0 = none */
	uint64_t fresh;		/* pages from this number on were never used */
	uint32_t used;		/* pages that are tables */
	uint64_t cursor;	/* page reached by an unfinished removal */
	bool closing;		/* removal has begun: no new tables here */
};

struct vm_space {
	uint32_t lock;	   /* the kernel's, for hart-local sections (kernel/lock.h) */
	struct paddr root; /* root table, one page */
	struct vm_bank *banks;
	uint32_t bank_count;
	uint64_t limbo; /* unlinked tables that wait for a whole flush; as vm_bank.free */
	uint32_t limbo_count;
	uint32_t tables_used, tables_free; /* pages, the root not counted; free includes limbo */
	struct hart_mask live;		   /* harts whose TLB may hold entries under the ASID */
	struct hart_mask running;	   /* harts whose satp names this space; within live */
	struct hart_mask stale;		   /* harts that must fence the ASID before they run it */
	struct hart_mask stale_code;	   /* harts that must fence.i before they run it */
	uint64_t asid_generation;	   /* generation << 16 | asid; 0 = none yet */
	uint64_t satp;			   /* that, as satp wants it */
	uint32_t window_count;
	struct vm_window *windows[VM_SPACE_WINDOWS]; /* sorted by first_page */
};

struct vm_window {
	struct vm_space *space; /* NULL: not attached */
	uint64_t first_page;	/* multiple of 512 */
	uint64_t pages;		/* multiple of 512 */
	uint8_t rights;		/* RIGHT_READ | WRITE | EXECUTE */
	bool closing;		/* detach has begun: operations are refused */
	uint32_t binding_count;
	struct vm_binding *bindings[VM_WINDOW_BINDINGS];
	uint64_t cursor; /* pages done by an unfinished detach */
};

struct vm_extent {
	uint64_t pool_page; /* number within the pool of its first page */
	struct paddr base;  /* page aligned */
	uint64_t pages;
};

struct vm_pool {
	uint64_t pages;
	uint32_t extent_count;
	bool is_device; /* set by the first extent; no zeroing, no caching assumptions */
	struct vm_extent extents[VM_POOL_EXTENTS];
	struct vm_binding *bindings; /* list through next_of_pool */
};

struct vm_binding {
	struct vm_window *window; /* NULL: not bound */
	struct vm_pool *pool;
	struct vm_binding *next_of_pool;
	struct vm_binding **link_of_pool; /* what points here in that list */
	uint8_t rights;
	bool closing;	 /* unbind has begun: maps are refused */
	uint64_t cursor; /* pages done by an unfinished unbind */
};

/*
 * Boot. Builds the kernel's own page table in pages from `alloc` (zeroed,
 * physical addresses; paging is still off or identity-mapped by the boot
 * table) and returns the satp value. `ram`: ranges for the direct map (RW);
 * `devices`: ranges that the kernel drives itself (RW); `image`: where the
 * kernel image lies. Section bounds come from kernel.ld. Preconditions: all
 * ranges page aligned and below 128 GiB.
 */
struct vm_kernel_map {
	const struct phys_range *ram;
	unsigned ram_count;
	const struct phys_range *devices;
	unsigned device_count;
	struct paddr image;
	struct paddr (*alloc)(void *context);
	void *alloc_context;
};
uint64_t vm_kernel_map(const struct vm_kernel_map *map);

/* Boot hart, once, after the kernel runs on its own table. */
void vm_init(const struct vm_features *features);

/*
 * Each hart, once: loads the kernel table, drops all else from the TLB, lowers
 * the number of ASID bits used to its own. A hart with fewer bits than the
 * others must do this before any hart activates a space. Does not need tp.
 */
void vm_hart_init(void);

/* Make a space whose root table is the page at `root` (overwritten). *space must be zero. */
void vm_space_init(struct vm_space *space, struct paddr root);
/*
 * Take the space's tables away; this hart leaves it if need be, the banks are
 * not donated any more. Preconditions: no window attached (message buffers may
 * still be mapped); no other hart runs it: vm_space_running. No fence is owed:
 * its ASID is not given out again before every hart has flushed everything.
 */
void vm_space_destroy(struct vm_space *space);
/* Harts whose satp names the space, whether or not they execute its threads. */
static inline struct hart_mask vm_space_running(const struct vm_space *space)
{
	return space->running;
}
/* Switch this hart to `space`, or to the kernel's own table with NULL. Cheap if it is there; see
 * activate.h for a faster way. */
void vm_activate(struct vm_space *space);

/*
 * Donate a bank. ERR_BUSY if it is donated, ERR_ARGUMENT if misaligned or
 * empty, ERR_LIMIT if the space has VM_SPACE_BANKS. Touches none of its pages.
 */
NODISCARD enum err vm_bank_add(struct vm_space *space, struct vm_bank *bank, struct paddr base,
			       uint64_t bytes);
/*
 * Take a bank back. What its tables map is unmapped first: user pages are
 * refilled by faults; message buffers must be mapped again by the kernel.
 * Preemptible: false = call again. True also for a bank that is not donated.
 */
bool vm_bank_remove(struct vm_bank *bank);

/* See SPACE_ATTACH_WINDOW. ERR_ARGUMENT (also overlap), ERR_BUSY (attached), ERR_LIMIT. */
NODISCARD enum err vm_window_attach(struct vm_space *space, struct vm_window *window,
				    uint64_t first_page, uint64_t pages, uint8_t rights);
/* Unmap all of it, flush, leave the space; bindings are dissolved. False = preempted, call again. */
bool vm_window_detach(struct vm_window *window);

/*
 * ERR_BUSY (is bound), ERR_NOT_BOUND (window not attached), ERR_LIMIT,
 * ERR_RIGHTS (rights beyond the window's), ERR_ARGUMENT (no or unknown rights).
 */
NODISCARD enum err vm_binding_bind(struct vm_binding *binding, struct vm_window *window,
				   struct vm_pool *pool, uint8_t rights);
/*
 * Clear every entry of the window that maps a page of the pool, unless another
 * binding of the two still allows it, flush, dissolve. False = preempted, call again.
 */
bool vm_binding_unbind(struct vm_binding *binding);

/* Append a range. ERR_LIMIT, ERR_ARGUMENT (device mixed with RAM, misaligned). */
NODISCARD enum err vm_pool_add_extent(struct vm_pool *pool, struct paddr base, uint64_t pages,
				      bool is_device);

/*
 * The window operations (kernel/abi/window.h). Each continues at item->done
 * and advances it. VM_PREEMPTED: an interrupt is pending; flushes owed must be
 * committed, then the call repeated later; each call gets at least one step
 * done. The item is a kernel copy. `flush` gathers what to fence; the caller
 * commits it before anybody is told. It must be zero at first; one serves any
 * number of items and spaces.
 * TLB state: entries removed or weakened may be cached until vm_flush_commit.
 * No fence follows an entry that becomes valid or gains rights: a hart that
 * still caches the old one faults, and vm_fault fences there.
 *
 * Common errors: ERR_ARGUMENT (range, rights, flags), ERR_NOT_BOUND (window
 * not attached, binding not bound, or either being taken away), ERR_NO_TABLE
 * (item->done pages are done, the next one is untouched).
 *
 * Accessed and dirty: MAP sets A, and D if the entry is writable, since the
 * page is about to be used and a trap that only sets a bit costs more than it
 * tells; PROTECT and CLONE leave the bits; HARVEST with CLEAR clears them, from
 * then on hardware or vm_fault sets them.
 */
#define VM_PREEMPTED ((enum err)1000)
struct vm_flush {
	struct vm_space *space; /* NULL: nothing owed */
	uint64_t first_page;	/* range of pages owed, if `pages` */
	uint64_t last_page;
	bool pages;
	bool whole;   /* whole space, non-leaf entries included */
	bool fence_i; /* every hart must refetch instructions */
};
/*
 * The largest leaf is used that alignment of both sides, count and extent
 * allow and whose slot is empty or such a leaf; 4 KiB with WINDOW_ZERO (bounded
 * zeroing). ERR_RIGHTS: beyond the binding's, or WINDOW_ZERO through a binding
 * without WRITE. ERR_ARGUMENT: WINDOW_ZERO on a device pool.
 */
NODISCARD enum err vm_map(struct vm_binding *binding, struct window_item *item,
			  struct vm_flush *flush);
/*
 * vm_map for at most VM_QUICK_PAGES frames of one extent and empty entries of
 * one table that is there, without the kernel lock: within a hart-local section
 * that holds space->lock. All of the item or, false, nothing is done; what was
 * wrong vm_map says. No fence is owed.
 */
#define VM_QUICK_PAGES 32u
bool vm_map_quick(const struct vm_binding *binding, const struct window_item *item);
/* ERR_RIGHTS: no binding of the window allows them on the page reached. */
NODISCARD enum err vm_protect(struct vm_window *window, struct window_item *item,
			      struct vm_flush *flush);
NODISCARD enum err vm_unmap(struct vm_window *window, struct window_item *item,
			    struct vm_flush *flush);
/* ERR_MISMATCH: the target's slot is valid. ERR_NOT_BOUND, ERR_RIGHTS: by the target's bindings. */
NODISCARD enum err vm_clone(struct vm_window *window, struct vm_window *target,
			    struct window_item *item, struct vm_flush *flush);
/*
 * item->count is in spans of 512 pages, va_page a multiple of them. W counts no
 * more in what is mapped there; whole flush owed. ERR_NO_TABLE: a 1 GiB leaf has
 * to be split. Bounded by the GiBs of the window and, where it shares one with
 * others, 512 tables each. Thawing: freeze.c.
 */
NODISCARD enum err vm_freeze(struct vm_window *window, struct window_item *item,
			     struct vm_flush *flush);
/* Thaw now what is frozen of the range. */
NODISCARD enum err vm_thaw_range(struct vm_window *window, struct window_item *item,
				 struct vm_flush *flush);
/*
 * `words`: the caller's message words; results go to words[item->pool_page...],
 * which must lie behind the first item, at VM_RESULT_WORD, and below
 * MESSAGE_WORDS. HARVEST reports the bits of a large leaf for each of its pages
 * and clears them only if the item covers all of it.
 */
#define VM_RESULT_WORD (WINDOW_ITEM_WORD + sizeof(struct window_item) / 8)
NODISCARD enum err vm_query(struct vm_window *window, struct window_item *item, uint64_t *words,
			    struct vm_flush *flush);
NODISCARD enum err vm_harvest(struct vm_window *window, struct window_item *item, uint64_t *words,
			      struct vm_flush *flush);
/* Fence every hart concerned; returns when all have answered. Idempotent. */
void vm_flush_commit(struct vm_flush *flush);

/*
 * A page fault of the current thread at `address` (bytes). With the kernel lock,
 * or within a hart-local section that holds space->lock. VM_FAULT_RETRY:
 * the entry allows the access (stale or raced; fenced locally), only
 * lacked A/D (set), or was frozen (thawed one step); VM_FAULT_WINDOW: ask the pager of *window;
 * VM_FAULT_NONE: no window there.
 */
enum vm_fault { VM_FAULT_RETRY, VM_FAULT_WINDOW, VM_FAULT_NONE };
enum vm_fault vm_fault(struct vm_space *space, uint64_t address, enum fault_access access,
		       struct vm_window **window);

/* Map a message-buffer page RW at MESSAGE_BUFFER_VA(number). ERR_NO_TABLE, ERR_BUSY (in use). */
NODISCARD enum err vm_message_buffer_map(struct vm_space *space, uint32_t number,
					 struct paddr page);
/* Unmap it and flush. */
void vm_message_buffer_unmap(struct vm_space *space, uint32_t number);

/*
 * V1, V2, V4, T1, T3 of all of the space, and T2: nothing waits for a fence. To
 * be called where an operation has ended, or stopped for an interrupt, and its
 * flush is committed. With the kernel lock or, within a section, space->lock. Only
 * in the debug build and in host tests.
 */
#if defined(KERNEL_DEBUG) || defined(VM_HOST)
void vm_check_space(const struct vm_space *space);
#endif

#endif
