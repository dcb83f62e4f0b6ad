/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One test a behaviour: full disks, large and indexed directories, orphans,
 * images that must not be written, holes inside pages, big sparse files, the
 * clean mark, request checking.
 */
#include "tests/files/harness.h"

#define IMAGE "/tmp/files-limits.img"
#define DISK ((uint64_t)FILES_FS_DISK)
#define ROOT ((uint64_t)2)

static unsigned char data[256 * 1024];

static void make(const char *options, const char *size)
{
	run("PATH=$PATH:/sbin:/usr/sbin; rm -f %s; mke2fs -q -F %s %s %s >/dev/null 2>&1", IMAGE,
	    options, IMAGE, size);
	server_start(IMAGE);
}

static int debugfs(const char *commands)
{
	int status;

	disk_save(IMAGE);
	status = run("PATH=$PATH:/sbin:/usr/sbin; printf '%s' | debugfs -w %s >/dev/null 2>&1",
		     commands, IMAGE);
	server_start(IMAGE);
	return status;
}

static bool fs_is_marked_clean(void)
{
	return (*(uint16_t *)(void *)(disk.data + 1024 + 58) & 1) != 0;
}

static const char *full(const char *options)
{
	uint64_t ino, free_blocks, other;
	unsigned count = 0;
	int64_t status = 0;

	make(options, "8M");
	CHECK(request(FILES_STATFS, 1, DISK) == 0);
	free_blocks = answer[4];
	for (unsigned i = 0; i < sizeof(data); i++) {
		data[i] = (unsigned char)(i * 31 + 7);
	}
	while (status == 0 && count < 1000) {
		char name[32];

		snprintf(name, sizeof(name), "file%u", count);
		status = create(DISK, ROOT, name, MODE_REGULAR | 0644, &ino);
		if (status == 0) {
			count++;
			status = write_bytes(DISK, ino, 0, data, 100000);
		}
	}
	CHECK(status == -STATUS_NOSPC && count > 10);
	/* Nothing bigger fits either; what is there is still readable and can be removed. */
	CHECK(write_bytes(DISK, ino, 100000, data, 100000) == -STATUS_NOSPC);
	for (unsigned i = 0; i < 40 && status == -STATUS_NOSPC; i++) {
		char name[200];

		memset(name, 'd', sizeof(name));
		snprintf(name + 190, 10, "%u", i);
		status = create(DISK, ROOT, name, MODE_DIRECTORY | 0755, &other);
		CHECK(status == -STATUS_NOSPC || status == 0);
		status = -STATUS_NOSPC;
	}
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(disk_check() == 0);
	CHECK(lookup(DISK, ROOT, "file0", &ino) == 0);
	CHECK(read_bytes(DISK, ino, 0, data + 100000, 100000) == 0);
	CHECK(memcmp(data, data + 100000, 100000) == 0);
	for (unsigned i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "file%u", i);
		CHECK(unlink_name(DISK, ROOT, name, false) == 0);
	}
	CHECK(create(DISK, ROOT, "again", MODE_REGULAR | 0644, &ino) == 0);
	CHECK(write_bytes(DISK, ino, 0, data, 200000) == 0);
	CHECK(request(FILES_STATFS, 1, DISK) == 0);
	CHECK(answer[4] + 800 > free_blocks);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_full_4k(void)
{
	return full("-t ext4 -b 4096");
}

static const char *test_full_1k(void)
{
	return full("-t ext4 -b 1024");
}

static const char *test_full_ext2(void)
{
	return full("-t ext2 -b 1024");
}

