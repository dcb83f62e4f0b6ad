/* SPDX-License-Identifier: BSD-2-Clause */
/* Program files in use (exec_file.c). */
#ifndef SERVERS_PROCESS_EXEC_FILE_H
#define SERVERS_PROCESS_EXEC_FILE_H

#include "servers/process/vfs.h"

/* Does a process run this file? Then it must not be written (ETXTBSY). */
bool exec_file_is_running(const struct inode *inode);
/* Remember the name under which a file was mapped or started, for /proc/PID/maps. */
void exec_file_note_name(const struct inode *inode, const struct vfs_path *path);
/* The program a process runs, not held; NULL dentry if it is not known. */
struct vfs_path exec_file_path(const struct process *p);
/* The name noted last, or NULL. */
const char *exec_file_name(uint32_t fs, uint64_t ino);

#endif
