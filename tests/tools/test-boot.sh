#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Tests of the program that judges boots, with echo in place of an emulator: a
# runner that calls everything a success would hide all else.
set -u
boot=${B:-build}/host/boot

# want NAME END-LINE COMMAND...: boot must end with that line.
want() {
	name=$1
	end=$2
	shift 2
	got=$("$boot" -t 2 -- "$@" | tail -n 1)
	case $got in
	"END "$end) echo "PASS $name" ;;
	*) echo "FAIL $name got '$got'" ;;
	esac
}

want done-is-success 'ok' echo DONE
want nothing-is-failure 'powered off without DONE' true
want status-is-failure 'the emulator ended with status 3' sh -c 'echo DONE; exit 3'
want panic-is-failure 'panic: PANIC*' sh -c 'echo PANIC hart 0; echo DONE'
want hang-is-failure 'timeout after 2 s' sleep 60
want hang-after-done-is-failure 'said DONE but*' sh -c 'echo DONE; sleep 60'

lines=$("$boot" -t 5 -- printf 'noise\nPASS one\r\nFAIL two for a reason\nDONE\n' |
	sed 's/ [0-9.]* / /')
if [ "$lines" = "PASS one
FAIL two for a reason
END ok" ]; then
	echo "PASS result-lines"
else
	echo "FAIL result-lines got $lines"
fi

script=$(mktemp)
printf 'expect name?\nsend x\\x41\\n\nexpect hello\npass greeted\n' >"$script"
end=$("$boot" -t 5 -i "$script" -- sh -c 'echo name?; read -r a; [ "$a" = xA ] && echo hello')
rm -f "$script"
case $end in
*greeted*"END ok") echo "PASS console-script" ;;
*) echo "FAIL console-script got $end" ;;
esac
