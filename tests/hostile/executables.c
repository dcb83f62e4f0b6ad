/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile executables. A small correct one is made by hand; each case spoils
 * something of it, writes it to a file and executes that in a child. The child
 * must end: with the errno of execve, or by a signal, or (where the damage
 * does not matter) with the program's own exit status. Afterwards busybox must
 * still start.
 *
 * The table says what Linux does. NOT_RUN stands where Linux finds out too
 * late to return an error and kills the process, and Ravelin may do either.
 */
#include "tests/linux/harness.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	TEXT = 0x10000, /* where the program's segments lie */
	DATA = 0x20000,
	ALL_WELL = 42,	    /* its exit status */
	NO_EXEC_STATUS = 99 /* of a child whose execve came back */
};

/* Outcomes: an errno, or one of these. */
enum { RAN = -1, NOT_RUN = -2, ANY = -3, KILLED = -4 };

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr ph[4]; /* text, data, stack, note */
	char interpreter[64];
	unsigned char gap1[4096 - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr) - 64];
	uint32_t code[1024];
	unsigned char data[4096];
};
_Static_assert(sizeof(struct image) == 3 * 4096, "three pages");

struct mutant {
	const char *name;
	void (*spoil)(struct image *image);
	int wanted;
	size_t length; /* of the file, if not 0 */
};

static struct {
	int ran, errors, signals;
} counts;
static int *child_errno; /* shared with the children */

/* exit_group(42), after it has read its data and written its bss. */
static const uint32_t code[] = {
	0x000205b7, /* lui  a1, 0x20 */
	0x0005b603, /* ld   a2, 0(a1) */
	0x000225b7, /* lui  a1, 0x22 */
	0x0005b023, /* sd   zero, 0(a1) */
	0x05e00893, /* li   a7, 94 */
	0x02a00513, /* li   a0, 42 */
	0x00000073, /* ecall */
	0x00000000  /* an illegal instruction */
};

static void make_image(struct image *image)
{
	memset(image, 0, sizeof(*image));
	memcpy(image->header.e_ident, ELFMAG, SELFMAG);
	image->header.e_ident[EI_CLASS] = ELFCLASS64;
	image->header.e_ident[EI_DATA] = ELFDATA2LSB;
	image->header.e_ident[EI_VERSION] = EV_CURRENT;
	image->header.e_type = ET_EXEC;
	image->header.e_machine = EM_RISCV;
	image->header.e_version = EV_CURRENT;
	image->header.e_entry = TEXT;
	image->header.e_phoff = offsetof(struct image, ph);
	image->header.e_ehsize = sizeof(Elf64_Ehdr);
	image->header.e_phentsize = sizeof(Elf64_Phdr);
	image->header.e_phnum = 4;
	image->ph[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 4096, TEXT, TEXT, 4096, 4096, 4096};
	image->ph[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 8192, DATA, DATA, 2048, 12288, 4096};
	image->ph[2] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
	image->ph[3] = (Elf64_Phdr){PT_NOTE, PF_R, 0, 0, 0, 0, 0, 4};
	memcpy(image->code, code, sizeof(code));
}

static void write_file(const struct image *image, size_t length)
{
	int fd = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, image, length), length);
	CHECK_EQ(close(fd), 0);
}

