#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# small-disk.sh IMAGE: leaves about 8 MiB of room on the image.
set -eu

PATH=$PATH:/sbin:/usr/sbin
resize2fs -M "$1" >/dev/null 2>&1
blocks=$(dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Block count: *//p')
resize2fs "$1" $((blocks + 2048)) >/dev/null 2>&1
e2fsck -fy "$1" >/dev/null
