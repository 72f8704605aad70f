#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl record with a fake iomapd: what ends a recording, and what is lost by a kill, a full disk
# and an iomapd that goes away.
# Usage: tests/cli/test-record.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
ctl=$bin/iomapctl
export IOMAPD_SOCKET="$sock"
rec=$dir/rec

# fails STATUS SENTENCE ARGUMENT…: iomapctl exits with STATUS, prints only SENTENCE as an error.
fails() {
	want=$1 sentence=$2
	shift 2
	run "$want" "$ctl" "$@" && err_is "iomapctl: $sentence" && ! [ -s "$dir/out" ]
}

# records FILTER [FILE]: the jq FILTER is true for the list of the records.
records() { zstd -dqc "${2:-$rec}" | jq -es "$1" >/dev/null; }

# --- the command line
is 'a wrong interval' fails 2 \
	"--interval takes a time from 100ms to 1000s, such as 1s or 250ms, not '1': see 'iomapctl record --help'" \
	record --interval 1
is 'an interval that is too short' run 2 "$ctl" record --interval 99ms
is 'a wrong size' fails 2 \
	"--max-size takes a size from 64K, such as 500K, 20M or 1G, not '5X': see 'iomapctl record --help'" \
	record --max-size 5X
echo earlier >"$rec"
is 'no iomapd' fails 5 \
	"no iomapd at $sock: start iomapd as root, or name its socket with --socket" \
	record -o "$rec"
is 'no iomapd: an earlier file stays' grep -q earlier "$rec"
rm "$rec"

# --- with a command
fake --scenario ipi
is 'a command' run 0 "$ctl" record -o "$rec" --interval 100ms -- sh -c 'echo hello; sleep 1'
is 'a command: its output' test "$(cat "$dir/out")" = hello
is 'a command: what was recorded' grep -Eq \
	"^iomapctl: recorded 1s, [0-9]+ snapshots and [0-9]+ events into $rec" "$dir/err"
is 'a command: the start' records \
	'.[0] | .type == "start" and .command[0] == "sh" and .interval_ns == 1e8 and .cpus > 0'
is 'a command: the end' records \
	'.[-1] | .type == "end" and .reason == "command" and .exit_status == 0'
is 'a command: a snapshot for each interval, one before and one after the command' records \
	'map(select(.type == "snapshot")) | length >= 8 and length <= 14'
is 'a command: full snapshots' records 'map(select(.type == "snapshot").reply) |
	all(.schema == 2 and (.hist.hists | length) > 0 and .ipi.enabled and
		.list.mappings[-1].state == "freed")'
is 'a command: the end has the totals' records '.[-1].snapshots ==
	(map(select(.type == "snapshot")) | length) and
	.[-1].events == (map(select(.type == "event")) | length)'
is 'a command: each event once' records 'map(select(.type == "event").reply.event.seq) |
	length >= 3 and . == unique'
is 'a command: the mode of the file' test "$(stat -c %a "$rec")" = 600
is 'the status of the command' run 3 "$ctl" record -o "$rec" -- sh -c 'exit 3'
is 'the status of the command: recorded' records '.[-1].exit_status == 3'
# shellcheck disable=SC2016
is 'a signal that ends the command' run 143 "$ctl" record -o "$rec" -- sh -c 'kill $$'
is 'a signal that ends the command: recorded' records '.[-1].exit_status == 143'
is 'no such command' fails 5 'cannot run /nonexistent: No such file or directory' \
	record -o "$rec" -- /nonexistent
is 'no such command: recorded' records '.[-1].reason == "error"'
interrupt() {
	"$ctl" record -o "$rec" -- sh -c 'trap "exit 7" TERM; sleep 10 & wait' 2>"$dir/err" &
	pid=$!
	sleep 0.7
	kill -TERM $pid
	wait $pid
	[ $? = 7 ] && records '.[-1].exit_status == 7'
}
is 'SIGTERM goes to the command' interrupt
is 'a short command has two snapshots' run 0 "$ctl" record -o "$rec" --interval 100s -- true
is 'a short command has two snapshots: recorded' records \
	'map(select(.type == "snapshot")) | length == 2'
