#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unmodified qxl driver: iomapd counts as many of its maps as a kprobe of ftrace.
. tests/guest/lib.sh

probe=qxl_bo_kmap_atomic_page

# Prints how often the function ran, and how often the kprobe was skipped, if ever.
hits() {
	awk '$1 == "qxl_map" { print $2; if ($3) print "missed", $3 }' $tracing/kprobe_profile
}

# Prints the maps that iomapd counted at call sites in the function.
maps() { counted_at "$probe+"; }

still_cursor
start_daemon
is "qxl is at rest before" wait_for 60 unchanged maps
echo "p:qxl_map $probe" >>$tracing/kprobe_events || bail "$probe cannot be probed"
before=$(maps)
echo 1 >$tracing/events/kprobes/qxl_map/enable
start=$(hits)

for _ in 1 2; do
	seq 1 400 >/dev/tty0
	dd if=/dev/urandom of=/dev/fb0 bs=64k count=16 status=none
done

is "qxl comes to rest" wait_for 60 unchanged maps
drawn=$(($(hits) - start))
echo 0 >$tracing/events/kprobes/qxl_map/enable
echo "# qxl made $drawn maps"
is "qxl mapped" test "$drawn" -gt 100
same "each map was counted" $(($(maps) - before)) "$drawn"

# Prints the vendor of each device that has a mapping of qxl.
vendors() {
	json list '.mappings[] | select(.owner | startswith("qxl_")) | .device' |
		while read -r device; do
			cat "/sys/bus/pci/devices/$device/vendor"
		done | sort -u
}
same "qxl's mappings belong to a display device" "$(vendors)" 0x1b36
is "the accounting balances" balanced
leave_daemon
finish
