/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the tour about memory of processes: fork, sharing, faults, servers. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tests/demo/demo.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/demo/data.h"

enum { RW = PROT_READ | PROT_WRITE };

static unsigned char *area;
static size_t area_pages;

static void map_area(size_t pages)
{
	area = mmap(NULL, pages * PAGE_BYTES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	area_pages = pages;
	for (size_t i = 0; i < pages; i++) {
		area[i * PAGE_BYTES] = (unsigned char)i;
	}
}

/* Write a tenth of the pages and tell what the pager counted. */
static void write_a_tenth(void)
{
	long copied, shared;

	for (size_t i = 0; i < area_pages; i += 10) {
		area[i * PAGE_BYTES] = 255;
	}
	for (size_t i = 0; i < area_pages; i++) {
		if (area[i * PAGE_BYTES] != (i % 10 == 0 ? 255 : (unsigned char)i)) {
			_exit(1);
		}
	}
	copied = proc_value("/proc/self/status", "CowCopied");
	shared = proc_value("/proc/self/status", "CowShared");
	if (shared > 0) {
		say("The child shared S = %ld pages and copied c = %ld of them: c/S = %.3f.",
		    shared, copied, (double)copied / (double)shared);
		_exit(copied * 10 < shared * 2 ? 0 : 2);
	}
}

static void do_nothing(void)
{
}

static void time_fork(size_t megabytes)
{
	uint64_t begin, forked;
	pid_t child;

	map_area(megabytes * 256);
	begin = microseconds();
	child = start_child(do_nothing);
	forked = microseconds() - begin;
	waitpid(child, NULL, 0);
	say("%3zu MiB resident: fork %lu us, fork + exit + wait %lu us.", megabytes,
	    (unsigned long)forked, (unsigned long)(microseconds() - begin));
	munmap(area, area_pages * PAGE_BYTES);
}

void part_fork(void)
{
	long memory = proc_value("/proc/meminfo", "MemTotal") / 1024;
	size_t megabytes = memory < 100 ? 8 : 32;
	bool is_same = true;
	int status;

	for (size_t m = 1; m <= megabytes; m *= 2) {
		time_fork(m);
	}
	map_area(megabytes * 256);
	waitpid(start_child(write_a_tenth), &status, 0);
	verdict("fork.copies_what_is_written", status == 0, "status %#x", (unsigned int)status);
	for (size_t i = 0; i < area_pages; i++) {
		is_same = is_same && area[i * PAGE_BYTES] == (unsigned char)i;
	}
	verdict("fork.parent_is_unchanged", is_same, "a page of the parent changed");
	munmap(area, area_pages * PAGE_BYTES);
}

/* A ring of numbers between two processes. */
static struct ring {
	unsigned int head, tail; /* numbers put in, taken out */
	uint64_t sum;
	uint32_t items[1000];
} * ring;

enum { RING_ITEMS = 1000, RING_TOTAL = 50000 };

static void produce(void)
{
	for (unsigned int i = 0; i < RING_TOTAL; i++) {
		while (i - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == RING_ITEMS) {
			sched_yield();
		}
		ring->items[i % RING_ITEMS] = (uint32_t)data_mix(i);
		__atomic_store_n(&ring->head, i + 1, __ATOMIC_RELEASE);
	}
}

void part_sharing(void)
{
	uint64_t sum = 0, wanted = 0;
	int status;
	pid_t child;

	ring = mmap(NULL, sizeof(*ring), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child = start_child(produce);
	for (unsigned int i = 0; i < RING_TOTAL; i++) {
		while (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == i) {
			sched_yield();
		}
		sum += ring->items[i % RING_ITEMS];
		__atomic_store_n(&ring->tail, i + 1, __ATOMIC_RELEASE);
		wanted += (uint32_t)data_mix(i);
	}
	waitpid(child, &status, 0);
	say("%d numbers went through a ring of %d in shared memory; sum %lx.", RING_TOTAL,
	    RING_ITEMS, (unsigned long)sum);
	verdict("sharing.sum", sum == wanted && status == 0, "%lx, not %lx", (unsigned long)sum,
		(unsigned long)wanted);
	munmap(ring, sizeof(*ring));
}

static int recurse(int depth)
{
	volatile char frame[1000];

	frame[0] = (char)depth;
	return depth == -1 ? 0 : recurse(depth + 1) + frame[0];
}

static void overflow_stack(void)
{
	_exit(recurse(0) & 1);
}

static void use_null(void)
{
	volatile int *volatile pointer = NULL;

	*pointer = 1;
}

static void write_text(void)
{
	*(volatile char *)(uintptr_t)part_faults = 0;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	say("Caught on the other stack: signal %d, code %d, address %p, pc %#lx, pid %d.", number,
	    info->si_code, info->si_addr, uc->uc_mcontext.__gregs[REG_PC], getpid());
	_exit(42);
}

static void catch_overflow(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	recurse(0);
}

static void expect_fault(const char *name, void (*body)(void))
{
	int status = 0;

	waitpid(start_child(body), &status, 0);
	usleep(50000); /* the report is on its way to the console */
	verdict(name, WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x",
		(unsigned int)status);
}

void part_faults(void)
{
	int status;

	say("The lines that begin with fault: are the system's, for people who look for a bug.");
	expect_fault("faults.stack_overflow", overflow_stack);
	expect_fault("faults.null_pointer", use_null);
	expect_fault("faults.text_is_read_only", write_text);
	waitpid(start_child(catch_overflow), &status, 0);
	verdict("faults.handler_on_other_stack", WIFEXITED(status) && WEXITSTATUS(status) == 42,
		"status %#x", (unsigned int)status);
}

/* A read that no cache can answer, followed through the servers. */
static void follow_read(void)
{
	static char buffer[4096];
	long reads = counter("block_reads"), pages = counter("pager_pages_in");
	long entries = kernel_entries();
	int fd = open("/usr/lib/ravelin/bigprogram", O_RDONLY);
	ssize_t n = pread(fd, buffer, sizeof(buffer), 3 << 20);

	close(fd);
	say("open, pread of a page from the disk, close: the process server asked the pager for");
	say("%ld pages, the file server had the driver do %ld reads; %ld kernel entries in all.",
	    counter("pager_pages_in") - pages, counter("block_reads") - reads,
	    kernel_entries() - entries);
	verdict("servers.cold_read", n == (ssize_t)sizeof(buffer), "%zd bytes", n);
}

/* Kernel entries for a first touch of each of 2,000 pages; *faults = how many faults it took. */
static long touch_pages(long *faults)
{
	long entries = kernel_entries();

	*faults = counter("pager_minor_faults");
	map_area(2000);
	*faults = counter("pager_minor_faults") - *faults;
	entries = kernel_entries() - entries;
	munmap(area, area_pages * PAGE_BYTES);
	return entries;
}

void part_servers(void)
{
	long entries, faults = 1;
	double each = 1e9;

	if (counter("harts_count") < 0) {
		say("(This is not Ravelin: nothing to show.)");
		return;
	}
	say("Each server is a process of its own; what it may do, its capabilities say.");
	say("Memory server: %ld MiB, %ld MiB of it not given to anyone. Pager: %ld pages, %ld free.",
	    counter("memory_ram_bytes") >> 20, counter("memory_free_bytes") >> 20,
	    counter("pager_total_pages"), counter("pager_free_pages"));
	follow_read();
	/* The best of some rounds: timers and other harts count too. */
	for (int round = 0; round < 4; round++) {
		entries = touch_pages(&faults);
		each = (double)entries / (double)faults < each ? (double)entries / (double)faults
							       : each;
	}
	say("A page fault takes %.2f kernel entries: the fault itself, and the pager's one call",
	    each);
	say("that maps the page, answers, and waits for the next.");
	verdict("servers.entries_per_fault", faults >= 2000 && each < 2.5, "%.2f", each);
}