/* Execute `path`; the outcome is an errno, RAN (the status in *exit_status) or KILLED. */
static int execute(const char *path, int *exit_status)
{
	char *arguments[] = {"busybox", "true", NULL};
	char *environment[] = {NULL};
	int status = 0;
	pid_t child;

	*child_errno = 0;
	child = must_fork();
	if (child == 0) {
		alarm(5); /* stays in force behind execve: code may have become a loop */
		execve(path, arguments, environment);
		*child_errno = errno;
		_exit(NO_EXEC_STATUS);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	if (*child_errno != 0) {
		counts.errors++;
		return *child_errno;
	}
	if (WIFSIGNALED(status)) {
		counts.signals++;
		*exit_status = -WTERMSIG(status);
		return KILLED;
	}
	counts.ran++;
	*exit_status = WEXITSTATUS(status);
	return RAN;
}

static void check_living(void)
{
	int status = 0;

	CHECK_EQ(execute("/bin/busybox", &status), RAN);
	CHECK_EQ(status, 0);
	counts.ran--;
}

static void begin(void)
{
	child_errno = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(child_errno != MAP_FAILED);
}

static void finish(const char *what)
{
	check_living();
	printf("%s: %d files: %d refused, %d killed, %d ran\n", what,
	       counts.ran + counts.errors + counts.signals, counts.errors, counts.signals,
	       counts.ran);
}

static bool is_as_wanted(int wanted, int outcome)
{
	switch (wanted) {
	case ANY:
		return true;
	case NOT_RUN:
		return outcome != RAN;
	default:
		return outcome == wanted;
	}
}

static void run_table(const char *what, const struct mutant *table, size_t count)
{
	static struct image image;
	int wrong = 0;

	begin();
	for (size_t i = 0; i < count; i++) {
		int status = 0, outcome;

		make_image(&image);
		if (table[i].spoil != NULL) {
			table[i].spoil(&image);
		}
		write_file(&image, table[i].length != 0 ? table[i].length : sizeof(image));
		outcome = execute("program", &status);
		if (!is_as_wanted(table[i].wanted, outcome)) {
			printf("%s: %s: outcome %d (status %d), not %d\n", what, table[i].name,
			       outcome, status, table[i].wanted);
			wrong++;
		}
	}
	finish(what);
	CHECK_EQ(wrong, 0);
}

#define RUN_TABLE(table) run_table(#table, table, sizeof(table) / sizeof((table)[0]))

/* A function that makes one assignment, and the row of the table for it. */
#define SPOIL(id, statement)                                                                       \
	static void spoil_##id(struct image *image)                                                \
	{                                                                                          \
		statement;                                                                         \
	}

SPOIL(nothing, (void)image)
SPOIL(magic0, image->header.e_ident[0] = 0)
SPOIL(magic1, image->header.e_ident[1] = 'e')
SPOIL(magic3, image->header.e_ident[3] = 0xff)
SPOIL(class32, image->header.e_ident[EI_CLASS] = ELFCLASS32)
SPOIL(class0, image->header.e_ident[EI_CLASS] = 0)
SPOIL(class255, image->header.e_ident[EI_CLASS] = 255)
SPOIL(big_endian, image->header.e_ident[EI_DATA] = ELFDATA2MSB)
SPOIL(ident_version, image->header.e_ident[EI_VERSION] = 77)
SPOIL(os_abi, image->header.e_ident[EI_OSABI] = 200)
SPOIL(type_none, image->header.e_type = ET_NONE)
SPOIL(type_rel, image->header.e_type = ET_REL)
SPOIL(type_core, image->header.e_type = ET_CORE)
SPOIL(type_dyn, image->header.e_type = ET_DYN)
SPOIL(type_max, image->header.e_type = 0xffff)
SPOIL(machine_none, image->header.e_machine = 0)
SPOIL(machine_x86, image->header.e_machine = EM_X86_64)
SPOIL(machine_arm, image->header.e_machine = EM_AARCH64)
SPOIL(machine_max, image->header.e_machine = 0xffff)
SPOIL(version, image->header.e_version = 0xffffffff)
SPOIL(ehsize, image->header.e_ehsize = 0)
SPOIL(flags, image->header.e_flags = 0xffffffff)
SPOIL(sections, image->header.e_shoff = UINT64_MAX; image->header.e_shnum = 0xffff)
SPOIL(phentsize_0, image->header.e_phentsize = 0)
SPOIL(phentsize_55, image->header.e_phentsize = 55)
SPOIL(phentsize_max, image->header.e_phentsize = 0xffff)
SPOIL(phnum_0, image->header.e_phnum = 0)
SPOIL(phnum_1171, image->header.e_phnum = 1171)
SPOIL(phnum_max, image->header.e_phnum = 0xffff)
SPOIL(phoff_0, image->header.e_phoff = 0)
SPOIL(phoff_odd, image->header.e_phoff++)
SPOIL(phoff_end, image->header.e_phoff = sizeof(*image))
SPOIL(phoff_almost_end, image->header.e_phoff = sizeof(*image) - 8)
SPOIL(phoff_max, image->header.e_phoff = UINT64_MAX)
SPOIL(phoff_wraps, image->header.e_phoff = UINT64_MAX - 64)
SPOIL(phoff_sign, image->header.e_phoff = 1ul << 63)
SPOIL(phoff_far, image->header.e_phoff = 1ul << 40)
SPOIL(entry_0, image->header.e_entry = 0)
SPOIL(entry_data, image->header.e_entry = DATA)
SPOIL(entry_hole, image->header.e_entry = TEXT + 4096)
SPOIL(entry_illegal, image->header.e_entry = TEXT + 28)
SPOIL(entry_kernel, image->header.e_entry = 0xffffffff80000000)
SPOIL(entry_noncanonical, image->header.e_entry = 1ul << 50)
SPOIL(entry_max, image->header.e_entry = UINT64_MAX - 1)
SPOIL(entry_top, image->header.e_entry = (1ul << 38) - 2)

static const struct mutant headers[] = {
	{"nothing", spoil_nothing, RAN, 0},
	{"magic 0", spoil_magic0, ENOEXEC, 0},
	{"magic 1", spoil_magic1, ENOEXEC, 0},
	{"magic 3", spoil_magic3, ENOEXEC, 0},
	{"class 32", spoil_class32, ENOEXEC, 0},
	{"class 0", spoil_class0, ENOEXEC, 0},
	{"class 255", spoil_class255, ENOEXEC, 0},
	/* Linux does not look at these; to refuse them is as good. */
	{"big endian", spoil_big_endian, ANY, 0},
	{"ident version", spoil_ident_version, ANY, 0},
	{"os abi", spoil_os_abi, ANY, 0},
	{"e_version", spoil_version, ANY, 0},
	{"e_ehsize", spoil_ehsize, ANY, 0},
	{"e_flags", spoil_flags, ANY, 0},
	{"section table", spoil_sections, RAN, 0},
	{"ET_NONE", spoil_type_none, ENOEXEC, 0},
	{"ET_REL", spoil_type_rel, ENOEXEC, 0},
	{"ET_CORE", spoil_type_core, ENOEXEC, 0},
	{"ET_DYN of fixed code", spoil_type_dyn, KILLED, 0},
	{"type 0xffff", spoil_type_max, ENOEXEC, 0},
	{"machine 0", spoil_machine_none, ENOEXEC, 0},
	{"machine x86", spoil_machine_x86, ENOEXEC, 0},
	{"machine arm", spoil_machine_arm, ENOEXEC, 0},
	{"machine 0xffff", spoil_machine_max, ENOEXEC, 0},
	{"phentsize 0", spoil_phentsize_0, ENOEXEC, 0},
	{"phentsize 55", spoil_phentsize_55, ENOEXEC, 0},
	{"phentsize max", spoil_phentsize_max, ENOEXEC, 0},
	{"phnum 0", spoil_phnum_0, ENOEXEC, 0},
	{"phnum of more than 64 KiB", spoil_phnum_1171, ENOEXEC, 0},
	{"phnum max", spoil_phnum_max, ENOEXEC, 0},
	{"phoff 0", spoil_phoff_0, NOT_RUN, 0},
	{"phoff odd", spoil_phoff_odd, NOT_RUN, 0},
	{"phoff end", spoil_phoff_end, NOT_RUN, 0},
	{"phoff almost end", spoil_phoff_almost_end, NOT_RUN, 0},
	{"phoff max", spoil_phoff_max, NOT_RUN, 0},
	{"phoff wraps", spoil_phoff_wraps, NOT_RUN, 0},
	{"phoff sign", spoil_phoff_sign, NOT_RUN, 0},
	{"phoff far", spoil_phoff_far, NOT_RUN, 0},
	{"entry 0", spoil_entry_0, NOT_RUN, 0},
	{"entry in data", spoil_entry_data, KILLED, 0},
	{"entry in a hole", spoil_entry_hole, KILLED, 0},
	{"entry illegal", spoil_entry_illegal, KILLED, 0},
	{"entry in kernel", spoil_entry_kernel, NOT_RUN, 0},
	{"entry not canonical", spoil_entry_noncanonical, NOT_RUN, 0},
	{"entry max", spoil_entry_max, NOT_RUN, 0},
	{"entry at top", spoil_entry_top, NOT_RUN, 0},
};

TEST(headers)
{
	RUN_TABLE(headers);
}

SPOIL(no_load, image->ph[0].p_type = PT_NULL; image->ph[1].p_type = PT_NULL)
SPOIL(text_unreadable, image->ph[0].p_flags = 0)
SPOIL(text_not_exec, image->ph[0].p_flags = PF_R)
SPOIL(text_writable, image->ph[0].p_flags = PF_R | PF_W | PF_X)
SPOIL(data_exec, image->ph[1].p_flags = PF_R | PF_W | PF_X)
SPOIL(data_read_only, image->ph[1].p_flags = PF_R)
SPOIL(flags_max, image->ph[0].p_flags = 0xffffffff)
SPOIL(vaddr_0, image->ph[0].p_vaddr = 0; image->header.e_entry = 4)
SPOIL(vaddr_kernel, image->ph[1].p_vaddr = 0xffffffc000000000)
SPOIL(vaddr_top, image->ph[1].p_vaddr = (1ul << 38) - 4096)
SPOIL(vaddr_noncanonical, image->ph[1].p_vaddr = 1ul << 45)
SPOIL(vaddr_max, image->ph[1].p_vaddr = UINT64_MAX - 4095)
SPOIL(vaddr_unaligned, image->ph[0].p_vaddr += 8)
SPOIL(offset_unaligned, image->ph[0].p_offset += 8)
SPOIL(offset_end, image->ph[0].p_offset = sizeof(*image))
SPOIL(offset_far, image->ph[0].p_offset = 1ul << 40)
SPOIL(offset_max, image->ph[0].p_offset = UINT64_MAX - 4095)
SPOIL(offset_sign, image->ph[0].p_offset = 1ul << 63)
SPOIL(data_offset_far, image->ph[1].p_offset = 1ul << 40)
SPOIL(filesz_0, image->ph[0].p_filesz = 0)
SPOIL(filesz_both_0, image->ph[0].p_filesz = 0; image->ph[0].p_memsz = 0)
SPOIL(filesz_over, image->ph[1].p_filesz = 20480; image->ph[1].p_memsz = 20480)
SPOIL(filesz_more, image->ph[1].p_filesz = 16384)
SPOIL(filesz_far, image->ph[1].p_filesz = image->ph[1].p_memsz = 1ul << 36)
SPOIL(filesz_max, image->ph[1].p_filesz = image->ph[1].p_memsz = UINT64_MAX)
SPOIL(filesz_sign, image->ph[1].p_filesz = image->ph[1].p_memsz = 1ul << 63)
SPOIL(memsz_less, image->ph[0].p_memsz = 1)
SPOIL(memsz_0, image->ph[0].p_memsz = 0)
SPOIL(memsz_far, image->ph[1].p_memsz = 1ul << 37)
SPOIL(memsz_space, image->ph[1].p_memsz = 1ul << 38)
SPOIL(memsz_max, image->ph[1].p_memsz = UINT64_MAX)
SPOIL(memsz_wraps, image->ph[1].p_memsz = UINT64_MAX - DATA)
SPOIL(memsz_sign, image->ph[1].p_memsz = 1ul << 63)
SPOIL(overlap, image->ph[1].p_vaddr = TEXT)
SPOIL(overlap_bss, image->ph[1].p_memsz = 1 << 20; image->ph[0].p_vaddr = DATA + 0x4000;
      image->header.e_entry = DATA + 0x4000)
SPOIL(order, Elf64_Phdr first = image->ph[0]; image->ph[0] = image->ph[1]; image->ph[1] = first)
SPOIL(align_0, image->ph[0].p_align = 0)
SPOIL(align_3, image->ph[0].p_align = 3)
SPOIL(align_huge, image->ph[0].p_align = 1ul << 63)
SPOIL(align_max, image->ph[1].p_align = UINT64_MAX)
SPOIL(dyn_align_huge, image->header.e_type = ET_DYN; image->ph[0].p_align = 1ul << 40)
SPOIL(dyn_far, image->header.e_type = ET_DYN; image->ph[1].p_vaddr = 1ul << 37)
SPOIL(dyn_max, image->header.e_type = ET_DYN; image->ph[1].p_vaddr = UINT64_MAX - 8191)
SPOIL(stack_exec, image->ph[2].p_flags = PF_R | PF_W | PF_X)
SPOIL(stack_huge, image->ph[2].p_memsz = UINT64_MAX; image->ph[2].p_vaddr = UINT64_MAX)
SPOIL(note_wild, image->ph[3].p_offset = UINT64_MAX; image->ph[3].p_filesz = UINT64_MAX)
SPOIL(tls_wild, image->ph[3].p_type = PT_TLS; image->ph[3].p_memsz = UINT64_MAX)
SPOIL(phdr_wild, image->ph[3].p_type = PT_PHDR; image->ph[3].p_vaddr = UINT64_MAX)
SPOIL(dynamic_wild, image->ph[3].p_type = PT_DYNAMIC; image->ph[3].p_vaddr = UINT64_MAX)
SPOIL(type_unknown, image->ph[3].p_type = 0x6fffffff)
SPOIL(property_wild, image->ph[3].p_type = 0x6474e553; image->ph[3].p_filesz = UINT64_MAX)

static const struct mutant segments[] = {
	{"no PT_LOAD", spoil_no_load, NOT_RUN, 0},
	{"text without rights", spoil_text_unreadable, NOT_RUN, 0},
	{"text not executable", spoil_text_not_exec, NOT_RUN, 0},
	{"text writable", spoil_text_writable, ANY, 0}, /* W^X refuses it */
	{"data executable", spoil_data_exec, ANY, 0},
	{"data read-only", spoil_data_read_only, ANY, 0},
	{"flags max", spoil_flags_max, ANY, 0},
	{"vaddr 0", spoil_vaddr_0, ANY, 0}, /* Linux lets root */
	{"vaddr kernel", spoil_vaddr_kernel, NOT_RUN, 0},
	{"vaddr top", spoil_vaddr_top, NOT_RUN, 0},
	{"vaddr not canonical", spoil_vaddr_noncanonical, NOT_RUN, 0},
	{"vaddr max", spoil_vaddr_max, NOT_RUN, 0},
	{"vaddr unaligned", spoil_vaddr_unaligned, NOT_RUN, 0},
	{"offset unaligned", spoil_offset_unaligned, NOT_RUN, 0},
	{"offset end", spoil_offset_end, NOT_RUN, 0},
	{"offset far", spoil_offset_far, NOT_RUN, 0},
	{"offset max", spoil_offset_max, NOT_RUN, 0},
	{"offset sign", spoil_offset_sign, NOT_RUN, 0},
	{"data offset far", spoil_data_offset_far, NOT_RUN, 0},
	{"filesz 0", spoil_filesz_0, NOT_RUN, 0},
	{"filesz and memsz 0", spoil_filesz_both_0, NOT_RUN, 0},
	{"filesz over the end", spoil_filesz_over, ANY, 0},
	{"filesz more than memsz", spoil_filesz_more, NOT_RUN, 0},
	{"filesz far", spoil_filesz_far, ANY, 0}, /* Linux maps far behind the end */
	{"filesz max", spoil_filesz_max, NOT_RUN, 0},
	{"filesz sign", spoil_filesz_sign, NOT_RUN, 0},
	{"memsz less", spoil_memsz_less, NOT_RUN, 0},
	{"memsz 0", spoil_memsz_0, NOT_RUN, 0},
	{"memsz far", spoil_memsz_far, ANY, 0},
	{"memsz whole space", spoil_memsz_space, NOT_RUN, 0},
	{"memsz max", spoil_memsz_max, NOT_RUN, 0},
	{"memsz wraps", spoil_memsz_wraps, NOT_RUN, 0},
	{"memsz sign", spoil_memsz_sign, NOT_RUN, 0},
	{"overlap", spoil_overlap, NOT_RUN, 0},
	{"overlap with bss", spoil_overlap_bss, ANY, 0},
	{"order", spoil_order, ANY, 0},
	{"align 0", spoil_align_0, ANY, 0},
	{"align 3", spoil_align_3, ANY, 0},
	{"align huge", spoil_align_huge, ANY, 0},
	{"align max", spoil_align_max, ANY, 0},
	{"dyn align huge", spoil_dyn_align_huge, NOT_RUN, 0},
	{"dyn far", spoil_dyn_far, NOT_RUN, 0},
	{"dyn max", spoil_dyn_max, NOT_RUN, 0},
	{"stack executable", spoil_stack_exec, ANY, 0},
	{"stack huge", spoil_stack_huge, ANY, 0},
	{"note wild", spoil_note_wild, ANY, 0},
	{"tls wild", spoil_tls_wild, ANY, 0},
	{"phdr wild", spoil_phdr_wild, ANY, 0},
	{"dynamic wild", spoil_dynamic_wild, ANY, 0},
	{"type unknown", spoil_type_unknown, RAN, 0},
	{"property wild", spoil_property_wild, ANY, 0},
};

TEST(segments)
{
	RUN_TABLE(segments);
}

/* The fourth program header becomes PT_INTERP with this text. */
static void interpret(struct image *image, const char *path, uint64_t length)
{
	image->ph[3].p_type = PT_INTERP;
	image->ph[3].p_offset = offsetof(struct image, interpreter);
	image->ph[3].p_filesz = length;
	image->ph[3].p_memsz = length;
	snprintf(image->interpreter, sizeof(image->interpreter), "%s", path);
}

SPOIL(interp_empty, interpret(image, "", 1))
SPOIL(interp_0, interpret(image, "/x", 0))
SPOIL(interp_1, interpret(image, "/x", 1))
SPOIL(interp_open, interpret(image, "/bin/busybox", 12))
SPOIL(interp_missing, interpret(image, "/lib/missing", 13))
SPOIL(interp_directory, interpret(image, "/bin", 5))
SPOIL(interp_text, interpret(image, "/etc/passwd", 12))
SPOIL(interp_self, interpret(image, "program", 8))
SPOIL(interp_device, interpret(image, "/dev/null", 10))
SPOIL(interp_zero, interpret(image, "/dev/zero", 10))
SPOIL(interp_proc, interpret(image, "/proc/self/maps", 16))
SPOIL(interp_long, interpret(image, "/x", 4097))
SPOIL(interp_max, interpret(image, "/x", UINT64_MAX))
SPOIL(interp_far, interpret(image, "/x", 3); image->ph[3].p_offset = 1ul << 40)
SPOIL(interp_offset_max, interpret(image, "/x", 3); image->ph[3].p_offset = UINT64_MAX - 1)
SPOIL(interp_not_dir, interpret(image, "/etc/passwd/x", 14))
SPOIL(interp_twice, interpret(image, "/lib/missing", 13); image->ph[2] = image->ph[3])
SPOIL(interp_slashes, memset(image->interpreter, '/', 63); image->interpreter[63] = 0;
      image->ph[3].p_type = PT_INTERP; image->ph[3].p_offset = offsetof(struct image, interpreter);
      image->ph[3].p_filesz = 64)

static const struct mutant interpreters[] = {
	{"empty", spoil_interp_empty, ENOEXEC, 0},
	{"of no byte", spoil_interp_0, ENOEXEC, 0},
	{"of one byte", spoil_interp_1, ENOEXEC, 0},
	{"without end", spoil_interp_open, ENOEXEC, 0},
	{"missing", spoil_interp_missing, ENOENT, 0},
	{"a directory", spoil_interp_directory, EACCES, 0},
	{"a text", spoil_interp_text, NOT_RUN, 0},
	{"itself", spoil_interp_self, RAN, 0},
	{"/dev/null", spoil_interp_device, EACCES, 0},
	{"/dev/zero", spoil_interp_zero, EACCES, 0},
	{"in /proc", spoil_interp_proc, NOT_RUN, 0},
	{"too long", spoil_interp_long, ENOEXEC, 0},
	{"huge", spoil_interp_max, ENOEXEC, 0},
	{"far", spoil_interp_far, NOT_RUN, 0},
	{"at the largest offset", spoil_interp_offset_max, NOT_RUN, 0},
	{"below a file", spoil_interp_not_dir, ENOTDIR, 0},
	{"twice", spoil_interp_twice, ENOENT, 0},
	{"slashes", spoil_interp_slashes, EACCES, 0},
};

TEST(interpreters)
{
	RUN_TABLE(interpreters);
}

static const struct mutant truncated[] = {
	{"1", NULL, ENOEXEC, 1},       {"4", NULL, ENOEXEC, 4},	      {"16", NULL, ENOEXEC, 16},
	{"20", NULL, ENOEXEC, 20},     {"40", NULL, ENOEXEC, 40},     {"63", NULL, NOT_RUN, 63},
	{"64", NULL, NOT_RUN, 64},     {"65", NULL, NOT_RUN, 65},     {"120", NULL, NOT_RUN, 120},
	{"176", NULL, NOT_RUN, 176},   {"287", NULL, NOT_RUN, 287},   {"288", NULL, NOT_RUN, 288},
	{"4095", NULL, NOT_RUN, 4095}, {"4096", NULL, NOT_RUN, 4096}, {"4100", NULL, NOT_RUN, 4100},
	{"4124", NULL, ANY, 4124},     {"8191", NULL, ANY, 8191},     {"8192", NULL, NOT_RUN, 8192},
	{"8200", NULL, ANY, 8200},     {"12287", NULL, RAN, 12287},
};

TEST(truncated)
{
	RUN_TABLE(truncated);
}

/* A real program that ends early: what it needs of the rest is a SIGBUS. */
TEST(truncated_program)
{
	static char buffer[65536];
	struct stat st;
	int from, to, status;
	ssize_t n;

	begin();
	from = open("/bin/busybox", O_RDONLY);
	to = open("program", O_WRONLY | O_CREAT, 0755);
	CHECK(from >= 0 && to >= 0);
	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		CHECK_EQ(write(to, buffer, (size_t)n), n);
	}
	CHECK_EQ(fstat(to, &st), 0);
	close(to);
	CHECK_EQ(execute("program", &status), RAN);
	for (int sixteenths = 15; sixteenths >= 0; sixteenths--) {
		CHECK_EQ(truncate("program", st.st_size * sixteenths / 16), 0);
		execute("program", &status);
	}
	CHECK_EQ(truncate("program", 0), 0);
	CHECK_EQ(execute("program", &status), ENOEXEC);
	finish("truncated_program");
}

