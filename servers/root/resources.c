/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each server gets by the system file, found once at boot: capabilities
 * in root's CSpace and pools. A restarted server gets the same again, so that
 * clients' capabilities and shared memory stay good.
 */
#include <stdio.h>
#include <string.h>

#include "servers/root/root.h"

cap_t service_endpoints[SYSTEM_SERVICES];
static cap_t region_pools[SYSTEM_REGIONS];

void server_add_cap(struct server *server, const char *name, cap_t source, uint32_t rights,
		    uint32_t badge)
{
	struct named_cap *cap = &server->caps[server->cap_count];

	if (server->cap_count == STARTUP_CAPS) {
		log_print("root: server '%s': no room for capability '%s'\n", server->config->name,
			  name);
		return;
	}
	snprintf(cap->name, sizeof(cap->name), "%s", name);
	cap->source = source;
	cap->rights = rights;
	cap->badge = badge;
	server->cap_count++;
}

void server_add_region(struct server *server, const struct named_region *region)
{
	if (server->region_count == STARTUP_REGIONS)
		log_print("root: server '%s': no room for region '%s'\n", server->config->name,
			  region->name);
	else
		server->regions[server->region_count++] = *region;
}

/* Physical address of the only extent of a pool; 0 if it has more. */
static uint64_t pool_physical(cap_t pool)
{
	struct message m = {0};

	if (invoke(pool, POOL_INFO, 0, &m) != ERR_OK || m.words[1] != 1)
		return 0;
	return m.words[3];
}

static bool resolve_region(struct server *server, uint32_t index, uint32_t flags)
{
	const struct system_region *declared = &file_system.regions[index];
	bool is_dma = (declared->flags & SYSTEM_REGION_DMA) != 0;
	uint64_t pages = declared->size / PAGE_BYTES;
	struct named_region region = {.size = declared->size,
				      .rights = RIGHT_READ |
						((flags & SYSTEM_MAP_WRITE) != 0 ? RIGHT_WRITE : 0),
				      .hand_pool = (flags & SYSTEM_MAP_POOL) != 0};

	/* Memory for devices lies in one piece. */
	if (is_dma && (pages & (pages - 1)) != 0)
		pages = 1ull << (64 - __builtin_clzll(pages));
	if (region_pools[index] == 0)
		region_pools[index] = pool_create(NULL, pages);
	region.pool = region_pools[index];
	if (region.pool == 0) {
		log_print("root: no memory for region '%s' of %lu bytes\n", declared->name,
			  declared->size);
		return false;
	}
	snprintf(region.name, sizeof(region.name), "%s", declared->name);
	if (is_dma)
		region.physical = pool_physical(region.pool);
	server_add_region(server, &region);
	return true;
}

static bool resolve_grant(struct server *server, const struct system_grant *grant)
{
	static const struct {
		const char *name;
		cap_t slot;
	} holdings[SYSTEM_HOLDINGS] = {
		[SYSTEM_HOLDS_HART] = {"hart", BOOT_SLOT_HART},
		[SYSTEM_HOLDS_SYSTEM] = {"system", BOOT_SLOT_SYSTEM},
		[SYSTEM_HOLDS_IRQ_CONTROL] = {"irq-control", BOOT_SLOT_IRQ_CONTROL}};
	const struct system_service *service = &file_system.services[grant->index];

	switch ((enum system_grant_kind)grant->kind) {
	case SYSTEM_PROVIDES:
		server_add_cap(server, service->name, service_endpoints[grant->index],
			       RIGHT_READ | RIGHT_WRITE | RIGHT_SHARE | RIGHT_BIND, 0);
		return true;
	case SYSTEM_USES:
		server_add_cap(server, service->name, service_endpoints[grant->index],
			       RIGHT_WRITE | RIGHT_SHARE, server->config->number);
		return true;
	case SYSTEM_HOLDS:
		server_add_cap(server, holdings[grant->index].name, holdings[grant->index].slot,
			       RIGHTS_ALL, 0);
		return true;
	case SYSTEM_MAPS:
		return resolve_region(server, grant->index, grant->flags);
	case SYSTEM_DEVICE:
		return device_resolve(server, &file_system.devices[grant->index]);
	case SYSTEM_RAM:
		return true; /* build.c, when everything else is made */
	}
	return false;
}

/* The memory server is told the quota and the name of each of its clients. */
static void add_quotas(struct server *server)
{
	for (unsigned i = 0; i < file_system.header->servers; i++) {
		const struct system_server *client = &file_system.servers[i];
		uint64_t quota = client->quota;

		if (quota == SYSTEM_REST) {
			server_argument(server, "client%u=%s:rest", (unsigned)client->number,
					client->name);
			continue;
		}
		if ((quota & SYSTEM_PERCENT) != 0)
			quota = boot->ram_size / 100 * (quota - SYSTEM_PERCENT) & ~(PAGE_BYTES - 1);
		if (quota != 0)
			server_argument(server, "client%u=%s:%lu", (unsigned)client->number,
					client->name, quota);
	}
}

static void resolve_server(struct server *server)
{
	const struct system_server *config = server->config;
	const struct system_grant *grants = file_system.grants + config->first_grant;
	const char *argument = file_system.strings + config->first_argument;

	if (!archive_find((const char *)boot->archive, boot->archive_size, config->program,
			  &server->file)) {
		log_print("root: server '%s': no file '%s' in the boot archive\n", config->name,
			  config->program);
		server_is_dead(server);
		return;
	}
	server_add_cap(server, "console", BOOT_SLOT_CONSOLE, RIGHTS_ALL, 0);
	server_add_cap(server, "supervisor", fault_endpoint, RIGHT_WRITE, config->number);
	for (uint32_t i = 0; i < config->arguments; i++, argument += strlen(argument) + 1)
		server_argument(server, "%s", argument);
	for (uint32_t i = 0; i < config->grants; i++) {
		const struct system_grant *grant = &grants[i];

		if (grant->kind == SYSTEM_USES && service_endpoints[grant->index] == 0) {
			log_print("root: server '%s' is not started: it uses '%s'\n", config->name,
				  file_system.services[grant->index].name);
			server_is_dead(server);
			return;
		}
		if (!resolve_grant(server, grant)) {
			server_is_dead(server);
			return;
		}
		if (grant->kind == SYSTEM_RAM)
			add_quotas(server);
	}
	device_tree_arguments(server);
}

void resources_resolve(void)
{
	for (unsigned i = 0; i < file_system.header->services; i++) {
		service_endpoints[i] = root_object(NULL, OBJECT_ENDPOINT, 0);
		if (service_endpoints[i] == 0)
			log_print("root: no memory for service '%s'\n",
				  file_system.services[i].name);
	}
	/* In start order: a server that cannot run takes those that use it with it. */
	for (unsigned i = 0; i < file_system.header->servers; i++)
		resolve_server(&servers[i]);
}
