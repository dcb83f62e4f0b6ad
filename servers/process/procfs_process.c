/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc/PID, but for the memory map (procfs_maps.c). */
#include "servers/process/procfs.h"

#include <string.h>

#define USER_HZ_NS 10000000ul
#define MEMORY_TEXT_MAX (128ul * 1024) /* bytes of cmdline or environ shown */

static uint64_t clock_ticks(uint64_t ticks)
{
	return time_ns(ticks) / USER_HZ_NS;
}

/* The thread that stands for the target: the one named, else the leader, else any; or NULL. */
static struct thread *thread_of(const struct proc_target *target)
{
	if (target->thread != NULL) {
		return target->thread;
	}
	return target->process->leader != NULL ? target->process->leader : target->process->threads;
}

static const char *comm_of(const struct proc_target *target)
{
	const struct thread *t = thread_of(target);
	const struct exec_file *exe = target->process->exe;
	const char *slash;

	if (t != NULL) {
		return t->comm;
	}
	/* A zombie has no thread any more. */
	if (exe == NULL || exe->path == NULL) {
		return "?";
	}
	slash = strrchr(exe->path, '/');
	return slash != NULL ? slash + 1 : exe->path;
}

static char state_of(const struct proc_target *target)
{
	if (target->process->state == PROCESS_ZOMBIE) {
		return 'Z';
	}
	return target->thread != NULL ? thread_state_letter(target->thread)
				      : process_state_letter(target->process);
}

static void usage_of(const struct proc_target *target, struct usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	if (target->thread != NULL) {
		thread_usage(target->thread, usage);
	} else {
		process_usage(target->process, usage);
	}
}

static void masks_of(const struct process *p, struct signal_masks *masks)
{
	memset(masks, 0, sizeof(*masks));
	if (p->signals != NULL && p->state == PROCESS_ALIVE) {
		process_signal_masks(p, masks);
	}
}

static void space_figures(struct process *p, struct pager_space_statistics *s)
{
	memset(s, 0, sizeof(*s));
	if (p->space != NULL && process_statistics(p, s) < 0) {
		memset(s, 0, sizeof(*s));
	}
}

static int32_t parent_of(const struct process *p)
{
	return p->parent != NULL ? p->parent->pid : 0;
}

/* ---- stat ---- */

static void print_stat_memory(struct text *text, struct process *p)
{
	static const struct space no_space;
	const struct space *space = p->space != NULL ? p->space : &no_space;
	struct pager_space_statistics s;
	struct signal_masks masks;
	uint64_t limit = p->limits[LINUX_RLIMIT_RSS].soft;

	space_figures(p, &s);
	masks_of(p, &masks);
	text_print(text, " %lu %lu %lu %lu %lu %lu 0 0", (unsigned long)(s.virtual_pages * 4096),
		   (unsigned long)s.resident_pages, (unsigned long)limit,
		   (unsigned long)space->code_start, (unsigned long)space->code_end,
		   (unsigned long)space->stack_start);
	/* Linux shows the first 31 signals here. */
	text_print(text, " %lu %lu %lu %lu", (unsigned long)(masks.pending & 0x7fffffff),
		   (unsigned long)(masks.blocked & 0x7fffffff),
		   (unsigned long)(masks.ignored & 0x7fffffff),
		   (unsigned long)(masks.caught & 0x7fffffff));
	text_print(text, " 0 0 0 17 0 0 0 0 0 0 %lu %lu %lu %lu %lu %lu %lu %d\n",
		   (unsigned long)space->data_start, (unsigned long)space->data_end,
		   (unsigned long)space->brk_start, (unsigned long)space->arg_start,
		   (unsigned long)space->arg_end, (unsigned long)space->env_start,
		   (unsigned long)space->env_end, (int)p->exit_status);
}

