/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must not bring the file server down: corrupt images, a disk that
 * fails, memory that is out. Each case runs in a process of its own, with the
 * sanitizers on and a time limit; it may end in errors, but it has to end, and
 * the server has to answer afterwards.
 *
 * Corrupt images: words of metadata are changed (bits flipped, or set to
 * values that are likely to hurt), in images with and without checksums. With
 * them libext2fs finds most of it; without them it is the file server.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/files/harness.h"

#define CASE_SECONDS 40
#define NODES_MAX 3000 /* visited in a walk: a corrupt tree may be endless */

static uint64_t visited;

/* ---- memory limits: malloc of the server and of libext2fs comes through here ---- */

static size_t memory_limit = SIZE_MAX, memory_used;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);

/* Each block has its size in front. */
void *__wrap_malloc(size_t size)
{
	size_t *block;

	if (size > memory_limit || memory_used > memory_limit - size) {
		errno = ENOMEM;
		return NULL;
	}
	block = __real_malloc(size + 16);
	if (!block) {
		return NULL;
	}
	*block = size;
	memory_used += size;
	return block + 2;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *memory;

	if (size && count > SIZE_MAX / size) {
		return NULL;
	}
	memory = __wrap_malloc(count * size);
	return memory ? memset(memory, 0, count * size) : NULL;
}

void __wrap_free(void *memory)
{
	size_t *block = memory;

	if (block) {
		memory_used -= block[-2];
		__real_free(block - 2);
	}
}

void *__wrap_realloc(void *old, size_t size)
{
	size_t *block = old;
	void *memory = __wrap_malloc(size);

	if (memory && old) {
		memcpy(memory, old, block[-2] < size ? block[-2] : size);
		__wrap_free(old);
	}
	return memory;
}

/* ---- a workload that touches everything it can find ---- */

static void read_file(uint64_t ino, uint64_t size)
{
	uint64_t frames[FILES_PAGES];

	for (unsigned i = 0; i < FILES_PAGES; i++) {
		frames[i] = i;
	}
	for (uint64_t page = 0; page <= size / PAGE_BYTES && page < 256; page += 4) {
		request(FILES_READ_PAGES, 8, (uint64_t)1, ino, page, (uint64_t)4, frames[0],
			frames[1], frames[2], frames[3]);
	}
	/* Far away, too. */
	request(FILES_READ_PAGES, 5, (uint64_t)1, ino, size / PAGE_BYTES, (uint64_t)1, frames[9]);
	request(FILES_READ_PAGES, 5, (uint64_t)1, ino, (uint64_t)1 << 31, (uint64_t)1, frames[9]);
}

static void walk(uint64_t directory, unsigned depth);

static void visit(uint64_t directory, const struct files_record *record, unsigned depth)
{
	char name[256] = {0};
	uint64_t ino;

	memcpy(name, record->name, record->name_length);
	if (++visited > NODES_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return;
	}
	if (lookup(1, directory, name, &ino) != 0) {
		return;
	}
	switch (attributes()->mode & MODE_TYPE) {
	case MODE_DIRECTORY:
		if (depth < 12) {
			walk(ino, depth + 1);
		}
		break;
	case MODE_LINK:
		request(FILES_READLINK, 2, (uint64_t)1, ino);
		break;
	case MODE_REGULAR:
		request(FILES_OPEN, 2, (uint64_t)1, ino);
		read_file(ino, attributes()->size);
		request(FILES_CLOSE, 2, (uint64_t)1, ino);
		break;
	}
}

static void walk(uint64_t directory, unsigned depth)
{
	uint64_t cookie = 0;
	char *records = malloc(FILES_XFER_SIZE - FILES_XFER_RECORDS);

	for (unsigned i = 0; records && i < 20; i++) {
		int64_t count = request(FILES_READDIR, 3, (uint64_t)1, directory, cookie);
		const char *at = records;

		if (count <= 0) {
			break;
		}
		memcpy(records, context.xfer + FILES_XFER_RECORDS,
		       FILES_XFER_SIZE - FILES_XFER_RECORDS);
		for (int64_t k = 0; k < count; k++) {
			const struct files_record *record =
				(const struct files_record *)(const void *)at;

			cookie = record->cookie;
			visit(directory, record, depth);
			at += (sizeof(*record) + record->name_length + 7u) & ~7u;
		}
	}
	free(records);
}

static const char *const places[] = {"small", "links", "deep/a/b", "many", "."};

