/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers of the boot archive and of ELF files: good ones, truncated ones,
 * damaged ones. Each input lies in a block of its exact size, so that the
 * sanitizer sees any byte read beyond it.
 */
#include <string.h>

#include "kernel/abi/object.h"
#include "servers/root/archive.h"
#include "servers/root/elf.h"
#include "tests/system/check.h"

#define LOW 0x200000ull
#define HIGH 0x10000000ull

static char image[65536];
static size_t image_size;

/* ---- cpio --------------------------------------------------------------------- */

static void add_record(const char *name, const char *data, size_t size)
{
	char header[128];

	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1u, 0100755u, 0u,
		 0u, 1u, 0u, size, 0u, 0u, 0u, 0u, strlen(name) + 1, 0u);
	memcpy(image + image_size, header, 110);
	strcpy(image + image_size + 110, name);
	image_size = (image_size + 110 + strlen(name) + 1 + 3) & ~3ull;
	memcpy(image + image_size, data, size);
	image_size = (image_size + size + 3) & ~3ull;
}

static void make_archive(void)
{
	memset(image, 0, sizeof(image));
	image_size = 0;
	add_record("root", "the root task", 13);
	add_record("empty", "", 0);
	add_record("memory", "a server", 8);
	add_record("TRAILER!!!", "", 0);
}

/* Look for every name in a copy of `size` bytes; files found lie inside it. */
static void search_copy(size_t size)
{
	static const char *const names[] = {"root", "empty", "memory", "TRAILER!!!", "absent", ""};
	char *copy = malloc(size + (size == 0));

	memcpy(copy, image, size);
	for (unsigned i = 0; i < 6; i++) {
		struct archive_file file = {0};

		if (!archive_find(copy, size, names[i], &file))
			continue;
		EXPECT(file.data >= copy && file.size <= size &&
		       (size_t)(file.data - copy) <= size - file.size);
	}
	free(copy);
}

static void archive_good(void)
{
	struct archive_file file;

	make_archive();
	EXPECT(archive_find(image, image_size, "root", &file) && file.size == 13);
	EXPECT(memcmp(file.data, "the root task", 13) == 0);
	EXPECT(archive_find(image, image_size, "memory", &file) && file.size == 8);
	EXPECT(archive_find(image, image_size, "empty", &file) && file.size == 0);
	EXPECT(!archive_find(image, image_size, "mem", &file));
	EXPECT(!archive_find(image, image_size, "memory2", &file));
}

static void archive_truncated(void)
{
	make_archive();
	for (size_t size = 0; size <= image_size; size++)
		search_copy(size);
}

static void archive_damaged(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		make_archive();
		for (unsigned j = 0; j <= check_random() % 4; j++)
			image[check_random() % image_size] = (char)check_random();
		search_copy(image_size);
	}
	/* Digits that stay digits are the interesting damage. */
	for (unsigned i = 0; i < 20000; i++) {
		make_archive();
		image[6 + check_random() % 104] = "0123456789abcdefABCDEF"[check_random() % 22];
		search_copy(image_size);
	}
}

/* ---- ELF ---------------------------------------------------------------------- */

static void put(size_t at, uint64_t value, unsigned bytes)
{
	memcpy(image + at, &value, bytes);
}

static void add_segment(unsigned i, uint32_t flags, uint64_t offset, uint64_t address,
			uint64_t file_size, uint64_t memory_size)
{
	size_t at = 64 + 56 * i;

	put(at, 1, 4);
	put(at + 4, flags, 4);
	put(at + 8, offset, 8);
	put(at + 16, address, 8);
	put(at + 24, address, 8);
	put(at + 32, file_size, 8);
	put(at + 40, memory_size, 8);
	put(at + 48, 4096, 8);
}

static void make_elf(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF\2\1\1", 7);
	put(16, 2, 2);	 /* executable */
	put(18, 243, 2); /* RISC-V */
	put(24, LOW, 8); /* entry */
	put(32, 64, 8);	 /* segment table */
	put(54, 56, 2);	 /* bytes of an entry */
	put(56, 3, 2);	 /* entries */
	add_segment(0, 5, 0x1000, LOW, 0x1800, 0x1800);
	add_segment(1, 4, 0x3000, LOW + 0x2000, 0x100, 0x100);
	add_segment(2, 6, 0x4000, LOW + 0x3000, 0x80, 0x2000);
	image_size = 0x4080;
}

