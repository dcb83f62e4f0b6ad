/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading directories: getdents64 with few and with very many names. */
#include "tests/linux/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { MANY = 1200 };

static void make_many(int count)
{
	char name[64];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "name-%05d%s", i,
			 i % 7 == 0 ? "-with-a-longer-tail" : "");
		CHECK_EQ(close(open(name, O_WRONLY | O_CREAT, 0644)), 0);
	}
}

/* Read the directory and mark what was seen; each name at most once. */
static int read_all(DIR *d, unsigned char *seen)
{
	struct dirent *entry;
	int others = 0;

	errno = 0;
	while ((entry = readdir(d)) != NULL) {
		int number;

		if (sscanf(entry->d_name, "name-%d", &number) == 1) {
			CHECK(number >= 0 && number < MANY);
			CHECK_EQ(seen[number], 0);
			seen[number] = 1;
			CHECK(entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN);
		} else {
			others++;
		}
	}
	CHECK_EQ(errno, 0);
	return others;
}

TEST(empty_directory)
{
	unsigned char seen[MANY] = {0};
	DIR *d = opendir(".");

	CHECK_EQ(read_all(d, seen), 2); /* . and .. */
	closedir(d);
}

TEST(many_names)
{
	static unsigned char seen[MANY], again[MANY];
	DIR *d;

	make_many(MANY);
	d = opendir(".");
	CHECK_EQ(read_all(d, seen), 2);
	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(seen[i], 1);
	}
	rewinddir(d);
	CHECK_EQ(read_all(d, again), 2);
	CHECK(memcmp(seen, again, MANY) == 0);
	closedir(d);
}

TEST(removal_while_reading)
{
	static unsigned char seen[MANY];
	struct dirent *entry;
	DIR *d;
	int removed = 0;

	make_many(400);
	d = opendir(".");
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == 'n') {
			CHECK_EQ(unlink(entry->d_name), 0);
			removed++;
		}
	}
	CHECK_EQ(removed, 400);
	closedir(d);
	d = opendir(".");
	CHECK_EQ(read_all(d, seen), 2);
	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(seen[i], 0);
	}
}

TEST(names_stay_while_others_come)
{
	static unsigned char seen[MANY];
	struct dirent *entry;
	char name[32];
	DIR *d;
	int count = 0;

	make_many(300);
	d = opendir(".");
	for (int i = 0; i < 100; i++) {
		entry = readdir(d);
		CHECK(entry != NULL);
		if (sscanf(entry->d_name, "name-%d", &count) == 1) {
			seen[count] = 1;
		}
		snprintf(name, sizeof(name), "other-%d", i);
		CHECK_EQ(close(open(name, O_WRONLY | O_CREAT, 0644)), 0);
	}
	read_all(d, seen); /* names that were there all the time come once */
	for (int i = 0; i < 300; i++) {
		CHECK_EQ(seen[i], 1);
	}
}

TEST(telldir_seekdir)
{
	struct dirent *entry;
	char name[256];
	long place;
	DIR *d;

	make_many(200);
	d = opendir(".");
	for (int i = 0; i < 57; i++) {
		CHECK(readdir(d) != NULL);
	}
	place = telldir(d);
	entry = readdir(d);
	CHECK(entry != NULL);
	strcpy(name, entry->d_name);
	for (int i = 0; i < 50; i++) {
		CHECK(readdir(d) != NULL);
	}
	seekdir(d, place);
	entry = readdir(d);
	CHECK(entry != NULL && strcmp(entry->d_name, name) == 0);
}

TEST(raw_call)
{
	char buffer[400];
	long n, total = 0;
	int fd;

	make_many(50);
	fd = open(".", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 10), EINVAL); /* no room for one */
	CHECK_ERRNO(syscall(SYS_getdents64, fd, bad_pointer(), 400), EFAULT);
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64 *entry = (struct dirent64 *)(buffer + at);

			CHECK(entry->d_reclen % 8 == 0 && entry->d_reclen >= 24);
			CHECK(at + entry->d_reclen <= n);
			CHECK(strlen(entry->d_name) < entry->d_reclen);
			CHECK(entry->d_ino != 0);
			total++;
			at += entry->d_reclen;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(total, 52);
	fd = open("name-00001", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_getdents64, 99, buffer, sizeof(buffer)), EBADF);
}

TEST(types_and_inodes)
{
	struct dirent *entry;
	struct stat st;
	DIR *d;

	CHECK_EQ(mkdir("dir", 0755), 0);
	CHECK_EQ(symlink("x", "link"), 0);
	CHECK_EQ(mkfifo("fifo", 0644), 0);
	make_file("file", 1);
	d = opendir(".");
	while ((entry = readdir(d)) != NULL) {
		CHECK_EQ(lstat(entry->d_name, &st), 0);
		if (strcmp(entry->d_name, "..") != 0) {
			CHECK_EQ(st.st_ino, entry->d_ino);
		}
		if (entry->d_type != DT_UNKNOWN) {
			CHECK_EQ(DTTOIF(entry->d_type), st.st_mode & S_IFMT);
		}
	}
}

TEST(removed_directory_reads_empty)
{
	DIR *d;

	CHECK_EQ(mkdir("d", 0755), 0);
	d = opendir("d");
	CHECK_EQ(rmdir("d"), 0);
	errno = 0;
	CHECK(readdir(d) == NULL);
}
