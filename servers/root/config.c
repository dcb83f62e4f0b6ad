/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the compiled system file in the boot archive and checks it as a whole. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/root/root.h"

struct system file_system;
struct server *servers;

/* Every number in the file is within its bounds, every string ends. */
static bool contents_are_sound(void)
{
	const struct system_header *h = file_system.header;

	if (h->strings != 0 && file_system.strings[h->strings - 1] != 0)
		return false;
	for (unsigned i = 0; i < h->servers; i++) {
		const struct system_server *s = &file_system.servers[i];

		if (memchr(s->name, 0, SYSTEM_NAME) == NULL ||
		    memchr(s->program, 0, SYSTEM_NAME) == NULL || s->number == 0 ||
		    s->number > h->servers || s->first_grant > h->grants ||
		    s->grants > h->grants - s->first_grant || s->first_argument > h->strings ||
		    s->arguments > h->strings - s->first_argument)
			return false;
	}
	for (unsigned i = 0; i < h->services; i++) {
		if (file_system.services[i].provider >= h->servers)
			return false;
	}
	for (unsigned i = 0; i < h->grants; i++) {
		const struct system_grant *g = &file_system.grants[i];
		const uint32_t limits[] = {
			[SYSTEM_PROVIDES] = h->services,  [SYSTEM_USES] = h->services,
			[SYSTEM_HOLDS] = SYSTEM_HOLDINGS, [SYSTEM_MAPS] = h->regions,
			[SYSTEM_DEVICE] = h->devices,	  [SYSTEM_RAM] = 1};

		if (g->kind == 0 || g->kind > SYSTEM_RAM || g->index >= limits[g->kind])
			return false;
	}
	for (unsigned i = 0; i < h->devices; i++) {
		const struct system_device *d = &file_system.devices[i];

		if (d->first_property > h->strings ||
		    d->properties > h->strings - d->first_property)
			return false;
	}
	return true;
}

static bool sections_fit(const struct archive_file *file)
{
	const struct system_header *h = (const struct system_header *)file->data;
	const char *at = file->data + sizeof(*h);

	if (file->size < sizeof(*h) || h->magic != SYSTEM_MAGIC || h->version != SYSTEM_VERSION ||
	    h->bytes != file->size || h->servers > SYSTEM_SERVERS ||
	    h->services > SYSTEM_SERVICES || h->regions > SYSTEM_REGIONS ||
	    h->grants > SYSTEM_GRANTS || h->devices > SYSTEM_DEVICES || h->strings > SYSTEM_STRINGS)
		return false;
	file_system.header = h;
	file_system.servers = (const struct system_server *)at;
	at += h->servers * sizeof(struct system_server);
	file_system.services = (const struct system_service *)at;
	at += h->services * sizeof(struct system_service);
	file_system.regions = (const struct system_region *)at;
	at += h->regions * sizeof(struct system_region);
	file_system.grants = (const struct system_grant *)at;
	at += h->grants * sizeof(struct system_grant);
	file_system.devices = (const struct system_device *)at;
	at += h->devices * sizeof(struct system_device);
	file_system.strings = at;
	return at + h->strings == file->data + file->size;
}

bool config_read(void)
{
	struct archive_file file, copy;
	char *data;

	if (!archive_find((const char *)boot->archive, boot->archive_size, "system.bin", &file)) {
		log_print("root: no file 'system.bin' in the boot archive\n");
		return false;
	}
	/* Its place in the archive is aligned to 4 bytes only. */
	data = malloc(file.size);
	if (data == NULL) {
		log_print("root: 'system.bin' has %zu bytes, more than fit\n", file.size);
		return false;
	}
	memcpy(data, file.data, file.size);
	copy = (struct archive_file){data, file.size};
	if (!sections_fit(&copy) || !contents_are_sound()) {
		log_print("root: 'system.bin' is damaged or of another version\n");
		return false;
	}
	servers = calloc(file_system.header->servers, sizeof(*servers));
	if (servers == NULL) {
		log_print("root: no memory for %u servers\n",
			  (unsigned)file_system.header->servers);
		return false;
	}
	for (unsigned i = 0; i < file_system.header->servers; i++)
		servers[i].config = &file_system.servers[i];
	return true;
}

struct server *server_by_number(uint64_t number)
{
	for (unsigned i = 0; i < file_system.header->servers; i++) {
		if (servers[i].config->number == number)
			return &servers[i];
	}
	return NULL;
}

bool server_gets_ram(const struct server *server)
{
	for (uint32_t i = 0; i < server->config->grants; i++) {
		if (file_system.grants[server->config->first_grant + i].kind == SYSTEM_RAM)
			return true;
	}
	return false;
}

void server_argument(struct server *server, const char *format, ...)
{
	size_t room = sizeof(server->arguments) - 1 - server->argument_bytes;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(server->arguments + server->argument_bytes, room, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= room) {
		server->arguments[server->argument_bytes] = 0;
		log_print("root: server '%s': no room for all its arguments\n",
			  server->config->name);
		return;
	}
	server->argument_bytes += (size_t)n + 1;
}
