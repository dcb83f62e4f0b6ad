/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: rename, link, unlink, symbolic links, directories, paths. */
#include "tests/linux/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static ino_t inode_of(const char *name)
{
	struct stat st;

	CHECK_EQ(lstat(name, &st), 0);
	return st.st_ino;
}

static nlink_t links_of(const char *name)
{
	struct stat st;

	CHECK_EQ(lstat(name, &st), 0);
	return st.st_nlink;
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

TEST(rename_file)
{
	ino_t ino;

	make_file("a", 10);
	make_file("b", 20);
	ino = inode_of("a");
	CHECK_EQ(rename("a", "c"), 0);
	CHECK(!exists("a") && inode_of("c") == ino);
	CHECK_EQ(rename("c", "b"), 0); /* replaces */
	CHECK(!exists("c") && inode_of("b") == ino);
	CHECK_EQ(rename("b", "b"), 0);
	CHECK_EQ(link("b", "d"), 0);
	CHECK_EQ(rename("b", "d"), 0); /* the same file: nothing happens */
	CHECK(exists("b") && exists("d"));
	CHECK_ERRNO(rename("none", "x"), ENOENT);
	CHECK_ERRNO(rename("b", "no/x"), ENOENT);
	CHECK_ERRNO(rename("b", "d/x"), ENOTDIR);
	CHECK_ERRNO(rename("b", ""), ENOENT);
}

TEST(rename_directory)
{
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("a/sub", 0755), 0);
	make_file("a/sub/file", 10);
	CHECK_EQ(mkdir("b", 0755), 0);
	CHECK_EQ(rename("a/sub", "b/sub"), 0);
	CHECK(exists("b/sub/file") && !exists("a/sub"));
	CHECK_EQ(links_of("a"), 2);
	CHECK_EQ(links_of("b"), 3);
	CHECK_EQ(chdir("b/sub"), 0);
	CHECK(exists("../../a"));
	CHECK_EQ(chdir("../.."), 0);
	CHECK_ERRNO(rename("b", "b/sub/x"), EINVAL); /* into itself */
	CHECK_ERRNO(rename("b", "b/x"), EINVAL);
	CHECK_EQ(rename("a", "e"), 0);
	CHECK_EQ(mkdir("empty", 0755), 0);
	CHECK_EQ(rename("b", "empty"), 0); /* replaces an empty one */
	CHECK(exists("empty/sub/file"));
	CHECK_ERRNO(rename("e", "empty"), ENOTEMPTY);
	make_file("file", 1);
	CHECK_ERRNO(rename("e", "file"), ENOTDIR);
	CHECK_ERRNO(rename("file", "e"), EISDIR);
	CHECK_ERRNO(rename(".", "x"), EBUSY);
}

TEST(rename_flags)
{
	make_file("a", 1);
	make_file("b", 2);
	CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1 /* NOREPLACE */),
		    EEXIST);
	CHECK_EQ(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", 1), 0);
	CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 0x80), EINVAL);
	CHECK(exists("c") && exists("b"));
}

TEST(replaced_file_stays_open)
{
	char byte;
	int fd;

	make_file("old", 100);
	make_file("new", 5);
	fd = open("old", O_RDONLY);
	CHECK_EQ(rename("new", "old"), 0);
	CHECK_EQ(pread(fd, &byte, 1, 99), 1);
	CHECK_EQ((unsigned char)byte, pattern_byte(99));
}

TEST(hard_links)
{
	make_file("a", 10);
	CHECK_EQ(link("a", "b"), 0);
	CHECK_EQ(inode_of("a"), inode_of("b"));
	CHECK_EQ(links_of("a"), 2);
	CHECK_ERRNO(link("a", "b"), EEXIST);
	CHECK_ERRNO(link("none", "c"), ENOENT);
	CHECK_ERRNO(link(".", "c"), EPERM);
	CHECK_EQ(unlink("a"), 0);
	CHECK_EQ(links_of("b"), 1);
	CHECK_ERRNO(unlink("a"), ENOENT);
	CHECK_ERRNO(unlink("."), EISDIR);
	CHECK_ERRNO(unlink("b/x"), ENOTDIR);
	CHECK_ERRNO(link("b", "/dev/other"), EXDEV);
}

TEST(symbolic_links)
{
	char target[100];
	struct stat st;

	make_file("file", 10);
	CHECK_EQ(symlink("file", "link"), 0);
	CHECK_EQ(readlink("link", target, sizeof(target)), 4);
	CHECK(memcmp(target, "file", 4) == 0);
	CHECK_EQ(readlink("link", target, 2), 2);
	CHECK_EQ(lstat("link", &st), 0);
	CHECK(S_ISLNK(st.st_mode) && st.st_size == 4);
	CHECK_EQ(stat("link", &st), 0);
	CHECK(S_ISREG(st.st_mode) && st.st_size == 10);
	CHECK_ERRNO(symlink("x", "link"), EEXIST);
	CHECK_ERRNO(symlink("", "empty"), ENOENT);
	CHECK_ERRNO(readlink("file", target, 10), EINVAL);
	CHECK_ERRNO(readlink("link", target, 0), EINVAL);
	CHECK_EQ(symlink("none", "dangling"), 0);
	CHECK_ERRNO(stat("dangling", &st), ENOENT);
	CHECK_EQ(close(open("dangling", O_WRONLY | O_CREAT, 0644)), 0);
	CHECK(exists("none"));
	CHECK_EQ(unlink("link"), 0);
	CHECK(exists("file"));
}

