/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file server: start-up and the message loop. One thread, one request at
 * a time; while the disk works the server waits for it.
 */
#include "servers/files/block_client.h"
#include "servers/files/clock.h"
#include "servers/files/ext4.h"
#include "servers/files/requests.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

static struct request_context context;
static cap_t receive_slot;

static const struct startup_region *region_required(const char *name, size_t size)
{
	const struct startup_region *region = startup_region(name);

	if (!region || !region->address || region->size < size) {
		fatal("files: needs a region \"%s\" of %u bytes\n", name, (unsigned)size);
	}
	return region;
}

static void set_up(void)
{
	const struct startup_region *io = region_required("files-io", 64 * 1024);
	struct device *device;

	context.xfer = (char *)region_required("files-xfer", FILES_XFER_SIZE)->address;
	clock_start(startup_cap("rtc"));
	device = block_client_start(startup_cap_required("block"), (cap_t)io->pool,
				    io->size / PAGE_BYTES);
	if (device->status != 0) {
		log_print("files: no disk (status %d)\n", (int)device->status);
	}
	context.file_systems[FILES_FS_DISK] =
		ext4_new(device, (char *)io->address, (size_t)io->size);
	receive_slot = slot_allocate();
	if (!context.file_systems[FILES_FS_DISK] || !receive_slot) {
		fatal("files: no memory\n");
	}
}

/* FILES_ATTACH_POOL: the capability goes on to the driver and is kept here too. */
static int64_t attach(const struct message *m)
{
	int64_t status;

	if (message_caps(m->tag) == 0) {
		return -STATUS_INVAL;
	}
	status = block_client_attach_pager(receive_slot);
	if (status == 0) {
		receive_slot = slot_allocate();
	}
	return status;
}

static void serve(struct message *m)
{
	static struct request request;

	request.label = message_label(m->tag);
	request.count = message_words(m->tag);
	request.count = request.count < REQUEST_WORDS ? request.count : REQUEST_WORDS;
	for (unsigned i = 0; i < request.count; i++) {
		request.words[i] = i < MESSAGE_REGISTERS ? m->words[i] : message_buffer()->words[i];
	}
	if (request.label == FILES_ATTACH_POOL) {
		request.answer[0] = (uint64_t)attach(m);
		request.answer_count = 1;
	} else {
		request_serve(&context, &request);
	}
	if (message_caps(m->tag) > 0 &&
	    (request.label != FILES_ATTACH_POOL || request.answer[0] != STATUS_OK)) {
		slot_free(receive_slot); /* a capability that nobody asked for */
		receive_slot = slot_allocate();
	}
	m->tag = MESSAGE_TAG(0, request.answer_count);
	for (unsigned i = 0; i < request.answer_count; i++) {
		m->words[i] = request.answer[i];
	}
}

int main(void)
{
	cap_t endpoint = startup_cap_required("files");
	cap_t reply = object_create(OBJECT_REPLY, 0);
	struct message m = {.tag = 0};
	enum err err;

	if (!reply) {
		fatal("files: no memory for a reply object\n");
	}
	set_up();
	message_buffer()->receive_caps[0] = receive_slot;
	err = ipc_receive(endpoint, reply, &m);
	for (;;) {
		if (err == ERR_OK) {
			serve(&m);
		}
		message_buffer()->receive_caps[0] = receive_slot;
		err = err == ERR_OK ? ipc_reply_receive(endpoint, reply, &m)
				    : ipc_receive(endpoint, reply, &m);
	}
}
