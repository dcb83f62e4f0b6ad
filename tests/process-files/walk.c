/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path walk and the calls on names: cases by hand, then random ones against a naive model that
 * keeps a table of absolute paths.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/process-files/fake.h"

static struct thread *t;

static int64_t do_mkdir(const char *path)
{
	return CALL(t, NR_MKDIRAT, AT_CWD, fake_string(t, 0, path), 0755);
}

static int64_t do_unlink(const char *path, bool directory)
{
	return CALL(t, NR_UNLINKAT, AT_CWD, fake_string(t, 0, path), directory ? 0x200 : 0);
}

static int64_t do_symlink(const char *target, const char *path)
{
	return CALL(t, NR_SYMLINKAT, fake_string(t, 1, target), AT_CWD, fake_string(t, 0, path));
}

static int64_t do_rename(const char *from, const char *to)
{
	return CALL(t, NR_RENAMEAT2, AT_CWD, fake_string(t, 0, from), AT_CWD, fake_string(t, 1, to),
		    0);
}

static int64_t do_link(const char *from, const char *to)
{
	return CALL(t, NR_LINKAT, AT_CWD, fake_string(t, 0, from), AT_CWD, fake_string(t, 1, to),
		    0);
}

static int64_t touch(const char *path)
{
	int64_t fd = fake_open(t, path, OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_WRITE, 0644);

	if (fd >= 0) {
		CALL(t, NR_CLOSE, (uint64_t)fd);
		return 0;
	}
	return fd;
}

/* Mode of what a path names, following links, or a negative status. */
static int64_t mode_of(const char *path, bool follow)
{
	uint32_t mode;
	int64_t result = CALL(t, NR_NEWFSTATAT, AT_CWD, fake_string(t, 0, path), SCRATCH,
			      follow ? 0 : LINUX_AT_SYMLINK_NOFOLLOW);

	memcpy(&mode, (char *)fake_memory(t, SCRATCH) + 16, sizeof(mode));
	return result < 0 ? result : mode & MODE_TYPE;
}

static const char *cwd(void)
{
	return CALL(t, NR_GETCWD, SCRATCH, 4096) < 0 ? "?" : fake_memory(t, SCRATCH);
}

static int64_t go(const char *path)
{
	return CALL(t, NR_CHDIR, fake_string(t, 0, path));
}

static void start(const char *dir)
{
	t = fake_start();
	CHECK(do_mkdir(dir) == 0 && go(dir) == 0);
}

static void basics(void)
{
	start("/basics");
	CHECK(strcmp(cwd(), "/basics") == 0);
	CHECK(touch("f") == 0 && touch("f") == -STATUS_EXIST);
	CHECK(mode_of("f", true) == MODE_FILE);
	CHECK(mode_of("f/", true) == -STATUS_NOTDIR);
	CHECK(mode_of("f/x", true) == -STATUS_NOTDIR);
	CHECK(mode_of("f/..", true) == -STATUS_NOTDIR);
	CHECK(mode_of("nothing", true) == -STATUS_NOENT);
	CHECK(mode_of("", true) == -STATUS_NOENT);
	CHECK(mode_of("/", true) == MODE_DIRECTORY);
	CHECK(mode_of("///", true) == MODE_DIRECTORY);
	CHECK(mode_of("/../..//basics/./f", true) == MODE_FILE);
	CHECK(do_mkdir("d") == 0 && do_mkdir("d/") == -STATUS_EXIST);
	CHECK(do_mkdir("e/") == 0 && mode_of("e", true) == MODE_DIRECTORY);
	CHECK(do_mkdir(".") == -STATUS_EXIST && do_mkdir("..") == -STATUS_EXIST);
	CHECK(do_mkdir("/") == -STATUS_EXIST && do_mkdir("x/y") == -STATUS_NOENT);
	CHECK(touch("x/") == -STATUS_ISDIR);
	CHECK(fake_open(t, "d", OPEN_WRITE, 0) == -STATUS_ISDIR);
	CHECK(fake_open(t, "f", OPEN_DIRECTORY, 0) == -STATUS_NOTDIR);
	CHECK(do_unlink("d", false) == -STATUS_ISDIR);
	CHECK(do_unlink("f", true) == -STATUS_NOTDIR);
	CHECK(do_unlink("f/", false) == -STATUS_NOTDIR);
	CHECK(do_unlink(".", true) == -STATUS_INVAL && do_unlink("..", true) == -STATUS_NOTEMPTY);
	CHECK(do_unlink("/", true) == -STATUS_BUSY && do_unlink("/tmp", true) == -STATUS_BUSY);
	CHECK(do_mkdir("d/sub") == 0 && do_unlink("d", true) == -STATUS_NOTEMPTY);
	CHECK(do_unlink("d/sub/", true) == 0 && do_unlink("d", true) == 0);
}

