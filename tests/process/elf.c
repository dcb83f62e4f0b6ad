/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files: sound ones are read, and of thousands made unsound field by
 * field and byte by byte none gets past the checks with a segment outside its
 * bounds.
 */
#include "servers/process/elf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "servers/protocol/pager.h"
#include "servers/protocol/status.h"

#define FIRST 0x10000ull
#define END 0x3e00000000ull
#define FILE_SIZE 0x5000u
#define SEGMENTS 4

static unsigned passed, failed;

static void result(bool ok, const char *name, const char *reason)
{
	if (ok) {
		passed++;
		printf("PASS %s\n", name);
	} else {
		failed++;
		printf("FAIL %s %s\n", name, reason);
	}
}

static void put(uint8_t *p, unsigned n, uint64_t v)
{
	for (; n > 0; n--, v >>= 8) {
		*p++ = (uint8_t)v;
	}
}

static void phdr(uint8_t *p, uint32_t type, uint32_t flags, uint64_t offset, uint64_t address,
		 uint64_t file_size, uint64_t memory_size)
{
	put(p, 4, type);
	put(p + 4, 4, flags);
	put(p + 8, 8, offset);
	put(p + 16, 8, address);
	put(p + 24, 8, address);
	put(p + 32, 8, file_size);
	put(p + 40, 8, memory_size);
	put(p + 48, 8, 4096);
}

/* A sound program: headers, text, data with bss, interpreter. */
static void sound(uint8_t file[FILE_SIZE], bool dynamic)
{
	uint64_t base = dynamic ? 0 : 0x10000;

	memset(file, 0, FILE_SIZE);
	memcpy(file, "\177ELF\2\1\1", 7);
	put(file + 16, 2, dynamic ? 3 : 2);
	put(file + 18, 2, 243);
	put(file + 20, 4, 1);
	put(file + 24, 8, base + 0x1200);
	put(file + 32, 8, 64);
	put(file + 52, 2, 64);
	put(file + 54, 2, 56);
	put(file + 56, 2, SEGMENTS);
	phdr(file + 64, 6, 4, 64, base + 64, 224, 224);
	phdr(file + 64 + 56, 3, 4, 0x300, base + 0x300, 27, 27);
	phdr(file + 64 + 112, 1, 5, 0, base, 0x2345, 0x2345);
	phdr(file + 64 + 168, 1, 6, 0x2800, base + 0x3800, 0x1000, 0x4321);
	memcpy(file + 0x300, "/lib/ld-linux-riscv64-lp64", 27);
}

static int64_t parse(const uint8_t *file, size_t size, struct elf_image *image)
{
	int64_t status = elf_read_header(file, size < 256 ? size : 256, size, image);

	if (status < 0) {
		return status;
	}
	return elf_read_segments(file + image->phdr_offset, size, FIRST, END, image);
}

/* What must hold of everything that passes. */
static bool is_safe(const struct elf_image *image, size_t size)
{
	uint64_t lowest = image->is_dynamic ? 0 : FIRST,
		 highest = image->is_dynamic ? END - FIRST : END;

	if (image->segment_count == 0 || image->segment_count > ELF_SEGMENTS_MAX ||
	    image->low % 4096 != 0 || image->high % 4096 != 0 || image->low >= image->high ||
	    image->low < lowest || image->high > highest || image->entry < image->low ||
	    image->entry >= image->high) {
		return false;
	}
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];

		if (s->file_size > s->memory_size || s->offset > size ||
		    s->file_size > size - s->offset || s->address < image->low ||
		    s->address + s->memory_size > image->high ||
		    s->address + s->memory_size < s->address ||
		    (s->address - s->offset) % 4096 != 0 || s->memory_size == 0) {
			return false;
		}
	}
	return image->interpreter_size == 0 ||
	       (image->interpreter_offset <= size &&
		image->interpreter_size <= size - image->interpreter_offset &&
		image->interpreter_size <= ELF_INTERPRETER_MAX);
}

static void sound_files(void)
{
	static uint8_t file[FILE_SIZE];
	struct elf_image image;

	for (int dynamic = 0; dynamic < 2; dynamic++) {
		uint64_t base = dynamic ? 0 : 0x10000;

		sound(file, dynamic);
		result(parse(file, FILE_SIZE, &image) == 0 && is_safe(&image, FILE_SIZE) &&
			       image.segment_count == 2 && image.entry == base + 0x1200 &&
			       image.low == base && image.high == base + 0x8000 &&
			       image.phdr_address == base + 64 && image.interpreter_size == 27 &&
			       image.interpreter_offset == 0x300 &&
			       image.segments[0].protection == (PAGER_READ | PAGER_EXECUTE) &&
			       image.segments[1].protection == (PAGER_READ | PAGER_WRITE),
		       dynamic ? "elf.sound-dynamic" : "elf.sound-fixed", "fields");
	}
}

