/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysc IN OUT [PROGRAM...]: checks a system file and compiles it (system.h).
 * If programs are named, a server whose program is not among them is an error.
 *
 * The file is a sequence of words, braces and line ends; "#" starts a comment.
 * Each block is read by a table of keywords; a keyword takes a fixed number of
 * words, or the rest of its line. After the whole file is read, names are
 * resolved, the rules are checked and the servers are sorted so that each
 * starts after those it uses. If servers have budgets, the time each needs to
 * use its own is compared with its deadline and printed (sysc_admission.h). All
 * errors found are printed, then exit 1.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/root/sysc_admission.h"
#include "servers/root/sysc_words.h"
#include "servers/root/system.h"

#define PAGE 4096ull
#define CAPS_MAX 44    /* of STARTUP_CAPS, less console, untyped, supervisor */
#define REGIONS_MAX 24 /* STARTUP_REGIONS */
#define ARGUMENT_BYTES 640
#define LOCAL_NAMES 64
#define SLICE 10000 /* microseconds */
#define HARTS 8
#define FILE_BYTES (256 * 1024)

static struct system_server servers[SYSTEM_SERVERS];
static struct system_service services[SYSTEM_SERVICES];
static struct system_region regions[SYSTEM_REGIONS];
static struct system_grant grants[SYSTEM_GRANTS];
static struct system_device devices[SYSTEM_DEVICES];
static char strings[SYSTEM_STRINGS];
static struct system_header header = {.magic = SYSTEM_MAGIC, .version = SYSTEM_VERSION};

/* What the checks need besides: where things were declared, names before they are resolved. */
static unsigned server_line[SYSTEM_SERVERS], region_line[SYSTEM_REGIONS], grant_line[SYSTEM_GRANTS];
static unsigned region_users[SYSTEM_REGIONS];
static uint32_t server_slice[SYSTEM_SERVERS], server_deadline[SYSTEM_SERVERS]; /* 0 = not stated */
static char grant_name[SYSTEM_GRANTS][SYSTEM_NAME];

/* Append word to the strings; returns its offset. */
static uint32_t add_string(void)
{
	size_t size = strlen(word) + 1;
	uint32_t at = header.strings;

	if (size > sizeof(strings) - at) {
		error_at(line, "too many arguments and properties");
		return 0;
	}
	memcpy(strings + at, word, size);
	header.strings += (uint32_t)size;
	return at;
}

/* ---- grants ------------------------------------------------------------------- */

static struct system_grant *add_grant(struct system_server *server, enum system_grant_kind kind,
				      const char *name)
{
	static struct system_grant dropped;
	struct system_grant *grant = &grants[header.grants];

	if (header.grants == SYSTEM_GRANTS) {
		error_at(line, "more than %d capabilities in the file", SYSTEM_GRANTS);
		return &dropped;
	}
	grant->kind = kind;
	snprintf(grant_name[header.grants], SYSTEM_NAME, "%s", name);
	grant_line[header.grants] = line;
	header.grants++;
	server->grants++;
	return grant;
}

static void read_service(struct system_server *server, enum system_grant_kind kind)
{
	char name[SYSTEM_NAME];
	struct system_grant *grant;

	if (!take_name(name, sizeof(name), "service"))
		return;
	grant = add_grant(server, kind, name);
	if (kind != SYSTEM_PROVIDES)
		return;
	for (unsigned i = 0; i < header.services; i++) {
		if (strcmp(services[i].name, name) == 0) {
			error_at(line, "service '%s' is already provided by server '%s'", name,
				 servers[services[i].provider].name);
			return;
		}
	}
	if (header.services == SYSTEM_SERVICES) {
		error_at(line, "more than %d services", SYSTEM_SERVICES);
		return;
	}
	grant->index = header.services;
	strcpy(services[header.services].name, name);
	services[header.services++].provider = (uint32_t)(server - servers);
}

