/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that do not exist, and what is odd about calls in general. */
#include "tests/linux/harness.h"

#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

TEST(unknown_numbers)
{
	static const long numbers[] = {244,   250,	295,	  400, 423,   600,	 1000,
				       65535, 1l << 31, 1l << 40, -1,  -4096, INT64_MIN, INT64_MAX};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		CHECK_ERRNO(syscall(numbers[i], 1, 2, 3, 4, 5, 6), ENOSYS);
	}
}

TEST(known_by_name_only)
{
	/* These exist on Linux; Ravelin counts and refuses them. Neither may crash. */
	static const long numbers[] = {SYS_kexec_load, SYS_bpf, SYS_io_setup, SYS_mq_open,
				       SYS_perf_event_open};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		errno = 0;
		CHECK_EQ(syscall(numbers[i], -1, -1, -1, -1, -1, -1), -1);
		CHECK(errno != 0);
	}
	CHECK_EQ(getpid(), syscall(SYS_getpid));
}

TEST(unknown_calls_are_reported)
{
	char line[200];
	bool is_found = false;
	FILE *f;

	if (!on_ravelin()) {
		test_skip("only Ravelin has the report");
	}
	syscall(SYS_mq_open, 0, 0, 0, 0);
	f = fopen("/proc/unimplemented", "r");
	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		is_found = is_found || strstr(line, "mq_open") != NULL;
	}
	CHECK(is_found);
}

/* Registers other than a0 come back as they were. */
TEST(registers_are_kept)
{
	unsigned long wrong;

	__asm__ volatile("li a7, 172\n\tli a0, 11\n\tli a1, 21\n\tli a2, 31\n\tli a3, 41\n\t"
			 "li a4, 51\n\tli a5, 61\n\tli a6, 71\n\tli t0, 81\n\tli t1, 91\n\t"
			 "li t2, 101\n\tli t3, 111\n\tli t4, 121\n\tli t5, 131\n\tli t6, 141\n\t"
			 "li s2, 151\n\tli s3, 161\n\tli s11, 171\n\t"
			 "ecall\n\t"
			 "xori a1, a1, 21\n\txori a2, a2, 31\n\txori a3, a3, 41\n\t"
			 "xori a4, a4, 51\n\txori a5, a5, 61\n\txori a6, a6, 71\n\t"
			 "xori t0, t0, 81\n\txori t1, t1, 91\n\txori t2, t2, 101\n\t"
			 "xori t3, t3, 111\n\txori t4, t4, 121\n\txori t5, t5, 131\n\t"
			 "xori t6, t6, 141\n\txori s2, s2, 151\n\txori s3, s3, 161\n\t"
			 "xori s11, s11, 171\n\txori a7, a7, 172\n\t"
			 "or a1, a1, a2\n\tor a1, a1, a3\n\tor a1, a1, a4\n\tor a1, a1, a5\n\t"
			 "or a1, a1, a6\n\tor a1, a1, a7\n\tor a1, a1, t0\n\tor a1, a1, t1\n\t"
			 "or a1, a1, t2\n\tor a1, a1, t3\n\tor a1, a1, t4\n\tor a1, a1, t5\n\t"
			 "or a1, a1, t6\n\tor a1, a1, s2\n\tor a1, a1, s3\n\tor a1, a1, s11\n\t"
			 "mv %0, a1"
			 : "=r"(wrong)
			 :
			 : "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3",
			   "t4", "t5", "t6", "s2", "s3", "s11", "memory");
	CHECK_EQ(wrong, 0);
}

TEST(many_cheap_calls)
{
	long parent = getppid();

	for (int i = 0; i < 20000; i++) {
		CHECK_EQ(syscall(SYS_getppid), parent);
	}
}

TEST(int_arguments_are_cut)
{
	char buffer[4] = "";
	int fd = (int)syscall(SYS_memfd_create, "x", 0);

	/* The upper half of a register that holds an int does not count. */
	CHECK_EQ(syscall(SYS_write, (long)fd | 1l << 40, "abc", 3), 3);
	CHECK_EQ(syscall(SYS_pread64, (long)fd | 7l << 32, buffer, 3, 0), 3);
	CHECK(strcmp(buffer, "abc") == 0);
}
