/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and fifos: a ring of bytes between open files.
 *
 * The ring grows with what is in it, so that a pipe that waits costs little. A pipe lives as
 * long as it has an end; a fifo's inode points to it meanwhile.
 */
#include "servers/process/pipe.h"

#include <stdlib.h>
#include <string.h>

#define FIONREAD 0x541b
#define F_SETPIPE_MAX (1024ul * 1024)
#define ROOM_LIMIT (3ul * 1024 * 1024) /* bytes of all rings; beyond, pipes stay small */

static size_t total_room;

struct pipe *pipe_new(void)
{
	struct pipe *pipe = calloc(1, sizeof(*pipe));

	if (pipe != NULL) {
		pipe->size = PIPE_SIZE;
	}
	return pipe;
}

void pipe_attach(struct pipe *pipe, struct open_file *file)
{
	if (file_reads(file)) {
		pipe->readers++;
		pipe->readers_ever++;
	}
	if (file_writes(file)) {
		pipe->writers++;
		pipe->writers_ever++;
	}
	file->data = pipe;
	file->ops = &pipe_ops;
	file->inode->pipe = pipe;
	waitable_wake(&pipe->waitable);
}

static void pipe_close(struct open_file *file)
{
	struct pipe *pipe = file->data;

	if (file_reads(file)) {
		pipe->readers--;
	}
	if (file_writes(file)) {
		pipe->writers--;
	}
	if (pipe->readers + pipe->writers > 0) {
		waitable_wake(&pipe->waitable);
		return;
	}
	file->inode->pipe = NULL;
	total_room -= pipe->room;
	waitable_destroy(&pipe->waitable);
	free(pipe->data);
	free(pipe);
}

static int64_t pipe_read(struct open_file *file, struct transfer *x)
{
	struct pipe *pipe = file->data;
	int64_t moved = 0;

	if (pipe->count == 0) {
		return pipe->writers == 0 ? 0 : -STATUS_AGAIN;
	}
	while (pipe->count > 0 && x->left > 0) {
		size_t part = pipe->room - pipe->start;
		int64_t result;

		if (part > pipe->count) {
			part = pipe->count;
		}
		result = transfer_out(x, pipe->data + pipe->start, part);
		if (result <= 0) {
			moved = moved > 0 ? moved : result;
			break;
		}
		pipe->start = (pipe->start + (size_t)result) % pipe->room;
		pipe->count -= (size_t)result;
		moved += result;
	}
	if (moved > 0) {
		waitable_wake(&pipe->waitable);
	}
	return moved;
}

/* Give the ring `room` bytes, which hold what is in it. */
static bool set_room(struct pipe *pipe, size_t room)
{
	unsigned char *data = malloc(room);

	if (data == NULL) {
		return false;
	}
	for (size_t i = 0; i < pipe->count; i++) {
		data[i] = pipe->data[(pipe->start + i) % pipe->room];
	}
	free(pipe->data);
	total_room = total_room - pipe->room + room;
	pipe->data = data;
	pipe->start = 0;
	pipe->room = room;
	return true;
}

/* Make room for `more` bytes, as far as the pipe's size and memory allow; if they do not, the
 * pipe is made smaller, so that poll and write agree. */
static void grow(struct pipe *pipe, uint64_t more)
{
	size_t room = pipe->room > 0 ? pipe->room : PIPE_ATOMIC;
	uint64_t free_bytes = pipe->size - pipe->count;

	if (more > free_bytes) {
		more = free_bytes;
	}
	while (room < pipe->count + more) {
		room *= 2;
	}
	if (room <= pipe->room) {
		return;
	}
	if (room > PIPE_ATOMIC && total_room - pipe->room + room > ROOM_LIMIT) {
		room = pipe->room > 0 ? pipe->room : PIPE_ATOMIC;
		pipe->size = room;
	}
	if (room > pipe->room && !set_room(pipe, room) && pipe->room > 0) {
		pipe->size = pipe->room;
	}
}

static int64_t fill(struct pipe *pipe, struct transfer *x)
{
	int64_t moved = 0;

	while (pipe->count < pipe->room && x->left > 0) {
		size_t end = (pipe->start + pipe->count) % pipe->room;
		size_t part = end < pipe->start ? pipe->start - end : pipe->room - end;
		int64_t result = transfer_in(x, pipe->data + end, part);

		if (result <= 0) {
			return moved > 0 ? moved : result;
		}
		pipe->count += (size_t)result;
		moved += result;
	}
	return moved;
}

static int64_t pipe_write(struct open_file *file, struct transfer *x)
{
	struct pipe *pipe = file->data;
	uint64_t room;
	int64_t moved;

	if (pipe->readers == 0) {
		signal_send_thread(x->thread, LINUX_SIGPIPE, NULL);
		return -STATUS_PIPE;
	}
	grow(pipe, x->left);
	if (pipe->room == 0) {
		return -STATUS_NOMEM;
	}
	room = pipe->room - pipe->count;
	if (room == 0 || (x->left <= PIPE_ATOMIC && x->done == 0 && room < x->left)) {
		return -STATUS_AGAIN;
	}
	moved = fill(pipe, x);
	if (moved > 0) {
		waitable_wake(&pipe->waitable);
	}
	return moved;
}

static uint64_t pipe_room(struct open_file *file)
{
	const struct pipe *pipe = file->data;

	return pipe->readers == 0 ? pipe->size : pipe->size - pipe->count;
}

