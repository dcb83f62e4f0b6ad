/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc: what ps, top, free and people read there, and whether it is true. */
#include "tests/linux/harness.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Field number (1...) of /proc/PID/stat, as proc(5) counts them; the name must be plain. */
static long stat_field(const char *path, int number)
{
	char line[512];
	char *at;
	FILE *f = fopen(path, "r");

	CHECK(f != NULL && fgets(line, sizeof(line), f) != NULL);
	fclose(f);
	at = strrchr(line, ')');
	CHECK(at != NULL && number > 3);
	at += 2; /* field 3 */
	for (int i = 3; i < number; i++) {
		at = strchr(at, ' ');
		CHECK(at != NULL);
		at++;
	}
	return strtol(at, NULL, 10);
}

static void read_all(const char *path, char *buffer, size_t size)
{
	size_t done = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		FAIL("open %s: errno %d", path, errno);
	}
	while ((n = read(fd, buffer + done, size - 1 - done)) > 0) {
		done += (size_t)n;
	}
	CHECK_EQ(n, 0);
	buffer[done] = '\0';
	close(fd);
}

TEST(stat_of_process)
{
	char line[512], name[64], state;
	int pid, ppid, group, session;

	read_all("/proc/self/stat", line, sizeof(line));
	CHECK_EQ(sscanf(line, "%d (%63[^)]) %c %d %d %d", &pid, name, &state, &ppid, &group,
			&session),
		 6);
	CHECK_EQ(pid, getpid());
	CHECK_EQ(ppid, getppid());
	CHECK_EQ(group, getpgrp());
	CHECK_EQ(session, getsid(0));
	CHECK_EQ(state, 'R');
	CHECK(strncmp(name, "test-procfs", 15) == 0);
	CHECK_EQ(stat_field("/proc/self/stat", 20), 1); /* threads */
	CHECK_EQ(stat_field("/proc/self/stat", 19), 0); /* nice */
}

TEST(fault_counts_move)
{
	long before = stat_field("/proc/self/stat", 10);
	unsigned char *p = map_pages(200);

	for (int i = 0; i < 200; i++) {
		p[i * PAGE] = 1;
	}
	CHECK(stat_field("/proc/self/stat", 10) - before >= 200);
}

TEST(resident_size_moves)
{
	long before = stat_field("/proc/self/stat", 24), after;
	unsigned char *p = map_pages(500);

	CHECK(stat_field("/proc/self/stat", 24) - before < 100);
	for (int i = 0; i < 500; i++) {
		p[i * PAGE] = 1;
	}
	/* Linux counts in batches for each processor. */
	after = stat_field("/proc/self/stat", 24);
	CHECK(after - before >= 400 && after - before <= 620);
	CHECK(stat_field("/proc/self/stat", 23) >= 500 * PAGE);
	CHECK_EQ(munmap(p, 500 * PAGE), 0);
	CHECK(stat_field("/proc/self/stat", 24) - before < 130);
}

TEST(status_of_process)
{
	long before = proc_value("/proc/self/status", "VmSize");
	unsigned char *p = map_pages(1024);

	CHECK_EQ(proc_value("/proc/self/status", "Pid"), getpid());
	CHECK_EQ(proc_value("/proc/self/status", "PPid"), getppid());
	CHECK_EQ(proc_value("/proc/self/status", "Tgid"), getpid());
	CHECK_EQ(proc_value("/proc/self/status", "Threads"), 1);
	CHECK_EQ(proc_value("/proc/self/status", "Uid"), 0);
	CHECK_EQ(proc_value("/proc/self/status", "VmSize") - before, 4096);
	CHECK(proc_value("/proc/self/status", "VmRSS") > 0);
	CHECK(proc_value("/proc/self/status", "VmStk") >= 100);
	p[0] = 1;
}