static void read_holding(struct system_server *server)
{
	static const char *const names[SYSTEM_HOLDINGS] = {"hart", "system", "irq-control"};

	for (unsigned i = 0; i < SYSTEM_HOLDINGS; i++) {
		if (strcmp(word, names[i]) == 0) {
			add_grant(server, SYSTEM_HOLDS, word)->index = i;
			return;
		}
	}
	error_at(line, "'%s' cannot be held (of: hart system irq-control)", word);
}

static void read_maps(struct system_server *server)
{
	struct system_grant *grant;
	char name[SYSTEM_NAME];
	bool right_given = false;

	if (!want_word("region") || !take_name(name, sizeof(name), "region"))
		return;
	grant = add_grant(server, SYSTEM_MAPS, name);
	while (more_words()) {
		if (strcmp(word, "pool") == 0) {
			grant->flags |= SYSTEM_MAP_POOL;
		} else if (strcmp(word, "rw") == 0 || strcmp(word, "r") == 0) {
			grant->flags |= word[1] == 'w' ? SYSTEM_MAP_WRITE : 0;
			right_given = true;
		} else if (strchr(word, 'w') != NULL && strchr(word, 'x') != NULL) {
			error_at(line, "region '%s' must not be writable and executable", name);
			right_given = true;
		} else {
			error_at(line, "'%s' is no right of a region (of: r rw pool)", word);
			right_given = true;
		}
	}
	if (!right_given)
		error_at(line, "region '%s' is mapped without a right (r or rw)", name);
}

/* ---- blocks ------------------------------------------------------------------- */

/* Take "{"; false after an error. */
static bool open_block(const char *what)
{
	if (now->kind == TOKEN_OPEN) {
		now++;
		return true;
	}
	error_at(line, "'{' is missing after the name of the %s", what);
	return false;
}

/* Take the next keyword of a block, whose first line is `start`; false behind its "}". */
static bool next_keyword(unsigned start)
{
	for (;; now++) {
		line = now->line;
		if (now->kind == TOKEN_WORD) {
			word = now++->text;
			return true;
		}
		if (now->kind == TOKEN_CLOSE) {
			now++;
			return false;
		}
		if (now->kind == TOKEN_END) {
			error_at(start, "the block that begins here is not closed with '}'");
			return false;
		}
		error_at(line, "'{' without a block to open");
	}
}

/* A keyword that nobody knows: pass over the rest of its line. */
static void unknown_keyword(const char *what)
{
	error_at(line, "unknown property '%s' of a %s", word, what);
	while (more_words())
		continue;
}

static bool is(const char *keyword)
{
	return strcmp(word, keyword) == 0;
}

static void read_region(void)
{
	struct system_region *region = &regions[header.regions];
	unsigned start = line;

	if (!want_word("the name of the region") ||
	    !take_name(region->name, sizeof(region->name), "region") || !open_block("region"))
		return;
	for (unsigned i = 0; i < header.regions; i++) {
		if (strcmp(regions[i].name, region->name) == 0)
			error_at(start, "region '%s' is declared twice (first in line %u)",
				 region->name, region_line[i]);
	}
	region_line[header.regions++] = start;
	while (next_keyword(start)) {
		if (is("size"))
			take_number(&region->size, "size", PAGE, 64ull << 20, PAGE);
		else if (is("dma"))
			region->flags |= SYSTEM_REGION_DMA;
		else
			unknown_keyword("region");
	}
	if (region->size == 0)
		error_at(start, "region '%s' has no size", region->name);
}

