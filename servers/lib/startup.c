/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks things up in the start-up page. */
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

const char *program_name(void)
{
	return startup()->magic == STARTUP_MAGIC ? startup()->name : "root";
}

cap_t startup_cap(const char *name)
{
	const struct startup *s = startup();

	for (uint32_t i = 0; i < s->cap_count; i++) {
		if (strcmp(s->caps[i].name, name) == 0)
			return s->caps[i].slot;
	}
	return 0;
}

cap_t startup_cap_required(const char *name)
{
	cap_t cap = startup_cap(name);

	if (cap == 0)
		fatal("%s: the system file gives it no capability \"%s\"\n", program_name(), name);
	return cap;
}

const struct startup_region *startup_region(const char *name)
{
	const struct startup *s = startup();

	for (uint32_t i = 0; i < s->region_count; i++) {
		if (strcmp(s->regions[i].name, name) == 0)
			return &s->regions[i];
	}
	return NULL;
}

const char *startup_argument(const char *key)
{
	const char *argument = (const char *)startup() + startup()->arguments;
	size_t length = strlen(key);

	for (; *argument != 0; argument += strlen(argument) + 1) {
		if (strncmp(argument, key, length) != 0)
			continue;
		if (argument[length] == '=')
			return argument + length + 1;
		if (argument[length] == 0)
			return argument + length;
	}
	return NULL;
}
