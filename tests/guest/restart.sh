#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd killed again and again under load: the test driver's counts are the truth for what the next
# one tells. And what it does with pins that it cannot use, that it gives up its privileges, and
# that detach leaves nothing. What does not need the kernel's own tracepoints is in
# tests/bpf/restart.c.
# Usage: tests/guest/restart.sh [ROUNDS [quick]]; quick: no more than is different from one machine
# to another
. tests/guest/lib.sh

rounds=${1:-5}
pins=/sys/fs/bpf/iomap
log=/tmp/iomapd.log
quick=${2:-}
schema=$(sed -n 's/.*IOMAP_PIN_SCHEMA "\(.*\)"/\1/p' build/bpf/schema.h)
programs=$(sed -n 's/.*IOMAP_PROGRAMS "\(.*\)"/\1/p' build/bpf/schema.h)

# What of BPF is in the kernel, by number; the iterators of bpftool itself come and go.
in_kernel() {
	for noun in prog map link; do
		bpftool $noun list -j | jq -r \
			".[] | select((.name // \"\") | test(\"^(iter|pid_iter|dump_bpf)\") | not) | \"$noun \(.id)\""
	done
}
ours() { bpftool prog list -j | jq \
	'[.[] | select((.name // "") | startswith("iomap_"))] | length'; }
gone() { [ "$(in_kernel)" = "$before" ]; }
count_maps() { grep -c '^map ' <<<"$1"; }
two_sets() {
	[ $(($(count_maps "$(in_kernel)") - $(count_maps "$before"))) = $((2 * $(find \
		$pins/zzzzzzzzzzzz -name 'map_*' | wc -l))) ]
}
same_set() { [ "$(ours)" = "$loaded" ]; }

# begin OPTION…: as start_daemon, but the log goes on in one file.
begin() {
	iomapd "$@" >$log 2>&1 &
	daemon=$!
	wait_for 60 serving || bail "iomapd does not answer: $(cat $log)"
}

# end SIGNAL: ends it, and leaves what it pinned.
end() {
	kill "-$1" "$daemon"
	wait "$daemon" 2>/dev/null
}

notes() { sed -n 's/^iomapd: //p' $log | grep -v '^serving '; }

# maps FUNCTION: what iomapd counted at the call sites in functions whose names begin so.
maps() { json stats "[.callers[] | select(.caller | startswith(\"$1\")) | .maps] | add // 0"; }

work() { echo $(($(truth maps_atomic) + $(truth maps_local) + $(truth maps_sleepable))); }
beyond() { [ "$(work)" -gt "$1" ]; }

# Mappings come and go, and are mapped in every way, until it is told to stop.
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

# What a killed one leaves goes with detach.
detach_alone() {
	end KILL
	is "killed: its programs go on" test "$(ours)" = "$loaded"
	same "detach, without iomapd" "$(iomapctl detach | sed 's/[0-9][0-9]*/N/')" \
		"removed N maps, programs and links of iomapd from the kernel"
	is "detach, without iomapd: no file is left" test ! -e $pins
	is "detach, without iomapd: nothing is left in the kernel" wait_for 30 gone
}

before=$(in_kernel)
is "detach, when there is nothing" eval \
	'[ "$(iomapctl detach)" = "nothing of iomapd is in the kernel" ]'
begin
same "a first start has nothing to say" "$(notes)" ""
loaded=$(ours)
is "its programs are loaded" test "$loaded" -gt 10

# ---- privileges: what comes now comes after they are given up

same "no capability is left" "$(privileges)" "0000000000000000 1 "
modprobe test_io_mapping || bail "the test driver does not load"
driver run kind=atomic ops=10
is "a driver that is loaded later is named" eval \
	'[ "$(maps test_map_atomic+)" = "$(truth maps_atomic)" ]'
is "and so is its module" eval \
	'[ "$(json stats "[.callers[] | select(.module == \"test_io_mapping\")] | length")" -gt 0 ]'
is "its device is found" eval \
	'[ "$(json list "[.mappings[] | select(.module == \"test_io_mapping\" and .device)]
		| length")" -gt 0 ]'

# ---- killed under load