static void read_device(struct system_server *server)
{
	struct system_device *device = &devices[header.devices];
	unsigned start = line;
	uint64_t *limit = NULL;

	if (!want_word("the compatible string of the device") ||
	    !take_name(device->compatible, sizeof(device->compatible), "compatible string") ||
	    !open_block("device"))
		return;
	add_grant(server, SYSTEM_DEVICE, "")->index = header.devices++;
	while (next_keyword(start)) {
		if (is("registers") && want_word("the name of the region")) {
			take_name(device->registers, SYSTEM_NAME, "region");
			limit = &device->registers_limit;
		} else if (is("memory") && want_word("the name of the region")) {
			take_name(device->memory, SYSTEM_NAME, "region");
			limit = &device->memory_limit;
		} else if (is("limit")) {
			uint64_t ignored;

			take_power(limit != NULL ? limit : &ignored, "limit", PAGE, 1ull << 30);
		} else if (is("irq") && want_word("the name of the capability")) {
			take_name(device->irq, SYSTEM_NAME, "capability");
		} else if (is("all")) {
			device->flags |= SYSTEM_DEVICE_ALL;
		} else if (is("optional")) {
			device->flags |= SYSTEM_DEVICE_OPTIONAL;
		} else if (is("pass")) {
			device->first_property = header.strings;
			for (device->properties = 0; more_words(); device->properties++)
				add_string();
		} else {
			unknown_keyword("device");
		}
	}
}

/* A keyword of a server with one number or time; false if it is none. */
static bool read_quantity(struct system_server *server)
{
	uint64_t value = 0;

	if (is("priority")) {
		if (take_number(&value, "priority", 0, 255, 1))
			server->priority = (uint32_t)value;
	} else if (is("slice")) {
		if (take_number(&value, "slice (microseconds)", 100, 1000000, 1))
			server_slice[server - servers] = (uint32_t)value;
	} else if (is("budget")) {
		take_time(&server->budget, "budget");
	} else if (is("period")) {
		take_time(&server->period, "period");
	} else if (is("deadline")) {
		take_time(&server_deadline[server - servers], "deadline");
	} else if (is("cspace")) {
		if (take_power(&value, "cspace (slots)", 64, 65536))
			server->cspace_bits = (uint32_t)__builtin_ctzll(value);
	} else if (is("stack")) {
		take_number(&server->stack, "stack", PAGE, 1ull << 20, PAGE);
	} else if (is("heap")) {
		take_number(&server->heap, "heap", 0, 192ull << 20, PAGE);
	} else if (is("untyped")) {
		take_power(&server->untyped, "untyped", PAGE, 1ull << 30);
	} else if (is("tables")) {
		take_number(&server->tables, "tables", 0, 8ull << 20, PAGE);
	} else {
		return false;
	}
	return true;
}

static void read_quota(struct system_server *server)
{
	size_t size = now->kind == TOKEN_WORD ? strlen(now->text) : 0;

	if (take_word("rest")) {
		server->quota = SYSTEM_REST;
	} else if (size > 1 && size < 5 && now->text[size - 1] == '%') {
		char *end;
		unsigned long percent = strtoul(now->text, &end, 10);

		more_words();
		if (end[0] != '%' || end[1] != 0 || percent < 1 || percent > 90)
			error_at(line, "quota '%s' is not a percentage 1%%..90%%", word);
		server->quota = SYSTEM_PERCENT + percent;
	} else {
		take_number(&server->quota, "quota", PAGE, 1ull << 38, PAGE);
	}
}

static void read_harts(struct system_server *server)
{
	uint64_t hart;

	do {
		if (!take_number(&hart, "hart", 0, HARTS - 1, 1))
			return;
		server->harts |= 1u << hart;
	} while (now->kind == TOKEN_WORD && now->line == line);
}

static void read_restart(struct system_server *server)
{
	uint64_t value = 0;

	if (take_word("always"))
		server->restart = SYSTEM_ALWAYS;
	else if (!take_word("never") && take_number(&value, "restart", 0, 1000000, 1))
		server->restart = (uint32_t)value;
}

static void read_argument(struct system_server *server)
{
	if (!want_word("key=value"))
		return;
	if (strchr(word, '=') == NULL || word[0] == '=')
		error_at(line, "argument '%s' is not of the form key=value", word);
	if (server->arguments++ == 0)
		server->first_argument = header.strings;
	add_string();
}

