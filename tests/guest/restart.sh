#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd is killed several times under load, and the counts of the last one equal those of the test
# driver. Also: pins that cannot be reused, privileges, and detach. tests/bpf/restart.c tests what
# needs no tracepoints of io_mapping.
# Usage: tests/guest/restart.sh [ROUNDS [quick]]   quick: only the first half
. tests/guest/lib.sh
. tests/guest/bpf.sh

rounds=${1:-5}
quick=${2:-}
pins=/sys/fs/bpf/iomap
log=/tmp/iomapd.log
schema=$(sed -n 's/.*IOMAP_PIN_SCHEMA "\(.*\)"/\1/p' build/bpf/schema.h)
programs_hash=$(sed -n 's/.*IOMAP_PROGRAMS "\(.*\)"/\1/p' build/bpf/schema.h)
fresh="counters start at zero: the pinned set of an"	# the start of a note

# Prints the number of iomapd's programs in the kernel.
ours() {
	bpftool prog list -j | jq '[.[] | select((.name // "") | startswith("iomap_"))] | length'
}
gone() { [ "$(bpf_objects)" = "$before" ]; }
count_maps() { grep -c '^map ' <<<"$1"; }
two_sets() {
	[ $(($(count_maps "$(bpf_objects)") - $(count_maps "$before"))) = \
		$((2 * $(find $pins/zzzzzzzzzzzz -name 'map_*' | wc -l))) ]
}
same_set() { [ "$(ours)" = "$loaded" ]; }

# begin OPTION…: starts iomapd and waits until it answers.
begin() {
	iomapd "$@" >$log 2>&1 &
	daemon=$!
	wait_for 60 serving || bail "iomapd does not answer: $(cat $log)"
}

# end SIGNAL: ends iomapd, which leaves its pins.
end() {
	kill "-$1" "$daemon"
	wait "$daemon" 2>/dev/null
}

# Prints iomapd's notes on its start.
notes() { sed -n 's/^iomapd: //p' $log | grep -v '^serving '; }

# noted PATTERN: passes if the notes match the glob pattern.
# shellcheck disable=SC2053 # a pattern
noted() { [[ $(notes) == $1 ]] || { notes | sed 's/^/# /'; return 1; }; }

work() { echo $(($(truth maps_atomic) + $(truth maps_local) + $(truth maps_sleepable))); }
beyond() { [ "$(work)" -gt "$1" ]; }

# Creates, maps in all ways and frees mappings until /tmp/stop exists.
load() {
	while [ ! -e /tmp/stop ]; do
		driver create n=2
		driver run kind=atomic ops=300 depth=3 mapping=all cpus=0-3 irq_us=2000
		driver run kind=local ops=100 mapping=all cpus=0-1 sleep_us=50
		driver run kind=sleepable ops=100 depth=2 mapping=all cpus=0-1
		driver free n=2
	done
	touch /tmp/stopped
}

# Kills iomapd and removes everything that it left.
detach_alone() {
	end KILL
	same "killed: its programs still run" "$(ours)" "$loaded"
	same "detach, without iomapd" "$(iomapctl detach | sed 's/[0-9][0-9]*/N/')" \
		"removed N maps, programs and links of iomapd from the kernel"
	is "detach, without iomapd: no file is left" test ! -e $pins
	is "detach, without iomapd: nothing is left in the kernel" wait_for 30 gone
}

before=$(bpf_objects)
same "detach, when there is nothing" "$(iomapctl detach)" "nothing of iomapd is in the kernel"
begin
same "a first start has no notes" "$(notes)" ""
loaded=$(ours)
is "its programs are loaded" test "$loaded" -gt 10

# ---- iomapd has given up its privileges before all that follows

same "no capability is left" "$(privileges)" "0000000000000000 1 "
load_driver
driver run kind=atomic ops=10
same "a driver that is loaded later: its functions have names" "$(counted_at test_map_atomic+)" \
	"$(truth maps_atomic)"
is "a driver that is loaded later: its module is known" test \
	"$(json stats '[.callers[] | select(.module == "test_io_mapping")] | length')" -gt 0
is "a driver that is loaded later: its device is known" test "$(json list \
	'[.mappings[] | select(.module == "test_io_mapping" and .device)] | length')" -gt 0

# ---- killed under load