static const char *read_copy(size_t size, struct elf_program *program)
{
	char *copy = malloc(size + (size == 0));
	const char *problem;

	memcpy(copy, image, size);
	problem = elf_read(copy, size, LOW, HIGH, program);
	for (unsigned i = 0; problem == NULL && i < program->count; i++) {
		const struct elf_segment *s = &program->segments[i];

		EXPECT(s->address >= LOW && s->memory_size != 0 &&
		       s->memory_size <= HIGH - s->address);
		EXPECT(s->file_size <= s->memory_size && s->data >= copy);
		EXPECT(s->file_size <= size && (size_t)(s->data - copy) <= size - s->file_size);
		EXPECT((s->rights & (RIGHT_WRITE | RIGHT_EXECUTE)) !=
		       (RIGHT_WRITE | RIGHT_EXECUTE));
		if (i > 0)
			EXPECT((s[-1].address + s[-1].memory_size - 1) / 4096 < s->address / 4096);
	}
	free(copy);
	return problem;
}

static void elf_good(void)
{
	struct elf_program program;

	make_elf();
	EXPECT(read_copy(image_size, &program) == NULL);
	EXPECT(program.count == 3 && program.entry == LOW);
	EXPECT(program.segments[0].rights == (RIGHT_READ | RIGHT_EXECUTE));
	EXPECT(program.segments[1].rights == RIGHT_READ);
	EXPECT(program.segments[2].rights == (RIGHT_READ | RIGHT_WRITE));
	EXPECT(program.segments[2].memory_size == 0x2000 && program.segments[2].file_size == 0x80);
}

/* One field of a good file is wrong; the words of the complaint name it. */
static void elf_rules(void)
{
	static const struct {
		size_t at;
		uint64_t value;
		unsigned bytes;
		const char *complaint;
	} cases[] = {
		{0, 0x7e, 1, "little-endian"},
		{4, 1, 1, "64-bit"},
		{5, 2, 1, "little-endian"},
		{16, 3, 2, "static"},
		{18, 62, 2, "RISC-V"},
		{24, LOW + 0x2000, 8, "entry"},
		{24, LOW + 1, 8, "entry"},
		{24, LOW + 0x1800, 8, "entry"},
		{32, ~0ull, 8, "segment table"},
		{32, 0x4000, 8, "segment table"},
		{54, 55, 2, "segment table"},
		{56, 0xffff, 2, "segment table"},
		{64 + 4, 7, 4, "writable and executable"},
		{64 + 8, ~0ull, 8, "outside the file"},
		{64 + 16, 0, 8, "outside the addresses"},
		{64 + 16, HIGH, 8, "outside the addresses"},
		{64 + 16, ~0ull - 4095, 8, "outside the addresses"},
		{64 + 32, 0x1801, 8, "longer in the file"},
		{64 + 40, HIGH, 8, "outside the addresses"},
		{64 + 40, ~0ull, 8, "outside the addresses"},
		{64 + 40, 0x2001, 8, "share a page"},
		{64 + 56 + 16, LOW + 0x3000, 8, "share a page"},
		{64 + 56 + 32, 0x2000, 8, "longer in the file"},
		{64 + 112 + 8, 0x4001, 8, "outside the file"},
	};
	struct elf_program program;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *problem;

		make_elf();
		put(cases[i].at, cases[i].value, cases[i].bytes);
		problem = read_copy(image_size, &program);
		if (problem == NULL || strstr(problem, cases[i].complaint) == NULL)
			printf("case %u: %s\n", i, problem != NULL ? problem : "no complaint");
		EXPECT(problem != NULL && strstr(problem, cases[i].complaint) != NULL);
	}
}

static void elf_too_many_segments(void)
{
	struct elf_program program;

	make_elf();
	put(56, 10, 2);
	for (unsigned i = 0; i < 10; i++)
		add_segment(i, 5, 0x1000, LOW + 0x1000 * i, 16, 16);
	EXPECT(strstr(read_copy(image_size, &program), "too many") != NULL);
}

static void elf_truncated(void)
{
	struct elf_program program;

	make_elf();
	for (size_t size = 0; size < image_size; size += size < 512 ? 1 : 61)
		EXPECT(read_copy(size, &program) != NULL);
}

static void elf_damaged(void)
{
	struct elf_program program;

	for (unsigned i = 0; i < 50000; i++) {
		make_elf();
		for (unsigned j = 0; j <= check_random() % 3; j++) {
			size_t at = check_random() % (64 + 3 * 56);

			if (check_random() % 2)
				image[at] = (char)check_random();
			else
				image[at] ^= (char)(1 << check_random() % 8);
		}
		read_copy(image_size, &program);
	}
}

int main(void)
{
	RUN(archive_good);
	RUN(archive_truncated);
	RUN(archive_damaged);
	RUN(elf_good);
	RUN(elf_rules);
	RUN(elf_too_many_segments);
	RUN(elf_truncated);
	RUN(elf_damaged);
	return check_summary();
}