static bool is_error(int64_t status)
{
	return status == -STATUS_NOEXEC || status == -STATUS_NOMEM;
}

static const struct {
	const char *name;
	unsigned offset, size;
	bool must_fail; /* with every value of the list */
} fields[] = {
	{"magic", 0, 4, true},
	{"class", 4, 1, true},
	{"order", 5, 1, true},
	{"version", 6, 1, true},
	{"type", 16, 2, true},
	{"machine", 18, 2, true},
	{"entry", 24, 8, false},
	{"phoff", 32, 8, true},
	{"phentsize", 54, 2, true},
	{"phnum", 56, 2, false},
	{"interp-offset", 128, 8, false},
	{"interp-filesz", 152, 8, false},
	{"text-type", 176, 4, false},
	{"text-offset", 184, 8, false},
	{"text-vaddr", 192, 8, false},
	{"text-filesz", 208, 8, false},
	{"text-memsz", 216, 8, false},
	{"data-offset", 240, 8, false},
	{"data-vaddr", 248, 8, false},
	{"data-filesz", 264, 8, false},
	{"data-memsz", 272, 8, false},
};
static const uint64_t values[] = {
	0,
	5,
	0x7f,
	0x80,
	0xff,
	0x1001,
	0xffff,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x4fff,
	0x5001,
	0x100000000,
	0x3effffffff,
	0x3f00000000,
	1ull << 62,
	1ull << 63,
	(1ull << 63) - 4096,
	UINT64_MAX - 4095,
	UINT64_MAX,
};

/* Each field of each header replaced by each nasty value. */
static void bad_fields(void)
{
	static uint8_t file[FILE_SIZE];
	struct elf_image image;
	uint8_t before[8];
	char name[64];

	for (unsigned f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		bool ok = true, any = false;

		for (unsigned v = 0; v < 2 * sizeof(values) / sizeof(values[0]); v++) {
			int64_t status;

			sound(file, v % 2 == 1);
			memcpy(before, file + fields[f].offset, fields[f].size);
			put(file + fields[f].offset, fields[f].size, values[v / 2]);
			if (memcmp(before, file + fields[f].offset, fields[f].size) == 0) {
				continue;
			}
			status = parse(file, FILE_SIZE, &image);
			any = any || status == 0;
			ok = ok && (status == 0 ? is_safe(&image, FILE_SIZE) : is_error(status));
		}
		snprintf(name, sizeof(name), "elf.field-%s", fields[f].name);
		result(ok && !(any && fields[f].must_fail), name, "accepted");
	}
}

/* Cut off at every length: nothing that needs the missing part is accepted. */
static void truncated(void)
{
	static uint8_t file[FILE_SIZE];
	struct elf_image image;
	bool ok = true;

	sound(file, false);
	for (size_t size = 0; size < FILE_SIZE; size += size < 512 ? 1 : 97) {
		int64_t status = parse(file, size, &image);

		ok = ok && (size < 0x3800 ? status == -STATUS_NOEXEC
					  : status == 0 && is_safe(&image, size));
	}
	result(ok, "elf.truncated", "at some length");
}

/* Random bytes in the headers, 100,000 files. */
static void fuzzed(void)
{
	static uint8_t file[FILE_SIZE];
	uint64_t seed = 42;
	unsigned accepted = 0;
	bool ok = true;

	for (unsigned i = 0; i < 100000; i++) {
		struct elf_image image;
		int64_t status;

		sound(file, i % 2 == 1);
		for (unsigned n = 0; n < 1 + i % 6; n++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			file[(seed >> 33) % (64 + SEGMENTS * 56)] = (uint8_t)(seed >> 25);
		}
		status = parse(file, FILE_SIZE, &image);
		accepted += status == 0;
		ok = ok && (status == 0 ? is_safe(&image, FILE_SIZE) : is_error(status));
	}
	result(ok && accepted > 1000, "elf.fuzzed", "an unsafe file was accepted");
}

static void many_headers(void)
{
	static uint8_t file[0x10000];
	struct elf_image image;

	sound(file, false);
	put(file + 56, 2, ELF_PHDRS_MAX);
	for (unsigned i = 0; i < ELF_PHDRS_MAX; i++) {
		phdr(file + 64 + i * 56, 1, 4, 0, 0x10000 + i * 0x10000, 0x2000, 0x2000);
	}
	result(parse(file, sizeof(file), &image) == -STATUS_NOEXEC, "elf.too-many-segments",
	       "accepted");
	put(file + 56, 2, ELF_SEGMENTS_MAX);
	result(parse(file, sizeof(file), &image) == 0, "elf.most-segments", "refused");
}

int main(void)
{
	sound_files();
	bad_fields();
	truncated();
	many_headers();
	fuzzed();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
