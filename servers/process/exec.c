/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execve: a program file becomes the process's memory.
 *
 * The whole new address space is built beside the old one: segments are
 * regions of the file's page cache (nothing is read but the headers), then
 * bss, stack and arguments. Whatever is wrong with the file is found before
 * the old space is touched, so every error goes back to the caller. Only
 * moving the thread into the new space can fail later: that kills it.
 */
#include "servers/process/core.h"
#include "servers/process/elf.h"
#include "servers/process/exec_args.h"
#include "servers/process/exec_stack.h"
#include "servers/lib/startup.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE 256 /* of a file: enough for an ELF header or the first line of a script */
#define SCRIPT_DEPTH 4
#define MODE_SETUID 04000
#define MODE_SETGID 02000
#define MODE_GROUP_EXECUTE 00010
#define DYNAMIC_BASE 0x2a00000000ull
#define BASE_RANDOM_PAGES 0x8000u
#define BRK_RANDOM_PAGES 0x400u

/* One program file of the call: the program itself, or its interpreter. */
struct binary {
	struct exec_file file;
	uint32_t object;
	struct elf_image image;
	uint64_t bias; /* added to the addresses in the file */
};

/* The call being handled; there is never more than one, as nothing in it waits. */
static struct exec {
	struct process *process;
	struct exec_args args;
	struct binary program, interpreter;
	struct space *space;
	uint8_t head[HEAD_SIZE + 1];
	char name[LINUX_PATH_MAX]; /* as given, for AT_EXECFN */
	char comm[COMM_SIZE];	   /* the name's last part */
	struct exec_start start;   /* what exec_stack makes */
	struct exec_file *exe;
} exec;

/* ---- files ---- */

static void binary_close(struct binary *b)
{
	if (b->object != 0) {
		server_request(pager_cap, PAGER_OBJECT_CLOSE, 1, b->object, 0, 0, 0, 0, 0);
		b->object = 0;
	}
	vfs_close_exec(&b->file);
	memset(&b->file, 0, sizeof(b->file));
}

static int64_t binary_open(struct binary *b, int dirfd, const char *path, int flags)
{
	uint64_t words[10];
	int64_t status;

	memset(b, 0, sizeof(*b));
	status = vfs_open_exec(exec.process, dirfd, path, flags, &b->file);
	if (status < 0) {
		return status;
	}
	words[0] = b->file.fs;
	words[1] = b->file.ino;
	words[2] = b->file.size;
	words[3] = b->file.is_tmpfs;
	status = server_call(pager_cap, PAGER_OBJECT_OPEN, 4, words);
	if (status < 0) {
		binary_close(b);
		return status;
	}
	b->object = (uint32_t)words[1];
	return 0;
}

/* Read exactly `size` ≤ 64 KiB bytes of the file to the core's part of pager-xfer. */
static int64_t binary_read(const struct binary *b, uint64_t offset, uint64_t size)
{
	int64_t got = server_request(pager_cap, PAGER_OBJECT_READ_XFER, 4, b->object, offset, size,
				     XFER_CORE, 0, 0);

	if (got < 0) {
		return got;
	}
	return (uint64_t)got == size ? 0 : -STATUS_NOEXEC;
}

/*
 * Read the first page of the file to pager-xfer and the first HEAD_SIZE bytes
 * of it to exec.head; how many came there.
 */
static int64_t read_head(const struct binary *b)
{
	uint64_t size = b->file.size < PAGE ? b->file.size : PAGE;
	int64_t status = size == 0 ? 0 : binary_read(b, 0, size);

	memset(exec.head, 0, sizeof(exec.head));
	if (status < 0) {
		return status;
	}
	size = size < HEAD_SIZE ? size : HEAD_SIZE;
	memcpy(exec.head, pager_xfer + XFER_CORE, size);
	return (int64_t)size;
}

