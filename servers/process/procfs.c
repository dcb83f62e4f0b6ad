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

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/process/exec_file.h"

#define KIND_THREAD 0x800u
#define INDEX_MASK 0xfffffu
#define PROC_MAGIC 0x9fa0

enum node_flag {
	NODE_PROCESS = 1, /* below a process */
	NODE_THREAD = 2,  /* ...and also below a thread */
	NODE_FDS = 4,	  /* a directory of descriptors */
};

enum node_index { /* those that the code names; the table says the rest */
	NODE_ROOT,
	NODE_SELF,
	NODE_THREAD_SELF,
	NODE_MOUNTS_LINK,
	NODE_SYS,
	NODE_SYS_KERNEL,
	NODE_SYS_VM,
	NODE_SYS_FS,
	NODE_PID,
	NODE_TASK,
	NODE_TID,
	NODE_FD,
	NODE_FD_LINK,
	NODE_FDINFO,
	NODE_FDINFO_FILE,
	NODE_EXE,
	NODE_CWD,
	NODE_ROOT_LINK,
	NODE_FIRST_FILE,
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

/* ---- text ---- */

static bool text_reserve(struct text *text, size_t n)
{
	size_t room = text->room > 0 ? text->room : 1024;
	char *data;

	while (room - text->used < n) {
		room *= 2;
	}
	if (room == text->room) {
		return true;
	}
	data = realloc(text->data, room);
	if (data == NULL) {
		text->is_short = true;
		return false;
	}
	text->data = data;
	text->room = room;
	return true;
}

void text_append(struct text *text, const void *bytes, size_t n)
{
	if (!text->is_short && text_reserve(text, n)) {
		memcpy(text->data + text->used, bytes, n);
		text->used += n;
	}
}

void text_print(struct text *text, const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length > 0) {
		text_append(text, line,
			(size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
	}
}

/* ---- numbers and targets ---- */

static uint64_t number_of(int32_t pid, unsigned node, uint32_t index, bool is_thread)
{
	return (uint64_t)(uint32_t)pid << 32 |
		(uint64_t)((node + 1) | (is_thread ? KIND_THREAD : 0)) << 20 | index;
}

static unsigned node_of(const struct inode *inode)
{
	return (unsigned)((inode->ino >> 20 & (KIND_THREAD - 1)) - 1);
}

static bool is_of_thread(const struct inode *inode)
{
	return (inode->ino >> 20 & KIND_THREAD) != 0;
}

/* The process and thread that an inode is about. false: they are gone. */
static bool target_of(const struct inode *inode, struct proc_target *target)
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
	if (!target_of(&probe, &target) || target.process == NULL) {
		return;
	}
	attributes->uid = target.process->credentials.euid;
	attributes->gid = target.process->credentials.egid;
	if (node == NODE_FD_LINK) {
		const struct open_file *file = fd_file_any(target.process, target.fd);

		attributes->mode = MODE_LINK | 0100;
		if (file != NULL) {
			attributes->mode |= (file_reads(file) ? 0400u : 0) |
				(file_writes(file) ? 0200u : 0);
		}
	}
}

/* ---- directories ---- */

/* Is a table entry listed in this directory? */
static bool is_child(const struct inode *dir, unsigned node)
{
	unsigned parent = node_of(dir);

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
	bool is_thread = node_of(dir) == NODE_TID;

	return number_of((int32_t)(dir->ino >> 32), node,
		is_thread ? (uint32_t)(dir->ino & INDEX_MASK) : 0, is_thread);
}

/* A number as name: a process, a thread, a descriptor. 0 if there is none. */
static uint64_t numbered_child(const struct inode *dir, int32_t number, unsigned *node)
{
	struct proc_target target;

	if (number < 0 || !target_of(dir, &target)) {
		return 0;
	}
	switch (node_of(dir)) {
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
		*node = node_of(dir) == NODE_FD ? NODE_FD_LINK : NODE_FDINFO_FILE;
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

	if (!target_of(dir, &target)) {
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
		if (next == NULL || !emit_number(e,
					    number_of(p->pid, NODE_TID, (uint32_t)next->tid, true),
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

	if (!target_of(dir, &target)) {
		return;
	}
	switch (node_of(dir)) {
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

	if (!target_of(dir, &target)) {
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

/* ---- links ---- */

/* May p look into the process? */
static bool may_look(const struct process *p, const struct process *at)
{
	return p == NULL || p == at || p->credentials.fsuid == 0 ||
		p->credentials.fsuid == at->credentials.uid;
}

/* The thing a magic link stands for; NULL dentry: there is none. */
static struct vfs_path link_path(const struct inode *inode, const struct proc_target *target)
{
	struct process *p = target->process;
	struct vfs_path none = {NULL, NULL};
	struct open_file *file;

	switch (node_of(inode)) {
	case NODE_FD_LINK:
		file = fd_file_any(p, target->fd);
		return file != NULL ? file->path : none;
	case NODE_CWD:
		return p->fs != NULL ? p->fs->cwd : none;
	case NODE_ROOT_LINK:
		return p->fs != NULL ? p->fs->root : none;
	case NODE_EXE:
		return exec_file_path(p);
	default:
		return none;
	}
}

static int64_t proc_follow(struct process *p, struct inode *inode, struct vfs_path *to)
{
	struct proc_target target;

	switch (node_of(inode)) {
	case NODE_SELF:
	case NODE_THREAD_SELF:
	case NODE_MOUNTS_LINK:
		return 0;
	default:
		break;
	}
	if (!target_of(inode, &target)) {
		return -STATUS_NOENT;
	}
	if (!may_look(p, target.process)) {
		return -STATUS_ACCES;
	}
	*to = link_path(inode, &target);
	if (to->dentry == NULL) {
		return -STATUS_NOENT;
	}
	path_hold(to);
	return 1;
}

static int64_t proc_readlink(struct process *p, struct inode *inode, char *text)
{
	struct proc_target target;
	struct vfs_path path;
	int64_t length;

	switch (node_of(inode)) {
	case NODE_SELF:
		return snprintf(text, VFS_PATH_MAX, "%d", p != NULL ? (int)p->pid : 0);
	case NODE_THREAD_SELF:
		return snprintf(text, VFS_PATH_MAX, "%d/task/%d", p != NULL ? (int)p->pid : 0,
			p != NULL ? (int)p->pid : 0);
	case NODE_MOUNTS_LINK:
		return snprintf(text, VFS_PATH_MAX, "self/mounts");
	default:
		break;
	}
	if (!target_of(inode, &target)) {
		return -STATUS_NOENT;
	}
	if (!may_look(p, target.process)) {
		return -STATUS_ACCES;
	}
	path = link_path(inode, &target);
	if (path.dentry == NULL) {
		return -STATUS_NOENT;
	}
	length = path_name(&path, &p->fs->root, text, VFS_PATH_MAX, true);
	return length < 0 ? -STATUS_NAMETOOLONG : length - 1;
}

/* ---- files ---- */

struct proc_file {
	struct text text;
	int32_t reader; /* pid of who opened it */
};

static int64_t make_text(struct open_file *file)
{
	struct proc_file *f = file->data;
	const struct node *node = &nodes[node_of(file->inode)];
	struct proc_target target;

	f->text.used = 0;
	f->text.is_short = false;
	if (!target_of(file->inode, &target)) {
		return -STATUS_SRCH;
	}
	target.reader = process_find(f->reader);
	if (node->generate == NULL) {
		text_append(&f->text, node->constant, strlen(node->constant));
	} else {
		node->generate(&f->text, &target);
	}
	return f->text.is_short ? -STATUS_NOMEM : 0;
}

static int64_t proc_read(struct open_file *file, struct transfer *x)
{
	struct proc_file *f = file->data;
	int64_t offset = x->position >= 0 ? x->position : file->offset;
	int64_t result = offset == 0 ? make_text(file) : 0;
	size_t left;

	if (result < 0 || (uint64_t)offset >= f->text.used) {
		return result;
	}
	left = f->text.used - (size_t)offset;
	result = transfer_out(x, f->text.data + offset, left < x->left ? left : x->left);
	if (result > 0 && x->position < 0) {
		file->offset += result;
	}
	return result;
}

static int64_t proc_seek(struct open_file *file, int64_t offset, unsigned whence)
{
	if (whence > 1) {
		return -STATUS_INVAL;
	}
	if (whence == 1 && __builtin_add_overflow(offset, file->offset, &offset)) {
		return -STATUS_OVERFLOW;
	}
	if (offset < 0) {
		return -STATUS_INVAL;
	}
	file->offset = offset;
	return offset;
}

static void proc_close(struct open_file *file)
{
	struct proc_file *f = file->data;

	free(f->text.data);
	free(f);
}

static const struct file_ops proc_file_ops = {
	.read = proc_read,
	.seek = proc_seek,
	.close = proc_close,
};

static int64_t proc_open(struct process *p, struct inode *inode, struct open_file *file)
{
	struct proc_file *f;

	if (!inode_is(inode, MODE_FILE)) {
		return -STATUS_LOOP;
	}
	if (file_writes(file)) {
		return -STATUS_ACCES;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		return -STATUS_NOMEM;
	}
	f->reader = p != NULL ? p->pid : 0;
	file->data = f;
	file->ops = &proc_file_ops;
	return 0;
}

static int64_t proc_getattr(struct inode *inode, struct file_attributes *attributes)
{
	struct proc_target target;

	if (!target_of(inode, &target)) {
		return -STATUS_NOENT;
	}
	fill_attributes(inode->ino, node_of(inode), attributes);
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
