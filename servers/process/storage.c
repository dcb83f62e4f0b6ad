/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls about sizes and stable storage, and copies between files. */
#include "servers/process/files.h"

#include "servers/process/exec_file.h"
#include "servers/process/regular.h"

#define COPY_CHUNK 65536ul

/* ---- truncate ---- */

static int64_t check_size(struct thread *t, int64_t size)
{
	if (size < 0) {
		return -STATUS_INVAL;
	}
	if ((uint64_t)size > t->process->limits[LINUX_RLIMIT_FSIZE].soft) {
		signal_send_thread(t, LINUX_SIGXFSZ, NULL);
		return -STATUS_FBIG;
	}
	return 0;
}

static int64_t truncate_path(struct thread *t, const struct vfs_path *path, int64_t size)
{
	struct inode *inode = path->dentry->inode;
	int64_t result;

	if (inode_is(inode, MODE_DIRECTORY)) {
		return -STATUS_ISDIR;
	}
	if (!inode_is(inode, MODE_FILE) || inode->fs->number == 0) {
		return -STATUS_INVAL;
	}
	result = inode_permission(inode, &t->process->credentials, ACCESS_WRITE);
	if (result < 0) {
		return result;
	}
	if (path_is_read_only(path)) {
		return -STATUS_ROFS;
	}
	if (exec_file_is_running(inode)) {
		return -STATUS_TXTBSY;
	}
	result = check_size(t, size);
	return result < 0 ? result : regular_truncate(inode, (uint64_t)size);
}

HANDLER(truncate)
{
	struct walk_result found;
	int64_t result;

	if ((int64_t)args[1] < 0) {
		return -STATUS_INVAL;
	}
	result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, args[0], WALK_FOLLOW, &found);
	if (result == 0) {
		result = truncate_path(t, &found.path, (int64_t)args[1]);
		path_put(&found.path);
	}
	return result;
}

HANDLER(ftruncate)
{
	struct open_file *file = fd_file(t->process, args[0]);
	int64_t size = (int64_t)args[1];
	int64_t result;

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (file->ops != &regular_ops || !file_writes(file)) {
		return -STATUS_INVAL;
	}
	result = check_size(t, size);
	return result < 0 ? result : regular_truncate(file->inode, (uint64_t)size);
}

/* Arguments are checked; libraries do the rest by writing, as for other file systems without it. */
HANDLER(fallocate)
{
	struct open_file *file = fd_file(t->process, args[0]);

	if (file == NULL || !file_writes(file)) {
		return -STATUS_BADF;
	}
	if ((int64_t)args[2] < 0 || (int64_t)args[3] <= 0) {
		return -STATUS_INVAL;
	}
	if (inode_is(file->inode, MODE_FIFO)) {
		return -STATUS_SPIPE;
	}
	return file->ops == &regular_ops ? -STATUS_OPNOTSUPP : -STATUS_NODEV;
}

/* ---- stable storage ---- */

