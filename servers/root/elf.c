/* SPDX-License-Identifier: BSD-2-Clause */
/* See elf.h. The file is not trusted: every number is checked before use. */
#include "servers/root/elf.h"

#include <stdbool.h>
#include <string.h>

#include "kernel/abi/object.h"

#define PAGE 4096ull
#define TYPE_EXECUTABLE 2
#define MACHINE_RISCV 243
#define SEGMENT_LOAD 1

struct file_header {
	uint8_t ident[16]; /* magic, class, byte order, ... */
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segment_offset, section_offset;
	uint32_t flags;
	uint16_t header_size, segment_size, segment_count, section_size, section_count, names;
};
_Static_assert(sizeof(struct file_header) == 64, "ELF-64");

struct segment_header {
	uint32_t type;
	uint32_t flags; /* 1 execute, 2 write, 4 read */
	uint64_t offset, address, physical, file_size, memory_size, alignment;
};
_Static_assert(sizeof(struct segment_header) == 56, "ELF-64");

static uint64_t page_down(uint64_t address)
{
	return address & ~(PAGE - 1);
}

static const char *read_segment(const char *file, size_t size, const struct segment_header *header,
				uint64_t low, uint64_t high, struct elf_program *program)
{
	struct elf_segment *segment = &program->segments[program->count];

	if (program->count == ELF_SEGMENTS)
		return "it has too many segments";
	if (header->file_size > header->memory_size)
		return "a segment is longer in the file than in memory";
	if (header->offset > size || header->file_size > size - header->offset)
		return "a segment lies outside the file";
	if (header->address < low || header->address >= high ||
	    header->memory_size > high - header->address)
		return "a segment lies outside the addresses for programs";
	if ((header->flags & 3) == 3)
		return "a segment is writable and executable";
	if (program->count > 0) {
		const struct elf_segment *last = segment - 1;

		if (page_down(header->address) <= page_down(last->address + last->memory_size - 1))
			return "two segments share a page or are out of order";
	}
	segment->address = header->address;
	segment->memory_size = header->memory_size;
	segment->data = file + header->offset;
	segment->file_size = header->file_size;
	segment->rights = (uint8_t)(RIGHT_READ | ((header->flags & 1) != 0 ? RIGHT_EXECUTE : 0) |
				    ((header->flags & 2) != 0 ? RIGHT_WRITE : 0));
	program->count++;
	return NULL;
}

static bool entry_is_executable(const struct elf_program *program)
{
	for (unsigned i = 0; i < program->count; i++) {
		const struct elf_segment *segment = &program->segments[i];

		if ((segment->rights & RIGHT_EXECUTE) != 0 && program->entry % 2 == 0 &&
		    program->entry >= segment->address &&
		    program->entry - segment->address < segment->file_size)
			return true;
	}
	return false;
}

const char *elf_read(const char *file, size_t size, uint64_t low, uint64_t high,
		     struct elf_program *program)
{
	struct file_header header;

	if (size < sizeof(header))
		return "it is too short for an ELF file";
	memcpy(&header, file, sizeof(header));
	if (memcmp(header.ident, "\177ELF\2\1", 6) != 0)
		return "it is no little-endian 64-bit ELF file";
	if (header.type != TYPE_EXECUTABLE || header.machine != MACHINE_RISCV)
		return "it is no static RISC-V executable";
	if (header.segment_size != sizeof(struct segment_header) || header.segment_offset > size ||
	    header.segment_count > (size - header.segment_offset) / sizeof(struct segment_header))
		return "its segment table lies outside the file";
	program->entry = header.entry;
	program->count = 0;
	for (unsigned i = 0; i < header.segment_count; i++) {
		struct segment_header segment;
		const char *problem;

		memcpy(&segment, file + header.segment_offset + i * sizeof(segment),
		       sizeof(segment));
		if (segment.type != SEGMENT_LOAD || segment.memory_size == 0)
			continue;
		problem = read_segment(file, size, &segment, low, high, program);
		if (problem != NULL)
			return problem;
	}
	return entry_is_executable(program) ? NULL : "its entry point is in no executable segment";
}
