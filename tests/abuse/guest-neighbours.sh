#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Users without privilege hinder a start of iomapd: with files in the BPF file system and with
# locks. Also a start with few capabilities and with a narrow umask.
. tests/abuse/start.sh

# ---- a BPF file system in which every user may make files, as the kernel's default has it

chmod 1777 /sys/fs/bpf
mkdir /root/victim
touch /root/victim/one /root/victim/two
as_nobody ln -s /root/victim $pins
begin iomapd
is "a link of nobody: iomapd serves" wait_for 300 serves
is "a link of nobody: iomapd says what to do" said "the counts will not outlive this iomapd: $pins\
 is not used, as it is a link of user 65534; remove it with 'rm $pins'"
detach
same "a link of nobody: detach refuses it" "$? $(cat /tmp/detach)" "5 iomapctl: $pins is not used,\
 as it is a link of user 65534; remove it with 'rm $pins'"
kill "$daemon"
ends "a link of nobody: iomapd ends" 60 0
same "a link of nobody: the files are there" "$(cd /root/victim && echo *)" "one two"
is "a link of nobody: nothing is in the kernel" wait_for 30 none
rm $pins
as_nobody mkdir $pins
as_nobody mkdir $pins/aside
timeout 60 iomapctl detach >/tmp/detach 2>&1
same "a folder of nobody: detach refuses it" "$? $(cat /tmp/detach)" "5 iomapctl: $pins is not\
 used, as it is a folder of user 65534; remove it with 'rm -r $pins'"
is "a folder of nobody: it is left alone" test -d $pins/aside
rm -r $pins

# ---- locks, and a narrow umask

mkdir -p /run/iomapd
as_nobody flock -F /run/iomapd sleep 1000 &
held=$!
begin sh -c "umask 077; exec iomapd"
is "nobody locks the folder of the socket: iomapd serves" wait_for 300 serves
is "the lock file is gone" test ! -e $sock.lock
# killed after it has pinned
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
detach
same "detach of a killed iomapd" $? 0
kill $held
rm -f $sock
is "detach of a killed iomapd: nothing is left" nothing_left

rmdir /run/iomapd
begin sh -c "umask 077; exec iomapd"
is "umask 077: iomapd serves" wait_for 300 serves
same "umask 077: the folder is open to the group" "$(stat -c %a /run/iomapd)" 755
group=$(getent group iomap | cut -d: -f3)
as_member() { setpriv --reuid=1000 --regid=1000 --groups="$group" "$@" >/dev/null; }
is "umask 077: a member of the group is answered" as_member iomapctl list
kill "$daemon"
ends "umask 077: iomapd ends" 60 0
is "umask 077: SIGTERM leaves the programs" test "$(ours)" -gt 10
detach
same "detach, without iomapd" $? 0

( umask 077; touch $sock.lock )
flock -F $sock.lock sleep 1000 &
held=$!
begin iomapd
wait_for 300 loaded || bail "iomapd does not load"
ends "a locked lock file: iomapd gives up" 60 5
is "a locked lock file: it says why" said "another process has locked $sock.lock for 5 s"
is "a locked lock file: nothing is left in the kernel" wait_for 30 none
is "a locked lock file: no pin is left" test ! -e $pins
begin iomapd
wait_for 300 loaded || bail "iomapd does not load"
kill "$daemon"
ends "SIGTERM while it waits for the lock" 60 0
is "SIGTERM while it waits for the lock: nothing is left in the kernel" wait_for 30 none
is "SIGTERM while it waits for the lock: no pin is left" test ! -e $pins
kill $held
rm $sock.lock

# ---- few capabilities

begin unshare --mount sh -c "mount -o remount,bind,ro /sys && exec setpriv \
	--bounding-set=-all,+bpf,+perfmon,+setpcap iomapd --socket /tmp/few"
is "three capabilities and a read-only /sys: iomapd serves" wait_for 300 serves
is "it says what it lacks" said "only root may use /tmp/few: without the capability CAP_CHOWN,\
 iomapd cannot give it to the group iomap"
is "root is answered" iomapctl --socket /tmp/few list
same "the socket is root's" "$(stat -c '%a %U %G' /tmp/few)" "660 root root"
detach
same "detach" $? 0
finish
