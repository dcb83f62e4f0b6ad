/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular files of the file server. Their data lies in the pager's cache and
 * moves between it and a program's memory inside the pager; this server sees
 * it only where it is itself one end (sendfile).
 *
 * The file server counts one opener for all of this server's open files of an inode.
 */
#include "servers/process/regular.h"

#include "servers/process/files.h"

#define CHUNK (1024ul * 1024) /* bytes of one request to the pager */
#define SIZE_LIMIT ((1ull << 44) - 4096)

int64_t regular_open(struct inode *inode)
{
	uint64_t words[10] = {inode->fs->number, inode->ino};
	int64_t result;

	if (inode->openers > 0) {
		inode->openers++;
		return 0;
	}
	result = server_call(files_cap, FILES_OPEN, 2, words);
	if (result < 0) {
		return result;
	}
	words[2] = words[1];
	words[0] = inode->fs->number;
	words[1] = inode->ino;
	words[3] = inode->fs->is_tmpfs;
	result = server_call(pager_cap, PAGER_OBJECT_OPEN, 4, words);
	if (result < 0) {
		server_request(files_cap, FILES_CLOSE, 2, inode->fs->number, inode->ino, 0, 0, 0,
			       0);
		return result;
	}
	inode->object = (uint32_t)words[1];
	inode->openers = 1;
	return 0;
}

void regular_flush_time(struct inode *inode)
{
	struct file_attributes set = {.mtime = inode->mtime};

	if (inode->mtime_is_newer) {
		inode->fs->ops->setattr(inode, FILES_SET_MTIME, &set);
		inode->mtime_is_newer = false;
	}
}

void regular_close(struct inode *inode)
{
	if (--inode->openers > 0) {
		return;
	}
	if (!inode->is_removed) {
		regular_flush_time(inode);
	}
	server_request(pager_cap, PAGER_OBJECT_CLOSE, 1, inode->object, 0, 0, 0, 0, 0);
	server_request(files_cap, FILES_CLOSE, 2, inode->fs->number, inode->ino, 0, 0, 0, 0);
	inode->object = 0;
}

void regular_size(struct inode *inode, uint64_t *size)
{
	uint64_t words[10] = {inode->fs->number, inode->ino};

	if (inode->openers > 0) {
		words[0] = inode->object;
		if (server_call(pager_cap, PAGER_OBJECT_SIZE, 1, words) >= 0) {
			*size = words[1];
		}
		return;
	}
	if (server_call(pager_cap, PAGER_OBJECT_FIND, 2, words) >= 0 && words[1] != 0) {
		*size = words[2];
	}
}

static void touch(struct inode *inode)
{
	inode->mtime = time_realtime_ns();
	inode->mtime_is_newer = true;
}

int64_t regular_truncate(struct inode *inode, uint64_t size)
{
	int64_t result;

	if (size > SIZE_LIMIT) {
		return -STATUS_FBIG;
	}
	result = regular_open(inode);
	if (result < 0) {
		return result;
	}
	result = server_request(pager_cap, PAGER_OBJECT_TRUNCATE, 2, inode->object, size, 0, 0, 0,
				0);
	if (result >= 0) {
		touch(inode);
	}
	regular_close(inode);
	return result;
}

int64_t regular_sync(struct inode *inode, bool data_only)
{
	int64_t result =
		server_request(pager_cap, PAGER_OBJECT_SYNC, 1, inode->object, 0, 0, 0, 0, 0);

	if (result < 0) {
		return result;
	}
	if (!data_only) {
		regular_flush_time(inode);
	}
	return server_request(files_cap, FILES_SYNC, 1, inode->fs->number, 0, 0, 0, 0, 0);
}

void regular_removed(struct inode *inode)
{
	inode_remove(inode);
	server_request(pager_cap, PAGER_OBJECT_FORGET, 2, inode->fs->number, inode->ino, 0, 0, 0,
		       0);
}

/* One request to the pager for the front of the transfer. Bytes moved or a negative status. */
static int64_t request(struct open_file *file, struct transfer *x, bool is_write, int64_t offset,
		       uint64_t words[10])
{
	uint64_t address;
	uint64_t length = transfer_front(x, &address);
	bool is_kernel = x->kernel != NULL;

	if (length > CHUNK) {
		length = CHUNK;
	}
	words[0] = file->inode->object;
	words[1] = (uint64_t)offset;
	words[2] = length;
	if (is_kernel) {
		words[3] = (uint64_t)(x->kernel - pager_xfer);
		return server_call(pager_cap,
				   is_write ? PAGER_OBJECT_WRITE_XFER : PAGER_OBJECT_READ_XFER, 4,
				   words);
	}
	words[3] = x->thread->process->space->number;
	words[4] = address;
	return server_call(pager_cap, is_write ? PAGER_OBJECT_WRITE : PAGER_OBJECT_READ, 5, words);
}

