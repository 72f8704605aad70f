#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands of iomapctl with --recording: they print what they print about iomapd itself. Damaged
# recordings, other files, and a recording of each schema of the file.
# Usage: tests/cli/test-recording.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
ctl=$bin/iomapctl
export IOMAPD_SOCKET="$sock"
export TZ=UTC
rec=$dir/rec

# fails STATUS SENTENCE ARGUMENT…: iomapctl exits with STATUS, prints only SENTENCE as an error.
fails() {
	want=$1 sentence=$2
	shift 2
	run "$want" "$ctl" "$@" && err_is "iomapctl: $sentence" && ! [ -s "$dir/out" ]
}

# Times of samplings and of iomapd differ from call to call.
sanitize() {
	jq -S 'del(.. | .time_ns?) | del(.event.time_unix_ns?) | del(.event.violation.time_unix_ns?)'
}

# alike ARGUMENT…: a recording has the same reply as the iomapd that was recorded.
alike() {
	"$ctl" --json "$@" >"$dir/live"
	status=$?
	run $status "$ctl" --json "$@" --recording "$rec" || return 1
	sanitize <"$dir/live" >"$dir/want"
	sanitize <"$dir/out" >"$dir/got"
	[ -s "$dir/want" ] || [ $scenario = empty ] || [ "$*" = 'events -n 0' ] || return 1
	diff "$dir/want" "$dir/got" >"$dir/out" && err_is ''
}

# looks_alike ARGUMENT…: the same for the text; a line and an empty line say from when it is.
looks_alike() {
	"$ctl" "$@" >"$dir/want"
	status=$?
	run $status "$ctl" "$@" --recording "$rec" && sed 1,2d "$dir/out" >"$dir/got" &&
		head -1 "$dir/out" | grep -Eq '^Recorded at 20..-..-.. ..:..:.. on .+, kernel ' &&
		diff "$dir/want" "$dir/got" >"$dir/out" && err_is ''
}

for scenario in busy broken ipi lost missing empty; do
	fake --scenario $scenario --at 10
	is "$scenario: record" run 0 "$ctl" record -o "$rec" -- true
	for noun in status list 'list --freed' stats hist 'hist --kind local' ipi events \
		'events -n 1'; do
		# shellcheck disable=SC2086
		is "$scenario: $noun: JSON" alike $noun
	done
	for noun in list 'list --freed' stats hist 'hist --kind local' ipi; do
		# shellcheck disable=SC2086
		is "$scenario: $noun: text" looks_alike $noun
	done
	stop
done

# --- times
fake --scenario busy
is 'record for a while' run 0 "$ctl" record -o "$rec" --interval 100ms -- sleep 3
stop
seen() {
	run 0 "$ctl" --json stats --recording "$rec" "$@" &&
		seen=$(jq .accounting.seen "$dir/out")
}
grows() {
	seen --at +0 && first=$seen && seen --at +1.5s && middle=$seen && seen --at -1s &&
		later=$seen && seen && [ "$first" -lt "$middle" ] && [ "$middle" -lt "$later" ] &&
		[ "$later" -lt "$seen" ]
}
is '--at: figures grow with the time' grows
start=$(zstd -dqc "$rec" | head -1 | jq '.time_unix_ns / 1e9 | floor')
at_alike() {
	seen --at "$(date -d "@$((start + 1))" +%T)" && first=$seen &&
		seen --at "$(date -d "@$((start + 2))" +%FT%T)" && second=$seen &&
		seen --at "@$((start + 2))" && [ "$seen" = "$second" ] && seen --at +1s &&
		[ "$first" -le "$seen" ] && [ "$seen" -le "$second" ] && [ "$first" -lt "$second" ]
}
is '--at: time of day, date, Unix time' at_alike
events() { run 0 "$ctl" events --recording "$rec" "$@" && events=$(wc -l <"$dir/out"); }
fewer() {
	events && all=$events && events --at +1s && [ "$events" -lt "$all" ] &&
		[ "$events" -ge 3 ]
}
is 'events --at: the events up to a time' fewer
is 'status: how long iomapd was up then' sh -c \
	"'$ctl' status --recording '$rec' --at -1s | grep -Eq ' pid [0-9]+, up '"
