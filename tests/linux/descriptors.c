/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors: dup, fcntl, locks, sendfile and its relatives, devices. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>

TEST(dup_shares_the_offset)
{
	char byte;
	int a, b;

	make_file("file", 100);
	a = open("file", O_RDONLY | O_CLOEXEC);
	b = dup(a);
	CHECK(b > a);
	CHECK_EQ(lseek(a, 50, SEEK_SET), 50);
	CHECK_EQ(read(b, &byte, 1), 1);
	CHECK_EQ((unsigned char)byte, pattern_byte(50));
	CHECK_EQ(fcntl(b, F_GETFD), 0);
	CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(close(a), 0);
	CHECK_EQ(read(b, &byte, 1), 1);
	CHECK_ERRNO(dup(a), EBADF);
}

TEST(dup_to_a_number)
{
	int a = open("/dev/null", O_RDONLY);

	CHECK_EQ(dup2(a, 50), 50);
	CHECK_EQ(dup2(a, a), a);
	CHECK_EQ(dup3(a, 51, O_CLOEXEC), 51);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(dup3(a, a, 0), EINVAL);
	CHECK_ERRNO(dup3(a, 52, 0x77), EINVAL);
	CHECK_ERRNO(dup2(99, 50), EBADF);
	CHECK_ERRNO(dup2(a, -1), EBADF);
	CHECK_ERRNO(dup2(a, 1 << 20), EBADF);
	CHECK_EQ(fcntl(a, F_DUPFD, 60), 60);
	CHECK_EQ(fcntl(a, F_DUPFD_CLOEXEC, 60), 61);
	CHECK_ERRNO(fcntl(a, F_DUPFD, -1), EINVAL);
	CHECK_EQ(close_range(50, 61, 0), 0);
	CHECK_ERRNO(close(60), EBADF);
}

TEST(status_flags)
{
	int fd = open("file", O_RDWR | O_CREAT | O_APPEND, 0644);

	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND);
	CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	CHECK_ERRNO(fcntl(fd, 9999), EINVAL);
	CHECK_ERRNO(fcntl(99, F_GETFL), EBADF);
}

TEST(record_locks)
{
	struct flock lock = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
	pid_t child;
	int fd;

	make_file("file", 100);
	fd = open("file", O_RDWR);
	CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
	child = must_fork();
	if (child == 0) {
		struct flock other = {.l_type = F_WRLCK, .l_start = 15, .l_len = 1};

		CHECK_ERRNO(fcntl(fd, F_SETLK, &other), EAGAIN);
		CHECK_EQ(fcntl(fd, F_GETLK, &other), 0);
		CHECK(other.l_type == F_WRLCK && other.l_pid == getppid());
		CHECK(other.l_start == 10 && other.l_len == 10);
		other = (struct flock){.l_type = F_WRLCK, .l_start = 20, .l_len = 1};
		CHECK_EQ(fcntl(fd, F_SETLK, &other), 0);
		other = (struct flock){.l_type = F_RDLCK, .l_start = 12, .l_len = 1};
		CHECK_EQ(fcntl(fd, F_SETLKW, &other), 0); /* when the parent unlocks */
		_exit(0);
	}
	sleep_ms(50);
	CHECK_EQ(waitpid(child, NULL, WNOHANG), 0);
	lock.l_type = F_UNLCK;
	CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
	CHECK_EXIT(child, 0);
}

TEST(whole_file_locks)
{
	int a, b;

	make_file("file", 1);
	a = open("file", O_RDONLY);
	b = open("file", O_RDONLY);
	CHECK_EQ(flock(a, LOCK_EX), 0);
	CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(flock(a, LOCK_SH), 0);
	CHECK_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(flock(a, LOCK_UN), 0);
	CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
	close(b);
	CHECK_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
	CHECK_ERRNO(flock(a, 77), EINVAL);
	CHECK_ERRNO(flock(99, LOCK_SH), EBADF);
}

TEST(send_file)
{
	unsigned char buffer[9000];
	off_t offset = 1000;
	int in, out, pipes[2];

	make_file("in", 20000);
	in = open("in", O_RDONLY);
	out = open("out", O_RDWR | O_CREAT, 0644);
	CHECK_EQ(sendfile(out, in, NULL, 5000), 5000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 5000);
	CHECK_EQ(sendfile(out, in, &offset, 4000), 4000);
	CHECK_EQ(offset, 5000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 5000);
	CHECK_EQ(pread(out, buffer, 9000, 0), 9000);
	for (size_t i = 0; i < 9000; i++) {
		CHECK_EQ(buffer[i], pattern_byte(i < 5000 ? i : i - 4000));
	}
	offset = 19999;
	CHECK_EQ(sendfile(out, in, &offset, 100), 1);
	CHECK_EQ(sendfile(out, in, &offset, 100), 0);
	CHECK_EQ(pipe(pipes), 0);
	offset = 0;
	CHECK_EQ(sendfile(pipes[1], in, &offset, 3000), 3000);
	CHECK_EQ(read(pipes[0], buffer, 9000), 3000);
	CHECK_EQ(buffer[2999], pattern_byte(2999));
	CHECK_ERRNO(sendfile(in, in, NULL, 10), EBADF); /* not open for writing */
	CHECK_ERRNO(sendfile(out, 99, NULL, 10), EBADF);
}

