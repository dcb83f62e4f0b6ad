/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults and the calls that change mappings. */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

static uint64_t anonymous_write(unsigned int n, unsigned long unused)
{
	unsigned char *p = fresh_pages(n);
	uint64_t from = ticks();

	(void)unused;
	write_pages(p, n);
	from = ticks() - from;
	munmap(p, (size_t)n * PAGE);
	return from;
}

static uint64_t anonymous_read(unsigned int n, unsigned long unused)
{
	unsigned char *p = fresh_pages(n);
	uint64_t from = ticks();

	(void)unused;
	read_pages(p, n);
	from = ticks() - from;
	munmap(p, (size_t)n * PAGE);
	return from;
}

/* While a child has the pages too (copy), or after its end (reuse). */
static uint64_t copy_on_write(unsigned int n, unsigned long is_reuse)
{
	unsigned char *p = fresh_pages(n);
	uint64_t from;
	pid_t child;
	int gate;

	write_pages(p, n);
	child = start_sleeper(&gate);
	if (is_reuse) {
		end_sleeper(child, gate);
	}
	from = ticks();
	write_pages(p, n);
	from = ticks() - from;
	if (!is_reuse) {
		end_sleeper(child, gate);
	}
	munmap(p, (size_t)n * PAGE);
	return from;
}

/* A file of n pages, all of them in memory. */
static int resident_file(unsigned int n)
{
	static unsigned char buffer[16 * PAGE];
	int fd = open("/var/tmp/bench.file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0, "open");
	unlink("/var/tmp/bench.file");
	for (size_t at = 0; at < (size_t)n * PAGE; at += sizeof(buffer)) {
		must(write(fd, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer), "write");
	}
	must(fsync(fd) == 0, "fsync");
	for (size_t at = 0; at < (size_t)n * PAGE; at += sizeof(buffer)) {
		must(pread(fd, buffer, sizeof(buffer), (off_t)at) == (ssize_t)sizeof(buffer),
		     "read");
	}
	return fd;
}

enum { READ_AROUND, WRITE_SHARED, WRITE_PRIVATE };

static uint64_t file(unsigned int n, unsigned long how)
{
	int fd = resident_file(n);
	size_t length = (size_t)n * PAGE;
	unsigned char *p = mmap(NULL, length, PROT_READ | PROT_WRITE,
				how == WRITE_SHARED ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	uint64_t from;

	must(p != MAP_FAILED, "mmap of a file");
	from = ticks();
	if (how == READ_AROUND) {
		read_pages(p, n);
	} else {
		write_pages(p, n);
	}
	from = ticks() - from;
	munmap(p, length);
	close(fd);
	return from;
}

/* Every second page of a range shows a page of the file: nothing around it to map as well. */
static uint64_t file_alone(unsigned int n, unsigned long unused)
{
	int fd = resident_file(n);
	size_t length = (size_t)n * 2 * PAGE;
	unsigned char *p = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t from;

	(void)unused;
	must(p != MAP_FAILED, "mmap");
	for (size_t i = 0; i < n; i++) {
		must(mmap(p + 2 * i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
			  (off_t)(i * PAGE)) != MAP_FAILED,
		     "mmap of a page");
	}
	from = ticks();
	for (size_t i = 0; i < n; i++) {
		read_pages(p + 2 * i * PAGE, 1);
	}
	from = ticks() - from;
	munmap(p, length);
	close(fd);
	return from;
}

static uint64_t map_and_unmap(unsigned int n, unsigned long unused)
{
	uint64_t from = ticks();

	(void)unused;
	for (unsigned int i = 0; i < n; i++) {
		void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		must(p != MAP_FAILED && munmap(p, PAGE) == 0, "munmap");
	}
	return ticks() - from;
}

static uint64_t protect(unsigned int n, unsigned long pages)
{
	unsigned char *p = fresh_pages(pages);
	uint64_t from;

	write_pages(p, pages);
	from = ticks();
	for (unsigned int i = 0; i < n; i++) {
		int rights = i % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE;

		must(mprotect(p, pages * PAGE, rights) == 0, "mprotect");
	}
	from = ticks() - from;
	munmap(p, pages * PAGE);
	return from;
}

/* Give n pages back, or touch them again after that. */
static uint64_t give_back(unsigned int n, unsigned long is_refault)
{
	unsigned char *p = fresh_pages(n);
	uint64_t from, middle;

	write_pages(p, n);
	from = ticks();
	must(madvise(p, (size_t)n * PAGE, MADV_DONTNEED) == 0, "madvise");
	middle = ticks();
	if (is_refault) {
		write_pages(p, n);
		from = ticks() - middle;
	} else {
		from = middle - from;
	}
	munmap(p, (size_t)n * PAGE);
	return from;
}

static unsigned char *repaired;

static void on_fault(int number)
{
	(void)number;
	must(mprotect(repaired, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect in handler");
}

/* The handler opens the page; then it is closed again. */
static uint64_t user_fault(unsigned int n, unsigned long unused)
{
	struct sigaction action = {.sa_handler = on_fault};
	uint64_t from;

	(void)unused;
	repaired = fresh_pages(1);
	write_pages(repaired, 1);
	must(mprotect(repaired, PAGE, PROT_NONE) == 0, "mprotect");
	sigaction(SIGSEGV, &action, NULL);
	from = ticks();
	for (unsigned int i = 0; i < n; i++) {
		write_pages(repaired, 1);
		must(mprotect(repaired, PAGE, PROT_NONE) == 0, "mprotect");
	}
	from = ticks() - from;
	signal(SIGSEGV, SIG_DFL);
	munmap(repaired, PAGE);
	return from;
}

const struct bench memory_benches[] = {{"vm.anon_write", anonymous_write, 1024, 7, 0},
				       {"vm.anon_read", anonymous_read, 1024, 7, 0},
				       {"vm.cow_copy", copy_on_write, 512, 7, false},
				       {"vm.cow_reuse", copy_on_write, 512, 7, true},
				       {"vm.file_read.noaround", file_alone, 512, 7, 0},
				       {"vm.file_read.around", file, 512, 7, READ_AROUND},
				       {"vm.file_shared_write", file, 512, 7, WRITE_SHARED},
				       {"vm.file_private_copy", file, 512, 7, WRITE_PRIVATE},
				       {"vm.mmap_munmap", map_and_unmap, 500, 7, 0},
				       {"vm.mprotect.1", protect, 500, 7, 1},
				       {"vm.mprotect.1024", protect, 20, 7, 1024},
				       {"vm.dontneed", give_back, 1024, 7, false},
				       {"vm.refault", give_back, 1024, 7, true},
				       {"vm.user_fault", user_fault, 300, 7, 0},
				       {NULL, NULL, 0, 0, 0}};
