#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The clock of the machine is set while iomapd runs, and while none runs: events keep the time of
# day at which they happened.
. tests/guest/lib.sh

# years: prints the years of all events.
years() {
	iomapctl events --json |
		jq -r 'select(.event) | .event.time_unix_ns / 1e9 | floor | todate[:4]' |
		tr '\n' ' '
}
has_events() { [ "$(years | wc -w)" -ge "$1" ]; }

load_driver
date -s "2001-02-03 04:05:06" >/dev/null
start_daemon
driver create n=1
is "an event" wait_for 20 has_events 1
same "its year" "$(years)" "2001 "
date -s "2035-06-07 08:09:10" >/dev/null
driver create n=1
is "the clock is set, and a second event" wait_for 20 has_events 2
same "each has its year" "$(years)" "2001 2035 "
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
driver create n=1
date -s "2040-01-02 03:04:05" >/dev/null
start_daemon
is "an event while no iomapd ran" wait_for 20 has_events 3
same "the clock was set since: each has its year" "$(years)" "2001 2035 2035 "
driver free n=3
stop_daemon
finish
