#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the API: the test driver breaks each one, and just that one is reported, once, with both places
# named; what is no mistake is not reported.
# Usage: tests/guest/rules.sh
. tests/guest/lib.sh

budget=20ms
rt=
grep -q PREEMPT_RT /proc/version && rt=yes

# Tasks and mappings that are younger than iomapd leave nothing undecided.
start_daemon --max-hold $budget
modprobe test_io_mapping || bail "the test driver does not load"
echo "# backend $backend, $(uname -r), $(nproc) CPUs"

# violations FILTER: what jq's FILTER makes of the reply with all places.
violations() {
	iomapctl events --json | jq -rs "[.[].event.violation | select(.)] | $1"
}

# told [FIELD]: rule, kind and a field of each place, sorted.
told() { violations "map(\"\\(.rule) \\(.kind) \\(${1:-.count})\") | sort | join(\"; \")"; }
sites() { told '(.caller // "-" | sub("[+].*"; ""))'; }

fresh() {
	stop_daemon
	rmmod test_io_mapping
	start_daemon --max-hold $budget "$@"
	modprobe test_io_mapping
}

# breaks RULE KIND N SITE FUNCTION [REFUSED_ON]: the driver breaks it N times; it is told of once, with the call site
# of the map, and FUNCTION on the stack of the offence. "-": no site is known.
breaks() {
	rule=$1 kind=$2 n=$3 site=$4 function=$5 label="$1, $2"
	before=$(truth broken)
	# A task of its own, younger than iomapd
	if ! sh -c "echo 'break rule=$rule kind=$kind n=$n hold_ns=30000000' >$driver/control" 2>/dev/null; then
		case " ${6:-} " in
		*" $backend "*) skip "$label" "the $backend backend would not survive it" ;;
		*) is "$label: the driver does it" false ;;
		esac
		return
	fi
	same "$label: the driver did it" $(($(truth broken) - before)) "$n"
	same "$label: that rule, so often, and no other" "$(told)" "$rule $kind $n"
	same "$label: the call site of the map" "$(sites)" "$rule $kind $site"
	is "$label: the stack of the offence" \
		test "$(violations "map(.stack[] | select(startswith(\"$function+\"))) | length")" -ge 1
	is "$label: the books balance" books
	fresh
}

breaks sleep-in-atomic atomic 2 test_map_atomic break_sleep
breaks may-sleep-in-atomic atomic 3 test_map_atomic break_may_sleep
for kind in atomic local; do
	breaks unmap-order $kind 3 test_map_$kind break_order
	breaks leak $kind 1 test_map_$kind do_exit "kmap ioremap"
done
breaks leak sleepable 3 test_map_sleepable break_leak
for kind in atomic local sleepable; do
	breaks unmap-kind $kind 3 test_map_$kind break_kind kmap
	breaks unmap-unknown $kind 3 - break_unknown "kmap ioremap"
	breaks offset-range $kind 3 test_map_$kind break_range
	breaks offset-align $kind 3 test_map_$kind break_align
	breaks use-after-free $kind 3 test_map_$kind break_use_after_free
done
breaks hold-time atomic 2 test_map_atomic break_hold_time

# Real mistakes, in spirit.
driver mimic case=held-across-mutex
same "a map held across a mutex is found" "$(told .rule)" "may-sleep-in-atomic atomic may-sleep-in-atomic"
fresh
driver mimic case=page-size-mask
same "an offset masked with PAGE_SIZE is aligned and in range: nothing is broken" "$(told)" ""
driver mimic case=page-size-mask-not
is "the other way round it is not aligned" test "$(violations 'map(.rule) | unique | join(" ")')" = offset-align
fresh

# What is legal, all at once: nested, from interrupts and soft interrupts, one address by many tasks, over all
# mappings, sleeping and moving with maps where that is allowed.
driver create n=5
for kind in atomic local sleepable; do
	cpus=0-3
	[ $kind != sleepable ] || [ "$backend" = linear ] || cpus=0-1
	driver run kind=$kind ops=20000 depth=4 pattern=random mapping=all irq_us=700 softirq_us=900 cpus=$cpus
	driver run kind=$kind ops=4000 pattern=same cpus=$cpus
done
driver run kind=local ops=400 depth=2 sleep_us=200 irq_us=700 softirq_us=900
driver run kind=sleepable ops=400 depth=2 sleep_us=200 cpus=0-1
driver run kind=sleepable ops=400 migrate=1
[ "$backend" != linear ] || driver run kind=local ops=400 depth=3 migrate=1 irq_us=700
driver hold n=20
driver release
driver free n=5
seq 1 300 >/dev/tty0
same "correct use: nothing is reported" "$(told)" ""
same "correct use: nothing is undecided" "$(json status '.unattributed.unmaps')" 0
is "correct use: the books balance" books

# iomapd begins in the middle of it.
stop_daemon
(echo "run kind=atomic ops=2000 hold_ns=300000 irq_us=500" >$driver/control) &
load=$!
(echo "run kind=atomic ops=2000 hold_ns=300000" >$driver/control) &
load2=$!
seq 1 300 >/dev/tty0 &
draw=$!
start_daemon --max-hold 10s
wait $load $load2 $draw
same "begun in the middle: nothing is reported" "$(told)" ""
is "begun in the middle: the books balance" books

# Many at once: counted all, told once, and iomapd goes on answering.
fresh
before=$(truth broken)
for _ in 1 2 3 4; do
	echo "break rule=offset-align kind=local n=25000" >$driver/control &
	flood="${flood:-} $!"
done
# shellcheck disable=SC2086
wait $flood
same "a flood: all are counted" "$(violations 'map(.count) | add')" $(($(truth broken) - before))
same "a flood: of one place" "$(violations length)" 1
is "a flood: iomapd answers" serving
is "a flood: the books balance" books
[ -z "$rt" ] || echo "# PREEMPT_RT: the holder of an atomic map may be preempted"
stop_daemon
finish
