/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the pager's logic needs from the kernel and from the file server. On
 * the target kernel.c and files.c; the host tests have fakes of their own.
 */
#ifndef SERVERS_PAGER_PORT_H
#define SERVERS_PAGER_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/window.h"

#define KERNEL_SPACE_BANKS 20

/* The kernel objects behind one space. They outlive the space and serve the next one of its
 * number. Capability slots, 0 = none. */
struct kernel_space {
	uint32_t space;	 /* primary capability */
	uint32_t grant;	 /* derived from it; what the process server gets */
	uint32_t window; /* [0, PAGER_SPACE_END) */
	uint32_t binding;
	uint32_t bank_count;
	uint32_t banks[KERNEL_SPACE_BANKS];
};

/* Make the objects of space `number`; false, with nothing made, if kernel memory is out. */
bool kernel_space_create(struct kernel_space *k, uint32_t number);
/* Donate more page-table pages. */
bool kernel_space_add_bank(struct kernel_space *k);
/* Take back what was handed out of the space, for its next use; its entries are gone already. */
void kernel_space_recycle(struct kernel_space *k);
void kernel_space_destroy(struct kernel_space *k);
/* Page-table pages in use. */
uint64_t kernel_space_tables(const struct kernel_space *k);

/*
 * Run `count` (1..WINDOW_ITEMS) window items. Returns the error of the first
 * that failed; each item's `done` counts its pages done. Complete = flushed.
 */
enum err kernel_window_run(struct window_item *items, unsigned count);
/* Run one QUERY or HARVEST item of at most WINDOW_QUERY_PAGES; one word a page (QUERY) to `out`. */
#define WINDOW_QUERY_PAGES 256u
enum err kernel_window_query(uint32_t window, uint64_t page, unsigned count, uint64_t *out);

/* Ask for a call of pager_tick within about `milliseconds`. */
void kernel_tick_after(unsigned milliseconds);

/* Milliseconds since some moment. */
uint64_t kernel_milliseconds(void);

/* An invariant is broken: report and end. */
_Noreturn void kernel_broken(const char *condition, const char *file, int line);
#define INVARIANT(condition) ((condition) ? (void)0 : kernel_broken(#condition, __FILE__, __LINE__))

/* Words to the system log. */
void kernel_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The file server's calls (servers/protocol/files.h). Results: 0 or -STATUS_*. `frames`: pool pages. */
int files_open(uint32_t fs, uint64_t ino, uint64_t *size);
int files_close(uint32_t fs, uint64_t ino);
/* n 1..FILES_PAGES; bit i of *holes: page i is a hole and was not written to. */
int files_read_pages(uint32_t fs, uint64_t ino, uint64_t first, unsigned n, const uint32_t *frames,
		     uint64_t *holes);
int files_write_pages(uint32_t fs, uint64_t ino, uint64_t first, unsigned n,
		      const uint32_t *frames);
int files_allocate(uint32_t fs, uint64_t ino, uint64_t first, uint64_t count);
int files_set_size(uint32_t fs, uint64_t ino, uint64_t bytes);
int files_sync(uint32_t fs);

#endif
