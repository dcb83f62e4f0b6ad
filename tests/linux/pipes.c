/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and fifos. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

TEST(bytes_go_through)
{
	char buffer[10];
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], "hello", 5), 5);
	CHECK_EQ(write(fds[1], "world", 5), 5);
	CHECK_EQ(read(fds[0], buffer, 7), 7);
	CHECK(memcmp(buffer, "hellowo", 7) == 0);
	CHECK_EQ(read(fds[0], buffer, 7), 3);
	close(fds[1]);
	CHECK_EQ(read(fds[0], buffer, 7), 0);
}

TEST(large_transfer)
{
	enum { LENGTH = 3 << 20 };
	static unsigned char buffer[30000];
	size_t done = 0;
	int fds[2];
	pid_t child;
	ssize_t n;

	CHECK_EQ(pipe(fds), 0);
	child = must_fork();
	if (child == 0) {
		close(fds[0]);
		while (done < LENGTH) {
			size_t chunk = 1 + done % 29999;

			chunk = chunk > LENGTH - done ? LENGTH - done : chunk;
			for (size_t i = 0; i < chunk; i++) {
				buffer[i] = pattern_byte(done + i);
			}
			CHECK_EQ(write(fds[1], buffer, chunk), chunk);
			done += chunk;
		}
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], buffer, 7777)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			CHECK_EQ(buffer[i], pattern_byte(done + (size_t)i));
		}
		done += (size_t)n;
	}
	CHECK_EQ(done, LENGTH);
	CHECK_EXIT(child, 0);
}

TEST(capacity_and_nonblocking)
{
	static char buffer[70000];
	int fds[2];
	long total = 0;
	ssize_t n;

	CHECK_EQ(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(read(fds[0], buffer, 10), EAGAIN);
	while ((n = write(fds[1], buffer, 1000)) > 0) {
		total += n;
	}
	CHECK_EQ(errno, EAGAIN);
	CHECK(total > 60000 && total <= 65536);
	CHECK_EQ(read(fds[0], buffer, sizeof(buffer)), total);
	CHECK_EQ(write(fds[1], buffer, sizeof(buffer)), 65536); /* as much as there is room */
	CHECK_ERRNO(pipe2(fds, 0x77), EINVAL);
}

TEST(small_writes_are_atomic)
{
	char line[200];
	int fds[2];
	pid_t children[4];
	ssize_t n;

	CHECK_EQ(pipe(fds), 0);
	for (int c = 0; c < 4; c++) {
		children[c] = must_fork();
		if (children[c] == 0) {
			memset(line, 'a' + c, sizeof(line));
			for (int i = 0; i < 500; i++) {
				CHECK_EQ(write(fds[1], line, sizeof(line)), sizeof(line));
			}
			_exit(0);
		}
	}
	close(fds[1]);
	for (int i = 0; i < 2000; i++) {
		size_t have = 0;

		while (have < sizeof(line)) {
			n = read(fds[0], line + have, sizeof(line) - have);
			CHECK(n > 0);
			have += (size_t)n;
		}
		for (size_t k = 1; k < sizeof(line); k++) {
			CHECK_EQ(line[k], line[0]);
		}
	}
	for (int c = 0; c < 4; c++) {
		CHECK_EXIT(children[c], 0);
	}
}

TEST(reader_sees_the_end)
{
	char byte;
	int fds[2];
	pid_t child;

	CHECK_EQ(pipe(fds), 0);
	child = must_fork();
	if (child == 0) {
		sleep_ms(30);
		_exit(0); /* closes the last writer */
	}
	close(fds[1]);
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	CHECK_EXIT(child, 0);
}

TEST(blocked_writer_sees_the_end)
{
	static char buffer[200000];
	int fds[2];
	pid_t child;

	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(pipe(fds), 0);
	child = must_fork();
	if (child == 0) {
		close(fds[0]);
		CHECK(write(fds[1], buffer, sizeof(buffer)) < (ssize_t)sizeof(buffer));
		CHECK_ERRNO(write(fds[1], buffer, 1), EPIPE);
		_exit(0);
	}
	close(fds[1]);
	CHECK_EQ(read(fds[0], buffer, 5000), 5000);
	close(fds[0]);
	CHECK_EXIT(child, 0);
}

TEST(directions)
{
	char byte;
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	CHECK_ERRNO(write(fds[0], "x", 1), EBADF);
	CHECK_ERRNO(read(fds[1], &byte, 1), EBADF);
	CHECK_EQ(write(fds[1], "", 0), 0);
}

TEST(pending_bytes)
{
	struct stat st;
	int fds[2], pending = -1;

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], "12345", 5), 5);
	CHECK_EQ(ioctl(fds[0], FIONREAD, &pending), 0);
	CHECK_EQ(pending, 5);
	CHECK_EQ(fstat(fds[0], &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(fcntl(fds[0], F_GETPIPE_SZ), 65536);
}

TEST(fifo)
{
	char byte = 0;
	pid_t child;
	int fd;

	CHECK_EQ(mkfifo("fifo", 0600), 0);
	CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, &byte, 1), 0);
	close(fd);
	child = must_fork();
	if (child == 0) {
		fd = open("fifo", O_WRONLY); /* waits for the reader */
		_exit(write(fd, "q", 1) != 1);
	}
	fd = open("fifo", O_RDONLY);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'q');
	CHECK_EQ(read(fd, &byte, 1), 0);
	CHECK_EXIT(child, 0);
}

TEST(ping_pong)
{
	int there[2], back[2];
	pid_t child;
	int number;

	CHECK_EQ(pipe(there), 0);
	CHECK_EQ(pipe(back), 0);
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < 1000; i++) {
			CHECK_EQ(read(there[0], &number, sizeof(number)), sizeof(number));
			number++;
			CHECK_EQ(write(back[1], &number, sizeof(number)), sizeof(number));
		}
		_exit(0);
	}
	number = 0;
	for (int i = 0; i < 1000; i++) {
		CHECK_EQ(write(there[1], &number, sizeof(number)), sizeof(number));
		CHECK_EQ(read(back[0], &number, sizeof(number)), sizeof(number));
	}
	CHECK_EQ(number, 1000);
	CHECK_EXIT(child, 0);
}

TEST(chain_of_processes)
{
	enum { LENGTH = 10 };
	pid_t children[LENGTH];
	int in, fds[2];
	unsigned char byte;

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], "abc", 3), 3);
	close(fds[1]);
	in = fds[0];
	for (int i = 0; i < LENGTH; i++) {
		CHECK_EQ(pipe(fds), 0);
		children[i] = must_fork();
		if (children[i] == 0) {
			close(fds[0]);
			while (read(in, &byte, 1) == 1) {
				byte++;
				CHECK_EQ(write(fds[1], &byte, 1), 1);
			}
			_exit(0);
		}
		close(in);
		close(fds[1]);
		in = fds[0];
	}
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(read(in, &byte, 1), 1);
		CHECK_EQ(byte, 'a' + i + LENGTH);
	}
	CHECK_EQ(read(in, &byte, 1), 0);
	for (int i = 0; i < LENGTH; i++) {
		CHECK_EXIT(children[i], 0);
	}
}