static void links(void)
{
	char name[300];

	start("/links");
	CHECK(touch("f") == 0 && do_symlink("f", "l") == 0);
	CHECK(mode_of("l", false) == MODE_LINK && mode_of("l", true) == MODE_FILE);
	CHECK(mode_of("l/", true) == -STATUS_NOTDIR);
	CHECK(do_mkdir("d") == 0 && do_symlink("d", "ld") == 0 && touch("d/g") == 0);
	CHECK(mode_of("ld/g", true) == MODE_FILE && mode_of("ld/", false) == MODE_DIRECTORY);
	CHECK(mode_of("ld/..", true) == MODE_DIRECTORY);
	CHECK(do_symlink("/links/ld/../f", "abs") == 0 && mode_of("abs", true) == MODE_FILE);
	CHECK(do_symlink("loop", "loop") == 0 && mode_of("loop", true) == -STATUS_LOOP);
	CHECK(fake_open(t, "loop", OPEN_NO_FOLLOW, 0) == -STATUS_LOOP);
	CHECK(do_symlink("nowhere", "dangling") == 0 && mode_of("dangling", true) == -STATUS_NOENT);
	CHECK(touch("dangling") == -STATUS_EXIST);
	CHECK(fake_open(t, "dangling", OPEN_CREATE | OPEN_WRITE, 0600) >= 0);
	CHECK(mode_of("nowhere", false) == MODE_FILE);
	CHECK(do_mkdir("ld/") == -STATUS_EXIST && do_unlink("ld", true) == -STATUS_NOTDIR);
	CHECK(do_symlink("", "empty") == -STATUS_NOENT);
	for (unsigned i = 0; i < 45; i++) {
		char to[16], from[16];

		snprintf(to, sizeof(to), i == 0 ? "f" : "c%u", i - 1);
		snprintf(from, sizeof(from), "c%u", i);
		CHECK(do_symlink(to, from) == 0);
	}
	CHECK(mode_of("c39", true) == MODE_FILE && mode_of("c40", true) == -STATUS_LOOP);
	CHECK(CALL(t, NR_READLINKAT, AT_CWD, fake_string(t, 0, "abs"), SCRATCH, 4) == 4);
	CHECK(memcmp(fake_memory(t, SCRATCH), "/lin", 4) == 0);
	CHECK(CALL(t, NR_READLINKAT, AT_CWD, fake_string(t, 0, "f"), SCRATCH, 4) == -STATUS_INVAL);
	memset(name, 'n', 256);
	name[256] = 0;
	CHECK(touch(name) == -STATUS_NAMETOOLONG);
	name[255] = 0;
	CHECK(touch(name) == 0 && do_unlink(name, false) == 0);
}

