/* SPDX-License-Identifier: BSD-2-Clause */
/* Copy on write, shared memory, and mapped files that agree with read and write. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { RW = PROT_READ | PROT_WRITE };

static unsigned char *map_shared(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static unsigned char *map_file(const char *name, size_t length, int flags)
{
	int fd = open(name, O_RDWR);
	void *p;

	CHECK(fd >= 0);
	p = mmap(NULL, length, RW, flags, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	return p;
}

TEST(copy_on_write_both_ways)
{
	enum { PAGES = 300 };
	unsigned char *p = map_pages(PAGES);
	pid_t child;

	for (int i = 0; i < PAGES; i++) {
		p[i * PAGE] = (unsigned char)i;
	}
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < PAGES; i += 2) {
			p[i * PAGE] = 255;
		}
		sleep_ms(30);
		for (int i = 0; i < PAGES; i++) {
			CHECK_EQ(p[i * PAGE], i & 1 ? (unsigned char)i : 255);
		}
		_exit(0);
	}
	for (int i = 0; i < PAGES; i += 3) {
		p[i * PAGE + 1] = 254;
	}
	CHECK_EXIT(child, 0);
	for (int i = 0; i < PAGES; i++) {
		CHECK_EQ(p[i * PAGE], (unsigned char)i);
		CHECK_EQ(p[i * PAGE + 1], i % 3 == 0 ? 254 : 0);
	}
}

TEST(generations)
{
	enum { GENERATIONS = 12 };
	unsigned char *p = map_pages(GENERATIONS);

	for (int g = 0; g < GENERATIONS; g++) {
		pid_t child;

		p[g * PAGE] = (unsigned char)(g + 1);
		child = must_fork();
		if (child != 0) {
			CHECK_EXIT(child, 0);
			for (int i = 0; i < GENERATIONS; i++) {
				CHECK_EQ(p[i * PAGE], i <= g ? i + 1 : 0);
			}
			if (g > 0) {
				_exit(0);
			}
			return;
		}
	}
	_exit(0);
}

TEST(many_children_of_one_memory)
{
	enum { PAGES = 50, CHILDREN = 10 };
	unsigned char *p = map_pages(PAGES);
	pid_t children[CHILDREN];

	memset(p, 1, PAGES * PAGE);
	for (int c = 0; c < CHILDREN; c++) {
		children[c] = must_fork();
		if (children[c] == 0) {
			for (int i = 0; i < PAGES; i++) {
				p[i * PAGE] = (unsigned char)(c + 10);
			}
			sleep_ms(10);
			for (int i = 0; i < PAGES; i++) {
				CHECK_EQ(p[i * PAGE], c + 10);
				CHECK_EQ(p[i * PAGE + PAGE - 1], 1);
			}
			_exit(0);
		}
		memset(p, 1, PAGE);
	}
	for (int c = 0; c < CHILDREN; c++) {
		CHECK_EXIT(children[c], 0);
	}
	for (int i = 0; i < PAGES * PAGE; i++) {
		CHECK_EQ(p[i], 1);
	}
}

TEST(read_into_copied_page)
{
	unsigned char *p = map_pages(2);
	int fd;
	pid_t child;

	make_file("file", 2 * PAGE);
	fd = open("file", O_RDONLY);
	memset(p, 7, 2 * PAGE);
	child = must_fork();
	if (child == 0) {
		/* The kernel's copy must be into the child's own pages. */
		CHECK_EQ(read(fd, p, 2 * PAGE), 2 * PAGE);
		CHECK_EQ(p[PAGE], pattern_byte(PAGE));
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	for (int i = 0; i < 2 * PAGE; i++) {
		CHECK_EQ(p[i], 7);
	}
}

TEST(shared_anonymous)
{
	unsigned char *p = map_shared(20);
	pid_t child = must_fork();

	if (child == 0) {
		for (int i = 0; i < 20; i++) {
			p[i * PAGE] = (unsigned char)(i + 1);
		}
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(p[i * PAGE], i + 1);
	}
}

