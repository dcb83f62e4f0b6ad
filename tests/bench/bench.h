/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmarks share. A benchmark is a function that does an operation
 * `n` times and returns the ticks that took, without its preparations; it is
 * run SAMPLES times, and printed is the median for one operation:
 *
 *	bench NAME VALUE instructions N
 *
 * Where the emulator counts instructions, one is a nanosecond of its time, and
 * a tick of the time counter (10 MHz) is 100 of them: the only clock that user
 * code may read on Linux too, hence the loops.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { PAGE = 4096, INSTRUCTIONS_PER_TICK = 100 };

struct bench {
	const char *name;
	uint64_t (*run)(unsigned int n, unsigned long argument); /* ticks */
	unsigned int n, samples;
	unsigned long argument;
};

extern const struct bench memory_benches[], process_benches[];

/* Its ticks; nothing that is measured moves across it. */
static inline uint64_t ticks(void)
{
	uint64_t value;

	__asm__ volatile("rdtime %0" : "=r"(value)::"memory");
	return value;
}

/* Ends the program if `is_fine` is not; the benchmark is at fault, or the system. */
void must(bool is_fine, const char *what);

/* Fresh private pages, huge pages off. */
unsigned char *fresh_pages(size_t pages);

/* Writes (or reads) one byte of each page. */
void write_pages(unsigned char *p, size_t pages);
unsigned int read_pages(const unsigned char *p, size_t pages);

/* A child that sleeps until the pipe behind *gate is closed. */
pid_t start_sleeper(int *gate);
void end_sleeper(pid_t child, int gate);

#endif