static void renames(void)
{
	start("/renames");
	CHECK(touch("a") == 0 && do_mkdir("d") == 0 && do_mkdir("d/e") == 0);
	CHECK(do_rename("a", "b") == 0 && mode_of("a", true) == -STATUS_NOENT);
	CHECK(do_rename("b", "d") == -STATUS_ISDIR && do_rename("d", "b") == -STATUS_NOTDIR);
	CHECK(do_rename("d", "d/e/x") == -STATUS_INVAL &&
	      do_rename("d/e", "d") == -STATUS_NOTEMPTY);
	CHECK(do_rename("b", "d/e/b") == 0 && mode_of("d/e/b", true) == MODE_FILE);
	CHECK(do_rename(".", "x") == -STATUS_BUSY && do_rename("d/..", "x") == -STATUS_BUSY);
	CHECK(do_rename("d/e/b", "c/") == -STATUS_NOTDIR);
	CHECK(go("d/e") == 0 && do_rename("/renames/d", "/renames/moved") == 0);
	CHECK(strcmp(cwd(), "/renames/moved/e") == 0);
	CHECK(do_rename("b", "/tmp/b") == -STATUS_XDEV);
	CHECK(do_link("b", "hard") == 0 && do_rename("b", "hard") == 0);
	CHECK(mode_of("b", true) == MODE_FILE);
	CHECK(do_unlink("b", false) == 0 && mode_of("hard", true) == MODE_FILE);
	CHECK(do_link("..", "x") == -STATUS_PERM && do_link("hard", "hard") == -STATUS_EXIST);
	CHECK(do_unlink("hard", false) == 0 && do_unlink("/renames/moved/e", true) == 0);
	CHECK(strcmp(cwd(), "?") == 0 && touch("x") == -STATUS_NOENT);
	CHECK(mode_of("..", true) == MODE_DIRECTORY && mode_of(".", true) == MODE_DIRECTORY);
}

static void mounts(void)
{
	start("/mounts");
	CHECK(do_mkdir("m") == 0 && touch("m/hidden") == 0);
	CHECK(CALL(t, NR_MOUNT, 0, fake_string(t, 0, "m"), fake_string(t, 1, "tmpfs"), 0, 0) == 0);
	CHECK(mode_of("m/hidden", true) == -STATUS_NOENT && touch("m/new") == 0);
	CHECK(mode_of("m/../m/new", true) == MODE_FILE && do_unlink("m", true) == -STATUS_BUSY);
	CHECK(do_rename("m", "n") == -STATUS_XDEV || do_rename("m", "n") == -STATUS_BUSY);
	CHECK(go("m") == 0 && strcmp(cwd(), "/mounts/m") == 0);
	CHECK(CALL(t, NR_UMOUNT2, fake_string(t, 0, "/mounts/m"), 0) == -STATUS_BUSY);
	CHECK(go("..") == 0 && strcmp(cwd(), "/mounts") == 0);
	CHECK(strstr(fake_file(t, "/proc/mounts"), "none /mounts/m tmpfs rw") != NULL);
	CHECK(CALL(t, NR_UMOUNT2, fake_string(t, 0, "m"), 0) == 0);
	CHECK(mode_of("m/hidden", true) == MODE_FILE && mode_of("m/new", true) == -STATUS_NOENT);
	CHECK(CALL(t, NR_UMOUNT2, fake_string(t, 0, "m"), 0) == -STATUS_INVAL);
	CHECK(CALL(t, NR_UMOUNT2, fake_string(t, 0, "/"), 0) == 0 && touch("/x") == -STATUS_ROFS);
	CHECK(CALL(t, NR_MOUNT, 0, fake_string(t, 0, "/"), 0, 32, 0) == 0 && touch("/x") == 0);
	/* A tmpfs that is gone leaves nothing to the next one. */
	for (unsigned i = 0; i < 40; i++) {
		CHECK(CALL(t, NR_MOUNT, 0, fake_string(t, 0, "m"), fake_string(t, 1, "tmpfs"), 0,
			   0) == 0);
		CHECK(mode_of("m/a", true) == -STATUS_NOENT && touch("m/f") == 0);
		CHECK(do_mkdir("m/a") == 0 && do_mkdir("m/a/b") == 0 && touch("m/a/b/c") == 0);
		CHECK(CALL(t, NR_UMOUNT2, fake_string(t, 0, "m"), 0) == 0);
	}
	CHECK(CALL(t, NR_CHROOT, fake_string(t, 0, "m")) == 0 && go("/") == 0);
	CHECK(strcmp(cwd(), "/") == 0 && mode_of("/../hidden", true) == MODE_FILE);
}

