/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory calls. The pager does the work; here Linux's flags are turned
 * into its, and arguments are checked as Linux does before it looks at the
 * address space.
 */
#include "servers/process/core.h"

#include <string.h>

enum map_flag {
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_SHARED_VALIDATE = 3,
	MAP_TYPE = 15,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	MAP_GROWSDOWN = 0x100,
	MAP_LOCKED = 0x2000,
	MAP_NORESERVE = 0x4000,
	MAP_POPULATE = 0x8000,
	MAP_NONBLOCK = 0x10000,
	MAP_HUGETLB = 0x40000,
	MAP_FIXED_NOREPLACE = 0x100000,
};

#define PROT_MASK 7ull
#define PROT_SEM 8ull
#define PROT_GROWS 0x03000000ull
#define SPACE_SIZE (PAGER_SPACE_END - PAGER_SPACE_FIRST)

enum remap_flag { REMAP_MAYMOVE = 1, REMAP_FIXED = 2, REMAP_DONTUNMAP = 4 };
enum sync_flag { SYNC_ASYNC = 1, SYNC_INVALIDATE = 2, SYNC_SYNC = 4 };
enum lock_flag { LOCK_CURRENT = 1, LOCK_FUTURE = 2, LOCK_ONFAULT = 4 };

/* ---- for the rest of the core ---- */

/* PAGER_MAP; *address = 0 or wanted on entry, the region's on success. */
int64_t space_map(struct space *s, uint64_t *address, uint64_t length, unsigned protection,
		  unsigned flags, uint32_t object, uint64_t offset)
{
	uint64_t words[10] = {s->number, *address, length, protection, flags, object, offset};
	int64_t status = server_call(pager_cap, PAGER_MAP, 7, words);

	if (status < 0) {
		return status;
	}
	*address = words[1];
	return 0;
}

int64_t space_unmap(struct space *s, uint64_t address, uint64_t length)
{
	return server_request(pager_cap, PAGER_UNMAP, 3, s->number, address, length, 0, 0, 0);
}

/* May the process have that many more bytes of addresses? RLIMIT_AS. */
static bool within_limit(struct process *p, uint64_t length)
{
	uint64_t limit = p->limits[LINUX_RLIMIT_AS].soft;
	struct pager_space_statistics s;

	if (limit == LINUX_RLIM_INFINITY || process_statistics(p, &s) < 0) {
		return true;
	}
	return s.virtual_pages * PAGE <= limit && length <= limit - s.virtual_pages * PAGE;
}

/* ---- mmap ---- */

static unsigned map_flags(const struct space *s, uint64_t flags)
{
	unsigned f = 0;

	f |= (flags & MAP_TYPE) != MAP_PRIVATE ? PAGER_SHARED : 0;
	f |= (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0 ? PAGER_FIXED : 0;
	f |= (flags & MAP_FIXED_NOREPLACE) != 0 ? PAGER_NOREPLACE : 0;
	f |= (flags & MAP_GROWSDOWN) != 0 ? PAGER_STACK : 0;
	f |= (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE ? PAGER_POPULATE : 0;
	f |= (flags & MAP_LOCKED) != 0 || s->lock_future ? PAGER_LOCKED : 0;
	f |= (flags & MAP_NORESERVE) != 0 ? PAGER_NORESERVE : 0;
	return f;
}

/* Protection as the tables can have it: writable is readable. */
static unsigned map_protection(uint64_t prot)
{
	unsigned p = (unsigned)(prot & PROT_MASK);

	return (p & PAGER_WRITE) != 0 ? p | PAGER_READ : p;
}

/* What Linux's mmap checks, in its order. */
static int64_t map_check(uint64_t address, uint64_t length, uint64_t flags, uint64_t offset)
{
	uint64_t type = flags & MAP_TYPE;

	if (offset % PAGE != 0 || length == 0) {
		return -STATUS_INVAL;
	}
	if (length > SPACE_SIZE) {
		return -STATUS_NOMEM;
	}
	if (page_up(length) > UINT64_MAX - offset) {
		return -STATUS_OVERFLOW;
	}
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE) {
		return -STATUS_INVAL;
	}
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
		if (address % PAGE != 0) {
			return -STATUS_INVAL;
		}
		if (address > PAGER_SPACE_END || page_up(length) > PAGER_SPACE_END - address) {
			return -STATUS_NOMEM;
		}
		if (address < PAGER_SPACE_FIRST) {
			return -STATUS_PERM;
		}
	}
	return (flags & MAP_HUGETLB) != 0 ? -STATUS_NOMEM : 0;
}

