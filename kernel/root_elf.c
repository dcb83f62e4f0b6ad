/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See root_elf.h. Formats: cpio "newc" (110-byte header of hexadecimal
 * fields, name and data each padded to 4), ELF64 (System V gABI, chapter 4, 5).
 */
#include "kernel/root_elf.h"

#include "kernel/abi/boot_info.h"
#include "kernel/abi/object.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/types.h"

#define CPIO_HEADER 110
#define CPIO_FILE_SIZE 54 /* offsets of 8-digit fields */
#define CPIO_NAME_SIZE 94

struct elf_header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define ELF_MACHINE_RISCV 243
#define ELF_EXECUTABLE 2
#define ELF_LOAD 1

static uint64_t hexadecimal(const char *digits)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++) {
		char c = digits[i];

		value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return value;
}

static void add_segment(struct root_elf *elf, const char *file, uint64_t size,
			const struct elf_segment *in)
{
	struct root_segment *out = &elf->segments[elf->segment_count++];
	uint64_t last = in->vaddr + in->memsz;

	if (elf->segment_count > ROOT_SEGMENTS_MAX || in->offset > size ||
	    in->filesz > size - in->offset || in->filesz > in->memsz || last < in->vaddr ||
	    last > BOOT_STACK_TOP - (BOOT_STACK_PAGES + 1) * PAGE_SIZE || (in->flags & 3) == 3) {
		panic("root task: bad program segment");
	}
	out->bytes = file + in->offset;
	out->file_size = in->filesz;
	out->size = in->memsz;
	out->va = in->vaddr;
	out->rights = RIGHT_READ | ((in->flags & 2) != 0 ? RIGHT_WRITE : 0u) |
		      ((in->flags & 1) != 0 ? RIGHT_EXECUTE : 0u);
	elf->pages += (align_up(last, PAGE_SIZE) - align_down(in->vaddr, PAGE_SIZE)) >> PAGE_SHIFT;
}

static void read_elf(struct root_elf *elf, const char *file, uint64_t size)
{
	struct elf_header header;

	if (size < sizeof(header)) {
		panic("root task: file too short");
	}
	memcpy(&header, file, sizeof(header));
	if (memcmp(header.ident, "\177ELF\2\1", 6) != 0 || header.machine != ELF_MACHINE_RISCV ||
	    header.type != ELF_EXECUTABLE || header.phentsize != sizeof(struct elf_segment) ||
	    header.phoff > size ||
	    (size - header.phoff) / sizeof(struct elf_segment) < header.phnum) {
		panic("root task: not a static riscv64 ELF executable");
	}
	elf->entry = header.entry;
	elf->pages = 0;
	elf->segment_count = 0;
	for (unsigned i = 0; i < header.phnum; i++) {
		struct elf_segment segment;

		memcpy(&segment, file + header.phoff + i * sizeof(segment), sizeof(segment));
		if (segment.type == ELF_LOAD && segment.memsz != 0) {
			add_segment(elf, file, size, &segment);
		}
	}
}

void root_elf_find(struct root_elf *elf, const void *archive, uint64_t size)
{
	const char *header = archive;
	uint64_t name_size;
	uint64_t file_size;
	uint64_t data;

	if (size < CPIO_HEADER || memcmp(header, "070701", 6) != 0) {
		panic("no boot archive (initrd: a cpio archive in newc format)");
	}
	name_size = hexadecimal(header + CPIO_NAME_SIZE);
	file_size = hexadecimal(header + CPIO_FILE_SIZE);
	data = align_up(CPIO_HEADER + name_size, 4);
	if (data > size || file_size > size - data) {
		panic("boot archive: first file is cut short");
	}
	read_elf(elf, header + data, file_size);
}
