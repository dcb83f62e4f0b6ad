# SPDX-License-Identifier: BSD-2-Clause
FILES_COMMON_SRC := servers/files/requests.c servers/files/open_files.c servers/files/cache.c \
	servers/files/name_cache.c servers/files/ext4.c servers/files/ext4_io.c \
	servers/files/ext4_inode.c servers/files/ext4_attributes.c \
	servers/files/ext4_map.c servers/files/ext4_directory.c \
	servers/files/ext4_names.c servers/files/ext4_rename.c servers/files/ext4_pages.c \
	servers/files/tmpfs.c servers/files/tmpfs_names.c servers/files/tmpfs_pages.c

NATIVE += files
# The pager's memcpy and memset by words: picolibc's go by bytes.
files_SRC := servers/files/main.c servers/files/block_client.c servers/files/clock.c \
	$(FILES_COMMON_SRC) $(wildcard servers/pager/bytes.c)
files_LIBS := ext2fs
