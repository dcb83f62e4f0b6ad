/* SPDX-License-Identifier: BSD-2-Clause */
/* Contents of regular files: open, read, write, seek, truncate, holes, sync, a full disk. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static off_t size_of(const char *name)
{
	struct stat st;

	CHECK_EQ(stat(name, &st), 0);
	return st.st_size;
}

static void check_pattern(const char *name, size_t length)
{
	unsigned char buffer[PAGE];
	size_t done = 0;
	ssize_t n;
	int fd = open(name, O_RDONLY);

	CHECK(fd >= 0);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] != pattern_byte(done + (size_t)i)) {
				FAIL("byte %zu of %s is wrong", done + (size_t)i, name);
			}
		}
		done += (size_t)n;
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(done, length);
	close(fd);
}

TEST(write_and_read)
{
	static const size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 70000, 1 << 20};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_file("file", sizes[i]);
		CHECK_EQ(size_of("file"), sizes[i]);
		check_pattern("file", sizes[i]);
	}
}

TEST(large_transfers)
{
	size_t length = 3 << 20;
	unsigned char *p = malloc(length), *q = malloc(length);
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	for (size_t i = 0; i < length; i++) {
		p[i] = pattern_byte(i);
	}
	CHECK_EQ(write(fd, p, length), length);
	CHECK_EQ(pread(fd, q, length, 0), length);
	CHECK(memcmp(p, q, length) == 0);
	CHECK_EQ(pwrite(fd, p + 1, length - 1, 3), length - 1);
	CHECK_EQ(pread(fd, q, length, 2), length);
	CHECK_EQ(q[0], pattern_byte(2));
	CHECK(memcmp(p + 1, q + 1, length - 1) == 0);
}

TEST(unaligned_writes)
{
	unsigned char image[40000] = {0}, got[40000];
	unsigned int seed = 1;
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	for (int i = 0; i < 300; i++) {
		size_t at, length;

		seed = seed * 1103515245 + 12345;
		at = seed / 65536 % 30000;
		seed = seed * 1103515245 + 12345;
		length = seed / 65536 % 9000;
		memset(image + at, i, length);
		CHECK_EQ(pwrite(fd, image + at, length, (off_t)at), length);
	}
	CHECK_EQ(ftruncate(fd, 40000), 0);
	CHECK_EQ(pread(fd, got, 40000, 0), 40000);
	CHECK(memcmp(image, got, 40000) == 0);
}

TEST(open_flags)
{
	int fd;

	CHECK_ERRNO(open("file", O_RDONLY), ENOENT);
	fd = open("file", O_WRONLY | O_CREAT | O_EXCL, 0640);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "12345", 5), 5);
	CHECK_ERRNO(read(fd, &fd, 1), EBADF);
	close(fd);
	CHECK_ERRNO(open("file", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	fd = open("file", O_RDONLY);
	CHECK_ERRNO(write(fd, "x", 1), EBADF);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	close(fd);
	CHECK_EQ(close(open("file", O_WRONLY | O_TRUNC)), 0);
	CHECK_EQ(size_of("file"), 0);
	CHECK_ERRNO(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("file/x", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
	CHECK_ERRNO(open("no/such", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERRNO(open("", O_RDONLY), ENOENT);
	CHECK_EQ(symlink("file", "link"), 0);
	CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERRNO(open("link", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK(open("link", O_PATH | O_NOFOLLOW) >= 0);
}

TEST(lowest_descriptor)
{
	int a = open("/dev/null", O_RDONLY);
	int b = open("/dev/null", O_RDONLY);
	int c = open("/dev/null", O_RDONLY);

	CHECK(a < b && b < c);
	close(b);
	CHECK_EQ(open("/dev/null", O_RDONLY), b);
	CHECK_ERRNO(close(99), EBADF);
	CHECK_ERRNO(close(-1), EBADF);
	CHECK_ERRNO(read(99, &a, 1), EBADF);
}

TEST(seeking)
{
	char byte;
	int fd, pipes[2];

	make_file("file", 10000);
	fd = open("file", O_RDONLY);
	CHECK_EQ(lseek(fd, 5000, SEEK_SET), 5000);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ((unsigned char)byte, pattern_byte(5000));
	CHECK_EQ(lseek(fd, 9, SEEK_CUR), 5010);
	CHECK_EQ(lseek(fd, -10, SEEK_END), 9990);
	CHECK_EQ(lseek(fd, 100000, SEEK_SET), 100000);
	CHECK_EQ(read(fd, &byte, 1), 0);
	CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERRNO(lseek(fd, 0, 77), EINVAL);
	CHECK_ERRNO(lseek(99, 0, SEEK_SET), EBADF);
	CHECK_EQ(pipe(pipes), 0);
	CHECK_ERRNO(lseek(pipes[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERRNO(pread(pipes[0], &byte, 1, 0), ESPIPE);
	CHECK_ERRNO(pread(fd, &byte, 1, -1), EINVAL);
}

TEST(offset_is_shared_after_fork)
{
	char bytes[4];
	pid_t child;
	int fd;

	make_file("file", 100);
	fd = open("file", O_RDONLY);
	child = must_fork();
	if (child == 0) {
		_exit(read(fd, bytes, 4) != 4);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	child = open("file", O_RDONLY); /* its own */
	CHECK_EQ(lseek(child, 0, SEEK_CUR), 0);
}

