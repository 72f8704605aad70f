#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many instructions a map and its unmap take with one observer and another, in a machine in
# which one instruction is a nanosecond (tests/vm/run --icount 0 --smp 1). Prints `KIND WHAT LEAST
# MOST` in each line. FOLDER has what kernel-patch/objects compiles; for `all`, /share is perf's.
# Usage: tests/guest/pair.sh all|gate FOLDER
. tests/guest/lib.sh

what=$1
modules=$2
pairs=20000
rounds=7

now_us() { now=${EPOCHREALTIME/./}; }

# spent KIND PAIRS: how long they take, in microseconds, in $spent.
spent() {
	now_us
	spent=$now
	driver run kind="$1" ops="$2" verify=0 cpus=0
	now_us
	spent=$((now - spent))
}

# measure WHAT KIND…: the instructions of a pair: what more pairs take, so that the start of a run
# is no part of it. Whatever else the machine does comes on top: the least of several rounds has
# least of it.
measure() {
	local name=$1 kind i few
	shift

	for kind; do
		spent "$kind" 1000	# what is done once
		for ((i = 0; i < rounds; i++)); do
			spent "$kind" 1000
			few=$spent
			spent "$kind" $((1000 + pairs))
			echo "$few $spent"
		done | awk -v name="$name" -v kind="$kind" -v pairs=$pairs '
			NR == 1 || $1 < few { few = $1 }
			NR == 1 || $2 < least { least = $2 }
			$2 > most { most = $2 }
			END {
				printf "%s %s %.1f %.1f\n", kind, name, (least - few) * 1000 / pairs,
					(most - few) * 1000 / pairs
			}'
	done
}

# take_driver VARIANT: loads the test driver as compiled with other options.
take_driver() {
	rmmod test_io_mapping 2>/dev/null
	insmod "$modules/module-$1/test_io_mapping.ko" || bail "the test driver does not load"
	sleep 2		# the kernel has work left over from that
}

attached() { [ "$(bpftool perf list 2>/dev/null | grep -c 'tracepoint *io_mapping_')" -ge 2 ]; }
detached() { ! attached; }

with_bpftrace() {
	bpftrace tests/bench/pair.bt >/tmp/bpftrace.out 2>&1 &
	bpftrace=$!
	wait_for 60 attached || bail "bpftrace does not attach: $(cat /tmp/bpftrace.out)"
	measure bpftrace atomic sleepable
	while kill -INT $bpftrace 2>/dev/null; do
		sleep 1
	done
	wait $bpftrace
	# it has counted: so many atomic maps
	grep -q "^@maps\[.*, 0\]: $(((rounds * (2000 + pairs)) + 1000))$" /tmp/bpftrace.out ||
		bail "bpftrace did not count: $(cat /tmp/bpftrace.out)"
	wait_for 20 detached
}

# with_iomapd NAME OPTION…
with_iomapd() {
	local name=$1 before
	shift

	start_daemon "$@"
	before=$(json stats '.backends.linear.maps.atomic')
	measure "$name" atomic sleepable
	[ "$(json stats '.backends.linear.maps.atomic')" = \
		$((before + rounds * (2000 + pairs) + 1000)) ] ||
		bail "iomapd did not count: $(iomapctl status)"
	books || bail "the books do not balance"
	stop_daemon
}

# ipis and the console have their own events
echo 0 >/sys/class/graphics/fbcon/cursor_blink
take_driver off
measure nothing atomic sleepable
take_driver debug
measure debug atomic sleepable
take_driver trace
measure off atomic sleepable
with_iomapd iomapd
[ "$what" = all ] || exit 0

# The loop calls cond_resched() after each pair, which iomapd has a probe on for one of the rules.
probe=(--without-check may-sleep-in-atomic)
with_iomapd iomapd-alone "${probe[@]}"
with_iomapd iomapd-all "${probe[@]}" --hold-times all
with_iomapd iomapd-counts "${probe[@]}" --hold-times off
with_bpftrace

echo 1 >/sys/kernel/tracing/events/io_mapping/enable
measure ftrace atomic sleepable
echo 0 >/sys/kernel/tracing/events/io_mapping/enable

export -f measure spent now_us driver
export pairs rounds driver
LD_LIBRARY_PATH=/share/usr/lib/x86_64-linux-gnu /share/usr/bin/perf stat -a \
	-e io_mapping:io_mapping_map,io_mapping:io_mapping_unmap -- bash -c \
	'measure perf-stat atomic sleepable' \
	2>/tmp/perf.out || bail "perf: $(cat /tmp/perf.out)"
sed 's/^/# /' /tmp/perf.out
