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
 * except vm_kernel_map and vm_hart_init, which run at boot. vm/ waits for no
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

#define VM_POOL_EXTENTS 8
#define VM_WINDOW_BINDINGS 8
#define VM_SPACE_WINDOWS 16

/* What the harts can do; filled in at boot from device tree, firmware ids and probes. */
struct vm_features {
	unsigned asid_bits;	   /* implemented ASID bits, 0..16 */
	bool fence_all_only;	   /* errata: only sfence.vma x0,x0 is reliable (CIP-1200, FU540) */
	bool cache_block_zero;	   /* Zicboz on every hart, blocks of 64 bytes */
};

struct vm_bank {
	struct vm_space *space;	  /* NULL: not donated yet */
	struct vm_bank *next;	  /* next bank of the space */
	struct paddr base;	  /* 64 KiB aligned */
	uint64_t bytes;		  /* multiple of 64 KiB */
};

struct vm_space {
	struct paddr root;		  /* root table, one page */
	struct vm_bank *banks;
	uint64_t free_tables;		  /* physical address of the first free table page, 0 = none */
	uint32_t tables_used, tables_free; /* pages, the root not counted */
	struct hart_mask live;		  /* harts whose TLB may hold entries of this space */
	uint64_t asid_generation;	  /* generation << 16 | asid; 0 = none yet */
	uint32_t window_count;
	struct vm_window *windows[VM_SPACE_WINDOWS]; /* sorted by first_page */
};

struct vm_window {
	struct vm_space *space; /* NULL: not attached */
	uint64_t first_page;	/* multiple of 512 */
	uint64_t pages;		/* multiple of 512 */
	uint8_t rights;		/* RIGHT_READ | WRITE | EXECUTE */
	uint32_t binding_count;
	struct vm_binding *bindings[VM_WINDOW_BINDINGS];
	uint64_t cursor; /* page reached by an unfinished detach */
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
	uint8_t rights;
	uint64_t cursor; /* page reached by an unfinished unbind */
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

/* Each hart, once: loads the kernel table, learns its ASID bits. */
void vm_hart_init(void);

/* Pointer into the direct map. Precondition: paddr below 128 GiB. */
void *vm_pointer(struct paddr paddr);
/* The inverse, for pointers into the direct map. */
struct paddr vm_paddr(const void *pointer);

/* Make a space whose root table is the page at `root` (overwritten). */
void vm_space_init(struct vm_space *space, struct paddr root);
/*
 * Take the space's tables away: all harts leave it, banks are free again.
 * Precondition: no window attached (message buffers may still be mapped).
 */
void vm_space_destroy(struct vm_space *space);
/* Switch this hart to `space`, or to the kernel's own table with NULL. */
void vm_activate(struct vm_space *space);

/* Donate a bank. ERR_BUSY if it is donated, ERR_ARGUMENT if misaligned. */
NODISCARD enum err vm_bank_add(struct vm_space *space, struct vm_bank *bank, struct paddr base,
			       uint64_t bytes);
/*
 * Take a bank back. Empties the whole space's user tables first if any of its
 * pages is in use (they are refilled by faults). Preemptible: false = call again.
 */
bool vm_bank_remove(struct vm_bank *bank);

/* See SPACE_ATTACH_WINDOW. ERR_ARGUMENT, ERR_BUSY (attached), ERR_LIMIT. */
NODISCARD enum err vm_window_attach(struct vm_space *space, struct vm_window *window,
				    uint64_t first_page, uint64_t pages, uint8_t rights);
/* Unmap all of it, flush, leave the space; bindings are dissolved. False = preempted, call again. */
bool vm_window_detach(struct vm_window *window);

/* ERR_BUSY, ERR_LIMIT, ERR_RIGHTS (rights beyond the window's). */
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
 * committed, then the call repeated later. The item is a kernel copy.
 * `flush` gathers what to fence; the caller commits it before anybody is told.
 * TLB state: entries removed or weakened may be cached until vm_flush_commit.
 */
#define VM_PREEMPTED ((enum err)1000)
struct vm_flush {
	struct vm_space *space; /* NULL: nothing owed */
	uint64_t first_page;	/* range of pages owed; ignored if whole */
	uint64_t last_page;
	bool whole;   /* whole space, non-leaf entries included */
	bool fence_i; /* every hart must refetch instructions */
};
NODISCARD enum err vm_map(struct vm_binding *binding, struct window_item *item,
			  struct vm_flush *flush);
NODISCARD enum err vm_protect(struct vm_window *window, struct window_item *item,
			      struct vm_flush *flush);
NODISCARD enum err vm_unmap(struct vm_window *window, struct window_item *item,
			    struct vm_flush *flush);
NODISCARD enum err vm_clone(struct vm_window *window, struct vm_window *target,
			    struct window_item *item, struct vm_flush *flush);
/* `words`: the caller's message words; results go to words[item->pool_page...]; bounds checked
 * against MESSAGE_WORDS and against overwriting the items. */
NODISCARD enum err vm_query(struct vm_window *window, struct window_item *item, uint64_t *words,
			    struct vm_flush *flush);
NODISCARD enum err vm_harvest(struct vm_window *window, struct window_item *item, uint64_t *words,
			      struct vm_flush *flush);
/* Fence every hart concerned; returns when all have answered. Idempotent. */
void vm_flush_commit(struct vm_flush *flush);

/*
 * A page fault of the current thread at `address` (bytes). VM_FAULT_RETRY:
 * the entry allows the access (stale or raced; fenced locally) or only
 * lacked A/D (set); VM_FAULT_WINDOW: ask the pager of *window;
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

#endif
