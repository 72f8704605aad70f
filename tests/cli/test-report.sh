#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl report: the page is well-formed, asks for nothing, and has what the recording has; the
# figures for programs.
# Usage: tests/cli/test-report.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
ctl=$bin/iomapctl
export IOMAPD_SOCKET="$sock"

# fails STATUS SENTENCE ARGUMENT…: iomapctl exits with STATUS, prints only SENTENCE as an error.
fails() {
	want=$1 sentence=$2
	shift 2
	run "$want" "$ctl" "$@" && err_is "iomapctl: $sentence" && ! [ -s "$dir/out" ]
}

# page RECORDING: makes the page; it is well-formed and loads nothing.
page() {
	run 0 "$ctl" report "$1" && xmllint --noout "$dir/out" && ! grep -Eiq \
		'<script|<link|<img|<iframe|<object|src=|url\(|@import|https?:|href="[^#]|="[^"]*\b(nan|inf)\b' "$dir/out"
}

# counted TEXT N: the page has the text so often.
counted() { [ "$(grep -oF -- "$1" "$dir/out" | wc -l)" = "$2" ]; }

# record NAME SCENARIO [OPTION]…: makes a recording.
record() {
	name=$1 scenario=$2
	shift 2
	fake --scenario "$scenario" "$@"
	"$ctl" record -o "$dir/$name" --interval 100ms -- sh -c 'sleep 2; exit 3' 2>"$dir/err"
	stop
}

# --- the command line
is 'no recording' fails 2 "report takes one recording: see 'iomapctl report --help'" report
is 'two recordings' run 2 "$ctl" report a b
is 'no such file' fails 5 "cannot read $dir/none: No such file or directory" report "$dir/none"
record ipi ipi
is '--json and another format' fails 2 '--json does not go with --format csv' \
	report --json --format csv "$dir/ipi"
is 'a full disk' sh -c "'$ctl' report '$dir/ipi' >/dev/full 2>'$dir/err'; [ \$? = 5 ]"
is 'a full disk: the message' err_has 'No space left on device'

# --- pages
is 'a page' page "$dir/ipi"
is 'a page: the verdict' out_has '<p class="verdict good">No rule was broken: 9 of 10 were checked, '
is 'a page: the command and its status' out_has \
	'<code>sh -c sleep 2; exit 3</code>, exit status 3'
is 'a page: nothing is missing' out_has 'Nothing: each event was counted, and each figure is known.'
for id in maps live heat hold0 hold1 hold2 pairs; do
	is "a page: the picture $id" counted "<title id=\"$id-t\">" 1
done
is 'a page: call sites' out_has '<th scope="row">qxl_bo_kmap_atomic_page [qxl]</th>'
is 'a page: interrupts' out_has '<th scope="row">ioremap</th><td class="text">deferred</td>'
is 'a page: an event' out_has '<td class="text">map_failed</td>'
is 'a page in a file' run 0 "$ctl" report "$dir/ipi" -o "$dir/report.html"
is 'a page in a file: it is the same' sh -c \
	"'$ctl' report '$dir/ipi' | cmp - '$dir/report.html'"
is 'no id occurs twice' sh -c \
	"! grep -o ' id=\"[^\"]*\"' '$dir/report.html' | sort | uniq -d | grep ."
is 'each link has its target' sh -c "grep -o 'href=\"#[^\"]*' '$dir/report.html' | sed 's/.*#//' |
	while read -r id; do grep -q \"id=\\\"\$id\\\"\" '$dir/report.html' || exit 1; done"

record lost lost
is 'lost events' page "$dir/lost"
is 'lost events: the verdict' out_has \
	'<p class="verdict warn">No violation was seen, but something is missing</p>'
is 'lost events: how many' grep -Eq '<li>[0-9]+ events were lost: callers_full' "$dir/out"
record missing missing
is 'a missing hook' page "$dir/missing"
is 'a missing hook: the reason' out_has 'io_mapping_free is missing: mappings are never shown as freed'
record empty empty
is 'an empty recording' page "$dir/empty"
is 'an empty recording: the verdict' out_has '<p class="verdict warn">Nothing was exercised: no map'
record idle idle
is 'an idle machine' page "$dir/idle"
is 'violations from before' page tests/lib/recordings/schema-1.rec
is 'violations from before: the verdict' out_has 'Nothing was exercised: no map; 46 violations are older'
is 'violations from before: they are shown' out_has \
	'<h3>sleep-in-atomic: the task slept in msleep+0x2e while it held this atomic map</h3>'
is 'violations from before: stacks' counted '<h4>Stack</h4>' 4

# A violation during the recording.
zstd -dqc tests/lib/recordings/schema-1.rec | python3 -c 'import json, sys
first = True
for line in sys.stdin:
    record = json.loads(line)
    if first and record["type"] == "snapshot":
        first = False
        for rule in record["reply"]["violations"]["rules"].values():
            rule["count"] = 0
    print(json.dumps(record))' >"$dir/lines"
tests/cli/make-recording "$dir/lines" >"$dir/broken"
is 'violations' page "$dir/broken"
is 'violations: the verdict' grep -Eq \
	'<p class="verdict bad">46 violations of 6 rules</p>' "$dir/out"

head -c $(($(stat -c %s "$dir/ipi") - 30)) "$dir/ipi" >"$dir/cut"
is 'a cut recording' page "$dir/cut"
is 'a cut recording: the page says so' out_has 'is not complete: it has no end'
is 'a cut recording: the message' err_has 'is not complete: it has no end'
zstd -dqc "$dir/ipi" | sed 's/qxl/<\/title><script>\\u001b[2J\\u202e\&amp;/g' >"$dir/lines"
tests/cli/make-recording "$dir/lines" >"$dir/hostile"
is 'a hostile recording' page "$dir/hostile"
is 'a hostile recording: the output is harmless' harmless

# --- figures for programs
is 'JSON' run 0 "$ctl" report --format json "$dir/ipi"
is 'JSON: the same with --json' sh -c "'$ctl' report --json '$dir/ipi' | cmp - '$dir/out'"
is 'JSON: it is whole' jq -e '.schema == 2 and .verdict == "good" and .missing == null and
	.lost == 0 and .end.exit_status == 3 and .start.command[0] == "sh" and
	(.intervals | length) == (.metrics[0].values | length) and .metrics[0].total > 1000 and
	.last.status.schema == 2 and (.events | length) >= 3' "$dir/out"
is 'CSV' run 0 "$ctl" report --format csv "$dir/ipi"
is 'CSV: the fields' sh -c "head -1 '$dir/out' | grep -qx 'from_unix_ns,to_unix_ns,metric,unit,value'"
is 'CSV: a program reads it' python3 -c 'import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) > 100 and all(len(r) == 5 and float(r["value"]) >= 0 for r in rows)
assert {"maps", "maps:qxl_bo_kmap_atomic_page [qxl]", "ipis"} <= {r["metric"] for r in rows}' \
	"$dir/out"
finish
