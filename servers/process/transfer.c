/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving the data of one call between this server and a program. */
#include "servers/process/files.h"

#include <string.h>

uint64_t transfer_front(const struct transfer *x, uint64_t *address)
{
	uint64_t length;

	if (x->kernel != NULL) {
		return x->left;
	}
	*address = x->segment->address;
	length = x->segment->length;
	return length < x->left ? length : x->left;
}

/* Pass over segments that are done. */
static void skip_empty(struct transfer *x)
{
	while (x->segments > 0 && x->segment->length == 0) {
		x->segment++;
		x->segments--;
	}
}

void transfer_advance(struct transfer *x, uint64_t n)
{
	x->left -= n;
	x->done += n;
	if (x->kernel != NULL) {
		x->kernel += n;
		return;
	}
	while (n > 0) {
		uint64_t part = n < x->segment->length ? n : x->segment->length;

		x->segment->address += part;
		x->segment->length -= part;
		n -= part;
		skip_empty(x);
	}
}

static int64_t transfer(struct transfer *x, unsigned char *buffer, size_t n, bool is_out)
{
	size_t done = 0;

	while (done < n && x->left > 0) {
		uint64_t address = 0;
		uint64_t part = transfer_front(x, &address);
		int64_t moved;

		if (part > n - done) {
			part = n - done;
		}
		if (x->kernel != NULL) {
			if (is_out) {
				memcpy(x->kernel, buffer + done, part);
			} else {
				memcpy(buffer + done, x->kernel, part);
			}
			moved = (int64_t)part;
		} else if (is_out) {
			moved = copy_out_partial(x->thread->process->space, address, buffer + done,
						 part);
		} else {
			moved = copy_in_partial(x->thread->process->space, buffer + done, address,
						part);
		}
		if (moved <= 0) {
			break;
		}
		transfer_advance(x, (uint64_t)moved);
		done += (size_t)moved;
		if ((uint64_t)moved < part) {
			break;
		}
	}
	return done == 0 && n > 0 && x->left > 0 ? -STATUS_FAULT : (int64_t)done;
}

int64_t transfer_out(struct transfer *x, const void *buffer, size_t n)
{
	return transfer(x, (unsigned char *)(uintptr_t)buffer, n, true);
}

int64_t transfer_in(struct transfer *x, void *buffer, size_t n)
{
	return transfer(x, buffer, n, false);
}
