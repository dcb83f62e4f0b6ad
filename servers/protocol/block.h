/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block device driver. Sectors are 512 bytes. Data moves by DMA between
 * the disk and pages of a pool that the client attached (its capability
 * needs DMA). Word 0 of answers: status.h.
 */
#ifndef SERVERS_PROTOCOL_BLOCK_H
#define SERVERS_PROTOCOL_BLOCK_H

#define BLOCK_SECTOR 512
#define BLOCK_SEGMENTS 64 /* segments of one request at the most */

#define BLOCK_LIST(X)                                                                              \
	X(BLOCK_INFO, 1, "-", "status, sectors, 1 if read-only", "describe the disk")              \
	X(BLOCK_ATTACH_POOL, 2, "cap 0: Pool with DMA", "status, pool number",                     \
	  "make a pool usable in requests of this client (badge)")                                 \
	X(BLOCK_READ, 3,                                                                           \
	  "pool number, sector, segments n, n x (byte offset in pool << 24 | bytes)",              \
	  "status, bytes done", "disk to memory; bytes multiples of 512, at most 8 MiB a segment") \
	X(BLOCK_WRITE, 4, "as BLOCK_READ", "status, bytes done", "memory to disk")                 \
	X(BLOCK_FLUSH, 5, "-", "status", "all writes answered before are on stable storage")       \
	X(BLOCK_STATISTICS, 6, "-",                                                                \
	  "status, reads, sectors read, writes, sectors written, flushes", "counted since boot")

enum block_label {
#define BLOCK_ENUM(name, label, in, out, text) name = label,
	BLOCK_LIST(BLOCK_ENUM)
#undef BLOCK_ENUM
};

#endif
