#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run-one.sh NUMBER: runs the test on that line of the plan (see run-tests.sh)
# and writes its PASS, FAIL and SKIP lines to NAME.result.
set -eu

: "${B=build}"
tools=$(dirname "$0")
logs=$B/test-logs
tmp=$B/test-tmp

set -- $(sed -n "${1}p" "$logs/plan")
name=$1 kind=$2 smp=$3 mem=$4 seconds=$5
shift 5

# shellcheck disable=SC2034 # read through eval below
disk=base blk=mmio append='' cpu='' machine='' icount=${ICOUNT:-} prep='' verify='' fsck=yes
while case ${1:-} in [a-z]*=*) true ;; *) false ;; esac; do
	case $1 in
	disk=* | blk=* | cpu=* | machine=* | icount=* | prep=* | verify=* | fsck=*) eval "${1%%=*}=\${1#*=}" ;;
	append=*) append="$append ${1#append=}" ;;
	*) break ;;
	esac
	shift
done

log=$logs/$name.log
result=$tmp/$name.result
image=$tmp/$name.img
archive=$B/boot.cpio
kernel=$B/kernel/Image
: >"$result"

emit() { echo "$*" >>"$result"; }

# Moves the result into place and shows it in one write.
finish() {
	rm -f "$image" "$tmp/$name.cpio" "$tmp/$name.bin" "$tmp/$name.out"
	cat "$result"
	mv "$result" "$logs/$name.result"
	exit 0
}

fail() {
	emit "FAIL $name: $*"
	finish
}

# The console's result lines carry the seconds they took as second word.
translate() {
	awk -v name="$name" '
		/^PASS / { print "PASS " name "/" $3 " (" $2 " s)" }
		/^(FAIL|SKIP) / {
			line = $1 " " name "/" $3 ":"
			for (i = 4; i <= NF; i++)
				line = line " " $i
			print line
		}' "$1" >>"$result"
}

# ---- on the build machine ---------------------------------------------------

run_on_host() {
	start=$(date +%s)
	status=0
	timeout -k 5 "$seconds" "$@" >"$log" 2>&1 || status=$?
	took=$(($(date +%s) - start))
	awk -v name="$name" '
		/^PASS / { print "PASS " name "/" $2 }
		/^(FAIL|SKIP) / {
			line = $1 " " name "/" $2 ":"
			for (i = 3; i <= NF; i++)
				line = line " " $i
			print line
		}' "$log" >>"$result"
	case $status in
	0) [ -s "$result" ] || emit "PASS $name ($took s)" ;;
	77) emit "SKIP $name: $(tail -n 1 "$log")" ;;
	124 | 137) fail "timeout after $seconds s" ;;
	*) grep -q '^FAIL' "$result" || fail "exit status $status: $(tail -n 1 "$log")" ;;
	esac
	finish
}

case $kind in
host)
	program=$1
	shift
	run_on_host "$B/host-tests/$program" "$@"
	;;
script)
	export B
	run_on_host sh "$@"
	;;
esac

# ---- in the emulator --------------------------------------------------------

script=
case $kind in
native)
	archive=$tmp/$name.cpio
	sh "$tools/mkarchive.sh" "$archive" root="$B/native/$1.stripped" >"$log" 2>&1 ||
		fail "no archive: $(tail -n 1 "$log")"
	disk=none
	;;
system)
	"$B/host/sysc" "$1" "$tmp/$name.bin" >"$log" 2>&1 || fail "sysc: $(tail -n 1 "$log")"
	shift
	set -- $ARCHIVE_PROGRAMS "$@"
	entries=
	for program in "$@"; do
		entries="$entries $program=$B/native/$program.stripped"
	done
	archive=$tmp/$name.cpio
	sh "$tools/mkarchive.sh" "$archive" root="$B/native/root.stripped" \
		system.bin="$tmp/$name.bin" $entries >"$log" 2>&1 ||
		fail "no archive: $(tail -n 1 "$log")"
	;;
linux | reference)
	program=$1
	shift
	case $program in
	/*) ;;
	*) program=/usr/lib/ravelin/tests/$program ;;
	esac
	append="$append init=$program${*:+ -- $*}"
	;;
shell | reference-shell) script=$1 ;;
*) fail "unknown kind '$kind'" ;;
esac
case $kind in
reference*)
	kernel=$B/reference.kernel
	archive=$B/reference.cpio
	append="console=ttyS0 quiet$append"
	;;
esac
[ -z "${BENCH_PATTERN:-}" ] || append="bench=$BENCH_PATTERN $append"
[ -e "$kernel" ] || fail "there is no $kernel"
[ -e "$archive" ] || fail "there is no $archive"

if [ "$disk" = none ]; then
	image=
else
	cp --sparse=always "$B/disk.base.img" "$image"
	[ -z "$prep" ] || sh "$prep" "$image" >"$log" 2>&1 || fail "$prep: $(tail -n 1 "$log")"
fi

KERNEL=$kernel ARCHIVE=$archive DISK=$image SMP=$smp MEM=$mem APPEND=${append# } BLK=$blk CPU=$cpu MACHINE=$machine ICOUNT=$icount \
	"$B/host/boot" -t "$seconds" -l "$log" ${script:+-i "$script"} -- sh "$tools/qemu.sh" \
	>"$tmp/$name.out" || true
grep '^bench ' "$tmp/$name.out" >"$logs/$name.bench" || rm -f "$logs/$name.bench"
translate "$tmp/$name.out"
end=$(sed -n 's/^END //p' "$tmp/$name.out")
[ "$end" = ok ] || emit "FAIL $name: ${end:-the boot program failed}"

if [ -n "$image" ] && [ "$fsck" = yes ]; then
	if ! PATH=$PATH:/sbin:/usr/sbin e2fsck -fn "$image" >"$logs/$name.fsck" 2>&1; then
		cp --sparse=always "$image" "$logs/$name.img"
		emit "FAIL $name: the disk is not clean: $(sed -n 6p "$logs/$name.fsck") (kept $name.img)"
	fi
fi
if [ -n "$verify" ]; then
	if sh "$verify" "$image" "$log" >"$logs/$name.verify" 2>&1; then
		emit "PASS $name/verify"
	else
		emit "FAIL $name/verify: $(tail -n 1 "$logs/$name.verify")"
	fi
fi
[ -s "$result" ] || [ ! -e "$logs/$name.bench" ] || emit "PASS $name"
[ -s "$result" ] || emit "FAIL $name: no test reported anything"
finish
