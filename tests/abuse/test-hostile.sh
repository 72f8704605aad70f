#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An iomapd that sends characters which control a terminal, in every text and every name, to every
# command and every view: none of them is printed. The replies are those of iomapd, with its
# texts replaced; so they have all members.
# Usage: tests/abuse/test-hostile.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh
ctl=$bin/iomapctl
top=$bin/iomaptop
export IOMAPD_SOCKET="$sock"

# C0, C1, DEL, an override of the direction, a separator of lines, a noncharacter, and a mark that
# shows that the text was printed at all.
# shellcheck disable=SC2089
evil='"\u001b[2J\u001b]0;x\u0007\u009b3J\u202e\u2066\u2028\uffff\u007f\r\n\tEVIL"'

# Everywhere; and only where no program looks at the text, so that more of it is printed.
everywhere="walk(if type == \"string\" then $evil + . else . end)"
elsewhere="walk(if type == \"object\" then with_entries(
	if (.value | type) == \"string\" and
	(.key | IN(\"state\", \"type\", \"kind\", \"base\") | not)
	then .value |= $evil + . else . end)
	elif type == \"array\" then map(if type == \"string\" then $evil + . else . end)
	else . end)"
names="walk(if type == \"object\" then with_entries(
	if (.key | IN(\"backends\", \"lost\", \"rules\", \"missing\", \"interrupts\")) and
		(.value | type) == \"object\"
	then .value |= with_entries(.key |= $evil + .) else . end) else . end)"
# jq writes large numbers as fractions.
small='(.. | objects | select(has("time_unix_ns")) | .time_unix_ns) |= 5'
missing='(.. | objects | select(has("reason") and has("state")) | .state) |= "missing" |
	(.. | objects | select(has("reason") and .reason == null) | .reason) |= "why"'

# Has the figures of each method once.
fake --scenario broken --at 10
"$ctl" --json events >"$dir/Events"
tests/cli/ask "$sock" Snapshot >"$dir/broken" || bail 'no snapshot'
for method in Status List Stats Hist; do
	tests/cli/ask "$sock" $method >"$dir/$method" || bail "no reply to $method"
done
stop
fake --scenario ipi-missing --at 10
tests/cli/ask "$sock" Ipi >"$dir/Ipi" || bail 'no reply to Ipi'
stop
jq -c --slurpfile ipi "$dir/Ipi" '.ipi = $ipi[0] | .stats.accounting.lost.ring_full = 7 |
	.status.accounting.lost.ring_full = 7 | .ipi.accounting.lost.unjoined = 7' \
	"$dir/broken" >"$dir/Snapshot"

# make METHOD FILTER: the reply to METHOD, with its texts replaced.
make_reply() {
	jq -c "$small | $missing | $2 | $names | {parameters: .}" "$dir/$1" | tr '\n' '\000' >"$dir/reply"
}

# prints STATUS COMMAND…: exits with the status, prints the texts, and does no harm.
prints() {
	run "$@" && grep -q EVIL "$dir/out" && harmless
}

n=0
for filter in "$everywhere" "$elsewhere"; do
	n=$((n + 1))
	for case in 'Snapshot 4 status' 'Status 4 status --json' 'List 0 list' \
		'List 0 list --freed' 'List 0 list --json' 'Stats 0 stats' 'Stats 0 stats --json' \
		'Hist 0 hist' \
		'Hist 0 hist --json' 'Ipi 4 ipi' 'Ipi 4 ipi --json'; do
		# shellcheck disable=SC2086
		set -- $case
		make_reply "$1" "$filter"
		serve "$dir/reply"
		method=$1 want=$2
		shift 2
		is "iomapctl $*, texts $n" prints "$want" "$ctl" "$@"
		stop
	done

	# The events, one reply each; the last one has none.
	{
		jq -c "$small | $filter | {parameters: ., continues: true}" "$dir/Events"
		echo '{"parameters":{"schema":2,"event":null,"missed":0}}'
	} | tr '\n' '\000' >"$dir/reply"
	serve "$dir/reply"
	is "iomapctl events, texts $n" prints 0 "$ctl" events
	is "iomapctl events --json, texts $n" prints 0 "$ctl" --json events
	is "iomapctl events -n 3, texts $n" prints 0 "$ctl" events -n 3
	stop

	# Two snapshots, so that there are rates.
	make_reply Snapshot "$filter"
	cp "$dir/reply" "$dir/first"
	make_reply Snapshot "(.. | objects | select(has(\"time_ns\")) | .time_ns) += 1000000000 | $filter"
	cat "$dir/first" "$dir/reply" >"$dir/both"
	for view in mappings callers backends cpus violations ipis; do
		serve "$dir/both" each
		is "iomaptop: $view, texts $n" run 0 "$top" -b -n 1 -d 0.1 -v $view
		is "iomaptop: $view, texts $n: harmless" harmless
		is "iomaptop: $view, texts $n: the texts are there" grep -q 'EVIL\|?\[2J' "$dir/out"
		stop
	done
done

# Errors of each kind, also as names.
error() {
	printf '{"error":%s,"parameters":{"%s":%s}}' "$1" "$2" "$evil" | tr -d '\n' >"$dir/reply"
	printf '\000' >>"$dir/reply"
	serve "$dir/reply"
	run 5 "$ctl" list && harmless && grep -q EVIL "$dir/err"
	r=$?
	run 5 "$top" -b -n 1 && harmless || r=1
	stop
	return $r
}
is 'the name of an error' error "$evil" x
is 'an unknown method' error '"a.MethodNotFound"' method
is 'a wrong parameter' error '"a.InvalidParameter"' parameter
is 'a failed sampling' error '"a.SampleFailed"' message
jq -c "{parameters: (.backends |= with_entries(.key |= $evil) | .backends[].maps = 3)}" "$dir/Stats" |
	tr '\n' '\000' >"$dir/reply"
serve "$dir/reply"
is 'a member of another type, below a hostile name' run 5 "$ctl" stats
is 'a member of another type: the sentence is harmless' harmless
is 'a member of another type: the sentence has the name' err_has EVIL
stop
finish
