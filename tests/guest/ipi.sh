#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Interrupts between CPUs: the books against the kernel's own counters, with foreign ones beside,
# and the number of broadcasts where it can be foretold.
. tests/guest/lib.sh

cpus=$(nproc)
tracing=/sys/kernel/tracing
echo "# backend $backend, $(uname -r), $cpus CPUs"

# Where the worker that purges can come between the maps, it may do so more than once; and a kprobe
# or two are passed by, while a task that was preempted in the middle of reading a BPF map waits for
# its CPU.
preempted=
case $(uname -v) in
*PREEMPT*) preempted=1 ;;
esac

# The daemon, this shell and what it starts stay on one CPU, so that asking sends no interrupts.
taskset -pc 0 $$ >/dev/null
modprobe test_io_mapping || bail "the test driver does not load"
echo 0 >/sys/class/graphics/fbcon/cursor_blink
printf '\033[?25l' >/dev/tty0
programs=$(dirname "$(command -v iomapd)")/tests/guest
for event in ipi/ipi_send_cpu ipi/ipi_send_cpumask csd/csd_queue_cpu; do
	echo "hist:keys=common_cpu" >$tracing/events/$event/trigger || bail "no histogram of $event"
done

# Takes what the kernel and what iomapd counted, in a moment in which nothing was sent, into
# $1.kernel and $1.json.
look() {
	rm -f "/tmp/$1".*
	"$programs/ipi-look" /run/iomapd/iomapd.sock "/tmp/$1" || bail "no look at the counters"
	jq .parameters "/tmp/$1.reply" >"/tmp/$1.json"
}

# moved FILTER: by how much a figure moved between the looks a and b.
moved() {
	jq -n --slurpfile a /tmp/a.json --slurpfile b /tmp/b.json "(\$b[0] | $1) - (\$a[0] | $1)"
}
moved_kernel() { paste -d' ' /tmp/a.kernel /tmp/b.kernel |
	awk -v n="$1" '{ print $(n + 5) - $n }'; }

# The books between the looks a and b.
balance() {
	same "$1: function calls received, as in /proc/interrupts" \
		"$(moved .accounting.interrupts.call.received)" "$(moved_kernel 1)"
	same "$1: reschedules received" "$(moved .accounting.interrupts.reschedule.received)" \
		"$(moved_kernel 2)"
	same "$1: irq work received" "$(moved .accounting.interrupts.irq_work.received)" \
		"$(moved_kernel 3)"
	same "$1: sends, and those that were passed by, as the tracepoints count" \
		"$(moved '(.accounting | .sends + .lost.missed_sends)')" "$(moved_kernel 4)"
	same "$1: functions queued for other CPUs, and those that were passed by, likewise" \
		"$(moved '(.accounting | .direct.calls + .purges.calls + .reserve.calls + .other.calls + .lost.missed_calls)')" \
		"$(moved_kernel 5)"
	same "$1: direct + purges + reserve + other = all that were sent" \
		"$(moved '(.accounting | .direct.ipis + .purges.ipis + .reserve.ipis + .other.ipis)')" \
		"$(moved '([.accounting.interrupts[].sent] | add // 0)')"
	same "$1: from CPU to CPU, the same" "$(moved \
		'([.cpus[] | .direct + .flushes + .other] | add // 0)')" \
		"$(moved .total.ipis)"
	same "$1: direct + deferred + other = all, but for what is rounded off" "$(jq \
		'(([.backends[] | .direct.ipis + .deferred.ipis] | add // 0) + .other.ipis - .total.ipis)
		 | fabs < 0.001' /tmp/b.json)" true
	# One to a CPU with interrupts off may have been under way at the first look.
	is "$1: no more calls received than sent" test \
		"$(moved '(.accounting.interrupts.call | .sent - .received)')" -ge $((-cpus))
	echo "# $1: passed by: $(moved .accounting.lost.missed_sends) sends, $(moved \
		.accounting.lost.missed_calls) calls"
	same "$1: nothing else was lost" \
		"$(jq -c --argjson some "$((${preempted:-0} * 2))" \
		'.accounting.lost | del(.missed_sends, .missed_calls) |
			if .missed <= $some then del(.missed) else . end | map_values(select(. > 0))' /tmp/b.json)" "{}"
}

