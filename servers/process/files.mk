# SPDX-License-Identifier: BSD-2-Clause
FILES_LOGIC := $(addprefix servers/process/, \
	inode.c dentry.c mount.c walk.c served.c regular.c open_file.c transfer.c fd.c io.c open.c \
	exec_file.c names.c stat.c attributes.c directory.c storage.c control.c locks.c pipe.c \
	device.c tty.c tty_line.c tty_output.c tty_ioctl.c poll.c epoll.c eventfd.c memfd.c socket.c procfs.c \
	procfs_file.c procfs_system.c procfs_process.c procfs_maps.c start.c)
process_SRC += $(FILES_LOGIC)
