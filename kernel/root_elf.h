/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the root task's program: the first file of a cpio archive, a static ELF64. */
#ifndef KERNEL_ROOT_ELF_H
#define KERNEL_ROOT_ELF_H

#include <stdint.h>

#define ROOT_SEGMENTS_MAX 4

struct root_segment {
	const char *bytes;	  /* in the archive */
	uint64_t file_size, size; /* bytes; the rest is zero */
	uint64_t va;
	unsigned rights;
};

struct root_elf {
	uint64_t entry;
	uint64_t pages; /* of all segments together */
	unsigned segment_count;
	struct root_segment segments[ROOT_SEGMENTS_MAX];
};

/* Panics, with the reason, if the archive (size bytes) does not begin with a usable program. */
void root_elf_find(struct root_elf *elf, const void *archive, uint64_t size);

#endif
