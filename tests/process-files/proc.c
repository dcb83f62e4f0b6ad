/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc: its files parsed back, its links followed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/process/exec_file.h"
#include "tests/process-files/fake.h"

static struct thread *t;

static long value_of(const char *text, const char *name)
{
	const char *at = text != NULL ? strstr(text, name) : NULL;

	return at != NULL ? strtol(at + strlen(name), NULL, 10) : -1;
}

static const char *link_of(const char *path)
{
	static char text[512];
	int64_t n = CALL(t, NR_READLINKAT, AT_CWD, fake_string(t, 0, path), SCRATCH, 500);

	if (n < 0) {
		return "?";
	}
	memcpy(text, fake_memory(t, SCRATCH), (size_t)n);
	text[n] = 0;
	return text;
}

/* As busybox's ps and top do it. */
static void stat_file(void)
{
	char comm[16], state;
	int pid, ppid, pgrp, session, tty, tpgid;
	unsigned long flags, faults[4], utime, stime, vsize, count = 0;
	long cutime, cstime, priority, nice, threads, interval, rss;
	unsigned long long start;
	const char *text;

	t = fake_start();
	text = fake_file(t, "/proc/self/stat");
	CHECK(text != NULL);
	CHECK(sscanf(text,
		     "%d (%15[^)]) %c %d %d %d %d %d %lu %lu %lu %lu %lu %lu %lu %ld %ld %ld %ld "
		     "%ld %ld %llu %lu %ld",
		     &pid, comm, &state, &ppid, &pgrp, &session, &tty, &tpgid, &flags, &faults[0],
		     &faults[1], &faults[2], &faults[3], &utime, &stime, &cutime, &cstime,
		     &priority, &nice, &threads, &interval, &start, &vsize, &rss) == 24);
	CHECK(pid == 1 && strcmp(comm, "sh") == 0 && state == 'S' && ppid == 0);
	CHECK(tty == 0 && tpgid == -1 && utime == 100 && threads == 1 && rss == 100);
	CHECK(vsize == 1001 * 4096ul);
	for (const char *c = text; *c != 0; c++) {
		count += *c == ' ';
	}
	CHECK(count == 51);
	CHECK(strcmp(fake_file(t, "/proc/1/statm"), "1001 100 40 0 0 0 0\n") == 0);
}

static void system_files(void)
{
	const char *text;
	unsigned long up, hundredths;

	t = fake_start();
	text = fake_file(t, "/proc/meminfo");
	CHECK(value_of(text, "MemTotal:") == 65536 && value_of(text, "MemFree:") == 32768);
	CHECK(value_of(text, "\nCached:") == 8192 && value_of(text, "SwapTotal:") == 0);
	text = fake_file(t, "/proc/vmstat");
	CHECK(value_of(text, "pgfault ") == 1234);
	text = fake_file(t, "/proc/stat");
	CHECK(strncmp(text, "cpu  ", 5) == 0 && strstr(text, "\ncpu1 ") != NULL);
	CHECK(value_of(text, "processes ") == 5 && value_of(text, "btime ") > 0);
	text = fake_file(t, "/proc/uptime");
	CHECK(text != NULL && sscanf(text, "%lu.%lu", &up, &hundredths) == 2);
	CHECK(strstr(fake_file(t, "/proc/loadavg"), " 1/2 2\n") != NULL);
	CALL(t, 293, 0);
	CHECK(strcmp(fake_file(t, "/proc/unimplemented"), "293 rseq 1\n") == 0);
	CHECK(strcmp(fake_file(t, "/proc/cmdline"), "init=/bin/ash quiet\n") == 0);
	CHECK(strcmp(fake_file(t, "/proc/sys/kernel/hostname"), "ravelin\n") == 0);
	CHECK(strcmp(fake_file(t, "/proc/sys/kernel/ostype"), "Linux\n") == 0);
	CHECK(value_of(fake_file(t, "/proc/ravelin"), "pager_cache_pages ") == 2048);
	CHECK(strstr(fake_file(t, "/proc/mounts"), "/dev/vda / ext4 rw") != NULL);
	CHECK(strstr(fake_file(t, "/proc/self/mountinfo"),
		     "1 0 254:0 / / rw,noatime - ext4 /dev/vda rw\n") != NULL);
	CHECK(strstr(fake_file(t, "/proc/cpuinfo"), "rv64") != NULL);
	CHECK(fake_file(t, "/proc/nothing") == NULL && fake_file(t, "/proc/99/stat") == NULL);
	CHECK(fake_open(t, "/proc/meminfo", OPEN_WRITE, 0) == -STATUS_ACCES);
}