static const char *test_no_inodes(void)
{
	uint64_t ino;
	unsigned count = 0;
	int64_t status;

	make("-t ext4 -b 4096 -N 64", "8M");
	do {
		char name[32];

		snprintf(name, sizeof(name), "f%u", count++);
		status = create(DISK, ROOT, name,
				(count % 2 ? MODE_REGULAR : MODE_DIRECTORY) | 0755, &ino);
	} while (status == 0 && count < 1000);
	CHECK(status == -STATUS_NOSPC && count > 20);
	CHECK(unlink_name(DISK, ROOT, "f4", false) == 0);
	CHECK(create(DISK, ROOT, "more", MODE_REGULAR, &ino) == 0);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

/* Add, find, remove many names in a directory that mke2fs and e2fsck -D have indexed. */
static const char *indexed(const char *options, unsigned before, unsigned count, const char *size)
{
	uint64_t directory, ino;
	char name[64];

	run("PATH=$PATH:/sbin:/usr/sbin; rm -rf /tmp/files-limits %s; mkdir -p /tmp/files-limits/d;"
	    "cd /tmp/files-limits/d; seq -f 'before-%%g-with-a-longer-name' 1 %u | xargs touch;"
	    "mke2fs -q -F %s -N 16384 -d /tmp/files-limits %s %s >/dev/null 2>&1;"
	    "e2fsck -fyD %s >/dev/null 2>&1; rm -rf /tmp/files-limits",
	    IMAGE, before, options, IMAGE, size, IMAGE);
	server_start(IMAGE);
	CHECK(lookup(DISK, ROOT, "d", &directory) == 0);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "new-%u-%u", i, random_below(1000000));
		CHECK(create(DISK, directory, name, MODE_REGULAR | 0644, &ino) == 0);
		if (i % 3 == 0) {
			uint64_t length = strlen(name);

			put_name(name);
			snprintf(name, sizeof(name), "moved-%u", i);
			put_name2(name);
			CHECK(request(FILES_RENAME, 6, DISK, directory, length, directory,
				      (uint64_t)strlen(name), (uint64_t)0) == 0);
		}
	}
	for (unsigned i = 1; i <= before; i += 2) {
		snprintf(name, sizeof(name), "before-%u-with-a-longer-name", i);
		CHECK(unlink_name(DISK, directory, name, false) == 0);
	}
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(disk_check() == 0);
	for (unsigned i = 0; i < count; i += 3) {
		snprintf(name, sizeof(name), "moved-%u", i);
		CHECK(lookup(DISK, directory, name, &ino) == 0);
	}
	for (unsigned i = 1; i <= before; i++) {
		snprintf(name, sizeof(name), "before-%u-with-a-longer-name", i);
		CHECK(lookup(DISK, directory, name, &ino) == (i % 2 ? -STATUS_NOENT : 0));
	}
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_indexed_4k(void)
{
	return indexed("-t ext4 -b 4096", 600, 1200, "32M");
}

static const char *test_indexed_1k(void)
{
	/* Deep enough that the index gets a second level. */
	return indexed("-t ext4 -b 1024", 1500, 5000, "48M");
}

static const char *test_indexed_no_csum(void)
{
	return indexed("-t ext4 -b 1024 -O ^metadata_csum", 600, 800, "16M");
}

