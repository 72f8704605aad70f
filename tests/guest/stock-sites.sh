#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's own kernel, without the patch series: iomapd counts what qxl and a driver that knows the
# truth do. /share is the folder of tests/vm/stock.
. tests/tap.sh
. tests/guest/bpf.sh

debugfs=/sys/kernel/debug
tracing=/sys/kernel/tracing
tables=/etc/iomap/sites

# ---- helpers ----

# json COMMAND FILTER: prints the result of jq's FILTER on the JSON of an iomapctl command.
json() { iomapctl "$1" --json | jq -r "$2"; }

started() { grep -q '^iomapd: serving ' /tmp/iomapd.log || ! kill -0 $daemon 2>/dev/null; }
start_daemon() {
	iomapd >/tmp/iomapd.log 2>&1 &
	daemon=$!
	wait_for 300 started
	grep -q '^iomapd: serving ' /tmp/iomapd.log ||
		bail "iomapd does not serve: $(cat /tmp/iomapd.log)"
}

# maps_of MODULE KIND: maps at the call sites of the module.
maps_of() {
	json stats "[.callers[] | select(.module == \"$1\" and .kind == \"$2\") | .maps] | add // 0"
}

# Unmaps of atomic maps, of all drivers: matched and unmatched ones, by CPU.
unmaps() { json stats '[.cpus[].unmaps.atomic, .offline_cpus.unmaps.atomic] | add'; }
lost() { json status '.accounting.lost | add'; }
seen() { json status '.accounting.seen'; }

balanced() {
	json status '.accounting | if .seen == .counted + (.lost | add) then "yes" else . end' |
		grep -qx yes
}

# A count that does not change shows that the worker that draws the console has finished.
unchanged() {
	local before

	before=$("$@")
	sleep 0.5
	[ "$("$@")" = "$before" ]
}

truth() { awk -v name="$1" '$1 == name { print $2 }' $debugfs/truth; }
act() { echo "$*" >$debugfs/truth || echo "# truth refused: $*"; }
probes() { grep -c '^p:iomap/' $tracing/kprobe_events; }

# The bus address of the memory BAR of ivshmem.
bar() {
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device/vendor" "$device/device" | tr '\n' ' ')" = "0x1af4 0x1110 " ] &&
			sed -n 3p "$device/resource" | cut -d ' ' -f 1
	done
}

load_truth() { insmod /share/truth.ko base="$(bar)" size=0x100000; }

# own NAME FIELD: hits (2) or misses (3) of a probe of this script.
own() { awk -v name="$1" -v field="$2" '$1 == name { print $field }' $tracing/kprobe_profile; }

# ---- before any module is loaded ----

