/* SPDX-License-Identifier: BSD-2-Clause */
/* The file protocol (servers/protocol/files.h): from a message to an operation and back. */
#ifndef SERVERS_FILES_REQUESTS_H
#define SERVERS_FILES_REQUESTS_H

#include "servers/files/file_system.h"

#define REQUEST_WORDS (4 + FILES_PAGES)
#define REQUEST_ANSWER 8
#define REQUEST_FILE_SYSTEMS 16 /* numbers 1..15 */

struct request {
	uint32_t label;
	unsigned count; /* words */
	uint64_t words[REQUEST_WORDS];
	/* Filled in by request_serve. */
	unsigned answer_count;
	uint64_t answer[REQUEST_ANSWER];
};

struct request_context {
	char *xfer; /* the region "files-xfer", FILES_XFER_SIZE bytes */
	struct file_system *file_systems[REQUEST_FILE_SYSTEMS]; /* by number */
};

/* Serve any request but FILES_ATTACH_POOL. */
void request_serve(struct request_context *context, struct request *request);

#endif
