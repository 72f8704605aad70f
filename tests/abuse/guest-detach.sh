#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# detach is exact: when it succeeds, no program of iomap is in the kernel. It ends no other process.
. tests/abuse/start.sh

# The lock is held by a process that is not iomapd.
begin iomapd
is "iomapd serves" wait_for 300 serves
kill "$daemon"
ends "SIGTERM ends it" 60 0
is "SIGTERM leaves the programs" loaded
flock -F $pins sleep 1000 &
held=$!
locked() { ! flock -n $pins true; }
wait_for 20 locked
detach
same "detach, with pins that another process has locked" "$? $(cat /tmp/detach)" "5 iomapctl: $pins\
 is locked, but not by an iomapd that can be seen here; find the process with lslocks(8) and end it"
is "the other process is alive" kill -0 $held
kill $held
wait $held 2>/dev/null
detach
same "detach, when it is unlocked" $? 0
is "detach: nothing is left" nothing_left

# An iomapd with pins of its own, which are not seen here.
begin unshare --mount sh -c "umount /sys/fs/bpf; exec iomapd --socket /run/other.sock"
is "an iomapd in a mount namespace serves" wait_for 300 serves
is "its pins are not seen here" test ! -e $pins
begun=$daemon
detach
same "detach: exit status" $? 0
same "detach: what it did" "$(cat /tmp/detach)" "ended iomapd (pid $begun)"
same "detach: no program is in the kernel" "$(ours)" 0
ends "detach: iomapd has ended" 5 0

# Programs that are not iomapd's
rm -f /tmp/runs
iomapctl assert -- sh -c "touch /tmp/runs; exec sleep 1000" >/dev/null 2>&1 &
held=$!
wait_for 300 test -e /tmp/runs || bail "assert does not run its command"
detach
status=$?
is "detach beside assert: it fails" test $status = 5
is "detach beside assert: it names the process" grep -qE "programs of iomap are still in the kernel:\
 iomapctl \(pid $held\) uses them; they go when it ends" /tmp/detach
is "detach beside assert: assert goes on" kill -0 $held
kill $held
wait $held 2>/dev/null
is "assert has ended: detach succeeds" detach
finish