void proc_pid_stat(struct text *text, const struct proc_target *target)
{
	struct process *p = target->process;
	const struct tty *tty = p->session != NULL ? p->session->tty : NULL;
	struct usage own, children = p->children_usage;

	usage_of(target, &own);
	text_print(text, "%d (%s) %c %d %d %d %u %d 0",
		   target->thread != NULL ? (int)target->thread->tid : (int)p->pid, comm_of(target),
		   state_of(target), (int)parent_of(p), (int)p->pgid,
		   p->session != NULL ? (int)p->session->id : 0, (unsigned)tty_device_number(tty),
		   (int)tty_foreground(tty));
	text_print(text, " %lu %lu %lu %lu", (unsigned long)own.minor_faults,
		   (unsigned long)children.minor_faults, (unsigned long)own.major_faults,
		   (unsigned long)children.major_faults);
	text_print(text, " %lu %lu %lu %lu 20 0 %u 0 %lu", (unsigned long)clock_ticks(own.user),
		   (unsigned long)clock_ticks(own.system),
		   (unsigned long)clock_ticks(children.user),
		   (unsigned long)clock_ticks(children.system), (unsigned)p->thread_count,
		   (unsigned long)clock_ticks(p->start_time));
	print_stat_memory(text, p);
}

void proc_pid_statm(struct text *text, const struct proc_target *target)
{
	struct pager_space_statistics s;

	space_figures(target->process, &s);
	text_print(text, "%lu %lu %lu %lu 0 %lu 0\n", (unsigned long)s.virtual_pages,
		   (unsigned long)s.resident_pages, (unsigned long)s.shared_pages,
		   (unsigned long)s.text_pages, (unsigned long)(s.data_pages + s.stack_pages));
}

/* ---- status ---- */

static const char *state_name(char letter)
{
	switch (letter) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	case 'T':
		return "T (stopped)";
	default:
		return "Z (zombie)";
	}
}

static void print_identity(struct text *text, const struct proc_target *target)
{
	const struct process *p = target->process;
	const struct credentials *c = &p->credentials;

	text_print(text, "Name:\t%s\n", comm_of(target));
	if (p->fs != NULL) {
		text_print(text, "Umask:\t%04o\n", (unsigned)p->fs->umask);
	}
	text_print(text, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		   state_name(state_of(target)), (int)p->pid,
		   target->thread != NULL ? (int)target->thread->tid : (int)p->pid,
		   (int)parent_of(p));
	text_print(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", (unsigned)c->uid,
		   (unsigned)c->euid, (unsigned)c->suid, (unsigned)c->fsuid, (unsigned)c->gid,
		   (unsigned)c->egid, (unsigned)c->sgid, (unsigned)c->fsgid);
	text_print(text, "FDSize:\t%u\nGroups:\t",
		   p->files != NULL ? (unsigned)p->files->capacity : 0);
	for (uint32_t i = 0; i < c->group_count; i++) {
		text_print(text, "%u ", (unsigned)c->groups[i]);
	}
	text_print(text, "\n");
}

static void print_kib(struct text *text, const char *name, uint64_t pages)
{
	text_print(text, "%s\t%8lu kB\n", name, (unsigned long)(pages * 4));
}

static void print_memory(struct text *text, struct process *p)
{
	struct pager_space_statistics s;

	if (p->space == NULL) {
		return;
	}
	space_figures(p, &s);
	print_kib(text, "VmPeak:", s.virtual_pages);
	print_kib(text, "VmSize:", s.virtual_pages);
	print_kib(text, "VmLck:", s.locked_pages);
	print_kib(text, "VmPin:", 0);
	print_kib(text, "VmHWM:", s.peak_resident_pages);
	print_kib(text, "VmRSS:", s.resident_pages);
	print_kib(text, "RssAnon:",
		  s.resident_pages > s.shared_pages ? s.resident_pages - s.shared_pages : 0);
	print_kib(text, "RssFile:", s.shared_pages);
	print_kib(text, "RssShmem:", 0);
	print_kib(text, "VmData:", s.data_pages);
	print_kib(text, "VmStk:", s.stack_pages);
	print_kib(text, "VmExe:", s.text_pages);
	print_kib(text, "VmLib:", 0);
	print_kib(text, "VmPTE:", s.table_pages);
	print_kib(text, "VmSwap:", 0);
	/* Ravelin's own: pages shared by the last fork, and how many of them were copied since. */
	text_print(text, "CowShared:\t%lu\nCowCopied:\t%lu\n", (unsigned long)s.cow_shared,
		   (unsigned long)s.cow_copied);
}