/* The line of /proc/self/maps (or smaps) that holds the address. */
static bool find_region(const void *address, char *permissions, uintptr_t *start, uintptr_t *end,
			char *name)
{
	static char maps[65536];

	read_all("/proc/self/maps", maps, sizeof(maps));
	for (char *line = strtok(maps, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		unsigned long from, to;
		int used = 0;

		CHECK(sscanf(line, "%lx-%lx %4s %*x %*x:%*x %*u %n", &from, &to, permissions,
			     &used) >= 3);
		if ((uintptr_t)address >= from && (uintptr_t)address < to) {
			*start = from;
			*end = to;
			strcpy(name, line + used);
			return true;
		}
	}
	return false;
}

TEST(maps_of_process)
{
	char permissions[8], name[300], here[256];
	unsigned char *p = map_pages(10);
	void *file;
	uintptr_t start, end;

	CHECK_EQ(mprotect(p + 3 * PAGE, PAGE, PROT_READ), 0);
	CHECK(find_region(p + 3 * PAGE, permissions, &start, &end, name));
	CHECK(strcmp(permissions, "r--p") == 0);
	CHECK(start == (uintptr_t)p + 3 * PAGE && end == (uintptr_t)p + 4 * PAGE);
	CHECK(find_region(find_region, permissions, &start, &end, name));
	CHECK(strcmp(permissions, "r-xp") == 0);
	CHECK(strcmp(name, self_path()) == 0);
	CHECK(find_region(&end, permissions, &start, &end, name));
	CHECK(strcmp(permissions, "rw-p") == 0 && strcmp(name, "[stack]") == 0);
	CHECK(find_region(sbrk(0) - 1, permissions, &start, &end, name));
	CHECK(strcmp(name, "[heap]") == 0);
	CHECK(!find_region((void *)64, permissions, &start, &end, name));

	make_file("file", 2 * PAGE);
	file = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, open("file", O_RDONLY), 0);
	CHECK(find_region(file, permissions, &start, &end, name));
	CHECK(strcmp(permissions, "r--s") == 0);
	CHECK(getcwd(here, sizeof(here)) != NULL);
	CHECK(strncmp(name, here, strlen(here)) == 0);
	CHECK(strcmp(name + strlen(here), "/file") == 0);
}

TEST(maps_are_sorted)
{
	static char maps[65536];
	unsigned long last = 0;

	read_all("/proc/self/maps", maps, sizeof(maps));
	for (char *line = strtok(maps, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		unsigned long from, to;

		CHECK_EQ(sscanf(line, "%lx-%lx", &from, &to), 2);
		CHECK(from >= last && to > from && from % PAGE == 0 && to % PAGE == 0);
		last = to;
	}
	CHECK(last > 0);
}

/* kB of a field of the smaps entry of the region that starts at p. */
static long smaps_value(const void *p, const char *key)
{
	static char text[262144];
	char start[32];
	char *at;

	read_all("/proc/self/smaps", text, sizeof(text));
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)p);
	at = strstr(text, start);
	CHECK(at != NULL);
	at = strstr(at, key);
	CHECK(at != NULL);
	return strtol(at + strlen(key) + 1, NULL, 10);
}

TEST(smaps_of_process)
{
	/* Protections of its own keep the region apart from its neighbours. */
	unsigned char *p =
		mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned char *q;
	pid_t child;

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < 40; i++) {
		p[i * PAGE] = 1;
	}
	CHECK_EQ(smaps_value(p, "\nSize:"), 400);
	CHECK_EQ(smaps_value(p, "\nRss:"), 160);
	make_file("file", 20 * PAGE);
	q = mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("file", O_RDONLY), 0);
	CHECK(q != MAP_FAILED);
	for (int i = 0; i < 8; i++) {
		q[i * PAGE] = 1;
	}
	CHECK_EQ(smaps_value(q, "\nAnonymous:"), 32);
	CHECK_EQ(smaps_value(q, "\nPrivate_Dirty:"), 32);
	child = must_fork();
	if (child == 0) {
		pause();
	}
	sleep_ms(20);
	CHECK(smaps_value(q, "\nShared_Dirty:") + smaps_value(q, "\nShared_Clean:") >= 32);
	CHECK_EQ(smaps_value(q, "\nPrivate_Dirty:"), 0);
	CHECK(smaps_value(q, "\nPss:") < smaps_value(q, "\nRss:"));
	q[0] = 2;
	CHECK_EQ(smaps_value(q, "\nPrivate_Dirty:"), 4);
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

TEST(memory_information)
{
	long total = proc_value("/proc/meminfo", "MemTotal");
	long before, after;
	unsigned char *p = map_pages(2048);

	CHECK(total > 16 << 10);
	CHECK(proc_value("/proc/meminfo", "MemFree") <= total);
	CHECK(proc_value("/proc/meminfo", "MemAvailable") <= total);
	CHECK(proc_value("/proc/meminfo", "Cached") >= 0);
	CHECK(proc_value("/proc/meminfo", "Buffers") >= 0);
	CHECK(proc_value("/proc/meminfo", "Dirty") >= 0);
	before = proc_value("/proc/meminfo", "AnonPages");
	for (int i = 0; i < 2048; i++) {
		p[i * PAGE] = 1;
	}
	after = proc_value("/proc/meminfo", "AnonPages");
	CHECK(after - before > 6000 && after - before < 10500);
}

TEST(virtual_memory_statistics)
{
	long faults = proc_value("/proc/vmstat", "pgfault");
	long major = proc_value("/proc/vmstat", "pgmajfault");
	unsigned char *p = map_pages(100);

	CHECK(faults > 0 && major >= 0);
	for (int i = 0; i < 100; i++) {
		p[i * PAGE] = 1;
	}
	CHECK(proc_value("/proc/vmstat", "pgfault") - faults >= 90);
	CHECK(proc_value("/proc/vmstat", "nr_free_pages") > 0);
	CHECK(proc_value("/proc/vmstat", "pgpgin") > 0);
	CHECK(proc_value("/proc/vmstat", "pgpgout") >= 0);
}

