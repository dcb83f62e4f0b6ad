# SPDX-License-Identifier: BSD-2-Clause
#
# Reads what gcov -b -c -t prints for the target's build and then the host's,
# and prints the table of run.sh.
#
# - What counts are the lines that the target's compiler made code of, in
#   sources and headers of kernel/, vm/ and sbi/. A line is covered if it ran in
#   either build.
# - So with branches: those of the target, each covered if either took it. Where
#   the two compilers see another number of branches on a line, the host's are
#   left out; how many lines that are is printed.
# - An assertion has no branches here: its other one is a bug of the kernel.

FNR == 1 { FS = ":" }

# count:line:text; line 0 names the source.
/^ *[-#=0-9]+\*?: *[0-9]+:/ {
	split($0, field, ":")
	number = field[2] + 0
	text = $0
	sub(/^[^:]*:[^:]*:/, "", text)
	if (number == 0) {
		if (text ~ /^Source:/) {
			file = substr(text, 8)
			sub(/^\.\//, "", file)
			is_ours = file ~ /^(kernel|vm|sbi)\//
			in_assertion = 0
		}
		next
	}
	if (!is_ours)
		next
	if (text ~ /(^|[^_[:alnum:]])(vm_)?assert\(/)
		in_assertion = 1
	is_condition = !in_assertion
	if (text ~ /;/)
		in_assertion = 0
	count = field[1]
	gsub(/[ *]/, "", count)
	key = file SUBSEP number
	if (count == "-")
		next
	if (build == "target" && !(key in texts)) {
		texts[key] = text
		order[++keys] = key
		files[file]
	}
	if (count + 0 > 0)
		ran[key] = 1
	next
}

/^branch +[0-9]+ / && is_ours && is_condition {
	split($0, word, /[ (]+/)
	# Of several object files (a header's function) the i-th branch is the same one. Calls are
	# numbered too, so i has gaps.
	i = word[2] + 0
	if (!((build, key, i) in taken)) {
		taken[build, key, i] = 0
		fan[build, key]++
	}
	if (i > last[key])
		last[key] = i
	if (word[3] == "taken" && word[4] > 0)
		taken[build, key, i] = 1
}

function percent(part, whole) {
	return whole ? sprintf("%.1f", int(1000 * part / whole) / 10) : "-"
}

function row(name, l, lr, b, bt) {
	return sprintf("%-28s %6d %6d %6s %8d %6d %6s", name, l, lr, percent(lr, l), b, bt, percent(bt, b))
}

END {
	printf "" >uncovered
	printf "" >untaken
	sort = "sort -t: -k1,1 -k2,2n >>"
	for (k = 1; k <= keys; k++) {
		key = order[k]
		split(key, at, SUBSEP)
		f = at[1]
		all_lines[f]++
		if (key in ran)
			run_lines[f]++
		else
			print f ":" at[2] ": " texts[key] | (sort uncovered)
		n = fan["target", key]
		use_host = fan["host", key] == n
		if (n && fan["host", key] && !use_host)
			differ++
		took = 0
		for (i = 0; n && i <= last[key]; i++)
			took += taken["target", key, i] || (use_host && taken["host", key, i])
		all_branches[f] += n
		run_branches[f] += took
		if (took < n && key in ran)
			print f ":" at[2] ": " took "/" n ": " texts[key] | (sort untaken)
	}
	close(sort uncovered)
	close(sort untaken)

	printf "%-28s %6s %6s %6s %8s %6s %6s\n", "file", "lines", "run", "%", "branches", "taken", "%"
	fflush()
	for (f in files) {
		print row(f, all_lines[f], run_lines[f], all_branches[f], run_branches[f]) | "sort"
		l += all_lines[f]
		lr += run_lines[f]
		b += all_branches[f]
		bt += run_branches[f]
	}
	close("sort")
	print row("total", l, lr, b, bt)
	if (differ)
		print "coverage: host branches left out on " differ " lines"
	print "bench coverage.lines " int(10000 * lr / l) " percent/100 " l
	print "bench coverage.branches " int(10000 * bt / b) " percent/100 " b
	if (100 * lr < lines * l) {
		print "coverage: lines below the floor of " lines " percent"
		failed = 1
	}
	if (100 * bt < branches * b) {
		print "coverage: branches below the floor of " branches " percent"
		failed = 1
	}
	exit failed
}
