/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the machine allow what the model says? Random window operations on two
 * spaces, this program's own and another one; before and after each, threads
 * in both (prober.h) load, store and fetch at the pages concerned, their
 * neighbours and others, and each answer of the MMU is compared with a flat
 * model: allowed or not, and by the number that each frame holds, which frame.
 * Before, so that the TLBs hold what the operation must drop.
 *
 * The frames also lie in a window of the main thread's, where it sees whether
 * stores went to the right frame and no other.
 *
 * Fails if an entry gets a wrong frame, right or U bit, if a fence of the own
 * hart is left out (own space, any number of harts) or one of other harts (two
 * and more), if a split or a dropped table changes a neighbour, if HARVEST
 * misses a store. Not tested: that the kernel itself cannot reach user pages.
 * There is nothing to test from here: no system call takes an address, all
 * words travel in registers and in the message buffer, which is a kernel
 * object, and the kernel never sets SUM.
 *
 * A failure names its seed: -DHARDWARE_SEED in module.mk runs that one first.
 */
#include "tests/native-vm/hardware.h"
#include "tests/native-vm/prober.h"

#ifndef HARDWARE_OPERATIONS
#define HARDWARE_OPERATIONS 2000u
#endif

#define ALIAS_VA (TEST_VA + (1ul << 30))
#define RESULT_WORD 300
#define HARVEST_MAX ((MESSAGE_WORDS - RESULT_WORD) * 32u)
#define RANDOM_PAGES 5

struct flat_space spaces[SPACES];
cap_t windows[SPACES], bindings[SPACES][POOLS];
struct batch_item batch[BATCH_MAX];
unsigned batch_items, hardware_seed;
static cap_t pools[POOLS], alias_window;
static unsigned prober_count, operation;
static uint64_t stored[FRAMES][PROBERS];
static unsigned sample[PROBES], samples;

static volatile uint64_t *frame_word(unsigned frame, unsigned offset)
{
	return (volatile uint64_t *)(ALIAS_VA + frame * 4096ul + offset);
}

static void frame_fill(unsigned frame)
{
	code_write((volatile uint32_t *)frame_word(frame, 0), frame + 1);
	*frame_word(frame, FRAME_NUMBER) = frame + 1;
	for (unsigned i = 0; i < PROBERS; i++) {
		*frame_word(frame, FRAME_STORED(i)) = 0;
		stored[frame][i] = 0;
	}
}

static void describe(void)
{
	for (unsigned i = 0; i < batch_items; i++) {
		const struct window_item *item = &batch[i].item;

		log_print("seed %u operation %u: space %u op %u rights %u flags %u page %lu "
			  "count %u pool %u page %lu expected %lu done %u\n",
			  hardware_seed, operation, batch[i].space, item->op, item->rights,
			  item->flags, item->va_page - FLAT_FIRST, item->count, batch[i].pool,
			  item->pool_page, item->expected, item->done);
	}
}

/* --- probes ------------------------------------------------------------------------- */

static void sample_add(uint64_t page)
{
	if (page < FLAT_PAGES && samples < PROBES)
		sample[samples++] = (unsigned)page;
}

void sample_range(uint64_t first, uint64_t count)
{
	uint64_t border = (first + FLAT_BLOCK - 1) / FLAT_BLOCK * FLAT_BLOCK;

	sample_add(first - 1);
	sample_add(first);
	sample_add(first + count - 1);
	sample_add(first + count);
	if (border < first + count) {
		sample_add(border);
		sample_add(border - 1);
	}
	for (unsigned i = 0; i < 3 && i < count / 2; i++)
		sample_add(first + below(count));
}

static unsigned expected_kinds(const struct flat_page *page)
{
	if (page->frame == 0)
		return 0;
	return (page->rights & RIGHT_READ ? 1u << PROBE_LOAD : 0) |
	       (page->rights & RIGHT_WRITE ? 1u << PROBE_STORE : 0) |
	       (page->rights & RIGHT_EXECUTE ? 1u << PROBE_FETCH : 0);
}

