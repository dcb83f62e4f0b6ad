/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character devices by number: null, zero, full, random, urandom, kmsg and the terminal; and
 * /dev, a tmpfs that files_start() fills with their nodes.
 */
#include "servers/process/files.h"

#include <string.h>

#include "servers/lib/objects.h"
#include "servers/process/core.h"

#define CHUNK 4096

static const unsigned char zeroes[CHUNK];

static int64_t read_nothing(struct open_file *file, struct transfer *x)
{
	(void)file;
	(void)x;
	return 0;
}

static int64_t write_all(struct open_file *file, struct transfer *x)
{
	uint64_t n = x->left;

	(void)file;
	transfer_advance(x, n);
	return (int64_t)n;
}

static int64_t read_zeroes(struct open_file *file, struct transfer *x)
{
	int64_t moved = 0;

	(void)file;
	while (x->left > 0 && moved < (int64_t)IO_ROUND) {
		int64_t result = transfer_out(x, zeroes, sizeof(zeroes));

		if (result <= 0) {
			return moved > 0 ? moved : result;
		}
		moved += result;
	}
	return moved;
}

static int64_t read_random(struct open_file *file, struct transfer *x)
{
	unsigned char buffer[256];
	int64_t moved = 0;

	(void)file;
	while (x->left > 0 && moved < (int64_t)IO_ROUND) {
		int64_t result;

		random_bytes(buffer, sizeof(buffer));
		result = transfer_out(x, buffer, sizeof(buffer));
		if (result <= 0) {
			return moved > 0 ? moved : result;
		}
		moved += result;
	}
	return moved;
}

static int64_t write_full(struct open_file *file, struct transfer *x)
{
	(void)file;
	(void)x;
	return -STATUS_NOSPC;
}

/* The system's log: one line a write. */
static int64_t write_log(struct open_file *file, struct transfer *x)
{
	char line[256];
	uint64_t n = x->left;
	int64_t got = transfer_in(x, line, sizeof(line) - 1);

	(void)file;
	if (got < 0) {
		return got;
	}
	line[got] = 0;
	log_print("%s%s", line, got > 0 && line[got - 1] == '\n' ? "" : "\n");
	transfer_advance(x, x->left);
	return (int64_t)n;
}

static int64_t seek_nowhere(struct open_file *file, int64_t offset, unsigned whence)
{
	(void)offset;
	(void)whence;
	file->offset = 0;
	return 0;
}

static int64_t map_zeroes(struct open_file *file, uint32_t *object)
{
	(void)file;
	*object = 0;
	return 0;
}

static const struct file_ops null_ops = {
	.read = read_nothing, .write = write_all, .seek = seek_nowhere};
static const struct file_ops zero_ops = {
	.read = read_zeroes, .write = write_all, .seek = seek_nowhere, .map = map_zeroes};
static const struct file_ops full_ops = {
	.read = read_zeroes, .write = write_full, .seek = seek_nowhere};
static const struct file_ops random_ops = {
	.read = read_random, .write = write_all, .seek = seek_nowhere};
static const struct file_ops log_ops = {.read = read_nothing, .write = write_log};

int64_t device_open(struct process *p, struct open_file *file)
{
	switch (file->inode->rdev) {
	case DEVICE(1, 3):
		file->ops = &null_ops;
		return 0;
	case DEVICE(1, 5):
		file->ops = &zero_ops;
		return 0;
	case DEVICE(1, 7):
		file->ops = &full_ops;
		return 0;
	case DEVICE(1, 8):
	case DEVICE(1, 9):
		file->ops = &random_ops;
		return 0;
	case DEVICE(1, 11):
		file->ops = &log_ops;
		return 0;
	case DEVICE(5, 0):
		return tty_open(p, file, true);
	case DEVICE(5, 1):
	case DEVICE(4, 64):
		return tty_open(p, file, false);
	default:
		return -STATUS_NXIO;
	}
}
