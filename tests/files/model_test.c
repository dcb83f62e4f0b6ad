/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on the file server and on the model: same statuses, same
 * trees, same contents, before and after a restart, on file systems with
 * different features; e2fsck finds nothing. tmpfs gets the same treatment
 * without data, whose pages would be the pager's.
 */
#include "tests/files/harness.h"
#include "tests/files/model.h"

#define NAMES 24
#define FILE_MAX 300000 /* bytes */
#define WRITE_MAX 30000

static uint64_t fs;
static struct node *root;
static bool has_data;

/* Sets of names: short ones that collide often, and some long ones. */
static const char *pick_name(void)
{
	static char names[2][256];
	static unsigned next;
	char *name = names[next++ % 2];
	unsigned i = random_below(NAMES);

	if (i % 6 == 5) {
		memset(name, 'a' + (int)i, 40 + i * 8);
		name[40 + i * 8] = 0;
	} else {
		snprintf(name, 256, "n%u", i);
	}
	return name;
}

static struct node *pick_node(bool directory)
{
	struct node *picked = root;
	unsigned count = 0;

	for (struct node *node = model_first(); node; node = node->next) {
		uint32_t type = directory ? MODE_DIRECTORY : MODE_REGULAR;

		if ((node->mode & MODE_TYPE) == type && (node->names > 0 || node == root) &&
		    random_below(++count) == 0) {
			picked = node;
		}
	}
	return picked;
}

static const char *do_create(void)
{
	static const uint32_t modes[] = {MODE_REGULAR,	 MODE_REGULAR,	 MODE_REGULAR,
					 MODE_DIRECTORY, MODE_DIRECTORY, MODE_FIFO,
					 MODE_SOCKET,	 MODE_CHARACTER};
	struct node *directory = pick_node(true);
	const char *name = pick_name();
	uint32_t mode = modes[random_below(8)] | 0644;
	struct node *existing = model_find(directory, name);
	uint64_t ino;
	int64_t status;

	if (directory->children == MODEL_CHILDREN) {
		return NULL;
	}
	status = create(fs, directory->ino, name, mode, &ino);
	CHECK(status == (existing ? -STATUS_EXIST : 0));
	if (!existing) {
		struct node *node = model_new(mode);

		node->ino = ino;
		model_add(directory, name, node);
		CHECK(attributes()->mode == mode);
		CHECK(attributes()->links == model_links(node));
	}
	return NULL;
}

static const char *do_symlink(void)
{
	struct node *directory = pick_node(true);
	const char *name = pick_name();
	char target[1000];
	unsigned length = random_below(2) ? 1 + random_below(59) : 55 + random_below(900);
	struct node *existing = model_find(directory, name);
	struct node *node;
	int64_t status;

	if (directory->children == MODEL_CHILDREN) {
		return NULL;
	}
	memset(target, 'x', length);
	target[length] = 0;
	put_name(name);
	put_name2(target);
	status = request(FILES_SYMLINK, 6, fs, directory->ino, (uint64_t)strlen(name),
			 (uint64_t)length, (uint64_t)1, (uint64_t)2);
	CHECK(status == (existing ? -STATUS_EXIST : 0));
	if (!existing) {
		node = model_new(MODE_LINK | 0777);
		node->ino = answer[1];
		model_add(directory, name, node);
		model_write(node, 0, target, length);
	}
	return NULL;
}

static const char *do_unlink(void)
{
	struct node *directory = pick_node(true);
	const char *name = pick_name();
	bool is_directory = random_below(3) == 0;
	struct node *node = model_find(directory, name);
	int64_t expected = model_unlink(directory, name, is_directory);

	CHECK(unlink_name(fs, directory->ino, name, is_directory) == expected);
	if (expected == 0) {
		CHECK(answer[1] == node->ino);
		CHECK(answer[2] == (is_directory ? 0 : node->names));
	}
	model_collect(false);
	return NULL;
}

