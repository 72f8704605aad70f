#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Interrupts between CPUs: iomapd's accounting equals the kernel's own counters, also with
# interrupts that have nothing to do with io_mapping, and the number of broadcasts is as predicted.
. tests/guest/lib.sh

cpus=$(nproc)
echo "# backend $backend, $(uname -r), $cpus CPUs"

# Where the kernel preempts, it skips a few kprobes on a CPU on which a task was preempted while it
# read a BPF map.
preempted=
case $(uname -v) in
*PREEMPT*) preempted=1 ;;
esac

# iomapd and all commands of this script stay on one CPU, so that they send no interrupts.
taskset -pc 0 $$ >/dev/null
load_driver
still_cursor
for event in ipi/ipi_send_cpu ipi/ipi_send_cpumask csd/csd_queue_cpu \
	vmalloc/purge_vmap_area_lazy; do
	echo "hist:keys=common_cpu" >$tracing/events/$event/trigger || bail "no histogram of $event"
done

# look NAME: stores the counts of the kernel in NAME.kernel and those of iomapd in NAME.json, both
# of a moment in which no interrupt was sent.
look() {
	rm -f "/tmp/$1".*
	"$programs/ipi-look" /run/iomapd/iomapd.sock "/tmp/$1" || bail "cannot read the counters"
	jq .parameters "/tmp/$1.reply" >"/tmp/$1.json"
}

# The next differences are those to the last look at b.
from_here() {
	cp /tmp/b.json /tmp/a.json
	cp /tmp/b.kernel /tmp/a.kernel
}

# moved FILTER: prints the difference of a figure of iomapd between the looks a and b.
moved() {
	jq -n --slurpfile a /tmp/a.json --slurpfile b /tmp/b.json "(\$b[0] | $1) - (\$a[0] | $1)"
}

# moved_kernel N: prints the difference of the Nth counter of the kernel.
moved_kernel() {
	paste -d' ' /tmp/a.kernel /tmp/b.kernel | awk -v n="$1" '{ print $(n + 6) - $n }'
}

# The classes of the accounting
classes='.direct, .purges, .reserve, .other'
# The sums of a figure over the call sites, 0 if there are none
site_sum() { echo "([.callers[]$1] | add // 0)"; }

# balance LABEL: checks the accounting between the looks a and b.
balance() {
	same "$1: function calls received, as in /proc/interrupts" \
		"$(moved .accounting.interrupts.call.received)" "$(moved_kernel 1)"
	same "$1: reschedules received" \
		"$(moved .accounting.interrupts.reschedule.received)" "$(moved_kernel 2)"
	same "$1: irq work received" \
		"$(moved .accounting.interrupts.irq_work.received)" "$(moved_kernel 3)"
	same "$1: sends, with those skipped, as the tracepoints count" \
		"$(moved '(.accounting | .sends + .lost.missed_sends)')" "$(moved_kernel 4)"
	same "$1: functions queued for other CPUs, with those skipped, likewise" \
		"$(moved "(.accounting | ([$classes | .calls] | add) + .lost.missed_calls)")" \
		"$(moved_kernel 5)"
	same "$1: direct + purges + reserve + other = all sent" \
		"$(moved "(.accounting | [$classes | .ipis] | add)")" \
		"$(moved '([.accounting.interrupts[].sent] | add // 0)')"
	same "$1: from CPU to CPU, the same" \
		"$(moved '([.cpus[] | .direct + .flushes + .other] | add // 0)')" \
		"$(moved .total.ipis)"
	same "$1: direct + deferred + other = all, except for rounding" "$(jq \
		'([.backends[] | .direct.ipis + .deferred.ipis] | add // 0)
			+ .other.ipis - .total.ipis | fabs < 0.001' /tmp/b.json)" true
	# At look a, each CPU with interrupts off may have had a call pending.
	is "$1: no more calls received than sent" test \
		"$(moved '(.accounting.interrupts.call | .sent - .received)')" -ge $((-cpus))
	echo "# $1: skipped: $(moved .accounting.lost.missed_sends) sends," \
		"$(moved .accounting.lost.missed_calls) calls"
	same "$1: nothing else was lost" \
		"$(jq -c --argjson some "$((${preempted:-0} * 2))" '.accounting.lost |
			del(.missed_sends, .missed_calls) |
			if .missed <= $some then del(.missed) else . end |
			map_values(select(. > 0))' /tmp/b.json)" "{}"
}

