#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A first start where something is missing that iomapd can do without: it counts, and each missing
# thing has its own sentence. tests/abuse/test-first-start.sh has the starts that fail.
. tests/guest/lib.sh
# $programs, $debugfs and $backend come from there
# shellcheck disable=SC2154
refuse=${programs%/guest}/abuse/refuse

# begin COMMAND…: starts an iomapd that the command runs.
begin() {
	"$@" iomapd >/tmp/iomapd.log 2>&1 &
	daemon=$!
	wait_for 300 grep -q '^iomapd: serving ' /tmp/iomapd.log ||
		bail "iomapd does not start: $(cat /tmp/iomapd.log)"
	iomapctl status >/tmp/status
	same "$what: status is inconclusive" $? 4
	grep 'is missing' /tmp/status | sed 's/^ */# /'
}

# misses HOOK WORDS: status names the hook and gives the words as the reason.
misses() {
	is "$what: $1" grep -q "^ *$1 is missing: .*: .*$2" /tmp/status
}

what="no kprobes: a seccomp filter"
filter="a seccomp filter refuses perf_event_open(2)"
umount $debugfs/tracing 2>/dev/null
umount $debugfs || bail "debugfs cannot be unmounted"
begin "$refuse" perf_event_open
misses may_sleep "$filter"
misses broadcast "smp_call_function_many_cond cannot be probed: $filter"
what="debugfs is not mounted"
misses debugfs "debugfs is not mounted at $debugfs; mount it and restart iomapd"
is "list names it, too" grep -q "^Mappings older than iomapd are not listed: .*not mounted" \
	<(iomapctl list)
is "maps are counted" balanced
stop_daemon
"$refuse" perf_event_open iomapctl assert -- sh -c "seq 1 300 >/dev/tty0; sleep 1" >/tmp/assert
same "assert is inconclusive" $? 4
is "assert gives the reason" grep -qF "$filter" /tmp/assert
mount -t debugfs debugfs $debugfs

what="no kprobes: no permission"
paranoid=$(cat /proc/sys/kernel/perf_event_paranoid)
echo 3 >/proc/sys/kernel/perf_event_paranoid
umount /sys/fs/bpf || bail "bpffs cannot be unmounted"
begin setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin --
misses may_sleep "kernel.perf_event_paranoid above 2 needs CAP_SYS_ADMIN"
misses broadcast "kernel.perf_event_paranoid above 2 needs CAP_SYS_ADMIN"
is "no BPF file system: iomapd says what that costs" grep -q \
	"the counts will not outlive this iomapd: .*/sys/fs/bpf" /tmp/iomapd.log
grep 'outlive' /tmp/iomapd.log | sed 's/^/# /'
stop_daemon
echo "$paranoid" >/proc/sys/kernel/perf_event_paranoid
mount -t bpf bpf /sys/fs/bpf -o mode=700
finish
