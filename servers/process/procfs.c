/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: the tree. Directories and files stand in one table; directories of
 * processes, threads and descriptors have a rule of their own.
 *
 * An inode number says all there is to know: process << 32 | kind << 20 | index,
 * where kind is the place in the table plus one (KIND_THREAD added: the file of
 * one thread, whose id is the index), and the index of files under fd and
 * fdinfo is the descriptor. The text of a file is made when it is read at offset 0.
 */
#include "servers/process/procfs.h"

#include <stdio.h>
#include <string.h>

#define KIND_THREAD 0x800u
#define INDEX_MASK 0xfffffu
#define PROC_MAGIC 0x9fa0

enum node_flag {
	NODE_PROCESS = 1, /* below a process */
	NODE_THREAD = 2,  /* ...and also below a thread */
	NODE_FDS = 4,	  /* a directory of descriptors */
};

struct node {
	const char *name; /* NULL: a number */
	uint8_t parent;
	uint8_t flags;
	uint32_t mode;
	proc_generate generate;
	const char *constant; /* the text, if it does not change */
};

#define DIR (MODE_DIRECTORY | 0555)
#define LNK (MODE_LINK | 0777)
#define REG (MODE_FILE | 0444)
#define OWN (MODE_FILE | 0400)

static const struct node nodes[] = {
	[NODE_ROOT] = {"", NODE_ROOT, 0, DIR, NULL, NULL},
	[NODE_SELF] = {"self", NODE_ROOT, 0, LNK, NULL, NULL},
	[NODE_THREAD_SELF] = {"thread-self", NODE_ROOT, 0, LNK, NULL, NULL},
	[NODE_MOUNTS_LINK] = {"mounts", NODE_ROOT, 0, LNK, NULL, NULL},
	[NODE_SYS] = {"sys", NODE_ROOT, 0, DIR, NULL, NULL},
	[NODE_SYS_KERNEL] = {"kernel", NODE_SYS, 0, DIR, NULL, NULL},
	[NODE_SYS_VM] = {"vm", NODE_SYS, 0, DIR, NULL, NULL},
	[NODE_SYS_FS] = {"fs", NODE_SYS, 0, DIR, NULL, NULL},
	[NODE_PID] = {NULL, NODE_ROOT, NODE_PROCESS, DIR, NULL, NULL},
	[NODE_TASK] = {"task", NODE_PID, NODE_PROCESS, DIR, NULL, NULL},
	[NODE_TID] = {NULL, NODE_TASK, NODE_PROCESS, DIR, NULL, NULL},
	[NODE_FD] = {"fd", NODE_PID, NODE_PROCESS | NODE_FDS, MODE_DIRECTORY | 0500, NULL, NULL},
	[NODE_FD_LINK] = {NULL, NODE_FD, NODE_PROCESS, LNK, NULL, NULL},
	[NODE_FDINFO] = {"fdinfo", NODE_PID, NODE_PROCESS | NODE_FDS, MODE_DIRECTORY | 0500, NULL,
			 NULL},
	[NODE_FDINFO_FILE] = {NULL, NODE_FDINFO, NODE_PROCESS, OWN, proc_pid_fdinfo, NULL},
	[NODE_EXE] = {"exe", NODE_PID, NODE_PROCESS, LNK, NULL, NULL},
	[NODE_CWD] = {"cwd", NODE_PID, NODE_PROCESS, LNK, NULL, NULL},
	[NODE_ROOT_LINK] = {"root", NODE_PID, NODE_PROCESS, LNK, NULL, NULL},

	{"cmdline", NODE_ROOT, 0, REG, proc_cmdline, NULL},
	{"cpuinfo", NODE_ROOT, 0, REG, proc_cpuinfo, NULL},
	{"filesystems", NODE_ROOT, 0, REG, proc_filesystems, NULL},
	{"loadavg", NODE_ROOT, 0, REG, proc_loadavg, NULL},
	{"meminfo", NODE_ROOT, 0, REG, proc_meminfo, NULL},
	{"ravelin", NODE_ROOT, 0, REG, proc_ravelin, NULL},
	{"stat", NODE_ROOT, 0, REG, proc_stat, NULL},
	{"swaps", NODE_ROOT, 0, REG, proc_swaps, NULL},
	{"unimplemented", NODE_ROOT, 0, REG, proc_unimplemented, NULL},
	{"uptime", NODE_ROOT, 0, REG, proc_uptime, NULL},
	{"version", NODE_ROOT, 0, REG, proc_version, NULL},
	{"vmstat", NODE_ROOT, 0, REG, proc_vmstat, NULL},

	{"domainname", NODE_SYS_KERNEL, 0, REG, proc_domainname, NULL},
	{"hostname", NODE_SYS_KERNEL, 0, REG, proc_hostname, NULL},
	{"ngroups_max", NODE_SYS_KERNEL, 0, REG, NULL, "32\n"},
	{"osrelease", NODE_SYS_KERNEL, 0, REG, NULL, "6.12.0-ravelin\n"},
	{"ostype", NODE_SYS_KERNEL, 0, REG, NULL, "Linux\n"},
	{"pid_max", NODE_SYS_KERNEL, 0, REG, NULL, "32768\n"},
	{"version", NODE_SYS_KERNEL, 0, REG, NULL, "#1 SMP Ravelin\n"},
	{"max_map_count", NODE_SYS_VM, 0, REG, NULL, "65530\n"},
	{"overcommit_memory", NODE_SYS_VM, 0, REG, NULL, "0\n"},
	{"nr_open", NODE_SYS_FS, 0, REG, NULL, "65536\n"},
	{"pipe-max-size", NODE_SYS_FS, 0, REG, NULL, "1048576\n"},

	{"auxv", NODE_PID, NODE_PROCESS, OWN, proc_pid_auxv, NULL},
	{"cmdline", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_cmdline, NULL},
	{"comm", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_comm, NULL},
	{"environ", NODE_PID, NODE_PROCESS | NODE_THREAD, OWN, proc_pid_environ, NULL},
	{"limits", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_limits, NULL},
	{"maps", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_maps, NULL},
	{"mountinfo", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_mountinfo, NULL},
	{"mounts", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_mounts, NULL},
	{"oom_score_adj", NODE_PID, NODE_PROCESS, REG, NULL, "0\n"},
	{"smaps", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_smaps, NULL},
	{"smaps_rollup", NODE_PID, NODE_PROCESS, REG, proc_pid_smaps_rollup, NULL},
	{"stat", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_stat, NULL},
	{"statm", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_statm, NULL},
	{"status", NODE_PID, NODE_PROCESS | NODE_THREAD, REG, proc_pid_status, NULL},
};
#define NODES (sizeof(nodes) / sizeof(nodes[0]))
_Static_assert(NODES < KIND_THREAD - 1, "kinds fit");