TEST(long_symbolic_links)
{
	char target[PATH_MAX], got[PATH_MAX];

	for (size_t length = 1; length < 4096; length = length * 2 + 1) {
		memset(target, 'a', length);
		target[length] = '\0';
		CHECK_EQ(symlink(target, "link"), 0);
		CHECK_EQ(readlink("link", got, sizeof(got)), length);
		CHECK(memcmp(target, got, length) == 0);
		CHECK_EQ(unlink("link"), 0);
	}
}

TEST(links_to_directories)
{
	char here[PATH_MAX], there[PATH_MAX];

	CHECK_EQ(mkdir("real", 0755), 0);
	CHECK_EQ(mkdir("real/sub", 0755), 0);
	make_file("real/sub/file", 3);
	CHECK_EQ(symlink("real/sub", "link"), 0);
	CHECK(access("link/file", F_OK) == 0);
	CHECK(access("link/../sub/file", F_OK) == 0); /* .. of the real one */
	CHECK_EQ(symlink("../real", "real/loopish"), 0);
	CHECK(access("real/loopish/loopish/loopish/sub/file", F_OK) == 0);
	CHECK(getcwd(here, sizeof(here)) != NULL);
	CHECK_EQ(chdir("link"), 0);
	CHECK(getcwd(there, sizeof(there)) != NULL);
	CHECK(strcmp(there + strlen(here), "/real/sub") == 0);
	CHECK_ERRNO(rmdir("../../link"), ENOTDIR);
}

TEST(link_loops)
{
	char name[16], target[16];
	struct stat st;

	CHECK_EQ(symlink("self", "self"), 0);
	CHECK_ERRNO(stat("self", &st), ELOOP);
	CHECK_ERRNO(open("self/x", O_RDONLY), ELOOP);
	CHECK_EQ(symlink("pong", "ping"), 0);
	CHECK_EQ(symlink("ping", "pong"), 0);
	CHECK_ERRNO(open("ping", O_RDONLY), ELOOP);
	make_file("l0", 1);
	for (int i = 1; i <= 45; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		CHECK_EQ(symlink(target, name), 0);
	}
	CHECK_EQ(stat("l40", &st), 0);
	CHECK_ERRNO(stat("l41", &st), ELOOP);
}

TEST(directories)
{
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(links_of("d"), 2);
	CHECK_ERRNO(mkdir("d", 0700), EEXIST);
	CHECK_ERRNO(mkdir("no/d", 0700), ENOENT);
	make_file("d/file", 1);
	CHECK_ERRNO(mkdir("d/file/x", 0700), ENOTDIR);
	CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
	CHECK_ERRNO(rmdir("d/file"), ENOTDIR);
	CHECK_ERRNO(rmdir("none"), ENOENT);
	CHECK_ERRNO(rmdir("d/."), EINVAL);
	CHECK_EQ(unlink("d/file"), 0);
	CHECK_EQ(mkdir("d/sub/", 0755), 0); /* a slash at the end is fine here */
	CHECK_EQ(links_of("d"), 3);
	CHECK_EQ(rmdir("d/sub/"), 0);
	CHECK_EQ(links_of("d"), 2);
	CHECK_EQ(rmdir("d"), 0);
	CHECK_ERRNO(rmdir("/"), EBUSY);
}