static void probe_wrong(const struct prober *p, const struct probe *probe, const char *what,
			uint64_t value)
{
	unsigned page = (unsigned)((probe->va >> 12) - FLAT_FIRST);
	const struct flat_page *model = &spaces[p->space].pages[page];
	struct window_item ask = {.cap = windows[p->space],
				  .op = WINDOW_QUERY,
				  .va_page = probe->va >> 12,
				  .pool_page = RESULT_WORD,
				  .count = 1};

	describe();
	CHECK_OK(window_item(&ask, NULL));
	test_fail("seed %u operation %u prober %u space %u page %u: %s %lx; model frame %d rights "
		  "%x, entry %lx",
		  hardware_seed, operation, p->index, p->space, page, what, value, model->frame - 1,
		  model->rights, message_buffer()->words[RESULT_WORD]);
}

static void probe_check(const struct prober *p, const struct probe *probe)
{
	static const char *const names[] = {"load", "store", "fetch"};
	unsigned page = (unsigned)((probe->va >> 12) - FLAT_FIRST);
	const struct flat_page *model = &spaces[p->space].pages[page];
	unsigned frame = model->frame - 1u, kinds = expected_kinds(model);
	uint64_t values[PROBE_KINDS] = {frame + 1, 0, code_value(frame + 1)};

	for (unsigned kind = 0; kind < PROBE_KINDS; kind++) {
		bool is_allowed = kinds & 1u << kind;

		if (!(probe->tries & 1u << kind))
			continue;
		if (probe->results[kind] != (is_allowed ? values[kind] : ACCESS_REFUSED))
			probe_wrong(p, probe, names[kind], probe->results[kind]);
		if (is_allowed)
			flat_access(&spaces[p->space], page, kind == PROBE_STORE);
		if (is_allowed && kind == PROBE_STORE)
			stored[frame][p->index] = probe->value;
	}
}

/* Where the model has the frames, the stores must have gone there and to no other. */
static void stores_check(const struct prober *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		unsigned page = (unsigned)((p->probes[i].va >> 12) - FLAT_FIRST);
		unsigned frame = spaces[p->space].pages[page].frame;

		if (frame != 0 &&
		    *frame_word(frame - 1, FRAME_STORED(p->index)) != stored[frame - 1][p->index])
			probe_wrong(p, &p->probes[i], "stored",
				    *frame_word(frame - 1, FRAME_STORED(p->index)));
	}
}

/* All kinds, or only those that the model allows; before the operation, or behind it. */
static void probe_sample(bool is_all, bool is_before)
{
	static uint64_t value;

	for (unsigned i = 0; i < prober_count; i++) {
		struct prober *p = &probers[i];

		p->count = samples;
		for (unsigned s = 0; s < samples; s++)
			p->probes[s] = (struct probe){
				.va = (FLAT_FIRST + sample[s]) << 12,
				.value = ++value,
				.tries = is_all ? (1u << PROBE_KINDS) - 1
						: (uint8_t)expected_kinds(
							  &spaces[p->space].pages[sample[s]]),
				.first = (uint8_t)below(PROBE_KINDS),
			};
	}
	/* On one hart the own space comes last before the operation and first behind it: in
	 * between its TLB entries stay. */
	probers_run(prober_count, is_before);
	for (unsigned i = 0; i < prober_count; i++) {
		for (unsigned s = 0; s < samples; s++)
			probe_check(&probers[i], &probers[i].probes[s]);
	}
	for (unsigned i = 0; i < prober_count; i++)
		stores_check(&probers[i]);
}

/* --- operations --------------------------------------------------------------------- */

static enum err model_item(unsigned i)
{
	struct flat_space *space = &spaces[batch[i].space];
	struct window_item *item = &batch[i].item;

