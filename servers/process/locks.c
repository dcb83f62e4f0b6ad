/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advisory locks: record locks, open-file-description locks, flock.
 *
 * A list on the inode. Locks of one owner do not overlap (record kind); the
 * flock kind covers whole files and does not see the record kind. Whoever
 * waits does so on one waitable for all files: releases are rare.
 */
#include "servers/process/locks.h"

#include <stdlib.h>

#define LOCK_END INT64_MAX

enum lock_type { LOCK_READ = 0, LOCK_WRITE = 1, LOCK_NONE = 2 };

#define FLOCK_SHARED 1u
#define FLOCK_EXCLUSIVE 2u
#define FLOCK_NONBLOCK 4u
#define FLOCK_UNLOCK 8u

struct file_lock {
	struct file_lock *next;
	const void *owner; /* NULL: a flock lock, whose owner is `file` */
	const struct open_file *file;
	int64_t start, last; /* bytes, both inside */
	int32_t pid;
	enum lock_type type;
};

struct linux_flock {
	int16_t type, whence;
	int32_t padding;
	int64_t start, length;
	int32_t pid, padding2;
};
_Static_assert(sizeof(struct linux_flock) == 32, "Linux's struct flock");

static struct waitable released;

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->start <= b->last && b->start <= a->last;
}

static bool is_same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && (a->owner != NULL || a->file == b->file);
}

static struct file_lock *conflict(const struct inode *inode, const struct file_lock *wanted)
{
	struct file_lock *lock = inode->locks;

	while (lock != NULL) {
		bool is_same_kind = (lock->owner == NULL) == (wanted->owner == NULL);

		if (is_same_kind && !is_same_owner(lock, wanted) && overlaps(lock, wanted) &&
		    (lock->type == LOCK_WRITE || wanted->type == LOCK_WRITE)) {
			return lock;
		}
		lock = lock->next;
	}
	return NULL;
}

static struct file_lock *copy_lock(const struct file_lock *lock)
{
	struct file_lock *copy = malloc(sizeof(*copy));

	if (copy != NULL) {
		*copy = *lock;
	}
	return copy;
}

/* Cut the range out of the owner's locks. `spare` serves if one is split; true: it was used. */
static bool cut(struct inode *inode, const struct file_lock *range, struct file_lock *spare)
{
	struct file_lock **link = &inode->locks;
	bool used = false;

	while (*link != NULL) {
		struct file_lock *lock = *link;

		if (!is_same_owner(lock, range) || !overlaps(lock, range)) {
			link = &lock->next;
			continue;
		}
		if (lock->start < range->start && lock->last > range->last) {
			*spare = *lock;
			spare->start = range->last + 1;
			lock->last = range->start - 1;
			lock->next = spare;
			used = true;
			break;
		}
		if (lock->start < range->start) {
			lock->last = range->start - 1;
		} else if (lock->last > range->last) {
			lock->start = range->last + 1;
		} else {
			*link = lock->next;
			free(lock);
			continue;
		}
		link = &lock->next;
	}
	return used;
}

static int64_t apply(struct inode *inode, const struct file_lock *wanted)
{
	struct file_lock *spare = malloc(sizeof(*spare));
	struct file_lock *lock = wanted->type == LOCK_NONE ? NULL : copy_lock(wanted);

	if (spare == NULL || (wanted->type != LOCK_NONE && lock == NULL)) {
		free(spare);
		free(lock);
		return -STATUS_NOLCK;
	}
	if (!cut(inode, wanted, spare)) {
		free(spare);
	}
	if (lock != NULL) {
		lock->next = inode->locks;
		inode->locks = lock;
	}
	waitable_wake(&released);
	return 0;
}

void locks_release(struct inode *inode, const void *owner)
{
	struct file_lock **link = &inode->locks;
	bool was_any = false;

	while (*link != NULL) {
		struct file_lock *lock = *link;

		if (lock->owner == owner || (lock->owner == NULL && lock->file == owner)) {
			*link = lock->next;
			free(lock);
			was_any = true;
		} else {
			link = &lock->next;
		}
	}
	if (was_any) {
		waitable_wake(&released);
	}
}

/* The range of a struct flock in absolute bytes. */
static int64_t range_of(const struct open_file *file, const struct linux_flock *from,
			struct file_lock *lock)
{
	uint64_t size = 0;
	int64_t base = 0;
	struct file_attributes attributes;

