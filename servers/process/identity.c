/* SPDX-License-Identifier: BSD-2-Clause */
/* User and group ids, pids, and capabilities as far as programs ask for them. */
#include "servers/process/core.h"

#include <string.h>

#define NO_CHANGE UINT32_MAX
#define GROUPS_MAX 32
#define CAPABILITY_VERSION 0x20080522u

int64_t sys_getpid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->process->pid;
}

int64_t sys_gettid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->tid;
}

int64_t sys_getppid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->process->parent != NULL ? t->process->parent->pid : 0;
}

int64_t sys_getuid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->process->credentials.uid;
}

int64_t sys_geteuid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->process->credentials.euid;
}

int64_t sys_getgid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->process->credentials.gid;
}

int64_t sys_getegid(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return t->process->credentials.egid;
}

/* A triple of real, effective and saved id, of users or groups. */
struct triple {
	uint32_t *real, *effective, *saved, *fs;
};

static struct triple users(struct credentials *c)
{
	return (struct triple){&c->uid, &c->euid, &c->suid, &c->fsuid};
}

static struct triple groups(struct credentials *c)
{
	return (struct triple){&c->gid, &c->egid, &c->sgid, &c->fsgid};
}

static bool is_one_of(const struct triple *i, uint32_t id)
{
	return id == *i->real || id == *i->effective || id == *i->saved;
}

static bool is_root(const struct thread *t)
{
	return t->process->credentials.euid == 0;
}

/* setresuid and setresgid. */
static int64_t set_three(bool root, struct triple i, const uint64_t args[6])
{
	uint32_t id[3] = {(uint32_t)args[0], (uint32_t)args[1], (uint32_t)args[2]};

	for (unsigned n = 0; n < 3 && !root; n++) {
		if (id[n] != NO_CHANGE && !is_one_of(&i, id[n])) {
			return -STATUS_PERM;
		}
	}
	*i.real = id[0] != NO_CHANGE ? id[0] : *i.real;
	*i.effective = id[1] != NO_CHANGE ? id[1] : *i.effective;
	*i.saved = id[2] != NO_CHANGE ? id[2] : *i.saved;
	*i.fs = *i.effective;
	return 0;
}

/* setreuid and setregid. */
static int64_t set_two(bool root, struct triple i, const uint64_t args[6])
{
	uint32_t real = (uint32_t)args[0], effective = (uint32_t)args[1], old_real = *i.real;

	if (!root && ((real != NO_CHANGE && real != *i.real && real != *i.effective) ||
		      (effective != NO_CHANGE && !is_one_of(&i, effective)))) {
		return -STATUS_PERM;
	}
	if (real != NO_CHANGE) {
		*i.real = real;
	}
	if (effective != NO_CHANGE) {
		*i.effective = effective;
	}
	if (real != NO_CHANGE || (effective != NO_CHANGE && effective != old_real)) {
		*i.saved = *i.effective;
	}
	*i.fs = *i.effective;
	return 0;
}

/* setuid and setgid. */
static int64_t set_one(bool root, struct triple i, uint32_t id)
{
	if (id == NO_CHANGE) {
		return -STATUS_INVAL;
	}
	if (root) {
		*i.real = id;
		*i.saved = id;
	} else if (id != *i.real && id != *i.saved) {
		return -STATUS_PERM;
	}
	*i.effective = id;
	*i.fs = id;
	return 0;
}

static int64_t get_three(struct thread *t, struct triple i, const uint64_t args[6])
{
	if (copy_out(t, args[0], i.real, 4) < 0 || copy_out(t, args[1], i.effective, 4) < 0 ||
	    copy_out(t, args[2], i.saved, 4) < 0) {
		return -STATUS_FAULT;
	}
	return 0;
}

static int64_t set_fs(bool root, struct triple i, uint32_t id)
{
	uint32_t old = *i.fs;

	if (root || is_one_of(&i, id) || id == *i.fs) {
		*i.fs = id;
	}
	return old;
}