iomapctl events -f --json >/tmp/follow 2>/tmp/follow.err &
wait_for 20 test -s /tmp/follow || bail "no event is told"
others=$(($(json status .mappings.created) - $(truth created)))
since=$(json status .counting_since_unix_ns)
load &
for ((i = 0; i < rounds; i++)); do
	at=$(work)
	wait_for 120 beyond $((at + 100 + RANDOM % 1000)) || bail "the load does not go on"
	end KILL
	at=$(work)
	wait_for 120 beyond $((at + 500)) || bail "the load does not go on without iomapd"
	begin
done
same "$rounds times killed: nothing is said of it" "$(notes)" ""
touch /tmp/stop
wait_for 120 test -e /tmp/stopped || bail "the load does not end"

for kind in atomic local sleepable; do
	is "$kind: the test driver mapped" test "$(truth maps_$kind)" -gt $((rounds * 100))
	same "$kind: each map was counted, once" "$(maps test_map_$kind+)" "$(truth maps_$kind)"
done
same "each unmap was counted, once" "$(json stats '[.backends[] | .live[]] | add')" 0
same "each of a map that was seen" "$(json status '.unattributed | "\(.maps) \(.unmaps)"')" "0 0"
same "each mapping was counted" "$(json status '.mappings | "\(.created) \(.freed)"')" \
	"$((others + $(truth created))) $(truth freed)"
is "the books balance" books
same "counting began when it did" "$(json status .counting_since_unix_ns)" "$since"
same "through so many starts" "$(json status .starts)" $((rounds + 1))
same "with the same programs" "$(ours)" "$loaded"

# told TYPE: how many events of a type the follower heard of.
told() { jq -s "[.[] | select(.event.type == \"$1\")] | length" /tmp/follow; }
all_told() { [ "$(told free)" = "$(truth freed)" ]; }
is "who follows hears of each mapping that was freed" wait_for 20 all_told
same "and of each that was created" "$(told create)" "$(truth created)"
same "in their order, none twice, none left out" \
	"$(jq -s '[.[].event.seq] | . == [range(.[0]; .[0] + length)]' /tmp/follow)" true
same "it connected as often as iomapd came" "$(grep -c '^iomapctl: connected again$' \
	/tmp/follow.err)" "$rounds"

# ---- what happens meanwhile is told, with the names of a module that is gone

end KILL
sh -c "echo 'break rule=unmap-order kind=atomic n=3' >$driver/control"
counted=$(truth maps_atomic)
rmmod test_io_mapping
begin
violations() { jq -rs '[.[].event.violation | select(.) | "\(.rule) \(.module)"] | join("; ")' \
	"$1"; }
followed() { [ -n "$(violations /tmp/follow)" ]; }
is "a rule broken while no iomapd ran is told" wait_for 20 followed
same "which one, and by whom" "$(violations /tmp/follow)" "unmap-order test_io_mapping"
is "its stack is named" eval \
	'jq -rs ".[].event.violation | select(.) | .stack[]" /tmp/follow | grep -q "\[test_io_mapping\]$"'
same "each map was counted" "$(maps test_map_atomic+)" "$counted"
modprobe test_io_mapping
sh -c "echo 'break rule=unmap-order kind=atomic n=3' >$driver/control"

if [ "$quick" ]; then
	detach_alone
	finish
	exit
fi

# ---- an end by SIGTERM, and an event that is told once

end TERM
begin
iomapctl events --json >/tmp/events
same "after SIGTERM: the past is known" "$(violations /tmp/events | tr ';' '\n' |
	head -n 1)" "unmap-order test_io_mapping"
same "the same events, with the same numbers" "$(jq -c '[.event.seq, .event.time_ns, .event.type]' \
	/tmp/events | tail -n 5)" \
	"$(wait_for 20 eval \
	'[ "$(tail -n 1 /tmp/follow | jq .event.seq)" = "$(tail -n 1 /tmp/events | jq .event.seq)" ]'
	jq -c '[.event.seq, .event.time_ns, .event.type]' /tmp/follow | tail -n 5)"
same "none was told twice" "$(jq -s '[.[].event.seq] | . == [range(.[0]; .[0] + length)]' \
	/tmp/follow)" true
is "the books still balance" books

# ---- two of them

timeout 60 iomapd --socket /tmp/other >/tmp/second 2>&1
same "a second one is refused" "$? $(cat /tmp/second)" \
	"5 iomapd: another iomapd is at work: it holds $pins"
is "the first one goes on" books

# ---- an upgrade whose programs are others, one whose records are others

