/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and fifos (pipe.c). */
#ifndef SERVERS_PROCESS_PIPE_H
#define SERVERS_PROCESS_PIPE_H

#include "servers/process/files.h"

#define PIPE_SIZE 65536ul
#define PIPE_ATOMIC 4096ul /* PIPE_BUF: writes up to this are not mixed with others */

struct pipe {
	struct waitable waitable;
	unsigned char *data; /* ring of `room` bytes */
	size_t room, start, count;
	size_t size;		   /* what the pipe may hold: room grows up to this */
	uint32_t readers, writers; /* open files */
	uint64_t readers_ever, writers_ever;
};

/* A pipe without ends; NULL: no memory. Its ends free it: pipe_attach, pipe_ops.close. */
struct pipe *pipe_new(void);
/* Make `file` an end (or both) of the pipe by its access mode. */
void pipe_attach(struct pipe *pipe, struct open_file *file);

extern const struct file_ops pipe_ops;

/* Must an open(2) of this fifo wait for its other end? */
bool fifo_open_waits(const struct open_file *file);

#endif
