/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bridge between libext2fs and the block cache: an io_manager, and the
 * translation of errors.
 *
 * There is one disk, so the manager keeps its struct ext4 in a variable; the
 * channel is part of it and is not freed.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "servers/files/ext4_private.h"

static struct ext4 *mounted;

int64_t ext4_status(errcode_t error)
{
	switch (error) {
	case 0:
		return 0;
	case EIO:
		return -STATUS_IO;
	case ENODEV:
		return -STATUS_NODEV;
	case ENOMEM:
	case EXT2_ET_NO_MEMORY:
		return -STATUS_NOMEM;
	case EROFS:
	case EXT2_ET_RO_FILSYS:
		return -STATUS_ROFS;
	case ENOSPC:
	case ENOENT: /* of a bitmap search */
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case EXT2_ET_DIR_NO_SPACE:
	case EXT2_ET_CANT_INSERT_EXTENT:
		return -STATUS_NOSPC;
	case EXT2_ET_FILE_TOO_BIG:
		return -STATUS_FBIG;
	}
	return -STATUS_UCLEAN;
}

errcode_t ext4_error(int64_t status)
{
	switch (-status) {
	case STATUS_OK:
		return 0;
	case STATUS_IO:
		return EIO;
	case STATUS_NODEV:
		return ENODEV;
	case STATUS_NOMEM:
		return EXT2_ET_NO_MEMORY;
	case STATUS_ROFS:
		return EROFS;
	}
	return EXT2_ET_FILESYSTEM_CORRUPTED;
}

static errcode_t channel_close(io_channel channel)
{
	(void)channel;
	return 0;
}

static errcode_t channel_set_block_size(io_channel channel, int size)
{
	channel->block_size = size;
	return 0;
}

/* Bytes of `count` blocks, or of -count bytes. */
static size_t byte_count(const struct struct_io_channel *channel, int count)
{
	return count < 0 ? (size_t) - (int64_t)count : (size_t)count * (size_t)channel->block_size;
}

/* Byte offset of a block; one behind every disk if it does not fit. */
static uint64_t byte_offset(const struct struct_io_channel *channel, unsigned long long block)
{
	uint64_t size = (uint64_t)channel->block_size;

	return block > UINT64_MAX / size ? UINT64_MAX : block * size;
}

static errcode_t channel_read64(io_channel channel, unsigned long long block, int count, void *data)
{
	return ext4_error(cache_read(&mounted->cache, byte_offset(channel, block), data,
				     byte_count(channel, count)));
}

static errcode_t channel_read(io_channel channel, unsigned long block, int count, void *data)
{
	return channel_read64(channel, block, count, data);
}

static errcode_t channel_write64(io_channel channel, unsigned long long block, int count,
				 const void *data)
{
	ext4_directory_block_written(block, count < 0 ? 1 : (uint64_t)count);
	return ext4_error(cache_write(&mounted->cache, byte_offset(channel, block), data,
				      byte_count(channel, count)));
}

static errcode_t channel_write(io_channel channel, unsigned long block, int count, const void *data)
{
	return channel_write64(channel, block, count, data);
}

static errcode_t channel_write_byte(io_channel channel, unsigned long offset, int count,
				    const void *data)
{
	(void)channel;
	return ext4_error(cache_write(&mounted->cache, offset, data, (size_t)count));
}

static errcode_t channel_flush(io_channel channel)
{
	(void)channel;
	return ext4_error(cache_flush(&mounted->cache));
}

static errcode_t channel_zero(io_channel channel, unsigned long long block,
			      unsigned long long count)
{
	ext4_directory_block_written(block, count);
	return ext4_error(cache_zero(&mounted->cache, byte_offset(channel, block),
				     byte_offset(channel, count)));
}

static struct struct_io_manager manager;

static errcode_t channel_open(const char *name, int flags, io_channel *channel)
{
	struct struct_io_channel *it = &mounted->channel;

	(void)flags;
	memset(it, 0, sizeof(*it));
	it->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	it->manager = &manager;
	it->name = (char *)(uintptr_t)name;
	it->block_size = 1024;
	it->refcount = 1;
	*channel = it;
	return 0;
}

io_manager ext4_io_manager(struct ext4 *ext4)
{
	mounted = ext4;
	manager = (struct struct_io_manager){
		.magic = EXT2_ET_MAGIC_IO_MANAGER,
		.name = "block cache",
		.open = channel_open,
		.close = channel_close,
		.set_blksize = channel_set_block_size,
		.read_blk = channel_read,
		.write_blk = channel_write,
		.flush = channel_flush,
		.write_byte = channel_write_byte,
		.read_blk64 = channel_read64,
		.write_blk64 = channel_write64,
		.zeroout = channel_zero,
	};
	return &manager;
}

/*
 * libext2fs's way to complain, in place of libcom_err's. What it says reaches
 * the caller as an error code too, and a corrupt file system could fill the
 * log with it.
 */
void com_err(const char *who, errcode_t code, const char *format, ...)
{
	(void)who;
	(void)code;
	(void)format;
}
