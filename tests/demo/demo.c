/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guided tour of `make demo`: what demand paging, copy on write and shared
 * memory do, with numbers that can be checked. It runs as the first process
 * and powers the machine off, or from a shell, and then exits with a status.
 *
 *	demo [PART...]    of: paging search writeback fork sharing faults servers
 *
 * Each check is a line PASS or FAIL. What is written to the disk is checked
 * once more on the build machine, by tests/demo/verify.sh.
 */
#include "tests/demo/demo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name, *title;
	void (*run)(void);
} parts[] = {
	{"paging", "A program starts without being loaded", part_paging},
	{"search", "A 64 MiB file, searched through a mapping", part_search},
	{"writeback", "A shared writable mapping is written back", part_writeback},
	{"fork", "fork copies nothing but what is written", part_fork},
	{"sharing", "Two processes share memory", part_sharing},
	{"faults", "Faults are reported, and the system lives", part_faults},
	{"servers", "Servers that talk by capabilities", part_servers},
};

static int failures;

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("    ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	fflush(stdout);
}

void verdict(const char *name, bool is_right, const char *reason, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, reason);
	vsnprintf(text, sizeof(text), reason, arguments);
	va_end(arguments);
	if (is_right) {
		printf("PASS %s\n", name);
	} else {
		printf("FAIL %s %s\n", name, text);
		failures++;
	}
	fflush(stdout);
}

long proc_value(const char *file, const char *key)
{
	char line[256];
	long value = -1;
	size_t length = strlen(key);
	FILE *f = fopen(file, "r");

	if (f == NULL) {
		return -1;
	}
	while (value < 0 && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, length) == 0 &&
		    (line[length] == ':' || line[length] == ' ')) {
			value = strtol(line + length + 1, NULL, 10);
		}
	}
	fclose(f);
	return value;
}

long counter(const char *name)
{
	return proc_value("/proc/ravelin", name);
}

long disk_sectors_read(void)
{
	unsigned long reads, merged, sectors;
	char line[256];
	long value = counter("block_sectors_read");
	FILE *f;

	if (value >= 0) {
		return value;
	}
	f = fopen("/proc/diskstats", "r"); /* Linux */
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*d %*d vda %lu %lu %lu", &reads, &merged, &sectors) == 3) {
			value = (long)sectors;
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	return value;
}

long kernel_entries(void)
{
	long harts = counter("harts_count"), sum = 0;
	char name[40];

	for (long i = 0; i < harts; i++) {
		snprintf(name, sizeof(name), "hart%ld_kernel_entries", i);
		sum += counter(name);
	}
	return harts < 0 ? -1 : sum;
}

uint64_t microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

pid_t start_child(void (*body)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		body();
		_exit(0);
	}
	return child;
}

static void introduce(void)
{
	struct utsname name;

	uname(&name);
	printf("\nThis is %s %s on %s: %ld harts, %ld MiB of memory.\n", name.sysname, name.release,
	       name.machine, sysconf(_SC_NPROCESSORS_ONLN),
	       proc_value("/proc/meminfo", "MemTotal") / 1024);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0) {
			return true;
		}
	}
	return argc == 1;
}

int main(int argc, char **argv)
{
	uint64_t begin = microseconds();

	if (access("/proc/self", F_OK) != 0) {
		mount("proc", "/proc", "proc", 0, NULL);
	}
	introduce();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (is_wanted(parts[i].name, argc, argv)) {
			printf("\n%zu. %s\n", i + 1, parts[i].title);
			parts[i].run();
		}
	}
	printf("\nThe tour took %.1f s; %d checks failed.\n",
	       (double)(microseconds() - begin) / 1e6, failures);
	if (getpid() == 1) {
		sync();
		printf("DONE\n");
		fflush(stdout);
		reboot(RB_POWER_OFF);
	}
	return failures > 0;
}
