#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A start of iomapd that a neighbour hinders, that a signal ends, or that fails late; and detach,
# which must be exact: when it succeeds, no program of iomap is in the kernel.
. tests/guest/lib.sh

pins=/sys/fs/bpf/iomap
sock=/run/iomapd/iomapd.sock
log=/tmp/iomapd.log
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }

# Prints the number of iomap's programs in the kernel.
ours() {
	bpftool prog list -j | jq '[.[] | select((.name // "") | startswith("iomap_"))] | length'
}
none() { [ "$(ours)" = 0 ]; }
# Passes if nothing of iomapd is in the kernel, nor in the file system.
nothing_left() {
	wait_for 30 none && [ ! -e $pins ] && [ ! -e $sock ] && [ ! -e $sock.lock ]
}

# begin COMMAND…: runs a command that starts iomapd in the background.
begin() {
	"$@" >$log 2>&1 &
	daemon=$!
}
serves() { grep -q '^iomapd: serving ' $log; }
# said WORDS: passes if iomapd has printed the words.
said() { grep -qF -- "$1" $log || { sed 's/^/# /' $log; return 1; }; }

alive() { kill -0 "$daemon" 2>/dev/null; }
not() { ! "$@"; }
# ends NAME SECONDS STATUS: one test: iomapd ends within SECONDS, with STATUS.
ends() {
	local status="still there"

	if wait_for "$2" not alive; then
		wait "$daemon"
		status=$?
	fi
	same "$1" "$status" "$3"
}

# fails NAME STATUS COMMAND…: the command ends with STATUS and leaves nothing.
fails() {
	local name=$1 want=$2
	shift 2

	begin "$@"
	ends "$name: exit status" 120 "$want"
	is "$name: nothing is left" nothing_left
}

detach() { iomapctl detach >/tmp/detach 2>&1; }

# ---- a BPF file system in which every user may make files, as the kernel's default has it

chmod 1777 /sys/fs/bpf
mkdir /root/victim
touch /root/victim/one /root/victim/two
as_nobody ln -s /root/victim $pins
begin iomapd
is "a link of nobody: iomapd serves" wait_for 120 serves
is "a link of nobody: iomapd says what to do" said "the counts will not outlive this iomapd: $pins\
 is not used, as it is a link of user 65534; remove it with 'rm $pins'"
detach
same "a link of nobody: detach refuses it" "$? $(cat /tmp/detach)" "5 iomapctl: $pins is not used,\
 as it is a link of user 65534; remove it with 'rm $pins'"
kill "$daemon"
ends "a link of nobody: iomapd ends" 30 0
same "a link of nobody: the files are there" "$(cd /root/victim && echo *)" "one two"
is "a link of nobody: nothing is in the kernel" wait_for 30 none
rm $pins
as_nobody mkdir $pins
as_nobody mkdir $pins/aside
timeout 20 iomapctl detach >/tmp/detach 2>&1
same "a folder of nobody: detach refuses it" "$? $(cat /tmp/detach)" "5 iomapctl: $pins is not\
 used, as it is a folder of user 65534; remove it with 'rm -r $pins'"
is "a folder of nobody: it is left alone" test -d $pins/aside
rm -r $pins

# ---- locks

mkdir -p /run/iomapd
as_nobody flock /run/iomapd sleep 1000 &
held=$!
begin sh -c "umask 077; exec iomapd"
is "nobody locks the folder of the socket: iomapd serves" wait_for 120 serves
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
is "umask 077: iomapd serves" wait_for 120 serves
same "umask 077: the folder is open to the group" "$(stat -c %a /run/iomapd)" 755
group=$(getent group iomap | cut -d: -f3)
is "umask 077: a member of the group is answered" \
	setpriv --reuid=1000 --regid=1000 --groups="$group" iomapctl list >/dev/null
kill "$daemon"
ends "umask 077: iomapd ends" 30 0
is "umask 077: SIGTERM leaves the programs" test "$(ours)" -gt 10
detach
same "detach, without iomapd" $? 0

