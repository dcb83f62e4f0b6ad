/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants of Linux's riscv64 user ABI that both halves of the personality
 * server use. Numbers of one half only stand in that half's own headers.
 */
#ifndef SERVERS_PROCESS_LINUX_H
#define SERVERS_PROCESS_LINUX_H

/* X(name, number); numbered as asm-generic/signal.h does. */
#define LINUX_SIGNALS(X)                                                                           \
	X(HUP, 1)                                                                                  \
	X(INT, 2)                                                                                  \
	X(QUIT, 3)                                                                                 \
	X(ILL, 4)                                                                                  \
	X(TRAP, 5)                                                                                 \
	X(ABRT, 6)                                                                                 \
	X(BUS, 7)                                                                                  \
	X(FPE, 8)                                                                                  \
	X(KILL, 9)                                                                                 \
	X(USR1, 10)                                                                                \
	X(SEGV, 11)                                                                                \
	X(USR2, 12)                                                                                \
	X(PIPE, 13)                                                                                \
	X(ALRM, 14)                                                                                \
	X(TERM, 15)                                                                                \
	X(STKFLT, 16)                                                                              \
	X(CHLD, 17)                                                                                \
	X(CONT, 18)                                                                                \
	X(STOP, 19)                                                                                \
	X(TSTP, 20)                                                                                \
	X(TTIN, 21)                                                                                \
	X(TTOU, 22)                                                                                \
	X(URG, 23)                                                                                 \
	X(XCPU, 24)                                                                                \
	X(XFSZ, 25) X(VTALRM, 26) X(PROF, 27) X(WINCH, 28) X(IO, 29) X(PWR, 30) X(SYS, 31)

enum linux_signal {
#define LINUX_SIGNAL_ENUM(name, number) LINUX_SIG##name = number,
	LINUX_SIGNALS(LINUX_SIGNAL_ENUM)
#undef LINUX_SIGNAL_ENUM
		LINUX_SIGNAL_MAX = 64
};

enum linux_clock {
	LINUX_CLOCK_REALTIME = 0,
	LINUX_CLOCK_MONOTONIC = 1,
	LINUX_CLOCK_PROCESS = 2,
	LINUX_CLOCK_THREAD = 3,
	LINUX_CLOCK_MONOTONIC_RAW = 4,
	LINUX_CLOCK_REALTIME_COARSE = 5,
	LINUX_CLOCK_MONOTONIC_COARSE = 6,
	LINUX_CLOCK_BOOTTIME = 7,
	LINUX_CLOCK_REALTIME_ALARM = 8,
	LINUX_CLOCK_BOOTTIME_ALARM = 9,
	LINUX_CLOCK_TAI = 11,
};

enum linux_rlimit {
	LINUX_RLIMIT_CPU = 0,
	LINUX_RLIMIT_FSIZE = 1,
	LINUX_RLIMIT_DATA = 2,
	LINUX_RLIMIT_STACK = 3,
	LINUX_RLIMIT_CORE = 4,
	LINUX_RLIMIT_RSS = 5,
	LINUX_RLIMIT_NPROC = 6,
	LINUX_RLIMIT_NOFILE = 7,
	LINUX_RLIMIT_MEMLOCK = 8,
	LINUX_RLIMIT_AS = 9,
	LINUX_RLIMIT_LOCKS = 10,
	LINUX_RLIMIT_SIGPENDING = 11,
	LINUX_RLIMIT_MSGQUEUE = 12,
	LINUX_RLIMIT_NICE = 13,
	LINUX_RLIMIT_RTPRIO = 14,
	LINUX_RLIMIT_RTTIME = 15,
	LINUX_RLIMITS = 16
};
#define LINUX_RLIM_INFINITY UINT64_MAX

#define LINUX_AT_FDCWD (-100)
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100
#define LINUX_AT_EMPTY_PATH 0x1000
#define LINUX_PATH_MAX 4096

#endif
