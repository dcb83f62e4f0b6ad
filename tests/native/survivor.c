/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one server of broken.system that can run: root must have left out the
 * others, each with a message (broken.verify.sh looks for them), and given
 * back what they had taken.
 */
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/memory.h"

int main(void)
{
	struct message m = {.tag = MESSAGE_TAG(MEMORY_INFO, 0)};
	enum err err = ipc_call(startup_cap_required("memory"), &m);

	if (err == ERR_OK && m.words[0] == 0 && m.words[2] > startup()->ram_size / 2)
		log_print("PASS memory-is-back\n");
	else
		log_print("FAIL memory-is-back %lu bytes free\n", m.words[2]);
	log_print("DONE\n");
	invoke5(startup_cap_required("system"), SYSTEM_RESET, 0, 0, 0, 0, 0);
	fatal("survivor: the machine does not power off\n");
}