/* `extra`: enum pager_map_flag beyond those that `flags` asks for. */
static int64_t map_do(struct thread *t, uint64_t address, uint64_t length, unsigned protection,
		      uint64_t flags, unsigned extra, uint32_t object, uint64_t offset)
{
	struct space *s = t->process->space;
	int64_t status;

	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == 0) {
		address = page_down(address);
		if (address < PAGER_SPACE_FIRST || address >= PAGER_SPACE_END ||
		    length > PAGER_SPACE_END - address) {
			address = 0;
		}
	}
	status = space_map(s, &address, page_up(length), protection, map_flags(s, flags) | extra,
			   object, offset);
	return status < 0 ? status : (int64_t)address;
}

int64_t sys_mmap(struct thread *t, const uint64_t args[6])
{
	uint64_t length = args[1], flags = args[3], offset = args[5];
	unsigned protection = map_protection(args[2]);
	uint64_t words[10] = {page_up(length)};
	uint32_t object = 0, again;
	unsigned extra = 0;
	int64_t status;

	if (offset % PAGE != 0) {
		return -STATUS_INVAL;
	}
	if ((flags & MAP_ANONYMOUS) == 0) {
		status = file_map_object(t->process, (int32_t)args[4], protection,
					 (flags & MAP_TYPE) != MAP_PRIVATE, &object);
		if (status < 0) {
			return status;
		}
		if ((flags & MAP_TYPE) != MAP_PRIVATE &&
		    file_map_object(t->process, (int32_t)args[4], protection | PAGER_WRITE, true,
				    &again) < 0) {
			extra = PAGER_NEVER_WRITE;
		}
	} else {
		offset = 0;
	}
	status = map_check(args[0], length, flags, offset);
	if (status < 0) {
		return status;
	}
	if (!within_limit(t->process, page_up(length))) {
		return -STATUS_NOMEM;
	}
	if (object != 0 || (flags & MAP_TYPE) == MAP_PRIVATE) {
		return map_do(t, args[0], length, protection, flags, extra, object, offset);
	}
	status = server_call(pager_cap, PAGER_OBJECT_ANONYMOUS, 1, words);
	if (status < 0) {
		return status;
	}
	object = (uint32_t)words[1];
	status = map_do(t, args[0], length, protection, flags, 0, object, 0);
	server_request(pager_cap, PAGER_OBJECT_CLOSE, 1, object, 0, 0, 0, 0, 0);
	return status;
}

int64_t sys_munmap(struct thread *t, const uint64_t args[6])
{
	if (args[0] % PAGE != 0 || args[1] == 0 || args[0] > PAGER_SPACE_END ||
	    args[1] > PAGER_SPACE_END - args[0]) {
		return -STATUS_INVAL;
	}
	return space_unmap(t->process->space, args[0], page_up(args[1]));
}

int64_t sys_mremap(struct thread *t, const uint64_t args[6])
{
	uint64_t old = args[0], old_length = page_up(args[1]), length = page_up(args[2]);
	uint64_t flags = args[3], to = args[4];
	uint64_t words[10] = {t->process->space->number, old, old_length, length, flags, to};
	int64_t status;

	if ((flags & ~(uint64_t)(REMAP_MAYMOVE | REMAP_FIXED | REMAP_DONTUNMAP)) != 0 ||
	    ((flags & (REMAP_FIXED | REMAP_DONTUNMAP)) != 0 && (flags & REMAP_MAYMOVE) == 0) ||
	    ((flags & REMAP_DONTUNMAP) != 0 && old_length != length) || old % PAGE != 0 ||
	    length == 0 || length < args[2]) {
		return -STATUS_INVAL;
	}
	if ((flags & REMAP_FIXED) != 0 &&
	    (to % PAGE != 0 || length > SPACE_SIZE || to > PAGER_SPACE_END - length ||
	     (old + old_length > to && to + length > old))) {
		return -STATUS_INVAL;
	}
	if (length > old_length && !within_limit(t->process, length - old_length)) {
		return -STATUS_NOMEM;
	}
	status = server_call(pager_cap, PAGER_REMAP, 6, words);
	return status < 0 ? status : (int64_t)words[1];
}

