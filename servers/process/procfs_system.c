/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of /proc about the whole system. Figures of memory are the pager's,
 * of harts the kernel's.
 *
 * /proc/ravelin: one "name value" a line, for the demo and for tests. Counted since boot; pages of
 * 4 KiB, sectors of 512 bytes, times in ticks of `timebase_hz`. Lines of a
 * server or device that this one has no capability for are left out.
 */
#include "servers/process/procfs.h"

#include <string.h>

#include "servers/lib/startup.h"
#include "servers/process/core.h"
#include "servers/protocol/block.h"
#include "servers/protocol/memory.h"

#define USER_HZ_NS 10000000ul
#define LOAD_PERIOD_NS 5000000000l
#define LOAD_ONE 2048u /* fixed-point 1.0 */

/* ---- figures ---- */

static void pager_figures(struct pager_statistics *s)
{
	memset(s, 0, sizeof(*s));
	if (server_request(pager_cap, PAGER_STATISTICS, 1, XFER_FILES, 0, 0, 0, 0, 0) >= 0) {
		memcpy(s, pager_xfer + XFER_FILES, sizeof(*s));
	}
}

struct hart_figures {
	uint64_t idle, switches, entries; /* ticks, counts */
};

static void hart_figures(uint32_t hart, struct hart_figures *f)
{
	struct message m = {.words = {hart}};
	cap_t cap = startup_cap("hart");

	memset(f, 0, sizeof(*f));
	if (cap != 0 && invoke(cap, HART_INFO, 1, &m) == ERR_OK) {
		f->idle = m.words[0];
		f->switches = m.words[1];
		f->entries = m.words[2];
	}
}

/* Ticks that Linux programs have run since boot. */
static uint64_t program_ticks(void)
{
	uint64_t total = 0;

	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		struct usage usage;

		process_usage(p, &usage);
		total += usage.user + usage.system + p->children_usage.user +
			 p->children_usage.system;
	}
	return total;
}

static uint64_t clock_ticks(uint64_t ticks)
{
	return time_ns(ticks) / USER_HZ_NS;
}

/* ---- memory ---- */

static void print_kib(struct text *text, const char *name, uint64_t pages)
{
	text_print(text, "%-16s%8lu kB\n", name, (unsigned long)(pages * 4));
}

void proc_meminfo(struct text *text, const struct proc_target *target)
{
	struct pager_statistics s;
	uint64_t reclaimable;

	(void)target;
	pager_figures(&s);
	reclaimable = s.cache_pages > s.dirty_pages ? s.cache_pages - s.dirty_pages : 0;
	print_kib(text, "MemTotal:", s.total_pages);
	print_kib(text, "MemFree:", s.free_pages);
	print_kib(text, "MemAvailable:", s.free_pages + reclaimable);
	print_kib(text, "Buffers:", 0);
	print_kib(text, "Cached:", s.cache_pages);
	print_kib(text, "SwapCached:", 0);
	print_kib(text, "Active:", s.anonymous_pages);
	print_kib(text, "Inactive:", s.cache_pages);
	print_kib(text, "Mlocked:", s.locked_pages);
	print_kib(text, "SwapTotal:", 0);
	print_kib(text, "SwapFree:", 0);
	print_kib(text, "Dirty:", s.dirty_pages);
	print_kib(text, "Writeback:", s.writeback_pages);
	print_kib(text, "AnonPages:", s.anonymous_pages);
	print_kib(text, "Shmem:", s.shared_pages);
	print_kib(text, "Slab:", s.node_pages);
	print_kib(text, "SReclaimable:", 0);
	print_kib(text, "SUnreclaim:", s.node_pages);
	print_kib(text, "PageTables:", s.table_pages);
}