static uint64_t random_state;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1d;
}

/* One field, of any size, becomes a number that is likely to hurt. */
static void spoil_field(struct image *image)
{
	static const uint64_t numbers[] = {0,
					   1,
					   7,
					   8,
					   4095,
					   4096,
					   4097,
					   0x7fffffff,
					   0x80000000,
					   0xffffffff,
					   1ul << 32,
					   (1ul << 38) - 4096,
					   1ul << 38,
					   1ul << 39,
					   1ul << 47,
					   1ul << 62,
					   (1ul << 63) - 1,
					   1ul << 63,
					   0 - 4096ul,
					   UINT64_MAX,
					   TEXT,
					   DATA};
	size_t at = random_number() % (sizeof(Elf64_Ehdr) + sizeof(image->ph));
	uint64_t value = numbers[random_number() % (sizeof(numbers) / sizeof(numbers[0]))];
	size_t size = 1ul << random_number() % 4;

	/* Mostly leave what says that this is a program for this machine. */
	if (at < 24 && random_number() % 8 != 0) {
		at += sizeof(Elf64_Ehdr);
	}
	at &= ~(size - 1);
	memcpy((unsigned char *)image + at, &value, size);
}

static void spoil_bits(struct image *image)
{
	size_t at = 24 + random_number() % (sizeof(Elf64_Ehdr) + sizeof(image->ph) - 24);

	((unsigned char *)image)[at] ^= (unsigned char)(1u << random_number() % 8);
}