int64_t sys_mprotect(struct thread *t, const uint64_t args[6])
{
	uint64_t address = args[0], length = page_up(args[1]);

	if (address % PAGE != 0 || (args[2] & ~(PROT_MASK | PROT_SEM | PROT_GROWS)) != 0 ||
	    (args[2] & PROT_GROWS) == PROT_GROWS) {
		return -STATUS_INVAL;
	}
	if (args[1] == 0) {
		return 0;
	}
	if (length == 0 || address > PAGER_SPACE_END || length > PAGER_SPACE_END - address) {
		return -STATUS_NOMEM;
	}
	return server_request(pager_cap, PAGER_PROTECT, 4, t->process->space->number, address,
			      length, map_protection(args[2]), 0, 0);
}

int64_t sys_brk(struct thread *t, const uint64_t args[6])
{
	struct space *s = t->process->space;
	uint64_t wanted = args[0], old_end = page_up(s->brk), end = page_up(wanted);

	if (wanted < s->brk_start || wanted > PAGER_SPACE_END) {
		return (int64_t)s->brk;
	}
	if (end > old_end) {
		uint64_t limit = t->process->limits[LINUX_RLIMIT_DATA].soft;
		unsigned flags = PAGER_FIXED | PAGER_NOREPLACE | PAGER_HEAP |
				 (s->lock_future ? PAGER_LOCKED : 0);

		if (wanted - s->brk_start > limit || !within_limit(t->process, end - old_end) ||
		    space_map(s, &old_end, end - old_end, PAGER_READ | PAGER_WRITE, flags, 0, 0) <
			    0) {
			return (int64_t)s->brk;
		}
	} else if (end < old_end && space_unmap(s, end, old_end - end) < 0) {
		return (int64_t)s->brk;
	}
	s->brk = wanted;
	return (int64_t)wanted;
}

/* ---- advice, locks, write-back ---- */

/* Common to calls on existing ranges: *length is rounded up. 1: there is something to do. */
static int64_t range_check(uint64_t address, uint64_t *length, int64_t too_far)
{
	uint64_t rounded = page_up(*length);

	if (address % PAGE != 0 || (rounded == 0 && *length != 0)) {
		return -STATUS_INVAL;
	}
	if (rounded > UINT64_MAX - address) {
		return -STATUS_INVAL;
	}
	*length = rounded;
	if (rounded == 0) {
		return 0;
	}
	return address > PAGER_SPACE_END || rounded > PAGER_SPACE_END - address ? too_far : 1;
}

int64_t sys_madvise(struct thread *t, const uint64_t args[6])
{
	uint64_t length = args[1];
	int64_t status = range_check(args[0], &length, -STATUS_NOMEM);

	return status <= 0 ? status
			   : server_request(pager_cap, PAGER_ADVISE, 4, t->process->space->number,
					    args[0], length, args[2], 0, 0);
}

int64_t sys_msync(struct thread *t, const uint64_t args[6])
{
	uint64_t length = args[1], flags = args[2];
	int64_t status = range_check(args[0], &length, -STATUS_NOMEM);

	if ((flags & ~(uint64_t)(SYNC_ASYNC | SYNC_INVALIDATE | SYNC_SYNC)) != 0 ||
	    (flags & (SYNC_ASYNC | SYNC_SYNC)) == (SYNC_ASYNC | SYNC_SYNC)) {
		return -STATUS_INVAL;
	}
	return status <= 0
		       ? status
		       : server_request(pager_cap, PAGER_SYNC_RANGE, 4, t->process->space->number,
					args[0], length, flags, 0, 0);
}