void proc_vmstat(struct text *text, const struct proc_target *target)
{
	struct pager_statistics s;

	(void)target;
	pager_figures(&s);
	text_print(text, "nr_free_pages %lu\n", (unsigned long)s.free_pages);
	text_print(text, "nr_mlock %lu\n", (unsigned long)s.locked_pages);
	text_print(text, "nr_page_table_pages %lu\n", (unsigned long)s.table_pages);
	text_print(text, "nr_anon_pages %lu\n", (unsigned long)s.anonymous_pages);
	text_print(text, "nr_file_pages %lu\n", (unsigned long)s.cache_pages);
	text_print(text, "nr_dirty %lu\n", (unsigned long)s.dirty_pages);
	text_print(text, "nr_writeback %lu\n", (unsigned long)s.writeback_pages);
	text_print(text, "nr_shmem %lu\n", (unsigned long)s.shared_pages);
	/* Linux counts these two in KiB. */
	text_print(text, "pgpgin %lu\n", (unsigned long)(s.pages_in * 4));
	text_print(text, "pgpgout %lu\n", (unsigned long)(s.pages_out * 4));
	text_print(text, "pswpin 0\npswpout 0\n");
	text_print(text, "pgfault %lu\n", (unsigned long)(s.minor_faults + s.major_faults));
	text_print(text, "pgmajfault %lu\n", (unsigned long)s.major_faults);
	text_print(text, "pgsteal_kswapd %lu\n", (unsigned long)s.evictions);
	text_print(text, "ravelin_zero_fills %lu\n", (unsigned long)s.zero_fills);
	text_print(text, "ravelin_cow_copies %lu\n", (unsigned long)s.cow_copies);
}

/* ---- time ---- */

struct cpu_times {
	uint64_t user, system, idle; /* ticks */
};

static void print_cpu(struct text *text, const char *name, const struct cpu_times *c)
{
	text_print(text, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name,
		   (unsigned long)clock_ticks(c->user), (unsigned long)clock_ticks(c->system),
		   (unsigned long)clock_ticks(c->idle));
}

void proc_stat(struct text *text, const struct proc_target *target)
{
	uint32_t harts = startup()->hart_count;
	uint64_t up = time_now();
	struct cpu_times all = {.user = program_ticks()};
	struct hart_figures hart[8];
	struct task_counts counts;
	uint64_t switches = 0, busy;
	int64_t boot = (time_realtime_ns() - (int64_t)time_ns(up)) / 1000000000;

	(void)target;
	harts = harts < 8 ? harts : 8;
	for (uint32_t i = 0; i < harts; i++) {
		hart_figures(i, &hart[i]);
		hart[i].idle = hart[i].idle < up ? hart[i].idle : up;
		all.idle += hart[i].idle;
		switches += hart[i].switches;
	}
	busy = up * harts - all.idle;
	all.user = all.user < busy ? all.user : busy;
	all.system = busy - all.user; /* servers and kernel */
	print_cpu(text, "cpu ", &all);
	for (uint32_t i = 0; i < harts; i++) {
		uint64_t own = up - hart[i].idle;
		struct cpu_times one = {.idle = hart[i].idle};
		char name[16] = "cpu0";

		name[3] = (char)('0' + i);
		one.user = busy >> 10 > 0 ? own / 1024 * (all.user >> 10) / (busy >> 10) * 1024 : 0;
		one.user = one.user < own ? one.user : own;
		one.system = own - one.user;
		print_cpu(text, name, &one);
	}
	task_count(&counts);
	text_print(text, "intr 0\nctxt %lu\nbtime %ld\nprocesses %lu\n", (unsigned long)switches,
		   (long)boot, (unsigned long)counts.forks);
	text_print(text, "procs_running %u\nprocs_blocked 0\n", (unsigned)counts.running);
}

void proc_uptime(struct text *text, const struct proc_target *target)
{
	uint64_t up = time_ns(time_now()) / USER_HZ_NS;
	uint64_t idle = 0;

	(void)target;
	for (uint32_t i = 0; i < startup()->hart_count; i++) {
		struct hart_figures f;

		hart_figures(i, &f);
		idle += f.idle;
	}
	idle = time_ns(idle) / USER_HZ_NS;
	text_print(text, "%lu.%02lu %lu.%02lu\n", (unsigned long)(up / 100),
		   (unsigned long)(up % 100), (unsigned long)(idle / 100),
		   (unsigned long)(idle % 100));
}

