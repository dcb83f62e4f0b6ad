#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# check.sh: format, analysers and the house rules that a machine can check. One
# line for each check; details of a failed one follow it. Environment: B,
# KERNEL_SRC and KERNEL_FLAGS from the Makefile.
set -eu

: "${B=build}" "${KERNEL_SRC=}" "${KERNEL_FLAGS=}"
cc=riscv64-unknown-elf-gcc
tmp=$B/check
failures=0

rm -rf "$tmp"
mkdir -p "$tmp"
git ls-files >"$tmp/files"
grep -E '\.[ch]$' "$tmp/files" >"$tmp/c-files" || true
kernel_c=$(for file in $KERNEL_SRC; do case $file in *.c) echo "$file" ;; esac; done)

# check NAME COMMAND...: the command prints what is wrong; silence is success.
check() {
	name=$1
	shift
	if "$@" >"$tmp/$name" 2>&1 && [ ! -s "$tmp/$name" ]; then
		echo "ok      $name"
	else
		echo "WRONG   $name"
		sed 's/^/        /' "$tmp/$name" | head -n 40
		failures=$((failures + 1))
	fi
}

formatted() {
	while read -r file; do
		clang-format "$file" | cmp -s - "$file" || echo "$file: run make format"
	done <"$tmp/c-files"
}

spdx() {
	xargs grep -L 'SPDX-License-Identifier: BSD-2-Clause' <"$tmp/files" || true
}

# tsort names the members of a cycle.
include_cycles() {
	xargs awk 'match($0, /^#include "[^"]+"/) {
		print FILENAME, substr($0, 11, RLENGTH - 11) }' <"$tmp/c-files" >"$tmp/edges"
	tsort "$tmp/edges" 2>&1 >/dev/null || true
}

# docs/abi-tables.md is what the lists in kernel/abi/ and servers/protocol/ say.
manual() {
	"$B/host/manual" | cmp - docs/abi-tables.md || echo "run make manual"
}

# Each header must compile on its own. The kernel's, with the kernel's flags.
self_contained() {
	for header in $(grep -E '^(kernel|vm|sbi|iommu)/.*\.h$' "$tmp/c-files"); do
		echo "#include \"$header\"" >"$tmp/header.c"
		$cc $KERNEL_FLAGS -fsyntax-only "$tmp/header.c" || true
	done
}

# code FILE: the file without comments, its line numbers kept.
code() {
	$cc -fpreprocessed -dD -E -x c "$1" 2>/dev/null | sed '/^# /d'
}

# forbid PATTERN FILES-PATTERN ALLOWED-PATTERN: no such code in these files.
forbid() {
	grep -E "$2" "$tmp/files" | grep -vE "$3" | while read -r file; do
		code "$file" | grep -nE "$1" | sed "s|^[0-9]*:|$file: |" || true
	done
}

kernel_files='^(sbi|kernel|vm|iommu)/.*\.[chS]$'

translation_only_in_vm() {
	forbid 'sfence\.vma|csr(rw|w|s|c)i?[^;"]*satp|\bsatp_write|\bpte_(store|write|set)|\bPTE_[A-Z]' \
		"$kernel_files" '^vm/|^sbi/entry\.S$'
}

no_linux_in_kernel() {
	forbid '\b(openat|execve|futex|munmap|mmap|brk|ioctl|errno|EINVAL|ENOSYS|ext[234]|inode|dentry)\b' \
		'^(kernel|vm)/.*\.[chS]$' '^$'
}

no_allocation_in_kernel() {
	forbid '\b(malloc|calloc|realloc|alloca|kmalloc|free) *\(' "$kernel_files" '^$'
}

no_floating_point_or_vla() {
	forbid '\b(float|double)\b' "$kernel_files" '^$'
}

# Addresses belong into the reader's configuration, not into ours.
no_host_names() {
	xargs grep -nIE '(https?|ftp|rsync)://' <"$tmp/files" | grep -v '^tests/tools/check.sh:' || true
}

analyse_gcc() {
	for file in $kernel_c; do
		$cc $KERNEL_FLAGS -isystem build/lib/include \
			-isystem /usr/lib/picolibc/riscv64-unknown-elf/include \
			-O2 -fanalyzer -Wno-error -c -o /dev/null "$file" 2>&1 |
			grep -E 'Wanalyzer|error:' || true
	done
}

analyse_cppcheck() {
	[ -z "$kernel_c" ] || cppcheck -q -j2 --std=c11 --platform=unix64 --enable=warning,portability \
		--suppressions-list=tests/tools/cppcheck.suppress --template=gcc \
		-I. -D__riscv -D__riscv_xlen=64 -D__GNUC__=12 $kernel_c || true
}

# Code and constants that the kernel keeps in memory; the bar of the project.
kernel_size() {
	[ -e "$B/kernel/ravelin.elf" ] || return 0
	text=$(riscv64-unknown-elf-size -A "$B/kernel/ravelin.elf" | awk '$1 ~ /^\.text/ { n += $2 } END { print n }')
	echo "        kernel text: $text bytes" >&3
	[ "$text" -le 65536 ] || echo "kernel text is $text bytes, more than 64 KiB"
}

assembly_lines() {
	lines=$(grep -E '^(sbi|kernel|vm|iommu)/.*\.S$' "$tmp/files" | xargs -r cat | wc -l)
	[ "$lines" -le 450 ] || echo "$lines lines of assembly in the kernel"
}

exec 3>&1
check format formatted
check spdx spdx
check manual manual
check include-cycles include_cycles
check self-contained-headers self_contained
check translation-only-in-vm translation_only_in_vm
check no-linux-in-kernel no_linux_in_kernel
check no-allocation-in-kernel no_allocation_in_kernel
check no-floating-point no_floating_point_or_vla
check no-host-names no_host_names
check gcc-analyzer analyse_gcc
check cppcheck analyse_cppcheck
check kernel-size kernel_size
check assembly-lines assembly_lines

[ "$failures" -eq 0 ] || {
	echo "$failures checks failed"
	exit 1
}
echo "all checks passed"
