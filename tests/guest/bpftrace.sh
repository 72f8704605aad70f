#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs each one-liner of docs/bpftrace.md beside the test driver and compares their counts.
. tests/guest/lib.sh

doc=docs/bpftrace.md
out=/tmp/bpftrace.out
kallsyms=/proc/kallsyms

load_driver
id=$(test_id)
atomic=3000 local=2000 sleepable=1000

# script HEADING: prints the code block below the heading.
script() {
	awk -v heading="## $1" '
		/^## / { here = $0 == heading }
		/^```/ { inside = here && !inside; next }
		inside { print }' $doc
}

over() { ! pgrep -x bpftrace >/dev/null; }

# run HEADING: runs the one-liner while the test driver maps. The output is in $out.
run() {
	script "$1" >/tmp/one-liner.sh
	bash /tmp/one-liner.sh >$out 2>&1 &
	local shell=$!
	wait_for 180 attached "$(grep -c tracepoint: /tmp/one-liner.sh)" || return 1
	driver run kind=atomic ops=$atomic
	driver run kind=local ops=$local
	driver run kind=sleepable ops=$sleepable
	driver create n=4
	driver free n=4
	# bpftrace ignores the signal until some time after it has attached.
	while ! over; do
		pkill -INT -x bpftrace
		wait_for 2 over
	done
	wait $shell
	wait_for 20 detached
}

value() { sed -n "s/^@$1: *//p" $out; }

# Prints the sum of the buckets of a histogram.
hist_sum() { sed -n 's/^\[.*) *\([0-9]*\) |.*/\1/p' $out | awk '{ n += $1 } END { print n + 0 }'; }

check() {
	case $1 in
	"Maps by kind")
		# qxl maps atomically, too
		is "$1: atomic" test "$(value 'maps\[0\]')" -ge $atomic
		same "$1: local" "$(value 'maps\[1\]')" $local
		same "$1: sleepable" "$(value 'maps\[2\]')" $sleepable
		;;
	"Maps by call site")
		same "$1: atomic" "$(value 'maps\[test_map_atomic\]')" $atomic
		same "$1: local" "$(value 'maps\[test_map_local\]')" $local
		same "$1: sleepable" "$(value 'maps\[test_map_sleepable\]')" $sleepable
		;;
	"Bytes mapped, by mapping")
		same "$1" "$(value "bytes\[$id\]")" $(((atomic + local + sleepable) * 4096))
		;;
	"Maps that failed, by mapping")
		same "$1: none" "$(value "failed\[$id\]")" ""
		;;
	"How long atomic maps are held, in nanoseconds")
		is "$1" test "$(hist_sum)" -ge $atomic
		is "$1: not twice as many" test "$(hist_sum)" -lt $((atomic * 2))
		;;
	"Sleepable maps by stack")
		same "$1" "$(grep -A1 test_map_sleepable $out | grep -c test_map)" \
			"$(grep -c test_map $out)"
		same "$1: each map" \
			"$(sed -n 's/^\]: //p' $out | awk '{ n += $1 } END { print n }')" $sleepable
		;;
	"Mappings created and freed")
		same "$1: created" "$(value created)" 4
		same "$1: freed" "$(value freed)" 4
		;;
	*)
		is "$1: this test has an expectation" false
		;;
	esac
}

[ -r $kallsyms ] || bail "no $kallsyms"
echo "# $(bpftrace --version)"
while read -r heading; do
	if run "$heading"; then
		before=$failed
		check "$heading"
		same "$heading: bpftrace has no complaint" \
			"$(grep -icE 'warning|deprecated' $out)" 0
		[ "$failed" = "$before" ] || sed 's/^/# /' $out | head -40
	else
		is "$heading: bpftrace attaches" false
		sed 's/^/# /' $out
	fi
done < <(sed -n 's/^## //p' $doc)
finish
