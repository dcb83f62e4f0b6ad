/* SPDX-License-Identifier: BSD-2-Clause */
/* mremap: in place, moving, splitting, its errors. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RW = PROT_READ | PROT_WRITE };

static void mark(unsigned char *p, int pages)
{
	for (int i = 0; i < pages; i++) {
		p[i * PAGE] = (unsigned char)(i + 1);
	}
}

static void check_marks(const unsigned char *p, int pages)
{
	for (int i = 0; i < pages; i++) {
		CHECK_EQ(p[i * PAGE], i + 1);
	}
}

static bool is_mapped(unsigned char *p)
{
	unsigned char bits;

	return mincore(p, PAGE, &bits) == 0;
}

TEST(shrink)
{
	unsigned char *p = map_pages(8);

	mark(p, 8);
	CHECK(mremap(p, 8 * PAGE, 3 * PAGE, 0) == p);
	check_marks(p, 3);
	CHECK(is_mapped(p + 2 * PAGE) && !is_mapped(p + 3 * PAGE));
}

TEST(grow_in_place)
{
	unsigned char *p = map_pages(8);

	mark(p, 8);
	CHECK_EQ(munmap(p + 4 * PAGE, 4 * PAGE), 0);
	CHECK(mremap(p, 4 * PAGE, 7 * PAGE, 0) == p);
	check_marks(p, 4);
	CHECK_EQ(p[5 * PAGE], 0);
}

TEST(cannot_grow)
{
	unsigned char *p = map_pages(8);

	CHECK_ERRNO(mremap(p, 4 * PAGE, 12 * PAGE, 0), ENOMEM);
}

TEST(move)
{
	unsigned char *p = map_pages(8);
	unsigned char *q;

	mark(p, 8);
	CHECK_EQ(mprotect(p + 4 * PAGE, 4 * PAGE, PROT_NONE), 0); /* in the way */
	q = mremap(p, 4 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	check_marks(q, 4);
	CHECK_EQ(q[39 * PAGE], 0);
	CHECK(!is_mapped(p) && is_mapped(p + 4 * PAGE));
}

TEST(move_to_fixed_address)
{
	unsigned char *p = map_pages(4);
	unsigned char *q = map_pages(10);

	mark(p, 4);
	memset(q, 9, 10 * PAGE);
	CHECK(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + 3 * PAGE) ==
	      q + 3 * PAGE);
	check_marks(q + 3 * PAGE, 4);
	CHECK_EQ(q[2 * PAGE], 9);
	CHECK_EQ(q[7 * PAGE], 9);
	CHECK(!is_mapped(p));
}

TEST(move_part_of_region)
{
	unsigned char *p = map_pages(9);
	unsigned char *q;

	mark(p, 9);
	q = mremap(p + 3 * PAGE, 3 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	CHECK_EQ(q[0], 4);
	CHECK_EQ(q[2 * PAGE], 6);
	CHECK_EQ(q[3 * PAGE], 0);
	CHECK(is_mapped(p + 2 * PAGE) && !is_mapped(p + 3 * PAGE) && is_mapped(p + 6 * PAGE));
	CHECK_EQ(p[2 * PAGE], 3);
	CHECK_EQ(p[6 * PAGE], 7);
}

TEST(move_of_file)
{
	unsigned char *p, *q;
	int fd;

	make_file("file", 8 * PAGE);
	fd = open("file", O_RDWR);
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 2 * PAGE);
	CHECK(p != MAP_FAILED);
	q = mremap(p, 2 * PAGE, 5 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	for (size_t i = 0; i < 5 * PAGE; i += 111) {
		CHECK_EQ(q[i], pattern_byte(2 * PAGE + i));
	}
	q[4 * PAGE] = 77;
	CHECK_EQ(pread(fd, q, 1, 6 * PAGE), 1);
	CHECK_EQ(q[0], 77);
}

TEST(errors)
{
	unsigned char *p = map_pages(8);

	CHECK_ERRNO(mremap(p + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_ERRNO(mremap(p, PAGE, 0, 0), EINVAL);
	CHECK_ERRNO(mremap(p, PAGE, PAGE, 0x40), EINVAL);
	CHECK_ERRNO(mremap(p, PAGE, PAGE, MREMAP_FIXED, p), EINVAL);
	CHECK_ERRNO(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), EINVAL);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERRNO(mremap(p + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERRNO(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT);
}

TEST(after_fork)
{
	unsigned char *p = map_pages(4);
	unsigned char *q;
	pid_t child;

	mark(p, 4);
	child = must_fork();
	if (child == 0) {
		q = mremap(p, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
		CHECK(q != MAP_FAILED);
		check_marks(q, 4);
		q[0] = 100;
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	check_marks(p, 4);
}

TEST(realloc_of_large_blocks)
{
	unsigned char *p = malloc(300000);

	for (size_t size = 300000; size < 8000000; size = size * 3 / 2) {
		for (size_t i = 0; i < size; i += 4001) {
			p[i] = pattern_byte(i);
		}
		p = realloc(p, size * 3 / 2);
		CHECK(p != NULL);
		for (size_t i = 0; i < size; i += 4001) {
			CHECK_EQ(p[i], pattern_byte(i));
		}
	}
	free(p);
}
