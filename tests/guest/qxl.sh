#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unmodified qxl driver: its maps, counted by iomapd and by a kprobe that iomapd has no part in.
. tests/guest/lib.sh

probe=qxl_bo_kmap_atomic_page
tracing=/sys/kernel/tracing

# hits: how often the function ran; a miss would be a hit that the kprobe did not see.
hits() {
	awk '$1 == "qxl_map" { print $2; if ($3) print "missed", $3 }' $tracing/kprobe_profile
}

# maps: what iomapd counted at call sites in that function.
maps() {
	json stats "[.callers[] | select(.caller | startswith(\"$probe+\")) | .maps] | add // 0"
}

# A cursor that blinks would never let the driver rest.
echo 0 >/sys/class/graphics/fbcon/cursor_blink
printf '\033[?25l' >/dev/tty0

# The framebuffer is drawn by a worker; the driver is quiet when two looks are the same.
quiet() {
	a=$(maps)
	sleep 0.5
	[ "$a" = "$(maps)" ]
}

start_daemon
is "qxl is at rest before" wait_for 60 quiet
echo "p:qxl_map $probe" >>$tracing/kprobe_events || bail "$probe cannot be probed"
before=$(maps)
echo 1 >$tracing/events/kprobes/qxl_map/enable
start=$(hits)

for _ in 1 2; do
	seq 1 400 >/dev/tty0
	dd if=/dev/urandom of=/dev/fb0 bs=64k count=16 status=none
done

is "qxl comes to rest" wait_for 60 quiet
drawn=$(($(hits) - start))
echo 0 >$tracing/events/kprobes/qxl_map/enable
echo "# qxl made $drawn maps"
is "qxl mapped" test "$drawn" -gt 100
same "each of them was counted" $(($(maps) - before)) "$drawn"
same "qxl's mappings belong to a display device" \
	"$(for device in $(json list \
	'.mappings[] | select(.owner | startswith("qxl_")) | .device'); do
		cat "/sys/bus/pci/devices/$device/vendor"; done | sort -u)" 0x1b36
is "the books balance" books
leave_daemon
finish
