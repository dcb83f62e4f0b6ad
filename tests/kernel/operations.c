/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random method calls, made to the kernel and to the model. Each prediction
 * is written from kernel/abi/object.h: the error, or what becomes of the model.
 */
#include "tests/kernel/operations.h"

#include <string.h>

#include "kernel/abi/syscall.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"

#define PC 0x1000u /* of the caller */
#define ROOT_SLOTS_BITS 7
#define SLOT_CSPACE 1
#define SLOT_MEMORY 2
#define MEMORY_BITS 20

static int root_cspace; /* object */
static struct thread *caller;
static struct operation_counts counts_of_run;

static struct cap_slot root_primary;

/* --- calls ------------------------------------------------------------------------- */

/* Make the call once. False = preempted. */
static bool call_once(uint64_t slot, unsigned method, const uint64_t *arguments, unsigned count)
{
	caller->registers[0] = PC;
	caller->registers[REG_A0] = slot;
	caller->registers[REG_A1] = MESSAGE_TAG(method, count);
	for (unsigned i = 0; i < count; i++) {
		set_message_word(caller, i, arguments[i]);
	}
	invoke(caller);
	if (caller->registers[0] != PC) {
		CHECK(caller->registers[0] == PC - 4);
		counts_of_run.preempted++;
		return false;
	}
	return true;
}

static enum err call(uint64_t slot, unsigned method, const uint64_t *arguments, unsigned count)
{
	for (unsigned turn = 0; !call_once(slot, method, arguments, count); turn++) {
		CHECK(turn < 1000000);
	}
	return (enum err)caller->registers[REG_A0];
}

/* --- looking up, as the model knows it ------------------------------------------------ */

static enum err find(int cspace, uint64_t index, int *node)
{
	*node = index < 1u << objects[cspace].size_bits && index != 0
			? node_at(cspace, (unsigned)index)
			: NOBODY;
	return *node == NOBODY ? ERR_CAP_EMPTY : ERR_OK;
}

static enum err find_typed(uint64_t index, unsigned type, unsigned rights, int *node)
{
	enum err err = find(root_cspace, index, node);

	if (err != ERR_OK) {
		return err;
	}
	if (nodes[*node].type != type) {
		return ERR_CAP_TYPE;
	}
	return (nodes[*node].rights & rights) != rights ? ERR_RIGHTS : ERR_OK;
}

static enum err find_empty(int cspace, uint64_t index)
{
	int node;

	if (index == 0 || index >= 1u << objects[cspace].size_bits) {
		return ERR_CAP_EMPTY;
	}
	return find(cspace, index, &node) == ERR_OK ? ERR_SLOT_OCCUPIED : ERR_OK;
}

static uint64_t any_slot(void)
{
	return one_in(40) ? random_below(200) : random_below(1u << ROOT_SLOTS_BITS);
}

/* Mostly a slot of the root CSpace that holds the type. */
static uint64_t slot_of(unsigned type)
{
	unsigned start = (unsigned)random_below(NODES);

	if (one_in(12)) {
		return any_slot();
	}
	for (unsigned i = 0; i < NODES; i++) {
		const struct node *node = &nodes[(start + i) % NODES];

		if (node->used && node->home == root_cspace && node->type == type) {
			return node->index;
		}
	}
	return any_slot();
}

static void derive_node(int home, unsigned index, struct cap_slot *slot, int from, unsigned rights,
			uint64_t badge)
{
	int node = node_new(home, index, nodes[from].type, nodes[from].object, from);

	nodes[node].rights = nodes[from].rights & rights;
	nodes[node].badge = badge != 0 ? badge : nodes[from].badge;
	nodes[node].slot = slot;
}

static void check(const char *what, enum err got, enum err wanted)
{
	if (got != wanted) {
		fail("%s: error %d instead of %d", what, (int)got, (int)wanted);
	}
	counts_of_run.done += got == ERR_OK;
}

/* --- Untyped ------------------------------------------------------------------------------ */

