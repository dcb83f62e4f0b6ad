/* SPDX-License-Identifier: BSD-2-Clause */
/* The file server's calls (port.h). */
#include "servers/pager/files.h"

#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/pager/port.h"
#include "servers/protocol/files.h"
#include "servers/protocol/status.h"

static cap_t files;

/* Call with `words` words in *m; the status. */
static int call(enum files_label label, unsigned words, struct message *m)
{
	m->tag = MESSAGE_TAG(label, words);
	if (ipc_call(files, m) != ERR_OK || message_words(m->tag) < 1) {
		return -STATUS_IO;
	}
	return (int)(int64_t)m->words[0];
}

void files_connect(cap_t pool)
{
	struct message m = {.tag = MESSAGE_TAG(FILES_ATTACH_POOL, 0) | MESSAGE_TAG_CAPS(1)};

	files = startup_cap_required("files");
	message_buffer()->send_caps[0] = pool;
	if (ipc_call(files, &m) != ERR_OK || (int64_t)m.words[0] < 0) {
		/* No disk: memory objects work all the same. */
		log_print("pager: the file server takes no pool: %d\n", (int)m.words[0]);
	}
	message_buffer()->send_caps[0] = 0;
}

int files_open(uint32_t fs, uint64_t ino, uint64_t *size)
{
	struct message m = {.words = {fs, ino}};
	int status = call(FILES_OPEN, 2, &m);

	if (status >= 0) {
		*size = m.words[1];
		return 0;
	}
	return status;
}

int files_close(uint32_t fs, uint64_t ino)
{
	struct message m = {.words = {fs, ino}};

	return call(FILES_CLOSE, 2, &m);
}

/* Words 4 and up: pool pages; those above MESSAGE_REGISTERS travel in the message buffer. */
static void put_pages(struct message *m, unsigned n, const uint32_t *frames)
{
	struct message_buffer *buffer = message_buffer();

	for (unsigned i = 0; i < n; i++) {
		if (4 + i < MESSAGE_REGISTERS) {
			m->words[4 + i] = frames[i];
		} else {
			buffer->words[4 + i] = frames[i];
		}
	}
}

int files_read_pages(uint32_t fs, uint64_t ino, uint64_t first, unsigned n, const uint32_t *frames,
		     uint64_t *holes)
{
	struct message m = {.words = {fs, ino, first, n}};
	int status;

	put_pages(&m, n, frames);
	status = call(FILES_READ_PAGES, 4 + n, &m);
	*holes = status >= 0 ? m.words[1] : 0;
	return status < 0 ? status : 0;
}

int files_write_pages(uint32_t fs, uint64_t ino, uint64_t first, unsigned n, const uint32_t *frames)
{
	struct message m = {.words = {fs, ino, first, n}};
	int status;

	put_pages(&m, n, frames);
	status = call(FILES_WRITE_PAGES, 4 + n, &m);
	return status < 0 ? status : 0;
}

int files_allocate(uint32_t fs, uint64_t ino, uint64_t first, uint64_t count)
{
	struct message m = {.words = {fs, ino, first, count}};
	int status = call(FILES_ALLOCATE, 4, &m);

	return status < 0 ? status : 0;
}

int files_set_size(uint32_t fs, uint64_t ino, uint64_t bytes)
{
	struct message m = {.words = {fs, ino, bytes}};
	int status = call(FILES_SET_SIZE, 3, &m);

	return status < 0 ? status : 0;
}

int files_sync(uint32_t fs)
{
	struct message m = {.words = {fs}};
	int status = call(FILES_SYNC, 1, &m);

	return status < 0 ? status : 0;
}