/* ---- numbers and targets ---- */

static uint64_t number_of(int32_t pid, unsigned node, uint32_t index, bool is_thread)
{
	return (uint64_t)(uint32_t)pid << 32 |
	       (uint64_t)((node + 1) | (is_thread ? KIND_THREAD : 0)) << 20 | index;
}

unsigned proc_node_of(const struct inode *inode)
{
	return (unsigned)((inode->ino >> 20 & (KIND_THREAD - 1)) - 1);
}

static bool is_of_thread(const struct inode *inode)
{
	return (inode->ino >> 20 & KIND_THREAD) != 0;
}

bool proc_target_of(const struct inode *inode, struct proc_target *target)
{
	uint32_t index = (uint32_t)(inode->ino & INDEX_MASK);

	memset(target, 0, sizeof(*target));
	if (inode->ino >> 32 == 0) {
		return true;
	}
	target->process = process_find((int32_t)(inode->ino >> 32));
	target->fd = index;
	if (target->process == NULL) {
		return false;
	}
	if (is_of_thread(inode)) {
		target->thread = thread_find((int32_t)index);
		return target->thread != NULL && target->thread->process == target->process;
	}
	return true;
}

/* A decimal number below 2^20 without leading zeroes, or -1. */
static int32_t parse_number(const char *name, size_t length)
{
	int32_t value = 0;

	if (length == 0 || length > 6 || (name[0] == '0' && length > 1)) {
		return -1;
	}
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9') {
			return -1;
		}
		value = value * 10 + (name[i] - '0');
	}
	return value <= (int32_t)INDEX_MASK ? value : -1;
}

