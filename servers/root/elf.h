/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the segments of a static riscv64 ELF executable. */
#ifndef SERVERS_ROOT_ELF_H
#define SERVERS_ROOT_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS 8

struct elf_segment {
	uint64_t address;     /* where it begins */
	uint64_t memory_size; /* bytes, > 0 */
	const char *data;     /* inside the file */
	uint64_t file_size;   /* bytes, ≤ memory_size; the rest is zero */
	uint8_t rights;	      /* RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE */
};

struct elf_program {
	uint64_t entry;
	unsigned count;
	struct elf_segment segments[ELF_SEGMENTS]; /* by address; share no page */
};

/*
 * Check the file and fill in `program`: all segments lie in [low, high), page
 * aligned bounds; none is writable and executable. Returns NULL, or what is
 * wrong in words; then `program` is undefined.
 */
const char *elf_read(const char *file, size_t size, uint64_t low, uint64_t high,
		     struct elf_program *program);

#endif
