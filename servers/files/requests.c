/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: unpack, check, call the file system, pack the answer.
 *
 * Names are copied out of the shared region before they are looked at: the
 * client could change them meanwhile.
 */
#include <string.h>

#include "servers/files/requests.h"
#include "servers/files/tmpfs.h"

struct call {
	struct request_context *context;
	struct request *request;
	struct file_system *fs;
	const uint64_t *words;
	char names[2][FILES_LINK_MAX + 1];
};

bool record_append(struct record_buffer *records, uint64_t ino, uint64_t cookie, uint8_t type,
		   const struct name *name)
{
	size_t bytes = (sizeof(struct files_record) + name->length + 7) & ~(size_t)7;
	struct files_record *record =
		(struct files_record *)(void *)(records->base + records->used);

	if (bytes > records->size - records->used) {
		return false;
	}
	memset(record, 0, bytes);
	record->ino = ino;
	record->cookie = cookie;
	record->name_length = (uint16_t)name->length;
	record->type = type;
	memcpy(record->name, name->text, name->length);
	records->used += bytes;
	records->count++;
	return true;
}

/* Copy name 0 or 1 and check it. */
static int64_t take_name(struct call *call, unsigned index, uint64_t length, struct name *name)
{
	const char *from = call->context->xfer + (index ? FILES_XFER_NAME2 : FILES_XFER_NAME);

	if (length == 0) {
		return -STATUS_NOENT;
	}
	if (length > FILES_NAME_MAX) {
		return -STATUS_NAMETOOLONG;
	}
	memcpy(call->names[index], from, length);
	if (memchr(call->names[index], '/', length) || memchr(call->names[index], 0, length)) {
		return -STATUS_INVAL;
	}
	name->text = call->names[index];
	name->length = (unsigned)length;
	return 0;
}

/* The same for a name that is made or removed: "." and ".." are not. */
static int64_t take_new_name(struct call *call, unsigned index, uint64_t length, int64_t if_dots,
			     struct name *name)
{
	int64_t status = take_name(call, index, length, name);

	return status == 0 && name_is_dots(name) ? if_dots : status;
}

static int64_t put_attributes(struct call *call, uint64_t ino, uint32_t *mode)
{
	struct file_attributes attributes = {0};
	int64_t status = call->fs->operations->get_attributes(call->fs, ino, &attributes);

	if (status == 0) {
		memcpy(call->context->xfer + FILES_XFER_ATTRIBUTES, &attributes,
		       sizeof(attributes));
		*mode = attributes.mode;
	}
	return status;
}

static void answer(struct call *call, unsigned index, uint64_t value)
{
	call->request->answer[index] = value;
	call->request->answer_count = index + 1;
}

static int64_t do_root(struct call *call)
{
	uint64_t ino = 0;
	int64_t status = call->fs->operations->root(call->fs, &ino);

	answer(call, 1, ino);
	return status;
}

static int64_t do_lookup(struct call *call)
{
	struct name name;
	uint64_t ino = 0;
	uint32_t mode = 0;
	int64_t status = take_name(call, 0, call->words[2], &name);

	if (status == 0) {
		status = call->fs->operations->lookup(call->fs, call->words[1], &name, &ino);
	}
	if (status == 0) {
		status = put_attributes(call, ino, &mode);
	}
	answer(call, 1, ino);
	answer(call, 2, mode);
	return status;
}

static int64_t do_get_attributes(struct call *call)
{
	uint32_t mode;

	return put_attributes(call, call->words[1], &mode);
}

static int64_t do_set_attributes(struct call *call)
{
	struct file_attributes attributes;

	memcpy(&attributes, call->context->xfer + FILES_XFER_ATTRIBUTES, sizeof(attributes));
	return call->fs->operations->set_attributes(call->fs, call->words[1], call->words[2],
						    &attributes);
}

static int64_t do_create(struct call *call)
{
	struct creation creation = {
		.mode = (uint32_t)call->words[3] & 0177777u,
		.rdev = (uint32_t)call->words[4],
		.uid = (uint32_t)call->words[5],
		.gid = (uint32_t)call->words[6],
	};
	struct name name;
	uint64_t ino = 0;
	uint32_t mode;
	int64_t status = take_new_name(call, 0, call->words[2], -STATUS_EXIST, &name);

	if (status == 0 &&
	    (!mode_is_known(creation.mode) || (creation.mode & MODE_TYPE) == MODE_LINK)) {
		status = -STATUS_INVAL;
	}
	if (status == 0) {
		status = call->fs->operations->create(call->fs, call->words[1], &name, &creation,
						      &ino);
	}
	if (status == 0) {
		status = put_attributes(call, ino, &mode);
	}
	answer(call, 1, ino);
	return status;
}