static const struct {
	unsigned type, bits;
} makable[] = {{OBJECT_UNTYPED, 0},	 {OBJECT_UNTYPED, 0},	    {OBJECT_CSPACE, 0},
	       {OBJECT_THREAD, 13},	 {OBJECT_SCHED_CONTEXT, 8}, {OBJECT_ENDPOINT, 6},
	       {OBJECT_NOTIFICATION, 7}, {OBJECT_SPACE, 13},	    {OBJECT_WINDOW, 10},
	       {OBJECT_POOL, 10},	 {OBJECT_BINDING, 8},	    {OBJECT_REPLY, 6},
	       {OBJECT_CONSOLE, 0}};

static bool is_zero(const void *memory, uint64_t bytes)
{
	const char *at = memory;

	return at[0] == 0 && memcmp(at, at + 1, bytes - 1) == 0;
}

static void made(int untyped, unsigned type, unsigned bits, uint64_t at, unsigned slot)
{
	void *kernel = type == OBJECT_UNTYPED ? NULL : vm_pointer((struct paddr){at});
	int object = type == OBJECT_UNTYPED ? NOBODY : object_new(type, kernel);
	int node = node_new(root_cspace, slot, type, object, untyped);

	nodes[node].primary = true;
	nodes[node].slot = cspace_slot(objects[root_cspace].kernel, slot);
	nodes[node].base = at;
	nodes[node].size = 1ull << bits;
	if (type == OBJECT_CSPACE) {
		objects[object].size_bits = bits - 6;
		CHECK(is_zero((char *)kernel + 64, (1ull << bits) - 64));
	} else if (type == OBJECT_THREAD) {
		CHECK(is_zero(kernel, offsetof(struct thread, state)));
		CHECK(is_zero((char *)kernel + offsetof(struct thread, fault_address),
			      4096 - offsetof(struct thread, fault_address)));
		CHECK(is_zero((char *)kernel + 4096, 4096));
	} else if (type == OBJECT_ENDPOINT || type == OBJECT_NOTIFICATION) {
		CHECK(is_zero(kernel, 1ull << bits));
	}
}

static enum err retype_wanted(const uint64_t *a, int *node, unsigned *bits, uint64_t *start)
{
	enum err err = ERR_OK;

	*bits = a[0] == OBJECT_UNTYPED ? (unsigned)a[1] : 0;
	if (a[0] == OBJECT_CSPACE) {
		*bits = a[1] >= 2 && a[1] <= 16 ? (unsigned)a[1] + 6 : 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(makable); i++) {
		if (makable[i].type == a[0] && makable[i].bits != 0) {
			*bits = makable[i].bits;
		}
	}
	if (a[2] == 0 || *bits < 6 || *bits > 38) {
		return ERR_ARGUMENT;
	}
	const struct node *u = &nodes[*node];
	*start = align_up(u->base + u->taken, 1ull << *bits) - u->base;
	if (*start > u->size || (u->size - *start) >> *bits < a[2]) {
		return ERR_NO_MEMORY;
	}
	for (uint64_t i = 0; i < a[2] && err == ERR_OK; i++) {
		err = find_empty(root_cspace, a[3] + i);
	}
	return err;
}

static void operation_retype(void)
{
	unsigned kind = (unsigned)random_below(ARRAY_SIZE(makable)), bits;
	uint64_t slot = slot_of(OBJECT_UNTYPED), start;
	uint64_t a[4] = {makable[kind].type, 0, random_below(4), any_slot()};
	int node;

	a[1] = a[0] == OBJECT_CSPACE ? 1 + random_below(6) : 5 + random_below(13);
	enum err wanted = find_typed(slot, OBJECT_UNTYPED, RIGHT_MANAGE, &node);
	if (wanted == ERR_OK) {
		wanted = retype_wanted(a, &node, &bits, &start);
	}
	if (one_in(4) && wanted == ERR_OK) {
		if (!call_once(slot, UNTYPED_RETYPE, a, 4)) {
			return; /* given up when it was preempted: as if it had not been made */
		}
		check("retype", (enum err)caller->registers[REG_A0], wanted);
	} else {
		check("retype", call(slot, UNTYPED_RETYPE, a, 4), wanted);
	}
	for (uint64_t i = 0; wanted == ERR_OK && i < a[2]; i++) {
		made(node, (unsigned)a[0], bits, nodes[node].base + start + (i << bits),
		     (unsigned)(a[3] + i));
	}
	if (wanted == ERR_OK) {
		nodes[node].taken = start + (a[2] << bits);
	}
}

