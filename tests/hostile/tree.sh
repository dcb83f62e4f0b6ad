#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# First process of a boot with a damaged image (see corrupt.sh): reads, writes
# and removes everything in /victim. Errors are expected; the end is what counts.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin

ls -lR /victim >/dev/null
find /victim -type f -exec md5sum {} + >/dev/null
du -s /victim >/dev/null
for i in 1 2 3; do
	mkdir -p /victim/new$i
	echo text >/victim/new$i/file
	cp /victim/d$i/f$i /victim/new$i/copy
	mv /victim/d$i/f1 /victim/new$i/moved
	ln -s file /victim/new$i/link
	rm -rf /victim/d$i
done
rm -rf /victim
df / >/dev/null
sync
echo alive >/root/alive && cat /root/alive
echo DONE
poweroff -f
