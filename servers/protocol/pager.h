/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager: spaces, regions, memory objects and the page cache. Its client
 * is the personality server; data travels in the shared region "pager-xfer"
 * (PAGER_XFER_SIZE bytes, offsets in bytes). Page faults reach the pager on
 * the same endpoint (kernel/abi/fault.h) with badge PAGER_FAULT_BADGE + space
 * number. Word 0 of answers: status.h.
 *
 * A space is named by its number, an object (page cache of one file, or
 * shared anonymous memory) by its. Addresses and lengths are in bytes.
 */
#ifndef SERVERS_PROTOCOL_PAGER_H
#define SERVERS_PROTOCOL_PAGER_H

#include <stdint.h>

#define PAGER_XFER_SIZE (256 * 1024)
#define PAGER_FAULT_BADGE 0x10000

/* Lowest and highest user addresses of a space (half open). */
#define PAGER_SPACE_FIRST 0x10000ul
#define PAGER_SPACE_END 0x3f00000000ul

enum pager_protection { PAGER_READ = 1, PAGER_WRITE = 2, PAGER_EXECUTE = 4 };

enum pager_map_flag {
	PAGER_SHARED = 1,    /* writes go to the object; else private, copied on write */
	PAGER_FIXED = 2,     /* at exactly this address, replacing what is there */
	PAGER_NOREPLACE = 4, /* with FIXED: STATUS_EXIST instead of replacing */
	PAGER_STACK = 8,     /* a stack that grows down; guard below it */
	PAGER_POPULATE = 16,
	PAGER_LOCKED = 32,
	PAGER_NORESERVE = 64,
	PAGER_HEAP = 128, /* accounting name [heap] */
	PAGER_NEVER_WRITE =
		256, /* SHARED, file opened read-only: PROTECT with WRITE gives -ACCES */
};

/* The code word of a failed fault (kernel/abi/fault.h): what happened, for siginfo. */
enum pager_fault_code {
	PAGER_FAULT_NO_REGION = 1,   /* SIGSEGV, SEGV_MAPERR */
	PAGER_FAULT_PROTECTION = 2,  /* SIGSEGV, SEGV_ACCERR */
	PAGER_FAULT_BEYOND_FILE = 3, /* SIGBUS, BUS_ADRERR */
	PAGER_FAULT_IO = 4,	     /* SIGBUS, BUS_ADRERR, after a disk error */
	PAGER_FAULT_NO_MEMORY = 5,   /* SIGBUS / out-of-memory kill */
	PAGER_FAULT_STACK_GUARD = 6, /* SIGSEGV; stack overflow */
	PAGER_FAULT_NULL = 7,	     /* SIGSEGV, below PAGER_SPACE_FIRST */
};

struct pager_region { /* records of PAGER_REGIONS */
	uint64_t start, end;
	uint64_t offset; /* in the object */
	uint32_t protection;
	uint32_t flags;	 /* enum pager_map_flag */
	uint32_t object; /* 0 = private anonymous */
	uint32_t fs;
	uint64_t ino;
	/* Pages, for smaps. */
	uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty, referenced;
	uint64_t proportional; /* units of 1/4096 page */
	uint64_t anonymous;
};

struct pager_space_statistics { /* PAGER_SPACE_STATISTICS, in xfer */
	uint64_t virtual_pages, resident_pages, shared_pages, text_pages, data_pages, stack_pages;
	uint64_t locked_pages, peak_resident_pages, table_pages;
	uint64_t minor_faults, major_faults;
	uint64_t cow_shared; /* s: private pages shared since the last fork */
	uint64_t cow_copied; /* c: of these, pages copied on write */
};

struct pager_statistics { /* PAGER_STATISTICS, in xfer */
	uint64_t total_pages, free_pages, cache_pages, dirty_pages, anonymous_pages, shared_pages;
	uint64_t node_pages, table_pages, locked_pages, writeback_pages;
	uint64_t minor_faults, major_faults, pages_in, pages_out, evictions, zero_fills, cow_copies;
	uint64_t active_spaces;
};

