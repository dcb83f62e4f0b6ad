/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes: stat, chmod, chown, times, access, statfs, mounts. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

TEST(stat_fields)
{
	struct stat st, same;
	int fd;

	make_file("file", 10000);
	CHECK_EQ(stat("file", &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, 0);
	CHECK_EQ(st.st_blksize, 4096);
	CHECK(st.st_ino != 0 && st.st_dev != 0);
	fd = open("file", O_RDONLY);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fstat(fd, &same), 0);
	CHECK(st.st_ino == same.st_ino && st.st_dev == same.st_dev);
	CHECK_EQ(same.st_blocks, 24);
	CHECK_ERRNO(stat("none", &st), ENOENT);
	CHECK_ERRNO(stat("file", bad_pointer()), EFAULT);
	CHECK_ERRNO(fstat(99, &st), EBADF);
	CHECK_EQ(stat(".", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
}

TEST(statx_fields)
{
	struct statx sx;

	make_file("file", 123);
	CHECK_EQ(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &sx), 0);
	CHECK_EQ(sx.stx_size, 123);
	CHECK_EQ(sx.stx_mode, S_IFREG | 0644);
	CHECK((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	CHECK_ERRNO(statx(AT_FDCWD, "file", 0x7777777, STATX_BASIC_STATS, &sx), EINVAL);
}

TEST(change_mode)
{
	struct stat st;
	int fd;

	make_file("file", 1);
	for (mode_t mode = 0; mode <= 07777; mode += 0111) {
		CHECK_EQ(chmod("file", mode), 0);
		CHECK_EQ(stat("file", &st), 0);
		CHECK_EQ(st.st_mode, S_IFREG | mode);
	}
	fd = open("file", O_RDONLY);
	CHECK_EQ(fchmod(fd, 0600), 0);
	CHECK_EQ(fchmodat(AT_FDCWD, "file", 0640, 0), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_ERRNO(chmod("none", 0), ENOENT);
	CHECK_ERRNO(fchmod(99, 0), EBADF);
}

TEST(change_owner)
{
	struct stat st;

	make_file("file", 1);
	CHECK_EQ(chmod("file", 06755), 0);
	CHECK_EQ(chown("file", 1000, 100), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK(st.st_uid == 1000 && st.st_gid == 100);
	CHECK_EQ(st.st_mode, S_IFREG | 0755); /* set-id bits are gone */
	CHECK_EQ(chown("file", (uid_t)-1, 200), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK(st.st_uid == 1000 && st.st_gid == 200);
	CHECK_EQ(symlink("file", "link"), 0);
	CHECK_EQ(lchown("link", 5, 6), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(lstat("link", &st), 0);
	CHECK_EQ(st.st_uid, 5);
}

TEST(creation_mask)
{
	struct stat st;

	umask(0);
	CHECK_EQ(close(open("a", O_WRONLY | O_CREAT, 0666)), 0);
	umask(077);
	CHECK_EQ(close(open("b", O_WRONLY | O_CREAT, 0666)), 0);
	CHECK_EQ(mkdir("c", 0777), 0);
	CHECK_EQ(stat("a", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0666);
	CHECK_EQ(stat("b", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_EQ(stat("c", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
}

TEST(set_times)
{
	struct timespec times[2] = {{1000000000, 500000000}, {1500000000, 123456789}};
	struct stat st;
	int fd;

	make_file("file", 1);
	CHECK_EQ(utimensat(AT_FDCWD, "file", times, 0), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK_EQ(st.st_atim.tv_sec, 1000000000);
	CHECK_EQ(st.st_mtim.tv_sec, 1500000000);
	CHECK_EQ(st.st_mtim.tv_nsec, 123456789);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_nsec = UTIME_NOW;
	CHECK_EQ(utimensat(AT_FDCWD, "file", times, 0), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK_EQ(st.st_atim.tv_sec, 1000000000);
	CHECK(st.st_mtim.tv_sec > 1500000000);
	fd = open("file", O_RDONLY);
	times[0] = times[1] = (struct timespec){5000, 0};
	CHECK_EQ(futimens(fd, times), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mtim.tv_sec, 5000);
	times[0].tv_nsec = -5;
	CHECK_ERRNO(futimens(fd, times), EINVAL);
	CHECK_ERRNO(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT);
}

TEST(times_move_on)
{
	struct timespec past[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	int fd;

	make_file("file", 10);
	CHECK_EQ(utimensat(AT_FDCWD, "file", past, 0), 0);
	fd = open("file", O_WRONLY);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_mtim.tv_sec > 1000);
	CHECK_EQ(utimensat(AT_FDCWD, ".", past, 0), 0);
	CHECK_EQ(mkdir("sub", 0755), 0);
	CHECK_EQ(stat(".", &st), 0);
	CHECK(st.st_mtim.tv_sec > 1000);
	CHECK_EQ(utimensat(AT_FDCWD, "file", past, 0), 0);
	CHECK_EQ(ftruncate(fd, 3), 0);
	CHECK_EQ(stat("file", &st), 0);
	CHECK(st.st_mtim.tv_sec > 1000);
}

TEST(access_checks)
{
	pid_t child;

	make_file("file", 1);
	CHECK_EQ(chmod("file", 0400), 0);
	CHECK_EQ(access("file", F_OK), 0);
	CHECK_EQ(access("file", R_OK | W_OK), 0); /* root may */
	CHECK_ERRNO(access("file", X_OK), EACCES);
	CHECK_ERRNO(access("none", F_OK), ENOENT);
	CHECK_ERRNO(access("file", 99), EINVAL);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(setresuid(1000, 0, 0), 0);
		CHECK_ERRNO(access("file", R_OK), EACCES); /* real, not effective */
		CHECK_EQ(faccessat(AT_FDCWD, "file", R_OK, AT_EACCESS), 0);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(permission_bits)
{
	pid_t child;

	make_file("file", 1);
	CHECK_EQ(chown("file", 1000, 100), 0);
	CHECK_EQ(chmod("file", 0604), 0);
	CHECK_EQ(chmod(".", 0777), 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(setgid(100), 0);
		CHECK_EQ(setuid(2000), 0);
		CHECK_ERRNO(open("file", O_RDONLY), EACCES); /* the group's bits, not others' */
		CHECK(open("mine", O_WRONLY | O_CREAT, 0644) >= 0);
		CHECK_ERRNO(mkdir("/etc/x", 0755), EACCES);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(setgid(200), 0);
		CHECK_EQ(setuid(1000), 0);
		CHECK(open("file", O_RDWR) >= 0);
		CHECK_EQ(chmod("file", 0600), 0);
		CHECK_ERRNO(chown("file", 2000, (gid_t)-1), EPERM);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(sticky_directory)
{
	pid_t child;

	CHECK_EQ(mkdir("tmp", 0777), 0);
	CHECK_EQ(chmod("tmp", 01777), 0);
	make_file("tmp/file", 1);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(chmod(".", 0755), 0);
		CHECK_EQ(setuid(1000), 0);
		CHECK_ERRNO(unlink("tmp/file"), EPERM);
		CHECK_ERRNO(rename("tmp/file", "tmp/x"), EPERM);
		make_file("tmp/own", 1);
		CHECK_EQ(unlink("tmp/own"), 0);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(file_system_figures)
{
	struct statfs fs;
	int fd = open(".", O_RDONLY);

	CHECK_EQ(statfs("/", &fs), 0);
	CHECK_EQ(fs.f_type, 0xEF53); /* ext4 */
	CHECK_EQ(fs.f_bsize, 4096);
	CHECK_EQ(fs.f_namelen, 255);
	CHECK(fs.f_blocks > 10000 && fs.f_bfree < fs.f_blocks && fs.f_bavail <= fs.f_bfree);
	CHECK(fs.f_files > 100 && fs.f_ffree < fs.f_files);
	CHECK_EQ(statfs("/proc", &fs), 0);
	CHECK_EQ(fs.f_type, 0x9FA0);
	CHECK_EQ(fstatfs(fd, &fs), 0);
	CHECK_ERRNO(statfs("/none", &fs), ENOENT);
	CHECK_ERRNO(statfs("/", bad_pointer()), EFAULT);
	CHECK_ERRNO(fstatfs(99, &fs), EBADF);
}

TEST(mounts)
{
	struct stat inside, outside;

	CHECK_EQ(mkdir("m", 0755), 0);
	make_file("m/hidden", 1);
	CHECK_EQ(mount("tmpfs", "m", "tmpfs", 0, NULL), 0);
	CHECK_ERRNO(stat("m/hidden", &inside), ENOENT);
	CHECK_EQ(stat("m", &inside), 0);
	CHECK_EQ(stat(".", &outside), 0);
	CHECK(inside.st_dev != outside.st_dev);
	make_file("m/file", 100);
	CHECK_ERRNO(rename("m/file", "file"), EXDEV);
	CHECK_ERRNO(link("m/file", "file"), EXDEV);
	CHECK_EQ(stat("m/..", &inside), 0);
	CHECK_EQ(inside.st_ino, outside.st_ino);
	CHECK_ERRNO(rmdir("m"), EBUSY);
	CHECK_EQ(umount("m"), 0);
	CHECK_EQ(stat("m/hidden", &inside), 0);
	CHECK_ERRNO(umount("m"), EINVAL);
	CHECK_ERRNO(mount("x", "m", "no-such-type", 0, NULL), ENODEV);
	CHECK_ERRNO(mount("tmpfs", "none", "tmpfs", 0, NULL), ENOENT);
}
