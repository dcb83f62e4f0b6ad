/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See harness.h. The TLB of a hart is two tables that lose an entry only to a
 * fence or to another entry: translations of single pages (large leaves are
 * cached in pieces, so a fence of one address drops one piece), and entries of
 * upper levels, which later walks start from. Invalid entries are cached too.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/abi/message.h"
#include "sbi/sbi.h"
#include "tests/vm/harness.h"

#define LEAVES 509u
#define UPPERS 61u

struct cached {
	bool used;
	uint16_t asid;
	uint8_t level; /* 0: a page; else the level of the entry */
	uint64_t page; /* virtual page >> 9 * level */
	uint64_t pte;  /* as it was, of that very page at level 0 */
};

struct fake_hart {
	uint64_t satp;
	bool invalidates; /* between sfence.w.inval and sfence.inval.ir */
	unsigned sinvals; /* sinval.vma since the former: they need not have happened yet */
	struct cached sinval[32];
	struct cached leaves[LEAVES];
	struct cached uppers[UPPERS];
};

struct machine_config config;
struct machine_counts counts;
void (*before_store)(const uint64_t *pte);
unsigned this_hart;
uint64_t hot_page, hot_pages;
jmp_buf test_failed;
char failure_reason[256];
bool hart_fence_i[HARTS_MAX];

static struct fake_hart fake_harts[HARTS_MAX];
static char *memory;
static uint64_t random_state = 1;
static bool walking;	       /* no walk within a walk */
static uint32_t fence_counted; /* by vm/, of the remote fence to come */

void random_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
}

uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % limit;
}

bool one_in(unsigned n)
{
	return n != 0 && random_below(n) == 0;
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(failure_reason, sizeof(failure_reason), format, arguments);
	va_end(arguments);
	printf("  %s\n", failure_reason);
	longjmp(test_failed, 1);
}

void machine_restart(const struct machine_config *with)
{
	config = *with;
	memset(fake_harts, 0, sizeof(fake_harts));
	memset(&counts, 0, sizeof(counts));
	this_hart = 0;
	walking = false;
}

void machine_init(const struct machine_config *with)
{
	machine_restart(with);
	if (memory != NULL) {
		munmap(memory, MEMORY_BYTES);
	}
	memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
}

/* ---- what vm/ calls ------------------------------------------------------ */

void *vm_pointer(struct paddr paddr)
{
	CHECK(paddr.raw < MEMORY_BYTES);
	return memory + paddr.raw;
}

struct paddr vm_paddr(const void *pointer)
{
	CHECK((const char *)pointer >= memory && (const char *)pointer < memory + MEMORY_BYTES);
	return (struct paddr){(uint64_t)((const char *)pointer - memory)};
}

void vm_assert_at(bool condition, const char *file, int line)
{
	if (!condition) {
		fail("%s:%d: an assertion of vm/ failed", file, line);
	}
}

/* Weak: tests/fuzz has whole harts. */
__attribute__((weak)) struct vm_space **vm_current_space(unsigned hart)
{
	static struct vm_space *current[HARTS_MAX];

	return &current[hart];
}

unsigned hart_index(void)
{
	return this_hart;
}

/* Harts run while the kernel works. */
static void others_run(void)
{
	uint64_t ppn;

	if (!config.walks_during_ops || walking || hot_pages == 0 || !one_in(3)) {
		return;
	}
	walking = true;
	for (unsigned i = 0; i < 3; i++) {
		unsigned hart = (unsigned)random_below(HARTS);

		if (hart_satp(hart) != 0 && hart_satp(hart) != vm_kernel_satp) {
			hart_access(hart, hot_page + random_below(hot_pages),
				    one_in(2) ? FAULT_READ : FAULT_WRITE, &ppn);
		}
	}
	walking = false;
}

__attribute__((weak)) bool vm_preempt_pending(void)
{
	others_run();
	return one_in(config.preempt_one_in);
}