/* --- CSpace --------------------------------------------------------------------------------- */

static void operation_copy(void)
{
	uint64_t slot = one_in(3) ? slot_of(OBJECT_CSPACE) : SLOT_CSPACE;
	uint64_t a[4] = {one_in(4) ? random_below(20) : any_slot(), any_slot(), random_below(256),
			 one_in(3) ? random_below(5) : 0};
	int cspace, from;
	enum err wanted = find_typed(slot, OBJECT_CSPACE, RIGHT_MANAGE, &cspace);

	if (wanted == ERR_OK) {
		wanted = find(root_cspace, a[1], &from);
	}
	if (wanted == ERR_OK) {
		wanted = find_empty(nodes[cspace].object, a[0]);
	}
	if (wanted == ERR_OK && nodes[from].type == OBJECT_UNTYPED) {
		wanted = ERR_CAP_TYPE;
	}
	if (wanted == ERR_OK && a[3] != 0 && nodes[from].badge != 0) {
		wanted = ERR_RIGHTS;
	}
	check("copy", call(slot, CSPACE_COPY, a, 4), wanted);
	if (wanted == ERR_OK) {
		int home = nodes[cspace].object;

		derive_node(home, (unsigned)a[0], cspace_slot(objects[home].kernel, a[0]), from,
			    (unsigned)a[2], a[3]);
	}
}

static void operation_move(void)
{
	uint64_t slot = one_in(3) ? slot_of(OBJECT_CSPACE) : SLOT_CSPACE;
	uint64_t a[2] = {one_in(4) ? random_below(20) : any_slot(), any_slot()};
	int cspace, from;
	enum err wanted = find_typed(slot, OBJECT_CSPACE, RIGHT_MANAGE, &cspace);

	if (a[1] == SLOT_CSPACE || a[1] == SLOT_MEMORY) {
		return; /* else nothing can be done any more */
	}
	if (wanted == ERR_OK) {
		wanted = find(root_cspace, a[1], &from);
	}
	if (wanted == ERR_OK) {
		wanted = find_empty(nodes[cspace].object, a[0]);
	}
	if (wanted == ERR_OK && (node_child(from) != NOBODY ||
				 (nodes[from].type == OBJECT_CSPACE && nodes[from].primary))) {
		wanted = ERR_BUSY;
	}
	check("move", call(slot, CSPACE_MOVE, a, 2), wanted);
	if (wanted == ERR_OK) {
		nodes[from].home = nodes[cspace].object;
		nodes[from].index = (unsigned)a[0];
		nodes[from].slot = cspace_slot(objects[nodes[from].home].kernel, a[0]);
	}
}

static void delete_or_revoke(bool is_revoke)
{
	uint64_t slot = one_in(6) ? slot_of(OBJECT_CSPACE) : SLOT_CSPACE;
	uint64_t a[1] = {one_in(6) ? random_below(20) : any_slot()};
	int cspace, node;
	enum err wanted = find_typed(slot, OBJECT_CSPACE, RIGHT_MANAGE, &cspace);

	if (is_revoke && one_in(2)) {
		a[0] = slot_of(OBJECT_UNTYPED); /* else memory is soon used up */
	}
	if (wanted == ERR_OK) {
		wanted = find(nodes[cspace].object, a[0], &node);
	}
	if (wanted == ERR_OK && nodes[node].home == root_cspace &&
	    (a[0] == SLOT_CSPACE || a[0] == SLOT_MEMORY) && !(is_revoke && one_in(8))) {
		return;
	}
	if (wanted == ERR_OK && is_revoke) {
		model_revoke(node);
	} else if (wanted == ERR_OK) {
		model_delete(node);
	}
	/* A call that removes the capability it is made with may end early: operations_cut_off. */
	unsigned preempt_one_in = config.preempt_one_in;
	if (wanted == ERR_OK && !nodes[cspace].used) {
		config.preempt_one_in = 0;
	}
	check("delete", call(slot, is_revoke ? CSPACE_REVOKE : CSPACE_DELETE, a, 1), wanted);
	config.preempt_one_in = preempt_one_in;
}

