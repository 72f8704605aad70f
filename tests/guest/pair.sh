#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The instructions of a map and its unmap, with different observers, in a machine whose instructions
# take one nanosecond (tests/vm/run --icount 0 --smp 1). Prints lines of `KIND OBSERVER LEAST MOST`.
# FOLDER has the results of kernel-patch/objects; `all` needs perf in /share.
# Usage: tests/guest/pair.sh all|gate FOLDER
. tests/guest/lib.sh

what=$1
modules=$2
pairs=20000
rounds=7

# spent KIND PAIRS: stores the microseconds of so many pairs in $spent.
spent() {
	now_us
	spent=$now
	driver run kind="$1" ops="$2" verify=0 cpus=0
	now_us
	spent=$((now - spent))
}

# measure OBSERVER KIND…: prints the instructions of a pair: the difference between a short and a
# long run, so that the start of a run does not count. Other work of the machine can only add to it:
# the round with the least time has the least of that.
measure() {
	local name=$1 kind i few
	shift

	for kind; do
		spent "$kind" 1000	# allocates everything
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
				printf "%s %s %.1f %.1f\n", kind, name,
					(least - few) * 1000 / pairs,
					(most - few) * 1000 / pairs
			}'
	done
}

# load_variant VARIANT: loads the test driver that was compiled with other options.
load_variant() {
	rmmod test_io_mapping 2>/dev/null
	insmod "$modules/module-$1/test_io_mapping.ko" || bail "the test driver does not load"
	sleep 2		# for the kernel's deferred work of both
}

with_bpftrace() {
	bpftrace tests/bench/pair.bt >/tmp/bpftrace.out 2>&1 &
	bpftrace=$!
	wait_for 60 attached 2 || bail "bpftrace does not attach: $(cat /tmp/bpftrace.out)"
	measure bpftrace atomic sleepable
	while kill -INT $bpftrace 2>/dev/null; do
		sleep 1
	done
	wait $bpftrace
	# bpftrace has counted all atomic maps
	grep -q "^@maps\[.*, 0\]: $(((rounds * (2000 + pairs)) + 1000))$" /tmp/bpftrace.out ||
		bail "bpftrace did not count: $(cat /tmp/bpftrace.out)"
	wait_for 20 detached
}

# with_iomapd OBSERVER OPTION…: measures with an iomapd that has these options.
with_iomapd() {
	local name=$1 before
	shift

	start_daemon "$@"
	before=$(json stats '.backends.linear.maps.atomic')
	measure "$name" atomic sleepable
	[ "$(json stats '.backends.linear.maps.atomic')" = \
		$((before + rounds * (2000 + pairs) + 1000)) ] ||
		bail "iomapd did not count: $(iomapctl status)"
	balanced || bail "the accounting does not balance"
	stop_daemon
}

still_cursor
load_variant off
measure nothing atomic sleepable
load_variant debug
measure debug atomic sleepable
load_variant trace
measure off atomic sleepable
with_iomapd iomapd
[ "$what" = all ] || exit 0

# The rule may-sleep-in-atomic probes cond_resched(), which the driver calls after each pair.
probe=(--without-check may-sleep-in-atomic)
with_iomapd iomapd-alone "${probe[@]}"
with_iomapd iomapd-all "${probe[@]}" --hold-times all
with_iomapd iomapd-counts "${probe[@]}" --hold-times off
with_bpftrace

echo 1 >$tracing/events/io_mapping/enable
measure ftrace atomic sleepable
echo 0 >$tracing/events/io_mapping/enable

export -f measure spent now_us driver
export pairs rounds driver
LD_LIBRARY_PATH=/share/usr/lib/x86_64-linux-gnu /share/usr/bin/perf stat -a \
	-e io_mapping:io_mapping_map,io_mapping:io_mapping_unmap -- \
	bash -c 'measure perf-stat atomic sleepable' 2>/tmp/perf.out ||
	bail "perf: $(cat /tmp/perf.out)"
sed 's/^/# /' /tmp/perf.out
