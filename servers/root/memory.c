/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root's memory: blocks of RAM and of device registers (servers/lib/blocks.h),
 * each object in a block of its own size, so that it can be taken back alone.
 */
#include "servers/lib/runtime.h"
#include "servers/root/root.h"

#define EXTENTS_MOST 4 /* of a server's pool: more waste, fewer objects */

struct blocks ram, device_memory;

static struct block ram_table[ROOT_BLOCKS], device_table[256];

static const uint8_t object_bits[OBJECT_TYPES] = {
#define SIZE_ENTRY(name, value, bits, meaning) [name] = bits,
	OBJECT_LIST(SIZE_ENTRY)
#undef SIZE_ENTRY
};

void memory_init(void)
{
	blocks_init(&ram, ram_table, ROOT_BLOCKS);
	blocks_init(&device_memory, device_table, 256);
	for (unsigned i = 0; i < boot->untyped_count; i++) {
		cap_t untyped = BOOT_SLOT_UNTYPED + i;
		struct message m = {0};

		if (invoke(untyped, UNTYPED_INFO, 0, &m) == ERR_OK &&
		    blocks_add(m.words[3] ? &device_memory : &ram, untyped, m.words[0], m.words[1],
			       m.words[2]))
			continue;
		log_print("root: memory at %#lx cannot be used: too many pieces\n",
			  boot->untyped[i].base);
	}
}

/* Take a block and note it in the server's list, or keep it for good if `server` is NULL. */
static unsigned own_block(struct server *server, unsigned bits, cap_t object)
{
	unsigned block;

	if (server != NULL && server->block_count == SERVER_BLOCKS)
		return BLOCK_NONE;
	block = block_take(&ram, bits);
	if (block != BLOCK_NONE && server != NULL) {
		server->block_objects[server->block_count] = object;
		server->blocks[server->block_count++] = (uint16_t)block;
	}
	return block;
}

cap_t root_object(struct server *server, enum object_type type, unsigned size_bits)
{
	unsigned bits = object_bits[type];
	cap_t slot = slot_allocate();
	unsigned block;

	if (slot == 0)
		return 0;
	if (type == OBJECT_CSPACE)
		bits = size_bits + 6;
	else if (bits == 0)
		bits = size_bits;
	block = own_block(server, bits, slot);
	if (block != BLOCK_NONE &&
	    invoke5(block_slot(&ram, block), UNTYPED_RETYPE, type, size_bits, 1, slot, 0) == ERR_OK)
		return slot;
	if (block == BLOCK_NONE)
		slot_release(slot);
	return 0;
}

cap_t pool_create(struct server *server, uint64_t pages)
{
	cap_t pool = root_object(server, OBJECT_POOL, 0);

	for (unsigned extents = EXTENTS_MOST; pool != 0 && pages != 0; extents--) {
		unsigned bits = 63 - (unsigned)__builtin_clzll(pages);
		unsigned block;

		if (extents == 1 && pages != 1ull << bits)
			bits++;
		block = own_block(server, bits + 12, 0);
		if (block == BLOCK_NONE ||
		    invoke5(pool, POOL_ADD_EXTENT, block_slot(&ram, block), 0, 0, 0, 0) != ERR_OK)
			return 0;
		pages = extents == 1 ? 0 : pages - (1ull << bits);
	}
	return pool;
}

cap_t device_pool_create(uint64_t base, uint64_t size)
{
	cap_t pool = root_object(NULL, OBJECT_POOL, 0);

	while (pool != 0 && size != 0) {
		unsigned bits = 63 - (unsigned)__builtin_clzll(size);
		unsigned block;

		if (base != 0 && (unsigned)__builtin_ctzll(base) < bits)
			bits = (unsigned)__builtin_ctzll(base);
		block = block_take_at(&device_memory, base, bits);
		if (block == BLOCK_NONE ||
		    invoke5(pool, POOL_ADD_EXTENT, block_slot(&device_memory, block), 0, 0, 0, 0) !=
			    ERR_OK)
			return 0;
		base += 1ull << bits;
		size -= 1ull << bits;
	}
	return pool;
}

enum err map_pages(cap_t binding, uint64_t va, uint64_t pool_page, uint64_t pages, unsigned rights,
		   bool zero)
{
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct message m = {.tag = MESSAGE_TAG(0, 0) | MESSAGE_TAG_ITEMS(1)};

	*item = (struct window_item){.cap = binding,
				     .op = WINDOW_MAP,
				     .rights = (uint8_t)rights,
				     .flags = zero ? WINDOW_ZERO : 0,
				     .va_page = va / PAGE_BYTES,
				     .pool_page = pool_page,
				     .count = (uint32_t)pages};
	return pages == 0 ? ERR_OK : syscall_message(SYS_WINDOW, 0, &m);
}

static cap_t scratch_home, scratch_binding;

void scratch_release(void)
{
	if (scratch_home != 0)
		invoke5(SLOT_CSPACE, CSPACE_REVOKE, scratch_home, 0, 0, 0, 0);
}

enum err scratch_map(cap_t pool, uint64_t first, uint64_t pages, bool zero)
{
	enum err err;

	if (scratch_home == 0) {
		scratch_home = root_object(NULL, OBJECT_UNTYPED, 8);
		scratch_binding = slot_allocate();
	}
	if (scratch_home == 0 || scratch_binding == 0)
		return ERR_NO_MEMORY;
	/* Unmaps what the old binding allowed. */
	scratch_release();
	err = invoke5(scratch_home, UNTYPED_RETYPE, OBJECT_BINDING, 0, 1, scratch_binding, 0);
	if (err == ERR_OK)
		err = invoke5(scratch_binding, BINDING_BIND, BOOT_SLOT_WINDOW2, pool,
			      RIGHTS_READ_WRITE, 0, 0);
	if (err == ERR_OK)
		err = map_pages(scratch_binding, ROOT_SCRATCH_VA, first, pages, RIGHTS_READ_WRITE,
				zero);
	return err;
}
