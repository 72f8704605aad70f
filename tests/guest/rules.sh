#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the API: the test driver breaks each rule, and iomapd reports that rule and no other,
# once, with the call site and the stack. iomapd reports nothing for correct use.
# Usage: tests/guest/rules.sh
. tests/guest/lib.sh

# iomapd starts first: it can judge all tasks and mappings that are younger.
start_daemon
load_driver
echo "# backend $backend, $(uname -r), $(nproc) CPUs"

# look: reads the violations, oldest site first, except those with a call site that begins with
# $but. Of those that are new since mark:
#   $new     rule, kind and count of each
#   $sites   rule, kind and call site of the map of each
#   $frames  the functions on their stacks
#   $leaked  when leaks were found
# And of all: $total is the sum of their counts, $length the number of sites.
look() {
	local lines

	mapfile -t lines < <(iomapctl events --json |
		jq -rs --argjson known "${known:-0}" --arg but "${but:-none}" '
		[.[].event.violation | select(.) |
			select((.caller // "") | startswith($but) | not)] |
		.[$known:] as $new |
		($new | map("\(.rule) \(.kind) \(.count)") | sort | join("; ")),
		($new | map("\(.rule) \(.kind) \(.caller // "-" | sub("[+].*"; ""))")
			| sort | join("; ")),
		($new | map(.stack[] | sub("[+].*"; "")) | join(" ")),
		($new | map(.leaked_at // empty) | join(" ")),
		(map(.count) | add // 0), length')
	new=${lines[0]} sites=${lines[1]} frames=${lines[2]} leaked=${lines[3]}
	total=${lines[4]} length=${lines[5]}
}

# mark: all violations until now are known.
mark() {
	look
	known=$length
	counted=$total
}

on_stack() { [[ " $frames " == *" $1 "* ]]; }

# breaks RULE KIND N SITE FUNCTION [BACKENDS]: the driver breaks the rule N times, and iomapd
# reports one violation with the call site of the map ("-": not known) and FUNCTION on the stack.
# The driver refuses to do it on BACKENDS.
breaks() {
	local rule=$1 kind=$2 n=$3 site=$4 function=$5 label="$1, $2" before

	before=$(truth broken)
	# In a task that is younger than iomapd
	if ! sh -c "echo 'break rule=$rule kind=$kind n=$n hold_ns=30000000' >$driver/control" \
		2>/dev/null; then
		case " ${6:-} " in
		*" $backend "*) skip "$label" "the $backend backend would not survive it" ;;
		*) is "$label: the driver does it" false ;;
		esac
		return
	fi
	look
	[ "$new" = "$rule $kind $n" ] || iomapctl events | grep -A 14 violation | tail -40 |
		sed 's/^/# /'
	same "$label: the driver did it" $(($(truth broken) - before)) "$n"
	same "$label: one violation with this rule and count" "$new" "$rule $kind $n"
	same "$label: the call site of the map" "$sites" "$rule $kind $site"
	is "$label: the stack of the offence" on_stack "$function"
	same "$label: no other count changed" "$total" $((counted + n))
	known=$length
	counted=$total
}

mark

# schedule_timeout() may sleep, without a might_sleep() of its own, and here it does.
before=$(truth broken)
sh -c "echo 'break rule=sleep-in-atomic n=2' >$driver/control"
look
same "sleep-in-atomic: the driver did it" $(($(truth broken) - before)) 2
# shellcheck disable=SC2053 # a pattern
both() { [[ $new == "may-sleep-in-atomic atomic "[2-9]*"; sleep-in-atomic atomic 2" ]]; }
is "sleep-in-atomic: schedule_timeout() breaks both rules" both
same "sleep-in-atomic: the call sites of the map" "$sites" \
	"may-sleep-in-atomic atomic test_map_atomic; sleep-in-atomic atomic test_map_atomic"
is "sleep-in-atomic: the stack" on_stack break_sleep
is "sleep-in-atomic: schedule_timeout() is on it" on_stack schedule_timeout
mark

breaks may-sleep-in-atomic atomic 3 test_map_atomic break_may_sleep
for kind in atomic local; do
	breaks unmap-order $kind 3 test_map_$kind break_order
	breaks leak $kind 1 test_map_$kind do_exit "kmap ioremap"
	[ "$backend" != linear ] || same "leak, $kind: found at the end of the task" "$leaked" exit
done
breaks leak sleepable 3 test_map_sleepable break_leak
same "leak, sleepable: found at the free of the mapping" "$leaked" free
for kind in atomic local sleepable; do
	breaks unmap-kind $kind 3 test_map_$kind break_kind kmap
	breaks unmap-unknown $kind 3 - break_unknown "kmap ioremap"
	# On the other backends, the kernel stops at an atomic or local map out of range: BUG()
	refused=
	[ $kind = sleepable ] || refused="kmap ioremap"
	breaks offset-range $kind 3 test_map_$kind break_range "$refused"
	breaks offset-align $kind 3 test_map_$kind break_align
	breaks use-after-free $kind 3 test_map_$kind break_use_after_free
done

is "the accounting balances" balanced

# Mistakes like those of real drivers
driver mimic case=held-across-mutex
look
same "a map held across a mutex" "${new% *}" "may-sleep-in-atomic atomic"
is "a map held across a mutex: the stack" on_stack mutex_lock
mark
driver mimic case=page-size-mask
look
same "an offset & PAGE_SIZE is aligned and in range: no violation" "$new" ""
driver mimic case=page-size-mask-not
look
same "an offset & ~PAGE_SIZE is not aligned" "${new% *}" "offset-align atomic"

# Correct use, all at once: nested maps, maps in interrupts and soft interrupts, one page mapped by
# many tasks, all mappings, and sleep and migration with maps where that is allowed.
driver create n=5
mark
unmatched=$(json status '.unattributed.unmaps')
for kind in atomic local sleepable; do
	cpus=0-3
	[ $kind != sleepable ] || [ "$backend" = linear ] || cpus=0-1
	driver run kind=$kind ops=8000 depth=4 pattern=random mapping=all irq_us=700 \
		softirq_us=900 cpus=$cpus
	driver run kind=$kind ops=2000 pattern=same cpus=$cpus
done
driver run kind=local ops=400 depth=2 sleep_us=200 irq_us=700 softirq_us=900
driver run kind=sleepable ops=400 depth=2 sleep_us=200 cpus=0-1
driver run kind=sleepable ops=400 migrate=1
[ "$backend" != linear ] || driver run kind=local ops=400 depth=3 migrate=1 irq_us=700
driver hold n=20
driver release
driver free n=5
seq 1 300 >/dev/tty0
look
same "correct use: nothing is reported" "$new" ""
same "correct use: no count changed" "$total" "$counted"
same "correct use: each unmap ends a map" "$(json status '.unattributed.unmaps')" "$unmatched"
is "correct use: the accounting balances" balanced

# iomapd starts under load.
stop_daemon
rm -f /tmp/enough
load() {
	until [ -e /tmp/enough ]; do
		driver "$@"
	done
}
load run kind=atomic ops=300 hold_ns=300000 irq_us=500 &
loads=($!)
load_console() {
	until [ -e /tmp/enough ]; do
		seq 1 300 >/dev/tty0
	done
}
load_console &
loads+=($!)
start_daemon
touch /tmp/enough
wait "${loads[@]}"
known=0
look
same "start under load: nothing is reported" "$new" ""
is "start under load: the accounting balances" balanced

# Many violations at once: all are counted, one is reported, and iomapd still answers.
before=$(truth broken)
flood=()
for _ in 1 2 3 4; do
	echo "break rule=offset-align kind=local n=25000" >$driver/control &
	flood+=($!)
done
wait "${flood[@]}"
look
same "a flood: all are counted" "$total" $(($(truth broken) - before))
same "a flood: at one site" "$length" 1
is "a flood: iomapd answers" serving
is "a flood: the accounting balances" balanced

# A budget. Under emulation qxl exceeds it, too.
but=qxl_
stop_daemon
start_daemon --max-hold 20ms
known=0
mark
breaks hold-time atomic 2 test_map_atomic break_hold_time
stop_daemon
finish