static void operation_delete(void)
{
	delete_or_revoke(false);
}

static void operation_revoke(void)
{
	delete_or_revoke(true);
}

/* --- objects that name others ---------------------------------------------------------------- */

struct attachment {
	unsigned method, object, argument; /* types */
	unsigned needs, role;
	size_t offset; /* of the embedded slot */
};

static const struct attachment attachments[] = {
	{THREAD_SET_HANDLER, OBJECT_THREAD, OBJECT_ENDPOINT, RIGHT_WRITE, ROLE_THREAD_HANDLER,
	 offsetof(struct thread, handler)},
	{THREAD_SET_SCHED, OBJECT_THREAD, OBJECT_SCHED_CONTEXT, RIGHT_BIND, ROLE_THREAD_SCHED,
	 offsetof(struct thread, sched)},
	{THREAD_BIND_NOTIFICATION, OBJECT_THREAD, OBJECT_NOTIFICATION, RIGHT_READ,
	 ROLE_THREAD_NOTIFICATION, offsetof(struct thread, bound)},
	{THREAD_CONFIGURE, OBJECT_THREAD, OBJECT_SPACE, RIGHT_BIND, ROLE_THREAD_SPACE,
	 offsetof(struct thread, space)},
};

/* Is the object attached by this role to something other than `thread`? */
static bool is_elsewhere(unsigned role, int object, int thread)
{
	for (int i = 0; i < NODES; i++) {
		if (nodes[i].used && nodes[i].object == object && nodes[i].home != NOBODY &&
		    nodes[i].home != thread && objects[nodes[i].home].type == OBJECT_THREAD &&
		    nodes[i].index == role) {
			return true;
		}
	}
	return false;
}

static void operation_attach(void)
{
	const struct attachment *way = &attachments[random_below(ARRAY_SIZE(attachments))];
	uint64_t slot = slot_of(way->object);
	bool is_space = way->method == THREAD_CONFIGURE;
	uint64_t target = !is_space && one_in(4) ? 0 : slot_of(way->argument);
	uint64_t a[3] = {is_space ? 0 : target, is_space ? target : 0, 0};
	int thread, named = NOBODY;
	enum err wanted = find_typed(slot, way->object, RIGHT_MANAGE, &thread);

	if (wanted == ERR_OK && (target != 0 || is_space)) {
		wanted = find_typed(target, way->argument, way->needs, &named);
	}
	if (wanted == ERR_OK && named != NOBODY &&
	    (way->method == THREAD_SET_SCHED || way->method == THREAD_BIND_NOTIFICATION) &&
	    is_elsewhere(way->role, nodes[named].object, nodes[thread].object)) {
		wanted = ERR_BUSY;
	}
	check("attach", call(slot, way->method, a, 3), wanted);
	if (wanted != ERR_OK) {
		return;
	}
	int home = nodes[thread].object, old = node_at(home, way->role);
	if (old != NOBODY) {
		model_remove(old);
	}
	if (named != NOBODY) {
		derive_node(home, way->role,
			    (struct cap_slot *)((char *)objects[home].kernel + way->offset), named,
			    RIGHTS_ALL, 0);
	}
}

