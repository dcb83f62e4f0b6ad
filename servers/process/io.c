/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read, write and their kin.
 *
 * File operations never wait. Where one finds nothing to move, the call parks
 * on the file's waitable and is tried again from its continuation, which
 * reads the arguments anew from the thread. While parked: park_data = the
 * file, held; park_words = [bytes done, position, state 0, state 1].
 */
#include "servers/process/files.h"

#include <string.h>

static struct io_segment vector[IO_VECTOR_MAX];

enum io_kind {
	IO_READ = 0,
	IO_WRITE = 1,
	IO_VECTOR = 2,
	IO_POSITION = 4,
	IO_CURRENT = 8, /* position -1 means the file's own (preadv2) */
};

static int64_t io_resume(struct thread *t, enum wake why);

static enum io_kind kind_of_call(uint32_t number)
{
	switch (number) {
	case 63:
		return IO_READ;
	case 64:
		return IO_WRITE;
	case 65:
		return IO_READ | IO_VECTOR;
	case 66:
		return IO_WRITE | IO_VECTOR;
	case 67:
		return IO_READ | IO_POSITION;
	case 68:
		return IO_WRITE | IO_POSITION;
	case 69:
		return IO_READ | IO_VECTOR | IO_POSITION;
	case 70:
		return IO_WRITE | IO_VECTOR | IO_POSITION;
	case 286:
		return IO_READ | IO_VECTOR | IO_POSITION | IO_CURRENT;
	default:
		return IO_WRITE | IO_VECTOR | IO_POSITION | IO_CURRENT;
	}
}

/* Cut `skip` bytes and empty segments off the front. */
static void skip_front(struct transfer *x, uint64_t skip)
{
	while (x->segments > 0) {
		uint64_t part = skip < x->segment->length ? skip : x->segment->length;

		x->segment->address += part;
		x->segment->length -= part;
		skip -= part;
		if (x->segment->length > 0) {
			return;
		}
		x->segment++;
		x->segments--;
	}
}

/* Set up the transfer from the call's arguments. */
static int64_t load(struct thread *t, enum io_kind kind, struct transfer *x)
{
	uint64_t total = 0;

	x->thread = t;
	x->segment = vector;
	if (kind & IO_VECTOR) {
		uint64_t count = t->args[2];
		int64_t result;

		if (count > IO_VECTOR_MAX) {
			return -STATUS_INVAL;
		}
		result = copy_in(t, vector, t->args[1], count * sizeof(vector[0]));
		if (result < 0) {
			return result;
		}
		x->segments = (unsigned)count;
	} else {
		vector[0].address = t->args[1];
		vector[0].length = t->args[2];
		if (vector[0].length > IO_BYTES_MAX) {
			vector[0].length = IO_BYTES_MAX;
		}
		x->segments = 1;
	}
	for (unsigned i = 0; i < x->segments; i++) {
		if (vector[i].length > INT64_MAX) {
			return -STATUS_INVAL;
		}
		if (vector[i].length > IO_BYTES_MAX - total) {
			vector[i].length = IO_BYTES_MAX - total;
		}
		total += vector[i].length;
	}
	x->left = total;
	skip_front(x, 0);
	return 0;
}

static int64_t check_file(const struct open_file *file, enum io_kind kind, int64_t *position)
{
	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (kind & IO_POSITION) {
		if ((kind & IO_CURRENT) && *position == -1) {
			return 0;
		}
		if (*position < 0) {
			return -STATUS_INVAL;
		}
		if (file->ops->seek == NULL && !inode_is(file->inode, MODE_DIRECTORY)) {
			return -STATUS_SPIPE;
		}
	}
	return 0;
}

static int64_t check_mode(const struct open_file *file, enum io_kind kind)
{
	if (kind & IO_WRITE) {
		if (!file_writes(file)) {
			return -STATUS_BADF;
		}
		return file->ops->write == NULL ? -STATUS_INVAL : 0;
	}
	if (!file_reads(file)) {
		return -STATUS_BADF;
	}
	if (inode_is(file->inode, MODE_DIRECTORY)) {
		return -STATUS_ISDIR;
	}
	return file->ops->read == NULL ? -STATUS_INVAL : 0;
}

