/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and fifos. */
#include <stdlib.h>
#include <string.h>

#include "tests/process-files/fake.h"

static struct thread *t;

static void make(int32_t fds[2], uint64_t flags)
{
	CHECK(CALL(t, NR_PIPE2, SCRATCH, flags) == 0);
	memcpy(fds, fake_memory(t, SCRATCH), 8);
}

static void close_fd(struct thread *who, int32_t fd)
{
	CHECK(CALL(who, NR_CLOSE, (uint64_t)fd) == 0);
}

static void flow(void)
{
	struct thread *child;
	int32_t fds[2];
	char *text;

	t = fake_start();
	make(fds, 0);
	child = fake_process(t, 1);
	CHECK(fake_read(child, fds[0], &text) == CALL_PARKED);
	CHECK(fake_write(t, fds[1], "hello") == 5);
	CHECK(!fake_is_parked(child) && fake_result(child) == 5);
	CHECK(memcmp(fake_memory(child, SCRATCH), "hello", 5) == 0);
	CHECK(fake_read(child, fds[0], &text) == CALL_PARKED);
	close_fd(t, fds[1]);
	CHECK(fake_is_parked(child)); /* the child itself is a writer still */
	fake_exit(child);
	CHECK(fake_read(t, fds[0], &text) == 0);
	close_fd(t, fds[0]);
}

static void full(void)
{
	struct thread *child;
	int32_t fds[2];
	uint64_t big = FAKE_BASE + 0x100000;

	t = fake_start();
	make(fds, 0);
	child = fake_process(t, 1);
	memset(fake_memory(child, big), 'x', 100000);
	CHECK(CALL(child, NR_WRITE, (uint64_t)fds[1], big, 100000) == CALL_PARKED);
	CHECK(CALL(t, NR_READ, (uint64_t)fds[0], big, 50000) == 50000 && !fake_is_parked(child));
	CHECK(fake_result(child) == 100000);
	CHECK(CALL(t, NR_READ, (uint64_t)fds[0], big, 100000) == 50000);
	/* What had moved when a signal came counts. */
	CHECK(CALL(child, NR_WRITE, (uint64_t)fds[1], big, 100000) == CALL_PARKED);
	fake_interrupt(child);
	CHECK(fake_result(child) == 65536);
	/* Up to PIPE_BUF all or nothing. */
	CHECK(CALL(t, NR_READ, (uint64_t)fds[0], big, 4095) == 4095);
	CHECK(CALL(child, NR_WRITE, (uint64_t)fds[1], big, 4096) == CALL_PARKED);
	fake_interrupt(child);
	CHECK(fake_result(child) == CALL_RESTART_SYS);
	CHECK(CALL(t, NR_FCNTL, (uint64_t)fds[1], 4, OPEN_NONBLOCK) == 0);
	CHECK(CALL(child, NR_WRITE, (uint64_t)fds[1], big, 4096) == -STATUS_AGAIN);
	CHECK(CALL(child, NR_WRITE, (uint64_t)fds[1], big, 4097) == 4095);
	fake_exit(child);
}

static void broken(void)
{
	int32_t fds[2];

	t = fake_start();
	make(fds, OPEN_NONBLOCK | OPEN_CLOEXEC);
	CHECK(CALL(t, NR_READ, (uint64_t)fds[0], SCRATCH, 1) == -STATUS_AGAIN);
	CHECK(CALL(t, NR_READ, (uint64_t)fds[1], SCRATCH, 1) == -STATUS_BADF);
	CHECK(CALL(t, NR_WRITE, (uint64_t)fds[0], SCRATCH, 1) == -STATUS_BADF);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fds[0], 0, 0) == -STATUS_SPIPE);
	CHECK(CALL(t, NR_PREAD64, (uint64_t)fds[0], SCRATCH, 1, 0) == -STATUS_SPIPE);
	close_fd(t, fds[0]);
	CHECK(fake_write(t, fds[1], "x") == -STATUS_PIPE);
	CHECK(fake_signal_count == 1 && fake_signals[0].number == LINUX_SIGPIPE);
	close_fd(t, fds[1]);
	CHECK(CALL(t, NR_PIPE2, BAD_ADDRESS, 0) == -STATUS_FAULT);
	CHECK(CALL(t, NR_PIPE2, SCRATCH, 1) == -STATUS_INVAL);
	CHECK(fake_open(t, "/dev/null", 0, 0) == 3); /* nothing leaked */
}