#define PAGER_LIST(X)                                                                              \
	X(PAGER_SPACE_CREATE, 1, "-", "status, space; cap 0: Space", "an empty space")             \
	X(PAGER_SPACE_FORK, 2, "space", "status, new space; cap 0: Space",                         \
	  "copy on write; the parent's threads may go on running")                                 \
	X(PAGER_SPACE_DESTROY, 3, "space", "status", "threads must be gone from it")               \
	X(PAGER_MAP, 4, "space, address or 0, length, protection, flags, object or 0, offset",     \
	  "status, address", "make a region (mmap)")                                               \
	X(PAGER_UNMAP, 5, "space, address, length", "status", "munmap")                            \
	X(PAGER_PROTECT, 6, "space, address, length, protection", "status", "mprotect")            \
	X(PAGER_REMAP, 7, "space, address, length, new length, Linux's MREMAP flags, new address", \
	  "status, address", "mremap")                                                             \
	X(PAGER_ADVISE, 8, "space, address, length, Linux's MADV number", "status", "madvise")     \
	X(PAGER_SYNC_RANGE, 9, "space, address, length, Linux's MS flags", "status",               \
	  "msync: write dirty shared pages back, wait")                                            \
	X(PAGER_LOCK, 10, "space, address, length, 1 lock 0 unlock", "status", "mlock, munlock")   \
	X(PAGER_MINCORE, 11, "space, address, length, xfer offset", "status; a byte a page",       \
	  "mincore")                                                                               \
	X(PAGER_COPY_IN, 12, "space, address, length, xfer offset", "status or bytes copied",      \
	  "memory of a space to xfer; short count at the first bad page, -FAULT if none")          \
	X(PAGER_COPY_OUT, 13, "space, address, length, xfer offset", "status or bytes copied",     \
	  "xfer to memory of a space")                                                             \
	X(PAGER_COPY_IN_STRING, 14, "space, address, limit, xfer offset", "status or length",      \
	  "terminated string to xfer; -NAMETOOLONG without 0 within limit")                        \
	X(PAGER_LOAD, 15, "space, address, bytes 4 or 8 (aligned)", "status, value",               \
	  "read a word")                                                                           \
	X(PAGER_STORE, 16, "space, address, bytes 4 or 8 (aligned), value", "status",              \
	  "write a word")                                                                          \
	X(PAGER_COMPARE_EXCHANGE, 17, "space, address (4-aligned), expected, new",                 \
	  "status, value found", "atomic on a 32-bit word, against the space's running threads")   \
	X(PAGER_KEY, 18, "space, address", "status, key a, key b",                                 \
	  "what names a shared word in every space: object and offset, or space and address")      \
	X(PAGER_OBJECT_OPEN, 20, "fs, ino, size, 1 if tmpfs", "status, object",                    \
	  "the page cache of a file; the same file gives the same object; counts an opener")       \
	X(PAGER_OBJECT_ANONYMOUS, 21, "size", "status, object", "shared anonymous memory, memfd")  \
	X(PAGER_OBJECT_CLOSE, 22, "object", "status", "an opener less; regions keep it alive")     \
	X(PAGER_OBJECT_READ, 23, "object, offset, length, space, address", "status or bytes",      \
	  "read(2): page cache to memory of a space; 0 at end of file")                            \
	X(PAGER_OBJECT_WRITE, 24, "object, offset or -1 = append, length, space, address",         \
	  "status or bytes, offset behind",                                                        \
	  "write(2); extends the file; NOSPC if the disk is full")                                 \
	X(PAGER_OBJECT_READ_XFER, 25, "object, offset, length, xfer offset", "status or bytes",    \
	  "the same to xfer")                                                                      \
	X(PAGER_OBJECT_WRITE_XFER, 26, "object, offset or -1 = append, length, xfer offset",       \
	  "status or bytes, offset behind", "the same from xfer")                                  \
	X(PAGER_OBJECT_TRUNCATE, 27, "object, size", "status", "ftruncate; mappings behind fault") \
	X(PAGER_OBJECT_SIZE, 28, "object", "status, bytes", "current size of the file")            \
	X(PAGER_OBJECT_SYNC, 29, "object", "status",                                               \
	  "write dirty pages back, wait (fsync's data half)")                                      \
	X(PAGER_SYNC_ALL, 30, "-", "status", "write all dirty pages back, wait")                   \
	X(PAGER_STATISTICS, 31, "xfer offset", "status", "struct pager_statistics")                \
	X(PAGER_SPACE_STATISTICS, 32, "space, xfer offset", "status",                              \
	  "struct pager_space_statistics")                                                         \
	X(PAGER_REGIONS, 33,                                                                       \
	  "space, first address, xfer offset, most records, 1 = no page figures",                  \
	  "status or records", "struct pager_region of each region from the address on")           \
	X(PAGER_OBJECT_FIND, 34, "fs, ino", "status, object or 0, size",                           \
	  "is the file in the page cache? counts no opener")                                       \
	X(PAGER_OBJECT_FORGET, 35, "fs, ino", "status",                                            \
	  "the file has lost its last name: when nothing has it open or mapped any more, its "     \
	  "pages are dropped unwritten (tmpfs: freed), before the number can be used anew. "       \
	  "Sent after FILES_UNLINK or FILES_RENAME; harmless for a file the pager does not know")  \
	X(PAGER_DROP_CACHE, 36, "-", "status",                                                     \
	  "write back and evict every page that can be read again (tests, measurements)")

enum pager_label {
#define PAGER_ENUM(name, label, in, out, text) name = label,
	PAGER_LIST(PAGER_ENUM)
#undef PAGER_ENUM
};

#endif