static int64_t park_transfer(struct thread *t, struct open_file *file, const struct transfer *x)
{
	struct waitable *waitable = open_file_waitable(file);

	if (waitable != NULL) {
		int64_t result = park_on(t, waitable);

		if (result < 0) {
			return result;
		}
	}
	open_file_hold(file);
	t->park_data = file;
	t->park_words[0] = x->done;
	t->park_words[1] = (uint64_t)x->position;
	t->park_words[2] = x->state[0];
	t->park_words[3] = x->state[1];
	/* Files of the file server are not interrupted, as in Linux. */
	return park(t, io_resume, x->deadline, file->ops != &regular_ops);
}

/* Try; park if the file is to be waited for. */
static int64_t attempt(struct thread *t, struct open_file *file, enum io_kind kind,
		       struct transfer *x)
{
	bool is_write = (kind & IO_WRITE) != 0;
	int64_t result;

	x->deadline = PARK_FOREVER;
	result = is_write ? file->ops->write(file, x) : file->ops->read(file, x);
	if (result == -STATUS_AGAIN) {
		if (file->flags & OPEN_NONBLOCK) {
			return x->done > 0 ? (int64_t)x->done : result;
		}
		return park_transfer(t, file, x);
	}
	if (result < 0) {
		return x->done > 0 && result != CALL_NO_RETURN ? (int64_t)x->done : result;
	}
	if (x->left == 0 || result == 0) {
		return (int64_t)x->done;
	}
	if (is_write && file->ops->waitable != NULL && !(file->flags & OPEN_NONBLOCK)) {
		return park_transfer(t, file, x);
	}
	if (file->ops->waitable == NULL && (uint64_t)result >= IO_ROUND) {
		/* A long transfer: let others have their turn, then go on. */
		x->deadline = time_now();
		return park_transfer(t, file, x);
	}
	return (int64_t)x->done;
}

static int64_t io_call(struct thread *t)
{
	enum io_kind kind = kind_of_call(t->call_number);
	struct open_file *file = fd_file(t->process, t->args[0]);
	struct transfer x = {.position = -1};
	int64_t position = (int64_t)t->args[3];
	int64_t result = check_file(file, kind, &position);

	if (result < 0) {
		return result;
	}
	if ((kind & IO_POSITION) && position >= 0) {
		x.position = position;
	}
	/* preadv2 and pwritev2: of the flags only the hints are known. */
	if ((kind & IO_CURRENT) && (t->args[5] & ~3ul) != 0) {
		return -STATUS_OPNOTSUPP;
	}
	result = check_mode(file, kind);
	if (result < 0) {
		return result;
	}
	result = load(t, kind, &x);
	if (result < 0 || x.left == 0) {
		return result;
	}
	return attempt(t, file, kind, &x);
}

static int64_t io_resume(struct thread *t, enum wake why)
{
	enum io_kind kind = kind_of_call(t->call_number);
	struct open_file *file = t->park_data;
	struct transfer x = {
		.done = t->park_words[0],
		.position = (int64_t)t->park_words[1],
		.timed_out = why == WAKE_TIMEOUT,
		.state = {t->park_words[2], t->park_words[3]},
	};
	int64_t result = (int64_t)x.done;

	t->park_data = NULL;
	if (why == WAKE_SIGNAL) {
		result = x.done > 0 ? result : CALL_RESTART_SYS;
	} else if (why != WAKE_KILL) {
		result = load(t, kind, &x);
		if (result == 0) {
			skip_front(&x, x.done);
			x.left -= x.done < x.left ? x.done : x.left;
			result = attempt(t, file, kind, &x);
		}
	}
	open_file_put(file);
	return result;
}

HANDLER(read)
{
	return io_call(t);
}

HANDLER(write)
{
	return io_call(t);
}

HANDLER(readv)
{
	return io_call(t);
}

HANDLER(writev)
{
	return io_call(t);
}

HANDLER(pread64)
{
	return io_call(t);
}

HANDLER(pwrite64)
{
	return io_call(t);
}

HANDLER(preadv)
{
	return io_call(t);
}

HANDLER(pwritev)
{
	return io_call(t);
}

HANDLER(preadv2)
{
	return io_call(t);
}

HANDLER(pwritev2)
{
	return io_call(t);
}

HANDLER(lseek)
{
	struct open_file *file = fd_file(t->process, args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (file->ops->seek == NULL) {
		return -STATUS_SPIPE;
	}
	return file->ops->seek(file, (int64_t)args[1], (unsigned)args[2]);
}