static void fill_attributes(uint64_t ino, unsigned node, struct file_attributes *attributes)
{
	struct inode probe = {.ino = ino};
	struct proc_target target;

	memset(attributes, 0, sizeof(*attributes));
	attributes->ino = ino;
	attributes->mode = nodes[node].mode;
	attributes->links = (attributes->mode & MODE_TYPE) == MODE_DIRECTORY ? 2 : 1;
	attributes->block_size = 1024;
	attributes->atime = attributes->mtime = attributes->ctime = time_realtime_ns();
	if (!proc_target_of(&probe, &target) || target.process == NULL) {
		return;
	}
	attributes->uid = target.process->credentials.euid;
	attributes->gid = target.process->credentials.egid;
	if (node == NODE_FD_LINK) {
		const struct open_file *file = fd_file_any(target.process, target.fd);

		attributes->mode = MODE_LINK | 0100;
		if (file != NULL) {
			attributes->mode |=
				(file_reads(file) ? 0400u : 0) | (file_writes(file) ? 0200u : 0);
		}
	}
}

/* ---- directories ---- */

/* Is a table entry listed in this directory? */
static bool is_child(const struct inode *dir, unsigned node)
{
	unsigned parent = proc_node_of(dir);

	if (nodes[node].name == NULL || node == NODE_ROOT) {
		return false;
	}
	if (parent == NODE_TID) {
		return nodes[node].parent == NODE_PID && (nodes[node].flags & NODE_THREAD);
	}
	return nodes[node].parent == parent;
}

static uint64_t child_number(const struct inode *dir, unsigned node)
{
	bool is_thread = proc_node_of(dir) == NODE_TID;

	return number_of((int32_t)(dir->ino >> 32), node,
			 is_thread ? (uint32_t)(dir->ino & INDEX_MASK) : 0, is_thread);
}

/* A number as name: a process, a thread, a descriptor. 0 if there is none. */
static uint64_t numbered_child(const struct inode *dir, int32_t number, unsigned *node)
{
	struct proc_target target;

	if (number < 0 || !proc_target_of(dir, &target)) {
		return 0;
	}
	switch (proc_node_of(dir)) {
	case NODE_ROOT:
		*node = NODE_PID;
		return number > 0 && process_find(number) != NULL
			       ? number_of(number, NODE_PID, 0, false)
			       : 0;
	case NODE_TASK: {
		const struct thread *t = thread_find(number);

		*node = NODE_TID;
		return t != NULL && t->process == target.process
			       ? number_of(target.process->pid, NODE_TID, (uint32_t)number, true)
			       : 0;
	}
	case NODE_FD:
	case NODE_FDINFO:
		*node = proc_node_of(dir) == NODE_FD ? NODE_FD_LINK : NODE_FDINFO_FILE;
		return fd_file_any(target.process, (uint64_t)number) != NULL
			       ? number_of(target.process->pid, *node, (uint32_t)number, false)
			       : 0;
	default:
		return 0;
	}
}

static int64_t proc_lookup(struct inode *dir, const char *name, size_t length,
			   struct file_attributes *attributes)
{
	struct proc_target target;
	unsigned node = 0;
	uint64_t ino;

	if (!proc_target_of(dir, &target)) {
		return -STATUS_NOENT;
	}
	for (unsigned i = 0; i < NODES; i++) {
		if (is_child(dir, i) && strlen(nodes[i].name) == length &&
		    memcmp(nodes[i].name, name, length) == 0) {
			fill_attributes(child_number(dir, i), i, attributes);
			return 0;
		}
	}
	ino = numbered_child(dir, parse_number(name, length), &node);
	if (ino == 0) {
		return -STATUS_NOENT;
	}
	fill_attributes(ino, node, attributes);
	return 0;
}

/* Cookies: 1 and 2 are behind "." and "..", then the table, then numbers. */
#define COOKIE_TABLE 2
#define COOKIE_NUMBERS 0x10000

struct emitter {
	vfs_emit emit;
	void *context;
};

static bool emit_number(const struct emitter *e, uint64_t ino, uint64_t number, uint8_t type)
{
	char name[16];
	int length = snprintf(name, sizeof(name), "%lu", (unsigned long)number);

	return e->emit(e->context, ino, COOKIE_NUMBERS + number + 1, type, name, (size_t)length);
}

static void list_processes(const struct emitter *e, uint64_t first)
{
	/* In the order of numbers, so that a cookie finds its place again. */
	for (;;) {
		struct process *next = NULL;

		for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
			if ((uint64_t)p->pid >= first && (next == NULL || p->pid < next->pid)) {
				next = p;
			}
		}
		if (next == NULL || !emit_number(e, number_of(next->pid, NODE_PID, 0, false),
						 (uint64_t)next->pid, 4)) {
			return;
		}
		first = (uint64_t)next->pid + 1;
	}
}

