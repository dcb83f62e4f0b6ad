/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file server on the build machine: its real code above a disk in memory.
 * Requests are made as its clients make them, through request_serve.
 */
#ifndef TESTS_FILES_HARNESS_H
#define TESTS_FILES_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/files/ext4.h"
#include "servers/files/requests.h"

#define POOL_PAGES 512 /* of the fake pager */

struct disk {
	unsigned char *data;
	uint64_t bytes;
	uint64_t reads, writes, sectors_read, sectors_written, flushes; /* requests */
	/* Faults to inject: this many good transfers, then -STATUS_IO each time; -1 = never. */
	long fail_after;
};

extern struct disk disk;
extern struct request_context context;
extern unsigned char pool[POOL_PAGES][PAGE_BYTES];
extern uint64_t answer[REQUEST_ANSWER];
extern int64_t test_clock; /* what clock_now returns, 1 ms more each time */
extern bool log_to_stdout;

/* Run a shell command; returns its exit status. */
int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Take the image file as the disk and start the server on it. */
void server_start(const char *image);
/* Start again on the disk as it is, as after a power cut or power-off. */
void server_restart(void);
/* Write the disk to a file. */
void disk_save(const char *image);
/* e2fsck -fn of the disk as it is now; returns its exit status and shows what it says if not 0. */
int disk_check(void);

/* A request of `count` words; returns the status, the other words are in answer[]. */
int64_t request(uint32_t label, unsigned count, ...);
/* The same with a name, which goes to the shared region. */
void put_name(const char *name);
void put_name2(const char *name);
const struct file_attributes *attributes(void);

/* Shorthands. */
int64_t lookup(uint64_t fs, uint64_t directory, const char *name, uint64_t *ino);
int64_t create(uint64_t fs, uint64_t directory, const char *name, uint32_t mode, uint64_t *ino);
int64_t unlink_name(uint64_t fs, uint64_t directory, const char *name, bool is_directory);
int64_t get_size(uint64_t fs, uint64_t ino, uint64_t *size);
/* Read and write bytes as the pager would: pages, allocation, then the size. */
int64_t read_bytes(uint64_t fs, uint64_t ino, uint64_t offset, void *data, size_t bytes);
int64_t write_bytes(uint64_t fs, uint64_t ino, uint64_t offset, const void *data, size_t bytes);

/* A reproducible random number below `limit`. */
uint32_t random_below(uint32_t limit);
void random_seed(uint64_t seed);

/* PASS/FAIL lines and their count. */
void test_result(const char *name, const char *failure);
int test_end(void);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			return #condition;                                                         \
		}                                                                                  \
	} while (0)

#endif
