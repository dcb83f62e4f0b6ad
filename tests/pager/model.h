/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What memory should look like: address spaces as arrays of pages with their
 * bytes, files as arrays of bytes. Slow and plain. Pages of a space are looked
 * at in two arenas: one across a 1 GiB and a 2 MiB boundary for fixed
 * addresses, one where the pager places mappings by itself.
 */
#ifndef TESTS_PAGER_MODEL_H
#define TESTS_PAGER_MODEL_H

#include "tests/pager/fake.h"

#define ARENA_PAGES 1536u
#define ARENA_LOW (0x40000u - 700u) /* first page: 1 GiB is inside */
#define ARENA_TOP (PAGE_END - (64u << 8) - ARENA_PAGES)
#define MODEL_PAGES (2 * ARENA_PAGES)
#define MODEL_SPACES 8u
#define MODEL_OBJECTS 12u
#define OBJECT_PAGES 96u

enum model_kind { MODEL_DISK = 1, MODEL_TMPFS, MODEL_ANONYMOUS };

struct model_object {
	enum model_kind kind; /* 0 = no object */
	uint32_t fs;
	uint64_t ino;
	uint32_t number; /* the pager's; valid while opened */
	bool opened;	 /* has an opener of ours */
	bool linked;
	unsigned regions; /* pages that map it */
	uint64_t size;
	uint8_t bytes[(OBJECT_PAGES + 1) * PAGE_BYTES]; /* zeros behind size */
};

struct model_page {
	bool mapped, shared, locked, dont_fork, wipe;
	uint8_t protection;
	struct model_object *object; /* NULL = private anonymous */
	uint64_t index;
	uint8_t *copy;	  /* private bytes; NULL = none of its own */
	unsigned defined; /* bytes of the copy that were defined when it was made */
};

struct model_space {
	bool active;
	uint32_t number;
	struct model_page pages[MODEL_PAGES];
};

extern struct model_space model_spaces[MODEL_SPACES];
extern struct model_object model_objects[MODEL_OBJECTS];

/* Slot of a page number, MODEL_PAGES if it is in no arena. */
unsigned model_slot(uint32_t page);
/* Page number of a slot. */
uint32_t model_page_number(unsigned slot);

/* Forget a page of a space: its region is gone. */
void model_clear(struct model_page *page);
/* Free objects that nobody uses or can open. */
void model_settle(struct model_object *object);
/* Drop the page's own bytes. */
void model_drop_copy(struct model_page *page);
/* The bytes that a read sees; NULL where reads fault for want of file. */
const uint8_t *model_read(const struct model_page *page);
/* The bytes that a write changes; makes the private copy. */
uint8_t *model_write(struct model_page *page);
/* Does the page lie behind the end of its file? */
bool model_beyond(const struct model_page *page);
/* Bytes of the page that the file defines; the rest is not compared. */
unsigned model_defined(const struct model_page *page);

/* Compare everything that can be compared without changing anything: regions, entries, references,
 * lists. */
void model_check(void);
/* The part of it that needs no model: references, free frames and lists add up. */
void model_check_frames(void);
/* Forget all spaces. */
void model_reset_spaces(void);
/* Free all the model holds. */
void model_reset(void);

#endif