	switch (item->op) {
	case WINDOW_MAP:
		return flat_map(space, batch[i].pool, item);
	case WINDOW_PROTECT:
		return flat_protect(space, item);
	case WINDOW_UNMAP:
		return flat_unmap(space, item);
	case WINDOW_FREEZE:
		return flat_freeze(space, item);
	default: /* WINDOW_CLONE */
		return flat_clone(space, &spaces[!batch[i].space], item);
	}
}

static void zeroed_check(const struct window_item *item, unsigned pool)
{
	for (uint32_t i = 0; i < item->done; i++) {
		unsigned frame = pool_base(pool) + (unsigned)item->pool_page + i;

		for (unsigned offset = 0; offset < 4096; offset += 8)
			CHECK_EQUAL(*frame_word(frame, offset), 0);
		frame_fill(frame);
	}
}

static void run_batch(void)
{
	struct window_item *items =
		(struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct message m = {.tag = MESSAGE_TAG_ITEMS(batch_items)};
	enum err err, wanted = ERR_OK;

	for (unsigned i = 0; i < batch_items; i++)
		items[i] = batch[i].item;
	err = syscall_message(SYS_WINDOW, 0, &m);
	for (unsigned i = 0; i < batch_items; i++) {
		uint32_t done = items[i].done;

		if (wanted == ERR_OK)
			wanted = model_item(i);
		if (done != batch[i].item.done) {
			describe();
			test_fail("seed %u operation %u item %u: %u pages done, not %u",
				  hardware_seed, operation, i, done, batch[i].item.done);
		}
	}
	if (err != wanted) {
		describe();
		test_fail("seed %u operation %u: error %d, not %d", hardware_seed, operation,
			  (int)err, (int)wanted);
	}
	for (unsigned i = 0; i < batch_items; i++) {
		if (batch[i].item.flags & WINDOW_ZERO)
			zeroed_check(&batch[i].item, batch[i].pool);
	}
}

static void harvest_check(unsigned s, struct window_item item)
{
	CHECK_OK(window_item(&item, NULL));
	const char *wrong = flat_harvest(&spaces[s], &item, &message_buffer()->words[RESULT_WORD]);
	if (wrong != NULL)
		test_fail("seed %u operation %u harvest of space %u page %lu count %u: %s",
			  hardware_seed, operation, s, item.va_page - FLAT_FIRST, item.count,
			  wrong);
}

static void run_harvest(void)
{
	unsigned s = (unsigned)below(SPACES);
	struct window_item item = {.cap = windows[s],
				   .op = WINDOW_HARVEST,
				   .flags = chance(70) ? WINDOW_CLEAR : 0,
				   .pool_page = RESULT_WORD};
	uint64_t first, count;

	random_range(&first, &count);
	switch (below(3)) {
	case 0:
		first = 0;
		count = FLAT_PAGES;
		break;
	case 1: /* a large leaf and nothing else, whose fence would do for the leaf too */
		first = random_block();
		count = FLAT_BLOCK;
		random_leaf(s, first, RIGHT_READ | RIGHT_WRITE);
		run_batch();
		break;
	default:
		break;
	}
	item.va_page = FLAT_FIRST + first;
	item.count = (uint32_t)(count < HARVEST_MAX ? count : HARVEST_MAX);
	sample_range(first, item.count);
	probe_sample(false, true);
	harvest_check(s, item);
	/* One of the pages and no other, which would set the bits of a leaf that they share. */
	unsigned all = samples;

	sample[0] = sample[below(samples)];
	samples = 1;
	probe_sample(false, false);
	samples = all;
	item.flags = 0;
	harvest_check(s, item);
}

static void bind(unsigned s, unsigned pool, unsigned rights)
{
	CHECK_OK(try_make(OBJECT_BINDING, 0, 1, bindings[s][pool]));
	CHECK_OK(invoke5(bindings[s][pool], BINDING_BIND, windows[s], pools[pool], rights, 0, 0));
	spaces[s].allowed[pool] = (uint8_t)rights;
}

/* The binding to the second pool goes, and comes back with other rights. */
static void run_rebind(void)
{
	static const uint8_t rights[] = {RIGHT_READ, RIGHT_READ | RIGHT_WRITE,
					 RIGHT_READ | RIGHT_EXECUTE,
					 RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE};
	unsigned s = (unsigned)below(SPACES), from = (unsigned)below(FLAT_PAGES);

	for (unsigned i = 0; i < FLAT_PAGES && samples < 20; i++) {
		unsigned page = (from + i) % FLAT_PAGES;

		if (spaces[s].pages[page].frame > POOL0_FRAMES)
			sample_add(page);
	}
	probe_sample(false, true);
	CHECK_OK(delete_cap(bindings[s][1]));
	flat_unbind(&spaces[s], 1);
	bind(s, 1, rights[below(sizeof(rights))]);
}

/* --- the test ------------------------------------------------------------------------ */

static void setup(void)
{
	static struct twin twin;
	unsigned rwx = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE, rw = RIGHT_READ | RIGHT_WRITE;
	cap_t alias[POOLS], of[SPACES];

	main_on(1);
	memset(spaces, 0, sizeof(spaces));
	random_seed(hardware_seed);
	/* Two probers for each space where there are harts for them. */
	prober_count = BOOT->hart_count > 2 ? PROBERS : SPACES;
	for (unsigned i = 0; i < prober_count; i++)
		prober_init(i);
	pools[0] = make_pool(22, NULL);
	pools[1] = make_pool(21, NULL);
	twin_make(&twin);
	bank_add(twin.space, 17);
	of[0] = BOOT_SLOT_SPACE;
	of[1] = twin.space;
	for (unsigned s = 0; s < SPACES; s++) {
		windows[s] = make_object(OBJECT_WINDOW);
		window_attach(of[s], windows[s], FLAT_FIRST, FLAT_PAGES,
			      prober_count == SPACES ? probers[s].endpoint : 0);
		for (unsigned pool = 0; pool < POOLS; pool++) {
			bindings[s][pool] = new_slot();
			bind(s, pool, rwx);
		}
	}
	alias_window = make_object(OBJECT_WINDOW);
	window_attach(BOOT_SLOT_SPACE, alias_window, ALIAS_VA >> 12, 2048, 0);
	for (unsigned pool = 0; pool < POOLS; pool++) {
		alias[pool] = make_object(OBJECT_BINDING);
		CHECK_OK(invoke5(alias[pool], BINDING_BIND, alias_window, pools[pool], rw, 0, 0));
		item_ok(WINDOW_MAP, alias[pool], (ALIAS_VA >> 12) + pool_base(pool),
			pool_frames(pool), rw, 0, 0);
	}
	for (unsigned frame = 0; frame < FRAMES; frame++)
		frame_fill(frame);
	/* With few harts it depends on the seed who runs beside the main thread. */
	for (unsigned i = 0; i < prober_count; i++) {
		probers[i].space = i % SPACES;
		prober_make(i, of[i % SPACES], (i + hardware_seed) % BOOT->hart_count,
			    prober_count == SPACES);
		item_ok(WINDOW_PROTECT, windows[i % SPACES], FLAT_FIRST, 1, RIGHT_READ, 0,
			WINDOW_FENCE_I); /* for the code of frame_fill */
	}
}

void test_hardware(void)
{
	/* With several harts each turn of a prober is an interrupt to another one, for which a busy
	 * emulator may take milliseconds. */
	unsigned harts = BOOT->hart_count;
	unsigned last = harts == 1 ? HARDWARE_OPERATIONS : HARDWARE_OPERATIONS / (4 * harts);

	setup();
	for (operation = 0; operation < last; operation++) {
		uint64_t kind = below(100);

		samples = 0;
		batch_items = 0;
		for (unsigned i = 0; i < RANDOM_PAGES; i++)
			sample_add(below(FLAT_PAGES));
		if (kind < 8) {
			run_harvest();
		} else if (kind < 10) {
			run_rebind();
		} else {
			random_batch();
			probe_sample(false, true);
			run_batch();
		}
		probe_sample(true, false);
	}
}