int64_t sys_setresuid(struct thread *t, const uint64_t args[6])
{
	return set_three(is_root(t), users(&t->process->credentials), args);
}

int64_t sys_setresgid(struct thread *t, const uint64_t args[6])
{
	return set_three(is_root(t), groups(&t->process->credentials), args);
}

int64_t sys_setreuid(struct thread *t, const uint64_t args[6])
{
	return set_two(is_root(t), users(&t->process->credentials), args);
}

int64_t sys_setregid(struct thread *t, const uint64_t args[6])
{
	return set_two(is_root(t), groups(&t->process->credentials), args);
}

int64_t sys_setuid(struct thread *t, const uint64_t args[6])
{
	return set_one(is_root(t), users(&t->process->credentials), (uint32_t)args[0]);
}

int64_t sys_setgid(struct thread *t, const uint64_t args[6])
{
	return set_one(is_root(t), groups(&t->process->credentials), (uint32_t)args[0]);
}

int64_t sys_getresuid(struct thread *t, const uint64_t args[6])
{
	return get_three(t, users(&t->process->credentials), args);
}

int64_t sys_getresgid(struct thread *t, const uint64_t args[6])
{
	return get_three(t, groups(&t->process->credentials), args);
}

int64_t sys_setfsuid(struct thread *t, const uint64_t args[6])
{
	return set_fs(is_root(t), users(&t->process->credentials), (uint32_t)args[0]);
}

int64_t sys_setfsgid(struct thread *t, const uint64_t args[6])
{
	return set_fs(is_root(t), groups(&t->process->credentials), (uint32_t)args[0]);
}

int64_t sys_getgroups(struct thread *t, const uint64_t args[6])
{
	const struct credentials *c = &t->process->credentials;
	int32_t room = (int32_t)args[0];

	if (room < 0 || (room != 0 && (uint32_t)room < c->group_count)) {
		return -STATUS_INVAL;
	}
	if (room != 0 &&
	    copy_out(t, args[1], c->groups, c->group_count * sizeof(c->groups[0])) < 0) {
		return -STATUS_FAULT;
	}
	return c->group_count;
}

int64_t sys_setgroups(struct thread *t, const uint64_t args[6])
{
	struct credentials *c = &t->process->credentials;
	uint32_t list[GROUPS_MAX];

	if (c->euid != 0) {
		return -STATUS_PERM;
	}
	if ((uint32_t)args[0] > GROUPS_MAX) {
		return -STATUS_INVAL;
	}
	if (copy_in(t, list, args[1], (uint32_t)args[0] * sizeof(list[0])) < 0) {
		return -STATUS_FAULT;
	}
	c->group_count = (uint32_t)args[0];
	memcpy(c->groups, list, c->group_count * sizeof(list[0]));
	return 0;
}

/* Capabilities follow the effective user id: all for root, else none. */
int64_t sys_capget(struct thread *t, const uint64_t args[6])
{
	struct {
		uint32_t version;
		int32_t pid;
	} header;
	uint32_t data[6] = {0};
	struct process *p;

	if (copy_in(t, &header, args[0], sizeof(header)) < 0) {
		return -STATUS_FAULT;
	}
	if (header.version != CAPABILITY_VERSION) {
		header.version = CAPABILITY_VERSION;
		copy_out(t, args[0], &header, sizeof(header));
		return args[1] == 0 ? 0 : -STATUS_INVAL;
	}
	p = header.pid == 0 ? t->process : process_find(header.pid);
	if (p == NULL) {
		return -STATUS_SRCH;
	}
	if (p->credentials.euid == 0) {
		data[0] = data[1] = 0xffffffffu;
		data[3] = data[4] = 0x1ffu;
	}
	return args[1] != 0 ? copy_out(t, args[1], data, sizeof(data)) : 0;
}

int64_t sys_capset(struct thread *t, const uint64_t args[6])
{
	(void)args;
	return is_root(t) ? 0 : -STATUS_PERM;
}