( umask 077; touch $sock.lock )
flock $sock.lock sleep 1000 &
held=$!
begin iomapd
loaded() { [ "$(ours)" -gt 20 ]; }
wait_for 120 loaded || bail "iomapd does not load"
ends "a locked lock file: iomapd gives up" 60 5
is "a locked lock file: it says why" said "another process has locked $sock.lock for 5 s"
is "a locked lock file: nothing is left in the kernel" wait_for 30 none
is "a locked lock file: no pin is left" test ! -e $pins
begin iomapd
wait_for 120 loaded || bail "iomapd does not load"
kill "$daemon"
ends "SIGTERM while it waits for the lock" 3 0
is "SIGTERM while it waits for the lock: nothing is left in the kernel" wait_for 30 none
is "SIGTERM while it waits for the lock: no pin is left" test ! -e $pins
kill $held
rm $sock.lock

# ---- signals during the start

# slowly: starts iomapd with a pause before each bpf(2). $iomapd is its process id.
slowly() {
	begin strace -f -o /dev/null -e trace=bpf -e inject=bpf:delay_enter="$1" iomapd
	wait_for 60 pgrep -x iomapd >/dev/null
	iomapd=$(pgrep -x iomapd)
}
some_loaded() { [ "$(ours)" -ge 3 ]; }
slowly 100000
wait_for 120 some_loaded || bail "iomapd does not load"
kill "$iomapd"
ends "SIGTERM while it loads" 5 0
is "SIGTERM while it loads: nothing is left" nothing_left
slowly 100000
wait_for 120 some_loaded || bail "iomapd does not load"
kill -INT "$iomapd"
ends "SIGINT while it loads" 5 0
is "SIGINT while it loads: nothing is left" nothing_left
slowly 30000
wait_for 120 test -d $pins/new || bail "iomapd does not pin"
kill "$iomapd"
ends "SIGTERM while it pins" 60 0
is "SIGTERM while it pins: nothing is left" nothing_left
is "SIGTERM while it pins: it did not serve" not serves

# ---- a start that fails

touch /tmp/file
fails "the socket is a file" 5 iomapd --socket /tmp/file
is "the socket is a file: it says so" said "/tmp/file exists and is not a socket"
# inject CALL: starts iomapd with a system call that fails.
inject() { strace -f -o /dev/null -e trace="$1" -e inject="$1:error=EPERM" iomapd; }
fails "bind() fails" 5 inject bind
fails "listen() fails" 5 inject listen
fails "the privileges cannot be dropped" 5 inject prctl

begin iomapd
is "iomapd serves" wait_for 120 serves
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
all=$(ours)
begin inject listen
ends "listen() fails, with pins of an earlier iomapd: exit status" 120 5
same "its programs stay" "$(ours)" "$all"
begin iomapd
is "the next iomapd serves" wait_for 120 serves
same "it goes on, and counts no start that failed" "$(json status .starts)" 2

# ---- detach

# The lock is held by a process that is not iomapd.
kill "$daemon"
ends "it ends" 30 0
flock $pins sleep 1000 &
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
is "an iomapd in a mount namespace serves" wait_for 120 serves
is "its pins are not seen here" test ! -e $pins
begun=$daemon
detach
same "detach: exit status" $? 0
same "detach: what it did" "$(cat /tmp/detach)" "ended iomapd (pid $begun)"
same "detach: no program is in the kernel" "$(ours)" 0
ends "detach: iomapd has ended" 1 0

# Programs that are not iomapd's
iomapctl assert -- sleep 1000 >/dev/null 2>&1 &
held=$!
wait_for 120 loaded || bail "assert does not load"
detach
status=$?
is "detach beside assert: it fails" test $status = 5
is "detach beside assert: it names the process" grep -qE "programs of iomap are still in the kernel:\
 iomapctl \(pid $held\) uses them; they go when it ends" /tmp/detach
is "detach beside assert: assert goes on" kill -0 $held
kill $held
wait $held 2>/dev/null
is "assert has ended: detach succeeds" detach

# ---- few capabilities

begin unshare --mount sh -c "mount -o remount,bind,ro /sys && exec setpriv \
	--bounding-set=-all,+bpf,+perfmon,+setpcap iomapd --socket /tmp/few"
is "three capabilities and a read-only /sys: iomapd serves" wait_for 120 serves
is "it says what it lacks" said "only root may use /tmp/few: without the capability CAP_CHOWN,\
 iomapd cannot give it to the group iomap"
is "root is answered" iomapctl --socket /tmp/few list
same "the socket is root's" "$(stat -c '%a %U %G' /tmp/few)" "660 root root"
detach
same "detach" $? 0
finish
