/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown: what is owed is gathered in a struct vm_flush and fenced once.
 *
 * Who must fence. A hart caches entries of a space only under the space's
 * ASID, and only if its bit is in `live`. If it runs the space (`running`) it
 * fences now: this hart by itself, the others through the firmware. If it does
 * not, its entries cannot be used until it activates the space again, so its
 * bit in `stale` is set and vm_activate fences the whole ASID then; it is not
 * interrupted. For fence.i the same with stale_code, for every hart.
 *
 * The race with vm_activate on another hart, were the kernel lock not held:
 *
 *   commit:    F1 entries changed     activate:  A1 set running, live
 *              F2 full fence                     A2 full fence
 *              F3 stale |= live                  A3 take own bit of stale
 *              F4 full fence                     A4 fence if A3 found it, satp
 *              F5 read running; fence those
 *
 * F3 misses the live bit: then A1 is after F2, so the walks after A2 see F1,
 * and there was nothing cached. F5 misses the running bit: then A1 is after
 * F4, so A3 sees F3. Else the hart is fenced by F5.
 *
 * Two commits for one space do need the lock: the last line of fence_space
 * could take away a mark that the other has set. Models of these steps, and of
 * the same with lock, sections and eviction: fences.pml and shootdown.pml in
 * tests/protocol/.
 */
#include "sbi/sbi.h"
#include "vm/table.h"

/* From this many pages on one fence of the whole ASID is cheaper. */
#define FLUSH_PAGES_MAX 32u

/* Make `flush` one for `space`. */
static void flush_for(struct vm_flush *flush, struct vm_space *space)
{
	if (flush->space != space) {
		vm_flush_commit(flush);
		flush->space = space;
	}
}

void vm_flush_range(struct vm_flush *flush, struct vm_space *space, uint64_t first_page,
		    uint64_t pages)
{
	uint64_t last_page = first_page + pages - 1;

	flush_for(flush, space);
	if (!flush->pages || first_page < flush->first_page) {
		flush->first_page = first_page;
	}
	if (!flush->pages || last_page > flush->last_page) {
		flush->last_page = last_page;
	}
	flush->pages = true;
}

void vm_flush_before(struct vm_flush *flush, const struct vm_space *space, uint64_t first_page,
		     uint64_t pages)
{
	bool overlaps = flush->pages && first_page <= flush->last_page &&
			flush->first_page < first_page + pages;

	if (flush->space == space && (flush->whole || overlaps)) {
		vm_flush_commit(flush);
	}
}

void vm_flush_whole(struct vm_flush *flush, struct vm_space *space)
{
	flush_for(flush, space);
	flush->whole = true;
}

void vm_flush_fence_i(struct vm_flush *flush, struct vm_space *space)
{
	flush_for(flush, space);
	flush->fence_i = true;
}

void vm_fence_local(uint64_t first_page, uint64_t count, uint64_t asid)
{
	if (vm_features.fence_all_only) {
		sfence_all();
	} else if (count == 0) {
		sfence_asid(asid);
	} else if (count > 1 && vm_features.svinval) {
		sfence_w_inval();
		for (uint64_t i = 0; i < count; i++) { /* as below */
			sinval_page((first_page + i) << PAGE_SHIFT, asid);
		}
		sfence_inval_ir();
	} else {
		for (uint64_t i = 0; i < count; i++) { /* FLUSH_PAGES_MAX at most */
			sfence_page((first_page + i) << PAGE_SHIFT, asid);
		}
	}
}

static void fence_space(struct vm_space *space, uint64_t first_page, uint64_t count)
{
	uint32_t self = 1u << hart_index();

	/* F2: entries changed before, `live` read after. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint32_t live = __atomic_load_n(&space->live.bits, __ATOMIC_RELAXED);

	__atomic_fetch_or(&space->stale.bits, live, __ATOMIC_RELAXED); /* F3 */
	/* F4: stale before running; pairs with A2 in vm_activate. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint32_t running = __atomic_load_n(&space->running.bits, __ATOMIC_RELAXED); /* F5 */
	uint64_t asid = vm_asid(space);

	if (running & self) {
		vm_fence_local(first_page, count, asid);
	}
	if (running & ~self) {
		struct hart_mask others = {running & ~self};

		vm_count_remote_fence(others.bits);
		if (vm_features.fence_all_only) {
			sbi_remote_sfence_vma(others, 0, 0, -1);
		} else {
			sbi_remote_sfence_vma(others, first_page, count, (int)asid);
		}
	}
	/* They have fenced, and a hart that began to run meanwhile fences itself. */
	__atomic_fetch_and(&space->stale.bits, ~running, __ATOMIC_RELAXED);
}

/*
 * Precondition: the new code was stored before; the fences order those stores
 * before the mark and the call (SBI spec, RFENCE: remote_fence_i).
 */
static void fence_code(struct vm_space *space)
{
	uint32_t self = 1u << hart_index();

	__atomic_fetch_or(&space->stale_code.bits, (1u << HARTS_MAX) - 1, __ATOMIC_RELAXED);
	/* As F4. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint32_t running = __atomic_load_n(&space->running.bits, __ATOMIC_RELAXED);

	if (running & self) {
		fence_i();
	}
	if (running & ~self) {
		sbi_remote_fence_i((struct hart_mask){running & ~self});
	}
	__atomic_fetch_and(&space->stale_code.bits, ~running, __ATOMIC_RELAXED);
}

void vm_flush_commit(struct vm_flush *flush)
{
	struct vm_space *space = flush->space;

	if (space == NULL) {
		return;
	}
	bool is_whole = flush->whole || space->limbo != 0;

	if (is_whole || flush->pages) {
		uint64_t count = flush->last_page - flush->first_page + 1;

		if (is_whole || count > FLUSH_PAGES_MAX) {
			count = 0;
		}
		fence_space(space, flush->first_page, count);
		vm_limbo_release(space);
	}
	if (flush->fence_i) {
		fence_code(space);
	}
	*flush = (struct vm_flush){0};
}