/* A keyword of a server; false if it is none. */
static bool read_property(struct system_server *server)
{
	if (is("program")) {
		if (want_word("the name of the program"))
			take_name(server->program, sizeof(server->program), "program");
	} else if (is("quota")) {
		read_quota(server);
	} else if (is("harts")) {
		read_harts(server);
	} else if (is("restart")) {
		read_restart(server);
	} else if (is("argument")) {
		read_argument(server);
	} else if (is("ram")) {
		add_grant(server, SYSTEM_RAM, word);
	} else if (is("maps")) {
		read_maps(server);
	} else if (is("device")) {
		read_device(server);
	} else if (is("provides") || is("uses")) {
		enum system_grant_kind kind = is("uses") ? SYSTEM_USES : SYSTEM_PROVIDES;

		while (more_words())
			read_service(server, kind);
	} else if (is("holds")) {
		while (more_words())
			read_holding(server);
	} else {
		return read_quantity(server);
	}
	return true;
}

/* A server has a slice or a budget. */
static void settle_time(struct system_server *server, unsigned where)
{
	uint32_t slice = server_slice[server - servers];
	uint32_t deadline = server_deadline[server - servers];

	if ((server->budget == 0) != (server->period == 0))
		error_at(where, "server '%s' has a budget or a period without the other",
			 server->name);
	if (server->budget > server->period)
		error_at(where, "server '%s' has a budget longer than its period", server->name);
	if (deadline > server->period)
		error_at(where, "server '%s' has a deadline longer than its period", server->name);
	if (server->budget != 0 && slice != 0)
		error_at(where, "server '%s' has a slice and a budget", server->name);
	if (server->budget == 0)
		server->budget = slice != 0 ? slice : SLICE;
}

static void read_server(void)
{
	struct system_server *server = &servers[header.servers];
	unsigned start = line;

	*server = (struct system_server){.number = header.servers + 1,
					 .cspace_bits = 8,
					 .first_grant = header.grants,
					 .stack = 16384};
	if (!want_word("the name of the server") ||
	    !take_name(server->name, sizeof(server->name), "server") || !open_block("server"))
		return;
	strcpy(server->program, server->name);
	for (unsigned i = 0; i < header.servers; i++) {
		if (strcmp(servers[i].name, server->name) == 0)
			error_at(start, "server '%s' is declared twice (first in line %u)",
				 server->name, server_line[i]);
	}
	server_line[header.servers++] = start;
	while (next_keyword(start)) {
		if (!read_property(server))
			unknown_keyword("server");
	}
	settle_time(server, start);
}

static void read_file(void)
{
	while (now->kind != TOKEN_END) {
		line = now->line;
		if (now->kind != TOKEN_WORD) {
			error_at(line, "a block is opened or closed where none can be");
			now++;
			continue;
		}
		word = now++->text;
		if (header.servers == SYSTEM_SERVERS || header.regions == SYSTEM_REGIONS ||
		    header.devices == SYSTEM_DEVICES) {
			error_at(line, "too many servers, regions or devices (%d, %d, %d)",
				 SYSTEM_SERVERS, SYSTEM_REGIONS, SYSTEM_DEVICES);
			return;
		}
		if (is("server"))
			read_server();
		else if (is("region"))
			read_region();
		else
			error_at(line, "'%s' is neither 'server' nor 'region'", word);
	}
}

/* ---- checks ------------------------------------------------------------------- */