TEST(atomic_counter)
{
	unsigned int *counter = (unsigned int *)map_shared(1);
	pid_t children[4];

	for (int c = 0; c < 4; c++) {
		children[c] = must_fork();
		if (children[c] == 0) {
			for (int i = 0; i < 20000; i++) {
				__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
			}
			_exit(0);
		}
	}
	for (int c = 0; c < 4; c++) {
		CHECK_EXIT(children[c], 0);
	}
	CHECK_EQ(*counter, 80000);
}

TEST(private_file_is_not_changed)
{
	unsigned char *p, *q;
	unsigned char byte;
	int fd;

	make_file("file", 3 * PAGE);
	p = map_file("file", 3 * PAGE, MAP_PRIVATE);
	q = map_file("file", 3 * PAGE, MAP_PRIVATE);
	p[PAGE] = 222;
	CHECK_EQ(q[PAGE], pattern_byte(PAGE));
	fd = open("file", O_RDONLY);
	CHECK_EQ(pread(fd, &byte, 1, PAGE), 1);
	CHECK_EQ(byte, pattern_byte(PAGE));
	CHECK_EQ(p[0], pattern_byte(0));
	CHECK_EQ(p[PAGE], 222);
}

TEST(write_is_seen_in_mapping)
{
	unsigned char *p;
	int fd;

	make_file("file", 4 * PAGE);
	p = map_file("file", 4 * PAGE, MAP_SHARED);
	CHECK_EQ(p[2 * PAGE + 5], pattern_byte(2 * PAGE + 5));
	fd = open("file", O_RDWR);
	CHECK_EQ(pwrite(fd, "hello", 5, 2 * PAGE - 2), 5);
	CHECK(memcmp(p + 2 * PAGE - 2, "hello", 5) == 0);
	/* Appended bytes appear behind the old end within a mapping that reaches so far. */
	p = map_file("file", 6 * PAGE, MAP_SHARED);
	CHECK_EQ(pwrite(fd, "more", 4, 4 * PAGE), 4);
	CHECK(memcmp(p + 4 * PAGE, "more", 4) == 0);
}

TEST(mapping_is_seen_by_read)
{
	unsigned char buffer[100];
	unsigned char *p;
	int fd;

	make_file("file", 4 * PAGE);
	p = map_file("file", 4 * PAGE, MAP_SHARED);
	memset(p + PAGE - 50, 0xee, 100);
	fd = open("file", O_RDONLY);
	CHECK_EQ(pread(fd, buffer, 100, PAGE - 50), 100);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(buffer[i], 0xee);
	}
}

TEST(mappings_of_processes_agree)
{
	unsigned char *p;
	volatile int *flag = (volatile int *)map_shared(1);
	pid_t child;

	make_file("file", 8 * PAGE);
	child = must_fork();
	p = map_file("file", 8 * PAGE, MAP_SHARED); /* each its own */
	if (child == 0) {
		for (int i = 0; i < 8; i++) {
			p[i * PAGE + 3] = (unsigned char)(i + 50);
		}
		*flag = 1;
		wait_flag(flag, 2);
		CHECK_EQ(p[4], 99);
		_exit(0);
	}
	wait_flag(flag, 1);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(p[i * PAGE + 3], i + 50);
	}
	p[4] = 99;
	*flag = 2;
	CHECK_EXIT(child, 0);
}