static int64_t move(struct open_file *file, struct transfer *x, bool is_write)
{
	bool is_append = is_write && (file->flags & OPEN_APPEND);
	int64_t offset = x->position >= 0 ? x->position : file->offset;
	uint64_t words[10];
	uint64_t before = x->done;
	int64_t result = 0;

	while (x->left > 0 && x->done - before < IO_ROUND) {
		uint64_t front;
		uint64_t wanted = transfer_front(x, &front);

		if ((uint64_t)offset >= SIZE_LIMIT) {
			result = is_write ? -STATUS_FBIG : 0;
			break;
		}
		if (wanted > CHUNK) {
			wanted = CHUNK;
		}
		result = request(file, x, is_write, is_append ? -1 : offset, words);
		if (result <= 0) {
			break;
		}
		transfer_advance(x, (uint64_t)result);
		offset = is_append ? (int64_t)words[1] : offset + result;
		if ((uint64_t)result < wanted) {
			break;
		}
	}
	if (x->done == before && result < 0) {
		return result;
	}
	if (x->position >= 0) {
		x->position += (int64_t)(x->done - before);
	}
	if (x->position < 0) {
		file->offset = offset;
	}
	if (is_write && x->done > before) {
		touch(file->inode);
	}
	return (int64_t)(x->done - before);
}

static int64_t regular_read(struct open_file *file, struct transfer *x)
{
	return move(file, x, false);
}

/* RLIMIT_FSIZE: shorten the transfer, or refuse it with SIGXFSZ. */
static int64_t check_limit(struct open_file *file, struct transfer *x)
{
	uint64_t limit = x->thread->process->limits[LINUX_RLIMIT_FSIZE].soft;
	uint64_t offset = (uint64_t)(x->position >= 0 ? x->position : file->offset);

	if (limit == LINUX_RLIM_INFINITY) {
		return 0;
	}
	if (file->flags & OPEN_APPEND) {
		offset = 0;
		regular_size(file->inode, &offset);
	}
	if (offset >= limit) {
		signal_send_thread(x->thread, LINUX_SIGXFSZ, NULL);
		return -STATUS_FBIG;
	}
	if (x->left > limit - offset) {
		x->left = limit - offset;
	}
	return 0;
}

static int64_t regular_write(struct open_file *file, struct transfer *x)
{
	int64_t result = x->left > 0 ? check_limit(file, x) : 0;
	struct inode *inode = file->inode;

	if (result < 0) {
		return result;
	}
	result = move(file, x, true);
	if (result > 0 && (inode->mode & (MODE_SETUID | MODE_SETGID)) &&
	    x->thread->process->credentials.fsuid != 0) {
		struct file_attributes set = {.mode = inode->mode & ~(MODE_SETUID | MODE_SETGID)};

		inode_set(inode, FILES_SET_MODE, &set);
	}
	if (result > 0 && (file->flags & OPEN_DSYNC)) {
		int64_t synced = regular_sync(inode, true);

		if (synced < 0) {
			return synced;
		}
	}
	return result;
}

/* Linux's SEEK_*: 0 set, 1 current, 2 end, 3 data, 4 hole (the file counts as one run of data). */
static int64_t regular_seek(struct open_file *file, int64_t offset, unsigned whence)
{
	uint64_t size = 0;
	int64_t base = 0;

	regular_size(file->inode, &size);
	switch (whence) {
	case 0:
		break;
	case 1:
		base = file->offset;
		break;
	case 2:
		base = (int64_t)size;
		break;
	case 3:
	case 4:
		if (offset < 0 || (uint64_t)offset >= size) {
			return -STATUS_NXIO;
		}
		if (whence == 4) {
			offset = (int64_t)size;
		}
		break;
	default:
		return -STATUS_INVAL;
	}
	if (__builtin_add_overflow(base, offset, &offset)) {
		return -STATUS_OVERFLOW;
	}
	if (offset < 0) {
		return -STATUS_INVAL;
	}
	file->offset = offset;
	return offset;
}

static int64_t regular_map(struct open_file *file, uint32_t *object)
{
	*object = file->inode->object;
	return 0;
}

#define FIONREAD 0x541b

static int64_t regular_ioctl(struct thread *t, struct open_file *file, uint32_t command,
			     uint64_t argument)
{
	uint64_t size = 0;
	uint32_t left;

	if (command != FIONREAD) {
		return -STATUS_NOTTY;
	}
	regular_size(file->inode, &size);
	left = (uint64_t)file->offset < size ? (uint32_t)(size - (uint64_t)file->offset) : 0;
	return copy_out(t, argument, &left, sizeof(left));
}

static void regular_release(struct open_file *file)
{
	if (file_writes(file)) {
		file->inode->writers--;
	}
	regular_close(file->inode);
}

const struct file_ops regular_ops = {
	.read = regular_read,
	.write = regular_write,
	.ioctl = regular_ioctl,
	.seek = regular_seek,
	.map = regular_map,
	.close = regular_release,
};
