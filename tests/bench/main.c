/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the benchmarks whose names the boot argument bench= matches, or all. */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <regex.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { MOST_SAMPLES = 32 };

void must(bool is_fine, const char *what)
{
	if (!is_fine) {
		printf("FAIL bench %s: errno %d\n", what, errno);
		fflush(stdout);
		_exit(1);
	}
}

unsigned char *fresh_pages(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	must(p != MAP_FAILED, "mmap");
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE); /* a Linux without them says EINVAL */
	return p;
}

void write_pages(unsigned char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		((volatile unsigned char *)p)[i * PAGE] = 1;
	}
}

unsigned int read_pages(const unsigned char *p, size_t pages)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < pages; i++) {
		sum += ((const volatile unsigned char *)p)[i * PAGE];
	}
	return sum;
}

pid_t start_sleeper(int *gate)
{
	int pair[2];
	pid_t child;

	must(pipe(pair) == 0, "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		char byte;

		close(pair[1]);
		_exit(read(pair[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(pair[0]);
	*gate = pair[1];
	return child;
}

void end_sleeper(pid_t child, int gate)
{
	close(gate);
	must(waitpid(child, NULL, 0) == child, "waitpid");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct bench *b)
{
	uint64_t values[MOST_SAMPLES];

	for (unsigned int i = 0; i < b->samples; i++) {
		uint64_t spent = b->run(b->n, b->argument) * INSTRUCTIONS_PER_TICK;

		values[i] = (spent + b->n / 2) / b->n;
	}
	qsort(values, b->samples, sizeof(values[0]), compare);
	printf("bench %s %llu instructions %u\n", b->name,
	       (unsigned long long)values[b->samples / 2], b->n * b->samples);
	fflush(stdout);
}

/* The pattern of bench=, on the command line of the boot. */
static void read_pattern(char *pattern, size_t size)
{
	char line[1024] = "";
	int fd = open("/proc/cmdline", O_RDONLY);
	ssize_t length = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

	snprintf(pattern, size, ".");
	if (length > 0) {
		for (char *word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n")) {
			if (strncmp(word, "bench=", 6) == 0) {
				snprintf(pattern, size, "%s", word + 6);
			}
		}
	}
	if (fd >= 0) {
		close(fd);
	}
}

static void run_all(const struct bench *list, const regex_t *wanted)
{
	for (; list->name != NULL; list++) {
		if (regexec(wanted, list->name, 0, NULL, 0) == 0) {
			measure(list);
		}
	}
}

int main(void)
{
	char pattern[128];
	regex_t wanted;

	read_pattern(pattern, sizeof(pattern));
	must(regcomp(&wanted, pattern, REG_EXTENDED | REG_NOSUB) == 0, "bench=");
	run_all(memory_benches, &wanted);
	run_all(process_benches, &wanted);
	return 0;
}