static void change_things(void)
{
	static unsigned char data[40000];

	for (unsigned i = 0; i < 5; i++) {
		uint64_t directory = 2, ino;
		char path[32], *part;

		strcpy(path, places[i]);
		for (part = strtok(path, "/"); part; part = strtok(NULL, "/")) {
			if (lookup(1, directory, part, &ino) == 0) {
				directory = ino;
			}
		}
		for (unsigned k = 0; k < 12; k++) {
			char name[80];

			memset(name, 'a' + (int)k, 60);
			snprintf(name + (k % 3) * 20, 20, "new%u", k);
			create(1, directory, name,
			       (k % 4 == 3 ? MODE_DIRECTORY : MODE_REGULAR) | 0755, &ino);
			if (ino && k % 4 != 3) {
				write_bytes(1, ino, k * 9000, data, 5000 + k * 3000);
			}
			put_name(name);
			put_name2("renamed");
			if (k % 5 == 4) {
				request(FILES_RENAME, 6, (uint64_t)1, directory,
					(uint64_t)strlen(name), (uint64_t)2, (uint64_t)7,
					(uint64_t)0);
			} else if (k % 5 == 3) {
				unlink_name(1, directory, name, k % 4 == 3);
			}
		}
	}
}

/* Grow, shrink and remove what was there before. */
static void harm_things(void)
{
	static const char *const files[] = {"fragments", "big", "sparse"};
	static unsigned char data[3000];
	uint64_t directory, ino;

	for (unsigned i = 0; i < 3; i++) {
		if (lookup(1, 2, files[i], &ino) != 0) {
			continue;
		}
		request(FILES_OPEN, 2, (uint64_t)1, ino);
		write_bytes(1, ino, 123456, data, sizeof(data));
		request(FILES_ALLOCATE, 4, (uint64_t)1, ino, (uint64_t)40, (uint64_t)30);
		request(FILES_SET_SIZE, 3, (uint64_t)1, ino, (uint64_t)70001);
		request(FILES_SYNC, 1, (uint64_t)1);
		unlink_name(1, 2, files[i], false);
		request(FILES_CLOSE, 2, (uint64_t)1, ino);
	}
	if (lookup(1, 2, "many", &directory) == 0) {
		for (unsigned i = 0; i < 150; i++) {
			char name[40];

			snprintf(name, sizeof(name), "entry-with-a-long-name-%u", i * 2);
			unlink_name(1, directory, name, false);
		}
	}
	if (lookup(1, 2, "deep", &directory) == 0) {
		put_name("deep");
		put_name2("moved");
		request(FILES_RENAME, 6, (uint64_t)1, (uint64_t)2, (uint64_t)4, directory,
			(uint64_t)5, (uint64_t)0);
		request(FILES_RENAME, 6, (uint64_t)1, (uint64_t)2, (uint64_t)4, (uint64_t)2,
			(uint64_t)5, (uint64_t)0);
	}
}

static void workload(void)
{
	visited = 0;
	request(FILES_ROOT, 1, (uint64_t)1);
	request(FILES_STATFS, 1, (uint64_t)1);
	walk(2, 0);
	change_things();
	harm_things();
	visited = 0;
	walk(2, 0);
	request(FILES_SYNC, 1, (uint64_t)0);
	request(FILES_POWER_OFF, 0);
	request(FILES_STATFS, 1, (uint64_t)1);
}

/* ---- images ---- */

static const struct {
	const char *name, *options;
} kinds[] = {
	{"csum-4k", "-t ext4 -b 4096"},
	{"plain-4k", "-t ext4 -b 4096 -O ^metadata_csum,^uninit_bg"},
	{"plain-1k", "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg,^64bit"},
	{"ext2-1k", "-t ext2 -b 1024"},
};

#define KINDS 4

static void make_images(void)
{
	run("rm -rf /tmp/files-robust; mkdir -p /tmp/files-robust/root/deep/a/b/c "
	    "/tmp/files-robust/root/small /tmp/files-robust/root/many "
	    "/tmp/files-robust/root/links; cd /tmp/files-robust/root; "
	    "for i in $(seq 1 300); do : >many/entry-with-a-long-name-$i; done; "
	    "for i in 1 2 3 4 5; do echo $i >small/$i; ln -s ../small/$i links/$i; "
	    "ln -s $(printf %%0200d $i) links/long$i; done; echo x >deep/a/b/c/x; "
	    "seq 1 40000 >big; truncate -s 8M sparse; "
	    "for i in $(seq 0 160); do echo $i | dd of=fragments bs=8192 seek=$i "
	    "conv=notrunc status=none; done");
	for (unsigned i = 0; i < KINDS; i++) {
		run("PATH=$PATH:/sbin:/usr/sbin; cd /tmp/files-robust; "
		    "mke2fs -q -F %s -N 1024 -d root %s.img 6M >/dev/null 2>&1; "
		    "e2fsck -fyD %s.img >/dev/null 2>&1",
		    kinds[i].options, kinds[i].name, kinds[i].name);
	}
}