void satp_write(uint64_t value)
{
	uint64_t implemented = (1ull << config.asid_bits) - 1;

	fake_harts[this_hart].satp = value & ~((SATP_ASID_MASK & ~implemented) << SATP_ASID_SHIFT);
}

uint64_t satp_read(void)
{
	return fake_harts[this_hart].satp;
}

uint64_t hart_satp(unsigned hart)
{
	return fake_harts[hart].satp;
}

static uint16_t asid_of(uint64_t satp)
{
	return (uint16_t)(satp >> SATP_ASID_SHIFT & SATP_ASID_MASK);
}

static struct paddr root_of(uint64_t satp)
{
	return pte_paddr(satp << PTE_PPN_SHIFT);
}

static struct cached *leaf_slot(struct fake_hart *hart, uint16_t asid, uint64_t page)
{
	return &hart->leaves[(page * 31 + asid * 7) % LEAVES];
}

static struct cached *upper_slot(struct fake_hart *hart, uint16_t asid, unsigned level,
				 uint64_t prefix)
{
	return &hart->uppers[(prefix * 5 + asid * 3 + level * 101) % UPPERS];
}

static bool is_for(const struct cached *cached, uint16_t asid, unsigned level, uint64_t page)
{
	return cached->used && cached->asid == asid && cached->level == level &&
	       cached->page == page;
}

static void drop_all(struct fake_hart *hart)
{
	memset(hart->leaves, 0, sizeof(hart->leaves));
	memset(hart->uppers, 0, sizeof(hart->uppers));
}

static void drop_asid(struct fake_hart *hart, uint64_t asid)
{
	for (unsigned i = 0; i < LEAVES; i++) {
		if (hart->leaves[i].asid == asid) {
			hart->leaves[i].used = false;
		}
	}
	for (unsigned i = 0; i < UPPERS; i++) {
		if (hart->uppers[i].asid == asid) {
			hart->uppers[i].used = false;
		}
	}
}

static void drop_page(struct fake_hart *hart, uint64_t page, uint64_t asid)
{
	struct cached *cached = leaf_slot(hart, (uint16_t)asid, page);

	if (is_for(cached, (uint16_t)asid, 0, page)) {
		cached->used = false;
	}
}

void sfence_all(void)
{
	others_run();
	counts.local_fences++;
	drop_all(&fake_harts[this_hart]);
}

void sfence_asid(uint64_t asid)
{
	others_run();
	counts.local_fences++;
	CHECK(!config.fence_all_only);
	drop_asid(&fake_harts[this_hart], asid);
}

void sfence_page(uint64_t address, uint64_t asid)
{
	others_run();
	counts.local_fences++;
	CHECK(!config.fence_all_only);
	drop_page(&fake_harts[this_hart], address >> PAGE_SHIFT, asid);
}

void sfence_w_inval(void)
{
	others_run();
	CHECK(config.svinval && !fake_harts[this_hart].invalidates);
	fake_harts[this_hart].invalidates = true;
	fake_harts[this_hart].sinvals = 0;
}

void sinval_page(uint64_t address, uint64_t asid)
{
	struct fake_hart *hart = &fake_harts[this_hart];

	counts.invalidations++;
	CHECK(hart->invalidates && hart->sinvals < ARRAY_SIZE(hart->sinval));
	CHECK(!config.fence_all_only);
	hart->sinval[hart->sinvals++] = (struct cached){
		.asid = (uint16_t)asid,
		.page = address >> PAGE_SHIFT,
	};
}

void sfence_inval_ir(void)
{
	struct fake_hart *hart = &fake_harts[this_hart];

	others_run();
	counts.local_fences++;
	CHECK(hart->invalidates);
	hart->invalidates = false;
	for (unsigned i = 0; i < hart->sinvals; i++) {
		drop_page(hart, hart->sinval[i].page, hart->sinval[i].asid);
	}
}

void fence_i(void)
{
	counts.fences_i++;
	hart_fence_i[this_hart] = true;
}

void zero_block(void *block)
{
	memset(block, 0, 64);
}