start_daemon

# ---- a kernel that flushes at each unmap, also of what reading the counters maps: never quiet ----

if grep -q debug_pagealloc=on /proc/cmdline; then
	iomapctl ipi --json >/tmp/a.json
	driver run kind=sleepable ops=1000 cpus=0-1
	driver run kind=sleepable ops=500 size=131072 pages=16 cpus=1
	iomapctl ipi --json >/tmp/b.json
	same "debug_pagealloc: each unmap flushes at once" "$(moved \
		.accounting.direct.broadcasts)" 1500
	is "debug_pagealloc: each to all other CPUs" test "$(moved \
		'(.accounting | .direct.calls + .lost.missed_calls)')" -ge $((1500 * (cpus - 1)))
	is "debug_pagealloc: the callers wait" test "$(moved \
		'([.callers[].direct.wait_ns] | add // 0)')" -gt 0
	is "debug_pagealloc: the other CPUs work" test \
		"$(moved '([.callers[].direct.stolen_ns] | add // 0)')" -gt 0
	same "debug_pagealloc: all of it has a call site" "$(moved \
		'([.callers[].direct.broadcasts] | add // 0)')" 1500
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
same "none of it is direct" "$(moved .accounting.direct.ipis)" 0
balance "foreign load"

cp /tmp/b.json /tmp/a.json
cp /tmp/b.kernel /tmp/a.kernel
"$programs/ipi-load" 100 &
loading=$!
driver run kind=atomic ops=20000 pages=256 pattern=random
driver run kind=local ops=20000 pages=256 pattern=random
driver run kind=sleepable ops=10000 pages=64 size=65536 cpus=0-1
wait $loading
driver run kind=sleepable ops=2000 irq_us=1000 migrate=1 cpus=0-1
rmmod test_io_mapping
modprobe test_io_mapping
look b
balance "maps and foreign load"
is "other did not get it all, nor nothing" test "$(moved '(.other.ipis | floor)')" -gt 0
if [ "$backend" = ioremap ]; then
	is "atomic and local maps flush the reserve" test "$(moved \
		.accounting.reserve.broadcasts)" -gt 0
	same "which is deferred, all of it" \
		"$(jq '.backends.ioremap.deferred.ipis >= .accounting.reserve.ipis' /tmp/b.json)" \
		true
fi

# ---- what can be foretold ----

if [ "$backend" = linear ]; then
	driver run kind=sleepable ops=20000
	driver run kind=atomic ops=20000
	look b
	same "linear: no interrupt is a map's" \
		"$(jq -c '[.backends.linear | .direct.ipis, .deferred.ipis, .pending]' \
		/tmp/b.json)" "[0,0,0]"
	same "linear: nobody is charged" "$(jq '.callers | length' /tmp/b.json)" 0
	stop_daemon
	finish
fi

# The first n for which fls(CPUs) = n.
fls=0
while [ $((1 << fls)) -le "$cpus" ]; do fls=$((fls + 1)); done
lazy_max=$((fls * 8192))	# pages that the queue holds before it is purged
caller='.callers[] | select(.kind == "sleepable" and (.caller | startswith("test_map_sleepable+")))'

purges() { json ipi .purges.count; }
purged() { [ "$(purges)" -ge "$1" ]; }

# batch OPS SIZE: maps and unmaps until the queue just overflows, and waits for the purge.
batch() {
	local before
	before=$(purges)
	driver run kind=sleepable ops="$1" size="$2" pages=16 cpus=1
	wait_for 20 purged $((before + 1)) || echo "# no purge came"
}