/* Parse b as an ELF file, of which read_head() has just got `size` bytes. */
static int64_t binary_parse(struct binary *b, size_t size)
{
	const uint8_t *phdrs = pager_xfer + XFER_CORE;
	uint64_t bytes;
	int64_t status = elf_read_header(exec.head, size, b->file.size, &b->image);

	if (status < 0) {
		return status;
	}
	bytes = (uint64_t)b->image.phdr_count * ELF_PHDR_SIZE;
	if (b->image.phdr_offset < PAGE && bytes <= PAGE - b->image.phdr_offset) {
		phdrs += b->image.phdr_offset;
	} else {
		status = binary_read(b, b->image.phdr_offset, bytes);
	}
	return status < 0 ? status
			  : elf_read_segments(phdrs, b->file.size, PAGER_SPACE_FIRST,
					      EXEC_STACK_LOWEST, &b->image);
}

/* ---- scripts ---- */

static char *skip_blanks(char *s)
{
	while (*s == ' ' || *s == '\t') {
		s++;
	}
	return s;
}

/*
 * exec.head is a "#!" line: put interpreter, its argument and the script's
 * name in front of the arguments; *interpreter points into exec.head.
 */
static int64_t script_arguments(const char *script, char **interpreter)
{
	char *line = (char *)exec.head + 2, *end = strchr(line, '\n'), *argument;
	int64_t status;

	if (end == NULL) {
		end = line + strlen(line);
		if (end == (char *)exec.head + HEAD_SIZE &&
		    strpbrk(skip_blanks(line), " \t") == NULL) {
			return -STATUS_NOEXEC; /* the interpreter's name may be cut off */
		}
	}
	*end = 0;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
		*--end = 0;
	}
	*interpreter = skip_blanks(line);
	if (**interpreter == 0) {
		return -STATUS_NOEXEC;
	}
	argument = strpbrk(*interpreter, " \t");
	status = exec_args_replace_first(&exec.args, script);
	if (status == 0 && argument != NULL) {
		*argument = 0;
		argument = skip_blanks(argument + 1);
		status = exec_args_prepend(&exec.args, argument);
	}
	if (status == 0) {
		status = exec_args_prepend(&exec.args, *interpreter);
	}
	return status;
}

/* Open and parse the ELF interpreter of the program. */
static int64_t interpreter_open(const struct elf_image *image)
{
	int64_t status =
		binary_read(&exec.program, image->interpreter_offset, image->interpreter_size);
	int64_t size;

	if (status < 0) {
		return status;
	}
	if (pager_xfer[XFER_CORE + image->interpreter_size - 1] != 0) {
		return -STATUS_NOEXEC;
	}
	status = binary_open(&exec.interpreter, LINUX_AT_FDCWD,
			     (const char *)pager_xfer + XFER_CORE, 0);
	size = status < 0 ? status : read_head(&exec.interpreter);
	return size < 0 ? size : binary_parse(&exec.interpreter, (size_t)size);
}

/* Open the program, going through scripts, and its ELF interpreter if it wants one. */
static int64_t files_open(int dirfd, int flags)
{
	int64_t status = binary_open(&exec.program, dirfd, exec.name, flags);
	int64_t size;

	for (unsigned depth = 0;; depth++) {
		char *interpreter;

		if (status < 0) {
			return status;
		}
		size = read_head(&exec.program);
		if (size < 2 || memcmp(exec.head, "#!", 2) != 0) {
			break;
		}
		if (depth == SCRIPT_DEPTH) {
			return -STATUS_LOOP;
		}
		status = script_arguments(depth == 0 ? exec.name : exec.program.file.path,
					  &interpreter);
		if (status < 0) {
			return status;
		}
		binary_close(&exec.program);
		status = binary_open(&exec.program, LINUX_AT_FDCWD, interpreter, 0);
	}
	if (size < 0) {
		return size;
	}
	status = binary_parse(&exec.program, (size_t)size);
	if (exec.program.image.interpreter_size != 0) {
		/* As in Linux, a missing interpreter counts for more than bad segments. */
		int64_t error = interpreter_open(&exec.program.image);

		return error < 0 ? error : status;
	}
	return status;
}

