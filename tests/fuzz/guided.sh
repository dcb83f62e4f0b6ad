#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# guided.sh: builds the guided fuzzer and runs it for $FUZZ_SECONDS (300), from the
# corpus in the tree and what earlier runs found ($B/fuzz/corpus). Prints one
# PASS, FAIL or SKIP line. A failing input stays in $B/fuzz.
set -eu

: "${B=build}" "${FUZZ_SECONDS=300}"
out=$B/fuzz
mkdir -p "$out/corpus"

skip() {
	echo "SKIP fuzz_guided $1"
	exit 0
}

${MAKE:-make} -s B="$B" .cache/fuzz.stamp >"$out/build.log" 2>&1 ||
	skip "clang with its fuzzer cannot be installed ($(tail -n 1 "$out/build.log"))"
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n ? 0 : 0; }' |
	clang -fsanitize=fuzzer,address -x c -o "$out/probe" - >"$out/build.log" 2>&1 ||
	skip "clang here has no fuzzer ($(tail -n 1 "$out/build.log"))"
${MAKE:-make} -s B="$B" "$out/kernel_fuzz_guided" "$B/host-tests/kernel_fuzz"

"$B/host-tests/kernel_fuzz" -x "$out/corpus"
rm -f "$out"/failure-*
if "$out/kernel_fuzz_guided" -max_total_time="$FUZZ_SECONDS" -max_len=3004 -len_control=1 -timeout=10 \
	-print_final_stats=1 -artifact_prefix="$out/failure-" "$out/corpus" \
	>"$out/log" 2>&1; then
	grep -aE 'cov:' "$out/log" | tail -n 1
	grep -aE '^stat::(number|average|new)|events' "$out/log" | sed 's/^/  /'
	echo "PASS fuzz_guided"
else
	grep -aE 'not so|panic|ERROR|runtime error' "$out/log" | head -n 5 | sed 's/^/  /'
	echo "  replay: $B/host-tests/kernel_fuzz -v $(echo "$out"/failure-*)"
	echo "FAIL fuzz_guided see $out/log"
	exit 1
fi