static int64_t lock_range(struct thread *t, uint64_t address, uint64_t length, bool lock)
{
	uint64_t start = page_down(address);
	int64_t status;

	if (length > UINT64_MAX - (address - start)) {
		return -STATUS_INVAL;
	}
	length += address - start;
	status = range_check(start, &length, -STATUS_NOMEM);
	if (status <= 0) {
		return status;
	}
	if (lock && t->process->credentials.euid != 0 &&
	    length > t->process->limits[LINUX_RLIMIT_MEMLOCK].soft) {
		return -STATUS_NOMEM;
	}
	return server_request(pager_cap, PAGER_LOCK, 4, t->process->space->number, start, length,
			      lock, 0, 0);
}

int64_t sys_mlock(struct thread *t, const uint64_t args[6])
{
	return lock_range(t, args[0], args[1], true);
}

int64_t sys_mlock2(struct thread *t, const uint64_t args[6])
{
	return (args[2] & ~1ull) != 0 ? -STATUS_INVAL : lock_range(t, args[0], args[1], true);
}

int64_t sys_munlock(struct thread *t, const uint64_t args[6])
{
	return lock_range(t, args[0], args[1], false);
}

/* Lock or unlock every region. */
static int64_t lock_all(struct thread *t, bool lock)
{
	uint64_t address = PAGER_SPACE_FIRST;
	struct pager_region region;

	while (process_regions(t->process, address, &region, 1) == 1) {
		int64_t status =
			server_request(pager_cap, PAGER_LOCK, 4, t->process->space->number,
				       region.start, region.end - region.start, lock, 0, 0);

		if (status < 0 && region.protection != 0) {
			return status;
		}
		if (region.end <= address) {
			break;
		}
		address = region.end;
	}
	return 0;
}

int64_t sys_mlockall(struct thread *t, const uint64_t args[6])
{
	uint64_t flags = args[0];

	if (flags == 0 || flags == LOCK_ONFAULT ||
	    (flags & ~(uint64_t)(LOCK_CURRENT | LOCK_FUTURE | LOCK_ONFAULT)) != 0) {
		return -STATUS_INVAL;
	}
	if (t->process->credentials.euid != 0 &&
	    t->process->limits[LINUX_RLIMIT_MEMLOCK].soft == 0) {
		return -STATUS_PERM;
	}
	t->process->space->lock_future = (flags & LOCK_FUTURE) != 0;
	return (flags & LOCK_CURRENT) != 0 ? lock_all(t, true) : 0;
}

int64_t sys_munlockall(struct thread *t, const uint64_t args[6])
{
	(void)args;
	t->process->space->lock_future = false;
	return lock_all(t, false);
}

int64_t sys_mincore(struct thread *t, const uint64_t args[6])
{
	static uint8_t part[1024];
	uint64_t address = args[0], length = args[1];
	uint64_t vector = args[2];
	int64_t status;

	if (address % PAGE != 0) {
		return -STATUS_INVAL;
	}
	status = range_check(address, &length, -STATUS_NOMEM);
	if (status < 0) {
		return -STATUS_NOMEM;
	}
	while (length > 0) {
		uint64_t pages = length / PAGE < sizeof(part) ? length / PAGE : sizeof(part);

		status = server_request(pager_cap, PAGER_MINCORE, 4, t->process->space->number,
					address, pages * PAGE, XFER_CORE, 0, 0);
		if (status < 0) {
			return status;
		}
		memcpy(part, pager_xfer + XFER_CORE, pages);
		if (copy_out(t, vector, part, pages) < 0) {
			return -STATUS_FAULT;
		}
		address += pages * PAGE;
		length -= pages * PAGE;
		vector += pages;
	}
	return 0;
}

/* Code becomes executable only by mprotect or mmap, and the pager lets every hart see it then. */
int64_t sys_riscv_flush_icache(struct thread *t, const uint64_t args[6])
{
	(void)t;
	return (args[2] & ~1ull) != 0 ? -STATUS_INVAL : 0;
}
