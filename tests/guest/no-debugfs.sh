#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel booted with debugfs=off or debugfs=no-mount: list, status, assert and iomaptop say which
# mappings and which rule lack, and why. All else works. The maps are those of qxl's console, as the
# test driver is steered through debugfs.
. tests/tap.sh

why="base, size and owner of mappings older than iomapd are not known: this kernel has no debugfs:"
why="$why it was booted with debugfs=off or debugfs=no-mount, or lacks CONFIG_DEBUG_FS"
draw="seq 1 300 >/dev/tty0"

grep -o 'debugfs=[a-z-]*' /proc/cmdline | sed 's/^/# /'
echo 0 >/sys/class/graphics/fbcon/cursor_blink	# the cursor would be drawn before we look
is "there is no debugfs" test ! -d /sys/kernel/debug
iomapd >/tmp/log 2>&1 &
daemon=$!
wait_for 300 grep -q '^iomapd: serving ' /tmp/log || bail "iomapd does not start: $(cat /tmp/log)"

iomapctl list >/tmp/list
same "list: no claim that there is no mapping, and the reason" "$(cat /tmp/list)" \
	"No mapping was created since iomapd began to count.
Mappings older than iomapd are not listed: $why"
same "list --json" "$(iomapctl list --json | jq -r .missing)" "$why"
same "iomaptop" "$(iomaptop -b -n 1 | grep '^No mapping')" \
	"No mapping since iomapd started; older ones are not known ('iomapctl list')."

sh -c "$draw"
maps() { [ "$(iomapctl stats --json | jq '[.callers[].maps] | add // 0')" -gt 0 ]; }
is "maps are counted" wait_for 60 maps
iomapctl status >/tmp/status
same "status is inconclusive" $? 4
is "status: the hook" grep -qF "debugfs is missing: $why" /tmp/status
is "status: the rule" grep -Eq "^ +offset-range +missing +base, size and owner" /tmp/status
is "status: no other rule is missing" test "$(grep -cE '^ +[a-z-]+ +missing ' /tmp/status)" = 1
is "status: the accounting balances" grep -q '^accounting *balanced' /tmp/status
kill $daemon
wait $daemon
same "iomapd ends" $? 0
iomapctl detach >/dev/null

iomapctl assert -- sh -c "$draw; sleep 1" >/tmp/assert
same "assert is inconclusive" $? 4
is "assert: the rule and the reason" grep -qF \
	"in doubt: offset-range is not checked, or not completely: $why" /tmp/assert
same "assert: no other doubt" "$(grep -c '^in doubt:' /tmp/assert)" 1
iomapctl assert --rule unmap-order --rule sleep-in-atomic -- sh -c "$draw; sleep 1" >/tmp/assert
same "assert passes with rules that need no debugfs" $? 0
grep -v '^ok' /tmp/assert | sed 's/^/# /'
finish