static int64_t do_symlink(struct call *call)
{
	uint64_t length = call->words[3];
	struct creation creation = {
		.mode = MODE_LINK | 0777,
		.uid = (uint32_t)call->words[4],
		.gid = (uint32_t)call->words[5],
		.target = call->names[1],
		.target_length = (unsigned)length,
	};
	struct name name;
	uint64_t ino = 0;
	int64_t status = take_new_name(call, 0, call->words[2], -STATUS_EXIST, &name);

	if (status == 0 && length == 0) {
		status = -STATUS_NOENT;
	}
	if (status == 0 && length > FILES_LINK_MAX) {
		status = -STATUS_NAMETOOLONG;
	}
	if (status == 0) {
		memcpy(call->names[1], call->context->xfer + FILES_XFER_NAME2, length);
		status = memchr(call->names[1], 0, length) ? -STATUS_INVAL : 0;
	}
	if (status == 0) {
		status = call->fs->operations->create(call->fs, call->words[1], &name, &creation,
						      &ino);
	}
	answer(call, 1, ino);
	return status;
}

static int64_t do_read_link(struct call *call)
{
	int64_t length = call->fs->operations->read_link(call->fs, call->words[1], call->names[1],
							 FILES_LINK_MAX);

	if (length > 0) {
		memcpy(call->context->xfer + FILES_XFER_NAME2, call->names[1], (size_t)length);
	}
	return length;
}

static int64_t do_link(struct call *call)
{
	struct name name;
	int64_t status = take_new_name(call, 0, call->words[2], -STATUS_EXIST, &name);

	return status ? status
		      : call->fs->operations->link(call->fs, call->words[1], &name, call->words[3]);
}

static int64_t do_unlink(struct call *call)
{
	bool is_directory = call->words[3] != 0;
	uint64_t ino = 0, links = 0;
	struct name name;
	int64_t status = take_new_name(call, 0, call->words[2],
				       is_directory ? -STATUS_INVAL : -STATUS_ISDIR, &name);

	if (is_directory && status == -STATUS_INVAL && call->words[2] == 2) {
		status = -STATUS_NOTEMPTY; /* rmdir of ".." */
	}
	if (status == 0) {
		status = call->fs->operations->unlink(call->fs, call->words[1], &name, is_directory,
						      &ino, &links);
	}
	answer(call, 1, ino);
	answer(call, 2, links);
	return status;
}

static int64_t do_rename(struct call *call)
{
	struct name name, new_name;
	uint64_t replaced = 0;
	int64_t status = take_new_name(call, 0, call->words[2], -STATUS_BUSY, &name);

	if (status == 0) {
		status = take_new_name(call, 1, call->words[4], -STATUS_BUSY, &new_name);
	}
	if (status == 0) {
		status = call->fs->operations->rename(call->fs, call->words[1], &name,
						      call->words[3], &new_name,
						      (call->words[5] & 1) != 0, &replaced);
	}
	answer(call, 1, replaced);
	return status;
}

static int64_t do_read_directory(struct call *call)
{
	struct record_buffer records = {
		.base = call->context->xfer + FILES_XFER_RECORDS,
		.size = FILES_XFER_SIZE - FILES_XFER_RECORDS,
	};

	return call->fs->operations->read_directory(call->fs, call->words[1], call->words[2],
						    &records);
}

static int64_t do_statistics(struct call *call)
{
	struct statistics statistics = {0};
	int64_t status = call->fs->operations->statistics(call->fs, &statistics);

	answer(call, 1, statistics.type);
	answer(call, 2, statistics.block_size);
	answer(call, 3, statistics.blocks);
	answer(call, 4, statistics.free);
	answer(call, 5, statistics.available);
	answer(call, 6, statistics.inodes);
	answer(call, 7, statistics.free_inodes);
	return status;
}

static int64_t do_open(struct call *call)
{
	struct file_attributes attributes = {0};
	int64_t status =
		call->fs->operations->get_attributes(call->fs, call->words[1], &attributes);

	if (status == 0) {
		status = open_file_add(call->fs, call->words[1]);
	}
	answer(call, 1, attributes.size);
	answer(call, 2, attributes.mode);
	return status;
}

static int64_t do_close(struct call *call)
{
	int64_t last = open_file_remove(call->fs, call->words[1]);

	return last == 1 ? call->fs->operations->release(call->fs, call->words[1]) : last;
}