TEST(removed_working_directory)
{
	char here[PATH_MAX];

	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(chdir("d"), 0);
	CHECK_EQ(rmdir("../d"), 0);
	CHECK(getcwd(here, sizeof(here)) == NULL && errno == ENOENT);
	CHECK_ERRNO(open("x", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERRNO(mkdir("x", 0755), ENOENT);
	CHECK_EQ(chdir(".."), 0);
}

TEST(trailing_slashes_and_dots)
{
	struct stat st;

	make_file("file", 1);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_ERRNO(open("file/", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("new/", O_WRONLY | O_CREAT, 0644), EISDIR);
	CHECK_EQ(stat("./d/.././/file", &st), 0);
	CHECK_EQ(stat("d/", &st), 0);
	CHECK_EQ(stat("/../..//", &st), 0);
	CHECK_EQ(st.st_ino, inode_of("/"));
	CHECK_ERRNO(stat("file/..", &st), ENOTDIR);
	CHECK_EQ(symlink("d", "l"), 0);
	CHECK_EQ(lstat("l/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
}

TEST(long_names)
{
	char name[300], path[PATH_MAX + 10];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	make_file(name, 1);
	CHECK(exists(name));
	CHECK_EQ(unlink(name), 0);
	name[255] = 'n';
	name[256] = '\0';
	CHECK_ERRNO(open(name, O_WRONLY | O_CREAT, 0644), ENAMETOOLONG);
	CHECK_ERRNO(mkdir(name, 0755), ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	path[PATH_MAX - 1] = '\0';
	CHECK_EQ(access(path, F_OK), 0);
	path[PATH_MAX - 1] = '/';
	path[PATH_MAX] = '\0';
	CHECK_ERRNO(access(path, F_OK), ENAMETOOLONG);
}

TEST(deep_directories)
{
	enum { DEPTH = 60 };
	static char path[2 * PATH_MAX];
	int base;

	CHECK(getcwd(path, sizeof(path)) != NULL);
	base = (int)strlen(path);
	for (int i = 0; i < DEPTH; i++) {
		CHECK_EQ(mkdir("a-directory-with-a-long-name", 0755), 0);
		CHECK_EQ(chdir("a-directory-with-a-long-name"), 0);
	}
	make_file("file", 1);
	CHECK(getcwd(path, sizeof(path)) != NULL);
	CHECK_EQ(strlen(path), base + DEPTH * 29);
	CHECK_EQ(access(path, F_OK), 0);
	strcat(path, "/file");
	CHECK_EQ(unlink(path), 0);
	for (int i = 0; i < DEPTH; i++) {
		CHECK_EQ(chdir(".."), 0);
		CHECK_EQ(rmdir("a-directory-with-a-long-name"), 0);
	}
}

TEST(strange_names)
{
	static const char *const names[] = {" ",   "a b", "\n",	 "\xff\xfe",
					    "-rf", "*",	  "...", "a\\b"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		make_file(names[i], i);
		CHECK(exists(names[i]));
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK_EQ(unlink(names[i]), 0);
	}
}

TEST(relative_to_descriptor)
{
	struct stat st;
	int d, fd;

	CHECK_EQ(mkdir("d", 0755), 0);
	d = open("d", O_RDONLY | O_DIRECTORY);
	fd = openat(d, "file", O_WRONLY | O_CREAT, 0644);
	CHECK(fd >= 0 && exists("d/file"));
	CHECK_EQ(fstatat(d, "file", &st, 0), 0);
	CHECK_EQ(mkdirat(d, "sub", 0755), 0);
	CHECK_EQ(symlinkat("file", d, "link"), 0);
	CHECK_EQ(renameat(d, "file", AT_FDCWD, "moved"), 0);
	CHECK_EQ(linkat(AT_FDCWD, "moved", d, "linked", 0), 0);
	CHECK_EQ(unlinkat(d, "link", 0), 0);
	CHECK_ERRNO(unlinkat(d, "sub", 0), EISDIR);
	CHECK_EQ(unlinkat(d, "sub", AT_REMOVEDIR), 0);
	CHECK_EQ(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	CHECK_ERRNO(openat(fd, "x", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(99, "x", O_RDONLY), EBADF);
	CHECK(openat(99, "/", O_RDONLY) >= 0); /* absolute: the descriptor is not looked at */
	CHECK_ERRNO(unlinkat(d, "x", 0x55), EINVAL);
	CHECK_EQ(fchdir(d), 0);
	CHECK(exists("linked"));
	CHECK_ERRNO(fchdir(fd), ENOTDIR);
	CHECK_ERRNO(chdir("linked"), ENOTDIR);
	CHECK_ERRNO(chdir("none"), ENOENT);
}

TEST(change_root)
{
	pid_t child;

	CHECK_EQ(mkdir("root", 0755), 0);
	make_file("root/inside", 1);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(chroot("root"), 0);
		CHECK_EQ(chdir("/"), 0);
		CHECK(exists("/inside") && exists("../../inside") && !exists("/bin"));
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK(exists("/bin"));
}

TEST(fifo_and_nodes)
{
	struct stat st;

	CHECK_EQ(mkfifo("fifo", 0644), 0);
	CHECK_EQ(lstat("fifo", &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(mknod("zero", S_IFCHR | 0666, makedev(1, 5)), 0);
	CHECK_EQ(lstat("zero", &st), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5));
	CHECK_EQ(mknod("file", S_IFREG | 0600, 0), 0);
	CHECK_ERRNO(mkfifo("fifo", 0644), EEXIST);
}

/* Names come and go while others look: no one sees a half-made state. */
TEST(rename_race)
{
	pid_t child;

	make_file("target", 10);
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < 150; i++) {
			make_file("temporary", 10);
			CHECK_EQ(rename("temporary", "target"), 0);
		}
		_exit(0);
	}
	for (int i = 0; i < 400; i++) {
		CHECK(exists("target")); /* at every moment */
	}
	CHECK_EXIT(child, 0);
}