/* ---- memory ---- */

/* Map one segment of b: file pages, zeros behind them, bss pages. */
static int64_t segment_map(const struct binary *b, const struct elf_segment *s)
{
	static const char zeros[PAGE];
	uint64_t start = page_down(b->bias + s->address);
	uint64_t file_end = b->bias + s->address + s->file_size;
	uint64_t end = page_up(b->bias + s->address + s->memory_size);
	uint64_t bss = s->file_size == 0 ? start : page_up(file_end);
	int64_t status = 0;

	if (s->file_size != 0) {
		status = space_map(exec.space, &start, bss - start, s->protection, PAGER_FIXED,
				   b->object, page_down(s->offset));
		if (status == 0 && s->memory_size > s->file_size && bss != file_end &&
		    (s->protection & PAGER_WRITE) != 0 &&
		    copy_out_partial(exec.space, file_end, zeros, bss - file_end) !=
			    (int64_t)(bss - file_end)) {
			status = -STATUS_NOMEM;
		}
	}
	if (status == 0 && end > bss) {
		status = space_map(exec.space, &bss, end - bss, s->protection, PAGER_FIXED, 0, 0);
	}
	return status;
}

/* Map a binary; a dynamic one at `base`, or where there is room if that is 0. */
static int64_t binary_map(struct binary *b, uint64_t base)
{
	const struct elf_image *image = &b->image;
	int64_t status = 0;

	if (image->is_dynamic) {
		status = space_map(exec.space, &base, image->high - image->low, PAGER_READ,
				   (base != 0 ? PAGER_FIXED : 0) | PAGER_NORESERVE, 0, 0);
		b->bias = base - image->low;
		if (status == 0) {
			status = space_unmap(exec.space, base, image->high - image->low);
		}
	}
	for (uint32_t i = 0; i < image->segment_count && status == 0; i++) {
		status = segment_map(b, &image->segments[i]);
	}
	return status;
}

static uint64_t random_pages(uint32_t most)
{
	uint32_t r;

	random_bytes(&r, sizeof(r));
	return (uint64_t)(r % most) * PAGE;
}

/* Note where code, data and the heap are. */
static void space_describe(void)
{
	const struct binary *b = &exec.program;
	struct space *s = exec.space;

	for (uint32_t i = 0; i < b->image.segment_count; i++) {
		const struct elf_segment *e = &b->image.segments[i];
		uint64_t start = b->bias + e->address, end = start + e->file_size;

		if ((e->protection & PAGER_EXECUTE) != 0) {
			s->code_start = start;
			s->code_end = end;
		} else if ((e->protection & PAGER_WRITE) != 0) {
			s->data_start = start;
			s->data_end = end;
		}
	}
	s->brk_start = b->bias + b->image.high + random_pages(BRK_RANDOM_PAGES);
	s->brk = s->brk_start;
}

/* Build exec.space. */
static int64_t space_build(const struct credentials *credentials)
{
	struct binary *first = exec.interpreter.object != 0 ? &exec.interpreter : &exec.program;
	int64_t status;

	exec.space = space_create();
	if (exec.space == NULL) {
		return -STATUS_NOMEM;
	}
	status = signal_trampoline_map(exec.space);
	if (status == 0) {
		status = binary_map(&exec.program, DYNAMIC_BASE + random_pages(BASE_RANDOM_PAGES));
	}
	if (status == 0 && first == &exec.interpreter) {
		status = binary_map(first, 0);
	}
	if (status < 0) {
		return status;
	}
	space_describe();
	exec.start = (struct exec_start){
		.entry = exec.program.bias + exec.program.image.entry,
		.start = first->bias + first->image.entry,
		.base = first == &exec.interpreter ? first->bias + first->image.low : 0,
		.phdrs = exec.program.image.phdr_address != 0
				 ? exec.program.bias + exec.program.image.phdr_address
				 : 0,
		.phdr_count = exec.program.image.phdr_count,
		.name = exec.name,
		.credentials = credentials,
		.stack_limit = exec.process->limits[LINUX_RLIMIT_STACK].soft,
	};
	return exec_stack_build(exec.space, &exec.args, &exec.start);
}