static void operation_window(void)
{
	uint64_t slot = slot_of(OBJECT_SPACE), target = slot_of(OBJECT_WINDOW);
	uint64_t fault = one_in(2) ? 0 : slot_of(OBJECT_ENDPOINT);
	int space, window, endpoint = NOBODY;
	enum err wanted = find_typed(slot, OBJECT_SPACE, RIGHT_MANAGE, &space);
	uint64_t a[6] = {target, 0, 512, random_below(10), fault, one_in(3) ? random_below(5) : 0};

	if (wanted == ERR_OK) {
		wanted = find_typed(target, OBJECT_WINDOW, RIGHT_MANAGE, &window);
	}
	if (wanted == ERR_OK) {
		a[1] = (uint64_t)nodes[window].object * 512; /* its own place */
		if (fault != 0) {
			wanted = find_typed(fault, OBJECT_ENDPOINT, RIGHT_WRITE, &endpoint);
		}
	}
	if (wanted == ERR_OK && a[3] > 7) {
		wanted = ERR_ARGUMENT;
	}
	if (wanted == ERR_OK && endpoint != NOBODY && nodes[endpoint].badge != 0 && a[5] != 0) {
		wanted = ERR_RIGHTS;
	}
	if (wanted == ERR_OK && node_at(nodes[window].object, ROLE_WINDOW_SPACE) != NOBODY) {
		wanted = ERR_BUSY;
	}
	if (wanted == ERR_OK && a[3] == 0) {
		wanted = ERR_ARGUMENT;
	}
	if (wanted == ERR_OK && model_windows(nodes[space].object) == VM_SPACE_WINDOWS) {
		wanted = ERR_LIMIT;
	}
	check("window", call(slot, SPACE_ATTACH_WINDOW, a, 6), wanted);
	if (wanted != ERR_OK) {
		return;
	}
	int home = nodes[window].object, old = node_at(home, ROLE_WINDOW_FAULT);
	struct window_object *kernel = objects[home].kernel;
	objects[home].rights = (unsigned)a[3];
	derive_node(home, ROLE_WINDOW_SPACE, &kernel->space, space, RIGHTS_ALL, 0);
	if (old != NOBODY) {
		model_remove(old);
	}
	if (endpoint != NOBODY) {
		derive_node(home, ROLE_WINDOW_FAULT, &kernel->fault, endpoint, RIGHT_WRITE, a[5]);
	}
}

static void operation_bind(void)
{
	uint64_t slot = slot_of(OBJECT_BINDING);
	uint64_t a[3] = {slot_of(OBJECT_WINDOW), slot_of(OBJECT_POOL), random_below(9)};
	int binding, window, pool;
	enum err wanted = find_typed(slot, OBJECT_BINDING, RIGHT_MANAGE, &binding);
	unsigned needs = RIGHT_BIND | (unsigned)a[2];

	if (wanted == ERR_OK && a[2] > 7) {
		wanted = ERR_ARGUMENT;
	}
	if (wanted == ERR_OK) {
		wanted = find_typed(a[0], OBJECT_WINDOW, needs, &window);
	}
	if (wanted == ERR_OK) {
		wanted = find_typed(a[1], OBJECT_POOL, needs, &pool);
	}
	if (wanted == ERR_OK && (node_at(nodes[binding].object, ROLE_BINDING_WINDOW) != NOBODY ||
				 node_at(nodes[binding].object, ROLE_BINDING_POOL) != NOBODY)) {
		wanted = ERR_BUSY;
	}
	if (wanted == ERR_OK && a[2] == 0) {
		wanted = ERR_ARGUMENT;
	}
	if (wanted == ERR_OK && node_at(nodes[window].object, ROLE_WINDOW_SPACE) == NOBODY) {
		wanted = ERR_NOT_BOUND;
	}
	if (wanted == ERR_OK && (a[2] & ~(uint64_t)objects[nodes[window].object].rights) != 0) {
		wanted = ERR_RIGHTS;
	}
	if (wanted == ERR_OK && model_bindings(nodes[window].object) == VM_WINDOW_BINDINGS) {
		wanted = ERR_LIMIT;
	}
	check("bind", call(slot, BINDING_BIND, a, 3), wanted);
	if (wanted == ERR_OK) {
		int home = nodes[binding].object;
		struct binding_object *kernel = objects[home].kernel;

		derive_node(home, ROLE_BINDING_WINDOW, &kernel->window, window, RIGHTS_ALL, 0);
		derive_node(home, ROLE_BINDING_POOL, &kernel->pool, pool, RIGHTS_ALL, 0);
		objects[home].is_bound = true;
	}
}