static uint32_t pipe_poll(struct open_file *file)
{
	const struct pipe *pipe = file->data;
	uint32_t events = 0;

	if (file_reads(file)) {
		if (pipe->count > 0) {
			events |= POLL_IN | POLL_READ_NORMAL;
		}
		if (pipe->writers == 0 && pipe->writers_ever > 0) {
			events |= POLL_HANGUP;
		}
	}
	if (file_writes(file)) {
		if (pipe->size - pipe->count >= PIPE_ATOMIC) {
			events |= POLL_OUT | POLL_WRITE_NORMAL;
		}
		if (pipe->readers == 0) {
			events |= POLL_ERROR;
		}
	}
	return events;
}

static struct waitable *pipe_waitable(struct open_file *file)
{
	return &((struct pipe *)file->data)->waitable;
}

static int64_t pipe_ioctl(struct thread *t, struct open_file *file, uint32_t command,
			  uint64_t argument)
{
	const struct pipe *pipe = file->data;
	uint32_t count = (uint32_t)pipe->count;

	return command == FIONREAD ? copy_out(t, argument, &count, sizeof(count)) : -STATUS_NOTTY;
}

const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.room = pipe_room,
	.poll = pipe_poll,
	.waitable = pipe_waitable,
	.ioctl = pipe_ioctl,
	.close = pipe_close,
};

/* ---- fifos ---- */

int64_t fifo_open(struct open_file *file)
{
	struct pipe *pipe = file->inode->pipe;
	bool only_writes = !file_reads(file);

	if (only_writes && (file->flags & OPEN_NONBLOCK) && (pipe == NULL || pipe->readers == 0)) {
		return -STATUS_NXIO;
	}
	if (pipe == NULL) {
		pipe = pipe_new();
		if (pipe == NULL) {
			return -STATUS_NOMEM;
		}
	}
	/* What had been opened when this one came, to see who comes after it. */
	file->offset = (int64_t)(only_writes ? pipe->readers_ever : pipe->writers_ever);
	pipe_attach(pipe, file);
	return 0;
}

bool fifo_open_waits(const struct open_file *file)
{
	const struct pipe *pipe = file->data;

	if (file->ops != &pipe_ops || (file->flags & OPEN_NONBLOCK) ||
	    (file->flags & OPEN_ACCESS) == OPEN_READ_WRITE) {
		return false;
	}
	if (file_reads(file)) {
		return pipe->writers == 0 && pipe->writers_ever == (uint64_t)file->offset;
	}
	return pipe->readers == 0 && pipe->readers_ever == (uint64_t)file->offset;
}

/* ---- pipe2, F_SETPIPE_SZ ---- */

int64_t pipe_resize(struct open_file *file, uint64_t size)
{
	struct pipe *pipe = file->data;
	size_t new_size = PIPE_ATOMIC;

	if (file->ops != &pipe_ops) {
		return -STATUS_BADF;
	}
	if (size > F_SETPIPE_MAX) {
		return -STATUS_PERM;
	}
	while (new_size < size) {
		new_size *= 2;
	}
	if (new_size < pipe->count) {
		return -STATUS_BUSY;
	}
	if (new_size < pipe->room && !set_room(pipe, new_size)) {
		return -STATUS_NOMEM;
	}
	pipe->size = new_size;
	waitable_wake(&pipe->waitable);
	return (int64_t)new_size;
}

int64_t pipe_capacity(const struct open_file *file)
{
	return file->ops == &pipe_ops ? (int64_t)((struct pipe *)file->data)->size : -STATUS_BADF;
}

/* The two ends, with a reference each. */
static int64_t make_ends(uint32_t flags, struct open_file *ends[2])
{
	struct pipe *pipe = pipe_new();
	struct vfs_path path;

	if (pipe == NULL) {
		return -STATUS_NOMEM;
	}
	ends[0] = open_file_anonymous("pipe", MODE_FIFO | 0600, flags | OPEN_READ);
	if (ends[0] == NULL) {
		free(pipe);
		return -STATUS_NOMEM;
	}
	pipe_attach(pipe, ends[0]);
	path = ends[0]->path;
	ends[1] = open_file_make(&path, flags | OPEN_WRITE);
	if (ends[1] == NULL) {
		open_file_put(ends[0]);
		return -STATUS_NOMEM;
	}
	pipe_attach(pipe, ends[1]);
	return 0;
}

HANDLER(pipe2)
{
	struct process *p = t->process;
	uint32_t flags = (uint32_t)args[1];
	bool close_on_exec = (flags & OPEN_CLOEXEC) != 0;
	struct open_file *ends[2];
	int32_t fds[2];
	int64_t result;

	if (flags & ~(OPEN_CLOEXEC | OPEN_NONBLOCK | OPEN_DIRECT)) {
		return -STATUS_INVAL;
	}
	result = make_ends(flags & OPEN_NONBLOCK, ends);
	if (result < 0) {
		return result;
	}
	fds[0] = (int32_t)(result = fd_install(p, ends[0], 0, close_on_exec));
	if (result < 0) {
		open_file_put(ends[1]);
		return result;
	}
	fds[1] = (int32_t)(result = fd_install(p, ends[1], 0, close_on_exec));
	if (result < 0) {
		fd_close(p, (uint64_t)fds[0]);
		return result;
	}
	result = copy_out(t, args[0], fds, sizeof(fds));
	if (result < 0) {
		fd_close(p, (uint64_t)fds[0]);
		fd_close(p, (uint64_t)fds[1]);
	}
	return result;
}
