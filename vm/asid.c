/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ASIDs and the switch from space to space.
 *
 * ASIDs are given out in order, each once in a generation; 0 is the kernel's
 * own table. When they run out the generation is counted up, and every hart
 * owes a fence of everything before it activates a space again. Spaces that
 * run on some hart at that moment keep their ASID in the new generation
 * (`running` harts cache under it, and vm_flush_commit must name it); others
 * get a new one when they are activated. So
 *
 * A1. all harts in space->running have the same ASID for it in satp, vm_asid;
 * A2. an ASID that a hart may use stands for one space in that hart's TLB:
 *     within a generation it was given once, and entries of older generations
 *     are fenced before the hart leaves the space it ran when it changed.
 *
 * tests/protocol/asid.pml is a model of this.
 *
 * That needs more ASIDs than harts. With fewer (ASID bits 0 to 3) every space
 * has ASID 0 and each switch fences it: "mode 0". Then a hart caches nothing
 * of a space that it does not run, and its bit in `live` is cleared.
 *
 * Source: privileged spec, "satp" and "sfence.vma"; the generations are known
 * from other kernels, the reserved ASIDs are at most HARTS_MAX compares here.
 */
#include "vm/table.h"

struct vm_features vm_features;
uint64_t vm_kernel_satp;

uint64_t vm_asid_generation = 1;

static struct {
	uint64_t next;		      /* 1.. */
	uint64_t mask;		      /* ASID bits that every hart has */
	uint32_t flush_owed;	      /* harts that must fence everything at their next switch */
	uint64_t reserved[HARTS_MAX]; /* ASIDs kept over the last change of generation; 0 = none */
} asid = {.next = 1, .mask = SATP_ASID_MASK};

/* Not mode 0. */
static bool has_asids(void)
{
	return asid.mask > 2 * HARTS_MAX - 2;
}

static uint64_t probe_mask(void)
{
	/* WARL: unimplemented bits, the upper ones, read as 0. No entry is cached
	 * under the odd ASID but global ones: the kernel table has no others. */
	satp_write(vm_kernel_satp | SATP_ASID_MASK << SATP_ASID_SHIFT);
	uint64_t mask = satp_read() >> SATP_ASID_SHIFT & SATP_ASID_MASK;

	satp_write(vm_kernel_satp);
	return mask;
}

/* Use no bit outside `mask`. Masks are 2^n - 1, so AND is the minimum. */
static void mask_lower(uint64_t mask)
{
	uint64_t old = __atomic_fetch_and(&asid.mask, mask, __ATOMIC_RELAXED);

	/* Once ASIDs are given out they cannot become fewer. */
	vm_assert((old & ~mask) == 0 || asid.next == 1);
}

void vm_init(const struct vm_features *features)
{
	vm_features = *features;
	mask_lower((1ull << features->asid_bits) - 1);
}

void vm_hart_init(void)
{
	mask_lower(probe_mask());
	/* What the boot table mapped is gone from here on. */
	sfence_all();
}

uint64_t vm_asid(const struct vm_space *space)
{
	return space->asid_generation & SATP_ASID_MASK;
}

static void rollover(void)
{
	vm_asid_generation++;
	asid.next = 1;
	asid.flush_owed = (1u << HARTS_MAX) - 1;
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		struct vm_space *space = *vm_current_space(i);

		asid.reserved[i] = space != NULL ? vm_asid(space) : 0;
		if (space != NULL) {
			space->asid_generation = vm_asid_generation << 16 | vm_asid(space);
			space->stale.bits = asid.flush_owed; /* for vm_activate_quick */
		}
	}
}

static bool is_reserved(uint64_t candidate)
{
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		if (asid.reserved[i] == candidate) {
			return true;
		}
	}
	return false;
}

static void set_asid(struct vm_space *space, uint64_t number)
{
	space->asid_generation = vm_asid_generation << 16 | number;
	space->satp = SATP_MODE_SV39 | number << SATP_ASID_SHIFT | space->root.raw >> PAGE_SHIFT;
}

/* Give the space an ASID of this generation if it has none. */
static void asid_renew(struct vm_space *space)
{
	uint64_t candidate;

	if (!has_asids()) {
		set_asid(space, 0);
		return;
	}
	if (space->asid_generation >> 16 == vm_asid_generation) {
		return;
	}
	do { /* at most HARTS_MAX + 1 times, and one rollover: there are more ASIDs than harts */
		if (asid.next > asid.mask) {
			rollover();
		}
		candidate = asid.next++;
	} while (is_reserved(candidate));
	set_asid(space, candidate);
	/* No hart has anything under the new ASID; who runs the space keeps its ASID (A1). */
	space->live.bits = 0;
	space->stale.bits = asid.flush_owed; /* for vm_activate_quick */
}

/* Write satp for a space that this hart does not run; fence what it may hold of it. */
static void enter(struct vm_space *space, uint32_t self)
{
	asid_renew(space);
	__atomic_fetch_or(&space->running.bits, self, __ATOMIC_RELAXED); /* A1 */
	__atomic_fetch_or(&space->live.bits, self, __ATOMIC_RELAXED);
	/* A2: pairs with F2 and F4 in vm_flush_commit, see shootdown.c. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* A3 */
	bool is_stale = __atomic_fetch_and(&space->stale.bits, ~self, __ATOMIC_RELAXED) & self;
	bool is_code_stale =
		__atomic_fetch_and(&space->stale_code.bits, ~self, __ATOMIC_RELAXED) & self;

	/*
	 * A4. What is owed is fenced before satp names the space: else a walk in
	 * between could follow an old entry into memory that is no table any more.
	 */
	if (asid.flush_owed & self) {
		/* Entries of older generations, see A2 at the top. */
		sfence_all();
		asid.flush_owed &= ~self;
	} else if (is_stale && has_asids()) {
		vm_fence_local(0, 0, vm_asid(space)); /* of this space, changed meanwhile */
	}
	satp_write(space->satp);
	if (!has_asids()) {
		vm_fence_local(0, 0, 0); /* of the space that had ASID 0 before */
	}
	if (is_code_stale) {
		fence_i();
	}
}

void vm_activate(struct vm_space *space)
{
	unsigned hart = hart_index();
	uint32_t self = 1u << hart;
	struct vm_space *old = *vm_current_space(hart);

	if (old == space) {
		return;
	}
	if (space != NULL) {
		enter(space, self);
	} else {
		satp_write(vm_kernel_satp);
		if (!has_asids()) {
			/* The old space's entries are under ASID 0 too. */
			vm_fence_local(0, 0, 0);
		}
	}
	*vm_current_space(hart) = space;
	if (old == NULL) {
		return;
	}
	if (!has_asids()) {
		__atomic_fetch_and(&old->live.bits, ~self, __ATOMIC_RELEASE);
	}
	/* Release: satp and fence before; from here on vm_flush_commit leaves this hart alone. */
	__atomic_fetch_and(&old->running.bits, ~self, __ATOMIC_RELEASE);
}
