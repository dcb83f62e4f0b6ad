/* SPDX-License-Identifier: BSD-2-Clause */
/* Private memory: mmap, munmap, mprotect, brk, madvise, mincore, mlock. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { RW = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

/* Does a load of the byte kill a child? */
static bool is_accessible(const volatile unsigned char *p)
{
	int status;
	pid_t child = must_fork();

	if (child == 0) {
		_exit(*p & 0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	return status == 0;
}

static bool is_writable(volatile unsigned char *p)
{
	int status;
	pid_t child = must_fork();

	if (child == 0) {
		*p = 1;
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	return status == 0;
}

TEST(zero_pages)
{
	unsigned char *p = map_pages(64);

	CHECK_EQ((uintptr_t)p % PAGE, 0);
	for (size_t i = 0; i < 64 * PAGE; i++) {
		CHECK_EQ(p[i], 0);
	}
	for (size_t i = 0; i < 64; i++) {
		p[i * PAGE + i] = (unsigned char)i;
	}
	for (size_t i = 0; i < 64; i++) {
		CHECK_EQ(p[i * PAGE + i], i);
		CHECK_EQ(p[i * PAGE + i + 1], 0);
	}
}

TEST(map_errors)
{
	int fd = open("file", O_RDONLY | O_CREAT, 0644);
	int write_only = open("file", O_WRONLY);

	CHECK_ERRNO(mmap(NULL, 0, RW, ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERRNO(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL);
	CHECK_ERRNO(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), EACCES);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0), EACCES);
	CHECK_ERRNO(mmap(NULL, 1ul << 62, RW, ANONYMOUS, -1, 0), ENOMEM);
	CHECK_ERRNO(mmap((void *)1, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	fd = open(".", O_RDONLY);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
}

TEST(fixed_replaces)
{
	unsigned char *p = map_pages(3);

	memset(p, 1, 3 * PAGE);
	CHECK(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK_EQ(p[PAGE - 1], 1);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[2 * PAGE - 1], 0);
	CHECK_EQ(p[2 * PAGE], 1);
}

TEST(fixed_noreplace)
{
	unsigned char *p = map_pages(3);

	CHECK_ERRNO(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p + PAGE);
}

TEST(hint_is_taken_if_free)
{
	unsigned char *p = map_pages(8);

	CHECK_EQ(munmap(p, 8 * PAGE), 0);
	CHECK(mmap(p + 2 * PAGE, PAGE, RW, ANONYMOUS, -1, 0) == p + 2 * PAGE);
	CHECK(mmap(p + 2 * PAGE, PAGE, RW, ANONYMOUS, -1, 0) != p + 2 * PAGE);
}

TEST(unmap_splits)
{
	unsigned char *p = map_pages(9);

	for (int i = 0; i < 9; i++) {
		p[i * PAGE] = (unsigned char)(i + 1);
	}
	CHECK_EQ(munmap(p + 4 * PAGE, PAGE), 0);     /* middle */
	CHECK_EQ(munmap(p, PAGE), 0);		     /* front */
	CHECK_EQ(munmap(p + 8 * PAGE, PAGE), 0);     /* end */
	CHECK_EQ(munmap(p + 3 * PAGE, 3 * PAGE), 0); /* over a hole */
	CHECK_EQ(munmap(p + 3 * PAGE, 3 * PAGE), 0); /* nothing there: fine */
	for (int i = 0; i < 9; i++) {
		bool wanted = i == 1 || i == 2 || i == 6 || i == 7;

		CHECK_EQ(is_accessible(p + i * PAGE), wanted);
		if (wanted) {
			CHECK_EQ(p[i * PAGE], i + 1);
		}
	}
	CHECK_ERRNO(munmap(p + 1, PAGE), EINVAL);
	CHECK_ERRNO(munmap(p, 0), EINVAL);
	CHECK_EQ(munmap(p + PAGE, 1), 0); /* rounded up */
	CHECK(!is_accessible(p + PAGE + 100));
}

TEST(remapped_page_is_zero)
{
	unsigned char *p = map_pages(16);

	for (int round = 0; round < 20; round++) {
		memset(p, round + 1, 16 * PAGE);
		CHECK_EQ(munmap(p, 16 * PAGE), 0);
		CHECK(mmap(p, 16 * PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p);
		for (int i = 0; i < 16; i++) {
			CHECK_EQ(p[i * PAGE + i * 7], 0);
		}
	}
}

TEST(protect_splits)
{
	unsigned char *p = map_pages(5);

	memset(p, 3, 5 * PAGE);
	CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	CHECK_EQ(mprotect(p + 3 * PAGE, PAGE, PROT_NONE), 0);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(is_accessible(p + i * PAGE), i != 3);
		CHECK_EQ(is_writable(p + i * PAGE), i != 1 && i != 3);
	}
	CHECK_EQ(mprotect(p, 5 * PAGE, RW), 0);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(p[i * PAGE], 3);
		p[i * PAGE] = 4;
	}
}

TEST(protect_errors)
{
	unsigned char *p = map_pages(4);

	CHECK_ERRNO(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	CHECK_EQ(mprotect(p, 0, PROT_READ), 0);
	CHECK_ERRNO(mprotect(p, PAGE, 0x80), EINVAL);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERRNO(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
	CHECK(!is_writable(p)); /* what comes before the hole was done */
}

TEST(protect_file_opened_read_only)
{
	unsigned char *p;
	int fd;

	make_file("file", PAGE);
	fd = open("file", O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERRNO(mprotect(p, PAGE, RW), EACCES);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK_EQ(mprotect(p, PAGE, RW), 0);
	p[0]++;
}

/* Ravelin refuses memory that is writable and executable at once (W^X). */
TEST(writable_and_executable)
{
	unsigned char *p = map_pages(1);
	void *both = mmap(NULL, PAGE, RW | PROT_EXEC, ANONYMOUS, -1, 0);

	if (on_ravelin()) {
		CHECK(both == MAP_FAILED && errno == EACCES);
		CHECK_ERRNO(mprotect(p, PAGE, RW | PROT_EXEC), EACCES);
	} else {
		CHECK(both != MAP_FAILED);
		CHECK_EQ(mprotect(p, PAGE, RW | PROT_EXEC), 0);
	}
}

TEST(write_then_execute)
{
	static const unsigned int code[] = {0x02a00513, 0x00008067}; /* li a0, 42; ret */
	unsigned int *p = (unsigned int *)map_pages(1);

	for (int round = 0; round < 20; round++) {
		CHECK_EQ(mprotect(p, PAGE, RW), 0);
		memcpy(p, code, sizeof(code));
		p[0] += (unsigned int)round << 20; /* li a0, 42 + round */
		CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
		__builtin___clear_cache((char *)p, (char *)p + sizeof(code));
		CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 42 + round);
	}
}

TEST(program_break)
{
	unsigned char *start = sbrk(0);
	unsigned char *first = (unsigned char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1ul));

	CHECK(sbrk(10 * PAGE) == (void *)start);
	for (int i = 0; i < 9; i++) {
		CHECK_EQ(first[i * PAGE], 0);
		first[i * PAGE] = 5;
	}
	CHECK(sbrk(-5 * PAGE) != (void *)-1);
	CHECK(!is_accessible(first + 7 * PAGE));
	CHECK_EQ(first[2 * PAGE], 5);
	CHECK(sbrk(5 * PAGE) != (void *)-1);
	CHECK_EQ(first[7 * PAGE], 0);
	CHECK_ERRNO((long)sbrk(1l << 45), ENOMEM);
	CHECK_EQ(syscall(SYS_brk, 0), (long)start + 10 * PAGE);
}

TEST(dontneed)
{
	unsigned char *p = map_pages(8);

	memset(p, 7, 8 * PAGE);
	CHECK_EQ(madvise(p + 2 * PAGE, 3 * PAGE, MADV_DONTNEED), 0);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(p[i * PAGE + 9], i >= 2 && i < 5 ? 0 : 7);
	}
}

TEST(advice_errors)
{
	unsigned char *p = map_pages(3);

	CHECK_ERRNO(madvise(p, PAGE, 9999), EINVAL);
	CHECK_ERRNO(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_ERRNO(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_EQ(madvise(p, PAGE, MADV_WILLNEED), 0);
	CHECK_EQ(madvise(p, PAGE, MADV_NORMAL), 0);
	CHECK_EQ(madvise(p, PAGE, MADV_RANDOM), 0);
	CHECK_EQ(madvise(p, PAGE, MADV_SEQUENTIAL), 0);
}

TEST(dontneed_of_private_file)
{
	unsigned char *p;
	int fd;

	make_file("file", 2 * PAGE);
	fd = open("file", O_RDONLY);
	p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[10] = 200;
	CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[10], pattern_byte(10)); /* the file's again */
}

TEST(dontfork)
{
	unsigned char *p = map_pages(2);
	pid_t child;

	CHECK_EQ(madvise(p, PAGE, MADV_DONTFORK), 0);
	child = must_fork();
	if (child == 0) {
		unsigned char bits;

		CHECK_ERRNO(mincore(p, PAGE, &bits), ENOMEM);
		CHECK_EQ(p[PAGE], 0);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(p[0], 0);
}

TEST(mincore_bits)
{
	unsigned char *p = map_pages(6);
	unsigned char bits[6];

	p[PAGE] = 1;
	p[4 * PAGE] = 1;
	CHECK_EQ(mincore(p, 6 * PAGE, bits), 0);
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(bits[i] & 1, i == 1 || i == 4);
	}
	CHECK_ERRNO(mincore(p + 1, PAGE, bits), EINVAL);
	CHECK_ERRNO(mincore(p, PAGE, bad_pointer()), EFAULT);
	CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	CHECK_ERRNO(mincore(p, 6 * PAGE, bits), ENOMEM);
}

TEST(locked_memory)
{
	unsigned char *p = map_pages(4);
	unsigned char bits[4];

	CHECK_EQ(mlock(p, 4 * PAGE), 0);
	CHECK_EQ(mincore(p, 4 * PAGE, bits), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(bits[i] & 1, 1);
	}
	CHECK(proc_value("/proc/self/status", "VmLck") >= 16);
	CHECK_EQ(munlock(p, 4 * PAGE), 0);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	CHECK_ERRNO(mlock(p, PAGE), ENOMEM);
	CHECK_EQ(mlockall(MCL_CURRENT), 0);
	CHECK_EQ(munlockall(), 0);
	CHECK_ERRNO(mlockall(0), EINVAL);
}

TEST(populate)
{
	unsigned char bits[16];
	unsigned char *p = mmap(NULL, 16 * PAGE, RW, ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(mincore(p, 16 * PAGE, bits), 0);
	for (int i = 0; i < 16; i++) {
		CHECK_EQ(bits[i] & 1, 1);
	}
}

TEST(address_space_limit)
{
	struct rlimit limit;

	CHECK_EQ(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = 64 << 20;
	CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
	CHECK_ERRNO(mmap(NULL, 128 << 20, RW, ANONYMOUS, -1, 0), ENOMEM);
	CHECK(mmap(NULL, 1 << 20, RW, ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST(huge_reservation)
{
	size_t size = 4ul << 30;
	unsigned char *p = mmap(NULL, size, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	for (size_t at = 0; at < size; at += 256 << 20) {
		CHECK_EQ(mprotect(p + at, PAGE, RW), 0);
		p[at] = (unsigned char)(at >> 28);
	}
	for (size_t at = 0; at < size; at += 256 << 20) {
		CHECK_EQ(p[at], (unsigned char)(at >> 28));
	}
	CHECK_EQ(munmap(p, size), 0);
}

TEST(many_regions)
{
	enum { COUNT = 1000 };
	unsigned char *p = map_pages(2 * COUNT);

	for (int i = 0; i < COUNT; i++) {
		CHECK_EQ(mprotect(p + (size_t)(2 * i) * PAGE, PAGE, i & 1 ? PROT_READ : PROT_NONE),
			 0);
	}
	for (int i = 0; i < COUNT; i++) {
		p[(size_t)(2 * i + 1) * PAGE] = 9;
	}
	CHECK_EQ(mprotect(p, 2 * COUNT * PAGE, RW), 0);
	for (int i = 0; i < 2 * COUNT; i++) {
		CHECK_EQ(p[(size_t)i * PAGE], i & 1 ? 9 : 0);
	}
}

TEST(guard_below_stack)
{
	char here;
	unsigned char bits;
	uintptr_t page = (uintptr_t)&here & ~(PAGE - 1ul);

	/* Far below the stack nothing is mapped. */
	CHECK_ERRNO(mincore((void *)(page - (16ul << 20)), PAGE, &bits), ENOMEM);
	/* A mapping close below the stack's end keeps its distance. */
	CHECK(mmap(NULL, PAGE, RW, ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST(low_addresses_stay_unmapped)
{
	pid_t child = must_fork();

	/* Root may map low pages on Linux (mmap_min_addr 0 or CAP_SYS_RAWIO); a user not. */
	if (child == 0) {
		CHECK_EQ(setuid(1000), 0);
		CHECK(mmap(NULL, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
		CHECK(errno == EPERM || errno == EACCES);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

/* System calls copy from and to pages that were never touched. */
TEST(calls_fault_pages_in)
{
	unsigned char *p = map_pages(40);
	int fd;

	make_file("file", 20 * PAGE);
	fd = open("file", O_RDONLY);
	CHECK_EQ(read(fd, p + 100, 20 * PAGE), 20 * PAGE);
	for (size_t i = 0; i < 20 * PAGE; i++) {
		CHECK_EQ(p[100 + i], pattern_byte(i));
	}
	fd = open("zeros", O_RDWR | O_CREAT, 0644);
	CHECK_EQ(write(fd, p + 22 * PAGE, 10 * PAGE), 10 * PAGE);
}
