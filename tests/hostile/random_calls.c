/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random system calls with random arguments, in children. A child may end
 * however it likes; afterwards the system must work and have its memory back.
 *
 * The calls are those of servers/process/syscalls.def, so that a new one is
 * covered from its first day. Left out is what ends the machine, reaches
 * other processes, or makes ones that nobody waits for.
 */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { CHILDREN = 25, CALLS = 400, CHILD_MS = 8000 };

static const struct {
	int number;
	const char *name, *kinds;
} calls[] = {
#define CALL(number, name, kinds) {number, #name, kinds},
#define NONE(number, name) {number, #name, ""},
#include "servers/process/syscalls.def"
#undef CALL
#undef NONE
};

static const char *const left_out[] = {
	"reboot",
	"kill",
	"tkill",
	"tgkill",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"pidfd_send_signal",
	"clone",
	"clone3",
	"exit",
	"exit_group",
	"mount",
	"umount2",
	"clock_settime",
	"settimeofday",
	"adjtimex",
	"clock_adjtime",
	"prlimit64",
	"kexec_load",
	"kexec_file_load",
	"init_module",
	"finit_module",
	"delete_module",
	"vhangup",
	"swapon",
	"swapoff",
	"pivot_root",
	"sched_setscheduler",
	"sched_setparam",
	"sched_setattr",
	"bpf",
	"ptrace",
	"syslog",
	"sync",
	"syncfs",
	"mlockall",
	"acct",
	"quotactl",
	"quotactl_fd",
	"fsopen",
	"fsmount",
	"open_tree",
	"move_mount",
	"mount_setattr",
	"chroot",
	"perf_event_open",
	"process_madvise",
	"setpriority",
	"ioprio_set",
	"unshare",
	"setns",
};

static uint64_t random_state;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1d;
}

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (strcmp(left_out[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static unsigned char *memory; /* 16 pages with random bytes and a few names */

static unsigned long random_argument(void)
{
	uint64_t r = random_number();

	switch (r % 12) {
	case 0:
		return 0;
	case 1:
		return -1ul;
	case 2:
		return (r >> 8) % 4096;
	case 3:
		return r >> 8;
	case 4:
		return 1ul << (r >> 8) % 64;
	case 5:
		return (1ul << (r >> 8) % 64) - 1;
	case 6:
	case 7:
		return (r >> 8) % 32; /* a descriptor, a signal, flags */
	case 8:
		return (uintptr_t)memory + (r >> 8) % (16 * PAGE);
	case 9:
		return (uintptr_t)memory + ((r >> 8) % 16) * PAGE;
	case 10:
		return (uintptr_t)memory + 16 * PAGE - (r >> 8) % 16;
	default:
		return 0xffffffc000000000ul + (r >> 8) % (1ul << 30);
	}
}

static void on_timer(int number)
{
	(void)number; /* it interrupts a call that sleeps */
}

static void limit(int resource, rlim_t value)
{
	struct rlimit both = {value, value};

	setrlimit(resource, &both);
}

static void prepare_child(void)
{
	struct sigaction action = {.sa_handler = on_timer};
	struct itimerval often = {{0, 50000}, {0, 50000}};
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++) {
		dup2(null, fd);
	}
	memory = map_pages(16);
	for (size_t i = 0; i < 16 * PAGE; i += 8) {
		uint64_t r = random_number() % 4 == 0 ? random_argument() : 0;

		memcpy(memory + i, &r, 8);
	}
	for (size_t i = 0; i < 16; i++) {
		strcpy((char *)memory + i * PAGE, i % 2 == 0 ? "file" : "other");
	}
	make_file("file", 2 * PAGE);
	open("file", O_RDWR);
	open(".", O_RDONLY);
	pipe((int *)(memory + 64));
	limit(RLIMIT_FSIZE, 1 << 20);
	limit(RLIMIT_AS, 64 << 20);
	limit(RLIMIT_CORE, 0);
	signal(SIGXFSZ, SIG_IGN);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static _Noreturn void run_child(uint64_t seed)
{
	random_state = seed;
	prepare_child();
	for (int i = 0; i < CALLS; i++) {
		size_t which = random_number() % (sizeof(calls) / sizeof(calls[0]));
		unsigned long a[6];

		for (int j = 0; j < 6; j++) {
			a[j] = random_argument();
		}
		if (calls[which].kinds[0] != '\0' && !is_left_out(calls[which].name)) {
			syscall(calls[which].number, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
	}
	_exit(0);
}

/* True if it ended by itself. */
static bool wait_child(pid_t child, int *status)
{
	uint64_t end = now_ms() + CHILD_MS;

	while (now_ms() < end) {
		if (waitpid(child, status, WNOHANG) == child) {
			return true;
		}
		sleep_ms(5);
	}
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(waitpid(child, status, 0), child);
	return false;
}

static void check_living(void)
{
	pid_t child = must_fork();

	if (child == 0) {
		execl("/bin/busybox", "busybox", "true", (char *)NULL);
		_exit(1);
	}
	CHECK_EXIT(child, 0);
}

static void run(uint64_t seed)
{
	int exited = 0, died = 0, killed = 0;

	for (int i = 0; i < CHILDREN; i++) {
		int status;
		pid_t child = must_fork();

		if (child == 0) {
			run_child(seed + (uint64_t)i * 0x9e3779b97f4a7c15);
		}
		if (!wait_child(child, &status)) {
			killed++;
		} else if (WIFEXITED(status)) {
			exited++;
		} else {
			died++;
		}
		check_living();
	}
	printf("random: %d children of %d calls: %d to their end, %d died, %d killed\n", CHILDREN,
	       CALLS, exited, died, killed);
}

TEST(random_1)
{
	run(0x5eed0001);
}

TEST(random_2)
{
	run(0x5eed0002);
}

TEST(random_3)
{
	run(0x5eed0003);
}