void vm_count_remote_fence(uint32_t mask)
{
	fence_counted = mask;
}

void sbi_remote_sfence_vma(struct hart_mask harts, uint64_t first_page, uint64_t count, int asid)
{
	others_run();
	counts.remote_fences++;
	counts.remote_whole += count == 0;
	CHECK(harts.bits != 0 && !(harts.bits & 1u << this_hart));
	CHECK(fence_counted == harts.bits);
	fence_counted = 0;
	CHECK(!config.fence_all_only || (count == 0 && asid < 0));
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		if (!(harts.bits & 1u << i)) {
			continue;
		}
		if (asid < 0) {
			CHECK(count == 0);
			drop_all(&fake_harts[i]);
		} else if (count == 0) {
			drop_asid(&fake_harts[i], (uint64_t)asid);
		} else {
			for (uint64_t p = 0; p < count; p++) {
				drop_page(&fake_harts[i], first_page + p, (uint64_t)asid);
			}
		}
	}
	others_run();
}

void sbi_remote_fence_i(struct hart_mask harts)
{
	CHECK(harts.bits != 0 && !(harts.bits & 1u << this_hart));
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		if (harts.bits & 1u << i) {
			hart_fence_i[i] = true;
		}
	}
}

/* ---- walks ---------------------------------------------------------------- */

/* Bits 63..54 of a leaf: PBMT=IO for devices in user mode, if it is implemented, else 0. */
static void check_high_bits(uint64_t pte)
{
	bool is_device = (pte & PTE_U) && pte_paddr(pte).raw < DEVICES_END;

	CHECK(pte >> 54 << 54 == (config.svpbmt && is_device ? PTE_PBMT_IO : 0));
}

/* The leaf's entry for the page, or 0. `frozen`: go through frozen entries, too. */
static uint64_t walk_to_leaf(struct paddr root, uint64_t page, bool frozen)
{
	struct paddr table = root;
	bool is_frozen = false;

	for (unsigned level = SV39_ROOT_LEVEL;; level--) {
		uint64_t pte = ((uint64_t *)vm_pointer(table))[sv39_index(page, level)];

		if (!(pte & PTE_V)) {
			CHECK(pte == 0 || level > 0);
			if (pte == 0 || !frozen) {
				return 0;
			}
			is_frozen = true;
		}
		if (pte & PTE_RWX) {
			uint64_t inside = page & (sv39_span(level) - 1);

			CHECK((pte_ppn(pte) & (sv39_span(level) - 1)) ==
			      0);				/* misaligned superpage */
			CHECK(!(pte & PTE_W) || (pte & PTE_R)); /* reserved */
			check_high_bits(pte);
			return (is_frozen ? pte_thawed(pte) : pte) + (inside << PTE_PPN_SHIFT);
		}
		CHECK(level != 0);
		CHECK(!(pte & (PTE_A | PTE_D | PTE_U))); /* reserved in non-leaf entries */
		table = pte_paddr(pte);
	}
}

uint64_t walk_memory(struct paddr root, uint64_t page)
{
	return walk_to_leaf(root, page, false);
}

uint64_t walk_tables(struct paddr root, uint64_t page)
{
	return walk_to_leaf(root, page, true);
}

unsigned buffers_mapped(const struct vm_space *space)
{
	struct vm_slot slot = vm_slot_find(space, MESSAGE_BUFFER_BASE >> PAGE_SHIFT, 1);
	unsigned mapped = 0;

	for (unsigned i = 0; i < SV39_ENTRIES && slot.level == 1; i++) {
		mapped += slot.pte[i] != 0 ? vm_table_info(pte_paddr(slot.pte[i]))->live : 0;
	}
	return mapped;
}

static void cache(struct cached *slot, uint16_t asid, unsigned level, uint64_t page, uint64_t pte)
{
	*slot = (struct cached){true, asid, (uint8_t)level, page, pte};
}