iomapctl events -f --json >/tmp/follow 2>/tmp/follow.err &
wait_for 20 test -s /tmp/follow || bail "there is no event"
others=$(($(json status .mappings.created) - $(truth created)))
since=$(json status .counting_since_unix_ns)
load &
for ((i = 0; i < rounds; i++)); do
	at=$(work)
	wait_for 120 beyond $((at + 100 + RANDOM % 1000)) || bail "the load has stopped"
	end KILL
	at=$(work)
	wait_for 120 beyond $((at + 500)) || bail "the load has stopped without iomapd"
	begin
done
same "killed $rounds times: no notes" "$(notes)" ""
touch /tmp/stop
wait_for 120 test -e /tmp/stopped || bail "the load does not end"

for kind in atomic local sleepable; do
	is "$kind: the test driver mapped" test "$(truth maps_$kind)" -gt $((rounds * 100))
	same "$kind: each map was counted, once" "$(counted_at test_map_$kind+)" \
		"$(truth maps_$kind)"
done
same "each unmap was counted, once" "$(json stats '[.backends[] | .live[]] | add')" 0
same "no map or unmap is unattributed" \
	"$(json status '.unattributed | "\(.maps) \(.unmaps)"')" "0 0"
same "each mapping was counted" "$(json status '.mappings | "\(.created) \(.freed)"')" \
	"$((others + $(truth created))) $(truth freed)"
is "the accounting balances" balanced
same "the start of counting did not change" "$(json status .counting_since_unix_ns)" "$since"
same "the starts of iomapd are counted" "$(json status .starts)" $((rounds + 1))
same "the programs are the same" "$(ours)" "$loaded"

# followed TYPE: prints how many events of a type the follower received.
followed() { jq -s "[.[] | select(.event.type == \"$1\")] | length" /tmp/follow; }
all_followed() { [ "$(followed free)" = "$(truth freed)" ]; }
# in_order FILE: prints true if the numbers of the events are consecutive.
in_order() { jq -s '[.[].event.seq] | . == [range(.[0]; .[0] + length)]' "$1"; }
is "the follower received each free" wait_for 20 all_followed
same "and each create" "$(followed create)" "$(truth created)"
same "in their order, none twice, none left out" "$(in_order /tmp/follow)" true
same "it connected again after each start of iomapd" \
	"$(grep -c '^iomapctl: connected again$' /tmp/follow.err)" "$rounds"

# ---- a rule is broken while no iomapd runs, by a module that is unloaded

break_order() { sh -c "echo 'break rule=unmap-order kind=atomic n=3' >$driver/control"; }
violations() {
	jq -rs '[.[].event.violation | select(.) | "\(.rule) \(.module)"] | join("; ")' "$1"
}
has_violation() { [ -n "$(violations /tmp/follow)" ]; }
stacks() { jq -rs '.[].event.violation | select(.) | .stack[]' /tmp/follow; }

end KILL
break_order
counted=$(truth maps_atomic)
rmmod test_io_mapping
begin
is "a violation while no iomapd ran is reported" wait_for 20 has_violation
same "with its rule and module" "$(violations /tmp/follow)" "unmap-order test_io_mapping"
is "with the names of its stack" grep -q '\[test_io_mapping\]$' <(stacks)
same "each map was counted" "$(counted_at test_map_atomic+)" "$counted"
load_driver
break_order

if [ "$quick" ]; then
	detach_alone
	finish
	exit
fi

# ---- SIGTERM, and each event is reported once

end TERM
begin
iomapctl events --json >/tmp/events
same "after SIGTERM: past violations are known" \
	"$(violations /tmp/events | tr ';' '\n' | head -n 1)" "unmap-order test_io_mapping"
last_seq() { tail -n 1 "$1" | jq .event.seq; }
up_to_date() { [ "$(last_seq /tmp/follow)" = "$(last_seq /tmp/events)" ]; }
is "after SIGTERM: the follower has all events" wait_for 20 up_to_date
last_events() { jq -c '[.event.seq, .event.time_ns, .event.type]' "$1" | tail -n 5; }
same "after SIGTERM: they have the same numbers" "$(last_events /tmp/follow)" \
	"$(last_events /tmp/events)"
same "after SIGTERM: none was reported twice" "$(in_order /tmp/follow)" true
is "after SIGTERM: the accounting balances" balanced

# ---- two at the same time

