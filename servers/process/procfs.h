/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private header of /proc: what a file's text is made of.
 */
#ifndef SERVERS_PROCESS_PROCFS_H
#define SERVERS_PROCESS_PROCFS_H

#include "servers/process/files.h"

/* Text that grows; after an allocation failed it keeps what it has and takes no more. */
struct text {
	char *data;
	size_t used, room;
	bool is_short;
};

void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const void *bytes, size_t n);

/* Whose file it is: for files of no process only `reader` is set. */
struct proc_target {
	struct process *process;
	struct thread *thread;	/* of /proc/PID/task/TID; else NULL */
	uint32_t fd;		/* of /proc/PID/fd and fdinfo */
	struct process *reader; /* who opened the file, NULL if gone */
};

typedef void (*proc_generate)(struct text *text, const struct proc_target *target);

/* The places of the tree that the code names; the table in procfs.c says the rest. */
enum proc_node {
	NODE_ROOT,
	NODE_SELF,
	NODE_THREAD_SELF,
	NODE_MOUNTS_LINK,
	NODE_SYS,
	NODE_SYS_KERNEL,
	NODE_SYS_VM,
	NODE_SYS_FS,
	NODE_PID,
	NODE_TASK,
	NODE_TID,
	NODE_FD,
	NODE_FD_LINK,
	NODE_FDINFO,
	NODE_FDINFO_FILE,
	NODE_EXE,
	NODE_CWD,
	NODE_ROOT_LINK,
	NODE_FIRST_FILE,
};

/* procfs.c */

/* Where in the tree the inode is: an index of the table. */
unsigned proc_node_of(const struct inode *inode);
/* The process and thread that an inode is about. false: they are gone. */
bool proc_target_of(const struct inode *inode, struct proc_target *target);
/* The text of a file. */
void proc_generate_node(unsigned node, struct text *text, const struct proc_target *target);

/* procfs_file.c: operations of struct file_system_ops */
int64_t proc_follow(struct process *p, struct inode *inode, struct vfs_path *to);
int64_t proc_readlink(struct process *p, struct inode *inode, char *text);
int64_t proc_open(struct process *p, struct inode *inode, struct open_file *file);

/* procfs_system.c */
void proc_meminfo(struct text *text, const struct proc_target *target);
void proc_vmstat(struct text *text, const struct proc_target *target);
void proc_stat(struct text *text, const struct proc_target *target);
void proc_uptime(struct text *text, const struct proc_target *target);
void proc_loadavg(struct text *text, const struct proc_target *target);
void proc_version(struct text *text, const struct proc_target *target);
void proc_cpuinfo(struct text *text, const struct proc_target *target);
void proc_filesystems(struct text *text, const struct proc_target *target);
void proc_cmdline(struct text *text, const struct proc_target *target);
void proc_swaps(struct text *text, const struct proc_target *target);
void proc_unimplemented(struct text *text, const struct proc_target *target);
void proc_ravelin(struct text *text, const struct proc_target *target);
void proc_hostname(struct text *text, const struct proc_target *target);
void proc_domainname(struct text *text, const struct proc_target *target);
void proc_mounts(struct text *text, const struct proc_target *target);
void proc_mountinfo(struct text *text, const struct proc_target *target);
void proc_load_start(void);

/* procfs_process.c */
void proc_pid_stat(struct text *text, const struct proc_target *target);
void proc_pid_status(struct text *text, const struct proc_target *target);
void proc_pid_statm(struct text *text, const struct proc_target *target);
void proc_pid_cmdline(struct text *text, const struct proc_target *target);
void proc_pid_environ(struct text *text, const struct proc_target *target);
void proc_pid_comm(struct text *text, const struct proc_target *target);
void proc_pid_limits(struct text *text, const struct proc_target *target);
void proc_pid_auxv(struct text *text, const struct proc_target *target);
void proc_pid_fdinfo(struct text *text, const struct proc_target *target);

/* procfs_maps.c */
void proc_pid_maps(struct text *text, const struct proc_target *target);
void proc_pid_smaps(struct text *text, const struct proc_target *target);
void proc_pid_smaps_rollup(struct text *text, const struct proc_target *target);

#endif