/*
 * Walk from the root or from a cached upper entry. Returns the leaf's entry,
 * NULL if the walk ended at an invalid one. Fills the caches.
 */
static uint64_t *walk(struct fake_hart *hart, uint64_t page, unsigned *level)
{
	uint16_t asid = asid_of(hart->satp);
	struct paddr table = root_of(hart->satp);

	*level = SV39_ROOT_LEVEL;
	for (unsigned l = 1; l <= SV39_ROOT_LEVEL && !one_in(3); l++) {
		uint64_t prefix = page >> (SV39_INDEX_BITS * l);
		struct cached *upper = upper_slot(hart, asid, l, prefix);

		if (is_for(upper, asid, l, prefix)) {
			if (upper->pte == 0) {
				return NULL;
			}
			table = pte_paddr(upper->pte);
			*level = l - 1;
			break;
		}
	}
	for (;; --*level) {
		uint64_t *entry = (uint64_t *)vm_pointer(table) + sv39_index(page, *level);
		uint64_t prefix = page >> (SV39_INDEX_BITS * *level);
		uint64_t pte = *entry & PTE_V ? *entry : 0;

		if (*level > 0 && !pte_is_leaf(pte) && (pte != 0 || one_in(4))) {
			cache(upper_slot(hart, asid, *level, prefix), asid, *level, prefix, pte);
		}
		if (*level == 0 && pte == 0 && one_in(4)) {
			cache(leaf_slot(hart, asid, page), asid, 0, page, 0);
		}
		if (pte_is_leaf(pte)) {
			return entry;
		}
		if (pte == 0 || *level == 0) { /* 0: stale, between satp and the fence */
			return NULL;
		}
		table = pte_paddr(pte);
	}
}

bool hart_access(unsigned number, uint64_t page, enum fault_access access, uint64_t *ppn)
{
	struct fake_hart *hart = &fake_harts[number];
	uint16_t asid = asid_of(hart->satp);
	struct cached *cached = leaf_slot(hart, asid, page);
	uint64_t need = access == FAULT_WRITE ? PTE_W : access == FAULT_EXECUTE ? PTE_X : PTE_R;
	uint64_t bits = PTE_A | (access == FAULT_WRITE ? PTE_D : 0);
	unsigned level;

	if (is_for(cached, asid, 0, page)) {
		if (!(cached->pte & need)) {
			return false;
		}
		if ((cached->pte & bits) == bits) {
			*ppn = pte_ppn(cached->pte);
			return true;
		}
	}
	uint64_t *entry = walk(hart, page, &level);

	if (entry == NULL) {
		return false;
	}
	uint64_t inside = page & (sv39_span(level) - 1);

	if (!(*entry & need)) {
		cache(cached, asid, 0, page, *entry + (inside << PTE_PPN_SHIFT));
		return false;
	}
	if ((*entry & bits) != bits) {
		if (!config.updates_ad) {
			return false;
		}
		*entry |= bits;
	}
	cache(cached, asid, 0, page, *entry + (inside << PTE_PPN_SHIFT));
	*ppn = pte_ppn(cached->pte);
	return true;
}

unsigned hart_tlb_entries(unsigned hart)
{
	unsigned count = 0;

	for (unsigned i = 0; i < LEAVES; i++) {
		count += fake_harts[hart].leaves[i].used;
	}
	return count;
}

/* A cached translation may say less than the tables (a fault then fences), never more. */
static void check_leaf(unsigned number, struct paddr root, const struct cached *cached)
{
	uint64_t now = walk_memory(root, cached->page);
	uint64_t bits = PTE_V | PTE_RWX | PTE_U | PTE_A | PTE_D;

	if (cached->pte == 0) {
		return;
	}
	if (now == 0 || pte_ppn(now) != pte_ppn(cached->pte) || (cached->pte & bits & ~now) != 0) {
		fail("stale TLB entry: hart %u, asid %u, page %lx, cached %lx, tables say %lx",
		     number, cached->asid, cached->page, cached->pte, now);
	}
}