start_daemon

# ---- debug_pagealloc: each unmap flushes at once, also those of reading the counters, so that
# ---- there is no quiet moment to look

if grep -q debug_pagealloc=on /proc/cmdline; then
	iomapctl ipi --json >/tmp/a.json
	driver run kind=sleepable ops=1000 cpus=0-1
	driver run kind=sleepable ops=500 size=131072 pages=16 cpus=1
	iomapctl ipi --json >/tmp/b.json
	same "debug_pagealloc: each unmap flushes at once" \
		"$(moved .accounting.direct.broadcasts)" 1500
	is "debug_pagealloc: each to all other CPUs" test \
		"$(moved '(.accounting | .direct.calls + .lost.missed_calls)')" \
		-ge $((1500 * (cpus - 1)))
	is "debug_pagealloc: the callers wait" test \
		"$(moved "$(site_sum .direct.wait_ns)")" -gt 0
	is "debug_pagealloc: the other CPUs lose time" test \
		"$(moved "$(site_sum .direct.stolen_ns)")" -gt 0
	same "debug_pagealloc: each broadcast has a call site" \
		"$(moved "$(site_sum .direct.broadcasts)")" 1500
	stop_daemon
	finish
fi

look a

# ---- foreign load alone, and beside maps ----

for _ in 1 2 3; do
	"$programs/ipi-load" 60 || echo "# the load failed"
	echo 1 >$tracing/events/sched/sched_wakeup/enable
	echo 0 >$tracing/events/sched/sched_wakeup/enable
done
taskset -c 1 seq 1 2000 | taskset -c $((cpus - 1)) cat >/dev/null
look b
echo "# the foreign load: $(moved .total.ipis) interrupts"
is "the foreign load sent interrupts" test "$(moved .total.ipis)" -ge 150
same "none of them is direct" "$(moved .accounting.direct.ipis)" 0
balance "foreign load"

from_here
"$programs/ipi-load" 100 &
loading=$!
driver run kind=atomic ops=20000 pages=256 pattern=random
driver run kind=local ops=20000 pages=256 pattern=random
driver run kind=sleepable ops=10000 pages=64 size=65536 cpus=0-1
wait $loading
driver run kind=sleepable ops=2000 irq_us=1000 migrate=1 cpus=0-1
rmmod test_io_mapping
load_driver
look b
balance "maps and foreign load"
is "maps and foreign load: some interrupts are other" test "$(moved '(.other.ipis | floor)')" -gt 0
if [ "$backend" = ioremap ]; then
	is "atomic and local maps flush the reserve" test \
		"$(moved .accounting.reserve.broadcasts)" -gt 0
	same "the flushes of the reserve are deferred" \
		"$(jq '.backends.ioremap.deferred.ipis >= .accounting.reserve.ipis' /tmp/b.json)" \
		true
fi

# ---- predictions: the linear backend sends no interrupt ----

if [ "$backend" = linear ]; then
	driver run kind=sleepable ops=20000
	driver run kind=atomic ops=20000
	look b
	same "linear: no interrupt belongs to a map" \
		"$(jq -c '[.backends.linear | .direct.ipis, .deferred.ipis, .pending]' \
			/tmp/b.json)" "[0,0,0]"
	same "linear: no caller is charged" "$(jq '.callers | length' /tmp/b.json)" 0
	stop_daemon
	finish
fi

# ---- predictions: the queue is purged when it has more pages than lazy_max_pages() ----

# fls(cpus)
fls=0
while [ $((1 << fls)) -le "$cpus" ]; do fls=$((fls + 1)); done
lazy_max=$((fls * 8192))
caller='.callers[] | select(.kind == "sleepable" and (.caller | startswith("test_map_sleepable+")))'

purges() { json ipi .purges.count; }
purged() { [ "$(purges)" -ge "$1" ]; }

# batch OPS SIZE: maps and unmaps until the queue is a little too long, and waits for the purge.
batch() {
	local before

	before=$(purges)
	driver run kind=sleepable ops="$1" size="$2" pages=16 cpus=1
	wait_for 20 purged $((before + 1)) || echo "# no purge came"
}

