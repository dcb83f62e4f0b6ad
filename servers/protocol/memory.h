/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory server: physical memory for clients, under the quota that the
 * system file gives each (by badge). Of the quota
 * "rest" a part stays for the client's kernel objects and is never a pool: a
 * sixteenth of the RAM, at least 4 MiB or a tenth of the rest, whichever is
 * less. Word 0 of answers: status.h.
 */
#ifndef SERVERS_PROTOCOL_MEMORY_H
#define SERVERS_PROTOCOL_MEMORY_H

/* X(name, label, "words of the request", "words of the answer", "what it does") */
#define MEMORY_LIST(X)                                                                             \
	X(MEMORY_UNTYPED, 1, "log2 bytes 12..30, empty slot n; cap 0: the client's CSpace",        \
	  "status", "an Untyped of RAM for kernel objects, moved to slot n, charged to the quota") \
	X(MEMORY_POOL, 2, "least pages, most pages", "status, pages; cap 0: Pool (all rights)",    \
	  "a pool of RAM, as large as quota and memory allow within the bounds; its pages hold "   \
	  "nothing of another client, but are not zero (WINDOW_ZERO makes them so)")               \
	X(MEMORY_INFO, 3, "-", "status, RAM bytes, bytes free, own quota, own use",                \
	  "figures of the machine and of the client")                                              \
	X(MEMORY_RECLAIM, 4, "badge", "status",                                                    \
	  "take back all that a client was given (only root, whose capability has no badge)")

enum memory_label {
#define MEMORY_ENUM(name, label, in, out, text) name = label,
	MEMORY_LIST(MEMORY_ENUM)
#undef MEMORY_ENUM
};

#endif
