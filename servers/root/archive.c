/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A record is a header of 110 bytes (magic "070701", then 13 numbers of 8
 * hexadecimal digits), the name with its 0, padding to a multiple of 4 from
 * the header's start, the data, and padding again. The record "TRAILER!!!"
 * is the end. Nothing of it is trusted: every length is checked against what
 * is left.
 */
#include "servers/root/archive.h"

#include <string.h>

#define HEADER 110
#define FIELD_SIZE 6 /* numbers of the fields that matter */
#define FIELD_NAME_SIZE 11

/* Number of field `n` of a header; false if a digit is none. */
static bool field(const char *header, unsigned n, size_t *value)
{
	const char *digits = header + 6 + 8 * n;

	*value = 0;
	for (unsigned i = 0; i < 8; i++) {
		char c = digits[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (unsigned)(c - 'A') + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

static size_t pad4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

bool archive_find(const char *archive, size_t size, const char *name, struct archive_file *file)
{
	while (size >= HEADER && memcmp(archive, "070701", 6) == 0) {
		const char *record_name = archive + HEADER;
		size_t name_size, data_size, data;

		if (!field(archive, FIELD_SIZE, &data_size) ||
		    !field(archive, FIELD_NAME_SIZE, &name_size))
			return false;
		if (name_size == 0 || name_size > size - HEADER || record_name[name_size - 1] != 0)
			return false;
		data = pad4(HEADER + name_size);
		if (data > size || data_size > size - data)
			return false;
		if (strcmp(record_name, name) == 0) {
			file->data = archive + data;
			file->size = data_size;
			return true;
		}
		if (strcmp(record_name, "TRAILER!!!") == 0 || pad4(data_size) > size - data)
			return false;
		archive += data + pad4(data_size);
		size -= data + pad4(data_size);
	}
	return false;
}
