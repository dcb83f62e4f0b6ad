/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults become signals with the right code and address; handlers can repair them. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>

static sigjmp_buf place;
static siginfo_t last;
static uintptr_t last_pc;

static void on_fault(int number, siginfo_t *info, void *context)
{
	last = *info;
	last.si_signo = number;
	last_pc = ((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC];
	siglongjmp(place, 1);
}

static void catch_faults(int flags)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | flags};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		CHECK_EQ(sigaction(numbers[i], &action, NULL), 0);
	}
}

enum access { LOAD, STORE, CALL };

/* Do the access; it must fault with these. */
static void expect(enum access access, const void *address, int number, int code)
{
	memset(&last, 0, sizeof(last));
	if (sigsetjmp(place, 1) == 0) {
		if (access == LOAD) {
			(void)*(const volatile unsigned char *)address;
		} else if (access == STORE) {
			*(volatile unsigned char *)(uintptr_t)address = 1;
		} else {
			((void (*)(void))(uintptr_t)address)();
		}
		FAIL("access %d of %p did not fault", access, address);
	}
	if (last.si_signo != number || last.si_code != code || last.si_addr != address) {
		FAIL("access %d of %p: signal %d code %d address %p", access, address,
		     last.si_signo, last.si_code, last.si_addr);
	}
	if (access == CALL && last_pc != (uintptr_t)address) {
		FAIL("call of %p: pc is %#lx", address, (unsigned long)last_pc);
	}
}

static void *opaque(uintptr_t address)
{
	__asm__("" : "+r"(address));
	return (void *)address;
}

TEST(null_page)
{
	catch_faults(0);
	for (uintptr_t at = 0; at < PAGE; at += 1000) {
		expect(LOAD, opaque(at), SIGSEGV, SEGV_MAPERR);
		expect(STORE, opaque(at), SIGSEGV, SEGV_MAPERR);
	}
	expect(CALL, opaque(0), SIGSEGV, SEGV_MAPERR);
	expect(LOAD, opaque(0xfff8), SIGSEGV, SEGV_MAPERR);
}

TEST(unmapped)
{
	unsigned char *p = map_pages(3);

	catch_faults(0);
	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	p[PAGE - 1] = 1;
	p[2 * PAGE] = 1;
	expect(LOAD, p + PAGE, SIGSEGV, SEGV_MAPERR);
	expect(STORE, p + 2 * PAGE - 1, SIGSEGV, SEGV_MAPERR);
	expect(CALL, p + PAGE + 16, SIGSEGV, SEGV_MAPERR);
}

TEST(kernel_addresses)
{
	static const uintptr_t addresses[] = {
		0x4000000000,					      /* just above the user half */
		0xffffffc000000000,				      /* start of the upper half */
		0xffffffff80000000, 0xfffffffffffffff8, 0x8000000000, /* not canonical */
		0x8000000000000000,
	};

	catch_faults(0);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		memset(&last, 0, sizeof(last));
		if (sigsetjmp(place, 1) == 0) {
			(void)*(volatile long *)opaque(addresses[i]);
			FAIL("%#lx could be read", (unsigned long)addresses[i]);
		}
		CHECK_EQ(last.si_signo, SIGSEGV);
	}
	CHECK_ERRNO(write(1, opaque(0xffffffc000000000), 8), EFAULT);
	CHECK_ERRNO(write(1, opaque(0x8000000000000000), 8), EFAULT);
}

TEST(read_only_page)
{
	unsigned char *p = map_pages(1);

	catch_faults(0);
	p[5] = 5;
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_EQ(p[5], 5);
	expect(STORE, p + 5, SIGSEGV, SEGV_ACCERR);
	CHECK_EQ(p[5], 5);
}

TEST(no_access_page)
{
	unsigned char *p = map_pages(1);

	catch_faults(0);
	p[5] = 5;
	CHECK_EQ(mprotect(p, PAGE, PROT_NONE), 0);
	expect(LOAD, p + 5, SIGSEGV, SEGV_ACCERR);
	expect(STORE, p + 5, SIGSEGV, SEGV_ACCERR);
	expect(CALL, p + 4, SIGSEGV, SEGV_ACCERR);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_EQ(p[5], 5);
}

