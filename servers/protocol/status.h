/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Status of a request to a server: word 0 of every answer is 0 (or a result
 * ≥ 0 where the protocol says so) or a negative number of this list. The
 * numbers are those of Linux's riscv64 ABI, so that the personality server
 * passes them on as they are. (picolibc's <errno.h> numbers differ: native
 * servers use these names only.)
 */
#ifndef SERVERS_PROTOCOL_STATUS_H
#define SERVERS_PROTOCOL_STATUS_H

#define STATUS_LIST(X)                                                                             \
	X(PERM, 1)                                                                                 \
	X(NOENT, 2)                                                                                \
	X(SRCH, 3)                                                                                 \
	X(INTR, 4)                                                                                 \
	X(IO, 5)                                                                                   \
	X(NXIO, 6)                                                                                 \
	X(2BIG, 7)                                                                                 \
	X(NOEXEC, 8)                                                                               \
	X(BADF, 9)                                                                                 \
	X(CHILD, 10)                                                                               \
	X(AGAIN, 11)                                                                               \
	X(NOMEM, 12)                                                                               \
	X(ACCES, 13)                                                                               \
	X(FAULT, 14)                                                                               \
	X(NOTBLK, 15)                                                                              \
	X(BUSY, 16)                                                                                \
	X(EXIST, 17)                                                                               \
	X(XDEV, 18)                                                                                \
	X(NODEV, 19)                                                                               \
	X(NOTDIR, 20)                                                                              \
	X(ISDIR, 21)                                                                               \
	X(INVAL, 22)                                                                               \
	X(NFILE, 23)                                                                               \
	X(MFILE, 24)                                                                               \
	X(NOTTY, 25)                                                                               \
	X(TXTBSY, 26)                                                                              \
	X(FBIG, 27)                                                                                \
	X(NOSPC, 28)                                                                               \
	X(SPIPE, 29)                                                                               \
	X(ROFS, 30)                                                                                \
	X(MLINK, 31)                                                                               \
	X(PIPE, 32)                                                                                \
	X(DOM, 33)                                                                                 \
	X(RANGE, 34)                                                                               \
	X(DEADLK, 35)                                                                              \
	X(NAMETOOLONG, 36)                                                                         \
	X(NOLCK, 37)                                                                               \
	X(NOSYS, 38)                                                                               \
	X(NOTEMPTY, 39)                                                                            \
	X(LOOP, 40)                                                                                \
	X(NODATA, 61)                                                                              \
	X(TIME, 62)                                                                                \
	X(PROTO, 71)                                                                               \
	X(OVERFLOW, 75)                                                                            \
	X(ILSEQ, 84)                                                                               \
	X(NOTSOCK, 88)                                                                             \
	X(OPNOTSUPP, 95) X(AFNOSUPPORT, 97) X(TIMEDOUT, 110) X(STALE, 116) X(UCLEAN, 117)

enum status {
	STATUS_OK = 0,
#define STATUS_ENUM(name, number) STATUS_##name = number,
	STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
};

#endif