	if (from->whence == 1) {
		base = file->offset;
	} else if (from->whence == 2) {
		int64_t result = inode_attributes(file->inode, &attributes);

		if (result < 0) {
			return result;
		}
		size = attributes.size;
		base = (int64_t)size;
	} else if (from->whence != 0) {
		return -STATUS_INVAL;
	}
	if (__builtin_add_overflow(base, from->start, &lock->start)) {
		return -STATUS_OVERFLOW;
	}
	lock->last = LOCK_END;
	if (from->length > 0 &&
	    __builtin_add_overflow(lock->start, from->length - 1, &lock->last)) {
		return -STATUS_OVERFLOW;
	}
	if (from->length < 0) {
		lock->last = lock->start - 1;
		if (__builtin_add_overflow(lock->start, from->length, &lock->start)) {
			return -STATUS_OVERFLOW;
		}
	}
	return lock->start < 0 ? -STATUS_INVAL : 0;
}

static int64_t load_lock(struct thread *t, struct open_file *file, const void *owner,
			 struct linux_flock *from, struct file_lock *lock)
{
	int64_t result = copy_in(t, from, t->args[2], sizeof(*from));

	if (result < 0) {
		return result;
	}
	if (from->type < LOCK_READ || from->type > LOCK_NONE) {
		return -STATUS_INVAL;
	}
	lock->owner = owner;
	lock->file = file;
	lock->type = (enum lock_type)from->type;
	lock->pid = owner == file ? -1 : t->process->pid;
	return range_of(file, from, lock);
}

int64_t lock_get(struct thread *t, struct open_file *file, const void *owner)
{
	struct linux_flock answer;
	struct file_lock wanted = {0};
	const struct file_lock *lock;
	int64_t result = load_lock(t, file, owner, &answer, &wanted);

	if (result < 0) {
		return result;
	}
	if (wanted.type == LOCK_NONE) {
		return -STATUS_INVAL;
	}
	lock = conflict(file->inode, &wanted);
	if (lock == NULL) {
		answer.type = LOCK_NONE;
	} else {
		answer.type = (int16_t)lock->type;
		answer.whence = 0;
		answer.start = lock->start;
		answer.length = lock->last == LOCK_END ? 0 : lock->last - lock->start + 1;
		answer.pid = lock->pid;
	}
	return copy_out(t, t->args[2], &answer, sizeof(answer));
}

/* Both kinds of waiters run their call anew. */
static int64_t lock_resume(struct thread *t, enum wake why);

static int64_t lock_wait(struct thread *t)
{
	int64_t result = park_on(t, &released);

	return result < 0 ? result : park(t, lock_resume, PARK_FOREVER, true);
}

int64_t lock_set(struct thread *t, struct open_file *file, const void *owner, bool wait)
{
	struct linux_flock from;
	struct file_lock wanted = {0};
	int64_t result = load_lock(t, file, owner, &from, &wanted);

	if (result < 0) {
		return result;
	}
	if ((wanted.type == LOCK_READ && !file_reads(file)) ||
	    (wanted.type == LOCK_WRITE && !file_writes(file))) {
		return -STATUS_BADF;
	}
	if (wanted.type != LOCK_NONE && conflict(file->inode, &wanted) != NULL) {
		return wait ? lock_wait(t) : -STATUS_AGAIN;
	}
	return apply(file->inode, &wanted);
}

HANDLER(flock)
{
	struct open_file *file = fd_file(t->process, args[0]);
	uint64_t operation = args[1] & ~(uint64_t)FLOCK_NONBLOCK;
	struct file_lock wanted = {.file = file, .last = LOCK_END};

	if (file == NULL) {
		return -STATUS_BADF;
	}
	switch (operation) {
	case FLOCK_SHARED:
		wanted.type = LOCK_READ;
		break;
	case FLOCK_EXCLUSIVE:
		wanted.type = LOCK_WRITE;
		break;
	case FLOCK_UNLOCK:
		wanted.type = LOCK_NONE;
		break;
	default:
		return -STATUS_INVAL;
	}
	if (wanted.type != LOCK_NONE && conflict(file->inode, &wanted) != NULL) {
		return args[1] & FLOCK_NONBLOCK ? -STATUS_AGAIN : lock_wait(t);
	}
	return apply(file->inode, &wanted);
}

HANDLER(fcntl);

static int64_t lock_resume(struct thread *t, enum wake why)
{
	if (why != WAKE_EVENT) {
		return CALL_RESTART_SYS;
	}
	return t->call_number == 32 ? sys_flock(t, t->args) : sys_fcntl(t, t->args);
}