static void resolve(struct system_server *server, unsigned g)
{
	struct system_grant *grant = &grants[g];
	unsigned i;

	if (grant->kind == SYSTEM_USES) {
		for (i = 0; i < header.services; i++) {
			if (strcmp(services[i].name, grant_name[g]) == 0)
				break;
		}
		grant->index = i;
		if (i == header.services)
			error_at(grant_line[g], "server '%s' uses '%s', which no server provides",
				 server->name, grant_name[g]);
		else if (&servers[services[i].provider] == server)
			error_at(grant_line[g], "server '%s' uses its own service '%s'",
				 server->name, grant_name[g]);
	} else if (grant->kind == SYSTEM_MAPS) {
		for (i = 0; i < header.regions; i++) {
			if (strcmp(regions[i].name, grant_name[g]) == 0)
				break;
		}
		grant->index = i;
		if (i == header.regions)
			error_at(grant_line[g], "server '%s' maps '%s', which is not declared",
				 server->name, grant_name[g]);
		else
			region_users[i]++;
	}
}

/* Names that the program finds: each must be there once. */
struct local_names {
	unsigned count;
	const char *names[LOCAL_NAMES];
};

static void add_local(struct local_names *list, const char *name, unsigned where,
		      const struct system_server *server)
{
	if (name[0] == 0)
		return;
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(list->names[i], name) == 0)
			error_at(where, "server '%s' gets two things with the name '%s'",
				 server->name, name);
	}
	if (list->count < LOCAL_NAMES)
		list->names[list->count++] = name;
}

static void check_names(const struct system_server *server, unsigned where)
{
	struct local_names caps = {3, {"console", "untyped", "supervisor"}}, maps = {0};

	for (unsigned g = server->first_grant; g < server->first_grant + server->grants; g++) {
		const struct system_grant *grant = &grants[g];

		if (grant->kind == SYSTEM_MAPS) {
			add_local(&maps, grant_name[g], grant_line[g], server);
		} else if (grant->kind == SYSTEM_DEVICE) {
			add_local(&caps, devices[grant->index].irq, grant_line[g], server);
			add_local(&maps, devices[grant->index].registers, grant_line[g], server);
			add_local(&maps, devices[grant->index].memory, grant_line[g], server);
		} else {
			add_local(&caps, grant_name[g], grant_line[g], server);
		}
	}
	if (caps.count > CAPS_MAX || maps.count > REGIONS_MAX)
		error_at(where, "server '%s' gets more than %d capabilities or %d regions",
			 server->name, CAPS_MAX, REGIONS_MAX);
}

/* Does the server have a grant of this kind and name? */
static bool has_grant(const struct system_server *server, enum system_grant_kind kind,
		      const char *name)
{
	for (unsigned g = server->first_grant; g < server->first_grant + server->grants; g++) {
		if (grants[g].kind == kind && strcmp(grant_name[g], name) == 0)
			return true;
	}
	return false;
}

static void check_server(struct system_server *server, unsigned where, int programs, char **program)
{
	size_t bytes = 0;
	bool found = programs == 0;

	for (unsigned g = server->first_grant; g < server->first_grant + server->grants; g++)
		resolve(server, g);
	check_names(server, where);
	if (server->quota != 0 && !has_grant(server, SYSTEM_USES, "memory"))
		error_at(where, "server '%s' has a quota but does not use 'memory'", server->name);
	if (server->quota == 0 && has_grant(server, SYSTEM_USES, "memory"))
		error_at(where, "server '%s' uses 'memory' but has no quota", server->name);
	if (has_grant(server, SYSTEM_RAM, "ram") && server->restart != 0)
		error_at(where, "server '%s' gets the RAM and cannot be restarted", server->name);
	for (uint32_t i = 0, at = server->first_argument; i < server->arguments; i++) {
		size_t size = strlen(strings + at) + 1;

		bytes += size;
		at += (uint32_t)size;
	}
	if (bytes > ARGUMENT_BYTES)
		error_at(where, "server '%s' has more than %d bytes of arguments", server->name,
			 ARGUMENT_BYTES);
	for (int i = 0; i < programs && !found; i++)
		found = strcmp(program[i], server->program) == 0;
	if (!found)
		error_at(where, "server '%s': no program '%s' is built", server->name,
			 server->program);
}

