/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the frame behind an address: faults, and copies by the pager. */
#ifndef SERVERS_PAGER_FAULT_H
#define SERVERS_PAGER_FAULT_H

#include "servers/pager/object.h"

/* A page as an access may use it. */
struct resolved {
	uint32_t frame;
	uint8_t rights; /* RIGHT_*: what its entry may allow */
	bool changed;	/* another frame than before stands for the page: its entry must be made */
	bool fresh;	/* the frame is new and not zeroed yet; only if may_be_fresh was given */
	bool major;
};

/*
 * The frame of `page` for `access` (enum fault_access). 0 or a positive enum
 * pager_fault_code. Copies on write, grows stacks, reads files, marks dirty.
 * May evict cached pages that are not pinned. Queues no MAP.
 */
int page_resolve(struct space *space, uint32_t page, unsigned access, bool may_be_fresh,
		 struct region **region, struct resolved *out);
/* Queue the entry of a resolved page. */
void page_map(struct space *space, struct region *region, uint32_t page, const struct resolved *r);

/*
 * A fault at `address`: 0 and mappings queued, or an enum pager_fault_code. Counts it.
 */
int fault_handle(struct space *space, uint64_t address, unsigned access);

/* The code as the status of a copy: -FAULT, -IO, -NOMEM. */
int fault_status(int code);

/* ---- copy.c ---- */

/* The shared region with the client; PAGER_XFER_SIZE bytes. */
extern uint8_t *pager_xfer;

/*
 * Visit the bytes [address, address + length) of a space page by page: `each`
 * gets a pointer to a piece and returns false to stop. Result: bytes visited,
 * short at the first page that cannot be had; -STATUS_* if there were none.
 */
typedef bool copy_visit_fn(void *context, uint8_t *bytes, uint64_t count);
int64_t copy_visit(struct space *space, uint64_t address, uint64_t length, unsigned access,
		   copy_visit_fn *each, void *context);

int64_t copy_in(struct space *space, uint64_t address, uint64_t length, uint8_t *to);
int64_t copy_out(struct space *space, uint64_t address, uint64_t length, const uint8_t *from);
int64_t copy_in_string(struct space *space, uint64_t address, uint64_t limit, uint8_t *to);
int copy_load(struct space *space, uint64_t address, uint64_t bytes, uint64_t *value);
int copy_store(struct space *space, uint64_t address, uint64_t bytes, uint64_t value);
int copy_compare_exchange(struct space *space, uint64_t address, uint32_t expected, uint32_t value,
			  uint32_t *found);
int copy_key(struct space *space, uint64_t address, uint64_t key[2]);

#endif
