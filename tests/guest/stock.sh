#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The programs on Debian's own kernel: they say what it lacks and where to get it, and leave nothing
# behind.
. tests/tap.sh

kernel=$(uname -r)
lacks="this kernel ($kernel) has no io_mapping tracepoints; boot one with the patch series, which is in kernel-patch/ of iomap's source: see Kernel in iomapd(8)"

# What of BPF is in the kernel, by number.
in_kernel() {
	for noun in prog map link; do
		bpftool $noun list -j | jq -r \
			".[] | select((.name // \"\") | test(\"^(iter|pid_iter|dump_bpf)\") | not) | \"$noun \(.id)\""
	done
}
before=$(in_kernel)
nothing_new() { [ "$(in_kernel)" = "$before" ]; }

echo "# $(uname -a)"
timeout 60 iomapd >/tmp/out 2>&1
same "iomapd: exit status" $? 6
same "iomapd: what it says" "$(cat /tmp/out)" "iomapd: $lacks"
is "iomapd: no socket is left" test ! -e /run/iomapd/iomapd.sock
is "iomapd: nothing is pinned" test ! -e /sys/fs/bpf/iomap
touch /tmp/ran
timeout 60 iomapctl assert -- rm /tmp/ran >/tmp/out 2>&1
same "iomapctl assert: exit status" $? 6
same "iomapctl assert: what it says" "$(cat /tmp/out)" "iomapctl: $lacks"
is "iomapctl assert: the command did not run" test -e /tmp/ran
timeout 60 iomapctl status >/tmp/out 2>&1
same "iomapctl status: exit status" $? 5
same "iomapctl detach: what it says" "$(iomapctl detach)" "nothing of iomapd is in the kernel"
is "nothing is left in the kernel" wait_for 30 nothing_new
finish
