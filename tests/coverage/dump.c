/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saves the counters of a kernel that was built for coverage, when it asks the
 * firmware to end or restart the machine. The linker puts this in the place of
 * sbi_system_reset. Files go to the build machine by semihosting, into the
 * folder that the emulator names as command line:
 *
 *	kernel-cap.c.gcda	one for each object file, / becomes -
 *	complete		the last one, empty
 *
 * Other harts may go on counting meanwhile; the compiler makes that atomic.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gcov.h>

#include "kernel/string.h"
#include "sbi/sbi.h"

/* Semihosting operations, from the Arm specification that RISC-V adopted. */
enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE = 5, SYS_GET_CMDLINE = 0x15 };
enum { OPEN_WRITE_BINARY = 5 };

#define NAME_BYTES 1024
#define BUFFER_BYTES 4096

extern const struct gcov_info *const coverage_infos[], *const coverage_infos_end[];

long __real_sbi_system_reset(uint32_t type, uint32_t reason);
long __wrap_sbi_system_reset(uint32_t type, uint32_t reason);

static char name[NAME_BYTES];
static size_t folder_length;
static uint8_t buffer[BUFFER_BYTES];
static size_t buffered;
static long file;
static bool is_complete;

/* The three instructions are the magic: uncompressed, next to each other, and in one page. */
static __attribute__((noinline)) long semihost(long operation, const void *block)
{
	register long a0 __asm__("a0") = operation;
	register const void *a1 __asm__("a1") = block;

	__asm__ volatile(".option push\n"
			 ".option norvc\n"
			 ".balign 16\n"
			 "slli zero, zero, 0x1f\n"
			 "ebreak\n"
			 "srai zero, zero, 7\n"
			 ".option pop"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory");
	return a0;
}

static long open_for_writing(void)
{
	uint64_t block[] = {(uint64_t)name, OPEN_WRITE_BINARY, strlen(name)};

	return semihost(SYS_OPEN, block);
}

static void close(void)
{
	uint64_t block[] = {(uint64_t)file};

	is_complete = semihost(SYS_CLOSE, block) == 0 && is_complete;
}

/* The answer is the number of bytes that were not written. */
static void flush(void)
{
	uint64_t block[] = {(uint64_t)file, (uint64_t)buffer, buffered};

	is_complete = (buffered == 0 || semihost(SYS_WRITE, block) == 0) && is_complete;
	buffered = 0;
}

static void set_name(const char *from)
{
	size_t length = folder_length;

	for (; *from != '\0' && length < NAME_BYTES - 1; from++) {
		name[length++] = *from == '/' ? '-' : *from;
	}
	name[length] = '\0';
}

static void take_filename(const char *from, void *context)
{
	const char *prefix = COVERAGE_OBJECTS;
	size_t length = strlen(prefix);

	(void)context;
	set_name(strncmp(from, prefix, length) == 0 ? from + length : from);
	file = open_for_writing();
	is_complete = file >= 0 && is_complete;
}

static void take_bytes(const void *from, unsigned size, void *context)
{
	const uint8_t *bytes = from;

	(void)context;
	for (unsigned i = 0; i < size; i++) {
		buffer[buffered++] = bytes[i];
		if (buffered == BUFFER_BYTES) {
			flush();
		}
	}
}

/* Only other kinds of profile than coverage ask for memory. */
static void *no_memory(unsigned size, void *context)
{
	(void)size;
	(void)context;
	return NULL;
}

static void dump(void)
{
	uint64_t block[] = {(uint64_t)name, NAME_BYTES - 1};

	if (semihost(SYS_GET_CMDLINE, block) != 0 || name[0] != '/') {
		return;
	}
	folder_length = strlen(name);
	name[folder_length++] = '/';
	is_complete = true;
	for (const struct gcov_info *const *info = coverage_infos; info != coverage_infos_end;
	     info++) {
		__gcov_info_to_gcda(*info, take_filename, take_bytes, no_memory, NULL);
		flush();
		close();
	}
	set_name("complete");
	if (is_complete && (file = open_for_writing()) >= 0) {
		close();
	}
}

long __wrap_sbi_system_reset(uint32_t type, uint32_t reason)
{
	dump();
	return __real_sbi_system_reset(type, reason);
}
