/* SPDX-License-Identifier: BSD-2-Clause */
/* Small calls about the system and about the calling thread. */
#include "servers/process/core.h"

#include <stdio.h>
#include <string.h>

#include "servers/lib/startup.h"
#include "servers/protocol/files.h"

#define NAME_SIZE 65 /* of each field of struct utsname */
#define NAME_MAX 64

char host_name[NAME_SIZE] = "ravelin";
static char domain_name[NAME_SIZE] = "(none)";

int64_t sys_uname(struct thread *t, const uint64_t args[6])
{
	char names[6][NAME_SIZE];

	memset(names, 0, sizeof(names));
	strcpy(names[0], "Linux");
	memcpy(names[1], host_name, NAME_SIZE);
	strcpy(names[2], "6.12.0-ravelin");
	strcpy(names[3], "#1 SMP Ravelin");
	strcpy(names[4], "riscv64");
	memcpy(names[5], domain_name, NAME_SIZE);
	return copy_out(t, args[0], names, sizeof(names));
}

static int64_t name_set(struct thread *t, char *name, const uint64_t args[6])
{
	char new[NAME_SIZE] = {0};
	int32_t length = (int32_t)args[1];

	if (t->process->credentials.euid != 0) {
		return -STATUS_PERM;
	}
	if (length < 0 || length > NAME_MAX) {
		return -STATUS_INVAL;
	}
	if (copy_in(t, new, args[0], (size_t)length) < 0) {
		return -STATUS_FAULT;
	}
	memcpy(name, new, NAME_SIZE);
	return 0;
}

int64_t sys_sethostname(struct thread *t, const uint64_t args[6])
{
	return name_set(t, host_name, args);
}

int64_t sys_setdomainname(struct thread *t, const uint64_t args[6])
{
	return name_set(t, domain_name, args);
}

int64_t sys_sysinfo(struct thread *t, const uint64_t args[6])
{
	struct {
		int64_t uptime;
		uint64_t loads[3];
		uint64_t total, free, shared, buffers, swap, swap_free;
		uint16_t processes, padding[3];
		uint64_t total_high, free_high;
		uint32_t unit, padding2;
	} info;
	struct pager_statistics s;
	struct task_counts counts;

	if (server_request(pager_cap, PAGER_STATISTICS, 1, XFER_CORE, 0, 0, 0, 0, 0) < 0) {
		return -STATUS_IO;
	}
	memcpy(&s, pager_xfer + XFER_CORE, sizeof(s));
	task_count(&counts);
	memset(&info, 0, sizeof(info));
	info.uptime = (int64_t)(time_now() / startup()->timebase_hz);
	info.total = s.total_pages * PAGE;
	info.free = s.free_pages * PAGE;
	info.shared = s.shared_pages * PAGE;
	info.processes = (uint16_t)counts.threads;
	info.unit = 1;
	return copy_out(t, args[0], &info, sizeof(info));
}

int64_t sys_getcpu(struct thread *t, const uint64_t args[6])
{
	uint32_t cpu = kthread_hart(t->number), node = 0;

	if ((args[0] != 0 && copy_out(t, args[0], &cpu, 4) < 0) ||
	    (args[1] != 0 && copy_out(t, args[1], &node, 4) < 0)) {
		return -STATUS_FAULT;
	}
	return 0;
}

int64_t sys_set_tid_address(struct thread *t, const uint64_t args[6])
{
	t->core->clear_child_tid = args[0];
	return t->tid;
}

int64_t sys_personality(struct thread *t, const uint64_t args[6])
{
	(void)t;
	return args[0] == 0 || args[0] == UINT32_MAX ? 0 : -STATUS_INVAL;
}

int64_t sys_unshare(struct thread *t, const uint64_t args[6])
{
	enum { UNSHARE_FS = 0x200, UNSHARE_FILES = 0x400 };
	struct process *p = t->process;

	if ((args[0] & ~(uint64_t)(UNSHARE_FS | UNSHARE_FILES)) != 0) {
		return -STATUS_INVAL;
	}
	if ((args[0] & UNSHARE_FILES) != 0 && fd_table_is_shared(p->files)) {
		struct fd_table *files = fd_table_copy(p->files);

		if (files == NULL) {
			return -STATUS_NOMEM;
		}
		fd_table_release(p->files);
		p->files = files;
	}
	if ((args[0] & UNSHARE_FS) != 0) {
		struct fs_context *fs = fs_context_copy(p->fs);

		if (fs == NULL) {
			return -STATUS_NOMEM;
		}
		fs_context_release(p->fs);
		p->fs = fs;
	}
	return 0;
}