static void permissions(void)
{
	start("/permissions");
	CHECK(touch("secret") == 0 && do_mkdir("closed") == 0 && touch("closed/x") == 0);
	CHECK(CALL(t, NR_FCHMODAT, AT_CWD, fake_string(t, 0, "secret"), 0600) == 0);
	CHECK(CALL(t, NR_FCHMODAT, AT_CWD, fake_string(t, 0, "closed"), 0700) == 0);
	t->process->credentials.fsuid = t->process->credentials.euid = 1000;
	CHECK(fake_open(t, "secret", OPEN_READ, 0) == -STATUS_ACCES);
	CHECK(mode_of("secret", true) == MODE_FILE && mode_of("closed/x", true) == -STATUS_ACCES);
	CHECK(touch("new") == -STATUS_ACCES && do_unlink("secret", false) == -STATUS_ACCES);
	CHECK(CALL(t, NR_FCHMODAT, AT_CWD, fake_string(t, 0, "secret"), 0666) == -STATUS_PERM);
	CHECK(touch("/tmp/mine") == 0 && do_unlink("/tmp/mine", false) == 0);
	CHECK(CALL(t, NR_CHROOT, fake_string(t, 0, "/")) == -STATUS_PERM);
	t->process->credentials.fsuid = t->process->credentials.euid = 0;
	CHECK(touch("/tmp/root") == 0);
	t->process->credentials.fsuid = 1000;
	CHECK(do_unlink("/tmp/root", false) == -STATUS_PERM); /* sticky */
	t->process->credentials.fsuid = 0;
	CHECK(do_unlink("/tmp/root", false) == 0);
}

/* ---- random calls against a model ---- */

#define MODEL_NAMES 400
#define DEPTH_NAMES 4

static struct {
	char path[128];
	uint32_t type;
} model[MODEL_NAMES];
static unsigned model_count;