/* ---- the step itself ---- */

static struct credentials new_credentials(void)
{
	struct credentials c = exec.process->credentials;
	const struct exec_file *file = &exec.program.file;

	if (!exec.process->core->no_new_privileges) {
		if ((file->mode & MODE_SETUID) != 0) {
			c.euid = file->uid;
		}
		if ((file->mode & (MODE_SETGID | MODE_GROUP_EXECUTE)) ==
		    (MODE_SETGID | MODE_GROUP_EXECUTE)) {
			c.egid = file->gid;
		}
	}
	c.suid = c.euid;
	c.fsuid = c.euid;
	c.sgid = c.egid;
	c.fsgid = c.egid;
	return c;
}

static void exec_release(void)
{
	binary_close(&exec.program);
	binary_close(&exec.interpreter);
	exec_args_free(&exec.args);
	free(exec.exe);
	exec.exe = NULL;
	if (exec.space != NULL) {
		space_release(exec.space);
		exec.space = NULL;
	}
}

/* exec.comm = the last part of exec.name, cut off if it is long. */
static void comm_set(void)
{
	const char *slash = strrchr(exec.name, '/');
	const char *last = slash != NULL ? slash + 1 : exec.name;
	size_t length = strlen(last);

	memset(exec.comm, 0, sizeof(exec.comm));
	memcpy(exec.comm, last, length < COMM_SIZE ? length : COMM_SIZE - 1);
}

/* Everything that may fail. `exec.args` and exec.name are filled in. */
static int64_t exec_prepare(struct process *p, int dirfd, int flags)
{
	struct credentials credentials;
	int64_t status;

	exec.process = p;
	comm_set();
	exec.exe = calloc(1, sizeof(*exec.exe));
	if (exec.exe == NULL) {
		return -STATUS_NOMEM;
	}
	status = files_open(dirfd, flags);
	if (status == 0) {
		credentials = new_credentials();
		status = space_build(&credentials);
	}
	return status;
}

/* Files and handlers of their own, if they are shared with other processes. */
static int64_t exec_unshare(struct process *p)
{
	if (fd_table_is_shared(p->files)) {
		struct fd_table *files = fd_table_copy(p->files);

		if (files == NULL) {
			return -STATUS_NOMEM;
		}
		fd_table_release(p->files);
		p->files = files;
	}
	return signal_handlers_unshare(p->signals);
}

/* What execve changes in the process beside its memory. */
static void process_become(struct process *p, struct thread *t)
{
	struct credentials credentials = new_credentials();

	if (credentials.euid != p->credentials.euid || credentials.egid != p->credentials.egid) {
		p->core->parent_death_signal = 0;
	}
	p->credentials = credentials;
	exe_release(p->exe);
	*exec.exe = exec.program.file;
	exec.exe->references = 1;
	memset(&exec.program.file, 0, sizeof(exec.program.file));
	p->exe = exec.exe;
	exec.exe = NULL;
	p->has_executed = true;
	memcpy(t->comm, exec.comm, COMM_SIZE);
	fd_table_close_on_exec(p->files);
	signal_exec(p);
	itimer_exec(p);
	t->core->clear_child_tid = 0;
	t->core->robust_list = 0;
	t->core->stack_base = 0;
	t->core->stack_size = 0;
	t->core->stack_flags = STACK_DISABLE;
	t->core->fault.pc = 0;
}

