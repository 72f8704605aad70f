#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All CPUs break a rule as fast as they can: each violation is counted, the site is reported once,
# and the machine still answers. Meanwhile the script measures how long `iomapctl status` takes and
# how late a timer wakes its task.
# Usage: tests/guest/flood.sh SECONDS
. tests/guest/lib.sh

seconds=$1
# Limits in milliseconds, far above the delays of the emulation. The emulated CPUs take turns of
# 100 ms on one real CPU: when four of them are busy, a timer waits 300 ms for its CPU, and a
# command waits that long each time that it and iomapd hand over to each other.
late_max=2000
answer_max=10000

# Prints by how many microseconds a timer of 10 ms was late, one a line, until killed. It starts no
# process for that.
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

# Prints the microseconds that each answer took, until the file flood.over exists. Output of
# commands that failed goes to flood.failed.
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

# figures FILE: prints worst and median in milliseconds, and the number, of lines of microseconds.
figures() {
	sort -n "$1" | awk '{ v[NR] = $1 / 1000 }
		END { printf "%.1f %.1f %d\n", v[NR], v[int((NR + 1) / 2)], NR }'
}

# Maps on all CPUs at once. Each map is held for longer than a budget of 1 ns.
load() { driver run kind=atomic ops=20000; }

# flood LABEL: runs the load for $seconds, and both measurements at the same time.
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

# counts RULE: prints the count of each site where maps of the test driver broke the rule.
counts() {
	iomapctl events --json | jq -rs --arg rule "$1" '[.[].event.violation | select(.) |
		select(.rule == $rule and (.caller // "" | startswith("test_map_"))) | .count |
			tostring] | join(" ")'
}

echo "# backend $backend, $(uname -r), $(nproc) CPUs"
mkfifo /tmp/flood.fifo
still_cursor
load_driver

# These rules are not tested here, and their probes cost more than the tracepoints.
but=(--without-check may-sleep-in-atomic --without-check leak)

# The same load without violations, for comparison
start_daemon "${but[@]}"
flood "no violation"
same "no violation: nothing is reported" "$(counts hold-time)" ""
stop_daemon

start_daemon "${but[@]}" --max-hold 1ns
flood "a flood"
same "a flood: each violation is counted, all at one site" "$(counts hold-time)" "$maps"
is "a flood: no timer is later than $late_max ms" at_most "$late" $late_max
is "a flood: no answer takes longer than $answer_max ms" at_most "$answer" $answer_max
is "a flood: timers were measured" test "$late_n" -gt $((seconds * 2))
is "a flood: answers were measured" test "$answer_n" -gt 2
same "a flood: no answer failed" "$(cat /tmp/flood.failed 2>/dev/null)" ""
is "a flood: more than 2000 violations a second" test "$rate" -gt 2000
is "a flood: the accounting balances" balanced

# While iomapd is stopped, the ring fills: events are lost and counted as ring_full, but every map
# and violation is counted.
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
same "iomapd stopped: events are lost only because the ring is full" \
	"$(jq -r '[.lost | to_entries[] | select(.value > 0) | .key] | join(" ")' \
		/tmp/accounting)" ring_full
same "iomapd stopped: the accounting has each event" \
	"$(jq '.seen == .counted + (.lost | add)' /tmp/accounting)" true
same "iomapd stopped: each violation is counted" "$(counts hold-time)" \
	$((maps + $(truth maps_atomic) - before))
stop_daemon
finish