void proc_pid_status(struct text *text, const struct proc_target *target)
{
	struct process *p = target->process;
	struct signal_masks masks;
	struct usage usage;

	masks_of(p, &masks);
	usage_of(target, &usage);
	print_identity(text, target);
	print_memory(text, p);
	text_print(text, "Threads:\t%u\n", (unsigned)p->thread_count);
	text_print(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
		   (unsigned long)masks.pending, (unsigned long)masks.shared_pending,
		   (unsigned long)masks.blocked);
	text_print(text, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", (unsigned long)masks.ignored,
		   (unsigned long)masks.caught);
	text_print(text, "NoNewPrivs:\t0\nSeccomp:\t0\n");
	text_print(text, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t0\n",
		   (unsigned long)usage.switches);
}

/* ---- strings of the program ---- */

static void append_memory(struct text *text, struct space *space, uint64_t start, uint64_t end)
{
	char chunk[1024];
	uint64_t limit = end - start < MEMORY_TEXT_MAX ? end - start : MEMORY_TEXT_MAX;
	uint64_t done = 0;

	if (end <= start) {
		return;
	}
	while (done < limit) {
		size_t n = limit - done < sizeof(chunk) ? (size_t)(limit - done) : sizeof(chunk);
		int64_t got = copy_in_partial(space, chunk, start + done, n);

		if (got <= 0) {
			return;
		}
		text_append(text, chunk, (size_t)got);
		done += (uint64_t)got;
	}
}

void proc_pid_cmdline(struct text *text, const struct proc_target *target)
{
	struct space *space = target->process->space;

	if (space != NULL) {
		append_memory(text, space, space->arg_start, space->arg_end);
	}
}

void proc_pid_environ(struct text *text, const struct proc_target *target)
{
	struct space *space = target->process->space;

	if (space != NULL) {
		append_memory(text, space, space->env_start, space->env_end);
	}
}

void proc_pid_comm(struct text *text, const struct proc_target *target)
{
	text_print(text, "%s\n", comm_of(target));
}

void proc_pid_auxv(struct text *text, const struct proc_target *target)
{
	const struct space *space = target->process->space;

	if (space != NULL) {
		text_append(text, space->auxv, space->auxv_words * sizeof(space->auxv[0]));
	}
}

/* ---- limits, descriptors ---- */

static const struct {
	const char *name, *unit;
} limit_names[] = {
	{"Max cpu time", "seconds"},	 {"Max file size", "bytes"},
	{"Max data size", "bytes"},	 {"Max stack size", "bytes"},
	{"Max core file size", "bytes"}, {"Max resident set", "bytes"},
	{"Max processes", "processes"},	 {"Max open files", "files"},
	{"Max locked memory", "bytes"},	 {"Max address space", "bytes"},
	{"Max file locks", "locks"},	 {"Max pending signals", "signals"},
	{"Max msgqueue size", "bytes"},	 {"Max nice priority", ""},
	{"Max realtime priority", ""},	 {"Max realtime timeout", "us"},
};

static void print_limit(struct text *text, uint64_t value)
{
	if (value == LINUX_RLIM_INFINITY) {
		text_print(text, "%-20s ", "unlimited");
	} else {
		text_print(text, "%-20lu ", (unsigned long)value);
	}
}

void proc_pid_limits(struct text *text, const struct proc_target *target)
{
	text_print(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < LINUX_RLIMITS; i++) {
		text_print(text, "%-25s ", limit_names[i].name);
		print_limit(text, target->process->limits[i].soft);
		print_limit(text, target->process->limits[i].hard);
		text_print(text, "%-10s\n", limit_names[i].unit);
	}
}

void proc_pid_fdinfo(struct text *text, const struct proc_target *target)
{
	const struct open_file *file = fd_file_any(target->process, target->fd);

	if (file != NULL) {
		text_print(text, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
			   (long)file->offset, (unsigned)file->flags,
			   (unsigned)file->inode->fs->device, (unsigned long)file->inode->ino);
	}
}