static void check_system(int programs, char **program)
{
	unsigned rest = 0, ram = 0;

	for (unsigned i = 0; i < header.servers; i++) {
		check_server(&servers[i], server_line[i], programs, program);
		if (servers[i].quota == SYSTEM_REST && rest++ != 0)
			error_at(server_line[i], "a second server has 'quota rest'");
		if (has_grant(&servers[i], SYSTEM_RAM, "ram") && ram++ != 0)
			error_at(server_line[i], "a second server gets the remaining RAM");
	}
	for (unsigned i = 0; i < header.regions; i++) {
		if (region_users[i] == 0)
			error_at(region_line[i], "region '%s' is used by nobody", regions[i].name);
	}
	if (header.servers == 0)
		error_at(1, "no server is declared");
}

/* ---- start order -------------------------------------------------------------- */

static unsigned order[SYSTEM_SERVERS], position[SYSTEM_SERVERS], ordered;

/* Does the server use a service of one that is not in the order yet? Returns that one, or -1. */
static int waits_for(const struct system_server *server)
{
	for (unsigned g = server->first_grant; g < server->first_grant + server->grants; g++) {
		uint32_t provider;

		if (grants[g].kind != SYSTEM_USES)
			continue;
		provider = services[grants[g].index].provider;
		if (position[provider] == 0)
			return (int)provider;
	}
	return -1;
}

/* Name a cycle: from a server that is not in the order, go to what it waits for. */
static void report_cycle(void)
{
	char text[1024] = "";
	unsigned i = 0;

	while (position[i] != 0)
		i++;
	for (unsigned n = 0; n < header.servers; n++)
		i = (unsigned)waits_for(&servers[i]);
	for (unsigned j = i, first = 1; first || j != i; first = 0) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "'%s' uses ",
			 servers[j].name);
		j = (unsigned)waits_for(&servers[j]);
	}
	error_at(server_line[i], "servers use each other in a circle: %s'%s'", text,
		 servers[i].name);
}

static void sort_servers(void)
{
	while (ordered < header.servers) {
		unsigned i = 0;

		while (i < header.servers && (position[i] != 0 || waits_for(&servers[i]) >= 0))
			i++;
		if (i == header.servers) {
			report_cycle();
			return;
		}
		order[ordered++] = i;
		position[i] = ordered; /* from 1; 0 = not yet */
	}
}

/* ---- admission ---------------------------------------------------------------- */

static struct task tasks[SYSTEM_SERVERS];

static void describe_task(unsigned i)
{
	const struct system_server *server = &servers[i];
	/* It may make threads with any budget, on any hart. */
	bool holds_hart = has_grant(server, SYSTEM_HOLDS, "hart");

	tasks[i] = (struct task){.budget = server->budget,
				 .period = server->period,
				 .priority = server->priority,
				 .harts = server->harts != 0 && !holds_hart ? server->harts : ~0u,
				 .reach = 1u << i,
				 .is_limited = server->period != 0 && !holds_hart};
	for (unsigned g = server->first_grant; g < server->first_grant + server->grants; g++) {
		if (grants[g].kind == SYSTEM_USES)
			tasks[i].reach |= tasks[services[grants[g].index].provider].reach;
	}
}

/*
 * A budget promises to fit into its deadline or period, as far as that can be known: who has no
 * budget itself may use up all time of those below. That is an error if they state a deadline; else
 * their budgets are limits only, and the table says so.
 */
