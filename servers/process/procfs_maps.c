/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/PID/maps, smaps and smaps_rollup, from the pager's regions. */
#include "servers/process/procfs.h"

#include <stdio.h>
#include <string.h>

#include "servers/process/exec_file.h"

#define BATCH 64
#define NAME_COLUMN 73
#define PROPORTION 4096 /* units of pager_region.proportional per page */

/* Call `visit` for each region of the process, in order of address. */
static void each_region(struct process *p,
			void (*visit)(const struct pager_region *region, struct process *p,
				      void *context),
			void *context)
{
	static struct pager_region regions[BATCH];
	uint64_t address = 0;
	int64_t count;

	if (p->space == NULL) {
		return;
	}
	while ((count = process_regions(p, address, regions, BATCH)) > 0) {
		for (int64_t i = 0; i < count; i++) {
			visit(&regions[i], p, context);
		}
		if (regions[count - 1].end <= address) {
			return;
		}
		address = regions[count - 1].end;
	}
}

static const char *region_name(const struct pager_region *region, const struct process *p)
{
	const struct space *space = p->space;
	const char *name;

	if (space->trampoline >= region->start && space->trampoline < region->end) {
		return "[vdso]";
	}
	if (region->object != 0) {
		name = exec_file_name(region->fs, region->ino);
		return name != NULL ? name : "/dev/zero (deleted)";
	}
	if (region->flags & PAGER_HEAP) {
		return "[heap]";
	}
	/* The program's arguments lie at the top of the first thread's stack. */
	if (space->arg_start >= region->start && space->arg_start < region->end) {
		return "[stack]";
	}
	return "";
}

static void print_region(struct text *text, const struct pager_region *region,
			 const struct process *p)
{
	uint32_t device = region->object != 0 ? served_device(region->fs) : 0;
	uint32_t protection = region->protection;
	const char *name = region_name(region, p);
	char line[128];
	int length = snprintf(
		line, sizeof(line), "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ",
		(unsigned long)region->start, (unsigned long)region->end,
		protection & PAGER_READ ? 'r' : '-', protection & PAGER_WRITE ? 'w' : '-',
		protection & PAGER_EXECUTE ? 'x' : '-', region->flags & PAGER_SHARED ? 's' : 'p',
		(unsigned long)region->offset, (unsigned)(device >> 8), (unsigned)(device & 0xff),
		region->object != 0 ? (unsigned long)region->ino : 0ul);

	text_append(text, line, (size_t)length);
	if (name[0] != 0) {
		text_print(text, "%*s", length < NAME_COLUMN ? NAME_COLUMN - length : 0, "");
		text_append(text, name, strlen(name));
	}
	text_append(text, "\n", 1);
}

static void maps_visit(const struct pager_region *region, struct process *p, void *context)
{
	print_region(context, region, p);
}

void proc_pid_maps(struct text *text, const struct proc_target *target)
{
	each_region(target->process, maps_visit, text);
}

/* ---- smaps ---- */

struct sums {
	uint64_t pages, resident, proportional, shared_clean, shared_dirty, private_clean,
		private_dirty, referenced, anonymous, locked;
	uint64_t start, end;
};

static void add(struct sums *sums, const struct pager_region *region)
{
	if (sums->pages == 0) {
		sums->start = region->start;
	}
	sums->end = region->end;
	sums->pages += (region->end - region->start) / 4096;
	sums->resident += region->resident;
	sums->proportional += region->proportional;
	sums->shared_clean += region->shared_clean;
	sums->shared_dirty += region->shared_dirty;
	sums->private_clean += region->private_clean;
	sums->private_dirty += region->private_dirty;
	sums->referenced += region->referenced;
	sums->anonymous += region->anonymous;
	sums->locked += region->flags & PAGER_LOCKED ? region->resident : 0;
}

static void print_kib(struct text *text, const char *name, uint64_t kib)
{
	text_print(text, "%-16s%8lu kB\n", name, (unsigned long)kib);
}

static void print_sums(struct text *text, const struct sums *s)
{
	print_kib(text, "Rss:", s->resident * 4);
	print_kib(text, "Pss:", s->proportional * 4 / PROPORTION);
	print_kib(text, "Shared_Clean:", s->shared_clean * 4);
	print_kib(text, "Shared_Dirty:", s->shared_dirty * 4);
	print_kib(text, "Private_Clean:", s->private_clean * 4);
	print_kib(text, "Private_Dirty:", s->private_dirty * 4);
	print_kib(text, "Referenced:", s->referenced * 4);
	print_kib(text, "Anonymous:", s->anonymous * 4);
	print_kib(text, "Swap:", 0);
	print_kib(text, "SwapPss:", 0);
	print_kib(text, "Locked:", s->locked * 4);
}

static void smaps_visit(const struct pager_region *region, struct process *p, void *context)
{
	struct text *text = context;
	struct sums sums = {0};
	uint32_t protection = region->protection;

	add(&sums, region);
	print_region(text, region, p);
	print_kib(text, "Size:", sums.pages * 4);
	print_kib(text, "KernelPageSize:", 4);
	print_kib(text, "MMUPageSize:", 4);
	print_sums(text, &sums);
	text_print(text, "VmFlags:%s%s%s%s mr mw me%s%s%s\n", protection & PAGER_READ ? " rd" : "",
		   protection & PAGER_WRITE ? " wr" : "", protection & PAGER_EXECUTE ? " ex" : "",
		   region->flags & PAGER_SHARED ? " sh" : "",
		   region->flags & PAGER_STACK ? " gd" : "",
		   region->flags & PAGER_LOCKED ? " lo" : "",
		   region->flags & PAGER_NORESERVE ? " nr" : "");
}

void proc_pid_smaps(struct text *text, const struct proc_target *target)
{
	each_region(target->process, smaps_visit, text);
}

static void rollup_visit(const struct pager_region *region, struct process *p, void *context)
{
	(void)p;
	add(context, region);
}

void proc_pid_smaps_rollup(struct text *text, const struct proc_target *target)
{
	struct sums sums = {0};

	each_region(target->process, rollup_visit, &sums);
	text_print(text,
		   "%08lx-%08lx ---p 00000000 00:00 0                                  "
		   "[rollup]\n",
		   (unsigned long)sums.start, (unsigned long)sums.end);
	print_sums(text, &sums);
}