TEST(copy_range)
{
	unsigned char byte;
	off_t from = 100, to = 0;
	int in, out;

	make_file("in", 20000);
	in = open("in", O_RDONLY);
	out = open("out", O_RDWR | O_CREAT, 0644);
	CHECK_EQ(copy_file_range(in, &from, out, &to, 10000, 0), 10000);
	CHECK(from == 10100 && to == 10000);
	CHECK_EQ(pread(out, &byte, 1, 9999), 1);
	CHECK_EQ(byte, pattern_byte(10099));
	CHECK_ERRNO(copy_file_range(in, NULL, out, NULL, 10, 5), EINVAL);
}

TEST(null_and_zero)
{
	unsigned char buffer[100];
	int fd = open("/dev/null", O_RDWR);

	CHECK_EQ(write(fd, buffer, 100), 100);
	CHECK_EQ(read(fd, buffer, 100), 0);
	fd = open("/dev/zero", O_RDWR);
	memset(buffer, 1, 100);
	CHECK_EQ(read(fd, buffer, 100), 100);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(buffer[i], 0);
	}
	CHECK_EQ(write(fd, buffer, 100), 100);
	fd = open("/dev/full", O_RDWR);
	CHECK_ERRNO(write(fd, buffer, 100), ENOSPC);
	CHECK_EQ(read(fd, buffer, 100), 100);
}

TEST(device_numbers)
{
	static const struct {
		const char *name;
		unsigned int major, minor;
	} devices[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
		       {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
	struct stat st;

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		CHECK_EQ(stat(devices[i].name, &st), 0);
		CHECK(S_ISCHR(st.st_mode));
		CHECK_EQ(st.st_rdev, makedev(devices[i].major, devices[i].minor));
	}
}

TEST(random_bytes)
{
	unsigned char a[256], b[256];
	int counts[256] = {0};
	int fd = open("/dev/urandom", O_RDONLY);

	CHECK_EQ(read(fd, a, 256), 256);
	CHECK_EQ(getrandom(b, 256, 0), 256);
	CHECK(memcmp(a, b, 256) != 0);
	for (int round = 0; round < 40; round++) {
		CHECK_EQ(getrandom(b, 256, 0), 256);
		for (int i = 0; i < 256; i++) {
			counts[b[i]]++;
		}
	}
	for (int i = 0; i < 256; i++) {
		CHECK(counts[i] > 5 && counts[i] < 120); /* 40 on the average */
	}
	CHECK_ERRNO(getrandom(b, 10, 0x77), EINVAL);
	CHECK_ERRNO(getrandom(bad_pointer(), 10, 0), EFAULT);
	CHECK_EQ(getrandom(b, 0, 0), 0);
}

TEST(path_descriptors)
{
	char byte;
	struct stat st;
	int fd;

	make_file("file", 10);
	fd = open("file", O_PATH);
	CHECK(fd >= 0);
	CHECK_ERRNO(read(fd, &byte, 1), EBADF);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 10);
}

TEST(names_in_proc)
{
	char target[300], path[64], here[200];
	int fd, count;

	CHECK(getcwd(here, sizeof(here)) != NULL);
	make_file("file", 10);
	fd = open("file", O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	count = (int)readlink(path, target, sizeof(target) - 1);
	CHECK(count > 0);
	target[count] = '\0';
	CHECK(strncmp(target, here, strlen(here)) == 0);
	CHECK(strcmp(target + strlen(here), "/file") == 0);
	CHECK(open(path, O_RDONLY) >= 0);
	CHECK_EQ(readlink("/proc/self/cwd", target, sizeof(target)), strlen(here));
}

TEST(ioctl_errors)
{
	int fd, number;

	make_file("file", 10);
	fd = open("file", O_RDONLY);
	CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, &number), ENOTTY);
	CHECK_ERRNO(ioctl(99, TIOCGWINSZ, &number), EBADF);
	CHECK_EQ(ioctl(fd, FIONREAD, &number), 0);
	CHECK_EQ(number, 10);
	CHECK_EQ(ioctl(fd, FIOCLEX), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}
