/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Free slots of the program's CSpace. Slots never used lie from next_unused
 * on; slots given back form a list through their link words. Allocating and
 * freeing take constant time.
 */
#include <stdlib.h>

#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"

static uint16_t *links; /* by slot */
static uint8_t *sizes;	/* by slot */
static uint32_t next_unused, slots_end;
static cap_t free_list; /* 0 = empty */

void slots_init(uint32_t first, uint32_t end)
{
	next_unused = first;
	slots_end = end;
	free_list = 0;
	links = NULL;
}

/* The table is made when the first slot is asked for: many programs need none. */
static void make_table(void)
{
	links = calloc(slots_end, sizeof(*links) + sizeof(*sizes));
	if (links == NULL)
		fatal("%s: no heap for a table of %u slots\n", program_name(), (unsigned)slots_end);
	sizes = (uint8_t *)(links + slots_end);
}

uint16_t *slot_link(cap_t slot)
{
	if (links == NULL)
		make_table();
	return &links[slot];
}

uint8_t *slot_size(cap_t slot)
{
	if (links == NULL)
		make_table();
	return &sizes[slot];
}

cap_t slot_allocate(void)
{
	cap_t slot = free_list;

	if (links == NULL)
		make_table();
	if (slot != 0) {
		free_list = links[slot];
		links[slot] = 0;
		sizes[slot] = 0;
		return slot;
	}
	return next_unused < slots_end ? next_unused++ : 0;
}

void slot_release(cap_t slot)
{
	*slot_link(slot) = (uint16_t)free_list;
	free_list = slot;
}

cap_t cap_derive(cap_t source, uint32_t rights, uint64_t badge)
{
	cap_t slot = slot_allocate();

	if (slot == 0)
		return 0;
	if (invoke5(SLOT_CSPACE, CSPACE_COPY, slot, source, rights, badge, 0) != ERR_OK) {
		slot_release(slot);
		return 0;
	}
	return slot;
}