TEST(data_is_not_executable)
{
	static unsigned int code[4] = {0x00008067}; /* ret */
	unsigned char stack[64] __attribute__((aligned(4))) = {0x67, 0x80, 0, 0};
	unsigned char *heap = malloc(64);
	unsigned char *page = map_pages(1);

	catch_faults(0);
	memcpy(heap, stack, 64);
	memcpy(page, stack, 64);
	expect(CALL, code, SIGSEGV, SEGV_ACCERR);
	expect(CALL, stack, SIGSEGV, SEGV_ACCERR);
	expect(CALL, heap, SIGSEGV, SEGV_ACCERR);
	expect(CALL, page, SIGSEGV, SEGV_ACCERR);
}

TEST(text_and_constants_are_read_only)
{
	const char *constant = opaque((uintptr_t) "four");

	catch_faults(0);
	expect(STORE, constant, SIGSEGV, SEGV_ACCERR);
	expect(STORE, (const void *)(uintptr_t)on_fault, SIGSEGV, SEGV_ACCERR);
	CHECK_EQ(constant[0], 'f');
}

TEST(file_end)
{
	unsigned char *p;
	int fd;

	catch_faults(0);
	make_file("file", PAGE + 100);
	fd = open("file", O_RDWR);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[PAGE + 99], pattern_byte(PAGE + 99));
	CHECK_EQ(p[PAGE + 100], 0);
	CHECK_EQ(p[2 * PAGE - 1], 0);
	expect(LOAD, p + 2 * PAGE, SIGBUS, BUS_ADRERR);
	expect(STORE, p + 3 * PAGE + 7, SIGBUS, BUS_ADRERR);
	CHECK_EQ(ftruncate(fd, 3 * PAGE), 0);
	CHECK_EQ(p[2 * PAGE], 0);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	expect(LOAD, p + PAGE, SIGBUS, BUS_ADRERR);
	CHECK_EQ(p[0], pattern_byte(0));
}

TEST(file_end_private)
{
	unsigned char *p;
	int fd;

	catch_faults(0);
	make_file("file", 100);
	fd = open("file", O_RDONLY);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[200] = 9;
	expect(LOAD, p + PAGE, SIGBUS, BUS_ADRERR);
	expect(STORE, p + PAGE, SIGBUS, BUS_ADRERR);
}

TEST(illegal_instruction)
{
	uintptr_t at;

	catch_faults(0);
	if (sigsetjmp(place, 1) == 0) {
		__asm__ volatile("unimp");
		FAIL("unimp did not fault");
	}
	CHECK_EQ(last.si_signo, SIGILL);
	CHECK_EQ(last.si_code, ILL_ILLOPC);
	at = (uintptr_t)last.si_addr;
	CHECK_EQ(at, last_pc);
	if (sigsetjmp(place, 1) == 0) {
		__asm__ volatile("csrr t0, sstatus" ::: "t0");
		FAIL("a user could read sstatus");
	}
	CHECK_EQ(last.si_signo, SIGILL);
}

TEST(breakpoint)
{
	catch_faults(0);
	if (sigsetjmp(place, 1) == 0) {
		__asm__ volatile("ebreak");
		FAIL("ebreak did not trap");
	}
	CHECK_EQ(last.si_signo, SIGTRAP);
	CHECK_EQ(last.si_code, TRAP_BRKPT);
	CHECK_EQ((uintptr_t)last.si_addr, last_pc);
}

TEST(misaligned_access_works)
{
	unsigned char bytes[32] = {0};

	for (int i = 0; i < 8; i++) {
		*(volatile uint64_t *)opaque((uintptr_t)bytes + (unsigned int)i) =
			0x0102030405060708;
		CHECK_EQ(*(volatile uint64_t *)opaque((uintptr_t)bytes + (unsigned int)i),
			 0x0102030405060708);
	}
}

static volatile sig_atomic_t repairs;

