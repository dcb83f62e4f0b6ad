/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root task: starts the system that the system file describes.
 *
 *   config.c     reads system.bin from the boot archive
 *   memory.c     all RAM and device memory as blocks of Untyped
 *   resources.c  finds what each server gets; devices.c does the device tree
 *   build.c      makes a server
 *   supervise.c  faults and restarts
 *
 * Servers are made in start order, except that the one that gets the
 * remaining RAM is made last; then all run, in start order. A server that
 * cannot be made is reported and left out, with those that use it.
 */
#include <stdlib.h>

#include "servers/lib/runtime.h"
#include "servers/root/root.h"

#define HEAP_BYTES (128 * 1024)

const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_VA;
cap_t fault_endpoint;

static void build_servers(bool with_ram)
{
	for (unsigned i = 0; i < file_system.header->servers; i++) {
		struct server *server = &servers[i];

		if (!server->is_dead && server_gets_ram(server) == with_ram &&
		    !server_build(server))
			server_is_dead(server);
	}
}

int main(void)
{
	static char heap[HEAP_BYTES] __attribute__((aligned(16)));
	unsigned running = 0;

	runtime_set_heap(heap, sizeof(heap));
	memory_init();
	fault_endpoint = root_object(NULL, OBJECT_ENDPOINT, 0);
	if (fault_endpoint == 0)
		fatal("root: no memory\n");
	if (!config_read())
		fatal("root: nothing to start\n");
	device_tree_read();
	resources_resolve();
	build_servers(false);
	build_servers(true);
	for (unsigned i = 0; i < file_system.header->servers; i++) {
		if (!servers[i].is_dead && server_run(&servers[i]) == ERR_OK)
			running++;
	}
	log_print("root: %u of %u servers run, %lu us after the kernel's start\n", running,
		  (unsigned)file_system.header->servers,
		  (time_ticks() - boot->boot_ticks) * 1000000 / boot->timebase_hz);
	supervise();
}
