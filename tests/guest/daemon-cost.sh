#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The cost of iomapd and iomaptop by number of mappings, in a machine whose instructions take one
# nanosecond (tests/vm/run --icount 0). Prints lines of `WHAT CPUS MAPPINGS VALUE…`; CPUS is the
# number of possible CPUs.
# --emulated: for a machine without --icount. Its times can be compared only with each other, and it
# prints only the lines `map-bytes`, `rss` and `emulated`.
# Usage: tests/guest/daemon-cost.sh [--emulated] MAPPINGS…
. tests/guest/lib.sh

emulated=
[ "$1" != --emulated ] || emulated=$1
[ -z "$emulated" ] || shift

# The file has a list of ranges: take the last number.
cpus=$(($(sed 's/.*[-,]//' /sys/devices/system/cpu/possible) + 1))
ask=$programs/ask
minute=60

field() { sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$daemon/status"; }
switches() { echo $(($(field voluntary_ctxt_switches) + $(field nonvoluntary_ctxt_switches))); }
map_bytes() { metrics | sed -n 's/^iomapd_bpf_map_memory_bytes //p'; }
mappings() { grep -vc '^#' $debugfs/io_mapping/mappings; }

# idle WHAT: prints iomapd's wake-ups and CPU time during a minute without requests.
idle() {
	local woken ns

	woken=$(switches)
	ns=$("$ask" "$daemon" 0)
	sleep $minute
	echo "idle-$1 $cpus $n $(($(switches) - woken)) $(($("$ask" "$daemon" 0) - ns))"
}

still_cursor
load_driver
echo "# $(uname -r), $(nproc) CPUs of $cpus"
for max in 1024 4096; do
	start_daemon --max-mappings $max --metrics :9751
	echo "map-bytes $cpus $max $(map_bytes)"
	[ $max = 4096 ] || stop_daemon
done
n=$(mappings)
[ "$emulated" ] || idle none
for n; do
	more=$((n - $(mappings)))
	if [ $more -gt 0 ]; then
		driver create n=$more
	fi
	n=$(mappings)
	driver run kind=atomic ops=$((16 * n)) mapping=all
	# An emulated CPU needs a second for a thousand mappings.
	frames=20
	[ "$n" -lt 1000 ] || frames=4
	read -r bytes ns < <("$ask" "$daemon" $((frames / 2))) || bail "iomapd does not answer"
	echo "rss $cpus $n $(field VmRSS) $(field VmHWM)"
	if [ "$emulated" ]; then
		echo "emulated $cpus $n $bytes $ns"
		continue
	fi
	echo "snapshot $cpus $n $bytes $ns"
	before=$("$ask" "$daemon" 0)
	TIMEFORMAT='%U %S'
	{ time iomaptop -b -n $frames -d 1 >/tmp/top 2>/tmp/top.err; } 2>/tmp/top.time ||
		bail "$(cat /tmp/top.err)"
	[ -s /tmp/top ] || bail "iomaptop shows nothing"
	awk -v w="iomaptop $cpus $n" -v s=$frames -v d=$(($("$ask" "$daemon" 0) - before)) \
		'{ printf "%s %.0f %.0f\n", w, ($1 + $2) * 1e9 / s, d / s }' /tmp/top.time
done
[ -z "$emulated" ] || exit 0
# A client that is connected and asks nothing
socat -u UNIX-CONNECT:/run/iomapd/iomapd.sock - >/dev/null &
connected() { metrics | grep -qx 'iomapd_clients 1'; }
wait_for 20 connected || bail "no client is connected"
idle client
# There are more call sites than the table has room for, so some events are lost, but accounted for.
json status '.accounting | if .seen > 0 and .seen == .counted + (.lost | add)
	then "# the accounting balances" else error end' || bail "the accounting does not balance"