static void check_upper(unsigned number, struct paddr root, const struct cached *cached)
{
	struct paddr table = root;
	uint64_t pte = 0;

	if (cached->pte == 0) {
		return;
	}
	for (unsigned level = SV39_ROOT_LEVEL; level >= cached->level; level--) {
		unsigned shift = SV39_INDEX_BITS * (level - cached->level);

		pte = ((uint64_t *)vm_pointer(table))[cached->page >> shift & (SV39_ENTRIES - 1)];
		if (level > cached->level) {
			if (!pte_is_table(pte) || pte_is_frozen(pte)) {
				pte = 0;
				break;
			}
			table = pte_paddr(pte);
		}
	}
	if (pte != cached->pte) {
		fail("stale upper entry: hart %u, asid %u, level %u, prefix %lx, cached %lx, "
		     "tables say %lx",
		     number, cached->asid, cached->level, cached->page, cached->pte, pte);
	}
}

void hart_check_tlb(unsigned number)
{
	struct fake_hart *hart = &fake_harts[number];
	uint16_t asid = asid_of(hart->satp);

	if (hart->satp == 0 || hart->satp == vm_kernel_satp) {
		return;
	}
	for (unsigned i = 0; i < LEAVES; i++) {
		if (hart->leaves[i].used && hart->leaves[i].asid == asid) {
			check_leaf(number, root_of(hart->satp), &hart->leaves[i]);
		}
	}
	for (unsigned i = 0; i < UPPERS; i++) {
		if (hart->uppers[i].used && hart->uppers[i].asid == asid) {
			check_upper(number, root_of(hart->satp), &hart->uppers[i]);
		}
	}
}

/* ---- stores to entries ---------------------------------------------------- */

/* No hart may still use another frame for a page while an entry for it becomes valid. */
static void check_frames(const struct vm_space *space, uint64_t page, unsigned level, uint64_t pte)
{
	for (unsigned h = 0; h < HARTS; h++) {
		struct fake_hart *hart = &fake_harts[h];
		uint16_t asid = asid_of(hart->satp);

		if (root_of(hart->satp).raw != space->root.raw) {
			continue;
		}
		for (unsigned i = 0; i < (level == 0 ? 1 : LEAVES); i++) {
			struct cached *cached =
				level == 0 ? leaf_slot(hart, asid, page) : &hart->leaves[i];
			uint64_t inside = cached->page - page;

			if (cached->used && cached->asid == asid && cached->pte != 0 &&
			    inside < sv39_span(level) &&
			    pte_ppn(cached->pte) != pte_ppn(pte) + inside) {
				fail("page %lx becomes frame %lx while hart %u uses frame %lx",
				     cached->page, pte_ppn(pte) + inside, h, pte_ppn(cached->pte));
			}
		}
	}
}

void pte_trace(const uint64_t *pte, uint64_t value)
{
	uint64_t pa = vm_paddr(pte).raw;
	uint64_t page = 0;
	unsigned level = 0;

	if (walking) {
		return;
	}
	counts.stores++;
	if (before_store != NULL) {
		before_store(pte);
	}
	if (config.walks_during_ops && one_in(8)) {
		others_run();
	}
	if ((value & (PTE_W | PTE_X)) == (PTE_W | PTE_X)) {
		fail("W and X in an entry");
	}
	if (pa < BANKS_BASE || pa >= BANKS_END || !pte_is_leaf(value)) {
		return; /* root tables and the kernel's */
	}
	const struct vm_space *space = vm_chunk_of((struct paddr){pa})->bank->space;
	unsigned shift = vm_table_info((struct paddr){pa & ~0xfffull})->level;

	for (level = shift;; shift++) {
		page |= (pa / 8 % SV39_ENTRIES) << (SV39_INDEX_BITS * shift);
		struct paddr table = {pa & ~0xfffull};

		if (table.raw == space->root.raw) {
			break;
		}
		pa = vm_table_info(table)->parent;
	}
	check_frames(space, page, level, value);
}