/* The kernel's message buffer: there is none, so it reads as empty. */
int64_t sys_syslog(struct thread *t, const uint64_t args[6])
{
	(void)t;
	return (int32_t)args[0] >= 0 && (int32_t)args[0] <= 10 ? 0 : -STATUS_INVAL;
}

/* ---- prctl ---- */

enum prctl_option {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3,
	PR_SET_DUMPABLE = 4,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_CAPBSET_READ = 23,
	PR_SET_TIMERSLACK = 29,
	PR_GET_TIMERSLACK = 30,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39,
	PR_GET_TID_ADDRESS = 40,
	PR_GET_THP_DISABLE = 42,
};

static int64_t copy_out_int(struct thread *t, uint64_t user, int32_t value)
{
	return copy_out(t, user, &value, sizeof(value));
}

/* Options that belong to the calling thread. */
static int64_t prctl_thread(struct thread *t, const uint64_t args[6])
{
	char name[COMM_SIZE] = {0};
	int64_t status;

	switch ((int)args[0]) {
	case PR_SET_NAME:
		status = copy_in_string(t, name, args[1], sizeof(name));
		if (status == -STATUS_NAMETOOLONG) {
			status = copy_in(t, name, args[1], sizeof(name) - 1);
		}
		if (status >= 0) {
			memcpy(t->comm, name, COMM_SIZE);
		}
		return status < 0 ? status : 0;
	case PR_GET_NAME:
		return copy_out(t, args[1], t->comm, COMM_SIZE);
	case PR_SET_TIMERSLACK:
		t->core->slack_ns = args[1] != 0 ? args[1] : 50000;
		return 0;
	case PR_GET_TIMERSLACK:
		return (int64_t)t->core->slack_ns;
	case PR_GET_TID_ADDRESS:
		return copy_out(t, args[1], &t->core->clear_child_tid, 8);
	default:
		return -STATUS_INVAL;
	}
}

int64_t sys_prctl(struct thread *t, const uint64_t args[6])
{
	struct process *p = t->process;
	struct process_core *c = p->core;

	switch ((int)args[0]) {
	case PR_SET_PDEATHSIG:
		if (args[1] > LINUX_SIGNAL_MAX) {
			return -STATUS_INVAL;
		}
		c->parent_death_signal = (int32_t)args[1];
		return 0;
	case PR_GET_PDEATHSIG:
		return copy_out_int(t, args[1], c->parent_death_signal);
	case PR_GET_DUMPABLE:
		return !p->space->not_dumpable;
	case PR_SET_DUMPABLE:
		if (args[1] > 1) {
			return -STATUS_INVAL;
		}
		p->space->not_dumpable = args[1] == 0;
		return 0;
	case PR_CAPBSET_READ:
		return args[1] <= 40 ? 1 : -STATUS_INVAL;
	case PR_SET_CHILD_SUBREAPER:
		c->is_subreaper = args[1] != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return copy_out_int(t, args[1], c->is_subreaper);
	case PR_SET_NO_NEW_PRIVS:
		if (args[1] != 1 || args[2] != 0 || args[3] != 0 || args[4] != 0) {
			return -STATUS_INVAL;
		}
		c->no_new_privileges = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return c->no_new_privileges;
	case PR_GET_THP_DISABLE:
		return 0;
	default:
		return prctl_thread(t, args);
	}
}

/* ---- the machine ---- */

#define REBOOT_MAGIC1 0xfee1deadu

enum reboot_command {
	REBOOT_CAD_OFF = 0,
	REBOOT_RESTART = 0x01234567,
	REBOOT_POWER_OFF = 0x4321fedc,
};
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_CAD_ON 0x89abcdefu

int64_t sys_reboot(struct thread *t, const uint64_t args[6])
{
	static const uint32_t magics[] = {672274793, 85072278, 369367448, 537993216};
	bool known = false;

	if (t->process->credentials.euid != 0) {
		return -STATUS_PERM;
	}
	for (unsigned i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		known = known || (uint32_t)args[1] == magics[i];
	}
	if ((uint32_t)args[0] != REBOOT_MAGIC1 || !known) {
		return -STATUS_INVAL;
	}
	switch ((uint32_t)args[2]) {
	case REBOOT_CAD_OFF:
	case REBOOT_CAD_ON:
		return 0;
	case REBOOT_POWER_OFF:
	case REBOOT_HALT:
		power_off(false);
		return 0;
	case REBOOT_RESTART:
		power_restart();
		return 0;
	default:
		return -STATUS_INVAL;
	}
}