static const char *do_link(void)
{
	struct node *directory = pick_node(true);
	struct node *node = pick_node(random_below(8) == 0);
	const char *name = pick_name();
	int64_t expected;

	if (directory->children == MODEL_CHILDREN) {
		return NULL;
	}
	expected = model_link(directory, name, node);
	put_name(name);
	CHECK(request(FILES_LINK, 4, fs, directory->ino, (uint64_t)strlen(name), node->ino) ==
	      expected);
	return NULL;
}

static const char *do_rename(void)
{
	struct node *from = pick_node(true);
	struct node *to = random_below(3) ? pick_node(true) : from;
	const char *name = pick_name();
	const char *new_name = pick_name();
	bool no_replace = random_below(4) == 0;
	struct node *replaced;
	int64_t expected, status;

	if (to->children == MODEL_CHILDREN) {
		return NULL;
	}
	expected = model_rename(from, name, to, new_name, no_replace, &replaced);
	put_name(name);
	put_name2(new_name);
	status = request(FILES_RENAME, 6, fs, from->ino, (uint64_t)strlen(name), to->ino,
			 (uint64_t)strlen(new_name), (uint64_t)no_replace);
	CHECK(status == expected);
	if (status == 0) {
		CHECK(answer[1] == (replaced ? replaced->ino : 0));
	}
	model_collect(false);
	return NULL;
}

static const char *do_write(void)
{
	struct node *node = pick_node(false);
	static unsigned char data[WRITE_MAX];
	unsigned bytes = 1 + random_below(random_below(4) ? 6000 : WRITE_MAX);
	uint64_t offset = random_below(random_below(4) ? 20000 : FILE_MAX - WRITE_MAX);

	if (!has_data || node == root) {
		return NULL;
	}
	if (random_below(2)) {
		offset = node->size < FILE_MAX ? node->size : 0; /* append */
	}
	for (unsigned i = 0; i < bytes; i++) {
		data[i] = (unsigned char)random_below(256);
	}
	CHECK(write_bytes(fs, node->ino, offset, data, bytes) == 0);
	model_write(node, offset, data, bytes);
	return NULL;
}

static const char *do_truncate(void)
{
	struct node *node = pick_node(false);
	uint64_t size = random_below(3) ? random_below(FILE_MAX) : random_below(5000);

	if (node == root) {
		return NULL;
	}
	/* The pager zeroes the end of the last page when a file grows again. */
	if (has_data && size > node->size && node->size % PAGE_BYTES != 0) {
		static const unsigned char zero[PAGE_BYTES];
		uint64_t rest = PAGE_BYTES - node->size % PAGE_BYTES;

		rest = rest < size - node->size ? rest : size - node->size;
		CHECK(write_bytes(fs, node->ino, node->size, zero, rest) == 0);
	}
	CHECK(request(FILES_SET_SIZE, 3, fs, node->ino, size) == 0);
	model_resize(node, size);
	return NULL;
}

static const char *compare_data(const struct node *node)
{
	static unsigned char data[FILE_MAX + WRITE_MAX];
	uint64_t size;

	CHECK(get_size(fs, node->ino, &size) == 0);
	CHECK(size == node->size);
	if (has_data) {
		CHECK(read_bytes(fs, node->ino, 0, data, size) == 0);
		CHECK(memcmp(data, node->data ? node->data : data, size) == 0);
	}
	return NULL;
}

static const char *do_open_close(void)
{
	struct node *node = NULL;
	unsigned count = 0;

	for (struct node *it = model_first(); it; it = it->next) {
		if (random_below(++count) == 0) {
			node = it;
		}
	}
	if (random_below(2)) {
		CHECK(request(FILES_OPEN, 2, fs, node->ino) == 0);
		CHECK(answer[1] == node->size || (node->mode & MODE_TYPE) == MODE_DIRECTORY);
		node->openers++;
	} else {
		/* The data of an unlinked file is there until the last opener goes. */
		if ((node->mode & MODE_TYPE) == MODE_REGULAR && node->names == 0) {
			const char *failure = compare_data(node);

			if (failure) {
				return failure;
			}
		}
		CHECK(request(FILES_CLOSE, 2, fs, node->ino) == (node->openers ? 0 : -STATUS_BADF));
		node->openers -= node->openers > 0;
		if (node->openers == 0 && node->names == 0 && node != root) {
			uint64_t ino = node->ino;

			model_collect(false);
			CHECK(request(FILES_GETATTR, 2, fs, ino) == -STATUS_STALE);
		}
	}
	return NULL;
}