static int64_t for_all(struct request_context *context, bool power_off)
{
	int64_t result = 0;

	for (unsigned i = 0; i < REQUEST_FILE_SYSTEMS; i++) {
		struct file_system *fs = context->file_systems[i];
		int64_t status = 0;

		if (fs) {
			status = power_off ? fs->operations->power_off(fs)
					   : fs->operations->sync(fs);
		}
		result = result ? result : status;
	}
	return result;
}

static int64_t do_sync(struct call *call)
{
	return call->fs->operations->sync(call->fs);
}

static int64_t do_read_pages(struct call *call)
{
	uint64_t holes = 0;
	int64_t status =
		call->fs->operations->read_pages(call->fs, call->words[1], call->words[2],
						 (unsigned)call->words[3], call->words + 4, &holes);

	answer(call, 1, holes);
	return status;
}

static int64_t do_write_pages(struct call *call)
{
	return call->fs->operations->write_pages(call->fs, call->words[1], call->words[2],
						 (unsigned)call->words[3], call->words + 4);
}

static int64_t do_allocate(struct call *call)
{
	return call->fs->operations->allocate(call->fs, call->words[1], call->words[2],
					      call->words[3]);
}

static int64_t do_set_size(struct call *call)
{
	return call->fs->operations->set_size(call->fs, call->words[1], call->words[2]);
}

static int64_t new_tmpfs(struct request_context *context, struct request *request)
{
	for (uint32_t i = FILES_FS_DISK + 1; i < REQUEST_FILE_SYSTEMS; i++) {
		if (!context->file_systems[i]) {
			context->file_systems[i] = tmpfs_new(i, request->words[0]);
			request->answer[1] = i;
			request->answer_count = 2;
			return context->file_systems[i] ? 0 : -STATUS_NOMEM;
		}
	}
	return -STATUS_NFILE;
}

static const struct {
	int64_t (*function)(struct call *call);
	unsigned words; /* that the request must have */
} table[] = {
	[FILES_ROOT] = {do_root, 1},
	[FILES_LOOKUP] = {do_lookup, 3},
	[FILES_GETATTR] = {do_get_attributes, 2},
	[FILES_SETATTR] = {do_set_attributes, 3},
	[FILES_CREATE] = {do_create, 7},
	[FILES_SYMLINK] = {do_symlink, 6},
	[FILES_READLINK] = {do_read_link, 2},
	[FILES_LINK] = {do_link, 4},
	[FILES_UNLINK] = {do_unlink, 4},
	[FILES_RENAME] = {do_rename, 6},
	[FILES_READDIR] = {do_read_directory, 3},
	[FILES_STATFS] = {do_statistics, 1},
	[FILES_OPEN] = {do_open, 2},
	[FILES_CLOSE] = {do_close, 2},
	[FILES_SYNC] = {do_sync, 1},
	[FILES_READ_PAGES] = {do_read_pages, 4},
	[FILES_WRITE_PAGES] = {do_write_pages, 4},
	[FILES_ALLOCATE] = {do_allocate, 4},
	[FILES_SET_SIZE] = {do_set_size, 3},
};

static int64_t serve(struct request_context *context, struct request *request)
{
	static struct call call;
	uint32_t label = request->label;
	uint64_t number = request->words[0];

	if (label == FILES_POWER_OFF) {
		return for_all(context, true);
	}
	if (label >= sizeof(table) / sizeof(table[0]) ||
	    (label != FILES_NEW_TMPFS && !table[label].function)) {
		return -STATUS_NOSYS;
	}
	if (request->count < (label == FILES_NEW_TMPFS ? 1 : table[label].words)) {
		return -STATUS_INVAL;
	}
	if (label == FILES_NEW_TMPFS) {
		return new_tmpfs(context, request);
	}
	if (label == FILES_SYNC && number == 0) {
		return for_all(context, false);
	}
	if (number >= REQUEST_FILE_SYSTEMS || !context->file_systems[number]) {
		return -STATUS_NODEV;
	}
	if ((label == FILES_READ_PAGES || label == FILES_WRITE_PAGES) &&
	    (request->words[3] > FILES_PAGES || request->count < 4 + request->words[3] ||
	     request->words[2] > UINT64_MAX / PAGE_BYTES - FILES_PAGES)) {
		return -STATUS_INVAL;
	}
	call.context = context;
	call.request = request;
	call.fs = context->file_systems[number];
	call.words = request->words;
	return table[label].function(&call);
}

void request_serve(struct request_context *context, struct request *request)
{
	int64_t status;

	memset(request->answer, 0, sizeof(request->answer));
	request->answer_count = 1;
	status = serve(context, request);
	request->answer[0] = (uint64_t)status;
	if (status < 0) {
		request->answer_count = 1;
	}
}