echo "# $(uname -a)"
before=$(bpf_objects)
mkdir -p $tables
cp /share/sites/*.sites $tables/
start_daemon
same "status: the source" "$(json status .source)" sites
gaps() { json status '[.hooks[] | select(.state == "missing") | .name] | join(" ")'; }
same "no site is missing, as no module is loaded" "$(gaps | grep -oE 'site_[a-z]*|half_maps')" ""
echo "# missing: $(gaps)"

# ---- qxl, loaded later ----

modprobe -d /share qxl || bail "qxl does not load"
wait_for 60 test -e /sys/class/graphics/fbcon || bail "there is no console"
echo 0 >/sys/class/graphics/fbcon/cursor_blink
printf '\033[?25l' >/dev/tty0
qxl_maps() { maps_of qxl atomic; }
is "qxl is at rest before" wait_for 120 unchanged qxl_maps
is "the maps of its start are counted" test "$(qxl_maps)" -gt 0
echo "p:own/own_map qxl:qxl_bo_kmap_atomic_page" >>$tracing/kprobe_events
echo "p:own/own_unmap qxl:qxl_bo_kunmap_atomic_page" >>$tracing/kprobe_events
echo 1 >$tracing/events/own/enable
maps=$(qxl_maps) unmaps=$(unmaps) hits=$(own own_map 2) unhits=$(own own_unmap 2)
for _ in 1 2; do
	seq 1 400 >/dev/tty0
	dd if=/dev/urandom of=/dev/fb0 bs=64k count=16 status=none
done
is "qxl comes to rest" wait_for 120 unchanged qxl_maps
drawn=$(($(own own_map 2) - hits))
echo "# qxl made $drawn maps"
is "qxl mapped" test "$drawn" -gt 100
same "each map was counted" $(($(qxl_maps) - maps + $(lost))) "$drawn"
same "each unmap was counted" $(($(unmaps) - unmaps)) $(($(own own_unmap 2) - unhits))
echo 0 >$tracing/events/own/enable
printf '%s\n' "-:own/own_map" "-:own/own_unmap" >>$tracing/kprobe_events
same "no event was lost" "$(lost)" 0
is "the accounting balances" balanced
same "qxl's mappings belong to it" \
	"$(json list '[.mappings[].module] | unique | join(" ")')" qxl
same "nothing of qxl is live" "$(json list '[.mappings[].live.atomic] | add')" 0
iomapctl status | sed 's/^/# /'

# ---- the driver that knows the truth ----

load_truth || bail "truth.ko does not load"
act all 300
for kind in atomic local sleepable; do
	same "truth: $kind maps" "$(maps_of truth $kind)" "$(truth ${kind}_maps)"
done
same "truth: live atomic maps" \
	"$(json list '[.mappings[] | select(.module == "truth") | .live.atomic] | add')" 0
same "truth: its mappings" \
	"$(json list '[.mappings[] | select(.module == "truth") | .size] | join(" ")')" \
	"1048576 1048576"
same "nothing is lost" "$(lost)" 0
is "the accounting balances" balanced

# A timer maps while probes run: each event is counted or lost.
events() { echo $(($(truth atomic_maps) + $(truth atomic_unmaps))); }
was=$(events) seen=$(seen)
act timer 2000
sleep 1
same "with a timer: each event is seen" $(($(seen) - seen)) $(($(events) - was))
is "with a timer: the accounting balances" balanced
echo "# lost with a timer: $(lost)"

# ---- ten loads ----

was=$(seen) sum=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	rmmod truth
	load_truth
	act all 5
	sum=$((sum + $(truth atomic_maps) + $(truth atomic_unmaps) + $(truth local_maps)))
	sum=$((sum + $(truth sleepable_maps)))
done
# Each load makes two mappings, and each unload frees them.
same "ten loads: each event is seen" $(($(seen) - was)) $((sum + 40))
is "the accounting balances" balanced

# ---- kill -9, restart ----

kill -9 $daemon
wait $daemon 2>/dev/null
was=$(seen 2>/dev/null)
act all 7
maps=$(truth atomic_maps)
start_daemon
same "killed and started: it counted on" "$(json status .starts)" 2
is "killed and started: the accounting balances" balanced
is "killed and started: maps" test "$(maps_of truth atomic)" -ge "$maps"
kill $daemon
wait $daemon
iomapctl detach
same "detach: no probe is left" "$(probes)" 0
nothing_new() { [ "$(bpf_objects)" = "$before" ]; }
is "detach: nothing is left in the kernel" wait_for 30 nothing_new

# ---- the gate ----

gate() {
	timeout 300 iomapctl assert "$@" >/tmp/out 2>&1
	status=$?
	sed 's/^/# /' /tmp/out
}
gate --rule sleep-in-atomic --rule may-sleep-in-atomic -- sh -c "echo all 20 >$debugfs/truth"
same "assert: the rules that can be checked are kept" "$status" 0
is "assert names the source" grep -q '^source  *sites' /tmp/out
gate --rule may-sleep-in-atomic -- sh -c "echo sleep 3 >$debugfs/truth"
same "assert: a mutex with a page mapped" "$status" 1
is "assert: 3 times" grep -q 'VIOLATION: may-sleep-in-atomic, 3 times' /tmp/out
gate --rule offset-range -- sh -c "echo past-end 2 >$debugfs/truth"
same "assert: past the end" "$status" 1
gate -- sh -c "echo all 2 >$debugfs/truth"
same "assert: rules that cannot be checked" "$status" 4
same "assert leaves no probe" "$(probes)" 0

# ---- a table of another build ----

rmmod truth
for table in "$tables"/*.sites; do
	grep -qx 'module truth' "$table" && sed -i 's/^build-id ../build-id 00/' "$table"
done
start_daemon
load_truth
act all 5
same "another build: nothing is counted" "$(maps_of truth atomic)" 0
is "another build: it is named" grep -q 'truth is not watched, as its table is for another build' \
	<(json status '.hooks[].reason')
kill $daemon
wait $daemon
iomapctl detach
rm $tables/*.sites
cp "$(grep -lx 'module truth' /share/sites/*.sites)" $tables/
sed -i 's/^build-id ../build-id 00/' $tables/*.sites
timeout 60 iomapd >/tmp/out 2>&1
same "only a table of another build: exit status" $? 6
is "only a table of another build: it is named" \
	grep -q 'truth is not watched: its build-id is' /tmp/out
sed 's/^/# /' /tmp/out
same "no probe is left" "$(probes)" 0
is "nothing is left in the kernel" wait_for 30 nothing_new
finish