static int64_t sync_file(struct thread *t, bool data_only)
{
	struct open_file *file = fd_file(t->process, t->args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (file->ops == &regular_ops) {
		return regular_sync(file->inode, data_only);
	}
	if (inode_is(file->inode, MODE_DIRECTORY) && file->inode->fs->number != 0) {
		return server_request(files_cap, FILES_SYNC, 1, file->inode->fs->number, 0, 0, 0, 0,
				      0);
	}
	return -STATUS_INVAL;
}

HANDLER(fsync)
{
	return sync_file(t, false);
}

HANDLER(fdatasync)
{
	return sync_file(t, true);
}

HANDLER(sync_file_range)
{
	struct open_file *file = fd_file(t->process, (uint32_t)args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if ((int64_t)args[1] < 0 || (int64_t)args[2] < 0 || (args[3] & ~7ull)) {
		return -STATUS_INVAL;
	}
	if (file->ops != &regular_ops) {
		return -STATUS_SPIPE;
	}
	return server_request(pager_cap, PAGER_OBJECT_SYNC, 1, file->inode->object, 0, 0, 0, 0, 0);
}

static void flush_time(struct inode *inode, void *context)
{
	(void)context;
	if (!inode->is_removed && inode->fs->number != 0) {
		regular_flush_time(inode);
	}
}

int64_t sync_all(uint64_t fs)
{
	int64_t result = server_request(pager_cap, PAGER_SYNC_ALL, 0, 0, 0, 0, 0, 0, 0);
	int64_t status;

	inode_each(flush_time, NULL);
	status = server_request(files_cap, FILES_SYNC, 1, fs, 0, 0, 0, 0, 0);
	return result < 0 ? result : status;
}

HANDLER(sync)
{
	(void)t;
	sync_all(0);
	return 0;
}

HANDLER(syncfs)
{
	struct open_file *file = fd_file(t->process, (uint32_t)args[0]);
	int64_t result;

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (file->inode->fs->number == 0) {
		return 0;
	}
	result = sync_all(file->inode->fs->number);
	return result < 0 ? result : 0;
}

/* ---- hints ---- */

HANDLER(fadvise64)
{
	struct open_file *file = fd_file(t->process, (uint32_t)args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (inode_is(file->inode, MODE_FIFO)) {
		return -STATUS_SPIPE;
	}
	return (int64_t)args[2] < 0 || args[3] > 5 ? -STATUS_INVAL : 0;
}

HANDLER(readahead)
{
	struct open_file *file = fd_file(t->process, (uint32_t)args[0]);

	if (file == NULL || !file_reads(file)) {
		return -STATUS_BADF;
	}
	return file->ops == &regular_ops ? 0 : -STATUS_INVAL;
}

/* ---- copies between files ---- */

struct copy {
	struct open_file *in, *out;
	int64_t in_position, out_position; /* -1: the file's own */
	uint64_t left, done;
};

/*
 * One chunk. Bytes moved, 0 at the end of the input, -STATUS_AGAIN if one side has to be waited
 * for: then *wait is that file.
 */
static int64_t copy_chunk(struct thread *t, struct copy *c, struct open_file **wait)
{
	struct transfer in = {.thread = t, .kernel = pager_xfer + XFER_FILES};
	struct transfer out = {.thread = t, .kernel = pager_xfer + XFER_FILES};
	uint64_t room = c->out->ops->room != NULL ? c->out->ops->room(c->out) : COPY_CHUNK;
	int64_t before = c->in->offset;
	int64_t got, put;

	*wait = c->out;
	if (room == 0) {
		return -STATUS_AGAIN;
	}
	in.left = c->left < COPY_CHUNK ? c->left : COPY_CHUNK;
	in.left = in.left < room ? in.left : room;
	in.position = c->in_position;
	*wait = c->in;
	got = c->in->ops->read(c->in, &in);
	if (got <= 0) {
		return got;
	}
	out.left = (uint64_t)got;
	out.position = c->out_position;
	*wait = c->out;
	put = c->out->ops->write(c->out, &out);
	if (c->in_position < 0) {
		c->in->offset = before + (put > 0 ? put : 0);
	} else if (put > 0) {
		c->in_position += put;
	}
	if (put > 0 && c->out_position >= 0) {
		c->out_position += put;
	}
	return put;
}

static int64_t copy_some(struct thread *t, struct copy *c, struct open_file **wait)
{
	uint64_t start = c->done;
	int64_t result = 0;

	while (c->left > 0 && c->done - start < IO_ROUND) {
		result = copy_chunk(t, c, wait);
		if (result <= 0) {
			break;
		}
		c->left -= (uint64_t)result;
		c->done += (uint64_t)result;
	}
	return result;
}

static int64_t sendfile_resume(struct thread *t, enum wake why);

static int64_t sendfile_finish(struct thread *t, const struct copy *c, int64_t result)
{
	if (t->args[2] != 0 && c->done > 0 &&
	    copy_out(t, t->args[2], &c->in_position, sizeof(c->in_position)) < 0) {
		return -STATUS_FAULT;
	}
	return c->done > 0 ? (int64_t)c->done : result;
}

/* Go on with a sendfile; parks with the output file held. */
static int64_t sendfile_run(struct thread *t, struct copy *c)
{
	struct open_file *wait = c->out;
	int64_t result = copy_some(t, c, &wait);
	struct waitable *waitable = NULL;
	uint64_t deadline = PARK_FOREVER;

	if (result == -STATUS_AGAIN && !(wait->flags & OPEN_NONBLOCK)) {
		waitable = open_file_waitable(wait);
	} else if (result > 0 && c->left > 0) {
		deadline = time_now();
	} else {
		return sendfile_finish(t, c, result);
	}
	if (waitable != NULL) {
		result = park_on(t, waitable);
		if (result < 0) {
			return sendfile_finish(t, c, result);
		}
	}
	t->park_words[0] = c->done;
	t->park_words[1] = (uint64_t)c->in_position;
	return park(t, sendfile_resume, deadline, true);
}

static int64_t sendfile_load(struct thread *t, struct copy *c)
{
	struct process *p = t->process;

	c->out = fd_file(p, (uint32_t)t->args[0]);
	c->in = fd_file(p, (uint32_t)t->args[1]);
	if (c->out == NULL || c->in == NULL || !file_writes(c->out) || !file_reads(c->in)) {
		return -STATUS_BADF;
	}
	/* The input must be able to step back to what the output has taken. */
	if (c->in->ops->read == NULL || c->in->ops->seek == NULL || c->out->ops->write == NULL ||
	    (c->out->flags & OPEN_APPEND)) {
		return -STATUS_INVAL;
	}
	c->left = t->args[3] < IO_BYTES_MAX ? t->args[3] : IO_BYTES_MAX;
	c->out_position = -1;
	return 0;
}

HANDLER(sendfile)
{
	struct copy c = {.in_position = -1};
	int64_t result = sendfile_load(t, &c);

	if (result < 0) {
		return result;
	}
	if (args[2] != 0) {
		result = copy_in(t, &c.in_position, args[2], sizeof(c.in_position));
		if (result < 0) {
			return result;
		}
		if (c.in_position < 0) {
			return -STATUS_INVAL;
		}
	}
	return sendfile_run(t, &c);
}

static int64_t sendfile_resume(struct thread *t, enum wake why)
{
	struct copy c = {.done = t->park_words[0], .in_position = (int64_t)t->park_words[1]};
	uint64_t done = c.done;
	int64_t result;

	if (why == WAKE_KILL) {
		return 0;
	}
	/* The descriptors are looked up anew: another thread may have closed them meanwhile. */
	result = sendfile_load(t, &c);
	if (result < 0 || why == WAKE_SIGNAL) {
		return sendfile_finish(t, &c, result < 0 ? result : CALL_RESTART_SYS);
	}
	c.left -= done;
	return sendfile_run(t, &c);
}

static int64_t copy_position(struct thread *t, uint64_t user, int64_t *position)
{
	*position = -1;
	if (user == 0) {
		return 0;
	}
	if (copy_in(t, position, user, sizeof(*position)) < 0) {
		return -STATUS_FAULT;
	}
	return *position < 0 ? -STATUS_INVAL : 0;
}

HANDLER(copy_file_range)
{
	struct process *p = t->process;
	struct copy c = {
		.in = fd_file(p, (uint32_t)args[0]),
		.out = fd_file(p, (uint32_t)args[2]),
		.left = args[4] < IO_ROUND ? args[4] : IO_ROUND,
	};
	struct open_file *wait;
	int64_t result;

	if (c.in == NULL || c.out == NULL || !file_reads(c.in) || !file_writes(c.out) ||
	    (c.out->flags & OPEN_APPEND)) {
		return -STATUS_BADF;
	}
	if (inode_is(c.in->inode, MODE_DIRECTORY) || inode_is(c.out->inode, MODE_DIRECTORY)) {
		return -STATUS_ISDIR;
	}
	if (args[5] != 0 || c.in->ops != &regular_ops || c.out->ops != &regular_ops ||
	    c.in->inode == c.out->inode) {
		return -STATUS_INVAL;
	}
	result = copy_position(t, args[1], &c.in_position);
	if (result == 0) {
		result = copy_position(t, args[3], &c.out_position);
	}
	if (result == 0) {
		result = copy_some(t, &c, &wait);
	}
	if (c.done == 0) {
		return result;
	}
	if ((args[1] != 0 && copy_out(t, args[1], &c.in_position, 8) < 0) ||
	    (args[3] != 0 && copy_out(t, args[3], &c.out_position, 8) < 0)) {
		return -STATUS_FAULT;
	}
	return (int64_t)c.done;
}