# variant TEXT: iomapd with that in place of the schema or of the hash of its programs.
variant() {
	sed "s/$1/zzzzzzzzzzzz/g" "$(command -v iomapd)" >/tmp/iomapd
	chmod +x /tmp/iomapd
	PATH=/tmp:$PATH begin
}
seen=$(maps test_map_atomic+)
end TERM
variant "$programs"
is "other programs: said" eval \
	'[[ $(notes) == "the BPF programs are still those of the iomapd "* ]]'
same "other programs: it goes on counting" "$(maps test_map_atomic+)" "$seen"
is "other programs: status tells, too" eval \
	'iomapctl status | grep -q "^note  *the BPF programs are still those"'
end KILL
variant "$schema"
same "another schema: said" "$(notes)" \
	"counters start at zero: what an iomapd of another schema ($schema) left is set aside in $pins/aside"
is "another schema: the counts are new" eval '[ "$(maps test_map_atomic+)" = 0 ]'
is "another schema: only one set of programs runs" wait_for 20 same_set
is "another schema: the maps of before are there" \
	eval 'bpftool map dump pinned $pins/aside/map_mappings >/tmp/dump'
same "another schema: no program of before" "$(find $pins/aside ! -name 'map_*' -type f | wc -l)" 0
end TERM

# ---- other options; half a set; each of that other schema

PATH=/tmp:$PATH begin --max-hold 1ms --hold-times all
same "other options: said" "$(notes)" \
	"counters start at zero: what an earlier iomapd left is set aside in $pins/aside, as it was made with other options (hold-times, max-hold)"
same "other options: in force" "$(json status .hold_timing)" all
is "other options: only one set of programs runs" wait_for 20 same_set
end KILL
rm $pins/zzzzzzzzzzzz/link_0
PATH=/tmp:$PATH begin --max-hold 1ms --hold-times all
is "half a set: said" eval \
	'[[ $(notes) =~ ^"counters start at zero: ".*", as "[0-9]+" of its "[0-9]+" links are there"$ ]]'
is "half a set: only one set of programs runs" wait_for 20 same_set
is "set aside three times: of maps there are two sets, that in use and the last one before" \
	wait_for 20 two_sets
driver run kind=atomic ops=10
same "all of that: it counts" "$(maps test_map_atomic+)" 10
detach_alone

# ---- no BPF file system, and an iomapd with another socket

umount /sys/fs/bpf
iomapd --socket /tmp/other >$log 2>&1 &
daemon=$!
at_work() { [ "$(ours)" -ge "$loaded" ] && [ -S /tmp/other ]; }
wait_for 60 at_work || bail "iomapd does not start elsewhere"
same "no bpffs: it is mounted" "$(stat -f -c %T /sys/fs/bpf)" bpf_fs
is "no bpffs: the pins are there" test -d $pins/"$schema"
iomapctl detach >/tmp/detach 2>&1
same "detach, with an iomapd elsewhere" "$? $(cat /tmp/detach)" \
	"5 iomapctl: an iomapd is running, but does not answer at /run/iomapd/iomapd.sock: name its socket with --socket, or end it"
is "detach without privilege" eval \
	'[ "$(setpriv --reuid=1000 --regid=1000 --clear-groups iomapctl detach 2>&1)" = "iomapctl: no permission to detach iomapd: run this as root" ]'
iomapctl --socket /tmp/other detach >/tmp/detach
same "detach, with its socket: exit status of iomapd" "$(wait "$daemon"; echo $?)" 0
same "detach, with its socket: what it says" "$(sed 's/[0-9][0-9]*/N/' /tmp/detach)" \
	"ended iomapd (pid N)
removed N maps, programs and links of iomapd from the kernel"
is "detach, with its socket: no file is left" test ! -e $pins
is "detach, with its socket: nothing is left in the kernel" wait_for 30 gone
umount /sys/fs/bpf
setpriv --bounding-set=-sys_admin iomapd >$log 2>&1 &
daemon=$!
wait_for 60 serving || bail "iomapd does not answer: $(cat $log)"
same "no bpffs, and no right to mount it: said" "$(notes)" \
	"the counts will not outlive this iomapd: there is no BPF file system at /sys/fs/bpf, and it cannot be mounted: Operation not permitted"
end TERM
is "no bpffs: nothing is left in the kernel" wait_for 30 gone
finish
