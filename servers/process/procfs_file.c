/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc: its links, and its open files, whose text is made when it is read at offset 0. */
#include "servers/process/procfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/process/exec_file.h"

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

	switch (proc_node_of(inode)) {
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

int64_t proc_follow(struct process *p, struct inode *inode, struct vfs_path *to)
{
	struct proc_target target;

	switch (proc_node_of(inode)) {
	case NODE_SELF:
	case NODE_THREAD_SELF:
	case NODE_MOUNTS_LINK:
		return 0;
	default:
		break;
	}
	if (!proc_target_of(inode, &target)) {
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

int64_t proc_readlink(struct process *p, struct inode *inode, char *text)
{
	struct proc_target target;
	struct vfs_path path;
	int64_t length;

	switch (proc_node_of(inode)) {
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
	if (!proc_target_of(inode, &target)) {
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
	struct proc_target target;

	f->text.used = 0;
	f->text.is_short = false;
	if (!proc_target_of(file->inode, &target)) {
		return -STATUS_SRCH;
	}
	target.reader = process_find(f->reader);
	proc_generate_node(proc_node_of(file->inode), &f->text, &target);
	return f->text.is_short ? -STATUS_NOMEM : 0;
}

static int64_t proc_read(struct open_file *file, struct transfer *x)
{
	struct proc_file *f = file->data;
	int64_t offset = x->position >= 0 ? x->position : file->offset;
	int64_t result = offset == 0 || f->text.data == NULL ? make_text(file) : 0;
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

int64_t proc_open(struct process *p, struct inode *inode, struct open_file *file)
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