static const char *test_large_directory(void)
{
	uint64_t directory, ino;
	char name[256];

	make("-t ext4 -b 4096 -N 4096", "32M");
	CHECK(create(DISK, ROOT, "d", MODE_DIRECTORY | 0755, &directory) == 0);
	for (unsigned i = 0; i < 900; i++) {
		memset(name, 'n', sizeof(name));
		snprintf(name + 200, 56, "%u", i);
		CHECK(create(DISK, directory, name, MODE_REGULAR | 0644, &ino) == 0);
	}
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(disk_check() == 0);
	CHECK(unlink_name(DISK, ROOT, "d", true) == -STATUS_NOTEMPTY);
	for (unsigned i = 0; i < 900; i++) {
		memset(name, 'n', sizeof(name));
		snprintf(name + 200, 56, "%u", i);
		CHECK(unlink_name(DISK, directory, name, false) == 0);
	}
	CHECK(unlink_name(DISK, ROOT, "d", true) == 0);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_orphans(void)
{
	uint64_t ino[4], free_inodes, again;

	make("-t ext4 -b 4096", "8M");
	CHECK(request(FILES_STATFS, 1, DISK) == 0);
	free_inodes = answer[7];
	for (unsigned i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "f%u", i);
		CHECK(create(DISK, ROOT, name, (i == 3 ? MODE_DIRECTORY : MODE_REGULAR) | 0755,
			     &ino[i]) == 0);
		if (i != 3) {
			CHECK(write_bytes(DISK, ino[i], 0, data, 50000) == 0);
		}
		CHECK(request(FILES_OPEN, 2, DISK, ino[i]) == 0);
		CHECK(unlink_name(DISK, ROOT, name, i == 3) == 0);
	}
	/* A removed directory takes no names; a removed file keeps its data and grows. */
	CHECK(create(DISK, ino[3], "x", MODE_REGULAR, &again) == -STATUS_NOENT);
	CHECK(write_bytes(DISK, ino[1], 50000, data, 5000) == 0);
	/* Middle of the list first. */
	CHECK(request(FILES_CLOSE, 2, DISK, ino[1]) == 0);
	CHECK(request(FILES_CLOSE, 2, DISK, ino[1]) == -STATUS_BADF);
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	/* Power cut: the next run frees what was open. */
	server_restart();
	CHECK(request(FILES_STATFS, 1, DISK) == 0);
	CHECK(answer[7] == free_inodes - 3);
	CHECK(request(FILES_GETATTR, 2, DISK, ino[0]) == -STATUS_STALE);
	CHECK(create(DISK, ROOT, "x", MODE_REGULAR, &again) == 0);
	CHECK(request(FILES_STATFS, 1, DISK) == 0);
	CHECK(answer[7] == free_inodes - 1);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_needs_recovery(void)
{
	uint64_t ino;

	make("-t ext4 -b 4096", "8M");
	CHECK(create(DISK, ROOT, "file", MODE_REGULAR | 0644, &ino) == 0);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	CHECK(debugfs("feature needs_recovery\\n") == 0);
	CHECK(lookup(DISK, ROOT, "file", &ino) == 0);
	CHECK(create(DISK, ROOT, "other", MODE_REGULAR | 0644, &ino) == -STATUS_ROFS);
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(disk.writes == 0);
	return NULL;
}

static const char *test_unknown_features(void)
{
	uint64_t ino;

	make("-t ext4 -b 4096 -O inline_data", "8M");
	CHECK(request(FILES_ROOT, 1, DISK) == -STATUS_UCLEAN);
	make("-t ext4 -b 4096 -O bigalloc", "64M");
	CHECK(request(FILES_ROOT, 1, DISK) == 0);
	CHECK(create(DISK, ROOT, "other", MODE_REGULAR | 0644, &ino) == -STATUS_ROFS);
	CHECK(disk.writes == 0);
	memset(disk.data, 0, disk.bytes);
	server_restart();
	CHECK(request(FILES_ROOT, 1, DISK) == -STATUS_UCLEAN);
	return NULL;
}

static const char *test_clean_mark(void)
{
	uint64_t ino;

	make("-t ext4 -b 4096", "8M");
	CHECK(lookup(DISK, ROOT, "lost+found", &ino) == 0);
	CHECK(disk.writes == 0);
	CHECK(create(DISK, ROOT, "f", MODE_REGULAR | 0644, &ino) == 0);
	CHECK(!fs_is_marked_clean());
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(fs_is_marked_clean() && disk_check() == 0);
	CHECK(write_bytes(DISK, ino, 0, data, 5000) == 0);
	CHECK(!fs_is_marked_clean());
	/* Cut off here: the mark says so, and stays until e2fsck has run. */
	server_restart();
	CHECK(create(DISK, ROOT, "g", MODE_REGULAR | 0644, &ino) == 0);
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(!fs_is_marked_clean());
	return NULL;
}

/* Pages that are partly holes, with and without a boot block to take zeroes from. */
static const char *holes(bool boot_block_in_use)
{
	uint64_t ino;

	make("-t ext4 -b 1024", "8M");
	disk_save(IMAGE);
	run("cd /tmp; rm -f files-limits.hole; printf AAAA | dd of=files-limits.hole bs=1024 seek=5 "
	    "conv=notrunc status=none; truncate -s 16K files-limits.hole; printf BB | "
	    "dd of=files-limits.hole bs=1024 seek=11 conv=notrunc status=none");
	CHECK(debugfs("write /tmp/files-limits.hole hole\\n") == 0);
	if (boot_block_in_use) {
		memset(disk.data, 0x55, 1024);
		server_restart();
	}
	CHECK(lookup(DISK, ROOT, "hole", &ino) == 0);
	memset(data, 0xee, 16384);
	memset(pool, 0xcc, sizeof(pool));
	CHECK(request(FILES_READ_PAGES, 8, DISK, ino, (uint64_t)0, (uint64_t)4, (uint64_t)1,
		      (uint64_t)2, (uint64_t)4, (uint64_t)3) == 0);
	CHECK(answer[1] == 9); /* pages 0 and 3 */
	for (unsigned i = 0; i < PAGE_BYTES; i++) {
		CHECK(pool[2][i] == (i >= 1024 && i < 1028 ? 'A' : 0));
		CHECK(pool[4][i] == (i >= 3072 && i < 3074 ? 'B' : 0));
		CHECK(pool[1][i] == 0xcc && pool[3][i] == 0xcc);
	}
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	run("rm -f /tmp/files-limits.hole");
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_holes(void)
{
	return holes(false);
}

static const char *test_holes_without_boot_block(void)
{
	return holes(true);
}

static const char *test_big_sparse_file(void)
{
	const uint64_t far = (1ull << 43) - 65536;
	uint64_t ino, size;

	make("-t ext4 -b 4096", "16M");
	CHECK(create(DISK, ROOT, "sparse", MODE_REGULAR | 0644, &ino) == 0);
	memset(data, 'z', 4096);
	CHECK(write_bytes(DISK, ino, far, data, 10) == 0);
	CHECK(write_bytes(DISK, ino, far / 2, data, 4096) == 0);
	CHECK(read_bytes(DISK, ino, far, data + 4096, 10) == 0);
	CHECK(memcmp(data + 4096, data, 10) == 0);
	CHECK(get_size(DISK, ino, &size) == 0 && size == far + 10);
	CHECK(attributes()->blocks == 16);
	CHECK(request(FILES_SET_SIZE, 3, DISK, ino, 1ull << 60) == -STATUS_FBIG);
	CHECK(request(FILES_ALLOCATE, 4, DISK, ino, 1ull << 40, (uint64_t)1) == -STATUS_FBIG);
	CHECK(request(FILES_ALLOCATE, 4, DISK, ino, (uint64_t)0, 1ull << 30) == -STATUS_NOSPC);
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(disk_check() == 0);
	CHECK(request(FILES_SET_SIZE, 3, DISK, ino, (uint64_t)5) == 0);
	CHECK(request(FILES_GETATTR, 2, DISK, ino) == 0 && attributes()->blocks == 0);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

/* Space that was allocated but never used is given back by a sync. */
static const char *test_allocated_beyond_end(void)
{
	uint64_t ino;

	make("-t ext4 -b 1024", "8M");
	CHECK(create(DISK, ROOT, "f", MODE_REGULAR | 0644, &ino) == 0);
	CHECK(request(FILES_ALLOCATE, 4, DISK, ino, (uint64_t)0, (uint64_t)50) == 0);
	CHECK(request(FILES_SET_SIZE, 3, DISK, ino, (uint64_t)1500) == 0);
	CHECK(request(FILES_WRITE_PAGES, 5, DISK, ino, (uint64_t)0, (uint64_t)1, (uint64_t)0) == 0);
	CHECK(request(FILES_SYNC, 1, DISK) == 0);
	CHECK(disk_check() == 0);
	CHECK(request(FILES_GETATTR, 2, DISK, ino) == 0 && attributes()->blocks == 4);
	/* A page whose place was given back gets a new one when it is written after all. */
	CHECK(request(FILES_SET_SIZE, 3, DISK, ino, (uint64_t)9000) == 0);
	memset(pool[5], 'q', PAGE_BYTES);
	CHECK(request(FILES_WRITE_PAGES, 5, DISK, ino, (uint64_t)1, (uint64_t)1, (uint64_t)5) == 0);
	CHECK(read_bytes(DISK, ino, 4096, data, 4096) == 0);
	CHECK(data[0] == 'q' && data[4095] == 'q');
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_unwritten_extents(void)
{
	uint64_t ino;

	make("-t ext4 -b 4096", "8M");
	run("seq 1 6000 >/tmp/files-limits.u");
	CHECK(debugfs("write /tmp/files-limits.u u\\nfallocate u 0 40\\nsif u size 100000\\n") ==
	      0);
	run("rm -f /tmp/files-limits.u");
	CHECK(lookup(DISK, ROOT, "u", &ino) == 0);
	CHECK(request(FILES_READ_PAGES, 5, DISK, ino, (uint64_t)20, (uint64_t)1, (uint64_t)0) == 0);
	CHECK(answer[1] == 1);
	memset(data, 'w', 5000);
	CHECK(write_bytes(DISK, ino, 50000, data, 5000) == 0);
	CHECK(read_bytes(DISK, ino, 49152, data + 8192, 8192) == 0);
	for (unsigned i = 0; i < 8192; i++) {
		CHECK(data[8192 + i] == (i >= 848 && i < 5848 ? 'w' : 0));
	}
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

/* A file in one piece is read in one request to the disk. */
static const char *test_reads_coalesce(void)
{
	uint64_t ino, reads;

	make("-t ext4 -b 1024", "16M");
	CHECK(create(DISK, ROOT, "f", MODE_REGULAR | 0644, &ino) == 0);
	CHECK(write_bytes(DISK, ino, 0, data, 16 * PAGE_BYTES) == 0);
	CHECK(request(FILES_READ_PAGES, 5, DISK, ino, (uint64_t)0, (uint64_t)1, (uint64_t)0) == 0);
	reads = disk.reads;
	CHECK(request(FILES_READ_PAGES, 20, DISK, ino, (uint64_t)0, (uint64_t)16, (uint64_t)9,
		      (uint64_t)8, (uint64_t)7, (uint64_t)6, (uint64_t)10, (uint64_t)11,
		      (uint64_t)12, (uint64_t)13, (uint64_t)20, (uint64_t)22, (uint64_t)24,
		      (uint64_t)26, (uint64_t)28, (uint64_t)30, (uint64_t)32, (uint64_t)34) == 0);
	CHECK(disk.reads == reads + 1);
	CHECK(memcmp(pool[9], data, PAGE_BYTES) == 0);
	CHECK(memcmp(pool[34], data + 15 * PAGE_BYTES, PAGE_BYTES) == 0);
	return NULL;
}

static const char *test_bad_requests(void)
{
	uint64_t ino, file;
	char name[300];

	make("-t ext4 -b 4096", "8M");
	memset(name, 'x', sizeof(name));
	name[256] = 0;
	CHECK(create(DISK, ROOT, "file", MODE_REGULAR | 0644, &file) == 0);
	CHECK(create(DISK, ROOT, name, MODE_REGULAR, &ino) == -STATUS_NAMETOOLONG);
	name[255] = 0;
	CHECK(create(DISK, ROOT, name, MODE_REGULAR, &ino) == 0);
	CHECK(create(DISK, ROOT, "a/b", MODE_REGULAR, &ino) == -STATUS_INVAL);
	CHECK(create(DISK, ROOT, "", MODE_REGULAR, &ino) == -STATUS_NOENT);
	CHECK(create(DISK, ROOT, ".", MODE_DIRECTORY, &ino) == -STATUS_EXIST);
	CHECK(create(DISK, ROOT, "m", 0, &ino) == -STATUS_INVAL);
	CHECK(create(DISK, ROOT, "m", MODE_LINK, &ino) == -STATUS_INVAL);
	CHECK(create(DISK, file, "m", MODE_REGULAR, &ino) == -STATUS_NOTDIR);
	CHECK(lookup(DISK, file, "m", &ino) == -STATUS_NOTDIR);
	CHECK(unlink_name(DISK, ROOT, ".", true) == -STATUS_INVAL);
	CHECK(unlink_name(DISK, ROOT, "..", true) == -STATUS_NOTEMPTY);
	CHECK(unlink_name(DISK, ROOT, "lost+found", false) == -STATUS_ISDIR);
	CHECK(request(FILES_READLINK, 2, DISK, file) == -STATUS_INVAL);
	CHECK(request(FILES_SET_SIZE, 3, DISK, ROOT, (uint64_t)0) == -STATUS_ISDIR);
	/* Inodes that are not for clients: none, the journal, free, out of range. */
	static const uint64_t inodes[] = {0, 1, 7, 8, 10, 500, 1ull << 32, UINT64_MAX};
	for (unsigned i = 0; i < sizeof(inodes) / sizeof(inodes[0]); i++) {
		CHECK(request(FILES_GETATTR, 2, DISK, inodes[i]) == -STATUS_STALE);
		CHECK(request(FILES_OPEN, 2, DISK, inodes[i]) == -STATUS_STALE);
		CHECK(request(FILES_SET_SIZE, 3, DISK, inodes[i], (uint64_t)0) == -STATUS_STALE);
		CHECK(lookup(DISK, inodes[i], "file", &ino) == -STATUS_STALE);
		CHECK(request(FILES_READDIR, 3, DISK, inodes[i], (uint64_t)0) == -STATUS_STALE);
	}
	CHECK(request(FILES_READ_PAGES, 5, DISK, file, (uint64_t)0, (uint64_t)65, (uint64_t)0) ==
	      -STATUS_INVAL);
	CHECK(request(FILES_READ_PAGES, 5, DISK, file, (uint64_t)0, (uint64_t)2, (uint64_t)0) ==
	      -STATUS_INVAL);
	CHECK(request(FILES_READ_PAGES, 5, DISK, file, (uint64_t)0, (uint64_t)1,
		      (uint64_t)POOL_PAGES) == -STATUS_INVAL);
	CHECK(request(FILES_READ_PAGES, 5, DISK, file, UINT64_MAX, (uint64_t)1, (uint64_t)0) ==
	      -STATUS_INVAL);
	CHECK(request(FILES_WRITE_PAGES, 5, DISK, file, 1ull << 45, (uint64_t)1, (uint64_t)0) ==
	      -STATUS_FBIG);
	CHECK(request(FILES_WRITE_PAGES, 4, DISK, file, 1ull << 45, (uint64_t)0) == -STATUS_FBIG);
	CHECK(request(FILES_WRITE_PAGES, 4, DISK, file, (uint64_t)3, (uint64_t)0) == 0);
	CHECK(request(FILES_READDIR, 3, DISK, ROOT, UINT64_MAX) == 0);
	CHECK(request(FILES_LOOKUP, 2, DISK, ROOT) == -STATUS_INVAL);
	CHECK(request(FILES_GETATTR, 2, (uint64_t)15, ROOT) == -STATUS_NODEV);
	CHECK(request(FILES_GETATTR, 2, UINT64_MAX, ROOT) == -STATUS_NODEV);
	CHECK(request(0, 0) == -STATUS_NOSYS);
	CHECK(request(18, 4, DISK, DISK, DISK, DISK) == -STATUS_NOSYS);
	CHECK(request(UINT32_MAX, 0) == -STATUS_NOSYS);
	CHECK(request(FILES_POWER_OFF, 0) == 0);
	return disk_check() == 0 ? NULL : "e2fsck";
}

static const char *test_tmpfs_limit(void)
{
	uint64_t fs, root, ino, other;

	CHECK(request(FILES_NEW_TMPFS, 1, (uint64_t)100) == 0);
	fs = answer[1];
	CHECK(request(FILES_ROOT, 1, fs) == 0);
	root = answer[1];
	CHECK(create(fs, root, "a", MODE_REGULAR, &ino) == 0);
	CHECK(create(fs, root, "b", MODE_REGULAR, &other) == 0);
	CHECK(request(FILES_ALLOCATE, 4, fs, ino, (uint64_t)10, (uint64_t)60) == 0);
	CHECK(request(FILES_ALLOCATE, 4, fs, ino, (uint64_t)0, (uint64_t)40) == 0);
	CHECK(request(FILES_ALLOCATE, 4, fs, ino, (uint64_t)5, (uint64_t)60) == 0);
	CHECK(request(FILES_ALLOCATE, 4, fs, other, (uint64_t)1000, (uint64_t)31) == -STATUS_NOSPC);
	CHECK(request(FILES_ALLOCATE, 4, fs, other, (uint64_t)1000, (uint64_t)30) == 0);
	CHECK(request(FILES_ALLOCATE, 4, fs, other, (uint64_t)0, UINT64_MAX) == -STATUS_FBIG);
	CHECK(request(FILES_STATFS, 1, fs) == 0 && answer[4] == 0);
	CHECK(request(FILES_SET_SIZE, 3, fs, ino, (uint64_t)(70 * PAGE_BYTES)) == 0);
	CHECK(request(FILES_SET_SIZE, 3, fs, ino, (uint64_t)(20 * PAGE_BYTES + 1)) == 0);
	CHECK(request(FILES_GETATTR, 2, fs, ino) == 0 && attributes()->blocks == 21 * 8);
	CHECK(request(FILES_STATFS, 1, fs) == 0 && answer[4] == 49);
	CHECK(request(FILES_READ_PAGES, 6, fs, ino, (uint64_t)0, (uint64_t)2, (uint64_t)0,
		      (uint64_t)1) == 0 &&
	      answer[1] == 3);
	CHECK(request(FILES_OPEN, 2, fs, ino) == 0);
	CHECK(unlink_name(fs, root, "a", false) == 0);
	CHECK(request(FILES_STATFS, 1, fs) == 0 && answer[4] == 49);
	CHECK(request(FILES_CLOSE, 2, fs, ino) == 0);
	CHECK(request(FILES_STATFS, 1, fs) == 0 && answer[4] == 70);
	return NULL;
}

int main(void)
{
	static const struct {
		const char *name;
		const char *(*function)(void);
	} tests[] = {
		{"files-full-disk-4k", test_full_4k},
		{"files-full-disk-1k", test_full_1k},
		{"files-full-disk-ext2", test_full_ext2},
		{"files-no-inodes", test_no_inodes},
		{"files-indexed-directory-4k", test_indexed_4k},
		{"files-indexed-directory-1k", test_indexed_1k},
		{"files-indexed-directory-no-csum", test_indexed_no_csum},
		{"files-large-directory", test_large_directory},
		{"files-orphans", test_orphans},
		{"files-needs-recovery", test_needs_recovery},
		{"files-unknown-features", test_unknown_features},
		{"files-clean-mark", test_clean_mark},
		{"files-holes-in-pages", test_holes},
		{"files-holes-without-boot-block", test_holes_without_boot_block},
		{"files-big-sparse-file", test_big_sparse_file},
		{"files-allocated-beyond-end", test_allocated_beyond_end},
		{"files-unwritten-extents", test_unwritten_extents},
		{"files-reads-coalesce", test_reads_coalesce},
		{"files-bad-requests", test_bad_requests},
		{"files-tmpfs-limit", test_tmpfs_limit},
	};

	log_to_stdout = getenv("LOG") != NULL;
	random_seed(5);
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		test_result(tests[i].name, tests[i].function());
	}
	run("rm -f %s", IMAGE);
	return test_end();
}