TEST(synced_file)
{
	unsigned char *p;

	make_file("file", 16 * PAGE);
	p = map_file("file", 16 * PAGE, MAP_SHARED);
	memset(p, 1, 16 * PAGE);
	CHECK_EQ(msync(p, 16 * PAGE, MS_SYNC), 0);
	CHECK_EQ(msync(p, 16 * PAGE, MS_ASYNC), 0);
	CHECK_EQ(msync(p, 16 * PAGE, MS_SYNC | MS_INVALIDATE), 0);
	CHECK_ERRNO(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERRNO(msync(p, PAGE, 0x100), EINVAL);
	CHECK_ERRNO(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
	CHECK_EQ(p[2 * PAGE], 1);
}

TEST(unlinked_file_lives_in_mapping)
{
	unsigned char *p;

	make_file("file", 4 * PAGE);
	p = map_file("file", 4 * PAGE, MAP_SHARED);
	CHECK_EQ(unlink("file"), 0);
	make_file("other", 64 * PAGE);
	for (size_t i = 0; i < 4 * PAGE; i += 99) {
		CHECK_EQ(p[i], pattern_byte(i));
	}
	p[0] = 9;
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
}

TEST(hole_in_mapping)
{
	unsigned char *p;
	struct stat st;
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	CHECK_EQ(ftruncate(fd, 64 * PAGE), 0);
	p = map_file("file", 64 * PAGE, MAP_SHARED);
	CHECK_EQ(p[40 * PAGE], 0);
	p[20 * PAGE] = 5;
	CHECK_EQ(msync(p, 64 * PAGE, MS_SYNC), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 64 * PAGE);
	CHECK(st.st_blocks <= 16 * 8); /* still mostly holes */
	CHECK_EQ(p[19 * PAGE], 0);
	CHECK_EQ(p[20 * PAGE], 5);
}

TEST(truncated_then_extended_reads_zeros)
{
	unsigned char *p;
	int fd;

	make_file("file", 4 * PAGE);
	p = map_file("file", 4 * PAGE, MAP_SHARED);
	fd = open("file", O_RDWR);
	CHECK_EQ(p[PAGE + 200], pattern_byte(PAGE + 200));
	CHECK_EQ(ftruncate(fd, PAGE + 100), 0);
	CHECK_EQ(ftruncate(fd, 4 * PAGE), 0);
	CHECK_EQ(p[PAGE + 99], pattern_byte(PAGE + 99));
	CHECK_EQ(p[PAGE + 100], 0);
	CHECK_EQ(p[PAGE + 200], 0);
	CHECK_EQ(p[3 * PAGE], 0);
}

TEST(private_copy_survives_truncation_of_neighbours)
{
	unsigned char *p;
	int fd;

	make_file("file", 4 * PAGE);
	p = map_file("file", 4 * PAGE, MAP_PRIVATE);
	p[0] = 3;
	fd = open("file", O_RDWR);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK_EQ(p[0], 3);
	CHECK_EQ(p[1], pattern_byte(1));
}

TEST(memfd)
{
	unsigned char *p;
	char buffer[8];
	int fd = memfd_create("name", MFD_CLOEXEC);
	pid_t child;

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 4 * PAGE), 0);
	p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	child = must_fork();
	if (child == 0) {
		memcpy(p + PAGE, "shared", 7);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(pread(fd, buffer, 7, PAGE), 7);
	CHECK(strcmp(buffer, "shared") == 0);
}

TEST(device_zero)
{
	unsigned char *p, *q;
	int fd = open("/dev/zero", O_RDWR);
	pid_t child;

	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	q = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	CHECK_EQ(p[PAGE], 0);
	p[PAGE] = 1;
	child = must_fork();
	if (child == 0) {
		p[PAGE] = 2;
		q[PAGE] = 3;
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(p[PAGE], 1);
	CHECK_EQ(q[PAGE], 3);
}

TEST(write_from_mapping_of_same_file)
{
	unsigned char *p;
	int fd;

	make_file("file", 4 * PAGE);
	p = map_file("file", 4 * PAGE, MAP_SHARED);
	fd = open("file", O_RDWR);
	CHECK_EQ(pwrite(fd, p, PAGE, 2 * PAGE), PAGE);
	CHECK_EQ(pread(fd, p + 3 * PAGE, PAGE, PAGE), PAGE);
	for (size_t i = 0; i < PAGE; i++) {
		CHECK_EQ(p[2 * PAGE + i], pattern_byte(i));
		CHECK_EQ(p[3 * PAGE + i], pattern_byte(PAGE + i));
	}
}

TEST(file_larger_than_window)
{
	enum { CHUNKS = 16, CHUNK = 64 };
	unsigned long sum = 0;
	int fd;

	make_file("file", CHUNKS * CHUNK * PAGE);
	fd = open("file", O_RDONLY);
	for (int c = 0; c < CHUNKS; c++) {
		unsigned char *p = mmap(NULL, CHUNK * PAGE, PROT_READ, MAP_SHARED, fd,
					(off_t)c * CHUNK * PAGE);

		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < CHUNK * PAGE; i += 1021) {
			CHECK_EQ(p[i], pattern_byte((size_t)c * CHUNK * PAGE + i));
			sum += p[i];
		}
		CHECK_EQ(munmap(p, CHUNK * PAGE), 0);
	}
	CHECK(sum > 0);
}
