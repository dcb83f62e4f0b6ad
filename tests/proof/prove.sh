#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# prove.sh WORK NAME: proves one line of the table below about the sources in
# the current folder. Exit status 0: proved, 1: refuted (what failed is
# printed), 2: something else went wrong. Files go to the folder WORK; the log
# of a refutation is a trace.
#
# A line: name, harness, kernel sources linked with it ("-": the harness
# includes what it needs), settings. Settings are -D for the compiler, loop=n
# for the number of iterations that CBMC unrolls (all others: -u), and
# was:is for calls that are to go elsewhere. Enough iterations are unrolled
# for every run of the loop, or the proof fails.
#
# EXTRA adds compiler flags. REACHED=1 turns the question around: can the end
# of the harness be reached at all? It must be refuted.
set -eu

table() {
	cat <<-'TABLE'
	# Lookup.
	lookup          lookup  cap  -u=2
	# One operation on a tree of K slots.
	links-insert    links   cap  -DOP=OP_INSERT -DK=6 -u=7
	links-derive    links   cap  -DOP=OP_DERIVE -DK=6 -u=7
	links-remove    links   cap  -DOP=OP_REMOVE -DK=6 -u=7
	links-copy      links   cap  -DOP=OP_COPY -DK=6 -u=7
	links-move      links   cap  -DOP=OP_MOVE -DK=6 -u=7
	links-give      links   cap  -DOP=OP_GIVE -DK=4 -u=5
	links-give-long links   cap  -DOP=OP_GIVE -DK=5 -u=6
	TABLE
	# The whole loops of delete and revoke, from each slot; what is at the leaves is delete-*.
	for k in 4 5; do
		for a in 0 1 2 3 4; do
			long=
			[ $k = 4 ] || long=-long
			[ $a -lt $k ] || continue
			settings="-DK=$k -DORDERED -DA=$a -u=$((k + 1)) cspace_content.0=1
				delete_below.0=$k descend.0=$((k - 1)) cap_delete.0=2
				cap_give_children_to_parent.0=$k destroy:any_bool detach:any_bool"
			echo links-revoke$k-$a$long links cap,destroy -DOP=OP_REVOKE $settings
			echo links-delete$k-$a$long links cap,destroy -DOP=OP_DELETE $settings
		done
	done
	# One step of them: a slot of the CSpace (0), the embedded one (3), another one (4).
	for from in 0 3 4; do
		for k in 6 7; do
			long=
			[ $k = 6 ] || long=-long
			echo delete-descend$k-$from$long delete cap -DPART=1 -DK=$k -DFROM=$from -u=$((k + 2))
		done
		for leaf in 1 2 3 4 5; do
			[ $from != 3 ] || [ $leaf = 1 ] || continue
			[ $from$leaf != 04 ] || continue # C3: a CSpace is not in itself
			echo delete-leaf$leaf-$from delete cap -DPART=2 -DK=6 -DFROM=$from -DLEAF=$leaf -u=8
		done
	done
	# Retype, by type: into any slots, out of one memory; then into fixed slots, out of any memory.
	for type in 0 1 2 3 4 5 6 7 8 9 10 11 12; do
		define=-DTYPE=$type
		[ $type != 0 ] || define=
		long=-long
		case $type in 0 | 1 | 5 | 12) long= ;; esac
		echo retype-$type retype cap,untyped $define -DFIXED -u=5 object_init.0=9
		echo retype-any-$type$long retype cap,untyped $define -DFROM=1 -u=5 object_init.0=9
	done
	echo retype-any-5-second-long retype cap,untyped -DTYPE=5 -DFROM=2 -u=5 object_init.0=9
	# Page tables of 4 entries; so many tables there are.
	limits='zero_block.0=9 vm_zero_page.0=2 vm_zero_page.1=2 vm_slot_find.0=3 space_take.0=2
		vm_limbo_release.0=5 unlink_table.0=3 table_fill.0=5 pte_update.0=2 frozen_find.0=3
		covers_root_entry.0=3 freeze_step.0=3 vm_freeze.0=2 vm_pool_extent.0=2
		vm_window_find.0=3 vm_tables_make.0=3 vm_chunk_of:chunk_of vm_table_info:info_of'
	for used in 0 1 2; do
		some="-DSV39_INDEX_BITS=2 -DUSED=$used -u=6 $limits"
		files=vm/table,vm/freeze,vm/window
		echo vm-walk-$used vm_walk vm/table $some
		echo vm-thaw-$used vm_freeze $files -DOP=OP_THAW $some
		echo vm-fault-$used vm_freeze $files,vm/fault -DOP=OP_FAULT $some
		echo vm-map-quick-$used vm_map_quick $files,vm/map $some
		[ $used = 2 ] || echo vm-split-$used vm_split vm/table $some
		[ $used != 0 ] || echo vm-freeze-$used vm_freeze $files -DOP=OP_FREEZE $some
	done
}

if [ "$1" = --list ]; then
	table | awk '!/^[[:space:]]*#/ { print $1 }'
	exit 0
fi

work=$1
name=$2
tools=${PROOF_TOOLS:-.cache/proof}
set -- $(table | awk -v name="$name" '$1 == name')
[ $# -gt 0 ] || {
	echo "there is no proof $name"
	exit 2
}
harness=$2
kernel=$3
shift 3

defines='-I. -DKERNEL_HOST -DVM_HOST'
bounds=
limits=
calls=
for setting in "$@"; do
	case $setting in
	-D*) defines="$defines $setting" ;;
	-u=*) bounds="--unwind ${setting#-u=}" ;;
	*:*) calls="$calls --replace-calls $setting" ;;
	*=*) limits="$limits,${setting%=*}:${setting#*=}" ;;
	esac
done
[ -z "$limits" ] || bounds="$bounds --unwindset ${limits#,}"
[ -z "${REACHED:-}" ] || defines="$defines -DREACHED"

sources=tests/proof/$harness.c
case $harness in
links) sources="$sources tests/proof/state.c tests/proof/slots.c tests/proof/objects.c" ;;
delete) sources="$sources tests/proof/state.c tests/proof/objects.c" ;;
vm_*) sources="$sources tests/proof/tables.c" ;;
esac
for file in $(echo "$kernel" | tr , ' '); do
	case $file in
	*/*) sources="$sources $file.c" ;;
	*) sources="$sources kernel/$file.c" ;;
	esac
done

mkdir -p "$work"
program=$work/$name.goto
log=$work/$name.log
"$tools/goto-cc" $defines ${EXTRA:-} -o "$program" $sources >"$log" 2>&1 || {
	echo "does not compile: $(grep -m 1 error "$log")"
	exit 2
}
"$tools/goto-instrument" $calls --drop-unused-functions "$program" "$program" >>"$log" 2>&1 || {
	echo "cannot be prepared: $(tail -n 1 "$log")"
	exit 2
}
status=0
ulimit -t "${PROOF_CPU:-1800}" # seconds; nobody else would end a solver that is lost
"$tools/cbmc" $bounds --unwinding-assertions --slice-formula --stop-on-fail \
	--external-sat-solver "$tools/cadical" "$program" >"$log" 2>&1 || status=$?
rm -f "$program"
case $status in
0) grep -q '^VERIFICATION SUCCESSFUL$' "$log" || exit 2 ;;
10)
	awk '/^Violated property:/ { at = NR + 2 } at && NR == at' "$log" | sed 's/^ *//'
	exit 1
	;;
*)
	tail -n 1 "$log"
	exit 2
	;;
esac