is '--at: a time after the end' run 5 "$ctl" list --recording "$rec" --at +1h
is '--at: a time after the end: the message' grep -Eq \
	"^iomapctl: $rec has no snapshot at 20.*: it is from 20.* to 20" "$dir/err"
is '--at: a time before the start' run 5 "$ctl" list --recording "$rec" --at @1000
is '--at: not a time' fails 2 "--at takes a time such as 12:30:05, +90s after the start, -10s before the end or 2026-11-28T12:30:05, not 'now'" \
	list --recording "$rec" --at now
is '--at: not a time: events' run 2 "$ctl" events --recording "$rec" --at now
is '--at without a recording' fails 2 '--at needs a --recording' list --at +1s
is '--at without a recording: events' fails 2 '--at needs a --recording' events --at +1s
is '--recording and --socket' fails 2 '--recording does not go with --socket' \
	stats --recording "$rec" --socket "$sock"
is '--recording and --follow' fails 2 '--recording does not go with --follow' \
	events -f --recording "$rec"

# --- other files and damaged ones
is 'no such file' fails 5 "cannot read $dir/none: No such file or directory" \
	list --recording "$dir/none"
echo '{}' >"$dir/other"
is 'another file' fails 5 "$dir/other is not a recording of iomapctl" list --recording "$dir/other"
is 'a folder' fails 5 "cannot read $dir: it is not a regular file" events --recording "$dir"
{ head -c 16 "$rec"; printf '\2'; tail -c +18 "$rec"; } >"$dir/newer"
is 'a newer schema' fails 5 "$dir/newer has schema 2, and this program knows up to 1: it was recorded by a newer version, install that one" \
	list --recording "$dir/newer"

fake --scenario busy
"$ctl" record -o "$rec" --interval 100ms --max-size 1G -- sleep 23 2>"$dir/err"
stop
size=$(stat -c %s "$rec")
head -c $((size - 300)) "$rec" >"$dir/cut"
is 'a cut file: figures' run 0 "$ctl" stats --recording "$dir/cut"
is 'a cut file: the message' err_has 'is not complete: it has no end, as if its recorder was killed'
is 'a cut file: events' run 4 "$ctl" events --recording "$dir/cut"
is 'a cut file: events that are left' test "$(wc -l <"$dir/out")" -ge 10
{ head -c 3000 "$rec"; printf 'damage'; tail -c +3007 "$rec"; } >"$dir/damaged"
is 'a damaged block: figures at the end' run 0 "$ctl" stats --recording "$dir/damaged"
is 'a damaged block: events' run 4 "$ctl" events --recording "$dir/damaged"
is 'a damaged block: the message' grep -Eq \
	'is not complete: 1 block of it is missing or damaged \([0-9]+ bytes\)$' "$dir/err"
is 'a damaged block: events that are left' test "$(wc -l <"$dir/out")" -ge 10
head -c 24 "$rec" >"$dir/head"
is 'only the head' run 5 "$ctl" stats --recording "$dir/head"
is 'only the head: the message' err_has "$dir/head has no snapshot"

# --- texts of a hostile recording cannot steer the terminal
hostile() {
	zstd -dqc "$rec" | sed 's/qxl_device_init/\\u001b[2J\\u202e/g' >"$dir/lines"
	tests/cli/make-recording "$dir/lines" >"$dir/hostile"
	for noun in status list stats hist ipi events; do
		"$ctl" $noun --recording "$dir/hostile" >"$dir/out" 2>"$dir/err"
		case $? in
		0 | 4) harmless || return 1 ;;
		*) return 1 ;;
		esac
	done
	grep -q '?\[2J' "$dir/out"
}
is 'a hostile recording' hostile

# --- a file of each schema
for kept in tests/lib/recordings/schema-*.rec; do
	for noun in status list stats hist ipi events; do
		want=0
		[ $noun != ipi ] || want=4
		is "$kept: $noun" run $want "$ctl" $noun --recording "$kept"
		is "$kept: $noun: it has figures" test "$(wc -l <"$dir/out")" -ge 3
	done
done
is 'schema 1: violations' sh -c \
	"'$ctl' status --recording tests/lib/recordings/schema-1.rec | grep -q 'sleep-in-atomic'"
is 'schema 1: stacks' sh -c \
	"'$ctl' events --recording tests/lib/recordings/schema-1.rec | grep -q '    stack:'"
finish
