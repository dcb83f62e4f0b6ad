/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path walk: component by component, through symbolic links and mounts.
 *
 * What is still to be walked stands at the end of one static buffer; the target
 * of a symbolic link is put in front of it. So links need no recursion, and
 * the walk is bounded by VFS_LINK_DEPTH links of VFS_PATH_MAX bytes each.
 */
#include "servers/process/vfs.h"

#include <string.h>

#include "servers/process/files.h"
#include "servers/process/process.h"

static char pending[4 * VFS_PATH_MAX];
static char target[VFS_PATH_MAX];

struct walk_state {
	struct process *process;
	const struct credentials *who; /* NULL: all rights */
	struct vfs_path root;
	struct vfs_path at; /* held */
	char *rest;	    /* in `pending`, terminated */
	unsigned flags;
	unsigned links;
	struct walk_result *result;
};

struct component {
	const char *name;
	size_t length;
	bool is_last;
	bool has_slash; /* slashes follow the last name */
};

static void go_to(struct walk_state *w, const struct vfs_path *path)
{
	path_hold(path);
	path_put(&w->at);
	w->at = *path;
}

/* Cut the next component off. false: nothing but slashes was left. */
static bool next_component(struct walk_state *w, struct component *c)
{
	while (*w->rest == '/') {
		w->rest++;
	}
	if (*w->rest == 0) {
		return false;
	}
	c->name = w->rest;
	while (*w->rest != 0 && *w->rest != '/') {
		w->rest++;
	}
	c->length = (size_t)(w->rest - c->name);
	c->has_slash = *w->rest == '/';
	while (*w->rest == '/') {
		w->rest++;
	}
	c->is_last = *w->rest == 0;
	c->has_slash = c->has_slash && c->is_last;
	return true;
}

/* Put the link's target in front of the rest. The component's bytes were consumed. */
static int64_t follow_link(struct walk_state *w, struct dentry *link, const struct component *c)
{
	const struct file_system_ops *ops = link->fs->ops;
	struct vfs_path to;
	int64_t length;
	size_t need;

	if (++w->links > VFS_LINK_DEPTH) {
		return -STATUS_LOOP;
	}
	if (ops->follow != NULL) {
		int64_t result = ops->follow(w->process, link->inode, &to);

		if (result < 0) {
			return result;
		}
		if (result > 0) {
			path_put(&w->at);
			w->at = to;
			w->result->last = WALK_MAGIC;
			return 0;
		}
	}
	if (ops->readlink == NULL) {
		return -STATUS_INVAL;
	}
	length = ops->readlink(w->process, link->inode, target);
	if (length <= 0) {
		return length < 0 ? length : -STATUS_NOENT;
	}
	need = (size_t)length + (*w->rest != 0 || c->has_slash ? 1 : 0);
	if ((size_t)(w->rest - pending) < need) {
		return -STATUS_NAMETOOLONG;
	}
	w->rest -= need;
	memcpy(w->rest, target, (size_t)length);
	if (need > (size_t)length) {
		w->rest[length] = '/';
	}
	if (*w->rest == '/') {
		go_to(w, &w->root);
		w->result->last = WALK_ROOT;
	}
	return 0;
}

/* May the walk look for names here? */
static int64_t check_directory(const struct walk_state *w)
{
	const struct inode *inode = w->at.dentry->inode;

	if (inode == NULL || !inode_is(inode, MODE_DIRECTORY)) {
		return -STATUS_NOTDIR;
	}
	return inode_permission(inode, w->who, ACCESS_EXECUTE);
}

/* Walk one name that is not "." or "..". */
static int64_t step(struct walk_state *w, const struct component *c)
{
	struct dentry *child;
	bool is_object = c->is_last && (w->flags & WALK_LAST) != 0;
	int64_t result;

	w->result->last = WALK_NAME;
	if (c->length > VFS_NAME_MAX) {
		return -STATUS_NAMETOOLONG;
	}
	result = dentry_lookup(w->at.dentry, c->name, c->length, &child);
	if (result < 0) {
		return result;
	}
	if (child->inode == NULL && !(c->is_last && (w->flags & WALK_CREATE))) {
		dentry_put(child);
		return -STATUS_NOENT;
	}
	if (child->inode != NULL && inode_is(child->inode, MODE_LINK) && !is_object &&
	    (!c->is_last || c->has_slash || (w->flags & WALK_FOLLOW))) {
		result = follow_link(w, child, c);
		dentry_put(child);
		return result;
	}
	/* The hold of the child moves to the path; the mount's stays. */
	dentry_put(w->at.dentry);
	w->at.dentry = child;
	if (!is_object) {
		path_enter_mounts(&w->at);
	}
	return 0;
}

static int64_t walk_components(struct walk_state *w)
{
	struct component c;

	while (next_component(w, &c)) {
		int64_t result = check_directory(w);

		if (result < 0) {
			return result;
		}
		w->result->trailing_slash = c.has_slash;
		if (c.length == 1 && c.name[0] == '.') {
			w->result->last = WALK_DOT;
			continue;
		}
		if (c.length == 2 && c.name[0] == '.' && c.name[1] == '.') {
			w->result->last = WALK_DOT_DOT;
			path_to_parent(&w->at, &w->root);
			continue;
		}
		result = step(w, &c);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

/* The end must be a directory if a slash or the caller says so. */
static int64_t check_end(const struct walk_state *w)
{
	const struct inode *inode = w->at.dentry->inode;

	if (inode == NULL || (w->flags & WALK_LAST)) {
		return 0;
	}
	if ((w->result->trailing_slash || (w->flags & WALK_DIRECTORY)) &&
	    !inode_is(inode, MODE_DIRECTORY)) {
		return -STATUS_NOTDIR;
	}
	return 0;
}

int64_t walk(struct process *p, const struct vfs_path *start, const char *name, unsigned flags,
	     struct walk_result *result)
{
	struct walk_state w = {.process = p, .flags = flags, .result = result};
	size_t length = strlen(name);
	int64_t status;

	result->last = WALK_ROOT;
	result->trailing_slash = false;
	if (length >= VFS_PATH_MAX) {
		return -STATUS_NAMETOOLONG;
	}
	if (length == 0 && !(flags & WALK_EMPTY)) {
		return -STATUS_NOENT;
	}
	w.root.mount = mount_first();
	w.root.dentry = w.root.mount->root;
	if (p != NULL) {
		w.who = &p->credentials;
		w.root = p->fs->root;
	}
	w.rest = pending + sizeof(pending) - length - 1;
	memcpy(w.rest, name, length + 1);
	w.at = name[0] == '/' ? w.root : *start;
	path_hold(&w.at);
	if (length == 0) {
		result->last = WALK_DOT;
	}
	status = walk_components(&w);
	if (status == 0) {
		status = check_end(&w);
	}
	if (status < 0) {
		path_put(&w.at);
		return status;
	}
	result->path = w.at;
	return 0;
}