# predict LABEL OPS SIZE: three batches, a purge or more for each, a broadcast for each purge. While
# the worker purges, the batch goes on, and may fill the queue for one more purge. Other tasks
# purge, too, for example when they free a BPF program.
predict() {
	local share

	batch "$2" "$3"	# leaves an empty queue
	look a
	batch "$2" "$3"
	batch "$2" "$3"
	batch "$2" "$3"
	look b
	is "$1: $((3 * $2)) maps, at least three purges" test "$(moved_kernel 6)" -ge 3
	is "$1: not many more" test "$(moved_kernel 6)" -le 12
	same "$1: purges, as the tracepoint counts" "$(moved .purges.count)" "$(moved_kernel 6)"
	same "$1: a broadcast for each purge" "$(moved .accounting.purges.broadcasts)" \
		"$(moved .purges.count)"
	is "$1: each to all other CPUs" test \
		"$(moved '(.accounting | .purges.calls + .lost.missed_calls)')" \
		-ge $((3 * (cpus - 1)))
	same "$1: each map queued a range" "$(moved .purges.own_queued)" $((3 * $2))
	share=$(moved "([$caller | .deferred.broadcasts] | add // 0)")
	same "$1: the share of the maps is nearly all" \
		"$(jq -n "$share | . > 2.5 and . <= $(moved .purges.count) + 0.001")" true
	balance "$1"
}

predict "maps of a page" $((lazy_max / 2 + 100)) 4096
predict "maps of 128 KiB" $((lazy_max / 33 + 10)) 131072

look a
driver run kind=sleepable ops=100 cpus=1
look b
same "ranges that were not purged are pending" "$(moved .purges.own_pending)" 100
is "iomapctl ipi shows them" \
	grep -qE "^  $backend +[0-9.k]+ .* [1-9][0-9.k]*\$" <(iomapctl ipi)

# ---- a purge by another task: loading a module unmaps all aliases ----

# shared MAPPING: prints the share of a mapping's unmaps in broadcasts, in millionths.
shared() {
	moved "([.callers[] | select(.mapping_id == $1) | .deferred.broadcasts] | add // 0)
		* 1000000 | round"
}

from_here
first=$(test_id)
driver create n=1
second=$(awk -v first="$first" \
	'($5 ~ /^test_probe/ || $5 ~ /^do_create/) && $1 != first { print $1 }' \
	$debugfs/io_mapping/mappings)
driver run kind=sleepable ops=300 cpus=1 mapping=1
rmmod test_io_mapping
load_driver
look b
pending=$(jq .purges.own_pending /tmp/a.json)
same "a module was loaded: nothing is pending" "$(jq .purges.own_pending /tmp/b.json)" 0
is "a module was loaded: mapping $first has a share" test "$(shared "$first")" -gt 0
# Shares are in millionths and rounded at each purge, which limits the difference.
is "a module was loaded: the shares are as 300 ranges of mapping $second to $pending of $first" \
	awk -v first="$(shared "$first")" -v second="$(shared "$second")" -v pending="$pending" \
		-v purges="$(moved .purges.count)" 'BEGIN {
		off = second * pending - first * 300
		printf "# shares of %d and %d millionths, off by %d\n", first, second, off
		exit (off < 0 ? -off : off) > purges * (pending + 300)
	}'
is "a module was loaded: both have less than all of the purges" \
	test $(($(shared "$first") + $(shared "$second"))) -lt \
	"$(moved '.accounting.purges.broadcasts * 1000000')"
balance "a module was loaded"
stop_daemon

# ---- a kernel that lacks two hooks ----

start_daemon --without-hook csd_function --without-hook purge
driver run kind=sleepable ops=1000 cpus=1
look b
same "without two hooks: their figures are not known" \
	"$(jq -c '[.total.stolen_ns, .other, .backends[].deferred]' /tmp/b.json)" "[null,null,null]"
same "without two hooks: these figures are missing" \
	"$(jq -r '.missing | keys | join(" ")' /tmp/b.json)" "deferred stolen"
iomapctl ipi >/tmp/ipi
same "without two hooks: iomapctl ipi is inconclusive" $? 4
is "without two hooks: and says why" grep -q 'stolen is missing: .*--without-hook' /tmp/ipi
is "without two hooks: so does status" grep -q 'csd_function is missing: ' <(iomapctl status)
from_here
"$programs/ipi-load" 60
look b
same "without two hooks: interrupts received are right" \
	"$(moved .accounting.interrupts.call.received)" "$(moved_kernel 1)"
same "without two hooks: and interrupts sent" \
	"$(moved '(.accounting | .sends + .lost.missed_sends)')" "$(moved_kernel 4)"
stop_daemon
finish