/* Linux's load averages: over 1, 5 and 15 minutes, in units of 1 / LOAD_ONE. */
static uint64_t loads[3];
static const uint32_t load_decay[3] = {1884, 2014, 2037};

static void load_tick(struct timer *timer)
{
	struct task_counts counts;

	task_count(&counts);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t active = counts.running * LOAD_ONE;

		loads[i] = (loads[i] * load_decay[i] + active * (LOAD_ONE - load_decay[i]) +
			    LOAD_ONE / 2) /
			   LOAD_ONE;
	}
	timer_set(timer, time_deadline(LOAD_PERIOD_NS));
}

void proc_load_start(void)
{
	static struct timer timer = {.fire = load_tick};

	timer_set(&timer, time_deadline(LOAD_PERIOD_NS));
}

void proc_loadavg(struct text *text, const struct proc_target *target)
{
	struct task_counts counts;

	(void)target;
	task_count(&counts);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t hundredths = (loads[i] * 100 + LOAD_ONE / 2) / LOAD_ONE;

		text_print(text, "%lu.%02lu ", (unsigned long)(hundredths / 100),
			   (unsigned long)(hundredths % 100));
	}
	text_print(text, "%u/%u %d\n", (unsigned)counts.running, (unsigned)counts.threads,
		   (int)counts.last_pid);
}

/* ---- what the system is ---- */

void proc_version(struct text *text, const struct proc_target *target)
{
	(void)target;
	text_print(text, "Linux version 6.12.0-ravelin (ravelin) #1 SMP Ravelin\n");
}

void proc_cpuinfo(struct text *text, const struct proc_target *target)
{
	(void)target;
	for (uint32_t i = 0; i < startup()->hart_count; i++) {
		text_print(text,
			   "processor\t: %u\nhart\t\t: %u\nisa\t\t: rv64imafdc\n"
			   "mmu\t\t: sv39\n\n",
			   (unsigned)i, (unsigned)i);
	}
}

void proc_filesystems(struct text *text, const struct proc_target *target)
{
	(void)target;
	text_print(text, "nodev\tproc\nnodev\ttmpfs\nnodev\tdevtmpfs\n\text4\n");
}

void proc_cmdline(struct text *text, const struct proc_target *target)
{
	const char *argument = (const char *)startup() + startup()->arguments;
	const char *separator = "";

	(void)target;
	while (startup()->arguments != 0 && *argument != 0) {
		text_print(text, "%s%s", separator, argument);
		argument += strlen(argument) + 1;
		separator = " ";
	}
	text_print(text, "\n");
}