TEST(append)
{
	pid_t children[4];
	char line[20];
	FILE *f;
	int lines = 0;

	for (int c = 0; c < 4; c++) {
		children[c] = must_fork();
		if (children[c] == 0) {
			int fd = open("file", O_WRONLY | O_CREAT | O_APPEND, 0644);

			for (int i = 0; i < 50; i++) {
				snprintf(line, sizeof(line), "%d %3d line\n", c, i);
				CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
				CHECK_EQ(write(fd, line, 11), 11);
			}
			_exit(0);
		}
	}
	for (int c = 0; c < 4; c++) {
		CHECK_EXIT(children[c], 0);
	}
	CHECK_EQ(size_of("file"), 4 * 50 * 11);
	f = fopen("file", "r");
	while (fgets(line, sizeof(line), f) != NULL) {
		CHECK(strlen(line) == 11 && strcmp(line + 5, " line\n") == 0);
		lines++;
	}
	CHECK_EQ(lines, 200);
}

TEST(truncate_both_ways)
{
	unsigned char buffer[3 * PAGE];
	int fd;

	make_file("file", 2 * PAGE + 10);
	CHECK_EQ(truncate("file", 100), 0);
	CHECK_EQ(size_of("file"), 100);
	check_pattern("file", 100);
	fd = open("file", O_RDWR);
	CHECK_EQ(ftruncate(fd, 3 * PAGE), 0);
	CHECK_EQ(read(fd, buffer, sizeof(buffer)), 3 * PAGE);
	for (size_t i = 0; i < 3 * PAGE; i++) {
		CHECK_EQ(buffer[i], i < 100 ? pattern_byte(i) : 0);
	}
	CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
	CHECK_ERRNO(truncate("none", 0), ENOENT);
	CHECK_ERRNO(truncate(".", 0), EISDIR);
	CHECK_ERRNO(ftruncate(99, 0), EBADF);
}

TEST(sparse)
{
	struct stat st;
	char byte = 'x', got[10];
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	CHECK_EQ(pwrite(fd, &byte, 1, 1l << 30), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, (1l << 30) + 1);
	CHECK(st.st_blocks < 200);
	CHECK_EQ(pread(fd, got, 10, 1l << 29), 10);
	CHECK(memcmp(got, "\0\0\0\0\0\0\0\0\0\0", 10) == 0);
	CHECK_EQ(pread(fd, got, 10, 1l << 30), 1);
	CHECK_EQ(got[0], 'x');
	CHECK_EQ(pwrite(fd, "mid", 3, 12345678), 3);
	CHECK_EQ(pread(fd, got, 5, 12345677), 5);
	CHECK(memcmp(got, "\0mid\0", 5) == 0);
	CHECK_EQ(ftruncate(fd, 0), 0);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_blocks, 0);
}

TEST(unlinked_while_open)
{
	unsigned char buffer[100];
	struct stat st;
	int fd;

	make_file("file", 100000);
	fd = open("file", O_RDWR);
	CHECK_EQ(unlink("file"), 0);
	CHECK_ERRNO(open("file", O_RDONLY), ENOENT);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	make_file("file", 50000);
	CHECK_EQ(pread(fd, buffer, 100, 99900), 100);
	CHECK_EQ(buffer[99], pattern_byte(99999));
	CHECK_EQ(write(fd, "again", 5), 5);
	close(fd);
	check_pattern("file", 50000);
}

TEST(vectors)
{
	char a[4] = "abc", b[3] = "de", c[8] = "fghijkl";
	struct iovec out[4] = {{a, 3}, {NULL, 0}, {b, 2}, {c, 7}};
	char x[5], y[20] = "";
	struct iovec in[2] = {{x, 5}, {y, sizeof(y)}};
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	CHECK_EQ(writev(fd, out, 4), 12);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, in, 2), 12);
	CHECK(memcmp(x, "abcde", 5) == 0 && memcmp(y, "fghijkl", 7) == 0);
	CHECK_EQ(pwritev(fd, out, 1, 10), 3);
	CHECK_EQ(preadv(fd, in, 2, 8), 5);
	CHECK(memcmp(x, "ijabc", 5) == 0);
	CHECK_ERRNO(syscall(SYS_writev, fd, out, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_writev, fd, out, 1025), EINVAL);
	CHECK_ERRNO(readv(fd, bad_pointer(), 1), EFAULT);
	CHECK_EQ(writev(fd, out, 0), 0);
	out[1].iov_len = (size_t)-1;
	CHECK_ERRNO(writev(fd, out, 4), EINVAL);
}