/* Put t, whose kernel thread is open in the new space, at the start of the program. */
static void thread_become(struct thread *t)
{
	struct registers r = {.r = {[REG_PC] = exec.start.start, [REG_SP] = exec.start.stack}};
	struct fpu_state fpu = {{0}};

	kthread_write(t->number, &r);
	kthread_write_fpu(t->number, &fpu);
}

/* The point of no return. */
static int64_t exec_commit(struct thread *t)
{
	struct process *p = t->process;
	struct space *old = p->space;
	uint64_t robust = t->core->clear_child_tid;

	process_exit_others(p, t);
	robust_list_release(t);
	if (robust != 0 && old->references > 1) {
		server_request(pager_cap, PAGER_STORE, 4, old->number, robust, 4, 0, 0, 0);
		futex_wake_address(old, robust, 1);
	}
	if (kthread_move(t->number, exec.space) < 0) {
		exec_release();
		process_exit(p, LINUX_SIGKILL);
		return CALL_GONE;
	}
	p->space = exec.space;
	exec.space = NULL;
	process_become(p, t);
	thread_become(t);
	kthread_resume(t->number);
	space_release(old);
	exec_release();
	vfork_done(p);
	return CALL_NO_RETURN;
}

static int64_t exec_call(struct thread *t, int dirfd, uint64_t path, uint64_t argv, uint64_t envp,
			 int flags)
{
	int64_t status = copy_in_string(t, exec.name, path, sizeof(exec.name));

	if (status < 0) {
		return status;
	}
	status = exec_args_read(&exec.args, t, argv, envp);
	if (status == 0) {
		status = exec_prepare(t->process, dirfd, flags);
	}
	if (status == 0) {
		status = exec_unshare(t->process);
	}
	if (status < 0) {
		exec_release();
		return status;
	}
	return exec_commit(t);
}

int64_t sys_execve(struct thread *t, const uint64_t args[6])
{
	return exec_call(t, LINUX_AT_FDCWD, args[0], args[1], args[2], 0);
}

int64_t sys_execveat(struct thread *t, const uint64_t args[6])
{
	int flags = (int)args[4];

	if ((flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW)) != 0) {
		return -STATUS_INVAL;
	}
	return exec_call(t, (int)args[0], args[1], args[2], args[3], flags);
}

/* The words behind "--" on the kernel command line are init's arguments, as on Linux. */
static int64_t add_boot_arguments(void)
{
	const char *word = (const char *)startup() + startup()->arguments;
	bool is_for_init = false;
	int64_t status = 0;

	for (; *word != 0 && status == 0; word += strlen(word) + 1) {
		if (is_for_init) {
			status = exec_args_add(&exec.args, word);
		}
		is_for_init = is_for_init || strcmp(word, "--") == 0;
	}
	return status;
}

/* Start pid 1: t, in PHASE_NEW, runs the program at `path`. */
int64_t exec_start_init(struct process *p, struct thread *t, const char *path)
{
	int64_t status;

	strncpy(exec.name, path, sizeof(exec.name) - 1);
	memset(&exec.args, 0, sizeof(exec.args));
	status = exec_args_add(&exec.args, path);
	if (status == 0) {
		status = add_boot_arguments();
	}
	if (status == 0) {
		status = exec_args_add_environment(&exec.args, "HOME=/");
	}
	if (status == 0) {
		status = exec_args_add_environment(&exec.args, "TERM=linux");
	}
	if (status == 0) {
		status = exec_prepare(p, LINUX_AT_FDCWD, 0);
	}
	if (status == 0) {
		status = kthread_open(t->number, exec.space);
	}
	if (status < 0) {
		exec_release();
		return status;
	}
	p->space = exec.space;
	exec.space = NULL;
	process_become(p, t);
	thread_become(t);
	t->core->phase = PHASE_USER;
	kthread_resume(t->number);
	exec_release();
	return 0;
}
