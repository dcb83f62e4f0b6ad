#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# check.sh WORK NAME [SETTING...]: lets Spin look at all states of one line of
# the table below, with -DSETTING added. Exit status 0: no error, 1: an error
# (printed; the trail is in WORK), 2: something else went wrong, as a search
# that is not complete.
#
# A line: name, model, then settings for the model (-D), for the compiler of
# the checker (-C) and the checker (others). -DBITSTATE (-C): states are
# marked in a bit field, so some may be missed; such a search is ended by its
# -Q minutes and is a sample.
set -eu

table() {
	cat <<-'TABLE'
	lock              lock
	fences            fences
	shootdown         shootdown -DHARTS=2
	shootdown-ends    shootdown -DHARTS=2 -DLIVENESS -a -f
	asid              asid      -DSPACES=3
	shootdown-3-long  shootdown -DHARTS=3 -m6000000 -w27
	asid-4-long       asid      -DSPACES=4 -w25
	asid-3-long       asid      -DHARTS=3 -DSPACES=4 -DASIDS=4 -C-DBITSTATE -m3000000 -w33 -Q1
	TABLE
}

if [ "$1" = --list ]; then
	table | awk '{ print $1 }'
	exit 0
fi

work=$1/$2
name=$2
shift 2
line=$(table | awk -v name="$name" '$1 == name')
[ -n "$line" ] || {
	echo "there is no check $name"
	exit 2
}
model=$(echo "$line" | awk '{ print $2 }')
settings=
for setting in "$@"; do
	settings="$settings -D$setting"
done
flags='-DSAFETY'
run='-m1000000'
kind=-DCOLLAPSE
for setting in $(echo "$line" | cut -d ' ' -f 2-); do
	case $setting in
	-DLIVENESS)
		settings="$settings $setting"
		flags=
		;;
	-D*) settings="$settings $setting" ;;
	-C*) kind=${setting#-C} ;;
	-*) run="$run $setting" ;;
	esac
done

rm -rf "$work"
mkdir -p "$work"
cp "tests/protocol/$model.pml" "$work/"
cd "$work"
# shellcheck disable=SC2086 # settings are words
if ! spin -a $settings "$model.pml" >log 2>&1 ||
	! ${HOST_CC:-gcc} -O2 -w -DMEMLIM=8000 $kind $flags -o pan pan.c >>log 2>&1; then
	echo "does not compile: $(grep -m 1 -i error log)"
	exit 2
fi
# shellcheck disable=SC2086
./pan $run >log 2>&1 || true
states=$(awk '/states, stored/ { print $1; exit }' log)
if grep -q '^pan:1:' log; then
	sed -n 's/^pan:1: \(assertion violated\|[a-z ]*\).* (at/\1 (at/p' log | head -n 1
	exit 1
elif ! grep -q 'errors: 0$' log; then
	tail -n 1 log
	exit 2
elif [ "$kind" = -DBITSTATE ]; then
	echo "$states states, a sample"
elif grep -qE 'search depth too small|Search not completed|out of memory' log; then
	echo "not all states were seen: $states"
	exit 2
else
	echo "$states states"
fi