static void operation_extent(void)
{
	uint64_t slot = slot_of(OBJECT_POOL), a[1] = {slot_of(OBJECT_UNTYPED)};
	int pool, untyped;
	unsigned free = 0;
	enum err wanted = find_typed(slot, OBJECT_POOL, RIGHT_MANAGE, &pool);

	if (wanted == ERR_OK) {
		wanted = find_typed(a[0], OBJECT_UNTYPED, RIGHT_MANAGE, &untyped);
	}
	if (wanted == ERR_OK && (nodes[untyped].taken != 0 || node_child(untyped) != NOBODY)) {
		wanted = ERR_BUSY;
	}
	while (wanted == ERR_OK && free < VM_POOL_EXTENTS &&
	       node_at(nodes[pool].object, ROLE_POOL_EXTENT | free << 8) != NOBODY) {
		free++;
	}
	if (wanted == ERR_OK && free == VM_POOL_EXTENTS) {
		wanted = ERR_LIMIT;
	}
	if (wanted == ERR_OK && nodes[untyped].size < PAGE_SIZE) {
		wanted = ERR_ARGUMENT;
	}
	check("extent", call(slot, POOL_ADD_EXTENT, a, 1), wanted);
	if (wanted == ERR_OK) {
		int home = nodes[pool].object;
		struct pool_object *kernel = objects[home].kernel;
		int node = node_new(home, ROLE_POOL_EXTENT | free << 8, OBJECT_UNTYPED, NOBODY,
				    untyped);

		nodes[node].slot = &kernel->extents[free];
		nodes[node].rights = 0;
		nodes[node].base = nodes[untyped].base;
		nodes[node].size = nodes[untyped].size;
		nodes[untyped].taken = nodes[untyped].size;
		objects[home].extents++;
		/* What users write into the pool's pages. */
		memset(vm_pointer((struct paddr){nodes[untyped].base}), 0xa5, nodes[untyped].size);
	}
}

/* --- running ------------------------------------------------------------------------------------ */

void operations_init(void)
{
	struct cspace *cspace = vm_pointer((struct paddr){POOLS_BASE - 0x100000});
	struct cap_slot *memory;
	int primary, node;

	caller = vm_pointer((struct paddr){POOLS_BASE - 0x200000});
	cspace->count = 1u << ROOT_SLOTS_BITS;
	cap_insert(&root_primary, NULL, OBJECT_CSPACE, cspace, RIGHTS_ALL, 0);
	root_primary.primary = true;
	caller->cspace.role = ROLE_THREAD_CSPACE;
	cap_derive(&caller->cspace, &root_primary, RIGHTS_ALL, 0);
	cap_derive(cspace_slot(cspace, SLOT_CSPACE), &root_primary, RIGHTS_ALL, 0);
	memory = cspace_slot(cspace, SLOT_MEMORY);
	cap_insert(memory, NULL, OBJECT_UNTYPED, (void *)POOLS_BASE, RIGHTS_ALL,
		   1ull << MEMORY_BITS);
	memory->primary = true;
	memset(vm_pointer((struct paddr){POOLS_BASE}), 0x5a, 1ull << MEMORY_BITS);

	root_cspace = object_new(OBJECT_CSPACE, cspace);
	objects[root_cspace].size_bits = ROOT_SLOTS_BITS;
	primary = node_new(NOBODY, 0, OBJECT_CSPACE, root_cspace, NOBODY);
	nodes[primary].slot = &root_primary;
	nodes[primary].primary = true;
	derive_node(NOBODY, 0, &caller->cspace, primary, RIGHTS_ALL, 0);
	derive_node(root_cspace, SLOT_CSPACE, cspace_slot(cspace, SLOT_CSPACE), primary, RIGHTS_ALL,
		    0);
	node = node_new(root_cspace, SLOT_MEMORY, OBJECT_UNTYPED, NOBODY, NOBODY);
	nodes[node].primary = true;
	nodes[node].slot = memory;
	nodes[node].base = POOLS_BASE;
	nodes[node].size = 1ull << MEMORY_BITS;
}

