/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the tour about files: programs, a large text, and pages written back. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tests/demo/demo.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/demo/data.h"

#define PROGRAM "/usr/lib/ravelin/bigprogram"

static void run_program(void)
{
	execl(PROGRAM, "bigprogram", (char *)NULL);
	_exit(127);
}

void part_paging(void)
{
	struct rusage usage;
	struct stat st;
	long before, read, pages;
	int status;

	if (stat(PROGRAM, &st) != 0) {
		verdict("paging.program", false, "there is no " PROGRAM);
		return;
	}
	pages = (st.st_size + 4095) / 4096;
	before = disk_sectors_read();
	wait4(start_child(run_program), &status, 0, &usage);
	read = (disk_sectors_read() - before) / 8;
	say("bigprogram has %ld pages in its file, 1,024 of them text, and calls functions on %u.",
	    pages, BIG_CALLED);
	say("%ld pages were read from the disk (%.1f %%), in %ld major and %ld minor faults.", read,
	    100.0 * (double)read / (double)pages, usage.ru_majflt, usage.ru_minflt);
	verdict("paging.result", status == 0, "status %#x", (unsigned int)status);
	if (counter("block_sectors_read") >= 0) {
		verdict("paging.reads_less_than_15_percent", read * 100 < pages * 15,
			"%ld of %ld pages", read, pages);
	}
}

/* Lines with the pattern, as grep -c counts them. */
static long count_lines(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	long lines = 0;

	while ((at = memmem(at, (size_t)(end - at), WORDS_PATTERN, strlen(WORDS_PATTERN))) !=
	       NULL) {
		lines++;
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL) {
			break;
		}
	}
	return lines;
}

void part_search(void)
{
	struct rusage before, after;
	struct stat st;
	long wanted = -1, lines, memory = proc_value("/proc/meminfo", "MemTotal"), peak;
	uint64_t begin = microseconds();
	const char *text;
	FILE *f = fopen(WORDS_COUNT_PATH, "r");
	int fd = open(WORDS_PATH, O_RDONLY);

	if (f == NULL || fscanf(f, "%ld", &wanted) != 1 || fd < 0 || fstat(fd, &st) != 0) {
		verdict("search.file", false, "no " WORDS_PATH " or no count");
		return;
	}
	fclose(f);
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED) {
		verdict("search.mapping", false, "mmap failed");
		return;
	}
	getrusage(RUSAGE_SELF, &before);
	lines = count_lines(text, (size_t)st.st_size);
	getrusage(RUSAGE_SELF, &after);
	peak = proc_value("/proc/self/status", "VmHWM");
	say("%ld lines have \"%s\", as grep -c on the build machine found; %.1f s.", lines,
	    WORDS_PATTERN, (double)(microseconds() - begin) / 1e6);
	say("%ld major and %ld minor faults for %ld pages; resident at most %ld KiB of %ld KiB.",
	    after.ru_majflt - before.ru_majflt, after.ru_minflt - before.ru_minflt,
	    (long)(st.st_size / 4096), peak, memory);
	verdict("search.count", lines == wanted, "%ld, not %ld", lines, wanted);
	verdict("search.major_faults_are_counted", after.ru_majflt > before.ru_majflt, "none");
	verdict("search.resident_below_memory", peak > 0 && peak < memory, "%ld KiB", peak);
	munmap((void *)(uintptr_t)text, (size_t)st.st_size);
	close(fd);
}

/* Are the changes there, and nothing else, when read(2) looks? */
static unsigned long wrong_words(int fd)
{
	static uint64_t wanted[PAGE_WORDS], got[PAGE_WORDS];
	static uint16_t change_of[PAGES_COUNT];
	unsigned long wrong = 0;

	for (uint32_t i = 0; i < PAGES_CHANGED; i++) {
		change_of[data_changed_page(i)] = (uint16_t)(i + 1);
	}
	for (uint32_t page = 0; page < PAGES_COUNT; page++) {
		if (pread(fd, got, PAGE_BYTES, (off_t)(page * PAGE_BYTES)) != (ssize_t)PAGE_BYTES) {
			return PAGE_WORDS;
		}
		for (uint32_t i = 0; i < PAGE_WORDS; i++) {
			wanted[i] = data_word(page * PAGE_WORDS + i);
		}
		if (change_of[page] != 0) {
			uint32_t i = change_of[page] - 1u;

			wanted[data_changed_word(i)] = data_changed_value(i);
		}
		for (uint32_t i = 0; i < PAGE_WORDS; i++) {
			wrong += got[i] != wanted[i];
		}
	}
	return wrong;
}

void part_writeback(void)
{
	size_t length = PAGES_COUNT * PAGE_BYTES;
	long written = counter("pager_pages_out");
	unsigned long wrong;
	int fd = open(PAGES_PATH, O_RDWR), status;
	uint64_t *words =
		fd < 0 ? MAP_FAILED : mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (words == MAP_FAILED) {
		verdict("writeback.mapping", false, "no " PAGES_PATH);
		return;
	}
	for (uint32_t i = 0; i < PAGES_CHANGED; i++) {
		words[data_changed_page(i) * PAGE_WORDS + data_changed_word(i)] =
			data_changed_value(i);
		if (i == PAGES_CHANGED / 2) {
			status = msync(words, length, MS_SYNC);
			verdict("writeback.msync", status == 0, "failed");
			say("%u pages changed in no order, then msync: %ld pages written.", i + 1,
			    written < 0 ? -1 : counter("pager_pages_out") - written);
		}
	}
	say("%u pages changed in all; the rest is written at power-off.", PAGES_CHANGED);
	wrong = wrong_words(fd);
	verdict("writeback.read_sees_the_mapping", wrong == 0, "%lu words are wrong", wrong);
	munmap(words, length);
	close(fd);
}