static void list_threads(const struct emitter *e, const struct process *p, uint64_t first)
{
	for (;;) {
		const struct thread *next = NULL;

		for (const struct thread *t = p->threads; t != NULL; t = t->process_next) {
			if ((uint64_t)t->tid >= first && (next == NULL || t->tid < next->tid)) {
				next = t;
			}
		}
		if (next == NULL ||
		    !emit_number(e, number_of(p->pid, NODE_TID, (uint32_t)next->tid, true),
				 (uint64_t)next->tid, 4)) {
			return;
		}
		first = (uint64_t)next->tid + 1;
	}
}

static void list_files(const struct emitter *e, struct process *p, unsigned node, uint64_t first)
{
	uint32_t capacity = p->files != NULL ? p->files->capacity : 0;
	uint8_t type = node == NODE_FD_LINK ? 10 : 8;

	for (uint64_t fd = first; fd < capacity; fd++) {
		if (fd_file_any(p, fd) != NULL &&
		    !emit_number(e, number_of(p->pid, node, (uint32_t)fd, false), fd, type)) {
			return;
		}
	}
}

static void list_numbers(struct inode *dir, uint64_t first, const struct emitter *e)
{
	struct proc_target target;

	if (!proc_target_of(dir, &target)) {
		return;
	}
	switch (proc_node_of(dir)) {
	case NODE_ROOT:
		list_processes(e, first);
		break;
	case NODE_TASK:
		list_threads(e, target.process, first);
		break;
	case NODE_FD:
		list_files(e, target.process, NODE_FD_LINK, first);
		break;
	case NODE_FDINFO:
		list_files(e, target.process, NODE_FDINFO_FILE, first);
		break;
	default:
		break;
	}
}

static int64_t proc_readdir(struct inode *dir, uint64_t cookie, vfs_emit emit, void *context)
{
	struct emitter e = {emit, context};
	struct proc_target target;

	if (!proc_target_of(dir, &target)) {
		return -STATUS_NOENT;
	}
	if (cookie < 1 && !emit(context, dir->ino, 1, 4, ".", 1)) {
		return 0;
	}
	if (cookie < 2 && !emit(context, dir->ino, 2, 4, "..", 2)) {
		return 0;
	}
	for (uint64_t i = cookie < COOKIE_TABLE ? 0 : cookie - COOKIE_TABLE; i < NODES; i++) {
		uint8_t type = (uint8_t)((nodes[i].mode & MODE_TYPE) >> 12);

		if (is_child(dir, (unsigned)i) &&
		    !emit(context, child_number(dir, (unsigned)i), COOKIE_TABLE + i + 1, type,
			  nodes[i].name, strlen(nodes[i].name))) {
			return 0;
		}
	}
	list_numbers(dir, cookie > COOKIE_NUMBERS ? cookie - COOKIE_NUMBERS : 0, &e);
	return 0;
}

/* ---- the file system ---- */

void proc_generate_node(unsigned node, struct text *text, const struct proc_target *target)
{
	if (nodes[node].generate != NULL) {
		nodes[node].generate(text, target);
	} else {
		text_append(text, nodes[node].constant, strlen(nodes[node].constant));
	}
}

static int64_t proc_getattr(struct inode *inode, struct file_attributes *attributes)
{
	struct proc_target target;

	if (!proc_target_of(inode, &target)) {
		return -STATUS_NOENT;
	}
	fill_attributes(inode->ino, proc_node_of(inode), attributes);
	return 0;
}

static int64_t proc_root(struct file_system *fs, struct file_attributes *attributes)
{
	(void)fs;
	fill_attributes(number_of(0, NODE_ROOT, 0, false), NODE_ROOT, attributes);
	return 0;
}

static int64_t proc_statfs(struct inode *inode, struct vfs_statfs *figures)
{
	(void)inode;
	figures->magic = PROC_MAGIC;
	return 0;
}

static const struct file_system_ops proc_ops = {
	.root = proc_root,
	.lookup = proc_lookup,
	.getattr = proc_getattr,
	.readlink = proc_readlink,
	.follow = proc_follow,
	.readdir = proc_readdir,
	.statfs = proc_statfs,
	.open = proc_open,
};

struct file_system proc_file_system = {
	.ops = &proc_ops,
	.type = "proc",
	.device = DEVICE(0, 4),
	.is_volatile = true,
};