static const char *do_attributes(void)
{
	struct node *node = pick_node(random_below(2));
	uint32_t mode = (node->mode & MODE_TYPE) | random_below(010000);
	int64_t time = (int64_t)random_below(1u << 31) * 4000000000ll + random_below(1000000000);
	struct file_attributes set = {.mode = mode,
				      .uid = random_below(1u << 31),
				      .gid = random_below(1u << 31),
				      .atime = time,
				      .mtime = -time / 8};

	memcpy(context.xfer + FILES_XFER_ATTRIBUTES, &set, sizeof(set));
	CHECK(request(FILES_SETATTR, 3, fs, node->ino, (uint64_t)31) == 0);
	node->mode = mode;
	CHECK(request(FILES_GETATTR, 2, fs, node->ino) == 0);
	CHECK(attributes()->mode == mode);
	CHECK(attributes()->uid == set.uid && attributes()->gid == set.gid);
	if (context.file_systems[fs]->number != FILES_FS_DISK || attributes()->atime == time) {
		CHECK(attributes()->atime == time && attributes()->mtime == set.mtime);
	}
	return NULL;
}

static const char *compare_node(const struct node *node);

/* List a directory in several requests; every child once, nothing else. */
static const char *compare_directory(const struct node *node)
{
	unsigned seen = 0, dots = 0;
	uint64_t cookie = 0;
	int64_t records;

	while ((records = request(FILES_READDIR, 3, fs, node->ino, cookie)) > 0) {
		const char *at = context.xfer + FILES_XFER_RECORDS;
		/* Take only some of the records, to exercise the cookies. */
		int64_t taken = 1 + random_below((uint32_t)records);

		for (int64_t i = 0; i < taken; i++) {
			const struct files_record *record =
				(const struct files_record *)(const void *)at;
			char name[256] = {0};
			struct node *child;

			memcpy(name, record->name, record->name_length);
			cookie = record->cookie;
			at += (sizeof(*record) + record->name_length + 7u) & ~7u;
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			    (node == root && strcmp(name, "lost+found") == 0)) {
				dots++;
				continue;
			}
			child = model_find((struct node *)(uintptr_t)node, name);
			CHECK(child && child->ino == record->ino);
			CHECK(record->type == mode_to_record_type(child->mode));
			seen++;
		}
	}
	CHECK(records == 0);
	CHECK(seen == node->children);
	CHECK(dots == 2u + (node == root && fs == FILES_FS_DISK));
	for (unsigned i = 0; i < node->children; i++) {
		const char *failure;
		uint64_t ino;

		CHECK(lookup(fs, node->ino, node->child[i].name, &ino) == 0);
		CHECK(ino == node->child[i].node->ino);
		failure = compare_node(node->child[i].node);
		if (failure) {
			return failure;
		}
	}
	return NULL;
}

static const char *compare_node(const struct node *node)
{
	uint64_t ino;

	CHECK(request(FILES_GETATTR, 2, fs, node->ino) == 0);
	CHECK(attributes()->mode == node->mode);
	CHECK(attributes()->links == model_links(node) || node == root);
	switch (node->mode & MODE_TYPE) {
	case MODE_DIRECTORY:
		CHECK(lookup(fs, node->ino, "..", &ino) == 0);
		CHECK(ino == (node->parent ? node->parent->ino : node->ino));
		return compare_directory(node);
	case MODE_LINK:
		CHECK(request(FILES_READLINK, 2, fs, node->ino) == (int64_t)node->size);
		CHECK(memcmp(context.xfer + FILES_XFER_NAME2, node->data, node->size) == 0);
		return NULL;
	case MODE_REGULAR:
		return compare_data(node);
	}
	return NULL;
}