static int model_find(const char *path)
{
	for (unsigned i = 0; i < model_count; i++) {
		if (strcmp(model[i].path, path) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static bool is_under(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static bool model_has_children(const char *path)
{
	for (unsigned i = 0; i < model_count; i++) {
		if (is_under(model[i].path, path)) {
			return true;
		}
	}
	return false;
}

/* Status of looking at the directory that holds the path. */
static int64_t model_parent(const char *path)
{
	char parent[128];
	int i;

	strcpy(parent, path);
	*strrchr(parent, '/') = 0;
	if (strcmp(parent, "/r") == 0) {
		return 0;
	}
	/* The first component that is missing or no directory decides. */
	for (char *slash = strchr(parent + 3, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		i = model_find(parent);
		*slash = '/';
		if (i < 0 || model[i].type != MODE_DIRECTORY) {
			return i < 0 ? -STATUS_NOENT : -STATUS_NOTDIR;
		}
	}
	i = model_find(parent);
	return i < 0 ? -STATUS_NOENT : model[i].type != MODE_DIRECTORY ? -STATUS_NOTDIR : 0;
}

static int64_t model_make(const char *path, uint32_t type)
{
	int64_t result = model_parent(path);

	if (result < 0) {
		return result;
	}
	if (model_find(path) >= 0) {
		return -STATUS_EXIST;
	}
	strcpy(model[model_count].path, path);
	model[model_count++].type = type;
	return 0;
}

static int64_t model_remove(const char *path, bool directory)
{
	int64_t result = model_parent(path);
	int i = model_find(path);

	if (result < 0) {
		return result;
	}
	if (i < 0) {
		return -STATUS_NOENT;
	}
	if (directory != (model[i].type == MODE_DIRECTORY)) {
		return directory ? -STATUS_NOTDIR : -STATUS_ISDIR;
	}
	if (model_has_children(path)) {
		return -STATUS_NOTEMPTY;
	}
	model[i] = model[--model_count];
	return 0;
}

static int64_t model_rename(const char *from, const char *to)
{
	int64_t result = model_parent(from);
	int i = model_find(from), j;

	if (result == 0 && i < 0) {
		result = -STATUS_NOENT;
	}
	if (result == 0) {
		result = model_parent(to);
	}
	if (result < 0) {
		return result;
	}
	j = model_find(to);
	if (strcmp(from, to) == 0) {
		return 0;
	}
	if (is_under(to, from)) {
		return -STATUS_INVAL;
	}
	if (j >= 0 && is_under(from, to)) {
		return -STATUS_NOTEMPTY;
	}
	if (j >= 0) {
		bool is_dir = model[i].type == MODE_DIRECTORY;

		if (is_dir != (model[j].type == MODE_DIRECTORY)) {
			return is_dir ? -STATUS_NOTDIR : -STATUS_ISDIR;
		}
		if (model_has_children(to)) {
			return -STATUS_NOTEMPTY;
		}
		model[j] = model[--model_count];
	}
	for (unsigned k = 0; k < model_count; k++) {
		if (strcmp(model[k].path, from) == 0 || is_under(model[k].path, from)) {
			char rest[128];

			strcpy(rest, model[k].path + strlen(from));
			snprintf(model[k].path, sizeof(model[k].path), "%.60s%.60s", to, rest);
		}
	}
	return 0;
}

static uint32_t seed = 12345;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void draw_path(char *path)
{
	unsigned depth = 1 + draw(3);

	strcpy(path, "/r");
	for (unsigned i = 0; i < depth; i++) {
		char part[3] = {'/', (char)('a' + draw(DEPTH_NAMES)), 0};

		strcat(path, part);
	}
}

static int64_t model_mode(const char *path)
{
	int64_t result = model_parent(path);
	int i = model_find(path);

	return result < 0 ? result : i < 0 ? -STATUS_NOENT : (int64_t)model[i].type;
}

static void random_calls(void)
{
	unsigned wrong = 0;

	t = fake_start();
	CHECK(do_mkdir("/r") == 0);
	model_count = 0;
	for (unsigned round = 0; round < 20000 && wrong == 0; round++) {
		char a[128], b[128];
		int64_t got, expected;

		draw_path(a);
		draw_path(b);
		if (strlen(b) > strlen(a) && model_has_children(a)) {
			strcpy(b, a); /* else trees would grow deeper and deeper */
		}
		switch (draw(6)) {
		case 0:
			got = do_mkdir(a);
			expected = model_make(a, MODE_DIRECTORY);
			break;
		case 1:
			got = touch(a);
			expected = model_make(a, MODE_FILE);
			break;
		case 2:
			got = do_unlink(a, false);
			expected = model_remove(a, false);
			break;
		case 3:
			got = do_unlink(a, true);
			expected = model_remove(a, true);
			break;
		case 4:
			got = do_rename(a, b);
			expected = model_rename(a, b);
			break;
		default:
			got = mode_of(a, true);
			expected = model_mode(a);
			break;
		}
		if (got != expected) {
			printf("round %u %s %s: %ld, not %ld\n", round, a, b, (long)got,
			       (long)expected);
			wrong++;
		}
	}
	CHECK(wrong == 0 && model_count > 5);
	CHECK(fake_openers() == 0);
}

void test_walk(void)
{
	test_run("walk: names and errors", basics);
	test_run("walk: symbolic links", links);
	test_run("walk: renames", renames);
	test_run("walk: mounts", mounts);
	test_run("walk: permissions", permissions);
	test_run("walk: 20000 random calls against a model", random_calls);
}