/* Pick a place that holds metadata: a word that is not zero, mostly outside of file data. */
static uint64_t pick_word(void)
{
	for (;;) {
		uint64_t at;

		switch (random_below(4)) {
		case 0: /* superblock */
			at = 1024 + random_below(256) * 4;
			break;
		case 1: /* group descriptors, bitmaps, start of the inode table */
			at = 2048 + random_below(150 * 1024 / 4) * 4;
			break;
		default:
			at = random_below((uint32_t)disk.bytes / 4) * 4;
		}
		if (*(uint32_t *)(void *)(disk.data + at) != 0) {
			return at;
		}
	}
}

static void damage(void)
{
	static const uint32_t values[] = {0,	      1,      2,       0xffffffff, 0x7fffffff,
					  0x80000000, 0xffff, 0x10000, 0xf30a,	   0x0005f30a,
					  0x0004ffff, 8,      12,      1024,	   4096};
	unsigned count = 1 + random_below(6);

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = pick_word();
		uint32_t *word = (uint32_t *)(void *)(disk.data + at);
		uint16_t *half = (uint16_t *)(void *)word + random_below(2);

		switch (random_below(4)) {
		case 0:
		case 1:
			*word ^= 1u << random_below(32);
			break;
		case 2:
			*word = values[random_below(sizeof(values) / 4)];
			break;
		case 3:
			*half = (uint16_t)values[random_below(sizeof(values) / 4)];
			break;
		}
	}
}

/* ---- running the cases ---- */

static void corrupt_case(unsigned kind, uint64_t seed)
{
	char image[80];

	snprintf(image, sizeof(image), "/tmp/files-robust/%s.img", kinds[kind].name);
	server_start(image);
	random_seed(seed * 77 + kind);
	damage();
	server_restart();
	workload();
}

static void failing_disk_case(unsigned kind, uint64_t seed)
{
	char image[80];
	uint64_t ino;

	snprintf(image, sizeof(image), "/tmp/files-robust/%s.img", kinds[kind].name);
	server_start(image);
	random_seed(seed);
	disk.fail_after = (long)(seed * seed / 3 + seed);
	workload();
	/* The disk is well again: the server works, if it ever got to mount. */
	disk.fail_after = -1;
	if (lookup(1, 2, "small", &ino) != 0 && seed > 20) {
		fprintf(stderr, "not alive after disk errors\n");
		_exit(3);
	}
}

static void memory_case(unsigned kind, uint64_t seed)
{
	char image[80];

	snprintf(image, sizeof(image), "/tmp/files-robust/%s.img", kinds[kind].name);
	server_start(image);
	random_seed(seed);
	memory_limit = memory_used + seed * 6000;
	workload();
	memory_limit = SIZE_MAX;
	server_restart();
	workload();
}

static void run_cases(const char *what, void (*function)(unsigned kind, uint64_t seed),
		      unsigned count)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		unsigned bad = 0;
		char name[64], failure[128];

		for (unsigned i = 0; i < count; i++) {
			int status;
			pid_t child;

			fflush(NULL);
			child = fork();
			if (child == 0) {
				alarm(CASE_SECONDS);
				function(kind, i + 1);
				_exit(0);
			}
			waitpid(child, &status, 0);
			if (status != 0) {
				fprintf(stderr, "%s %s %u: status %#x\n", what, kinds[kind].name,
					i + 1, status);
				bad++;
			}
		}
		snprintf(name, sizeof(name), "files-%s-%s", what, kinds[kind].name);
		snprintf(failure, sizeof(failure), "%u of %u cases", bad, count);
		test_result(name, bad ? failure : NULL);
	}
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 80;

	log_to_stdout = getenv("LOG") != NULL;
	make_images();
	if (argc > 3) { /* one case: corrupt|disk|memory is argv[1] as 0|1|2, kind, seed */
		void (*const functions[])(unsigned, uint64_t) = {corrupt_case, failing_disk_case,
								 memory_case};

		functions[count % 3]((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0));
		return 0;
	}
	run_cases("corrupt", corrupt_case, count);
	run_cases("failing-disk", failing_disk_case, count / 2);
	run_cases("memory", memory_case, count / 2);
	run("rm -rf /tmp/files-robust");
	return test_end();
}