static void run_random(const char *what, uint64_t seed, int count, void (*spoil)(struct image *))
{
	static struct image image;
	int status;

	begin();
	random_state = seed;
	for (int i = 0; i < count; i++) {
		make_image(&image);
		for (uint64_t n = 1 + random_number() % 4; n > 0; n--) {
			spoil(&image);
		}
		write_file(&image, sizeof(image));
		execute("program", &status);
	}
	finish(what);
}

TEST(random_fields)
{
	run_random("random_fields", 0x5eed1, 100, spoil_field);
}

TEST(random_bits)
{
	run_random("random_bits", 0x5eed2, 100, spoil_bits);
}

/* Scripts are executables too. */
TEST(scripts)
{
	static const struct {
		const char *text;
		int wanted;
	} table[] = {
		{"#!", NOT_RUN},
		{"#!\n", NOT_RUN},
		{"#!   \n", NOT_RUN},
		{"#!/missing\n", ENOENT},
		{"#!/etc\n", EACCES},
		{"#!/etc/passwd\n", EACCES},
		{"#!./program\n", ELOOP},
		{"#!/bin/busybox true\n", RAN},
		{"no program at all\n", ENOEXEC},
	};
	int status;

	begin();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int outcome, fd = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755);

		CHECK(write(fd, table[i].text, strlen(table[i].text)) > 0);
		close(fd);
		outcome = execute("./program", &status);
		if (!is_as_wanted(table[i].wanted, outcome)) {
			FAIL("script %zu: outcome %d, not %d", i, outcome, table[i].wanted);
		}
	}
	finish("scripts");
}