static void on_repair(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	repairs++;
	CHECK_EQ(mprotect((void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1)), PAGE,
			  PROT_READ | PROT_WRITE),
		 0);
}

TEST(handler_repairs)
{
	struct sigaction action = {.sa_sigaction = on_repair, .sa_flags = SA_SIGINFO};
	unsigned char *p = map_pages(50);

	sigaction(SIGSEGV, &action, NULL);
	CHECK_EQ(mprotect(p, 50 * PAGE, PROT_NONE), 0);
	for (int i = 0; i < 50; i++) {
		p[i * PAGE + i] = (unsigned char)(i + 1);
	}
	CHECK_EQ(repairs, 50);
	for (int i = 0; i < 50; i++) {
		CHECK_EQ(p[i * PAGE + i], i + 1);
	}
	CHECK_EQ(repairs, 50);
}

static int recurse(int depth)
{
	volatile char frame[2000];

	frame[0] = (char)depth;
	if (depth == -1) {
		return 0;
	}
	return recurse(depth + 1) + frame[0];
}

TEST(stack_overflow_kills)
{
	pid_t child = must_fork();

	if (child == 0) {
		_exit(recurse(0) & 1);
	}
	CHECK_KILLED(child, SIGSEGV);
}

TEST(stack_overflow_on_other_stack)
{
	stack_t stack = {.ss_sp = map_pages(4), .ss_size = 4 * PAGE};
	uintptr_t here = (uintptr_t)&stack;

	catch_faults(SA_ONSTACK);
	CHECK_EQ(sigaltstack(&stack, NULL), 0);
	if (sigsetjmp(place, 1) == 0) {
		recurse(0);
		FAIL("the stack has no end");
	}
	CHECK_EQ(last.si_signo, SIGSEGV);
	CHECK((uintptr_t)last.si_addr < here && here - (uintptr_t)last.si_addr <= 9ul << 20);
	CHECK(here - (uintptr_t)last.si_addr >= 7ul << 20);
	/* And once more, to see that the other stack was left. */
	if (sigsetjmp(place, 1) == 0) {
		recurse(0);
	}
	CHECK_EQ(last.si_signo, SIGSEGV);
}

TEST(stack_grows_to_its_limit)
{
	volatile char array[7 << 20];

	for (size_t i = sizeof(array); i >= PAGE; i -= PAGE) {
		array[i - 1] = 1;
	}
	CHECK_EQ(array[sizeof(array) - 1], 1);
}

TEST(stack_limit_counts)
{
	struct rlimit limit = {256 << 10, RLIM_INFINITY};
	pid_t child = must_fork();

	if (child == 0) {
		volatile char array[2 << 20];

		setrlimit(RLIMIT_STACK, &limit);
		for (size_t i = sizeof(array); i >= PAGE; i -= PAGE) {
			array[i - 1] = 1;
		}
		_exit(array[0]);
	}
	CHECK_KILLED(child, SIGSEGV);
}

static volatile sig_atomic_t on_other_stack;
static stack_t other;

static void on_where(int number)
{
	char here;
	stack_t now;

	(void)number;
	on_other_stack =
		&here >= (char *)other.ss_sp && &here < (char *)other.ss_sp + other.ss_size;
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags & SS_ONSTACK, on_other_stack ? SS_ONSTACK : 0);
	if (on_other_stack) {
		CHECK_ERRNO(sigaltstack(&other, NULL), EPERM);
	}
}

TEST(alternate_stack)
{
	struct sigaction action = {.sa_handler = on_where, .sa_flags = SA_ONSTACK};
	stack_t now;

	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags, SS_DISABLE);
	other = (stack_t){.ss_sp = malloc(65536), .ss_size = 65536};
	CHECK_EQ(sigaltstack(&other, NULL), 0);
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = 0;
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR1);
	CHECK_EQ(on_other_stack, 1);
	raise(SIGUSR2);
	CHECK_EQ(on_other_stack, 0);
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK(now.ss_sp == other.ss_sp && now.ss_size == 65536 && now.ss_flags == 0);
	now = (stack_t){.ss_sp = other.ss_sp, .ss_size = 100};
	CHECK_ERRNO(sigaltstack(&now, NULL), ENOMEM);
	now = (stack_t){.ss_flags = 0x55};
	CHECK_ERRNO(sigaltstack(&now, NULL), EINVAL);
	now = (stack_t){.ss_flags = SS_DISABLE};
	CHECK_EQ(sigaltstack(&now, NULL), 0);
	raise(SIGUSR1);
	CHECK_EQ(on_other_stack, 0);
}