void proc_swaps(struct text *text, const struct proc_target *target)
{
	(void)target;
	text_print(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

void proc_hostname(struct text *text, const struct proc_target *target)
{
	(void)target;
	text_print(text, "%s\n", host_name);
}

void proc_domainname(struct text *text, const struct proc_target *target)
{
	(void)target;
	text_print(text, "(none)\n");
}

/* Call `print` for each mount that can be reached from the process's root, with its path. */
static void each_mount(struct text *text, const struct process *p,
		       void (*print)(struct text *text, const struct mount *mount,
				     const char *path))
{
	static char name[VFS_PATH_MAX];
	struct vfs_path root = {mount_first(), mount_first()->root};

	if (p != NULL && p->fs != NULL) {
		root = p->fs->root;
	}
	for (struct mount *mount = mount_first(); mount != NULL; mount = mount->next) {
		struct vfs_path path = {mount, mount->root};

		if (path_name(&path, &root, name, sizeof(name), false) >= 0 && name[0] == '/') {
			print(text, mount, name);
		}
	}
}

static void print_mount(struct text *text, const struct mount *mount, const char *path)
{
	text_print(text, "%s ", mount->source);
	text_append(text, path, strlen(path));
	text_print(text, " %s %s,noatime 0 0\n", mount->fs->type,
		   mount->is_read_only ? "ro" : "rw");
}

void proc_mounts(struct text *text, const struct proc_target *target)
{
	each_mount(text, target->process, print_mount);
}

static void print_mount_info(struct text *text, const struct mount *mount, const char *path)
{
	const char *mode = mount->is_read_only ? "ro" : "rw";

	text_print(text, "%u %u %u:%u / ", (unsigned)mount->id,
		   mount->parent != NULL ? (unsigned)mount->parent->id : 0,
		   (unsigned)(mount->fs->device >> 8), (unsigned)(mount->fs->device & 0xff));
	text_append(text, path, strlen(path));
	text_print(text, " %s,noatime - %s %s %s\n", mode, mount->fs->type, mount->source, mode);
}

void proc_mountinfo(struct text *text, const struct proc_target *target)
{
	each_mount(text, target->process, print_mount_info);
}

void proc_unimplemented(struct text *text, const struct proc_target *target)
{
	static char report[16384];
	size_t length = unknown_calls_report(report, sizeof(report));

	(void)target;
	text_append(text, report, length < sizeof(report) ? length : sizeof(report));
}

/* ---- /proc/ravelin ---- */

static void print_value(struct text *text, const char *group, const char *name, uint64_t value)
{
	text_print(text, "%s_%s %lu\n", group, name, (unsigned long)value);
}

static void print_pager(struct text *text)
{
	struct pager_statistics s;

	pager_figures(&s);
	print_value(text, "pager", "total_pages", s.total_pages);
	print_value(text, "pager", "free_pages", s.free_pages);
	print_value(text, "pager", "cache_pages", s.cache_pages);
	print_value(text, "pager", "dirty_pages", s.dirty_pages);
	print_value(text, "pager", "anonymous_pages", s.anonymous_pages);
	print_value(text, "pager", "shared_pages", s.shared_pages);
	print_value(text, "pager", "node_pages", s.node_pages);
	print_value(text, "pager", "table_pages", s.table_pages);
	print_value(text, "pager", "locked_pages", s.locked_pages);
	print_value(text, "pager", "writeback_pages", s.writeback_pages);
	print_value(text, "pager", "minor_faults", s.minor_faults);
	print_value(text, "pager", "major_faults", s.major_faults);
	print_value(text, "pager", "pages_in", s.pages_in);
	print_value(text, "pager", "pages_out", s.pages_out);
	print_value(text, "pager", "evictions", s.evictions);
	print_value(text, "pager", "zero_fills", s.zero_fills);
	print_value(text, "pager", "cow_copies", s.cow_copies);
	print_value(text, "pager", "active_spaces", s.active_spaces);
}

static void print_block(struct text *text)
{
	uint64_t words[10] = {0};
	cap_t block = startup_cap("block");

	if (block == 0 || server_call(block, BLOCK_STATISTICS, 0, words) < 0) {
		return;
	}
	print_value(text, "block", "reads", words[1]);
	print_value(text, "block", "sectors_read", words[2]);
	print_value(text, "block", "writes", words[3]);
	print_value(text, "block", "sectors_written", words[4]);
	print_value(text, "block", "flushes", words[5]);
}

static void print_memory(struct text *text)
{
	uint64_t words[10] = {0};
	cap_t memory = startup_cap("memory");

	if (memory == 0 || server_call(memory, MEMORY_INFO, 0, words) < 0) {
		return;
	}
	print_value(text, "memory", "ram_bytes", words[1]);
	print_value(text, "memory", "free_bytes", words[2]);
	print_value(text, "process", "quota_bytes", words[3]);
	print_value(text, "process", "used_bytes", words[4]);
}

void proc_ravelin(struct text *text, const struct proc_target *target)
{
	(void)target;
	print_value(text, "timebase", "hz", startup()->timebase_hz);
	print_value(text, "harts", "count", startup()->hart_count);
	for (uint32_t i = 0; i < startup()->hart_count; i++) {
		char group[16] = "hart0";
		struct hart_figures f;

		group[4] = (char)('0' + i % 10);
		hart_figures(i, &f);
		print_value(text, group, "idle_ticks", f.idle);
		print_value(text, group, "switches", f.switches);
		print_value(text, group, "kernel_entries", f.entries);
	}
	print_memory(text);
	print_pager(text);
	print_block(text);
	print_value(text, "process", "inodes", inode_count());
}
