/* SPDX-License-Identifier: BSD-2-Clause */
/* See harness.h. */
#include <stdarg.h>
#include <unistd.h>

#include "servers/lib/objects.h"
#include "tests/files/harness.h"

#define CACHE_BYTES (256 * 1024)

struct disk disk;
struct request_context context;
unsigned char pool[POOL_PAGES][PAGE_BYTES];
uint64_t answer[REQUEST_ANSWER];
int64_t test_clock = 1700000000000000000ll;
bool log_to_stdout;

static char xfer[FILES_XFER_SIZE];
static unsigned char *cache_memory;
static struct device device;
static uint64_t random_state = 1;
static unsigned passed, failed;

void log_print(const char *format, ...)
{
	va_list arguments;

	if (log_to_stdout) {
		va_start(arguments, format);
		vprintf(format, arguments);
		va_end(arguments);
	}
}

int64_t clock_now(void)
{
	return test_clock += 1000000;
}

int run(const char *format, ...)
{
	char command[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command);
}

static int64_t transfer(struct device *it, bool is_write, enum device_pool which, uint64_t sector,
			const uint64_t *segments, unsigned count)
{
	uint64_t pool_bytes = it->pool_pages[which] * PAGE_BYTES;
	unsigned char *memory = which == DEVICE_POOL_CACHE ? cache_memory : pool[0];
	uint64_t at = sector * BLOCK_SECTOR;

	if (count == 0 || count > BLOCK_SEGMENTS) {
		abort();
	}
	if (disk.fail_after >= 0 && disk.fail_after-- == 0) {
		disk.fail_after = 0;
		return -STATUS_IO;
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t offset = segments[i] >> 24;
		uint64_t bytes = segments[i] & 0xffffff;

		/* The driver would refuse these; the server must not even try. */
		if (bytes == 0 || bytes % 512 || offset % 512 || bytes > 8u << 20 ||
		    offset > pool_bytes || bytes > pool_bytes - offset || at > disk.bytes ||
		    bytes > disk.bytes - at || (is_write && it->read_only)) {
			fprintf(stderr, "bad transfer: sector %llu offset %llu bytes %llu\n",
				(unsigned long long)sector, (unsigned long long)offset,
				(unsigned long long)bytes);
			abort();
		}
		if (is_write) {
			memcpy(disk.data + at, memory + offset, bytes);
		} else {
			memcpy(memory + offset, disk.data + at, bytes);
		}
		at += bytes;
	}
	*(is_write ? &disk.writes : &disk.reads) += 1;
	*(is_write ? &disk.sectors_written : &disk.sectors_read) += at / 512 - sector;
	return 0;
}

static int64_t flush(struct device *it)
{
	(void)it;
	disk.flushes++;
	return 0;
}

/* As if all clients were gone. */
static void forget_open_files(void)
{
	for (uint64_t i = 1; i < REQUEST_FILE_SYSTEMS; i++) {
		const struct file_system fs = {.number = (uint32_t)i};

		for (uint64_t ino = 0; ino < 70000; ino++) {
			while (open_file_find(&fs, ino)) {
				open_file_remove(&fs, ino);
			}
		}
	}
}

void server_restart(void)
{
	if (context.file_systems[FILES_FS_DISK]) {
		ext4_drop(context.file_systems[FILES_FS_DISK]);
	}
	forget_open_files();
	free(cache_memory);
	cache_memory = malloc(CACHE_BYTES);
	device = (struct device){.transfer = transfer,
				 .flush = flush,
				 .sectors = disk.bytes / 512,
				 .read_only = device.read_only,
				 .pool_pages = {CACHE_BYTES / PAGE_BYTES, POOL_PAGES}};
	disk.fail_after = -1;
	context.xfer = xfer;
	context.file_systems[FILES_FS_DISK] = ext4_new(&device, (char *)cache_memory, CACHE_BYTES);
}

void server_start(const char *image)
{
	FILE *file = fopen(image, "rb");

	if (!file) {
		perror(image);
		exit(1);
	}
	fseek(file, 0, SEEK_END);
	free(disk.data);
	disk = (struct disk){.bytes = (uint64_t)ftell(file) & ~511ull};
	disk.data = malloc(disk.bytes);
	rewind(file);
	if (fread(disk.data, 1, disk.bytes, file) != disk.bytes) {
		exit(1);
	}
	fclose(file);
	server_restart();
}

void disk_save(const char *image)
{
	FILE *file = fopen(image, "wb");

	if (!file || fwrite(disk.data, 1, disk.bytes, file) != disk.bytes || fclose(file)) {
		perror(image);
		exit(1);
	}
}

int disk_check(void)
{
	char name[64];
	int status;

	snprintf(name, sizeof(name), "/tmp/files-test-%d.img", (int)getpid());
	disk_save(name);
	status = run("PATH=$PATH:/sbin:/usr/sbin; e2fsck -fn %s >%s.log 2>&1", name, name);
	if (status) {
		run("cat %s.log >&2", name);
		if (getenv("KEEP")) {
			run("cp %s /tmp/kept.img", name);
		}
	}
	run("rm -f %s %s.log", name, name);
	return status;
}