TEST(synchronizing)
{
	int fd, pipes[2];

	make_file("file", 100000);
	fd = open("file", O_RDWR);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(pwrite(fd, "x", 1, 50000), 1);
	CHECK_EQ(fdatasync(fd), 0);
	sync();
	CHECK_EQ(syncfs(fd), 0);
	CHECK_EQ(pipe(pipes), 0);
	CHECK_ERRNO(fsync(pipes[0]), EINVAL);
	CHECK_ERRNO(fsync(99), EBADF);
	fd = open(".", O_RDONLY);
	CHECK_EQ(fsync(fd), 0);
	fd = open("file", O_WRONLY | O_SYNC);
	CHECK_EQ(write(fd, "durable", 7), 7);
}

TEST(allocate)
{
	struct stat st;
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	if (fallocate(fd, 0, 0, 100000) != 0) {
		CHECK_EQ(errno, EOPNOTSUPP);
		CHECK_EQ(posix_fallocate(fd, 0, 100000), 0); /* glibc writes then */
	}
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 100000);
	CHECK(st.st_blocks * 512 >= 100000);
	CHECK_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
	CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
}

TEST(read_of_directory)
{
	char byte;
	int fd = open(".", O_RDONLY);

	CHECK_ERRNO(read(fd, &byte, 1), EISDIR);
	CHECK_ERRNO(write(fd, &byte, 1), EBADF);
}

TEST(full_file_system)
{
	char *block = malloc(65536);
	struct statfs before, full;
	ssize_t n;
	long total = 0;
	int fd;

	CHECK_EQ(mkdir("small", 0755), 0);
	CHECK_EQ(mount("tmpfs", "small", "tmpfs", 0, "size=1m"), 0);
	CHECK_EQ(statfs("small", &before), 0);
	CHECK_EQ(before.f_blocks * (unsigned long)before.f_bsize, 1 << 20);
	fd = open("small/file", O_RDWR | O_CREAT, 0644);
	memset(block, 'x', 65536);
	while ((n = write(fd, block, 65536)) > 0) {
		total += n;
		CHECK(total <= 1 << 20);
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK(total >= (1 << 20) - 65536);
	CHECK_EQ(statfs("small", &full), 0);
	CHECK(full.f_bfree < 16);
	CHECK_EQ(size_of("small/file"), total);
	CHECK_EQ(ftruncate(fd, 0), 0);
	CHECK_EQ(write(fd, block, 65536), 65536);
	CHECK_ERRNO(umount("small"), EBUSY);
	close(fd);
	CHECK_EQ(umount("small"), 0);
	CHECK_ERRNO(open("small/file", O_RDONLY), ENOENT);
}

TEST(write_fault_in_full_file_system)
{
	unsigned char *p;
	int fd;
	pid_t child;

	CHECK_EQ(mkdir("small", 0755), 0);
	CHECK_EQ(mount("tmpfs", "small", "tmpfs", 0, "size=256k"), 0);
	child = must_fork();
	if (child == 0) {
		fd = open("small/file", O_RDWR | O_CREAT, 0644);
		CHECK_EQ(ftruncate(fd, 1 << 20), 0);
		p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < 1 << 20; i += PAGE) {
			p[i] = 1;
		}
		_exit(0);
	}
	CHECK_KILLED(child, 7 /* SIGBUS */);
	CHECK_EQ(umount("small"), 0);
}

TEST(bytes_behind_the_end_read_as_nothing)
{
	char buffer[10];
	int fd;

	make_file("file", 5);
	fd = open("file", O_RDONLY);
	CHECK_EQ(read(fd, buffer, 10), 5);
	CHECK_EQ(read(fd, buffer, 10), 0);
	CHECK_EQ(read(fd, buffer, 0), 0);
	CHECK_EQ(read(fd, bad_pointer(), 10), 0);
}

TEST(many_files)
{
	char name[32];

	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		make_file(name, (size_t)i * 97);
	}
	for (int i = 0; i < 150; i += 3) {
		snprintf(name, sizeof(name), "file%d", i);
		CHECK_EQ(unlink(name), 0);
	}
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		if (i % 3 != 0) {
			check_pattern(name, (size_t)i * 97);
		} else {
			CHECK_EQ(access(name, F_OK), -1);
		}
	}
}

TEST(concurrent_writers)
{
	pid_t children[4];
	char name[16];

	for (int c = 0; c < 4; c++) {
		children[c] = must_fork();
		if (children[c] == 0) {
			snprintf(name, sizeof(name), "file%d", c);
			for (int i = 0; i < 5; i++) {
				make_file(name, 200000);
				check_pattern(name, 200000);
			}
			_exit(0);
		}
	}
	for (int c = 0; c < 4; c++) {
		CHECK_EXIT(children[c], 0);
	}
}