(cd "$dir" && "$ctl" record -- true) >"$dir/out" 2>"$dir/err"
is 'a file without a name' sh -c "ls '$dir'/iomap-2*-*.rec"
stop

# --- without a command
fake --scenario ipi
ended_by() {
	"$ctl" record -o "$rec" --interval 100ms 2>"$dir/err" &
	pid=$!
	sleep 0.7
	kill -"$1" $pid
	wait $pid && records '.[-1].reason == "signal" and .[-1].exit_status == null and
		.[-1].snapshots > 2'
}
for signal in INT TERM HUP QUIT; do
	# A background job of a shell ignores SIGINT and SIGQUIT, which are blocked and read here.
	is "SIG$signal ends the recording well" ended_by $signal
done
killed() {
	"$ctl" record -o "$rec" --interval 100ms 2>"$dir/err" &
	pid=$!
	sleep 12
	kill -KILL $pid
	wait $pid 2>/dev/null
	records '.[0].type == "start" and (map(select(.type == "snapshot")) | length) >= 50'
}
is 'kill -9 costs the last block only' killed

# --- on a terminal
tm() { tmux -S "$dir/tmux" -f /dev/null "$@"; }
screen() { tm capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
if command -v tmux >/dev/null; then
	tm new-session -d -x 100 -y 10 \
		"'$ctl' record -o '$rec' --interval 100ms; echo \"status \$?\"; exec sleep 1000"
	is 'a terminal: the progress' wait_for 10 shows \
		'^[0-9]+s, [0-9]+ snapshots, [0-9]+ events, [0-9.]+K? written$'
	tm send-keys C-c
	is 'a terminal: Ctrl-C' wait_for 10 shows '^status 0$'
	is 'a terminal: the last line is in its place' shows '^iomapctl: recorded '
	is 'a terminal: the end is recorded' records '.[-1].reason == "signal"'
else
	skip 'a terminal' 'needs tmux'
fi

# --- limits and full disks
is 'the limit of the size' run 0 "$ctl" record -o "$rec" --interval 100ms --max-size 64K \
	-- sleep 1
is 'the limit of the size: the file is smaller' test "$(stat -c %s "$rec")" -le 65536
is 'a full disk' fails 5 "cannot write /dev/full: No space left on device" record -o /dev/full
is 'a folder' fails 5 "cannot write $dir: Is a directory" record -o "$dir"
ln -s "$rec" "$dir/link"
is 'a link' fails 5 "cannot write $dir/link: it is a symbolic link, and links are not followed: name the file itself" \
	record -o "$dir/link"
small_disk() {
	(ulimit -f 2; "$ctl" record -o "$rec" --interval 100ms -- sleep "$1" 2>"$dir/err")
	[ $? = 5 ] && err_has "cannot write $rec: File too large"
}
is 'a disk that gets full' small_disk 12
is 'a disk that gets full: the rest is a recording' sh -c "[ \$(stat -c %s $rec) -le 2048 ]"
stop

# --- an iomapd that goes away
fake --scenario busy --since 1700000000000000000
goes_away() {
	"$ctl" record -o "$rec" --interval 100ms 2>"$dir/err" &
	pid=$!
	sleep 0.7
	stop
	sleep 0.5
	fake --scenario busy --since "$1"
	sleep 1.5
	kill -INT $pid
	wait $pid && err_has 'iomapd was away meanwhile' &&
		records "map(select(.type == \"away\" or .type == \"back\")) |
			length == 2 and (.[0].reason | test(\"closed the connection\")) and
			.[1].continued == $2" &&
		records 'map(.type) | index("snapshot") < index("away") and
			(.[index("back"):] | index("snapshot")) != null'
}
is 'iomapd restarts and keeps its counts' goes_away 1700000000000000000 true
is 'iomapd restarts: events that are known are not recorded again' records \
	'map(select(.type == "event").reply.event.seq) | . == unique'
is 'iomapd restarts and counts from zero' goes_away 1700000000000000001 false
is 'iomapd restarts from zero: its events are recorded' records \
	'map(select(.type == "event").reply.event.seq) | length > (unique | length)'
stop
finish