int64_t request(uint32_t label, unsigned count, ...)
{
	static struct request r;
	va_list arguments;

	memset(&r, 0, sizeof(r));
	r.label = label;
	r.count = count;
	va_start(arguments, count);
	for (unsigned i = 0; i < count; i++) {
		r.words[i] = va_arg(arguments, uint64_t);
	}
	va_end(arguments);
	request_serve(&context, &r);
	memcpy(answer, r.answer, sizeof(answer));
	return (int64_t)answer[0];
}

void put_name(const char *name)
{
	memcpy(xfer + FILES_XFER_NAME, name, strlen(name));
}

void put_name2(const char *name)
{
	memcpy(xfer + FILES_XFER_NAME2, name, strlen(name));
}

const struct file_attributes *attributes(void)
{
	return (const struct file_attributes *)(const void *)(xfer + FILES_XFER_ATTRIBUTES);
}

int64_t lookup(uint64_t fs, uint64_t directory, const char *name, uint64_t *ino)
{
	int64_t status;

	put_name(name);
	status = request(FILES_LOOKUP, 3, fs, directory, (uint64_t)strlen(name));
	*ino = status == 0 ? answer[1] : 0;
	return status;
}

int64_t create(uint64_t fs, uint64_t directory, const char *name, uint32_t mode, uint64_t *ino)
{
	int64_t status;

	put_name(name);
	status = request(FILES_CREATE, 7, fs, directory, (uint64_t)strlen(name), (uint64_t)mode,
			 (uint64_t)0, (uint64_t)0, (uint64_t)0);
	*ino = status == 0 ? answer[1] : 0;
	return status;
}

int64_t unlink_name(uint64_t fs, uint64_t directory, const char *name, bool is_directory)
{
	put_name(name);
	return request(FILES_UNLINK, 4, fs, directory, (uint64_t)strlen(name),
		       (uint64_t)is_directory);
}

int64_t get_size(uint64_t fs, uint64_t ino, uint64_t *size)
{
	int64_t status = request(FILES_GETATTR, 2, fs, ino);

	*size = status == 0 ? attributes()->size : 0;
	return status;
}

int64_t read_bytes(uint64_t fs, uint64_t ino, uint64_t offset, void *data, size_t bytes)
{
	unsigned char *to = data;

	while (bytes > 0) {
		uint64_t page = offset / PAGE_BYTES;
		size_t start = offset % PAGE_BYTES;
		size_t part = PAGE_BYTES - start < bytes ? PAGE_BYTES - start : bytes;
		uint64_t frame = random_below(POOL_PAGES);
		int64_t status;

		memset(pool[frame], 0xaa, PAGE_BYTES);
		status = request(FILES_READ_PAGES, 5, fs, ino, page, (uint64_t)1, frame);
		if (status != 0) {
			return status;
		}
		if (answer[1] & 1) {
			memset(pool[frame], 0, PAGE_BYTES);
		}
		memcpy(to, pool[frame] + start, part);
		to += part;
		offset += part;
		bytes -= part;
	}
	return 0;
}

int64_t write_bytes(uint64_t fs, uint64_t ino, uint64_t offset, const void *data, size_t bytes)
{
	const unsigned char *from = data;
	uint64_t size;
	int64_t status = get_size(fs, ino, &size);

	while (bytes > 0 && status == 0) {
		uint64_t page = offset / PAGE_BYTES;
		size_t start = offset % PAGE_BYTES;
		size_t part = PAGE_BYTES - start < bytes ? PAGE_BYTES - start : bytes;
		uint64_t frame = random_below(POOL_PAGES);

		status = request(FILES_READ_PAGES, 5, fs, ino, page, (uint64_t)1, frame);
		if (status != 0) {
			break;
		}
		if (answer[1] & 1) {
			memset(pool[frame], 0, PAGE_BYTES);
		} else if (size < (page + 1) * PAGE_BYTES) {
			memset(pool[frame] + (size > page * PAGE_BYTES ? size % PAGE_BYTES : 0), 0,
			       PAGE_BYTES - (size > page * PAGE_BYTES ? size % PAGE_BYTES : 0));
		}
		memcpy(pool[frame] + start, from, part);
		status = request(FILES_ALLOCATE, 4, fs, ino, page, (uint64_t)1);
		if (status == 0 && offset + part > size) {
			size = offset + part;
			status = request(FILES_SET_SIZE, 3, fs, ino, size);
		}
		if (status == 0) {
			status = request(FILES_WRITE_PAGES, 5, fs, ino, page, (uint64_t)1, frame);
		}
		from += part;
		offset += part;
		bytes -= part;
	}
	return status;
}

void random_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
}

uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % limit);
}

void test_result(const char *name, const char *failure)
{
	if (failure) {
		printf("FAIL %s %s\n", name, failure);
		failed++;
	} else {
		printf("PASS %s\n", name);
		passed++;
	}
	fflush(stdout);
}

int test_end(void)
{
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
