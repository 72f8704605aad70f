#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All CPUs break a rule as fast as they can: each violation is counted, the place is told once, and
# the machine goes on to answer. Meanwhile it is measured how long `iomapctl status` takes and how
# late a timer wakes its task.
# Usage: tests/guest/flood.sh SECONDS
. tests/guest/lib.sh

seconds=$1
# The emulated CPUs take turns of 100 ms on one real one: with four of them at work, a timer waits
# 300 ms for its CPU, and a command some times that, once for each hand-over between it and iomapd.
# What is far beyond that is no longer the emulation. In milliseconds.
late_max=2000
answer_max=10000

now_us() { now=${EPOCHREALTIME/./}; }

# Lateness of a timer of 10 ms, in microseconds, a line each, until killed. No process is started
# for that.
wake() {
	local start

	while :; do
		now_us
		start=$now
		read -rt 0.01 <>/tmp/flood.fifo
		now_us
		echo $((now - start - 10000))
	done
}

# How long each answer takes, likewise, until the file "over" is there; what is no good answer is in
# "failed".
answer() {
	local start

	until [ -e /tmp/flood.over ]; do
		now_us
		start=$now
		iomapctl status >/tmp/flood.status 2>&1 || cat /tmp/flood.status >>/tmp/flood.failed
		now_us
		echo $((now - start))
	done
}

# Worst and median of a file of microseconds, in milliseconds, and how many there are.
figures() { sort -n "$1" | awk \
	'{ v[NR] = $1 } END { printf "%.1f %.1f %d\n", v[NR] / 1000, v[int((NR + 1) / 2)] / 1000, NR }'; }

# All CPUs at once. Each map is held for longer than a budget of 1 ns.
load() { driver run kind=atomic ops=20000; }

# flood LABEL: the load for so long, with the two measurements beside it.
flood() {
	local label=$1 before start waker asker

	rm -f /tmp/flood.over
	wake >/tmp/wake &
	waker=$!
	answer >/tmp/answer &
	asker=$!
	before=$(truth maps_atomic)
	now_us
	start=$now
	while now_us; ((now - start < seconds * 1000000)); do
		load
	done
	touch /tmp/flood.over
	wait $asker
	kill $waker
	wait $waker 2>/dev/null
	maps=$(($(truth maps_atomic) - before))
	rate=$((maps * 1000000 / (now - start)))
	read -r late late_median late_n < <(figures /tmp/wake)
	read -r answer answer_median answer_n < <(figures /tmp/answer)
	echo "# $label: $maps maps in $(((now - start) / 1000)) ms, $rate/s"
	echo "# $label: a timer was up to $late ms late (median $late_median, of $late_n)"
	echo "# $label: an answer took up to $answer ms (median $answer_median, of $answer_n)"
}

at_most() { awk -v got="$1" -v max="$2" 'BEGIN { exit !(got <= max) }'; }

# places: count of each place of a rule that was broken by the test driver's maps.
places() {
	iomapctl events --json | jq -rs --arg rule "$1" '[.[].event.violation | select(.) |
		select(.rule == $rule and (.caller // "" | startswith("test_map_"))) | .count] | map(tostring) | join(" ")'
}

echo "# backend $backend, $(uname -r), $(nproc) CPUs"
mkfifo /tmp/flood.fifo
echo 0 >/sys/class/graphics/fbcon/cursor_blink
modprobe test_io_mapping || bail "the test driver does not load"

# They have no part in this, and their probes cost what the tracepoints do not.
but="--without-check may-sleep-in-atomic --without-check leak"

# The same with nothing to report, to compare with.
start_daemon $but
flood "nothing broken"
same "nothing broken: nothing is reported" "$(places hold-time)" ""
stop_daemon

start_daemon $but --max-hold 1ns
flood "all broken"
same "a flood: each violation is counted, all at one place" "$(places hold-time)" "$maps"
is "a flood: a timer is not later than $late_max ms" at_most "$late" $late_max
is "a flood: an answer takes no longer than $answer_max ms" at_most "$answer" $answer_max
is "a flood: there were timers" test "$late_n" -gt $((seconds * 2))
is "a flood: there were answers" test "$answer_n" -gt 2
same "a flood: all of them good" "$(cat /tmp/flood.failed 2>/dev/null)" ""
is "a flood: it is one, more than 2000/s" test "$rate" -gt 2000
is "a flood: the books balance" books

# While nobody takes what is told, some of that is lost, by that name, and no count is.
before=$(truth maps_atomic)
kill -STOP "$daemon"
for _ in 1 2 3; do
	driver create n=1000
	driver free n=1000
	load
done
kill -CONT "$daemon"
json status .accounting >/tmp/accounting
sed 's/^/# /' /tmp/accounting
same "nobody listens: only the ring's losses" \
	"$(jq -r '[.lost | to_entries[] | select(.value > 0) | .key] | join(" ")' \
	/tmp/accounting)" ring_full
same "nobody listens: the books have each event" "$(jq '.seen == .counted + (.lost | add)' \
	/tmp/accounting)" true
same "nobody listens: each violation is counted" "$(places hold-time)" "$((maps + $(truth \
	maps_atomic) - before))"
stop_daemon
finish
