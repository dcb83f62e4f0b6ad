/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll (epoll.c). */
#ifndef SERVERS_PROCESS_EPOLL_H
#define SERVERS_PROCESS_EPOLL_H

struct open_file;

/* An open file goes: take it out of every epoll set. */
void epoll_forget(struct open_file *file);

#endif
