/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the protocol (servers/protocol/pager.h), independent of how they arrive. */
#ifndef SERVERS_PAGER_DISPATCH_H
#define SERVERS_PAGER_DISPATCH_H

#include <stdint.h>

#define REQUEST_WORDS 7

struct request {
	uint32_t label;
	uint32_t given; /* words in the request */
	uint64_t in[REQUEST_WORDS];
	/* The answer. */
	unsigned words;
	uint64_t out[3]; /* out[0]: status */
	uint32_t cap;	 /* slot of a capability that goes along, 0 = none */
};

/* Serve a request. Mappings may be left queued: they must run before the answer goes out. */
void dispatch(struct request *q);

#endif