timeout 60 iomapd --socket /tmp/other >/tmp/second 2>&1
same "a second iomapd is refused" "$? $(cat /tmp/second)" \
	"5 iomapd: another iomapd is at work: it holds $pins"
is "the first one still counts" balanced

# ---- an upgrade to other programs, and one to another schema

# variant HASH: starts an iomapd with zzzzzzzzzzzz in place of a hash.
variant() {
	sed "s/$1/zzzzzzzzzzzz/g" "$(command -v iomapd)" >/tmp/iomapd
	chmod +x /tmp/iomapd
	PATH=/tmp:$PATH begin
}
seen=$(counted_at test_map_atomic+)
end TERM
variant "$programs_hash"
is "other programs: noted" noted "the BPF programs are still those of the iomapd *"
same "other programs: the counts are kept" "$(counted_at test_map_atomic+)" "$seen"
is "other programs: status has the note, too" \
	grep -q "^note  *the BPF programs are still those" <(iomapctl status)
end KILL
variant "$schema"
same "another schema: noted" "$(notes)" \
	"$fresh iomapd of another schema is set aside in $pins/aside/$schema"
same "another schema: the counts start at zero" "$(counted_at test_map_atomic+)" 0
is "another schema: only one set of programs runs" wait_for 20 same_set
old_map() { bpftool map dump pinned $pins/aside/"$schema"/map_mappings >/tmp/dump; }
is "another schema: the old maps still exist" old_map
same "another schema: no old program exists" \
	"$(find $pins/aside ! -name 'map_*' -type f | wc -l)" 0
end TERM

# ---- other options, and an incomplete set; both with the other schema

PATH=/tmp:$PATH begin --max-hold 1ms --hold-times all
same "other options: noted" "$(notes)" "$fresh earlier iomapd is set aside in\
 $pins/aside/zzzzzzzzzzzz, as it was made with other options (hold-times, max-hold)"
same "other options: in use" "$(json status .hold_timing)" all
is "other options: only one set of programs runs" wait_for 20 same_set
end KILL
rm $pins/zzzzzzzzzzzz/link_0
PATH=/tmp:$PATH begin --max-hold 1ms --hold-times all
is "an incomplete set: noted" noted "counters start at zero: *, as * of its * links are there"
is "an incomplete set: only one set of programs runs" wait_for 20 same_set
is "set aside three times: there are two sets of maps, the new one and the previous one" \
	wait_for 20 two_sets
driver run kind=atomic ops=10
same "after all this, iomapd counts" "$(counted_at test_map_atomic+)" 10
detach_alone

# ---- no BPF file system, and iomapd at another socket

umount /sys/fs/bpf
iomapd --socket /tmp/other >$log 2>&1 &
daemon=$!
at_work() { [ "$(ours)" -ge "$loaded" ] && [ -S /tmp/other ]; }
wait_for 60 at_work || bail "iomapd does not start at another socket"
same "no bpffs: iomapd mounts it" "$(stat -f -c %T /sys/fs/bpf)" bpf_fs
is "no bpffs: the pins are there" test -d $pins/"$schema"
same "detach without privilege" \
	"$(setpriv --reuid=1000 --regid=1000 --clear-groups iomapctl detach 2>&1)" \
	"iomapctl: no permission to detach iomapd: run this as root"
iomapctl detach >/tmp/detach
wait "$daemon"
same "detach, with iomapd at another socket: exit status of iomapd" $? 0
same "detach, with iomapd at another socket: the output" "$(sed 's/[0-9][0-9]*/N/' /tmp/detach)" \
	"ended iomapd (pid N)
removed N maps, programs and links of iomapd from the kernel"
is "detach, with iomapd at another socket: no file is left" test ! -e $pins
is "detach, with iomapd at another socket: nothing is left in the kernel" wait_for 30 gone
umount /sys/fs/bpf
setpriv --bounding-set=-sys_admin iomapd >$log 2>&1 &
daemon=$!
wait_for 60 serving || bail "iomapd does not answer: $(cat $log)"
same "no bpffs, and no right to mount it: noted" "$(notes)" \
	"the counts will not outlive this iomapd: there is no BPF file system at /sys/fs/bpf, and\
 it cannot be mounted: Operation not permitted"
end TERM
is "no bpffs: nothing is left in the kernel" wait_for 30 gone
finish
