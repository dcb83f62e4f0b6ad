/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF program files. Fields are fetched byte by byte, so that alignment and
 * the host's types do not matter; sums are checked by subtraction.
 */
#include "servers/process/elf.h"

#include <stdbool.h>
#include <string.h>

#include "servers/protocol/pager.h"
#include "servers/protocol/status.h"

#define PAGE 4096ull
#define PAGE_MASK (PAGE - 1)
#define MACHINE_RISCV 243

enum elf_type { TYPE_EXEC = 2, TYPE_DYN = 3 };
enum segment_type { SEGMENT_LOAD = 1, SEGMENT_INTERP = 3 };
enum segment_flag { SEGMENT_X = 1, SEGMENT_W = 2, SEGMENT_R = 4 };

/* Little-endian number of n bytes. */
static uint64_t get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0) {
		v = v << 8 | p[n];
	}
	return v;
}

/* Is [offset, offset + length) inside a file of this size? */
static bool in_file(uint64_t offset, uint64_t length, uint64_t file_size)
{
	return offset <= file_size && length <= file_size - offset;
}

int64_t elf_read_header(const uint8_t *head, size_t size, uint64_t file_size,
			struct elf_image *image)
{
	/* magic, 64-bit, little-endian, version 1 */
	static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	uint64_t type;

	memset(image, 0, sizeof(*image));
	if (size < ELF_HEADER_SIZE || memcmp(head, ident, sizeof(ident)) != 0) {
		return -STATUS_NOEXEC;
	}
	type = get(head + 16, 2);
	image->entry = get(head + 24, 8);
	image->phdr_offset = get(head + 32, 8);
	image->phdr_count = (uint32_t)get(head + 56, 2);
	image->is_dynamic = type == TYPE_DYN;
	if ((type != TYPE_EXEC && type != TYPE_DYN) || get(head + 18, 2) != MACHINE_RISCV ||
	    get(head + 54, 2) != ELF_PHDR_SIZE || image->phdr_count == 0 ||
	    image->phdr_count > ELF_PHDRS_MAX ||
	    !in_file(image->phdr_offset, (uint64_t)image->phdr_count * ELF_PHDR_SIZE, file_size)) {
		return -STATUS_NOEXEC;
	}
	return 0;
}

/* Check one PT_LOAD and add it. */
static int64_t add_segment(const uint8_t *p, uint64_t file_size, uint64_t first, uint64_t end,
			   struct elf_image *image)
{
	struct elf_segment s = {
		.offset = get(p + 8, 8),
		.address = get(p + 16, 8),
		.file_size = get(p + 32, 8),
		.memory_size = get(p + 40, 8),
	};
	uint64_t flags = get(p + 4, 4), low, high;
	uint64_t base = image->is_dynamic ? 0 : first;

	if (s.memory_size == 0) {
		return 0;
	}
	if (s.file_size > s.memory_size || !in_file(s.offset, s.file_size, file_size) ||
	    ((s.address ^ s.offset) & PAGE_MASK) != 0 || image->segment_count == ELF_SEGMENTS_MAX) {
		return -STATUS_NOEXEC;
	}
	if (image->is_dynamic) {
		end -= first;
	}
	if (s.address < base || s.address >= end || s.memory_size > end - s.address) {
		return -STATUS_NOMEM;
	}
	s.protection = ((flags & SEGMENT_R) != 0 ? PAGER_READ : 0) |
		       ((flags & SEGMENT_W) != 0 ? PAGER_WRITE | PAGER_READ : 0) |
		       ((flags & SEGMENT_X) != 0 ? PAGER_EXECUTE : 0);
	low = s.address & ~PAGE_MASK;
	high = (s.address + s.memory_size + PAGE_MASK) & ~PAGE_MASK;
	if (image->segment_count == 0 || low < image->low) {
		image->low = low;
	}
	if (image->segment_count == 0 || high > image->high) {
		image->high = high;
	}
	if (image->phdr_offset >= s.offset && image->phdr_offset - s.offset < s.file_size) {
		image->phdr_address = s.address + (image->phdr_offset - s.offset);
	}
	image->segments[image->segment_count++] = s;
	return 0;
}

/* Fill in where the name of the interpreter is, if the file wants one. */
static int64_t find_interpreter(const uint8_t *phdrs, uint64_t file_size, struct elf_image *image)
{
	for (uint32_t i = 0; i < image->phdr_count; i++) {
		const uint8_t *p = phdrs + i * ELF_PHDR_SIZE;
		uint64_t offset = get(p + 8, 8), size = get(p + 32, 8);

		if (get(p, 4) != SEGMENT_INTERP) {
			continue;
		}
		if (size < 2 || size > ELF_INTERPRETER_MAX || !in_file(offset, size, file_size)) {
			return -STATUS_NOEXEC;
		}
		image->interpreter_offset = offset;
		image->interpreter_size = size;
		return 0;
	}
	return 0;
}

int64_t elf_read_segments(const uint8_t *phdrs, uint64_t file_size, uint64_t first, uint64_t end,
			  struct elf_image *image)
{
	int64_t status = find_interpreter(phdrs, file_size, image);

	for (uint32_t i = 0; i < image->phdr_count && status == 0; i++) {
		const uint8_t *p = phdrs + i * ELF_PHDR_SIZE;

		if (get(p, 4) == SEGMENT_LOAD) {
			status = add_segment(p, file_size, first, end, image);
		}
	}
	if (status < 0) {
		return status;
	}
	if (image->segment_count == 0 || image->entry < image->low || image->entry >= image->high) {
		return -STATUS_NOEXEC;
	}
	return 0;
}
