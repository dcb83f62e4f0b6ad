/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints docs/abi.md's tables from the lists in kernel/abi/ and
 * servers/protocol/, so that the manual cannot differ from the code. A
 * program for the build machine: `make manual` writes docs/abi-tables.md.
 */
#include <stdio.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/object.h"
#include "kernel/abi/syscall.h"
#include "servers/protocol/block.h"
#include "servers/protocol/files.h"
#include "servers/protocol/memory.h"
#include "servers/protocol/pager.h"
#include "servers/protocol/rtc.h"
#include "servers/protocol/serial.h"

#define ROW3(name, value, text) printf("| `%s` | %d | %s |\n", #name, value, text);
#define OBJECT_ROW(name, value, bits, text)                                                        \
	printf("| `%s` | %d | %s | %s |\n", #name, value, size_text(bits), text);
#define METHOD_ROW(name, number, object, in, out, text)                                            \
	printf("| `%s` | %d | `%s` | %s | %s | %s |\n", #name, number, #object, in, out, text);
#define PROTOCOL_ROW(name, label, in, out, text)                                                   \
	printf("| `%s` | %d | %s | %s | %s |\n", #name, label, in, out, text);

static const char *size_text(int bits)
{
	static char text[32];

	if (bits == 0)
		return "-";
	snprintf(text, sizeof(text), "%d", 1 << bits);
	return text;
}

static void protocol(const char *title)
{
	printf("\n## %s\n\n| request | label | words | answer | meaning |\n|---|---|---|---|---|\n",
	       title);
}

int main(void)
{
	puts("<!-- SPDX-License-Identifier: BSD-2-Clause -->\n"
	     "<!-- Made by `make manual` from kernel/abi/ and servers/protocol/. Do not edit. -->\n"
	     "# ABI tables\n\n## System calls\n\n| name | number | meaning |\n|---|---|---|");
	SYSCALL_LIST(ROW3)
	puts("\n## Errors\n\n| name | value | meaning |\n|---|---|---|");
	ERR_LIST(ROW3)
	puts("\n## Object types\n\n| type | value | bytes | meaning |\n|---|---|---|---|");
	OBJECT_LIST(OBJECT_ROW)
	puts("\n## Rights\n\n| right | bit | meaning |\n|---|---|---|");
	RIGHTS_LIST(ROW3)
	puts("\n## Methods (`SYS_INVOKE`)\n\n"
	     "| method | number | object | arguments | results | meaning |\n|---|---|---|---|---|---|");
	METHOD_LIST(METHOD_ROW)
	protocol("Memory server");
	MEMORY_LIST(PROTOCOL_ROW)
	protocol("Pager");
	PAGER_LIST(PROTOCOL_ROW)
	protocol("File server");
	FILES_LIST(PROTOCOL_ROW)
	protocol("Block device");
	BLOCK_LIST(PROTOCOL_ROW)
	protocol("Serial line");
	SERIAL_LIST(PROTOCOL_ROW)
	protocol("Real-time clock");
	RTC_LIST(PROTOCOL_ROW)
	return 0;
}