/*
 * A retype is preempted and given up; a pool takes the memory, users write it,
 * the pool goes; the retype is made after all. The model knows nothing of it.
 */
void operations_given_up(void)
{
	enum { MEMORY = 10, POOL, MADE };
	const uint64_t make_memory[] = {OBJECT_UNTYPED, 16, 1, MEMORY};
	const uint64_t make_pool[] = {OBJECT_POOL, 0, 1, POOL};
	const uint64_t make_cspace[] = {OBJECT_CSPACE, 10, 1, MADE};
	struct cap_slot *memory = cspace_slot(objects[root_cspace].kernel, MEMORY);

	check("retype", call(SLOT_MEMORY, UNTYPED_RETYPE, make_memory, 4), ERR_OK);
	check("retype", call(SLOT_MEMORY, UNTYPED_RETYPE, make_pool, 4), ERR_OK);
	if (!call_once(MEMORY, UNTYPED_RETYPE, make_cspace, 4)) {
		check("extent", call(POOL, POOL_ADD_EXTENT, (uint64_t[]){MEMORY}, 1), ERR_OK);
		memset(vm_pointer((struct paddr){(uint64_t)memory->object}), 0xa5, 1 << 16);
		check("delete", call(SLOT_CSPACE, CSPACE_DELETE, (uint64_t[]){POOL}, 1), ERR_OK);
		check("retype", call(MEMORY, UNTYPED_RETYPE, make_cspace, 4), ERR_OK);
	}
	CHECK(is_zero((char *)vm_pointer((struct paddr){(uint64_t)memory->object}) + 64,
		      (1 << 16) - 64));
	check("revoke", call(SLOT_CSPACE, CSPACE_REVOKE, (uint64_t[]){SLOT_MEMORY}, 1), ERR_OK);
	model_compare();
}

/* Two capabilities are derived from one and revoked by means of the later one. */
void operations_cut_off(void)
{
	enum { FIRST = 10, EARLIER, LATER };

	for (unsigned i = FIRST; i <= LATER; i++) {
		check("copy",
		      call(SLOT_CSPACE, CSPACE_COPY,
			   (uint64_t[]){i, i == FIRST ? SLOT_CSPACE : FIRST, RIGHTS_ALL, 0}, 4),
		      ERR_OK);
	}
	enum err err = call(LATER, CSPACE_REVOKE, (uint64_t[]){FIRST}, 1);
	CHECK(err == (config.preempt_one_in == 1 ? ERR_CAP_EMPTY : ERR_OK) ||
	      config.preempt_one_in > 1);
	check("revoke", call(SLOT_CSPACE, CSPACE_REVOKE, (uint64_t[]){FIRST}, 1), ERR_OK);
	check("delete", call(SLOT_CSPACE, CSPACE_DELETE, (uint64_t[]){FIRST}, 1), ERR_OK);
	model_compare();
}

struct operation_counts operations_run(uint64_t count)
{
	static void (*const operations[])(void) = {
		operation_retype, operation_retype, operation_retype, operation_copy,
		operation_copy,	  operation_move,   operation_delete, operation_revoke,
		operation_attach, operation_attach, operation_window, operation_bind,
		operation_extent};

	for (uint64_t i = 0; i < count; i++) {
		operations[random_below(ARRAY_SIZE(operations))]();
		model_compare();
	}
	return counts_of_run;
}
