#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# verify.sh IMAGE LOG: looks at the disk after the demo, on the build machine,
# with the file system's own tools: exactly the changed bytes, nothing else.
# On Ravelin, the faults must have been reported on the console.
set -eu

image=$1
log=$2
B=${B:-build}
PATH=$PATH:/sbin:/usr/sbin
dump=$image.pages

trap 'rm -f "$dump"' EXIT
debugfs -R "dump /var/lib/ravelin/pages.dat $dump" "$image" 2>/dev/null
"$B/host/demo-data" check "$dump"
echo "verify: 1,000 changed pages are on the disk, and no other byte differs"

grep -q '^root: ' "$log" || exit 0
for fault in 'write to address 0x[0-9a-f]*: stack overflow' 'write to address 0x0: null pointer' \
	'write to address 0x[0-9a-f]*: access not allowed there'; do
	grep -Eq "fault: demo \(pid [0-9]+\): SIGSEGV at pc 0x[0-9a-f]+: $fault" "$log" || {
		echo "verify: no report of '$fault' on the console"
		exit 1
	}
done
echo "verify: each fault was reported with process, pc, address and access"