static void check_response(unsigned i)
{
	const struct system_server *server = &servers[i];
	uint32_t deadline = server_deadline[i] != 0 ? server_deadline[i] : server->period;
	int unlimited = task_unlimited_delay(tasks, header.servers, i);
	uint64_t response;

	printf("%-24s%8u %9.3f %9.3f %9.3f ", server->name, server->priority,
	       server->budget / 1000.0, server->period / 1000.0, deadline / 1000.0);
	if (unlimited >= 0) {
		const char *why = servers[unlimited].period == 0 ? "has no budget" : "holds 'hart'";

		printf("     none: '%s' may run before it and %s\n", servers[unlimited].name, why);
		if (server_deadline[i] != 0)
			error_at(server_line[i],
				 "server '%s' has a deadline, but '%s' may run before it and %s",
				 server->name, servers[unlimited].name, why);
		return;
	}
	response = task_response_time(tasks, header.servers, i, SECTION_US);
	if (response == RESPONSE_NONE) {
		printf("     none: others use all time\n");
		error_at(server_line[i],
			 "server '%s' has no response time (others use all time), deadline %.3f ms",
			 server->name, deadline / 1000.0);
		return;
	}
	printf("%9.3f\n", (double)response / 1000.0);
	if (response > deadline)
		error_at(server_line[i],
			 "server '%s' has a response time of %.3f ms, deadline %.3f ms",
			 server->name, (double)response / 1000.0, deadline / 1000.0);
}

static void check_admission(void)
{
	bool any = false;

	/* In start order: what a server uses is described before it. */
	for (unsigned i = 0; i < ordered; i++)
		describe_task(order[i]);
	for (unsigned i = 0; i < header.servers; i++) {
		if (servers[i].period == 0)
			continue;
		if (!any)
			printf("server                  priority    budget    period  deadline  response (ms)\n");
		any = true;
		check_response(i);
	}
}

/* ---- output ------------------------------------------------------------------- */

static void write_file(const char *name)
{
	FILE *out = fopen(name, "wb");
	bool ok = out != NULL;

	header.bytes =
		(uint32_t)(sizeof(header) + header.servers * sizeof(servers[0]) +
			   header.services * sizeof(services[0]) +
			   header.regions * sizeof(regions[0]) + header.grants * sizeof(grants[0]) +
			   header.devices * sizeof(devices[0]) + header.strings);
	ok = ok && fwrite(&header, sizeof(header), 1, out) == 1;
	for (unsigned i = 0; i < header.servers; i++)
		ok = ok && fwrite(&servers[order[i]], sizeof(servers[0]), 1, out) == 1;
	for (unsigned i = 0; i < header.services; i++)
		services[i].provider = position[services[i].provider] - 1;
	ok = ok && fwrite(services, sizeof(services[0]), header.services, out) == header.services;
	ok = ok && fwrite(regions, sizeof(regions[0]), header.regions, out) == header.regions;
	ok = ok && fwrite(grants, sizeof(grants[0]), header.grants, out) == header.grants;
	ok = ok && fwrite(devices, sizeof(devices[0]), header.devices, out) == header.devices;
	ok = ok && fwrite(strings, 1, header.strings, out) == header.strings;
	if (out != NULL && fclose(out) != 0)
		ok = false;
	if (!ok) {
		perror(name);
		exit(2);
	}
}

/* The whole file as a string. */
static char *read_whole(const char *name)
{
	FILE *file = fopen(name, "rb");
	char *text = calloc(1, FILE_BYTES + 1);
	size_t size = file != NULL && text != NULL ? fread(text, 1, FILE_BYTES, file) : 0;

	if (file == NULL || text == NULL || ferror(file)) {
		perror(name);
		exit(2);
	}
	fclose(file);
	if (strlen(text) != size || size == FILE_BYTES) {
		fprintf(stderr, "%s: not a text file, or longer than %d bytes\n", name, FILE_BYTES);
		exit(1);
	}
	return text;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: sysc IN OUT [PROGRAM...]\n");
		return 2;
	}
	path = argv[1];
	read_tokens(read_whole(path));
	read_file();
	if (errors == 0)
		check_system(argc - 3, argv + 3);
	if (errors == 0)
		sort_servers();
	if (errors == 0)
		check_admission();
	if (errors != 0)
		return 1;
	write_file(argv[2]);
	return 0;
}
