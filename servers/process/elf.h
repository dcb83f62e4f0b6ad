/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading ELF64 program files for riscv64, without trusting them. */
#ifndef SERVERS_PROCESS_ELF_H
#define SERVERS_PROCESS_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_HEADER_SIZE 64
#define ELF_PHDR_SIZE 56
#define ELF_PHDRS_MAX 64
#define ELF_SEGMENTS_MAX 32
#define ELF_INTERPRETER_MAX 256

struct elf_segment {
	uint64_t address, file_size, memory_size, offset;
	uint32_t protection; /* PAGER_READ... */
};

struct elf_image {
	uint64_t entry, phdr_offset;
	uint32_t phdr_count;
	uint32_t is_dynamic;   /* ET_DYN: may be placed anywhere */
	uint64_t low, high;    /* page-aligned bounds of the segments */
	uint64_t phdr_address; /* where the program headers are in memory, 0: nowhere */
	uint64_t interpreter_offset, interpreter_size; /* size with its 0; 0: none */
	uint32_t segment_count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/*
 * Check the file header (`size` bytes of the file's beginning, at most
 * ELF_HEADER_SIZE are used) and fill in entry, is_dynamic, phdr_*.
 * -STATUS_NOEXEC.
 */
int64_t elf_read_header(const uint8_t *head, size_t size, uint64_t file_size,
			struct elf_image *image);

/*
 * Check the image->phdr_count program headers and fill in the rest (the
 * interpreter's name even if something else is wrong). A file
 * that passes has: at least one segment; all offsets inside the file; all
 * addresses, for a non-dynamic file, in [first, end); a dynamic one's bounds
 * no larger than end - first; segments congruent with their offsets.
 * -STATUS_NOEXEC, or -STATUS_NOMEM if it is sound but too large.
 */
int64_t elf_read_segments(const uint8_t *phdrs, uint64_t file_size, uint64_t first, uint64_t end,
			  struct elf_image *image);

#endif