TEST(machine_wide_files)
{
	char text[8192];
	float load[3], uptime;
	int running, all;

	read_all("/proc/loadavg", text, sizeof(text));
	CHECK_EQ(sscanf(text, "%f %f %f %d/%d", &load[0], &load[1], &load[2], &running, &all), 5);
	CHECK(running >= 1 && all >= running);
	read_all("/proc/uptime", text, sizeof(text));
	CHECK_EQ(sscanf(text, "%f", &uptime), 1);
	CHECK(uptime > 0);
	read_all("/proc/stat", text, sizeof(text));
	CHECK(strncmp(text, "cpu ", 4) == 0 && strstr(text, "\ncpu0 ") != NULL);
	CHECK(strstr(text, "\nprocesses ") != NULL && strstr(text, "\nbtime ") != NULL);
	read_all("/proc/version", text, sizeof(text));
	CHECK(strncmp(text, "Linux version ", 14) == 0);
	read_all("/proc/mounts", text, sizeof(text));
	CHECK(strstr(text, " / ext4 ") != NULL && strstr(text, " /proc proc ") != NULL);
	read_all("/proc/cpuinfo", text, sizeof(text));
	CHECK(strstr(text, "processor") != NULL && strstr(text, "hart") != NULL);
	read_all("/proc/filesystems", text, sizeof(text));
	CHECK(strstr(text, "ext4") != NULL && strstr(text, "tmpfs") != NULL);
	read_all("/proc/cmdline", text, sizeof(text));
	CHECK(strchr(text, '\n') != NULL);
}

TEST(command_line)
{
	char text[512], path[64];
	pid_t child = must_fork();

	if (child == 0) {
		execl("/bin/busybox", "sleep", "100", (char *)NULL);
		_exit(127);
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	for (int i = 0; i < 1000; i++) {
		read_all(path, text, sizeof(text));
		if (strcmp(text, "sleep") == 0) {
			break;
		}
		sleep_ms(5);
	}
	CHECK(memcmp(text,
		     "sleep\0"
		     "100\0",
		     10) == 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	for (int i = 0; i < 200; i++) {
		read_all(path, text, sizeof(text));
		if (strstr(text, "(busybox) S ") != NULL) {
			break;
		}
		sleep_ms(5);
	}
	CHECK(strstr(text, "(busybox) S ") != NULL);
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

TEST(list_of_processes)
{
	struct dirent *entry;
	bool have_init = false, have_self = false;
	DIR *d = opendir("/proc");

	CHECK(d != NULL);
	while ((entry = readdir(d)) != NULL) {
		have_init = have_init || strcmp(entry->d_name, "1") == 0;
		have_self = have_self || atoi(entry->d_name) == getpid();
	}
	CHECK(have_init && have_self);
	CHECK_ERRNO(open("/proc/99999/stat", O_RDONLY), ENOENT);
	CHECK_ERRNO(open("/proc/nothing", O_RDONLY), ENOENT);
	CHECK_ERRNO(mkdir("/proc/x", 0755), ENOENT);
	CHECK_ERRNO(unlink("/proc/meminfo"), EPERM);
}

TEST(links_of_process)
{
	char target[300];
	ssize_t n = readlink("/proc/self", target, sizeof(target));

	CHECK(n > 0 && atoi(target) == getpid());
	n = readlink("/proc/self/exe", target, sizeof(target));
	CHECK(n == (ssize_t)strlen(self_path()) && memcmp(target, self_path(), (size_t)n) == 0);
	n = readlink("/proc/self/root", target, sizeof(target));
	CHECK(n == 1 && target[0] == '/');
}

TEST(threads_of_process)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(stat("/proc/self/task/1", &st), -1);
}

TEST(reading_in_pieces)
{
	static char whole[65536], pieces[65536];
	size_t done = 0;
	ssize_t n;
	int fd;

	read_all("/proc/version", whole, sizeof(whole));
	fd = open("/proc/version", O_RDONLY);
	while ((n = read(fd, pieces + done, 7)) > 0) {
		done += (size_t)n;
	}
	CHECK_EQ(done, strlen(whole));
	CHECK(memcmp(whole, pieces, done) == 0);
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(read(fd, pieces, 5), 5);
	CHECK(memcmp(whole + 3, pieces, 5) == 0);
	CHECK_EQ(pread(fd, pieces, 5, 1), 5);
	CHECK(memcmp(whole + 1, pieces, 5) == 0);
}