static void fifo(void)
{
	struct thread *child;
	uint64_t path;
	char *text;

	t = fake_start();
	child = fake_process(t, 1);
	CHECK(CALL(t, NR_MKNODAT, AT_CWD, fake_string(t, 0, "/fifo"), MODE_FIFO | 0644, 0) == 0);
	CHECK(fake_open(t, "/fifo", OPEN_WRITE | OPEN_NONBLOCK, 0) == -STATUS_NXIO);
	path = fake_string(child, 0, "/fifo");
	CHECK(CALL(child, NR_OPENAT, AT_CWD, path, OPEN_READ) == CALL_PARKED);
	CHECK(fake_open(t, "/fifo", OPEN_WRITE, 0) == 3 && fake_result(child) == 3);
	CHECK(fake_write(t, 3, "through") == 7);
	close_fd(t, 3);
	CHECK(fake_read(child, 3, &text) == 7 && strcmp(text, "through") == 0);
	CHECK(fake_read(child, 3, &text) == 0);
	CHECK(CALL(t, NR_OPENAT, AT_CWD, fake_string(t, 0, "/fifo"), OPEN_WRITE) == 3);
	close_fd(child, 3);
	close_fd(t, 3);
	CHECK(CALL(child, NR_OPENAT, AT_CWD, path, OPEN_READ) == CALL_PARKED);
	fake_interrupt(child);
	CHECK(fake_result(child) == CALL_RESTART_SYS);
	CHECK(fake_open(t, "/fifo", OPEN_READ_WRITE, 0) == 3);
	fake_exit(child);
}

/* Random reads and writes: the bytes come out in order and complete. */
static void random_flow(void)
{
	uint32_t seed = 99, sent = 0, received = 0;
	uint64_t place = FAKE_BASE + 0x100000;
	int32_t fds[2];

	t = fake_start();
	make(fds, OPEN_NONBLOCK);
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t n;
		int64_t moved;

		seed = seed * 1664525 + 1013904223;
		n = (seed >> 8) % 9000;
		if (seed >> 31) {
			unsigned char *from = fake_memory(t, place);

			for (uint32_t i = 0; i < n; i++) {
				from[i] = (unsigned char)((sent + i) * 7);
			}
			moved = CALL(t, NR_WRITE, (uint64_t)fds[1], place, n);
			sent += moved > 0 ? (uint32_t)moved : 0;
			continue;
		}
		moved = CALL(t, NR_READ, (uint64_t)fds[0], place, n);
		for (int64_t i = 0; i < moved; i++) {
			const unsigned char *to = fake_memory(t, place);

			CHECK(to[i] == (unsigned char)(received * 7));
			received++;
		}
	}
	CHECK(received > 1000000 && sent - received <= 65536);
}

/* Many full pipes: later ones are small, but every pipe carries data. */
static void many(void)
{
	int32_t fds[300][2];
	unsigned count = 0;
	uint64_t total = 0;

	t = fake_start();
	t->process->limits[LINUX_RLIMIT_NOFILE].soft = 1000;
	for (; count < 300; count++) {
		make(fds[count], OPEN_NONBLOCK);
		total += (uint64_t)CALL(t, NR_WRITE, (uint64_t)fds[count][1], FAKE_BASE, 65536);
	}
	CHECK(total >= 3ul << 20 && total < 5ul << 20);
	for (unsigned i = 0; i < 300; i++) {
		CHECK(CALL(t, NR_READ, (uint64_t)fds[i][0], SCRATCH, 65536) >= 4096);
		CHECK(CALL(t, NR_WRITE, (uint64_t)fds[i][1], SCRATCH, 4096) == 4096);
	}
}

void test_pipes(void)
{
	test_run("pipe: parked reader", flow);
	test_run("pipe: full, atomic, interrupted", full);
	test_run("pipe: broken, wrong ends", broken);
	test_run("pipe: fifo", fifo);
	test_run("pipe: 20000 random transfers", random_flow);
	test_run("pipe: many full pipes", many);
}
