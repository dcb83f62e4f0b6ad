/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error codes of every native system call and of every kernel-object
 * method. One list: the enum, the names printed by tools and the table of
 * the ABI manual are all expanded from it.
 */
#ifndef KERNEL_ABI_ERRORS_H
#define KERNEL_ABI_ERRORS_H

/* X(name, value, meaning) */
#define ERR_LIST(X)                                                                                \
	X(ERR_OK, 0, "done")                                                                       \
	X(ERR_NO_SYSCALL, 1, "no such system call or method")                                      \
	X(ERR_CAP_EMPTY, 2, "the slot is outside the capability space or holds nothing")           \
	X(ERR_CAP_TYPE, 3, "the capability is of another type than the operation needs")           \
	X(ERR_RIGHTS, 4, "the capability lacks a right that the operation needs")                  \
	X(ERR_ARGUMENT, 5, "an argument is out of its range or misaligned")                        \
	X(ERR_SLOT_OCCUPIED, 6, "the destination slot is not empty")                               \
	X(ERR_NO_MEMORY, 7, "the untyped memory is too small for the request")                     \
	X(ERR_NO_TABLE, 8, "the space has no free page-table page; add a TableBank")               \
	X(ERR_BUSY, 9, "the object is in a state or use that forbids the operation")               \
	X(ERR_WOULD_BLOCK, 10, "a non-blocking operation found no partner")                        \
	X(ERR_CANCELLED, 11, "the partner or the object went away while the caller waited")        \
	X(ERR_MISMATCH, 12, "a page-table entry was not what the item expected")                   \
	X(ERR_LIMIT, 13, "a fixed kernel limit would be exceeded")                                 \
	X(ERR_NOT_BOUND, 14, "no binding, window or partner is attached")                          \
	X(ERR_UNSUPPORTED, 15, "the firmware or the machine does not offer it")

enum err {
#define ERR_ENUM(name, value, meaning) name = value,
	ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
};

#endif