TEST(fault_kills_without_handler)
{
	pid_t child = must_fork();

	if (child == 0) {
		*(volatile int *)bad_pointer() = 1;
	}
	CHECK_KILLED(child, SIGSEGV);
	child = must_fork();
	if (child == 0) {
		__asm__ volatile("unimp");
	}
	CHECK_KILLED(child, SIGILL);
}

TEST(fault_kills_when_blocked_or_ignored)
{
	sigset_t set;
	pid_t child = must_fork();

	if (child == 0) {
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		catch_faults(0);
		*(volatile int *)bad_pointer() = 1;
	}
	CHECK_KILLED(child, SIGSEGV);
	child = must_fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile int *)bad_pointer() = 1;
	}
	CHECK_KILLED(child, SIGSEGV);
}

static void on_fault_again(int number)
{
	(void)number;
	*(volatile int *)bad_pointer() = 1;
}

TEST(fault_in_handler_kills)
{
	pid_t child = must_fork();

	if (child == 0) {
		signal(SIGSEGV, on_fault_again);
		*(volatile int *)bad_pointer() = 1;
	}
	CHECK_KILLED(child, SIGSEGV);
}

TEST(bad_stack_pointer_kills)
{
	pid_t child = must_fork();

	if (child == 0) {
		catch_faults(0); /* there is no stack to run a handler on */
		__asm__ volatile("li sp, 0x1000\n\tsd zero, -8(sp)" ::: "memory");
		_exit(1);
	}
	CHECK_KILLED(child, SIGSEGV);
	child = must_fork();
	if (child == 0) {
		catch_faults(0);
		__asm__ volatile("li sp, -1\n\tunimp" ::: "memory");
		_exit(1);
	}
	CHECK_KILLED(child, SIGSEGV);
}

TEST(bad_sigreturn_kills)
{
	pid_t child = must_fork();

	if (child == 0) {
		__asm__ volatile("li sp, 0x2000\n\tli a7, 139\n\tecall" ::: "memory");
		_exit(1);
	}
	CHECK_KILLED(child, SIGSEGV);
}

TEST(calls_return_efault)
{
	unsigned char *p = map_pages(2);
	int fds[2];
	int fd = open("file", O_RDWR | O_CREAT, 0644);

	CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	CHECK_EQ(pipe(fds), 0);
	CHECK_ERRNO(write(fd, bad_pointer(), 10), EFAULT);
	CHECK_ERRNO(write(fds[1], bad_pointer(), 10), EFAULT);
	CHECK_ERRNO(open(bad_pointer(), O_RDONLY), EFAULT);
	CHECK_ERRNO(pipe(bad_pointer()), EFAULT);
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_ERRNO(read(fd, bad_pointer(), 5), EFAULT);
	memset(p, 'a', PAGE);
	CHECK_ERRNO(open((char *)p + 1, O_RDONLY), EFAULT); /* runs into the hole */
	memcpy(p + PAGE - 5, "file", 5);
	CHECK(open((char *)p + PAGE - 5, O_RDONLY) >= 0);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	CHECK_ERRNO(read(fd, p, 5), EFAULT);
}

TEST(repeated_faults)
{
	unsigned char *p = map_pages(1);

	catch_faults(0);
	CHECK_EQ(mprotect(p, PAGE, PROT_NONE), 0);
	for (int i = 0; i < 500; i++) {
		expect(i & 1 ? LOAD : STORE, p + i, SIGSEGV, SEGV_ACCERR);
	}
}
