/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl, ioctl, vhangup. */
#include "servers/process/files.h"

#include "servers/process/locks.h"

#define FD_CLOEXEC 1u
#define SETTABLE (OPEN_APPEND | OPEN_NONBLOCK | OPEN_DIRECT | OPEN_NO_ATIME | 020000u)

#define FIONBIO 0x5421
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451
#define FIOASYNC 0x5452

enum fcntl_command {
	FCNTL_DUPFD = 0,
	FCNTL_GETFD = 1,
	FCNTL_SETFD = 2,
	FCNTL_GETFL = 3,
	FCNTL_SETFL = 4,
	FCNTL_GETLK = 5,
	FCNTL_SETLK = 6,
	FCNTL_SETLKW = 7,
	FCNTL_SETOWN = 8,
	FCNTL_GETOWN = 9,
	FCNTL_OFD_GETLK = 36,
	FCNTL_OFD_SETLK = 37,
	FCNTL_OFD_SETLKW = 38,
	FCNTL_DUPFD_CLOEXEC = 1030,
	FCNTL_SETPIPE_SZ = 1031,
	FCNTL_GETPIPE_SZ = 1032,
};

static int64_t duplicate(struct process *p, struct open_file *file, uint64_t least,
			 bool close_on_exec)
{
	if (least >= p->limits[LINUX_RLIMIT_NOFILE].soft) {
		return -STATUS_INVAL;
	}
	open_file_hold(file);
	return fd_install(p, file, least, close_on_exec);
}

/* Commands that O_PATH descriptors know too. -STATUS_NOSYS: not one of these. */
static int64_t control_descriptor(struct process *p, struct open_file *file, const uint64_t args[6])
{
	struct fd_entry *entry = &p->files->entries[args[0]];

	switch (args[1]) {
	case FCNTL_DUPFD:
		return duplicate(p, file, args[2], false);
	case FCNTL_DUPFD_CLOEXEC:
		return duplicate(p, file, args[2], true);
	case FCNTL_GETFD:
		return entry->close_on_exec ? FD_CLOEXEC : 0;
	case FCNTL_SETFD:
		entry->close_on_exec = (args[2] & FD_CLOEXEC) != 0;
		return 0;
	case FCNTL_GETFL:
		return file->flags;
	default:
		return -STATUS_NOSYS;
	}
}

HANDLER(fcntl)
{
	struct open_file *file = fd_file_any(t->process, args[0]);
	int64_t result;

	if (file == NULL) {
		return -STATUS_BADF;
	}
	result = control_descriptor(t->process, file, t->args);
	if (result != -STATUS_NOSYS) {
		return result;
	}
	if (file->flags & OPEN_PATH) {
		return -STATUS_BADF;
	}
	switch (args[1]) {
	case FCNTL_SETFL:
		file->flags = (file->flags & ~SETTABLE) | ((uint32_t)args[2] & SETTABLE);
		return 0;
	case FCNTL_GETLK:
		return lock_get(t, file, t->process->files);
	case FCNTL_SETLK:
	case FCNTL_SETLKW:
		return lock_set(t, file, t->process->files, args[1] == FCNTL_SETLKW);
	case FCNTL_OFD_GETLK:
		return lock_get(t, file, file);
	case FCNTL_OFD_SETLK:
	case FCNTL_OFD_SETLKW:
		return lock_set(t, file, file, args[1] == FCNTL_OFD_SETLKW);
	case FCNTL_SETOWN:
		file->owner = (int32_t)args[2];
		return 0;
	case FCNTL_GETOWN:
		return file->owner;
	case FCNTL_SETPIPE_SZ:
		return pipe_resize(file, (uint32_t)args[2]);
	case FCNTL_GETPIPE_SZ:
		return pipe_capacity(file);
	default:
		return -STATUS_INVAL;
	}
}

static int64_t set_nonblocking(struct thread *t, struct open_file *file)
{
	int32_t on;

	if (copy_in(t, &on, t->args[2], sizeof(on)) < 0) {
		return -STATUS_FAULT;
	}
	file->flags = on ? file->flags | OPEN_NONBLOCK : file->flags & ~OPEN_NONBLOCK;
	return 0;
}

HANDLER(ioctl)
{
	struct open_file *file = fd_file(t->process, args[0]);
	uint32_t command = (uint32_t)args[1];

	if (file == NULL) {
		return -STATUS_BADF;
	}
	switch (command) {
	case FIOCLEX:
	case FIONCLEX:
		t->process->files->entries[args[0]].close_on_exec = command == FIOCLEX;
		return 0;
	case FIONBIO:
		return set_nonblocking(t, file);
	case FIOASYNC:
		return -STATUS_NOTTY;
	default:
		break;
	}
	return file->ops->ioctl == NULL ? -STATUS_NOTTY
					: file->ops->ioctl(t, file, command, args[2]);
}

HANDLER(vhangup)
{
	return t->process->credentials.euid == 0 ? 0 : -STATUS_PERM;
}
