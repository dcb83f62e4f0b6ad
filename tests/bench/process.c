/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, processes and pipes. */
#include "tests/bench/bench.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static uint64_t get_parent(unsigned int n, unsigned long unused)
{
	uint64_t from = ticks();

	(void)unused;
	for (unsigned int i = 0; i < n; i++) {
		syscall(SYS_getppid);
	}
	return ticks() - from;
}

enum { FORK_AND_WAIT = 0, CALL_ALONE = 1 };

/* With that many resident pages (times two, plus whether the call alone is timed). */
static uint64_t fork_and_wait(unsigned int n, unsigned long argument)
{
	size_t pages = argument / 2;
	unsigned char *p = pages > 0 ? fresh_pages(pages) : NULL;
	uint64_t total = 0;

	write_pages(p, pages);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t from = ticks(), called;
		pid_t child = fork();

		if (child == 0) {
			_exit(0);
		}
		called = ticks();
		must(child > 0 && waitpid(child, NULL, 0) == child, "fork and wait");
		total += (argument % 2 == CALL_ALONE ? called : ticks()) - from;
	}
	if (pages > 0) {
		munmap(p, pages * PAGE);
	}
	return total;
}

static uint64_t fork_exec_wait(unsigned int n, unsigned long unused)
{
	static const char path[] = "/usr/lib/ravelin/tests/bench-nothing";
	char *arguments[] = {"bench-nothing", NULL};
	char *environment[] = {NULL};
	uint64_t from = ticks();

	(void)unused;
	for (unsigned int i = 0; i < n; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0) {
			execve(path, arguments, environment);
			_exit(1);
		}
		must(child > 0 && waitpid(child, &status, 0) == child && status == 0,
		     "fork, exec and wait");
	}
	return ticks() - from;
}

static char buffer[PAGE];

static bool pass_on(int from, int to, size_t length)
{
	size_t got = 0;

	while (got < length) {
		ssize_t count = read(from, buffer, length - got);

		if (count <= 0) {
			return false;
		}
		got += (size_t)count;
	}
	return write(to, buffer, length) == (ssize_t)length;
}

/* There and back between two processes. */
static uint64_t pipe_round_trip(unsigned int n, unsigned long length)
{
	int there[2], back[2];
	uint64_t from;
	pid_t child;

	must(pipe(there) == 0 && pipe(back) == 0, "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		close(there[1]);
		while (pass_on(there[0], back[1], length)) {
		}
		_exit(0);
	}
	close(there[0]);
	must(write(there[1], buffer, length) == (ssize_t)length, "write");
	must(pass_on(back[0], there[1], length), "first round");
	from = ticks();
	for (unsigned int i = 0; i < n; i++) {
		must(pass_on(back[0], there[1], length), "round");
	}
	from = ticks() - from;
	close(there[1]);
	must(waitpid(child, NULL, 0) == child, "waitpid");
	close(back[0]);
	close(back[1]);
	return from;
}

#define MIB(n) ((n)*256ul * 2)

const struct bench process_benches[] = {
	{"sys.getppid", get_parent, 1000, 7, 0},
	{"proc.fork_exit_wait.0M", fork_and_wait, 20, 7, MIB(0) + FORK_AND_WAIT},
	{"proc.fork_exit_wait.1M", fork_and_wait, 20, 7, MIB(1) + FORK_AND_WAIT},
	{"proc.fork_exit_wait.16M", fork_and_wait, 20, 5, MIB(16) + FORK_AND_WAIT},
	{"proc.fork_exit_wait.64M", fork_and_wait, 10, 3, MIB(64) + FORK_AND_WAIT},
	{"proc.fork_exit_wait.256M", fork_and_wait, 10, 3, MIB(256) + FORK_AND_WAIT},
	{"proc.fork_call.0M", fork_and_wait, 20, 7, MIB(0) + CALL_ALONE},
	{"proc.fork_call.16M", fork_and_wait, 20, 5, MIB(16) + CALL_ALONE},
	{"proc.fork_call.256M", fork_and_wait, 10, 3, MIB(256) + CALL_ALONE},
	{"proc.fork_exec_wait", fork_exec_wait, 20, 7, 0},
	{"ipc.pipe.1B", pipe_round_trip, 500, 7, 1},
	{"ipc.pipe.4K", pipe_round_trip, 300, 7, PAGE},
	{NULL, NULL, 0, 0, 0}};