static const char *random_operations(unsigned count)
{
	static const char *(*const operations[])(void) = {
		do_create, do_create,	do_create,     do_create,     do_symlink,   do_unlink,
		do_unlink, do_link,	do_rename,     do_rename,     do_write,	    do_write,
		do_write,  do_truncate, do_open_close, do_open_close, do_attributes};

	for (unsigned i = 0; i < count; i++) {
		const char *failure =
			operations[random_below(sizeof(operations) / sizeof(operations[0]))]();

		if (failure) {
			return failure;
		}
	}
	return NULL;
}

static void close_all(void)
{
	for (struct node *node = model_first(); node; node = node->next) {
		while (node->openers > 0) {
			node->openers--;
			request(FILES_CLOSE, 2, fs, node->ino);
		}
	}
	model_collect(false);
}

static const char *disk_run(const char *options, uint64_t seed, unsigned rounds)
{
	char image[64];
	const char *failure;

	snprintf(image, sizeof(image), "/tmp/files-model-%d.img", (int)seed);
	CHECK(run("PATH=$PATH:/sbin:/usr/sbin; rm -f %s; mke2fs -q -F %s %s 24M >/dev/null 2>&1",
		  image, options, image) == 0);
	server_start(image);
	run("rm -f %s", image);
	random_seed(seed);
	model_collect(true);
	fs = FILES_FS_DISK;
	has_data = true;
	root = model_new(MODE_DIRECTORY | 0755);
	root->ino = 2;
	for (unsigned i = 0; i < rounds; i++) {
		failure = random_operations(250);
		if (!failure) {
			failure = compare_node(root);
		}
		if (failure) {
			return failure;
		}
		switch (i % 3) {
		case 0: /* a sync leaves a clean disk, if no unlinked file is open */
			close_all();
			CHECK(request(FILES_SYNC, 1, fs) == 0);
			CHECK(disk_check() == 0);
			break;
		case 1: /* power off with files open, start anew */
			for (struct node *node = model_first(); node; node = node->next) {
				node->openers = 0;
			}
			model_collect(false);
			CHECK(request(FILES_POWER_OFF, 0) == 0);
			CHECK(disk_check() == 0);
			server_restart();
			failure = compare_node(root);
			break;
		}
		if (failure) {
			return failure;
		}
	}
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	CHECK(create(fs, root->ino, "late", MODE_REGULAR, &(uint64_t){0}) == -STATUS_ROFS);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *tmpfs_run(uint64_t seed)
{
	const char *failure = NULL;

	CHECK(request(FILES_NEW_TMPFS, 1, (uint64_t)1000) == 0);
	fs = answer[1];
	has_data = false;
	random_seed(seed);
	model_collect(true);
	root = model_new(MODE_DIRECTORY | 01777);
	CHECK(request(FILES_ROOT, 1, fs) == 0);
	root->ino = answer[1];
	for (unsigned i = 0; i < 10 && !failure; i++) {
		failure = random_operations(400);
		if (!failure) {
			failure = compare_node(root);
		}
	}
	close_all();
	return failure;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *options;
	} kinds[] = {
		{"files-model-default-4k", "-t ext4 -b 4096"},
		{"files-model-default-1k", "-t ext4 -b 1024"},
		{"files-model-2k", "-t ext4 -b 2048"},
		{"files-model-no-csum", "-t ext4 -b 4096 -O ^metadata_csum"},
		{"files-model-no-csum-1k", "-t ext4 -b 1024 -O ^metadata_csum,^64bit,^flex_bg"},
		{"files-model-ext2", "-t ext2 -b 1024"},
		{"files-model-ext3", "-t ext3 -b 4096"},
		{"files-model-small-inodes", "-t ext4 -b 1024 -I 128"},
	};
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 9;

	log_to_stdout = getenv("LOG") != NULL;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		test_result(kinds[i].name, disk_run(kinds[i].options, seed + i, rounds));
	}
	test_result("files-model-tmpfs", tmpfs_run(seed));
	model_collect(true);
	return test_end();
}