# foretell NAME OPS SIZE: three batches, three purges, a broadcast for each.
foretell() {
	local try

	# Somebody else may purge meanwhile, such as who frees a BPF program of another: it does not each time.
	for try in 1 2 3; do
		batch "$2" "$3"	# empties the queue of what others left there
		look a
		batch "$2" "$3"
		batch "$2" "$3"
		batch "$2" "$3"
		look b
		[ -z "$preempted" ] && [ "$(moved .purges.count)" != 3 ] || break
		echo "# $(moved .purges.count) purges at try $try"
	done
	if [ "$preempted" ]; then
		is "$1: $((3 * $2)) maps, at least three purges" test "$(moved .purges.count)" -ge 3
	else
		same "$1: $((3 * $2)) maps, three purges" "$(moved .purges.count)" 3
	fi
	same "$1: a broadcast for each" "$(moved .accounting.purges.broadcasts)" "$(moved .purges.count)"
	is "$1: each to all other CPUs" test "$(moved '(.accounting | .purges.calls + .lost.missed_calls)')" -ge $((3 * (cpus - 1)))
	same "$1: the maps queued a range each" "$(moved .purges.own_queued)" $((3 * $2))
	same "$1: the share of the maps is nearly all" "$(jq -n "$(moved "([$caller | .deferred.broadcasts] | add // 0)") |
		. > 2.5 and . <= $(moved .purges.count) + 0.001")" true
	balance "$1"
}

foretell "maps of a page" $((lazy_max / 2 + 100)) 4096
foretell "maps of 128 KiB" $((lazy_max / 33 + 10)) 131072

look a
driver run kind=sleepable ops=100 cpus=1
look b
same "what was not purged is pending" "$(moved .purges.own_pending)" 100
is "which is shown" sh -c "iomapctl ipi | grep -qE '^  $backend +[0-9.k]+ .* [1-9][0-9.k]*\$'"

# ---- a purge by another task: loading a module unmaps all aliases ----

# shared MAPPING: the share of a mapping's unmaps in broadcasts, in millionths, between a and b.
shared() {
	moved "([.callers[] | select(.mapping_id == $1) | .deferred.broadcasts] | add // 0) * 1000000 | round"
}

cp /tmp/b.json /tmp/a.json
cp /tmp/b.kernel /tmp/a.kernel
first=$(test_id)
driver create n=1
second=$(awk -v first="$first" '($5 ~ /^test_probe/ || $5 ~ /^do_create/) && $1 != first { print $1 }' \
	$debugfs/io_mapping/mappings)
driver run kind=sleepable ops=300 cpus=1 mapping=1
rmmod test_io_mapping
modprobe test_io_mapping
look b
pending=$(jq .purges.own_pending /tmp/a.json)
same "a module was loaded: nothing is pending" "$(jq .purges.own_pending /tmp/b.json)" 0
is "a module was loaded: mapping $first bears a share" test "$(shared "$first")" -gt 0
# Shares are kept in millionths, rounded for each purge: that much they may be off.
is "a module was loaded: mapping $second had 300 ranges to $pending, and bears as much more" \
	awk -v first="$(shared "$first")" -v second="$(shared "$second")" -v pending="$pending" \
		-v purges="$(moved .purges.count)" 'BEGIN {
		off = second * pending - first * 300
		printf "# shares of %d and %d millionths, off by %d\n", first, second, off
		exit (off < 0 ? -off : off) > purges * (pending + 300)
	}'
is "a module was loaded: not all of the purges was theirs" \
	test $(($(shared "$first") + $(shared "$second"))) -lt "$(moved '.accounting.purges.broadcasts * 1000000')"
balance "a module was loaded"
stop_daemon

# ---- a kernel that lacks a hook ----

start_daemon --without-hook csd_function --without-hook purge
driver run kind=sleepable ops=1000 cpus=1
look b
same "without two hooks: what they tell is not known" \
	"$(jq -c '[.total.stolen_ns, .other, .backends[].deferred]' /tmp/b.json)" "[null,null,null]"
same "the gaps are named" "$(jq -r '.missing | keys | join(" ")' /tmp/b.json)" "deferred stolen"
is "in the table, too" sh -c "iomapctl ipi | grep -q 'stolen is missing: .*--without-hook'"
is "and in the status" sh -c "iomapctl status | grep -q 'csd_function is missing: '"
iomapctl ipi >/dev/null
same "which makes it inconclusive" $? 4
cp /tmp/b.json /tmp/a.json
cp /tmp/b.kernel /tmp/a.kernel
"$programs/ipi-load" 60
look b
same "other figures stay right: received" "$(moved .accounting.interrupts.call.received)" "$(moved_kernel 1)"
same "and sent" "$(moved '(.accounting | .sends + .lost.missed_sends)')" "$(moved_kernel 4)"
stop_daemon
finish
