/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to other servers, and access to programs' memory, which is the
 * pager's: it copies between a space and the shared region pager-xfer.
 */
#include "servers/process/core.h"

#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define COPY_CHUNK (64ul * 1024)

cap_t pager_cap, files_cap, serial_cap, rtc_cap;
unsigned char *pager_xfer, *files_xfer;

int64_t server_call(cap_t server, uint32_t label, unsigned count, uint64_t words[10])
{
	struct message m = {.tag = MESSAGE_TAG(label, count)};

	memcpy(m.words, words, count * sizeof(uint64_t));
	if (ipc_call(server, &m) != ERR_OK || message_words(m.tag) == 0) {
		return -STATUS_IO;
	}
	memcpy(words, m.words, sizeof(m.words));
	return (int64_t)words[0];
}

int64_t server_request(cap_t server, uint32_t label, unsigned count, uint64_t a, uint64_t b,
		       uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	uint64_t words[10] = {a, b, c, d, e, f};

	return server_call(server, label, count, words);
}

/* As server_call, for an answer with a capability: *cap = its new slot. */
int64_t server_call_cap(cap_t server, uint32_t label, unsigned count, uint64_t words[10],
			cap_t *cap)
{
	cap_t slot = slot_allocate();
	int64_t status;

	if (slot == 0) {
		return -STATUS_NOMEM;
	}
	memset(message_buffer()->receive_caps, 0, sizeof(message_buffer()->receive_caps));
	message_buffer()->receive_caps[0] = slot;
	status = server_call(server, label, count, words);
	message_buffer()->receive_caps[0] = 0;
	if (status < 0) {
		slot_free(slot);
		return status;
	}
	*cap = slot;
	return status;
}

int64_t copy_in_partial(struct space *s, void *to, uint64_t user, size_t length)
{
	size_t done = 0;

	while (done < length) {
		size_t n = length - done < COPY_CHUNK ? length - done : COPY_CHUNK;
		int64_t got = server_request(pager_cap, PAGER_COPY_IN, 4, s->number, user + done, n,
					     XFER_COPY, 0, 0);

		if (got <= 0 || (size_t)got > n) {
			break;
		}
		memcpy((char *)to + done, pager_xfer + XFER_COPY, (size_t)got);
		done += (size_t)got;
		if ((size_t)got < n) {
			break;
		}
	}
	return done > 0 || length == 0 ? (int64_t)done : -STATUS_FAULT;
}

int64_t copy_out_partial(struct space *s, uint64_t user, const void *from, size_t length)
{
	size_t done = 0;

	while (done < length) {
		size_t n = length - done < COPY_CHUNK ? length - done : COPY_CHUNK;
		int64_t put;

		memcpy(pager_xfer + XFER_COPY, (const char *)from + done, n);
		put = server_request(pager_cap, PAGER_COPY_OUT, 4, s->number, user + done, n,
				     XFER_COPY, 0, 0);
		if (put <= 0 || (size_t)put > n) {
			break;
		}
		done += (size_t)put;
		if ((size_t)put < n) {
			break;
		}
	}
	return done > 0 || length == 0 ? (int64_t)done : -STATUS_FAULT;
}

int64_t copy_in(struct thread *t, void *to, uint64_t user, size_t length)
{
	int64_t got = copy_in_partial(t->process->space, to, user, length);

	return got == (int64_t)length ? 0 : -STATUS_FAULT;
}

int64_t copy_out(struct thread *t, uint64_t user, const void *from, size_t length)
{
	int64_t put = copy_out_partial(t->process->space, user, from, length);

	return put == (int64_t)length ? 0 : -STATUS_FAULT;
}

int64_t copy_in_string(struct thread *t, char *to, uint64_t user, size_t size)
{
	size_t limit = size < COPY_CHUNK ? size : COPY_CHUNK;
	int64_t length = server_request(pager_cap, PAGER_COPY_IN_STRING, 4,
					t->process->space->number, user, limit, XFER_COPY, 0, 0);

	if (length < 0) {
		return length;
	}
	if ((size_t)length >= limit) {
		return -STATUS_NAMETOOLONG;
	}
	memcpy(to, pager_xfer + XFER_COPY, (size_t)length);
	to[length] = 0;
	return length;
}
