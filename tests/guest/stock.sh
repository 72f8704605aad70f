#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On Debian's own kernel the programs name what the kernel lacks, tell where to get it, and leave
# nothing behind.
. tests/tap.sh
. tests/guest/bpf.sh

kernel=$(uname -r)
lacks="this kernel ($kernel) has no io_mapping tracepoints; boot one with the patch series,"
lacks="$lacks which is in kernel-patch/ of iomap's source, or on x86_64 make tables of its"
lacks="$lacks drivers with 'iomapctl sites': see Kernel in iomapd(8)"
before=$(bpf_objects)
nothing_new() { [ "$(bpf_objects)" = "$before" ]; }

echo "# $(uname -a)"
timeout 60 iomapd >/tmp/out 2>&1
same "iomapd: exit status" $? 6
same "iomapd: the error" "$(cat /tmp/out)" "iomapd: $lacks"
is "iomapd: no socket is left" test ! -e /run/iomapd/iomapd.sock
is "iomapd: nothing is pinned" test ! -e /sys/fs/bpf/iomap
touch /tmp/ran
timeout 60 iomapctl assert -- rm /tmp/ran >/tmp/out 2>&1
same "iomapctl assert: exit status" $? 6
same "iomapctl assert: the error" "$(cat /tmp/out)" "iomapctl: $lacks"
is "iomapctl assert: the command did not run" test -e /tmp/ran
timeout 60 iomapctl status >/tmp/out 2>&1
same "iomapctl status: exit status" $? 5
same "iomapctl detach: its output" "$(iomapctl detach)" "nothing of iomapd is in the kernel"
is "nothing is left in the kernel" wait_for 30 nothing_new
finish
