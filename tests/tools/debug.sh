#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# debug.sh: starts the machine halted and gdb on this terminal; the console goes
# to a file. Environment as for qemu.sh. The emulator ends with gdb.
set -eu

: "${B=build}" "${PORT=1234}"
tools=$(dirname "$0")

# stdin from nowhere: the terminal belongs to gdb. setsid: Ctrl-C is for gdb too.
setsid sh "$tools/qemu.sh" -S -gdb "tcp:127.0.0.1:$PORT" </dev/null >"$B/console.log" 2>&1 &
emulator=$!
trap 'kill $emulator 2>/dev/null || true' EXIT
echo "console: tail -f $B/console.log"
gdb-multiarch -q -x "$tools/ravelin.gdb" -x "$tools/ravelin_gdb.py" \
	-ex "target remote 127.0.0.1:$PORT" "$B/kernel/ravelin.elf"