static void process_files(void)
{
	struct thread *child;
	const char *text;
	int64_t fd;

	t = fake_start();
	child = fake_process(t, 0);
	text = fake_file(t, "/proc/2/status");
	CHECK(value_of(text, "Pid:\t") == 2 && value_of(text, "PPid:\t") == 1);
	CHECK(value_of(text, "VmRSS:") == 400 && strstr(text, "State:\tR") != NULL);
	CHECK(strstr(text, "SigIgn:\t0000000000001000") != NULL);
	text = fake_file(t, "/proc/2/maps");
	CHECK(strstr(text, "00001000-00009000 r-xp 00000000 fe:00 77 ") == text);
	CHECK(strstr(text, "0000a000-0000c000 rw-p 00000000 00:00 0") != NULL);
	CHECK(strstr(text, " [heap]\n") != NULL && strstr(text, " [stack]\n") != NULL);
	text = fake_file(t, "/proc/2/smaps");
	CHECK(value_of(text, "Private_Clean:") == 32 && value_of(text, "Pss:") == 32);
	CHECK(value_of(fake_file(t, "/proc/2/smaps_rollup"), "Rss:") == 40);
	fd = fake_open(t, "/proc/2/cmdline", 0, 0);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 100) == 6);
	CHECK(memcmp(fake_memory(t, SCRATCH), "sh\0-c", 6) == 0);
	CHECK(strcmp(fake_file(t, "/proc/2/comm"), "sh\n") == 0);
	CHECK(strstr(fake_file(t, "/proc/2/limits"), "Max open files            64") != NULL);
	CHECK(strcmp(fake_file(t, "/proc/2/task/2/comm"), "sh\n") == 0);
	fake_exit(child);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 0, 0) == 0);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 100) == -STATUS_SRCH);
	CHECK(fake_file(t, "/proc/2/comm") == NULL);
}

static void links(void)
{
	int32_t fds[2];
	char path[64];
	int64_t fd;

	t = fake_start();
	CHECK(strcmp(link_of("/proc/self"), "1") == 0);
	CHECK(strcmp(link_of("/proc/self/fd/0"), "/dev/console") == 0);
	CHECK(strcmp(link_of("/proc/self/cwd"), "/") == 0);
	CHECK(CALL(t, NR_PIPE2, SCRATCH, 0) == 0);
	memcpy(fds, fake_memory(t, SCRATCH), sizeof(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	CHECK(strncmp(link_of(path), "pipe:[", 6) == 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
	fd = fake_open(t, path, OPEN_WRITE, 0);
	CHECK(fd >= 0 && fake_write(t, fd, "via /proc") == 9);
	CHECK(CALL(t, NR_READ, (uint64_t)fds[0], SCRATCH, 100) == 9);
	fd = fake_open(t, "/named", OPEN_CREATE | OPEN_WRITE, 0600);
	snprintf(path, sizeof(path), "/proc/1/fd/%d", (int)fd);
	CHECK(strcmp(link_of(path), "/named") == 0);
	CALL(t, NR_RENAMEAT2, AT_CWD, fake_string(t, 0, "/named"), AT_CWD,
	     fake_string(t, 1, "/renamed"), 0);
	CHECK(strcmp(link_of(path), "/renamed") == 0);
	CALL(t, NR_UNLINKAT, AT_CWD, fake_string(t, 0, "/renamed"), 0);
	CHECK(strcmp(link_of(path), "/renamed (deleted)") == 0);
	CHECK(strcmp(link_of("/proc/self/fd/60"), "?") == 0);
	CHECK(fake_open(t, "/dev/stdout", OPEN_WRITE, 0) >= 0);
	CHECK(CALL(t, NR_CHDIR, fake_string(t, 0, "/proc/self/fd")) == 0);
	CHECK(fake_open(t, "0", OPEN_READ, 0) >= 0);
	CHECK(CALL(t, NR_CHDIR, fake_string(t, 0, "..")) == 0 && fake_file(t, "stat") != NULL);
}

/* A program file: found, kept open, not to be written meanwhile. */
static void programs(void)
{
	struct exec_file file = {0};
	uint32_t object;
	int64_t fd;

	t = fake_start();
	fd = fake_open(t, "/program", OPEN_CREATE | OPEN_WRITE, 0755);
	CHECK(vfs_open_exec(t->process, -100, "/program", 0, &file) == -STATUS_TXTBSY);
	fake_write(t, fd, "ELF");
	CHECK(file_map_object(t->process, (int)fd, PAGER_READ, false, &object) == -STATUS_ACCES);
	CALL(t, NR_CLOSE, (uint64_t)fd);
	CHECK(vfs_open_exec(t->process, -100, "program", 0, &file) == 0 && file.size == 3);
	CHECK(strcmp(file.path, "/program") == 0);
	t->process->exe = &file;
	CHECK(strcmp(link_of("/proc/self/exe"), "/program") == 0);
	CHECK(strcmp(exec_file_name(file.fs, file.ino), "/program") == 0);
	CHECK(fake_open(t, "/program", OPEN_WRITE, 0) == -STATUS_TXTBSY);
	fd = fake_open(t, "/program", OPEN_READ, 0);
	CHECK(file_map_object(t->process, (int)fd, PAGER_READ | PAGER_WRITE, true, &object) ==
	      -STATUS_ACCES);
	CHECK(file_map_object(t->process, (int)fd, PAGER_READ | PAGER_WRITE, false, &object) == 0);
	CHECK(file_map_object(t->process, 0, PAGER_READ, false, &object) == -STATUS_NODEV);
	CALL(t, NR_CLOSE, (uint64_t)fd);
	t->process->exe = NULL;
	vfs_close_exec(&file);
	vfs_close_exec(&file);
	CHECK(vfs_open_exec(t->process, -100, "/proc", 0, &file) == -STATUS_ACCES);
	CHECK(vfs_open_exec(t->process, -100, "/nothing", 0, &file) == -STATUS_NOENT);
	CHECK(fake_openers() == 0);
}

void test_proc(void)
{
	test_run("proc: stat", stat_file);
	test_run("proc: files of the system", system_files);
	test_run("proc: files of processes", process_files);
	test_run("proc: links", links);
	test_run("proc: programs", programs);
}
