#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl diff of recordings of a fake iomapd.
# Usage: tests/cli/test-diff.sh [FOLDER OF PROGRAMS]
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

# record NAME SCENARIO SECONDS: makes a recording.
record() {
	fake --scenario "$2"
	"$ctl" record -o "$dir/$1" --interval 100ms -- sleep "$3" 2>"$dir/err" ||
		bail "no recording: $(cat "$dir/err")"
	stop
}
record a ipi 2
record b ipi 2
record idle idle 2
record short idle 0.2
a=$dir/a b=$dir/b idle=$dir/idle short=$dir/short

# --- the command line
is 'no recording' fails 2 "diff takes two recordings: see 'iomapctl diff --help'" diff
is 'one recording' fails 2 "diff takes two recordings: see 'iomapctl diff --help'" diff "$a"
is 'three recordings' run 2 "$ctl" diff "$a" "$b" "$a"
is 'a limit that is none' fails 2 "--fail-on takes a metric, > or <, and a change with its sign, such as 'maps<-5%' or 'ipis>+10', not 'maps>10'" \
	diff "$a" "$b" --fail-on 'maps>10'
is 'no such file' fails 5 "cannot read $dir/none: No such file or directory" diff "$a" "$dir/none"

# --- what is compared
is 'a recording with itself' run 0 "$ctl" diff "$a" "$a"
is 'a recording with itself: no difference' sh -c "! grep -q 'beyond' '$dir/out'"
is 'a recording with itself: call sites without offset' out_has \
	'maps:qxl_bo_kmap_atomic_page [qxl]'
is 'two recordings' run 0 "$ctl" diff "$a" "$b"
is 'two recordings: their names' grep -q "^B  $b: [0-9]* intervals, 2s, on " "$dir/out"
is 'two recordings: JSON' run 0 "$ctl" diff --json "$a" "$b"
is 'two recordings: JSON is whole' jq -e '.schema == 2 and .a.complete and .b.lost == 0 and
	.a.start.type == "start" and (.changes | length) > 10 and
	(.changes[0] | .metric == "maps" and .unit == "per_second" and .a > 1000 and
		.intervals_a >= 10 and .p > 0)' "$dir/out"

# --- limits
is 'a limit that is kept' run 0 "$ctl" diff "$a" "$idle" --fail-on 'maps>+10%'
is 'a limit that is kept: the line' out_has 'maps>+10%: kept'
is 'a limit that is exceeded' run 1 "$ctl" diff "$a" "$idle" --fail-on 'maps<-10%'
is 'a limit that is exceeded: the lines' sh -c \
	"grep -q '^maps<-10%: EXCEEDED$' '$dir/out' && grep -q '^maps .* -100.0% .*beyond the noise' '$dir/out'"
is 'a limit for a call site' run 1 "$ctl" diff "$a" "$idle" --fail-on 'maps:qxl_bo*<-10%'
is 'a limit for a call site: which one' out_has \
	'maps:qxl_bo*<-10%: EXCEEDED by maps:qxl_bo_kmap_atomic_page [qxl]'
is 'the first limit is kept, the second is exceeded' run 1 "$ctl" diff --fail-on 'maps>+1%' \
	"$a" --fail-on 'maps<-100' "$idle"
is 'JSON of limits' run 1 "$ctl" diff --json "$a" "$idle" --fail-on 'maps<-10%'
is 'JSON of limits: the verdict' jq -e '.limits == [{"limit": "maps<-10%", "verdict": "exceeded",
	"metric": "maps"}]' "$dir/out"
is 'too few intervals for a limit' run 4 "$ctl" diff "$a" "$short" --fail-on 'maps<-10%'
is 'no such metric' run 4 "$ctl" diff "$a" "$b" --fail-on 'map>+10%'
is 'no such metric: the line' out_has 'map>+10%: not known: no such metric'

# --- the page
page() {
	run "$1" "$ctl" diff "$a" "$2" --fail-on 'maps<-10%' --html "$dir/page.html" &&
		xmllint --noout "$dir/page.html" && ! grep -Eiq \
		'<script|<link|<img|src=|url\(|@import|https?:|="[^"]*\b(nan|inf)\b' "$dir/page.html"
}
page_has() { grep -qF -- "$1" "$dir/page.html"; }
is 'a page' page 1 "$idle"
is 'a page: the text, too' out_has 'maps<-10%: EXCEEDED'
is 'a page: the limit' page_has '<p class="verdict bad">maps&lt;-10%: exceeded (maps)</p>'
is 'a page: both recordings' sh -c "grep -qF '<dd>$a</dd>' '$dir/page.html' &&
	grep -qF '<dd>$idle</dd>' '$dir/page.html'"
is 'a page: a change' grep -Eq '<th scope="row">maps</th>.*-100.0%.*beyond the noise' \
	"$dir/page.html"
is 'a page: a picture of both' grep -Eq '<title id="both0-t">maps</title><desc id="both0-d">A: .*, B: 0' \
	"$dir/page.html"
is 'a page: no id occurs twice' sh -c \
	"! grep -o ' id=\"[^\"]*\"' '$dir/page.html' | sort | uniq -d | grep ."
is 'a page: the limit is kept' page 0 "$b"
is 'a page: the limit is kept: the verdict' page_has '<p class="verdict good">maps&lt;-10%: kept</p>'
is 'a page that cannot be written' run 5 "$ctl" diff "$a" "$b" --html "$dir/none/x"
is 'a page that cannot be written: nothing is printed' test ! -s "$dir/out"

# --- parts
head -c $(($(stat -c %s "$a") - 300)) "$a" >"$dir/cut"
is 'a cut recording' run 4 "$ctl" diff "$a" "$dir/cut"
is 'a cut recording: the message' err_has "$dir/cut is not complete"
record lost lost 2
is 'lost events' run 4 "$ctl" diff "$a" "$dir/lost"
is 'lost events: the line' grep -Eq '^   [0-9]+ events were lost meanwhile' "$dir/out"
zstd -dqc "$a" | sed 's/qxl_bo_kmap_atomic_page/\\u001b[2J\\u202e/g' >"$dir/lines"
tests/cli/make-recording "$dir/lines" >"$dir/hostile"
is 'a hostile recording' run 0 "$ctl" diff "$dir/hostile" "$a"
is 'a hostile recording: the output is harmless' harmless
finish
