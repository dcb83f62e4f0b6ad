/* SPDX-License-Identifier: BSD-2-Clause */
/* The random operations of hardware.c. */
#include "tests/native-vm/hardware.h"

static uint64_t state;

void random_seed(unsigned seed)
{
	state = seed * 0x9e3779b97f4a7c15ull + 1;
}

uint64_t below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 3) % limit;
}

bool chance(unsigned percent)
{
	return below(100) < percent;
}

static unsigned random_rights(void)
{
	static const uint8_t rights[] = {RIGHT_READ, RIGHT_READ | RIGHT_WRITE,
					 RIGHT_READ | RIGHT_WRITE, RIGHT_READ | RIGHT_EXECUTE,
					 RIGHT_EXECUTE};

	return rights[below(sizeof(rights))];
}

/* Often near where the last ones were; now and then whole 2 MiB, or many pages. */
void random_range(uint64_t *first, uint64_t *count)
{
	static uint64_t last;

	switch (below(10)) {
	case 0:
	case 1:
		*first = below(FLAT_PAGES / FLAT_BLOCK) * FLAT_BLOCK;
		*count = FLAT_BLOCK * (1 + below(2));
		break;
	case 2:
		*first = below(FLAT_PAGES);
		*count = 1 + below(1200);
		break;
	case 3:
	case 4:
		*first = below(FLAT_PAGES);
		*count = 1 + below(40);
		break;
	default:
		*first = (last + below(12)) % FLAT_PAGES;
		*count = 1 + below(6);
	}
	if (*count > FLAT_PAGES - *first)
		*count = FLAT_PAGES - *first;
	last = *first;
}

static void random_map(struct window_item *item, unsigned s, unsigned pool)
{
	unsigned frames = pool_frames(pool);
	uint64_t first = item->va_page - FLAT_FIRST;

	item->cap = bindings[s][pool];
	if (item->count > frames)
		item->count = frames;
	item->pool_page = below(frames - item->count + 1);
	/* Aligned like the address, so that large leaves are possible. */
	if (chance(60) && first % FLAT_BLOCK <= frames - item->count)
		item->pool_page = first % FLAT_BLOCK;
	if (chance(15))
		item->flags |= WINDOW_EXPECT_EMPTY;
	else if (chance(15)) {
		item->flags |= WINDOW_EXPECT_PAGE;
		uint16_t frame = spaces[s].pages[first].frame;

		if (frame != 0 && frame - 1u - pool_base(pool) < frames)
			item->expected = frame - 1u - pool_base(pool);
	}
	if (chance(5) && item->count <= 8)
		item->flags |= WINDOW_ZERO;
}

/* Add an item; the model does it, and so says what the kernel must. */
static void add(void)
{
	unsigned at = batch_items++, s = (unsigned)below(SPACES), pool = (unsigned)below(POOLS);
	struct window_item *item = &batch[at].item;
	uint64_t first, count, kind = below(11);

	random_range(&first, &count);
	batch[at].space = s;
	batch[at].pool = pool;
	*item = (struct window_item){.cap = windows[s],
				     .va_page = FLAT_FIRST + first,
				     .count = (uint32_t)count,
				     .rights = (uint8_t)random_rights()};
	if (kind < 5) {
		item->op = WINDOW_MAP;
		random_map(item, s, pool);
	} else if (kind < 7) {
		item->op = WINDOW_PROTECT;
	} else if (kind < 9) {
		item->op = WINDOW_UNMAP;
	} else if (kind < 10) {
		item->op = WINDOW_CLONE;
		item->pool_page = windows[!s];
	} else {
		item->op = WINDOW_FREEZE; /* of some tables, or all */
		item->va_page = FLAT_FIRST + (chance(50) ? 0 : first / FLAT_BLOCK * FLAT_BLOCK);
		item->count = (uint32_t)((FLAT_FIRST + FLAT_PAGES - item->va_page) / FLAT_BLOCK);
	}
	if ((item->op == WINDOW_MAP || item->op == WINDOW_PROTECT) && chance(20))
		item->flags |= WINDOW_FENCE_I;
	sample_range(first, item->count);
}

void random_leaf(unsigned s, uint64_t first, unsigned rights)
{
	for (unsigned i = 0; i < 2; i++) {
		batch[batch_items].space = s;
		batch[batch_items].pool = 0;
		batch[batch_items++].item = (struct window_item){
			.cap = i == 0 ? windows[s] : bindings[s][0],
			.op = i == 0 ? WINDOW_UNMAP : WINDOW_MAP,
			.rights = (uint8_t)rights,
			.va_page = FLAT_FIRST + first,
			.pool_page = below(POOL0_FRAMES / FLAT_BLOCK) * FLAT_BLOCK,
			.count = FLAT_BLOCK};
	}
	sample_range(first, FLAT_BLOCK);
}

uint64_t random_block(void)
{
	return below(FLAT_PAGES / FLAT_BLOCK) * FLAT_BLOCK;
}

void random_batch(void)
{
	uint64_t items = 1 + (chance(40) ? below(BATCH_MAX) : 0);

	batch_items = 0;
	if (chance(10)) /* by chance alone there are few */
		random_leaf((unsigned)below(SPACES), random_block(), random_rights());
	while (batch_items < items)
		add();
}
